"""Noise that depends on the state and on time: increments are multiplied before a step is made.

Parameters of the scale come first among those of the update: how many there are, and then they.
"""

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.program import ScalePart


def scaled_parameters(scale: ScalePart, update_p: FloatArray) -> FloatArray:
    """The parameters of a scaled update.

    Parameters
    ----------
    scale : ScalePart
        What multiplies the increments.
    update_p : ndarray
        Parameters of the update.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> scaled_parameters(ScalePart(print, np.array([7.0])), np.array([1.0, 2.0])).tolist()
    [1.0, 7.0, 1.0, 2.0]
    """
    return np.concatenate([[float(len(scale.p))], scale.p, update_p])


def scaled(scale: PlainFunction, move: PlainFunction) -> PlainFunction:
    """The same move, with the increment multiplied by factors of the state and the time.

    Parameters
    ----------
    scale : callable
        `scale(x, t, p, out)`, one factor a coordinate.
    move : callable
        `move(state, g, dL, dt, seed, path, step, p, work)`.

    Returns
    -------
    callable
        With the arguments of the move.
    """

    def scaled_move(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        size, factors = int(p[0]), work[0]
        scale(state[0], step * dt, p[1 : 1 + size], factors)
        for j in range(len(dL)):
            dL[j] *= factors[j]
        move(state, g, dL, dt, seed, path, step, p[1 + size :], work)

    return scaled_move
