"""The attributes that the theory reads from domains, noise laws, dynamics and basins.

The theory imports none of the simulation's classes, so that an error cannot sit in both a
simulation and its check. Any object with these attributes will do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


class ShapeLike(Protocol):
    """A convex open set that knows distances to its boundary in closed form."""

    @property
    def dim(self) -> int:
        """Dimension of the space."""

    def exit_distances(self, center: Vector, directions: Vector) -> Vector:
        """Return distances along rays, ``inf`` where one stays inside, 0 from outside."""

    def distance(self, center: Vector) -> float | None:
        """Return the distance of a point inside from the boundary, where it is known."""

    def stretched(self, center: Vector, factors: Vector) -> ShapeLike:
        """Return the shape stretched along the axes about a center."""

    def swept(self, center: Vector, forth: Vector, back: Vector) -> ShapeLike | None:
        """Return the y, moved to c, with c + f y inside for all f from -back to forth."""


class PolytopeLike(ShapeLike, Protocol):
    """The set {lower < x < upper, normals @ x < offsets}."""

    @property
    def curved(self) -> Literal[False]:
        """That its faces are flat."""

    @property
    def lower(self) -> Vector:
        """Lower ends, shape (dim,)."""

    @property
    def upper(self) -> Vector:
        """Upper ends, shape (dim,)."""

    @property
    def normals(self) -> Vector:
        """Normals of the oblique faces, shape (faces, dim)."""

    @property
    def offsets(self) -> Vector:
        """Offsets of the oblique faces, shape (faces,)."""


class QuadricLike(ShapeLike, Protocol):
    """The set {(x - c)'A(x - c) < 1}."""

    @property
    def curved(self) -> Literal[True]:
        """That its boundary is curved."""

    def gauge(self, point: Vector) -> float:
        """Return the square root of the form at a point."""

    def form(self, columns: Vector) -> Vector:
        """Return G'AG of a matrix G, shape (dim, rank)."""


class DomainLike(Protocol):
    """An open set: a predicate that is true outside of it, and a name for messages.

    A domain may also have a ``shape``, which answers in closed form what is searched otherwise,
    ``outside_many(points)``, the predicate of many points at once, and ``cost``, the number of
    short formulas that one answer costs as much as.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def dim(self) -> int:
        """Dimension of the space."""

    @property
    def p(self) -> Vector:
        """Flat parameters, the second argument of ``outside``."""

    @property
    def outside(self) -> Callable[[Vector, Vector], bool]:
        """Predicate ``outside(x, p)``, x of shape (dim,)."""


class NoiseLike(Protocol):
    """A stable noise law, with the attributes of the form that it says (see `laws`)."""

    @property
    def name(self) -> str:
        """What the law is called in messages."""

    @property
    def alpha(self) -> float:
        """Stability index in (0, 2]."""


class StepLike(Protocol):
    """A symmetric law of one number that is known by its density."""

    def step_density(self, x: Vector) -> Vector:
        """Return the density."""

    def step_tail(self, x: Vector) -> Vector:
        """Return P(X > x)."""


class RuleLike(Protocol):
    """What one step of an optimizer does; the attributes are those of `levysde.dynamics.Rule`."""

    @property
    def form(self) -> str:
        """``"sde"`` or ``"algorithm"``."""

    @property
    def rates(self) -> str:
        """``"per_step"`` or ``"per_time"``."""

    @property
    def average(self) -> float | None:
        """Factor of the average of the gradient."""

    @property
    def dampening(self) -> float | None:
        """1 less the weight of a gradient in the average; None for a mean."""

    @property
    def second_average(self) -> float | None:
        """Factor of the average of its square."""

    @property
    def second_moment(self) -> str:
        """``"none"``, ``"frozen"``, ``"gradient"`` or ``"noisy"``."""

    @property
    def size(self) -> ArrayLike:
        """Root of the frozen second moment, or standard deviation of the noise that feeds it."""

    @property
    def eps(self) -> float:
        """Added to the root of the second moment."""

    @property
    def weight_decay(self) -> float:
        """Weight decay, 1/time."""

    @property
    def decay_form(self) -> str:
        """``"none"``, ``"l2"``, ``"decoupled"`` or ``"proximal"``."""

    @property
    def divides(self) -> bool:
        """Whether steps are divided by the root of the second moment."""

    @property
    def plain(self) -> bool:
        """Whether there are neither averages nor a division."""

    @property
    def adaptive(self) -> bool:
        """Whether the second moment follows the gradient."""


class DynamicsLike(Protocol):
    """A rule of motion."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def clip(self) -> float | None:
        """Longest displacement of one step."""

    @property
    def rule(self) -> RuleLike | None:
        """What a step does; None where nothing is declared."""


class PotentialLike(Protocol):
    """A potential with its gradient written into ``out``."""

    @property
    def dim(self) -> int:
        """Dimension of the space."""

    @property
    def p(self) -> Vector:
        """Flat parameters."""

    @property
    def gradient(self) -> Callable[[Vector, Vector, Vector], Any]:
        """Function ``gradient(x, p, out)``."""


class BasinLike(Protocol):
    """A potential, a domain, the minimum in it and the starting point."""

    @property
    def potential(self) -> PotentialLike:
        """The potential."""

    @property
    def domain(self) -> DomainLike:
        """The open set to be left."""

    @property
    def minimum(self) -> ArrayLike:
        """Minimum of the potential, shape (dim,)."""

    @property
    def start(self) -> ArrayLike:
        """Starting point, shape (dim,)."""


def shape_of(domain: DomainLike) -> PolytopeLike | QuadricLike | None:
    """Return the shape that a domain declares.

    Parameters
    ----------
    domain : object
        The domain, with ``shape`` or without.

    Returns
    -------
    object or None
        None where the boundary has to be searched.
    """
    return cast("PolytopeLike | QuadricLike | None", getattr(domain, "shape", None))


def is_costly(domain: DomainLike) -> bool:
    """Return whether one answer of a domain costs as much as very many short formulas.

    Parameters
    ----------
    domain : object
        The domain.

    Returns
    -------
    bool
        Such a domain is searched at fewer points.
    """
    return cost_of(domain) > 1.0


def cost_of(domain: DomainLike) -> float:
    """Return how many short formulas one answer of a domain costs as much as.

    Parameters
    ----------
    domain : object
        The domain, with ``cost`` or without.

    Returns
    -------
    float
        1 where nothing is said.
    """
    return float(getattr(domain, "cost", 1.0))
