"""How long a run will last, said when it has begun."""

from __future__ import annotations

import math
import sys
import threading
from typing import TYPE_CHECKING, Literal

from levysde.cli.output import say

if TYPE_CHECKING:
    import argparse

    from levysde.model import Model
    from levysde.runs.results import EscapeTimes
    from levysde.theory import Prediction

_NOTICE_DELAY = 1.0


class Notice:
    """Say something once a run has lasted a second: until then it can still be refused.

    Parameters
    ----------
    program : str
        Who says it.
    message : str
        What; nothing if it is empty.
    progress : bool
        Whether a progress bar is shown.
    """

    def __init__(self, program: str, message: str, progress: bool) -> None:
        self.program, self.message, self.progress = program, message, progress
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

            tqdm.write(f"{self.program}: note: {self.message}", file=sys.stderr)
        else:
            say(self.program, "note", self.message)


def long_run(
    options: argparse.Namespace,
    model: Model,
    dt: float,
    prediction: Prediction | None,
    earlier: EscapeTimes | None,
) -> str:
    """What to say of a run that is expected to last longer than a minute, else nothing.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    model : Model
        What will be simulated.
    dt : float
        Step, time.
    prediction : Prediction or None
        What the theory says.
    earlier : EscapeTimes or None
        Paths there are already.

    Returns
    -------
    str
    """
    from levysde.engine.cpu.threads import available_threads
    from levysde.methods import cost_estimate
    from levysde.runs import simulation
    from levysde.statistics import exit_times

    mean = None if prediction is None else prediction.mean
    time = min((t for t in (mean, options.horizon) if t is not None), default=math.inf)
    if not math.isfinite(time):
        return ""
    paths = simulation.DEFAULT_PATHS if options.paths is None else options.paths
    if options.rel_error is not None:
        limit = simulation.DEFAULT_MAX_PATHS if options.paths is None else options.paths
        paths = min(limit, exit_times.escapes_needed(options.rel_error))
    paths -= 0 if earlier is None else earlier.paths
    threads = options.threads or available_threads()
    steps = (time / dt + 1.0) * paths
    seconds = steps * model.basin.dim * cost_estimate.SECONDS_PER_STEP / threads
    if seconds < cost_estimate.LONG_SECONDS:
        return ""
    kept = "" if options.output is not None else "; with --output an interrupted run can be resumed"
    step = options.dt if model.lr is None else model.lr
    # Continuous time has no grid to correct and no steps, and what is skipped is not divided.
    usual = options.scheme == "auto" and options.correction == "none"
    serves = usual if step == "auto" else options.scheme != "flow"
    other = jump_advice(model, step, paths / threads) if serves else ""
    return (
        f"about {steps:.1e} path-steps, {cost_estimate.shown_duration(seconds)} on {threads} "
        f"{'thread' if threads == 1 else 'threads'}{other and '; ' + other}{kept}"
    )


def jump_advice(model: Model, dt: float | Literal["auto"], exits: float) -> str:
    """What the jump method would give in place of Euler, if anything.

    Parameters
    ----------
    model : Model
        What is simulated.
    dt : float or "auto"
        Step, time.
    exits : float
        Number of exits per processor.

    Returns
    -------
    str
    """
    from levysde.methods import cost_estimate

    try:
        found = cost_estimate.estimate(model.basin, model.dynamics, model.noise, model.epsilon, dt)
    except ValueError:  # one of the methods does not support the problem
        return ""
    return found.advice(exits)
