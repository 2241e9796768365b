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

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.compile import KEPT_PASSES, Pointer, compile_cached, entry_of, pointers
from levysde.engine.cpu.block import (
    BLOCK,
    OUTCOME,
    PARAMETERS,
    SETTING,
    Block,
    Setting,
    begin,
    block_lanes,
    check_of,
    collect,
    new_block,
    passes_of,
    rows_of,
    setting_of,
)
from levysde.engine.cpu.passes import CHECK, GRADIENT, NOISE, UPDATE, VECTOR
from levysde.engine.cpu.queue import QUEUE, new_queue, work_off
from levysde.engine.cpu.threads import SEGMENT_SECONDS, Supply, available_threads, run_threads
from levysde.engine.path.recurrence_path import Parameters, parameters_of
from levysde.engine.program import Outcome, Program

_FIRST_CALL = 1 << 17
"""Coordinates advanced in the first call of `iterate`: a millisecond or so."""

# ------------------------------------------------------------------------------------------ drivers


def iterate_once(
    draw: PlainFunction,
    source: Any,
    gradient: PlainFunction,
    update: PlainFunction,
    block: Block,
    parameters: Parameters,
    setting: Setting,
    count: int,
) -> None:
    """One iteration of a recurrence: increments, gradients, and all coordinates move.

    `draw(source, block, parameters, setting, count)` fills the increments of a block from whatever
    source; who calls counts the step.
    """
    draw(source, block, parameters, setting, count)
    gradient(block.x, parameters.gradient, block.g, count)
    update(
        block.x, block.m, block.v, block.g, block.dL, setting.dt, setting.seed, block.path,
        block.step, parameters.update, count,
    )  # fmt: skip


