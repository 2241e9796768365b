"""Blocks of lanes: how the paths that advance together are stored, begun and taken out."""

from typing import Any

import numpy as np

from levysde._typing import FloatArray
from levysde.engine.flow_pass import flow_pass
from levysde.engine.noise_passes import noise_pass
from levysde.engine.passes import VECTOR, gradient_pass, is_wide
from levysde.engine.path.divided_step import flow_parameters
from levysde.engine.program import Program
from levysde.engine.status import RUNNING
from levysde.engine.update_pass import update_pass

BLOCK_ELEMENTS = 2048
"""Aim for lanes x dim: the arrays of a block stay in the first-level cache."""

MAX_LANES = 256


def block_lanes(dim: int) -> int:
    """Number of paths that advance together: a multiple of 8."""
    return max(VECTOR, min(MAX_LANES, BLOCK_ELEMENTS // dim // VECTOR * VECTOR))


class Block:
    """The arrays of one block of lanes, with every path at the start.

    Attributes
    ----------
    state : tuple of ndarray, shape (dim, lanes), or (lanes, dim) where `wide`
        Position, first and second moment, gradient, increment of the noise.
    address : tuple of ndarray of uint64, shape (lanes,)
        Path, step, and as many other counters as are asked for.
    flags : ndarray of int8, shape (lanes,)
        How paths have ended.
    """

    def __init__(self, program: Program, lanes: int, counters: int = 2) -> None:
        self.wide = is_wide(program.dim)
        shape = (lanes, program.dim) if self.wide else (program.dim, lanes)
        start = program.start if self.wide else program.start[:, None]
        x = np.array(np.broadcast_to(start, shape), order="C")
        m, v, g, noise = (np.zeros(shape) for _ in range(4))
        self.state = (x, m, v, g, noise)
        self.address = tuple(np.zeros(lanes, np.uint64) for _ in range(counters))
        self.flags = np.zeros(lanes, np.int8)


def passes_of(program: Program) -> tuple[Any, Any, Any]:
    """The passes noise, gradient and update of a program, compiled."""
    if program.flow is None:
        update = update_pass(program.update, program.dim)
    else:
        update = flow_pass(program.update, program.gradient, program.dim)
    return (
        noise_pass(program.noise, program.dim),
        gradient_pass(program.gradient, program.dim),
        update,
    )


def parameters_of(program: Program) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The parameters of the passes noise, gradient and update."""
    update_p = program.update.p
    if program.flow is not None:
        update_p = flow_parameters(program.flow, program.gradient_p)
    return program.noise.p, program.gradient_p, update_p


# ---------------------------------------------------------------------------- in compiled functions


def begin(lane, path_id, start, state, address, wide):  # type: ignore[no-untyped-def]
    """Put a new path at its start into a lane."""
    x, m, v = state[:3]
    for counter in address:
        counter[lane] = 0
    address[0][lane] = path_id
    for j in range(start.shape[0]):
        at = (lane, j) if wide else (j, lane)
        x[at] = start[j]
        m[at] = 0.0
        v[at] = 0.0


def _move(source, target, dim, state, address, wide):  # type: ignore[no-untyped-def]
    """Move the path of one lane into another."""
    for ids in address:
        ids[target] = ids[source]
    for array in state[:3]:
        for j in range(dim):
            if wide:
                array[target, j] = array[source, j]
            else:
                array[j, target] = array[j, source]


def collect(  # type: ignore[no-untyped-def]
    state, address, flags, start, active, queue, wide, out_steps, out_status, out_position
):
    """Record the paths that have ended, refill or close their lanes; return the lanes in use."""
    x = state[0]
    path, step = address[0], address[1]
    for lane in range(active - 1, -1, -1):
        if flags[lane] == RUNNING:
            continue
        row = np.int64(path[lane]) - queue[2]
        out_steps[row] = step[lane]
        for j in range(start.shape[0]):
            out_position[row, j] = x[lane, j] if wide else x[j, lane]
        out_status[row] = flags[lane]  # last: a checkpoint takes what has a status
        if queue[0] < queue[1]:
            begin(lane, queue[0], start, state, address, wide)
            queue[0] += 1
        else:
            active -= 1
            _move(active, lane, start.shape[0], state, address, wide)
    return active
