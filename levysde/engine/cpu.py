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
from levysde.engine.compile import compile_cached, pointers
from levysde.engine.noise_passes import noise_pass
from levysde.engine.passes import (
    CHECK,
    GRADIENT,
    NOISE,
    RUNNING,
    UPDATE,
    VECTOR,
    check_pass,
    gradient_pass,
    is_wide,
)
from levysde.engine.program import Outcome, Program
from levysde.engine.threads import SEGMENT_SECONDS, Supply, available_threads, run_threads
from levysde.engine.update_pass import update_pass

BLOCK_ELEMENTS = 2048
"""Aim for lanes x dim: the arrays of a block stay in the first-level cache."""

MAX_LANES = 256


def block_lanes(dim: int) -> int:
    """Number of paths that advance together: a multiple of 8."""
    return max(VECTOR, min(MAX_LANES, BLOCK_ELEMENTS // dim // VECTOR * VECTOR))


# ------------------------------------------------------------------------------------------ drivers

_matrix = types.float64[:, ::1]
_vector = types.float64[::1]
_state = types.UniTuple(_matrix, 5)  # x, m, v, g, dL
_address = types.UniTuple(types.uint64[::1], 2)  # path, step


def _begin(lane, path_id, start, state, address, wide):  # type: ignore[no-untyped-def]
    """Put a new path at its start into a lane."""
    x, m, v = state[:3]
    address[0][lane] = path_id
    address[1][lane] = 0
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
    dim = start.shape[0]
    while active < path.shape[0] and queue[0] < queue[1]:
        _begin(active, queue[0], start, state, address, wide)
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
        for lane in range(active - 1, -1, -1):
            if flags[lane] == RUNNING:
                continue
            row = np.int64(path[lane]) - queue[2]
            out_steps[row] = step[lane]
            out_status[row] = flags[lane]
            for j in range(dim):
                out_position[row, j] = x[lane, j] if wide else x[j, lane]
            if queue[0] < queue[1]:
                _begin(lane, queue[0], start, state, address, wide)
                queue[0] += 1
            else:
                active -= 1
                _move(active, lane, dim, state, address, wide)
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


# ------------------------------------------------------------------------------------------- blocks


class _Block:
    """The arrays of one block of lanes, with every path at the start."""

    def __init__(self, program: Program, lanes: int) -> None:
        self.wide = is_wide(program.dim)
        shape = (lanes, program.dim) if self.wide else (program.dim, lanes)
        start = program.start if self.wide else program.start[:, None]
        x = np.array(np.broadcast_to(start, shape), order="C")
        m, v, g, noise = (np.zeros(shape) for _ in range(4))
        self.state = (x, m, v, g, noise)
        self.address = (np.zeros(lanes, np.uint64), np.zeros(lanes, np.uint64))
        self.flags = np.zeros(lanes, np.int8)


def _passes(program: Program) -> tuple[Any, Any, Any]:
    return (
        noise_pass(program.noise, program.dim),
        gradient_pass(program.gradient, program.dim),
        update_pass(program.update, program.dim),
    )


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
    _passes(program)
    check_pass(program.outside, program.dim)


class _Escape:
    """One run of `escape`: what its threads share."""

    def __init__(
        self, program: Program, outcome: Outcome, first: int, last: int, horizon: int, threads: int
    ) -> None:
        self.program, self.outcome, self.horizon = program, outcome, horizon
        self.supply = Supply(first, last, threads)
        self.stop = threading.Event()
        self.advance = _compiled_advance()
        self.passes = (*_passes(program), check_pass(program.outside, program.dim))

    def work(self, lanes: int) -> int:
        """Run one block until no path is left or a stop is asked for; return path-steps done."""
        program, outcome = self.program, self.outcome
        block = _Block(program, lanes)
        queue = np.array([0, 0, outcome.first, 0, 0])
        parameters = (program.noise.p, program.gradient_p, program.update.p, program.outside_p)
        active, max_steps = 0, 1
        while not self.stop.is_set():
            if queue[0] == queue[1]:
                queue[:2] = self.supply.take()
            if active == 0 and queue[0] == queue[1]:
                break
            began, done = time.perf_counter(), int(queue[4])
            active = self.advance(
                *self.passes, block.state, block.address, block.flags, parameters, program.start,
                program.seed, program.dt, self.horizon, active, queue, self.supply.more,
                max_steps, block.wide, outcome.steps, outcome.status, outcome.position,
            )  # fmt: skip
            # As many steps as fill a segment at the speed seen, growing by a factor 4 at most.
            speed = (queue[4] - done) / max(time.perf_counter() - began, 1e-9)
            max_steps = max(1, min(int(SEGMENT_SECONDS * speed), 4 * max_steps))
        return int(queue[3])


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
    run = _Escape(program, outcome, first, last, horizon, threads)
    rows = outcome.status[first - outcome.first : last - outcome.first]
    work = functools.partial(run.work, lanes or block_lanes(program.dim))
    return run_threads(work, threads, run.stop, rows, progress)


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
    advance, passes = _compiled_step(), _passes(program)
    parameters = (program.noise.p, program.gradient_p, program.update.p)
    out = np.empty((paths, records, program.dim))
    lanes = block_lanes(program.dim)
    slice_steps = 1  # compiled calls are short, so that Ctrl-C is heard between them
    for first in range(0, paths, lanes):
        block, count = _Block(program, lanes), min(lanes, paths - first)
        block.address[0][:] = np.arange(first, first + lanes, dtype=np.uint64)
        out[first : first + count, 0] = program.start
        for row in range(1, records):
            missing = every
            while missing:
                steps = min(missing, slice_steps)
                began = time.perf_counter()
                advance(
                    *passes, block.state, block.address, parameters, program.seed, program.dt,
                    steps, count,
                )  # fmt: skip
                missing -= steps
                if steps == slice_steps and time.perf_counter() - began < SEGMENT_SECONDS:
                    slice_steps *= 2
            x = block.state[0]
            out[first : first + count, row] = x[:count] if block.wide else x[:, :count].T
    return out
