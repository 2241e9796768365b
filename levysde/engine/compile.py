"""From plain functions of one path to compiled passes over a block of paths.

A *pass* applies one part (noise, gradient, update, exit check) to all paths of a block in a simple
loop that vectorizes. Each pass is compiled alone, with one explicit signature, and cached alone on
disk; a driver receives passes as function pointers, so no combination of parts needs a compilation
of its own.

A block is stored in one of two layouts, chosen by the dimension:

* narrow, shape (dim, lanes): loops run along lanes, the dimension is a constant of the pass;
* wide, shape (lanes, dim): loops run along coordinates, every path is a contiguous row.

Numba's disk cache is keyed by a function's name, file and signature. It goes stale when a callee in
another file changes, and two processes that add different functions to one index at once can leave
the code of one under the name of the other. Every compiled function therefore gets a name of its
own, which ends in a hash of its code, of all that code refers to, of its signature and of the
processor: an index never holds more than one entry.
"""

import functools
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
from levysde.engine.philox import random_words

NARROW_MAX_DIM = 32
"""Largest dimension stored coordinate by coordinate (the narrow layout)."""

VECTOR = 8
"""Numbers in the longest vector of current processors (512 bits)."""

_matrix = types.float64[:, ::1]
_vector = types.float64[::1]
_ids = types.uint64[::1]
_flags = types.int8[::1]
_count = types.int64

NOISE = types.void(_matrix, types.uint64, _ids, _ids, _vector, _count)
GRADIENT = types.void(_matrix, _vector, _matrix, _count)
UPDATE = types.void(
    _matrix, _matrix, _matrix, _matrix, _matrix, types.float64, _ids, _vector, _count
)
CHECK = types.int64(_matrix, _vector, _ids, types.uint64, _flags, _count)

RUNNING, ESCAPED, HORIZON, NON_FINITE = 0, 1, 2, 3


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


def _compile_part(
    part: str, function: PlainFunction, closure: PlainFunction, signature: Any
) -> Any:
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


# ------------------------------------------------------------------------------------------- passes


def is_wide(dim: int) -> bool:
    """Whether blocks of this dimension are stored path by path."""
    return dim > NARROW_MAX_DIM


def _prepare(function: PlainFunction) -> PlainFunction:
    function = plain(function)
    make_compilable(function)
    return function


@functools.lru_cache(maxsize=256)
def noise_pass(increment: PlainFunction, words: int, dim: int) -> Any:
    """Fill a block with increments from addressed random words.

    With two words a coordinate, `increment(j, first, second, p)` receives the words at slot j. With
    one, `increment(j, word, p)` of coordinates k and n + k, where n = ceil(dim / 2), receives the
    first and the second word at slot k.

    Parameters
    ----------
    increment : callable
        Plain function of one coordinate.
    words : {1, 2}
        64-bit words a coordinate.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `noise(dL, seed, path, step, p, count)`.
    """
    increment = _prepare(increment)
    make_compilable(random_words)
    layouts = _one_word_loops(increment) if words == 1 else _two_word_loops(increment)
    return _compile_part("noise", increment, layouts[is_wide(dim)], NOISE)


