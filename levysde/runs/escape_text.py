"""Escape times as text: the run, the comparison with the theory, its tests and its cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from levysde._text import estimate, labeled, number, table
from levysde.runs.setting_text import dimension_text, horizon_text, recorded_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from levysde.runs.results import EscapeTimes
    from levysde.runs.summary import Estimate, Summary
    from levysde.statistics.exit_times import Interval


def dt_text(result: EscapeTimes) -> str:
    """The time step and where it comes from.

    Parameters
    ----------
    result : EscapeTimes
        What was simulated.

    Returns
    -------
    str
    """
    if result.exit_times is not None:
        return "none: times are continuous"
    if "lr" in result.parameters:
        return f"{result.dt:.12g} (lr: the time of an iteration)"
    rule = result.parameters.get("dt_reason")
    return f"{result.dt:.12g}" + ("" if rule is None else f" (auto: {rule})")


def escape_text(summary: Summary, setting: Sequence[tuple[str, str]] | None = None) -> str:
    """What a person reads: the run, the comparison with the theory, its tests and its cost.

    Parameters
    ----------
    summary : Summary
        Estimates of the run.
    setting : sequence of (str, str), optional
        The parts in words, labels and values; by default as the parameters of the result have them.

    Returns
    -------
    str
    """
    result = summary.result
    made = result.parameters
    facts = [
        *(recorded_lines(made) if setting is None else setting),
        ("dt", dt_text(result)),
        *_recorded(made),
        (
            "paths",
            f"{result.paths}: {result.escaped} escaped, {result.censored} censored, "
            f"{result.non_finite} non-finite",
        ),
    ]
    theory = []
    if summary.prediction is not None:
        theory.append(("theory", summary.prediction.measure_text()))
    counted = "lr" in made or bool(made.get("dynamics_options"))
    basin = f" from the {made['basin']} basin" if "basin" in made else ""
    return "\n\n".join(
        [
            f"Escape{basin} in {dimension_text(result.dim)}",
            labeled(facts),
            _comparison(summary, counted=counted),
            labeled([*theory, ("exponential", _test_text(summary)), *_cost(summary)]),
        ]
    )


def _recorded(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The horizon and how paths were advanced, as far as it is recorded."""
    facts = []
    if "horizon" in made:
        facts.append(("horizon", horizon_text(made)))
    if {"method", "backend", "seed"} <= made.keys():
        facts.append(("method", "{method} on {backend}, seed {seed}".format_map(made)))
    if "threshold" in made:
        facts.append(("threshold", _threshold_text(made)))
    if made.get("scheme") == "flow":
        facts.append(("scheme", "flow: a step that would overshoot is divided"))
    if made.get("correction") is not None:
        facts.append(("correction", f"{made['correction']}, see levysde.grid"))
    return facts


def _comparison(summary: Summary, counted: bool) -> str:
    """The table of simulated and predicted numbers, with iterations where they are counted."""
    prediction = summary.prediction
    rate = None if prediction is None or not prediction.rate else prediction.rate
    mean = None if prediction is None or rate is None else prediction.mean
    corrected = None if prediction is None else prediction.corrected_mean
    simulated_rate = _estimate_of(summary.rate, summary.rate_interval)
    of_rates = None
    if rate is not None and simulated_rate is not None and summary.result.escaped:
        value, low, high = simulated_rate
        of_rates = (value / rate, low / rate, high / rate)
    rows: list[tuple[str, ...]] = [
        ("", "simulated", "95 % interval", "predicted", "ratio", "95 % interval"),
        (
            "mean time",
            *_cells(_estimate_of(summary.mean, summary.mean_interval)),
            number(mean),
            *_cells(summary.ratio),
        ),
        ("rate", *_cells(simulated_rate), number(rate), *_cells(of_rates)),
    ]
    if corrected is not None:
        ratio = summary.mean_over(corrected)
        rows.insert(2, ("corrected", "", "", number(corrected), *_cells(ratio)))
    if counted and summary.steps is not None:
        expected = None if mean is None else mean / summary.result.dt
        rows.append(("iterations", *_cells(summary.steps), number(expected)))
    if prediction is None:
        return table([row[:3] for row in rows], right=(1,), close=(1,))
    return table(rows, right=(1, 3, 4), close=(1, 4)) + "\n  (ratio = simulated / predicted)"


def _estimate_of(value: float | None, interval: Interval | None) -> Estimate | None:
    return None if value is None or interval is None else (value, *interval)


def _cells(triple: Estimate | None) -> tuple[str, str]:
    """Estimate and interval as text."""
    if triple is None:
        return "none", ""
    value, interval = estimate(*triple)
    return (value if math.isfinite(triple[0]) else "none"), interval


def _test_text(summary: Summary) -> str:
    test = summary.exponentiality
    if test is None or test.statistic is None or test.p_value is None:
        return "no test: too few escapes"
    return (
        f"p = {_probability(test.p_value)}, statistic {number(test.statistic, 3)}  "
        f"(Weibull shape {number(test.shape, 4)})"
    )


def _threshold_text(made: Mapping[str, Any]) -> str:
    """Above what jumps are simulated individually, and what becomes of the others."""
    jumps = f"jumps above {made['threshold']:.6g}"
    if "memory" in made:
        return f"{jumps}, remembered for {made['memory']} iterations"
    if made.get("small_jumps") == "dropped":
        jumps += ", smaller ones dropped"
    error = made.get("threshold_error")
    return jumps if error is None else f"{jumps}, relative error up to about {error:.1g}"


def _probability(p_value: float) -> str:
    """A probability with two digits, or a bound where it is very small."""
    return "< 1e-15" if p_value < 1e-15 else number(p_value, 2)


def _cost(summary: Summary) -> list[tuple[str, str]]:
    result = summary.result
    if result.exit_times is not None:
        each = f": {result.seconds / result.paths * 1e6:.3g} microseconds per path"
        moves = f"{result.total_steps:.4g} moves in {result.seconds:.3g} s{each}"
        return [("cost", moves), ("digest", result.digest)]
    if "memory" in result.parameters:
        each = f"{result.seconds / result.paths * 1e6:.3g} microseconds per path"
        steps = f"{result.total_steps:.4g} path-steps in {result.seconds:.3g} s, idle ones skipped"
        return [("cost", f"{steps}: {each}"), ("digest", result.digest)]
    components = result.total_steps * result.dim
    speed = f": {result.seconds / components * 1e9:.3g} ns per step" if components else ""
    if result.dim > 1:
        speed += " and component"
    return [
        ("cost", f"{result.total_steps:.4g} path-steps in {result.seconds:.3g} s{speed}"),
        ("digest", result.digest),
    ]
