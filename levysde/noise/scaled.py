"""Noise whose size depends on the state and on time: G(x, t) dL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.engine.program import NoisePart, ScalePart
from levysde.noise.law import Noise
from levysde.schedules import Schedule

__all__ = ["Scaled", "scaled"]

_TIMES = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 19)])
"""Times at which a scale is asked whether it changes."""


def _all_alike(x: FloatArray, t: float, p: FloatArray, out: FloatArray) -> None:
    for j in range(len(out)):
        out[j] = 1.0


@dataclass(frozen=True, eq=False)
class Scaled(Noise):
    """Increments G(x, t) dL of another law; made by `scaled`.

    Attributes
    ----------
    driver : Noise
        The law of L.
    scale : callable
        `scale(x, t, p, out)`.
    scale_params : mapping of str to float or array
        Named parameters of the scale.
    matrix : bool
        Whether the scale writes a matrix, shape (dim, dim), and not a factor a coordinate.
    alpha : float
        Stability index of the driver, dimensionless.
    """

    name: ClassVar[str] = "scaled"
    exponent: ClassVar[str] = "that of the driver, times G(x, t)"
    alpha: float = field(init=False)
    driver: Noise
    scale: PlainFunction
    scale_params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    matrix: bool = False
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        checks.instance("law", self.driver, Noise)
        checks.plain_function("scale", self.scale)
        checks.flag("matrix", self.matrix)
        params = checks.frozen_parameters(self.scale_params)
        object.__setattr__(self, "scale_params", params)
        object.__setattr__(self, "alpha", self.driver.alpha)
