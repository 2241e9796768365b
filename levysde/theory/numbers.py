"""Numbers that are given to the theory, and what is refused."""

from __future__ import annotations

import math
import numbers
import reprlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory.protocols import Vector


def real_number(value: Any, what: str) -> float:
    """Return a real number, perhaps infinite or not a number, as a float.

    Parameters
    ----------
    value : float
        The number.
    what : str
        Name of the number in the messages.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If it is something else: a text, a truth value, an array.
    ValueError
        If it is a whole number beyond the range of floats.

    Examples
    --------
    >>> real_number("1.5", "alpha")
    Traceback (most recent call last):
        ...
    TypeError: alpha is '1.5', but it must be a real number
    """
    scalar = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(scalar, bool | np.bool_) or not isinstance(scalar, numbers.Real):
        raise TypeError(f"{what} is {shown(value)}, but it must be a real number")
    try:
        return float(scalar)
    except OverflowError:
        raise ValueError(
            f"{what} is a number of {len(str(scalar))} digits, beyond the range of floating-point "
            "numbers; choose units in which it is smaller"
        ) from None


def real_numbers(value: Any, what: str) -> Vector:
    """Return real numbers, perhaps infinite or not a number, as a float64 array of any shape.

    Parameters
    ----------
    value : array_like
        The numbers.
    what : str
        Name of the numbers in the messages.

    Returns
    -------
    ndarray
        The same numbers.

    Raises
    ------
    TypeError
        If something is not a real number, or the rows are of different lengths.
    ValueError
        If a whole number is beyond the range of floats.

    Examples
    --------
    >>> real_numbers([1, 2.5], "scale")
    array([1. , 2.5])
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO" or (array.dtype.kind == "O" and not _all_real(array)):
            raise TypeError
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"{what} contains a number beyond the range of floating-point numbers; choose units in "
            "which it is smaller"
        ) from None
    except (TypeError, ValueError):
        raise TypeError(f"{what} is {shown(value)}, but it must be an array of numbers") from None


def _all_real(array: NDArray[Any]) -> bool:
    return all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in array.flat)


def shown(value: object) -> str:
    """Return a value as a short text without line breaks, for messages."""
    return " ".join(reprlib.repr(value).split())


def checked_alpha(alpha: float) -> float:
    """Return the stability index as a float.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2].

    Examples
    --------
    >>> checked_alpha(2)
    2.0
    """
    alpha = real_number(alpha, "alpha")
    if not 0.0 < alpha <= 2.0:
        raise ValueError(f"alpha is {alpha!r}, but the stability index must be in (0, 2]")
    return alpha


def checked_positive(value: float, what: str) -> float:
    """Return a positive, finite number as a float.

    Parameters
    ----------
    value : float
        The number.
    what : str
        Name of the number in the message.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If the number is not positive or not finite.

    Examples
    --------
    >>> checked_positive(3, "radius")
    3.0
    """
    value = real_number(value, what)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{what} is {value!r}, but it must be positive and finite")
    return value


def checked_point(point: ArrayLike, dim: int, what: str) -> Vector:
    """Return a finite point as a float64 array of shape (dim,).

    Parameters
    ----------
    point : array_like, shape (dim,)
        The point; a plain number is taken in one dimension.
    dim : int
        Dimension of the space.
    what : str
        Name of the point in the messages.

    Returns
    -------
    ndarray, shape (dim,)
        The point.

    Raises
    ------
    ValueError
        If the length is not ``dim`` or a component is not finite.

    Examples
    --------
    >>> checked_point([1, 2], 2, "center")
    array([1., 2.])
    """
    values = np.atleast_1d(real_numbers(point, what))
    if values.shape != (dim,):
        raise ValueError(f"{what} has shape {values.shape}, but the domain has dimension {dim}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{what} is {values.tolist()}, but all components must be finite")
    return values
