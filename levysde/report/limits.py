"""A figure of means on finer and finer grids, and of their limit."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from levysde import checks
from levysde.report.drawing import BLUE, VERMILION, check_ax, legend_below, own_axes
from levysde.runs.refined import Refinement

__all__ = ["refinement"]

_WIDTH = 1.959963984540054
_MARGIN = 0.05
_POINTS = 100


def refinement(result: Refinement, ax: Axes | None = None) -> Axes:
    """Mean escape times against the step, or threshold of the jump method, and their limit at 0.

    Points are simulated means with 95 % intervals, the line is the fitted error model, and the
    diamond at 0 the extrapolated mean with its 95 % interval. A run that was made without the
    correction of the others is a triangle.

    Parameters
    ----------
    result : Refinement
        Of `levysde.refine`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own of 6 by 4 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If ``result`` is no Refinement.

    Examples
    --------
    >>> import levysde as ls
    >>> run = ls.escape_times(
    ...     ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 1.0, paths=500, dt=0.04
    ... )
    >>> refinement(ls.refine(run)).get_xlabel()
    'time step dt'
    """
    checks.instance("result", result, Refinement)
    check_ax(ax)
    ax = own_axes() if ax is None else ax
    sizes = result.dt if result.threshold is None else result.threshold
    ax.errorbar(
        sizes, result.mean, _WIDTH * result.standard_error, color=BLUE, marker="o",
        linestyle="none", markersize=5.0, capsize=3.0, zorder=3, label="simulation, 95 % interval",
    )  # fmt: skip
    if result.run_mean != result.mean[0]:
        ax.plot(
            sizes[0], result.run_mean, color=BLUE, marker="^", markerfacecolor="white",
            linestyle="none", zorder=3, label="run without the correction",
        )  # fmt: skip
    low, high = result.interval
    ends = [[result.extrapolated - low], [high - result.extrapolated]]
    ax.errorbar(
        [0.0], [result.extrapolated], ends, color=VERMILION, marker="D", linestyle="none",
        markersize=5.0, capsize=3.0, zorder=3, label="limit, 95 % interval",
    )  # fmt: skip
    if result.coefficients:
        _draw_model(ax, result, float(sizes[0]))
    ax.set_xlim(-_MARGIN * sizes[0], (1.0 + _MARGIN) * sizes[0])
    ax.set_xlabel("time step dt" if result.threshold is None else r"threshold of jumps $\rho$")
    ax.set_ylabel("mean escape time")
    ax.set_title(f"bias of the run {100.0 * result.bias:+.2g} %", fontsize="medium")
    legend_below(ax)
    return ax


def _draw_model(ax: Axes, result: Refinement, largest: float) -> None:
    share = np.linspace(0.0, 1.0, _POINTS)
    mean = np.full(_POINTS, result.extrapolated)
    powers = (result.exponent, result.second_exponent)
    for factor, power in zip(result.coefficients, powers, strict=True):
        mean += factor * share**power
    ax.plot(
        largest * share, mean, color="black", linestyle="--", linewidth=1.2, zorder=2,
        label=f"error model, p = {result.p_value:.2g}",
    )  # fmt: skip
