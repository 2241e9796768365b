"""Steps that end within the walls of a box, by projection onto them or by reflection at them."""

import math
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.dynamics import Dynamics
from levysde.engine.program import WallPart
from levysde.schedules import Schedule

__all__ = ["RULES", "Walled", "Walls", "walled"]


def projected(x: float, lower: float, upper: float) -> float:
    """The point of [lower, upper] that is nearest to x.

    Parameters
    ----------
    x, lower, upper : float
        A coordinate and its walls.

    Returns
    -------
    float
        NaN where x is.

    Examples
    --------
    >>> projected(3.0, -1.0, 1.0), projected(0.5, -1.0, 1.0)
    (1.0, 0.5)
    """
    if x < lower:
        return lower
    return upper if x > upper else x


def reflected(x: float, lower: float, upper: float) -> float:
    """Where x is after as many reflections at the walls as it takes.

    Parameters
    ----------
    x, lower, upper : float
        A coordinate and its walls.

    Returns
    -------
    float
        NaN where x is not finite and beyond a wall.

    Examples
    --------
    >>> reflected(1.25, -1.0, 1.0), reflected(5.5, -1.0, 1.0), reflected(-3.0, -1.0, math.inf)
    (0.75, 0.5, 1.0)
    """
    if not (x < lower or x > upper):
        return x
    once = lower + (lower - x) if x < lower else upper - (x - upper)
    if lower <= once <= upper:
        return once
    width = upper - lower
    period = 2.0 * width
    way = (x - lower) - period * math.floor((x - lower) / period)
    found = lower + way if way <= width else upper - (way - width)
    if found < lower:  # by rounding
        return lower
    return upper if found > upper else found


RULES: dict[str, PlainFunction] = {"projection": projected, "reflection": reflected}
"""What is done with a coordinate beyond a wall."""


