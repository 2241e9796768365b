"""Figures of escape times and of sample paths, and their files.

Functions take an ``ax`` or make a figure of their own, and return the ``ax``. They open no
window and change no global setting of matplotlib. Colors are those of Okabe and Ito, which
color-blind readers can tell apart, and line styles tell the curves apart once more.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike

from levysde import checks
from levysde.report.drawing import (
    BLUE,
    CYCLE,
    SKY,
    STYLES,
    VERMILION,
    check_ax,
    legend_below,
    log_probability_axis,
    note,
    own_axes,
    short_label,
    thinned,
    title,
)
from levysde.runs.files import write_atomically
from levysde.runs.results import EscapeTimes

__all__ = ["save", "survival", "survival_curve", "trajectories"]

_SUFFIXES = (".png", ".pdf", ".svg")
_DPI = 200
# The dashed line is the theory.
_CURVE_STYLES = ("-", "-.", ":", (0, (6, 1)), (0, (3, 1, 1, 1, 1, 1)))


def survival_curve(result: EscapeTimes, rate: float | None = None, ax: Axes | None = None) -> Axes:
    """Survival probability against time, simulated and exponential.

    Draws the Kaplan-Meier estimate of ``P(escape time > t)`` with its 95 % band, the fitted
    law ``exp(-result.rate t)`` and, if a rate is given, ``exp(-rate t)``, on a logarithmic
    axis where an exponential law is a straight line. Time is in units of the mean escape time,
    or in time units if no path escaped. The numbers of paths and the p-value of the test of an
    exponential law stand in a corner.

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
    check_ax(ax)
    curve = result.survival()
    if curve.times[-1] == 0.0:
        raise ValueError("no path made a step: there is no curve to draw")
    unit = result.mean if math.isfinite(result.mean) else 1.0
    ax = own_axes() if ax is None else ax
    shown = thinned(curve)
    scaled = shown.times / unit
    # The end of the axis, near the probability of a single path: a logarithm has no zero.
    floor = 0.5 / result.paths
    ax.fill_between(
        scaled,
        np.maximum(shown.lower, 0.1 * floor),
        shown.upper,
        step="post",
        color=SKY,
        alpha=0.45,
        linewidth=0.0,
        label="95 % band",
    )
    ax.plot(
        scaled,
        shown.probability,
        drawstyle="steps-post",
        color=BLUE,
        linestyle="-",
        linewidth=1.4,
        label="simulation",
    )
    ends = np.array([0.0, scaled[-1]])
    # Without an escape nothing was fitted.
    fitted = result.rate or None
    laws = [("fitted exponential", fitted, VERMILION, "-."), ("theory", rate, "black", "--")]
    for label, law, color, style in laws:
        if law is not None:
            y = np.exp(-law * unit * ends)
            ax.plot(ends, y, color=color, linestyle=style, linewidth=1.2, label=label)
    log_probability_axis(ax, max(floor, float(shown.lower[shown.lower > 0.0].min())))
    ax.set_xlim(0.0, scaled[-1])
    ax.set_xlabel("time / mean escape time" if math.isfinite(result.mean) else "time")
    ax.set_ylabel("probability of being inside")
    ax.set_title(title(result.parameters), fontsize="medium")
    note(ax, _counts(result), bottom_left=True)
    legend_below(ax)
    return ax


def _counts(result: EscapeTimes) -> str:
    """Return the number of paths, and the test of the exponential law if there is one."""
    p_value = result.exponentiality().p_value
    counts = f"{result.escaped} of {result.paths} paths escaped"
    return counts if p_value is None else f"{counts}\nexponential law: p = {p_value:.2g}"


