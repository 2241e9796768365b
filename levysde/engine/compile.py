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


_compilable: set[PlainFunction] = {elementary.fma}  # grows by what make_compilable registers


def plain(function: PlainFunction) -> PlainFunction:
    """The Python function behind a compiled one, or the function itself."""
    return getattr(function, "py_func", function)


def make_compilable(function: PlainFunction) -> None:
    """Let compiled code call a plain function and every plain function it refers to.

    Parameters
    ----------
    function : callable
        A plain Python function.
    """
    if function in _compilable:
        return
    _compilable.add(function)
    for referred in _references(function).values():
        if isinstance(referred, pytypes.FunctionType):
            make_compilable(referred)
    register_jitable(forceinline=True, error_model="numpy")(function)


def prepared(function: PlainFunction) -> PlainFunction:
    """The plain function behind a part, made compilable."""
    function = plain(function)
    make_compilable(function)
    return function


def _references(function: PlainFunction) -> dict[str, Any]:
    """What a function's code refers to by name: closure cells, globals, attributes of modules."""
    code = function.__code__
    found = dict(
        zip(code.co_freevars, (c.cell_contents for c in function.__closure__ or ()), strict=True)
    )
    for name in sorted(_names(code)):
        if name in function.__globals__:
            found[name] = function.__globals__[name]
    for module in [v for v in found.values() if isinstance(v, pytypes.ModuleType)]:
        if module.__name__.partition(".")[0] in {"numpy", "math", "numba"}:
            continue
        for name in sorted(_names(code)):
            if isinstance(getattr(module, name, None), pytypes.FunctionType):
                found[f"{module.__name__}.{name}"] = getattr(module, name)
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
        of numba and numpy, others when anything below the function changes.
    """
    target = cpu_target.target_context.codegen().magic_tuple()
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {target} {signature}".encode())
    _hash_value(function, digest, set())
    return digest.hexdigest()[:32]


def _hash_value(value: Any, digest: Any, seen: set[int]) -> None:
    value = plain(value)
    if isinstance(value, pytypes.FunctionType):
        if id(value) in seen:
            return
        seen.add(id(value))
        _hash_code(value.__code__, digest)
        digest.update(repr(value.__defaults__).encode())
        for name, referred in _references(value).items():
            digest.update(name.encode())
            _hash_value(referred, digest, seen)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(
        value, bool | int | float | complex | str | bytes | tuple | list | np.generic | None
    ):
        digest.update(repr(value).encode())
    else:  # a module or a class: its name stands for it
        digest.update(f"{type(value).__name__} {getattr(value, '__name__', '')}".encode())


def _hash_code(code: pytypes.CodeType, digest: Any) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            _hash_code(constant, digest)
        else:
            digest.update(f"{type(constant).__name__}{constant!r}".encode())


# ------------------------------------------------------------------------------- cached compilation

_compile_lock = threading.RLock()


def compile_cached(function: PlainFunction, signature: Any) -> Any:
    """Compile with one explicit signature, keeping the machine code on disk.

    The code lies beside the package, else in the user's cache folder, else (where neither can be
    written) in a temporary folder.

    Parameters
    ----------
    function : callable
        A plain function or closure. It is renamed, see the head of this file.
    signature : numba signature
        The only signature it will have.

    Returns
    -------
    numba dispatcher
        Releases the interpreter lock while it runs.
    """
    options = {"nogil": True, "cache": True, "error_model": "numpy"}
    function.__qualname__ = f"{function.__name__}_{source_key(function, signature)}"
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
