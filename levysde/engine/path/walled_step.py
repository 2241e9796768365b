"""Steps that end in a box: each coordinate is brought back after everything else was done.

The walls come first among the parameters of an update: the lower ones, the upper ones, the rest.
"""

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.program import WallPart


def walled_parameters(walls: WallPart, update_p: FloatArray) -> FloatArray:
    """The parameters of an update with walls.

    Parameters
    ----------
    walls : WallPart
        What brings paths back.
    update_p : ndarray
        Parameters of the update.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> walled_parameters(WallPart(print, np.array([-1.0, 1.0])), np.array([7.0])).tolist()
    [-1.0, 1.0, 7.0]
    """
    return np.concatenate([walls.p, update_p])


def walled(back: PlainFunction, move: PlainFunction) -> PlainFunction:
    """The same move, after which every coordinate is brought back between its walls.

    Parameters
    ----------
    back : callable
        `back(x, lower, upper) -> x`, one coordinate.
    move : callable
        `move(state, g, dL, dt, seed, path, step, p, work)`.

    Returns
    -------
    callable
        With the arguments of the move.
    """

    def walled_move(state, g, dL, dt, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        x = state[0]
        dim = len(x)
        move(state, g, dL, dt, seed, path, step, p[2 * dim :], work)
        for j in range(dim):
            x[j] = back(x[j], p[j], p[dim + j])

    return walled_move
