"""The work of a sweep: chunks of paths, and the results that they make."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from levysde.model import Model
from levysde.runs.results import EscapeTimes, Status
from levysde.runs.run import Interrupted, Prefix, next_batch
from levysde.runs.simulation import Simulation, prepare
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.manifest import CellRecord
from levysde.runs.sweep.origin import differing_versions
from levysde.runs.sweep.pieces import missing_ranges
from levysde.runs.sweep.row import row_of
from levysde.runs.sweep.store import Store

Pieces = Mapping[tuple[int, int], EscapeTimes]


@dataclass(frozen=True)
class Share:
    """The part of a sweep that one of several processes computes.

    Whole cells are dealt out in turn where there are enough of them; else their chunks.

    Attributes
    ----------
    number, of : int
        This one, from 1, and how many there are.
    """

    number: int = 1
    of: int = 1

    def owns(self, place: int, chunk: int, cell: Cell, cells: int) -> bool:
        """Whether a chunk is computed here.

        Parameters
        ----------
        place, chunk : int
            Numbers of the cell and of its chunk.
        cell : Cell
            The cell.
        cells : int
            Number of cells.

        Returns
        -------
        bool
        """
        alone = cells >= self.of or cell.escapes is not None
        return (place if alone else place + chunk * cells) % self.of == self.number - 1


def wanted_paths(cell: CellRecord, pieces: Pieces) -> int:
    """How many paths a cell needs, as far as its finished ones tell.

    Parameters
    ----------
    cell : Cell
        The cell.
    pieces : mapping
        Its finished paths.

    Returns
    -------
    int
        The number asked for; with a precision the batches of `escape_times`.
    """
    if cell.escapes is None:
        return cell.paths
    paths = min(cell.paths, cell.escapes)
    while not missing_ranges([(0, paths)], list(pieces)):
        found = _escapes(pieces, paths)
        if found >= cell.escapes or paths == cell.paths:
            return paths
        paths = next_batch(paths, found, cell.escapes, cell.paths)
    return paths


def _escapes(pieces: Pieces, paths: int) -> int:
    found = end = 0
    for (first, last), piece in sorted(pieces.items()):
        part = piece.status[max(end - first, 0) : max(min(last, paths) - first, 0)]
        found += int((part == Status.ESCAPED).sum())
        end = max(end, last)
    return found


def prepared(cell: Cell, threads: int | None, earlier: EscapeTimes | None = None) -> Simulation:
    """What runs the paths of a cell.

    Parameters
    ----------
    cell : Cell
        The cell.
    threads : int or None
        One per processor unless given.
    earlier : EscapeTimes, optional
        Finished paths, whose threshold is taken.

    Returns
    -------
    Simulation
    """
    basin, dynamics, noise, epsilon = cell.model.parts
    given = epsilon if cell.asked.lr is None else None
    return prepare(
        basin, dynamics, noise, given, cell.asked,
        missing=cell.paths, threads=threads, earlier=earlier,
    )  # fmt: skip


def prepared_saying(
    cell: Cell, threads: int | None, earlier: EscapeTimes | None
) -> tuple[Simulation, list[str]]:
    """What runs the paths of a cell, and what was warned of meanwhile.

    Parameters
    ----------
    cell, threads, earlier
        As for `prepared`.

    Returns
    -------
    simulation : Simulation
        What runs them.
    said : list of str
        The warnings.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        simulation = prepared(cell, threads, earlier)
    return simulation, [str(entry.message) for entry in caught]


def note_warnings(store: Store, cell: Cell, said: list[str]) -> None:
    """Record what was warned of while a cell was prepared, if anything.

    Parameters
    ----------
    store : Store
        Where.
    cell : Cell
        The cell.
    said : list of str
        The warnings.
    """
    if said:
        store.note(cell.key, {**store.facts(cell.key), "warnings": said})


class Missing(NamedTuple):
    """What is left to do of a cell.

    Attributes
    ----------
    ranges : list of (int, int)
        Its chunks that are missing: first path, and the one after the last.
    finished : int
        Its finished paths.
    earlier : EscapeTimes or None
        Some of these.
    """

    ranges: list[tuple[int, int]]
    finished: int
    earlier: EscapeTimes | None