@dataclass(frozen=True, eq=False)
class Walls:
    """The walls of a box, and what happens at them.

    Attributes
    ----------
    lower, upper : float or ndarray, shape (dim,)
        In units of the coordinates, one for all coordinates or one each; infinite where there is no
        wall.
    rule : {"projection", "reflection"}
        Whether a coordinate beyond a wall is put onto it, or mirrored at it as often as it takes.

    Raises
    ------
    ValueError
        If a lower wall is not below the upper one, or the rule is unknown.

    Examples
    --------
    >>> Walls(-1.0, [1.0, 2.0]).within(2)[0].tolist()
    [-1.0, -1.0]
    """

    lower: float | FloatArray
    upper: float | FloatArray
    rule: str = "projection"

    def __post_init__(self) -> None:
        checks.choice("rule", self.rule, tuple(RULES))
        for name in ("lower", "upper"):
            object.__setattr__(self, name, _wall(name, getattr(self, name)))
        sizes = {np.size(wall) for wall in (self.lower, self.upper)} - {1}
        if len(sizes) > 1:
            raise ValueError(
                f"there are {np.size(self.lower)} lower walls and {np.size(self.upper)} upper "
                "ones; give one for all coordinates, or one each"
            )
        if not (np.asarray(self.lower) < np.asarray(self.upper)).all():
            raise ValueError(
                f"the lower wall {checks.shown(np.atleast_1d(self.lower))} is not below the upper "
                f"one {checks.shown(np.atleast_1d(self.upper))}; give lower < upper"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return Walls, (self.lower, self.upper, self.rule)

    @property
    def function(self) -> PlainFunction:
        """`back(x, lower, upper) -> x`, one coordinate."""
        return RULES[self.rule]

    def within(self, dim: int) -> tuple[FloatArray, FloatArray]:
        """The walls of all coordinates.

        Parameters
        ----------
        dim : int
            Dimension of a path.

        Returns
        -------
        (ndarray, ndarray), each of shape (dim,)
            Lower and upper ones, in units of the coordinates.

        Raises
        ------
        ValueError
            If there are walls of another number of coordinates.
        """
        for name, wall in (("lower", self.lower), ("upper", self.upper)):
            if np.size(wall) not in (1, dim):
                raise ValueError(
                    f"there are {np.size(wall)} {name} walls, but the dimension is {dim}; give "
                    "one for all coordinates, or one each"
                )
        return np.full(dim, self.lower, np.float64), np.full(dim, self.upper, np.float64)

    def part(self, dim: int) -> WallPart:
        """What the engine does after a step.

        Parameters
        ----------
        dim : int
            Dimension of a path.

        Returns
        -------
        WallPart
        """
        return WallPart(self.function, np.concatenate(self.within(dim)))


def _wall(name: str, value: npt.ArrayLike) -> float | FloatArray:
    """One number for all coordinates or one each, which may be infinite."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.ndim > 1 or array.size == 0 or np.isnan(array).any():
        raise ValueError(f"{name} is {checks.told(value)}; give a number, or one per coordinate")
    return float(array.item()) if array.size == 1 else checks.freeze(array)


@dataclass(frozen=True, eq=False)
class Walled(Dynamics):
    """Steps of another dynamics that end within walls; made by `walled`.

    Attributes
    ----------
    free : Dynamics
        What makes the steps.
    box : Walls
        Where they end.
    """

    _: KW_ONLY
    free: Dynamics
    box: Walls

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip != self.free.clip:  # by dataclasses.replace
            object.__setattr__(self, "free", replace(self.free, clip=self.clip))

    def __reduce__(self) -> tuple[Any, ...]:
        return walled, (self.free, self.box.lower, self.box.upper, self.box.rule)

    @property
    def walls(self) -> Walls:
        """Where steps end."""
        return self.box

    @property
    def unscheduled(self) -> Dynamics:
        """What makes whole steps, without walls."""
        return self.free.unscheduled

    @property
    def schedule(self) -> Schedule | None:
        """That of the steps, if there is one."""
        return self.free.schedule

    @property
    def options(self) -> dict[str, Any]:
        """Those of the steps."""
        return self.free.options

    @property
    def continuous(self) -> bool:
        """Never: between jumps paths would have to be followed along the walls."""
        return False

    @property
    def limit(self) -> PlainFunction | None:
        """That of the steps; see `Dynamics.limit`."""
        return self.free.limit

    def step_parameters(self, dt: float, dim: int | None = None, share: float = 1.0) -> FloatArray:
        """Those of the steps; see `Dynamics.step_parameters`."""
        return self.free.step_parameters(dt, dim, share)


def walled(
    dynamics: Dynamics, lower: npt.ArrayLike, upper: npt.ArrayLike, rule: str = "projection"
) -> Walled:
    """Every step ends in the box lower <= x <= upper: x <- P(x + the step), or mirrored into it.

    The walls come last: a schedule, a clip and the parts of a divided step are done before, and may
    lead anywhere. Averages of the gradient are not told of the walls. The small-noise theory is
    that without walls where no step of projections can matter: the closed box contains the domain,
    so that what is projected has left. Elsewhere no law is known: walls in the domain leave no
    exit there, and a reflection can bring back what has left.

    Parameters
    ----------
    dynamics : Dynamics
        What makes the steps.
    lower, upper : float or array, shape (dim,)
        The walls, in units of the coordinates, one for all coordinates or one each; infinite where
        there is none.
    rule : {"projection", "reflection"}
        Whether a coordinate beyond a wall is put onto it, or mirrored at it as often as it takes.

    Returns
    -------
    Walled

    Raises
    ------
    ValueError
        If a lower wall is not below the upper one, the rule is unknown, or the dynamics has walls.

    References
    ----------
    H. J. Kushner, G. G. Yin, "Stochastic Approximation and Recursive Algorithms and Applications",
    2nd ed., 2003, section 4.3, for projection.

    L. Slominski, "On approximation of solutions of multidimensional SDE's with reflecting boundary
    conditions", Stochastic Process. Appl. 50 (1994) 197-219, whose Euler scheme projects.

    Examples
    --------
    >>> from levysde import dynamics
    >>> boxed = walled(dynamics.sgd(), -1.0, [1.0, 2.0])
    >>> boxed.walls.within(2)[1].tolist()
    [1.0, 2.0]
    """
    checks.instance("dynamics", dynamics, Dynamics)
    if dynamics.walls is not None:
        raise ValueError("the dynamics has walls already; give the walls of the smaller box")
    return Walled(
        dynamics.name,
        dynamics.update,
        memory=dynamics.memory,
        params=dict(dynamics.params),
        clip=dynamics.clip,
        clock=dynamics.clock,
        normal=dynamics.normal,
        sde=dynamics.sde,
        rule=dynamics.rule,
        free=dynamics,
        box=Walls(lower, upper, rule),  # type: ignore[arg-type]  # it makes floats of them
    )
