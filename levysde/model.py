"""What is simulated or predicted: a basin, a dynamics, a law of noise and its amplitude."""

import functools
from dataclasses import dataclass
from typing import Any

from levysde import checks
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.noise import Noise
from levysde.trial import try_functions, try_scale, try_schedule

__all__ = ["Model", "check_parts", "checked_model"]

SMALLEST_EPSILON = 1e-100


@dataclass(frozen=True, eq=False)
class Model:
    """dX = -grad F dt + eps dL, or an optimizer in its place, until X leaves the domain.

    Attributes
    ----------
    basin : Basin
        Potential, domain, minimum and start.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    epsilon : float
        Noise amplitude, dimensionless.
    lr : float or None
        Learning rate, time, if epsilon and the step come from one.
    """

    basin: Basin
    dynamics: Dynamics
    noise: Noise
    epsilon: float
    lr: float | None = None

    @property
    def dim(self) -> int:
        """Dimension of a path."""
        return self.basin.dim

    @property
    def parts(self) -> tuple[Basin, Dynamics, Noise, float]:
        """Basin, dynamics, noise and epsilon, as the public functions take them."""
        return self.basin, self.dynamics, self.noise, self.epsilon

    def step(self, dt: Any) -> Any:
        """The learning rate if there is one, else a step as it was given.

        Parameters
        ----------
        dt : float, "auto" or None
            Step, time.

        Returns
        -------
        float, "auto" or None
        """
        return dt if self.lr is None else self.lr

    @functools.cached_property
    def preconditioned_noise(self) -> Noise:
        """The law of Q^-1 L, the noise as it reaches the position between jumps of an SDE.

        Scaled noise is that of the minimum at time 0.
        """
        if not self.dynamics.continuous:
            raise checks.Refusal(
                f"{self.dynamics.name} with these options has no continuous time", "give dt"
            )
        divisors = self.dynamics.effective_rule.divisors(self.dim)
        noise = self.noise.at(self.basin.minimum)
        if (divisors == 1.0).all() or noise.alpha == 2.0:  # without jumps nothing is asked
            return noise
        return noise.preconditioned(divisors)


def check_parts(basin: Basin, dynamics: Dynamics, noise: Noise) -> None:
    """Refuse what is no part.

    Parameters
    ----------
    basin, dynamics, noise
        What was given for them.

    Raises
    ------
    ValueError
        If one of them is something else.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> check_parts(basins.flat(), dynamics.sgd(), noise.independent(1.5))
    """
    checks.instance("basin", basin, Basin)
    checks.instance("dynamics", dynamics, Dynamics)
    checks.instance("noise", noise, Noise)


def checked_model(basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float) -> Model:
    """A model whose functions were tried and whose amplitude is in range.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If a part is something else, a function of the user misbehaves, or the amplitude is out of
        range.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> checked_model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1).epsilon
    0.1
    """
    check_parts(basin, dynamics, noise)
    try_functions(basin)
    for schedule in (dynamics.schedule, noise.amplitude):
        if schedule is not None:
            try_schedule(schedule)
    try_scale(basin, noise)
    epsilon = checks.finite_number("epsilon", epsilon)
    if not SMALLEST_EPSILON <= epsilon <= 1.0 / SMALLEST_EPSILON:
        raise ValueError(
            f"epsilon is {epsilon:g}; give a number from {SMALLEST_EPSILON:g} to "
            f"{1.0 / SMALLEST_EPSILON:g}"
        )
    return Model(basin, dynamics, noise, epsilon)
