"""What all parts share: named parameters flattened for plain functions, and readable checks."""

import math
from collections.abc import Mapping
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray


def freeze(array: FloatArray) -> FloatArray:
    """A read-only copy, contiguous, of 64-bit floats."""
    copy = np.array(array, dtype=np.float64, order="C")
    copy.flags.writeable = False
    return copy


def frozen_parameters(params: Mapping[str, npt.ArrayLike]) -> Mapping[str, Any]:
    """Named parameters as floats and read-only arrays, in the order given.

    Parameters
    ----------
    params : mapping of str to float or array
        Dimensions as the part that owns them says.

    Returns
    -------
    mapping
        Read-only.

    Raises
    ------
    ValueError
        If a value is not a number or an array of numbers, or is NaN.
    """
    if not isinstance(params, Mapping):
        raise ValueError(f"params is {params!r}; give a dictionary of names and numbers")
    frozen: dict[str, Any] = {}
    for name, value in params.items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"parameter {name!r} is {value!r}; give a number or an array of numbers"
            ) from None
        if np.isnan(array).any():
            raise ValueError(f"parameter {name!r} is NaN; give a number")
        frozen[name] = float(array) if array.ndim == 0 else freeze(array)
    return MappingProxyType(frozen)


def plain_function(name: str, function: object) -> None:
    """Check that a part is a function written with def or lambda, or numba.njit of one.

    Raises
    ------
    ValueError
        Naming the value and the mend.
    """
    if not isinstance(getattr(function, "py_func", function), FunctionType):
        raise ValueError(
            f"{name} is {function!r}; give a plain function and put values into params"
        )


BuiltIn = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""By name of a built-in part: how its function's full name begins, and its last parameters."""


def own_name(
    kind: str, name: str, function: Any, params: Mapping[str, Any], built_in: BuiltIn
) -> None:
    """Check that a part with the name of a built-in one is that one.

    The theory and the jump-adapted scheme know closed forms of built-in parts by their names.

    Raises
    ------
    ValueError
        If it is another.
    """
    if not isinstance(name, str):
        raise ValueError(f"the name of the {kind} is {name!r}; give a text")
    if name not in built_in:
        return
    homes, last = built_in[name]
    plain = getattr(function, "py_func", function)
    own = f"{plain.__module__}.{plain.__qualname__}".startswith(homes)
    if not own or tuple(params)[-len(last) :] != last:
        raise ValueError(
            f"the name {name!r} is that of the built-in {kind}, whose function and parameters "
            "these are not; give another name"
        )


def unchanged(name: str, before: FloatArray, after: FloatArray) -> None:
    """Check that a user's function has left its argument x alone.

    Raises
    ------
    ValueError
        Naming the function.
    """
    if not np.array_equal(before, after):
        raise ValueError(f"the {name} function changed x; only read x, and write into out")


def rebuild(cls: type, fields: dict[str, Any]) -> Any:
    """Make a part again from its fields: how parts are pickled and copied."""
    return cls(**fields)


def flat(params: Mapping[str, Any]) -> FloatArray:
    """All parameters one after another: the array `p` that plain functions receive."""
    pieces = [np.ravel(value) for value in params.values()]
    return freeze(np.concatenate(pieces) if pieces else np.zeros(0))


def whole_number(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """Check that a value is a whole number in a range and return it as an int.

    Raises
    ------
    ValueError
        Naming the value, the rule and the mend.
    """
    # bool is an int to Python, but nobody means True paths.
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {value!r}; give a whole number of at least {minimum}")
    number = int(value)
    if number < minimum:
        raise ValueError(f"{name} is {number}; give a whole number of at least {minimum}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} is {number}; give a whole number of at most {maximum}")
    return number


def finite_number(name: str, value: object, *, positive: bool = True) -> float:
    """Check that a value is a finite number, positive unless told otherwise.

    Raises
    ------
    ValueError
        Naming the value, the rule and the mend.
    """
    kind = "positive" if positive else "finite"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{name} is {value!r}; give a {kind} number")
    number = float(value)
    if not math.isfinite(number) or (positive and number <= 0.0):
        raise ValueError(f"{name} is {number:g}; give a {kind} number")
    return number


def finite_array(
    name: str, value: npt.ArrayLike, shape: tuple[int, ...] | None = None
) -> FloatArray:
    """Check that a value is an array of finite numbers of a shape; return a read-only copy.

    Raises
    ------
    ValueError
        Naming the value, the rule and the mend.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}; give finite numbers") from None
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; give shape {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is {array.tolist()}; give finite numbers")
    return freeze(array)


def ends(name: str, value: npt.ArrayLike) -> FloatArray:
    """Ends of intervals: numbers that may be infinite.

    Raises
    ------
    ValueError
        If they are not numbers.
    """
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}; give numbers") from None


def choice(name: str, value: object, known: tuple[str, ...]) -> str:
    """Check that a value is one of a few names.

    Raises
    ------
    ValueError
        Naming the value and the known names.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")
    return value


def shown(x: FloatArray) -> str:
    """A point as text, shortened when it has many coordinates."""
    head = ", ".join(f"{value:g}" for value in x[:6])
    return f"({head}{', ...' if len(x) > 6 else ''})"
