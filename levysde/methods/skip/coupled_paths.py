"""Synchronously coupled paths: the same noise, and some of them with an extra jump.

The number of iterations after which nothing tells them apart is what a recurrence takes to relax.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy as shallow_copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.compile import prepared
from levysde.engine.cpu.block import Block, new_block, passes_of, rows_of, setting_of
from levysde.engine.cpu.euler_engine import draw_noise, iterate, iterate_once
from levysde.engine.cpu.passes import VECTOR
from levysde.engine.cpu.pointwise import are_outside
from levysde.engine.path.recurrence_path import parameters_of
from levysde.engine.program import Program

NOTHING = 1e-6
"""Displacement over the exit distance that is none."""

FORGOTTEN = 0.005
"""Distance between coupled paths over the exit distance, below which a jump is forgotten."""

SAME_RESPONSE = 0.01
"""Relative difference of their responses to a jump, below which a jump is forgotten."""

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
_GROUPS = 5
_FIRST_WINDOW = 256
_WINDOWS_PER_RELAXATION = 3
_SLICE_GROWTH = 0.05
_FEWEST_GROUPS = 2
_MUCH_LATER = ((1 << 40) + 12_345, (1 << 33) + 7, (1 << 20) + 1001)
_REPEATS = 16
_STACKED = 1 << 16  # coordinates of copies that are advanced in one call
_LOOKED_AT = 1 << 13  # coordinates of looks that are judged in one go
_ERRORS = 4.0  # standard errors that averages may differ by
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


@dataclass(frozen=True)
class Copy:
    """A block as it is, but for one more jump.

    Attributes
    ----------
    probe : ndarray, shape (dim,)
        The jump.
    away : ndarray, shape (dim,)
        How far from their place paths are put before.
    later : int
        So many iterations are counted more.
    path : ndarray, shape (lanes,), optional
        Numbers of the paths; their own unless given.
    """

    probe: FloatArray
    away: FloatArray
    later: int = 0
    path: npt.NDArray[np.int64] | None = None


class CoupledPaths:
    """Groups of lanes with the same noise: one as it is, one for every jump, one for the start.

    Parameters
    ----------
    basin : Basin
        In whose minimum all begin.
    program : Program
        The recurrence.
    jumps : ndarray, shape (jumps, dim), optional
        Increments that some of the lanes have in addition to the noise; `with_jumps` adds them
        later, since all lanes of a group are the same until they have had them.
    """

    def __init__(self, basin: Basin, program: Program, jumps: FloatArray | None = None) -> None:
        self.basin, self.program = basin, program
        self.passes = passes_of(program)
        self.parameters, self.setting = parameters_of(program), setting_of(program)
        self.outside = prepared(program.outside)  # once, and not at every look
        self._begin(np.empty((0, basin.dim)) if jumps is None else jumps)

    def _begin(self, jumps: FloatArray) -> None:
        """Lanes in the minimum."""
        self.jumps, self.group = jumps, 2 + len(jumps)
        self.count = _GROUPS * self.group
        lanes = -(-self.count // VECTOR) * VECTOR
        self.block = new_block(replace(self.program, start=self.basin.minimum), lanes)
        self.block.path[: self.count] = np.repeat(np.arange(_GROUPS), self.group)

    def with_jumps(self, jumps: FloatArray) -> "CoupledPaths":
        """The same paths with lanes for jumps, every lane of a group as its first one is now."""
        made = shallow_copy(self)
        made._begin(jumps)
        for own, array in zip(self.block[:3], made.block[:3], strict=True):
            made._grouped(array)[:] = self._grouped(own)[:, :1]
        made.block.step[:] = self.block.step[0]
        return made

    def _grouped(self, array: FloatArray) -> FloatArray:
        """A view of an array of the block, shape (groups, group, dim)."""
        return np.asarray(self._copied(array)[0])

    def states(self, block: Block | None = None) -> FloatArray:
        """Positions at every look of a stack, or as they are, shape (looks, groups, group, dim)."""
        return self._copied((block or self.block).x).copy()

    def iterate(self, steps: int) -> None:
        """Advance all lanes."""
        iterate(self.passes, self.program, self.block, steps, len(self.block.flags))

    def _iterate_once(self, draw: Callable[..., None], block: Block) -> None:
        """One iteration of the lanes of a block, with increments of another source."""
        noise, gradient, update = self.passes
        lanes = len(block.path)
        iterate_once(draw, noise, gradient, update, block, self.parameters, self.setting, lanes)

    def iterate_with_jumps(self) -> None:
        """One iteration, in which the lanes of jumps have an extra jump."""

        def draw(noise: Any, block: Block, *rest: Any) -> None:
            draw_noise(noise, block, *rest)
            self._grouped(block.dL)[:, 1:-1] += self.jumps

        self._iterate_once(draw, self.block)
        self.block.step[:] += np.uint64(1)

    def restart(self) -> None:
        """Put the last lane of every group at the start, without moments."""
        x, m, v = (self._grouped(array) for array in self.block[:3])
        x[:, -1] = self.program.start
        m[:, -1] = v[:, -1] = 0.0

    def looks(self, window: int) -> Iterator[tuple[npt.NDArray[np.int64], Block]]:
        """Advance all lanes and look at them in a growing rhythm; many looks are judged in one go.

        Yields
        ------
        ends : ndarray of int, shape (looks,)
            Iterations done when the next look is due.
        stack : Block
            The lanes as they are at each look, side by side.
        """
        slices, most = list(_slices(window)), max(1, _LOOKED_AT // self.block.x.size)
        for k in range(0, len(slices), most):
            *before, last = slices[k : k + most]
            seen = []
            for _, steps in before:
                seen.append(self._stacked([self.block]))
                self.iterate(steps)
            ends = np.array([*before, last]).sum(axis=1)
            yield ends, self._stacked([*seen, self.block]) if seen else self.block
            self.iterate(last[1])

    def _stacked(self, blocks: Sequence[Block]) -> Block:
        """A new block with the states of others, side by side."""
        along = 0 if self.setting.wide else 1
        states, counters = (block[:4] for block in blocks), ((b.path, b.step) for b in blocks)
        x, m, v, g = (np.concatenate(own, along) for own in zip(*states, strict=True))
        path, step = (np.concatenate(own) for own in zip(*counters, strict=True))
        return self.block._replace(x=x, m=m, v=v, g=g, path=path, step=step)

    def respond_as_later(
        self, stack: Block, probe: FloatArray, size: float
    ) -> npt.NDArray[np.bool_]:
        """At which looks the responses, here and away, are those of times much later."""
        found, errors = self._averaged(stack, probe, (0, *_MUCH_LATER))
        allowed = _ERRORS * np.sqrt(errors[:, :1] + errors[:, 1:])
        return np.asarray(_same(found[:, :1], found[:, 1:], size, allowed).all(axis=(1, 2, 3)))

    def _averaged(
        self, stack: Block, probe: FloatArray, times: Sequence[int]
    ) -> tuple[FloatArray, FloatArray]:
        """Responses at later times, here and away, averaged over variates of the dynamics.

        Shape (looks, times, groups, 2, dim), with the squares of their standard errors.
        """
        lanes, dim = len(self.block.path), self.program.dim
        repeats = _REPEATS if self.program.update.normal else 1
        copies = [
            Copy(probe * (1.0 - share), share * probe, time, np.arange(k * lanes, (k + 1) * lanes))
            for time in times
            for share in (0.0, 0.5)
            for k in range(repeats)
        ]
        most = max(1, _STACKED // stack.x.size)
        found = np.concatenate(
            [self.responses(stack, *copies[k : k + most]) for k in range(0, len(copies), most)]
        ).reshape(len(times), 2, repeats, -1, _GROUPS, self.group, dim)
        found = found.transpose(3, 0, 4, 1, 2, 5, 6)
        found = found.reshape(-1, len(times), _GROUPS, 2, repeats * self.group, dim)
        return found.mean(axis=4), found.var(axis=4).sum(axis=4) / (repeats * self.group)

    def responses(self, stack: Block, *copies: "Copy") -> FloatArray:
        """Where one more jump would lead from the place of the first path, less that place.

        Shape (copies, looks, groups, group, dim).
        """
        looks = len(stack.path) // len(self.block.path)
        many = self._stacked([stack] * len(copies))
        many = many._replace(dL=np.zeros_like(many.x))
        rows, jumps = self._copied(many.x), self._copied(many.dL)
        away, probes = (
            np.repeat(vectors, looks, axis=0)[:, None, None]
            for vectors in ([copy.away for copy in copies], [copy.probe for copy in copies])
        )
        place = rows[:, :, :1] + away
        rows[:] = place
        for k, copy in enumerate(copies):
            own = slice(k * len(stack.path), (k + 1) * len(stack.path))
            many.step[own] += np.uint64(copy.later)
            if copy.path is not None:
                many.path[own] = np.tile(copy.path, looks)

        def draw(noise: Any, block: Block, *rest: Any) -> None:
            jumps[:] = probes

        self._iterate_once(draw, many)
        return np.asarray(rows - place).reshape(len(copies), looks, *rows.shape[1:])

    def _copied(self, array: FloatArray) -> FloatArray:
        """A view of an array of copies of the block, shape (copies, groups, group, dim)."""
        rows = rows_of(array, self.program.dim)
        copies = rows.reshape(-1, len(self.block.path), self.program.dim)[:, : self.count]
        return copies.reshape(len(copies), _GROUPS, self.group, -1)

    def left(self, states: FloatArray) -> npt.NDArray[np.bool_]:
        """Which states are outside, shape (looks, groups, group)."""
        points = states.reshape(-1, self.program.dim)
        outside = are_outside(self.outside, self.program.outside_p, points)
        return np.asarray(outside.reshape(states.shape[:3]))


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


def _slices(window: int) -> Iterator[tuple[int, int]]:
    """Iterations done before each look at the paths and up to the next, in a growing rhythm."""
    done = 0
    while done < window:
        steps = min(max(1, int(_SLICE_GROWTH * done)), window - done)
        yield done, steps
        done += steps


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
    probe, settled, offsets = unit / size * ways[0] * rays[0], 0, []
    with np.errstate(all="ignore"):  # states far outside overflow
        for ends, stack in coupled.looks(window):
            settled = max(settled, *ends[~coupled.respond_as_later(stack, probe, size)], 0)
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
            same = _same(responses[:, :, 1:], responses[:, :, :1], size)
            known = ~(same & (distance <= FORGOTTEN * way))
            last = np.maximum(last, (known * ends[:, None, None]).max(axis=0))
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


def _same(
    some: FloatArray, others: FloatArray, size: float, chance: FloatArray | float = 0.0
) -> npt.NDArray[np.bool_]:
    """Whether responses agree to a hundredth, and to what they may differ by chance."""
    difference = np.linalg.norm(some - others, axis=-1)
    allowed = SAME_RESPONSE * np.linalg.norm(others, axis=-1) + NOTHING * size + chance
    return np.asarray(difference <= allowed)
