"""Extrapolation of the mean exit time from runs with dt, dt/2, ... or thresholds rho, rho/2, ..."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from levysde import checks, spec
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.methods import boundary_shift
from levysde.methods.backend import usable
from levysde.methods.recurrence import recurrence
from levysde.model import Model
from levysde.noise import Noise
from levysde.runs.progress import Progress
from levysde.runs.refined import Refinement
from levysde.runs.results import EscapeTimes
from levysde.runs.run import one_after_the_other
from levysde.runs.simulate import escape_times
from levysde.statistics.exit_times import Interval

__all__ = ["Refinement", "refine"]

_CORRECTIONS = ("auto", *boundary_shift.CORRECTIONS)
_NORMAL_95 = 1.959963984540054
_SEPARATION = 0.25
_SMALLEST_TERM = 1e-12
_CHECKED_PATHS = 8
_ROUNDING = 1e-6
_LARGEST_SEED = 2**64


@dataclass(frozen=True)
class _ErrorModel:
    """mean(h) = mean + c h^p + c' h^q, both terms of about one size at the coarsest h.

    Attributes
    ----------
    exponents : (float, float)
        p and q.
    words : str
        The model in one sentence.
    """

    exponents: tuple[float, float]
    words: str


def _error_model(size: str, first: float, second: float, reason: str) -> _ErrorModel:
    """The model with these exponents, kept apart: terms that are too alike cannot be told apart."""
    second = max(second, first + _SEPARATION)
    words = f"mean({size}) = mean + c {size}^{first:.3g} + c' {size}^{second:.3g}, {reason}"
    return _ErrorModel((first, second), words)


def refine(
    result: EscapeTimes,
    basin: Basin | None = None,
    dynamics: Dynamics | None = None,
    noise: Noise | None = None,
    *,
    halvings: int = 2,
    correction: str | None = "auto",
    threads: int | None = None,
    progress: Progress = None,
) -> Refinement:
    """Repeat a run at dt/2, dt/4, ... and extrapolate its mean exit time to continuous time.

    Every grid has as many paths as the result and a seed of its own (seed, seed + 1, ...), so that
    the means are independent. Their errors are those of `levysde.grid`, in powers of dt,

    * c dt + c' dt^(2 - 1/alpha) after the boundary shift, which is made where it applies,
    * c dt^(1/alpha) + c' dt for alpha > 1 without it (with multifractal noise the largest alpha),
    * c dt + c' dt^(5/4) for alpha <= 1, a logarithm at alpha = 1 included.

    c is fitted by weighted least squares, and c' as a number of which it is known beforehand that
    c' dt^q has about the size of c dt^p at the coarsest step: means without noise determine both,
    and where noise hides the second term its likely size is in the interval. Take dt so small that
    the coarsest mean is off by no more than some 10 %.

    A result of the jump method is repeated with thresholds rho/2, rho/4, ... and fitted with
    c rho^(2-alpha), the variance of the jumps below (with multifractal noise of the largest alpha
    below 2), and its square: near the boundary, where a diffusion in their place leaves too soon,
    the error is proportional to it. A grid, if there is one, stays, and the error is c rho.

    Parameters
    ----------
    result : EscapeTimes
        A run at the coarsest step; one that was loaded from a file will do.
    basin, dynamics, noise : optional
        What it was made with. All three are needed if one of them holds functions of your own;
        built-in parts are known from the result. They must give the first paths of the result
        again.
    halvings : int
        Number of finer grids, at least 2. The last one costs 2^halvings times the run itself, or
        with thresholds 2^(alpha halvings) times.
    correction : {"auto", "boundary-shift"} or None
        Of the bias of the grid, in the runs that are extrapolated: the boundary shift where there
        is one for SGD with this noise and domain, always, or not at all. A result without it is
        then repeated with it at its own dt. The shift makes the interval several times narrower.
    threads : int, optional
        As for `escape_times`.
    progress : bool, callable or None
        As for `escape_times`, for each grid.

    Returns
    -------
    Refinement

    Raises
    ------
    ValueError
        If the parts are not those of the result, some are missing, too few paths escaped for an
        interval, the optimizer has no limit of small steps, because its averages last a number
        of them, the noise is a law of one step, such as that of minibatches, or a correction is
        asked for that does not apply.

    Notes
    -----
    Source: as for `levysde.grid`. The drift of a step moves a path by up to |grad F| dt at the
    boundary, against noise of eps dt^(1/alpha); so every order is dt^(1-1/alpha) beyond the last
    one. The fit is weighted least squares with a normal prior for c' of mean 0.

    Examples
    --------
    >>> import levysde as ls
    >>> run = ls.escape_times(
    ...     ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 1.0, paths=2000, dt=0.04
    ... )
    >>> limit = refine(run)
    >>> limit.dt.tolist(), limit.interval.lower < 0.94876377 < limit.interval.upper
    ([0.04, 0.02, 0.01], True)
    """
    halvings = checks.whole_number("halvings", halvings, 2, 20)
    if correction is not None:
        checks.choice("correction", correction, _CORRECTIONS)
    model = _parts_of(result, basin, dynamics, noise)
    rule = model[1]
    by_threshold = "threshold" in result.parameters
    checks.instance("dynamics", rule, Dynamics)
    checks.instance("noise", model[2], Noise)
    if rule.effective_rule.stepwise and not by_threshold:
        raise ValueError(
            f"the averages of this {rule.name} last a number of steps, so that another dt is "
            "another process; give form='sde' and rates='per_time'"
        )
    if not model[2].divisible and not by_threshold:
        raise ValueError(
            f"{model[2].name} noise is a law of one step, so that another dt (a learning rate) is "
            "another process, and no limit of small steps is extrapolated; take the run at the dt "
            "that is meant as it is, or a stable law in place of this one (docs/choosing-noise.md)"
        )
    options = _options_of(result, threads)
    _check_first_paths(result, model, options)
    made_with = options["correction"]
    if not by_threshold:
        options["correction"] = _chosen_correction(model, options, correction)
    refined = "threshold" if by_threshold else "dt"

    def run_with_half(k: int) -> EscapeTimes:
        if k == 0 and options["correction"] == made_with:
            return result
        finer = options | {"seed": (options["seed"] + k) % _LARGEST_SEED}
        finer[refined] /= 2.0**k
        return escape_times(*model, **finer, paths=result.paths, progress=progress)

    runs = one_after_the_other(run_with_half(k) for k in range(halvings + 1))
    if by_threshold:
        errors = _threshold_errors(model[2], result.dt)
    else:
        errors = _grid_errors(model[2], options["correction"])
    return _extrapolated(result.mean, runs, options["correction"], errors)


def _parts_of(
    result: EscapeTimes, basin: Basin | None, dynamics: Dynamics | None, noise: Noise | None
) -> tuple[Basin, Dynamics, Noise]:
    """The parts as given, or rebuilt from the record of a result."""
    if not isinstance(result, EscapeTimes):
        raise ValueError(f"result is {checks.told(result)}; give what escape_times returned")
    if basin is not None and dynamics is not None and noise is not None:
        return basin, dynamics, noise
    if basin is None and dynamics is None and noise is None:
        return spec.build(result.parameters)
    raise ValueError("only some of basin, dynamics and noise are given; give all three, or none")


def _options_of(result: EscapeTimes, threads: int | None) -> dict[str, Any]:
    """Numbers and names that `escape_times` was given, from the record of its result."""
    made: Mapping[str, Any] = result.parameters
    missing = [name for name in ("epsilon", "horizon", "seed") if name not in made]
    if missing:
        raise ValueError(f"the result has no {missing[0]} on record; give one of escape_times")
    if result.exit_times is not None and "threshold" not in made:
        raise ValueError("the result has no threshold on record; give one of escape_times")
    size = {name: made[name] for name in ("threshold", "small_jumps") if name in made}
    if result.exit_times is None:
        size |= {"dt": result.dt, "scheme": made.get("scheme", "euler")}
    return {
        **size,
        "epsilon": made["epsilon"],
        "horizon": made["horizon"],
        "seed": made["seed"],
        "method": made.get("method", "euler"),
        "backend": usable(made.get("backend", "cpu")),
        "correction": made.get("correction"),
        "threads": threads,
    }


def _check_first_paths(
    result: EscapeTimes, model: tuple[Basin, Dynamics, Noise], options: dict[str, Any]
) -> None:
    """Refuse parts that do not give the first paths of the result again."""
    count = min(_CHECKED_PATHS, result.paths)
    again = escape_times(*model, **options, paths=count, progress=False)
    same = np.array_equal(again.steps, result.steps[:count])
    same = same and np.array_equal(again.status, result.status[:count])
    same = same and _alike(again.exit_position, result.exit_position[:count])
    if again.exit_times is not None and result.exit_times is not None:
        # The moves of the jump method are the same at any rate of jumps.
        same = same and _alike(again.exit_times[:, None], result.exit_times[:count, None])
    if not same:
        raise ValueError(
            "the parts do not give the paths of the result again; give the basin, dynamics and "
            "noise that it was made with"
        )


def _alike(made: FloatArray, given: FloatArray) -> bool:
    """Whether rows agree but for rounding, which the record of a part may bring."""
    with np.errstate(invalid="ignore"):  # what is not finite has a status of its own
        apart, size = np.abs(made - given).max(axis=1), np.abs(given).max(axis=1)
        return not (apart > _ROUNDING * size).any()


def _chosen_correction(
    model: tuple[Basin, Dynamics, Noise], options: dict[str, Any], correction: str | None
) -> str | None:
    """The boundary shift, if it is to be made or nothing speaks against it."""
    if correction != "auto":
        return correction
    if options["correction"] is not None:
        return str(options["correction"])
    rule = model[1].rule
    if rule is None or not rule.plain:  # an update of the user may change the noise on its way to x
        return None
    shift = boundary_shift.CORRECTIONS[0]
    try:
        recurrence(Model(*model, options["epsilon"]), options["dt"], options["seed"], shift)
    except ValueError:
        return None
    return shift


def _grid_errors(noise: Noise, correction: str | None) -> _ErrorModel:
    """The error of the mean in powers of dt."""
    alpha = float(noise.indices.max())
    if correction is not None:
        return _error_model("dt", 1.0, 2.0 - 1.0 / alpha, f"after the {correction}")
    beside = "" if noise.brownian is None else " and a Brownian part"
    return _error_model("dt", *noise.grid_orders, f"alpha = {alpha:g}{beside}")


def _threshold_errors(noise: Noise, dt: float) -> _ErrorModel:
    """The error of the mean in powers of the threshold."""
    if dt > 0.0:  # no diffusive part: what is neglected are exits without a long increment
        return _error_model("rho", 1.0, 2.0, "on a grid")
    # A coordinate of alpha = 2 has no jumps to be cut.
    alpha = float(noise.indices[noise.indices < 2.0].max())
    return _error_model("rho", 2.0 - alpha, 2.0 * (2.0 - alpha), f"alpha = {alpha:g}")


def _extrapolated(
    run_mean: float, runs: Sequence[EscapeTimes], correction: str | None, errors: _ErrorModel
) -> Refinement:
    """Fit the means of the runs."""
    dt = np.array([run.dt for run in runs])
    mean = np.array([run.mean for run in runs])
    intervals = [run.mean_interval() for run in runs]
    error = np.array([(high - low) / (2.0 * _NORMAL_95) for low, high in intervals])
    if not np.isfinite(error).all() or not (error > 0.0).all():
        raise ValueError(
            "a mean has no finite interval, because too few paths escaped or all at one time; "
            "give more paths, a longer horizon or a smaller dt"
        )
    threshold = None
    if "threshold" in runs[0].parameters:
        threshold = np.array([run.parameters["threshold"] for run in runs])
    sizes = dt if threshold is None else threshold
    (limit, *terms), limit_error, chi_square = _fitted(sizes, mean, error, errors.exponents)
    half = _NORMAL_95 * limit_error
    return Refinement(
        run_mean=run_mean,
        dt=checks.freeze(dt),
        mean=checks.freeze(mean),
        standard_error=checks.freeze(error),
        correction=correction,
        exponent=errors.exponents[0],
        second_exponent=errors.exponents[1],
        extrapolated=limit,
        extrapolated_error=limit_error,
        interval=Interval(limit - half, limit + half),
        p_value=_chi_square_tail(chi_square, len(dt) - 2),
        model=errors.words,
        threshold=None if threshold is None else checks.freeze(threshold),
        coefficients=tuple(terms),
    )


def _fitted(
    size: FloatArray, mean: FloatArray, error: FloatArray, exponents: tuple[float, float]
) -> tuple[list[float], float, float]:
    """Constant and both terms at the coarsest size, error of the constant, and chi-square."""
    basis = (size[:, None] / size[0]) ** np.array([0.0, *exponents])
    weighted, values = basis / error[:, None], mean / error
    constant, leading = np.linalg.lstsq(weighted[:, :2], values)[0]
    # What is known of the second term is one more value, 0, with an error as large as the first.
    second = max(abs(leading), _SMALLEST_TERM * abs(constant))
    weighted = np.vstack([weighted, [0.0, 0.0, 1.0 / second]])
    values = np.append(values, 0.0)
    covariance = np.linalg.inv(weighted.T @ weighted)
    coefficients = covariance @ (weighted.T @ values)
    residuals = values - weighted @ coefficients
    return coefficients.tolist(), math.sqrt(covariance[0, 0]), float(residuals @ residuals)


def _chi_square_tail(value: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, value))
