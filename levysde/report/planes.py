"""Figures of positions: where paths leave, and how they move in the plane."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from levysde import checks
from levysde.basins import Basin
from levysde.report.drawing import BLUE, CYCLE, SKY, check_ax, legend_below, own_axes, title
from levysde.runs.results import EscapeTimes, Status

__all__ = ["exit_positions", "plane"]

FloatArray = NDArray[np.float64]

_GRID = 81
_FINE_GRID = 2001
_MASK_GRID = 201
# Bisections of an edge of that grid: far below the width of a line.
_HALVINGS = 8
_BINS = 60
_LEVELS = 10
# More points than this are one another's background.
_POINTS = 5000
# A step this many times the median one is a jump.
_JUMP = 8.0
# Half-width of the view over the distance of the boundary.
_EXIT_VIEW, _PATH_VIEW = 4.0, 2.0
# Without a boundary: share of the points in view, and its largest half-width in median distances.
_EXIT_SHARE, _PATH_SHARE, _WIDEST = 0.9, 0.99, 20.0


class _View(NamedTuple):
    """A square, or an interval: its middle and half of its width."""

    center: FloatArray
    half: float

    def contains(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return which points, shape (count, coordinates), are in it."""
        return np.asarray((np.abs(points - self.center) <= self.half).all(axis=1))


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
    _check_basin(basin, result.dim)
    check_ax(ax)
    found = result.exit_position[result.status == Status.ESCAPED][:, :2]
    found = found[np.isfinite(found).all(axis=1)]
    if found.size == 0:
        raise ValueError("no path escaped: there are no exit positions; give a longer horizon")
    view = _view(found, basin, _EXIT_VIEW, _EXIT_SHARE)
    ax = own_axes() if ax is None else ax
    if result.dim == 1:
        _draw_histogram(ax, found[:, 0], view, basin)
    else:
        _draw_plane(ax, view, basin)
        # The first paths are as good as any: they are independent.
        shown = found[:_POINTS]
        shown = shown[view.contains(shown)]
        ax.scatter(
            shown[:, 0], shown[:, 1], s=4.0, color=BLUE, alpha=0.5, linewidths=0.0,
            label="exit position", rasterized=True, zorder=3,
        )  # fmt: skip
    _note(ax, 1.0 - float(view.contains(found).mean()), "exits")
    ax.set_title(title(result.parameters), fontsize="medium")
    legend_below(ax)
    return ax


