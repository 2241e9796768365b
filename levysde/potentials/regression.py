"""Training losses that are convex: linear and logistic regression on given data."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.potentials.finite_sum import FiniteSum, finite_sum

__all__ = ["checked_data", "checked_ridge", "linear_regression", "logistic_regression"]

MOST_WEIGHTS_SOLVED = 512
"""Weights up to which the minimum is computed, by a matrix of their square."""

_LOST = 1e-12
"""Curvature, in units of the largest element of the Hessian, that is not told from rounding."""

# p has the rows of X, then y, then the ridge.


def _residual(i: int, x: FloatArray, p: FloatArray) -> float:
    """X_i.x - y_i."""
    dim = len(x)
    found = -p[(len(p) - 1) // (dim + 1) * dim + i]
    for j in range(dim):
        found += p[i * dim + j] * x[j]
    return found


def _linear_gradient(i: int, x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    residual, ridge, dim = _residual(i, x, p), p[len(p) - 1], len(x)
    for j in range(dim):
        out[j] = residual * p[i * dim + j] + ridge * x[j]


def _linear_value(i: int, x: FloatArray, p: FloatArray) -> float:
    return 0.5 * _residual(i, x, p) ** 2 + _penalty(x, p[len(p) - 1])


def _penalty(x: FloatArray, ridge: float) -> float:
    total = 0.0
    for j in range(len(x)):
        total += 0.5 * ridge * x[j] * x[j]
    return total


def linear_regression(X: npt.ArrayLike, y: npt.ArrayLike, ridge: float = 0.0) -> FiniteSum:
    """F(w) = (1/n) sum_i (X_i.w - y_i)^2/2 + ridge |w|^2/2: a mean over examples.

    An intercept is the weight of a column of ones. Up to 512 weights the minimum is computed where
    there is only one, and declared: `potential.center`. There is one if the rank of X, or of X
    above sqrt(n ridge) times the identity, is that of its columns, singular values of less than
    2^-52 max(n, dim) of the largest being zeros. The curvature H = X'X/n + ridge is declared beside
    it if its smallest eigenvalue is more than 10^-12 of its largest element: smaller ones, as of
    columns that are not centered, are lost to rounding in H.

    Parameters
    ----------
    X : array, shape (n, dim)
        An example a row.
    y : array, shape (n,)
        Answers.
    ridge : float
        Penalty on the weights, at least 0, 1/time.

    Returns
    -------
    FiniteSum
        Of the weights w, shape (dim,).

    Raises
    ------
    ValueError
        If the data are not finite numbers of these shapes, or the penalty is negative.

    References
    ----------
    L. Bottou, F. E. Curtis, J. Nocedal, "Optimization methods for large-scale machine learning",
    SIAM Rev. 60 (2018) 223-311, section 2.

    Examples
    --------
    >>> risk = linear_regression([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 2.0, 3.0])
    >>> risk.examples, [round(float(w), 9) for w in risk.center]
    (3, [1.0, 1.0])
    """
    data, answers = checked_data(X, y)
    penalty, (n, dim) = checked_ridge(ridge), data.shape
    facts = {}
    if dim <= MOST_WEIGHTS_SOLVED:
        facts = _minimum(data, answers, penalty)
    return finite_sum(
        dim, n, _linear_gradient, _linear_value, {"X": data, "y": answers, "ridge": penalty},
        name="linear_regression", **facts,
    )  # fmt: skip


def _minimum(data: FloatArray, answers: FloatArray, penalty: float) -> dict[str, Any]:
    """What is declared of the minimum, where there is only one."""
    n, dim = data.shape
    rows, values = data, answers
    if penalty > 0.0:
        rows = np.vstack([data, math.sqrt(n * penalty) * np.eye(dim)])
        values = np.append(answers, np.zeros(dim))
    # Of X and not of X'X, whose condition is the square.
    center, _, rank, _ = np.linalg.lstsq(rows, values, rcond=None)
    if rank < dim:
        return {}
    facts = {"center": center, "approaching": True}
    hessian = data.T @ data / n + penalty * np.eye(dim)
    if np.linalg.eigvalsh(hessian)[0] > _LOST * np.abs(hessian).max():
        facts["hessian"] = hessian
    return facts


def _margin(i: int, x: FloatArray, p: FloatArray) -> float:
    """X_i.w."""
    total, dim = 0.0, len(x)
    for j in range(dim):
        total += p[i * dim + j] * x[j]
    return total


def _logistic_gradient(i: int, x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    dim, ridge = len(x), p[len(p) - 1]
    z, answer = _margin(i, x, p), p[(len(p) - 1) // (dim + 1) * dim + i]
    if z >= 0.0:
        residual = 1.0 / (1.0 + math.exp(-z)) - answer
    else:
        residual = math.exp(z) / (1.0 + math.exp(z)) - answer
    for j in range(dim):
        out[j] = residual * p[i * dim + j] + ridge * x[j]


def _logistic_value(i: int, x: FloatArray, p: FloatArray) -> float:
    z, answer = _margin(i, x, p), p[(len(p) - 1) // (len(x) + 1) * len(x) + i]
    return max(z, 0.0) - answer * z + math.log1p(math.exp(-abs(z))) + _penalty(x, p[len(p) - 1])


def logistic_regression(X: npt.ArrayLike, y: npt.ArrayLike, ridge: float = 0.0) -> FiniteSum:
    """F(w) = (1/n) sum_i (log(1 + exp(X_i.w)) - y_i X_i.w) + ridge |w|^2/2: a mean over examples.

    An intercept is the weight of a column of ones. Where a plane separates the classes there is no
    minimum without a penalty.

    Parameters
    ----------
    X : array, shape (n, dim)
        An example a row.
    y : array, shape (n,)
        Classes, 0 or 1.
    ridge : float
        Penalty on the weights, at least 0, 1/time.

    Returns
    -------
    FiniteSum
        Of the weights w, shape (dim,).

    Raises
    ------
    ValueError
        If the data are not finite numbers of these shapes, a class is neither 0 nor 1, or the
        penalty is negative.

    References
    ----------
    L. Bottou, F. E. Curtis, J. Nocedal, "Optimization methods for large-scale machine learning",
    SIAM Rev. 60 (2018) 223-311, section 2.

    Examples
    --------
    >>> risk = logistic_regression([[1.0], [-1.0]], [1.0, 0.0], ridge=0.1)
    >>> risk.gradient_at([0.0]).tolist()
    [-0.5]
    """
    data, answers = checked_data(X, y)
    if not np.isin(answers, (0.0, 1.0)).all():
        wrong = answers[~np.isin(answers, (0.0, 1.0))][0]
        raise ValueError(f"y has the class {wrong:g}; give 0 or 1 for every example")
    given: dict[str, npt.ArrayLike] = {"X": data, "y": answers, "ridge": checked_ridge(ridge)}
    return finite_sum(
        data.shape[1], len(data), _logistic_gradient, _logistic_value, given,
        name="logistic_regression",
    )  # fmt: skip


def checked_data(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Check examples and their answers.

    Parameters
    ----------
    X : array, shape (n, columns)
        An example a row.
    y : array, shape (n,)
        Answers.

    Returns
    -------
    X, y : ndarray

    Raises
    ------
    ValueError
        If they are not finite numbers of these shapes.

    Examples
    --------
    >>> checked_data([[1.0]], [2.0])[1].tolist()
    [2.0]
    """
    data = checks.finite_array("X", X)
    if data.ndim != 2 or data.size == 0:
        raise ValueError(f"X has shape {data.shape}; give a matrix with an example in each row")
    return data, checks.finite_array("y", y, (len(data),))


def checked_ridge(ridge: float) -> float:
    """Check a penalty.

    Parameters
    ----------
    ridge : float
        1/time.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is negative or not finite.

    Examples
    --------
    >>> checked_ridge(0.5)
    0.5
    """
    penalty = checks.finite_number("ridge", ridge, positive=False)
    if penalty < 0.0:
        raise ValueError(f"ridge is {penalty:g}; give a penalty of at least 0")
    return penalty
