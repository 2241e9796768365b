"""What a step does, as facts: the averages of an optimizer, what it divides by, and its decay."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray

FORMS = ("algorithm", "sde")
RATES = ("per_step", "per_time")
SECOND_MOMENTS = ("none", "frozen", "gradient", "noisy")
DECAY_FORMS = ("none", "l2", "decoupled", "proximal")


@dataclass(frozen=True, eq=False)
class Rule:
    """One step of an optimizer, coordinate by coordinate, with averages m and v.

    m <- b1 m + w h, v <- b2 v + (1 - b2) (h^2 + s^2), x <- x - dt m/Q, Q = sqrt(v) + eps, where h
    is the gradient, with the noise in it in the algorithm; in the SDE the noise moves x beside it,
    divided by Q. Without averages and v this is SGD. The theory, the jump method and automatic
    steps read it, and a dynamics of one's own that declares one is known to them too. Whether the
    update does what its rule says is not tried: one that declares another gets wrong predictions.

    Attributes
    ----------
    form : {"sde", "algorithm"}
        Where the noise enters: x beside the gradient, or the gradient.
    rates : {"per_step", "per_time"}
        Whether a factor b is what one step keeps of an average, or the rate of an average, 1/time.
    average : float, optional
        b1, the factor of m; without it m is h.
    dampening : float, optional
        The weight of a gradient in m is w = 1 - dampening; without it w = 1 - b1, and m is a mean.
    second_average : float, optional
        b2, the factor of v.
    second_moment : {"none", "frozen", "gradient", "noisy"}
        What v is: nothing, and Q = 1; held at `size` squared; the mean square of h, alone or with
        that of a Gaussian noise of standard deviation s = `size`.
    size : float or ndarray, shape (dim,)
        In units of the gradient.
    eps : float
        In units of the gradient.
    weight_decay : float
        1/time.
    decay_form : {"none", "l2", "decoupled", "proximal"}
        Whether the decay is part of the gradient, x <- (1 - decay dt) x + ..., or
        x <- (x + ...)/(1 + decay dt).
    bias_correction : bool
        Whether averages are divided by 1 - b^n, so that they begin at the gradient and not at 0.

    Raises
    ------
    ValueError
        If a name is unknown, a number is out of range, or a second moment that follows the gradient
        has no average.

    Examples
    --------
    >>> Rule(average=0.9, dampening=0.0).speed.__round__(9)
    10.0
    """

    form: str = "sde"
    rates: str = "per_step"
    average: float | None = None
    dampening: float | None = None
    second_average: float | None = None
    second_moment: str = "none"
    size: float | FloatArray = 0.0
    eps: float = 0.0
    weight_decay: float = 0.0
    decay_form: str = "none"
    bias_correction: bool = False

    def __post_init__(self) -> None:
        check_form(self.form, self.rates)
        checks.choice("second_moment", self.second_moment, SECOND_MOMENTS)
        checks.choice("decay_form", self.decay_form, DECAY_FORMS)
        checks.flag("bias_correction", self.bias_correction)
        for name in ("average", "second_average"):
            if getattr(self, name) is not None:
                check_factor(name, getattr(self, name), self.rates)
        if self.dampening is not None:
            check_dampening(self.dampening)
        for name in ("eps", "weight_decay"):
            check_nonnegative(name, getattr(self, name))
        checks.finite_array("size", self.size)
        if self.second_moment in ("frozen", "noisy"):
            check_sizes("size", self.size)
        if self.weight_decay and self.decay_form == "none":
            raise ValueError(
                f"weight_decay is {self.weight_decay:g} with decay_form 'none'; give the form too"
            )
        if self.adaptive and self.second_average is None:
            raise ValueError(
                f"second_moment is {self.second_moment!r} without the factor of its average; give "
                "second_average"
            )

    @property
    def divides(self) -> bool:
        """Whether steps are divided by Q."""
        return self.second_moment != "none"

    @property
    def adaptive(self) -> bool:
        """Whether Q follows the gradient."""
        return self.second_moment in ("gradient", "noisy")

    @property
    def plain(self) -> bool:
        """Whether x moves by the force times dt and the noise itself, as with SGD."""
        return self.average is None and not self.divides

    @property
    def averages_act(self) -> bool:
        """Whether an average of past gradients moves x."""
        return (self.average is not None and self.average > 0.0) or self.adaptive

    @property
    def stepwise(self) -> bool:
        """Whether averages last a number of steps, so that escape times depend on the step."""
        return self.rates == "per_step" and self.averages_act

    @property
    def normalized(self) -> bool:
        """Whether a step has about the length dt, whatever the size of the gradient."""
        return self.form == "algorithm" and self.second_moment == "gradient"

    @property
    def continuous(self) -> bool:
        """Whether the motion between jumps is that of a differential equation with constant Q."""
        averages = not (self.average is None and self.second_average is None)
        timed = self.rates == "per_time" or not averages
        return self.form == "sde" and timed and not self.adaptive and self.decay_form == "none"

    @property
    def l2(self) -> float:
        """Weight decay that is part of the gradient, like a curvature, 1/time."""
        return self.weight_decay if self.decay_form == "l2" else 0.0

    @property
    def factors(self) -> tuple[float, float]:
        """The factors of m and v, 0 where there is no average."""
        return self.average or 0.0, self.second_average or 0.0

    @property
    def largest_rate(self) -> float:
        """The largest rate per unit time of an average, 0 where there is none."""
        return max(self.factors) if self.rates == "per_time" else 0.0

    @property
    def speed(self) -> float:
        """How many times faster than -grad F the noise-free motion is; 1 where Q is not known."""
        return self._weight / (1.0 - self._kept) / self._smallest_divisor

    @property
    def stable_step(self) -> float:
        """Largest dt times curvature with which the noise-free motion ends at a minimum."""
        if self.second_moment == "gradient":
            return math.inf
        return 2.0 * (1.0 + self._kept) / (self._weight * (1.0 / self._smallest_divisor))

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
        count = np.size(self.size)
        if count not in (1, dim):
            name = "frozen" if self.second_moment == "frozen" else "gradient_noise"
            wanted = "one" if dim == 1 else f"one, or {dim}"
            raise ValueError(
                f"{name} has {count} numbers, but the dimension is {dim}; give {wanted}"
            )
        return np.full(dim, self.size, dtype=np.float64)

    def divisors(self, dim: int) -> FloatArray:
        """Q where it is constant.

        Parameters
        ----------
        dim : int
            Dimension of a path.

        Returns
        -------
        ndarray, shape (dim,)
            In units of the gradient, or 1 where nothing is divided.
        """
        return self.sizes_in(dim) + self.eps if self.divides else np.ones(dim)

    @property
    def _kept(self) -> float:
        """What one step keeps of m."""
        return self.average or 0.0 if self.rates == "per_step" else 0.0

    @property
    def _weight(self) -> float:
        """The weight of a gradient in m."""
        if self.rates == "per_step" and self.average is not None and self.dampening is not None:
            return 1.0 - self.dampening
        return 1.0 - self._kept

    @property
    def _smallest_divisor(self) -> float:
        """The smallest Q; 1 where nothing is known of it."""
        if self.second_moment in ("none", "gradient"):
            return 1.0
        return float(np.min(self.size)) + self.eps


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
    checks.choice("form", form, FORMS)
    checks.choice("rates", rates, RATES)
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
        return checks.finite_number(name, value)
    number = checks.finite_number(name, value, positive=False)
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
    number = checks.finite_number(name, value, positive=False)
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
        raise ValueError(f"{name} is {checks.told(value)}; give positive numbers")
    array = checks.finite_array(name, value)
    if array.ndim > 1 or array.size == 0 or (array <= 0.0).any():
        raise ValueError(f"{name} is {array.tolist()}; give positive numbers")
    return float(array.item()) if array.size == 1 else array


def check_dampening(value: object) -> float:
    """Check a dampening: from 0 to below 1.

    Parameters
    ----------
    value : object
        The number.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is out of range.
    """
    number = check_nonnegative("dampening", value)
    if number >= 1.0:
        raise ValueError(f"dampening is {number:g}; give a number from 0 to below 1")
    return number


SGD = Rule()
"""The rule of plain SGD, which is supposed where nothing is declared."""
