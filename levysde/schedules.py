"""Schedules: a factor of time, for learning rates and for amplitudes of the noise.

================ ================================================================
name             factor s(t), with length T and final value f
================ ================================================================
`constant`       1
`step`           factor^floor(t/T)
`cosine`         f + (1 - f) (1 + cos(pi min(t/T, 1)))/2
`linear`         1 - (1 - f) min(t/T, 1)
`warmup`         f + (1 - f) min(t/T, 1), with the value f at the start
`inverse_power`  (1 + t/T)^(-power)
================ ================================================================

Time is that of the SDE, in which a step lasts dt, the learning rate of an optimizer.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.engine.random.elementary import exp2, log2, sin_pi

__all__ = ["Schedule", "constant", "cosine", "inverse_power", "linear", "step", "warmup"]

_TRIED = (0.0, 1e-3, 0.7, 13.0, 1e4)  # times at which a function of the user is tried


@dataclass(frozen=True, eq=False)
class Schedule:
    """A factor s(t) >= 0 of time.

    Attributes
    ----------
    function : callable
        `schedule(t, p) -> float`, a plain function that is compiled for the simulation.
    params : mapping of str to float or array
        Named parameters. They reach the function as the flat array `p`, in the order given.
    name : str
        For tables and files.
    integral : callable, optional
        `integral(t, power, p) -> float`, int_0^t s(u)^power du where it is known, at t = inf too.
        The theory uses it in place of quadrature.

    Raises
    ------
    ValueError
        If the function is none, or does not return a number that is finite and not negative.

    Examples
    --------
    >>> def halving(t, p):
    ...     return 0.5 ** (t / p[0])
    >>> Schedule(halving, {"length": 10.0})(20.0)
    0.25
    """

    function: PlainFunction
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    name: str = "schedule"
    integral: Callable[[float, float, FloatArray], float] | None = None
    p: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checks.plain_function("function", self.function)
        params = checks.frozen_parameters(self.params)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", checks.flat(params))
        for time in _TRIED:
            self(time)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {"function": self.function, "params": dict(self.params), "name": self.name}
        return checks.rebuild, (type(self), {**given, "integral": self.integral})

    def __call__(self, t: float) -> float:
        """The factor at a time t >= 0.

        Parameters
        ----------
        t : float
            Time.

        Returns
        -------
        float
            Dimensionless.

        Raises
        ------
        ValueError
            If t is negative, the function fails, or its answer is not finite or negative.
        """
        if not t >= 0.0:
            raise ValueError(f"t is {t:g}; give a time that is not negative")
        try:
            found = float(self.function(t, np.array(self.p)))
        except Exception as error:
            raise ValueError(
                f"the schedule {self.name!r} failed at t = {t:g}: {type(error).__name__}: {error}"
            ) from error
        if not (math.isfinite(found) and found >= 0.0):
            raise ValueError(
                f"the schedule {self.name!r} is {found:g} at t = {t:g}; give a function whose "
                "values are finite and not negative"
            )
        return found

    def cumulated(self, t: float, power: float = 1.0) -> float | None:
        """The integral of a power of the factor from 0 on, int_0^t s(u)^power du.

        Parameters
        ----------
        t : float
            Time; inf for all of it.
        power : float
            Positive, dimensionless.

        Returns
        -------
        float or None
            Time; None where the schedule does not know it.

        Examples
        --------
        >>> step(10.0, factor=0.5).cumulated(float("inf"), power=2.0)
        13.333333333333334
        """
        return None if self.integral is None else float(self.integral(t, power, self.p))


def _constant(t: float, p: FloatArray) -> float:
    return 1.0


def _step(t: float, p: FloatArray) -> float:
    found, square, left = 1.0, float(p[1]), min(np.floor(t / float(p[0])), 2.0**53)
    while left > 0.0:
        half = np.floor(0.5 * left)
        found *= square if left > 2.0 * half else 1.0
        square, left = square * square, half
    return found


def _cosine(t: float, p: FloatArray) -> float:
    sine = sin_pi(0.5 * (1.0 - min(t / p[0], 1.0)))
    return float(p[1] + (1.0 - p[1]) * sine * sine)


def _linear(t: float, p: FloatArray) -> float:
    return float(1.0 - (1.0 - p[1]) * min(t / p[0], 1.0))


def _warmup(t: float, p: FloatArray) -> float:
    return float(p[1] + (1.0 - p[1]) * min(t / p[0], 1.0))


def _inverse_power(t: float, p: FloatArray) -> float:
    grown = 1.0 + t / float(p[0])
    return float(exp2(max(-p[1] * log2(grown), -1022.0))) if grown < np.inf else 0.0


def _constant_integral(t: float, power: float, p: FloatArray) -> float:
    return t


def _step_integral(t: float, power: float, p: FloatArray) -> float:
    length, share = float(p[0]), float(p[1]) ** power
    if t == math.inf:
        return length / (1.0 - share) if share < 1.0 else math.inf
    drops = float(np.floor(t / length))
    if share == 1.0:
        return t
    if drops * math.log(share) > 700.0:  # beyond the largest number
        return math.inf
    whole: float = length * (1.0 - share**drops) / (1.0 - share)
    return whole + (t - drops * length) * float(share**drops)


def _ramp_integral(t: float, power: float, p: FloatArray, first: float, last: float) -> float:
    """Of a straight line from the first to the last value, which stays."""
    length = float(p[0])
    ramp, rest = min(t, length), max(t - length, 0.0)
    constant: float = rest * last**power if last > 0.0 and rest > 0.0 else 0.0
    if first == last:
        return ramp * float(first**power) + constant
    slope = (last - first) / length
    here = max(first + slope * ramp, 0.0)
    return float(here ** (power + 1.0) - first ** (power + 1.0)) / slope / (power + 1.0) + constant


def _linear_integral(t: float, power: float, p: FloatArray) -> float:
    return _ramp_integral(t, power, p, 1.0, float(p[1]))


def _warmup_integral(t: float, power: float, p: FloatArray) -> float:
    return _ramp_integral(t, power, p, float(p[1]), 1.0)


def _cosine_integral(t: float, power: float, p: FloatArray) -> float:
    from scipy.integrate import quad
    from scipy.special import beta, betainc

    length, final = float(p[0]), float(p[1])
    ramp, rest = min(t, length), max(t - length, 0.0)
    if final == 0.0:  # s = cos^2(pi t/(2 length)): an incomplete beta function
        sine = math.sin(0.5 * math.pi * ramp / length) ** 2
        share = betainc(0.5, power + 0.5, min(sine, 1.0))
        return float(length / math.pi * beta(0.5, power + 0.5) * share)
    found = quad(lambda u: _cosine(u, p) ** power, 0.0, ramp, epsabs=0.0, epsrel=1e-12)[0]
    return float(found) + (rest * final**power if rest > 0.0 else 0.0)


def _inverse_power_integral(t: float, power: float, p: FloatArray) -> float:
    length, fall = float(p[0]), float(p[1]) * power
    if t == math.inf:
        return length / (fall - 1.0) if fall > 1.0 else math.inf
    octaves = math.log1p(t / length)
    return length * (octaves if fall == 1.0 else math.expm1((1.0 - fall) * octaves) / (1.0 - fall))


def constant() -> Schedule:
    """s(t) = 1.

    Returns
    -------
    Schedule

    Examples
    --------
    >>> constant()(5.0)
    1.0
    """
    return Schedule(_constant, name="constant", integral=_constant_integral)


def step(length: float, factor: float = 0.1) -> Schedule:
    """s(t) = factor^floor(t/length).

    Parameters
    ----------
    length : float
        Time between two drops, positive.
    factor : float
        What remains after each, positive, dimensionless.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> step(10.0, factor=0.5)(25.0)
    0.25
    """
    numbers = {"length": checks.finite_number("length", length)}
    numbers["factor"] = checks.finite_number("factor", factor)
    return Schedule(_step, numbers, "step", integral=_step_integral)


def cosine(length: float, final: float = 0.0) -> Schedule:
    """s(t) = f + (1 - f) (1 + cos(pi min(t/length, 1)))/2.

    Parameters
    ----------
    length : float
        Time until the final value, positive.
    final : float
        f, not negative, dimensionless.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    eq. 5, without restarts.

    Examples
    --------
    >>> round(cosine(10.0)(5.0), 12)
    0.5
    """
    return Schedule(_cosine, _numbers(length, "final", final), "cosine", integral=_cosine_integral)


def linear(length: float, final: float = 0.0) -> Schedule:
    """s(t) = 1 - (1 - f) min(t/length, 1).

    Parameters
    ----------
    length : float
        Time until the final value, positive.
    final : float
        f, not negative, dimensionless.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> linear(10.0, final=0.5)(5.0), linear(10.0, final=0.5)(50.0)
    (0.75, 0.5)
    """
    return Schedule(_linear, _numbers(length, "final", final), "linear", integral=_linear_integral)


def warmup(length: float, initial: float = 0.0) -> Schedule:
    """s(t) = f + (1 - f) min(t/length, 1): from f up to 1.

    Parameters
    ----------
    length : float
        Time until 1, positive.
    initial : float
        f, not negative, dimensionless.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> warmup(10.0)(5.0), warmup(10.0)(50.0)
    (0.5, 1.0)
    """
    return Schedule(
        _warmup, _numbers(length, "initial", initial), "warmup", integral=_warmup_integral
    )


def inverse_power(length: float, power: float = 1.0) -> Schedule:
    """s(t) = (1 + t/length)^(-power).

    Noise that cools so, with power theta, traps a path in a basin forever with positive
    probability if theta alpha > 1, since the rate of escapes falls as s(t)^alpha.

    Parameters
    ----------
    length : float
        Time after which it falls, positive.
    power : float
        theta, positive, dimensionless.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    I. Pavlyukevich, "Cooling down Levy flights", J. Phys. A 40 (2007) 12299.

    Examples
    --------
    >>> inverse_power(10.0, power=2.0)(10.0)
    0.25
    """
    numbers = {"length": checks.finite_number("length", length)}
    numbers["power"] = checks.finite_number("power", power)
    return Schedule(_inverse_power, numbers, "inverse_power", integral=_inverse_power_integral)


def _numbers(length: float, name: str, value: float) -> dict[str, float]:
    end = checks.finite_number(name, value, positive=False)
    if end < 0.0:
        raise ValueError(f"the {name} value is {end:g}; give a number that is not negative")
    return {"length": checks.finite_number("length", length), name: end}