def missing_of(store: Store, cell: Cell, owns: Callable[[int], bool] = lambda _: True) -> Missing:
    """The chunks of a cell that are missing, as far as its finished ones tell.

    Parameters
    ----------
    store : Store
        Where.
    cell : Cell
        The cell.
    owns : callable
        Whether the chunk of this number is computed here.

    Returns
    -------
    Missing
    """
    pieces = store.pieces(cell)
    ranges = cell.ranges(wanted_paths(cell, pieces))
    mine = [each for chunk, each in enumerate(ranges) if owns(chunk)]
    missing = missing_ranges(mine, list(pieces))
    finished = _count(ranges) - _count(missing)
    return Missing(missing, finished, next(iter(pieces.values()), None))


def compute_cell(
    store: Store,
    cell: Cell,
    owns: Callable[[int], bool],
    threads: int | None,
    look: Callable[[Cell, int], object],
) -> None:
    """Run the chunks of a cell that are missing, and write each as it finishes.

    Parameters
    ----------
    store : Store
        Where.
    cell : Cell
        The cell.
    owns : callable
        Whether the chunk of this number is computed here.
    threads : int or None
        One per processor unless given.
    look : callable
        Called about ten times a second with the cell and the number of its finished paths.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted: what had finished is kept.
    """
    simulation = None
    before = None
    while True:
        missing = missing_of(store, cell, owns)
        look(cell, missing.finished)
        if not missing.ranges:
            return
        if missing.ranges == before:
            raise RuntimeError("the chunks that were written cannot be read, or deny their cell")
        before = missing.ranges
        if simulation is None:
            simulation, said = prepared_saying(cell, threads, missing.earlier)
            note_warnings(store, cell, said)
        for first, last in missing.ranges:
            _compute_chunk(store, cell, simulation, first, last, threads, look)


def _count(ranges: list[tuple[int, int]]) -> int:
    return sum(last - first for first, last in ranges)


def _compute_chunk(
    store: Store,
    cell: Cell,
    simulation: Simulation,
    first: int,
    last: int,
    threads: int | None,
    look: Callable[[Cell, int], object],
) -> None:
    def watched(ended: int, total: int) -> None:
        look(cell, first + ended)

    try:
        result = run_chunk(simulation, first, last, threads, watched)
    except Interrupted as stop:
        if stop.result is not None:
            store.keep(cell.key, first, stop.result)
        raise
    store.keep(cell.key, first, result)


def run_chunk(
    simulation: Simulation,
    first: int,
    last: int,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> EscapeTimes:
    """Run the paths of one chunk.

    Parameters
    ----------
    simulation : Simulation
        What runs them.
    first, last : int
        The first path, and the one after the last.
    threads : int, optional
        One per processor unless given.
    progress : callable, optional
        As for `escape_times`.

    Returns
    -------
    EscapeTimes
    """
    return Prefix(simulation, threads, progress, first=first).run(last - first)


def finish_cell(store: Store, cell: CellRecord, model: Model | None) -> bool:
    """Join the chunks of a cell and write its line of the summary, if none is missing.

    Parameters
    ----------
    store : Store
        Where.
    cell : Cell or its record
        The cell.
    model : Model or None
        What was simulated; unless given it is made again from the record of the result.

    Returns
    -------
    bool
        Whether the cell is complete.
    """
    pieces = store.pieces(cell)
    facts = store.facts(cell.key)
    paths = wanted_paths(cell, pieces)
    result = store.finish(cell, paths)
    if result is None:
        return False
    row = facts.get("row", {})
    if row.get("digest") != result.digest:
        # What an earlier result took is in its line; its file has no seconds.
        seconds = sum(piece.seconds for piece in pieces.values()) + row.get("seconds", 0.0)
        _describe(store, cell, model, result, seconds, _mixed(pieces))
    store.drop_chunks(cell.key)
    return True


def _mixed(pieces: Pieces) -> list[str]:
    """What a reader must know of a cell whose paths were made by several versions."""
    found = differing_versions(pieces.values())
    return [f"Its paths were made by {', '.join(found)}: other bits are possible."] if found else []


def _describe(
    store: Store,
    cell: CellRecord,
    model: Model | None,
    result: EscapeTimes,
    seconds: float,
    mixed: list[str],
) -> None:
    """Write the line of a complete cell, and what a reader of it must know."""
    facts = store.facts(cell.key)
    said = list(dict.fromkeys([*facts.get("warnings", ()), *mixed, *result.warnings]))
    store.note(cell.key, {"row": row_of(cell, model, result, seconds), "warnings": said})
