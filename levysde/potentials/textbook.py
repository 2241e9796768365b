"""Wells of few parameters: each value beside its gradient."""

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Gradient, Value
from levysde.potentials.potential import Potential

__all__ = [
    "asymmetric_quadratic",
    "double_well",
    "quadratic",
    "quartic",
    "tilted_double_well",
]

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
