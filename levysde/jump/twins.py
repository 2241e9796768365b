"""Twins: paths with the same noise, of which some have a jump besides.

The time after which nothing tells them apart is what a recurrence remembers of a jump.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.block import Block, passes_of
from levysde.engine.compile import prepared
from levysde.engine.cpu import iterate
from levysde.engine.passes import VECTOR
from levysde.engine.pointwise import are_outside
from levysde.engine.program import Program

NOTHING = 1e-6
"""Displacement over the way out that is none."""

FORGOTTEN = 0.005
"""Distance between twins over the way out, below which a jump is forgotten."""

SAME_ANSWER = 0.01
"""Relative difference of what a jump out does to twins, below which a jump is forgotten."""

SIZES: FloatArray = np.asarray(10.0 ** (0.5 * np.arange(-8, 7)), dtype=np.float64)
"""Lengths of jumps over `natural_length`."""

FEW_SIZES = SIZES[::2]
"""Of them those that are tried first."""

LONGEST_WINDOW = 1 << 20
"""Iterations for which twins are watched at most."""

_TRIED: FloatArray = np.asarray(2.0 ** np.arange(-200, 201, 4), dtype=np.float64)
_TRIED_AGAIN, _NARROWED = 65, 5
_DIGITS = 2.0**20
_FIRST_MOVE = 0.01
_SCOUTS = 4
_GROUPS = 5
_FIRST_WINDOW = 256
_WINDOWS_PER_MEMORY = 3
_SLICE_GROWTH = 0.05
_FEWEST_GROUPS = 2
_MUCH_LATER = ((1 << 40) + 12_345, (1 << 33) + 7, (1 << 20) + 1001)
_REPEATS = 16
_ERRORS = 4.0  # standard errors that averages may differ by
_DEVIATION = 1.5  # over the mean distance: sqrt(pi/2), and a fifth more, its own error


@dataclass(frozen=True)
class Memory:
    """What twins have shown.

    Attributes
    ----------
    peak : ndarray, shape (sizes, rays)
        Largest displacement by a jump over the way out; infinite where paths leave.
    steps : ndarray, shape (sizes, rays)
        Iterations for which a jump is remembered; 0 where paths leave.
    settled : float
        Iterations for which the start is remembered.
    spread : float
        Usual distance from the minimum over the shortest way out; infinite if paths leave at once.
    deviation : float
        An upper estimate of the standard deviation of a coordinate, over the same.
    """

    peak: FloatArray
    steps: FloatArray
    settled: float
    spread: float
    deviation: float


class Twins:
    """Groups of lanes with the same noise: one at rest, one for every jump, one for the start."""

    def __init__(self, basin: Basin, program: Program, kicks: FloatArray) -> None:
        self.program, self.kicks = program, kicks
        self.group = 2 + len(kicks)
        self.count = _GROUPS * self.group
        lanes = -(-self.count // VECTOR) * VECTOR
        self.block = Block(replace(program, start=basin.minimum), lanes)
        self.block.address[0][: self.count] = np.repeat(np.arange(_GROUPS), self.group)
        self.passes = passes_of(program)
        self.outside = prepared(program.outside)  # once, and not at every look

    def _grouped(self, array: FloatArray) -> FloatArray:
        """A view of an array of the block, shape (groups, group, dim)."""
        rows = array if self.block.wide else array.T
        return rows[: self.count].reshape(_GROUPS, self.group, -1)

    def states(self) -> FloatArray:
        """Positions, shape (groups, group, dim)."""
        return self._grouped(self.block.state[0]).copy()

    def iterate(self, steps: int) -> None:
        """Advance all lanes."""
        iterate(self.passes, self.program, self.block, steps, len(self.block.flags))

    def kick(self) -> None:
        """One iteration, in which the lanes of jumps have them besides."""
        x, m, v, g, dL = self.block.state
        path, step = self.block.address
        noise, gradient, update = self.passes
        program, lanes = self.program, len(path)
        noise(dL, np.uint64(program.seed), path, step, program.noise.p, lanes)
        self._grouped(dL)[:, 1:-1] += self.kicks
        gradient(x, program.gradient_p, g, lanes)
        update(
            x, m, v, g, dL, program.dt, np.uint64(program.seed), path, step, program.update.p, lanes
        )
        step += np.uint64(1)

    def restart(self) -> None:
        """Put the last lane of every group at the start, without memory."""
        x, m, v = (self._grouped(array) for array in self.block.state[:3])
        x[:, -1] = self.program.start
        m[:, -1] = v[:, -1] = 0.0

    def average_answers(self, probe: FloatArray, later: int) -> tuple[FloatArray, FloatArray]:
        """Answers at a later time, here and away, averaged over variates of the dynamics.

        With the squares of their standard errors, shape (groups, 2).
        """
        lanes = len(self.block.flags)
        repeats = _REPEATS if self.program.update.normal else 1
        means, squares = [], []
        for share in (0.0, 0.5):
            answers = np.concatenate(
                [
                    self.answers(
                        probe * (1.0 - share),
                        later,
                        np.arange(k * lanes, (k + 1) * lanes, dtype=np.uint64),
                        share * probe,
                    )
                    for k in range(repeats)
                ],
                axis=1,
            )
            means.append(answers.mean(axis=1))
            squares.append(answers.var(axis=1).sum(axis=1) / answers.shape[1])
        return np.stack(means, axis=1), np.stack(squares, axis=1)

    def answers(
        self,
        probe: FloatArray,
        later: int = 0,
        path: npt.NDArray[np.uint64] | None = None,
        away: FloatArray | float = 0.0,
    ) -> FloatArray:
        """Where one more jump would lead from the place of the twin at rest, less that place."""
        x, m, v, g, dL = (array.copy() for array in self.block.state)
        path, step = self.block.address[0] if path is None else path, self.block.address[1]
        _, gradient, update = self.passes
        program, lanes = self.program, len(path)
        rows = self._grouped(x)
        place = rows[:, :1] + away
        rows[:] = place
        dL[:] = 0.0
        self._grouped(dL)[:] = probe
        gradient(x, program.gradient_p, g, lanes)
        update(
            x, m, v, g, dL, program.dt, np.uint64(program.seed), path, step + np.uint64(later),
            program.update.p, lanes,
        )  # fmt: skip
        return np.asarray(rows - place)

    def left(self) -> npt.NDArray[np.bool_]:
        """Which lanes are outside, shape (groups, 1 + kicks)."""
        states = self.states()
        points = states.reshape(self.count, -1)
        outside = are_outside(self.outside, self.program.outside_p, points)
        return np.asarray(outside.reshape(_GROUPS, self.group))


def is_driven(basin: Basin, program: Program, rays: FloatArray, ways: FloatArray) -> bool:
    """Whether the noise-free motion changes x anywhere between the minimum and the boundary."""
    twins, still = Twins(basin, program, np.zeros_like(rays)), np.zeros(basin.dim)
    places = (
        share * way * ray for share in (0.3, 0.9) for way, ray in zip(ways, rays, strict=True)
    )
    with np.errstate(all="ignore"):
        return any(twins.answers(still, away=place).any() for place in places)


def natural_length(
    basin: Basin, program: Program, rays: FloatArray, ways: FloatArray, size: float
) -> float:
    """The length of an increment that would move x by the way out, if more moved it by more.

    Increments are in the units of what they are added to, a gradient times time for an algorithm:
    lengths of jumps mean something beside what they do to x alone. So they are measured on twins,
    in one iteration, by what moves x by a hundredth, or half as far as any increment does. Over the
    way out it is rounded to 20 bits, so that rounding in other units does not change it.
    """
    scouts = rays[np.argsort(ways, kind="stable")[:_SCOUTS]]

    def moved_by(lengths: FloatArray) -> FloatArray:
        """Displacements over the way out, by increments over it along the best of the scouts."""
        kicks = (size * lengths[:, None, None] * scouts).reshape(-1, basin.dim)
        twins = Twins(basin, program, kicks)
        with np.errstate(all="ignore"):  # far beyond any length that matters states overflow
            twins.iterate(_FIRST_WINDOW)
            twins.kick()
            states = twins.states()
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


def remembered(
    basin: Basin,
    program: Program,
    rays: FloatArray,
    ways: FloatArray,
    size: float,
    unit: float,
    check: Callable[[Memory], None],
    longest: int,
) -> Memory:
    """How long jumps are remembered, in a window that is doubled until it is long enough.

    `size` is the shortest way out and `unit` the natural length of increments. A window in which a
    few of the twins do not forget is too short for all, and the others, most of the work, are not
    watched in it. What these few have shown, of jumps of `FEW_SIZES` along the first ray, goes to
    `check`, which may raise: longer windows show longer memories.
    """
    window, lengths = _FIRST_WINDOW, (size, unit)
    while window <= longest:
        few = _watched(basin, program, rays[:1], ways[:1], lengths, window, FEW_SIZES)
        check(few)
        # Of dynamics with variates of their own more twins may show that the start is forgotten.
        settled = 0.0 if program.update.normal else few.settled
        if max(few.steps.max(), settled) * _WINDOWS_PER_MEMORY <= window:
            memory = _watched(basin, program, rays, ways, lengths, window, SIZES)
            if max(memory.steps.max(), memory.settled) * _WINDOWS_PER_MEMORY <= window:
                return memory
        window *= 2
    raise checks.Refusal(
        f"a jump or the start is not forgotten within {longest // _WINDOWS_PER_MEMORY} "
        "iterations, so that none is idle",
        "use method='euler'",
    )


def _slices(window: int) -> Iterator[tuple[int, int]]:
    """Iterations done before each look at the twins and up to the next, in a growing rhythm."""
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
) -> Memory:
    """Twins for as many iterations after the jump as before it."""
    size, unit = lengths
    kicks = (unit * sizes[:, None, None] * rays).reshape(-1, basin.dim)
    way = np.append(np.tile(ways, len(sizes)), size)
    twins, probe = Twins(basin, program, kicks), unit / size * ways[0] * rays[0]
    settled, offsets = 0, []
    with np.errstate(all="ignore"):  # states far outside overflow
        for done, steps in _slices(window):
            now, error = twins.average_answers(probe, 0)
            for time in _MUCH_LATER:
                later, other = twins.average_answers(probe, time)
                if not _same(now, later, size, _ERRORS * np.sqrt(error + other)).all():
                    settled = done + steps
                    break
            twins.iterate(steps)
        gone = twins.left()
        twins.kick()
        twins.restart()
        peak, last = np.zeros(gone[:, 1:].shape), np.zeros(gone[:, 1:].shape)
        for done, steps in _slices(window):
            states, answers = twins.states(), twins.answers(probe)
            distance = np.linalg.norm(states[:, 1:] - states[:, :1], axis=2)
            gone |= twins.left() | ~np.isfinite(states).all(axis=2)
            peak = np.fmax(peak, distance / way)
            forgotten = distance <= FORGOTTEN * way
            last[~(forgotten & _same(answers[:, 1:], answers[:, :1], size))] = done + steps
            offsets.append((states[:, 0] - basin.minimum) / size)
            twins.iterate(steps)
    rest = ~gone[:, 0]
    if rest.sum() < _FEWEST_GROUPS:
        return Memory(np.zeros((1, 1)), np.zeros((1, 1)), 0.0, math.inf, math.inf)
    peak[gone[:, 1:]], last[gone[:, 1:]] = np.inf, 0.0
    peak, last = np.median(peak[rest], axis=0), np.median(last[rest], axis=0)
    out, offset = (len(sizes), len(rays)), np.array(offsets)[:, rest]
    return Memory(
        peak[:-1].reshape(out),
        last[:-1].reshape(out),
        max(float(last[-1]), settled),
        float(np.median(np.linalg.norm(offset, axis=2))),
        _DEVIATION * float(np.mean(np.abs(offset), axis=(0, 1)).max()),
    )


def _same(
    some: FloatArray, others: FloatArray, size: float, chance: FloatArray | float = 0.0
) -> npt.NDArray[np.bool_]:
    """Whether answers agree to a hundredth, and to what they may differ by chance."""
    difference = np.linalg.norm(some - others, axis=2)
    allowed = SAME_ANSWER * np.linalg.norm(others, axis=2) + NOTHING * size + chance
    return np.asarray(difference <= allowed)
