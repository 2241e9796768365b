"""The block engine with idle iterations skipped: a recurrence at a cost that no epsilon changes.

`levysde.engine.path.skipping` says when a path idles and what ends it. The driver is that of
`levysde.engine.cpu.euler_engine`, with another source of increments.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from levysde._typing import FloatArray
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.cpu.euler_engine import ADVANCE, BlockRun, advance_block, draw_noise
from levysde.engine.cpu.jump_engine import JUMP, jump_function
from levysde.engine.cpu.passes import CHECK, GRADIENT, NOISE, UPDATE
from levysde.engine.cpu.threads import available_threads
from levysde.engine.path.skipping import Idling, add_long_increment, idling_of, is_idle, wait
from levysde.engine.program import IdleProgram, Outcome


class Skipping(NamedTuple):
    """What the driver needs to skip iterations, and room for its lanes.

    Attributes
    ----------
    idling : Idling
        When a path idles.
    relaxed : ndarray of int64, shape (1,)
        How many paths had relaxed in the last iteration.
    lanes : ndarray of int64, shape (lanes,)
        Of paths that have relaxed; then those in which a long increment ends a wait.
    uniforms, squares : ndarray, shape (lanes,)
        What such an increment is made of; squares of increments.
    point, extra : ndarray, shape (dim,)
        A position or an increment, and one more.
    work : ndarray, shape (1, dim)
        Room to make it.
    """

    idling: Idling
    relaxed: npt.NDArray[np.int64]
    lanes: npt.NDArray[np.int64]
    uniforms: FloatArray
    squares: FloatArray
    point: FloatArray
    extra: FloatArray
    work: FloatArray


_vector, _numbers = types.float64[::1], types.int64[::1]
_IDLING = types.NamedTuple((*[_vector] * 2, *[types.float64] * 3, *[types.uint64] * 3), Idling)
_matrix = types.float64[:, ::1]
SKIPPING = types.NamedTuple((_IDLING, *[_numbers] * 2, *[_vector] * 4, _matrix), Skipping)


# ----------------------------------------------------------------------------------- before a step


def _taken(array, lane, point, wide):  # type: ignore[no-untyped-def]
    """A copy of what an array of the block has in a lane."""
    for j in range(point.shape[0]):
        point[j] = array[lane, j] if wide else array[j, lane]


def _put(array, lane, point, wide):  # type: ignore[no-untyped-def]
    for j in range(point.shape[0]):
        if wide:
            array[lane, j] = point[j]
        else:
            array[j, lane] = point[j]


def _skip(block, skipping, seed, active, wide):  # type: ignore[no-untyped-def]
    """Skip the idle iterations of all lanes that idle.

    Return in how many a long increment follows; these are the first of `lanes`, and the uniforms of
    their increments the first of `uniforms`.
    """
    idling, point, count, ended = skipping.idling, skipping.point, 0, 0
    for i in range(active):
        skipping.lanes[count] = i
        count += block.calm[i] >= idling.relaxation
    for k in range(count):
        i = skipping.lanes[k]
        _taken(block.x, i, point, wide)
        if is_idle(point, block.calm[i], block.step[i], idling):
            skipped, u = wait(seed, block.path[i], block.step[i], idling)
            block.step[i], block.calm[i] = block.step[i] + skipped, np.uint64(0)
            if u > 0.0:
                skipping.lanes[ended], skipping.uniforms[ended] = i, u
                ended += 1
    return ended


# ------------------------------------------------------------------------------- after a noise pass


def _add_long_increments(jump, block, skipping, seed, ended, wide):  # type: ignore[no-untyped-def]
    """Add those that end a wait to the increments of their lanes."""
    point, extra, work = skipping.point, skipping.extra, skipping.work
    for k in range(ended):
        i = skipping.lanes[k]
        _taken(block.dL, i, point, wide)
        add_long_increment(
            jump, point, skipping.uniforms[k], seed, block.path[i], block.step[i], skipping.idling,
            extra, work,
        )  # fmt: skip
        _put(block.dL, i, point, wide)


def _count_calm(block, skipping, active, wide):  # type: ignore[no-untyped-def]
    """Count the iterations since the last long increment, and the lanes that have relaxed."""
    dL, squares, idling = block.dL, skipping.squares, skipping.idling
    for i in range(active):
        squares[i] = 0.0
    if wide:
        for i in range(active):
            for j in range(dL.shape[1]):
                squares[i] += dL[i, j] * dL[i, j]
    else:
        for j in range(dL.shape[0]):
            for i in range(active):
                squares[i] += dL[j, i] * dL[j, i]
    relaxed = 0
    for i in range(active):
        calm = squares[i] <= idling.threshold2
        block.calm[i] = block.calm[i] + np.uint64(1) if calm else np.uint64(0)
        relaxed += block.calm[i] >= idling.relaxation
    skipping.relaxed[0] = relaxed


# ------------------------------------------------------------------------------------------ driver


def draw_after_wait(source, block, parameters, setting, count):  # type: ignore[no-untyped-def]
    """Skip what is idle, then draw the increments of the iteration that comes after it."""
    noise, jump, skipping = source
    seed, wide, ended = setting.seed, setting.wide, 0
    if skipping.relaxed[0] > 0:
        ended = _skip(block, skipping, seed, count, wide)
    draw_noise(noise, block, parameters, setting, count)
    _add_long_increments(jump, block, skipping, seed, ended, wide)
    _count_calm(block, skipping, count, wide)


def _advance(  # type: ignore[no-untyped-def]
    noise, jump, gradient, update, check, skipping, block, parameters, setting, outcome, queue,
    horizon, more, active, max_steps,
):  # fmt: skip
    """Advance a block, skipping what is idle."""
    return advance_block(
        draw_after_wait, (noise, jump, skipping), gradient, update, check, block, parameters,
        setting, outcome, queue, horizon, more, active, max_steps,
    )  # fmt: skip


@functools.cache
def _compiled_advance() -> Any:
    passes = pointers(NOISE, JUMP, GRADIENT, UPDATE, CHECK)
    return compile_cached(_advance, types.int64(*passes, SKIPPING, *ADVANCE), allocates=False)


class _IdleRun(BlockRun):
    """One run of `escape`: what its threads share."""

    def __init__(self, idle: IdleProgram, *rest: Any) -> None:
        super().__init__(idle.program, *rest)
        self.idle, self.jump = idle, jump_function(idle.jumps)

    def driver(self, lanes: int) -> tuple[Any, ...]:
        """The compiled driver of one block, and its arguments before the block."""
        noise, *others = self.passes
        dim = self.program.dim
        skipping = Skipping(
            idling=idling_of(self.idle, int(self.horizon)),
            relaxed=np.ones(1, np.int64),
            lanes=np.zeros(lanes, np.int64),
            uniforms=np.zeros(lanes),
            squares=np.zeros(lanes),
            point=np.zeros(dim),
            extra=np.zeros(dim),
            work=np.zeros((1, dim)),
        )
        return _compiled_advance(), noise, self.jump, *others, skipping


allocate = Outcome.empty
"""Where the results of paths go: `allocate(paths, dim, first)`."""


def prepare(idle: IdleProgram) -> None:
    """Compile what `escape` will run, or load it from the cache.

    Parameters
    ----------
    idle : IdleProgram
        What will be run.
    """
    _compiled_advance()
    _IdleRun(idle, allocate(1, idle.dim), 0, 0, 1, 1)


def escape(
    idle: IdleProgram,
    outcome: Outcome,
    first: int,
    last: int,
    horizon: int,
    threads: int | None = None,
    lanes: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> int:
    """Run paths `first` to `last` until each has ended.

    Parameters
    ----------
    idle : IdleProgram
        What to run.
    outcome, first, last, horizon, threads, lanes, progress
        As for `levysde.engine.cpu.euler_engine.escape`.

    Returns
    -------
    int
        Iterations done by all paths together, without those that were skipped.

    Raises
    ------
    KeyboardInterrupt
        Within a fraction of a second of the signal; paths not ended have status 0.
    """
    run = _IdleRun(idle, outcome, first, last, horizon, threads or available_threads())
    return run.finish(lanes, progress)
