"""`levysde compare --samples FILE`: models of noise beside the data that they are made of."""

from __future__ import annotations

import argparse
import functools
import sys
from typing import TYPE_CHECKING, Any

from levysde._text import number as shown
from levysde.cli import dynamics_options, tail_index
from levysde.cli import model_options as models
from levysde.cli.output import CHECK_FAILED, DONE, answer, as_json, say
from levysde.cli.parser import UsageError, quoted
from levysde.cli.signals import Stop, watched
from levysde.runs.setting_text import theory_record

if TYPE_CHECKING:
    from levysde._typing import FloatArray
    from levysde.noise import FittedNoise, FittedPrediction, Noise
    from levysde.runs.noise_comparison import NoiseComparison

_PROGRAM = "levysde compare"
_DATA, _FITTED = "empirical", "fitted"
_FROM_SAMPLES = (
    "alpha",
    "alphas",
    "beta",
    "epsilon",
    "noise_directions",
    "noise_matrix",
    "noise_parameter",
    "noise_weights",
    "scale",
)
"""Options of what the samples say."""


def simulate_and_report(options: argparse.Namespace, stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    options : argparse.Namespace
        Of `levysde compare`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If a value is bad.
    OSError
        If the samples cannot be read.
    """
    from levysde import checks
    from levysde.noise import empirical
    from levysde.runs.noise_comparison import compare_noises

    names = _checked(options)
    checks.whole_number("paths", options.paths, 1)
    note = None if options.quiet else functools.partial(say, _PROGRAM, "note")
    samples, _ = tail_index.joined(tail_index.read_arrays(options.samples, note))
    (dynamics,) = dynamics_options.build(options, [options.dynamics])
    data = empirical(samples)
    basin = models.build_basin(options, data)
    fits = {name: _fit(samples, name) for name in names if name != _DATA}
    laws: dict[str, Noise] = {name: data if name == _DATA else fits[name].law for name in names}
    predictions = {name: _predicted(fit, basin, dynamics, options.lr) for name, fit in fits.items()}
    bar = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    stop.keep()
    with watched(stop, bar, keep=False) as look:
        compared = compare_noises(
            basin,
            dynamics,
            laws,
            options.lr,
            reference=_DATA if _DATA in names else None,
            paths=options.paths,
            horizon=options.horizon,
            seed=options.seed,
            threads=options.threads,
            progress=look,
        )
    if options.json:
        answer(as_json(_record(options, compared, fits, predictions)))
    else:
        answer(_text(options, compared, fits, predictions))
    if not options.quiet:
        _notes(options.lr, data.longest, fits, predictions)
    for name, result in zip(compared.names, compared.results, strict=True):
        for warning in result.warnings:
            say(_PROGRAM, "warning", f"{name}: {warning}")
    reference = compared.results[compared.names.index(compared.reference)]
    finite = not any(result.non_finite for result in compared.results)
    return DONE if reference.escaped and finite else CHECK_FAILED


def _checked(options: argparse.Namespace) -> list[str]:
    """The names of the laws; options that do not go with samples are refused."""
    from levysde.noise.fitting import FITTED_LAWS

    known = (_DATA, _FITTED, *FITTED_LAWS)
    names: list[str] = options.noise.split(",")
    for name in names:
        if name not in known:
            raise UsageError(
                f"--noise {quoted(name)} is no law of samples; with --samples known: "
                f"{', '.join(known)}"
            )
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(
            f"--noise is {options.noise}; with --samples give at least two different names, such "
            "as empirical,fitted,gaussian"
        )
    for name in _FROM_SAMPLES:
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} is given, and --samples says the noise; leave out one"
            )
    if "," in options.dynamics:
        raise UsageError(
            f"--dynamics is {options.dynamics}; with --samples give one optimizer, such as "
            "--dynamics sgd"
        )
    if options.lr is None:
        raise UsageError("--samples needs --lr ETA: laws are compared at one learning rate")
    if options.dt != "auto":
        raise UsageError(f"--dt is {options.dt:g}, and with --lr a step is it; leave out --dt")
    return names


def _fit(samples: FloatArray, name: str) -> FittedNoise:
    from levysde.noise import fit

    return fit(samples, "auto" if name == _FITTED else name)


def _predicted(fit: FittedNoise, basin: Any, dynamics: Any, lr: float) -> FittedPrediction | None:
    try:
        return fit.predict(basin, dynamics, lr=lr)
    except ValueError:  # a basin or a law without a prediction
        return None


def _notes(
    lr: float,
    longest: float,
    fits: dict[str, FittedNoise],
    predictions: dict[str, FittedPrediction | None],
) -> None:
    verdict = next((fit.verdict for fit in fits.values()), "")
    if verdict:
        say(_PROGRAM, "note", verdict)
    say(_PROGRAM, "note", f"the longest step of the data, lr |row|, is {lr * longest:.4g}")
    for name, told in predictions.items():
        if told is not None and told.alpha_interval[0] < told.alpha_interval[1]:
            say(_PROGRAM, "note", f"{name}: {' '.join(str(told).split())}")


def _text(
    options: argparse.Namespace,
    compared: NoiseComparison,
    fits: dict[str, FittedNoise],
    predictions: dict[str, FittedPrediction | None],
) -> str:
    """What a person reads: the setting, and a row for every law."""
    from levysde.runs.noise_comparison_text import noise_comparison_text

    facts = [
        ("samples", options.samples),
        *[("noise", f"{name}: {_law_text(fit)}") for name, fit in fits.items()],
    ]
    theory = {name: _theory(told) for name, told in predictions.items()}
    return noise_comparison_text(compared, facts, theory)


def _law_text(fit: FittedNoise) -> str:
    low, high = fit.alpha_interval
    ends = f" [{low:.3f}, {high:.3f}]" if low < high else ""
    degrees = "" if fit.degrees is None else f", {fit.degrees:.3g} degrees of freedom"
    return f"{fit.law.name}, alpha = {fit.alpha:.3f}{ends}{degrees}"


def _theory(told: FittedPrediction | None) -> tuple[str, str]:
    if told is None or told.mean is None:
        return "", ""
    low, high = told.mean_interval
    ends = f"[{shown(low, 3)}, {shown(high, 3)}]" if low < high else ""
    return shown(told.mean), ends


def _record(
    options: argparse.Namespace,
    compared: NoiseComparison,
    fits: dict[str, FittedNoise],
    predictions: dict[str, FittedPrediction | None],
) -> dict[str, Any]:
    """What `--json` prints."""
    made = compared.results[0].parameters
    rows = []
    columns = compared.names, compared.results, compared.ratios, compared.predictions
    for name, result, ratio, prediction in zip(*columns, strict=True):
        fit, told = fits.get(name), predictions.get(name)
        rows.append(
            {
                "noise": name,
                "law": result.parameters["noise"],
                "alpha": result.parameters["alpha"],
                "alpha_ci": None if fit is None else list(fit.alpha_interval),
                "epsilon": result.parameters["epsilon"],
                "scale": None if fit is None else fit.scale.tolist(),
                "supported": None if fit is None else fit.supported,
                "escaped": result.escaped,
                "censored": result.censored,
                "non_finite": result.non_finite,
                "mean_exit_time": result.mean if result.escaped else None,
                "mean_ci95": list(result.mean_interval()),
                "ratio": ratio.value,
                "ratio_ci95": [ratio.lower, ratio.upper],
                "theory": theory_record(prediction),
                "theory_mean_by_alpha": None if told is None else list(told.mean_interval),
                "digest": result.digest,
            }
        )
    return {
        "samples": options.samples,
        "verdict": next((fit.verdict for fit in fits.values()), None),
        "basin": made["basin"],
        "dim": made["dim"],
        "dynamics": made["dynamics"],
        "dynamics_params": made["dynamics_params"],
        "lr": options.lr,
        "horizon": made["horizon"],
        "paths": compared.results[0].paths,
        "seed": made["seed"],
        "reference": compared.reference,
        "noises": rows,
        "convention": made["convention"],
        "versions": made["versions"],
    }
