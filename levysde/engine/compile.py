"""Plain functions made compilable, and a disk cache that cannot give wrong code.

What is kept in memory and on disk is bounded: the functions used last stay.

Numba's disk cache is keyed by a function's name, file and signature. It goes stale when a callee in
another file changes, and two processes that add different functions to one index at once can leave
the code of one under the name of the other. Every compiled function therefore gets a name of its
own, which ends in a hash of its code, of all that code refers to, of its signature and of the
processor: an index never holds more than one entry.
"""

import functools
import signal
import threading
import types as pytypes
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.experimental.function_type import _get_wrapper_address
from numba.extending import intrinsic, overload, register_jitable, typeof_impl

from levysde._typing import PlainFunction
from levysde.engine.cache_folder import note_use, temporary_cache_folder
from levysde.engine.inlined import ONLY_INLINED, configured
from levysde.engine.random import elementary
from levysde.engine.source import (
    is_user_module,
    names_in,
    plain,
    references,
    refuse_circles,
    source_key,
)

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

KEPT_FUNCTIONS = 256
"""Functions of the user, and of this package, whose compilable copies are kept in memory."""

KEPT_PASSES = 64
"""Compiled functions of each kind that are kept in memory."""

_compile_lock = threading.RLock()
_prepared: OrderedDict[str, "_Callee"] = OrderedDict()  # by content, that used last at the end
_pinned: dict[PlainFunction, str] = {}  # functions reached through a module: their content


def prepared(function: Any) -> Any:
    """A copy of a plain function for compiled code to call.

    Compiled code keeps the globals it was compiled with, while a user may change a constant, an
    array or a helper between two runs. The copy has the values of now, and stands for every
    function of the same content: an unchanged function is compiled once, a changed one anew.

    Parameters
    ----------
    function : callable
        A plain Python function.

    Returns
    -------
    object
        That compiled code can call, and Python cannot; `py_func` is the copy.

    Raises
    ------
    ValueError
        If it is not a plain function, calls itself, or calls through a module one that has changed
        since it was compiled.

    Examples
    --------
    >>> def double(x):
    ...     return 2.0 * x
    >>> prepared(double) is prepared(lambda x: 2.0 * x)
    True
    >>> prepared(double) is prepared(lambda x: 3.0 * x)
    False
    """
    if isinstance(function, _Callee):
        return function
    function = plain(function)
    if function in _NATIVE:
        return function
    key = source_key(function)
    return kept(_prepared, key, KEPT_FUNCTIONS, lambda: _Callee(key, function))


def kept(store: OrderedDict[str, Any], key: str, most: int, make: Callable[[], Any]) -> Any:
    """What a store has of a content, or what is made and kept there; those used last stay.

    Parameters
    ----------
    store : OrderedDict
        By content; changed.
    key : str
        Of the content.
    most : int
        How many stay.
    make : callable
        What makes it where it is missing.

    Returns
    -------
    object

    Examples
    --------
    >>> store = OrderedDict(a=1, b=2)
    >>> kept(store, "a", 2, dict), kept(store, "c", 2, lambda: 3), list(store)
    (1, 3, ['a', 'c'])
    """
    with _compile_lock:
        if key not in store:
            store[key] = make()
        store.move_to_end(key)
        while len(store) > most:
            store.popitem(last=False)
        return store[key]


class _Callee:
    """What compiled code calls in place of a function: inlined there, with no code of its own."""

    def __init__(self, key: str, function: pytypes.FunctionType) -> None:
        refuse_circles(function)
        self.key, self.py_func, self.__name__ = key, copied(function, _current), function.__name__
        self.dispatcher = numba.njit(error_model="numpy", **ONLY_INLINED)(self.py_func)

    def __reduce__(self) -> tuple[Any, ...]:
        """The content alone: numba compares it to know its own cached code again."""
        return str, (self.key,)


@typeof_impl.register(_Callee)
def _type_of_callee(callee: _Callee, context: Any) -> Any:
    return types.Dispatcher(callee.dispatcher)


