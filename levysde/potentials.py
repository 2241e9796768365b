"""Potentials: a gradient, and where it exists a value, as plain functions of one point.

The noise-free dynamics is dx = -grad F(x) dt. Built-in potentials keep each value beside its
gradient.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Gradient, PlainFunction, Value

__all__ = [
    "Potential",
    "asymmetric_quadratic",
    "double_well",
    "quadratic",
    "quartic",
    "tilted_double_well",
]


@dataclass(frozen=True, eq=False)
class Potential:
    """A potential F on R^dim given by its gradient.

    Attributes
    ----------
    dim : int
        Dimension of the points.
    gradient : callable
        `gradient(x, p, out)` writes grad F(x), shape (dim,), into `out`. A plain Python function of
        numbers and array elements; it is compiled for the simulation. Loops over elements are fast
        there, expressions that make arrays (`B @ x`) are about 30 times slower.
    value : callable, optional
        `value(x, p) -> float`, F(x). Needed for sublevel sets and to check the gradient.
    params : mapping of str to float or array
        Named parameters. They reach the functions as the flat array `p`, in the order given.
    name : str
        For tables, files and messages.
    center : array, shape (dim,), optional
        c of the next two facts, in units of the coordinates.
    hessian : array, shape (dim,) or (dim, dim), optional
        H, or its diagonal, where grad F(x) = H (x - c) everywhere; 1/time.
    one_sided : array, shape (2, dim), optional
        k, where component j of grad F(x) is k[0, j] (x_j - c_j) below c_j and k[1, j] (x_j - c_j)
        above, but for a constant; 1/time.
    separable : bool
        Whether F is known to be a sum of convex functions of one coordinate each: every coordinate
        moves by itself, towards the minimum.
    approaching : bool
        Whether the distance from the minimum is known to fall along the flow dx = -grad F dt.

    Raises
    ------
    ValueError
        If the dimension is not a positive whole number, a function is not callable, or a parameter
        or a declared fact is not what it must be.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(x, p, out):
    ...     out[0] = p[0] * x[0] ** 3
    >>> well = Potential(1, gradient, params={"stiffness": 2.0})
    >>> well.gradient_at([2.0]).tolist()
    [16.0]
    """

    dim: int
    gradient: Gradient
    value: Value | None = None
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    _: KW_ONLY
    name: str = "custom"
    center: FloatArray | None = None
    hessian: FloatArray | None = None
    one_sided: FloatArray | None = None
    separable: bool = False
    approaching: bool = False
    p: FloatArray = field(init=False, repr=False)

    tilted: ClassVar[bool] = False
    """Whether a constant force has been added, which moves the minimum off that of F."""

    def __post_init__(self) -> None:
        checks.dimension(self.dim)
        checks.text("name", self.name)
        checks.plain_function("gradient", self.gradient)
        if self.value is not None:
            checks.plain_function("value", self.value)
        params = checks.frozen_parameters(self.params)
        self._check_facts()
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", checks.flat(params))

    def _check_facts(self) -> None:
        dim = self.dim
        for name, shapes in (
            ("center", [(dim,)]),
            ("hessian", [(dim,), (dim, dim)]),
            ("one_sided", [(2, dim)]),
        ):
            value = getattr(self, name)
            if value is not None:
                fact = checks.finite_array(name, value)
                shape = fact.shape if fact.shape in shapes else shapes[0]
                object.__setattr__(self, name, checks.finite_array(name, fact, shape))
        if self.center is None and (self.hessian is not None or self.one_sided is not None):
            raise ValueError("a hessian or one_sided is given without a center; give the center")
        checks.flag("separable", self.separable)
        checks.flag("approaching", self.approaching)

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of the facts that are declared beside the functions and their parameters."""
        facts = ("hessian", "one_sided", "separable", "approaching")
        values = {name: getattr(self, name) for name in facts}
        return tuple(name for name, v in values.items() if v is not None and v is not False)

    def __reduce__(self) -> tuple[Any, ...]:
        return checks.rebuild, (type(self), checks.given_fields(self))

    def declared_gradient(self, x: FloatArray) -> FloatArray | None:
        """Grad F(x) by the declared center and curvatures, where they make it.

        Parameters
        ----------
        x : ndarray, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        ndarray or None
            Shape (dim,), energy per unit of the coordinate.

        Examples
        --------
        >>> quadratic(2, curvature=[1.0, 4.0]).declared_gradient(np.array([1.0, 1.0])).tolist()
        [1.0, 4.0]
        """
        if self.center is None or self.tilted:
            return None
        offset = x - self.center
        if self.hessian is not None:
            return self.hessian * offset if self.hessian.ndim == 1 else self.hessian @ offset
        if self.one_sided is not None:
            below, above = self.one_sided
            return np.asarray(np.where(offset < 0.0, below, above) * offset)
        return None

    def is_same_as(self, other: "Potential") -> bool:
        """Whether another potential has the numbers and functions of this one.

        Parameters
        ----------
        other : Potential
            Its value function is not looked at where this one has none.

        Returns
        -------
        bool
            Functions that were made twice from the same code are the same.

        Examples
        --------
        >>> quadratic(2).is_same_as(quadratic(2)), quadratic(2).is_same_as(quartic(2))
        (True, False)
        """
        if not np.array_equal(self.p, other.p) or not _is_same(self.gradient, other.gradient):
            return False
        return self.value is None or (other.value is not None and _is_same(self.value, other.value))

    def gradient_many(self, points: FloatArray) -> FloatArray:
        """The gradient at many points, computed with the compiled function.

        Parameters
        ----------
        points : ndarray, shape (count, dim)
            Points, in units of the coordinates.

        Returns
        -------
        ndarray, shape (count, dim)
            Gradients.

        Raises
        ------
        ValueError
            If the function cannot be compiled.

        Examples
        --------
        >>> quadratic(1, curvature=3.0).gradient_many(np.array([[1.0], [-2.0]])).tolist()
        [[3.0], [-6.0]]
        """
        from levysde.engine.cpu.pointwise import gradients

        return gradients(self.gradient, np.array(self.p), points)

    def gradient_at(self, x: npt.ArrayLike) -> FloatArray:
        """Grad F(x), computed in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        ndarray, shape (dim,)
            Energy per unit of the coordinate.

        Raises
        ------
        ValueError
            If x has another shape, or the function fails, leaves a component unwritten or writes
            a NaN.
        """
        point = checks.finite_array("x", x, (self.dim,)).copy()
        out = np.full(self.dim, np.nan)
        before = point.copy()
        try:
            self.gradient(point, np.array(self.p), out)
        except Exception as error:
            raise ValueError(
                f"the gradient function failed at x = {checks.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        checks.unchanged("gradient", before, point)
        if not np.isfinite(out).all():
            component = int(np.flatnonzero(~np.isfinite(out))[0])
            raise ValueError(
                f"the gradient function left component {component} unwritten or not finite at "
                f"x = {checks.shown(point)}; write a number into every component of out"
            )
        return out

    def value_at(self, x: npt.ArrayLike) -> float:
        """F(x), computed in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        float
            Energy.

        Raises
        ------
        ValueError
            If the potential has no value function, x has another shape, or the function fails.
        """
        if self.value is None:
            raise ValueError(f"the potential {self.name!r} has no value function; give one")
        point = checks.finite_array("x", x, (self.dim,)).copy()
        try:
            return float(self.value(point, np.array(self.p)))
        except Exception as error:
            raise ValueError(
                f"the value function failed at x = {checks.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error


def _is_same(one: PlainFunction, other: PlainFunction) -> bool:
    from levysde.engine.source import code_key

    return one is other or code_key(one) == code_key(other)


# ---------------------------------------------------------------------------------- quadratic wells


def _quadratic_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    n = len(x)
    for j in range(n):
        out[j] = p[j] * (x[j] - p[n + j])


def _quadratic_value(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    total = 0.0
    for j in range(n):
        total += 0.5 * p[j] * (x[j] - p[n + j]) ** 2
    return total


def _full_quadratic_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    n = len(x)
    for j in range(n):
        out[j] = 0.0
    # The matrix is symmetric: its rows serve as columns, and the inner loop vectorizes.
    for k in range(n):
        displacement = x[k] - p[n * n + k]
        for j in range(n):
            out[j] += p[n * k + j] * displacement


def _full_quadratic_value(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    total = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n * k + j] * (x[j] - p[n * n + j])
        total += 0.5 * row * (x[k] - p[n * n + k])
    return total


def quadratic(
    dim: int = 1, curvature: npt.ArrayLike = 1.0, center: npt.ArrayLike = 0.0
) -> Potential:
    """F(x) = (x - c)' H (x - c) / 2.

    Parameters
    ----------
    dim : int
        Dimension.
    curvature : float or array, shape (dim,) or (dim, dim)
        H: one curvature, one per coordinate, or a symmetric matrix; relaxation rates, 1/time.
        0 means no drift.
    center : float or array, shape (dim,)
        c, in units of the coordinates.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        If a curvature is negative or not finite, or the matrix is not symmetric and positive
        semidefinite.

    Examples
    --------
    >>> quadratic(2, curvature=[1.0, 4.0]).gradient_at([1.0, 1.0]).tolist()
    [1.0, 4.0]
    """
    dim = checks.dimension(dim)
    middle = _per_coordinate("center", center, dim)
    matrix = checks.finite_array("curvature", curvature)
    if matrix.ndim < 2:
        diagonal = _per_coordinate("curvature", curvature, dim)
        if (diagonal < 0.0).any():
            raise ValueError(f"curvature is {diagonal.min():g}; give curvatures of at least 0")
        return _quadratic(_quadratic_gradient, _quadratic_value, diagonal, middle)
    matrix = checks.finite_array("curvature", curvature, (dim, dim))
    if not np.allclose(matrix, matrix.T, rtol=1e-12, atol=0.0):
        raise ValueError("the curvature matrix is not symmetric; give a symmetric matrix")
    if np.linalg.eigvalsh(matrix)[0] < -1e-12 * np.abs(matrix).max():
        raise ValueError("the curvature matrix has a negative eigenvalue; give one without")
    return _quadratic(_full_quadratic_gradient, _full_quadratic_value, matrix, middle)


def _quadratic(
    gradient: Gradient, value: Value, hessian: FloatArray, center: FloatArray
) -> Potential:
    return Potential(
        len(center), gradient, value, {"curvature": hessian, "center": center}, name="quadratic",
        center=center, hessian=hessian, separable=hessian.ndim == 1, approaching=True,
    )  # fmt: skip


def _per_coordinate(name: str, value: npt.ArrayLike, dim: int) -> FloatArray:
    array = checks.finite_array(name, value)
    if array.ndim == 0:
        array = np.full(dim, float(array))
    return checks.finite_array(name, array, (dim,))


# --------------------------------------------------------------------------------- asymmetric wells


def _asymmetric_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    for j in range(len(x)):
        out[j] = (p[0] if x[j] < 0.0 else p[1]) * x[j]


def _asymmetric_value(x: FloatArray, p: FloatArray) -> float:
    total = 0.0
    for j in range(len(x)):
        total += 0.5 * (p[0] if x[j] < 0.0 else p[1]) * x[j] * x[j]
    return total


def asymmetric_quadratic(dim: int = 1, left: float = 16.0, right: float = 1.0) -> Potential:
    """F(x) = sum_j k(x_j) x_j^2 / 2 with k = left for x_j < 0 and right for x_j >= 0.

    Parameters
    ----------
    dim : int
        Dimension; every coordinate has the same profile.
    left, right : float
        Curvatures on the two sides of the minimum, 1/time.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        If a curvature is not positive and finite.

    Examples
    --------
    >>> well = asymmetric_quadratic(1, left=16.0, right=1.0)
    >>> well.value_at([-0.25]), well.value_at([1.0])
    (0.5, 0.5)
    """
    params = {
        "left": checks.finite_number("left", left),
        "right": checks.finite_number("right", right),
    }
    sides = np.repeat([[params["left"]], [params["right"]]], checks.dimension(dim), axis=1)
    return Potential(
        dim, _asymmetric_gradient, _asymmetric_value, params, name="asymmetric_quadratic",
        center=np.zeros(dim), one_sided=sides, separable=True, approaching=True,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ quartic wells


def _quartic_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    for j in range(len(x)):
        out[j] = p[0] * x[j] * x[j] * x[j] + p[1] * x[j]


def _quartic_value(x: FloatArray, p: FloatArray) -> float:
    total = 0.0
    for j in range(len(x)):
        square = x[j] * x[j]
        total += 0.25 * p[0] * square * square + 0.5 * p[1] * square
    return total


def quartic(dim: int = 1, coefficient: float = 1.0, curvature: float = 0.0) -> Potential:
    """F(x) = sum_j (coefficient x_j^4 / 4 + curvature x_j^2 / 2).

    Parameters
    ----------
    dim : int
        Dimension; every coordinate has the same profile.
    coefficient : float
        Strength of the quartic part, 1/(time length^2).
    curvature : float
        Curvature at the minimum, 1/time; 0 for a purely quartic, flat-bottomed well.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        If the coefficient is not positive or the curvature is negative.

    Examples
    --------
    >>> quartic(1, coefficient=2.0).gradient_at([2.0]).tolist()
    [16.0]
    """
    params = {
        "coefficient": checks.finite_number("coefficient", coefficient),
        "curvature": checks.finite_number("curvature", curvature, positive=False),
    }
    if params["curvature"] < 0.0:
        raise ValueError(f"curvature is {curvature:g}; give a curvature of at least 0")
    return Potential(dim, _quartic_gradient, _quartic_value, params, name="quartic", separable=True)


# --------------------------------------------------------------------------------------- two wells


def _double_well_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    for j in range(len(x)):
        out[j] = p[2] * x[j]
    scaled = x[0] / p[1]
    out[0] = 4.0 * p[0] * scaled * (scaled * scaled - 1.0) / p[1]


def _double_well_value(x: FloatArray, p: FloatArray) -> float:
    scaled = x[0] / p[1]
    total = p[0] * (scaled * scaled - 1.0) ** 2
    for j in range(1, len(x)):
        total += 0.5 * p[2] * x[j] * x[j]
    return total


def double_well(
    dim: int = 1, barrier: float = 0.25, half_distance: float = 1.0, curvature: float = 1.0
) -> Potential:
    """F(x) = barrier ((x_1/a)^2 - 1)^2 + sum_{j >= 2} curvature x_j^2 / 2.

    Minima at x_1 = -a and a, a saddle of height `barrier` at 0.

    Parameters
    ----------
    dim : int
        Dimension.
    barrier : float
        Height of the saddle above the minima, length^2/time.
    half_distance : float
        a, in units of the coordinates.
    curvature : float
        Curvature of the other coordinates, 1/time.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        If a parameter is not positive and finite.

    Examples
    --------
    >>> well = double_well()
    >>> well.value_at([0.0]), well.gradient_at([1.0]).tolist()
    (0.25, [0.0])
    """
    params = {
        "barrier": checks.finite_number("barrier", barrier),
        "half_distance": checks.finite_number("half_distance", half_distance),
        "curvature": checks.finite_number("curvature", curvature),
    }
    return Potential(dim, _double_well_gradient, _double_well_value, params, name="double_well")


def _tilted_gradient(x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    for j in range(len(x)):
        out[j] = p[3] * x[j]
    scaled = x[0] / p[2]
    out[0] = 4.0 * p[1] * scaled * (scaled * scaled - 1.0) / p[2] + p[0]


def _tilted_value(x: FloatArray, p: FloatArray) -> float:
    scaled = x[0] / p[2]
    total = p[1] * (scaled * scaled - 1.0) ** 2 + p[0] * x[0]
    for j in range(1, len(x)):
        total += 0.5 * p[3] * x[j] * x[j]
    return total


def tilted_double_well(
    dim: int = 1,
    tilt: float = 0.1,
    barrier: float = 0.25,
    half_distance: float = 1.0,
    curvature: float = 1.0,
) -> Potential:
    """F(x) = barrier ((x_1/a)^2 - 1)^2 + tilt x_1 + sum_{j >= 2} curvature x_j^2 / 2.

    With the default barrier and distance x^4/4 - x^2/2 + tilt x in one dimension, but for a
    constant.

    Parameters
    ----------
    dim : int
        Dimension.
    tilt : float
        Constant force along the first axis, length/time; any number.
    barrier : float
        Height of the saddle above the minima without the tilt, length^2/time.
    half_distance : float
        a, half the distance of the minima without the tilt, in units of the coordinates.
    curvature : float
        Curvature of the other coordinates, 1/time.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        If the tilt is not finite, or another parameter is not positive and finite.

    Examples
    --------
    >>> well = tilted_double_well(tilt=0.5)
    >>> well.value_at([1.0]), well.gradient_at([1.0]).tolist()
    (0.5, [0.5])
    """
    params = {
        "tilt": checks.finite_number("tilt", tilt, positive=False),
        "barrier": checks.finite_number("barrier", barrier),
        "half_distance": checks.finite_number("half_distance", half_distance),
        "curvature": checks.finite_number("curvature", curvature),
    }
    name = "tilted_double_well"
    return Potential(dim, _tilted_gradient, _tilted_value, params, name=name)
