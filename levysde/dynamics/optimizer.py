"""What optimizers with memory share: two forms, rates of their averages, sizes of the gradient."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray
from levysde.dynamics.base import Dynamics

FORMS = ("algorithm", "sde")
RATES = ("per_step", "per_time")


@dataclass(frozen=True, eq=False)
class Optimizer(Dynamics):
    """A dynamics with averages of the gradient, as the recurrence people run or as an SDE.

    Attributes
    ----------
    form : {"algorithm", "sde"}
        Where the noise enters: the gradient, grad F - dL/dt, or the position beside it.
    rates : {"per_step", "per_time"}
        Whether a factor b is what one step keeps of an average, so that its rate is (1 - b)/dt per
        unit time, or is itself that rate.
    """

    _: KW_ONLY
    form: str = "algorithm"
    rates: str = "per_step"

    @property
    def options(self) -> dict[str, Any]:
        """Form and rates, and the clip if there is one."""
        return {"form": self.form, "rates": self.rates, **super().options}

    @property
    def acting_averages(self) -> bool:
        """Whether an average of past gradients moves x."""
        return True

    @property
    def stepwise(self) -> bool:
        """Whether factors are per step, and act."""
        return self.rates == "per_step" and self.acting_averages

    @property
    def largest_rate(self) -> float:
        """The largest of the factors that are rates per unit time."""
        factors = [self.number(n) for n in ("decay", "b1", "b2") if n in self.params]
        return max(factors) if self.rates == "per_time" else 0.0

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


def check_form(form: str, rates: str) -> None:
    """Check form and rates.

    Parameters
    ----------
    form, rates : str
        As for `Optimizer`.

    Raises
    ------
    ValueError
        If one is unknown, or rates per unit time are wanted of an algorithm.
    """
    parts.choice("form", form, FORMS)
    parts.choice("rates", rates, RATES)
    if form == "algorithm" and rates == "per_time":
        raise ValueError(
            "rates is 'per_time', but an algorithm has factors per step; give form='sde', or "
            "rates='per_step'"
        )


def check_factor(name: str, value: object, rates: str) -> float:
    """Check a factor b of an average: in [0, 1) per step, positive per unit time.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        The factor.
    rates : {"per_step", "per_time"}
        What it counts.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is out of range.
    """
    if rates == "per_time":
        return parts.finite_number(name, value)
    number = parts.finite_number(name, value, positive=False)
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} is {number:g}; give a number from 0 to below 1")
    return number


def check_nonnegative(name: str, value: object) -> float:
    """Check a finite number that is not negative.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        The number.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is negative or not finite.
    """
    number = parts.finite_number(name, value, positive=False)
    if number < 0.0:
        raise ValueError(f"{name} is {number:g}; give 0 or a positive number")
    return number


def check_sizes(name: str, value: npt.ArrayLike) -> float | FloatArray:
    """Check one positive number for all coordinates or one each.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : float or array, shape (dim,)
        The numbers.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        If one is not positive and finite.
    """
    if isinstance(value, str | bool):
        raise ValueError(f"{name} is {parts.told(value)}; give positive numbers")
    array = parts.finite_array(name, value)
    if array.ndim > 1 or array.size == 0 or (array <= 0.0).any():
        raise ValueError(f"{name} is {array.tolist()}; give positive numbers")
    return float(array.item()) if array.size == 1 else array


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
