"""Names for the types of arrays and of the users' functions."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

UInt64: TypeAlias = np.uint64
FloatArray: TypeAlias = npt.NDArray[np.float64]
Gradient: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], None]
Value: TypeAlias = Callable[[FloatArray, FloatArray], float]
Outside: TypeAlias = Callable[[FloatArray, FloatArray], bool]
Margin: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray, float], float]
PlainFunction: TypeAlias = Callable[..., Any]
