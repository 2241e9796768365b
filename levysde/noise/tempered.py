"""Stable jumps whose large ones are made rare: the tempered stable law."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.jump_parts import levy_constant
from levysde.engine.program import NoisePart
from levysde.engine.random.inversion import inverted_table
from levysde.engine.random.quantile import MIN_ALPHA, has_table
from levysde.noise.columns import table_increment
from levysde.noise.law import Noise

_KEPT_TABLES = 32


@dataclass(frozen=True, eq=False)
class Tempered(Noise):
    """Independent tempered stable coordinates; made by `tempered`.

    Attributes
    ----------
    alpha : float
        Stability index of the small jumps, dimensionless.
    length : float
        Jumps longer than about epsilon scale length are rare; length/scale, dimensionless.
    scale : float or ndarray, shape (dim,)
        sigma_j, length/time^(1/alpha).
    """

    name: ClassVar[str] = "tempered"
    exponent: ClassVar[str] = (
        "exp(-sum_j psi(scale_j u_j)), psi(u) = (Re (1/length + iu)^alpha - length^-alpha)"
        "/cos(pi alpha/2)"
    )
    length: float
    scale: float | FloatArray

    @property
    def self_similar(self) -> bool:
        """No: long steps are lighter-tailed than short ones."""
        return False

    @property
    def dim(self) -> int | None:
        """Number of scales; None with one for all coordinates."""
        return len(self.scale) if isinstance(self.scale, np.ndarray) else None

    @property
    def params(self) -> Mapping[str, Any]:
        """Those of `tempered`."""
        return {"alpha": self.alpha, "length": self.length, "scale": self.scale}

    @property
    def why_no_measure(self) -> str:
        """That the rate is no power of epsilon; see `Noise.why_no_measure`."""
        return "whose rate no power of epsilon gives; ask law.jump_rate(distance, epsilon)"

    def transformed(self, matrix: FloatArray) -> "Tempered":
        """Other scales; a matrix that mixes coordinates makes no such law."""
        if matrix.ndim == 2:
            raise self._unmixed()
        return Tempered(self.alpha, self.length, np.asarray(self.scale) * matrix)

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """One variate a coordinate from the table of a step dt; see `Noise.part`."""
        self.check_dim(dim)
        scale = epsilon * np.broadcast_to(self.scale, dim)
        p = np.concatenate([_table(self.alpha, self.length, dt), scale])
        return NoisePart(increment=table_increment, words=1.0, drivers=dim, p=p)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_j psi(sigma_j u_j)); see `tempered`."""
        arguments = np.abs(self.arguments(u) * self.scale)
        psi = _exponent(self.alpha, self.length, arguments)[0]
        return np.asarray(np.exp(-psi.sum(axis=1)), dtype=np.complex128)

    def jump_rate(self, distance: float, epsilon: float) -> float:
        """Jumps of one coordinate, up and down, that are longer than a distance.

        The small-noise rate of exits from (-distance, distance). It is no power of epsilon: with

            rate = 2 c_alpha r^-alpha int_1^inf w^(-1-alpha) exp(-w r/length) dw,
            r = distance/(epsilon scale),

        it falls exponentially once r passes the length of the law.

        Parameters
        ----------
        distance : float
            Length, positive.
        epsilon : float
            Noise amplitude, dimensionless.

        Returns
        -------
        float
            1/time; for the largest scale.

        Raises
        ------
        ValueError
            If a number is not positive.

        Examples
        --------
        >>> law = tempered(1.5, length=1e9)
        >>> round(law.jump_rate(1.0, epsilon=0.01), 9)  # without tempering 2 c/alpha epsilon^1.5
        0.000398942
        """
        distance = checks.finite_number("distance", distance)
        epsilon = checks.finite_number("epsilon", epsilon)
        r = np.array([distance / (epsilon * float(np.max(self.scale)))])
        log_tail = float(_log_tail(self.alpha, self.length, r)[0][0])
        return 2.0 * levy_constant(self.alpha) * math.exp(log_tail)


