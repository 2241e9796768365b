"""Visits of wells as text: the setting, the rates, and the shares of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from levysde import checks
from levysde._text import labeled, number, table
from levysde.runs.setting_text import recorded_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from levysde._typing import FloatArray
    from levysde.runs.wells.visited import Visits
    from levysde.theory import TransitionRates

_MOST_MINIMA, _MOST_COORDINATES = 6, 4


def visits_text(
    found: Visits,
    predicted: TransitionRates | None = None,
    potential: str = "",
    setting: Sequence[tuple[str, str]] | None = None,
    most: int | None = None,
) -> str:
    """What a person reads: the setting, and a line for each pair of wells.

    Parameters
    ----------
    found : Visits
        What paths did.
    predicted : TransitionRates, optional
        What the theory says.
    potential : str
        Whose wells they are, in words.
    setting : sequence of (str, str), optional
        The parts in words, labels and values; by default as the parameters of the result have them.
    most : int, optional
        Lines of a table; the others are counted.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If `predicted` is no TransitionRates.
    """
    from levysde.theory import TransitionRates

    if predicted is not None:
        checks.instance("predicted", predicted, TransitionRates)
    stepless = found.dt == 0.0
    facts = [
        *(recorded_lines(found.parameters) if setting is None else setting),
        ("minima", _minima(found.minima, most)),
        ("method", _jump_text(found) if stepless else f"euler, dt = {found.dt:.6g}"),
        ("paths", f"{found.paths} from well {found.start}, each for a time of {found.horizon:.6g}"),
    ]
    return "\n\n".join(
        [
            f"Wells of the potential of {potential}" if potential else "Visits of wells",
            labeled(facts),
            _rates(found, predicted, most),
            _shares(found, predicted, most),
        ]
    )


def _minima(minima: FloatArray, most: int | None) -> str:
    """The points, or the first of them and of their coordinates."""
    wells, dim = minima.shape
    if most is not None:
        wells, dim = min(wells, _MOST_MINIMA), min(dim, _MOST_COORDINATES)
    dots = ", ..." if dim < minima.shape[1] else ""
    points = [", ".join(f"{x:.6g}" for x in point[:dim]) + dots for point in minima[:wells]]
    if len(minima) > wells:
        points.append(f"and {len(minima) - wells} more")
    return "; ".join(points)


def _rates(found: Visits, predicted: TransitionRates | None, most: int | None) -> str:
    rows: list[tuple[str, ...]] = [
        ("from", "to", "transitions", "rate", "95 % interval", "theory", "ratio")
    ]
    rows += [
        (
            str(line["origin"]),
            str(line["target"]),
            str(line["transitions"]),
            number(line["rate"]),
            _interval(number(line["lower"]), number(line["upper"])),
            number(line.get("predicted")),
            number(line.get("ratio")),
        )
        for line in found.table(None if predicted is None else predicted.rates)
    ]
    if predicted is None:
        return _cut([row[:5] for row in rows], (0, 1, 2, 3), most)
    return _cut(rows, (0, 1, 2, 3, 5, 6), most)


def _shares(found: Visits, predicted: TransitionRates | None, most: int | None) -> str:
    share = found.occupation()
    stationary = None if predicted is None else predicted.stationary
    rows: list[tuple[str, ...]] = [("well", "share of time", "95 % interval", "stationary")]
    rows += [
        (
            str(well),
            _share(share.value[well]),
            _interval(_share(share.lower[well]), _share(share.upper[well])),
            "" if stationary is None else f"{stationary[well]:.4f}",
        )
        for well in range(found.wells)
    ]
    if predicted is None:
        rows = [row[:3] for row in rows]
    return _cut(rows, (0, 1, 3), None if most is None else most // 2)


def _share(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.4f}"


def _interval(low: str, high: str) -> str:
    return "none" if low == high == "none" else f"{low} to {high}"


def _cut(rows: list[tuple[str, ...]], right: tuple[int, ...], most: int | None) -> str:
    """The table, and how many lines are left out."""
    more = 0 if most is None else len(rows) - 1 - most
    if more <= 0:
        return table(rows, right=right)
    return table(rows[: 1 + (most or 0)], right=right) + f"\n  ... and {more} more"


def _jump_text(found: Visits) -> str:
    through = found.parameters.get("paths_through")
    return f"jump, through {through}" if through else "jump, from minimum to minimum"