def draw_noise(
    noise: PlainFunction, block: Block, parameters: Parameters, setting: Setting, count: int
) -> None:
    """Increments by the noise pass."""
    # Whole vectors of noise: what falls beyond the active lanes is not looked at.
    lanes = count if setting.wide else -(-count // VECTOR) * VECTOR
    noise(block.dL, setting.seed, block.path, block.step, parameters.noise, lanes)


def advance_block(  # type: ignore[no-untyped-def]
    draw, source, gradient, update, check, block, parameters, setting, outcome, queue, horizon,
    more, active, max_steps,
):  # fmt: skip
    """Advance a block until `max_steps`, or until it lacks paths; return the lanes still in use.

    With `more`, paths wait outside the queue: return to fetch them.
    """
    while active < block.path.shape[0] and queue.next < queue.end:
        begin(block, active, queue.next, setting.start, setting.wide)
        queue.next += 1
        active += 1
    lanes = active
    for _ in range(max_steps):
        iterate_once(draw, source, gradient, update, block, parameters, setting, active)
        queue.path_steps += active
        queue.calls += 1
        ended = check(block.x, parameters.outside, block.step, horizon, block.flags, active)
        if ended == 0:
            continue
        active = collect(block, setting, outcome, active, ended, queue)
        if active == 0 or (more and active < lanes):
            break
    return active


ADVANCE = (
    BLOCK, PARAMETERS, SETTING, OUTCOME, QUEUE, types.uint64, types.boolean, types.int64,
    types.int64,
)  # fmt: skip
"""Types of the arguments of `advance_block` from the block on."""


def _advance(  # type: ignore[no-untyped-def]
    noise, gradient, update, check, block, parameters, setting, outcome, queue, horizon, more,
    active, max_steps,
):  # fmt: skip
    """Advance a block in which every iteration is made."""
    return advance_block(
        draw_noise, noise, gradient, update, check, block, parameters, setting, outcome, queue,
        horizon, more, active, max_steps,
    )  # fmt: skip


def _iterate(  # type: ignore[no-untyped-def]
    noise, gradient, update, block, parameters, setting, steps, count
):
    """Advance `count` lanes without looking for exits."""
    for _ in range(steps):
        iterate_once(draw_noise, noise, gradient, update, block, parameters, setting, count)
        for lane in range(count):
            block.step[lane] += np.uint64(1)


@functools.cache
def _compiled_advance() -> Any:
    passes = pointers(NOISE, GRADIENT, UPDATE, CHECK)
    return compile_cached(_advance, types.int64(*passes, *ADVANCE), allocates=False)


@functools.cache
def _compiled_iterate() -> Any:
    numbers = (types.int64, types.int64)
    passes = pointers(NOISE, GRADIENT, UPDATE)
    signature = types.void(*passes, BLOCK, PARAMETERS, SETTING, *numbers)
    return compile_cached(_iterate, signature, allocates=False)


# --------------------------------------------------------------------------------------------- runs


allocate = Outcome.empty
"""Where the results of paths go: `allocate(paths, dim, first)`."""


def prepare(program: Program) -> None:
    """Compile what `escape` will run, or load it from the cache.

    Parameters
    ----------
    program : Program
        What will be run.
    """
    _compiled_advance()
    passes_of(program)
    check_of(program)


class BlockRun:
    """One run of `escape`: what its threads share."""

    def __init__(
        self, program: Program, outcome: Outcome, first: int, last: int, horizon: int, threads: int
    ) -> None:
        self.program, self.outcome, self.threads = program, outcome, threads
        self.horizon = np.uint64(horizon)
        self.supply = Supply(first, last, threads)
        self.rows = outcome.status[first - outcome.first : last - outcome.first]
        self.stop = threading.Event()
        self.passes = (*passes_of(program), check_of(program))
        self.parameters, self.setting = parameters_of(program), setting_of(program)

    def driver(self, lanes: int) -> tuple[Any, ...]:
        """The compiled driver of one block, and its arguments before the block."""
        return _compiled_advance(), *self.passes

    def work(self, lanes: int) -> int:
        """Run one block until no path is left or a stop is asked for; return path-steps done."""
        block, queue = new_block(self.program, lanes), new_queue()
        compiled, *passes = self.driver(lanes)
        fixed = (*passes, block, self.parameters, self.setting, self.outcome, queue, self.horizon)

        def advance(active: int, steps: int) -> int:
            found: int = compiled(*fixed, self.supply.more, active, steps)
            return found

        return work_off(advance, queue, self.supply, self.stop)

    def finish(self, lanes: int | None, progress: Callable[[int], object] | None) -> int:
        """Work in all threads until no path is left; return path-steps done."""
        work = functools.partial(self.work, lanes or block_lanes(self.program.dim))
        return run_threads(work, self.threads, self.stop, self.rows, progress)


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
        Number of steps after which a path is censored (HORIZON).
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
    run = BlockRun(program, outcome, first, last, horizon, threads or available_threads())
    return run.finish(lanes, progress)


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
    parameters, setting = parameters_of(program), setting_of(program)
    advance, found = entry_of(_compiled_iterate()), [_pointer(part) for part in passes]
    # Compiled calls are short, so that Ctrl-C is heard between them, but not too short to pay.
    longest = max(1, _FIRST_CALL // (count * program.dim))
    while steps > 0:
        done, began = min(steps, longest), time.perf_counter()
        advance(*found, block, parameters, setting, done, count)
        steps -= done
        if time.perf_counter() - began < SEGMENT_SECONDS:
            longest *= 2


@functools.lru_cache(maxsize=3 * KEPT_PASSES)
def _pointer(compiled: Any) -> Pointer:
    return Pointer(compiled)


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
        block, count = new_block(program, lanes), min(lanes, paths - first)
        block.path[:] = np.arange(first, first + lanes, dtype=np.uint64)
        out[first : first + count, 0] = program.start
        for row in range(1, records):
            iterate(passes, program, block, every, count)
            out[first : first + count, row] = rows_of(block.x, program.dim)[:count]
    return out
