"""The verb `sweep`: every cell of a grid of settings, in chunks that survive anything."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from levysde import checks
from levysde.runs.progress import Progress
from levysde.runs.sweep.cell import Cell, cells_of
from levysde.runs.sweep.compute import Share, compute_cell, finish_cell
from levysde.runs.sweep.settings import read
from levysde.runs.sweep.store import Store
from levysde.runs.sweep.table import Sweep, load_sweep
from levysde.runs.sweep.tally import Tally

__all__ = ["sweep"]


def sweep(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    directory: str | os.PathLike[str],
    client: Any = None,
    shard: str | tuple[int, int] | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Sweep:
    """Escape times of every cell of a grid of settings, kept in a directory.

    The paths of a cell are computed in chunks, and each chunk is written as it finishes. The same
    call continues a sweep that was interrupted, killed or had cells that failed, and computes only
    what is missing; the results have the same bits as without a break. A sweep with more values,
    cells or paths in the same directory extends it.

    Parameters
    ----------
    spec : str, path-like or mapping
        A TOML file, or a dictionary of the same form, in which parts may be objects. Keys are
        arguments of `escape_times` (``epsilon``, ``paths``, ``rel_error``, ``dt``, ``method``,
        ...), ``basin``, ``dynamics`` and ``noise`` (a name, "file.py:name", a table with a name
        and parameters, or an object), and their parameters with a dot (``noise.alpha``,
        ``basin.dim``; in short ``alpha``, ``dim``). ``grid`` has lists of values that vary
        independently, or ranges ``{geomspace = [first, last, how many]}``; ``zip`` lists that vary
        together; ``list`` tables of settings. A key has one place; only some of the tables of
        ``list`` may replace a value. ``chunk`` is the number of paths that are written
        together, an eighth of all and at least 1000 unless given. Every cell has a seed of its own,
        made of its settings and ``seed``; with ``common_random_numbers = true`` all have ``seed``.
    directory : str or path-like
        Where the results go.
    client : distributed.Client or str, optional
        A Dask cluster that computes the chunks, or the address of its scheduler. Each chunk runs on
        one thread of a worker.
    shard : str or (int, int), optional
        "2/3": the second of three parts of the work. The parts may have the same directory, or
        directories of their own that `merge` joins.
    threads : int, optional
        One per processor unless given.
    progress : bool, callable or None
        Show a progress bar with the time left; or call this function about ten times a second with
        the numbers of finished and of all paths. What it raises ends the sweep. Unless given, the
        bar is shown where `escape_times` would show one.

    Returns
    -------
    Sweep
        What is complete, what failed and why.

    Raises
    ------
    ValueError
        If the spec cannot be understood, one of its cells cannot be built, or the directory has
        another sweep, with the difference.
    OSError
        If a file cannot be read or written, or the cluster is lost.
    KeyboardInterrupt
        If it was interrupted; what had finished is kept in the directory, as it says.

    Examples
    --------
    >>> import tempfile
    >>> spec = {"paths": 200, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [row["escaped"] for row in sweep(spec, folder).rows]
    [200, 200]
    """
    share = share_of(shard)
    if threads is not None:
        threads = checks.whole_number("threads", threads, 1, 4096)
    if client is not None and shard is not None:
        raise ValueError("a shard is for jobs without a cluster; give client or shard")
    given = read(spec)
    cells = cells_of(given)
    store = Store(Path(directory))
    with store.locked(alone=shard is None):
        store.begin(given, cells)
        store.clean(cells)
        with Tally(cells, store.directory, progress, threads) as tally, _told_what_is_kept(store):
            if client is None:
                _compute(store, cells, share, threads, tally)
            else:
                from levysde.runs.sweep.cluster import compute_on

                compute_on(client, store, cells, tally)
    return load_sweep(directory)


@contextmanager
def _told_what_is_kept(store: Store) -> Iterator[None]:
    """Say of an interrupted sweep where it is, and how it goes on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        remark = getattr(stop, "remark", "")
        kept = f"what had finished is in {store.directory}; the same call of sweep continues it"
        raise KeyboardInterrupt("; ".join(filter(None, ("interrupted", remark, kept)))) from None


def share_of(shard: str | tuple[int, int] | None) -> Share:
    """Which part of the work is meant.

    Parameters
    ----------
    shard : str, (int, int) or None
        "2/3", or None for all of it.

    Returns
    -------
    Share

    Raises
    ------
    ValueError
        If it is no such part.

    Examples
    --------
    >>> share_of("2/3")
    Share(number=2, of=3)
    """
    if shard is None:
        return Share()
    pieces: Sequence[Any] = shard.split("/") if isinstance(shard, str) else shard
    try:
        number, of = (
            int(piece) if isinstance(piece, str) else operator.index(piece) for piece in pieces
        )
    except (TypeError, ValueError):
        raise ValueError(f"shard is {shard!r:.40}; write the second of three as 2/3") from None
    if not 1 <= number <= of:
        raise ValueError(f"shard is {shard!r:.40}; give a number from 1 to how many there are")
    return Share(number, of)


def _compute(
    store: Store, cells: Sequence[Cell], share: Share, threads: int | None, tally: Tally
) -> None:
    for place, cell in enumerate(cells):

        def owns(chunk: int, place: int = place, cell: Cell = cell) -> bool:
            return share.owns(place, chunk, cell, len(cells))

        try:
            compute_cell(store, cell, owns, threads, tally.look)
            finish_cell(store, cell, cell.model)
        except OSError:  # of the directory: nothing could be kept
            raise
        except Exception as error:
            note_failure(store, cell, error)
        tally.done(cell)


def note_failure(store: Store, cell: Cell, error: Exception) -> None:
    """Record why a cell failed; the next call tries it again.

    Parameters
    ----------
    store : Store
        Where.
    cell : Cell
        The cell.
    error : Exception
        Why.
    """
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    facts = {**store.facts(cell.key), "failed": f"{kind}{error}"}
    store.note(cell.key, facts)
