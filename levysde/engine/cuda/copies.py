"""Device copies: what a kernel calls in place of a plain function."""

import functools
import math
import types as pytypes
from collections import OrderedDict
from typing import Any

import numba
import numpy as np
from numba import cuda

from levysde._typing import PlainFunction
from levysde.engine.compile import KEPT_FUNCTIONS, copied, kept
from levysde.engine.path import increments
from levysde.engine.random import elementary
from levysde.engine.source import is_user_module, plain, refuse_circles, source_key

_INLINED = frozenset({increments.__name__})
"""Modules whose functions return views of arrays, which only inlined ones can on a device."""

_FROM_MATH = (
    "ceil", "copysign", "exp", "expm1", "fabs", "floor", "isfinite", "isinf", "log1p", "sqrt",
    "trunc",
)  # fmt: skip

_kept: OrderedDict[str, Any] = OrderedDict()  # by content, that used last at the end


def _fused(a, b, c):  # type: ignore[no-untyped-def]
    return cuda.fma(a, b, c)


def _largest(a, b, c=None, d=None):  # type: ignore[no-untyped-def]
    """As Python and the processor have it; the instruction of a device ignores NaN."""
    found = b if b > a else a
    if c is not None:
        found = c if c > found else found
    if d is not None:
        found = d if d > found else found
    return found


def _smallest(a, b, c=None, d=None):  # type: ignore[no-untyped-def]
    found = b if b < a else a
    if c is not None:
        found = c if c < found else found
    if d is not None:
        found = d if d < found else found
    return found


_BUILTINS = {"max": _largest, "min": _smallest}
"""What stands for functions of Python that numba translates otherwise for devices."""


def is_simulated() -> bool:
    """Whether numba runs kernels as Python, for tests (NUMBA_ENABLE_CUDASIM=1)."""
    return bool(numba.config.ENABLE_CUDASIM)


def _device_copy(function: PlainFunction) -> Any:
    """What a kernel calls in place of a plain function: with all it refers to, as it is now."""
    source = plain(_fused if function is elementary.fma else function)
    key = source_key(source)
    return kept(_kept, key, KEPT_FUNCTIONS, lambda: _made(source))


def _made(source: pytypes.FunctionType) -> Any:
    refuse_circles(source)
    inline = "always" if source.__module__ in _INLINED else "never"
    return cuda.jit(device=True, inline=inline, forceinline=inline == "never")(_copied(source))


def _copied(source: pytypes.FunctionType) -> pytypes.FunctionType:
    """A copy whose names stand for what devices have."""
    copy = copied(source, _current)
    if source.__module__ != __name__:
        for name, stand_in in _BUILTINS.items():
            if name in copy.__code__.co_names and name not in copy.__globals__:
                copy.__globals__[name] = _device_copy(stand_in)
    return copy


def _current(value: Any, names: list[str]) -> Any:
    """A value as it is now: a copy of an array, the copy that stands for a function."""
    if value is np:
        return _device_numpy()
    if is_user_module(value):
        module = pytypes.ModuleType(value.__name__)
        members = {name: getattr(value, name) for name in names if hasattr(value, name)}
        vars(module).update({name: _current(member, names) for name, member in members.items()})
        return module
    if isinstance(value, np.ufunc):
        value = getattr(_device_numpy(), value.__name__, value)
    if isinstance(getattr(value, "py_func", value), pytypes.FunctionType):
        return _device_copy(value)
    return value.copy() if isinstance(value, np.ndarray) else value


def _sign(x):  # type: ignore[no-untyped-def]
    return math.copysign(1.0, x) if abs(x) > 0.0 else x


def _square(x):  # type: ignore[no-untyped-def]
    return x * x


@functools.cache
def _device_numpy() -> pytypes.ModuleType:
    """What stands for numpy: functions of a number that numba has for devices in math only."""
    module = pytypes.ModuleType("numpy of devices")
    vars(module).update({name: getattr(np, name) for name in np.__all__})
    vars(module).update({name: getattr(math, name) for name in _FROM_MATH})
    vars(module).update(
        abs=math.fabs, absolute=math.fabs, power=math.pow,
        sign=_device_copy(_sign), square=_device_copy(_square),
    )  # fmt: skip
    return module


def kernel_copy(kernel: PlainFunction) -> pytypes.FunctionType:
    """A kernel with device copies of all that it refers to.

    Parameters
    ----------
    kernel : callable
        A plain Python function or closure of this package.

    Returns
    -------
    function
        The kernel itself where kernels are simulated.
    """
    kernel = plain(kernel)
    return kernel if is_simulated() else _copied(kernel)
