"""Figures of positions: where paths leave, and how they move in the plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from levysde import checks
from levysde.basins import Basin
from levysde.report.backdrop import (
    View,
    boundary_on_line,
    check_basin,
    draw_plane,
    note_beyond,
    view_of,
)
from levysde.report.drawing import BLUE, CYCLE, SKY, check_ax, legend_below, own_axes, title
from levysde.runs.results import EscapeTimes, Status

__all__ = ["exit_positions", "plane"]

FloatArray = NDArray[np.float64]

_BINS = 60
# More points than this are one another's background.
_POINTS = 5000
# A step this many times the median one is a jump.
_JUMP = 8.0
# Half-width of the view over the distance of the boundary.
_EXIT_VIEW, PATH_VIEW = 4.0, 2.0
# Without a boundary: share of the points in view.
_EXIT_SHARE, PATH_SHARE = 0.9, 0.99


def exit_positions(result: EscapeTimes, basin: Basin | None = None, ax: Axes | None = None) -> Axes:
    """Where paths were when they were first seen outside.

    In one dimension a histogram, in more the first two coordinates as points, of at most 5000
    paths. Jumps are heavy-tailed, so the view ends 4 distances of the boundary from the minimum, or
    without a basin where it has 9 exits of 10; the share of exits beyond is said. With a basin the
    boundary is drawn, and in two and more dimensions contour lines of the potential, both in the
    plane of the first two coordinates through the minimum.

    Parameters
    ----------
    result : EscapeTimes
        The simulation.
    basin : Basin, optional
        What was left.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If no path escaped, or the basin has another dimension.

    Examples
    --------
    >>> import levysde as ls
    >>> setting = (ls.basins.flat(2), ls.dynamics.sgd(), ls.noise.independent(1.5))
    >>> result = ls.escape_times(*setting, epsilon=0.5, paths=100)
    >>> exit_positions(result, ls.basins.flat(2)).get_xlabel()
    'coordinate 1'
    """
    checks.instance("result", result, EscapeTimes)
    check_basin(basin, result.dim)
    check_ax(ax)
    found = result.exit_position[result.status == Status.ESCAPED][:, :2]
    found = found[np.isfinite(found).all(axis=1)]
    if found.size == 0:
        raise ValueError("no path escaped: there are no exit positions; give a longer horizon")
    shown_coordinates = tuple(range(found.shape[1]))
    view = view_of(found, basin, _EXIT_VIEW, _EXIT_SHARE, shown_coordinates)
    ax = own_axes() if ax is None else ax
    if result.dim == 1:
        _draw_histogram(ax, found[:, 0], view, basin)
    else:
        draw_plane(ax, view, basin)
        # The first paths are as good as any: they are independent.
        shown = found[:_POINTS]
        shown = shown[view.contains(shown)]
        ax.scatter(
            shown[:, 0], shown[:, 1], s=4.0, color=BLUE, alpha=0.5, linewidths=0.0,
            label="exit position", rasterized=True, zorder=3,
        )  # fmt: skip
    note_beyond(ax, 1.0 - float(view.contains(found).mean()), "exits")
    ax.set_title(title(result.parameters), fontsize="medium")
    legend_below(ax)
    return ax


def plane(
    paths: ArrayLike,
    basin: Basin | None = None,
    ax: Axes | None = None,
    coordinates: Sequence[int] = (0, 1),
) -> Axes:
    """Sample paths in the plane of two coordinates, jumps drawn as jumps.

    A step more than 8 times as long as the median step of all paths is a thin dotted line: a path
    is not anywhere between its ends. A circle is where a path begins. With a basin, a cross is
    where a path ends outside it; contour lines of its potential and its boundary are drawn, in the
    plane of the two coordinates through the minimum, and the view ends 2 distances of the boundary
    from it.

    Parameters
    ----------
    paths : array_like, shape (paths, points, dim) or (points, dim)
        Positions, such as those of `levysde.trajectories`. What is not finite is left out.
    basin : Basin, optional
        Where the paths move.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.
    coordinates : sequence of two int, default (0, 1)
        Numbers of the coordinates of both axes, from 0.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If the shape is another one, no position is finite, the basin has another dimension, or
        the coordinates are not two different ones.

    Examples
    --------
    >>> path = [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1], [3.0, 3.0]]
    >>> [line.get_linestyle() for line in plane(path).lines[:3]]
    ['-', ':', 'None']
    """
    given = checks.numbers("paths", paths)
    given = given[None] if given.ndim == 2 else given
    if given.ndim != 3 or given.shape[2] < 2 or given.size == 0:
        raise ValueError(
            f"paths has shape {np.shape(paths)}; give (paths, points, dim) with dim of 2 or more"
        )
    check_basin(basin, given.shape[2])
    check_ax(ax)
    pair = pair_of(coordinates, given.shape[2])
    drawn = np.array(given[:, :, list(pair)])
    drawn[~np.asarray(np.isfinite(drawn).all(axis=2))] = np.nan
    finite = drawn[np.isfinite(drawn[:, :, 0])]
    if finite.size == 0:
        raise ValueError("paths has no finite position; there is nothing to draw")
    ax = own_axes() if ax is None else ax
    view = view_of(finite, basin, PATH_VIEW, PATH_SHARE, pair)
    draw_plane(ax, view, basin)
    longest = _JUMP * _median_step(drawn)
    for index, path in enumerate(drawn):
        color = CYCLE[index % len(CYCLE)]
        jumps = np.flatnonzero(np.hypot(*np.diff(path, axis=0).T) > longest)
        smooth = np.insert(path, jumps + 1, np.nan, axis=0)
        ax.plot(smooth[:, 0], smooth[:, 1], color=color, linewidth=0.9, zorder=3)
        if jumps.size:
            gaps = np.full((jumps.size, 2), np.nan)
            leaps = np.stack([path[jumps], path[jumps + 1], gaps], axis=1).reshape(-1, 2)
            ax.plot(leaps[:, 0], leaps[:, 1], color=color, linestyle=":", linewidth=0.8, zorder=2)
    _mark_ends(ax, drawn, given, basin, pair)
    if any(line.get_linestyle() == ":" for line in ax.lines):
        ax.plot([], [], color="black", linestyle=":", linewidth=0.8, label="jump")
    note_beyond(ax, 1.0 - float(view.contains(finite).mean()), "positions")
    legend_below(ax)
    return ax


def pair_of(coordinates: object, dim: int) -> tuple[int, int]:
    """Return the numbers of two different coordinates."""
    if isinstance(coordinates, str) or not isinstance(coordinates, Sequence | np.ndarray):
        raise ValueError(f"coordinates is {checks.told(coordinates)}; give two numbers from 0")
    pair = [checks.whole_number("coordinates", each, 0, dim - 1) for each in coordinates]
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ValueError(f"coordinates is {checks.told(coordinates)}; give two different numbers")
    return pair[0], pair[1]


def _mark_ends(
    ax: Axes, drawn: FloatArray, given: FloatArray, basin: Basin | None, pair: tuple[int, int]
) -> None:
    """Mark where paths begin, and where those that end outside the basin end."""
    look: dict[str, Any] = {"linestyle": "none", "color": "black", "zorder": 5}
    ax.plot(
        *drawn[:, 0].T, marker="o", markersize=5.0, markerfacecolor="white", label="start", **look
    )
    if basin is None:
        return
    finite = np.asarray(np.isfinite(given).all(axis=2))
    ends = [path[known][-1] for path, known in zip(given, finite, strict=True) if known.any()]
    exits = np.array([end for end in ends if basin.domain.outside_many(end[None])[0]])
    if exits.size:
        ax.plot(*exits[:, list(pair)].T, marker="x", markersize=6.0, label="exit", **look)


def _draw_histogram(ax: Axes, x: FloatArray, view: View, basin: Basin | None) -> None:
    low, high = float(view.center[0]) - view.half, float(view.center[0]) + view.half
    boundary = [] if basin is None else boundary_on_line(basin, low, high)
    edges = _bins([low, *boundary, high])
    density = np.histogram(x, bins=edges)[0] / (x.size * np.diff(edges))
    ax.stairs(density, edges, fill=True, color=SKY, alpha=0.6)
    ax.stairs(density, edges, color=BLUE, linewidth=1.0, label="exit position")
    for index, edge in enumerate(boundary):
        label = "_nolegend_" if index else "boundary"
        ax.axvline(edge, color="black", linestyle="--", linewidth=1.2, label=label)
    ax.set_xlim(low, high)
    ax.set_xlabel("exit position")
    ax.set_ylabel("probability density")


def _bins(ends: list[float]) -> FloatArray:
    """Return edges of bins of about the same width, with the ends among them."""
    width = (ends[-1] - ends[0]) / _BINS
    pieces = [
        np.linspace(left, right, max(1, round((right - left) / width)), endpoint=False)
        for left, right in pairwise(ends)
    ]
    return np.concatenate([*pieces, [ends[-1]]])


def _median_step(paths: FloatArray) -> float:
    """Return the median length of the steps that move, or infinity where there is none."""
    lengths = np.hypot(*np.moveaxis(np.diff(paths, axis=1), 2, 0))
    moving = lengths[np.isfinite(lengths) & (lengths > 0.0)]
    return float(np.median(moving)) if moving.size else math.inf
