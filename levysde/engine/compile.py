"""Plain functions made compilable, and a disk cache that cannot give wrong code.

Numba's disk cache is keyed by a function's name, file and signature. It goes stale when a callee in
another file changes, and two processes that add different functions to one index at once can leave
the code of one under the name of the other. Every compiled function therefore gets a name of its
own, which ends in a hash of its code, of all that code refers to, of its signature and of the
processor: an index never holds more than one entry.
"""

import hashlib
import os
import tempfile
import threading
import types as pytypes
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.errors import NumbaError, NumbaExperimentalFeatureWarning
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload, register_jitable

from levysde._typing import PlainFunction
from levysde.engine import elementary

# ------------------------------------------------------------------ plain functions made compilable


@intrinsic
def _llvm_fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@overload(elementary.fma)
def _fma_overload(a, b, c):  # type: ignore[no-untyped-def]
    return lambda a, b, c: _llvm_fma(a, b, c)


_NATIVE = (elementary.fma,)
"""Functions that the compiler replaces by an instruction."""

_KNOWN_MODULES = frozenset({"numpy", "math", "numba", "builtins"})

_prepared: dict[str, PlainFunction] = {}  # by content: the copy that stands for a function
_copies: set[PlainFunction] = set()  # those copies
_pinned: dict[PlainFunction, str] = {}  # functions reached through a module: their content


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


def prepared(function: PlainFunction) -> PlainFunction:
    """A copy of a plain function that compiled code can call.

    Compiled code keeps the globals it was compiled with, while a user may change a constant, an
    array or a helper between two runs. The copy has the values of now, and stands for every
    function of the same content: an unchanged function is compiled once, a changed one anew.

    Parameters
    ----------
    function : callable
        A plain Python function.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If it is not a plain function, or calls through a module one that has changed since it was
        compiled.

    Examples
    --------
    >>> def double(x):
    ...     return 2.0 * x
    >>> prepared(double) is prepared(lambda x: 2.0 * x)
    False
    >>> prepared(double) is prepared(double)
    True
    """
    function = plain(function)
    if function in _NATIVE or function in _copies:
        return function
    key = source_key(function)
    if key not in _prepared:
        copy = _copied(function)
        register_jitable(forceinline=True, error_model="numpy")(copy)
        _prepared[key] = copy
        _copies.add(copy)
    return _prepared[key]


def _copied(function: pytypes.FunctionType) -> pytypes.FunctionType:
    """The function with private copies of all that its code refers to."""
    names = sorted(_names(function.__code__))
    space = {name: function.__globals__[name] for name in names if name in function.__globals__}
    space = {name: _current(value, names) for name, value in space.items()}
    space["__name__"] = function.__globals__.get("__name__", "__main__")
    cells = tuple(
        pytypes.CellType(_current(cell.cell_contents, names)) for cell in function.__closure__ or ()
    )
    copy = pytypes.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, cells or None
    )
    copy.__qualname__, copy.__kwdefaults__ = function.__qualname__, function.__kwdefaults__
    return copy


def _current(value: Any, names: list[str]) -> Any:
    """A value as it is now: a copy of an array, the copy that stands for a function."""
    if isinstance(getattr(value, "py_func", value), pytypes.FunctionType):
        return prepared(value)
    if isinstance(value, np.ndarray):
        return value.copy()
    if _is_user_module(value):
        for name in names:
            member = getattr(value, name, None)
            if isinstance(member, pytypes.FunctionType):
                _pin(member)
    return value


def _pin(function: pytypes.FunctionType) -> None:
    """Make a function compilable that is called through its module and so cannot be copied."""
    key = source_key(function)
    if function not in _pinned:
        _pinned[function] = key
        for member in _references(function).values():
            if isinstance(member, pytypes.FunctionType) and member not in _NATIVE:
                _pin(member)
        register_jitable(forceinline=True, error_model="numpy")(function)
    elif _pinned[function] != key:
        raise ValueError(
            f"the function {function.__module__}.{function.__name__} or something it refers to has "
            "changed since it was compiled; import it by name, or restart Python"
        )


