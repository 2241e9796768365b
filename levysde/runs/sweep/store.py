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
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from levysde.runs.files import read_json, remove_left_behind, write_json
from levysde.runs.results import EscapeTimes, load
from levysde.runs.sweep.axes import SpecError
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.manifest import (
    LARGEST,
    CellRecord,
    check_extends,
    new_manifest,
    read_manifest,
)
from levysde.runs.sweep.naming import Naming
from levysde.runs.sweep.origin import is_from
from levysde.runs.sweep.pieces import joined, missing_ranges
from levysde.runs.sweep.row import sound_facts
from levysde.runs.sweep.settings import Spec, fixed_text

if sys.platform != "win32":
    import fcntl

MANIFEST, SUMMARY, RESULT, FACTS = "sweep.json", "summary.csv", "result.npz", "cell.json"
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
        ManifestError
            If the file is not one of a sweep.
        """
        file = self.directory / MANIFEST
        try:
            return read_manifest(file)
        except FileNotFoundError:
            return None

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
        asked = {"fixed": fixed_text(spec), "varied": list(spec.varied)}
        earlier = self.manifest()
        if earlier is None:
            self.check_new()
        else:
            wanted = {cell.key for cell in cells}
            absent = [cell["key"] for cell in earlier["cells"] if cell["key"] not in wanted]
            # A cell that failed, or never began, may be replaced: nothing computed is lost.
            empty = {key for key in absent if not self._has_paths(key)}
            computed = [cell for cell in earlier["cells"] if cell["key"] not in empty]
            check_extends(self.directory, {**earlier, "cells": computed}, asked, cells)
            for key in empty:
                self._forget(key)
        record = new_manifest(asked, Naming(spec).axes(), cells)
        if record != earlier:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_json(self.directory / MANIFEST, record)

    def check_new(self) -> None:
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

    def pieces(self, cell: CellRecord) -> dict[tuple[int, int], EscapeTimes]:
        """The finished paths of a cell: first path, and the one after the last.

        Files that cannot be read, or are of another cell, are passed over. Nothing is removed.
        """
        found: dict[tuple[int, int], EscapeTimes] = {}
        whole = self.result(cell)
        if whole is not None:
            found[0, whole.paths] = whole
        for file, first, last in self._chunks(cell.key):
            if whole is not None and last <= whole.paths:
                continue
            result = _loaded(file, cell)
            if result is not None and result.paths == last - first:
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
        """What is on record of a cell, as far as it can be understood; else it is made again."""
        try:
            return sound_facts(read_json(self.folder(key) / FACTS, LARGEST), key)
        except (OSError, ValueError):
            return {}

    def note(self, key: str, facts: Mapping[str, Any]) -> None:
        """Write what is on record of a cell."""
        folder = self.folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / FACTS, facts)

    def finish(self, cell: CellRecord, paths: int) -> EscapeTimes | None:
        """Join the chunks of a cell into its result; None while one is missing.

        The result does not depend on how often the cell was interrupted: its seconds are in the
        summary alone.
        """
        whole = self.result(cell)
        if whole is not None and whole.paths == paths and not whole.seconds:
            return whole
        pieces = self.pieces(cell)
        if missing_ranges([(0, paths)], list(pieces)):
            return None
        whole = joined(pieces, paths)
        whole.save(self.folder(cell.key) / RESULT)
        return whole

    def result(self, cell: CellRecord) -> EscapeTimes | None:
        """All paths of a cell; None if they were not joined yet, or cannot be read."""
        return _loaded(self.folder(cell.key) / RESULT, cell)

    def has_result(self, key: str) -> bool:
        """Whether the file of all paths of a cell is there, and whole."""
        return zipfile.is_zipfile(self.folder(key) / RESULT)

    def drop_chunks(self, key: str) -> None:
        """Remove the chunks of a cell, whose result has them all."""
        for file, _, _ in self._chunks(key):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()

    def copy_from(self, other: Store, cell: CellRecord) -> None:
        """Take over what another directory has of a cell."""
        mine = list(self.pieces(cell))
        for (first, last), piece in other.pieces(cell).items():
            if missing_ranges([(first, last)], mine):
                self.keep(cell.key, first, piece)
        facts = other.facts(cell.key)
        if facts and not self.facts(cell.key):
            self.note(cell.key, facts)

    def remove(self) -> None:
        """Remove the directory."""
        shutil.rmtree(self.directory)


def _loaded(file: Path, cell: CellRecord) -> EscapeTimes | None:
    """A result of a cell; None if there is none, it is damaged, or it is of another cell."""
    try:
        found = load(file)
    except (FileNotFoundError, ValueError):
        return None
    return found if is_from(found, cell.origin) else None
