"""The basin of the quadratic form of a loss at its minimum, in its steepest directions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin

__all__ = ["LocalBasin", "local_basin"]

_SMALL_DIM = 64
"""Coordinates up to which the matrix is made."""

_SYMMETRY = 1e-4
"""Relative difference of u.Hv and v.Hu that rounding of 32-bit floats may leave."""

_SINGLE_ROUNDING = 1e-5
"""Curvature beside the largest one that rounding of 32-bit floats may leave."""

Product = Callable[[FloatArray], npt.ArrayLike]


@dataclass(frozen=True, eq=False, repr=False)
class LocalBasin:
    """F(w + U z) - F(w) = sum_j lambda_j z_j^2/2 to second order; made by `local_basin`.

    Attributes
    ----------
    basin : Basin
        Of the coordinates z, whose minimum is 0.
    weights : ndarray, shape (coordinates,)
        w.
    directions : ndarray, shape (coordinates, subspace)
        U, with orthonormal columns.
    curvatures : ndarray, shape (subspace,)
        lambda_j, the largest first, 1/time.
    """

    basin: Basin
    weights: FloatArray
    directions: FloatArray
    curvatures: FloatArray

    def __repr__(self) -> str:
        first, last = self.curvatures[0], self.curvatures[-1]
        size = f"coordinates={len(self.weights)}, subspace={len(self.curvatures)}"
        return f"LocalBasin({size}, curvatures={first:.3g} to {last:.3g})"

    def projected(self, vectors: npt.ArrayLike) -> FloatArray:
        """U'v: gradients or steps as the coordinates z see them.

        Parameters
        ----------
        vectors : array, shape (..., coordinates)
            One in each row.

        Returns
        -------
        ndarray, shape (..., subspace)

        Raises
        ------
        ValueError
            If they are not finite numbers of that many coordinates.
        """
        rows = checks.finite_array("vectors", vectors)
        if rows.ndim == 0 or rows.shape[-1] != len(self.weights):
            raise ValueError(
                f"vectors has shape {rows.shape}; give {len(self.weights)} coordinates in each row"
            )
        return rows @ self.directions

    def weights_at(self, z: npt.ArrayLike) -> FloatArray:
        """The weights w + U z.

        Parameters
        ----------
        z : array, shape (subspace,)
            Coordinates.

        Returns
        -------
        ndarray, shape (coordinates,)

        Raises
        ------
        ValueError
            If there is another number of coordinates.
        """
        point = checks.finite_array("z", z, (len(self.curvatures),))
        return np.asarray(self.weights + self.directions @ point)


def local_basin(
    hessian: Product | npt.ArrayLike,
    weights: npt.ArrayLike,
    subspace: int,
    *,
    radius: float | None = None,
    loss_level: float | None = None,
) -> LocalBasin:
    """F(w + U z) - F(w) = sum_j lambda_j z_j^2/2: the basin of the largest curvatures at weights.

    The k largest eigenvalues lambda_j of the Hessian and their directions U are found by Lanczos'
    method from products with vectors. The loss is supposed to have a minimum at the weights; that
    its gradient vanishes there is not looked at.

    Parameters
    ----------
    hessian : callable or array, shape (coordinates, coordinates)
        `hessian(v)`, the product with a vector of shape (coordinates,); `hessian_product` makes it
        of a loss in PyTorch. Or the matrix.
    weights : array, shape (coordinates,)
        w, where the Hessian was taken.
    subspace : int
        k, number of directions.
    radius : float, optional
        The domain is |z| < radius, in units of the weights.
    loss_level : float, optional
        In place of it: the domain is where the quadratic form is below this, in units of the loss.

    Returns
    -------
    LocalBasin
        `basin` is for `levysde.escape_times` and the theory, `projected` for gradients.

    Raises
    ------
    ValueError
        If not one of `radius` and `loss_level` is given, a value is out of range, the Hessian is
        not symmetric, or one of the k largest eigenvalues is not positive: no larger than rounding
        leaves of a zero, coordinates 2^-52 of the largest in size, or 1e-5 of it where the products
        are made of 32-bit floats.

    References
    ----------
    B. Ghorbani, S. Krishnan, Y. Xiao, "An investigation into neural net optimization via Hessian
    eigenvalue density", ICML 2019, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> found = local_basin(np.diag([1.0, 9.0, 4.0]), [0.0, 0.0, 0.0], subspace=2, loss_level=0.5)
    >>> [round(float(k), 9) for k in found.curvatures]
    [9.0, 4.0]
    >>> found.basin.domain.contains([0.3, 0.0]), found.basin.domain.contains([0.4, 0.0])
    (True, False)
    """
    from levysde import domains, potentials

    at = checks.point("weights", weights)
    if (radius is None) == (loss_level is None):
        raise ValueError("give one of radius, of a ball, and loss_level, of a sublevel set")
    size = checks.whole_number("subspace", subspace, 1, len(at))
    product, rounding = _checked_product(hessian, len(at))
    curvatures, directions = _largest(product, len(at), size)
    _check_positive(curvatures, max(rounding, len(at) * float(np.finfo(float).eps)))
    center = np.zeros(size)
    domain = (
        domains.ball(center, checks.finite_number("radius", radius))
        if loss_level is None
        else domains.ellipsoid(
            center, np.diag(curvatures) / (2.0 * checks.finite_number("loss_level", loss_level))
        )
    )
    well = potentials.quadratic(size, curvatures)
    basin = Basin(well, domain, center, name="local")
    frozen = (checks.freeze(array) for array in (at, directions, curvatures))
    return LocalBasin(basin, *frozen)


def _check_positive(curvatures: FloatArray, rounding: float) -> None:
    """Refuse curvatures that are negative, or what rounding leaves of a zero."""
    zero = rounding * float(np.abs(curvatures).max())
    if not curvatures[-1] > zero:
        positive = int((curvatures > zero).sum())
        raise ValueError(
            f"curvature {positive + 1} at the weights is {curvatures[positive]:.3g}, not positive "
            f"(rounding leaves up to {zero:.2g} of a zero); "
            + (f"give a subspace of at most {positive}, or " if positive else "give ")
            + "weights at a minimum"
        )


def _checked_product(hessian: Any, dim: int) -> tuple[Callable[[FloatArray], FloatArray], float]:
    """The product with a vector, tried for its shape and its symmetry; what rounding leaves."""
    single = False
    if callable(hessian):

        def product(v: FloatArray) -> FloatArray:
            return checks.finite_array("the product of hessian", hessian(v), (dim,))

    else:
        matrix = checks.finite_array("hessian", hessian, (dim, dim))
        single = np.result_type(np.asarray(hessian)) in (np.float16, np.float32)

        def product(v: FloatArray) -> FloatArray:
            return np.asarray(matrix @ v)

    u, v = np.random.default_rng(0).standard_normal((2, dim))
    hu, hv = product(u), product(v)
    size = np.linalg.norm(u) * np.linalg.norm(hv) + np.linalg.norm(v) * np.linalg.norm(hu)
    if abs(u @ hv - v @ hu) > _SYMMETRY * size:
        raise ValueError(
            f"the hessian is not symmetric (u.Hv = {u @ hv:.6g}, v.Hu = {v @ hu:.6g}); give the "
            "second derivatives of one loss"
        )
    # A product in 64 bits of a vector of random bits is no number of 32 bits.
    single = single or all(np.array_equal(h, h.astype(np.float32)) for h in (hu, hv))
    return product, _SINGLE_ROUNDING if single else 0.0


def _largest(
    product: Callable[[FloatArray], FloatArray], dim: int, count: int
) -> tuple[FloatArray, FloatArray]:
    """The largest eigenvalues, the largest first, and their directions."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    if dim <= _SMALL_DIM or count > dim // 2:
        matrix = np.stack([product(e) for e in np.eye(dim)])
        values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    else:
        operator = LinearOperator((dim, dim), matvec=product, dtype=np.float64)
        start = np.random.default_rng(1).standard_normal(dim)
        try:
            values, vectors = eigsh(operator, count, which="LA", v0=start)
        except ArpackNoConvergence as error:
            raise ValueError(
                f"the {count} largest curvatures were not found ({len(error.eigenvalues)} were); "
                "give a smaller subspace"
            ) from error
    order = np.argsort(values)[::-1][:count]
    found = vectors[:, order]
    # Of the two signs of a direction that whose largest component is positive.
    signs = np.sign(found[np.abs(found).argmax(axis=0), np.arange(count)])
    return values[order], found * signs
