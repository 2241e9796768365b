"""Truncated stable steps: a stable law without what is longer than some length."""

import functools
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.fixed_numbers import LN_2
from levysde.engine.random.elementary import log2
from levysde.noise.known_step import KnownStep

_NODES = 2049
_SMALLEST_ALPHA = 0.2
_SEARCHED = np.concatenate([[0.0], np.geomspace(1e-12, 1.0, 2000)])
_NEWTON_STEPS = 3
_KEPT_TABLES = 32


def _truncated_draw(u1: float, u2: float, p: FloatArray) -> float:
    """The |x| of the share |2 u1 - 1| of the truncated law, by cubic Hermite interpolation.

    p: log2 of the share of the stable law that is cut off, then values and slopes of |x| at nodes
    equally far apart in the logarithm of the stable law's P(|X| > x).
    """
    nodes = (len(p) - 1) // 2
    share = abs(2.0 * u1 - 1.0)
    place = log2(1.0 - share * (1.0 - 2.0 ** p[0])) / p[0] * (nodes - 1)
    k = min(max(int(place), 0), nodes - 2)
    w = place - k
    v = 1.0 - w
    start, end = p[1 + k], p[2 + k]
    left, right = p[1 + nodes + k], p[2 + nodes + k]
    x = v * v * ((1.0 + 2.0 * w) * start + w * left) + w * w * ((3.0 - 2.0 * w) * end - v * right)
    return float(x if u1 < 0.5 else -x)


class Truncated(KnownStep):
    """Steps of a truncated stable law; made by `truncated`.

    Attributes
    ----------
    index : float
        Stability index of what is cut, dimensionless.
    length : float
        Of the longest step, over epsilon dt^(1/2) scale.
    scale : float or ndarray, shape (dim,)
        s_j, length/time^(1/2).
    alpha : float
        2: sums of steps tend to a Gaussian variable.
    """

    exponent: ClassVar[str] = "int cos(ux) f(x) dx/int f(x) dx over |x| < length"

    @property
    def index(self) -> float:
        """Stability index of what is cut, dimensionless."""
        return float(self.parameters["alpha"])

    @property
    def length(self) -> float:
        """Of the longest step."""
        return float(self.parameters["length"])

    @property
    def params(self) -> dict[str, float | FloatArray]:
        """Those of `truncated`."""
        return {"alpha": self.index, "length": self.length, "scale": self.scale}

    def __reduce__(self) -> tuple[object, ...]:
        return truncated, (self.index, self.length, self.scale)

    def step_density(self, x: FloatArray) -> FloatArray:
        """f(x)/(1 - 2 P(L > length)) for |x| < length, f the density of the stable law."""
        from levysde.theory import stable_density

        within = np.abs(x) < self.length
        return np.where(within, stable_density(x, self.index) / (1.0 - self._cut), 0.0)

    def step_tail(self, x: FloatArray) -> FloatArray:
        """P(X > x) = (P(L > x) - P(L > length))/(1 - 2 P(L > length))."""
        from levysde.theory import stable_tail

        inside = np.clip(x, -self.length, self.length)
        return np.asarray((stable_tail(inside, self.index) - 0.5 * self._cut) / (1.0 - self._cut))

    @property
    def _cut(self) -> float:
        return float(_two_sided_tail(np.array([self.length]), self.index)[0])

    @property
    def variance(self) -> float:
        """Of X, the integral of 2 x P(|X| > x) over (0, length)."""
        nodes, weights = np.polynomial.legendre.leggauss(64)
        edges = np.concatenate([[0.0], np.geomspace(min(0.1, 0.5 * self.length), self.length, 40)])
        middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        x = middle[:, None] + half[:, None] * nodes
        outside = 2.0 * self.step_tail(x.ravel()).reshape(x.shape)
        return float((2.0 * x * outside * weights * half[:, None]).sum())


def truncated(alpha: float, length: float, scale: npt.ArrayLike = 1.0) -> Truncated:
    """Steps epsilon dt^(1/2) s_j X_j, X_j stable and no longer than a length.

    The truncated Levy flight: the density of the symmetric stable law of scale 1 where
    |x| < length, over its integral there, and 0 elsewhere. Up to the length it looks stable, and it
    has a finite variance (`Truncated.variance`). It is a law of one step and of no process in
    continuous time: as dt -> 0 sums of steps become Gaussian, as of every law with a variance, and
    so a step scales as dt^(1/2). With a learning rate a step is lr s X. For a process whose long
    jumps are rare see `tempered`.

    Variates come from a table of the quantile function, exact to 1e-8 relative.

    Parameters
    ----------
    alpha : float
        Stability index in [0.2, 2), dimensionless.
    length : float
        Longest |X|, dimensionless.
    scale : float or array, shape (dim,)
        s_j, one for all coordinates or one each, length/time^(1/2).

    Returns
    -------
    Truncated

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    R. N. Mantegna, H. E. Stanley, "Stochastic process with ultraslow convergence to a Gaussian: the
    truncated Levy flight", Phys. Rev. Lett. 73 (1994) 2946, equation 2.

    Examples
    --------
    >>> law = truncated(1.0, length=3.0)
    >>> law.dim, round(law.variance, 6)  # Cauchy's: 3/arctan(3) - 1
    (None, 1.401834)
    """
    alpha = checks.finite_number("alpha", alpha)
    if not _SMALLEST_ALPHA <= alpha < 2.0:
        raise ValueError(
            f"alpha is {alpha:g}; give a stability index from {_SMALLEST_ALPHA} to 2, less than 2"
        )
    length = checks.finite_number("length", length)
    cut = float(_two_sided_tail(np.array([length]), alpha)[0])
    if not 1e-15 < cut < 1.0 - 1e-6:
        raise ValueError(
            f"length is {length:g}, beyond which the stable law has the share {cut:.3g}; give one "
            "that cuts between 1e-15 and all but 1e-6 of it"
        )
    table = np.array(_table(alpha, length))
    given: dict[str, npt.ArrayLike] = {"alpha": alpha, "length": length, "table": table}
    return Truncated(_table_draw, given, 2.0, scale=scale, name="truncated")


def _table_draw(u1: float, u2: float, p: FloatArray) -> float:
    """The table comes behind alpha and the length."""
    return _truncated_draw(u1, u2, p[2:])


def _two_sided_tail(x: FloatArray, alpha: float) -> FloatArray:
    from levysde.theory import stable_tail

    return np.asarray(2.0 * stable_tail(x, alpha))


@functools.lru_cache(maxsize=_KEPT_TABLES)
def _table(alpha: float, length: float) -> tuple[float, ...]:
    """For `_truncated_draw`: |x| at nodes, by Newton's method from an interpolation."""
    from levysde.theory import stable_density

    searched = length * _SEARCHED
    log_tail = np.log2(_two_sided_tail(searched, alpha))
    lowest = float(log_tail[-1])
    nodes = np.linspace(0.0, lowest, _NODES)
    x = np.interp(-nodes, -log_tail, searched)
    for _ in range(_NEWTON_STEPS):
        # In the logarithm of the tail, whose slope is of one size everywhere.
        tail = _two_sided_tail(x, alpha)
        x += (np.log2(tail) - nodes) * LN_2 * tail / (2.0 * stable_density(x, alpha))
        x = np.clip(x, 0.0, length)
    tail = _two_sided_tail(x, alpha)
    slopes = -LN_2 * tail / (2.0 * stable_density(x, alpha)) * lowest / (_NODES - 1)
    return (lowest, *x.tolist(), *slopes.tolist())
