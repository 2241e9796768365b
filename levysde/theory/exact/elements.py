"""Finite elements for the generator of a stable process with drift on the interval (0, 1).

The form of the fractional Laplacian is written with derivatives,

    int v (-Laplacian)^(alpha/2) u dx = (c_alpha / alpha) int int k(x - y) u'(x) v'(y) dx dy,
    k(r) = (|r|^(1 - alpha) - 1) / (alpha - 1), and -log|r| at alpha = 1,

where u' and v' contain the jumps of u and v at the ends and a constant in k does not matter.
Elements of high degree that shrink geometrically toward the ends follow every power of the
distance from the boundary, whatever the index and the drift make it (Schwab, p- and hp-Finite
Element Methods (1998), sec. 3.3).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from levysde.theory.exact.constants import stable_constant
from levysde.theory.exact.mesh import Mesh
from levysde.theory.protocols import Vector

_EXTRA_NODES = 14
_NEAR_ONE = 0.1
_GRADING = 8
_SHARE_DIGITS = 14


@functools.lru_cache(maxsize=64)
def _gauss(count: int) -> tuple[Vector, Vector]:
    """Return nodes on (-1, 1) and weights, made once: those of many take an eigenvalue problem."""
    unit, weight = np.polynomial.legendre.leggauss(count)
    unit.flags.writeable = weight.flags.writeable = False
    return unit, weight


def _legendre(unit: Vector, degree: int) -> Vector:
    return np.asarray(np.polynomial.legendre.legvander(unit, degree))


def shape_functions(unit: Vector, degree: int) -> tuple[Vector, Vector]:
    """Return the local basis and its derivative: two hats and the integrals of P_1, P_2, ...

    Parameters
    ----------
    unit : ndarray, shape (n,)
        Points in [-1, 1].
    degree : int
        Degree of the polynomials.

    Returns
    -------
    tuple of ndarray, each of shape (n, degree + 1)

    Examples
    --------
    >>> shape_functions(np.array([0.0]), 1)[0]
    array([[0.5, 0.5]])
    """
    polynomials = _legendre(unit, degree)
    orders = np.arange(1, degree)
    bubbles = (polynomials[:, 2:] - polynomials[:, : degree - 1]) / (2 * orders + 1)
    hats = np.stack([0.5 * (1.0 - unit), 0.5 * (1.0 + unit)], axis=1)
    slopes = np.tile([-0.5, 0.5], (unit.size, 1))
    return np.hstack([hats, bubbles]), np.hstack([slopes, polynomials[:, 1:degree]])


def unknowns(mesh: Mesh) -> NDArray[np.int64]:
    """Return the numbers of the local functions: first all nodes, then what is inside elements.

    Parameters
    ----------
    mesh : Mesh
        The mesh.

    Returns
    -------
    ndarray, shape (elements, degree + 1)

    Examples
    --------
    >>> unknowns(Mesh(np.array([0.0, 0.4, 1.0]), np.array([1.0, 0.6, 0.0]), 2))
    array([[0, 1, 3],
           [1, 2, 4]])
    """
    number, inside = mesh.elements, mesh.degree - 1
    nodes = np.arange(number)[:, None] + np.array([0, 1])
    return np.hstack([nodes, number + 1 + np.arange(number * inside).reshape(number, inside)])


class _Kernel:
    """The kernel k(r) and rules for its integrals over elements that touch.

    Away from alpha = 1 the kernel is a pure power, which Gauss-Jacobi rules take exactly; near
    it, where the power less one is needed, rules with nodes crowded at 0 take the logarithm.
    """

    def __init__(self, alpha: float, degree: int) -> None:
        self.alpha = alpha
        self.graded = abs(alpha - 1.0) < _NEAR_ONE
        self.degree = degree

    def __call__(self, r: Vector) -> Vector:
        power = 1.0 - self.alpha
        if not self.graded:
            return np.asarray(r**power / -power)
        logs = np.log(r)
        return np.asarray(-logs if power == 0.0 else np.expm1(power * logs) / -power)

    def rule(self, power: float) -> tuple[Vector, Vector]:
        """Return nodes on (0, 1) and weights of t^power, which is left to the caller if graded."""
        if self.graded:
            count = _GRADING * (self.degree + 4)
            unit, weight = _gauss(count)
            base = 0.5 * (1.0 + unit)
            return base**_GRADING, 0.5 * weight * _GRADING * base ** (_GRADING - 1)
        unit, weight = special.roots_jacobi(self.degree + 4, 0.0, power)
        return 0.5 * (1.0 + unit), weight * 0.5 ** (1.0 + power)

    def scaled(self, integrals: Vector, size: float) -> Vector:
        """Return integrals of k(size r) P_m P_n from those of k(r) P_m P_n."""
        result = size ** (1.0 - self.alpha) * integrals
        if self.graded:
            # k(size r) = size^(1 - alpha) k(r) + k(size), and P_0 alone has a mean.
            result[0, 0] += 4.0 * float(self(np.array(size)))
        return np.asarray(result)

    def same(self) -> Vector:
        """Return the integrals of k P_m P_n over an element of length 1 twice."""
        r, r_weight = self.rule(2.0 - self.alpha)
        z, z_weight = self.rule(1.0 - self.alpha)
        weight = r_weight[:, None] * z_weight
        if self.graded:
            weight = weight * r[:, None] * self(r[:, None] * z)
        else:
            weight = weight * self(np.array(1.0))
        first = _legendre(2.0 * r - 1.0, self.degree - 1)
        second = _legendre(2.0 * r[:, None] * (1.0 - z) - 1.0, self.degree - 1)
        # Both orders of the two points; the coordinates of (-1, 1) are twice as long as r.
        half = 4.0 * np.einsum("rz,rzn->rn", weight, second).T @ first
        return np.asarray(half + half.T)

    def adjacent(self, share: float) -> Vector:
        """Return the integrals over two elements that share a point, of total length 1.

        The rows belong to the left one, whose length is the share.
        """
        r, r_weight = self.rule(2.0 - self.alpha)
        unit, v_weight = _gauss(self.degree + 2 * _EXTRA_NODES)
        v, v_weight = 0.5 * (1.0 + unit), 0.5 * v_weight
        total = np.zeros((self.degree, self.degree))
        for swapped in (False, True):
            near, far = (1.0 - share, share) if swapped else (share, 1.0 - share)
            if self.graded:
                kernel = r[:, None] * self(r[:, None] * (near + far * v))
            else:
                kernel = self(near + far * v)[None, :]
            weight = r_weight[:, None] * v_weight * kernel
            # Distances from the shared point in units of each element: r in one, r v in the other.
            sign = 1.0 if swapped else -1.0
            first = _legendre(sign * (2.0 * r - 1.0), self.degree - 1)
            second = _legendre(-sign * (2.0 * r[:, None] * v - 1.0), self.degree - 1)
            part = 4.0 * first.T @ np.einsum("rv,rvn->rn", weight, second)
            total += part.T if swapped else part
        return total

    def from_end(self, size: float) -> Vector:
        """Return the integrals of k(x) P_n over an element that begins at 0."""
        r, weight = self.rule(1.0 - self.alpha)
        weight = weight * (self(size * r) if self.graded else self(np.array(size)))
        return np.asarray(2.0 * weight @ _legendre(2.0 * r - 1.0, self.degree - 1))

    def at_zero(self) -> float:
        """Return k(0), finite for alpha < 1."""
        return 1.0 / (1.0 - self.alpha) if self.graded else 0.0


def _blocks(mesh: Mesh, kernel: _Kernel) -> Vector:
    """Return the integrals of k P_m P_n for all elements, shape (elements, p, elements, p)."""
    number, degree = mesh.elements, mesh.degree
    unit, weight = _gauss(degree + _EXTRA_NODES)
    left, right = (points.ravel() for points in mesh.points(unit))
    by_left = np.abs(left[:, None] - left)
    near_right = right < 0.5
    distance = np.where(
        near_right[:, None] & near_right, np.abs(right[:, None] - right), by_left
    ).reshape(number, unit.size, number, unit.size)
    place = np.arange(number)
    touching = np.abs(place[:, None] - place) <= 1
    distance[np.nonzero(touching)[0], :, np.nonzero(touching)[1], :] = 1.0
    weighted = weight[:, None] * _legendre(unit, degree - 1)
    result = np.tensordot(kernel(distance), weighted, axes=(3, 0))
    result = np.einsum("qm,eqfn->emfn", weighted, result, optimize=True)
    same, sizes = kernel.same(), mesh.sizes
    adjacent: dict[float, Vector] = {}
    for i in range(number):
        result[i, :, i, :] = kernel.scaled(same, float(sizes[i]))
    for i in range(number - 1):
        both = float(sizes[i] + sizes[i + 1])
        share = round(float(sizes[i]) / both, _SHARE_DIGITS)
        if share not in adjacent:
            adjacent[share] = kernel.adjacent(share)
        block = kernel.scaled(adjacent[share], both)
        result[i, :, i + 1, :], result[i + 1, :, i, :] = block, block.T
    return np.asarray(result)


def _ends(mesh: Mesh, kernel: _Kernel) -> Vector:
    """Return the integrals of k(x) P_n and k(1 - x) P_n for all elements, shape (2, unknowns)."""
    unit, weight = _gauss(mesh.degree + _EXTRA_NODES)
    weighted = weight[:, None] * _legendre(unit, mesh.degree - 1)
    rows = np.stack([kernel(points) @ weighted for points in mesh.points(unit)])
    rows[0, 0] = kernel.from_end(float(mesh.sizes[0]))
    signs = (-1.0) ** np.arange(mesh.degree)
    rows[1, -1] = signs * kernel.from_end(float(mesh.sizes[-1]))
    return np.asarray(rows.reshape(2, -1))


def _derivative(mesh: Mesh) -> sparse.csr_matrix:
    """Return the map from the unknowns to Legendre coefficients of u' and its two jumps.

    The last unknown is the value on the right of the interval.
    """
    number, degree = mesh.elements, mesh.degree
    table = unknowns(mesh)
    total = number * degree + 1
    rows = np.arange(number) * degree
    entries = [(rows, table[:, 0], -0.5), (rows, table[:, 1], 0.5)]
    entries += [(rows + n, table[:, n + 1], 1.0) for n in range(1, degree)]
    jumps = number * degree + np.array([0, 1, 1])
    row = np.concatenate([*(entry[0] for entry in entries), jumps])
    column = np.concatenate([*(entry[1] for entry in entries), [0, number, total]])
    values = [np.full(number, entry[2]) for entry in entries]
    data = np.concatenate([*values, [1.0, -1.0, 1.0]])
    return sparse.csr_matrix((data, (row, column)), shape=(number * degree + 2, total + 1))


def fractional_form(mesh: Mesh, alpha: float, jumps: bool) -> Vector:
    """Return the matrix of int v (-Laplacian)^(alpha/2) u dx.

    Parameters
    ----------
    mesh : Mesh
        The mesh.
    alpha : float
        Stability index in (0, 2), dimensionless.
    jumps : bool
        Whether functions may jump at the ends, which only alpha < 1 allows.

    Returns
    -------
    ndarray, shape (n + 1, n + 1)
        For the n unknowns of the mesh and the value of u on the right of the interval.

    Examples
    --------
    >>> mesh = Mesh(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 2)
    >>> fractional_form(mesh, 1.5, False).shape
    (4, 4)
    """
    kernel = _Kernel(alpha, mesh.degree)
    size = mesh.elements * mesh.degree
    integrals = np.zeros((size + 2, size + 2))
    integrals[:size, :size] = _blocks(mesh, kernel).reshape(size, size)
    if jumps:
        ends = _ends(mesh, kernel)
        integrals[size:, :size], integrals[:size, size:] = ends, ends.T
        across = float(kernel(np.array(1.0)))
        integrals[size:, size:] = [[kernel.at_zero(), across], [across, kernel.at_zero()]]
    derivative = _derivative(mesh)
    form = derivative.T @ (derivative.T @ integrals).T
    return np.asarray(stable_constant(alpha) / alpha * form)


def local_form(
    mesh: Mesh, unit: Vector, weight: Vector, drift: Vector, diffusion: float
) -> tuple[Vector, Vector]:
    """Return the matrix of int (D u'v' - f u'v) dx and the vector of int v dx.

    Parameters
    ----------
    mesh : Mesh
        The mesh.
    unit, weight : ndarray, shape (q,)
        Quadrature on (-1, 1).
    drift : ndarray, shape (elements, q)
        f at the points of the quadrature.
    diffusion : float
        D.

    Returns
    -------
    tuple of ndarray, shapes (n + 1, n + 1) and (n + 1,)

    Examples
    --------
    >>> mesh = Mesh(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 1)
    >>> unit, weight = np.polynomial.legendre.leggauss(2)
    >>> local_form(mesh, unit, weight, np.zeros((1, 2)), 1.0)[0][:2, :2].round(12).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    values, slopes = shape_functions(unit, mesh.degree)
    sizes = mesh.sizes
    stiff = np.einsum("q,qi,qj->ij", weight, slopes, slopes)
    local = (2.0 * diffusion / sizes)[:, None, None] * stiff
    local -= np.einsum("eq,q,qi,qj->eij", drift, weight, values, slopes, optimize=True)
    table = unknowns(mesh)
    total = int(table.max()) + 2
    matrix, load = np.zeros((total, total)), np.zeros(total)
    np.add.at(matrix, (table[:, :, None], table[:, None, :]), local)
    np.add.at(load, table, 0.5 * sizes[:, None] * (weight @ values))
    return matrix, load
