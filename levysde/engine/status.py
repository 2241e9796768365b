"""How a path ends."""

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """How a path ended; 0 marks a path that still runs and is in no finished result."""

    ESCAPED = 1
    HORIZON = 2
    NON_FINITE = 3


RUNNING = 0
ESCAPED, HORIZON, NON_FINITE = (int(status) for status in Status)
"""The same in compiled code."""
