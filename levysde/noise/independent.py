"""Laws with independent coordinates, whose jumps are parallel to the axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart, axis_jumps
from levysde.engine.philox import unit_uniform
from levysde.engine.program import NoisePart
from levysde.engine.quantile import TABLE_SIZE, has_table, quantile_table, tabulated_stable
from levysde.engine.variates import (
    skewed_constants,
    skewed_stable,
    stable_constants,
    symmetric_stable,
)
from levysde.noise.base import Noise, check_alpha, step_scale


def _table_increment(j: int, word: np.uint64, p: FloatArray) -> float:
    return p[TABLE_SIZE + j] * tabulated_stable(word, p)


def _formula_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j of a law with one index: five constants, then the scales."""
    u, w = unit_uniform(first), unit_uniform(second)
    return p[5 + j] * symmetric_stable(u, w, p[0], p[1], p[2], p[3], p[4])


def _multifractal_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j with an index of its own: six rows of p, five constants and the scale."""
    u, w, n = unit_uniform(first), unit_uniform(second), p.size // 6
    return p[5 * n + j] * symmetric_stable(
        u, w, p[j], p[n + j], p[2 * n + j], p[3 * n + j], p[4 * n + j]
    )


def _skewed_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j with a skewness of its own: ten rows of p, nine constants and the scale."""
    u, w, n = unit_uniform(first), unit_uniform(second), p.size // 10
    return p[9 * n + j] * skewed_stable(
        u, w, p[j], p[n + j], p[2 * n + j], p[3 * n + j], p[4 * n + j], p[5 * n + j],
        p[6 * n + j], p[7 * n + j], p[8 * n + j],
    )  # fmt: skip


def _by_constant(rows: list[list[float]]) -> FloatArray:
    """The constants of all coordinates, one constant after another: vector loops read in order."""
    return np.array(rows).T.ravel()


@dataclass(frozen=True, eq=False)
class Independent(Noise):
    """Independent strictly stable coordinates of one index; made by `independent`.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    scale : float or ndarray, shape (dim,)
        sigma_j, length/time^(1/alpha).
    beta : float or ndarray, shape (dim,)
        Skewness, dimensionless.
    """

    name: ClassVar[str] = "independent"
    scale: float | FloatArray
    beta: float | FloatArray = 0.0

    @property
    def dim(self) -> int | None:
        """Dimension, or None with one scale and one skewness for all coordinates."""
        sizes = [np.size(value) for value in (self.scale, self.beta) if np.ndim(value)]
        return int(sizes[0]) if sizes else None

    @property
    def params(self) -> Mapping[str, Any]:
        """Alpha, scale, and beta unless it is 0."""
        params = {"alpha": self.alpha, "scale": self.scale}
        return {**params, "beta": self.beta} if np.any(self.beta) else params

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments of scale epsilon dt^(1/alpha) sigma_j; see `Noise.part`."""
        self.check_dim(dim)
        scale = np.broadcast_to(step_scale(self.alpha, epsilon, dt) * np.asarray(self.scale), dim)
        if np.any(self.beta):
            beta = np.broadcast_to(self.beta, dim)
            rows = [
                [*skewed_constants(self.alpha, float(b)), s]
                for b, s in zip(beta, scale, strict=True)
            ]
            return NoisePart(_skewed_increment, 2.0, dim, _by_constant(rows))
        if has_table(self.alpha):
            p = np.concatenate([quantile_table(self.alpha), scale])
            return NoisePart(_table_increment, 1.0, dim, p)
        p = np.concatenate([stable_constants(self.alpha), scale])
        return NoisePart(_formula_increment, 2.0, dim, p)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps of one coordinate at a time; see `Noise.jumps`."""
        self.check_dim(dim)
        scale = np.broadcast_to(epsilon * np.asarray(self.scale), dim)
        return axis_jumps(self.alpha, scale, self.beta, threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_j |sigma_j u_j|^alpha (1 - i beta_j tan(pi alpha/2) sign u_j)).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        u = self.arguments(u)
        lean = (
            np.asarray(self.beta) * np.tan(0.5 * np.pi * self.alpha) if np.any(self.beta) else 0.0
        )
        exponent = np.abs(self.scale * u) ** self.alpha * (1.0 - 1j * lean * np.sign(u))
        return np.exp(-exponent.sum(axis=1))


