"""Small matrices with the same bits on every processor.

Libraries of linear algebra order their sums by the processor they run on. Here are the few things
that simulations are made of, from operations that round in one way only.
"""

import math

import numpy as np

from levysde._typing import FloatArray

__all__ = [
    "lower_root",
    "principal_axes",
    "product",
    "rounded",
    "singular_directions",
    "weighted_squares",
]

LARGEST_DIM = 128
"""Larger matrices are left to a library, whose last bits depend on the processor."""

_ROUNDING = 2.0**-52
_SWEEPS = 60
_KEPT_BITS = 32
_BLOCK = 64


def singular_directions(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Left singular vectors of a matrix and its singular values, the largest first.

    Parameters
    ----------
    matrix : ndarray, shape (dim, drivers)
        Any.

    Returns
    -------
    (ndarray, ndarray), shapes (dim, dim) and (dim,)
        Vectors as columns, and values in the units of the matrix. Above 128 dimensions only as many
        as there are drivers, and by a library whose last bits depend on the processor.

    References
    ----------
    M. R. Hestenes, "Inversion of matrices by biorthogonalization and related results", J. Soc.
    Indust. Appl. Math. 6 (1958) 51-90: rotations make the rows of the matrix orthogonal.

    Examples
    --------
    >>> vectors, values = singular_directions(np.array([[3.0, 0.0], [0.0, 4.0]]))
    >>> vectors.tolist(), values.tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [4.0, 3.0])
    """
    if len(matrix) > LARGEST_DIM:
        left, values, _ = np.linalg.svd(matrix, full_matrices=False)
        return left, values
    rows, turned = np.array(matrix, order="C"), np.eye(len(matrix))
    for _ in range(_SWEEPS):
        if not any([_turn(rows, turned, i, j) for i in range(len(rows)) for j in range(i)]):
            break
    sizes = np.array([math.sqrt(float((row * row).sum())) for row in rows])
    order = np.argsort(-sizes, kind="stable")
    return np.ascontiguousarray(turned[order].T), sizes[order]


def _turn(rows: FloatArray, turned: FloatArray, i: int, j: int) -> bool:
    """Make two rows orthogonal; whether they were not."""
    first, second = float((rows[i] * rows[i]).sum()), float((rows[j] * rows[j]).sum())
    both = float((rows[i] * rows[j]).sum())
    if abs(both) <= _ROUNDING * math.sqrt(first * second):
        return False
    lean = (second - first) / (2.0 * both)
    tangent = math.copysign(1.0, lean) / (abs(lean) + math.sqrt(1.0 + lean * lean))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    for array in (rows, turned):
        kept = cosine * (array[i] - tangent * array[j])
        array[j] = cosine * (array[j] + tangent * array[i])
        array[i] = kept
    return True


def principal_axes(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of a symmetric matrix, the smallest first, and eigenvectors.

    Parameters
    ----------
    matrix : ndarray, shape (dim, dim)
        Symmetric.

    Returns
    -------
    (ndarray, ndarray), shapes (dim,) and (dim, dim)
        Values in the units of the matrix, and vectors as columns.

    Examples
    --------
    >>> values, vectors = principal_axes(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> values.round(12).tolist(), np.abs(vectors).round(6).tolist()
    ([1.0, 3.0], [[0.707107, 0.707107], [0.707107, 0.707107]])
    """
    diagonal = np.diag(matrix)
    if np.array_equal(matrix, np.diag(diagonal)):
        order = np.argsort(diagonal, kind="stable")
        return diagonal[order], np.eye(len(matrix))[:, order]
    if len(matrix) > LARGEST_DIM:
        values, vectors = np.linalg.eigh(matrix)
        return values, vectors
    largest = float(np.abs(matrix).sum(axis=0).max())  # none is below minus that
    vectors = singular_directions(matrix + largest * np.eye(len(matrix)))[0][:, ::-1]
    vectors = np.ascontiguousarray(vectors)
    return (vectors * product(matrix, vectors)).sum(axis=0), vectors


def product(left: FloatArray, right: FloatArray) -> FloatArray:
    """The product of two matrices.

    Parameters
    ----------
    left, right : ndarray, shapes (n, k) and (k, m)
        The factors.

    Returns
    -------
    ndarray, shape (n, m)

    Examples
    --------
    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    total = np.zeros((len(left), right.shape[1]))
    for column, row in zip(left.T, right, strict=True):
        total += column[:, None] * row
    return total


def rounded(array: FloatArray) -> FloatArray:
    """An array without the last bits, in which libraries differ from processor to processor.

    Parameters
    ----------
    array : ndarray
        Numbers of one kind.

    Returns
    -------
    ndarray
        Multiples of 2^-32 times the largest one, or of a number up to twice as small.

    Examples
    --------
    >>> rounded(np.array([1.0, 1e-20, 0.5 + 1e-14])).tolist()
    [1.0, 0.0, 0.5]
    """
    exponent = int(np.frexp(np.abs(array).max(initial=0.0))[1]) - _KEPT_BITS
    return np.asarray(np.ldexp(np.rint(np.ldexp(array, -exponent)), exponent))


def lower_root(covariance: FloatArray) -> FloatArray:
    """A lower triangular R with R R' = covariance, after Cholesky.

    Parameters
    ----------
    covariance : ndarray, shape (dim, dim)
        Symmetric and without negative eigenvalues; it may be singular.

    Returns
    -------
    ndarray, shape (dim, dim)
        With a column of zeros where nothing is left but rounding.

    Examples
    --------
    >>> lower_root(np.array([[4.0, 2.0], [2.0, 1.0]])).tolist()
    [[2.0, 0.0], [1.0, 0.0]]
    """
    if np.array_equal(covariance, np.diag(np.diag(covariance))):
        return np.sqrt(covariance)
    rest, root = np.array(covariance), np.zeros_like(covariance)
    negligible = len(rest) * _ROUNDING * np.diag(covariance)
    for k in range(len(rest)):
        if rest[k, k] > negligible[k]:
            root[k:, k] = rest[k:, k] / math.sqrt(float(rest[k, k]))
            rest -= root[:, k, None] * root[:, k]
    return root


def weighted_squares(vectors: FloatArray, weights: FloatArray) -> FloatArray:
    """sum_k w_k v_k v_k'.

    Parameters
    ----------
    vectors : ndarray, shape (dim, count)
        v_k, as columns.
    weights : ndarray, shape (count,)
        w_k.

    Returns
    -------
    ndarray, shape (dim, dim)

    Examples
    --------
    >>> weighted_squares(np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([3.0, 1.0])).tolist()
    [[3.0, 3.0], [3.0, 7.0]]
    """
    dim, rows = len(vectors), np.ascontiguousarray(vectors.T)
    total = np.zeros((dim, dim))
    for i in range(0, dim, _BLOCK):  # what fits the cache, and of two equal halves one
        part = total[i : i + _BLOCK, i:]
        for vector, weight in zip(rows, weights, strict=True):
            part += weight * (vector[i : i + _BLOCK, None] * vector[i:])
        total[i:, i : i + _BLOCK] = part.T
    return total
