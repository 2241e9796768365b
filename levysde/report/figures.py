"""Figures of escape times and of sample paths; the only module that needs matplotlib.

Functions take an ``ax`` or make a figure of their own, and return the ``ax``. They open no
window and change no global setting of matplotlib. Colors are those of Okabe and Ito, which
color-blind readers can tell apart, and line styles tell the curves apart once more.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from levysde import checks
from levysde.runs.files import write_atomically
from levysde.runs.results import EscapeTimes
from levysde.statistics.exit_times import Survival

__all__ = ["save", "survival_curve", "trajectories"]

_ORANGE, _SKY, _GREEN, _BLUE, _VERMILION, _PURPLE = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
_CYCLE = (_BLUE, _VERMILION, _GREEN, _PURPLE, _ORANGE, _SKY)
_STYLES = ("-", "--", "-.", ":")
_SUFFIXES = (".png", ".pdf", ".svg")
_SIZE_INCHES = (6.0, 4.0)
_DPI = 200
# More points than this are not visible, and make a vector file of many megabytes.
_POINTS = 2000


def survival_curve(result: EscapeTimes, rate: float | None = None, ax: Axes | None = None) -> Axes:
    """Survival probability against time, simulated and exponential.

    Draws the Kaplan-Meier estimate of ``P(escape time > t)`` with its 95 % band, the fitted
    law ``exp(-result.rate t)`` and, if a rate is given, ``exp(-rate t)``, on a logarithmic
    axis where an exponential law is a straight line. Time is in units of the mean escape time,
    or in time units if no path escaped.

    Parameters
    ----------
    result : EscapeTimes
        The simulation.
    rate : float, optional
        Escapes per time unit that the theory predicts.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If no path stayed finite, no path made a step, or ``rate`` is negative or not finite.

    References
    ----------
    E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53 (1958) 457.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.random.default_rng(1).geometric(0.01, 200)
    >>> result = EscapeTimes(steps, np.full(200, 1, np.int8), np.ones((200, 1)), dt=0.1)
    >>> ax = survival_curve(result, rate=0.1)
    >>> [line.get_label() for line in ax.lines]
    ['simulation', 'fitted exponential', 'theory']
    """
    checks.instance("result", result, EscapeTimes)
    if rate is not None and checks.finite_number("rate", rate, positive=False) < 0.0:
        raise ValueError(f"rate is {rate}; it must be finite and not negative")
    _check_ax(ax)
    curve = result.survival()
    if curve.times[-1] == 0.0:
        raise ValueError("no path made a step: there is no curve to draw")
    unit = result.mean if math.isfinite(result.mean) else 1.0
    ax = _own_axes() if ax is None else ax
    shown = _thinned(curve)
    scaled = shown.times / unit
    # The end of the axis, near the probability of a single path: a logarithm has no zero.
    floor = 0.5 / result.paths
    ax.fill_between(
        scaled,
        np.maximum(shown.lower, 0.1 * floor),
        shown.upper,
        step="post",
        color=_SKY,
        alpha=0.45,
        linewidth=0.0,
        label="95 % band",
    )
    ax.plot(
        scaled,
        shown.probability,
        drawstyle="steps-post",
        color=_BLUE,
        linestyle="-",
        linewidth=1.4,
        label="simulation",
    )
    ends = np.array([0.0, scaled[-1]])
    # Without an escape nothing was fitted.
    fitted = result.rate or None
    laws = [("fitted exponential", fitted, _VERMILION, "-."), ("theory", rate, "black", "--")]
    for label, law, color, style in laws:
        if law is not None:
            y = np.exp(-law * unit * ends)
            ax.plot(ends, y, color=color, linestyle=style, linewidth=1.2, label=label)
    _log_probability_axis(ax, max(floor, float(shown.lower[shown.lower > 0.0].min())))
    ax.set_xlim(0.0, scaled[-1])
    ax.set_xlabel("time / mean escape time" if math.isfinite(result.mean) else "time")
    ax.set_ylabel("probability of being inside")
    ax.set_title(_title(result.parameters), fontsize="medium")
    _legend_below(ax)
    return ax


def trajectories(
    times: ArrayLike,
    paths: ArrayLike,
    domain_lower: float | None = None,
    domain_upper: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Sample paths of one coordinate against time, with the boundaries of the domain.

    If both boundaries are given, the view ends one width of the domain beyond each of them: a
    jump of a heavy-tailed path can be thousands of widths long.

    Parameters
    ----------
    times : array_like, shape (points,)
        Times, time units.
    paths : array_like, shape (paths, points) or (points,)
        The coordinate of each path at those times; NaN where a path is not drawn.
    domain_lower, domain_upper : float, optional
        Boundaries, drawn as horizontal lines.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or the boundaries are not finite and in order.

    Examples
    --------
    >>> ax = trajectories([0.0, 0.1, 0.2], [[0.0, 0.3, 1.2]], domain_upper=1.0)
    >>> len(ax.lines)
    2
    """
    x = checks.finite_array("times", times)
    y = np.atleast_2d(checks.numbers("paths", paths))
    _check_ax(ax)
    if x.ndim != 1 or x.size == 0 or y.ndim != 2 or y.shape[1] != x.size:
        raise ValueError(
            "times must have shape (points,) and paths (paths, points); "
            f"their shapes are {x.shape} and {y.shape}"
        )
    given = {"domain_lower": domain_lower, "domain_upper": domain_upper}
    boundaries = [
        checks.finite_number(name, edge, positive=False)
        for name, edge in given.items()
        if edge is not None
    ]
    if sorted(set(boundaries)) != boundaries:
        raise ValueError(
            f"the boundaries are {domain_lower} and {domain_upper}; "
            "they must be finite and the lower one below the upper one"
        )
    ax = _own_axes() if ax is None else ax
    for index, path in enumerate(y):
        # The style advances once the colors are used up, so that 24 paths differ.
        style = _STYLES[index // len(_CYCLE) % len(_STYLES)]
        color = _CYCLE[index % len(_CYCLE)]
        ax.plot(x, path, color=color, linestyle=style, linewidth=0.9)
    for index, edge in enumerate(boundaries):
        label = "_nolegend_" if index else "boundary"
        ax.axhline(edge, color="black", linestyle="--", linewidth=1.2, label=label)
    if domain_lower is not None and domain_upper is not None:
        width = domain_upper - domain_lower
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, domain_lower - width), min(high, domain_upper + width))
    ax.set_xlabel("time")
    ax.set_ylabel("position")
    if boundaries:
        _legend_below(ax)
    return ax


