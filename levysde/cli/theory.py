"""`levysde theory`: the prediction without a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from levysde._text import labeled, number
from levysde.cli import model_options as models
from levysde.cli.exact_means import (
    Mean,
    check_dynamics,
    continuous_mean,
    exact_mean,
    why_no_chain,
)
from levysde.cli.output import DONE, EXIT_CODES, answer, as_json
from levysde.cli.parser import Parser, UsageError, number_or_auto
from levysde.runs.setting_text import (
    amplitude_text,
    dimension_text,
    noise_lines,
    theory_record,
)

if TYPE_CHECKING:
    from levysde.cli.signals import Stop
    from levysde.model import Model
    from levysde.noise import Noise
    from levysde.theory import Prediction

_PROGRAM = "levysde theory"
_EPILOG = f"""\
examples:
  levysde theory --alpha 1.2 --basin asymmetric
  levysde theory --basin flat --epsilon 0.3 --dt 0.1 --exact
  levysde theory --noise mixed --noise-matrix '1,0.5;0,1'

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde theory`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If a value is bad or there is no theory for it.
    """
    options = _parser().parse(words)
    model = models.build(options)
    if options.exact and model.basin.dim != 1:
        raise UsageError(
            f"--exact is for one dimension and --dim is {model.basin.dim}; leave out one of them"
        )
    stepped = not model.dynamics.effective_rule.plain
    if options.exact:
        check_dynamics(model)
    if options.dt is not None and not (options.exact or stepped):
        raise UsageError(
            f"--dt {options.dt} has no effect on the theory of continuous time; give --exact too"
        )
    dt = _time_step(model, model.step(options.dt)) if stepped else None
    means = _exact_means(model, options.dt, stop) if options.exact else None
    prediction, reason = models.predict(model, dt)
    if prediction is None:
        raise ValueError(reason)
    if options.json:
        answer(as_json(_record(model, prediction, dt, means)))
    else:
        answer(_text(model, prediction, dt, means))
    return DONE


def _parser() -> Parser:
    parser = Parser(
        _PROGRAM,
        "Predict the escape rate epsilon^alpha nu(W) of small noise, without simulation.",
        _EPILOG,
    )
    models.add_options(parser)
    group = parser.add_argument_group("output")
    group.add_argument(
        "--exact",
        action="store_true",
        help="add exact mean exit times, continuous and of the Euler chain (one dimension)",
    )
    group.add_argument(
        "--dt",
        type=number_or_auto,
        metavar="T",
        help="time step of that chain, or of a dynamics other than sgd (auto)",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


class Means(NamedTuple):
    """The exact means, and the step of the chain where one was needed."""

    dt: float | None
    chain: Mean
    limit: Mean


def _exact_means(model: Model, dt: float | str | None, stop: Stop) -> Means:
    """What can be computed, and why the other cannot."""
    reason = why_no_chain(model.noise)
    step = None
    if reason is None or dt not in (None, "auto"):
        try:
            step = _time_step(model, model.step(dt))
        except ValueError as error:
            if dt not in (None, "auto"):
                raise
            reason = str(error)
    chain = Mean(None, reason=reason)
    if step is not None and reason is None:
        chain = exact_mean(model, step)
    stop.check()
    limit = continuous_mean(model)
    stop.check()
    if chain.value is None and limit.value is None:
        raise UsageError(
            f"--exact finds no mean of the Euler chain ({chain.reason}) and none in continuous "
            f"time ({limit.reason}); leave it out"
        )
    return Means(step, chain, limit)


def _time_step(model: Model, dt: float | str | None) -> float:
    from levysde import checks
    from levysde.runs.simulate import automatic_dt

    if isinstance(dt, float):
        return checks.finite_number("dt", dt)
    return automatic_dt(model.basin, model.dynamics)


def prediction_notes(prediction: Prediction) -> list[str]:
    """Why there is no law, and what the law assumes that is not so.

    Parameters
    ----------
    prediction : Prediction
        What the theory says.

    Returns
    -------
    list of str
    """
    notes = [] if prediction.reason is None else [f"no law known here: {prediction.reason}"]
    for assumption in prediction.assumptions:
        if not assumption.holds:
            state = "is not known to hold" if assumption.holds is None else "does not hold"
            notes.append(
                f"theory: the assumption '{assumption.name}' {state}: {assumption.detail:.300}"
            )
    return notes


def model_record(model: Model) -> dict[str, Any]:
    """Which model it was, as JSON values.

    Parameters
    ----------
    model : Model
        What was simulated or predicted.

    Returns
    -------
    dict
    """
    noise_params = {name: _plain(value) for name, value in model.noise.params.items()}
    return {
        "alpha": model.noise.alpha,
        "epsilon": model.epsilon,
        **({} if model.lr is None else {"lr": model.lr}),
        "basin": model.basin.name,
        "dynamics": model.dynamics.name,
        "dynamics_params": {name: _plain(v) for name, v in model.dynamics.params.items()},
        "dynamics_options": model.dynamics.options,
        "noise": model.noise.name,
        "noise_params": noise_params,
        "scale": noise_params.get("scale"),
        "dim": model.basin.dim,
        "start": model.basin.start.tolist(),
    }


def _plain(value: Any) -> Any:
    """Numbers and arrays as JSON values; those with many numbers as a shape and a hash."""
    from levysde.runs.record import summary

    return summary(value) if hasattr(value, "tolist") else value


def _record(
    model: Model,
    prediction: Prediction,
    dt: float | None,
    means: Means | None,
) -> dict[str, Any]:
    from levysde._version import __version__
    from levysde.noise import CONVENTION

    return {
        **model_record(model),
        **theory_record(prediction),
        "relaxation_rate": list(prediction.relaxation_rate),
        "dt": dt if means is None else means.dt,
        "exact_mean_exit_time": None if means is None else means.chain.value,
        "continuous_mean_exit_time": None if means is None else means.limit.value,
        "continuous_mean_exit_time_error": None if means is None else means.limit.error,
        "exact_mean_reason": None if means is None else means.chain.reason,
        "continuous_mean_reason": None if means is None else means.limit.reason,
        "convention": CONVENTION,
        "versions": {"levysde": __version__},
    }


def _formula(noise: Noise) -> str:
    if noise.several_indices:
        return "sum_k epsilon^alpha_k nu_k(W), k the indices"
    return "epsilon^alpha nu(W)"


def _text(
    model: Model,
    prediction: Prediction,
    dt: float | None,
    means: Means | None,
) -> str:
    facts = [
        *noise_lines(model.noise),
        ("epsilon", amplitude_text(model.epsilon, model.lr)),
        ("curvature", f"{prediction.curvature_text()} at the minimum"),
    ]
    if dt is not None:
        facts.append(("dt", f"{dt:.12g}"))
    values = prediction.law_lines(_formula(model.noise))
    if means is not None:
        steps = "" if means.dt is None else f" with steps dt = {means.dt:.12g}"
        values.append(("Euler chain", _told(means.chain, f"exact mean time{steps}")))
        values.append(("continuous", _told(means.limit, "exact mean time without steps")))
    place = f"the {model.basin.name} basin in {dimension_text(model.basin.dim)}"
    return "\n\n".join(
        [
            f"Escape from {place}: theory of small noise for {model.dynamics.name}",
            labeled(facts),
            labeled(values),
            prediction.conditions(),
        ]
    )


def _told(mean: Mean, what: str) -> str:
    if mean.value is None:
        return f"none: {mean.reason}"
    return f"{number(mean.value, mean.digits)}  {what}"
