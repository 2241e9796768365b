"""`levysde compare`: several optimizers on the same random numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from levysde.cli import dynamics_options
from levysde.cli import model_options as models
from levysde.cli.output import CHECK_FAILED, DONE, EXIT_CODES, answer, as_json, say, warnings_told
from levysde.cli.parser import Parser, UsageError, number, number_or_auto, whole_number
from levysde.cli.signals import Stop, watched
from levysde.cli.theory import model_record, prediction_notes

if TYPE_CHECKING:
    import argparse

    from levysde.model import Model
    from levysde.runs.comparison import Comparison

_PROGRAM = "levysde compare"
_EPILOG = f"""\
All optimizers get the same noise, path by path, so that ratios are known
better than means. Options of an optimizer go to all that have them.

examples:
  levysde compare --dynamics sgd,adam,adamw --basin sharp --lr 0.001
  levysde compare --dynamics sgd,adam --form sde --frozen 4 --scale 4
  levysde compare --dynamics sgd,momentum --basin asymmetric --form sde
  levysde compare --samples noise.npy --noise empirical,fitted,gaussian \\
      --dynamics sgd --basin flat --lr 0.01

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde compare`.
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
    """
    options = _parser().parse(words)
    if options.samples is not None:
        from levysde.cli import compare_noises

        with warnings_told(_PROGRAM):
            return compare_noises.simulate_and_report(options, stop)
    names = options.dynamics.split(",")
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(
            f"--dynamics is {options.dynamics}; give at least two different names, separated by "
            "commas"
        )
    with warnings_told(_PROGRAM):
        return _simulate_and_report(options, names, stop)


def _parser() -> Parser:
    parser = Parser(
        _PROGRAM,
        "Simulate several optimizers on the same noise and compare their escape times.",
        _EPILOG,
    )
    models.add_options(parser, dynamics="sgd,adam,adamw")
    group = parser.add_argument_group("noise from data")
    group.add_argument(
        "--samples",
        metavar="FILE",
        help="compare laws of noise in place of optimizers: FILE.npy, FILE.npz or FILE.csv has a "
        "draw of gradient noise a row, and --noise names of empirical (the rows themselves), "
        "fitted (what tail-index says), gaussian (the same covariance), independent, isotropic, "
        "elliptic, multifractal and student_t",
    )
    group = parser.add_argument_group("simulation")
    group.add_argument(
        "--paths",
        type=whole_number,
        default=2000,
        metavar="N",
        help="number of paths (%(default)s)",
    )
    group.add_argument(
        "--dt",
        type=number_or_auto,
        default="auto",
        metavar="T",
        help="time step of all, or auto: one that suits them all (%(default)s)",
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
        "--threads", type=whole_number, metavar="N", help="threads (one per processor)"
    )
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument(
        "--quiet", action="store_true", help="no progress and no notes; warnings remain"
    )
    return parser


def _simulate_and_report(options: argparse.Namespace, names: list[str], stop: Stop) -> int:
    from levysde import checks
    from levysde.model import Model
    from levysde.runs import comparison

    checks.whole_number("paths", options.paths, 1)
    basin, noise = models.build_setting(options)
    dynamics = dynamics_options.build(options, names)
    (epsilon,) = {models.amplitude(options, each, noise) for each in dynamics}
    model = Model(basin, dynamics[0], noise, epsilon, options.lr)
    bar = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    stop.keep()
    with watched(stop, bar, keep=False) as look:
        compared = comparison.compare(
            basin,
            dynamics,
            noise,
            epsilon=model.epsilon if model.lr is None else None,
            lr=model.lr,
            paths=options.paths,
            dt=options.dt,
            horizon=options.horizon,
            seed=options.seed,
            threads=options.threads,
            progress=look,
        )
    if options.json:
        answer(as_json(_record(model, compared)))
    else:
        answer(compared.summary())
    if not options.quiet:
        for each, prediction in zip(dynamics, compared.predictions, strict=True):
            for note in [] if prediction is None else prediction_notes(prediction):
                say(_PROGRAM, "note", f"{each.name}: {note}")
    for each, result in zip(dynamics, compared.results, strict=True):
        for warning in result.warnings:
            say(_PROGRAM, "warning", f"{each.name}: {warning}")
    whole = all(result.escaped and not result.non_finite for result in compared.results)
    return DONE if whole else CHECK_FAILED


def _record(model: Model, compared: Comparison) -> dict[str, Any]:
    """What `--json` prints."""
    setting = model_record(model)
    setting = {name: value for name, value in setting.items() if "dynamics" not in name}
    return {**setting, **compared.to_dict()}
