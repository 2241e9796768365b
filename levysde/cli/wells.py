"""`levysde wells`: paths between several wells, counted and compared with the theory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from levysde.cli import arrays
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
    warnings_told,
)
from levysde.cli.parser import (
    Parser,
    UsageError,
    check_writable,
    number,
    number_or_auto,
    whole_number,
)
from levysde.cli.signals import Stop, watched
from levysde.runs.setting_text import amplitude_text, dynamics_text, noise_lines
from levysde.runs.wells.visits_text import visits_text

if TYPE_CHECKING:
    import argparse

    from levysde._typing import FloatArray
    from levysde.dynamics import Dynamics
    from levysde.model import Model
    from levysde.runs.wells.visited import Visits
    from levysde.theory import TransitionRates

_PROGRAM = "levysde wells"
_MEANS = 20
_SUFFIXES = (".npz",)
_REACH = 8.0
"""Half width of the region in which minima are looked for, in sizes of the basin."""

_EPILOG = f"""\
The potential is that of --basin, and its minima are looked for in --region
unless --minima names them. A visit begins near a minimum and ends near
another one. Rates are transitions per unit time in the well of origin.

examples:
  levysde wells --basin double_well --epsilon 0.05
  levysde wells --basin tilted --alpha 1.2 --epsilon 0.001 --method jump
  levysde wells --basin mine.py:three_wells --minima "-2;0;3" --horizon 1e5

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde wells`.
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
    if options.save is not None:
        check_writable("--save", options.save, _SUFFIXES)
    with warnings_told(_PROGRAM):
        return _simulate_and_report(options, stop)


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Follow paths through several wells, and count transitions.", _EPILOG)
    models.add_options(parser, basin="double_well")
    group = parser.add_argument_group("wells")
    group.add_argument(
        "--minima", metavar="X;X;...", help="minima, coordinates separated by commas (all found)"
    )
    group.add_argument(
        "--region",
        metavar="A,B",
        help="ends of the box in which minima are looked for, the same in every coordinate (8 "
        "sizes of the basin about its minimum)",
    )
    group.add_argument(
        "--well", type=whole_number, default=0, metavar="N", help="well of the start (%(default)s)"
    )
    group.add_argument(
        "--radius", type=number, metavar="R", help="of the neighborhoods (half way to the boundary)"
    )
    group = parser.add_argument_group("simulation")
    group.add_argument(
        "--method", default="euler", metavar="NAME", help="euler, jump or auto (euler)"
    )
    group.add_argument(
        "--scheme", default="auto", metavar="NAME", help="of euler: auto, euler or flow (auto)"
    )
    group.add_argument("--threshold", type=number, metavar="R", help="of the jump method")
    group.add_argument(
        "--paths", type=whole_number, default=200, metavar="N", help="paths (%(default)s)"
    )
    group.add_argument(
        "--dt", type=number_or_auto, default="auto", metavar="T", help="time step (auto)"
    )
    group.add_argument(
        "--horizon",
        type=number,
        metavar="T",
        help=f"time of each path ({_MEANS} predicted visits of the well of the start)",
    )
    group.add_argument("--seed", type=whole_number, default=0, metavar="N", help="(%(default)s)")
    group.add_argument("--threads", type=whole_number, metavar="N", help="one per processor")
    group = parser.add_argument_group("output")
    group.add_argument("--save", metavar="FILE", help="write the transitions to FILE (.npz)")
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument("--quiet", action="store_true", help="no progress and no notes")
    return parser


def _simulate_and_report(options: argparse.Namespace, stop: Stop) -> int:
    import numpy as np

    from levysde.runs.wells.visiting import wells_of

    model = models.build(options)
    if not np.array_equal(model.basin.start, model.basin.minimum):
        raise UsageError("--start is for one basin; paths begin at a minimum, the one of --well")
    minima = _minima(options, model)
    if options.minima is not None:  # what is wrong with them is not for the theory to say
        wells_of(model.basin.potential, minima)
    predicted, reason = _predicted(model, minima)
    horizon = _horizon(options, predicted, reason)
    found, code = _visited(options, model, minima, horizon, stop)
    if found is None:
        return code
    problem = _saved(options, found)
    answer(as_json(_record(found, predicted)) if options.json else _text(model, found, predicted))
    if predicted is None and not options.quiet:
        say(_PROGRAM, "note", f"no predicted rates: {reason}")
    if found.lost:
        say(_PROGRAM, "warning", f"{found.lost} paths became infinite or NaN and are left out")
    if problem:
        say(_PROGRAM, "error", problem)
        return FILE_PROBLEM
    if code == DONE and (found.lost or not len(found.time)):
        return CHECK_FAILED
    return code


def _visited(
    options: argparse.Namespace, model: Model, minima: FloatArray, horizon: float, stop: Stop
) -> tuple[Visits | None, int]:
    """The visits of all paths, or of those that an interrupt has left; and the exit code."""
    from levysde.runs.run import Interrupted

    try:
        return _visits(options, model, minima, horizon, stop), DONE
    except Interrupted as interrupted:
        stop.hold()
        kept = interrupted.result
        if interrupted.remark:
            say(_PROGRAM, "warning", interrupted.remark)
    if kept is None:
        say(_PROGRAM, "interrupted", "no path had reached the horizon; nothing was kept")
    else:
        reached = f"{kept.paths + kept.lost} of {options.paths} paths"
        say(_PROGRAM, "interrupted", f"{reached} had reached the horizon; the answer is theirs")
    return kept, stop.code


def _visits(
    options: argparse.Namespace, model: Model, minima: FloatArray, horizon: float, stop: Stop
) -> Visits:
    from levysde.runs.wells.visiting import visits

    bar = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    with watched(stop, bar, keep=True) as look:
        return visits(
            model.basin.potential,
            minima,
            model.dynamics,
            model.noise,
            model.epsilon if model.lr is None else None,
            horizon,
            options.paths,
            start=options.well,
            radius=options.radius,
            dt=options.dt,
            seed=options.seed,
            method=options.method,
            scheme=options.scheme,
            threshold=options.threshold,
            lr=model.lr,
            threads=options.threads,
            progress=look,
        )


def _minima(options: argparse.Namespace, model: Model) -> FloatArray:
    import numpy as np

    from levysde.basins.landscape import find_minima

    if options.minima is not None:
        if options.region is not None:
            raise UsageError("--region is for finding minima, and --minima names them; give one")
        rows = arrays.read_matrix("--minima", options.minima)
        return np.asarray(rows if rows.shape[1] == model.dim else rows.T)
    minimum = model.basin.minimum
    if options.region is None:
        reach = _REACH * model.basin.domain.size_about(minimum)
        low, high = minimum - reach, minimum + reach
    else:
        ends = arrays.read_vector("--region", options.region)
        if len(ends) != 2:
            raise UsageError(f"--region is {options.region}; give two numbers, A,B")
        low, high = (np.full(model.dim, end) for end in ends)
    found = find_minima(model.basin.potential, low, high).minima
    if len(found) < 2:
        raise UsageError(
            f"one minimum was found, {found[0].tolist()}, between {low.tolist()} and "
            f"{high.tolist()}; give another --region, or --minima"
        )
    return np.asarray(found[np.lexsort(found.T[::-1])])


def _predicted(model: Model, minima: FloatArray) -> tuple[TransitionRates | None, str]:
    """The rates of the theory for SGD, or why there are none."""
    from levysde import theory
    from levysde.theory.optimizers.walls import why_walls_matter_between

    reason = _why_no_sgd(model.dynamics) or why_walls_matter_between(model.dynamics, minima)
    if reason is not None:
        return None, reason
    try:
        return theory.transition_rates(
            model.basin.potential, minima, model.noise, model.epsilon
        ), ""
    except ValueError as error:
        return None, str(error)


def _why_no_sgd(dynamics: Dynamics) -> str | None:
    """What moves paths otherwise than sgd does, of which alone transition rates are known."""
    rule = dynamics.rule
    if rule is None:
        return f"the dynamics {dynamics.name} declares no rule"
    if dynamics.clip is not None:
        return f"they are known for whole steps, and steps are clipped to {dynamics.clip:g}"
    if dynamics.schedule is not None:
        return "they are known for constant steps, and the learning rate changes with time"
    if not rule.plain:
        return f"they are known for sgd, and {dynamics.name} averages or divides its steps"
    if rule.weight_decay:
        return "they are known for sgd, and its steps have a weight decay"
    return None


def _horizon(options: argparse.Namespace, predicted: TransitionRates | None, reason: str) -> float:
    if options.horizon is not None:
        return float(options.horizon)
    if predicted is None:
        raise UsageError(f"there is no default horizon ({reason}); give --horizon")
    if not 0 <= options.well < len(predicted.minima):
        raise UsageError(f"--well is {options.well}; give 0 to {len(predicted.minima) - 1}")
    time = _MEANS * float(predicted.residence_times[options.well])
    if not time < float("inf"):
        raise UsageError("the theory predicts no transitions by jumps here; give --horizon")
    return time


def _text(model: Model, found: Visits, predicted: TransitionRates | None) -> str:
    """What a person reads: the text of the result, with the parts as they were given."""
    facts = [
        ("dynamics", dynamics_text(model.dynamics)),
        ("epsilon", amplitude_text(model.epsilon, model.lr)),
        *noise_lines(model.noise),
    ]
    return visits_text(found, predicted, f"the {model.basin.name} basin", facts)


def _saved(options: argparse.Namespace, found: Visits) -> str:
    """Write the file that was asked for; return what went wrong."""
    if options.save is not None:
        try:
            found.save(options.save)
        except OSError as error:
            return f"--save {file_message(error)}"
    return ""


def _record(found: Visits, predicted: TransitionRates | None) -> dict[str, Any]:
    """What `--json` prints."""
    stationary = None if predicted is None else predicted.stationary
    facts = found.to_dict(None if predicted is None else predicted.rates)
    return {**facts, "stationary": None if stationary is None else stationary.tolist()}