def save(figure_or_ax: Figure | Axes, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a file whose suffix says its format.

    Parameters
    ----------
    figure_or_ax : matplotlib.figure.Figure or matplotlib.axes.Axes
        The figure, or an ``ax`` on it.
    path : str or path-like
        The file, ending in ``.png`` (200 dots per inch), ``.pdf`` or ``.svg``. It appears
        complete or not at all.

    Returns
    -------
    pathlib.Path
        The path of the file written.

    Raises
    ------
    ValueError
        If the suffix is another one.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(trajectories([0.0, 1.0], [[0.0, 1.0]]), f"{folder}/path.svg").name
    'path.svg'
    """
    if not isinstance(figure_or_ax, Figure | SubFigure | Axes):
        raise ValueError(f"figure_or_ax is {checks.told(figure_or_ax)}; give a figure or an ax")
    if not isinstance(path, str | os.PathLike) or "\0" in os.fspath(path):
        raise ValueError(f"path is {checks.told(path)}; give the name of a file")
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(
            f"{target} has the suffix {suffix or '(none)'}; it must be one of "
            f"{', '.join(_SUFFIXES)}"
        )
    figure: Any = figure_or_ax.figure if isinstance(figure_or_ax, Axes) else figure_or_ax
    # The figure of an ax can be a subfigure; its own figure is then the whole.
    whole: Any = figure.figure
    # Without a layout engine a legend below the axes would be cut off.
    box = "tight" if whole.get_layout_engine() is None else None
    write_atomically(
        target,
        lambda file: whole.savefig(file, format=suffix[1:], dpi=_DPI, bbox_inches=box),
    )
    return target


def _check_ax(ax: object) -> None:
    if ax is not None and not isinstance(ax, Axes):
        raise ValueError(f"ax is {checks.told(ax)}; give axes of matplotlib, or None")


def _own_axes() -> Axes:
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    return figure.add_subplot()


def _thinned(curve: Survival) -> Survival:
    """Return at most `_POINTS` points of the curve, evenly spread in time."""
    if curve.times.size <= _POINTS:
        return curve
    wanted = np.linspace(curve.times[0], curve.times[-1], _POINTS)
    kept: NDArray[np.intp] = np.unique(np.searchsorted(curve.times, wanted))
    return Survival(
        curve.times[kept], curve.probability[kept], curve.lower[kept], curve.upper[kept]
    )


def _log_probability_axis(ax: Axes, smallest: float) -> None:
    """Make the vertical axis logarithmic, from a little below ``smallest`` to above 1."""
    bottom = smallest**1.05
    ax.set_yscale("log")
    ax.set_ylim(bottom, bottom**-0.05)
    if bottom > 0.1:
        # Powers of ten would leave a single label on less than one decade.
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_locator(NullLocator())


def _title(parameters: dict[str, Any]) -> str:
    """Return basin, alpha and epsilon as far as they are known."""
    basin = parameters.get("basin")
    if isinstance(basin, dict):
        basin = basin.get("name")
    title = f"Escape from the {basin} basin" if isinstance(basin, str) else "Escape times"
    known = [
        rf"$\{name}$ = {parameters[name]:g}"
        if name == "alpha"
        else rf"$\varepsilon$ = {parameters[name]:g}"
        for name in ("alpha", "epsilon")
        if isinstance(parameters.get(name), (int, float))
    ]
    return title + (": " + ", ".join(known) if known else "")


def _legend_below(ax: Axes) -> None:
    """Put the legend under the axis label, where it hides no data."""
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),
        ncols=4,
        frameon=False,
        fontsize="small",
        columnspacing=1.2,
        handlelength=2.4,
    )
