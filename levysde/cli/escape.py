"""`levysde escape`: simulated escape times beside the theory."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from levysde.cli import forecast, report, unfinished
from levysde.cli import model_options as models
from levysde.cli.output import (
    CHECK_FAILED,
    DONE,
    EXIT_CODES,
    FILE_PROBLEM,
    answer,
    as_json,
    file_message,
    say,
)
from levysde.cli.parser import (
    Parser,
    UsageError,
    check_writable,
    number,
    number_or_auto,
    quoted,
    whole_number,
)
from levysde.cli.signals import Stop, watched
from levysde.cli.theory import prediction_notes
from levysde.engine.backends import BACKENDS, BackendError
from levysde.runs.escape_text import dt_text
from levysde.runs.setting_text import horizon_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from levysde.model import Model
    from levysde.runs.results import EscapeTimes
    from levysde.runs.summary import Summary
    from levysde.theory import Prediction

_PROGRAM = "levysde escape"
_OUTPUT_SUFFIXES = (".npz",)
_PLOT_SUFFIXES = (".png", ".pdf", ".svg")
_EPILOG = f"""\
The standard law of the noise is E exp(iuL_1) = exp(-|u|^alpha). The answer
goes to stdout; progress, notes and warnings go to stderr. Results do not
depend on the number of threads, and a longer run begins with the paths of a
shorter one.

