"""What a function is: a hash of its code and of everything that code refers to."""

import enum
import functools
import hashlib
import os
import sys
import types as pytypes
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
from numba.core.registry import cpu_target

from levysde._typing import PlainFunction

_KNOWN_MODULES = frozenset({"numpy", "math", "numba", "builtins"})


def plain(function: PlainFunction) -> pytypes.FunctionType:
    """The Python function behind a compiled one, or the function itself.

    Parameters
    ----------
    function : callable
        A plain Python function, or one that numba.njit has made of it.

    Returns
    -------
    function

    Raises
    ------
    ValueError
        If it is another callable: a method, a functools.partial, an object.
    """
    function = getattr(function, "py_func", function)
    if not isinstance(function, pytypes.FunctionType):
        raise ValueError(
            f"{function!r} is not a plain function; write one with def and put values into params"
        )
    return function


def is_user_module(value: Any) -> bool:
    """Whether a value is a module other than those of numbers.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
    """
    return (
        isinstance(value, pytypes.ModuleType)
        and value.__name__.partition(".")[0] not in _KNOWN_MODULES
    )


def references(function: pytypes.FunctionType) -> dict[str, Any]:
    """What a function's code refers to by name: closure cells, globals, members of user modules."""
    code, names = function.__code__, sorted(names_in(function.__code__))
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    found = dict(zip(code.co_freevars, cells, strict=True))
    found |= {name: function.__globals__[name] for name in names if name in function.__globals__}
    waiting = [value for value in found.values() if is_user_module(value)]
    while waiting:
        module = waiting.pop()
        for name in names:
            label = f"{module.__name__}.{name}"
            if hasattr(module, name) and label not in found:
                found[label] = getattr(module, name)
                if is_user_module(found[label]):
                    waiting.append(found[label])
    return found


def refuse_circles(function: pytypes.FunctionType) -> None:
    """Refuse a function that calls itself, by way of others perhaps.

    Parameters
    ----------
    function : function
        A plain Python function.

    Raises
    ------
    ValueError
        With the name of the one that does.
    """
    done: set[pytypes.FunctionType] = set()

    def search(inner: pytypes.FunctionType, above: tuple[Any, ...]) -> Any:
        if inner in above:
            return inner
        if inner in done:
            return None
        done.add(inner)
        found = (search(value, (*above, inner)) for value in _called(inner))
        return next((value for value in found if value is not None), None)

    circle = search(function, ())
    if circle is not None:
        raise ValueError(
            f"the function {circle.__name__!r} calls itself, which compiled code cannot; "
            "write it with a loop"
        )


def _called(function: pytypes.FunctionType) -> Iterator[pytypes.FunctionType]:
    """The functions that a function refers to, but those of libraries; compiled ones as source."""
    for value in references(function).values():
        value = getattr(value, "py_func", value)
        if isinstance(value, pytypes.FunctionType) and not _is_of_library(value):
            yield value


def users_functions(function: pytypes.FunctionType) -> list[pytypes.FunctionType]:
    """What is not of this package among a function and all functions it refers to.

    Parameters
    ----------
    function : function
        A plain Python function.

    Returns
    -------
    list of function
        Each once.
    """
    found, waiting = [function], [function]
    while waiting:
        for value in _called(waiting.pop()):
            if value not in found:
                found.append(value)
                waiting.append(value)
    return [value for value in found if (value.__module__ or "").partition(".")[0] != "levysde"]


def interpreted(function: pytypes.FunctionType) -> pytypes.FunctionType:
    """A copy that calls no compiled function: each is replaced by the Python function behind it.

    Parameters
    ----------
    function : function
        A plain Python function.

    Returns
    -------
    function
        In which an index beyond an array is an error.
    """
    copies: dict[int, pytypes.FunctionType] = {}

    def copied(value: Any) -> Any:
        original = getattr(value, "py_func", value)
        if not isinstance(original, pytypes.FunctionType):
            return value
        if id(original) not in copies:
            space = {"__builtins__": original.__globals__.get("__builtins__")}
            cells = tuple(pytypes.CellType() for _ in original.__closure__ or ())
            made = pytypes.FunctionType(
                original.__code__, space, original.__name__, original.__defaults__, cells or None
            )
            made.__kwdefaults__ = original.__kwdefaults__
            copies[id(original)] = made
            for name in names_in(original.__code__) & original.__globals__.keys():
                space[name] = copied(original.__globals__[name])
            for cell, held in zip(cells, original.__closure__ or (), strict=True):
                cell.cell_contents = copied(held.cell_contents)
        return copies[id(original)]

    made: pytypes.FunctionType = copied(function)
    return made


def draws_random(function: pytypes.FunctionType) -> bool:
    """Whether a function refers to a source of random numbers.

    Parameters
    ----------
    function : function
        A plain Python function. Those it calls are not looked into.

    Returns
    -------
    bool
    """
    draws = "random" in names_in(function.__code__)
    return any(
        (value is np and draws) or _is_random(value) for value in references(function).values()
    )


def _is_random(value: Any) -> bool:
    """Whether a value is a module of random numbers or belongs to one."""
    name = getattr(value, "__name__", "") if isinstance(value, pytypes.ModuleType) else ""
    owner = type(getattr(value, "__self__", None)).__module__
    homes = (name, owner, type(value).__module__)
    return any(home == "random" or home.startswith("numpy.random") for home in homes)


def names_in(code: pytypes.CodeType) -> set[str]:
    """Names of globals and attributes that code uses, functions inside it included.

    Parameters
    ----------
    code : code
        Of a function.

    Returns
    -------
    set of str
    """
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            names |= names_in(constant)
    return names


