"""Parts of a sweep that were computed in directories of their own, joined."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from levysde.runs.files import write_json
from levysde.runs.sweep.compute import finish_cell
from levysde.runs.sweep.manifest import recorded
from levysde.runs.sweep.origin import differing_versions
from levysde.runs.sweep.store import MANIFEST, Store
from levysde.runs.sweep.table import Sweep, load_sweep

__all__ = ["merge"]


def merge(
    directories: Sequence[str | os.PathLike[str]], directory: str | os.PathLike[str]
) -> Sweep:
    """Join the parts of a sweep that were computed in directories of their own.

    Parameters
    ----------
    directories : sequence of str or path-like
        The parts, of the same spec; they are left as they are.
    directory : str or path-like
        Where the whole goes; it may have a part already.

    Returns
    -------
    Sweep
        With the labels of cells that are not complete.

    Raises
    ------
    ValueError
        If the directories have different sweeps or paths of different versions, or the target has
        other files.
    FileNotFoundError
        If one has none.

    Examples
    --------
    >>> import tempfile
    >>> import levysde as ls
    >>> spec = {"paths": 100, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = ls.sweep(spec, f"{folder}/1", shard="1/2")
    ...     second = ls.sweep(spec, f"{folder}/2", shard="2/2")
    ...     whole = merge([f"{folder}/1", f"{folder}/2"], f"{folder}/whole")
    >>> len(first), len(second), len(whole)
    (1, 1, 2)
    """
    parts = [Store(Path(each)) for each in directories]
    if not parts:
        raise ValueError("there is nothing to merge; give directories of a sweep")
    records = [_record(part) for part in parts]
    whole = Store(Path(directory))
    record = whole.manifest()
    if record is None:
        whole.check_new()
        record = records[0]
    for part, other in zip(parts, records, strict=True):
        if _cells(other) != _cells(record):
            raise ValueError(
                f"{part.directory} has another sweep than {parts[0].directory}; give the parts of "
                "one spec"
            )
    with whole.locked(alone=True):
        _check_versions([*parts, whole], record)
        write_json(whole.directory / MANIFEST, record)
        for entry in record["cells"]:
            cell = recorded(entry)
            for part in parts:
                if part.directory.resolve() != whole.directory.resolve():
                    whole.copy_from(part, cell)
            finish_cell(whole, cell, None)
        made = load_sweep(directory)
        made.write_summary()
    return made


def _record(part: Store) -> dict[str, Any]:
    record = part.manifest()
    if record is None:
        raise FileNotFoundError(2, "no sweep is here", str(part.directory / MANIFEST))
    return record


def _cells(record: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What parts of one sweep have in common; other versions may add to it."""
    cells = map(recorded, record["cells"])
    return [(cell.key, cell.label, cell.paths, cell.escapes) for cell in cells]


def _check_versions(stores: Sequence[Store], record: dict[str, Any]) -> None:
    """Refuse parts whose paths were made by several versions, before anything is copied."""
    cells = [recorded(entry) for entry in record["cells"]]
    found = differing_versions(
        result for store in stores for cell in cells for result in store.pieces(cell).values()
    )
    if found:
        raise ValueError(
            f"the paths of the parts were made by {', '.join(found)}, so that results could "
            "differ; compute all of them with the same versions"
        )
