"""What all parts share: named parameters flattened for plain functions, and readable checks."""

import math
import sys
import warnings
from collections.abc import Mapping
from dataclasses import fields
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray

_NOT_THE_USER = (f"{__name__.partition('.')[0]}.", "contextlib.")
_LONGEST_VALUE = 80
"""Characters of a value in a message."""


class Refusal(ValueError):  # noqa: N818 - an answer, and no mistake
    """That a method does not serve a problem, why, and what to do.

    Parameters
    ----------
    reason : str
        Why.
    remedy : str
        What to do.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason, self.remedy = reason, remedy


def reason_of(error: ValueError) -> str:
    """Why something was refused, without what to do."""
    return error.reason if isinstance(error, Refusal) else str(error)


def warn(message: str) -> None:
    """Warn where the user calls this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and f"{frame.f_globals.get('__name__')}.".startswith(_NOT_THE_USER):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def freeze(array: FloatArray) -> FloatArray:
    """A read-only copy, contiguous, of 64-bit floats."""
    copy = np.array(array, dtype=np.float64, order="C")
    copy.flags.writeable = False
    return copy


def told(value: object) -> str:
    """Any value as a short piece of one line, for messages."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a number of more digits than Python prints, or a repr of the user's
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _floats(value: object) -> FloatArray | None:
    """An array of real numbers as 64-bit floats; None where it is anything else."""
    try:
        array = np.asarray(value)
        # Text and dates would be converted, and imaginary parts dropped, without a word.
        if array.dtype.kind not in "biufO":
            return None
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


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
        raise ValueError(f"params is {told(params)}; give a dictionary of names and numbers")
    frozen: dict[str, Any] = {}
    for name, value in params.items():
        if not isinstance(name, str):
            raise ValueError(f"a parameter has the name {told(name)}; give names in quotes")
        array = _floats(value)
        if array is None:
            raise ValueError(
                f"parameter {name!r} is {told(value)}; give a number or an array of numbers"
            )
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
            f"{name} is {told(function)}; give a plain function and put values into params"
        )


def seed_number(value: object) -> int:
    """A seed as an int in [0, 2^64).

    Raises
    ------
    ValueError
        If it is anything else.
    """
    return whole_number("seed", value, 0, 2**64 - 1)


def unchanged(name: str, before: FloatArray, after: FloatArray) -> None:
    """Check that a user's function has left its argument x alone.

    Raises
    ------
    ValueError
        Naming the function.
    """
    if not np.array_equal(before, after):
        raise ValueError(f"the {name} function changed x; only read x, and write into out")


def rebuild(cls: type, given: dict[str, Any]) -> Any:
    """Make a part again from its fields: how parts are pickled and copied."""
    return cls(**given)


def given_fields(part: Any) -> dict[str, Any]:
    """The arguments that a part was made of; read-only mappings cannot be pickled."""
    found = {field.name: getattr(part, field.name) for field in fields(part) if field.init}
    return {n: dict(v) if isinstance(v, Mapping) else v for n, v in found.items()}


def flat(params: Mapping[str, Any]) -> FloatArray:
    """All parameters one after another: the array `p` that plain functions receive."""
    pieces = [np.ravel(value) for value in params.values()]
    return freeze(np.concatenate(pieces) if pieces else np.zeros(0))


def whole_number(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """Check that a value is a whole number in a range and return it as an int.

    Raises
    ------
    ValueError
        Naming the value, the rule and the remedy.
    """
    # bool is an int to Python, but nobody means True paths.
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {told(value)}; give a whole number of at least {minimum}")
    number = int(value)
    if number < minimum:
        raise ValueError(f"{name} is {told(number)}; give a whole number of at least {minimum}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} is {told(number)}; give a whole number of at most {maximum}")
    return number


def finite_number(name: str, value: object, *, positive: bool = True) -> float:
    """Check that a value is a finite number, positive unless told otherwise.

    Raises
    ------
    ValueError
        Naming the value, the rule and the remedy.
    """
    kind = "positive" if positive else "finite"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{name} is {told(value)}; give a {kind} number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} is {told(value)}; give a number of at most 1e308") from None
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
        Naming the value, the rule and the remedy.
    """
    array = _floats(value)
    if array is None:
        raise ValueError(f"{name} is {told(value)}; give finite numbers")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; give shape {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is {told(array.tolist())}; give finite numbers")
    return freeze(array)


def point(name: str, value: npt.ArrayLike) -> FloatArray:
    """Check that a value is one finite number a coordinate; return a read-only copy.

    Raises
    ------
    ValueError
        Naming the value, the rule and the remedy.
    """
    found = finite_array(name, value)
    if found.ndim != 1 or found.size == 0:
        raise ValueError(f"{name} has shape {found.shape}; give one number a coordinate")
    return found


def numbers(name: str, value: npt.ArrayLike) -> FloatArray:
    """Check that a value is an array of real numbers, which may be infinite or NaN.

    Raises
    ------
    ValueError
        If they are not numbers.
    """
    array = _floats(value)
    if array is None:
        raise ValueError(f"{name} is {told(value)}; give numbers")
    return array


def instance(name: str, value: object, kind: type) -> None:
    """Check that a value is an object of a class.

    Raises
    ------
    ValueError
        Naming the value and the class.
    """
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(f"{name} is {told(value)}; give {article} {kind.__name__}")


def text(name: str, value: object) -> None:
    """Check that a value is text.

    Raises
    ------
    ValueError
        Naming the value.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} is {told(value)}; give text in quotes")


def flag(name: str, value: object) -> None:
    """Check that a value is True or False.

    Raises
    ------
    ValueError
        Naming the value.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {told(value)}; give True or False")


def dimension(value: object) -> int:
    """Check a number of coordinates.

    Raises
    ------
    ValueError
        If it is not a whole number from 1 to 2^31 - 1.
    """
    return whole_number("dim", value, 1, 2**31 - 1)


def choice(name: str, value: object, known: tuple[str, ...]) -> str:
    """Check that a value is one of a few names.

    Raises
    ------
    ValueError
        Naming the value and the known names.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {told(value)}; known: {', '.join(known)}")
    return value


def shown(x: FloatArray) -> str:
    """A point as text, shortened when it has many coordinates."""
    head = ", ".join(f"{value:g}" for value in x[:6])
    return f"({head}{', ...' if len(x) > 6 else ''})"
