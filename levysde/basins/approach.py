"""The way to a set from outside of it: a basin that is the complement, and has no minimum."""

from typing import Any, NoReturn

import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Outside
from levysde.basins.basin import CHECKED_SHARE, Basin, checked_point, try_potential
from levysde.domains import Domain
from levysde.potentials import Potential

__all__ = ["Approach"]

_ON_THE_BOUNDARY = 1e-12
"""A start nearer to its boundary, relative to its coordinates, tells no length."""


class Approach(Basin):
    """A potential, the set to be entered, and where paths begin, outside of it.

    The first entrance into the target is the first exit from its complement, which is the domain. A
    path on its way is at no minimum, and nothing that the small-noise theory says of a minimum is
    true of it: whoever asks for one is told so.

    Parameters
    ----------
    potential : Potential
        Drives the noise-free dynamics dx = -grad F dt.
    target : Domain
        The open set to be entered.
    start : array, shape (dim,)
        Where paths begin, not in the target, in units of the coordinates.
    name : str
        For tables and files.

    Attributes
    ----------
    potential, target, start, name
        As given.
    domain : Domain
        The complement of the target, which is closed: on its boundary a path has not entered.

    Raises
    ------
    ValueError
        If dimensions disagree, the start is in the target, or a function fails or gives a gradient
        that is not that of its value.

    Examples
    --------
    >>> from levysde import domains, potentials
    >>> way = Approach(potentials.quadratic(1), domains.ball([0.0], 0.1), [2.0])
    >>> way.domain.contains([2.0]), way.domain.contains([0.0])
    (True, False)
    >>> way.minimum
    Traceback (most recent call last):
        ...
    levysde.checks.Refusal: a path to a target begins at no minimum; use method='euler' and give dt
    """

    _target: Domain

    def __init__(
        self, potential: Potential, target: Domain, start: npt.ArrayLike, *, name: str = "approach"
    ) -> None:
        checks.instance("potential", potential, Potential)
        checks.instance("target", target, Domain)
        checks.text("name", name)
        if target.dim != potential.dim:
            raise ValueError(
                f"the potential has dimension {potential.dim} and the target {target.dim}; "
                "give both the same"
            )
        begin = checked_point("start", start, potential.dim)
        if target.contains(begin):
            raise ValueError(
                f"the start {checks.shown(begin)} is in the target already; start outside of it"
            )
        given = {
            "potential": potential,
            "_target": target,
            "start": begin,
            "name": name,
            "domain": _complement(target),
        }
        for key, value in given.items():
            object.__setattr__(self, key, value)
        try_potential(potential, begin, CHECKED_SHARE * self._length())

    def __reduce__(self) -> tuple[Any, ...]:
        given = {name: getattr(self, name) for name in ("potential", "target", "start", "name")}
        return checks.rebuild, (type(self), given)

    def __repr__(self) -> str:
        return f"Approach({self.potential!r}, {self.target!r}, {self.start!r}, name={self.name!r})"

    @property
    def minimum(self) -> NoReturn:
        """There is none."""
        raise checks.Refusal(
            "a path to a target begins at no minimum", "use method='euler' and give dt"
        )

    @property
    def target(self) -> Domain:
        """The set to be entered."""
        return self._target

    @property
    def center(self) -> FloatArray:
        """The start."""
        return self.start

    def _length(self) -> float:
        """About the distance of the target, or of the origin where the start is on its boundary."""
        size = float(abs(self.start).max())
        length = self.domain.size_about(self.start)
        return length if length > _ON_THE_BOUNDARY * size and length > 1e-100 else size or 1.0


def _complement(target: Domain) -> Domain:
    """All points that are not in an open set."""
    return Domain(
        target.dim,
        _not_inside(target.outside),
        target.params,
        name=f"outside of {target.name}",
        cost=target.cost,
    )


def _not_inside(outside: Outside) -> Outside:
    def inside(x: FloatArray, p: FloatArray) -> bool:
        return not outside(x, p)

    return inside