def survival(
    results: Sequence[EscapeTimes],
    labels: Sequence[str] | None = None,
    rates: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Survival probabilities of several results, each in its own unit of time, with Exp(1).

    Draws the Kaplan-Meier estimate of ``P(escape time > t)`` of each result on a logarithmic axis.
    If escape times are exponential, all curves are on the dashed line: in units of the means that
    tests the law, in units of ``1 / rate`` the rates too.

    Parameters
    ----------
    results : sequence of EscapeTimes
        The simulations.
    labels : sequence of str, optional
        One for each in the legend; by default basin, alpha and epsilon.
    rates : sequence of float, optional
        Escapes per time unit that the theory predicts, one for each: time is then in units of
        ``1 / rate``, and otherwise of the mean escape times.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If there are no results, not one label or one positive rate for each, or without rates a
        result has no escape.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.full(200, 1, np.int8), np.ones((200, 1))
    >>> rng = np.random.default_rng(1)
    >>> two = [EscapeTimes(rng.geometric(p, 200), *ends, dt=0.1) for p in (0.01, 0.02)]
    >>> ax = survival(two, ["slow", "fast"])
    >>> [line.get_label() for line in ax.lines]
    ['slow', 'fast', 'Exp(1)']
    """
    check_ax(ax)
    results = _listed("results", results, EscapeTimes)
    if labels is None:
        labels = [
            short_label(result.parameters, f"result {index + 1}")
            for index, result in enumerate(results)
        ]
    else:
        labels = _listed("labels", labels, str, len(results))
    units = _time_units(results, rates)
    ax = own_axes() if ax is None else ax
    curves = [thinned(result.survival()) for result in results]
    for index, (curve, label, unit) in enumerate(zip(curves, labels, units, strict=True)):
        ax.plot(
            curve.times / unit,
            curve.probability,
            drawstyle="steps-post",
            color=CYCLE[index % len(CYCLE)],
            linestyle=_CURVE_STYLES[index % len(_CURVE_STYLES)],
            linewidth=1.3,
            label=label,
        )
    end = max(curve.times[-1] / unit for curve, unit in zip(curves, units, strict=True))
    ends = np.array([0.0, end])
    ax.plot(ends, np.exp(-ends), color="black", linestyle="--", linewidth=1.1, label="Exp(1)")
    log_probability_axis(ax, 0.5 / max(result.paths for result in results))
    ax.set_xlim(0.0, end)
    ax.set_xlabel("time / mean escape time" if rates is None else r"time $\times$ predicted rate")
    ax.set_ylabel("probability of being inside")
    legend_below(ax)
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
    check_ax(ax)
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
    ax = own_axes() if ax is None else ax
    for index, path in enumerate(y):
        # The style advances once the colors are used up, so that 24 paths differ.
        style = STYLES[index // len(CYCLE) % len(STYLES)]
        color = CYCLE[index % len(CYCLE)]
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
        legend_below(ax)
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


def _listed(name: str, values: object, kind: type, count: int | None = None) -> list[Any]:
    """Return a list of objects of a class, one or more, or so many."""
    if isinstance(values, str | EscapeTimes) or not isinstance(values, Iterable):
        raise ValueError(f"{name} is {checks.told(values)}; give a list")
    listed = list(values)
    if not listed or (count is not None and len(listed) != count):
        raise ValueError(f"{name} has {len(listed)} entries; give {count or 'at least one'}")
    for index, value in enumerate(listed):
        checks.instance(f"{name}[{index}]", value, kind)
    return listed


def _time_units(results: Sequence[EscapeTimes], rates: Sequence[float] | None) -> list[float]:
    """Return the unit of time of each result."""
    if rates is not None:
        given = checks.finite_array("rates", rates, (len(results),))
        if given.min() <= 0.0:
            raise ValueError(f"rates has the value {given.min():g}; give positive rates")
        return [1.0 / float(rate) for rate in given]
    for index, result in enumerate(results):
        if result.escaped == 0 or result.mean == 0.0:
            raise ValueError(
                f"results[{index}] has no escape after the start and so no mean escape time; leave "
                "it out, or give rates"
            )
    return [result.mean for result in results]
