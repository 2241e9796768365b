"""A figure of ratios of mean escape times: optimizers, or laws of noise, beside one another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from levysde import checks
from levysde._text import counted
from levysde.report.drawing import BLUE, check_ax, legend_below, log_axis, own_axes, title
from levysde.runs.comparison import Comparison
from levysde.runs.noise_comparison import NoiseComparison

__all__ = ["comparison"]

_HALF_HEIGHT = 0.32


def comparison(compared: Comparison | NoiseComparison, ax: Axes | None = None) -> Axes:
    """Ratios of mean escape times to that of the first optimizer, or of the reference law.

    Points are simulated ratios with their 95 % intervals from paired paths, dashed lines those of
    the predicted means. A row without an escape on either side has no ratio, and says so.

    Parameters
    ----------
    compared : Comparison or NoiseComparison
        Of `levysde.compare` or `levysde.compare_noises`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If it is no comparison, or no ratio is known.

    Examples
    --------
    >>> import levysde as ls
    >>> optimizers = [ls.dynamics.sgd(), ls.dynamics.momentum(0.5)]
    >>> setting = (ls.basins.flat(), optimizers, ls.noise.independent(1.5))
    >>> ax = comparison(ls.compare(*setting, epsilon=0.5, paths=100, dt=0.1))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['sgd', 'momentum']
    """
    if not isinstance(compared, Comparison | NoiseComparison):
        raise ValueError(f"compared is {checks.told(compared)}; give what compare returned")
    check_ax(ax)
    ratios = np.array(compared.ratios, dtype=np.float64)
    if not np.isfinite(ratios[:, 0]).any():
        raise ValueError("no ratio is known, because too few paths escaped; give a longer horizon")
    ax = own_axes() if ax is None else ax
    reference, predicted = _reference(compared)
    rows = np.arange(len(ratios))
    ax.axvline(1.0, color="0.75", linewidth=1.0, zorder=1)
    _draw_ratios(ax, ratios, rows, compared.results[0].paths)
    _draw_predicted(ax, predicted)
    known = np.array([value for value in predicted if value is not None])
    positive = np.concatenate([ratios[np.isfinite(ratios).all(axis=1)].ravel(), known, [1.0]])
    log_axis(ax, "x", positive[positive > 0.0])
    ax.set_yticks(rows, compared.names)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"mean escape time / that of {reference}")
    ax.set_title(title(_common(compared)), fontsize="medium")
    legend_below(ax)
    return ax


def _draw_ratios(ax: Axes, ratios: Any, rows: Any, paths: int) -> None:
    known = np.isfinite(ratios[:, 0])
    value, lower, upper = ratios[known].T
    ax.errorbar(
        value, rows[known], xerr=np.maximum([value - lower, upper - value], 0.0), color=BLUE,
        marker="o", linestyle="none", markersize=5.0, capsize=3.0, zorder=3,
        label=f"simulation, 95 % interval, {counted(paths, 'path', 'paths')} each",
    )  # fmt: skip
    for row in rows[~known]:
        ax.annotate(
            "no ratio: too few paths escaped", xy=(0.03, row), xycoords=("axes fraction", "data"),
            va="center", fontsize="small",
        )  # fmt: skip


def _draw_predicted(ax: Axes, predicted: list[float | None]) -> None:
    label = "theory"
    for row, value in enumerate(predicted):
        if value is not None and math.isfinite(value):
            ends = [row - _HALF_HEIGHT, row + _HALF_HEIGHT]
            ax.plot(
                [value, value], ends, color="black", linestyle="--", linewidth=1.3, label=label,
                zorder=2,
            )  # fmt: skip
            label = "_nolegend_"


def _reference(compared: Comparison | NoiseComparison) -> tuple[str, list[float | None]]:
    """Return the name of the reference, and the predicted ratios to it."""
    if isinstance(compared, Comparison):
        return compared.names[0], list(compared.predicted_ratios)
    rates = [None if each is None else each.rate for each in compared.predictions]
    own = rates[compared.names.index(compared.reference)]
    return compared.reference, [own / rate if own and rate else None for rate in rates]


def _common(compared: Comparison | NoiseComparison) -> dict[str, Any]:
    """Return what all runs have in common of basin, alpha and epsilon."""
    first = compared.results[0].parameters
    others = [result.parameters for result in compared.results[1:]]
    return {
        name: first[name]
        for name in ("basin", "alpha", "epsilon")
        if name in first and all(each.get(name) == first[name] for each in others)
    }
