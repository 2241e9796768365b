"""The answer of `levysde escape`: estimates beside predictions, for people and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from levysde.cli import dynamics_options, noise_options
from levysde.cli import model_options as models
from levysde.cli.output import estimate, labeled, table
from levysde.cli.output import number as shown
from levysde.cli.theory import measure_text, model_record, prediction_record

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from levysde.model import Model
    from levysde.runs.summary import Estimate, Summary
    from levysde.statistics.exit_times import Interval

_METHOD_FACTS = ("threshold", "threshold_error", "memory", "small_jumps", "method_reason")
"""What is recorded of some methods."""


def as_record(model: Model, summary: Summary) -> dict[str, Any]:
    """What `--json` prints.

    Parameters
    ----------
    model : Model
        What was simulated.
    summary : Summary
        Its estimates.

    Returns
    -------
    dict
        JSON values; infinite floats are still to become null.
    """
    result, ratio, test = summary.result, summary.ratio, summary.exponentiality
    made = result.parameters
    none = (None, None)
    return {
        **model_record(model),
        "dt": result.dt or None,
        "horizon": made["horizon"],
        "horizon_reason": made["horizon_reason"],
        "paths": result.paths,
        "seed": made["seed"],
        "method": made["method"],
        **{name: made[name] for name in _METHOD_FACTS if name in made},
        "backend": made["backend"],
        "correction": made["correction"] or "none",
        "escaped": result.escaped,
        "censored": result.censored,
        "non_finite": result.non_finite,
        "mean_exit_time": summary.mean,
        "mean_ci95": list(summary.mean_interval or none),
        "rate": summary.rate,
        "rate_ci95": list(summary.rate_interval or none),
        "theory": prediction_record(summary.prediction),
        "ratio": ratio and ratio[0],
        "ratio_ci95": list(ratio[1:] if ratio else none),
        "exponentiality": {
            "statistic": test and test.statistic,
            "p_value": test and test.p_value,
        },
        "mean_steps": summary.steps and summary.steps[0],
        "mean_steps_ci95": list(summary.steps[1:] if summary.steps else none),
        "steps": result.total_steps,
        "seconds": result.seconds,
        "digest": result.digest,
        "warnings": list(result.warnings),
        "convention": made["convention"],
        "versions": made["versions"],
    }


def dt_text(options: argparse.Namespace, model: Model, summary: Summary) -> str:
    """The time step and where it comes from.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    model : Model
        What was simulated.
    summary : Summary
        What was simulated.

    Returns
    -------
    str
    """
    if summary.result.exit_times is not None:
        return "none: times are continuous"
    rule = summary.result.parameters.get("dt_reason")
    auto = "" if rule is None else f" (auto: {rule})"
    auto = auto if model.lr is None else " (lr: the time of an iteration)"
    return f"{summary.result.dt:.12g}{auto}"


def horizon_text(made: Mapping[str, Any]) -> str:
    """The horizon and where it comes from.

    Parameters
    ----------
    made : mapping
        Parameters of a result.

    Returns
    -------
    str
    """
    if made["horizon_reason"] == "given":
        return f"{made['horizon']:.12g}"
    return f"{shown(made['horizon'])} ({made['horizon_reason']})"


def as_text(options: argparse.Namespace, model: Model, summary: Summary) -> str:
    """What a person reads: the run, the comparison with the theory, its tests and its cost.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    model : Model
        What was simulated.
    summary : Summary
        Its estimates.

    Returns
    -------
    str
    """
    result, basin = summary.result, model.basin
    dimension = "one dimension" if basin.dim == 1 else f"{basin.dim} dimensions"
    facts = [
        (
            "dynamics",
            f"{dynamics_options.text(model.dynamics)}, epsilon = {models.amplitude_text(model)}",
        ),
        *noise_options.lines(model.noise),
        ("dt", dt_text(options, model, summary)),
        ("horizon", horizon_text(result.parameters)),
        ("method", "{method} on {backend}, seed {seed}".format_map(result.parameters)),
        (
            "paths",
            f"{result.paths}: {result.escaped} escaped, {result.censored} censored, "
            f"{result.non_finite} non-finite",
        ),
    ]
    if "threshold" in result.parameters:
        facts.insert(-1, ("threshold", _threshold_text(result.parameters)))
    if result.parameters.get("scheme") == "flow":
        facts.insert(-1, ("scheme", "flow: a step that would overshoot is divided"))
    if result.parameters["correction"] is not None:
        facts.insert(-1, ("correction", f"{result.parameters['correction']}, see levysde.grid"))
    if options.start is not None:
        head = ", ".join(f"{x:g}" for x in basin.start[:8])
        more = ", ..." if basin.dim > 8 else ""
        facts.insert(1, ("start", f"({head}{more})"))
    theory = []
    if summary.prediction is not None:
        theory.append(("theory", measure_text(summary.prediction)))
    return "\n\n".join(
        [
            f"Escape from the {basin.name} basin in {dimension}",
            labeled(facts),
            _comparison(summary, counted=model.lr is not None or bool(model.dynamics.options)),
            labeled([*theory, ("exponential", _test_text(summary)), *_cost(summary)]),
        ]
    )


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
            shown(mean),
            *_cells(summary.ratio),
        ),
        ("rate", *_cells(simulated_rate), shown(rate), *_cells(of_rates)),
    ]
    if corrected is not None:
        ratio = summary.mean_over(corrected)
        rows.insert(2, ("corrected", "", "", shown(corrected), *_cells(ratio)))
    if counted and summary.steps is not None:
        expected = None if mean is None else mean / summary.result.dt
        rows.append(("iterations", *_cells(summary.steps), shown(expected)))
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
        f"p = {_probability(test.p_value)}, statistic {shown(test.statistic, 3)}  "
        f"(Weibull shape {shown(test.shape, 4)})"
    )


def _threshold_text(made: Mapping[str, Any]) -> str:
    """Above what jumps are simulated individually, and what becomes of the others."""
    jumps = f"jumps above {made['threshold']:.6g}"
    if "memory" in made:
        return f"{jumps}, remembered for {made['memory']} iterations"
    if made["small_jumps"] == "dropped":
        jumps += ", smaller ones dropped"
    error = made.get("threshold_error")
    return jumps if error is None else f"{jumps}, relative error up to about {error:.1g}"


def _probability(p_value: float) -> str:
    """A probability with two digits, or a bound where it is very small."""
    return "< 1e-15" if p_value < 1e-15 else shown(p_value, 2)


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