def independent(alpha: float, scale: npt.ArrayLike = 1.0, beta: npt.ArrayLike = 0.0) -> Independent:
    """Independent coordinates: E exp(i u.L_1) = exp(-sum_j |sigma_j u_j|^alpha) for beta = 0.

    With skewness, each coordinate is strictly stable:
    E exp(iuL_1) = exp(-|sigma u|^alpha (1 - i beta tan(pi alpha/2) sign u)), and jumps up are
    (1 + beta)/(1 - beta) times as frequent as jumps down. At alpha = 1 no strictly stable law is
    skewed in this form, and beta must be 0.

    Jumps are parallel to the axes. alpha = 2 is Brownian motion with variance 2 sigma_j^2 per unit
    time, alpha = 1 the Cauchy process. Symmetric variates come from a table of the quantile
    function, exact to 2e-8 in probability, for alpha >= 1/2 (except within 0.01 of 1), and from the
    formula of Chambers, Mallows and Stuck elsewhere.

    Parameters
    ----------
    alpha : float
        Stability index, 0.1 <= alpha <= 2, dimensionless.
    scale : float or array, shape (dim,)
        sigma_j, one for all coordinates or one each, length/time^(1/alpha).
    beta : float or array, shape (dim,)
        Skewness, -1 <= beta_j <= 1, dimensionless.

    Returns
    -------
    Independent

    Raises
    ------
    ValueError
        If a parameter is out of range, all scales are zero, or beta is not 0 at alpha = 1.

    References
    ----------
    G. Samorodnitsky, M. S. Taqqu, "Stable Non-Gaussian Random Processes", 1994, definition 1.1.6.

    Examples
    --------
    >>> independent(1.5, scale=[1.0, 0.5]).dim
    2
    """
    alpha = check_alpha(alpha)
    scales, skewness = _numbers("scale", scale), _numbers("beta", beta)
    if (scales < 0.0).any() or not scales.any():
        raise ValueError(f"scale is {scales.tolist()}; give positive numbers")
    if (np.abs(skewness) > 1.0).any():
        raise ValueError(f"beta is {skewness.tolist()}; give a skewness from -1 to 1")
    if alpha == 1.0 and skewness.any():
        raise ValueError(
            f"beta is {skewness.tolist()} at alpha = 1, where a skewed law is not strictly stable "
            "(its scale moves it); give beta = 0 or another alpha"
        )
    if scales.ndim and skewness.ndim and scales.shape != skewness.shape:
        raise ValueError(
            f"scale has {scales.size} numbers and beta {skewness.size}; give one, or as many"
        )
    return Independent(alpha, _number_or_array(scales), _number_or_array(skewness))


def _numbers(name: str, value: npt.ArrayLike) -> FloatArray:
    array = parts.finite_array(name, value)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; give one number, or one per coordinate")
    return array


def _number_or_array(array: FloatArray) -> float | FloatArray:
    return float(array) if array.ndim == 0 else array


@dataclass(frozen=True, eq=False)
class Multifractal(Noise):
    """Independent symmetric stable coordinates, an index each; made by `multifractal`.

    Attributes
    ----------
    alpha : float
        The smallest index, dimensionless.
    alphas : ndarray, shape (dim,)
        Stability indices, dimensionless.
    scales : ndarray, shape (dim,)
        sigma_j, length/time^(1/alpha_j).
    """

    name: ClassVar[str] = "multifractal"
    alphas: FloatArray
    scales: FloatArray

    @property
    def dim(self) -> int | None:
        """Dimension."""
        return len(self.alphas)

    @property
    def params(self) -> Mapping[str, Any]:
        """Indices and scales."""
        return {"alphas": self.alphas, "scales": self.scales}

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments of scale epsilon dt^(1/alpha_j) sigma_j; see `Noise.part`."""
        self.check_dim(dim)
        steps = np.array([step_scale(float(a), epsilon, dt) for a in self.alphas])
        rows = [
            [*stable_constants(float(a)), s]
            for a, s in zip(self.alphas, steps * self.scales, strict=True)
        ]
        return NoisePart(_multifractal_increment, 2.0, dim, _by_constant(rows))

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps of one coordinate at a time, each with its index; see `Noise.jumps`."""
        self.check_dim(dim)
        return axis_jumps(self.alphas, epsilon * self.scales, 0.0, threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_j |sigma_j u_j|^alpha_j).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        exponent = np.abs(self.scales * self.arguments(u)) ** self.alphas
        return np.exp(-exponent.sum(axis=1)).astype(np.complex128)


def multifractal(alphas: npt.ArrayLike, scales: npt.ArrayLike = 1.0) -> Multifractal:
    """Independent coordinates of different index: exp(-sum_j |sigma_j u_j|^alpha_j).

    The noise in coordinate j has amplitude epsilon: its jumps out of a basin have rate
    epsilon^alpha_j nu_j(W), so that the smallest index that can exit rules as epsilon -> 0.

    Parameters
    ----------
    alphas : array, shape (dim,)
        Stability indices, 0.1 <= alpha_j <= 2, dimensionless.
    scales : float or array, shape (dim,)
        sigma_j, length/time^(1/alpha_j).

    Returns
    -------
    Multifractal

    Raises
    ------
    ValueError
        If an index is out of range, a scale is negative or not finite, or all are zero.

    Examples
    --------
    >>> multifractal([1.2, 1.8]).alpha
    1.2
    """
    indices = _numbers("alphas", alphas)
    if indices.ndim == 0:
        raise ValueError(f"alphas is {indices.tolist()}; give one index per coordinate")
    for index in indices:
        check_alpha(float(index))
    given = _numbers("scales", scales)
    if given.ndim and given.shape != indices.shape:
        raise ValueError(f"scales has {given.size} numbers and alphas {indices.size}; give as many")
    sigma = parts.freeze(np.broadcast_to(given, indices.shape))
    if (sigma < 0.0).any() or not sigma.any():
        raise ValueError(f"scales is {sigma.tolist()}; give positive numbers")
    return Multifractal(float(indices.min()), indices, sigma)
