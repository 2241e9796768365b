"""A sweep as an xarray DataTree: the table on the axes of the grid, and the paths of each cell."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from levysde.noise import CONVENTION
from levysde.runs.record import versions
from levysde.runs.results import EscapeTimes, Status
from levysde.runs.sweep.naming import column_name
from levysde.runs.sweep.store import Store
from levysde.runs.sweep.table import INSTALL_XARRAY, Sweep

CELL = "cell"
"""The dimension of cells that form no grid."""

LONGEST_ATTRIBUTE = 60_000
"""Characters of an attribute that every file format can hold."""

_EXACT = 1 << 53


def data_tree(sweep: Sweep, results: Sequence[EscapeTimes] | None = None) -> Any:
    """The table of a sweep on the axes of its grid, and its results if they are given.

    Parameters
    ----------
    sweep : Sweep
        What was computed.
    results : sequence of EscapeTimes, optional
        The paths of its lines, in their order.

    Returns
    -------
    xarray.DataTree
        The root has the columns on the axes, or on the dimension "cell" where the cells form no
        grid; a cell that is missing is NaN or an empty text. A node for each result, by the key of
        its cell, has its paths. All attributes are text.

    Raises
    ------
    ImportError
        If xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise ImportError(f"xarray is not installed: {INSTALL_XARRAY}") from error
    record = Store(sweep.directory).manifest() or {}
    varied = [column_name(key) for key in record.get("varied", ())]
    columns = {
        **sweep.table,
        "label": list(sweep.labels),
        "warnings": [" ".join(sweep.warnings.get(label, ())) for label in sweep.labels],
    }
    places = _places(sweep, varied, len(record.get("cells", ())))
    if places is None:
        variables: dict[str, Any] = {n: (CELL, _array(v)) for n, v in columns.items()}
        coordinates = {name: variables.pop(name) for name in (*varied, "label") if name in columns}
    else:
        coordinates = {name: (name, _array(values)) for name, values in sweep.axes.items()}
        variables = {
            name: (tuple(sweep.axes), _on_grid(values, places, sweep.axes))
            for name, values in columns.items()
            if name not in sweep.axes
        }
    root = xarray.Dataset(variables, coordinates, _attributes(sweep, record))
    nodes = {
        f"/{row['key']}": _paths(xarray, label, result)
        for row, label, result in zip(sweep.rows, sweep.labels, results or (), strict=False)
    }
    return xarray.DataTree.from_dict({"/": root, **nodes})


def _places(sweep: Sweep, varied: list[str], cells: int) -> list[tuple[int, ...]] | None:
    """Where each line is on the axes; None if the cells form no grid."""
    axes = sweep.axes
    full = math.prod(len(values) for values in axes.values())
    if not axes or set(varied) != set(axes) or full != cells:
        return None
    order = {key: {value: i for i, value in enumerate(axes[key])} for key in axes}
    try:
        return [tuple(order[key][row[key]] for key in axes) for row in sweep.rows]
    except KeyError:
        return None


def _on_grid(values: list[Any], places: list[tuple[int, ...]], axes: dict[str, list[Any]]) -> Any:
    """A column on the axes of the grid."""
    grid = np.full([len(each) for each in axes.values()], None, dtype=object)
    for place, value in zip(places, values, strict=True):
        grid[place] = value
    return _array(grid.ravel().tolist()).reshape(grid.shape)


def _array(values: list[Any]) -> Any:
    """Whole numbers, numbers with NaN for None, or text with "" for None."""
    given = [value for value in values if value is not None]
    whole = [value for value in given if isinstance(value, int)]
    if given and len(whole) == len(values):
        fits = min(whole) >= -(1 << 63) and max(whole) < 1 << 63
        return np.array(values, dtype=np.int64 if fits else np.uint64)
    exact = all(abs(value) <= _EXACT for value in whole)
    if exact and all(isinstance(value, int | float) for value in given):
        return np.array([math.nan if value is None else value for value in values], dtype=float)
    return np.array(["" if value is None else str(value) for value in values], dtype=str)


def _attributes(sweep: Sweep, record: dict[str, Any]) -> dict[str, str]:
    """What is on record of a sweep, as text."""
    made = versions()
    spec = {name: record.get(name) for name in ("fixed", "varied", "axes")}
    return {
        "convention": CONVENTION,
        "levysde": made["levysde"],
        "versions": json.dumps(made),
        "spec": _short(spec, "axes"),
        "missing": str(len(sweep.missing)),
        "failed": _short({"cells": len(sweep.failed), "reasons": sweep.failed}, "reasons"),
    }


def _short(record: dict[str, Any], longest: str) -> str:
    """JSON text, without its longest entry where it would be too long for an attribute."""
    text = json.dumps(record)
    if len(text) > LONGEST_ATTRIBUTE:
        text = json.dumps({name: each for name, each in record.items() if name != longest})
    return text


def _paths(xarray: Any, label: str, result: EscapeTimes) -> Any:
    """The paths of a cell."""
    meaning = ", ".join(f"{status.value} {status.name.lower()}" for status in Status)
    variables: dict[str, Any] = {
        "time": ("path", result.times),
        "steps": ("path", result.steps),
        "status": ("path", result.status, {"meaning": meaning}),
        "exit_position": (("path", "coordinate"), result.exit_position),
    }
    attributes = {"label": label, "digest": result.digest}
    text = json.dumps(result.parameters)
    if len(text) <= LONGEST_ATTRIBUTE:
        attributes["parameters"] = text
    else:  # too long for an attribute
        variables["parameters"] = ((), text)
    return xarray.Dataset(variables, attrs=attributes)
