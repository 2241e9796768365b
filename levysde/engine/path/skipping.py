"""One path of a recurrence whose idle iterations are skipped, in plain functions.

Iterations are those of the recurrence, with its own noise, until a path has relaxed after its last
long increment. From then on it idles about the minimum until the next one, and where it is at that
moment does not depend on how long it waited: the number of iterations up to the next long increment
is drawn, and added to the count.
"""

from typing import NamedTuple

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.path.waiting import waiting_time
from levysde.engine.program import IdleProgram
from levysde.engine.random.philox import uniform_pair
from levysde.engine.slots import BOTH_SLOT, WAIT_SLOT


class Idling(NamedTuple):
    """When a path idles, and what ends it, as compiled code takes an `IdleProgram`.

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
    """

    center: FloatArray
    jump_p: FloatArray
    threshold2: float
    radius2: float
    rate: float
    relaxation: UInt64
    settled: UInt64
    horizon: UInt64


def idling_of(idle: IdleProgram, horizon: int) -> Idling:
    """When the paths of a program idle.

    Parameters
    ----------
    idle : IdleProgram
        What is run.
    horizon : int
        Iterations after which a path is given up.

    Returns
    -------
    Idling
    """
    return Idling(
        center=np.array(idle.center),
        jump_p=idle.jumps.p,
        threshold2=idle.threshold**2,
        radius2=idle.radius**2,
        rate=idle.jumps.rate * idle.dt,
        relaxation=np.uint64(idle.relaxation),
        settled=np.uint64(idle.settled),
        horizon=np.uint64(horizon),
    )


def is_idle(x: FloatArray, calm: UInt64, step: UInt64, idling: Idling) -> bool:
    """Whether a path has relaxed after its start and its last long increment, near the minimum."""
    if calm < idling.relaxation or step < idling.settled:
        return False
    square = 0.0
    for j in range(len(x)):
        square += (x[j] - idling.center[j]) * (x[j] - idling.center[j])
    return square <= idling.radius2


def wait(seed: UInt64, path: UInt64, step: UInt64, idling: Idling) -> tuple[UInt64, float]:
    """Skip idle iterations: how many, and the uniform of the increment that ends them.

    It is 0 where none comes before the horizon.
    """
    first, u = uniform_pair(seed, path, step, WAIT_SLOT)
    skipped = np.floor(waiting_time(first, idling.rate))
    left = idling.horizon - np.uint64(1) - step
    if skipped >= left:
        return left, 0.0
    return np.uint64(skipped), u


def squared(dL: FloatArray) -> float:
    """The square of the length of an increment."""
    square = 0.0
    for j in range(len(dL)):
        square += dL[j] * dL[j]
    return square


def add_long_increment(
    jump: PlainFunction,
    dL: FloatArray,
    u: float,
    seed: UInt64,
    path: UInt64,
    step: UInt64,
    idling: Idling,
    extra: FloatArray,
    work: FloatArray,
) -> None:
    """Add the increment that ends a wait to that of the iteration itself.

    Of the Poisson number N of long increments r are expected, and 1 + r/2 if there is one: half of
    the r that the iteration has of its own.
    """
    if squared(dL) > idling.threshold2 and not (uniform_pair(seed, path, step, BOTH_SLOT)[0] < 0.5):
        return
    for j in range(len(dL)):
        extra[j] = 0.0
    jump(extra, 0.0, u, seed, path, step, idling.jump_p, work)
    for j in range(len(dL)):
        dL[j] += extra[j]


def skipping_iteration(
    increment: PlainFunction, jump: PlainFunction, gradient: PlainFunction, move: PlainFunction
) -> PlainFunction:
    """One iteration of one path, after what is idle before it.

    Parameters
    ----------
    increment, jump, gradient, move : callable
        As `levysde.engine.path.recurrence_path` has them, and the jump of the cut noise.

    Returns
    -------
    callable
        `iterate(state, g, dL, z, work, dt, seed, path, step, calm, parameters, idling)`, which
        returns the step that it has made and the iterations since the last long increment.
    """

    def iterate(  # type: ignore[no-untyped-def]
        state, g, dL, z, work, dt, seed, path, step, calm, parameters, idling
    ):
        u = 0.0
        if is_idle(state[0], calm, step, idling):
            skipped, u = wait(seed, path, step, idling)
            step, calm = step + skipped, np.uint64(0)
        increment(dL, z, seed, path, step, parameters.noise)
        if u > 0.0:
            add_long_increment(jump, dL, u, seed, path, step, idling, work[0], work[1:])
        calm = calm + np.uint64(1) if squared(dL) <= idling.threshold2 else np.uint64(0)
        gradient(state[0], parameters.gradient, g)
        move(state, g, dL, dt, seed, path, step, parameters.update, work)
        return step, calm

    return iterate
