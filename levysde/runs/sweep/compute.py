"""The work of a sweep: chunks of paths, the results that they make, and a line of the summary."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from levysde.model import Model
from levysde.runs.results import EscapeTimes, Status
from levysde.runs.run import Interrupted, Prefix, next_batch
from levysde.runs.simulation import Simulation, prepare
from levysde.runs.summary import Summary
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.store import Store, missing_ranges

if TYPE_CHECKING:
    from levysde.theory import Prediction

Pieces = Mapping[tuple[int, int], EscapeTimes]


class CellRecord(Protocol):
    """What is on record of a cell: enough to know whether it is complete."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def varied(self) -> dict[str, Any]:
        """The settings that vary."""

    @property
    def paths(self) -> int:
        """Number of paths, or the largest."""

    @property
    def escapes(self) -> int | None:
        """Escapes that are enough."""


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
    said: list[str] = []
    while True:
        pieces = store.pieces(cell.key)
        ranges = cell.ranges(wanted_paths(cell, pieces))
        mine = [each for chunk, each in enumerate(ranges) if owns(chunk)]
        missing = missing_ranges(mine, list(pieces))
        look(cell, sum(last - first for first, last in ranges) - _count(missing))
        if not missing:
            return
        if simulation is None:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                simulation = prepared(cell, threads, next(iter(pieces.values()), None))
            said = [str(entry.message) for entry in caught]
            if said:
                store.note(cell.key, {**store.facts(cell.key), "warnings": said})
        for first, last in missing:
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
    pieces = store.pieces(cell.key)
    paths = wanted_paths(cell, pieces)
    facts = store.facts(cell.key)
    row = facts.get("row")
    if isinstance(row, dict) and row.get("paths") == paths and (0, paths) in pieces:
        store.drop_chunks(cell.key)
        return True
    # What an earlier result took is in its line; the file has no seconds of its own.
    seconds = sum(piece.seconds for piece in pieces.values())
    if isinstance(row, dict) and isinstance(row.get("seconds"), float):
        seconds += row["seconds"]
    result = store.finish(cell.key, paths)
    if result is None:
        return False
    said = list(dict.fromkeys([*facts.get("warnings", ()), *result.warnings]))
    store.note(cell.key, {"row": row_of(cell, model, result, seconds), "warnings": said})
    store.drop_chunks(cell.key)
    return True


def row_of(
    cell: CellRecord, model: Model | None, result: EscapeTimes, seconds: float
) -> dict[str, Any]:
    """The line of the summary: settings, estimates with 95 % intervals, theory, cost.

    Parameters
    ----------
    cell : Cell or its record
        The cell.
    model : Model or None
        As for `finish_cell`.
    result : EscapeTimes
        Its paths.
    seconds : float
        Time that they took, seconds.

    Returns
    -------
    dict
        JSON values by column; what does not exist is None.
    """
    prediction = _prediction(model, result)
    summary = Summary(result, prediction)
    rate = prediction.rate if prediction is not None and prediction.rate else None
    corrected = None if prediction is None else prediction.corrected_mean
    measure = None if prediction is None else prediction.escape_measure
    made = result.parameters
    values = {
        **cell.varied,
        **{name: made[name] for name in _PARTS if name not in cell.varied},
        **{name: made[name] for name in ("dt", "horizon", "method", "seed")},
        "paths": result.paths,
        "escaped": result.escaped,
        "censored": result.censored,
        "non_finite": result.non_finite,
        **_interval("mean", summary.mean, summary.mean_interval),
        **_interval("rate", summary.rate, summary.rate_interval),
        "measure": measure and measure.value,
        "predicted_mean": prediction.mean if rate and prediction else None,
        "predicted_rate": rate,
        "corrected_mean": corrected,
        **_triple("ratio", summary.ratio),
        **_triple("corrected_ratio", summary.mean_over(corrected)),
        "exponentiality_p": summary.exponentiality and summary.exponentiality.p_value,
        "steps": result.total_steps,
        "seconds": seconds,
        "digest": result.digest,
        "key": cell.key,
    }
    return {name: _finite(value) for name, value in values.items()}


_PARTS = ("basin", "dim", "dynamics", "noise", "alpha", "epsilon")


def _prediction(model: Model | None, result: EscapeTimes) -> Prediction | None:
    """What the theory says of a result, if anything."""
    from levysde import spec, theory

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = spec.build(result.parameters) if model is None else model.parts[:3]
            epsilon = result.parameters["epsilon"]
            return theory.predict(*parts, epsilon, dt=result.dt or None)
    except ValueError:  # no law is known, or a function cannot be imported here
        return None


def _interval(name: str, value: float | None, interval: Any) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {name: value, f"{name}_lower": low, f"{name}_upper": high}


def _triple(name: str, triple: tuple[float, float, float] | None) -> dict[str, float | None]:
    value, low, high = triple or (None, None, None)
    return {name: value, f"{name}_lower": low, f"{name}_upper": high}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
