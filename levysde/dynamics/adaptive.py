"""Optimizers that divide by the size of the gradient: their parameters, step by step."""

import math
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.optimizer import Optimizer, log2_kept
from levysde.dynamics.rule import Rule, check_factor, check_form, check_nonnegative, check_sizes
from levysde.engine.random.elementary import exp2

# The parameters of a step; behind them stands a number for every coordinate: sqrt(v) where it is
# frozen, else the standard deviation of the gradient that v sees beside the gradient itself.
B1, GAIN_1, LOG2_1, B2, GAIN_2, LOG2_2, EPS, DECAY, ALGORITHM, FROZEN, SIZES = range(11)


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
    """

    _: KW_ONLY
    first: str | None
    second: str

    def __post_init__(self) -> None:
        super().__post_init__()
        kind, size = "gradient", np.zeros(())
        for name, moment in (("frozen", "frozen"), ("gradient_noise", "noisy")):
            if name in self.params:
                kind, size = moment, np.asarray(self.params[name])
        rule = replace(
            self.rule,
            average=None if self.first is None else self.number(self.first),
            second_average=self.number(self.second),
            second_moment=kind,
            size=size,
            eps=self.number("eps"),
            weight_decay=0.0 if self.rule.decay_form == "none" else self.number("weight_decay"),
        )
        object.__setattr__(self, "rule", rule)  # of the parameters, also if these were replaced

    @property
    def second_moment(self) -> str:
        """What v is: "frozen", or the mean square of the gradient, alone or "noisy"."""
        return self.rule.second_moment

    @property
    def options(self) -> dict[str, Any]:
        """Form and rates, and the correction where it can be chosen."""
        chosen = {} if self.first else {"bias_correction": self.rule.bias_correction}
        return {**super().options, **chosen}

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
        rule = self.rule
        dim = dim or np.size(rule.size)
        averages: list[float] = []
        for name in (self.first, self.second):
            kept = self.kept(name, dt, share) if name else 0.0
            log2_b = log2_kept(kept, share * dt) if rule.bias_correction else -math.inf
            averages += [kept, 1.0 - kept, log2_b]
        flags = [float(rule.form == "algorithm"), float(rule.second_moment == "frozen")]
        decay = rule.weight_decay
        if rule.decay_form == "decoupled" and decay * dt > 1.0:
            raise ValueError(
                f"weight_decay = {decay:g} with dt = {dt:g} takes more than all of x away in a "
                "step; give a smaller dt or weight_decay"
            )
        return np.array([*averages, rule.eps, decay, *flags, *rule.sizes_in(dim)])


def adaptive(
    name: str,
    update: PlainFunction,
    factors: dict[str, float],
    eps: float,
    form: str,
    rates: str,
    frozen: npt.ArrayLike | None,
    gradient_noise: npt.ArrayLike | None,
    *,
    weight_decay: float = 0.0,
    decay_form: str = "none",
    bias_correction: bool = True,
) -> Adaptive:
    """Check what these optimizers share, and make one.

    Parameters
    ----------
    name : str
        Of the optimizer.
    update : callable
        Its step.
    factors : dict of str to float
        The factors of its averages, that of the squares last.
    eps, form, rates, frozen, gradient_noise, weight_decay
        As for `levysde.dynamics.adamw`.
    decay_form, bias_correction
        As for `Rule`.

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
    if decay_form != "none":
        params["weight_decay"] = check_nonnegative("weight_decay", weight_decay)
    sizes = {"frozen": frozen, "gradient_noise": gradient_noise}
    given = {n: check_sizes(n, size) for n, size in sizes.items() if size is not None}
    if len(given) > 1:
        raise ValueError(
            f"frozen is {checks.told(frozen)} and gradient_noise {checks.told(gradient_noise)}: a "
            "second moment that is given does not see a gradient; give one of them"
        )
    if gradient_noise is not None and form == "algorithm":
        raise ValueError(
            f"gradient_noise is {checks.told(gradient_noise)}, but in the algorithm v sees the "
            "noise of the simulation; give form='sde', or no gradient_noise"
        )
    *first, second = factors
    return Adaptive(
        name,
        update,
        memory=True,
        params=params | given,
        clock=_corrections,
        normal=gradient_noise is not None,
        sde=form == "sde",
        rule=Rule(form, rates, decay_form=decay_form, bias_correction=bias_correction),
        first=first[0] if first else None,
        second=second,
    )
