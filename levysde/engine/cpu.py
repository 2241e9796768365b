"""The block engine: paths advance together in blocks of lanes, on as many threads as wanted.

Each step of a block is four passes: noise, gradient, update, check. A path that ends is recorded
and its lane is given the next path at once; when no path is left the last lane moves into the gap,
so that the work done is always proportional to the paths still running.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types

from levysde._typing import FloatArray
from levysde.engine.block import Block, begin, block_lanes, collect, parameters_of, passes_of
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.passes import CHECK, GRADIENT, NOISE, UPDATE, VECTOR, check_pass
from levysde.engine.program import Outcome, Program
from levysde.engine.threads import SEGMENT_SECONDS, Supply, available_threads, run_threads

_FIRST_CALL = 1 << 17
"""Coordinates advanced in the first call of `iterate`: a millisecond or so."""

# ------------------------------------------------------------------------------------------ drivers

_matrix = types.float64[:, ::1]
_vector = types.float64[::1]
_state = types.UniTuple(_matrix, 5)  # x, m, v, g, dL
_address = types.UniTuple(types.uint64[::1], 2)  # path, step


def _advance(  # type: ignore[no-untyped-def]
    noise, gradient, update, check, state, address, flags, parameters, start, seed, dt, horizon,
    active, queue, more, max_steps, wide, out_steps, out_status, out_position,
):  # fmt: skip
    """Advance a block until `max_steps`, or until it lacks paths; return the lanes still in use.

    `queue` holds the next path, the end of the queue, the path of the first row of the output, and
    the path-steps and steps done so far. With `more`, paths wait outside the queue: return to fetch
    them.
    """
    x, m, v, g, dL = state
    path, step = address
    noise_p, gradient_p, update_p, outside_p = parameters
    while active < path.shape[0] and queue[0] < queue[1]:
        begin(active, queue[0], start, state, address, wide)
        queue[0] += 1
        active += 1
    lanes = active
    for _ in range(max_steps):
        # Whole vectors of noise: what falls beyond the active lanes is not looked at.
        noise(dL, seed, path, step, noise_p, active if wide else -(-active // VECTOR) * VECTOR)
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


def _step(  # type: ignore[no-untyped-def]
    noise, gradient, update, state, address, parameters, seed, dt, steps, count
):
    """Advance `count` lanes without looking for exits."""
    x, m, v, g, dL = state
    path, step = address
    noise_p, gradient_p, update_p = parameters
    for _ in range(steps):
        noise(dL, seed, path, step, noise_p, count)
        gradient(x, gradient_p, g, count)
        update(x, m, v, g, dL, dt, seed, path, step, update_p, count)
        for lane in range(count):
            step[lane] += np.uint64(1)


@functools.cache
def _compiled_advance() -> Any:
    arguments = pointers(NOISE, GRADIENT, UPDATE, CHECK)
    signature = types.int64(
        *arguments, _state, _address, types.int8[::1], types.UniTuple(_vector, 4), _vector,
        types.uint64, types.float64, types.uint64, types.int64, types.int64[::1], types.boolean,
        types.int64, types.boolean, types.int64[::1], types.int8[::1], _matrix,
    )  # fmt: skip
    return compile_cached(_advance, signature)


@functools.cache
def _compiled_step() -> Any:
    arguments = pointers(NOISE, GRADIENT, UPDATE)
    signature = types.void(
        *arguments, _state, _address, types.UniTuple(_vector, 3), types.uint64, types.float64,
        types.int64, types.int64,
    )  # fmt: skip
    return compile_cached(_step, signature)


# --------------------------------------------------------------------------------------------- runs


room = Outcome.empty
"""Where the results of paths go: `room(paths, dim, first)`."""


def prepare(program: Program) -> None:
    """Compile what `escape` will run, or load it from the cache.

    Parameters
    ----------
    program : Program
        What will be run.
    """
    _compiled_advance()
    passes_of(program)
    check_pass(program.outside, program.dim)


class BlockRun:
    """One run of `escape`: what its threads share."""

    counters = 2

    def __init__(
        self, program: Program, outcome: Outcome, first: int, last: int, horizon: int, threads: int
    ) -> None:
        self.program, self.outcome, self.horizon, self.threads = program, outcome, horizon, threads
        self.supply = Supply(first, last, threads)
        self.stop = threading.Event()
        self.passes = (*passes_of(program), check_pass(program.outside, program.dim))
        self.parameters = (*parameters_of(program), program.outside_p)

    def advance(self, block: Block, active: int, queue: Any, max_steps: int) -> int:
        """One call of the compiled driver; return the lanes in use."""
        program, outcome = self.program, self.outcome
        lanes: int = _compiled_advance()(
            *self.passes, block.state, block.address, block.flags, self.parameters, program.start,
            program.seed, program.dt, self.horizon, active, queue, self.supply.more, max_steps,
            block.wide, outcome.steps, outcome.status, outcome.position,
        )  # fmt: skip
        return lanes

    def work(self, lanes: int) -> int:
        """Run one block until no path is left or a stop is asked for; return path-steps done."""
        block = Block(self.program, lanes, self.counters)
        queue = np.array([0, 0, self.outcome.first, 0, 0])
        active, max_steps = 0, 1
        while not self.stop.is_set():
            if queue[0] == queue[1]:
                queue[:2] = self.supply.take()
            if active == 0 and queue[0] == queue[1]:
                break
            began, done = time.perf_counter(), int(queue[4])
            active = self.advance(block, active, queue, max_steps)
            # As many steps as fill a segment at the speed seen, growing by a factor 4 at most.
            speed = (queue[4] - done) / max(time.perf_counter() - began, 1e-9)
            max_steps = max(1, min(int(SEGMENT_SECONDS * speed), 4 * max_steps))
        return int(queue[3])

    def finish(
        self, first: int, last: int, lanes: int | None, progress: Callable[[int], object] | None
    ) -> int:
        """Work in all threads until no path is left; return path-steps done."""
        rows = self.outcome.status[first - self.outcome.first : last - self.outcome.first]
        work = functools.partial(self.work, lanes or block_lanes(self.program.dim))
        return run_threads(work, self.threads, self.stop, rows, progress)


def escape(
    program: Program,
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
    program : Program
        What to run.
    outcome : Outcome
        Arrays that receive the results; `outcome.first` is the path of their first row.
    first, last : int
        Paths first, first + 1, ..., last - 1.
    horizon : int
        Number of steps after which a path is given up (HORIZON).
    threads : int, optional
        Default: one a processor that this process may use.
    lanes : int, optional
        Paths in a block, a multiple of 8. Results do not depend on it.
    progress : callable, optional
        Called now and then with the number of paths that have ended.

    Returns
    -------
    int
        Steps done by all paths together.

    Raises
    ------
    KeyboardInterrupt
        Within a fraction of a second of the signal; paths not ended have status 0.
    """
    threads = threads or available_threads()
    run = BlockRun(program, outcome, first, last, horizon, threads)
    return run.finish(first, last, lanes, progress)


