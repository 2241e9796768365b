"""What figures share: colors, markers, line styles, axes and legends.

Colors are those of Okabe and Ito, which color-blind readers can tell apart; markers and line styles
tell the same things apart once more, for print in grey.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
)
from numpy.typing import NDArray

from levysde import checks
from levysde.runs.progress import in_notebook
from levysde.statistics.exit_times import Survival

__all__ = ["shared_legend"]

FloatArray = NDArray[np.float64]

ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
# Width of a character over that of an axis.
_CHARACTER = 0.017
# The axis of a single place ends so many times above and below it.
_AROUND = 2.0
_SIZE_INCHES = (6.0, 4.0)
# Characters of a legend that fit beside each other on a figure of that size.
_LEGEND_WIDTH = 84
_LEGEND_COLUMNS = 4
# More points than this are not visible, and make a vector file of many megabytes.
_POINTS = 2000


def check_ax(ax: object) -> None:
    """Check that axes are axes of matplotlib or not given."""
    if ax is not None and not isinstance(ax, Axes):
        raise ValueError(f"ax is {checks.told(ax)}; give axes of matplotlib, or None")


def own_axes() -> Axes:
    """Axes on a figure of their own."""
    return own_figure(_SIZE_INCHES).add_subplot()


def own_figure(inches: tuple[float, float]) -> Figure:
    """A figure, which a notebook shows below its cell, and which opens no window elsewhere.

    Parameters
    ----------
    inches : tuple of float
        Width and height.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> own_figure((6.0, 4.0)).get_size_inches().tolist()
    [6.0, 4.0]
    """
    if in_notebook():
        from matplotlib import pyplot

        return pyplot.figure(figsize=inches, layout="constrained")
    return Figure(figsize=inches, layout="constrained")


def legend_below(ax: Axes) -> None:
    """Put the legend under the axis label, where it hides no data."""
    labels = ax.get_legend_handles_labels()[1]
    if not labels:
        return
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),
        ncols=_columns(labels, _LEGEND_WIDTH, _LEGEND_COLUMNS),
        frameon=False,
        fontsize="small",
        columnspacing=1.2,
        handlelength=2.4,
    )


def _columns(labels: list[str], width: float, most: int) -> int:
    """Return in how many columns labels fit into so many characters, in rows of equal length."""
    # Commands of mathematical letters are longer than the letters.
    longest = max(len(re.sub(r"\\[a-z]+", "e", label).replace("$", "")) for label in labels)
    rows = math.ceil(len(labels) / max(1, min(most, int(width / (longest + 7)))))
    return math.ceil(len(labels) / rows)


def note(ax: Axes, text: str, bottom_left: bool = False) -> None:
    """Say something in the upper right corner, or in the lower left one."""
    x, y = (0.02, 0.03) if bottom_left else (0.98, 0.97)
    ax.annotate(
        text, xy=(x, y), xycoords="axes fraction", ha="left" if bottom_left else "right",
        va="bottom" if bottom_left else "top", fontsize="small",
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0.0, "pad": 1.5},
    )  # fmt: skip


def log_axis(ax: Axes, name: Literal["x", "y"], values: FloatArray) -> None:
    """Make an axis of positive values logarithmic, with a few plain labels on a short range."""
    axis: XAxis | YAxis
    if name == "x":
        ax.set_xscale("log")
        axis = ax.xaxis
    else:
        ax.set_yscale("log")
        axis = ax.yaxis
    places = np.unique(values[np.isfinite(values)])
    decades = math.log10(places[-1] / places[0]) if places.size else 0.0
    if places.size == 1 and name == "x":
        ax.set_xlim(places[0] / _AROUND, places[0] * _AROUND)
    gap = np.diff(np.log10(places)).min(initial=math.inf)
    longest = max((len(f"{place:.4g}") for place in places), default=0)
    if name == "x" and gap > _CHARACTER * (longest + 1) * decades:
        axis.set_major_locator(FixedLocator(places.tolist()))
    elif decades < 0.7:
        axis.set_major_locator(MaxNLocator(5))
    elif decades < 3.0:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.0 else (1.0, 3.0)))
    else:
        return
    axis.set_major_formatter(StrMethodFormatter("{x:.4g}"))
    axis.set_minor_formatter(NullFormatter())


def log_probability_axis(ax: Axes, smallest: float) -> None:
    """Make the vertical axis logarithmic, from a little below ``smallest`` to above 1."""
    bottom = smallest**1.05
    ax.set_yscale("log")
    ax.set_ylim(bottom, bottom**-0.05)
    if bottom > 0.1:
        # Powers of ten would leave a single label on less than one decade.
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_locator(NullLocator())


def thinned(curve: Survival) -> Survival:
    """Return at most 2000 points of the curve, evenly spread in time."""
    if curve.times.size <= _POINTS:
        return curve
    wanted = np.linspace(curve.times[0], curve.times[-1], _POINTS)
    kept: NDArray[np.intp] = np.unique(np.searchsorted(curve.times, wanted))
    return Survival(
        curve.times[kept], curve.probability[kept], curve.lower[kept], curve.upper[kept]
    )


def title(parameters: dict[str, Any]) -> str:
    """Basin, alpha and epsilon as far as they are known."""
    basin = _basin_name(parameters)
    text = f"Escape from the {basin} basin" if basin else "Escape times"
    known = _known(parameters)
    return text + (": " + ", ".join(known) if known else "")


def short_label(parameters: dict[str, Any], otherwise: str) -> str:
    """Basin, alpha and epsilon for a legend, or something else where none is known."""
    basin = _basin_name(parameters)
    return ", ".join([basin] * bool(basin) + _known(parameters)) or otherwise


def _basin_name(parameters: dict[str, Any]) -> str:
    basin = parameters.get("basin")
    if isinstance(basin, dict):
        basin = basin.get("name")
    return basin if isinstance(basin, str) else ""


def _known(parameters: dict[str, Any]) -> list[str]:
    letters = {"alpha": r"$\alpha$", "epsilon": r"$\varepsilon$"}
    return [
        f"{letter} = {parameters[name]:g}"
        for name, letter in letters.items()
        if isinstance(parameters.get(name), (int, float))
    ]


def shared_legend(figure: Figure) -> None:
    """Put one legend under all axes of a figure, in place of one under each.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With axes whose curves have the same looks; its layout should be "constrained".

    Examples
    --------
    >>> figure = Figure(layout="constrained")
    >>> for ax in figure.subplots(1, 2):
    ...     _ = ax.plot([0.0, 1.0], label="simulation")
    >>> shared_legend(figure)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['simulation']
    """
    entries: dict[str, Any] = {}
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is not None:
            # Some entries stand for a look that several curves share, and are in the legend alone.
            texts = [text.get_text() for text in legend.get_texts()]
            entries |= dict(zip(texts, legend.legend_handles, strict=True))
            legend.remove()
        handles, labels = ax.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if not entries:
        return
    width = _LEGEND_WIDTH * figure.get_figwidth() / _SIZE_INCHES[0]
    figure.legend(
        list(entries.values()), list(entries), loc="outside lower center", frameon=False,
        fontsize="small", ncols=_columns(list(entries), width, 6),
    )  # fmt: skip
