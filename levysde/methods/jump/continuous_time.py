"""The jump method in continuous time: from one large jump to the next."""

import math

from levysde import checks
from levysde.engine.jump_program import JumpProgram
from levysde.methods.cost_estimate import SMALL_BIAS, creeping_rate, jump_bias, jump_rate
from levysde.methods.jump.assembly import jump_program
from levysde.methods.jump.creeping import CREEPING_SHARE
from levysde.methods.jump.start import resolved_way
from levysde.methods.jump.threshold import (
    RAISED_ERROR,
    SCALED_ERROR,
    automatic_threshold,
    check_threshold,
    scaled_noise_error,
    shortest_exit_distance,
    threshold_error,
)
from levysde.methods.plan import Plan, Request
from levysde.model import Model

__all__ = ["chosen_threshold", "prepare"]


def serves(model: Model, request: Request) -> bool:
    """Whether times are continuous: no step was given, and the dynamics have a form for it.

    Parameters
    ----------
    model : Model
        What is simulated.
    request : Request
        How.

    Returns
    -------
    bool
    """
    return request.chooses_step and model.dynamics.continuous


def check_options(request: Request) -> None:
    """Refuse options of a grid.

    Parameters
    ----------
    request : Request
        How the model is to be simulated.

    Raises
    ------
    ValueError
        If dt is a word other than "auto", or a correction or a scheme is given.
    """
    checks.choice("dt", request.dt, ("auto",))
    if request.correction is not None:
        raise ValueError(
            f"correction is {request.correction!r} with method 'jump', which has no grid here; "
            "leave it out, or give dt a number"
        )
    if request.scheme != "auto":
        raise ValueError(
            f"scheme is {request.scheme!r} with method 'jump', which has no steps here; leave it "
            "out"
        )


def prepare(model: Model, request: Request) -> Plan:
    """The program of the jump-adapted engine.

    Parameters
    ----------
    model : Model
        What is simulated.
    request : Request
        How.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If an option is for a grid, or the method does not support the model.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-4)
    >>> round(prepare(model, Request("auto", seed=0)).record["threshold"], 12)
    0.9
    """
    check_options(request)
    return plan(model, request)


def plan(model: Model, request: Request) -> Plan:
    """As `prepare`, before it is known whether the options are meant for this method."""
    engine = request.engine("continuous")
    rho = chosen_threshold(model, request.threshold)
    program = jump_program(model, rho, request.seed, request.small_jumps)
    error = _error_on_record(model, program, rho)
    record = {"threshold": rho, "threshold_error": error, "small_jumps": request.small_jumps}

    def warn() -> None:
        _warn_of_close_start(model, program, rho)
        _warn_of_diffusion(model, program, rho)

    return Plan("jump", engine, program, 0.0, record, warn)


def _error_on_record(model: Model, program: JumpProgram, rho: float) -> float | None:
    """A bound for the relative error where it is small; else the estimate, where there is one."""
    if model.noise.scale_part is not None:
        return scaled_noise_error(model, rho)
    bound = threshold_error(model, rho)
    if bound <= RAISED_ERROR or not program.jumps.covariance.any():
        return bound if math.isfinite(bound) else None
    return jump_bias(model, program) if model.basin.potential.one_sided is None else None


def chosen_threshold(model: Model, threshold: float | None) -> float:
    """The threshold that was given, or the automatic one.

    Parameters
    ----------
    model : Model
        What is simulated.
    threshold : float or None
        rho, length.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is not a positive number below the shortest exit distance, if it makes more than a
        million jumps for one that leads out, or if the jump method does not support the dynamics.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.2), 1e-4)
    >>> round(chosen_threshold(model, None), 12)
    0.9
    """
    if threshold is None:
        return automatic_threshold(model)
    rho = checks.finite_number("threshold", threshold)
    check_threshold(model, rho)
    return rho


def _warn_of_close_start(model: Model, program: JumpProgram, rho: float) -> None:
    """Warn where jumps from the start that lead out are left to the diffusive part."""
    way = shortest_exit_distance(model.basin, model.preconditioned_noise)
    near = resolved_way(model, program, way)
    if rho > near:
        checks.warn(
            f"threshold is {rho:.2g}, but from this start jumps of {near:.2g} lead out before the "
            "flow has taken paths away, and a diffusion stands for them: exits soon after the "
            "start are wrong; leave the threshold out"
        )


def _warn_of_diffusion(model: Model, program: JumpProgram, rho: float) -> None:
    """Warn where exits of the diffusive part are not few, or its error is more than a percent."""
    if model.noise.scale_part is not None:
        error = scaled_noise_error(model, rho)
        if not error <= SCALED_ERROR:
            checks.warn(
                f"threshold is {rho:.2g}, and jumps below it, which have the factor of the minimum "
                f"everywhere, change the mean by up to {error:.1%}; leave the threshold out"
            )
        return
    if model.noise.brownian is not None:  # it is meant to leave, and moves know its crossings
        return
    creeping = creeping_rate(model.basin, program)
    if creeping == math.inf:  # nothing holds the diffusive part, and its exits are ordinary ones
        return
    # The rate of jumps takes seconds where a domain is known by its predicate alone.
    if creeping > 0.0 and creeping > CREEPING_SHARE * (jumping := jump_rate(model)):
        checks.warn(
            f"the diffusive part of the noise alone leaves at a rate of about {creeping:.2g}, and "
            f"jumps at {jumping:.2g}: method 'jump' may be off; give a smaller threshold, or use "
            "method='euler'"
        )
        return
    bias = jump_bias(model, program)
    if bias > SMALL_BIAS:
        checks.warn(
            f"the diffusive part of the noise makes an error of about {bias:.1%} in the mean with "
            "method 'jump'; give a smaller threshold, or extrapolate with refine"
        )
