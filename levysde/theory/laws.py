"""Levy measures of the noise laws in two forms: masses on rays, and linear images of a sphere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from levysde.theory.constants import stable_constant
from levysde.theory.parts import NoiseLike, Vector, checked_alpha, real_numbers

_RANK = 1e-12
_UNIT = 1e-9


@dataclass(frozen=True, eq=False)
class RayLaw:
    """Jumps along rays: nu(r s_j : r > R) = w_j R^(-alpha).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2), dimensionless.
    directions : ndarray, shape (rays, dim)
        Unit vectors s_j.
    weights : ndarray, shape (rays,)
        Positive w_j, units of (state)^alpha per unit time.
    where : str
        Which rays, for the description of the method.
    """

    alpha: float
    directions: Vector
    weights: Vector
    where: str


@dataclass(frozen=True, eq=False)
class EllipticLaw:
    """Jumps in all directions: E exp(iu.L) = exp(-|G'u|^alpha), G of full rank, at least 2.

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2), dimensionless.
    matrix : ndarray, shape (dim, rank)
        G, units of the state per time^(1/alpha).
    """

    alpha: float
    matrix: Vector

    @property
    def rank(self) -> int:
        """Dimension of the space of jumps."""
        return int(self.matrix.shape[1])


Law = RayLaw | EllipticLaw


def _numbers(noise: NoiseLike, attribute: str, default: Any = None) -> Vector:
    """Return an attribute as an array of finite numbers."""
    value = getattr(noise, attribute, default)
    if value is None:
        raise ValueError(f"the noise law {noise.name!r} has no attribute {attribute!r}")
    array = real_numbers(value, f"noise.{attribute}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"noise.{attribute} is {array.tolist()}, but it must be finite")
    return array


def _per_coordinate(noise: NoiseLike, attribute: str, dim: int, default: Any = None) -> Vector:
    values = _numbers(noise, attribute, default)
    if values.ndim and values.shape != (dim,):
        raise ValueError(
            f"noise.{attribute} has shape {values.shape}, but the domain has dimension {dim}"
        )
    return np.full(dim, values) if values.ndim == 0 else values


def _scales(noise: NoiseLike, attribute: str, dim: int) -> Vector:
    scales = _per_coordinate(noise, attribute, dim)
    if not np.all(scales >= 0.0):
        raise ValueError(f"noise.{attribute} is {scales.tolist()}, but it must be not negative")
    return scales


def _matrix(noise: NoiseLike, dim: int) -> Vector:
    matrix = _numbers(noise, "matrix")
    if matrix.ndim != 2 or matrix.shape[0] != dim or matrix.shape[1] == 0:
        raise ValueError(
            f"noise.matrix has shape {matrix.shape}, but it must have {dim} rows, one a coordinate"
        )
    if not matrix.any():
        raise ValueError("noise.matrix is zero, but some entry must differ from 0")
    return matrix


def _rays(alpha: float, directions: Vector, weights: Vector, where: str) -> tuple[RayLaw, ...]:
    """Return the law of the rays that carry mass, none at alpha = 2."""
    weights = stable_constant(alpha) / alpha * weights
    used = weights > 0.0
    if used.all():
        return (RayLaw(alpha, directions, weights, where),)
    return (RayLaw(alpha, directions[used], weights[used], where),) if used.any() else ()


def _axes(dim: int) -> Vector:
    """Return e_1, -e_1, e_2, -e_2, ..."""
    axes = np.zeros((2 * dim, dim))
    index = np.arange(dim)
    axes[2 * index, index] = 1.0
    axes[2 * index + 1, index] = -1.0
    return axes


def _both_ways(alpha: float, vectors: Vector, where: str) -> tuple[RayLaw, ...]:
    """Return the law of sum_j Z_j g_j, the vectors g_j being the rows."""
    lengths = np.linalg.norm(vectors, axis=1)
    vectors, lengths = vectors[lengths > 0.0], lengths[lengths > 0.0]
    units = vectors / lengths[:, None]
    weights = np.repeat(lengths**alpha, 2)
    return _rays(
        alpha, np.stack([units, -units], axis=1).reshape(2 * len(units), -1), weights, where
    )


def _elliptic_law(alpha: float, matrix: Vector) -> tuple[Law, ...]:
    """Return the law of the matrix with its rank made full; rank 1 is a law on two rays."""
    sizes = np.linalg.svd(matrix, compute_uv=False)
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    if 1 < rank == matrix.shape[1]:
        return (EllipticLaw(alpha, matrix),) if alpha < 2.0 else ()
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    if rank == 1:
        return _both_ways(alpha, (left[:, :1] * sizes[:1]).T, "along a line")
    return (EllipticLaw(alpha, left[:, :rank] * sizes[:rank]),) if alpha < 2.0 else ()


def _independent(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    alpha = float(noise.alpha)
    scales = _scales(noise, "scale", dim)
    beta = _per_coordinate(noise, "beta", dim, 0.0)
    if not np.all(np.abs(beta) <= 1.0):
        raise ValueError(f"noise.beta is {beta.tolist()}, but it must be in [-1, 1]")
    if alpha == 1.0 and beta.any():
        raise ValueError(
            f"noise.beta is {beta.tolist()}, but at alpha = 1 it must be 0: a skewed law of this "
            "index is not strictly stable"
        )
    # sigma^alpha (1 + beta) along e_i and sigma^alpha (1 - beta) along -e_i.
    weights = (scales**alpha)[:, None] * (1.0 + beta[:, None] * np.array([1.0, -1.0]))
    return _rays(alpha, _axes(dim), weights.ravel(), "along the coordinate axes")


def _mixed(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    where = "along the columns of the matrix"
    return _both_ways(float(noise.alpha), _matrix(noise, dim).T, where)


def _isotropic(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    scale = _scales(noise, "scale", dim)
    if np.any(scale != scale[0]):
        raise ValueError(f"noise.scale is {scale.tolist()}, but an isotropic law has one scale")
    if scale[0] == 0.0:
        return ()
    alpha, matrix = float(noise.alpha), scale[0] * np.eye(dim)
    if dim == 1:
        return _both_ways(alpha, matrix, "along the line")
    return (EllipticLaw(alpha, matrix),) if alpha < 2.0 else ()


def _elliptic(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    return _elliptic_law(float(noise.alpha), _matrix(noise, dim))


def _spectral(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    alpha = float(noise.alpha)
    directions, weights = _numbers(noise, "directions"), _numbers(noise, "weights")
    if directions.ndim != 2 or directions.shape[1] != dim:
        raise ValueError(
            f"noise.directions has shape {directions.shape}, but it must have {dim} columns"
        )
    if weights.shape != directions.shape[:1]:
        raise ValueError(
            f"noise.weights has shape {weights.shape}, but there are {len(directions)} directions"
        )
    if not np.all(weights > 0.0):
        raise ValueError(f"noise.weights is {weights.tolist()}, but it must be positive")
    lengths = np.linalg.norm(directions, axis=1)
    if np.max(np.abs(lengths - 1.0)) > _UNIT:
        raise ValueError(f"noise.directions have lengths {lengths.tolist()}, but they must be 1")
    columns = weights[:, None] ** (1.0 / alpha) * directions
    return _both_ways(alpha, columns, "along the directions of the spectral measure")


def _multifractal(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    alphas = _per_coordinate(noise, "alphas", dim)
    scales = _scales(noise, "scales", dim)
    laws: list[Law] = []
    for alpha in sorted({checked_alpha(a) for a in alphas}):
        weights = np.where(alphas == alpha, scales**alpha, 0.0)
        laws.extend(_rays(alpha, _axes(dim), np.repeat(weights, 2), "along the coordinate axes"))
    return tuple(laws)


_LAWS: dict[str, Callable[[NoiseLike, int], tuple[Law, ...]]] = {
    "independent": _independent,
    "mixed": _mixed,
    "isotropic": _isotropic,
    "elliptic": _elliptic,
    "spectral": _spectral,
    "multifractal": _multifractal,
}


def jump_laws(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    """Return the jumps of a noise law, one part for each stability index, smallest index first.

    Parameters
    ----------
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of the law: ``scale`` and perhaps
        ``beta`` (independent), ``matrix`` (mixed, elliptic), ``scale`` (isotropic),
        ``directions`` and ``weights`` (spectral), ``alphas`` and ``scales`` (multifractal).
    dim : int
        Dimension of the space.

    Returns
    -------
    tuple of RayLaw or EllipticLaw
        Empty where there are no jumps: alpha = 2, or scales that are all zero.

    Raises
    ------
    ValueError
        If the law is unknown or an attribute is missing, out of range or of a wrong shape.

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), theorem 2.3.1 and
    proposition 2.5.2. A skewed coordinate, E exp(iuL) =
    exp(-|u|^alpha (1 - i beta tan(pi alpha / 2) sign u)), has the Levy density
    c_alpha (1 + beta sign y) |y|^(-1 - alpha).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> noise = SimpleNamespace(name="independent", alpha=1.5, scale=1.0)
    >>> jump_laws(noise, 1)[0].directions.tolist()
    [[1.0], [-1.0]]
    """
    if noise.name not in _LAWS:
        known = ", ".join(_LAWS)
        raise ValueError(f"no escape measure for the noise law {noise.name!r}; known are: {known}")
    checked_alpha(noise.alpha)
    return _LAWS[noise.name](noise, dim)


def scalar_scale(noise: NoiseLike) -> float | None:
    """Return the scale of a symmetric law in one dimension.

    Parameters
    ----------
    noise : object
        Noise law, as for `jump_laws`.

    Returns
    -------
    float or None
        sigma in E exp(iuL) = exp(-|sigma u|^alpha); None if the law is skewed or has no jumps.

    Raises
    ------
    ValueError
        As `jump_laws`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> scalar_scale(SimpleNamespace(name="mixed", alpha=1.0, matrix=[[2.0, 1.0]]))
    3.0
    """
    laws = jump_laws(noise, 1)
    if not laws or not isinstance(laws[0], RayLaw):
        return None
    law = laws[0]
    right = math.fsum(law.weights[law.directions[:, 0] > 0.0])
    left = math.fsum(law.weights[law.directions[:, 0] < 0.0])
    if right != left:
        return None
    return float((right * law.alpha / stable_constant(law.alpha)) ** (1.0 / law.alpha))
