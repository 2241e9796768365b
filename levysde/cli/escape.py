"""`levysde escape`: simulated escape times beside the theory."""

from __future__ import annotations

import math
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeAlias

from levysde.cli import model as models
from levysde.cli.arguments import (
    Parser,
    UsageError,
    check_writable,
    number,
    number_or_auto,
    quoted,
    whole_number,
)
from levysde.cli.output import (
    CHECK_FAILED,
    DONE,
    EXIT_CODES,
    FILE_PROBLEM,
    INTERRUPTED,
    answer,
    as_json,
    estimate,
    file_message,
    labeled,
    say,
    table,
)
from levysde.cli.output import number as shown
from levysde.cli.theory import measure_text, model_record, prediction_record

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from levysde.estimators import Exponentiality, Interval
    from levysde.results import EscapeTimes
    from levysde.theory import Prediction

    _Estimate: TypeAlias = tuple[float, float, float]

_PROGRAM = "levysde escape"
_OUTPUT_SUFFIXES = (".npz",)
_PLOT_SUFFIXES = (".png", ".pdf", ".svg")
_LONG_SECONDS = 60.0
_SECONDS_PER_STEP = 1e-8
_NOTICE_DELAY = 1.0
_EPILOG = f"""\
The standard law of the noise is E exp(iuL_1) = exp(-|u|^alpha). The answer goes
to stdout; progress, notes and warnings go to stderr. Results do not depend on the
number of threads, and a longer run begins with the paths of a shorter one.

examples:
  levysde escape --alpha 1.5 --basin sharp
  levysde escape --basin flat --epsilon 0.05 --output run.npz --plot run.pdf
  levysde escape --basin flat --epsilon 0.05 --resume run.npz --paths 50000

{EXIT_CODES}"""


