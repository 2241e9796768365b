"""The path of the jump-adapted scheme: moves, and the events between them."""

import math
from typing import Any

import numpy as np

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.fixed_numbers import LOG2_E, SQRT_HALF
from levysde.engine.jump_program import JumpOutcome, Scene
from levysde.engine.path.iteration import is_finite
from levysde.engine.path.moves import follow, linear_move
from levysde.engine.path.settling import may_settle, settle, speed_of, square_distance
from levysde.engine.path.waiting import waiting_time
from levysde.engine.random.elementary import exp2
from levysde.engine.random.philox import random_words, uniform_pair
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import BRIDGE_SLOT, JUMP_SLOT, MOVE_SLOT
from levysde.engine.status import ESCAPED, HORIZON, NON_FINITE, RUNNING

INSIDE, CROSSED, LOST = 0, 1, 2
"""What a move has met: nothing, the boundary, or numbers that are not finite."""

WALKER = np.dtype(
    (
        np.record,
        [
            ("path", "u8"), ("move", "u8"), ("event", "u8"), ("time", "f8"), ("left", "f8"),
            ("uniform", "f8"), ("censored", "i8"),
        ],
    )
)  # fmt: skip
"""A path: its number, its moves so far, and at which of them the next event was drawn; the time,
the time left to the event, the uniform of the jump, and whether it is the horizon instead."""

_FAR_OUT = 60

# ----------------------------------------------------------------------------------------- margins


def known_margin(margin: PlainFunction) -> PlainFunction:
    """The margin that a domain declares, as a path calls it: with room for a point."""

    def distance(x, p, covariance, reach, room):  # type: ignore[no-untyped-def]
        return margin(x, p, covariance, reach)

    return distance


def probed_margin(outside: PlainFunction) -> PlainFunction:
    """A margin for a domain that has none: infinite where points in reach are inside, else 0."""

    def margin(x, p, covariance, reach, trial):  # type: ignore[no-untyped-def]
        dim = len(x)
        for j in range(dim):
            trial[j] = x[j]
        for j in range(dim):
            step = reach * math.sqrt(dim * covariance[j, j])
            for side in (-1.0, 1.0):
                trial[j] = x[j] + side * step
                if outside(trial, p):
                    return 0.0
            trial[j] = x[j]
        return math.inf

    return margin


# ------------------------------------------------------------------------------------------ a move


def _normals(z: FloatArray, count: int, seed: UInt64, path: UInt64, step: UInt64) -> None:
    """Fill z with standard normal variates."""
    slot = MOVE_SLOT
    for i in range(0, count, 4):
        first, second = random_words(seed, path, step, slot)
        slot += np.uint64(1)
        _pair(z, i, count, first)
        if i + 2 < count:
            _pair(z, i + 2, count, second)


def _pair(z: FloatArray, i: int, count: int, word: UInt64) -> None:
    a, b = gaussian_pair(word)
    z[i] = SQRT_HALF * a
    if i + 1 < count:
        z[i + 1] = SQRT_HALF * b


def _diffuse(x: FloatArray, scale: float, root: FloatArray, z: FloatArray) -> None:
    """Add scale times root z, root being lower triangular."""
    for j in range(len(x)):
        for k in range(j + 1):
            x[j] += scale * root[j, k] * z[k]


def _squared_clearance(
    margin: PlainFunction,
    x: FloatArray,
    distance2: float,
    left: float,
    scene: Scene,
    room: FloatArray,
) -> float:
    """Squared standard deviations to the boundary, of a time 1; infinite if it is out of reach."""
    steps = scene.steps
    if distance2 < steps.unreachable_radius2:
        return math.inf
    # The flow leads to the minimum, which may be nearer to the boundary.
    far = math.sqrt(steps.reach2 * min(left, steps.relaxation_time))
    clearance = min(
        margin(x, scene.outside_p, scene.covariance, far, room),
        margin(scene.linear.center, scene.outside_p, scene.covariance, far, room),
    )
    return float(clearance * clearance)


