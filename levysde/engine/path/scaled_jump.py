"""Jumps whose size depends on the place and the time at which they are made.

Jumps are those of the noise at rest, R y with R = G at the minimum; made at x they are G(x, t) y.
Parameters of the scale come first: how many there are, and then they; next the inverse of R.
"""

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.program import ScalePart


def scaled_jump_parameters(scale: ScalePart, inverse: FloatArray, jump_p: FloatArray) -> FloatArray:
    """The parameters of a scaled jump.

    Parameters
    ----------
    scale : ScalePart
        G.
    inverse : ndarray, shape (dim,) or (dim, dim)
        Of R, or the inverses of its factors.
    jump_p : ndarray
        Parameters of the jump at rest.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> one = np.ones(1)
    >>> scaled_jump_parameters(ScalePart(print, 7.0 * one), 0.5 * one, 3.0 * one).tolist()
    [1.0, 7.0, 0.5, 3.0]
    """
    return np.concatenate([[float(len(scale.p))], scale.p, inverse.ravel(), jump_p])


def scaled_jump(scale: PlainFunction, jump: PlainFunction, matrix: bool) -> PlainFunction:
    """The same jump, made with the scale of the state and the time before it.

    Parameters
    ----------
    scale : callable
        `scale(x, t, p, out)`.
    jump : callable
        `jump(x, t, u, seed, path, step, p, work)`, at rest.
    matrix : bool
        Whether the scale writes a matrix and not a factor a coordinate.

    Returns
    -------
    callable
        With the arguments of the jump.
    """

    def by_factors(x, t, u, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        dim, first = len(x), 1 + int(p[0])
        y, factors = work[1], work[2]
        for j in range(dim):
            y[j] = 0.0
        jump(y, t, u, seed, path, step, p[first + dim :], work)
        scale(x, t, p[1:first], factors)
        for j in range(dim):
            x[j] += factors[j] * p[first + j] * y[j]

    def by_matrix(x, t, u, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        dim, first = len(x), 1 + int(p[0])
        driver, y, matrix = work[0], work[1], work[2 : 2 + dim]
        for j in range(dim):
            y[j] = 0.0
        jump(y, t, u, seed, path, step, p[first + dim * dim :], work)
        for i in range(dim):
            driver[i] = 0.0
            for j in range(dim):
                driver[i] += p[first + i * dim + j] * y[j]
        scale(x, t, p[1:first], matrix)
        for i in range(dim):
            for j in range(dim):
                x[i] += matrix[i, j] * driver[j]

    return by_matrix if matrix else by_factors
