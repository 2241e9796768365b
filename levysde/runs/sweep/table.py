"""A sweep as a table, and its way to pandas and xarray."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levysde._printed import Printed, short_repr
from levysde._text import Row, plain
from levysde.runs.files import write_text
from levysde.runs.results import EscapeTimes, load
from levysde.runs.sweep.manifest import CellRecord, recorded
from levysde.runs.sweep.store import MANIFEST, RESULT, SUMMARY, Store
from levysde.runs.sweep.table_text import sweep_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ESTIMATES = ("paths", "mean", "mean_lower", "mean_upper", "predicted_mean", "ratio", "method")
_SCREEN = 30

INSTALL_XARRAY = "pip install '.[xarray]' in the folder of levysde"


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Printed):
    """What a sweep has computed.

    Attributes
    ----------
    directory : Path
        Where its files are.
    axes : dict
        By key, the values of each axis of the grid.
    rows : tuple of dict
        A line for each complete cell: settings, estimates with 95 % intervals, theory, cost. What
        was asked for and became something else, such as a seed, has a column ``seed_used``.
    labels : tuple of str
        What each line is, by the settings that vary.
    missing : tuple of str
        Labels of cells that are not complete.
    failed : dict
        By label of a cell that failed, the reason.
    warnings : dict
        By label, what a reader of the estimates must know.
    """

    directory: Path
    axes: dict[str, list[Any]]
    rows: tuple[dict[str, Any], ...]
    labels: tuple[str, ...]
    missing: tuple[str, ...]
    failed: dict[str, str]
    warnings: dict[str, list[str]]

    def __repr__(self) -> str:
        """Return the numbers of cells rather than the table."""
        counts = f"complete={len(self.rows)}, missing={len(self.missing)}"
        return short_repr(self, f"{counts}, failed={len(self.failed)}, {str(self.directory)!r}")

    def summary(self) -> str:
        """A line for each cell, the first of them where there are many.

        Returns
        -------
        str
        """
        return sweep_text(self, _SCREEN)

    def to_dict(self) -> dict[str, Any]:
        """The whole table as values that JSON can hold.

        Returns
        -------
        dict
            With the keys directory, complete (a number), missing, failed, warnings and cells (the
            lines), as `levysde sweep --json` prints them.
        """
        facts: dict[str, Any] = plain(
            {
                "directory": str(self.directory),
                "complete": len(self),
                "missing": self.missing,
                "failed": self.failed,
                "warnings": self.warnings,
                "cells": self.rows,
            }
        )
        return facts

    def plot(self, kind: str = "scaling", ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the table, or the survival curves of its cells.

        Parameters
        ----------
        kind : {"scaling", "collapse", "ratio", "phase_map", "survival"}
            Name of a function of `levysde.plots`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a figure of its own.
        **options : optional
            Arguments of that function by name, such as ``x`` and ``by``.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If the kind is unknown, no cell is complete, or the function refuses an option.
        """
        from levysde.report.kinds import draw_sweep

        return draw_sweep(self, kind, ax, options)

    def _rows(self) -> list[Row]:
        """The axes and the estimates of each cell."""
        axes = [name for name in self.axes if name in self.columns]
        return [{name: row.get(name) for name in (*axes, *_ESTIMATES)} for row in self.rows]

    def _frame(self) -> dict[str, list[Any]]:
        """All columns."""
        return self.table

    def __len__(self) -> int:
        """Return the number of complete cells."""
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def table(self) -> dict[str, list[Any]]:
        """The lines by column; None is what does not exist."""
        return by_column(self.rows)

    def select(self, **settings: Any) -> Sweep:
        """The cells with some settings.

        Parameters
        ----------
        **settings
            Values by column; write a dot as two underscores, ``noise__alpha=1.5``.

        Returns
        -------
        Sweep

        Raises
        ------
        ValueError
            If there is no such column.
        """
        wanted = {name.replace("__", "."): value for name, value in settings.items()}
        for name in wanted:
            if name not in self.columns:
                raise ValueError(f"no column {name!r}; give one of {', '.join(self.columns)}")
        kept = [
            place
            for place, row in enumerate(self.rows)
            if all(row.get(name) == value for name, value in wanted.items())
        ]
        rows = tuple(self.rows[place] for place in kept)
        labels = tuple(self.labels[place] for place in kept)
        return Sweep(self.directory, self.axes, rows, labels, (), {}, {})

    def results(self) -> dict[str, EscapeTimes]:
        """All paths of every complete cell, by label.

        Returns
        -------
        dict of EscapeTimes
        """
        return dict(zip(self.labels, self._results(), strict=True))

    def _results(self) -> Iterator[EscapeTimes]:
        store = Store(self.directory)
        for row in self.rows:
            yield load(store.folder(row["key"]) / RESULT)

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return self.to_dataframe()

    def to_xarray(self, *, paths: bool = False) -> Any:
        """The table on the axes of the grid as an xarray DataTree, for instance for NetCDF.

        Parameters
        ----------
        paths : bool
            Add a node for each cell with the times, statuses and positions of its paths.

        Returns
        -------
        xarray.DataTree
            Its root has the columns; its attributes are the record of the sweep.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        from levysde.runs.sweep.xarrays import data_tree

        return data_tree(self, list(self._results()) if paths else None)

    def write_summary(self) -> Path:
        """Write the table as summary.csv into the directory.

        Returns
        -------
        Path
        """
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        file = self.directory / SUMMARY
        write_text(file, text.getvalue())
        return file


def by_column(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Lines of a table by column; None is what a line lacks.

    Parameters
    ----------
    rows : iterable of mapping
        The lines, for instance of several sweeps.

    Returns
    -------
    dict of list

    Examples
    --------
    >>> by_column([{"epsilon": 0.1, "mean": 2.0}, {"epsilon": 0.2}])
    {'epsilon': [0.1, 0.2], 'mean': [2.0, None]}
    """
    lines = list(rows)
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: [line.get(name) for line in lines] for name in names}


