"""Four panels of a tail index: coordinates, sums, scales, and the largest magnitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from levysde import checks
from levysde.report.drawing import (
    BLUE,
    GREEN,
    SKY,
    VERMILION,
    log_axis,
    own_figure,
    shared_legend,
)
from levysde.statistics.order_statistics import OrderEstimate
from levysde.statistics.tail_result import TailIndex

__all__ = ["tail_index"]

_SIZE_INCHES = (9.0, 7.0)
_BINS = 40
_MOST_BINS = 60
# Half width of a 95 % band in standard errors.
_WIDTH = 1.96
_TOP = 4.0


def tail_index(result: TailIndex, figure: Figure | None = None) -> NDArray[Any]:
    """Index of every coordinate, index and scale of sums, and estimates of the largest magnitudes.

    The null in the first and the last panel are Gaussian draws of the same scales. In the second
    panel a stable law is a horizontal line, in the third the dashed line ``m^(1/alpha)``; a law of
    finite variance goes to 2 and to the dotted line ``m^(1/2)``.

    Parameters
    ----------
    result : TailIndex
        Of `levysde.tail_index`.
    figure : matplotlib.figure.Figure, optional
        Where to draw; by default one of its own of 9 by 7 inches.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (4,)
        The axes drawn on.

    Raises
    ------
    ValueError
        If ``result`` is no TailIndex, or ``figure`` no figure.

    Examples
    --------
    >>> import numpy as np
    >>> import levysde as ls
    >>> found = ls.tail_index(np.random.default_rng(1).standard_cauchy((1000, 5)))
    >>> len(tail_index(found))
    4
    """
    checks.instance("result", result, TailIndex)
    if figure is not None:
        checks.instance("figure", figure, Figure)
    figure = figure or own_figure(_SIZE_INCHES)
    axes: NDArray[Any] = np.asarray(figure.subplots(2, 2)).ravel()
    _coordinates(axes[0], result)
    _index_of_sums(axes[1], result)
    _scale_of_sums(axes[2], result)
    _largest(axes[3], result)
    shared_legend(figure)
    return axes


def _coordinates(ax: Axes, result: TailIndex) -> None:
    alpha, null = result.alpha[result.fitted], result.null.alpha
    low = max(0.3, min(float(alpha.min()), float(null.min())) - 0.05)
    bins = np.linspace(low, 2.0, min(_MOST_BINS, max(10, _BINS)) + 1).tolist()
    ax.hist(
        alpha, bins, weights=np.full(alpha.size, 1.0 / alpha.size), color=SKY, edgecolor=BLUE,
        linewidth=0.5, label="samples",
    )  # fmt: skip
    ax.hist(
        null, bins, weights=np.full(null.size, 1.0 / null.size), histtype="step", color="black",
        linestyle="--", linewidth=1.3, label="Gaussian null",
    )  # fmt: skip
    ax.set_xlabel(r"$\alpha$ of a coordinate")
    ax.set_ylabel("share of coordinates")
    ax.set_title(f"{result.draws} draws of {result.coordinates} coordinates", fontsize="medium")


def _index_of_sums(ax: Axes, result: TailIndex) -> None:
    sums = result.aggregation
    ax.axhline(2.0, color="black", linestyle=":", linewidth=1.2)
    ax.axhline(sums.alpha[0], color=VERMILION, linestyle="--", linewidth=1.2)
    ax.errorbar(
        sums.m, sums.alpha, _WIDTH * sums.error, color=BLUE, marker="o", linestyle="none",
        markersize=5, capsize=3, label="samples, 95 % interval",
    )  # fmt: skip
    log_axis(ax, "x", sums.m.astype(float))
    ax.set_xlabel("draws in a sum, m")
    ax.set_ylabel(r"mean $\alpha$ of sums")
    ax.set_title(f"verdict: {_short_verdict(result)}", fontsize="medium")


def _short_verdict(result: TailIndex) -> str:
    return f"stable, {result.law}" if result.supported else result.law


def _scale_of_sums(ax: Axes, result: TailIndex) -> None:
    sums = result.aggregation
    m = sums.m.astype(float)
    alpha = min(float(sums.alpha[0]), 2.0)
    ax.plot(
        m, m ** (1.0 / alpha), color=VERMILION, linestyle="--", linewidth=1.2,
        label=r"stable: $\alpha$ of draws, $m^{1/\alpha}$",
    )  # fmt: skip
    ax.plot(
        m, np.sqrt(m), color="black", linestyle=":", linewidth=1.2,
        label=r"finite variance: 2, $m^{1/2}$",
    )  # fmt: skip
    width = sums.growth * np.expm1(_WIDTH * sums.growth_error)
    ax.errorbar(
        m, sums.growth, width, color=BLUE, marker="o", linestyle="none", markersize=5, capsize=3,
        label="samples, 95 % interval",
    )  # fmt: skip
    log_axis(ax, "x", m)
    log_axis(ax, "y", np.concatenate([sums.growth, m ** (1.0 / alpha)]))
    ax.set_xlabel("draws in a sum, m")
    ax.set_ylabel("scale of sums / scale of draws")


def _largest(ax: Axes, result: TailIndex) -> None:
    looks: list[tuple[str, OrderEstimate, str, Any]] = [
        ("Hill", result.tail.hill, BLUE, "-"),
        ("moment", result.tail.moment, VERMILION, "--"),
        ("Pickands", result.tail.pickands, GREEN, "-."),
    ]
    for label, found, color, style in looks:
        top = np.nan_to_num(np.minimum(found.upper, 2.0 * _TOP), nan=2.0 * _TOP)
        bottom = np.nan_to_num(np.minimum(found.lower, 2.0 * _TOP), nan=0.0)
        ax.fill_between(found.k, bottom, top, color=color, alpha=0.15, linewidth=0.0)
        shown = np.where(np.isfinite(found.alpha), found.alpha, np.nan)
        ax.plot(found.k, shown, color=color, linestyle=style, linewidth=1.3, label=label)
    null = result.null.tail.hill
    ax.plot(null.k, null.alpha, color="black", linestyle=(0, (1, 1)), linewidth=1.2,
            label="Hill of the Gaussian null")  # fmt: skip
    ax.axhline(2.0, color="black", linestyle=":", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_ylim(0.0, _TOP)
    ax.set_xlabel("largest magnitudes used, k")
    ax.set_ylabel("tail index, 95 % bands")
