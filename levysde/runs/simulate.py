"""The verbs: `escape_times` and `trajectories`. Validation, then one call to the engine."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from levysde import checks, methods
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.basins.basin import check_minimum
from levysde.dynamics import Dynamics
from levysde.engine.random.philox import MAX_PATHS, MAX_STEPS
from levysde.methods import backend as backends
from levysde.methods import boundary_shift
from levysde.methods.euler import chain
from levysde.methods.horizon import chosen_horizon
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.scheme import SCHEMES
from levysde.methods.timestep import automatic_dt
from levysde.model import Model, check_parts, checked_model
from levysde.noise import Noise
from levysde.runs.record import describe
from levysde.runs.results import EscapeTimes
from levysde.runs.run import Bar, Interrupted, Prefix, checkpoint_file, stage
from levysde.spellings import with_hints
from levysde.statistics import exit_times

__all__ = ["Interrupted", "Trajectories", "automatic_dt", "escape_times", "trajectories"]

DEFAULT_PATHS = 10_000
DEFAULT_MAX_PATHS = 1_000_000


@with_hints
def escape_times(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None = None,
    paths: int | None = None,
    dt: float | Literal["auto"] = "auto",
    horizon: float | None = None,
    seed: int = 0,
    method: str = "euler",
    backend: str = "cpu",
    threads: int | None = None,
    rel_error: float | None = None,
    resume: EscapeTimes | None = None,
    progress: bool | Callable[[int, int], object] = False,
    correction: str | None = None,
    threshold: float | None = None,
    small_jumps: str = "diffusion",
    scheme: str = "auto",
    lr: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> EscapeTimes:
    """First exit times Gamma = min{n dt : X_n not in Omega} of independent paths.

    The path of number i is the same whatever the number of paths, threads and the order of work:
    results are equal bit for bit, and a longer run begins with the shorter one.

    Parameters
    ----------
    basin : Basin
        Potential, domain and start.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    epsilon : float, optional
        Noise amplitude, dimensionless; it or `lr` is needed.
    paths : int, optional
        Number of paths, 10 000 unless given; with `rel_error` the largest number, 1 000 000 unless
        given.
    dt : float or "auto"
        Step, time (the learning rate of an algorithm), done as it is; "auto" is 1/(100 k), see
        `automatic_dt`. A step that overshoots in the domain is warned of.
    horizon : float, optional
        Time after which a path is censored; unless given 30 predicted means or, where
        no mean is predicted, 100 000 steps, or 1000 long increments where idle iterations are
        skipped. The parameters of the result have it and its reason, see `levysde.methods.horizon`.
    seed : int
        In [0, 2^64). Runs with equal seeds have the same random numbers, whatever else differs:
        give each point of a curve its own, `levysde.seed_of`.
    method : {"euler", "jump", "auto"}
        Euler-Maruyama, exits seen on the grid; or from jump to jump, at a cost that does not depend
        on epsilon: in continuous time for SGD and the SDE forms that have such a limit, otherwise
        (and where `dt` is a number) the same recurrence as Euler's with its idle iterations
        skipped; or the better of the two, with the reason in the parameters of the result.
    backend : {"cpu", "cuda", "auto"}
        Where to compute: on this machine's processors, on an NVIDIA GPU (``pip install
        '.[cuda13]'``), or on a GPU if there is one and the processors would take more than
        ten seconds. The result has the same bits wherever the functions of the user have.
    threads : int, optional
        One per processor unless given. The result does not depend on it.
    rel_error : float, optional
        Stop at the first batch of paths with enough escapes that the half width of the 95 %
        interval of the rate is at most this fraction of it. That width depends on the number of
        escapes alone, so stopping does not bias an estimate without censoring.
    resume : EscapeTimes, optional
        An earlier result of the same run with fewer paths, to be continued.
    progress : bool or callable
        Show a progress bar on the standard error stream, and before it what is being prepared where
        that takes more than two seconds; or call this function about ten times a second with the
        numbers of finished and of all paths (of a batch, with `rel_error`). What it raises ends the
        run.
    correction : {"boundary-shift"}, optional
        Move the boundary inward by what makes up for exits between two monitoring times, see
        `levysde.grid.shifted`: the mean is then right to order dt and not dt^(1/alpha), and exit
        positions can lie between the two boundaries. For alpha > 1, symmetric noise and a domain
        with a normal.
    threshold : float, optional
        Of the jump method: the length above which jumps are simulated individually. Unless given,
        it is that of `resume`; else as long as its error is estimated below 1e-3, up to nine
        tenths of the shortest exit distance, and at moderate noise about a tenth of it or less. Its
        error is in `result.parameters["threshold_error"]`.
    small_jumps : {"diffusion", "dropped"}
        What stands for the jumps below the threshold in continuous time: a Brownian motion of their
        mean and covariance, or their mean alone.
    scheme : {"auto", "euler", "flow"}
        How Euler does the drift of one step: "euler" is one explicit step, "flow" the same where
        that is accurate and else the flow of the step, in as many parts as it needs. "auto" is
        "flow" where `dt` is "auto", the dynamics is an SDE and the force is steep at a place that
        jumps reach, unless it is divided by its own size. An algorithm keeps its overshoot, which
        is real.
    lr : float, optional
        Learning rate of an optimizer as used in practice, in place of `epsilon` and `dt`: an
        iteration takes the time dt = lr, and the noise of the gradient has the law of `noise` as it
        is, so that epsilon = lr^((alpha - 1)/alpha). `result.steps` counts iterations.
    checkpoint : str or path-like, optional
        A file (``.npz``) to which the finished paths are written every minute while the run goes
        on, so that a process that is killed loses no more. `resume` takes it and gives the same
        result as a run without a break. The complete result is for the caller to save.

    Returns
    -------
    EscapeTimes

    Raises
    ------
    ValueError
        If a value is out of range, parts do not fit together, a function cannot be compiled, or
        `resume` is of another run.
    FileNotFoundError
        If the folder of `checkpoint` does not exist.
    Interrupted
        A KeyboardInterrupt that carries the finished paths.
    BackendError
        If there is no GPU for backend "cuda", a part of its installation is missing, or it fails;
        `result` has the paths that had finished.

    References
    ----------
    P. Imkeller, I. Pavlyukevich, "First exit times of SDEs driven by stable Levy processes",
    Stochastic Process. Appl. 116 (2006) 611-642.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(alpha=1.5)
    >>> result = ls.escape_times(
    ...     ls.basins.flat(), ls.dynamics.sgd(), noise, epsilon=0.5, paths=500, seed=7
    ... )
    >>> result.escaped, bool(abs(result.mean / 3.83 - 1.0) < 0.2)
    (500, True)
    """
    check_parts(basin, dynamics, noise)
    checks.choice("method", method, methods.METHODS)
    backends.check(backend)
    if horizon is not None:  # before the method is prepared, which can take long
        checks.finite_number("horizon", horizon)
    if correction is not None:
        checks.choice("correction", correction, boundary_shift.CORRECTIONS)
    if resume is not None and not isinstance(resume, EscapeTimes):
        raise ValueError(
            f"resume is {checks.told(resume)}; give a result, for instance of levysde.load(file)"
        )
    if threads is not None:
        threads = checks.whole_number("threads", threads, 1, 4096)
    file = None if checkpoint is None else checkpoint_file(checkpoint)
    if not (isinstance(progress, bool) or callable(progress)):
        raise ValueError(f"progress is {checks.told(progress)}; give True, False or a function")
    needed = None
    if rel_error is not None:
        needed = exit_times.escapes_needed(checks.finite_number("rel_error", rel_error))
    default = DEFAULT_PATHS if needed is None else DEFAULT_MAX_PATHS
    paths = checks.whole_number("paths", default if paths is None else paths, 1, MAX_PATHS)
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    with stage(progress, "preparing the simulation: the domain, the step, the method"):
        model = checked_model(basin, dynamics, noise, epsilon)
        seed = checks.seed_number(seed)
        wanted = "cpu" if backend == backends.AUTO else backend
        request = methods.Request(dt, seed, correction, threshold, small_jumps, scheme, wanted)
        try:
            plan = _prepared(method, model, request, resume)
        except checks.Refusal:
            check_minimum(basin)  # a gradient of the wrong sign may be why
            raise
        plan.warn()
    check_minimum(basin)
    with stage(progress, "asking the theory for a mean, which sets the horizon"):
        until = chosen_horizon(model, plan.dt, horizon, plan.long_rate)
    why: dict[str, Any] = {}
    if backend == backends.AUTO:
        missing = max(0, (needed or paths) - (0 if resume is None else resume.paths))
        plan, wanted, reason = backends.placed(plan, model, missing, until.time, threads)
        why = {"backend_reason": reason}
    rate: dict[str, Any] = {} if lr is None else {"lr": lr}
    parameters = describe(
        model,
        dt=plan.dt,
        horizon=until.time,
        horizon_reason=until.reason,
        seed=seed,
        correction=correction,
        backend=wanted,
        **why,
        **plan.parameters,
        **rate,
    )
    limit = until.limit(plan.dt)
    with Bar() if progress is True else nullcontext(progress or None) as shown:
        run = Prefix(plan.engine, plan.program, parameters, limit, threads, shown, file)
        if resume is not None:
            run.continue_from(resume)
        result = run.run(paths, needed)
    if needed is not None and result.escaped < needed:
        checks.warn(
            f"{result.escaped} escapes of {result.paths} paths; rel_error = {rel_error:g} needs "
            f"{needed}: give more paths or a longer horizon"
        )
    return result


def _prepared(
    method: str, model: Model, request: methods.Request, earlier: EscapeTimes | None
) -> methods.Plan:
    """The plan, with the threshold of a run that is resumed: its default may have been another."""
    if earlier is not None and earlier.exit_times is not None and method != "euler":
        recorded = earlier.parameters.get("threshold")
        if request.threshold is None and recorded is not None:
            try:
                return methods.prepare(method, model, replace(request, threshold=recorded))
            except ValueError:
                pass  # a run of another model, as the comparison of parameters will say
    return methods.prepare(method, model, request)


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Sample paths on a regular grid of times.

    Attributes
    ----------
    times : ndarray, shape (steps,)
        Times of the kept states, from 0.
    positions : ndarray, shape (paths, steps, dim)
        Kept states, in units of the coordinates.
    dt : float
        Step of the simulation, time.
    """

    times: FloatArray
    positions: FloatArray
    dt: float


