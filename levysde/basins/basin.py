"""A basin: a potential, the domain around one of its minima, and where paths begin."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.domains import Domain
from levysde.domains.domain import spread_lines
from levysde.potentials import Potential

__all__ = ["Basin", "check_minimum"]

CHECKED_SHARE = 1e-2
"""Distance from the start at which the gradient is checked, over that of the boundary."""

GRADIENT_TOLERANCE = 1e-4
"""Largest accepted difference between a gradient and differences of its value, relative."""


@dataclass(frozen=True, eq=False)
class Basin:
    """A potential, the open set to be left, the minimum in it, and the start of every path.

    The user's functions are called once in plain Python, so that a mistake in them is an ordinary
    error.

    Attributes
    ----------
    potential : Potential
        Drives the noise-free dynamics dx = -grad F dt.
    domain : Domain
        Omega, whose first exit is awaited.
    minimum : ndarray, shape (dim,)
        The minimum theta* of F in Omega, from which the theory measures distances.
    start : ndarray, shape (dim,)
        Where paths begin; the minimum unless given.
    name : str
        For tables and files.

    Raises
    ------
    ValueError
        If dimensions disagree, the minimum or the start is not in the domain, or a function fails,
        leaves a component unwritten, or gives a gradient that is not that of its value, or a margin
        that is not a number; or if a declared shape or force is not that of the functions.

    Examples
    --------
    >>> from levysde import domains, potentials
    >>> well = potentials.double_well(dim=1)
    >>> basin = Basin(well, domains.interval(0.0, float("inf")), minimum=[1.0])
    >>> basin.start.tolist()
    [1.0]
    """

    potential: Potential
    domain: Domain
    minimum: FloatArray
    start: FloatArray = None  # type: ignore[assignment]
    _: KW_ONLY
    name: str = "custom"

    def __post_init__(self) -> None:
        for name, value, kind in (
            ("potential", self.potential, Potential),
            ("domain", self.domain, Domain),
        ):
            checks.instance(name, value, kind)
        checks.text("name", self.name)
        dim = self.potential.dim
        if self.domain.dim != dim:
            raise ValueError(
                f"the potential has dimension {dim} and the domain {self.domain.dim}; "
                "give both the same"
            )
        minimum = checked_point("minimum", self.minimum, dim)
        start = minimum if self.start is None else checked_point("start", self.start, dim)
        object.__setattr__(self, "minimum", minimum)
        object.__setattr__(self, "start", start)
        for name, point in (("minimum", minimum), ("start", start)):
            if not self.domain.contains(point):
                raise ValueError(
                    f"the {name} {checks.shown(point)} is outside the domain; give a point inside"
                )
        size = self.domain.size_about(start)
        for point in (minimum,) if start is minimum else (minimum, start):
            self.domain.check_margin(point, size)
        self.domain.check_shape(minimum)
        try_potential(self.potential, start, CHECKED_SHARE * size)
        self.potential.gradient_at(minimum)

    @property
    def dim(self) -> int:
        """Dimension of the points."""
        return self.potential.dim

    @property
    def center(self) -> FloatArray:
        """From where lengths are measured that need not be those of a minimum."""
        return self.minimum

    @property
    def target(self) -> Domain | None:
        """The set to be entered, where the domain is its complement and has no minimum."""
        return None


def checked_point(name: str, value: npt.ArrayLike, dim: int) -> FloatArray:
    """Check a point; in one dimension a number will do.

    Parameters
    ----------
    name : str
        Of the argument.
    value : float or array, shape (dim,)
        In units of the coordinates.
    dim : int
        Dimension.

    Returns
    -------
    ndarray, shape (dim,)

    Raises
    ------
    ValueError
        If a coordinate is not finite, or there is another number of them.
    """
    given = checks.finite_array(name, value)
    return checks.finite_array(name, np.atleast_1d(given), (dim,))


def try_potential(potential: Potential, start: FloatArray, away: float) -> None:
    """Compare the gradient with differences of the value, and with what is declared of it.

    Parameters
    ----------
    potential : Potential
        With the functions.
    start : ndarray, shape (dim,)
        Where paths begin, in units of the coordinates.
    away : float
        Length; the distance from the start at which the gradient is asked.

    Raises
    ------
    ValueError
        If a function fails, or they disagree.
    """
    _check_gradient(potential, start, away)
    _check_declared(potential, start, away)


def _check_gradient(potential: Potential, start: FloatArray, away: float) -> None:
    """Compare the gradient with central differences of the value at a distance from the start."""
    gradient = potential.gradient_at(start)
    if potential.value is None:
        return
    potential.value_at(start)
    # Off the start, where gradients do not vanish; one direction a point covers all coordinates.
    # Steps are longer where coordinates are large and so have few digits for a displacement.
    step = min(max(1e-4 * away, 1e-8 * float(np.linalg.norm(start))), 1e-2 * away)
    if not step > 0.0:
        raise ValueError(
            "the boundary is too near to the start for floating-point numbers; take a smaller unit "
            "of length"
        )
    for direction in spread_lines(potential.dim):
        point = start + away * direction
        gradient = potential.gradient_at(point)
        for along in (direction, np.sign(direction) / np.sqrt(potential.dim)):
            ahead, behind = point + step * along, point - step * along
            along = (ahead - behind) / (2.0 * step)  # as it was rounded
            slope = (potential.value_at(ahead) - potential.value_at(behind)) / (2.0 * step)
            noise = 1e-15 * abs(potential.value_at(point)) / step
            size = float(np.linalg.norm(gradient)) + abs(slope)
            if abs(slope - gradient @ along) > GRADIENT_TOLERANCE * size + 10.0 * noise:
                raise ValueError(
                    f"the gradient disagrees with differences of the value at "
                    f"x = {checks.shown(point)}: the slope is {slope:.6g}, the gradient gives "
                    f"{gradient @ along:.6g}; mend one of the two functions"
                )


def _check_declared(potential: Potential, start: FloatArray, away: float) -> None:
    """Compare the gradient with the linear or one-sided one that is declared."""
    point = start + away * spread_lines(potential.dim)[0]
    declared = potential.declared_gradient(point)
    if declared is None:
        return
    found = potential.gradient_at(point)
    error, size = np.abs(found - declared).max(), np.abs(declared).max()
    # Far from the origin a gradient may be a difference of large forces.
    with np.errstate(all="ignore"):
        forces = np.abs(np.asarray(potential.declared_gradient(np.zeros(potential.dim)))).max()
    if not error <= GRADIENT_TOLERANCE * size + 1e-12 * forces:
        raise ValueError(
            f"the gradient is {checks.shown(found)} at x = {checks.shown(point)}, and "
            f"{checks.shown(declared)} by the declared hessian or one_sided; mend one of them"
        )


def check_minimum(basin: Basin) -> None:
    """Warn of a minimum that is none: the gradient does not vanish there, or drives paths away.

    Neither the theory nor the default step and horizon mean anything then. The usual cause is a
    gradient of the wrong sign.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.

    Examples
    --------
    >>> from levysde import basins
    >>> check_minimum(basins.sharp())
    """
    if basin.target is not None:  # a path on its way begins at none
        return
    from levysde import theory

    failed = [a for a in theory.about_minimum(basin) if a.holds is False]
    if failed:
        reasons = " and ".join(f"'{a.name}' does not hold ({a.detail})" for a in failed)
        checks.warn(
            f"at the minimum {checks.shown(basin.minimum)} of this basin {reasons}: the theory "
            "does not apply; check the sign of the gradient and the minimum"
        )
