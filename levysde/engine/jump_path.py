"""The path of the jump-adapted scheme, as plain functions: moves, and the events between them."""

import math

import numpy as np

from levysde._typing import FloatArray, UInt64
from levysde.engine.elementary import exp2, log2
from levysde.engine.numbers import LOG2_E
from levysde.engine.philox import random_words, uniform_pair
from levysde.engine.relaxation import follow, linear_move
from levysde.engine.status import ESCAPED, HORIZON, NON_FINITE, RUNNING
from levysde.engine.variates import gaussian_pair

JUMP_SLOT = np.uint64(0)
"""Waiting time and length of a jump."""

NORMAL_SLOT = np.uint64(1)
"""Four normal variates in each of the slots from here up to `DIRECTION_SLOT`."""

BRIDGE_SLOT = np.uint64(1 << 30)
"""Whether a path was outside between two looks."""

_SQRT_HALF = 0.7071067811865476
_MINUS_LN_2 = -0.6931471805599453
_FAR_OUT = 60
_CALM, _CREPT, _LOST = 0, 1, 2

SLOW_SHARE = 0.02
"""Displacement in a move over the way out, below which a path may be about to rest."""

SETTLED_SHARE = 1e-4
"""Displacement that is left, over the way out, at which a path is at rest."""

_LONG_WAIT, _MOST_MOVES, _NOTHING_NEAR = 8.0, 100, 50.0


# ------------------------------------------------------------------------------------------ a move


def _normals(z: FloatArray, count: int, seed: UInt64, path: UInt64, step: UInt64) -> None:
    """Fill z with standard normal variates."""
    slot = NORMAL_SLOT
    for i in range(0, count, 4):
        first, second = random_words(seed, path, step, slot)
        slot += np.uint64(1)
        _pair(z, i, count, first)
        if i + 2 < count:
            _pair(z, i + 2, count, second)


def _pair(z: FloatArray, i: int, count: int, word: UInt64) -> None:
    a, b = gaussian_pair(word)
    z[i] = _SQRT_HALF * a
    if i + 1 < count:
        z[i + 1] = _SQRT_HALF * b


def _kick(x, scale, root, z):  # type: ignore[no-untyped-def]
    """Add scale times root z, root being lower triangular."""
    for j in range(len(x)):
        for k in range(j + 1):
            x[j] += scale * root[j, k] * z[k]


def _square_distance(x, center):  # type: ignore[no-untyped-def]
    square = 0.0
    for j in range(len(x)):
        square += (x[j] - center[j]) * (x[j] - center[j])
    return square


def _move(  # type: ignore[no-untyped-def]
    outside, margin, slope, x, left, z, work, linear, noise, parameters, steps, flags, seed, path,
    step,
):  # fmt: skip
    """Move for a time of at most `left`; return the time and what was met.

    `noise` holds the covariance and drift of the diffusive part and a root of the covariance in the
    coordinates of x.
    """
    center, basis, rates, frame_covariance, frame_drift, upward = linear
    covariance, drift, root = noise
    outside_p, slope_p = parameters
    inner, trusted, deep, memory, reach, near, longest, coarse, share, near_share, least, size = (
        steps
    )
    diagonal, two_sided, still, bridged = flags
    dim = len(x)
    distance = _square_distance(x, center)
    if distance < deep:
        square = math.inf
    else:
        # The flow leads to the point of rest, which may be nearer to the boundary.
        far = math.sqrt(reach * min(left, memory))
        room = min(
            margin(x, outside_p, covariance, far), margin(center, outside_p, covariance, far)
        )
        square = room * room
    in_linear, in_trust = distance < inner, distance < trusted
    before = 0.0
    if in_linear:
        h = min(left, longest)
        safe = in_trust and square > reach * min(h, memory)
        if not safe:
            h = min(h, max(near, square / reach if in_trust and bridged else near))
            before = margin(x, outside_p, covariance, 0.0) if bridged else 0.0
        if not still:
            _normals(z, 2 * dim if two_sided else dim, seed, path, step)
        linear_move(
            x, h, z, center, basis, rates, frame_covariance, frame_drift, upward, diagonal, work
        )
    else:
        slope(x, slope_p, work[0])
        speed = _speed(work[0], drift)
        slow = speed * coarse < SLOW_SHARE * size and left > _LONG_WAIT * coarse
        if (slow and (still or inner > 0.0)) and _settle(
            x, z, outside, margin, slope, center, noise, parameters, steps, work, left
        ):
            return left, _CALM
        scale = left
        if speed > 0.0:
            distance, squared = max(distance, least * least), speed * speed
            finite = 0.0 < squared < math.inf
            scale = math.sqrt(distance / squared) if finite else math.sqrt(distance) / speed
        h = min(left, min(share * scale, coarse))
        safe = in_trust and square > reach * h
        if not safe:
            h = min(h, near_share * scale)
            before = margin(x, outside_p, covariance, 0.0) if bridged else 0.0
        if not still:
            _normals(z, 2 * dim, seed, path, step)
        _kick(x, math.sqrt(0.5 * h), root, z[:dim])
        if not follow(slope, x, h, slope_p, drift, center, size, work):
            return h, _LOST
        _kick(x, math.sqrt(0.5 * h), root, z[dim:])
    if safe:
        return h, _CALM
    if outside(x, outside_p):
        return h, _CREPT
    if bridged:
        after = margin(x, outside_p, covariance, 0.0)
        exponent = 2.0 * before * after / h * LOG2_E
        if exponent < _FAR_OUT:
            u = uniform_pair(seed, path, step, BRIDGE_SLOT)[0]
            if u < exp2(-max(exponent, 0.0)):
                return h, _CREPT
    return h, _CALM


