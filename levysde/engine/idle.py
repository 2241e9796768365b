"""The block engine with idle iterations skipped: a recurrence at a cost that no epsilon changes.

Iterations are those of the recurrence, with its own noise, for as long as a path remembers its last
long increment. After that it idles about the minimum until the next one, and where it is at that
moment does not depend on how long it waited: the number of iterations up to the next long increment
is drawn, and added to the count.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from levysde._typing import FloatArray
from levysde.engine.block import Block, begin, collect
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.cpu import BlockRun
from levysde.engine.elementary import log2
from levysde.engine.jump import JUMP, jump_function
from levysde.engine.jump_parts import JumpPart
from levysde.engine.passes import CHECK, GRADIENT, NOISE, UPDATE, VECTOR
from levysde.engine.philox import uniform_pair
from levysde.engine.program import Outcome, Program
from levysde.engine.threads import available_threads

WAIT_SLOT = np.uint64(1 << 29)
"""Number of idle iterations, and the length of the increment that ends them."""

BOTH_SLOT = np.uint64((1 << 29) + 1)
"""Whether two long increments come in one iteration."""

_LN_2 = math.log(2.0)


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
    memory : int
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
    memory: int
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


def _can_idle(lane, x, address, center, limits, wide):  # type: ignore[no-untyped-def]
    """Whether a path has forgotten its start and its last long increment, and is at rest."""
    step, since = address[1], address[2]
    if since[lane] < limits[3] or step[lane] < limits[4]:
        return False
    square = 0.0
    for j in range(center.shape[0]):
        offset = (x[lane, j] if wide else x[j, lane]) - center[j]
        square += offset * offset
    return square <= limits[1]


def _rest(lanes, dL, sums, since, threshold, memory, wide):  # type: ignore[no-untyped-def]
    """Count the iterations since the last long increment; return how many lanes may idle."""
    for i in range(lanes):
        sums[i] = 0.0
    if wide:
        for i in range(lanes):
            for j in range(dL.shape[1]):
                sums[i] += dL[i, j] * dL[i, j]
    else:
        for j in range(dL.shape[0]):
            for i in range(lanes):
                sums[i] += dL[j, i] * dL[j, i]
    idle = 0
    for i in range(lanes):
        since[i] = since[i] + np.uint64(1) if sums[i] <= threshold else np.uint64(0)
        idle += since[i] >= memory
    return idle


def _wait(lane, address, seed, rate, horizon):  # type: ignore[no-untyped-def]
    """Skip idle iterations; return the uniform of the increment that ends them, 0 without one."""
    path, step, since = address
    first, u = uniform_pair(seed, path[lane], step[lane], WAIT_SLOT)
    skipped = np.floor(-_LN_2 * log2(first) / rate)
    room = horizon - np.uint64(1) - step[lane]
    since[lane] = 0
    if skipped >= room:
        step[lane] += room
        return 0.0
    step[lane] += np.uint64(skipped)
    return u


def _is_long(lane, dL, threshold, wide):  # type: ignore[no-untyped-def]
    """Whether the increment of a lane has a square beyond that of the threshold."""
    square = 0.0
    for j in range(dL.shape[1] if wide else dL.shape[0]):
        y = dL[lane, j] if wide else dL[j, lane]
        square += y * y
    return square > threshold


def _both(seed, path, step):  # type: ignore[no-untyped-def]
    """Whether a long increment of the iteration itself has another one added.

    Of the Poisson number N of long increments r are expected, and 1 + r/2 if there is one: half of
    the r that the iteration has of its own.
    """
    return uniform_pair(seed, path, step, BOTH_SLOT)[0] < 0.5


def _skip(  # type: ignore[no-untyped-def]
    ready, ends, active, x, address, center, limits, seed, horizon, wide
):
    """Skip the idle iterations of all lanes that idle.

    Return in how many a long increment follows; these are the first of `ready`, and the uniforms of
    their increments the first of `ends`.
    """
    since, count, ended = address[2], 0, 0
    for i in range(active):
        ready[count] = i
        count += since[i] >= limits[3]
    for k in range(count):
        i = ready[k]
        if _can_idle(i, x, address, center, limits, wide):
            u = _wait(i, address, seed, limits[2], horizon)
            if u > 0.0:
                ready[ended], ends[ended] = i, u
                ended += 1
    return ended


def _advance(  # type: ignore[no-untyped-def]
    noise, gradient, update, check, jump, state, address, flags, parameters, start, seed, dt,
    horizon, active, queue, more, max_steps, wide, out_steps, out_status, out_position, center,
    jump_p, limits, ready, scratch,
):  # fmt: skip
    """Advance a block as `levysde.engine.cpu` does, skipping what is idle.

    `address` has a third counter, of iterations since the last long increment. `limits` holds the
    squares of threshold and radius, long increments per iteration, the iterations that one is
    remembered and those after which a path has settled; `ready` and `scratch` are room for lanes,
    for squares, for the uniforms of increments that end an idle time, and for one increment.
    """
    x, m, v, g, dL = state
    path, step, since = address
    noise_p, gradient_p, update_p, outside_p = parameters
    sums, ends, increment = scratch
    while active < path.shape[0] and queue[0] < queue[1]:
        begin(active, queue[0], start, state, address, wide)
        queue[0] += 1
        active += 1
    lanes, idle = active, 1
    for _ in range(max_steps):
        ended = 0
        if idle > 0:
            ended = _skip(ready, ends, active, x, address, center, limits, seed, horizon, wide)
        # Whole vectors of noise: what falls beyond the active lanes is not looked at.
        noise(dL, seed, path, step, noise_p, active if wide else -(-active // VECTOR) * VECTOR)
        for k in range(ended):
            i = ready[k]
            if _is_long(i, dL, limits[0], wide) and not _both(seed, path[i], step[i]):
                continue
            increment[:] = 0.0
            jump(increment, ends[k], seed, path[i], step[i], jump_p)
            for j in range(increment.shape[0]):
                if wide:
                    dL[i, j] += increment[j]
                else:
                    dL[j, i] += increment[j]
        idle = _rest(active, dL, sums, since, limits[0], limits[3], wide)
        gradient(x, gradient_p, g, active)
        update(x, m, v, g, dL, dt, seed, path, step, update_p, active)
        queue[3] += active
        queue[4] += 1
        if check(x, outside_p, step, horizon, flags, active) == 0:
            continue
        active = collect(
            state, address, flags, start, active, queue, wide, out_steps, out_status, out_position
        )
        if active == 0 or (more and active < lanes):
            break
    return active


_matrix = types.float64[:, ::1]
_vector = types.float64[::1]


@functools.cache
def _compiled_advance() -> Any:
    arguments = pointers(NOISE, GRADIENT, UPDATE, CHECK, JUMP)
    signature = types.int64(
        *arguments, types.UniTuple(_matrix, 5), types.UniTuple(types.uint64[::1], 3),
        types.int8[::1], types.UniTuple(_vector, 4), _vector, types.uint64, types.float64,
        types.uint64, types.int64, types.int64[::1], types.boolean, types.int64, types.boolean,
        types.int64[::1], types.int8[::1], _matrix, _vector, _vector,
        types.Tuple((types.float64, types.float64, types.float64, types.uint64, types.uint64)),
        types.int64[::1], types.UniTuple(_vector, 3),
    )  # fmt: skip
    return compile_cached(_advance, signature)


class _IdleRun(BlockRun):
    """One run of `escape`: what its threads share."""

    counters = 3

    def __init__(self, idle: IdleProgram, *rest: Any) -> None:
        super().__init__(idle.program, *rest)
        self.jump, self.jump_p = jump_function(idle.jumps), idle.jumps.p
        self.center = np.array(idle.center)
        rate = idle.jumps.rate * idle.dt
        self.limits = (
            idle.threshold**2, idle.radius**2, rate, np.uint64(idle.memory), np.uint64(idle.settled)
        )  # fmt: skip

    def advance(self, block: Block, active: int, queue: Any, max_steps: int) -> int:
        """One call of the compiled driver; return the lanes in use."""
        program, outcome = self.program, self.outcome
        count = len(block.flags)
        scratch = (np.zeros(count), np.zeros(count), np.zeros(program.dim))
        lanes: int = _compiled_advance()(
            *self.passes, self.jump, block.state, block.address, block.flags, self.parameters,
            program.start, program.seed, program.dt, self.horizon, active, queue, self.supply.more,
            max_steps, block.wide, outcome.steps, outcome.status, outcome.position, self.center,
            self.jump_p, self.limits, np.zeros(count, np.int64), scratch,
        )  # fmt: skip
        return lanes


room = Outcome.empty
"""Where the results of paths go: `room(paths, dim, first)`."""


def prepare(idle: IdleProgram) -> None:
    """Compile what `escape` will run, or load it from the cache.

    Parameters
    ----------
    idle : IdleProgram
        What will be run.
    """
    _compiled_advance()
    _IdleRun(idle, room(1, idle.dim), 0, 0, 1, 1)


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
        As for `levysde.engine.cpu.escape`.

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
    return run.finish(first, last, lanes, progress)
