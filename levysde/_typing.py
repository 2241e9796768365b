"""Names for the types of arrays and of the users' functions."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

UInt64: TypeAlias = np.uint64
FloatArray: TypeAlias = npt.NDArray[np.float64]
Gradient: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], None]
Value: TypeAlias = Callable[[FloatArray, FloatArray], float]
Outside: TypeAlias = Callable[[FloatArray, FloatArray], bool]
Margin: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray, float], float]
PlainFunction: TypeAlias = Callable[..., Any]


class StepLaw(Protocol):
    """A symmetric law of one number that is known by its density, and its scales."""

    @property
    def scale(self) -> "float | FloatArray":
        """Factor of all coordinates, or of each."""

    def step_density(self, x: FloatArray) -> FloatArray:
        """Return the density."""

    def step_tail(self, x: FloatArray) -> FloatArray:
        """Return P(X > x)."""