def source_key(function: PlainFunction, signature: Any = None) -> str:
    """A hash of a function's code, of everything that code refers to, and of its signature.

    Parameters
    ----------
    function : callable
        A plain Python function or closure.
    signature : numba signature, optional
        What it is compiled for.

    Returns
    -------
    str
        32 hexadecimal digits: the same in every process for the same code, processor and versions
        of numba and numpy, others when anything below the function changes. What cannot be hashed
        makes it another in every process, so that nothing wrong is found in a cache.
    """
    return _hashed(function, f"{_target()} {signature}")


@functools.cache
def _target() -> str:
    """Versions and processor, of which machine code depends."""
    processor = cpu_target.target_context.codegen().magic_tuple()
    return f"{numba.__version__} {np.__version__} {processor}"


def code_key(function: PlainFunction) -> str:
    """A hash of a function's code and of everything it refers to, for any processor.

    Parameters
    ----------
    function : callable
        A plain Python function.

    Returns
    -------
    str
        32 hexadecimal digits. They depend on the version of Python, whose bytecode is hashed.
    """
    return _hashed(plain(function), "")


def _hashed(function: PlainFunction, context: str) -> str:
    digest = hashlib.sha256(context.encode())
    _Walk(digest).add(function)
    return digest.hexdigest()[:32]


class _Walk:
    """One walk through a value and all it refers to, which feeds a digest.

    What is met again adds the number of its first visit: which names stand for the same thing
    belongs to what a function is, and a walk in a circle ends.
    """

    def __init__(self, digest: Any) -> None:
        self.digest = digest
        self.visited: dict[int, tuple[int, Any]] = {}  # the objects too: their ids stay theirs

    def write(self, text: str) -> None:
        self.digest.update(text.encode())

    def add(self, value: Any) -> None:
        """Add the type of a value and its content."""
        value = getattr(value, "py_func", value)
        self.write(type(value).__name__)
        if isinstance(value, pytypes.FunctionType | list | dict) or _is_user_class(value):
            if id(value) in self.visited:
                self.write(f"visit {self.visited[id(value)][0]}")
                return
            self.visited[id(value)] = len(self.visited), value
        if isinstance(value, pytypes.FunctionType):
            self._add_function(value)
        elif isinstance(value, type):
            self._add_class(value)
        else:
            self._add_data(value)

    def _add_function(self, function: pytypes.FunctionType) -> None:
        self._add_code(function.__code__)
        self.add(function.__defaults__)
        self.add(function.__kwdefaults__)
        for name, referred in references(function).items():
            self.write(name)
            self.add(referred)

    def _add_code(self, code: pytypes.CodeType) -> None:
        self.digest.update(code.co_code)
        self.write(repr((code.co_names, code.co_varnames, code.co_freevars)))
        for constant in code.co_consts:
            if isinstance(constant, pytypes.CodeType):
                self._add_code(constant)
            else:
                self.add(constant)

    def _add_class(self, value: type) -> None:
        """The name of a class; of one that the user can redefine also what is in it."""
        self.write(f"{value.__module__}.{value.__name__}")
        if not _is_user_class(value):
            return
        if issubclass(value, enum.Enum):
            self.add([(member.name, member.value) for member in value])
            return
        if issubclass(value, tuple) and hasattr(value, "_fields"):  # a named tuple
            self.add((value._fields, getattr(value, "_field_defaults", None)))
            return
        for base in value.__bases__:
            self.add(base)
        for name, member in sorted(vars(value).items()):
            if name in _CLASS_BOOKKEEPING:
                continue
            self.write(name)
            if isinstance(member, staticmethod | classmethod):
                self.add(member.__func__)
            elif isinstance(member, property):
                self.add((member.fget, member.fset, member.fdel))
            elif not isinstance(member, pytypes.MemberDescriptorType):  # a slot
                self.add(member)

    def _add_data(self, value: Any) -> None:
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self.write(f"{value.dtype}{value.shape}")
            self.digest.update(value.tobytes())
        elif isinstance(value, np.dtype) and not value.hasobject:
            self.write(f"{value.descr}{value.itemsize}")
        elif isinstance(value, tuple | list):
            self.write(str(len(value)))
            for entry in (*value, *getattr(value, "_fields", ())):
                self.add(entry)
        elif isinstance(value, frozenset | set):
            self.write(str(sorted(_hashed(entry, "") for entry in value)))
        elif isinstance(value, dict):
            self.add(tuple(value.items()))
        elif isinstance(value, bool | int | float | complex | str | bytes | np.generic | None):
            self.write(repr(value))
        elif isinstance(value, enum.Enum):
            self.add((type(value), value.name))
        elif isinstance(value, slice | range | pytypes.EllipsisType):
            self.write(repr(value))
        elif isinstance(value, pytypes.ModuleType | pytypes.BuiltinFunctionType | np.ufunc):
            self.write(f"{getattr(value, '__module__', '')}.{value.__name__}")
        elif type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "__name__"):
            self.write(f"{value.__module__}.{value.__name__}")  # a function of numpy
        elif type(value).__module__.partition(".")[0] == "numba" and hasattr(value, "_defn"):
            self.write(value.__name__)  # an intrinsic of this package
        else:
            self.digest.update(os.urandom(16))


_CLASS_BOOKKEEPING = frozenset(
    ("__dict__", "__doc__", "__firstlineno__", "__module__", "__static_attributes__", "__weakref__")
)
"""What a class keeps of itself, and no function asks for."""


def _is_user_class(value: Any) -> bool:
    """Whether a value is a class that the user can redefine."""
    return isinstance(value, type) and not _is_of_library(value)


def _is_of_library(value: Any) -> bool:
    """Whether a function or class is of Python itself or of a library of numbers."""
    home = (value.__module__ or "").partition(".")[0]
    return home in _KNOWN_MODULES or home in sys.stdlib_module_names
