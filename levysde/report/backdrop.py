"""What is behind positions in a plane of two coordinates: contour lines, the boundary, the view."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from levysde import checks
from levysde.basins import Basin
from levysde.report.drawing import note

FloatArray = NDArray[np.float64]

_GRID = 81
_FINE_GRID = 2001
_MASK_GRID = 201
# Bisections of an edge of that grid: far below the width of a line.
_HALVINGS = 8
_LEVELS = 10
# Without a boundary: largest half-width of the view in median distances.
_WIDEST = 20.0


class View(NamedTuple):
    """A square or an interval of some coordinates: its middle and half of its width.

    Attributes
    ----------
    center : ndarray, shape (coordinates,)
        Its middle.
    half : float
        Half of its width.
    coordinates : tuple of int
        Numbers of the coordinates, from 0.
    """

    center: FloatArray
    half: float
    coordinates: tuple[int, ...]

    def contains(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return which points, shape (count, coordinates), are in it."""
        return np.asarray((np.abs(points - self.center) <= self.half).all(axis=1))


def check_basin(basin: Basin | None, dim: int) -> None:
    """Check that a basin has the dimension of the positions, or is not given."""
    if basin is None:
        return
    checks.instance("basin", basin, Basin)
    if basin.dim != dim:
        raise ValueError(f"basin has dimension {basin.dim} and the positions have {dim}")


def view_of(
    points: FloatArray,
    basin: Basin | None,
    widths: float,
    share: float,
    coordinates: tuple[int, ...],
) -> View:
    """Return so many widths of the domain about the minimum, or a share of the points."""
    if basin is not None:
        center = np.array(basin.minimum)[list(coordinates)]
        return View(center, widths * _width(basin, coordinates), coordinates)
    center = np.median(points, axis=0)
    away = np.abs(points - center).max(axis=1)
    half = min(1.05 * float(np.quantile(away, share)), _WIDEST * float(np.median(away)))
    return View(center, half or float(away.max()) or 1.0, coordinates)


def _width(basin: Basin, coordinates: tuple[int, ...]) -> float:
    """Return the largest distance of the boundary along a half-axis, of those below 8 radii."""
    near = basin.domain.size_about(basin.minimum)
    reach = np.linspace(0.0, 8.0 * near, 200)[1:]
    widths = [near]
    for j in coordinates:
        for side in (-1.0, 1.0):
            points = np.tile(basin.minimum, (reach.size, 1))
            points[:, j] += side * reach
            outside = basin.domain.outside_many(points)
            if outside.any():
                widths.append(float(reach[outside.argmax()]))
    return max(widths)


def draw_plane(ax: Axes, view: View, basin: Basin | None) -> None:
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
    ax.set_xlabel(f"coordinate {view.coordinates[0] + 1}")
    ax.set_ylabel(f"coordinate {view.coordinates[1] + 1}")


def _draw_boundary(ax: Axes, view: View, basin: Basin) -> None:
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


def _on_boundary(line: FloatArray, view: View, basin: Basin) -> FloatArray:
    """Move the corners of a line, half way between neighbors on the grid, to the boundary."""
    spacing = 2.0 * view.half / (_MASK_GRID - 1)
    place = (line - (view.center - view.half)) / spacing
    between = np.abs(place - np.rint(place)) > 0.25
    inside, outside = line - 0.5 * spacing * between, line + 0.5 * spacing * between

    def is_outside(places: FloatArray) -> NDArray[np.bool_]:
        return basin.domain.outside_many(_in_space(places, view, basin))[:, None]

    reverse = is_outside(inside)
    inside, outside = np.where(reverse, outside, inside), np.where(reverse, inside, outside)
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        beyond = is_outside(middle)
        inside, outside = np.where(beyond, inside, middle), np.where(beyond, middle, outside)
    return inside


def _in_space(places: FloatArray, view: View, basin: Basin) -> FloatArray:
    """Return the points of the plane through the minimum, shape (count, dim)."""
    points = np.tile(basin.minimum, (len(places), 1))
    points[:, list(view.coordinates)] = places
    return points


def _grid(view: View, basin: Basin, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return both coordinates of a grid on the view, and its points through the minimum."""
    x, y = np.meshgrid(
        *(np.linspace(middle - view.half, middle + view.half, count) for middle in view.center)
    )
    return x, y, _in_space(np.column_stack([x.ravel(), y.ravel()]), view, basin)


def _draw_contours(ax: Axes, view: View, basin: Basin) -> None:
    """Draw lines of equal potential, closer together near the minimum."""
    x, y, points = _grid(view, basin, _GRID)
    bottom = basin.potential.value_at(basin.minimum)
    heights = np.array([basin.potential.value_at(point) for point in points]) - bottom
    heights = heights.reshape(x.shape)
    highest = float(heights[np.isfinite(heights)].max(initial=0.0))
    if highest > 0.0:
        levels = highest * (np.arange(1, _LEVELS) / _LEVELS) ** 2
        ax.contour(x, y, heights, levels=levels, colors="0.75", linewidths=0.7)


def boundary_on_line(basin: Basin, low: float, high: float) -> list[float]:
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


def note_beyond(ax: Axes, share: float, what: str) -> None:
    """Say in a corner what share is outside the view."""
    if share > 0.0:
        note(ax, f"{100.0 * share:.2g} % of {what} beyond")
