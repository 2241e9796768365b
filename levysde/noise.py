"""Noise laws: the increments of a Levy process over one step.

Convention, used everywhere in this package: the standard symmetric alpha-stable law SaS(1) has the
characteristic function exp(-|u|^alpha), 0 < alpha <= 2. It is `scipy.stats.levy_stable(alpha, 0)`.
At alpha = 2 it is the normal law of variance 2 (not 1), at alpha = 1 the Cauchy law.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray, PlainFunction
from levysde.engine.philox import MAX_PATHS, unit_uniform
from levysde.engine.quantile import TABLE_SIZE, has_table, quantile_table, tabulated_stable
from levysde.engine.variates import StableConstants, stable_constants, symmetric_stable

__all__ = ["CONVENTION", "NOISES", "Noise", "independent", "sample"]

CONVENTION = "E exp(iuL_1) = exp(-|u|^alpha); alpha = 2 is Gaussian with variance 2"
"""The law of scale 1, in one line."""

MIN_ALPHA = 0.1
"""Below, products of uniforms of 52 bits leave the range of 64-bit floats."""

_CONSTANTS = len(StableConstants._fields)


@dataclass(frozen=True, eq=False)
class Noise:
    """A law of stable noise.

    Attributes
    ----------
    name : str
        Of the law, for tables, files and the theory.
    alpha : float
        Stability index, dimensionless.
    scale : float or ndarray, shape (dim,)
        Scale of each coordinate at epsilon = 1 and dt = 1, length/time^(1/alpha).
    increment : callable
        Coordinate j of one increment from random words of 64 bits, `increment(j, word, p)` or
        `increment(j, first, second, p)`: a plain Python function that is compiled for the
        simulation; `p` comes from `step_parameters`.
    words : {1, 2}
        Words that it takes.
    sampler : callable
        `sampler() -> ndarray`: the parameters of `increment` that depend on the law alone.
    """

    name: str
    alpha: float
    scale: float | FloatArray
    increment: PlainFunction
    words: int
    sampler: Callable[[], FloatArray]

    @property
    def dim(self) -> int | None:
        """Dimension, or None when the law serves every dimension."""
        return None if np.ndim(self.scale) == 0 else int(np.size(self.scale))

    @property
    def params(self) -> Mapping[str, Any]:
        """Named parameters."""
        return {"alpha": self.alpha, "scale": self.scale}

    def step_parameters(self, dim: int, epsilon: float, dt: float) -> FloatArray:
        """The flat parameters of `increment` for one step.

        A step of length dt has scale epsilon dt^(1/alpha) sigma_j in coordinate j.

        Parameters
        ----------
        dim : int
            Dimension.
        epsilon : float
            Noise amplitude, dimensionless.
        dt : float
            Step, time.

        Returns
        -------
        ndarray
            Parameters of the sampler, then the scale of each coordinate.

        Raises
        ------
        ValueError
            If the law has one scale per coordinate and the dimension is another.
        """
        if self.dim not in (None, dim):
            raise ValueError(
                f"the noise has {self.dim} scales and the dimension is {dim}; give one scale, or "
                "one per coordinate"
            )
        scale = np.broadcast_to(epsilon * dt ** (1.0 / self.alpha) * np.asarray(self.scale), dim)
        return np.concatenate([self.sampler(), scale])


def _formula_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    u, w = unit_uniform(first), unit_uniform(second)
    return p[_CONSTANTS + j] * symmetric_stable(u, w, p[0], p[1], p[2], p[3], p[4])


def _table_increment(j: int, word: np.uint64, p: FloatArray) -> float:
    return p[TABLE_SIZE + j] * tabulated_stable(word, p)


def check_alpha(alpha: object) -> float:
    """Check a stability index.

    Raises
    ------
    ValueError
        If alpha is not a number with 0.1 <= alpha <= 2.
    """
    number = parts.finite_number("alpha", alpha, positive=False)
    if not MIN_ALPHA <= number <= 2.0:
        raise ValueError(f"alpha is {number:g}; give a stability index from {MIN_ALPHA} to 2")
    return number


def independent(alpha: float, scale: npt.ArrayLike = 1.0) -> Noise:
    """Independent coordinates: E exp(i u.L_1) = exp(-sum_j |sigma_j u_j|^alpha).

    Jumps are parallel to the axes. alpha = 2 is Brownian motion with variance 2 sigma_j^2 per unit
    time, alpha = 1 the Cauchy process. Variates come from a table of the quantile function, exact
    to 2e-8 in probability, for alpha >= 1/2 (except within 0.01 of 1), and from the formula of
    Chambers, Mallows and Stuck elsewhere.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    scale : float or array, shape (dim,)
        sigma_j, one for all coordinates or one each, length/time^(1/alpha).

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        If alpha is out of range, or a scale is negative, not finite, or all are zero.

    Examples
    --------
    >>> independent(1.5, scale=[1.0, 0.5]).dim
    2
    """
    alpha = check_alpha(alpha)
    array = parts.finite_array("scale", scale)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"scale has shape {array.shape}; give one number, or one per coordinate")
    if (array < 0.0).any() or not array.any():
        raise ValueError(f"scale is {array.tolist()}; give positive numbers")
    scale = float(array) if array.ndim == 0 else array
    if has_table(alpha):
        return Noise(
            "independent", alpha, scale, _table_increment, 1, lambda: quantile_table(alpha)
        )
    return Noise(
        "independent", alpha, scale, _formula_increment, 2,
        lambda: np.array(stable_constants(alpha)),
    )  # fmt: skip


def sample(
    noise: Noise,
    size: int,
    seed: int = 0,
    epsilon: float = 1.0,
    dt: float = 1.0,
    dim: int | None = None,
) -> FloatArray:
    """Independent increments over a step dt: the first step of paths 0 to size - 1.

    Parameters
    ----------
    noise : Noise
        The law.
    size : int
        Number of increments.
    seed : int
        In [0, 2^64).
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float
        Step, time.
    dim : int, optional
        Dimension, for a law that serves every dimension; 1 unless given.

    Returns
    -------
    ndarray, shape (size, dim)
        Increments, length.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> sample(independent(1.5), size=3, seed=1).shape
    (3, 1)
    """
    from levysde.engine.cpu import increments

    size = parts.whole_number("size", size, 1, MAX_PATHS)
    seed = parts.whole_number("seed", seed, 0, 2**64 - 1)
    dim = parts.whole_number("dim", dim if dim is not None else noise.dim or 1, 1)
    p = noise.step_parameters(
        dim, parts.finite_number("epsilon", epsilon), parts.finite_number("dt", dt)
    )
    return increments(noise.increment, noise.words, p, dim, size, seed)


NOISES = {"independent": independent}
"""The laws that can be named on the command line."""
