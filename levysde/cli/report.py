"""The answer of `levysde escape` as JSON; its text is that of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from levysde.cli.theory import model_record
from levysde.runs.escape_text import escape_text
from levysde.runs.setting_text import amplitude_text, dynamics_text, noise_lines, theory_record

if TYPE_CHECKING:
    import argparse

    from levysde.model import Model
    from levysde.runs.summary import Summary

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
        "theory": theory_record(summary.prediction),
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


def as_text(options: argparse.Namespace, model: Model, summary: Summary) -> str:
    """What a person reads: the text of the result, with the parts as they were given.

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
    amplitude = amplitude_text(model.epsilon, model.lr)
    facts = [("dynamics", f"{dynamics_text(model.dynamics)}, epsilon = {amplitude}")]
    if options.start is not None:
        head = ", ".join(f"{x:g}" for x in model.basin.start[:8])
        more = ", ..." if model.basin.dim > 8 else ""
        facts.append(("start", f"({head}{more})"))
    return escape_text(summary, [*facts, *noise_lines(model.noise)])
