"""What a function is: a hash of its code and of everything that code refers to."""

import functools
import hashlib
import os
import types as pytypes
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
    _hash_value(function, digest, set())
    return digest.hexdigest()[:32]


def _hash_value(value: Any, digest: Any, seen: set[int]) -> None:
    value = getattr(value, "py_func", value)
    digest.update(type(value).__name__.encode())
    if isinstance(value, pytypes.FunctionType):
        if id(value) in seen:
            return
        seen.add(id(value))
        _hash_code(value.__code__, digest, seen)
        _hash_value(value.__defaults__, digest, seen)
        _hash_value(value.__kwdefaults__, digest, seen)
        for name, referred in references(value).items():
            digest.update(name.encode())
            _hash_value(referred, digest, seen)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, tuple | list):
        digest.update(str(len(value)).encode())
        for entry in value:
            _hash_value(entry, digest, seen)
    elif isinstance(value, dict):
        _hash_value(tuple(value.items()), digest, seen)
    elif isinstance(value, bool | int | float | complex | str | bytes | np.generic | None):
        digest.update(repr(value).encode())
    elif isinstance(value, pytypes.ModuleType | pytypes.BuiltinFunctionType | np.ufunc | type):
        digest.update(f"{getattr(value, '__module__', '')}.{value.__name__}".encode())
    elif type(value).__module__.partition(".")[0] == "numba" and hasattr(value, "_defn"):
        digest.update(value.__name__.encode())  # an intrinsic of this package
    else:
        digest.update(os.urandom(16))


def _hash_code(code: pytypes.CodeType, digest: Any, seen: set[int]) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            _hash_code(constant, digest, seen)
        else:
            _hash_value(constant, digest, seen)
