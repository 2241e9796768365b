"""The record of a sweep: what was asked for, its cells, and whether another sweep extends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from levysde.runs.files import read_json
from levysde.runs.sweep.axes import SpecError

FORMAT, VERSION = "levysde sweep", 1
LARGEST = 1 << 28
_SHOWN = 3


class ManifestError(OSError, ValueError):
    """A file that is not the record of a sweep."""


class CellRecord(Protocol):
    """What is on record of a cell: enough to know whether it is complete."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def label(self) -> str:
        """The settings that vary, for people."""

    @property
    def varied(self) -> dict[str, Any]:
        """The settings that vary."""

    @property
    def paths(self) -> int:
        """Number of paths, or the largest."""

    @property
    def escapes(self) -> int | None:
        """Escapes that are enough."""

    @property
    def origin(self) -> Mapping[str, Any] | None:
        """What its results must say of themselves; None where nobody noted it."""


@dataclass(frozen=True)
class Recorded:
    """A cell as it is on record."""

    key: str
    label: str
    varied: dict[str, Any]
    paths: int
    escapes: int | None = None
    origin: dict[str, Any] | None = None


_NAMES = tuple(Recorded.__dataclass_fields__)


def recorded(entry: Mapping[str, Any]) -> Recorded:
    """A cell from its entry; what other versions add to it is left out.

    Parameters
    ----------
    entry : mapping
        One of ``cells`` in the record.

    Returns
    -------
    Recorded
    """
    return Recorded(**{name: entry[name] for name in _NAMES if name in entry})


def new_manifest(
    asked: Mapping[str, Any], axes: Mapping[str, Any], cells: Sequence[CellRecord]
) -> dict[str, Any]:
    """The record of a sweep as JSON values.

    Parameters
    ----------
    asked : mapping
        Settings that are fixed, and names of those that vary.
    axes : mapping
        Values of the axes of the grid.
    cells : sequence of Cell
        The cells.

    Returns
    -------
    dict
    """
    entries = [{name: getattr(cell, name) for name in _NAMES} for cell in cells]
    return {"format": FORMAT, "version": VERSION, **asked, "axes": dict(axes), "cells": entries}


def read_manifest(file: Path) -> dict[str, Any]:
    """The record of a sweep from a file of unknown origin.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        If there is none.
    ManifestError
        If it is something else.
    """
    try:
        found = read_json(file, LARGEST)
    except ValueError as error:
        raise ManifestError(str(error)) from None
    if found.get("format") != FORMAT or not _is_sound(found):
        raise ManifestError(f"{file} is not the record of a sweep; give another directory")
    if found.get("version") != VERSION:
        raise ManifestError(f"{file} is of another version of the format; give another directory")
    return found


def _is_sound(record: Mapping[str, Any]) -> bool:
    cells, axes = record.get("cells"), record.get("axes", {})
    return (
        isinstance(cells, list)
        and all(_is_cell(cell) for cell in cells)
        and len({cell["key"] for cell in cells}) == len(cells)
        and isinstance(axes, dict)
        and all(isinstance(each, list) and all(map(_is_value, each)) for each in axes.values())
        and _are_names(record.get("varied", []))
        and isinstance(record.get("fixed", {}), dict)
    )


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict):
        return False
    key, varied = cell.get("key"), cell.get("varied")
    return (
        # The key names a folder: nothing but digits and letters keeps it inside.
        isinstance(key, str)
        and key.isalnum()
        and key.isascii()
        and isinstance(cell.get("label"), str)
        and isinstance(varied, dict)
        and all(map(_is_value, varied.values()))
        and _is_count(cell.get("paths"))
        and (cell.get("escapes") is None or _is_count(cell["escapes"]))
        and isinstance(cell.get("origin", {}), dict | None)
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_value(value: Any) -> bool:
    return isinstance(value, int | float | str)


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def check_extends(
    directory: Path,
    earlier: Mapping[str, Any],
    asked: Mapping[str, Any],
    cells: Sequence[CellRecord],
) -> None:
    """Refuse a sweep without some of the cells or of the paths that a directory has.

    Parameters
    ----------
    directory : Path
        Where.
    earlier : mapping
        Its record.
    asked : mapping
        What is asked for now, as for `new_manifest`.
    cells : sequence of Cell
        The cells of now.

    Raises
    ------
    SpecError
        With the difference.
    """
    paths = {cell.key: cell.paths for cell in cells}
    lost = [cell["label"] for cell in earlier["cells"] if cell["key"] not in paths]
    shorter = [
        f"'{cell['label']}' {cell['paths']} paths, and here {paths[cell['key']]}"
        for cell in earlier["cells"]
        if cell["key"] in paths and paths[cell["key"]] < cell["paths"]
    ]
    if shorter:
        raise SpecError(
            f"{directory} has of {_some(shorter)}; ask for at least as many, or give another "
            "directory"
        )
    if lost:
        fixed, now = earlier.get("fixed", {}), asked["fixed"]
        changed = [
            f"{key} was {fixed.get(key, 'not given')} and is {now.get(key, 'not given')}"
            for key in {**fixed, **now}
            if fixed.get(key) != now.get(key)
        ]
        kept = {cell.label for cell in cells}
        if not changed and all(label in kept for label in lost):
            changed = ["a function, a declared fact or the version of Python is another one"]
        why = f": {'; '.join(changed)}" if changed else ""
        raise SpecError(
            f"{directory} has cells that this sweep lacks ({_some(lost)}){why}; a sweep may "
            "be extended, and for another one give another directory"
        )


def _some(entries: list[str]) -> str:
    more = f", and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return "; ".join(entries[:_SHOWN]) + more
