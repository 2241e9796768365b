"""The table of pairs of wells: transitions, their rates, and what a theory says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from levysde.runs.wells.visited import Visits


def lines_of_pairs(visits: Visits, rates: npt.ArrayLike | None = None) -> list[dict[str, Any]]:
    """A line for each pair of wells, with what a theory says of it.

    Parameters
    ----------
    visits : Visits
        What paths did.
    rates : array_like, shape (wells, wells), optional
        Predicted rates, 1/time.

    Returns
    -------
    list of dict
        As `Visits.table` has them.
    """
    found, counts = visits.rates(), visits.counts
    predicted = None if rates is None else np.asarray(rates, dtype=np.float64)
    if predicted is not None and predicted.shape != (visits.wells, visits.wells):
        raise ValueError(
            f"rates has shape {predicted.shape}; give shape ({visits.wells}, {visits.wells})"
        )
    lines = []
    for i in range(visits.wells):
        for j in range(visits.wells):
            if i == j:
                continue
            line: dict[str, Any] = {
                "origin": i,
                "target": j,
                "transitions": int(counts[i, j]),
                "rate": float(found.value[i, j]),
                "lower": float(found.lower[i, j]),
                "upper": float(found.upper[i, j]),
            }
            if predicted is not None:
                expected = float(predicted[i, j])
                line["predicted"] = expected
                line["ratio"] = line["rate"] / expected if expected > 0.0 else float("nan")
            lines.append(line)
    return lines
