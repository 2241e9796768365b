"""Pieces of a cell: ranges of its paths, which of them are missing, and all of them joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from levysde.runs.results import EscapeTimes


def missing_ranges(
    wanted: Sequence[tuple[int, int]], present: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The parts of some ranges that others do not cover.

    Parameters
    ----------
    wanted, present : sequence of (int, int)
        First, and the one after the last.

    Returns
    -------
    list of (int, int)

    Examples
    --------
    >>> missing_ranges([(0, 10), (10, 20)], [(0, 4), (6, 12)])
    [(4, 6), (12, 20)]
    """
    missing = []
    for first, last in wanted:
        for low, high in sorted(present):
            if low > first:
                missing.append((first, min(low, last)))
            first = max(first, high)
            if first >= last:
                break
        if first < last:
            missing.append((first, last))
    return [(first, last) for first, last in missing if first < last]


def joined(pieces: Mapping[tuple[int, int], EscapeTimes], paths: int) -> EscapeTimes:
    """One result of consecutive pieces, which may overlap.

    Parameters
    ----------
    pieces : mapping
        Results by first path, and the one after the last, that cover all paths.
    paths : int
        Number of paths.

    Returns
    -------
    EscapeTimes
        With no time of its own.

    Raises
    ------
    ValueError
        If the pieces are not of one simulation.
    """
    arrays: list[tuple[Any, ...]] = []
    end = 0
    leader = next(iter(pieces.values()))
    for (first, last), piece in sorted(pieces.items()):
        if last <= end or first >= paths:
            continue
        for name in ("horizon", "threshold", "method", "seed"):
            if piece.parameters.get(name) != leader.parameters.get(name) or piece.dt != leader.dt:
                raise ValueError(
                    f"the chunks of a cell have {name} = {leader.parameters.get(name)!r} and "
                    f"{piece.parameters.get(name)!r}: machines or versions disagree; remove one"
                )
        part = slice(end - first, min(last, paths) - first)
        times = () if piece.exit_times is None else (piece.exit_times[part],)
        arrays.append((piece.steps[part], piece.status[part], piece.exit_position[part], *times))
        end = last
    steps, status, position, *times_ = (np.concatenate(each) for each in zip(*arrays, strict=True))
    return EscapeTimes(steps, status, position, leader.dt, leader.parameters, 0.0, *times_)