examples:
  levysde escape --alpha 1.5 --basin sharp
  levysde escape --basin flat --epsilon 0.05 --output run.npz --plot run.pdf
  levysde escape --basin flat --epsilon 0.05 --resume run.npz --paths 50000
  levysde escape --noise isotropic --dim 2 --correction boundary-shift
  levysde escape --basin flat --epsilon 1e-5 --method jump
  levysde escape --dynamics adam --lr 0.001 --scale 2

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde escape`.
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
        If a file cannot be read or will not be writable.
    """
    options = _parser().parse(words)
    if options.output is not None:
        check_writable("--output", options.output, _OUTPUT_SUFFIXES)
    if options.plot is not None:
        check_writable("--plot", options.plot, _PLOT_SUFFIXES)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code = _simulate_and_report(options, stop, lambda: [str(entry.message) for entry in caught])
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
        help="time after which a path is censored (30 predicted means, or 100000 steps where no "
        "mean is predicted)",
    )
    group.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="any whole number from 0 to 2^64 - 1 (%(default)s)",
    )
    group.add_argument(
        "--method",
        default="euler",
        metavar="NAME",
        help="euler, jump (from jump to jump, at a cost that does not depend on epsilon), or auto "
        "(%(default)s)",
    )
    group.add_argument(
        "--threshold",
        type=number,
        metavar="RHO",
        help="with --method jump: length above which jumps are simulated individually (as "
        "long as its error is below 1e-3, at least about a tenth of the shortest exit distance)",
    )
    group.add_argument(
        "--small-jumps",
        default="diffusion",
        metavar="NAME",
        help="with --method jump: what stands for jumps below the threshold, diffusion or dropped "
        "(%(default)s)",
    )
    group.add_argument(
        "--scheme",
        default="auto",
        metavar="NAME",
        help="drift of a step of Euler: euler, flow (divided where it would overshoot) or auto "
        "(%(default)s)",
    )
    group.add_argument(
        "--correction",
        default="none",
        metavar="NAME",
        help="none, or boundary-shift: move the boundary inward to make up for exits between two "
        "steps (%(default)s)",
    )
    group.add_argument(
        "--backend", default="cpu", metavar="NAME", help="cpu, cuda or auto (%(default)s)"
    )
    group.add_argument(
        "--threads", type=whole_number, metavar="N", help="threads (one per processor)"
    )
    group.add_argument(
        "--resume", metavar="FILE", help="continue an earlier --output of the same run"
    )
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        metavar="FILE",
        help="write all paths to FILE.npz, the finished ones every minute while the run goes on",
    )
    group.add_argument(
        "--plot", metavar="FILE", help="draw the survival curve: FILE.png, FILE.pdf or FILE.svg"
    )
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument(
        "--quiet", action="store_true", help="no progress and no notes; warnings remain"
    )
    return parser


def _simulate_and_report(
    options: argparse.Namespace, stop: Stop, caught: Callable[[], list[str]]
) -> int:
    from levysde.runs import simulate

    _check_numbers(options)
    model = models.build(options)
    dt = model.step(options.dt)
    if dt == "auto" and options.method == "euler":
        dt = simulate.automatic_dt(model.basin, model.dynamics)
    earlier = _earlier(options)
    prediction, reason = models.predict(model, None if dt == "auto" else dt)
    progress = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    notice = ""
    if options.method == "euler" and not options.quiet:
        notice = forecast.long_run(options, model, dt, prediction, earlier)
    try:
        with (
            forecast.Notice(_PROGRAM, notice, progress),
            watched(stop, progress, keep=True) as look,
        ):
            result = simulate.escape_times(
                model.basin,
                model.dynamics,
                model.noise,
                epsilon=model.epsilon if model.lr is None else None,
                lr=model.lr,
                paths=options.paths,
                dt=options.dt,
                horizon=options.horizon,
                seed=options.seed,
                method=options.method,
                scheme=options.scheme,
                threshold=options.threshold,
                small_jumps=options.small_jumps,
                backend=options.backend,
                threads=options.threads,
                rel_error=options.rel_error,
                resume=earlier,
                correction=None if options.correction == "none" else options.correction,
                progress=look,
                checkpoint=options.output,
            )
    except simulate.Interrupted as interrupted:
        stop.hold()
        unfinished.tell(_PROGRAM, options, interrupted)
        return stop.code
    except BackendError as failure:
        if failure.result is not None:
            unfinished.keep(_PROGRAM, options, failure.result)
        raise
    if dt == "auto" and result.dt:  # Euler was chosen, with a step that the theory may need
        prediction, reason = models.predict(model, result.dt)
    return _report(options, model, prediction, reason, result, caught)


def _report(
    options: argparse.Namespace,
    model: Model,
    prediction: Prediction | None,
    reason: str,
    result: EscapeTimes,
    caught: Callable[[], list[str]],
) -> int:
    """Write the files, then the answer, then all messages."""
    from levysde.runs.summary import Summary

    problems = _write_files(options, result, prediction)
    summary = Summary(result, prediction)
    if options.json:
        answer(as_json(report.as_record(model, summary)))
    else:
        answer(report.as_text(options, model, summary))
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
    from levysde.runs.results import load
    from levysde.runs.simulation import DEFAULT_MAX_PATHS, DEFAULT_PATHS

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


def _check_numbers(options: argparse.Namespace) -> None:
    """Refuse at once what the simulation would refuse, before the theory is asked."""
    from levysde import checks
    from levysde.methods import METHODS, SMALL_JUMPS
    from levysde.methods import backend as backends
    from levysde.methods.boundary_shift import CORRECTIONS
    from levysde.methods.scheme import SCHEMES

    for name in ("paths", "threads"):
        if getattr(options, name) is not None:
            checks.whole_number(name, getattr(options, name), 1)
    checks.seed_number(options.seed)
    for name in ("dt", "horizon", "rel_error", "threshold"):
        if getattr(options, name) not in (None, "auto"):
            checks.finite_number(name, getattr(options, name))
    checks.choice("method", options.method, METHODS)
    checks.choice("scheme", options.scheme, SCHEMES)
    checks.choice("small_jumps", options.small_jumps, SMALL_JUMPS)
    backends.check(options.backend)
    if options.backend != backends.AUTO:
        BACKENDS[options.backend]()
    checks.choice("correction", options.correction, ("none", *CORRECTIONS))


# ------------------------------------------------------------------------------------ after the run


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
        from levysde.report import figures

        rate = None if prediction is None or not prediction.rate else prediction.rate
        try:
            figures.save(figures.survival_curve(result, rate=rate), options.plot)
        except OSError as error:
            problems.append(f"--plot {file_message(error)}")
    return problems


def _checks_passed(options: argparse.Namespace, result: EscapeTimes) -> bool:
    if result.escaped == 0 or result.non_finite > 0:
        return False
    if options.rel_error is None:
        return True
    from levysde.statistics.exit_times import escapes_needed

    return result.escaped >= escapes_needed(options.rel_error)


def _notes(options: argparse.Namespace, summary: Summary, reason: str) -> list[str]:
    notes = []
    if options.json:
        dt, horizon = dt_text(summary.result), horizon_text(summary.result.parameters)
        notes.append(f"dt = {dt}, horizon = {horizon}")
    made = summary.result.parameters
    notes += [
        f"{choice} {made[choice]}: {made[choice + '_reason']}"
        for choice in ("method", "backend")
        if f"{choice}_reason" in made
    ]
    if summary.prediction is None:
        notes.append(f"no law known here: {reason}")
    else:
        notes += prediction_notes(summary.prediction)
    if options.plot is not None and summary.result.paths == summary.result.non_finite:
        notes.append("no plot: no path stayed finite")
    return notes