def copied(
    function: pytypes.FunctionType, current: Callable[[Any, list[str]], Any]
) -> pytypes.FunctionType:
    """A function with private copies of all that its code refers to.

    Parameters
    ----------
    function : function
        A plain Python function.
    current : callable
        `current(value, names)`: what stands for a value in the code that uses these names.

    Returns
    -------
    function
    """
    names = sorted(names_in(function.__code__))
    space = {name: function.__globals__[name] for name in names if name in function.__globals__}
    space = {name: current(value, names) for name, value in space.items()}
    # Cached code is loaded with the module that is named here, which another process must find.
    space["__name__"] = __name__
    cells = tuple(
        pytypes.CellType(current(cell.cell_contents, names)) for cell in function.__closure__ or ()
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
    if is_user_module(value):
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
        for member in references(function).values():
            if isinstance(member, pytypes.FunctionType) and member not in _NATIVE:
                _pin(member)
        register_jitable(forceinline=True, error_model="numpy")(function)
    elif _pinned[function] != key:
        raise ValueError(
            f"the function {function.__module__}.{function.__name__} or something it refers to has "
            "changed since it was compiled; import it by name, or restart Python"
        )


# ------------------------------------------------------------------------------- cached compilation


def compile_cached(
    function: PlainFunction, signature: Any, *, allocates: bool = True, vectorizes: bool = True
) -> Any:
    """Compile with one explicit signature, keeping the machine code on disk.

    The code lies beside the package, else in the user's cache folder, else (where neither can be
    written) in a temporary folder. Ctrl-C is heard when the compiler has returned.

    Parameters
    ----------
    function : callable
        A function or closure of this package. A copy of it is compiled, with all it refers to
        prepared.
    signature : numba signature
        The only signature it will have.
    allocates : bool
        Whether it makes arrays. One that does not, a driver, need not count the references to
        those that it is given, which costs it as much as a pass.
    vectorizes : bool
        Whether loops are done in vectors. One that moves a path over its few coordinates takes
        twice the time with them.

    Returns
    -------
    numba dispatcher
        Releases the interpreter lock while it runs.
    """
    options = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": allocates}
    key = source_key(function, (signature, allocates, vectorizes))
    function = copied(plain(function), _current)
    function.__qualname__ = f"{function.__name__}_{key}"
    with _compile_lock, _pointers_allowed(), interrupts_held(), ExitStack() as settings:
        if not vectorizes:
            settings.enter_context(configured("LOOP_VECTORIZE", 0))
        try:
            compiled = numba.njit(signature, **options)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            settings.enter_context(configured("CACHE_DIR", str(temporary_cache_folder())))
            compiled = numba.njit(signature, **options)(function)
        note_use(Path(compiled.stats.cache_path), key)
        return compiled


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while the compiler works, and hear it afterwards.

    The compiler calls back into Python, from LLVM and from destructors, where an exception is
    printed and lost: the run would go on as if nobody had interrupted it.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    heard: list[Any] = []
    signal.signal(signal.SIGINT, lambda *arguments: heard.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if heard:
            handler(*heard[0])


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


class Pointer(types.WrapperAddressProtocol):  # type: ignore[misc]
    """A pass as a driver receives it, found once: a dispatcher is asked for it in every call.

    Parameters
    ----------
    dispatcher : numba dispatcher
        As `compile_cached` makes it.
    """

    def __init__(self, dispatcher: Any) -> None:
        (self._signature,) = dispatcher.nopython_signatures
        self._dispatcher = dispatcher  # keeps the code alive
        self._address = _get_wrapper_address(dispatcher, self._signature)

    def __wrapper_address__(self) -> int:
        """Where the code is."""
        return int(self._address)

    def signature(self) -> Any:
        """Its signature."""
        return self._signature


@functools.cache
def entry_of(compiled: Any) -> Any:
    """A compiled function that does not look at the types of its arguments, which takes longer.

    Parameters
    ----------
    compiled : numba dispatcher
        As `compile_cached` makes it. It is given arguments of its signature, passes as `Pointer`.

    Returns
    -------
    callable
    """
    (found,) = compiled.overloads.values()
    return found.entry_point


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
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the compiler has many ways of failing on what it does not know
        name = getattr(function, "__name__", repr(function))
        if "setitem(readonly array" in str(error):
            raise ValueError(
                f"the {part} function {name!r} writes into x or p; only read them"
            ) from error
        raise ValueError(
            f"the {part} function {name!r} cannot be compiled: {first_reason(error)}; use "
            "numbers, array elements, functions of numpy and math, and functions made of these"
        ) from error


def first_reason(error: Exception) -> str:
    """The sentence of an error of numba that names the cause, without its pages of context."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Failed in")] or lines
    telling = [
        line
        for line in lines
        if line.startswith(("Untyped global", "NameError", "Unknown attribute", "Cannot unify"))
        or "No implementation of function" in line
        or "Use of unsupported" in line
    ]
    return (telling or lines or ["unknown reason"])[-1 if telling else 0].rstrip(".:")
