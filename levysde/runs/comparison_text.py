"""A comparison of optimizers as text and as the lines of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from levysde._text import Row, estimate, labeled, number, table
from levysde.runs.setting_text import (
    dimension_text,
    dynamics_text,
    horizon_text,
    noise_lines,
    theory_record,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.runs.comparison import Comparison
    from levysde.runs.noise_comparison import NoiseComparison
    from levysde.runs.ratios import Ratio
    from levysde.runs.results import EscapeTimes


def setting_lines(
    dynamics: Sequence[Dynamics], noise: Noise, amplitude: str
) -> tuple[tuple[str, str], ...]:
    """What is compared, as labels and values.

    Parameters
    ----------
    dynamics : sequence of Dynamics
        The optimizers.
    noise : Noise
        The law of the driver.
    amplitude : str
        Noise amplitude in words.

    Returns
    -------
    tuple of (str, str)
    """
    named = [("dynamics", dynamics_text(each)) for each in dynamics]
    return (*named, ("epsilon", amplitude), *noise_lines(noise))


def comparison_text(compared: Comparison) -> str:
    """What a person reads: the setting, and a row for every optimizer.

    Parameters
    ----------
    compared : Comparison
        The optimizers.

    Returns
    -------
    str
    """
    first = compared.results[0]
    made = first.parameters
    facts = [
        *compared.setting,
        ("dt", _step_text(compared)),
        *[("horizon", text) for text in _horizons(compared.results)],
        ("paths", f"{first.paths} of each, with the same noise, seed {made['seed']}"),
    ]
    head = ("", "escaped", "mean time", "95 % interval", "theory", "ratio")
    rows: list[tuple[str, ...]] = [(*head, "95 % interval", "theory")]
    for i, (name, result) in enumerate(zip(compared.names, compared.results, strict=True)):
        prediction = compared.predictions[i]
        rows.append(
            (
                name,
                str(result.escaped),
                *mean_cells(result),
                number(None if prediction is None else prediction.mean),
                *ratio_cells(compared.ratios[i], is_reference=i == 0),
                number(compared.predicted_ratios[i]) if i else "",
            )
        )
    return "\n\n".join(
        [
            f"Escape from the {made['basin']} basin in {dimension_text(first.dim)}",
            labeled(facts),
            table(rows, right=(1, 2, 4, 5, 7), close=(2, 5)),
            labeled([("iterations", text) for text in _iterations(compared)]),
            f"  (ratio = mean time over that of {compared.names[0]}, from pairs of paths)",
        ]
    )


def comparison_rows(compared: Comparison) -> list[Row]:
    """A line for every optimizer, as `Comparison.to_dict` has them.

    Parameters
    ----------
    compared : Comparison
        The optimizers.

    Returns
    -------
    list of dict
    """
    lines = []
    for i, (name, result) in enumerate(zip(compared.names, compared.results, strict=True)):
        made, ratio = result.parameters, compared.ratios[i]
        exists = result.escaped > 0
        bounds = list(result.mean_interval()) if exists else [None, None]
        lines.append(
            {
                "dynamics": name,
                "dynamics_params": made["dynamics_params"],
                "dynamics_options": made["dynamics_options"],
                "horizon": made["horizon"],
                "horizon_reason": made["horizon_reason"],
                "escaped": result.escaped,
                "censored": result.censored,
                "non_finite": result.non_finite,
                "mean_exit_time": result.mean if exists else None,
                "mean_ci95": bounds,
                "mean_steps": result.mean / result.dt if exists else None,
                "mean_steps_ci95": [None if b is None else b / result.dt for b in bounds],
                "theory": theory_record(compared.predictions[i]),
                "ratio": ratio.value,
                "ratio_ci95": [ratio.lower, ratio.upper],
                "predicted_ratio": compared.predicted_ratios[i],
                "digest": result.digest,
            }
        )
    return lines


def mean_cells(result: EscapeTimes) -> tuple[str, str]:
    """A mean and its interval in a table; without an escape, what it is longer than.

    Parameters
    ----------
    result : EscapeTimes
        The run.

    Returns
    -------
    tuple of str
    """
    low, high = result.mean_interval()
    return estimate(result.mean, low, high) if result.escaped else ("none", f"> {number(low)}")


def ratio_cells(ratio: Ratio, *, is_reference: bool) -> tuple[str, str]:
    """A ratio and its interval in a table.

    Parameters
    ----------
    ratio : Ratio
        Of means.
    is_reference : bool
        Whether it is that of the reference to itself.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from levysde.runs.ratios import Ratio
    >>> ratio_cells(Ratio(2.0, 1.0, 4.0), is_reference=False)
    ('2.0', '[1.0, 4.0]')
    """
    if not math.isfinite(ratio.value):
        return "none", ""
    return ("1", "") if is_reference else estimate(*ratio)


def ratios_in_short(compared: Comparison | NoiseComparison) -> str:
    """The ratios on one line.

    Parameters
    ----------
    compared : Comparison or NoiseComparison
        What was compared.

    Returns
    -------
    str
    """
    pairs = zip(compared.names, compared.ratios, strict=True)
    ratios = ", ".join(f"{name}: {number(ratio.value, 4)}" for name, ratio in pairs)
    return f"ratios={{{ratios}}}, paths={compared.results[0].paths}"


def _step_text(compared: Comparison) -> str:
    """The step, where it comes from, and what it decides."""
    dt, reason = compared.results[0].dt, compared.dt_reason
    text = f"{dt:.12g}" if reason == "given" else f"{dt:.12g} ({reason})"
    if compared.stepwise:
        names = " and ".join(compared.stepwise)
        verb = "counts" if len(compared.stepwise) == 1 else "count"
        text += f"; the ratios depend on it, because {names} {verb} in iterations"
        text += "; give lr (--lr) to choose it" if reason.startswith("auto") else ""
    return text


def _iterations(compared: Comparison) -> list[str]:
    """Mean number of steps of each optimizer, with its interval."""
    texts = []
    for name, result in zip(compared.names, compared.results, strict=True):
        steps, interval = "none", ""
        if result.escaped:
            bounds = (bound / result.dt for bound in result.mean_interval())
            steps, interval = estimate(result.mean / result.dt, *bounds)
        texts.append(f"{name}: {steps} {interval}".rstrip())
    return texts


def _horizons(results: Sequence[EscapeTimes]) -> list[str]:
    """The horizon of all, or of each where they differ."""
    texts = [horizon_text(result.parameters) for result in results]
    if len(set(texts)) == 1:
        return texts[:1]
    names = [result.parameters["dynamics"] for result in results]
    return [f"{name}: {text}" for name, text in zip(names, texts, strict=True)]
