"""The kinds of figures of a result and of a sweep, and what they take from its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from levysde import checks, spec
from levysde.report import figures, maps, planes, tables
from levysde.runs.results import EscapeTimes
from levysde.spellings import closest

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.runs.sweep.table import Sweep
    from levysde.theory import Prediction

RESULT_KINDS = ("survival", "exit_positions")
SWEEP_KINDS: dict[str, tuple[str, ...]] = {
    "scaling": ("x", "by"),
    "collapse": ("by",),
    "ratio": ("x", "by"),
    "phase_map": ("x", "y", "value"),
    "survival": (),
}
"""Kinds of figures of a sweep, and their options."""


def draw_result(
    result: EscapeTimes,
    kind: str,
    prediction: Prediction | None,
    basin: Basin | None,
    ax: Axes | None,
) -> Axes:
    """Draw one kind of figure of a result.

    Parameters
    ----------
    result : EscapeTimes
        The simulation.
    kind : {"survival", "exit_positions"}
        What is drawn.
    prediction, basin : optional
        What the theory says and what was left; what the record says unless given.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from levysde.theory import Prediction

    checks.choice("kind", kind, RESULT_KINDS)
    if prediction is not None:
        checks.instance("prediction", prediction, Prediction)
    parts = _recorded_parts(result)
    if kind == "exit_positions":
        own = None if parts is None or parts[0].dim != result.dim else parts[0]
        return planes.exit_positions(result, own if basin is None else basin, ax)
    rate = _recorded_rate(result, parts) if prediction is None else prediction.rate
    # A rate of 0 says that there are no jumps, and nothing of the exits that there are.
    return figures.survival_curve(result, rate or None, ax)


def _recorded_parts(result: EscapeTimes) -> tuple[Any, Any, Any] | None:
    """Make the parts again if they are built-in; nothing is imported because a record says so."""
    record = result.parameters
    if record.get("functions"):
        return None
    try:
        return spec.build(record)
    except ValueError:
        return None


def _recorded_rate(result: EscapeTimes, parts: tuple[Any, Any, Any] | None) -> float | None:
    """Return the rate that the theory predicts, or None where it predicts none."""
    from levysde import theory

    epsilon = result.parameters.get("epsilon")
    if parts is None or epsilon is None:
        return None
    try:
        return theory.predict(*parts, epsilon, dt=result.dt or None).rate
    except ValueError:
        return None


def draw_sweep(sweep: Sweep, kind: str, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """Draw one kind of figure of a sweep.

    Parameters
    ----------
    sweep : Sweep
        With one complete cell or more.
    kind : str
        One of `SWEEP_KINDS`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    options : dict
        Of this kind. Unless given, x is epsilon or the first axis of the grid, and the other
        axes tell the groups apart.

    Returns
    -------
    matplotlib.axes.Axes
    """
    checks.choice("kind", kind, tuple(SWEEP_KINDS))
    known = SWEEP_KINDS[kind]
    for name in options:
        if name not in known:
            raise ValueError(
                f"{name} is no option of kind {kind!r}{closest(name, known)}; its options are "
                f"{', '.join(known) or 'none'}"
            )
    if not len(sweep):
        raise ValueError(f"no cell of {sweep.directory} is complete; continue with levysde.sweep")
    if kind == "survival":
        results = sweep.results()
        return figures.survival(list(results.values()), list(results), ax=ax)
    if kind == "phase_map":
        return _map(sweep, options, ax)
    axes = [name for name in sweep.axes if name in sweep.columns]
    x = options.get("x", "epsilon" if "epsilon" in axes or not axes else axes[0])
    others = tuple(name for name in axes if name != x and name != "seed")
    by = options.get("by", others or ("basin",))
    if kind == "collapse":
        return tables.collapse(sweep.table, by, ax)
    return (tables.scaling if kind == "scaling" else tables.ratio)(sweep.table, x, by, ax)


def _map(sweep: Sweep, options: dict[str, Any], ax: Axes | None) -> Axes:
    """Draw colors on two axes of the grid."""
    missing = [name for name in ("x", "y") if name not in options]
    if missing:
        raise ValueError(
            f"kind 'phase_map' needs {' and '.join(missing)}; give columns of the sweep, such as "
            f"{', '.join(sweep.axes) or ', '.join(sweep.columns[:4])}"
        )
    return maps.phase_map(sweep.table, **options, ax=ax)