def plane(paths: ArrayLike, basin: Basin | None = None, ax: Axes | None = None) -> Axes:
    """Sample paths in the plane of two coordinates, jumps drawn as jumps.

    A step more than 8 times as long as the median step of all paths is a thin dotted line: a path
    is not anywhere between its ends. A circle is where a path begins. With a basin, a cross is
    where a path ends outside it; contour lines of its potential and its boundary are drawn, in the
    plane of the first two coordinates through the minimum, and the view ends 2 distances of the
    boundary from it.

    Parameters
    ----------
    paths : array_like, shape (paths, points, dim) or (points, dim)
        Positions, such as those of `levysde.trajectories`; the first two coordinates are drawn.
        What is not finite is left out.
    basin : Basin, optional
        Where the paths move.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If the shape is another one, no position is finite, or the basin has another dimension.

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
    _check_basin(basin, given.shape[2])
    check_ax(ax)
    drawn = np.array(given[:, :, :2])
    drawn[~np.asarray(np.isfinite(drawn).all(axis=2))] = np.nan
    finite = drawn[np.isfinite(drawn[:, :, 0])]
    if finite.size == 0:
        raise ValueError("paths has no finite position; there is nothing to draw")
    ax = own_axes() if ax is None else ax
    view = _view(finite, basin, _PATH_VIEW, _PATH_SHARE)
    _draw_plane(ax, view, basin)
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
    _mark_ends(ax, drawn, given, basin)
    if any(line.get_linestyle() == ":" for line in ax.lines):
        ax.plot([], [], color="black", linestyle=":", linewidth=0.8, label="jump")
    _note(ax, 1.0 - float(view.contains(finite).mean()), "positions")
    legend_below(ax)
    return ax


def _mark_ends(ax: Axes, drawn: FloatArray, given: FloatArray, basin: Basin | None) -> None:
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
        ax.plot(*exits[:, :2].T, marker="x", markersize=6.0, label="exit", **look)


def _check_basin(basin: Basin | None, dim: int) -> None:
    if basin is None:
        return
    checks.instance("basin", basin, Basin)
    if basin.dim != dim:
        raise ValueError(f"basin has dimension {basin.dim} and the positions have {dim}")


def _view(points: FloatArray, basin: Basin | None, widths: float, share: float) -> _View:
    """Return so many widths of the domain about the minimum, or a share of the points."""
    if basin is not None:
        return _View(np.array(basin.minimum[: points.shape[1]]), widths * _width(basin))
    center = np.median(points, axis=0)
    away = np.abs(points - center).max(axis=1)
    half = min(1.05 * float(np.quantile(away, share)), _WIDEST * float(np.median(away)))
    return _View(center, half or float(away.max()) or 1.0)


def _width(basin: Basin) -> float:
    """Return the largest distance of the boundary along a half-axis, of those below 8 radii."""
    near = basin.domain.size_about(basin.minimum)
    reach = np.linspace(0.0, 8.0 * near, 200)[1:]
    widths = [near]
    for j in range(min(2, basin.dim)):
        for side in (-1.0, 1.0):
            points = np.tile(basin.minimum, (reach.size, 1))
            points[:, j] += side * reach
            outside = basin.domain.outside_many(points)
            if outside.any():
                widths.append(float(reach[outside.argmax()]))
    return max(widths)


def _draw_histogram(ax: Axes, x: FloatArray, view: _View, basin: Basin | None) -> None:
    low, high = float(view.center[0]) - view.half, float(view.center[0]) + view.half
    boundary = [] if basin is None else _boundary(basin, low, high)
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


def _boundary(basin: Basin, low: float, high: float) -> list[float]:
    """Return the last places inside on a line, to a 4 millionth of it."""
    found = []
    for left, right in _changes(basin, low, high):
        found += [inside for inside, _ in _changes(basin, *sorted((left, right)))]
    return sorted(found)


def _changes(basin: Basin, low: float, high: float) -> list[tuple[float, float]]:
    """Return neighbors on a grid, one inside and one outside."""
    grid = np.linspace(low, high, _FINE_GRID)
    outside = basin.domain.outside_many(grid[:, None])
    pairs = [(i + 1, i) if outside[i] else (i, i + 1) for i in np.flatnonzero(np.diff(outside))]
    return [(float(grid[inside]), float(grid[out])) for inside, out in pairs]


def _bins(ends: list[float]) -> FloatArray:
    """Return edges of bins of about the same width, with the ends among them."""
    width = (ends[-1] - ends[0]) / _BINS
    pieces = [
        np.linspace(left, right, max(1, round((right - left) / width)), endpoint=False)
        for left, right in pairwise(ends)
    ]
    return np.concatenate([*pieces, [ends[-1]]])


def _draw_plane(ax: Axes, view: _View, basin: Basin | None) -> None:
    """Draw contour lines and boundary, and fix the view."""
    if basin is not None:
        if basin.potential.value is not None:
            _draw_contours(ax, view, basin)
        _draw_boundary(ax, view, basin)
    names: tuple[Literal["x", "y"], ...] = ("x", "y")
    for name, middle in zip(names, view.center, strict=True):
        ends = (middle - view.half, middle + view.half)
        (ax.set_xlim if name == "x" else ax.set_ylim)(*ends)
    ax.set_aspect("equal")
    ax.set_xlabel("coordinate 1")
    ax.set_ylabel("coordinate 2")


def _draw_boundary(ax: Axes, view: _View, basin: Basin) -> None:
    """Draw the boundary of the domain as a dashed line."""
    x, y, points = _grid(view, basin, _MASK_GRID)
    outside = basin.domain.outside_many(points).reshape(x.shape)
    if outside.all() or not outside.any():
        return
    lines = ax.contour(x, y, outside, levels=[0.5])
    for line in lines.allsegs[0]:
        drawn = _on_boundary(np.asarray(line), view, basin)
        ax.plot(*drawn.T, color="black", linestyle="--", linewidth=1.2, zorder=4)
    lines.remove()
    ax.plot([], [], color="black", linestyle="--", linewidth=1.2, label="boundary")


def _on_boundary(line: FloatArray, view: _View, basin: Basin) -> FloatArray:
    """Move the corners of a line, half way between neighbors on the grid, to the boundary."""
    spacing = 2.0 * view.half / (_MASK_GRID - 1)
    place = (line - (view.center - view.half)) / spacing
    between = np.abs(place - np.rint(place)) > 0.25
    inside, outside = line - 0.5 * spacing * between, line + 0.5 * spacing * between
    points = np.tile(basin.minimum, (len(line), 1))

    def is_outside(places: FloatArray) -> NDArray[np.bool_]:
        points[:, :2] = places
        return basin.domain.outside_many(points)[:, None]

    reverse = is_outside(inside)
    inside, outside = np.where(reverse, outside, inside), np.where(reverse, inside, outside)
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        beyond = is_outside(middle)
        inside, outside = np.where(beyond, inside, middle), np.where(beyond, middle, outside)
    return inside


def _grid(view: _View, basin: Basin, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return both coordinates of a grid on the view, and its points through the minimum."""
    x, y = np.meshgrid(
        *(np.linspace(middle - view.half, middle + view.half, count) for middle in view.center)
    )
    points = np.tile(basin.minimum, (x.size, 1))
    points[:, 0], points[:, 1] = x.ravel(), y.ravel()
    return x, y, points


def _draw_contours(ax: Axes, view: _View, basin: Basin) -> None:
    """Draw lines of equal potential, closer together near the minimum."""
    x, y, points = _grid(view, basin, _GRID)
    bottom = basin.potential.value_at(basin.minimum)
    heights = np.array([basin.potential.value_at(point) for point in points]) - bottom
    heights = heights.reshape(x.shape)
    highest = float(heights[np.isfinite(heights)].max(initial=0.0))
    if highest > 0.0:
        levels = highest * (np.arange(1, _LEVELS) / _LEVELS) ** 2
        ax.contour(x, y, heights, levels=levels, colors="0.75", linewidths=0.7)


def _median_step(paths: FloatArray) -> float:
    """Return the median length of the steps that move, or infinity where there is none."""
    lengths = np.hypot(*np.moveaxis(np.diff(paths, axis=1), 2, 0))
    moving = lengths[np.isfinite(lengths) & (lengths > 0.0)]
    return float(np.median(moving)) if moving.size else math.inf


def _note(ax: Axes, share: float, what: str) -> None:
    """Say in a corner what share is outside the view."""
    if share > 0.0:
        ax.annotate(
            f"{100.0 * share:.2g} % of {what} beyond", xy=(0.98, 0.97), xycoords="axes fraction",
            ha="right", va="top", fontsize="small",
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0.0, "pad": 1.5},
        )  # fmt: skip
