"""The kernel of the jump method: every thread makes the moves of one path after another."""

import numpy as np
from numba import cuda, types

from levysde._typing import PlainFunction
from levysde.engine.cuda.lots import ENDED, FREE, NEXT, RETURNED, Job
from levysde.engine.jump_program import JumpProgram, scene_of
from levysde.engine.path import jump as path
from levysde.engine.status import RUNNING

REGISTERS_SIZE = 4
"""Numbers of the longest path that is kept in registers; longer ones are in local memory."""

LARGEST_SIZE = 1000
"""Numbers of the longest path that fits into the memory of a thread."""

LARGEST_CORRELATED_SIZE = 32
"""The same where the diffusive part needs the root of a matrix for every move."""


def jump_job(program: JumpProgram, horizon: float) -> Job:
    """What a device needs to run a program.

    Parameters
    ----------
    program : JumpProgram
        What to run.
    horizon : float
        Time after which a path is censored.

    Returns
    -------
    Job
    """
    scene = scene_of(program, horizon)
    size = len(scene.start)
    rows = 5 if scene.diagonal else max(5, size + 2)
    if size > (LARGEST_SIZE if scene.diagonal else LARGEST_CORRELATED_SIZE):
        raise ValueError(
            f"a path of method 'jump' has {size} numbers here, which are too many for the memory "
            "of a thread of the GPU; use backend 'cpu'"
        )
    return Job(_kernel(program, size, rows), scene, marks=4, numbers=3 + size)


def _kernel(program: JumpProgram, size: int, rows: int) -> PlainFunction:
    short = size <= REGISTERS_SIZE
    outside, jump, slope = program.outside, program.jumps.jump, program.gradient
    margin = path.probed_margin(outside)
    if program.margin is not None:
        margin = path.known_margin(program.margin)
    begin, step, record = path.begin, path.step, path.record
    twice, fields = 2 * size, path.WALKER

    def jumps(supply, marks, numbers, scene, outcome, last, moves):  # type: ignore[no-untyped-def]
        thread = cuda.grid(1)
        n = size if short else len(scene.start)
        x = cuda.local.array(size, types.float64)[:n]
        z = cuda.local.array(twice, types.float64)[: 2 * n]
        work = cuda.local.array((rows, size), types.float64)[:, :n]
        walkers = cuda.local.array(1, fields)
        walker = walkers[0]
        walker.path, walker.move = marks[0, thread], marks[1, thread]
        walker.event, walker.censored = marks[2, thread], np.int64(marks[3, thread])
        walker.time, walker.left = numbers[0, thread], numbers[1, thread]
        walker.uniform = numbers[2, thread]
        for j in range(n):
            x[j] = numbers[3 + j, thread]
        for j in range(2 * n):
            z[j] = 0.0  # not drawn where there is no diffusive part, and multiplied by 0
        for _ in range(moves):
            if walker.path == FREE:
                taken = np.uint64(cuda.atomic.add(supply, NEXT, np.uint64(1)))
                if taken >= last:
                    break
                begin(x, walker, taken, scene)
            status = step(outside, margin, jump, slope, x, scene, z, work, walker)
            if status != RUNNING:
                record(outcome, x, walker, status)
                cuda.atomic.add(supply, ENDED, np.uint64(1))
                walker.path = FREE
        marks[0, thread], marks[1, thread] = walker.path, walker.move
        marks[2, thread], marks[3, thread] = walker.event, np.uint64(walker.censored)
        numbers[0, thread], numbers[1, thread] = walker.time, walker.left
        numbers[2, thread] = walker.uniform
        for j in range(n):
            numbers[3 + j, thread] = x[j]
        cuda.atomic.add(supply, RETURNED, np.uint64(1))

    return jumps
