"""Paths that come to rest other than at the minimum: the flow is followed to where it ends."""

import math

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.jump_program import Scene
from levysde.engine.path.moves import follow

SLOW_SHARE = 0.02
"""Displacement in a move over the exit distance, below which a path may be about to rest."""

SETTLED_SHARE = 1e-4
"""Displacement that is left, over the exit distance, at which a path is at rest."""

_LONG_WAIT, _MOST_MOVES, _NOTHING_NEAR = 8.0, 100, 50.0


def square_distance(x: FloatArray, center: FloatArray) -> float:
    """Of two points."""
    square = 0.0
    for j in range(len(x)):
        square += (x[j] - center[j]) * (x[j] - center[j])
    return square


def speed_of(slope: FloatArray, drift: FloatArray) -> float:
    """The length of drift - slope, of which the square may overflow."""
    largest = square = 0.0
    for j in range(len(drift)):
        largest = max(largest, abs(slope[j] - drift[j]))
    if not 0.0 < largest < math.inf:
        return largest
    for j in range(len(drift)):
        square += ((slope[j] - drift[j]) / largest) ** 2
    return largest * math.sqrt(square)


def _copy(source: FloatArray, target: FloatArray) -> None:
    for j in range(len(source)):
        target[j] = source[j]


def may_settle(speed: float, left: float, scene: Scene) -> bool:
    """Whether the flow is so slow, and the next event so far, that a path may be about to rest."""
    steps = scene.steps
    slow = speed * steps.nonlinear_step < SLOW_SHARE * steps.boundary_distance
    waits = slow and left > _LONG_WAIT * steps.nonlinear_step
    return waits and (scene.still or steps.linear_radius2 > 0.0)


def settle(
    outside: PlainFunction,
    margin: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    left: float,
    scene: Scene,
    z: FloatArray,
    work: FloatArray,
) -> bool:
    """Move x to where the flow comes to rest, other than at the minimum, or leave it as it is."""
    start, last = z[: len(x)], z[len(x) :]
    _copy(x, start)
    if _flow_to_rest(outside, margin, slope, x, left, scene, last, work) and not outside(
        x, scene.outside_p
    ):
        return True
    _copy(start, x)
    return False


def _flow_to_rest(
    outside: PlainFunction,
    margin: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    left: float,
    scene: Scene,
    last: FloatArray,
    work: FloatArray,
) -> bool:
    """Follow the flow until little is left of it; return whether that was so, far from all else.

    Where the speed falls by a factor q in a move, q/(1 - q) of the last displacement is left. The
    diffusive part is left out, for the boundary is very many of its standard deviations away.
    """
    covariance, drift, center = scene.covariance, scene.drift, scene.linear.center
    outside_p, slope_p, steps = scene.outside_p, scene.slope_p, scene.steps
    h, size = steps.nonlinear_step, steps.boundary_distance
    reach, before = _NOTHING_NEAR * math.sqrt(steps.relaxation_time), 0.0
    for _ in range(int(min(_MOST_MOVES, left / h))):
        if outside(x, outside_p) or square_distance(x, center) < steps.linear_radius2:
            return False
        slope(x, slope_p, work[0])
        speed = speed_of(work[0], drift)
        if speed == 0.0 or (0.0 < before <= speed):
            return bool(speed == 0.0 and margin(x, outside_p, covariance, reach, work[0]) > reach)
        if before > 0.0:
            share = speed / (before - speed)
            if math.sqrt(square_distance(x, last)) * share < SETTLED_SHARE * size:
                for j in range(len(x)):
                    x[j] += (x[j] - last[j]) * share
                reach = _NOTHING_NEAR * math.sqrt(0.5 * h * before / (before - speed))
                return bool(margin(x, outside_p, covariance, reach, work[0]) > reach)
        elif not margin(x, outside_p, covariance, reach, work[0]) > reach:
            return False
        before = speed
        _copy(x, last)
        if not follow(slope, x, h, slope_p, drift, center, size, work):
            return False
    return False
