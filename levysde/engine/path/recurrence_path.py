"""One path of a recurrence: the functions of a program put together."""

from typing import NamedTuple

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.path.batch_step import batch_parameters, batched
from levysde.engine.path.divided_step import WORK_ROWS, flow_move, flow_parameters
from levysde.engine.path.increments import increment_of
from levysde.engine.path.iteration import (
    coordinate_of,
    is_finite,
    iteration_of,
    limited,
    move_of,
    no_clock,
    one_coordinate,
    status_of,
    whole_move,
)
from levysde.engine.path.scaled_step import scaled, scaled_parameters
from levysde.engine.path.skipping import skipping_iteration
from levysde.engine.path.walled_step import walled, walled_parameters
from levysde.engine.program import IdleProgram, Program

__all__ = [
    "WORK_ROWS",
    "Parameters",
    "advance_of",
    "parameters_of",
    "skipping_advance_of",
    "status_after",
]


class Parameters(NamedTuple):
    """The flat parameters of the functions of a program."""

    noise: FloatArray
    gradient: FloatArray
    update: FloatArray
    outside: FloatArray


def advance_of(program: Program) -> PlainFunction:
    """One iteration of one path of a program.

    Parameters
    ----------
    program : Program
        What to run.

    Returns
    -------
    callable
        `iterate(state, g, dL, z, work, dt, seed, path, step, parameters)`, as `iteration_of` makes
        it, with room for WORK_ROWS points in `work` and `parameters_of` the program.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import basins, dynamics, noise
    >>> from levysde.methods.recurrence import recurrence
    >>> from levysde.model import Model
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-12)
    >>> program = recurrence(model, 0.25, seed=0)
    >>> x, m, v, g, dL = np.ones((5, 1))
    >>> work, address = np.empty((WORK_ROWS, 1)), np.zeros(3, np.uint64)
    >>> advance = advance_of(program)
    >>> with np.errstate(over="ignore"):  # of the integers
    ...     advance((x, m, v), g, dL, dL, work, program.dt, *address, parameters_of(program))
    >>> x.round(6).tolist()
    [0.75]
    """
    return iteration_of(increment_of(program.noise), program.gradient, _move_of(program))


def skipping_advance_of(idle: IdleProgram) -> PlainFunction:
    """One iteration of one path, after what is idle before it.

    Parameters
    ----------
    idle : IdleProgram
        What to run.

    Returns
    -------
    callable
        As `levysde.engine.path.skipping.skipping_iteration` makes it.

    Examples
    --------
    >>> from levysde import basins, dynamics, methods, noise
    >>> from levysde.model import Model
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-3)
    >>> plan = methods.prepare("jump", model, methods.Request(0.1, seed=0))
    >>> skipping_advance_of(plan.program).__name__
    'iterate'
    """
    program = idle.program
    increment, move = increment_of(program.noise), _move_of(program)
    return skipping_iteration(increment, idle.jumps.jump, program.gradient, move)


def _move_of(program: Program) -> PlainFunction:
    """All coordinates move: `move(state, g, dL, dt, seed, path, step, p, work)`."""
    part = program.update
    one = one_coordinate(part.update, part.clock is not None, part.normal)
    clock = part.clock or no_clock
    explicit = move_of(coordinate_of(one, part.memory, part.normal), clock)
    if program.flow is not None:
        move = flow_move(one, clock, program.gradient, explicit, part.memory, part.normal)
    else:
        whole = whole_move(explicit)
        move = whole if part.limit is None else limited(whole, part.limit)
    if program.scale is not None:
        move = scaled(program.scale.function, move)
    if program.batch is not None:
        move = batched(program.batch, move)
    return move if program.walls is None else walled(program.walls.function, move)


def status_after(program: Program) -> PlainFunction:
    """How a path has ended, if it has.

    Parameters
    ----------
    program : Program
        What to run.

    Returns
    -------
    callable
        `status(x, p, step, horizon)` after so many steps.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import basins, dynamics, noise
    >>> from levysde.methods.recurrence import recurrence
    >>> from levysde.model import Model
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> program = recurrence(model, 0.25, seed=0)
    >>> status_after(program)(np.array([2.0]), program.outside_p, 7, 100)  # ESCAPED
    1
    """
    return status_of(program.outside, is_finite)


def parameters_of(program: Program) -> Parameters:
    """The flat parameters of a program.

    Parameters
    ----------
    program : Program
        What to run.

    Returns
    -------
    Parameters of every function.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> from levysde.methods.recurrence import recurrence
    >>> from levysde.model import Model
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.1)
    >>> parameters_of(recurrence(model, 0.25, seed=0)).outside.tolist()
    [-1.0, 1.0]
    """
    update_p = program.update.p
    if program.flow is not None:
        update_p = flow_parameters(program.flow, program.gradient_p)
    if program.scale is not None:
        update_p = scaled_parameters(program.scale, update_p)
    if program.batch is not None:
        update_p = batch_parameters(program.batch, update_p)
    if program.walls is not None:
        update_p = walled_parameters(program.walls, update_p)
    return Parameters(program.noise.p, program.gradient_p, update_p, program.outside_p)
