"""All slots of the random stream: which draw of one step of one path is for what.

A draw has the address (seed, path, step, slot), see `levysde.engine.random.philox`; a step is an
iteration of a recurrence or a move in continuous time. Two uses in one step of one path have
different slots.
"""

from typing import NamedTuple

import numpy as np

from levysde._typing import UInt64

DRIVER_SLOT = np.uint64(0)
"""The drivers of an increment: slot k from here, as `levysde.engine.path.increments` says. Where
the increment is a row of a table, its number is drawn at the first of them."""

DIRECTION_SLOT = np.uint64(1 << 20)
"""The direction of a large jump, from here on: as many slots as the rejection takes."""

WAIT_SLOT = np.uint64(1 << 29)
"""The number of skipped iterations, and the length of the increment that ends them."""

BOTH_SLOT = np.uint64((1 << 29) + 1)
"""Whether two long increments come in one iteration."""

NORMAL_SLOT = np.uint64(1 << 30)
"""Normal variates of a dynamics: coordinate j has slot j from here."""

BROWNIAN_SLOT = np.uint64((1 << 30) + (1 << 29))
"""Normal variates beside the increment of the noise: coordinate j has slot j from here."""

RADIUS_SLOT = np.uint64(1 << 31)
"""The factor common to all drivers of an increment."""

BATCH_SLOT = np.uint64((1 << 31) + (1 << 30))
"""Which examples are in the batch of an iteration: two to a slot from here."""

JUMP_SLOT = np.uint64(0)
"""The waiting time and the length of a large jump in continuous time."""

MOVE_SLOT = np.uint64(1)
"""Normal variates of a move, from here on: four to a slot."""

BRIDGE_SLOT = np.uint64(1 << 30)
"""Whether a path was outside within a move."""

END = np.uint64(1 << 32)


class Slots(NamedTuple):
    """The slots first, ..., end - 1 and what is drawn there."""

    use: str
    first: UInt64
    end: UInt64


def _single(use: str, slot: UInt64) -> Slots:
    return Slots(use, slot, slot + np.uint64(1))


RECURRENCE = (
    Slots("drivers of the increment", DRIVER_SLOT, NORMAL_SLOT),
    Slots("normal variates of the dynamics", NORMAL_SLOT, BROWNIAN_SLOT),
    Slots("Brownian motion beside the increment", BROWNIAN_SLOT, RADIUS_SLOT),
    _single("common factor of the drivers", RADIUS_SLOT),
    Slots("examples of the batch", BATCH_SLOT, END),
)
"""An iteration of a recurrence."""

SKIPPED_RECURRENCE = (
    Slots("drivers of the increment", DRIVER_SLOT, DIRECTION_SLOT),
    Slots("direction of the increment that ends a wait", DIRECTION_SLOT, WAIT_SLOT),
    _single("skipped iterations, length of the increment that ends them", WAIT_SLOT),
    _single("two long increments at once", BOTH_SLOT),
    *RECURRENCE[1:],
)
"""An iteration of a recurrence of which others are skipped; in fewer than 2^20 dimensions."""

CONTINUOUS_TIME = (
    _single("waiting time and length of a jump", JUMP_SLOT),
    Slots("normal variates of a move", MOVE_SLOT, DIRECTION_SLOT),
    Slots("direction of a jump", DIRECTION_SLOT, BRIDGE_SLOT),
    _single("crossing of the boundary within a move", BRIDGE_SLOT),
)
"""A move in continuous time, and the jump that is drawn at its address."""
