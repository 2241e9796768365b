"""Escape where the noise or the learning rate changes with time: a rate for every time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.theory import arguments
from levysde.theory.measure.jump_laws import has_several_indices, law_at
from levysde.theory.optimizers.amplitude import amplitude_and_step
from levysde.theory.optimizers.walls import why_walls_matter
from levysde.theory.protocols import BasinLike, DynamicsLike, NoiseLike
from levysde.theory.rates import predict

FloatArray = NDArray[np.float64]

_PIECES = 200
_ABSCISSAS, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_SURE = 40.0
"""Exposure after which a path has left: with probability 1 - 4e-18."""
_DOUBLINGS = 60


@dataclass(frozen=True)
class VaryingRate:
    """A rate of escapes that changes with time, P(Gamma > t) = exp(-int_0^t rate(s) ds).

    Parameters
    ----------
    rate : callable
        Escapes per unit time at time t.
    time_scale : float
        A time over which the rate changes, or after which most paths have left.

    Examples
    --------
    >>> law = VaryingRate(lambda t: 2.0 * t, 1.0)
    >>> law.exposure([1.0, 3.0]).round(9).tolist(), round(law.mean(), 6)
    ([1.0, 9.0], 0.886227)
    """

    rate: Callable[[float], float]
    time_scale: float

    def exposure(self, times: ArrayLike) -> FloatArray:
        """Return int_0^t rate(s) ds, the operational time, in which escapes have the rate 1.

        Parameters
        ----------
        times : array_like, any shape
            Times, not negative.

        Returns
        -------
        ndarray, shape of times
            Dimensionless; interpolated between some hundred integrals up to the last of the times.

        Raises
        ------
        ValueError
            If a time is negative or not finite.
        """
        wanted = np.asarray(times, dtype=np.float64)
        if not (np.isfinite(wanted).all() and (wanted >= 0.0).all()):
            raise ValueError("times must be finite and not negative")
        end = float(wanted.max(initial=0.0))
        if end == 0.0:
            return np.zeros(wanted.shape)
        geometric = np.geomspace(1e-6 * end, end, _PIECES)
        # The interpolation is exact at its places: a few times are among them.
        asked = wanted.ravel()[:_PIECES] if wanted.size <= _PIECES else wanted.ravel()[:0]
        edges = np.unique([0.0, *geometric, *np.linspace(0.0, end, _PIECES), *asked])
        pieces = [self._piece(a, b) for a, b in pairwise(edges)]
        from scipy.interpolate import PchipInterpolator

        total = PchipInterpolator(edges, np.concatenate([[0.0], np.cumsum(pieces)]))
        return np.asarray(total(wanted))

    def _piece(self, start: float, end: float) -> float:
        half = 0.5 * (end - start)
        nodes = start + half * (1.0 + _ABSCISSAS)
        return half * float(_WEIGHTS @ [self.rate(float(t)) for t in nodes])

    def survival(self, times: ArrayLike) -> FloatArray:
        """Return P(Gamma > t).

        Parameters
        ----------
        times : array_like, any shape
            Times, not negative.

        Returns
        -------
        ndarray, shape of times
        """
        return np.asarray(np.exp(-self.exposure(times)))

    def mean(self) -> float:
        """Return the mean escape time, int_0^inf P(Gamma > t) dt.

        Returns
        -------
        float
            Time; inf where paths stay for ever with positive probability, as far as 60 doublings
            of the time scale show it.
        """
        return self._tail()[0]

    def trapped(self) -> float:
        """Return the probability that a path never leaves, exp(-int_0^inf rate(s) ds).

        Returns
        -------
        float
            As far as 60 doublings of the time scale show it; 0 below 4e-18.
        """
        return self._tail()[1]

    def _tail(self) -> tuple[float, float]:
        """The mean and the probability of staying, over intervals each twice as long."""
        exposure, mean, start, end = 0.0, 0.0, 0.0, self.time_scale
        for _ in range(_DOUBLINGS):
            edges = np.linspace(start, end, 33)
            for a, b in pairwise(edges):
                middle = 0.5 * (a + b)
                half = exposure + self._piece(a, middle)
                after = half + self._piece(middle, b)
                survival = [math.exp(-each) for each in (exposure, half, after)]
                mean += (b - a) / 6.0 * (survival[0] + 4.0 * survival[1] + survival[2])
                exposure = after
            if exposure > _SURE:
                return float(mean), 0.0
            start, end = end, 2.0 * end
        return math.inf, math.exp(-exposure)


@arguments.checked(basin=arguments.basin, dynamics=arguments.dynamics, noise=arguments.noise)
def varying_rate(
    basin: BasinLike,
    dynamics: DynamicsLike,
    noise: NoiseLike,
    epsilon: float | None = None,
    dt: float | None = None,
    lr: float | None = None,
) -> VaryingRate:
    """Return the small-noise rate of escapes at every time, where noise or steps change with it.

    If noise and schedule change slowly against the relaxation in the basin, escapes at time t have
    the rate of the law held fixed, eps^alpha nu_t(W), with the jumps s(t) G(minimum, t) y: then
    P(Gamma > t) = exp(-eps^alpha int_0^t nu_s(W) ds).

    Parameters
    ----------
    basin, dynamics, noise
        As for `predict`; a dynamics with a ``schedule`` has its ``unscheduled`` steps too, and
        noise that varies ``at(x, t)``.
    epsilon, dt, lr
        As for `predict`.

    Returns
    -------
    VaryingRate

    Raises
    ------
    ValueError
        As `predict`, and where it knows no law.

    Notes
    -----
    Source: I. Pavlyukevich, J. Phys. A 40 (2007) 12299, for amplitudes that fall like a power.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise, schedules
    >>> cooled = noise.scaled(noise.independent(1.5), schedules.inverse_power(1.0, power=0.9))
    >>> law = varying_rate(basins.flat(), dynamics.sgd(), cooled, epsilon=0.1)
    >>> round(law.trapped(), 4)
    0.9646
    """
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    plain = getattr(dynamics, "unscheduled", dynamics)
    factor = getattr(dynamics, "schedule", None) or _one
    minimum = np.asarray(basin.minimum, dtype=np.float64)
    factors = getattr(noise, "factors", None) or _no_factors
    alike = dynamics.clip is None and not has_several_indices(noise)

    def law_rate(amplitudes: FloatArray, t: float) -> float:
        if not amplitudes.any():
            return 0.0
        law: Any = law_at(noise, minimum, t)
        if factor is not _one:
            law = law.transformed(np.full(basin.domain.dim, factor(t)))
        found = predict(basin, plain, law, epsilon, dt=dt)
        if found.rate is None:
            raise ValueError(f"{found.reason}; a rate that changes with time is not known either")
        return found.rate

    known: dict[bytes, float] = {}
    first: list[tuple[float, float]] = []

    def rate(t: float) -> float:
        amplitudes = np.asarray(factors(minimum, t)) * float(factor(t))
        one = float(amplitudes.flat[0])
        if alike and amplitudes.ndim < 2 and (amplitudes == one).all():
            # nu(W) of L times s is s^alpha nu(W): it is asked for once.
            if not first and one > 0.0:
                first.append((one, law_rate(amplitudes, t)))
            return first[0][1] * (one / first[0][0]) ** float(noise.alpha) if one > 0.0 else 0.0
        key = amplitudes.tobytes()
        if key not in known:
            known[key] = law_rate(amplitudes, t)
        return known[key]

    matters = why_walls_matter(dynamics, basin.domain)
    if matters is not None:
        raise ValueError(f"{matters}; compare simulations with and without walls")
    begin = rate(0.0)
    return VaryingRate(rate, 1.0 / begin if begin > 0.0 else 1.0)


def _one(t: float) -> float:
    return 1.0


def _no_factors(x: FloatArray, t: float) -> FloatArray:
    return np.ones(1)