@with_hints
def trajectories(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None = None,
    paths: int = 5,
    steps: int = 1000,
    dt: float | Literal["auto"] = "auto",
    seed: int = 0,
    every: int = 1,
    scheme: str = "auto",
    lr: float | None = None,
) -> Trajectories:
    """Sample paths X_0, X_1, ... on the grid, for looking at.

    Paths are not stopped at the exit. In a potential that grows faster than quadratically an
    explicit step after a far jump can overshoot without bound: states are then infinite or NaN.

    Path i is path i of `escape_times` with the same seed: the first kept state outside the domain
    (with every=1) is its exit.

    Parameters
    ----------
    basin, dynamics, noise, epsilon
        As for `escape_times`.
    paths : int
        Number of paths.
    steps : int
        Number of steps of each.
    dt : float or "auto"
        Step, time.
    seed : int
        In [0, 2^64).
    every : int
        Keep every so many-th state, the start included.
    scheme : {"auto", "euler", "flow"}
        How the drift of a step is done, as for `escape_times`.
    lr : float, optional
        Learning rate in place of `epsilon` and `dt`, as for `escape_times`.

    Returns
    -------
    Trajectories
        With steps // every + 1 states a path.

    Raises
    ------
    ValueError
        If a value is out of range or the states would need more than 8 GiB.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(alpha=1.5)
    >>> sample = ls.trajectories(
    ...     ls.basins.flat(), ls.dynamics.sgd(), noise, epsilon=0.1, paths=2, steps=100, every=10
    ... )
    >>> sample.positions.shape
    (2, 11, 1)
    """
    from levysde.engine.cpu.euler_engine import trajectories as record

    if dt is None:
        raise ValueError("dt is None; give a positive number or 'auto'")
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    model = checked_model(basin, dynamics, noise, epsilon)
    seed = checks.seed_number(seed)
    checks.choice("scheme", scheme, SCHEMES)
    paths = checks.whole_number("paths", paths, 1, MAX_PATHS)
    steps = checks.whole_number("steps", steps, 1, MAX_STEPS - 1)
    every = checks.whole_number("every", every, 1, MAX_STEPS)
    records = steps // every + 1
    size = 8.0 * paths * records * basin.dim
    if size > 2.0**33:
        raise ValueError(
            f"{paths} paths of {records} states need {size / 2.0**30:.3g} GiB; give fewer paths or "
            "steps, or a larger every"
        )
    found = chain(model, methods.Request(dt, seed, scheme=scheme), divisible=True)
    found.warn(model)
    positions = record(found.program, paths, records, every)
    times = np.arange(records, dtype=np.float64) * (every * found.step.dt)
    return Trajectories(times, positions, found.step.dt)