def run(words: list[str]) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde escape`.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If a value is bad.
    OSError
        If a file cannot be read or will not be writable.
    """
    options = _parser().parse(words)
    if options.output is not None:
        check_writable("--output", options.output, _OUTPUT_SUFFIXES)
    if options.plot is not None:
        check_writable("--plot", options.plot, _PLOT_SUFFIXES)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code = _simulate_and_report(options, lambda: [str(entry.message) for entry in caught])
    return code


def _parser() -> Parser:
    parser = Parser(
        _PROGRAM,
        "Simulate escape times from a basin and compare them with the theory.",
        _EPILOG,
    )
    models.add_options(parser)
    group = parser.add_argument_group("simulation")
    group.add_argument(
        "--paths",
        type=whole_number,
        metavar="N",
        help="number of paths (10000); with --rel-error the largest number (1000000)",
    )
    group.add_argument(
        "--rel-error",
        type=number,
        metavar="R",
        help="stop when the 95%% interval of the rate is +- this fraction of it",
    )
    group.add_argument(
        "--dt",
        type=number_or_auto,
        default="auto",
        metavar="T",
        help="time step, or auto: 1/100 of the shortest relaxation time (%(default)s)",
    )
    group.add_argument(
        "--horizon",
        type=number,
        metavar="T",
        help="time after which a path is given up (30 predicted means)",
    )
    group.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="any whole number from 0 to 2^64 - 1 (%(default)s)",
    )
    group.add_argument("--method", default="euler", metavar="NAME", help="euler (%(default)s)")
    group.add_argument("--backend", default="cpu", metavar="NAME", help="cpu (%(default)s)")
    group.add_argument(
        "--threads", type=whole_number, metavar="N", help="threads (one per processor)"
    )
    group.add_argument(
        "--resume", metavar="FILE", help="continue an earlier --output of the same run"
    )
    group = parser.add_argument_group("output")
    group.add_argument("--output", metavar="FILE", help="write all paths to FILE.npz")
    group.add_argument(
        "--plot", metavar="FILE", help="draw the survival curve: FILE.png, FILE.pdf or FILE.svg"
    )
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument(
        "--quiet", action="store_true", help="no progress and no notes; warnings remain"
    )
    return parser


def _simulate_and_report(options: argparse.Namespace, caught: Callable[[], list[str]]) -> int:
    from levysde import simulate

    model = models.build(options)
    dt = simulate.automatic_dt(model.basin) if options.dt == "auto" else options.dt
    earlier = _earlier(options)
    prediction, reason = models.predict(model)
    progress = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    notice = "" if options.quiet else _long_run(options, model, dt, prediction, earlier)
    try:
        with _Notice(notice, progress):
            result = simulate.escape_times(
                model.basin,
                model.dynamics,
                model.noise,
                model.epsilon,
                paths=options.paths,
                dt=dt,
                horizon=options.horizon,
                seed=options.seed,
                method=options.method,
                backend=options.backend,
                threads=options.threads,
                rel_error=options.rel_error,
                resume=earlier,
                progress=progress,
            )
    except simulate.Interrupted as stop:
        return _interrupted(options, stop.result)
    return _report(options, model, prediction, reason, result, caught)


def _report(
    options: argparse.Namespace,
    model: models.Model,
    prediction: Prediction | None,
    reason: str,
    result: EscapeTimes,
    caught: Callable[[], list[str]],
) -> int:
    """Write the files, then the answer, then all messages."""
    problems = _write_files(options, result, prediction)
    summary = _Summary(result, prediction)
    if options.json:
        answer(as_json(_record(model, summary)))
    else:
        answer(_text(options, model, summary))
    if not options.quiet:
        for note in _notes(options, summary, reason):
            say(_PROGRAM, "note", note)
    for warning in (*result.warnings, *caught()):
        say(_PROGRAM, "warning", warning)
    for problem in problems:
        say(_PROGRAM, "error", problem)
    if problems:
        return FILE_PROBLEM
    return DONE if _checks_passed(options, result) else CHECK_FAILED


def _earlier(options: argparse.Namespace) -> EscapeTimes | None:
    """Load the result to be resumed; it must not have more paths than are asked for."""
    if options.resume is None:
        return None
    from levysde.results import load
    from levysde.simulate import DEFAULT_MAX_PATHS, DEFAULT_PATHS

    try:
        earlier = load(options.resume)
    except ValueError as error:
        if "\0" in options.resume:
            raise
        raise OSError(f"--resume {error}") from error
    default = DEFAULT_PATHS if options.rel_error is None else DEFAULT_MAX_PATHS
    paths = default if options.paths is None else options.paths
    if 0 < paths < earlier.paths:
        raise UsageError(
            f"--resume {quoted(options.resume)} has {earlier.paths} paths already and the run "
            f"has {paths}; give --paths {earlier.paths} or more"
        )
    return earlier


# ----------------------------------------------------------------------------------- before the run


class _Notice:
    """Say something once a run has lasted a second: until then it can still be refused."""

    def __init__(self, message: str, progress: bool) -> None:
        self.message, self.progress = message, progress
        self.timer = threading.Timer(_NOTICE_DELAY, self._say)
        self.timer.daemon = True

    def __enter__(self) -> None:
        if self.message:
            self.timer.start()

    def __exit__(self, *error: object) -> None:
        self.timer.cancel()

    def _say(self) -> None:
        if self.progress:
            from tqdm import tqdm

            tqdm.write(f"{_PROGRAM}: note: {self.message}", file=sys.stderr)
        else:
            say(_PROGRAM, "note", self.message)


def _long_run(
    options: argparse.Namespace,
    model: models.Model,
    dt: float,
    prediction: Prediction | None,
    earlier: EscapeTimes | None,
) -> str:
    """What to say of a run that is expected to last longer than a minute, else nothing."""
    from levysde import estimators, simulate
    from levysde.engine.cpu import available_threads

    mean = math.inf if prediction is None else prediction.mean
    time = min(mean, math.inf if options.horizon is None else options.horizon)
    if not (math.isfinite(time) and dt > 0.0):
        return ""
    paths = simulate.DEFAULT_PATHS if options.paths is None else options.paths
    if options.rel_error is not None:
        limit = simulate.DEFAULT_MAX_PATHS if options.paths is None else options.paths
        paths = min(limit, estimators.escapes_needed(options.rel_error))
    paths -= 0 if earlier is None else earlier.paths
    threads = max(1, options.threads or available_threads())
    steps = (time / dt + 1.0) * paths
    seconds = steps * model.basin.dim * _SECONDS_PER_STEP / threads
    if seconds < _LONG_SECONDS:
        return ""
    kept = "" if options.output is not None else "; with --output an interrupted run can be resumed"
    return (
        f"about {steps:.1e} path-steps, {_duration(seconds)} on {threads} "
        f"{'thread' if threads == 1 else 'threads'}{kept}"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("years", 3.156e7), ("days", 86400.0), ("hours", 3600.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{max(1, round(seconds / 60.0))} min"


# ------------------------------------------------------------------------------------ after the run


def _interrupted(options: argparse.Namespace, result: EscapeTimes | None) -> int:
    """Keep the finished paths where a file was named for them."""
    if result is None:
        say(_PROGRAM, "interrupted", "not one path had finished; nothing was kept")
    elif options.output is None:
        say(
            _PROGRAM,
            "interrupted",
            f"{result.paths} finished paths were not kept; give --output FILE to keep them",
        )
    else:
        result.save(options.output)
        say(
            _PROGRAM,
            "interrupted",
            f"the first {result.paths} paths are in {options.output}; to continue, repeat the "
            f"command with --resume {options.output}",
        )
    return INTERRUPTED


def _write_files(
    options: argparse.Namespace, result: EscapeTimes, prediction: Prediction | None
) -> list[str]:
    """Write what was asked for and return what went wrong: the answer is printed in any case."""
    problems = []
    if options.output is not None:
        try:
            result.save(options.output)
        except OSError as error:
            problems.append(f"--output {file_message(error)}")
    if options.plot is not None and result.paths > result.non_finite:
        from levysde import plots

        rate = prediction.rate if prediction is not None and prediction.rate > 0.0 else None
        try:
            plots.save(plots.survival_curve(result, rate=rate), options.plot)
        except OSError as error:
            problems.append(f"--plot {file_message(error)}")
    return problems


def _checks_passed(options: argparse.Namespace, result: EscapeTimes) -> bool:
    if result.escaped == 0 or result.non_finite > 0:
        return False
    if options.rel_error is None:
        return True
    from levysde.estimators import escapes_needed

    return result.escaped >= escapes_needed(options.rel_error)


def _notes(options: argparse.Namespace, summary: _Summary, reason: str) -> list[str]:
    notes = []
    if options.json:
        notes.append(
            f"dt = {_dt_text(options, summary)}, horizon = {_horizon_text(options, summary)}"
        )
    if summary.prediction is None:
        notes.append(f"no theory: {reason}")
    else:
        for assumption in summary.prediction.assumptions:
            if not assumption.holds:
                state = "is not known to hold" if assumption.holds is None else "does not hold"
                notes.append(
                    f"theory: the assumption '{assumption.name}' {state}: {assumption.detail:.300}"
                )
    if options.plot is not None and summary.result.paths == summary.result.non_finite:
        notes.append("no plot: no path stayed finite")
    return notes


class _Summary:
    """The estimates of a result and their ratios to the prediction; None is what does not exist."""

    def __init__(self, result: EscapeTimes, prediction: Prediction | None) -> None:
        self.result, self.prediction = result, prediction
        self.mean: float | None = None
        self.rate: float | None = None
        self.mean_interval: Interval | None = None
        self.rate_interval: Interval | None = None
        self.exponentiality: Exponentiality | None = None
        if result.paths > result.non_finite:
            self.mean, self.rate = result.mean, result.rate
            self.mean_interval, self.rate_interval = result.mean_interval(), result.rate_interval()
            self.exponentiality = result.exponentiality()

    def mean_over(self, predicted: float | None) -> _Estimate | None:
        """Ratio of the simulated to a predicted mean, and its interval."""
        if self.mean is None or self.mean_interval is None or predicted is None:
            return None
        if not (0.0 < predicted < math.inf) or not math.isfinite(self.mean):
            return None
        low, high = self.mean_interval
        return self.mean / predicted, low / predicted, high / predicted

    @property
    def ratio(self) -> _Estimate | None:
        """Mean times predicted rate, and its interval."""
        return self.mean_over(None if self.prediction is None else self.prediction.mean)


def _record(model: models.Model, summary: _Summary) -> dict[str, Any]:
    """What `--json` prints."""
    result, ratio, test = summary.result, summary.ratio, summary.exponentiality
    made = result.parameters
    none = (None, None)
    return {
        **model_record(model),
        "dt": result.dt,
        "horizon": made["horizon"],
        "paths": result.paths,
        "seed": made["seed"],
        "method": made["method"],
        "backend": made["backend"],
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
        "steps": result.total_steps,
        "seconds": result.seconds,
        "digest": result.digest,
        "warnings": list(result.warnings),
        "convention": made["convention"],
        "versions": made["versions"],
    }


# --------------------------------------------------------------------------------- the human answer


def _dt_text(options: argparse.Namespace, summary: _Summary) -> str:
    auto = " (auto: 1/100 of the shortest relaxation time)" if options.dt == "auto" else ""
    return f"{summary.result.dt:.12g}{auto}"


def _horizon_text(options: argparse.Namespace, summary: _Summary) -> str:
    from levysde.simulate import HORIZON_MEANS

    horizon = summary.result.parameters["horizon"]
    if options.horizon is None:
        return f"{shown(horizon)} ({HORIZON_MEANS:g} predicted means)"
    return f"{horizon:.12g}"


def _text(options: argparse.Namespace, model: models.Model, summary: _Summary) -> str:
    result, basin = summary.result, model.basin
    dimension = "one dimension" if basin.dim == 1 else f"{basin.dim} dimensions"
    facts = [
        ("dynamics", f"{model.dynamics.name}, epsilon = {model.epsilon:.12g}"),
        *models.noise_lines(model),
        ("dt", _dt_text(options, summary)),
        ("horizon", _horizon_text(options, summary)),
        ("method", "{method} on {backend}, seed {seed}".format_map(result.parameters)),
        (
            "paths",
            f"{result.paths}: {result.escaped} escaped, {result.censored} censored, "
            f"{result.non_finite} non-finite",
        ),
    ]
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
            _comparison(summary),
            labeled([*theory, ("exponential", _test_text(summary)), *_cost(summary)]),
        ]
    )


def _comparison(summary: _Summary) -> str:
    """The table of simulated and predicted numbers."""
    prediction = summary.prediction
    rate = None if prediction is None or prediction.rate == 0.0 else prediction.rate
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
        rows.insert(2, ("  corrected", "", "", shown(corrected), *_cells(ratio)))
    return table(rows, right=(1, 3, 4)) + "\n  (ratio = simulated / predicted)"


def _estimate_of(value: float | None, interval: Interval | None) -> _Estimate | None:
    return None if value is None or interval is None else (value, *interval)


def _cells(triple: _Estimate | None) -> tuple[str, str]:
    """Estimate and interval as text."""
    if triple is None:
        return "none", ""
    value, interval = estimate(*triple)
    return (value if math.isfinite(triple[0]) else "none"), interval


def _test_text(summary: _Summary) -> str:
    test = summary.exponentiality
    if test is None or test.statistic is None or test.p_value is None:
        return "no test: too few escapes"
    return (
        f"p = {number_text(test.p_value)}, statistic {shown(test.statistic, 3)}  "
        f"(Weibull shape {shown(test.shape, 4)})"
    )


def number_text(p_value: float) -> str:
    """A probability with two digits, or a bound where it is very small.

    Parameters
    ----------
    p_value : float
        The probability.

    Returns
    -------
    str

    Examples
    --------
    >>> number_text(0.5216), number_text(1e-30)
    ('0.52', '< 1e-15')
    """
    return "< 1e-15" if p_value < 1e-15 else shown(p_value, 2)


def _cost(summary: _Summary) -> list[tuple[str, str]]:
    result = summary.result
    components = result.total_steps * result.dim
    speed = f": {result.seconds / components * 1e9:.3g} ns per step" if components else ""
    if result.dim > 1:
        speed += " and component"
    return [
        ("cost", f"{result.total_steps:.4g} path-steps in {result.seconds:.3g} s{speed}"),
        ("digest", result.digest),
    ]
