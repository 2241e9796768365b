"""The rate of escapes at one time, noise and learning rate held as they are then."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from levysde.theory.measure.jump_laws import has_several_indices, law_at, varies
from levysde.theory.optimizers.motion import motion_of
from levysde.theory.protocols import BasinLike, DynamicsLike, NoiseLike, RuleLike, Vector
from levysde.theory.rates import predict_slowed

_TIMES = (0.0, *np.geomspace(1e-3, 1e6, 19))
"""Where a time is looked for at which there is noise."""
_NODES = 16
_FEW = 32
_LOOKED = (0.0, *np.geomspace(1e-6, 1e6, 241))
_SMALLEST = 10
"""Octaves below 1 after which steps are so small that the rate falls as that of SGD."""
_MOST_CHANGE = 0.25
_MEMORIES = 20.0


@dataclass(eq=False)
class Held:
    """A model whose noise and steps change with time, held fixed at every one.

    Parameters
    ----------
    basin, dynamics, noise
        As for `levysde.theory.predict`.
    epsilon : float
        Noise amplitude.
    dt : float or None
        Time step.
    """

    basin: BasinLike
    dynamics: DynamicsLike
    noise: NoiseLike
    epsilon: float
    dt: float | None
    _known: dict[Any, float] = field(default_factory=dict)
    _first: tuple[Vector, float] | None = None

    def __post_init__(self) -> None:
        self.point = np.asarray(self.basin.minimum, dtype=np.float64)
        self.whole: DynamicsLike = getattr(self.dynamics, "unscheduled", self.dynamics)
        self.schedule: Callable[[float], float] | None = getattr(self.dynamics, "schedule", None)
        several = has_several_indices(self.noise)
        # nu(W) of L times s is s^alpha nu(W): it is asked for once.
        self.alike = self.whole.clip is None and not several
        amplitude = getattr(self.noise, "amplitude", None)
        self.constant = amplitude is None and not varies(self.noise, self.point)

    def rate(self, t: float) -> float:
        """Return the rate of escapes at a time.

        Parameters
        ----------
        t : float
            Time.

        Returns
        -------
        float
            1/time.

        Raises
        ------
        ValueError
            If no law is known.
        """
        return self._rate(t, self._of_share)

    def sampled(self, t: float) -> float:
        """Return the rate at a time, interpolated where every size of steps has its own.

        Parameters
        ----------
        t : float
            Time.

        Returns
        -------
        float
            1/time.
        """
        return self._rate(t, self._between)

    def cumulated(self) -> Callable[[float], float] | None:
        """Return the integral of the rate from 0 to a time, where schedules know theirs.

        Returns
        -------
        callable or None
        """
        if not (self.alike and self._proportional):
            return None
        alpha = float(self.noise.alpha)
        amplitude = getattr(self.noise, "amplitude", None)
        if self.constant:
            changing = self.schedule
        elif self.schedule is None and amplitude is not None:
            changing = amplitude
        else:
            return None
        found = [t for t in _TIMES if self.rate(t) > 0.0]
        if changing is None:
            begin = self.rate(0.0)
            return lambda t: begin * t if begin else 0.0
        own = getattr(changing, "cumulated", None)
        if not found or own is None or own(1.0, alpha) is None:
            return None
        unit = self.rate(found[0]) / changing(found[0]) ** alpha
        return lambda t: unit * float(own(t, alpha))

    def check_memory(self) -> None:
        """Refuse a schedule that is fast against the memory of an average.

        Raises
        ------
        ValueError
            With the memory and the change.
        """
        if self.schedule is None:
            return
        memory = 1.0 / motion_of(self.whole, self.basin.domain.dim, self.dt).rate1
        if memory == 0.0:
            return
        times = np.linspace(0.0, _MEMORIES * memory, 401)
        factors = np.array([self.schedule(float(t)) for t in times])
        later = np.array([self.schedule(float(t + memory)) for t in times])
        largest = np.maximum(factors, later)
        changes = np.abs(later - factors) / np.where(largest > 0.0, largest, 1.0)
        weights = largest ** float(self.noise.alpha)
        change = float(weights @ changes / weights.sum()) if weights.any() else 0.0
        if change > _MOST_CHANGE:
            raise ValueError(
                f"no rate is known: the average of {self.whole.name} lasts a time of {memory:.4g}, "
                f"in which the schedule changes by {100.0 * change:.0f} percent; simulate, or give "
                "a slower schedule"
            )

    # ------------------------------------------------------------------ what is asked of predict

    def _rate(self, t: float, of_share: Callable[[float, Vector, float], float]) -> float:
        share = 1.0 if self.schedule is None else float(self.schedule(t))
        factors = self._factors(t)
        if share == 0.0 or not factors.any():
            return 0.0
        one = float(factors.flat[0])
        if self.alike and factors.ndim < 2 and (factors == one).all():
            first, at = self._reference(t)
            return float(of_share(share, first, at) * (one / float(first.flat[0])) ** self._alpha)
        return of_share(share, factors, t)

    @property
    def _alpha(self) -> float:
        return float(self.noise.alpha)

    def _factors(self, t: float) -> Vector:
        own = getattr(self.noise, "factors", None)
        return np.ones(1) if own is None else np.asarray(own(self.point, t))

    def _reference(self, t: float) -> tuple[Vector, float]:
        """The first time that was asked for at which there is noise, and its factors."""
        if self._first is None:
            self._first = self._factors(t), t
        return self._first

    def _of_share(self, share: float, factors: Vector, t: float) -> float:
        if self._proportional:
            return float(share**self._alpha * self._asked(1.0, factors, t))
        return self._asked(share, factors, t)

    def _between(self, share: float, factors: Vector, t: float) -> float:
        """Between Chebyshev's points of an octave of s, in logarithms; exact with few steps."""
        if self._proportional or self._has_few_shares:
            return self._of_share(share, factors, t)
        place = math.log2(share)
        if place < -_SMALLEST:
            edge = 2.0**-_SMALLEST
            return float((share / edge) ** self._alpha * self._between(edge, factors, t))
        octave = math.floor(place)
        angles = math.pi * np.arange(_NODES + 1) / _NODES
        nodes = octave + 0.5 - 0.5 * np.cos(angles)
        rates = np.array([self._asked(2.0**node, factors, t) for node in nodes])
        if not (rates > 0.0).all():
            return self._asked(share, factors, t)
        near = place - nodes
        if (near == 0.0).any():
            return float(rates[near == 0.0][0])
        # The barycentric formula: Berrut & Trefethen, SIAM Rev. 46 (2004) 501, eq. 5.4.
        weights = (-1.0) ** np.arange(_NODES + 1) / near
        weights[[0, -1]] *= 0.5
        return float(np.exp(weights @ np.log(rates) / weights.sum()))

    @property
    def _proportional(self) -> bool:
        """Whether steps times s have s^alpha times the rate: those of SGD, with one index."""
        if "proportional" not in self._known:
            rule = self.whole.rule
            plain = rule is not None and _plain(rule) and self.alike
            self._known["proportional"] = plain and self._stepless()
        return bool(self._known["proportional"])

    @property
    def _has_few_shares(self) -> bool:
        """Whether the schedule has a few values only, as steps have."""
        if "few" not in self._known:
            schedule = self.schedule or (lambda t: 1.0)
            self._known["few"] = len({schedule(t) for t in _LOOKED}) <= _FEW
        return bool(self._known["few"])

    def _stepless(self) -> bool:
        """Whether the time step does not matter: the domain is not left by the flow."""
        if self.dt is None or self.schedule is None:
            return True
        t = next((t for t in _TIMES if self._factors(t).any()), 0.0)
        factors = self._factors(t)
        if not factors.any():
            return True
        asked = [self._asked(share, factors, t) for share in (1.0, 0.25)]
        return math.isclose(asked[1], 0.25**self._alpha * asked[0], rel_tol=1e-12)

    def _asked(self, share: float, factors: Vector, t: float) -> float:
        key = (share, factors.tobytes())
        if key not in self._known:
            self._known[key] = self._predicted(share, t)
        return float(self._known[key])

    def _predicted(self, share: float, t: float) -> float:
        law: Any = law_at(self.noise, self.point, t)
        if has_several_indices(law) and share != 1.0:
            indices = np.asarray(law.alphas)
            if np.ndim(law.vectors) > 1:
                raise ValueError(
                    f"no rate is known for steps that change with time and {law.name} noise of "
                    "several indices along other lines than the axes"
                )
            law = law.transformed(share ** (1.0 - 1.0 / indices))
        found = predict_slowed(self.basin, self.whole, law, self.epsilon, self.dt, share)
        if found.rate is None:
            raise ValueError(f"{found.reason}; a rate that changes with time is not known either")
        return share * found.rate


def _plain(rule: RuleLike) -> bool:
    return rule.plain and not rule.weight_decay