def _to_boundary(outside, x, center, p, trial):  # type: ignore[no-untyped-def]
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


def _speed(slope, drift):  # type: ignore[no-untyped-def]
    """The length of drift - slope, of which the square may overflow."""
    largest = square = 0.0
    for j in range(len(drift)):
        largest = max(largest, abs(slope[j] - drift[j]))
    if not 0.0 < largest < math.inf:
        return largest
    for j in range(len(drift)):
        square += ((slope[j] - drift[j]) / largest) ** 2
    return largest * math.sqrt(square)


def _settle(  # type: ignore[no-untyped-def]
    x, z, outside, margin, slope, center, noise, parameters, steps, work, left
):
    """Move x to where the flow comes to rest, other than at the minimum, or leave it as it is."""
    start, last = z[: len(x)], z[len(x) :]
    start[:] = x
    if _flow_to_rest(
        x, last, outside, margin, slope, center, noise, parameters, steps, work, left
    ) and not outside(x, parameters[0]):
        return True
    x[:] = start
    return False


def _flow_to_rest(  # type: ignore[no-untyped-def]
    x, last, outside, margin, slope, center, noise, parameters, steps, work, left
):
    """Follow the flow until little is left of it; return whether that was so, far from all else.

    Where the speed falls by a factor q in a move, q/(1 - q) of the last displacement is left. The
    diffusive part is left out, for the boundary is very many of its standard deviations away.
    """
    covariance, drift, _ = noise
    outside_p, slope_p = parameters
    inner, _, _, memory, _, _, _, coarse, _, _, _, size = steps
    reach, before = _NOTHING_NEAR * math.sqrt(memory), 0.0
    for _ in range(int(min(_MOST_MOVES, left / coarse))):
        if outside(x, outside_p) or _square_distance(x, center) < inner:
            return False
        slope(x, slope_p, work[0])
        speed = _speed(work[0], drift)
        if speed == 0.0 or (0.0 < before <= speed):
            return speed == 0.0 and margin(x, outside_p, covariance, reach) > reach
        if before > 0.0:
            share = speed / (before - speed)
            if math.sqrt(_square_distance(x, last)) * share < SETTLED_SHARE * size:
                for j in range(len(x)):
                    x[j] += (x[j] - last[j]) * share
                reach = _NOTHING_NEAR * math.sqrt(0.5 * coarse * before / (before - speed))
                return margin(x, outside_p, covariance, reach) > reach
        elif not margin(x, outside_p, covariance, reach) > reach:
            return False
        before = speed
        last[:] = x
        if not follow(slope, x, coarse, slope_p, drift, center, size, work):
            return False
    return False


# ------------------------------------------------------------------------------------------ driver


def _is_finite(x):  # type: ignore[no-untyped-def]
    zero = 0.0
    for j in range(len(x)):
        zero += x[j] * 0.0
    return zero == 0.0


def _wait(clock, address, seed, rate, horizon):  # type: ignore[no-untyped-def]
    """Draw the time to the next jump and the uniform that it is made of."""
    first, u = uniform_pair(seed, address[0], address[1], JUMP_SLOT)
    wait, room = _MINUS_LN_2 * log2(first) / rate, horizon - clock[0]
    clock[1] = min(wait, room)
    clock[2] = u
    clock[3] = 1.0 if wait >= room else 0.0
    address[2] = address[1]


def advance(  # type: ignore[no-untyped-def]
    outside, margin, jump, slope, x, clock, address, z, work, linear, noise, parameters, jump_p,
    steps, flags, seed, start, rate, horizon, queue, moves, out_steps, out_times, out_status,
    out_position,
):  # fmt: skip
    """Make at most `moves` moves; return how many were left when the queue was empty.

    `clock` holds the time, the time left to the next event, the uniform of the next jump and
    whether the event is the horizon instead; `address` path, step, and step of the event; `queue`
    the next path, the end of the queue, the path of the first row of the output, whether a path is
    running, and the moves done so far.
    """
    outside_p = parameters[0]
    while moves > 0:
        if queue[3] == 0:
            if queue[0] == queue[1]:
                break
            address[0], address[1], queue[3], clock[0] = queue[0], 0, 1, 0.0
            queue[0] += 1
            for j in range(len(x)):
                x[j] = start[j]
            _wait(clock, address, seed, rate, horizon)
        h, met = _move(
            outside, margin, slope, x, clock[1], z, work, linear, noise, parameters, steps, flags,
            seed, address[0], address[1],
        )  # fmt: skip
        if not h > 0.0 and clock[1] > 0.0:
            met = _LOST  # an infinite force, or none that is a number
        moves -= 1
        queue[4] += 1
        address[1] += np.uint64(1)
        clock[0] += h
        clock[1] = clock[1] - h if h < clock[1] else 0.0
        status = RUNNING
        if not _is_finite(x) or met == _LOST:
            status = NON_FINITE
        elif met == _CREPT:
            status = ESCAPED
            clock[0] -= 0.5 * h
            _to_boundary(outside, x, linear[0], outside_p, work[0])
        elif not clock[1] > 0.0:
            if clock[3] == 1.0:
                status, clock[0] = HORIZON, horizon
            else:
                jump(x, clock[2], seed, address[0], address[2], jump_p)
                if not _is_finite(x):
                    status = NON_FINITE
                elif outside(x, outside_p):
                    status = ESCAPED
                else:
                    _wait(clock, address, seed, rate, horizon)
        if status != RUNNING:
            row = np.int64(address[0]) - queue[2]
            out_steps[row] = address[1]
            out_times[row] = clock[0]
            for j in range(out_position.shape[1]):
                out_position[row, j] = x[j]
            out_status[row] = status  # last: a checkpoint takes what has a status
            queue[3] = 0
    return moves