def iterate(passes: Any, program: Program, block: Block, steps: int, count: int) -> None:
    """Advance lanes of a block without looking for exits.

    Parameters
    ----------
    passes : tuple
        Of the program, as `passes_of` makes them.
    program : Program
        What to run.
    block : Block
        Changed.
    steps : int
        Number of steps.
    count : int
        Number of lanes, the first ones.
    """
    parameters = parameters_of(program)
    # Compiled calls are short, so that Ctrl-C is heard between them, but not too short to pay.
    longest = max(1, _FIRST_CALL // (count * program.dim))
    while steps > 0:
        done, began = min(steps, longest), time.perf_counter()
        _compiled_step()(
            *passes, block.state, block.address, parameters, program.seed, program.dt, done, count
        )
        steps -= done
        if time.perf_counter() - began < SEGMENT_SECONDS:
            longest *= 2


def trajectories(program: Program, paths: int, records: int, every: int) -> FloatArray:
    """States of paths at steps 0, every, 2 every, ...

    Parameters
    ----------
    program : Program
        What to run; its domain is not looked at.
    paths : int
        Number of paths.
    records : int
        Number of states kept of each path, the start included.
    every : int
        Steps between two kept states.

    Returns
    -------
    ndarray, shape (paths, records, dim)
        States, in units of the coordinates.
    """
    passes, lanes = passes_of(program), block_lanes(program.dim)
    out = np.empty((paths, records, program.dim))
    for first in range(0, paths, lanes):
        block, count = Block(program, lanes), min(lanes, paths - first)
        block.address[0][:] = np.arange(first, first + lanes, dtype=np.uint64)
        out[first : first + count, 0] = program.start
        for row in range(1, records):
            iterate(passes, program, block, every, count)
            x = block.state[0]
            out[first : first + count, row] = x[:count] if block.wide else x[:, :count].T
    return out