def _two_word_loops(increment: PlainFunction) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout."""

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        for j in range(out.shape[0]):
            for i in range(count):
                first, second = random_words(seed, path[i], step[i], np.uint64(j))
                out[j, i] = increment(j, first, second, p)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        # Vector loops are slow on what remains after whole vectors. The last coordinates are drawn
        # by a second run over one whole vector, whose overlap repeats the same addressed numbers.
        dim = out.shape[1]
        whole = dim // VECTOR * VECTOR
        for i in range(count):
            for run in range(1 if whole == dim else 2):
                start, stop = (0, whole) if run == 0 else (dim - VECTOR, dim)
                for j in range(start, stop):
                    first, second = random_words(seed, path[i], step[i], np.uint64(j))
                    out[i, j] = increment(j, first, second, p)

    return narrow, wide


def _one_word_loops(increment: PlainFunction) -> tuple[PlainFunction, PlainFunction]:
    """Loops of the narrow and of the wide layout.

    Words are made first, in a loop that vectorizes, and lie where the increments will be; looking
    into a table does not vectorize.
    """

    def narrow(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        dim = out.shape[0]
        slots = (dim + 1) // 2
        for k in range(dim - slots):
            for i in range(count):
                words[k, i], words[slots + k, i] = random_words(
                    seed, path[i], step[i], np.uint64(k)
                )
        if dim % 2 == 1:
            for i in range(count):
                words[slots - 1, i] = random_words(seed, path[i], step[i], np.uint64(slots - 1))[0]
        for j in range(dim):
            for i in range(count):
                out[j, i] = increment(j, words[j, i], p)

    def wide(out, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        words = out.view(np.uint64)
        dim = out.shape[1]
        slots = (dim + 1) // 2
        for i in range(count):
            firsts, seconds = words[i, :slots], words[i, slots:]  # views make the loop vectorize
            for k in range(len(seconds)):
                firsts[k], seconds[k] = random_words(seed, path[i], step[i], np.uint64(k))
            if dim % 2 == 1:
                firsts[slots - 1] = random_words(seed, path[i], step[i], np.uint64(slots - 1))[0]
            for j in range(dim):
                out[i, j] = increment(j, words[i, j], p)

    return narrow, wide


@functools.lru_cache(maxsize=256)
def gradient_pass(gradient: PlainFunction, dim: int) -> Any:
    """Evaluate `gradient(x, p, out)` for every path of a block.

    Parameters
    ----------
    gradient : callable
        Plain function that writes the gradient at x into out.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `gradient(x, p, g, count)`.
    """
    gradient = _prepare(gradient)

    def narrow(x, p, out, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim or out.shape[0] != dim:  # tells the compiler the length of a loop
            return
        for i in range(count):
            gradient(x[:, i], p, out[:, i])

    def wide(x, p, out, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            gradient(x[i], p, out[i])

    return _compile_part("gradient", gradient, wide if is_wide(dim) else narrow, GRADIENT)


@functools.lru_cache(maxsize=256)
def update_pass(update: PlainFunction, memory: bool, dim: int) -> Any:
    """Advance a block by one step: `update(j, x, m, v, g, dL, dt, t, p) -> (x, m, v)`.

    Parameters
    ----------
    update : callable
        Plain function of one coordinate.
    memory : bool
        Whether m and v are used; without them they are neither read nor written.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `update(x, m, v, g, dL, dt, step, p, count)`.
    """
    update = _prepare(update)

    def narrow(x, m, v, g, dL, dt, step, p, count):  # type: ignore[no-untyped-def]
        for j in range(x.shape[0]):
            for i in range(count):
                t = step[i] * dt
                if memory:
                    x[j, i], m[j, i], v[j, i] = update(
                        j, x[j, i], m[j, i], v[j, i], g[j, i], dL[j, i], dt, t, p
                    )
                else:
                    x[j, i] = update(j, x[j, i], 0.0, 0.0, g[j, i], dL[j, i], dt, t, p)[0]

    def wide(x, m, v, g, dL, dt, step, p, count):  # type: ignore[no-untyped-def]
        for i in range(count):
            t = step[i] * dt
            for j in range(x.shape[1]):
                if memory:
                    x[i, j], m[i, j], v[i, j] = update(
                        j, x[i, j], m[i, j], v[i, j], g[i, j], dL[i, j], dt, t, p
                    )
                else:
                    x[i, j] = update(j, x[i, j], 0.0, 0.0, g[i, j], dL[i, j], dt, t, p)[0]

    return _compile_part("update", update, wide if is_wide(dim) else narrow, UPDATE)


@functools.lru_cache(maxsize=256)
def check_pass(outside: PlainFunction, dim: int) -> Any:
    """Count the step and flag every path that has ended: NON_FINITE before ESCAPED before HORIZON.

    A NaN compares false with every boundary, so it is looked for first.

    Parameters
    ----------
    outside : callable
        Plain predicate `outside(x, p) -> bool`.
    dim : int
        Dimension of a path.

    Returns
    -------
    numba dispatcher
        `check(x, p, step, horizon, flags, count) -> number of ended paths`.
    """
    outside = _prepare(outside)

    def narrow(x, p, step, horizon, flags, count):  # type: ignore[no-untyped-def]
        if x.shape[0] != dim:  # tells the compiler the length of a loop
            return 0
        ended = 0
        for i in range(count):
            zero = 0.0
            for j in range(dim):
                zero += x[j, i] * 0.0
            step[i] += np.uint64(1)
            flag = HORIZON if step[i] >= horizon else RUNNING
            flag = ESCAPED if outside(x[:, i], p) else flag
            flag = flag if zero == 0.0 else NON_FINITE
            flags[i] = flag
            ended += flag != RUNNING
        return ended

    def wide(x, p, step, horizon, flags, count):  # type: ignore[no-untyped-def]
        ended = 0
        for i in range(count):
            finite = True
            for j in range(x.shape[1]):
                finite &= x[i, j] * 0.0 == 0.0
            step[i] += np.uint64(1)
            flag = HORIZON if step[i] >= horizon else RUNNING
            flag = ESCAPED if outside(x[i], p) else flag
            flag = flag if finite else NON_FINITE
            flags[i] = flag
            ended += flag != RUNNING
        return ended

    return _compile_part("outside", outside, wide if is_wide(dim) else narrow, CHECK)
