"""A figure of a table as colors on a grid of two settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from levysde.report import rows
from levysde.report.drawing import check_ax, own_axes
from levysde.report.rows import Table

__all__ = ["phase_map"]

FloatArray = NDArray[np.float64]

# With more cells than this their numbers are too small to be read.
_LABELED_CELLS = 100
# Characters that fit beside each other along the width, and lines along the height.
_TICK_ROOM = {True: 48.0, False: 20.0}
# Positive values that vary more than this have a logarithmic scale of colors.
_LOG_FROM = 30.0


def phase_map(table: Table, x: str, y: str, value: str = "ratio", ax: Axes | None = None) -> Axes:
    """Colors of a value on the grid of two settings.

    A ratio has a diverging scale with 1 in its middle, logarithmic; any other value a scale of
    growing lightness. Settings without a value are hatched. Up to 100 cells have their numbers
    written in them.

    Parameters
    ----------
    table : mapping of str to sequence
        With the three columns.
    x, y : str
        Columns of the axes, of numbers or names: one column of cells for each value that occurs.
    value : str, default "ratio"
        Column of the colors.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If a column is missing, the values are not numbers, no row is complete, or two rows are in
        one cell.

    Examples
    --------
    >>> table = {"alpha": [1.2, 1.2, 1.5], "epsilon": [0.1, 0.2, 0.1], "ratio": [1.1, 0.9, 1.0]}
    >>> ax = phase_map(table, "epsilon", "alpha")
    >>> [text.get_text() for text in ax.texts]
    ['1.1', '0.9', '1']
    """
    check_ax(ax)
    across, columns = _cells(table, x)
    along, lines = _cells(table, y)
    colors = rows.numbers(table, value)
    is_ratio = value == "ratio"
    cells = np.full((len(lines), len(columns)), np.nan)
    taken: dict[tuple[int, int], int] = {}
    for row in np.flatnonzero(np.isfinite(colors) & (across >= 0) & (along >= 0)):
        cell = int(along[row]), int(across[row])
        if cell in taken:
            raise ValueError(
                f"rows {taken[cell]} and {row} of the table have the same {x} and {y}; give a "
                "table with one row for each cell"
            )
        taken[cell] = int(row)
        cells[cell] = colors[row]
    if not taken or (is_ratio and np.nanmin(cells) <= 0.0):
        raise ValueError(f"the table has no row with {x}, {y} and a {value}, positive if a ratio")
    ax = own_axes() if ax is None else ax
    norm = _color_scale(cells, is_ratio)
    mesh = ax.pcolormesh(cells, cmap="PuOr" if is_ratio else "viridis", norm=norm)
    _hatch_missing(ax, cells)
    if cells.size <= _LABELED_CELLS:
        _write_numbers(ax, cells, mesh)
    for axis, name, ticks in ((ax.xaxis, x, columns), (ax.yaxis, y, lines)):
        _label_cells(axis, [_tick(tick) for tick in ticks], _TICK_ROOM[axis is ax.xaxis])
        axis.set_tick_params(length=0)
        axis.set_label_text(rows.heading(name))
    _color_bar(ax, mesh, "simulated / predicted mean" if is_ratio else rows.heading(value))
    return ax


def _cells(table: Table, name: str) -> tuple[NDArray[np.intp], list[Any]]:
    """Return the number of each row's cell along one axis, -1 where none, and the ticks."""
    found = rows.values(table, name)
    present = [value for value in found if value is not None]
    distinct = list(dict.fromkeys(present))
    if not any(isinstance(value, str) for value in distinct):
        distinct.sort()
    numbers = {value: index for index, value in enumerate(distinct)}
    return np.array([-1 if value is None else numbers[value] for value in found]), distinct


def _color_scale(cells: FloatArray, is_ratio: bool) -> Normalize:
    low, high = float(np.nanmin(cells)), float(np.nanmax(cells))
    if is_ratio:
        # A few per cent at least: no strong colors for what is all but 1.
        most = max(high, 1.0 / low, 1.05)
        return LogNorm(1.0 / most, most)
    if low > 0.0 and high > _LOG_FROM * low:
        return LogNorm(low, high)
    return Normalize(low, high if high > low else low + 1.0)


def _hatch_missing(ax: Axes, cells: FloatArray) -> None:
    for line, column in zip(*np.nonzero(np.isnan(cells)), strict=True):
        ax.add_patch(
            Rectangle(
                (column, line), 1.0, 1.0, fill=False, hatch="////", edgecolor="0.6", linewidth=0.0
            )
        )


def _write_numbers(ax: Axes, cells: FloatArray, mesh: ScalarMappable) -> None:
    for line, column in zip(*np.nonzero(np.isfinite(cells)), strict=True):
        value = cells[line, column]
        red, green, blue, _ = mesh.to_rgba(value)
        lightness = 0.299 * red + 0.587 * green + 0.114 * blue
        ax.text(
            column + 0.5,
            line + 0.5,
            f"{value:.0f}" if 100.0 <= value < 1e5 else f"{value:.3g}",
            ha="center",
            va="center",
            fontsize="small" if cells.shape[1] <= 7 else "x-small",
            color="black" if lightness > 0.5 else "white",
        )


def _color_bar(ax: Axes, mesh: ScalarMappable, label: str) -> None:
    bar = ax.figure.colorbar(mesh, ax=ax, label=label)
    low, high = mesh.get_clim()
    if isinstance(mesh.norm, LogNorm) and low is not None and high is not None:
        short = math.log10(high / low) < 0.7
        bar.ax.yaxis.set_major_locator(
            MaxNLocator(5) if short else LogLocator(subs=(1.0, 2.0, 5.0))
        )
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())


def _label_cells(axis: Axis, labels: list[str], room: float) -> None:
    """Write what fits: numbers with gaps, names at an angle if need be."""
    each = max(len(label) for label in labels) + 2.0 if isinstance(axis, XAxis) else 1.0
    step = math.ceil(len(labels) * each / room)
    are_names = any(label[:1].isalpha() for label in labels)
    shown = slice(None, None, 1 if are_names else step)
    places = np.arange(len(labels)) + 0.5
    axis.set_ticks(places[shown], labels[shown])
    if are_names and step > 1 and isinstance(axis, XAxis):
        for text in axis.get_ticklabels():
            text.set(rotation=30.0, ha="right", rotation_mode="anchor")


def _tick(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float | np.number) else str(value)
