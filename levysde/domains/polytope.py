"""Polytopes {lower < x < upper, n_k . x < b_k}: interval, box, half space, and what they cut out.

Faces across the axes are two arrays, which stay cheap in ten thousand dimensions; oblique faces
have normals and offsets.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.domains.domain import Domain
from levysde.domains.shape import Inset, Shape, over, spread
from levysde.potentials import Potential

__all__ = ["Polytope", "box", "half_space", "interval"]

_FAR_SHARES = np.geomspace(1e-3, 1e3, 400)
_INSIDE_SHARES = np.linspace(0.0, 1.0, 402)[1:-1]


@dataclass(frozen=True, eq=False)
class Polytope(Shape):
    """The set of all x with lower < x < upper and normals @ x < offsets.

    Attributes
    ----------
    lower, upper : ndarray, shape (dim,)
        Faces across the axes, in units of the coordinates; infinite where there is none.
    normals : ndarray, shape (faces, dim)
        Of the oblique faces, of any length but 0; none unless given.
    offsets : ndarray, shape (faces,)
        In units of normal . x.

    Raises
    ------
    ValueError
        If the lengths of the arrays do not agree, something is no number or a normal is zero.

    Examples
    --------
    >>> inf = float("inf")
    >>> triangle = Polytope([0.0, 0.0], [inf, inf], [[1.0, 1.0]], [1.0])
    >>> triangle.exit_distances(np.array([0.2, 0.2]), np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist()
    [0.6, 0.2]
    """

    lower: FloatArray
    upper: FloatArray
    normals: FloatArray = None  # type: ignore[assignment]
    offsets: FloatArray = None  # type: ignore[assignment]

    curved: ClassVar[Literal[False]] = False

    def __post_init__(self) -> None:
        lower, upper = checks.numbers("lower", self.lower), checks.numbers("upper", self.upper)
        if lower.ndim != 1 or lower.shape != upper.shape or not lower.size:
            raise ValueError(
                f"lower has shape {lower.shape} and upper {upper.shape}; give two arrays of one "
                "length"
            )
        none = np.empty((0, lower.size)) if self.normals is None else self.normals
        normals = checks.finite_array("normals", none)
        if normals.ndim != 2 or normals.shape[1] != lower.size:
            raise ValueError(
                f"normals has shape {normals.shape}; give rows of {lower.size} numbers"
            )
        if not normals.any(axis=1).all():
            raise ValueError("a normal is zero; give a direction for each face")
        none = np.empty(0) if self.offsets is None else self.offsets
        offsets = checks.finite_array("offsets", none, (len(normals),))
        arrays = {"lower": lower, "upper": upper, "normals": normals, "offsets": offsets}
        for name, array in arrays.items():
            object.__setattr__(self, name, checks.freeze(array))

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return len(self.lower)

    @property
    def _axis_faces(self) -> npt.NDArray[np.bool_]:
        """Along which axes there are faces."""
        return np.isfinite(self.lower) | np.isfinite(self.upper)

    def exit_distances(self, center: FloatArray, directions: FloatArray) -> FloatArray:
        """Distances along rays."""
        found = np.full(len(directions), np.inf)
        if self._axis_faces.any():
            found = self._to_axis_faces(center, directions)
        for normal, offset in zip(self.normals, self.offsets, strict=True):
            found = np.minimum(found, _to_face(normal, offset, center, directions))
        return found

    def _to_axis_faces(self, center: FloatArray, directions: FloatArray) -> FloatArray:
        if not (np.all(self.lower < center) and np.all(center < self.upper)):
            return np.zeros(len(directions))
        room = np.where(directions > 0.0, self.upper - center, center - self.lower)
        steps = np.divide(
            room, np.abs(directions), out=np.full(directions.shape, np.inf), where=directions != 0.0
        )
        return np.asarray(np.min(steps, axis=1))

    def distance(self, center: FloatArray) -> float:
        """To the nearest face."""
        nearest = float(np.min(np.minimum(self.upper - center, center - self.lower)))
        for normal, offset in zip(self.normals, self.offsets, strict=True):
            # Along the normal as along any ray, to the last digit.
            unit = (normal / np.linalg.norm(normal))[None]
            nearest = min(nearest, float(_to_face(normal, offset, center, unit)[0]))
        return nearest

    def inscribed_radius(self, center: FloatArray) -> float:
        """The distance."""
        return self.distance(center)

    def stretched(self, center: FloatArray, factors: FloatArray) -> "Polytope":
        """With every face moved."""
        turned = self.normals / factors
        offsets = [
            _room(normal, offset, center) + float(face @ center)
            for normal, offset, face in zip(self.normals, self.offsets, turned, strict=True)
        ]
        lower, upper = (center + factors * (end - center) for end in (self.lower, self.upper))
        return Polytope(lower, upper, turned, np.array(offsets))

    def swept(self, center: FloatArray, forth: FloatArray, back: FloatArray) -> "Polytope | None":
        """In closed form where all faces are across the axes."""
        if len(self.normals):
            return None  # extrema of different coordinates come at different times
        to_upper, to_lower = self.upper - center, center - self.lower
        with np.errstate(divide="ignore"):
            above = np.minimum(to_upper / forth, to_lower / back)
            below = np.minimum(to_lower / forth, to_upper / back)
        return Polytope(center - below, center + above)

    def is_invariant_under(self, potential: Potential, minimum: FloatArray) -> bool:
        """By the faces that there are."""
        if len(self.normals):
            # All coordinates relax alike: the flow is straight.
            rates = potential.hessian
            return rates is not None and rates.ndim == 1 and bool((rates == rates[0]).all())
        return self._is_driven_back(potential, minimum) if self.dim == 1 else potential.separable

    def _is_driven_back(self, potential: Potential, minimum: FloatArray) -> bool:
        """Whether the force on a line points to the minimum from all of the interval."""
        rooms = [abs(float(end[0]) - float(minimum[0])) for end in (self.lower, self.upper)]
        for side, room in zip((-1.0, 1.0), rooms, strict=True):
            radii = room * _INSIDE_SHARES if math.isfinite(room) else min(rooms) * _FAR_SHARES
            if not np.isfinite(radii).all():
                return True  # no end anywhere
            forces = potential.gradient_many((minimum[0] + side * radii)[:, None])[:, 0]
            if not (side * forces > 0.0).all():
                return False
        return True

    def shifted(self, inset: Inset) -> Domain | None:
        """With every face moved inward."""
        width = inset.across_axes(self._axis_faces)
        lower, upper = self.lower + width, self.upper - width
        if not (lower < upper).all():
            return None
        widths = np.array([inset.along(normal) for normal in self.normals])
        return Polytope(lower, upper, self.normals, self.offsets - widths).domain()

    def domain(self, name: str = "polytope") -> Domain:
        """The domain of this shape, with the short predicate of an interval, box or half space.

        Parameters
        ----------
        name : str
            Of a domain that is none of these.

        Returns
        -------
        Domain
        """
        if not len(self.normals):
            if self.dim == 1:
                return interval(float(self.lower[0]), float(self.upper[0]))
            return box(self.lower, self.upper)
        if len(self.normals) == 1 and not self._axis_faces.any():
            return half_space(self.normals[0], float(self.offsets[0]))
        faces = np.column_stack([self.normals, self.offsets])
        params = {"lower": self.lower, "upper": self.upper, "faces": faces}
        return Domain(
            self.dim, _outside_polytope, params, name=name, margin=_polytope_margin, shape=self
        )


def _room(normal: FloatArray, offset: float, center: FloatArray) -> float:
    """What is left of n.x up to the face, at a point."""
    return float(offset) - float(normal @ center)


def _to_face(
    normal: FloatArray, offset: float, center: FloatArray, directions: FloatArray
) -> FloatArray:
    """Distances along rays to the plane n.x = b, 0 if the center is not below it."""
    room = _room(normal, offset, center)
    if room <= 0.0:
        return np.zeros(len(directions))
    speed = directions @ normal
    steps = np.divide(room, speed, out=np.full(speed.shape, np.inf), where=speed > 0.0)
    return np.asarray(steps)


# ----------------------------------------------------------------------------- plain functions of x


def _outside_interval(x: FloatArray, p: FloatArray) -> bool:
    return (x[0] <= p[0]) | (x[0] >= p[1])


def _interval_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of lower < x < upper."""
    return over(min(x[0] - p[0], p[1] - x[0]), math.sqrt(covariance[0, 0]))


def _outside_box(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    out = False
    for j in range(n):  # no early return: the loop vectorizes
        out |= (x[j] <= p[j]) | (x[j] >= p[n + j])
    return out


def _box_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """The smallest over the faces."""
    n = len(x)
    smallest = np.inf
    for j in range(n):
        if covariance[j, j] > 0.0:
            room = min(x[j] - p[j], p[n + j] - x[j]) / math.sqrt(covariance[j, j])
            smallest = min(smallest, room)
    return smallest


def _outside_half_space(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    product = 0.0
    for j in range(n):
        product += p[j] * x[j]
    return product >= p[n]


def _half_space_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    """Of normal.x < offset."""
    n = len(x)
    product = 0.0
    for j in range(n):
        product += p[j] * x[j]
    return over(p[n] - product, spread(p[:n], covariance))


def _outside_polytope(x: FloatArray, p: FloatArray) -> bool:
    """The faces across the axes, then the oblique ones as half spaces."""
    n = len(x)
    out = _outside_box(x, p)
    for at in range(2 * n, len(p), n + 1):
        out |= _outside_half_space(x, p[at : at + n + 1])
    return out


def _polytope_margin(x: FloatArray, p: FloatArray, covariance: FloatArray, reach: float) -> float:
    n = len(x)
    smallest = _box_margin(x, p, covariance, reach)
    for at in range(2 * n, len(p), n + 1):
        face = _half_space_margin(x, p[at : at + n + 1], covariance, reach)
        smallest = min(smallest, face)
    return smallest


# ------------------------------------------------------------------------------------- constructors


def interval(lower: float, upper: float) -> Domain:
    """The interval lower < x < upper.

    Parameters
    ----------
    lower, upper : float
        Ends, in units of the coordinate; either may be infinite.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If lower is not below upper.

    Examples
    --------
    >>> interval(-1.0, 1.0).contains([0.5])
    True
    """
    ends = checks.numbers("lower", lower), checks.numbers("upper", upper)
    if ends[0].ndim or ends[1].ndim:
        raise ValueError("the ends of an interval are numbers; give a box in several dimensions")
    if not ends[0] < ends[1]:
        raise ValueError(f"the interval ({lower}, {upper}) is empty; give lower < upper")
    params, shape = {"lower": ends[0], "upper": ends[1]}, Polytope(ends[0][None], ends[1][None])
    return Domain(
        1, _outside_interval, params, name="interval", margin=_interval_margin, shape=shape
    )


def box(lower: npt.ArrayLike, upper: npt.ArrayLike) -> Domain:
    """The box lower_j < x_j < upper_j for every j.

    Parameters
    ----------
    lower, upper : array, shape (dim,)
        Ends, in units of the coordinates; entries may be infinite.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the shapes differ, or lower is not below upper in some coordinate.

    Examples
    --------
    >>> box([-1.0, -2.0], [1.0, 2.0]).contains([0.0, 1.5])
    True
    """
    low, high = checks.numbers("lower", lower), checks.numbers("upper", upper)
    if low.ndim != 1 or low.shape != high.shape:
        raise ValueError(
            f"lower has shape {low.shape} and upper {high.shape}; give two arrays of one length"
        )
    if not (low < high).all():
        j = int(np.flatnonzero(~(low < high))[0])
        raise ValueError(
            f"the box is empty: lower[{j}] = {low[j]:g}, upper[{j}] = {high[j]:g}; "
            "give lower < upper"
        )
    params, shape = {"lower": low, "upper": high}, Polytope(low, high)
    return Domain(shape.dim, _outside_box, params, name="box", margin=_box_margin, shape=shape)


def half_space(normal: npt.ArrayLike, offset: float) -> Domain:
    """The half space normal . x < offset.

    Parameters
    ----------
    normal : array, shape (dim,)
        Not zero; need not have length 1.
    offset : float
        In units of normal . x.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the normal is zero or something is not finite.

    Examples
    --------
    >>> half_space([1.0, 1.0], 1.0).contains([0.0, 0.0])
    True
    """
    direction = checks.point("normal", normal)
    if not direction.any():
        raise ValueError("the normal of the half space is zero; give a direction")
    height = checks.finite_number("offset", offset, positive=False)
    endless = np.full(len(direction), np.inf)
    shape = Polytope(-endless, endless, direction[None], np.array([height]))
    params: dict[str, npt.ArrayLike] = {"normal": direction, "offset": height}
    margin = _half_space_margin
    return Domain(
        shape.dim, _outside_half_space, params, name="half_space", margin=margin, shape=shape
    )
