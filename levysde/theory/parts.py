"""The attributes that the theory reads from domains, noise laws, dynamics and basins.

The theory imports none of the simulation's classes, so that an error cannot sit in both a
simulation and its check. Any object with these attributes will do.
"""

from __future__ import annotations

import math
import numbers
import reprlib
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


def real_number(value: Any, what: str) -> float:
    """Return a real number, perhaps infinite or not a number, as a float.

    Parameters
    ----------
    value : float
        The number.
    what : str
        Name of the number in the messages.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If it is something else: a text, a truth value, an array.
    ValueError
        If it is a whole number beyond the range of floats.

    Examples
    --------
    >>> real_number("1.5", "alpha")
    Traceback (most recent call last):
        ...
    TypeError: alpha is '1.5', but it must be a real number
    """
    scalar = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(scalar, bool | np.bool_) or not isinstance(scalar, numbers.Real):
        raise TypeError(f"{what} is {shown(value)}, but it must be a real number")
    try:
        return float(scalar)
    except OverflowError:
        raise ValueError(
            f"{what} is a number of {len(str(scalar))} digits, beyond the range of floating-point "
            "numbers; choose units in which it is smaller"
        ) from None


def real_numbers(value: Any, what: str) -> Vector:
    """Return real numbers, perhaps infinite or not a number, as a float64 array of any shape.

    Parameters
    ----------
    value : array_like
        The numbers.
    what : str
        Name of the numbers in the messages.

    Returns
    -------
    ndarray
        The same numbers.

    Raises
    ------
    TypeError
        If something is not a real number, or the rows are of different lengths.
    ValueError
        If a whole number is beyond the range of floats.

    Examples
    --------
    >>> real_numbers([1, 2.5], "scale")
    array([1. , 2.5])
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO" or (array.dtype.kind == "O" and not _all_real(array)):
            raise TypeError
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"{what} contains a number beyond the range of floating-point numbers; choose units in "
            "which it is smaller"
        ) from None
    except (TypeError, ValueError):
        raise TypeError(f"{what} is {shown(value)}, but it must be an array of numbers") from None


def _all_real(array: NDArray[Any]) -> bool:
    return all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in array.flat)


def shown(value: object) -> str:
    """Return a value as a short text without line breaks, for messages."""
    return " ".join(reprlib.repr(value).split())


def checked_alpha(alpha: float) -> float:
    """Return the stability index as a float.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2].

    Examples
    --------
    >>> checked_alpha(2)
    2.0
    """
    alpha = real_number(alpha, "alpha")
    if not 0.0 < alpha <= 2.0:
        raise ValueError(f"alpha is {alpha!r}, but the stability index must be in (0, 2]")
    return alpha


def checked_positive(value: float, what: str) -> float:
    """Return a positive, finite number as a float.

    Parameters
    ----------
    value : float
        The number.
    what : str
        Name of the number in the message.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If the number is not positive or not finite.

    Examples
    --------
    >>> checked_positive(3, "radius")
    3.0
    """
    value = real_number(value, what)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{what} is {value!r}, but it must be positive and finite")
    return value


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


def checked_point(point: ArrayLike, dim: int, what: str) -> Vector:
    """Return a finite point as a float64 array of shape (dim,).

    Parameters
    ----------
    point : array_like, shape (dim,)
        The point; a plain number is taken in one dimension.
    dim : int
        Dimension of the space.
    what : str
        Name of the point in the messages.

    Returns
    -------
    ndarray, shape (dim,)
        The point.

    Raises
    ------
    ValueError
        If the length is not ``dim`` or a component is not finite.

    Examples
    --------
    >>> checked_point([1, 2], 2, "center")
    array([1., 2.])
    """
    values = np.atleast_1d(real_numbers(point, what))
    if values.shape != (dim,):
        raise ValueError(f"{what} has shape {values.shape}, but the domain has dimension {dim}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{what} is {values.tolist()}, but all components must be finite")
    return values
