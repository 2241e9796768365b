"""Escape where the noise or the learning rate changes with time: a rate for every time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde._printed import Printed, short_repr
from levysde._text import Row, number, plain, table
from levysde.theory import arguments
from levysde.theory.cumulated import Cumulated
from levysde.theory.held import Held
from levysde.theory.optimizers.amplitude import amplitude_and_step
from levysde.theory.optimizers.walls import why_walls_matter
from levysde.theory.protocols import BasinLike, DynamicsLike, NoiseLike

FloatArray = NDArray[np.float64]

_SURE = 40.0
"""Exposure after which a path has left: with probability 1 - 4e-18."""
_DOUBLINGS = 60
_LONG, _LONGEST = 200, 800
"""Doublings of the time scale up to which a mean is integrated, the rate cumulated or known so."""
_CLOSE = 1e-4
"""How far from 1, and from the same power ten octaves before, a power is told."""
_NEGLIGIBLE = 1e-16


_SHARES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the time scale, after which the rate is shown."""


@dataclass(frozen=True, repr=False)
class VaryingRate(Printed):
    """A rate of escapes that changes with time, P(Gamma > t) = exp(-int_0^t rate(s) ds).

    Parameters
    ----------
    rate : callable
        Escapes per unit time at time t.
    time_scale : float
        A time over which the rate changes, or after which most paths have left.
    cumulated : callable, optional
        int_0^t rate(s) ds as a function of t where it is known, at t = inf too; otherwise it is
        integrated, with an error of about 1e-10. A pulse that lasts less than about a hundredth
        of the time up to its end may be missed then.
    sampled : callable, optional
        The rate as it is integrated, where `rate` itself takes long.

    Examples
    --------
    >>> law = VaryingRate(lambda t: 2.0 * t, 1.0)
    >>> law.exposure([1.0, 3.0]).round(9).tolist(), round(law.mean(), 6)
    ([1.0, 9.0], 0.886227)
    """

    rate: Callable[[float], float]
    time_scale: float
    cumulated: Callable[[float], float] | None = None
    sampled: Callable[[float], float] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Return the rate after one time scale."""
        rate = number(float(self.rate(self.time_scale)))
        scale = number(self.time_scale)
        return short_repr(self, f"rate={rate} at t={scale}, time_scale={scale}")

    def summary(self) -> str:
        """The rate at some times as text.

        Returns
        -------
        str
        """
        rows: list[tuple[str, ...]] = [("time", "rate")]
        rows += [(number(line["time"]), number(line["rate"])) for line in self._rows()]
        return "Rate of escapes that changes with time\n\n" + table(rows, right=(0, 1))

    def to_dict(self) -> dict[str, Any]:
        """The time scale, and the rate at some times, as values that JSON can hold.

        Returns
        -------
        dict
            With the keys time_scale and rates, a list of dict with the keys time and rate.
        """
        return {"time_scale": plain(self.time_scale), "rates": plain(self._rows())}

    def _rows(self) -> list[Row]:
        times = [share * self.time_scale for share in _SHARES]
        return [{"time": time, "rate": float(self.rate(time))} for time in times]

    def exposure(self, times: ArrayLike) -> FloatArray:
        """Return int_0^t rate(s) ds, the operational time, in which escapes have the rate 1.

        Parameters
        ----------
        times : array_like, any shape
            Times, not negative.

        Returns
        -------
        ndarray, shape of times
            Dimensionless.

        Raises
        ------
        ValueError
            If a time is negative or not finite, or the rate changes too often to be integrated.
        """
        wanted = np.asarray(times, dtype=np.float64)
        if not (np.isfinite(wanted).all() and (wanted >= 0.0).all()):
            raise ValueError("times must be finite and not negative")
        if self.cumulated is not None:
            return self._known(wanted)
        integral = self._integral()
        integral.reach(float(wanted.max(initial=0.0)))
        return integral(wanted)

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

    def trapped(self) -> float:
        """Return the probability that a path never leaves, exp(-int_0^inf rate(s) ds).

        Where the integral is not known, it is that up to 60 doublings of the time scale and a tail:
        that of the power t^-q that the rate has followed over the last twenty of them.

        Returns
        -------
        float
            0 below 4e-18.

        Raises
        ------
        ValueError
            If there is no such power, or one too near to 1 to say whether the integral is finite.
        """
        return math.exp(-self._total[0])

    def mean(self) -> float:
        """Return the mean escape time, int_0^inf P(Gamma > t) dt.

        Returns
        -------
        float
            Time; inf where paths stay for ever with positive probability, or P(Gamma > t) falls
            no faster than 1/t.

        Raises
        ------
        ValueError
            As `trapped`, or if the mean is larger than what 200 doublings of the time scale show.
        """
        total, integral = self._total
        if total < math.inf:
            return math.inf
        integral = integral.copied()

        def survivals(times: FloatArray) -> list[float]:
            known = integral(times) if self.cumulated is None else self._known(times)
            return [math.exp(-exposed) for exposed in known.tolist()]

        def survival(t: float) -> float:
            return survivals(np.array([t]))[0]

        spent, end = Cumulated(survival, together=survivals), self.time_scale
        for _ in range(_LONG if self.cumulated is None else _LONGEST):
            if self.cumulated is None:
                integral.reach(end)
            spent.reach(end)
            left, power = end * survival(end), end * self._quick(end)
            if left < _NEGLIGIBLE * spent.total and power > 1.0:
                return spent.total
            end *= 2.0
        return spent.total + self._spent_later(0.5 * end, left, power)

    def _spent_later(self, end: float, left: float, power: float) -> float:
        """The mean time after the end, P(Gamma > t) going on as t^-p, p = t rate(t)."""
        earlier = end * 0.5**20
        before = earlier * self._quick(earlier)
        if abs(power - before) > _CLOSE or abs(power - 1.0) < _CLOSE:
            raise ValueError(
                f"the mean is not decided by times up to {end:.3g}, where many paths still stay "
                "and P(Gamma > t) follows no power of time; see survival"
            )
        return left / (power - 1.0) if power > 1.0 else math.inf

    def _known(self, times: FloatArray) -> FloatArray:
        assert self.cumulated is not None
        values = [self.cumulated(float(t)) for t in times.ravel()]
        return np.array(values, dtype=np.float64).reshape(times.shape)

    @property
    def _quick(self) -> Callable[[float], float]:
        return self.sampled or self.rate

    def _integral(self) -> Cumulated:
        return Cumulated(self._quick)

    @cached_property
    def _total(self) -> tuple[float, Cumulated]:
        """The integral of the rate over all times, and as far as it was integrated.

        It is inf above 40 where it is not known.
        """
        integral, end = self._integral(), self.time_scale
        if self.cumulated is not None:
            return self.cumulated(math.inf), integral
        for _ in range(_DOUBLINGS):
            integral.reach(end)
            if integral.total > _SURE:
                return math.inf, integral
            end *= 2.0
        return integral.total + self._tail(0.5 * end), integral

    def _tail(self, end: float) -> float:
        """The integral of the rate beyond a time, of a power of time that the rate follows."""
        rates = [self._quick(end * 0.5**back) for back in (0, 10, 20)]
        if not any(rates):
            return 0.0
        if all(rates):
            near, far = (math.log2(rates[i + 1] / rates[i]) / 10.0 for i in (0, 1))
            if abs(near - far) < _CLOSE and abs(near - 1.0) > _CLOSE:
                return math.inf if near < 1.0 else end * rates[0] / (near - 1.0)
        raise ValueError(
            f"whether a path stays for ever is not decided by the rates up to t = {end:.3g}, which "
            "follow no power of time, or one near 1/t; give a schedule that knows its own integral"
        )


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

    If noise and schedule change slowly against the relaxation in the basin, and against the memory
    of averages, escapes at time t have the rate of the law held fixed, eps^alpha nu_t(W), with the
    jumps G(minimum, t) y: then P(Gamma > t) = exp(-eps^alpha int_0^t nu_s(W) ds).

    Steps times s are those of the chain with dt' = s dt and eps' = eps s^(1 - 1/alpha), whose
    averages last as many steps: for SGD that is s^alpha times the rate, and elsewhere another law.

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
        As `predict`, and where it knows no law; or if a schedule changes by more than about a
        quarter within the memory of an average, 1/(1 - b) steps, in the mean over escapes.

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
    matters = why_walls_matter(dynamics, basin.domain)
    if matters is not None:
        raise ValueError(f"{matters}; compare simulations with and without walls")
    held = Held(basin, dynamics, noise, epsilon, dt)
    held.check_memory()
    begin = held.rate(0.0)
    scale = 1.0 / begin if begin > 0.0 else 1.0
    return VaryingRate(held.rate, scale, held.cumulated(), held.sampled)
