"""Figures of tables: many settings, simulated and predicted.

A table is a mapping from names of columns to sequences, one row a setting: a dictionary of lists,
or a data frame. Rows whose numbers are missing (None or NaN) are left out. Simulation is drawn as
points with 95 % intervals and theory as lines; groups have their own color and marker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from levysde.report import rows
from levysde.report.drawing import CYCLE, MARKERS, check_ax, legend_below, log_axis, own_axes
from levysde.report.rows import Table

__all__ = ["collapse", "points", "ratio", "scaling"]

FloatArray = NDArray[np.float64]

# An axis of positive values that vary more than this is logarithmic.
_LOG_FROM = 10.0
_APART_POINTS = 3.0
_SHORT = 1.08
_THEORY: dict[str, dict[str, Any]] = {
    "leading order": {"linestyle": "-", "linewidth": 1.2},
    "corrected": {"linestyle": "--", "linewidth": 0.8},
    "predicted": {"linestyle": "-", "linewidth": 1.2},
}


def scaling(
    table: Table, x: str = "epsilon", by: Sequence[str] = ("basin",), ax: Axes | None = None
) -> Axes:
    r"""Mean escape time against a setting, simulated and predicted, both axes logarithmic.

    The leading-order prediction is a solid line through its values at the points, and where the
    table has ``corrected_mean`` that is a thinner dashed one.

    Parameters
    ----------
    table : mapping of str to sequence
        With the columns ``mean``, ``mean_lower``, ``mean_upper``, ``predicted_mean``, that of `x`
        and those of `by`; ``corrected_mean`` if there is any.
    x : str, default "epsilon"
        Column of the horizontal axis, positive.
    by : sequence of str, default ("basin",)
        Columns that tell the groups apart.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If a column is missing or not of numbers, no row is complete, or rows of one group with the
        same `x` differ in a setting.

    Examples
    --------
    >>> table = {"basin": ["flat", "flat"], "epsilon": [0.1, 0.2], "mean": [40.0, 15.0],
    ...     "mean_lower": [39.0, 14.5], "mean_upper": [41.0, 15.5], "predicted_mean": [42.0, 14.8]}
    >>> ax = scaling(table)
    >>> ax.get_xlabel(), ax.get_yscale()
    ('noise amplitude $\\varepsilon$', 'log')
    """
    check_ax(ax)
    place, mean = rows.numbers(table, x), rows.numbers(table, "mean")
    used = _usable({x: place, "mean": mean})
    grouped = _groups(table, by, place, used)
    ax = own_axes() if ax is None else ax
    theory = {
        "leading order": rows.optional_numbers(table, "predicted_mean"),
        "corrected": rows.optional_numbers(table, "corrected_mean"),
    }
    drawn = _draw_groups(ax, table, "mean", place, grouped, theory)
    log_axis(ax, "x", place[used])
    log_axis(ax, "y", drawn)
    ax.set_xlabel(rows.heading(x))
    ax.set_ylabel("mean escape time")
    legend_below(ax)
    return ax


def collapse(table: Table, by: Sequence[str] = ("basin",), ax: Axes | None = None) -> Axes:
    """Mean escape time against the predicted one: all settings on the diagonal if the law holds.

    The prediction is the leading order for small noise, ``epsilon^-alpha / nu(W)`` for SGD.

    Parameters
    ----------
    table : mapping of str to sequence
        With the columns ``mean``, ``mean_lower``, ``mean_upper``, ``predicted_mean`` and those of
        `by`.
    by : sequence of str, default ("basin",)
        Columns that tell the groups apart.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If a column is missing or not of numbers, or no row is complete.

    Examples
    --------
    >>> table = {"basin": ["flat", "sharp"], "mean": [40.0, 15.0], "mean_lower": [39.0, 14.5],
    ...     "mean_upper": [41.0, 15.5], "predicted_mean": [42.0, 14.8]}
    >>> [line.get_label() for line in collapse(table).lines if line.get_linestyle() == "-"]
    ['prediction']
    """
    check_ax(ax)
    predicted, mean = rows.numbers(table, "predicted_mean"), rows.numbers(table, "mean")
    used = _usable({"predicted_mean": predicted, "mean": mean})
    grouped = _kept(rows.groups(table, by), used)
    ax = own_axes() if ax is None else ax
    drawn = _draw_groups(ax, table, "mean", predicted, grouped, {})
    both = np.concatenate([drawn, predicted[used]])
    ends = np.array([both.min() / 1.3, both.max() * 1.3])
    ax.plot(ends, ends, color="black", linestyle="-", linewidth=1.0, label="prediction", zorder=1)
    log_axis(ax, "x", predicted[used])
    log_axis(ax, "y", drawn)
    ax.set_xlabel("predicted mean escape time (leading order)")
    ax.set_ylabel("mean escape time")
    legend_below(ax)
    return ax


def ratio(
    table: Table, x: str = "epsilon", by: Sequence[str] = ("basin",), ax: Axes | None = None
) -> Axes:
    """Simulated over predicted mean escape time against a setting.

    Where the table has ``corrected_mean``, that over the leading order is a thin dashed line.
    Points of several groups are drawn side by side, a little off their place, to hide none.

    Parameters
    ----------
    table : mapping of str to sequence
        With the columns ``ratio``, ``ratio_lower``, ``ratio_upper``, that of `x` and those of `by`;
        ``corrected_mean`` and ``predicted_mean`` if there are any.
    x : str, default "epsilon"
        Column of the horizontal axis, positive.
    by : sequence of str, default ("basin",)
        Columns that tell the groups apart.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If a column is missing or not of numbers, no row is complete, or rows of one group with the
        same `x` differ in a setting.

    Examples
    --------
    >>> table = {"basin": ["flat", "flat"], "epsilon": [0.1, 0.2], "ratio": [0.95, 0.9],
    ...     "ratio_lower": [0.93, 0.88], "ratio_upper": [0.97, 0.92]}
    >>> ratio(table).get_ylabel()
    'simulated / predicted mean'
    """
    check_ax(ax)
    place, share = rows.numbers(table, x), rows.numbers(table, "ratio")
    used = _usable({x: place, "ratio": share})
    grouped = _groups(table, by, place, used)
    ax = own_axes() if ax is None else ax
    ax.axhline(1.0, color="black", linestyle="-", linewidth=1.0, label="prediction", zorder=1)
    corrected = rows.optional_numbers(table, "corrected_mean")
    theory = {"corrected": corrected / rows.optional_numbers(table, "predicted_mean")}
    drawn = _draw_groups(ax, table, "ratio", place, grouped, theory, apart=_APART_POINTS)
    log_axis(ax, "x", place[used])
    if drawn.max() > _LOG_FROM * drawn.min():
        log_axis(ax, "y", drawn)
    ax.set_xlabel(rows.heading(x))
    ax.set_ylabel("simulated / predicted mean")
    legend_below(ax)
    return ax


def points(table: Table, x: str, y: str, by: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """One column against another: points with intervals, and lines of what is predicted.

    Intervals are those of the columns ``y_lower`` and ``y_upper``, lines those of
    ``predicted_y``, where the table has them. Both axes are logarithmic.

    Parameters
    ----------
    table : mapping of str to sequence
        With the columns `x`, `y` and those of `by`.
    x, y : str
        Columns of the axes, positive.
    by : sequence of str, default ()
        Columns that tell the groups apart.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If a column is missing or not of positive numbers, or no row is complete.

    Examples
    --------
    >>> table = {"method": ["euler", "jump"], "epsilon": [0.1, 0.1], "time": [0.5, 0.2]}
    >>> points(table, "epsilon", "time", by=["method"]).get_ylabel()
    'time'
    """
    check_ax(ax)
    place, height = rows.numbers(table, x), rows.numbers(table, y)
    used = _usable({x: place, y: height})
    grouped = _kept(rows.groups(table, by), used)
    grouped = {label: group[np.argsort(place[group])] for label, group in grouped.items()}
    ax = own_axes() if ax is None else ax
    theory = {"predicted": rows.optional_numbers(table, f"predicted_{y}")}
    drawn = _draw_groups(ax, table, y, place, grouped, theory)
    log_axis(ax, "x", place[used])
    log_axis(ax, "y", drawn)
    ax.set_xlabel(rows.heading(x))
    ax.set_ylabel(rows.heading(y))
    legend_below(ax)
    return ax


def _usable(columns: dict[str, FloatArray]) -> NDArray[np.bool_]:
    """Return which rows have a number in every column; they must be positive."""
    used: NDArray[np.bool_] = np.all([np.isfinite(column) for column in columns.values()], axis=0)
    if not used.any():
        raise ValueError(f"the table has no row with a number in {' and '.join(columns)}")
    for name, column in columns.items():
        if column[used].min() <= 0.0:
            raise ValueError(
                f"column {name!r} has the value {column[used].min():g}; a logarithmic axis needs "
                "positive numbers"
            )
    return used


def _groups(
    table: Table, by: Sequence[str], place: FloatArray, used: NDArray[np.bool_]
) -> dict[str, NDArray[np.intp]]:
    """Return the usable rows of each group by increasing place."""
    grouped = _kept(rows.groups(table, by), used)
    for group in grouped.values():
        rows.check_apart(table, place.tolist(), group.tolist(), "name what tells them apart in by")
    return {label: group[np.argsort(place[group])] for label, group in grouped.items()}


def _kept(
    grouped: dict[str, NDArray[np.intp]], used: NDArray[np.bool_]
) -> dict[str, NDArray[np.intp]]:
    kept = {label: group[used[group]] for label, group in grouped.items()}
    return {label: group for label, group in kept.items() if group.size}


def _draw_groups(
    ax: Axes,
    table: Table,
    name: str,
    place: FloatArray,
    grouped: dict[str, NDArray[np.intp]],
    theory: dict[str, FloatArray],
    apart: float = 0.0,
) -> FloatArray:
    """Draw points with intervals, and lines of the theory; return all heights drawn.

    The points of neighboring groups are so many points of print apart.
    """
    height = rows.numbers(table, name)
    lower, upper = (rows.optional_numbers(table, f"{name}_{end}") for end in ("lower", "upper"))
    drawn = []
    for index, (label, group) in enumerate(grouped.items()):
        color = CYCLE[index % len(CYCLE)]
        look = {"color": color, "fmt": MARKERS[index % len(MARKERS)], "label": label}
        aside = (index - 0.5 * (len(grouped) - 1)) * apart
        _draw_points(ax, place[group], height[group], lower[group], upper[group], aside, look)
        drawn.append(height[group])
        for kind, line in theory.items():
            known = group[np.isfinite(line[group])]
            if known.size:
                x, y = place[known], line[known]
                if known.size == 1:  # a line through one place would not be seen
                    x, y = x[0] * np.array([1.0 / _SHORT, _SHORT]), np.repeat(y, 2)
                ax.plot(x, y, color=color, zorder=2, **_THEORY[kind])
                drawn.append(line[known])
    for kind, line in theory.items():
        if np.isfinite(line[np.concatenate(list(grouped.values()))]).any():
            # One entry for all groups: their lines differ in color alone.
            ax.plot([], [], color="black", label=kind, **_THEORY[kind])
    ax.autoscale_view()
    return np.concatenate(drawn)


def _draw_points(
    ax: Axes,
    x: FloatArray,
    y: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    aside: float,
    look: dict[str, Any],
) -> None:
    """Draw points with intervals, so many points of print beside their place."""
    figure: Any = ax.figure  # of a part of a figure too
    ax.errorbar(
        x,
        y,
        yerr=np.maximum([y - lower, upper - y], 0.0),
        markersize=4.5,
        capsize=2.0,
        elinewidth=1.0,
        zorder=3,
        transform=offset_copy(ax.transData, figure, x=aside, units="points"),
        **look,
    )
    # What is drawn aside does not count for the view by itself.
    for ends in (y, lower, upper):
        ax.update_datalim(np.column_stack([x, ends])[np.isfinite(ends)])
