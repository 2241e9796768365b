"""The block engine with idle iterations skipped: a recurrence at a cost that no epsilon changes.

Iterations are those of the recurrence, with its own noise, until a path has relaxed after its last
long increment. From then on it idles about the minimum until the next one, and where it is at that
moment does not depend on how long it waited: the number of iterations up to the next long increment
is drawn, and added to the count.

The driver is that of `levysde.engine.cpu.euler_engine`, with another source of increments.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from levysde._typing import FloatArray, UInt64
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.cpu.euler_engine import ADVANCE, BlockRun, advance_block, draw_noise
from levysde.engine.cpu.jump_engine import JUMP, jump_function
from levysde.engine.cpu.passes import CHECK, GRADIENT, NOISE, UPDATE
from levysde.engine.cpu.threads import available_threads
from levysde.engine.jump_parts import JumpPart
from levysde.engine.path.waiting import waiting_time
from levysde.engine.program import Outcome, Program
from levysde.engine.random.philox import uniform_pair
from levysde.engine.slots import BOTH_SLOT, WAIT_SLOT


@dataclass(frozen=True)
class IdleProgram:
    """A recurrence, and when it idles.

    Attributes
    ----------
    program : Program
        The recurrence.
    jumps : JumpPart
        Its noise, cut at a threshold.
    threshold : float
        Increments longer than this are not idle, length.
    relaxation : int
        Iterations after a long increment that are not skipped.
    settled : int
        First iterations, up to when averages remember the start, that are not skipped.
    center : ndarray, shape (dim,)
        The minimum.
    radius : float
        Distance from the minimum within which a path can idle, length.
    """

    program: Program
    jumps: JumpPart
    threshold: float
    relaxation: int
    settled: int
    center: FloatArray
    radius: float

    @property
    def dim(self) -> int:
        """Dimension of a path."""
        return self.program.dim

    @property
    def dt(self) -> float:
        """Step, time."""
        return self.program.dt


class Skipping(NamedTuple):
    """What the driver needs to skip iterations, and room for its lanes.

    Attributes
    ----------
    center : ndarray, shape (dim,)
        The minimum.
    jump_p : ndarray
        Parameters of the jump.
    threshold2, radius2 : float
        Squares of the lengths of an `IdleProgram`.
    rate : float
        Long increments per iteration.
    relaxation, settled, horizon : numpy.uint64
        Iterations after which a path has relaxed and settled, and after which it is given up.
    relaxed : ndarray of int64, shape (1,)
        How many paths had relaxed in the last iteration.
    lanes : ndarray of int64, shape (lanes,)
        Of paths that have relaxed; then those in which a long increment ends a wait.
    uniforms, squares : ndarray, shape (lanes,)
        What such an increment is made of; squares of increments.
    jump, room : ndarray, shape (dim,)
        One increment, and room to make it.
    """

    center: FloatArray
    jump_p: FloatArray
    threshold2: float
    radius2: float
    rate: float
    relaxation: UInt64
    settled: UInt64
    horizon: UInt64
    relaxed: npt.NDArray[np.int64]
    lanes: npt.NDArray[np.int64]
    uniforms: FloatArray
    squares: FloatArray
    jump: FloatArray
    room: FloatArray


_vector, _numbers = types.float64[::1], types.int64[::1]
SKIPPING = types.NamedTuple(
    (*[_vector] * 2, *[types.float64] * 3, *[types.uint64] * 3, *[_numbers] * 2, *[_vector] * 4),
    Skipping,
)


# ----------------------------------------------------------------------------------- before a step


def _is_idle(lane, block, skipping, wide):  # type: ignore[no-untyped-def]
    """Whether a path has relaxed after its start and its last long increment, near the minimum."""
    if block.calm[lane] < skipping.relaxation or block.step[lane] < skipping.settled:
        return False
    square = 0.0
    for j in range(skipping.center.shape[0]):
        offset = (block.x[lane, j] if wide else block.x[j, lane]) - skipping.center[j]
        square += offset * offset
    return square <= skipping.radius2


def _wait(lane, block, skipping, seed):  # type: ignore[no-untyped-def]
    """Skip idle iterations; return the uniform of the increment that ends them, 0 without one."""
    step = block.step[lane]
    first, u = uniform_pair(seed, block.path[lane], step, WAIT_SLOT)
    skipped = np.floor(waiting_time(first, skipping.rate))
    left = skipping.horizon - np.uint64(1) - step
    block.calm[lane] = 0
    if skipped >= left:
        block.step[lane] += left
        return 0.0
    block.step[lane] += np.uint64(skipped)
    return u


def _skip(block, skipping, seed, active, wide):  # type: ignore[no-untyped-def]
    """Skip the idle iterations of all lanes that idle.

    Return in how many a long increment follows; these are the first of `lanes`, and the uniforms of
    their increments the first of `uniforms`.
    """
    count, ended = 0, 0
    for i in range(active):
        skipping.lanes[count] = i
        count += block.calm[i] >= skipping.relaxation
    for k in range(count):
        i = skipping.lanes[k]
        if _is_idle(i, block, skipping, wide):
            u = _wait(i, block, skipping, seed)
            if u > 0.0:
                skipping.lanes[ended], skipping.uniforms[ended] = i, u
                ended += 1
    return ended


# ------------------------------------------------------------------------------- after a noise pass


def _is_long(lane, dL, threshold2, wide):  # type: ignore[no-untyped-def]
    """Whether the increment of a lane is longer than the threshold."""
    square = 0.0
    for j in range(dL.shape[1] if wide else dL.shape[0]):
        y = dL[lane, j] if wide else dL[j, lane]
        square += y * y
    return square > threshold2


def _both(seed, path, step):  # type: ignore[no-untyped-def]
    """Whether a long increment of the iteration itself has another one added.

    Of the Poisson number N of long increments r are expected, and 1 + r/2 if there is one: half of
    the r that the iteration has of its own.
    """
    return uniform_pair(seed, path, step, BOTH_SLOT)[0] < 0.5


def _add_long_increments(jump, block, skipping, seed, ended, wide):  # type: ignore[no-untyped-def]
    """Add those that end a wait to the increments of their lanes."""
    dL = block.dL
    for k in range(ended):
        i = skipping.lanes[k]
        path, step = block.path[i], block.step[i]
        if _is_long(i, dL, skipping.threshold2, wide) and not _both(seed, path, step):
            continue
        skipping.jump[:] = 0.0
        u, room = skipping.uniforms[k], skipping.room
        jump(skipping.jump, u, seed, path, step, skipping.jump_p, room)
        for j in range(skipping.jump.shape[0]):
            if wide:
                dL[i, j] += skipping.jump[j]
            else:
                dL[j, i] += skipping.jump[j]


def _count_calm(block, skipping, active, wide):  # type: ignore[no-untyped-def]
    """Count the iterations since the last long increment, and the lanes that have relaxed."""
    dL, squares = block.dL, skipping.squares
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
        calm = squares[i] <= skipping.threshold2
        block.calm[i] = block.calm[i] + np.uint64(1) if calm else np.uint64(0)
        relaxed += block.calm[i] >= skipping.relaxation
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
        idle, dim = self.idle, self.program.dim
        skipping = Skipping(
            center=np.array(idle.center),
            jump_p=idle.jumps.p,
            threshold2=idle.threshold**2,
            radius2=idle.radius**2,
            rate=idle.jumps.rate * idle.dt,
            relaxation=np.uint64(idle.relaxation),
            settled=np.uint64(idle.settled),
            horizon=self.horizon,
            relaxed=np.ones(1, np.int64),
            lanes=np.zeros(lanes, np.int64),
            uniforms=np.zeros(lanes),
            squares=np.zeros(lanes),
            jump=np.zeros(dim),
            room=np.zeros(dim),
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
