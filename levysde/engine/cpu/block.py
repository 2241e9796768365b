"""Blocks of lanes: how the paths that advance together are stored, begun and taken out."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from levysde._typing import FloatArray, UInt64
from levysde.engine.compile import prepared
from levysde.engine.cpu.batch_pass import batch_of
from levysde.engine.cpu.flow_pass import flow_pass
from levysde.engine.cpu.noise_passes import noise_pass
from levysde.engine.cpu.passes import VECTOR, check_pass, gradient_pass, is_wide
from levysde.engine.cpu.scale_pass import scaled_by
from levysde.engine.cpu.update_pass import update_pass
from levysde.engine.path.recurrence_path import Parameters
from levysde.engine.program import Outcome, Program
from levysde.engine.status import RUNNING

BLOCK_ELEMENTS = 2048
"""Aim for lanes x dim: the arrays of a block stay in the first-level cache."""

MAX_LANES = 256

_matrix = types.float64[:, ::1]
_vector = types.float64[::1]
_counter = types.uint64[::1]


def block_lanes(dim: int) -> int:
    """Number of paths that advance together: a multiple of 8."""
    return max(VECTOR, min(MAX_LANES, BLOCK_ELEMENTS // dim // VECTOR * VECTOR))


class Block(NamedTuple):
    """The arrays of one block of lanes.

    Attributes
    ----------
    x, m, v, g, dL : ndarray, shape (dim, lanes), or (lanes, dim) where blocks are wide
        Position, first and second moment, gradient, increment of the noise.
    path, step : ndarray of uint64, shape (lanes,)
        Which path, and how many steps it has made.
    calm : ndarray of uint64, shape (lanes,)
        Iterations since its last long increment, where these are counted.
    flags : ndarray of int8, shape (lanes,), or the next multiple of eight
        How it has ended.
    """

    x: FloatArray
    m: FloatArray
    v: FloatArray
    g: FloatArray
    dL: FloatArray
    path: npt.NDArray[np.uint64]
    step: npt.NDArray[np.uint64]
    calm: npt.NDArray[np.uint64]
    flags: npt.NDArray[np.int8]


class Setting(NamedTuple):
    """What does not change in a run of blocks: start, numbers, layout."""

    start: FloatArray
    seed: UInt64
    dt: float
    wide: bool


BLOCK = types.NamedTuple((*[_matrix] * 5, *[_counter] * 3, types.int8[::1]), Block)
PARAMETERS = types.NamedUniTuple(_vector, 4, Parameters)
SETTING = types.NamedTuple((_vector, types.uint64, types.float64, types.boolean), Setting)
OUTCOME = types.NamedTuple((types.int64[::1], types.int8[::1], _matrix, types.int64), Outcome)


def new_block(program: Program, lanes: int) -> Block:
    """A block with every path at the start."""
    wide = is_wide(program.dim)
    shape = (lanes, program.dim) if wide else (program.dim, lanes)
    start = program.start if wide else program.start[:, None]
    x = np.array(np.broadcast_to(start, shape), order="C")
    # Each array by itself: powers of two apart, a store would hold up loads from the others.
    m, v, g, dL = (np.zeros(shape) for _ in range(4))
    path, step, calm = (np.zeros(lanes, np.uint64) for _ in range(3))
    flags = np.zeros(-(-lanes // 8) * 8, np.int8)  # which are looked at eight at a time
    return Block(x, m, v, g, dL, path, step, calm, flags)


def rows_of(array: FloatArray, dim: int) -> FloatArray:
    """A view of an array of a block with a path in each row, shape (lanes, dim)."""
    return array if is_wide(dim) else array.T


def setting_of(program: Program) -> Setting:
    """What does not change in a run of a program."""
    return Setting(program.start, np.uint64(program.seed), program.dt, is_wide(program.dim))


def passes_of(program: Program) -> tuple[Any, Any, Any]:
    """The passes of a program that advance a block, compiled: noise, gradient and update."""
    scaled = scaled_by(program.scale, program.dim)
    back = None if program.walls is None else prepared(program.walls.function)
    if program.flow is None:
        gradients = batch_of(program.batch, program.dim)
        update = update_pass(program.update, program.dim, scaled, back, gradients)
    else:
        update = flow_pass(program.update, program.gradient, program.dim, scaled, back)
    return (
        noise_pass(program.noise, program.dim),
        gradient_pass(program.gradient, program.dim),
        update,
    )


def check_of(program: Program) -> Any:
    """The pass that looks for paths that have ended, compiled."""
    return check_pass(program.outside, program.dim)


# ---------------------------------------------------------------------------- in compiled functions


def begin(block, lane, path, start, wide):  # type: ignore[no-untyped-def]
    """Put a new path at its start into a lane."""
    block.path[lane], block.step[lane], block.calm[lane] = path, 0, 0
    for j in range(start.shape[0]):
        at = (lane, j) if wide else (j, lane)
        block.x[at], block.m[at], block.v[at] = start[j], 0.0, 0.0


def _carry_over(block, source, target, dim, wide):  # type: ignore[no-untyped-def]
    """Move the path of one lane into another."""
    for counter in (block.path, block.step, block.calm):
        counter[target] = counter[source]
    for array in (block.x, block.m, block.v):
        for j in range(dim):
            if wide:
                array[target, j] = array[source, j]
            else:
                array[j, target] = array[j, source]


def collect(block, setting, outcome, active, ended, queue):  # type: ignore[no-untyped-def]
    """Record the `ended` paths, refill or close their lanes; return the lanes in use."""
    start, wide = setting.start, setting.wide
    lane, eights = active, block.flags.view(np.uint64)
    while ended > 0:
        lane -= 1
        if lane % 8 == 7 and eights[lane // 8] == 0:
            lane -= 7  # all eight run
        if block.flags[lane] == RUNNING:
            continue
        ended -= 1
        row = np.int64(block.path[lane]) - outcome.first
        outcome.steps[row] = block.step[lane]
        for j in range(start.shape[0]):
            outcome.position[row, j] = block.x[lane, j] if wide else block.x[j, lane]
        outcome.status[row] = block.flags[lane]  # last: a checkpoint takes what has a status
        if queue.next < queue.end:
            begin(block, lane, queue.next, start, wide)
            queue.next += 1
        else:
            active -= 1
            _carry_over(block, active, lane, start.shape[0], wide)
    return active
