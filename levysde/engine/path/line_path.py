"""One path through all wells of a potential on a line, from large jump to large jump.

Between two jumps the path follows the noise-free flow, from a table, and the Brownian motion that
stands for the small jumps: added at the end where the flow is linear, else in halves before and
after each of many short moves (G. Strang, SIAM J. Numer. Anal. 5 (1968) 506-517).
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.fixed_numbers import LOG2_E, SQRT_HALF
from levysde.engine.path.iteration import is_finite
from levysde.engine.path.moves import follow
from levysde.engine.path.tabulated_flow import FlowTable, clock_at, flow_of_table, piece_of
from levysde.engine.path.waiting import waiting_time
from levysde.engine.random.elementary import exp2
from levysde.engine.random.philox import random_words, uniform_pair
from levysde.engine.random.variates import gaussian_pair
from levysde.engine.slots import JUMP_SLOT, MOVE_SLOT
from levysde.engine.status import HORIZON, NON_FINITE, RUNNING

__all__ = ["LINE_WALKER", "Entries", "LineScene"]

LINE_WALKER = np.dtype(
    (
        np.record,
        [
            ("path", "u8"), ("move", "u8"), ("event", "u8"), ("time", "f8"), ("left", "f8"),
            ("uniform", "f8"), ("censored", "i8"), ("well", "i8"), ("written", "i8"),
        ],
    )
)  # fmt: skip
"""A path: its number, its moves so far, at which of them the next event was drawn; the time, the
time left to the event, the uniform of the jump, and whether it is the horizon instead; the well
that it visits, and how many entries are written."""

_FAR_SHARE = 0.1
"""Longest move beyond the table, over the time in which the distance would be covered."""

_LONG = 100.0


class LineScene(NamedTuple):
    """What a path on a line sees that does not change.

    Attributes
    ----------
    table : FlowTable
        The flow.
    rate, variance, radius, longest, share, least : ndarray, shape (zeros,)
        About each zero of the velocity that paths rest at: the relaxation rate (1/time), the
        variance of the diffusive part per unit time, the distance up to which the flow is linear,
        the longest move beyond it (time), its share of the time in which the distance would be
        covered, and what a distance counts for at least (length).
    minima, radii : ndarray, shape (wells,)
        A visit begins within the radius of a minimum, length.
    slope_p, jump_p : ndarray
        Parameters of the functions.
    drift : ndarray, shape (1,)
        Mean of the small jumps per unit time.
    size : float
        Shortest exit distance, length.
    seed : numpy.uint64
        In [0, 2^64).
    jump_rate, horizon, start : float
        Jumps per unit time, where observation ends, and where paths begin.
    well : int
        The well in which they begin.
    """

    table: FlowTable
    rate: FloatArray
    variance: FloatArray
    radius: FloatArray
    longest: FloatArray
    share: FloatArray
    least: FloatArray
    minima: FloatArray
    radii: FloatArray
    slope_p: FloatArray
    jump_p: FloatArray
    drift: FloatArray
    size: float
    seed: UInt64
    jump_rate: float
    horizon: float
    start: float
    well: int


class Entries(NamedTuple):
    """Room for entries of wells.

    Attributes
    ----------
    time : ndarray, shape (entries,)
        When.
    wells : ndarray of int64, shape (entries, 2)
        The well before and the well entered.
    """

    time: FloatArray
    wells: npt.NDArray[np.int64]


# --------------------------------------------------------------------------------------- entries


def _enter(well: int, time: float, walker: Any, entries: Entries) -> None:
    entries.time[walker.written] = time
    entries.wells[walker.written, 0], entries.wells[walker.written, 1] = walker.well, well
    walker.written += 1
    walker.well = well


def _look(x: float, time: float, walker: Any, scene: LineScene, entries: Entries) -> None:
    """Write down an entry if a point is near another minimum."""
    for well in range(len(scene.minima)):
        if well != walker.well and abs(x - scene.minima[well]) < scene.radii[well]:
            _enter(well, time, walker, entries)
            return


def _look_along(
    x: float, y: float, time: float, walker: Any, scene: LineScene, entries: Entries
) -> None:
    """Write down the entries on the way of the flow from x to y, at the times at which they are."""
    behind = -1.0
    for _ in range(len(scene.minima)):
        nearest, next_well, place = math.inf, -1, x
        for well in range(len(scene.minima)):
            if well == walker.well:
                continue
            minimum, radius = scene.minima[well], scene.radii[well]
            edge = x
            if abs(x - minimum) >= radius:
                edge = minimum - radius if x < minimum else minimum + radius
                if (edge - x) * (y - edge) < 0.0 or (edge - x) * (y - x) <= 0.0:
                    continue
            if behind < abs(edge - x) < nearest:
                nearest, next_well, place = abs(edge - x), well, edge
        if next_well < 0:
            return
        waited = 0.0
        if place != x:
            piece = piece_of(x, scene.table)
            waited = abs(clock_at(place, piece, scene.table) - clock_at(x, piece, scene.table))
        _enter(next_well, time + waited, walker, entries)
        behind = nearest


# ----------------------------------------------------------------------------------------- moves


def _beyond_table(x: float, table: FlowTable) -> bool:
    return not table.x[0] < x < table.x[-1]


def _far_move(
    slope: PlainFunction, x: FloatArray, left: float, scene: LineScene, work: FloatArray
) -> float:
    """Integrate the flow where there is no table; return the time, 0 if that fails."""
    zeros = scene.table.zeros
    nearest = zeros[0] if x[0] < zeros[0] else zeros[-1]
    slope(x, scene.slope_p, work[0])
    speed = abs(scene.drift[0] - work[0, 0])
    h = left
    if speed > 0.0:
        h = min(left, _FAR_SHARE * abs(x[0] - nearest) / speed)
    center = work[5]
    center[0] = nearest
    if not follow(slope, x, h, scene.slope_p, scene.drift, center, scene.size, work):
        return 0.0
    return h


def _rest_of(piece: int, table: FlowTable) -> int:
    """The zero that the flow of a piece leads to; one that is not there where it leads away."""
    return piece if table.sign[piece] > 0.0 else piece - 1


def _linear_deviation(rate: float, variance: float, h: float) -> float:
    """Standard deviation after a time of dY = -k Y dt + sqrt(C) dB."""
    doubled = 2.0 * rate * h
    if doubled < 1e-9:
        return math.sqrt(variance * h)
    kept = exp2(-doubled * LOG2_E) if doubled < _LONG else 0.0  # exp2 has no subnormal numbers
    return math.sqrt(variance * (1.0 - kept) / (2.0 * rate))


def _normal_pair(walker: Any, scene: LineScene) -> tuple[float, float]:
    words = random_words(scene.seed, walker.path, walker.move, MOVE_SLOT)
    a, b = gaussian_pair(words[0])
    return SQRT_HALF * a, SQRT_HALF * b


def _move(
    slope: PlainFunction,
    x: FloatArray,
    walker: Any,
    scene: LineScene,
    entries: Entries,
    work: FloatArray,
) -> float:
    """Move for at most the time to the next event; return the time, 0 if that fails."""
    left, table, now = walker.left, scene.table, walker.time
    if _beyond_table(x[0], table):
        return _far_move(slope, x, left, scene, work)
    rest = _rest_of(piece_of(x[0], table), table)
    held = 0 <= rest < len(table.zeros)
    variance = scene.variance[rest] if held else 0.0
    if variance == 0.0 or abs(x[0] - table.zeros[rest]) < scene.radius[rest]:
        y = flow_of_table(x[0], left, table)
        if not math.isfinite(y):
            return _to_edge(x, left, table)
        _look_along(x[0], y, now, walker, scene, entries)
        x[0] = y
        if variance > 0.0:
            z = _normal_pair(walker, scene)[0]
            x[0] += _linear_deviation(scene.rate[rest], variance, left) * z
            _look(x[0], now + left, walker, scene, entries)
        return float(left)
    slope(x, scene.slope_p, work[0])
    speed = abs(scene.drift[0] - work[0, 0])
    h = min(left, scene.longest[rest])
    distance = max(abs(x[0] - table.zeros[rest]), scene.least[rest])
    if h * speed > scene.share[rest] * distance:
        h = scene.share[rest] * distance / speed
    first, second = _normal_pair(walker, scene)
    deviation = math.sqrt(0.5 * variance * h)
    x[0] += deviation * first
    y = math.nan if _beyond_table(x[0], table) else flow_of_table(x[0], h, table)
    if math.isfinite(y):
        _look_along(x[0], y, now, walker, scene, entries)
        x[0] = y + deviation * second
        _look(x[0], now + h, walker, scene, entries)
    return float(h)


def _to_edge(x: FloatArray, left: float, table: FlowTable) -> float:
    """Follow the flow that leads away up to the end of the table."""
    piece = piece_of(x[0], table)
    end = table.x[-1] if piece > 0 else table.x[0]
    waited = abs(clock_at(end, piece, table) - clock_at(x[0], piece, table))
    x[0] = end
    return min(left, waited)


# ---------------------------------------------------------------------------------------- events


def _draw_event(walker: Any, scene: LineScene) -> None:
    """Draw the time to the next jump and the uniform that it is made of."""
    first, u = uniform_pair(scene.seed, walker.path, walker.move, JUMP_SLOT)
    wait, left = waiting_time(first, scene.jump_rate), scene.horizon - walker.time
    walker.left = min(wait, left)
    walker.uniform = u
    walker.censored = 1 if wait >= left else 0
    walker.event = walker.move


def begin_on_line(x: FloatArray, walker: Any, path: Any, scene: LineScene) -> None:
    """Put a new path at its start.

    Parameters
    ----------
    x : ndarray, shape (1,)
        Its state; changed.
    walker : record
        With the fields of `LINE_WALKER`; changed.
    path : int
        Its number.
    scene : LineScene
        What does not change.
    """
    walker.path, walker.move, walker.time = path, 0, 0.0
    walker.well = scene.well
    x[0] = scene.start
    _draw_event(walker, scene)


def advance_on_line(
    slope: PlainFunction,
    jump: PlainFunction,
    x: FloatArray,
    walker: Any,
    scene: LineScene,
    entries: Entries,
    work: FloatArray,
    moves: int,
) -> int:
    """Make moves until there are enough, the path ends, or the room for entries is short.

    Parameters
    ----------
    slope : callable
        `slope(x, p, out)`, grad F.
    jump : callable
        `jump(x, t, u, seed, path, step, p, work)` adds a large jump.
    x : ndarray, shape (1,)
        State; changed.
    walker : record
        With the fields of `LINE_WALKER`; changed.
    scene : LineScene
        What does not change.
    entries : Entries
        Receives what the path enters.
    work : ndarray, shape (6, 1)
        Room.
    moves : int
        At most so many.

    Returns
    -------
    int
        0 where the path goes on, else how it has ended.
    """
    room = len(entries.time) - 3 * len(scene.minima) - 3
    for _ in range(moves):
        if walker.written > room:
            break
        left = walker.left
        h = _move(slope, x, walker, scene, entries, work)
        if (not h > 0.0 and left > 0.0) or not is_finite(x):
            return NON_FINITE
        walker.move += np.uint64(1)
        walker.time += h
        walker.left = left - h if h < left else 0.0
        if walker.left > 0.0:
            continue
        if walker.censored == 1:
            return HORIZON
        jump(
            x,
            walker.time,
            walker.uniform,
            scene.seed,
            walker.path,
            walker.event,
            scene.jump_p,
            work,
        )
        if not is_finite(x):
            return NON_FINITE
        _look(x[0], walker.time, walker, scene, entries)
        _draw_event(walker, scene)
    return RUNNING
