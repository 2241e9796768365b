"""How a path ends."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Status"]

_CHUNK = 1 << 16


class Status(IntEnum):
    """How a path ended; 0 marks a path that still runs and is in no finished result."""

    ESCAPED = 1
    HORIZON = 2
    NON_FINITE = 3


RUNNING = 0
ESCAPED, HORIZON, NON_FINITE = (int(status) for status in Status)
"""The same in compiled code."""


def finished_prefix(status: npt.NDArray[np.int8], known: int = 0) -> int:
    """Number of paths before the first that has not ended.

    Other threads may write meanwhile: each part is compared once and not looked at again.

    Parameters
    ----------
    status : ndarray of int8, shape (paths,)
        RUNNING for paths that have not ended.
    known : int
        So many are known to have ended.

    Returns
    -------
    int
    """
    while known < len(status):
        ended = status[known : known + _CHUNK] != RUNNING
        if not ended.all():
            return known + int(ended.argmin())
        known += len(ended)
    return known
