"""Optimizers that divide by the size of the gradient: their parameters, step by step."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.optimizer import (
    Optimizer,
    check_factor,
    check_form,
    check_nonnegative,
    check_sizes,
    log2_kept,
)
from levysde.engine.elementary import exp2

# The parameters of a step; behind them stands a number for every coordinate: sqrt(v) where it is
# frozen, else the standard deviation of the gradient that v sees beside the gradient itself.
B1, GAIN_1, LOG2_1, B2, GAIN_2, LOG2_2, EPS, DECAY, ALGORITHM, FROZEN, SIZES = range(11)


_DECAYING = ("adam_l2", "adamw", "adamprox")


def _corrections(t: float, dt: float, p: FloatArray) -> tuple[float, float]:
    """Return mu = 1/(1 - b1^n) and omega = 1/(1 - b2^n) of step n = t/dt + 1.

    The averages begin at 0; so corrected they begin at grad F and (grad F)^2.
    """
    first = 1.0 - exp2(max((t + dt) * p[LOG2_1], -1022.0))
    second = 1.0 - exp2(max((t + dt) * p[LOG2_2], -1022.0))
    return 1.0 / first, 1.0 / second


@dataclass(frozen=True, eq=False)
class Adaptive(Optimizer):
    """An optimizer that divides by the size of the gradient; made by `adam` and its like.

    Attributes
    ----------
    first : str or None
        Name of the factor of the average of the gradient, if there is one.
    second : str
        Name of the factor of the average of its square.
    bias_correction : bool
        Whether averages are divided by 1 - b^n.
    """

    _: KW_ONLY
    first: str | None = "b1"
    second: str = "b2"
    bias_correction: bool = True

    @property
    def options(self) -> dict[str, Any]:
        """Form and rates, and the correction where it can be chosen."""
        chosen = {} if self.first else {"bias_correction": self.bias_correction}
        return {**super().options, **chosen}

    @property
    def second_moment(self) -> str:
        """What v is: "frozen", or the mean square of the gradient, alone or "noisy"."""
        if "frozen" in self.params:
            return "frozen"
        return "noisy" if "gradient_noise" in self.params else "gradient"

    @property
    def sizes(self) -> Any:
        """Numbers of coordinates: frozen sqrt(v), or the standard deviation of gradient noise."""
        return self.params.get("frozen", self.params.get("gradient_noise", 0.0))

    def sizes_in(self, dim: int) -> FloatArray:
        """The sizes of all coordinates.

        Parameters
        ----------
        dim : int
            Dimension of a path.

        Returns
        -------
        ndarray, shape (dim,)
            In units of the gradient.

        Raises
        ------
        ValueError
            If there are sizes of another number of coordinates.
        """
        count = np.size(self.sizes)
        if count not in (1, dim):
            name = "frozen" if self.second_moment == "frozen" else "gradient_noise"
            wanted = "one" if dim == 1 else f"one, or {dim}"
            raise ValueError(
                f"{name} has {count} numbers, but the dimension is {dim}; give {wanted}"
            )
        return np.full(dim, self.sizes, dtype=np.float64)

    @property
    def acting_averages(self) -> bool:
        """Whether anything of m is kept, or v lives."""
        remembers = self.first is not None and self.number(self.first) > 0.0
        return remembers or self.second_moment != "frozen"

    @property
    def factors(self) -> tuple[float, float]:
        """The factors of m and v."""
        return (0.0 if self.first is None else self.number(self.first)), self.number(self.second)

    @property
    def speed(self) -> float:
        """1/Q where Q is known beforehand, else 1."""
        if self.second_moment == "gradient":
            return 1.0
        return 1.0 / (float(np.min(self.sizes)) + self.number("eps"))

    @property
    def stable_step(self) -> float:
        """2 Q (1 + b1)/(1 - b1) where Q is known beforehand, else infinite."""
        if self.second_moment == "gradient":
            return math.inf
        per_step = self.first is not None and self.rates == "per_step"
        kept = self.number("b1") if per_step else 0.0
        return 2.0 * (1.0 + kept) / ((1.0 - kept) * self.speed)

    @property
    def normalized(self) -> bool:
        """True of an algorithm whose v sees the gradient."""
        return self.form == "algorithm" and self.second_moment == "gradient"

    def step_parameters(self, dt: float, dim: int | None = None, share: float = 1.0) -> FloatArray:
        """Factors per step, eps, decay, form, and the sizes of all coordinates.

        Parameters
        ----------
        dt : float
            Step, time.
        dim : int, optional
            Dimension of a path; that of the sizes, or 1, unless given.
        share : float
            Part of the step that is done at once, from 0 to 1, dimensionless.

        Returns
        -------
        ndarray, shape (10 + dim,)

        Raises
        ------
        ValueError
            If there are sizes of another number of coordinates, or the step is too long.
        """
        dim = dim or np.size(self.sizes)
        averages: list[float] = []
        for name in (self.first, self.second):
            kept = self.kept(name, dt, share) if name else 0.0
            log2_b = log2_kept(kept, share * dt) if self.bias_correction else -math.inf
            averages += [kept, 1.0 - kept, log2_b]
        flags = [float(self.form == "algorithm"), float(self.second_moment == "frozen")]
        decay = self.number("weight_decay") if "weight_decay" in self.params else 0.0
        if self.name == "adamw" and decay * dt > 1.0:
            raise ValueError(
                f"weight_decay = {decay:g} with dt = {dt:g} takes more than all of x away in a "
                "step; give a smaller dt or weight_decay"
            )
        return np.array([*averages, self.number("eps"), decay, *flags, *self.sizes_in(dim)])


def adaptive(
    name: str,
    update: PlainFunction,
    factors: dict[str, float],
    eps: float,
    weight_decay: object,
    form: str,
    rates: str,
    frozen: npt.ArrayLike | None,
    gradient_noise: npt.ArrayLike | None,
    **fields: Any,
) -> Adaptive:
    """Check what these optimizers share, and make one.

    Parameters
    ----------
    name : str
        Of the optimizer.
    update : callable
        Its step.
    factors : dict of str to float
        The factors of its averages.
    eps, weight_decay, form, rates, frozen, gradient_noise
        As for `levysde.dynamics.adamw`; weight_decay is None where there is none.
    **fields
        Further fields of `Adaptive`.

    Returns
    -------
    Adaptive

    Raises
    ------
    ValueError
        If a parameter is out of range, or two do not go together.
    """
    check_form(form, rates)
    params: dict[str, Any] = {n: check_factor(n, b, rates) for n, b in factors.items()}
    params["eps"] = check_nonnegative("eps", eps)
    if name in _DECAYING:
        params["weight_decay"] = check_nonnegative("weight_decay", weight_decay)
    sizes = {"frozen": frozen, "gradient_noise": gradient_noise}
    given = {n: check_sizes(n, size) for n, size in sizes.items() if size is not None}
    if len(given) > 1:
        raise ValueError(
            f"frozen is {parts.told(frozen)} and gradient_noise {parts.told(gradient_noise)}: a "
            "second moment that is given does not see a gradient; give one of them"
        )
    if gradient_noise is not None and form == "algorithm":
        raise ValueError(
            f"gradient_noise is {parts.told(gradient_noise)}, but in the algorithm v sees the "
            "noise of the simulation; give form='sde', or no gradient_noise"
        )
    params |= given
    return Adaptive(
        name,
        update,
        memory=True,
        params=params,
        clock=_corrections,
        normal=gradient_noise is not None,
        sde=form == "sde",
        form=form,
        rates=rates,
        **fields,
    )
