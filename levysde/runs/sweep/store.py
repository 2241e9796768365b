"""The directory of a sweep: what was asked for, the chunks that are finished, and the results.

::

    sweep.json              the settings, and the cells with their keys
    cells/KEY/0-1000.npz    the paths 0 to 999 of a cell, while it is not complete
    cells/KEY/result.npz    all paths of a cell
    cells/KEY/cell.json     its line of the summary, or why it failed
    summary.csv             a line for each complete cell

Every file appears complete or not at all, so that a process may end anywhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from levysde.runs.files import read_json, remove_left_behind, write_json
from levysde.runs.results import EscapeTimes, load
from levysde.runs.sweep.cell import Cell, column_name, column_value
from levysde.runs.sweep.pieces import joined, missing_ranges
from levysde.runs.sweep.settings import Spec, SpecError, settings_text

if sys.platform != "win32":
    import fcntl

FORMAT, VERSION = "levysde sweep", 1
MANIFEST, SUMMARY, RESULT, FACTS = "sweep.json", "summary.csv", "result.npz", "cell.json"
LARGEST_MANIFEST = 1 << 28
_RECORDED = ("varied", "paths", "escapes")
_SHOWN = 3


class Store:
    """The directory of a sweep.

    Parameters
    ----------
    directory : Path
        Where; it is made when something is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    # -------------------------------------------------------------------------- what was asked for

    def manifest(self) -> dict[str, Any] | None:
        """What is on record of the sweep; None in a new directory.

        Returns
        -------
        dict or None

        Raises
        ------
        ValueError
            If the file is not one of a sweep.
        """
        file = self.directory / MANIFEST
        try:
            found = read_json(file, LARGEST_MANIFEST)
        except FileNotFoundError:
            return None
        sound = found.get("format") == FORMAT and isinstance(found.get("cells"), list)
        if not sound or not all(_is_cell(cell) for cell in found["cells"]):
            raise ValueError(f"{file} is not the record of a sweep; give another directory")
        if found.get("version") != VERSION:
            raise ValueError(f"{file} is of another version of the format; give another directory")
        return found

    def begin(self, spec: Spec, cells: Sequence[Cell]) -> None:
        """Record the cells, or add them to those of an earlier call.

        Parameters
        ----------
        spec : Spec
            The sweep.
        cells : sequence of Cell
            Its cells.

        Raises
        ------
        SpecError
            If the directory has computed paths that the sweep lacks, with the difference.
        """
        asked = {"fixed": settings_text(spec.fixed), "varied": list(spec.varied)}
        earlier = self.manifest()
        if earlier is None:
            self._check_new()
        else:
            wanted = {cell.key for cell in cells}
            absent = [cell["key"] for cell in earlier["cells"] if cell["key"] not in wanted]
            # A cell that failed, or never began, may be replaced: nothing computed is lost.
            empty = {key for key in absent if not self._has_paths(key)}
            computed = [cell for cell in earlier["cells"] if cell["key"] not in empty]
            _check_extends(self.directory, {**earlier, "cells": computed}, asked, cells)
            for key in empty:
                self._forget(key)
        record = {
            "format": FORMAT,
            "version": VERSION,
            **asked,
            "axes": {
                column_name(key): [column_value(value) for value in values]
                for key, values in spec.axes.items()
            },
            "cells": [
                {name: getattr(cell, name) for name in ("key", "label", *_RECORDED)}
                for cell in cells
            ],
        }
        if record != earlier:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_json(self.directory / MANIFEST, record)

    def _check_new(self) -> None:
        """Refuse a directory that has something else in it."""
        if self.directory.is_dir():
            others = [entry.name for entry in os.scandir(self.directory)]
            strange = [name for name in others if name != "cells" and name[0] != "."]
            if strange:
                raise SpecError(
                    f"{self.directory} has other files ({', '.join(sorted(strange)[:_SHOWN])}); "
                    "give a directory of its own to the sweep"
                )

    @contextlib.contextmanager
    def locked(self, *, alone: bool) -> Iterator[None]:
        """Keep other processes from computing the same, where the file system knows locks.

        Parameters
        ----------
        alone : bool
            Whether the whole sweep is computed here, and not a part of it.

        Raises
        ------
        ValueError
            If another process computes this sweep.
        """
        if sys.platform == "win32":
            yield
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(
                    f"another process is computing the sweep in {self.directory}; wait for it, or "
                    "give another directory"
                ) from None
            except OSError:  # a file system without locks
                pass
            yield
        finally:
            os.close(descriptor)

    # ---------------------------------------------------------------------------- what is finished

    def folder(self, key: str) -> Path:
        """Where the files of a cell are."""
        return self.directory / "cells" / key

    def clean(self, cells: Sequence[Cell]) -> None:
        """Remove what processes that died left half done."""
        remove_left_behind(self.directory)
        for cell in cells:
            remove_left_behind(self.folder(cell.key))

    def pieces(self, key: str) -> dict[tuple[int, int], EscapeTimes]:
        """The finished paths of a cell: first path, and the one after the last.

        Files that cannot be read are removed, and so are chunks that the result has.
        """
        found: dict[tuple[int, int], EscapeTimes] = {}
        whole = self.result(key)
        if whole is not None:
            found[0, whole.paths] = whole
        for file, first, last in self._chunks(key):
            inside = whole is not None and last <= whole.paths
            result = None if inside else _loaded(file)
            if result is None or result.paths != last - first:
                with contextlib.suppress(FileNotFoundError):
                    file.unlink()
            else:
                found[first, last] = result
        return dict(sorted(found.items()))

    def _has_paths(self, key: str) -> bool:
        return bool(self._chunks(key)) or (self.folder(key) / RESULT).exists()

    def _forget(self, key: str) -> None:
        """Remove the folder of a cell without paths."""
        with contextlib.suppress(FileNotFoundError):
            remove_left_behind(self.folder(key))
            (self.folder(key) / FACTS).unlink(missing_ok=True)
            self.folder(key).rmdir()

    def _chunks(self, key: str) -> list[tuple[Path, int, int]]:
        try:
            names = os.listdir(self.folder(key))
        except FileNotFoundError:
            return []
        found = []
        for name in names:
            first, dash, last = name.removesuffix(".npz").partition("-")
            if name.endswith(".npz") and dash and first.isdecimal() and last.isdecimal():
                found.append((self.folder(key) / name, int(first), int(last)))
        return sorted(found, key=lambda entry: entry[1:])

    def keep(self, key: str, first: int, result: EscapeTimes) -> None:
        """Write a chunk."""
        folder = self.folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        result.save(folder / f"{first}-{first + result.paths}.npz")

    def facts(self, key: str) -> dict[str, Any]:
        """What is on record of a cell; empty if there is nothing, or it cannot be read."""
        try:
            return read_json(self.folder(key) / FACTS, LARGEST_MANIFEST)
        except (OSError, ValueError):
            return {}

    def note(self, key: str, facts: Mapping[str, Any]) -> None:
        """Write what is on record of a cell."""
        folder = self.folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / FACTS, facts)

    def finish(self, key: str, paths: int) -> EscapeTimes | None:
        """Join the chunks of a cell into its result; None while one is missing.

        The result does not depend on how often the cell was interrupted: its seconds are in the
        summary alone.
        """
        whole = self.result(key)
        if whole is not None and whole.paths == paths and not whole.seconds:
            return whole
        pieces = self.pieces(key)
        if missing_ranges([(0, paths)], list(pieces)):
            return None
        whole = joined(pieces, paths)
        whole.save(self.folder(key) / RESULT)
        return whole

    def result(self, key: str) -> EscapeTimes | None:
        """All paths of a cell; None if they were not joined yet, or cannot be read."""
        return _loaded(self.folder(key) / RESULT)

    def drop_chunks(self, key: str) -> None:
        """Remove the chunks of a cell, whose result has them all."""
        for file, _, _ in self._chunks(key):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()

    def copy_from(self, other: Store, key: str) -> None:
        """Take over what another directory has of a cell."""
        pieces = other.pieces(key)
        mine = list(self.pieces(key))
        for (first, last), piece in pieces.items():
            if missing_ranges([(first, last)], mine):
                self.keep(key, first, piece)
        facts = other.facts(key)
        if facts and not self.facts(key):
            self.note(key, facts)

    def remove(self) -> None:
        """Remove the directory."""
        shutil.rmtree(self.directory)


def _is_cell(cell: Any) -> bool:
    kinds = {"key": str, "label": str, "varied": dict, "paths": int}
    if not isinstance(cell, dict):
        return False
    named = all(isinstance(cell.get(name), kind) for name, kind in kinds.items())
    # The key names a folder: nothing but digits keeps it inside.
    return named and cell["key"].isalnum() and cell["key"].isascii()


def _loaded(file: Path) -> EscapeTimes | None:
    """A result; None if there is none, or it is damaged."""
    try:
        return load(file)
    except (FileNotFoundError, ValueError):
        return None


def _check_extends(
    directory: Path, earlier: dict[str, Any], asked: dict[str, Any], cells: Sequence[Cell]
) -> None:
    """Refuse a sweep without some of the cells or of the paths that a directory has."""
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
