"""Domains: the open set Omega whose first exit is awaited, as a plain predicate of one point."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray, Outside
from levysde.potentials import Potential

__all__ = ["Domain", "ball", "box", "ellipsoid", "half_space", "interval", "sublevel_set"]


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
        Built-in domains are known to the theory by their names.

    Raises
    ------
    ValueError
        If the dimension is not a positive whole number, the predicate is not callable, or a
        parameter is not a number.

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
    p: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts.whole_number("dim", self.dim, 1)
        if not callable(self.outside):
            raise ValueError(f"outside is {self.outside!r}; give a function")
        params = parts.frozen_parameters(self.params)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", parts.flat(params))

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
        point = parts.finite_array("x", x, (self.dim,)).copy()
        try:
            answer = self.outside(point, np.array(self.p))
        except Exception as error:
            raise ValueError(
                f"the outside function failed at x = {parts.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        if not isinstance(answer, bool | np.bool_):
            raise ValueError(f"the outside function returned {answer!r}; return True or False")
        return not answer

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
        >>> interval(-1.0, 1.0).outside_many(np.array([[0.0], [2.0]])).tolist()
        [False, True]
        """
        from levysde.engine.cpu import are_outside

        return are_outside(self.outside, np.array(self.p), points)


def _outside_interval(x: FloatArray, p: FloatArray) -> bool:
    return (x[0] <= p[0]) | (x[0] >= p[1])


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
    if not lower < upper:
        raise ValueError(f"the interval ({lower}, {upper}) is empty; give lower < upper")
    return Domain(1, _outside_interval, {"lower": lower, "upper": upper}, name="interval")


def _outside_box(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    out = False
    for j in range(n):  # no early return: the loop vectorizes
        out |= (x[j] <= p[j]) | (x[j] >= p[n + j])
    return out


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
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
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
    return Domain(len(low), _outside_box, {"lower": low, "upper": high}, name="box")


def _outside_ball(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for j in range(n):
        square += (x[j] - p[j]) * (x[j] - p[j])
    return square >= p[n] * p[n]


def ball(center: npt.ArrayLike, radius: float) -> Domain:
    """The ball |x - center| < radius.

    Parameters
    ----------
    center : array, shape (dim,)
        In units of the coordinates.
    radius : float
        In units of the coordinates.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the center is not finite or the radius not positive and finite.

    Examples
    --------
    >>> ball([1.0, 0.0], 0.8).contains([0.5, 0.5])
    True
    """
    middle = _center(center)
    params: dict[str, npt.ArrayLike] = {
        "center": middle,
        "radius": parts.finite_number("radius", radius),
    }
    return Domain(len(middle), _outside_ball, params, name="ball")


def _center(center: npt.ArrayLike) -> FloatArray:
    middle = parts.finite_array("center", center)
    if middle.ndim != 1 or middle.size == 0:
        raise ValueError(f"center has shape {middle.shape}; give one number a coordinate")
    return middle


def _outside_ellipsoid(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    square = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n + n * k + j] * (x[j] - p[j])
        square += row * (x[k] - p[k])
    return square >= 1.0


def ellipsoid(center: npt.ArrayLike, matrix: npt.ArrayLike) -> Domain:
    """The ellipsoid (x - c)' A (x - c) < 1.

    Parameters
    ----------
    center : array, shape (dim,)
        c, in units of the coordinates.
    matrix : array, shape (dim, dim)
        A, symmetric and positive definite, 1/length^2.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the matrix is not finite, symmetric and positive definite.

    Examples
    --------
    >>> ellipsoid([0.0, 0.0], [[1.0, 0.0], [0.0, 100.0]]).contains([0.9, 0.0])
    True
    """
    middle = _center(center)
    array = parts.finite_array("matrix", matrix, (len(middle), len(middle)))
    if not np.allclose(array, array.T, rtol=1e-12, atol=0.0):
        raise ValueError("the matrix of the ellipsoid is not symmetric; give a symmetric matrix")
    if np.linalg.eigvalsh(array)[0] <= 0.0:
        raise ValueError("the matrix of the ellipsoid is not positive definite; give one that is")
    params: dict[str, npt.ArrayLike] = {"center": middle, "matrix": array}
    return Domain(len(middle), _outside_ellipsoid, params, name="ellipsoid")


def _outside_half_space(x: FloatArray, p: FloatArray) -> bool:
    n = len(x)
    product = 0.0
    for j in range(n):
        product += p[j] * x[j]
    return product >= p[n]


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
    direction = _center(normal)
    if not direction.any():
        raise ValueError("the normal of the half space is zero; give a direction")
    params: dict[str, npt.ArrayLike] = {
        "normal": direction,
        "offset": parts.finite_number("offset", offset, positive=False),
    }
    return Domain(len(direction), _outside_half_space, params, name="half_space")


def sublevel_set(potential: Potential, level: float) -> Domain:
    """The set F(x) < level.

    All of it, if it has several components: add a condition of your own with `Domain` to take one.

    Parameters
    ----------
    potential : Potential
        With a value function.
    level : float
        In units of F.

    Returns
    -------
    Domain

    Raises
    ------
    ValueError
        If the potential has no value function or the level is not finite.

    Examples
    --------
    >>> from levysde import potentials
    >>> sublevel_set(potentials.quadratic(1, curvature=16.0), 0.5).contains([0.24])
    True
    """
    value = potential.value
    if value is None:
        raise ValueError("a sublevel set needs a potential with a value function; give one")
    last = len(potential.p)

    def outside(x: FloatArray, p: FloatArray) -> bool:
        return value(x, p) >= p[last]

    params = {**potential.params, "level": parts.finite_number("level", level, positive=False)}
    return Domain(potential.dim, outside, params, name="sublevel_set")
