"""The numbers of one step of an optimizer, read from its attributes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from levysde.theory.parts import DynamicsLike, Vector, checked_positive

KNOWN = ("sgd", "momentum", "rmsprop", "adam", "adam_l2", "adamw", "adamprox")
"""Dynamics with a theory."""

_DECAYS = {"adam_l2": "l2", "adamw": "decoupled", "adamprox": "proximal"}


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
        The dynamics.
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
    root : ndarray, shape (dim,)
        sqrt(v) if it is frozen, otherwise the standard deviation s of the noise that feeds v.
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
    """

    name: str
    through_gradient: bool
    gain: float
    b1: float | None
    rate1: float
    b2: float | None
    rate2: float
    second_moment: str
    root: Vector
    eps: float
    weight_decay: float
    decay_form: str
    clip: float | None
    dt: float | None

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
    """Read the numbers of a step from the attributes of the dynamics.

    Parameters
    ----------
    dynamics : object
        Dynamics with ``name``, ``params``, ``clip``, ``form``, ``rates``, ``second_moment``; for
        SGD the name is enough.
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
        If the dynamics is unknown, a number is out of range, or ``dt`` is needed and missing.
    """
    name = dynamics.name
    if name not in KNOWN:
        known = ", ".join(KNOWN)
        raise ValueError(f"no prediction for the dynamics {name!r}; known are: {known}")
    dt = None if dt is None else checked_positive(dt, "dt")
    clip = getattr(dynamics, "clip", None)
    numbers: dict[str, Any] = {
        "name": name,
        "through_gradient": False,
        "gain": 1.0,
        "b1": 0.0,
        "rate1": math.inf,
        "b2": None,
        "rate2": math.inf,
        "second_moment": "frozen",
        "root": np.ones(dim),
        "eps": 0.0,
        "weight_decay": 0.0,
        "decay_form": _DECAYS.get(name, "none"),
        "clip": None if clip is None else checked_positive(clip, "clip"),
        "dt": dt,
    }
    if name != "sgd":
        numbers["through_gradient"] = _choice(dynamics, "form", "algorithm", "sde") == "algorithm"
        numbers |= _momentum(dynamics, dt) if name == "momentum" else _adam(dynamics, dim, dt)
    return Motion(**numbers)


def _choice(dynamics: DynamicsLike, attribute: str, *known: str) -> str:
    value = getattr(dynamics, attribute, None)
    if value not in known:
        raise ValueError(
            f"{dynamics.name}.{attribute} is {value!r}, but it must be one of {', '.join(known)}"
        )
    return str(value)


def _number(dynamics: DynamicsLike, key: str) -> float:
    params = getattr(dynamics, "params", {})
    if key not in params:
        raise ValueError(f"{dynamics.name}.params has no {key!r}; its keys are {list(params)}")
    value = float(params[key])
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError(f"{key} is {value!r}, but it must be finite and not negative")
    return value


def _average(dynamics: DynamicsLike, key: str, dt: float | None) -> tuple[float | None, float]:
    """Return the factor per step of an average, None where only the rate is known, and its rate."""
    value = _number(dynamics, key)
    if _choice(dynamics, "rates", "per_step", "per_time") == "per_time":
        if value == 0.0:
            raise ValueError(f"{key} is 0.0 per unit time, but an average that never moves is none")
        b = None if dt is None else 1.0 - value * dt
        if b is not None and b < 0.0:
            raise ValueError(f"{key} = {value:g} times dt = {dt:g} is above 1; give a smaller dt")
        return b, value
    if value >= 1.0:
        raise ValueError(f"{key} is {value!r}, but per step it must be below 1")
    if value == 0.0:
        return 0.0, math.inf
    if dt is None:
        raise ValueError(
            f"the prediction for {dynamics.name} needs the time step: {key} = {value:g} is per "
            "step; give dt"
        )
    return value, (1.0 - value) / dt


def _momentum(dynamics: DynamicsLike, dt: float | None) -> dict[str, Any]:
    """Return the numbers of momentum; with rates per unit time m is a mean."""
    b1, rate = _average(dynamics, "decay", dt)
    dampening = _number(dynamics, "dampening")
    if dampening >= 1.0:
        raise ValueError(f"dampening is {dampening!r}, but it must be below 1")
    per_time = getattr(dynamics, "rates", None) == "per_time"
    gain = 1.0 if per_time or b1 is None else (1.0 - dampening) / (1.0 - b1)
    return {"b1": b1, "rate1": rate, "gain": gain}


def _adam(dynamics: DynamicsLike, dim: int, dt: float | None) -> dict[str, Any]:
    """Return the numbers of RMSprop and of the Adam family."""
    found: dict[str, Any] = {"eps": _number(dynamics, "eps")}
    second = _choice(dynamics, "second_moment", "gradient", "frozen", "noisy")
    found["second_moment"] = second
    keys = {"gradient": None, "frozen": "frozen", "noisy": "gradient_noise"}
    found["root"] = _per_coordinate(dynamics, keys[second], dim)
    if dynamics.name != "rmsprop":
        found["b1"], found["rate1"] = _average(dynamics, "b1", dt)
    if second != "frozen":
        second_key = "decay" if dynamics.name == "rmsprop" else "b2"
        found["b2"], found["rate2"] = _average(dynamics, second_key, dt)
    if dynamics.name in _DECAYS:
        found["weight_decay"] = _number(dynamics, "weight_decay")
    return found


def _per_coordinate(dynamics: DynamicsLike, key: str | None, dim: int) -> Vector:
    if key is None:
        return np.zeros(dim)
    params = getattr(dynamics, "params", {})
    if key not in params:
        raise ValueError(f"{dynamics.name}.params has no {key!r}; its keys are {list(params)}")
    values = np.asarray(params[key], dtype=np.float64)
    if values.size != 1 and values.shape != (dim,):
        raise ValueError(f"{key} has shape {values.shape}, but the domain has dimension {dim}")
    if not np.all(np.isfinite(values) & (values >= 0.0)):
        raise ValueError(f"{key} is {values.tolist()}, but it must be finite and not negative")
    return np.full(dim, values.item()) if values.size == 1 else values
