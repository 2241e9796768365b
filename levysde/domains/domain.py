"""What every domain is: an open set, as a plain predicate of one point, and facts about it."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Margin, Outside
from levysde.domains.shape import Shape
from levysde.potentials import Potential

_LINES = 3
_FACTOR = 16.0
_FARTHEST = 2.0**500
_EDGE, _RESOLVED = 1e-3, 1e-10
"""How far from its boundary a shape is tried, and what coordinates of so many digits resolve."""


@dataclass(frozen=True, eq=False)
class Domain:
    """An open set Omega in R^dim given by a predicate.

    Attributes
    ----------
    dim : int
        Dimension of the points.
    outside : callable
        `outside(x, p) -> bool`, whether x is not in Omega. A plain Python function of numbers and
        array elements; it is compiled for the simulation.
    params : mapping of str to float or array
        Named parameters. They reach the function as the flat array `p`, in the order given.
    name : str
        For tables, files and messages.
    margin : callable, optional
        `margin(x, p, covariance, reach) -> float`: the distance of a point inside from the boundary
        over the standard deviation per square root of time that a Brownian motion of this
        covariance, shape (dim, dim), has along the normal. With reach > 0 the question is whether
        it exceeds the reach in every direction, and any lower bound will do. The jump-adapted
        scheme follows paths near the boundary by it, and by very short steps without it.
    cost : float
        How many short formulas one answer of the predicate costs as much as, dimensionless. The
        theory looks at fewer points of a costly domain.
    shape : Shape, optional
        The same set in closed form. Without it the boundary is found by search.
    invariant_under : Potential, optional
        A potential whose gradient flow leads away from the boundary everywhere; without a value
        function the claim is about all potentials with this gradient. A shape knows by itself.
    trapping_radius : float, optional
        Radius of a ball about the minimum that this flow does not leave, length: from there on
        distances along rays are searched, where every answer costs a flow.

    Raises
    ------
    ValueError
        If the dimension is not a positive whole number, the predicate is not callable, a parameter
        is not a number, or a declared fact is of another dimension.

    Examples
    --------
    >>> def outside(x, p):
    ...     return x[0] * x[0] + x[1] * x[1] >= p[0] ** 2 or x[1] > 0.5
    >>> clipped_disc = Domain(2, outside, {"radius": 1.0})
    >>> clipped_disc.contains([0.0, 0.4]), clipped_disc.contains([0.0, 0.6])
    (True, False)
    """

    dim: int
    outside: Outside
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    _: KW_ONLY
    name: str = "custom"
    margin: Margin | None = None
    cost: float = 1.0
    shape: Shape | None = None
    invariant_under: Potential | None = None
    trapping_radius: float | None = None
    p: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks.dimension(self.dim)
        checks.text("name", self.name)
        checks.plain_function("outside", self.outside)
        if self.margin is not None:
            checks.plain_function("margin", self.margin)
        params = checks.frozen_parameters(self.params)
        checks.finite_number("cost", self.cost)
        self._check_facts()
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", checks.flat(params))

    def _check_facts(self) -> None:
        facts = (("shape", self.shape, Shape), ("invariant_under", self.invariant_under, Potential))
        for name, fact, kind in facts:
            if fact is None:
                continue
            checks.instance(name, fact, kind)
            if fact.dim != self.dim:
                raise ValueError(
                    f"{name} has dimension {fact.dim} and the domain {self.dim}; give both the same"
                )
        if self.trapping_radius is not None:
            checks.finite_number("trapping_radius", self.trapping_radius)

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of the facts that are declared beside the functions and their parameters."""
        facts = ("shape", "invariant_under", "trapping_radius")
        values = {name: getattr(self, name) for name in facts}
        return tuple(name for name, v in values.items() if v is not None and v is not False)

    def __reduce__(self) -> tuple[Any, ...]:
        return checks.rebuild, (type(self), checks.given_fields(self))

    def is_invariant_under(self, potential: Potential, minimum: FloatArray) -> bool:
        """Whether the gradient flow moves away from the boundary everywhere, as far as is known.

        Parameters
        ----------
        potential : Potential
            F.
        minimum : ndarray, shape (dim,)
            Its minimum inside, in units of the coordinates.

        Returns
        -------
        bool

        Examples
        --------
        >>> from levysde import potentials
        >>> well = potentials.quadratic(1)
        >>> positive = Domain(1, lambda x, p: x[0] <= 0.0, invariant_under=well)
        >>> positive.is_invariant_under(well, np.array([1.0]))
        True
        """
        if self.shape is not None:
            return self.shape.is_invariant_under(potential, minimum)
        return self.invariant_under is not None and self.invariant_under.is_same_as(potential)

    def contains(self, x: npt.ArrayLike) -> bool:
        """Whether x is in Omega, computed in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        bool

        Raises
        ------
        ValueError
            If x has another shape, or the predicate fails or returns something else than a truth
            value.
        """
        point = checks.finite_array("x", x, (self.dim,)).copy()
        before = point.copy()
        try:
            answer = self.outside(point, np.array(self.p))
        except Exception as error:
            raise ValueError(
                f"the outside function failed at x = {checks.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        checks.unchanged("outside", before, point)
        if not isinstance(answer, bool | np.bool_):
            raise ValueError(f"the outside function returned {answer!r}; return True or False")
        return not answer

    def size_about(self, x: npt.ArrayLike) -> float:
        """About how far the boundary is from a point, along the nearest of a few lines.

        For what needs a length of the size of the problem, whatever the units: to a factor of 2,
        by calls of the predicate in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point inside, in units of the coordinates.

        Returns
        -------
        float
            Length; if the lines do not leave Omega, the distance of the point from 0, or 1.

        Examples
        --------
        >>> def outside(x, p):
        ...     return abs(x[0]) >= p[0]
        >>> Domain(1, outside, {"radius": 3e-9}).size_about([0.0]) / 3e-9 < 2.0
        True
        """
        point = checks.finite_array("x", x, (self.dim,))
        lines = spread_lines(self.dim)

        def leaves(r: float) -> bool:
            return any(self._is_out(point + side * r * line) for line in lines for side in (1, -1))

        high = 1.0
        while not leaves(high):
            high *= _FACTOR
            if high > _FARTHEST:
                return float(np.linalg.norm(point)) or 1.0
        low = high / _FACTOR
        while low > 0.0 and leaves(low):
            low, high = low / _FACTOR, low
        while high > 2.0 * low > 0.0:
            middle = float(np.sqrt(low) * np.sqrt(high))  # their product could underflow
            low, high = (low, middle) if leaves(middle) else (middle, high)
        return low or high

    def _is_out(self, x: FloatArray) -> bool:
        """Whether a point is outside, or so far away that the predicate fails."""
        with np.errstate(all="ignore"):
            try:
                return not self.contains(x)
            except ValueError:
                return True

    def check_shape(self, x: npt.ArrayLike) -> None:
        """Try the declared shape, if there is one, against the predicate in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point inside, in units of the coordinates.

        Raises
        ------
        ValueError
            If the predicate does not change where the shape has the boundary on a line.

        Examples
        --------
        >>> from dataclasses import replace
        >>> from levysde import domains
        >>> stale = replace(domains.interval(-1.0, 1.0), params={"lower": -2.0, "upper": 2.0})
        >>> stale.check_shape([0.0])
        Traceback (most recent call last):
            ...
        ValueError: the predicate is not that of the declared shape at x = (1); declare its own
        """
        if self.shape is None:
            return
        point, lines = checks.finite_array("x", x, (self.dim,)), spread_lines(self.dim)
        rays = np.concatenate([lines, -lines])
        distances = self.shape.exit_distances(point, rays)
        ray, distance = rays[np.argmin(distances)], float(np.min(distances))
        if not _RESOLVED * float(np.abs(point).max()) < distance < _FARTHEST:
            return
        edge = point + distance * ray
        before, after = (point + (1.0 + side * _EDGE) * distance * ray for side in (-1, 1))
        if self._is_out(before) or not self._is_out(after):
            raise ValueError(
                "the predicate is not that of the declared shape at "
                f"x = {checks.shown(edge)}; declare its own"
            )

    def check_margin(self, x: npt.ArrayLike, size: float = 1.0) -> None:
        """Try the margin, if there is one, at a point of Omega in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point inside, in units of the coordinates.
        size : float
            Standard deviation per square root of time, length.

        Raises
        ------
        ValueError
            If x has another shape, or the margin fails, changes x, or returns something else than a
            number that is not negative.

        Examples
        --------
        >>> def late(x, p, covariance, reach):
        ...     return float("nan")
        >>> Domain(1, lambda x, p: x[0] > 1.0, margin=late).check_margin([0.0])
        Traceback (most recent call last):
            ...
        ValueError: the margin returned nan at x = (0); return a number from 0 to infinity
        """
        if self.margin is None:
            return
        point = checks.finite_array("x", x, (self.dim,)).copy()
        before = point.copy()
        covariance = size * size * np.eye(self.dim)
        for reach in (0.0, 1.0):
            try:
                found = self.margin(point, np.array(self.p), covariance.copy(), reach)
            except Exception as error:
                raise ValueError(
                    f"the margin failed at x = {checks.shown(point)}: "
                    f"{type(error).__name__}: {error}; write margin(x, p, covariance, reach)"
                ) from error
            checks.unchanged("margin", before, point)
            number = isinstance(found, int | float | np.integer | np.floating)
            if isinstance(found, bool) or not number or not found >= 0.0:
                raise ValueError(
                    f"the margin returned {found!r} at x = {checks.shown(point)}; return a number "
                    "from 0 to infinity"
                )

    def outside_many(self, points: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether each of many points is outside, computed with the compiled predicate.

        Parameters
        ----------
        points : ndarray, shape (count, dim)
            Points, in units of the coordinates.

        Returns
        -------
        ndarray of bool, shape (count,)

        Raises
        ------
        ValueError
            If the predicate cannot be compiled.

        Examples
        --------
        >>> import numpy as np
        >>> positive = Domain(1, lambda x, p: x[0] <= 0.0)
        >>> positive.outside_many(np.array([[-1.0], [2.0]])).tolist()
        [True, False]
        """
        from levysde.engine.cpu.pointwise import are_outside

        return are_outside(self.outside, np.array(self.p), points)


def spread_lines(dim: int) -> FloatArray:
    """A few unit vectors along no axis; the same ones every time.

    Parameters
    ----------
    dim : int
        Dimension.

    Returns
    -------
    ndarray, shape (3, dim)
        Dimensionless.
    """
    lines = np.random.default_rng(0).standard_normal((_LINES, dim))
    return np.asarray(lines / np.linalg.norm(lines, axis=1)[:, None])
