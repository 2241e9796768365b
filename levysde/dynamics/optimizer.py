"""What optimizers with memory share: two forms, rates of their averages, sizes of the gradient."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from levysde import checks
from levysde.dynamics.dynamics import Dynamics
from levysde.dynamics.rule import Rule


@dataclass(frozen=True, eq=False)
class Optimizer(Dynamics):
    """A dynamics with averages of the gradient, as the recurrence used in practice or as an SDE.

    Attributes
    ----------
    rule : Rule
        What the step does.
    """

    _: KW_ONLY
    rule: Rule

    def __post_init__(self) -> None:
        checks.instance("rule", self.rule, Rule)
        super().__post_init__()

    @property
    def form(self) -> str:
        """Where the noise enters: "algorithm", the gradient, or "sde", the position beside it."""
        return self.rule.form

    @property
    def rates(self) -> str:
        """Whether a factor b is what one step keeps of an average, or its rate per unit time."""
        return self.rule.rates

    @property
    def options(self) -> dict[str, Any]:
        """Form and rates, and the clip if there is one."""
        return {"form": self.form, "rates": self.rates, **super().options}

    def number(self, name: str) -> float:
        """A parameter that is one number.

        Parameters
        ----------
        name : str
            Of the parameter.

        Returns
        -------
        float
            In its units.
        """
        return float(np.asarray(self.params[name]))

    def kept(self, name: str, dt: float, share: float = 1.0) -> float:
        """What one step keeps of the average whose factor has this name.

        Parameters
        ----------
        name : str
            Of the parameter.
        dt : float
            Step, time.
        share : float
            Part of the step that is done at once, from 0 to 1, dimensionless.

        Returns
        -------
        float
            From 0 to 1, dimensionless.

        Raises
        ------
        ValueError
            If the step is longer than an average lasts.
        """
        factor = self.number(name)
        if self.rates == "per_step":
            # An average that keeps nothing is the gradient itself, however short the step.
            return factor if share == 1.0 or factor == 0.0 else 1.0 - (1.0 - factor) * share
        if factor * dt > 1.0:
            raise ValueError(
                f"{name} = {factor:g} per unit time with dt = {dt:g} is more than one average a "
                "step; give a smaller dt"
            )
        return 1.0 - factor * dt * share


def log2_kept(kept: float, dt: float) -> float:
    """log2(b)/dt, so that b^n is 2^(this times n dt); -inf where nothing is kept.

    Parameters
    ----------
    kept : float
        b, from 0 to 1, dimensionless.
    dt : float
        Step, time.

    Returns
    -------
    float
        1/time.
    """
    return math.log2(kept) / dt if kept > 0.0 else -math.inf
