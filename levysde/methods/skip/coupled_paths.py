"""Synchronously coupled paths: the same noise, and some of them with an extra jump."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy as shallow_copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

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

SAME_RESPONSE = 0.01
"""Relative difference of their responses to a jump, below which a jump is forgotten."""

_GROUPS = 5
_SLICE_GROWTH = 0.05
_MUCH_LATER = ((1 << 40) + 12_345, (1 << 33) + 7, (1 << 20) + 1001)
_REPEATS = 16
_STACKED = 1 << 16  # coordinates of copies that are advanced in one call
_LOOKED_AT = 1 << 13  # coordinates of looks that are judged in one go
_ERRORS = 4.0  # standard errors that averages may differ by


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
            ends, steps = zip(*slices[k : k + most], strict=True)
            seen = []
            for until_next in steps[:-1]:
                seen.append(self._stacked([self.block]))
                self.iterate(until_next)
            yield np.array(ends), self._stacked([*seen, self.block]) if seen else self.block
            self.iterate(steps[-1])

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
        return np.asarray(same(found[:, :1], found[:, 1:], size, allowed).all(axis=(1, 2, 3)))

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


def _slices(window: int) -> Iterator[tuple[int, int]]:
    """Iterations up to the end of each slice of a window, and in it: they grow."""
    end = 0
    while end < window:
        steps = min(max(1, int(_SLICE_GROWTH * end)), window - end)
        end += steps
        yield end, steps


def same(
    some: FloatArray, others: FloatArray, size: float, chance: FloatArray | float = 0.0
) -> npt.NDArray[np.bool_]:
    """Whether responses agree to a hundredth, and to what they may differ by chance."""
    difference = np.linalg.norm(some - others, axis=-1)
    allowed = SAME_RESPONSE * np.linalg.norm(others, axis=-1) + NOTHING * size + chance
    return np.asarray(difference <= allowed)