def load_sweep(directory: str | os.PathLike[str]) -> Sweep:
    """What a sweep has computed so far, from its directory.

    Parameters
    ----------
    directory : str or path-like
        Where `sweep` wrote.

    Returns
    -------
    Sweep

    Raises
    ------
    FileNotFoundError
        If there is no sweep.
    ValueError
        If its record cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import levysde as ls
    >>> spec = {"paths": 100, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = ls.sweep(spec, folder)
    ...     ls.load_sweep(folder).table["epsilon"]
    [0.5, 0.8]
    """
    store = Store(Path(directory))
    record = store.manifest()
    if record is None:
        raise FileNotFoundError(2, "no sweep is here", str(store.directory / MANIFEST))
    labels, lines, settings = [], [], []
    missing, failed, warnings = [], {}, {}
    for cell in map(recorded, record["cells"]):
        facts, label = store.facts(cell.key), cell.label
        row = facts.get("row")
        if row is not None and _is_complete(cell, row) and store.has_result(cell.key):
            labels.append(label)
            lines.append(row)
            settings.append(cell.varied)
        else:
            missing.append(label)
        if "failed" in facts:
            failed[label] = facts["failed"]
        if "warnings" in facts:
            warnings[label] = facts["warnings"]
    axes = record.get("axes", {})
    rows = _as_asked(lines, settings)
    order = _order(axes, rows)
    return Sweep(
        store.directory,
        axes,
        tuple(rows[place] for place in order),
        tuple(labels[place] for place in order),
        tuple(missing),
        failed,
        warnings,
    )


def _is_complete(cell: CellRecord, row: Mapping[str, Any]) -> bool:
    """Whether a line is about all paths that the record asks for, and not about fewer."""
    if cell.escapes is None or row["escaped"] < cell.escapes:
        return bool(row["paths"] == cell.paths)
    return bool(row["paths"] <= cell.paths)


_CHOSEN = ("dt", "horizon", "method", "seed")
"""Settings of which a run may make something else: "auto", or a seed of each cell."""


def _as_asked(
    rows: Sequence[Mapping[str, Any]], settings: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Lines with the settings that were asked for; what became of them has columns of its own."""
    pairs = list(zip(rows, settings, strict=True))
    other = [
        name
        for name in _CHOSEN
        if any(name in asked and row[name] != asked[name] for row, asked in pairs)
    ]
    return [
        {
            **row,
            # With a precision there may be fewer paths than were asked for.
            **{name: value for name, value in asked.items() if name != "paths"},
            **{f"{name}_used": row[name] for name in other},
        }
        for row, asked in pairs
    ]


def _order(axes: Mapping[str, list[Any]], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The lines in the order of the spec, which is not that of the computation."""
    places = {key: {value: i for i, value in enumerate(values)} for key, values in axes.items()}

    def place(line: int) -> tuple[int, ...]:
        return tuple(each.get(rows[line].get(key), len(each)) for key, each in places.items())

    return sorted(range(len(rows)), key=place)
