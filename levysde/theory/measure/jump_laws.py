"""Levy measures of the noise laws in two forms: masses on rays, and linear images of a sphere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from levysde.theory.exact.constants import stable_constant
from levysde.theory.numbers import checked_alpha, real_numbers
from levysde.theory.protocols import NoiseLike, Vector

_RANK = 1e-12


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


def _for_each(noise: NoiseLike, attribute: str, count: int, default: float) -> Vector:
    """Return one number a column."""
    values = _numbers(noise, attribute, default)
    if values.ndim and values.shape != (count,):
        raise ValueError(
            f"noise.{attribute} has shape {values.shape}, but it must be a number or have {count} "
            "entries, one a column"
        )
    return np.full(count, values) if values.ndim == 0 else values


def _checked_matrix(matrix: Vector, attribute: str, dim: int) -> Vector:
    if matrix.ndim != 2 or matrix.shape[0] != dim or matrix.shape[1] == 0:
        raise ValueError(
            f"noise.{attribute} has shape {matrix.shape}, but it must have {dim} rows, one a "
            "coordinate"
        )
    if not matrix.any():
        raise ValueError(f"noise.{attribute} is zero, but some entry must differ from 0")
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


def _both_ways(vectors: Vector) -> tuple[Vector, Vector]:
    """Return g_1, -g_1, g_2, -g_2, ... with length 1, and the lengths of the rows g_k."""
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    return np.stack([units, -units], axis=1).reshape(2 * len(units), -1), lengths


def _on_line(alpha: float, vector: Vector, where: str) -> tuple[RayLaw, ...]:
    """Return the law of Z g, the vector g being the only row."""
    directions, lengths = _both_ways(vector)
    return _rays(alpha, directions, np.repeat(lengths**alpha, 2), where)


def _elliptic_law(alpha: float, matrix: Vector) -> tuple[Law, ...]:
    """Return the law of the matrix with its rank made full; rank 1 is a law on two rays."""
    sizes = np.linalg.svd(matrix, compute_uv=False)
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    if 1 < rank == matrix.shape[1]:
        return (EllipticLaw(alpha, matrix),) if alpha < 2.0 else ()
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    if rank == 1:
        return _on_line(alpha, (left[:, :1] * sizes[:1]).T, "along a line")
    return (EllipticLaw(alpha, left[:, :rank] * sizes[:rank]),) if alpha < 2.0 else ()


def _columns(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    """Return the law of sum_k Z_k g_k, one part for each index."""
    vectors = _numbers(noise, "vectors")
    if vectors.ndim < 2:
        lengths, where = _for_each(noise, "vectors", dim, 0.0), "along the coordinate axes"
        if not np.all(lengths >= 0.0):
            raise ValueError(
                f"noise.vectors is {lengths.tolist()}, but scales must be not negative"
            )
        directions = _axes(dim)
    else:
        directions, lengths = _both_ways(_checked_matrix(vectors, "vectors", dim).T)
        where = "along the columns of the matrix"
    alphas = _for_each(noise, "alphas", len(lengths), noise.alpha)
    betas = _for_each(noise, "betas", len(lengths), 0.0)
    if not np.all(np.abs(betas) <= 1.0):
        raise ValueError(f"noise.betas is {betas.tolist()}, but it must be in [-1, 1]")
    if np.any(betas[alphas == 1.0]):
        raise ValueError(
            f"noise.betas is {betas.tolist()}, but at alpha = 1 it must be 0: a skewed law of this "
            "index is not strictly stable"
        )
    # |g|^alpha (1 + beta) along g and |g|^alpha (1 - beta) along -g.
    sides = 1.0 + betas[:, None] * np.array([1.0, -1.0])
    laws: list[Law] = []
    for alpha in sorted({checked_alpha(a) for a in alphas}):
        weights = np.where(alphas == alpha, lengths**alpha, 0.0)[:, None] * sides
        laws.extend(_rays(alpha, directions, weights.ravel(), where))
    return tuple(laws)


def _sphere(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    """Return the law of the image of an isotropic one."""
    alpha, matrix = float(noise.alpha), _numbers(noise, "matrix")
    if matrix.ndim:
        return _elliptic_law(alpha, _checked_matrix(matrix, "matrix", dim))
    if matrix < 0.0:
        raise ValueError(f"noise.matrix is {float(matrix)!r}, but it must be not negative")
    if matrix == 0.0:
        return ()
    if dim == 1:
        return _on_line(alpha, matrix * np.eye(1), "along the line")
    return (EllipticLaw(alpha, matrix * np.eye(dim)),) if alpha < 2.0 else ()


_FORMS: dict[str, Callable[[NoiseLike, int], tuple[Law, ...]]] = {
    "columns": _columns,
    "sphere": _sphere,
}


def has_several_indices(noise: NoiseLike) -> bool:
    """Return whether the columns of a law have an index each.

    Parameters
    ----------
    noise : object
        Noise law, as for `jump_laws`.

    Returns
    -------
    bool
    """
    return np.ndim(getattr(noise, "alphas", 0.0)) > 0


def law_at(noise: NoiseLike, point: Vector, t: float = 0.0) -> NoiseLike:
    """Return the law of noise at a point, where it depends on the state.

    Parameters
    ----------
    noise : object
        Noise law; with ``at(x, t)``, which returns the law there, if it depends on x or t.
    point : ndarray, shape (dim,)
        State.
    t : float
        Time.

    Returns
    -------
    object
        Noise law that depends on neither.
    """
    held = getattr(noise, "at", None)
    return noise if held is None else cast(NoiseLike, held(point, t))


def varies(noise: NoiseLike, point: Vector) -> bool:
    """Return whether the noise at a point changes with time, as it says itself.

    Parameters
    ----------
    noise : object
        Noise law; with ``varies(x)`` if it may.
    point : ndarray, shape (dim,)
        State.

    Returns
    -------
    bool
    """
    own = getattr(noise, "varies", None)
    return own is not None and bool(own(point))


def jump_laws(noise: NoiseLike, dim: int) -> tuple[Law, ...]:
    """Return the jumps of a noise law, one part for each stability index, smallest index first.

    Parameters
    ----------
    noise : object
        Noise law with ``alpha``, and one of two forms. ``form`` "columns" is the law of
        sum_k Z_k g_k with independent stable variates Z_k: ``vectors`` are the columns g_k, shape
        (dim, columns), or scales of the axes, a number or shape (dim,); ``betas`` the skewness of
        Z_k, and ``alphas`` the indices where they differ. ``form`` "sphere" is the image under
        ``matrix``, shape (dim, drivers) or a number, of the isotropic law of scale 1.
    dim : int
        Dimension of the space.

    Returns
    -------
    tuple of RayLaw or EllipticLaw
        Empty where there are no jumps: alpha = 2, or scales that are all zero.

    Raises
    ------
    ValueError
        If the law says no form, or an attribute is missing, out of range or of a wrong shape. The
        sentence is that of the law where it has one, ``why_no_measure``.

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), theorem 2.3.1 and
    proposition 2.5.2. A skewed coordinate, E exp(iuL) =
    exp(-|u|^alpha (1 - i beta tan(pi alpha / 2) sign u)), has the Levy density
    c_alpha (1 + beta sign y) |y|^(-1 - alpha).

    Examples
    --------
    >>> from levysde import noise
    >>> jump_laws(noise.independent(1.5), 1)[0].directions.tolist()
    [[1.0], [-1.0]]
    """
    form = getattr(noise, "form", None)
    if not isinstance(form, str) or form not in _FORMS:
        raise ValueError(
            f"no escape measure for the noise law {noise.name!r}, {_why_unknown(noise, form)}"
        )
    checked_alpha(noise.alpha)
    return _FORMS[form](noise, dim)


def _why_unknown(noise: NoiseLike, form: object) -> str:
    """Return what a law says of its escapes itself, or that it says nothing."""
    own = getattr(noise, "why_no_measure", None)
    if own is not None:
        return str(own)
    if form is not None:
        choices = " or ".join(map(repr, _FORMS))
        return f"whose Levy measure is not known (its form is {form!r}); give {choices}"
    return (
        "whose Levy measure is not known; give a stable law, or one of which the tail is known and "
        "falls like a power of the length with an index below 2"
    )


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
    >>> from levysde import noise
    >>> scalar_scale(noise.mixed(1.0, [[2.0, 1.0]]))
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