def tempered(alpha: float, length: float, scale: npt.ArrayLike = 1.0) -> Tempered:
    """Independent sigma_j Y_j, Y_j of Levy density c_alpha |y|^(-1 - alpha) exp(-|y|/length).

    The law whose small jumps are those of the symmetric stable law of scale 1 and whose large ones
    have exponential tails: E exp(iu.L_1) = exp(-sum_j psi(sigma_j u_j)) with

        psi(u) = (Re (1/length + iu)^alpha - length^-alpha)/cos(pi alpha/2),

    and psi(u) = (2/pi)(u atan(length u) - ln(1 + (length u)^2)/(2 length)) at alpha = 1. Over times
    much shorter than length^alpha it looks stable, over much longer ones Gaussian, of variance
    alpha |1 - alpha| length^(2 - alpha)/|cos(pi alpha/2)| sigma^2 per unit time: a step dt is no
    rescaled step of 1, and a rate is no power of epsilon (see `Tempered.jump_rate`). A jump of the
    noise in x is tempered at epsilon sigma length.

    Increments come from a table of the quantile function made for alpha, length and dt from the
    characteristic function, exact to 2e-8 in probability.

    Parameters
    ----------
    alpha : float
        Stability index, 1/2 <= alpha < 2, not within 0.01 of 1 except 1 itself, dimensionless.
    length : float
        Of the tempering, positive, time^(1/alpha).
    scale : float or array, shape (dim,)
        sigma_j, one for all coordinates or one each, length/time^(1/alpha).

    Returns
    -------
    Tempered

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    I. Koponen, "Analytic approach to the problem of convergence of truncated Levy flights towards
    the Gaussian stochastic process", Phys. Rev. E 52 (1995) 1197, equation 5; J. Rosinski,
    "Tempering stable processes", Stoch. Proc. Appl. 117 (2007) 677.

    Examples
    --------
    >>> law = tempered(1.5, length=3.0, scale=[1.0, 0.5])
    >>> law.dim, float(law.characteristic([[1.0, 0.0]])[0].real.round(6))
    (2, 0.482627)
    """
    alpha = checks.finite_number("alpha", alpha)
    if not MIN_ALPHA <= alpha < 2.0 or not has_table(alpha):
        raise ValueError(
            f"alpha is {alpha:g}; give a number from {MIN_ALPHA} to 2, less than 2 and not within "
            "0.01 of 1 except 1"
        )
    length = checks.finite_number("length", length)
    array = checks.finite_array("scale", scale)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"scale has shape {array.shape}; give one number, or one per coordinate")
    if (array < 0.0).any() or not array.any():
        raise ValueError(f"scale is {array.tolist()}; give positive numbers")
    return Tempered(alpha, length, float(array) if array.ndim == 0 else array)


# -------------------------------------------------------------------------------- one coordinate


def _exponent(alpha: float, length: float, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Psi and psi' at u >= 0, without the cancellation of powers where length u is small."""
    z = length * u
    angle = np.arctan(z)
    if alpha == 1.0:
        return 2.0 / np.pi * (u * angle - 0.5 * np.log1p(z * z) / length), 2.0 / np.pi * angle
    log_size = 0.5 * np.log1p(z * z)
    sine = np.sin(0.5 * alpha * angle)
    # Re (1 + iz)^alpha - 1 = (|1 + iz|^alpha - 1) cos(alpha angle) - 2 sin^2(alpha angle/2).
    excess = np.expm1(alpha * log_size) * np.cos(alpha * angle) - 2.0 * sine * sine
    change = alpha * np.exp((alpha - 1.0) * log_size) * np.sin((1.0 - alpha) * angle)
    cosine = math.cos(0.5 * math.pi * alpha)
    return excess * length**-alpha / cosine, change * length ** (1.0 - alpha) / cosine


def _log_tail(alpha: float, length: float, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log int_x^inf y^(-1-alpha) exp(-y/length) dy, and its derivative with respect to log x."""
    t = np.arange(-4.0, 4.0, 1.0 / 32.0)
    s = np.exp(0.5 * np.pi * np.sinh(t))  # y = x (1 + s): exp-sinh quadrature
    weights = 0.5 * np.pi * np.cosh(t) * s / 32.0 * (1.0 + s) ** (-1.0 - alpha)
    ratio = (x / length)[:, None]
    integral = (weights * np.exp(-np.minimum(ratio * s, 700.0))).sum(axis=1)
    log = -alpha * np.log(x) - x / length + np.log(integral)
    return log, -1.0 / integral  # x times the density x^(-1-alpha) e^(-x/length), over the tail


@functools.lru_cache(maxsize=_KEPT_TABLES)
def _table(alpha: float, length: float, dt: float) -> FloatArray:
    """The quantiles of the size of an increment over dt, for scale 1."""

    def exponent(u: FloatArray) -> tuple[FloatArray, FloatArray]:
        psi, change = _exponent(alpha, length, u)
        return dt * psi, dt * change

    size = 1.0
    while not 0.5 <= (found := float(exponent(np.array([1.0 / size]))[0][0])) <= 8.0:
        size *= 1.5 if found > 1.0 else 0.6
    return inverted_table(exponent, size, lambda x: _log_tail(alpha, length, x))