def _is_user_module(value: Any) -> bool:
    return (
        isinstance(value, pytypes.ModuleType)
        and value.__name__.partition(".")[0] not in _KNOWN_MODULES
    )


def _references(function: pytypes.FunctionType) -> dict[str, Any]:
    """What a function's code refers to by name: closure cells, globals, members of user modules."""
    code, names = function.__code__, sorted(_names(function.__code__))
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    found = dict(zip(code.co_freevars, cells, strict=True))
    found |= {name: function.__globals__[name] for name in names if name in function.__globals__}
    waiting = [value for value in found.values() if _is_user_module(value)]
    while waiting:
        module = waiting.pop()
        for name in names:
            label = f"{module.__name__}.{name}"
            if hasattr(module, name) and label not in found:
                found[label] = getattr(module, name)
                if _is_user_module(found[label]):
                    waiting.append(found[label])
    return found


def _names(code: pytypes.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            names |= _names(constant)
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
    target = cpu_target.target_context.codegen().magic_tuple()
    return _hashed(function, f"{numba.__version__} {np.__version__} {target} {signature}")


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
        for name, referred in _references(value).items():
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


# ------------------------------------------------------------------------------- cached compilation

_compile_lock = threading.RLock()


def compile_cached(function: PlainFunction, signature: Any) -> Any:
    """Compile with one explicit signature, keeping the machine code on disk.

    The code lies beside the package, else in the user's cache folder, else (where neither can be
    written) in a temporary folder.

    Parameters
    ----------
    function : callable
        A plain function or closure. A copy of it is compiled, with all it refers to prepared.
    signature : numba signature
        The only signature it will have.

    Returns
    -------
    numba dispatcher
        Releases the interpreter lock while it runs.
    """
    options = {"nogil": True, "cache": True, "error_model": "numpy"}
    key = source_key(function, signature)
    function = _copied(function)
    function.__qualname__ = f"{function.__name__}_{key}"
    with _compile_lock, _pointers_allowed():
        try:
            return numba.njit(signature, **options)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(temporary_cache_folder())
        try:
            return numba.njit(signature, **options)(function)
        finally:
            numba.config.CACHE_DIR = before


@contextmanager
def _pointers_allowed() -> Iterator[None]:
    """Keep quiet numba's remark that function pointers are experimental; tests pin what we use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        yield


def pointers(*signatures: Any) -> list[Any]:
    """The types of passes as a driver receives them."""
    with _pointers_allowed():
        return [types.FunctionType(signature) for signature in signatures]


def temporary_cache_folder() -> Path:
    """Where compiled code goes when no lasting place can be written: a folder of this user alone.

    Returns
    -------
    Path
        Made if need be. Cached code is executed, so a folder that others could write is not used.
    """
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"levysde-cache-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.stat()
    if hasattr(os, "getuid") and (state.st_uid != owner or state.st_mode & 0o077):
        return Path(tempfile.mkdtemp(prefix="levysde-cache-"))
    return folder


def compile_part(part: str, function: PlainFunction, closure: PlainFunction, signature: Any) -> Any:
    """Compile the loop around a part; what fails is said about the part.

    Parameters
    ----------
    part : str
        What the function is to the user: "gradient", "outside", ...
    function : callable
        The part as a plain function.
    closure : callable
        The loop that calls it.
    signature : numba signature
        Of the loop.

    Returns
    -------
    numba dispatcher

    Raises
    ------
    ValueError
        In one sentence, if the function uses what cannot be compiled.
    """
    try:
        return compile_cached(closure, signature)
    except NumbaError as error:
        name = getattr(function, "__name__", repr(function))
        raise ValueError(
            f"the {part} function {name!r} cannot be compiled: {_first_reason(error)}; use "
            "numbers, array elements, functions of numpy and math, and functions made of these"
        ) from error


def _first_reason(error: NumbaError) -> str:
    """The sentence of a numba error that names the cause, without its pages of context."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [
        line
        for line in lines
        if line.startswith(("Untyped global", "NameError", "Unknown attribute", "Cannot unify"))
        or "No implementation of function" in line
        or "Use of unsupported" in line
    ]
    return (telling or lines or ["unknown reason"])[-1 if telling else 0].rstrip(".:")
