"""Figures of sample paths: one coordinate against time, or two in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from levysde import checks
from levysde.basins import Basin
from levysde.report.backdrop import boundary_on_line, check_basin, view_of
from levysde.report.drawing import check_ax, legend_below
from levysde.report.figures import trajectories
from levysde.report.planes import PATH_SHARE, PATH_VIEW, pair_of, plane
from levysde.runs.sampling import Trajectories

__all__ = ["sample_paths"]

FloatArray = NDArray[np.float64]

KINDS = ("time", "plane")


def sample_paths(
    sample: Trajectories,
    kind: str = "time",
    basin: Basin | None = None,
    coordinates: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Sample paths: a coordinate against time, or two coordinates in the plane.

    With a basin every path ends at its first kept state outside, where a cross is. The boundary is
    drawn in the plane, over contour lines of the potential, and against time in one dimension.

    Parameters
    ----------
    sample : Trajectories
        Of `levysde.trajectories`.
    kind : {"time", "plane"}
        "plane" draws jumps as thin dotted lines, as `plane` does.
    basin : Basin, optional
        Where the paths move.
    coordinates : sequence of int, optional
        Numbers of the coordinates, from 0: one against time, two in the plane; the first ones
        unless given.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If the kind is unknown, the basin has another dimension, or there are no such coordinates.

    Examples
    --------
    >>> import levysde as ls
    >>> basin, noise = ls.basins.flat(3), ls.noise.independent(1.5)
    >>> sample = ls.trajectories(basin, ls.dynamics.sgd(), noise, epsilon=0.1, steps=100)
    >>> sample_paths(sample, "plane", basin, (0, 2)).get_ylabel()
    'coordinate 3'
    """
    checks.instance("sample", sample, Trajectories)
    checks.choice("kind", kind, KINDS)
    dim = sample.positions.shape[2]
    check_basin(basin, dim)
    check_ax(ax)
    positions, exits = _until_exit(sample.positions, basin)
    if kind == "plane":
        if dim < 2:
            raise ValueError("the paths have one coordinate; draw them against time")
        chosen: Sequence[int] = (0, 1) if coordinates is None else coordinates
        return plane(positions, basin, ax, coordinates=pair_of(chosen, dim))
    one = _single(coordinates, dim)
    lower, upper = _boundaries(basin, positions[:, :, one]) if dim == 1 else (None, None)
    ax = trajectories(sample.times, positions[:, :, one], lower, upper, ax)
    if dim > 1:
        ax.set_ylabel(f"coordinate {one + 1}")
    _mark_exits(ax, sample.times, positions[:, :, one], exits)
    return ax


def _single(coordinates: Any, dim: int) -> int:
    given = (0,) if coordinates is None else coordinates
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 1:
        raise ValueError(
            f"coordinates is {checks.told(coordinates)}; give one against time, such as (0,)"
        )
    return checks.whole_number("coordinates", given[0], 0, dim - 1)


def _until_exit(
    positions: FloatArray, basin: Basin | None
) -> tuple[FloatArray, NDArray[np.intp] | None]:
    """Return paths that end at their exits, NaN from there on, and the places of the exits."""
    if basin is None:
        return positions, None
    paths, states, dim = positions.shape
    outside = basin.domain.outside_many(positions.reshape(-1, dim)).reshape(paths, states)
    outside |= ~np.isfinite(positions).all(axis=2)
    last = np.where(outside.any(axis=1), outside.argmax(axis=1), states)
    kept = np.where((np.arange(states) <= last[:, None])[:, :, None], positions, np.nan)
    return kept, last


def _boundaries(basin: Basin | None, positions: FloatArray) -> tuple[float | None, float | None]:
    """Return the ends of the domain on the line, as far as they are near the minimum."""
    if basin is None:
        return None, None
    view = view_of(positions.reshape(-1, 1), basin, PATH_VIEW, PATH_SHARE, (0,))
    middle = float(view.center[0])
    found = boundary_on_line(basin, middle - view.half, middle + view.half)
    below = [edge for edge in found if edge < middle]
    above = [edge for edge in found if edge > middle]
    return (below[-1] if below else None), (above[0] if above else None)


def _mark_exits(
    ax: Axes, times: FloatArray, paths: FloatArray, exits: NDArray[np.intp] | None
) -> None:
    if exits is None:
        return
    left = np.flatnonzero(exits < len(times))
    x, y = times[exits[left]], paths[left, exits[left]]
    if left.size:
        # A cross at the edge of the view stands for an exit far beyond it.
        low, high = ax.get_ylim()
        ax.plot(
            x, np.clip(y, low, high), marker="x", color="black", linestyle="none", zorder=5,
            markersize=6.0, clip_on=False, label="exit",
        )  # fmt: skip
        ax.set_ylim(low, high)
        legend_below(ax)
