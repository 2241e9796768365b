"""A simulation that is ready to run: what computes, what it runs, and what its results record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from levysde import checks, methods
from levysde.basins import Basin
from levysde.basins.basin import check_minimum
from levysde.dynamics import Dynamics
from levysde.engine.backends import Engine
from levysde.engine.random.philox import MAX_PATHS
from levysde.methods import backend as backends
from levysde.methods import boundary_shift
from levysde.methods.horizon import chosen_horizon
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.scheme import SCHEMES
from levysde.model import Model, check_parts, checked_model
from levysde.noise import Noise
from levysde.runs.progress import Progress, stage
from levysde.runs.record import describe
from levysde.runs.results import EscapeTimes
from levysde.statistics import exit_times

DEFAULT_PATHS = 10_000
DEFAULT_MAX_PATHS = 1_000_000


@dataclass(frozen=True)
class Asked:
    """What was asked for besides the parts and epsilon; the arguments of `escape_times`."""

    dt: float | Literal["auto"] = "auto"
    horizon: float | None = None
    seed: int = 0
    method: str = "euler"
    backend: str = "cpu"
    correction: str | None = None
    threshold: float | None = None
    small_jumps: str = "diffusion"
    scheme: str = "auto"
    lr: float | None = None

    def check(self) -> None:
        """Refuse what needs no model to be wrong, before the method is prepared, which can be long.

        Raises
        ------
        ValueError
            With the names that are known.
        """
        checks.choice("method", self.method, methods.METHODS)
        checks.choice("small_jumps", self.small_jumps, methods.SMALL_JUMPS)
        checks.choice("scheme", self.scheme, SCHEMES)
        backends.check(self.backend)
        if self.horizon is not None:
            checks.finite_number("horizon", self.horizon)
        if self.correction is not None:
            checks.choice("correction", self.correction, boundary_shift.CORRECTIONS)
        checks.seed_number(self.seed)


@dataclass(frozen=True, eq=False)
class Simulation:
    """A simulation that is ready: any range of its paths can be run.

    Attributes
    ----------
    model : Model
        What is simulated.
    engine, program : object
        What computes and what it runs.
    parameters : dict
        What a result says about itself.
    limit : float
        Limit of a path as the engine takes it.
    """

    model: Model
    engine: Engine
    program: Any
    parameters: dict[str, Any]
    limit: float


def numbers_of_paths(paths: object, rel_error: object) -> tuple[int, int | None]:
    """The largest number of paths, and the number of escapes that are enough.

    Parameters
    ----------
    paths : int or None
        As the user gives it.
    rel_error : float or None
        Half width of the 95 % interval of the rate over the rate.

    Returns
    -------
    paths : int
        Number of paths, or the largest.
    escapes : int or None
        None where the number of paths does not depend on it.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> numbers_of_paths(None, None), numbers_of_paths(None, 0.1)
    ((10000, None), (1000000, 395))
    """
    needed = None
    if rel_error is not None:
        error = checks.finite_number("rel_error", rel_error)
        needed = exit_times.escapes_needed(error)
    default = DEFAULT_PATHS if needed is None else DEFAULT_MAX_PATHS
    return checks.whole_number("paths", default if paths is None else paths, 1, MAX_PATHS), needed


def prepare(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None,
    asked: Asked,
    *,
    missing: int,
    threads: int | None = None,
    earlier: EscapeTimes | None = None,
    progress: Progress = False,
) -> Simulation:
    """Choose step, method and horizon, and make the program that an engine runs.

    Parameters
    ----------
    basin, dynamics, noise, epsilon
        As for `escape_times`.
    asked : Asked
        What else was asked for.
    missing : int
        Number of paths that are to be run, by which backend "auto" chooses.
    threads : int, optional
        As for `escape_times`.
    earlier : EscapeTimes, optional
        A result that is continued: its threshold is taken.
    progress : bool or callable
        As for `escape_times`: what takes long is named where a bar is shown.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError
        As `escape_times`.
    BackendError
        If the backend cannot be used here.

    Examples
    --------
    >>> import levysde as ls
    >>> parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1
    >>> prepare(*parts, Asked(), missing=10).parameters["dt"]
    0.01
    """
    check_parts(basin, dynamics, noise)
    asked.check()
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, asked.dt, asked.lr)
    with stage(progress, "preparing the simulation: the domain, the step, the method"):
        model = checked_model(basin, dynamics, noise, epsilon)
        seed = checks.seed_number(asked.seed)
        wanted = "cpu" if asked.backend == backends.AUTO else asked.backend
        request = methods.Request(
            dt, seed, asked.correction, asked.threshold, asked.small_jumps, asked.scheme, wanted
        )
        try:
            plan = _prepared(asked.method, model, request, earlier)
        except checks.Refusal:
            check_minimum(basin)  # a gradient of the wrong sign may be why
            raise
        plan.warn()
    check_minimum(basin)
    with stage(progress, "asking the theory for a mean, which sets the horizon"):
        until = chosen_horizon(model, plan.dt, asked.horizon, plan.long_rate)
    why: dict[str, Any] = {}
    if asked.backend == backends.AUTO:
        plan, wanted, reason = backends.placed(plan, model, max(0, missing), until.time, threads)
        why = {"backend_reason": reason}
    rate: dict[str, Any] = {} if asked.lr is None else {"lr": asked.lr}
    parameters = describe(
        model,
        dt=plan.dt,
        horizon=until.time,
        horizon_reason=until.reason,
        seed=seed,
        correction=asked.correction,
        backend=wanted,
        **why,
        **plan.parameters,
        **rate,
    )
    return Simulation(model, plan.engine, plan.program, parameters, until.limit(plan.dt))


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
