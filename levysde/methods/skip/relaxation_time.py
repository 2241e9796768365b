"""What a recurrence takes to relax: how long coupled paths can be told apart after a jump."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.program import Program
from levysde.methods.skip.coupled_paths import Copy, CoupledPaths, same

FORGOTTEN = 0.005
"""Distance between coupled paths over the exit distance, below which a jump is forgotten."""

SIZES: FloatArray = np.asarray(10.0 ** (0.5 * np.arange(-8, 7)), dtype=np.float64)
"""Lengths of jumps over `natural_length`."""

FEW_SIZES = SIZES[::2]
"""Of them those that are tried first."""

LONGEST_WINDOW = 1 << 20
"""Iterations for which coupled paths are watched at most."""

_TRIED: FloatArray = np.asarray(2.0 ** np.arange(-200, 201, 4), dtype=np.float64)
_TRIED_AGAIN, _NARROWED = 65, 5
_DIGITS = 2.0**20
_FIRST_MOVE = 0.01
_SCOUTS = 4
_FIRST_WINDOW = 256
_WINDOWS_PER_RELAXATION = 3
_FEWEST_GROUPS = 2
_DEVIATION = 1.5  # over the mean distance: sqrt(pi/2), and a fifth more, its own error


@dataclass(frozen=True)
class Relaxation:
    """What coupled paths have shown.

    Attributes
    ----------
    peak : ndarray, shape (sizes, rays)
        Largest displacement by a jump over the exit distance; infinite where paths leave.
    steps : ndarray, shape (sizes, rays)
        Iterations to relax after a jump; 0 where paths leave.
    settled : float
        Iterations to relax after the start.
    spread : float
        Usual distance from the minimum over the shortest exit distance; infinite if paths leave.
    deviation : float
        An upper estimate of the standard deviation of a coordinate, over the same.
    """

    peak: FloatArray
    steps: FloatArray
    settled: float
    spread: float
    deviation: float


def is_driven(basin: Basin, program: Program, rays: FloatArray, ways: FloatArray) -> bool:
    """Whether the noise-free motion changes x anywhere between the minimum and the boundary."""
    coupled, still = CoupledPaths(basin, program), np.zeros(basin.dim)
    places = (
        share * way * ray for share in (0.3, 0.9) for way, ray in zip(ways, rays, strict=True)
    )
    with np.errstate(all="ignore"):
        return any(coupled.responses(coupled.block, Copy(still, place)).any() for place in places)


def natural_length(
    basin: Basin, program: Program, rays: FloatArray, ways: FloatArray, size: float
) -> float:
    """The length of an increment that would move x by the exit distance, if more moved it by more.

    Increments are in the units of what they are added to, a gradient times time for an algorithm:
    lengths of jumps mean something beside what they do to x alone. So they are measured on coupled
    paths, in one iteration, by what moves x by a hundredth, or half as far as any increment does.
    Over the exit distance it is rounded to 20 bits: rounding in other units does not change it.
    """
    scouts = rays[np.argsort(ways, kind="stable")[:_SCOUTS]]
    begun = CoupledPaths(basin, program)
    with np.errstate(all="ignore"):
        begun.iterate(_FIRST_WINDOW)

    def moved_by(lengths: FloatArray) -> FloatArray:
        """Displacements over the exit distance, by increments along the best of the scouts."""
        jumps = (size * lengths[:, None, None] * scouts).reshape(-1, basin.dim)
        coupled = begun.with_jumps(jumps)
        with np.errstate(all="ignore"):  # far beyond any length that matters states overflow
            coupled.iterate_with_jumps()
            states = coupled.states()[0]
            apart = np.linalg.norm(states[:, 1:-1] - states[:, :1], axis=2) / size
        found = np.median(np.where(np.isfinite(apart), apart, np.inf), axis=0)
        return np.asarray(found.reshape(len(lengths), -1).max(axis=1))

    lengths, moved = _TRIED, moved_by(_TRIED)
    share = min(_FIRST_MOVE, 0.5 * float(moved[np.isfinite(moved)].max(initial=0.0)))
    for _ in range(_NARROWED):
        k = int(np.argmax(moved >= share))
        if share == 0.0 or k == 0 or not 0.0 < moved[k - 1] < moved[k] < np.inf:
            return size
        between = np.geomspace(lengths[k - 1], lengths[k], _TRIED_AGAIN)
        lengths = np.asarray(between, dtype=np.float64)
        moved = moved_by(lengths)
    length = float(lengths[int(np.argmax(moved >= share))])
    mantissa, exponent = math.frexp(length / share)
    return size * math.ldexp(round(mantissa * _DIGITS) / _DIGITS, exponent)


def measured_relaxation(
    basin: Basin,
    program: Program,
    rays: FloatArray,
    ways: FloatArray,
    size: float,
    unit: float,
    check: Callable[[Relaxation], None],
    longest: int,
) -> Relaxation:
    """Iterations to relax after jumps, in a window that is doubled until it is long enough.

    `size` is the shortest exit distance and `unit` the natural length of increments. A window in
    which a few of the paths do not relax is too short for all, and the others, most of the work,
    are not watched in it. What these few have shown, of jumps of `FEW_SIZES` along the first ray,
    goes to `check`, which may raise: longer windows show longer relaxations.
    """
    window, lengths = _FIRST_WINDOW, (size, unit)
    while window <= longest:
        few = _watched(basin, program, rays[:1], ways[:1], lengths, window, FEW_SIZES)
        check(few)
        # Of dynamics with variates of their own more paths may show that the start is forgotten.
        settled = 0.0 if program.update.normal else few.settled
        if max(few.steps.max(), settled) * _WINDOWS_PER_RELAXATION <= window:
            relaxation = _watched(basin, program, rays, ways, lengths, window, SIZES)
            if max(relaxation.steps.max(), relaxation.settled) * _WINDOWS_PER_RELAXATION <= window:
                return relaxation
        window *= 2
    raise checks.Refusal(
        f"a jump or the start is not forgotten within {longest // _WINDOWS_PER_RELAXATION} "
        "iterations, so that none is idle",
        "use method='euler'",
    )


def _watched(
    basin: Basin,
    program: Program,
    rays: FloatArray,
    ways: FloatArray,
    lengths: tuple[float, float],
    window: int,
    sizes: FloatArray,
) -> Relaxation:
    """Coupled paths for as many iterations after the jump as before it."""
    size, unit = lengths
    jumps = (unit * sizes[:, None, None] * rays).reshape(-1, basin.dim)
    way = np.append(np.tile(ways, len(sizes)), size)
    # Before the jump more lanes of a group show nothing, unless each has variates of its own.
    drawn = program.update.normal or program.batch is not None
    coupled = CoupledPaths(basin, program, jumps if drawn else None)
    probe, settled, offsets = unit / size * ways[0] * rays[0], 0.0, []
    with np.errstate(all="ignore"):  # states far outside overflow
        for ends, stack in coupled.looks(window):
            differ = ~coupled.respond_as_later(stack, probe, size)
            settled = max(settled, float((differ * ends).max()))
        coupled = coupled.with_jumps(jumps)
        gone = coupled.left(coupled.states())[0]
        coupled.iterate_with_jumps()
        coupled.restart()
        peak, last = np.zeros(gone[:, 1:].shape), np.zeros(gone[:, 1:].shape)
        for ends, stack in coupled.looks(window):
            states = coupled.states(stack)
            responses = coupled.responses(stack, Copy(probe, np.zeros_like(probe)))[0]
            distance = np.linalg.norm(states[:, :, 1:] - states[:, :, :1], axis=3)
            gone |= (coupled.left(states) | ~np.isfinite(states).all(axis=3)).any(axis=0)
            peak = np.fmax(peak, np.fmax.reduce(distance / way))
            alike = same(responses[:, :, 1:], responses[:, :, :1], size)
            apart = ~(alike & (distance <= FORGOTTEN * way))
            last = np.maximum(last, (apart * ends[:, None, None]).max(axis=0))
            offsets.append((states[:, :, 0] - basin.minimum) / size)
    rest = ~gone[:, 0]
    if rest.sum() < _FEWEST_GROUPS:
        return Relaxation(np.zeros((1, 1)), np.zeros((1, 1)), 0.0, math.inf, math.inf)
    peak[gone[:, 1:]], last[gone[:, 1:]] = np.inf, 0.0
    peak, last = np.median(peak[rest], axis=0), np.median(last[rest], axis=0)
    out, offset = (len(sizes), len(rays)), np.concatenate(offsets)[:, rest]
    return Relaxation(
        peak[:-1].reshape(out),
        last[:-1].reshape(out),
        max(float(last[-1]), settled),
        float(np.median(np.linalg.norm(offset, axis=2))),
        _DEVIATION * float(np.mean(np.abs(offset), axis=(0, 1)).max()),
    )
