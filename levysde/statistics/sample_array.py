"""What every estimator of a tail index asks of its samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def checked_samples(samples: ArrayLike, fewest: int, name: str = "samples") -> NDArray[Any]:
    """Return samples as an array of real, finite numbers of shape (draws, coordinates).

    A memory map stays one; whether its values are finite is asked piece by piece elsewhere.
    """
    array = shaped_samples(samples, fewest, name)
    all_finite(array, 0, name)
    return array


def shaped_samples(samples: ArrayLike, fewest: int, name: str = "samples") -> NDArray[Any]:
    """Return samples as an array of real numbers with shape (draws, coordinates)."""
    if isinstance(samples, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array; give one without a mask")
    try:
        array = samples if isinstance(samples, np.ndarray) else np.asarray(samples)
    except RuntimeError as error:  # of a tensor that takes part in differentiation
        raise ValueError(f"{name} is no array of numbers: {error}") from None
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; give one array") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has entries of type {array.dtype}; give an array of real numbers")
    if array.ndim == 1:
        raise ValueError(
            f"{name} has shape {array.shape}; give shape (draws, coordinates): "
            f"{name}.reshape(-1, 1) for draws of one coordinate"
        )
    if array.ndim != 2:
        raise ValueError(
            f"{name} has shape {array.shape}; give shape (draws, coordinates): "
            f"{name}.reshape(len({name}), -1) for draws of an array"
        )
    if array.shape[1] == 0:
        raise ValueError(f"{name} has no coordinates; give at least one")
    if array.shape[0] < fewest:
        draws = f"{array.shape[0]} draw{'' if array.shape[0] == 1 else 's'}"
        raise ValueError(f"{name} has {draws}; give at least {fewest}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def all_finite(array: NDArray[Any], first: int = 0, name: str = "samples") -> None:
    """Check that there is no NaN and nothing infinite; ``first`` is the number of a coordinate."""
    good = np.isfinite(array)
    if not good.all():
        draw, coordinate = (int(i) for i in np.argwhere(~good)[0])
        raise ValueError(
            f"{name} has {array[draw, coordinate]:g} in draw {draw}, coordinate "
            f"{first + coordinate}; give finite numbers"
        )


def checked_level(level: float) -> None:
    """Check a confidence level."""
    numeric = isinstance(level, int | float | np.floating) and not isinstance(level, bool)
    if not numeric or not math.isfinite(level) or not 0.0 < level < 1.0:
        raise ValueError(f"level is {level!r}; give a number between 0 and 1, such as 0.95")


def checked_whole(name: str, value: int, minimum: int) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise ValueError(f"{name} is {value!r}; give a whole number of at least {minimum}")
    return int(value)
