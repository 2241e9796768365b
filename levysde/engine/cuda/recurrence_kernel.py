"""The kernel of a recurrence: every thread makes the iterations of one path after another."""

from typing import NamedTuple

import numpy as np
from numba import cuda, types

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.cuda.lots import ENDED, FREE, NEXT, RETURNED, Job
from levysde.engine.path.increments import drawn_drivers, is_coupled
from levysde.engine.path.recurrence_path import (
    WORK_ROWS,
    Parameters,
    advance_of,
    parameters_of,
    skipping_advance_of,
    status_after,
)
from levysde.engine.path.skipping import Idling, idling_of
from levysde.engine.program import IdleProgram, Program
from levysde.engine.status import RUNNING

REGISTER_NUMBERS = 40
"""Of a path that are kept in registers at most; more of them are in local memory."""

LARGEST_DIM = 5000
"""Above it a path does not fit into the 512 KiB of local memory that a thread can have."""

PATH, STEP, CALM = 0, 1, 2
"""What is kept of a path between two launches: its number, its steps, and those since its last long
increment where iterations are skipped."""


class Setting(NamedTuple):
    """What does not change in a run."""

    parameters: Parameters
    start: FloatArray
    seed: UInt64
    dt: float
    horizon: UInt64
    dim: int
    drivers: int
    idling: Idling | tuple[()]  # a kernel cannot be given None


def skipping_job(idle: IdleProgram, horizon: int) -> Job:
    """What a device needs to run a program of which idle iterations are skipped.

    Parameters
    ----------
    idle : IdleProgram
        What to run.
    horizon : int
        Number of iterations after which a path is censored.

    Returns
    -------
    Job
    """
    iterate = skipping_advance_of(idle)
    return _job(idle.program, horizon, iterate, idling_of(idle, horizon))


def recurrence_job(program: Program, horizon: int) -> Job:
    """What a device needs to run a program.

    Parameters
    ----------
    program : Program
        What to run.
    horizon : int
        Number of steps after which a path is censored.

    Returns
    -------
    Job
    """
    return _job(program, horizon, _counted(advance_of(program)), ())


def _counted(iterate: PlainFunction) -> PlainFunction:
    """An iteration after which the step and the iterations since a long increment are as before."""

    def counted(  # type: ignore[no-untyped-def]
        state, g, dL, z, work, dt, seed, path, step, calm, parameters, idling
    ):
        iterate(state, g, dL, z, work, dt, seed, path, step, parameters)
        return step, calm

    return counted


def _job(program: Program, horizon: int, iterate: PlainFunction, idling: Idling | tuple[()]) -> Job:
    if program.dim > LARGEST_DIM:
        raise ValueError(
            f"a path in {program.dim} dimensions does not fit into the memory of a thread of the "
            f"GPU, which holds {LARGEST_DIM}; use backend 'cpu'"
        )
    if program.scale is not None and program.scale.matrix:
        raise ValueError(
            "noise scaled by a matrix is simulated on the CPU alone; use backend 'cpu'"
        )
    if program.batch is not None:
        raise ValueError("gradients of batches are simulated on the CPU alone; use backend 'cpu'")
    setting = Setting(
        Parameters(*(np.array(p) for p in parameters_of(program))),
        np.array(program.start),
        np.uint64(program.seed),
        float(program.dt),
        np.uint64(horizon),
        program.dim,
        drawn_drivers(program.noise, program.dim),
        idling,
    )
    memory = program.update.memory
    numbers = program.dim * (3 if memory else 1)
    kernel = _kernel(program, memory, iterate, skips=bool(idling))
    return Job(kernel, setting, marks=3, numbers=numbers)


def _size(program: Program) -> int:
    """Numbers of a path."""
    part = program.update
    limited_or_scaled = part.limit is not None or program.scale is not None
    rows = 3 + 2 * part.memory + limited_or_scaled + WORK_ROWS * (program.flow is not None)
    return rows * program.dim


def _kernel(
    program: Program, memory: bool, iterate: PlainFunction, *, skips: bool
) -> PlainFunction:
    dim, coupled = program.dim, is_coupled(program.noise)
    short = _size(program) <= REGISTER_NUMBERS
    drivers = drawn_drivers(program.noise, dim) if coupled else dim
    status_of = status_after(program)

    def recurrence(supply, marks, numbers, setting, outcome, last, steps):  # type: ignore[no-untyped-def]
        thread = cuda.grid(1)
        # A length that the compiler does not know keeps it from unrolling long loops.
        n = dim if short else setting.dim
        x = cuda.local.array(dim, types.float64)[:n]
        m = cuda.local.array(dim, types.float64)[:n]
        v = cuda.local.array(dim, types.float64)[:n]
        g = cuda.local.array(dim, types.float64)[:n]
        z = cuda.local.array(drivers, types.float64)[: drivers if short else setting.drivers]
        dL = cuda.local.array(dim, types.float64)[:n] if coupled else z
        work = (
            cuda.local.array(dim, types.float64)[:n],
            cuda.local.array(dim, types.float64)[:n],
            cuda.local.array(dim, types.float64)[:n],
            cuda.local.array(dim, types.float64)[:n],
            cuda.local.array(dim, types.float64)[:n],
        )
        state = (x, m, v)
        path, step = marks[PATH, thread], marks[STEP, thread]
        calm = marks[CALM, thread] if skips else np.uint64(0)
        for j in range(n):
            x[j] = numbers[j, thread]
            m[j] = numbers[n + j, thread] if memory else 0.0
            v[j] = numbers[2 * n + j, thread] if memory else 0.0
        for _ in range(np.int32(steps)):  # 32 bits are one register
            if path == FREE:
                path = np.uint64(cuda.atomic.add(supply, NEXT, np.uint64(1)))
                step, calm = np.uint64(0), np.uint64(0)
                if path >= last:
                    path = FREE
                    break
                for j in range(n):
                    x[j], m[j], v[j] = setting.start[j], 0.0, 0.0
            step, calm = iterate(
                state, g, dL, z, work, setting.dt, setting.seed, path, step, calm,
                setting.parameters, setting.idling,
            )  # fmt: skip
            step += np.uint64(1)
            status = status_of(x, setting.parameters.outside, step, setting.horizon)
            if status != RUNNING:
                row = np.int64(path) - outcome.first
                outcome.steps[row] = step
                outcome.status[row] = status
                for j in range(n):
                    outcome.position[row, j] = x[j]
                cuda.atomic.add(supply, ENDED, np.uint64(1))
                path = FREE
        marks[PATH, thread], marks[STEP, thread], marks[CALM, thread] = path, step, calm
        for j in range(n):
            numbers[j, thread] = x[j]
            if memory:
                numbers[n + j, thread], numbers[2 * n + j, thread] = m[j], v[j]
        cuda.atomic.add(supply, RETURNED, np.uint64(1))

    return recurrence
