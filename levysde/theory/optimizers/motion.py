"""The numbers of one step of an optimizer, read from its attributes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory.numbers import checked_positive
from levysde.theory.protocols import DynamicsLike, RuleLike, Vector


@dataclass(frozen=True, eq=False)
class Motion:
    """One step of an optimizer, coordinate by coordinate.

    m <- b1 m + (1 - b1) gain h, v <- b2 v + (1 - b2) (h^2 + s^2), x <- x - dt m/(sqrt(v) + eps),
    h the gradient, with the noise in it if ``through_gradient``; otherwise the jump y of the
    driver moves x by y/(sqrt(v) + eps) at once. The corrections of the averages for their start
    from 0 have died out when the jump comes.

    Parameters
    ----------
    name : str
        The dynamics, for messages.
    root : ndarray, shape (dim,)
        sqrt(v) if it is frozen, otherwise the standard deviation s of the noise that feeds v.
    through_gradient : bool
        Whether the noise is part of the gradient (algorithm form) or moves x (sde form).
    gain : float
        m at a constant gradient of 1, dimensionless; not 1 for the heavy ball.
    b1 : float or None
        Factor of m per step, 0 without averaging; None where only the rate is known.
    rate1 : float
        Relaxation rate of m, 1/time; ``inf`` without averaging.
    b2 : float or None
        Factor of v per step; None where v is constant or only the rate is known.
    rate2 : float
        Relaxation rate of v, 1/time; ``inf`` where it is constant or has no memory.
    second_moment : str
        ``"frozen"``, ``"noisy"`` or ``"gradient"``; SGD and momentum have v = 1 frozen.
    eps : float
        Added to sqrt(v).
    weight_decay : float
        lambda, 1/time.
    decay_form : str
        ``"none"``, ``"l2"`` (in the gradient), ``"decoupled"`` or ``"proximal"``.
    clip : float or None
        Largest displacement of one step, units of the state.
    dt : float or None
        Time step; None for the limit of continuous time.
    plain : bool
        Whether this is SGD: neither averages nor a division.
    """

    name: str
    root: Vector
    through_gradient: bool = False
    gain: float = 1.0
    b1: float | None = 0.0
    rate1: float = math.inf
    b2: float | None = None
    rate2: float = math.inf
    second_moment: str = "frozen"
    eps: float = 0.0
    weight_decay: float = 0.0
    decay_form: str = "none"
    clip: float | None = None
    dt: float | None = None
    plain: bool = True

    @property
    def memoryless(self) -> bool:
        """Whether a gradient acts in its own step only, v apart."""
        return self.b1 == 0.0

    @property
    def live(self) -> bool:
        """Whether v follows the gradient."""
        return self.second_moment != "frozen"

    @property
    def coupled(self) -> bool:
        """Whether a jump enters v, by which it is divided."""
        return self.through_gradient and self.second_moment == "gradient"

    @property
    def l2(self) -> float:
        """Weight decay that is part of the gradient, 1/time."""
        return self.weight_decay if self.decay_form == "l2" else 0.0

    @property
    def shrinkage(self) -> float:
        """Weight decay that is not part of the gradient, 1/time."""
        return self.weight_decay - self.l2

    def per_step(self) -> tuple[float, float]:
        """Return dt and b1.

        Returns
        -------
        (float, float)
            Time step, and factor of m per step.

        Raises
        ------
        ValueError
            If the time step is not known.
        """
        if self.dt is None or self.b1 is None:
            raise ValueError(
                f"the prediction for {self.name} needs the time step: its motion after a jump is "
                "followed step by step; give dt"
            )
        return self.dt, self.b1

    def slowed(self, share: float) -> Motion:
        """Return the motion whose steps are a share of these, in the time that they make up.

        x <- x - s dt m/Q with the averages of whole steps is a step of s dt whose averages keep as
        much of themselves in one step; what is a rate per unit time becomes one per s times that. A
        clip is that of whole steps, before s.

        Parameters
        ----------
        share : float
            s, positive, dimensionless.

        Returns
        -------
        Motion
        """
        dt = None if self.dt is None else share * self.dt
        clip = None if self.clip is None else share * self.clip
        rate1, rate2 = self.rate1 / share, self.rate2 / share
        return replace(self, rate1=rate1, rate2=rate2, dt=dt, clip=clip)

    def preconditioner(self, force: Vector) -> Vector:
        """Return sqrt(v) + eps after a long time at a constant gradient.

        Parameters
        ----------
        force : ndarray, shape (dim,)
            The gradient h.

        Returns
        -------
        ndarray, shape (dim,)
            By what displacements are divided.
        """
        if not self.live:
            return self.root + self.eps
        return np.asarray(np.hypot(force, self.root) + self.eps)

    def jump_factor(self, preconditioner: Vector) -> Vector:
        """Return the displacement by a jump of 1 in the step in which it comes, without averaging.

        Parameters
        ----------
        preconditioner : ndarray, shape (dim,)
            sqrt(v) + eps at rest.

        Returns
        -------
        ndarray, shape (dim,)
            Displacements per unit of the driver.
        """
        gain = self.gain if self.through_gradient else 1.0
        step = 0.0 if self.dt is None or self.decay_form != "proximal" else self.dt
        return np.asarray(gain / preconditioner / (1.0 + self.weight_decay * step))


def motion_of(dynamics: DynamicsLike, dim: int, dt: float | None) -> Motion:
    """Read the numbers of a step from the rule that a dynamics declares.

    Parameters
    ----------
    dynamics : object
        Dynamics with ``name``, ``clip`` and ``rule``; without a rule it is taken for SGD.
    dim : int
        Dimension of the space.
    dt : float or None
        Time step.

    Returns
    -------
    Motion
        The numbers.

    Raises
    ------
    ValueError
        If a number is out of range, or ``dt`` is needed and missing.
    """
    rule = dynamics.rule
    dt = None if dt is None else checked_positive(dt, "dt")
    if rule is None:
        return Motion("sgd", np.ones(dim), dt=dt)
    name, clip = dynamics.name, dynamics.clip
    b1, rate1 = _average(name, rule, rule.average, dt)
    b2: float | None = None
    rate2 = math.inf
    if rule.adaptive:
        b2, rate2 = _average(name, rule, rule.second_average, dt)
    gain = 1.0
    if rule.dampening is not None and rule.rates == "per_step" and b1 is not None:
        gain = (1.0 - rule.dampening) / (1.0 - b1)  # otherwise m is a mean
    return Motion(
        name=name,
        root=_per_coordinate(rule.size if rule.divides else 1.0, dim),
        through_gradient=rule.form == "algorithm",
        gain=gain,
        b1=b1,
        rate1=rate1,
        b2=b2,
        rate2=rate2,
        second_moment=rule.second_moment if rule.adaptive else "frozen",
        eps=rule.eps,
        weight_decay=rule.weight_decay,
        decay_form=rule.decay_form,
        clip=None if clip is None else checked_positive(clip, "clip"),
        dt=dt,
        plain=rule.plain,
    )


def _average(
    name: str, rule: RuleLike, factor: float | None, dt: float | None
) -> tuple[float | None, float]:
    """Return the factor per step of an average, None where only the rate is known, and its rate."""
    if factor is None:
        return 0.0, math.inf
    if rule.rates == "per_time":
        b = None if dt is None else 1.0 - factor * dt
        if b is not None and b < 0.0:
            raise ValueError(
                f"an average of {factor:g} per unit time with dt = {dt:g} moves by more than all "
                "of itself in a step; give a smaller dt"
            )
        return b, factor
    if factor == 0.0:
        return 0.0, math.inf
    if dt is None:
        raise ValueError(
            f"the prediction for {name} needs the time step: the factor {factor:g} of an average "
            "is per step; give dt"
        )
    return factor, (1.0 - factor) / dt


def _per_coordinate(size: ArrayLike, dim: int) -> Vector:
    """Return one number a coordinate."""
    values = np.asarray(size, dtype=np.float64)
    if values.size != 1 and values.shape != (dim,):
        raise ValueError(
            f"the dynamics has {values.size} sizes of the gradient, but the domain has dimension "
            f"{dim}; give one, or {dim}"
        )
    return np.full(dim, values.item()) if values.size == 1 else values