def _linear(
    margin: PlainFunction,
    x: FloatArray,
    left: float,
    clearance2: float,
    inward: bool,
    scene: Scene,
    z: FloatArray,
    work: FloatArray,
    walker: Any,
) -> tuple[float, bool, float]:
    """Move as a linear motion; return the time, whether that is safe, and the margin before."""
    steps, before = scene.steps, 0.0
    h = min(left, steps.linear_step)
    safe = inward and clearance2 > steps.reach2 * min(h, steps.relaxation_time)
    if not safe:
        bridged_step = clearance2 / steps.reach2 if inward and scene.bridged else steps.near_step
        h = min(h, max(steps.near_step, bridged_step))
        if scene.bridged:
            before = margin(x, scene.outside_p, scene.covariance, 0.0, work[0])
    if not scene.still:
        count = 2 * len(x) if scene.two_sided else len(x)
        _normals(z, count, scene.seed, walker.path, walker.move)
    center, basis, rates, covariance, drift, upward = scene.linear
    linear_move(x, h, z, center, basis, rates, covariance, drift, upward, scene.diagonal, work)
    return h, safe, before


def _nonlinear(
    margin: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    left: float,
    distance2: float,
    clearance2: float,
    inward: bool,
    speed: float,
    scene: Scene,
    z: FloatArray,
    work: FloatArray,
    walker: Any,
) -> tuple[float, bool, float, bool]:
    """Half of the diffusion, the flow, the other half; return also whether numbers are finite."""
    steps, before, dim = scene.steps, 0.0, len(x)
    scale = left
    if speed > 0.0:
        distance2 = max(distance2, steps.least_distance * steps.least_distance)
        squared = speed * speed
        finite = 0.0 < squared < math.inf
        scale = math.sqrt(distance2 / squared) if finite else math.sqrt(distance2) / speed
    h = min(left, min(steps.step_share * scale, steps.nonlinear_step))
    safe = inward and clearance2 > steps.reach2 * h
    if not safe:
        h = min(h, steps.near_step_share * scale)
        if scene.bridged:
            before = margin(x, scene.outside_p, scene.covariance, 0.0, work[0])
    if not scene.still:
        _normals(z, 2 * dim, scene.seed, walker.path, walker.move)
    center, size = scene.linear.center, steps.boundary_distance
    _diffuse(x, math.sqrt(0.5 * h), scene.root, z[:dim])
    if not follow(slope, x, h, scene.slope_p, scene.drift, center, size, work):
        return h, safe, before, False
    _diffuse(x, math.sqrt(0.5 * h), scene.root, z[dim:])
    return h, safe, before, True


def _crossed(
    outside: PlainFunction,
    margin: PlainFunction,
    x: FloatArray,
    h: float,
    before: float,
    scene: Scene,
    room: FloatArray,
    walker: Any,
) -> bool:
    """Whether a path was outside during a move, or at its end: a Brownian bridge decides."""
    if outside(x, scene.outside_p):
        return True
    if not scene.bridged:
        return False
    after = margin(x, scene.outside_p, scene.covariance, 0.0, room)
    exponent = 2.0 * before * after / h * LOG2_E
    if not exponent < _FAR_OUT:
        return False
    u = uniform_pair(scene.seed, walker.path, walker.move, BRIDGE_SLOT)[0]
    return bool(u < exp2(-max(exponent, 0.0)))


def _move(
    outside: PlainFunction,
    margin: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    scene: Scene,
    z: FloatArray,
    work: FloatArray,
    walker: Any,
) -> tuple[float, int]:
    """Move for at most the time to the next event; return the time and what was met."""
    left, steps = walker.left, scene.steps
    distance2 = square_distance(x, scene.linear.center)
    clearance2 = _squared_clearance(margin, x, distance2, left, scene, work[0])
    inward = distance2 < steps.inward_radius2
    if distance2 < steps.linear_radius2:
        h, safe, before = _linear(margin, x, left, clearance2, inward, scene, z, work, walker)
    else:
        slope(x, scene.slope_p, work[0])
        speed = speed_of(work[0], scene.drift)
        if may_settle(speed, left, scene) and settle(
            outside, margin, slope, x, left, scene, z, work
        ):
            return left, INSIDE
        h, safe, before, finite = _nonlinear(
            margin, slope, x, left, distance2, clearance2, inward, speed, scene, z, work, walker
        )
        if not finite:
            return h, LOST
    if safe or not _crossed(outside, margin, x, h, before, scene, work[0], walker):
        return h, INSIDE
    return h, CROSSED


