"""Two panels of paths between wells: shares of time, and rates of transitions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from levysde import checks
from levysde._text import counted
from levysde.report.drawing import BLUE, VERMILION, log_axis, own_figure, shared_legend
from levysde.runs.wells.visited import Visits
from levysde.theory import TransitionRates

__all__ = ["visits"]

FloatArray = NDArray[np.float64]

_SIZE_INCHES = (9.0, 4.0)
_HALF_WIDTH = 0.3
# More labels than this stand upright.
_LABELS_ACROSS = 8
_LABEL = "simulation, 95 % interval"


def visits(
    result: Visits, predicted: TransitionRates | None = None, figure: Figure | None = None
) -> NDArray[Any]:
    """Shares of the time in each well, and rates of transitions, beside the theory.

    Points are simulated with 95 % intervals, dashed lines the stationary shares and the rates of
    the chain of small noise. A pair of wells without a transition has the upper end of its interval
    only, a triangle.

    Parameters
    ----------
    result : Visits
        Of `levysde.visits`.
    predicted : TransitionRates, optional
        Of `levysde.theory.transition_rates`.
    figure : matplotlib.figure.Figure, optional
        Where to draw; by default one of its own of 9 by 4 inches.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (2,)
        The axes drawn on.

    Raises
    ------
    ValueError
        If ``result`` is no Visits, ``predicted`` is of another number of wells, or ``figure`` is no
        figure.

    Examples
    --------
    >>> import levysde as ls
    >>> wells, noise = ls.potentials.double_well(1), ls.noise.independent(1.5)
    >>> setting = (ls.dynamics.sgd(), noise, 0.3)
    >>> found = ls.visits(wells, [-1.0, 1.0], *setting, horizon=100.0, paths=20)
    >>> left, right = visits(found)
    >>> [label.get_text() for label in right.get_xticklabels()]
    ['0 to 1', '1 to 0']
    """
    checks.instance("result", result, Visits)
    if predicted is not None:
        checks.instance("predicted", predicted, TransitionRates)
        if len(predicted.rates) != result.wells:
            raise ValueError(
                f"predicted has {len(predicted.rates)} wells and the result {result.wells}; give "
                "the rates between the same minima"
            )
    if figure is not None:
        checks.instance("figure", figure, Figure)
    figure = figure or own_figure(_SIZE_INCHES)
    axes: NDArray[Any] = np.asarray(figure.subplots(1, 2))
    _shares(axes[0], result, None if predicted is None else predicted.stationary)
    _rates(axes[1], result, None if predicted is None else predicted.rates)
    shared_legend(figure)
    return axes


def _shares(ax: Axes, result: Visits, stationary: FloatArray | None) -> None:
    share = result.occupation()
    _points(ax, share.value, share.lower, share.upper)
    if stationary is not None:
        _theory(ax, stationary)
    _label(ax, [str(well) for well in range(result.wells)])
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("well")
    ax.set_ylabel("share of the time")
    paths = counted(result.paths, "path", "paths")
    ax.set_title(f"{paths} until time {result.horizon:g}", fontsize="medium")


def _rates(ax: Axes, result: Visits, predicted: FloatArray | None) -> None:
    found = result.rates()
    pairs = ~np.eye(result.wells, dtype=bool)
    value, lower, upper = found.value[pairs], found.lower[pairs], found.upper[pairs]
    none = ~(value > 0.0)
    _points(ax, np.where(none, np.nan, value), lower, upper)
    if none.any():
        ax.plot(
            np.flatnonzero(none), upper[none], color=VERMILION, marker="v", linestyle="none",
            label="no transition, upper end",
        )  # fmt: skip
    heights = np.concatenate([value, lower, upper])
    if predicted is not None:
        _theory(ax, predicted[pairs])
        heights = np.concatenate([heights, predicted[pairs]])
    log_axis(ax, "y", heights[heights > 0.0])
    _label(ax, [f"{origin} to {target}" for origin, target in np.argwhere(pairs).tolist()])
    ax.set_xlabel("from well to well")
    ax.set_ylabel("transitions per unit of time in the well")
    ax.set_title(f"{len(result.time)} transitions", fontsize="medium")


def _points(ax: Axes, value: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
    ax.errorbar(
        np.arange(value.size), value, np.maximum([value - lower, upper - value], 0.0), color=BLUE,
        marker="o", linestyle="none", markersize=5.0, capsize=3.0, zorder=3, label=_LABEL,
    )  # fmt: skip


def _theory(ax: Axes, values: FloatArray) -> None:
    label = "theory of small noise"
    for place, value in enumerate(values.tolist()):
        if value > 0.0:
            ends = [place - _HALF_WIDTH, place + _HALF_WIDTH]
            ax.plot(
                ends, [value, value], color="black", linestyle="--", linewidth=1.3, label=label,
                zorder=2,
            )  # fmt: skip
            label = "_nolegend_"


def _label(ax: Axes, labels: list[str]) -> None:
    ax.set_xticks(np.arange(len(labels)), labels)
    ax.set_xlim(-0.5, len(labels) - 0.5)
    if len(labels) > _LABELS_ACROSS:
        ax.tick_params(axis="x", labelrotation=90.0, labelsize="x-small")
