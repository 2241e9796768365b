"""The line of the summary of a cell: settings, estimates, theory, cost."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

from levysde.model import Model
from levysde.runs.results import EscapeTimes
from levysde.runs.summary import Summary
from levysde.runs.sweep.manifest import CellRecord

if TYPE_CHECKING:
    from levysde.theory import Prediction


def sound_facts(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What is on record of a cell, without what cannot be understood.

    Parameters
    ----------
    facts : mapping
        JSON values of unknown origin.
    key : str
        Of the cell.

    Returns
    -------
    dict
        ``row``, ``failed`` and ``warnings``, as far as each of them is sound.
    """
    row, failed, said = (facts.get(name) for name in ("row", "failed", "warnings"))
    sound: dict[str, Any] = {}
    if isinstance(row, dict) and row.get("key") == key and _is_row(row):
        sound["row"] = row
    if isinstance(failed, str):
        sound["failed"] = failed
    if isinstance(said, list) and said and all(isinstance(each, str) for each in said):
        sound["warnings"] = said
    return sound


_COUNTS = ("paths", "escaped", "censored", "non_finite", "steps")
_NUMBERS = ("dt", "horizon", "seconds")
_NAMES = ("digest", "method", "basin", "dynamics", "noise")
_ESTIMATES = (
    "mean", "mean_lower", "mean_upper", "rate", "rate_lower", "rate_upper", "predicted_mean",
    "predicted_rate", "ratio", "ratio_lower", "ratio_upper",
)  # fmt: skip


def _is_row(row: Mapping[str, Any]) -> bool:
    """Whether a line has the columns that every line has, with values of their kinds."""

    def are(names: tuple[str, ...], kinds: tuple[type, ...]) -> bool:
        found = [row.get(name) for name in names]
        return all(isinstance(each, kinds) and not isinstance(each, bool) for each in found)

    return (
        are(_COUNTS, (int,))
        and are(_NUMBERS, (int, float, NoneType))
        and isinstance(row["seconds"], int | float)
        and are(_NAMES, (str,))
        and are(_ESTIMATES, (int, float, NoneType))
        and all(isinstance(each, int | float | str | list | None) for each in row.values())
    )


def row_of(
    cell: CellRecord, model: Model | None, result: EscapeTimes, seconds: float
) -> dict[str, Any]:
    """The line of the summary: settings, estimates with 95 % intervals, theory, cost.

    Parameters
    ----------
    cell : Cell or its record
        The cell.
    model : Model or None
        As for `finish_cell`.
    result : EscapeTimes
        Its paths.
    seconds : float
        Time that they took, seconds.

    Returns
    -------
    dict
        JSON values by column; what does not exist is None.
    """
    prediction = _prediction(model, result)
    summary = Summary(result, prediction)
    rate = prediction.rate if prediction is not None and prediction.rate else None
    corrected = None if prediction is None else prediction.corrected_mean
    measure = None if prediction is None else prediction.escape_measure
    made = result.parameters
    values = {
        **cell.varied,
        **{name: made[name] for name in _PARTS if name not in cell.varied},
        **{name: made[name] for name in ("dt", "horizon", "method", "seed")},
        "paths": result.paths,
        "escaped": result.escaped,
        "censored": result.censored,
        "non_finite": result.non_finite,
        **_interval("mean", summary.mean, summary.mean_interval),
        **_interval("rate", summary.rate, summary.rate_interval),
        "measure": measure and measure.value,
        "predicted_mean": prediction.mean if rate and prediction else None,
        "predicted_rate": rate,
        "corrected_mean": corrected,
        **_triple("ratio", summary.ratio),
        **_triple("corrected_ratio", summary.mean_over(corrected)),
        "exponentiality_p": summary.exponentiality and summary.exponentiality.p_value,
        "steps": result.total_steps,
        "seconds": seconds,
        "digest": result.digest,
        "key": cell.key,
    }
    return {name: _finite(value) for name, value in values.items()}


_PARTS = ("basin", "dim", "dynamics", "noise", "alpha", "epsilon")


def _prediction(model: Model | None, result: EscapeTimes) -> Prediction | None:
    """What the theory says of a result, if anything."""
    from levysde import spec, theory

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = spec.build(result.parameters) if model is None else model.parts[:3]
            epsilon = result.parameters["epsilon"]
            return theory.predict(*parts, epsilon, dt=result.dt or None)
    except ValueError:  # no law is known, or a function cannot be imported here
        return None


def _interval(name: str, value: float | None, interval: Any) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {name: value, f"{name}_lower": low, f"{name}_upper": high}


def _triple(name: str, triple: tuple[float, float, float] | None) -> dict[str, float | None]:
    value, low, high = triple or (None, None, None)
    return {name: value, f"{name}_lower": low, f"{name}_upper": high}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