def _to_boundary(
    outside: PlainFunction, x: FloatArray, center: FloatArray, p: FloatArray, trial: FloatArray
) -> None:
    """Put x on the boundary, just outside, on the ray from the minimum."""
    low, high = 0.0, 1.0
    for j in range(len(x)):
        trial[j] = x[j]
    for _ in range(_FAR_OUT):
        if outside(trial, p):
            break
        low, high = high, 2.0 * high
        for j in range(len(x)):
            trial[j] = center[j] + high * (x[j] - center[j])
    for _ in range(_FAR_OUT):
        middle = 0.5 * (low + high)
        for j in range(len(x)):
            trial[j] = center[j] + middle * (x[j] - center[j])
        if outside(trial, p):
            high = middle
        else:
            low = middle
    for j in range(len(x)):
        x[j] = center[j] + high * (x[j] - center[j])


# ---------------------------------------------------------------------------------------- events


def _draw_event(walker: Any, scene: Scene) -> None:
    """Draw the time to the next jump and the uniform that it is made of."""
    first, u = uniform_pair(scene.seed, walker.path, walker.move, JUMP_SLOT)
    wait, left = waiting_time(first, scene.rate), scene.horizon - walker.time
    walker.left = min(wait, left)
    walker.uniform = u
    walker.censored = 1 if wait >= left else 0
    walker.event = walker.move


def begin(x: FloatArray, walker: Any, path: Any, scene: Scene) -> None:
    """Put a new path at its start."""
    walker.path, walker.move, walker.time = path, 0, 0.0
    for j in range(len(x)):
        x[j] = scene.start[j]
    _draw_event(walker, scene)


def _event(
    outside: PlainFunction,
    jump: PlainFunction,
    x: FloatArray,
    walker: Any,
    scene: Scene,
    work: FloatArray,
) -> int:
    """The next jump, or the horizon; return the status of the path."""
    if walker.censored == 1:
        walker.time = scene.horizon
        return HORIZON
    jump(x, walker.time, walker.uniform, scene.seed, walker.path, walker.event, scene.jump_p, work)
    if not is_finite(x):
        return NON_FINITE
    if outside(x, scene.outside_p):
        return ESCAPED
    _draw_event(walker, scene)
    return RUNNING


def step(
    outside: PlainFunction,
    margin: PlainFunction,
    jump: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    scene: Scene,
    z: FloatArray,
    work: FloatArray,
    walker: Any,
) -> int:
    """One move, and the event at its end if that is reached; return the status of the path."""
    left = walker.left
    h, met = _move(outside, margin, slope, x, scene, z, work, walker)
    if not h > 0.0 and left > 0.0:
        met = LOST  # an infinite force, or none that is a number
    walker.move += np.uint64(1)
    walker.time += h
    walker.left = left - h if h < left else 0.0
    if not is_finite(x) or met == LOST:
        return NON_FINITE
    if met == CROSSED:
        walker.time -= 0.5 * h
        _to_boundary(outside, x, scene.linear.center, scene.outside_p, work[0])
        return ESCAPED
    if walker.left > 0.0:
        return RUNNING
    return _event(outside, jump, x, walker, scene, work)


def record(outcome: JumpOutcome, x: FloatArray, walker: Any, status: int) -> None:
    """Write down how a path has ended."""
    row = np.int64(walker.path) - outcome.first
    outcome.steps[row] = walker.move
    outcome.times[row] = walker.time
    for j in range(outcome.position.shape[1]):
        outcome.position[row, j] = x[j]
    outcome.status[row] = status  # last: a checkpoint takes what has a status


def advance(
    outside: PlainFunction,
    margin: PlainFunction,
    jump: PlainFunction,
    slope: PlainFunction,
    x: FloatArray,
    walker: Any,
    z: FloatArray,
    work: FloatArray,
    scene: Scene,
    outcome: JumpOutcome,
    queue: Any,
    active: int,
    moves: int,
) -> int:
    """Make at most `moves` moves; return 1 if a path is still running, 0 if the queue is empty."""
    for _ in range(moves):
        if active == 0:
            if queue.next == queue.end:
                break
            begin(x, walker, queue.next, scene)
            queue.next += 1
            active = 1
        status = step(outside, margin, jump, slope, x, scene, z, work, walker)
        queue.path_steps += 1
        queue.calls += 1
        if status != RUNNING:
            record(outcome, x, walker, status)
            active = 0
    return active
