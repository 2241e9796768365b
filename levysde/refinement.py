"""Extrapolation of the mean exit time from runs with dt, dt/2, ... or thresholds rho, rho/2, ..."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from levysde import parts
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics, Optimizer
from levysde.estimators import Interval
from levysde.noise import Multifractal, Noise
from levysde.provenance import rebuilt
from levysde.results import EscapeTimes
from levysde.simulate import escape_times

__all__ = ["Refinement", "refine"]

_NORMAL_95 = 1.959963984540054
_CHECKED_PATHS = 8
_ROUNDING = 1e-6
_LARGEST_SEED = 2**64


@dataclass(frozen=True, eq=False)
class Refinement:
    """Mean exit times on finer and finer grids, and their limit in continuous time.

    Attributes
    ----------
    dt : ndarray, shape (grids,)
        Steps, coarsest first, time.
    mean : ndarray, shape (grids,)
        Mean exit times on these grids, time.
    standard_error : ndarray, shape (grids,)
        Of the means, time.
    exponent : float
        Power of dt, or of the threshold, in the error model, dimensionless.
    extrapolated : float
        The mean at dt -> 0, or at a threshold of 0, time.
    extrapolated_error : float
        Its standard error under the model, time.
    interval : Interval
        Its 95 % interval under the model, time.
    p_value : float
        Of the chi-square test that the means follow the model; a small one asks for a smaller dt.
    model : str
        The error model in one sentence.
    threshold : ndarray, shape (grids,), optional
        Thresholds of the jump method, largest first, length; dt is the same in all runs then.
    """

    dt: FloatArray
    mean: FloatArray
    standard_error: FloatArray
    exponent: float
    extrapolated: float
    extrapolated_error: float
    interval: Interval
    p_value: float
    model: str
    threshold: FloatArray | None = None

    @property
    def bias(self) -> float:
        """Of the first mean relative to the limit, dimensionless."""
        return float(self.mean[0]) / self.extrapolated - 1.0


def refine(
    result: EscapeTimes,
    basin: Basin | None = None,
    dynamics: Dynamics | None = None,
    noise: Noise | None = None,
    *,
    halvings: int = 2,
    threads: int | None = None,
    progress: bool = False,
) -> Refinement:
    """Repeat a run at dt/2, dt/4, ... and extrapolate its mean exit time to continuous time.

    Every grid has as many paths as the result and a seed of its own (seed + 1, seed + 2, ...), so
    that the means are independent. They are fitted by weighted least squares with

    * E + c dt^(1/alpha) for alpha > 1 (with multifractal noise the largest alpha),
    * E + c dt for alpha <= 1, and for results with correction="boundary-shift".

    Orders beyond are neglected, and so is a logarithm at alpha = 1. Take dt so small that the
    coarsest mean is off by no more than some 10 %.

    A result of the jump method is repeated with thresholds rho/2, rho/4, ... and fitted with
    E + c rho^(2-alpha), the variance of the jumps below (with multifractal noise of the largest
    alpha below 2): near the boundary, where a diffusion in their place leaves too soon, the error
    is proportional to it. A grid, if there is one, stays.

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
    threads : int, optional
        As for `escape_times`.
    progress : bool
        Show a progress bar for each grid.

    Returns
    -------
    Refinement

    Raises
    ------
    ValueError
        If the parts are not those of the result, some are missing, too few paths escaped for an
        interval, or the optimizer has no limit of small steps, because its averages last a number
        of them.

    Notes
    -----
    Source: as for `levysde.grid`; weighted least squares.

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
    halvings = parts.whole_number("halvings", halvings, 2, 20)
    model = _parts_of(result, basin, dynamics, noise)
    rule = model[1]
    by_threshold = "threshold" in result.parameters
    by_step = isinstance(rule, Optimizer) and rule.rates == "per_step" and rule.acting_averages
    if by_step and not by_threshold:
        raise ValueError(
            f"the averages of this {rule.name} last a number of steps, so that another dt is "
            "another process; give form='sde' and rates='per_time'"
        )
    options = _options_of(result, threads)
    _check_first_paths(result, model, options)
    runs = [result]
    for k in range(1, halvings + 1):
        finer = options | {"seed": (options["seed"] + k) % _LARGEST_SEED}
        finer["threshold" if by_threshold else "dt"] /= 2.0**k
        runs.append(escape_times(*model, **finer, paths=result.paths, progress=progress))
    if by_threshold:
        return _extrapolated(runs, *_threshold_model(model[2], result.dt))
    return _extrapolated(runs, *_error_model(model[2], options["correction"]))


def _parts_of(
    result: EscapeTimes, basin: Basin | None, dynamics: Dynamics | None, noise: Noise | None
) -> tuple[Basin, Dynamics, Noise]:
    """The parts as given, or rebuilt from the record of a result."""
    if not isinstance(result, EscapeTimes):
        raise ValueError(f"result is {parts.told(result)}; give what escape_times returned")
    if basin is not None and dynamics is not None and noise is not None:
        return basin, dynamics, noise
    if basin is None and dynamics is None and noise is None:
        return rebuilt(result.parameters)
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
        size["dt"] = result.dt
    return {
        **size,
        "epsilon": made["epsilon"],
        "horizon": made["horizon"],
        "seed": made["seed"],
        "method": made.get("method", "euler"),
        "backend": made.get("backend", "cpu"),
        "correction": made.get("correction"),
        "threads": threads,
    }


def _check_first_paths(
    result: EscapeTimes, model: tuple[Basin, Dynamics, Noise], options: dict[str, Any]
) -> None:
    """Refuse parts that do not give the first paths of the result again."""
    count = min(_CHECKED_PATHS, result.paths)
    again = escape_times(*model, **options, paths=count)
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


def _error_model(noise: Noise, correction: str | None) -> tuple[float, str]:
    """The exponent of dt in the error of the mean, and the model in words."""
    alpha = float(noise.alphas.max()) if isinstance(noise, Multifractal) else noise.alpha
    if correction is not None:
        return 1.0, f"mean(dt) = mean + c dt, after the {correction}"
    if alpha <= 1.0:
        return 1.0, f"mean(dt) = mean + c dt, alpha = {alpha:g} <= 1"
    return 1.0 / alpha, f"mean(dt) = mean + c dt^(1/alpha), alpha = {alpha:g} > 1"


def _threshold_model(noise: Noise, dt: float) -> tuple[float, str]:
    """The exponent of the threshold in the error of the mean, and the model in words."""
    if dt > 0.0:  # no diffusive part: what is neglected are exits without a long increment
        return 1.0, "mean(rho) = mean + c rho, on a grid"
    alpha = noise.alpha
    if isinstance(noise, Multifractal):  # a coordinate of alpha = 2 has no jumps to be cut
        alpha = float(noise.alphas[noise.alphas < 2.0].max())
    return 2.0 - alpha, f"mean(rho) = mean + c rho^(2 - alpha), alpha = {alpha:g}"


def _extrapolated(runs: list[EscapeTimes], exponent: float, model: str) -> Refinement:
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
    limit, limit_error, chi_square = _fitted(sizes, mean, error, exponent)
    half = _NORMAL_95 * limit_error
    return Refinement(
        dt=parts.freeze(dt),
        mean=parts.freeze(mean),
        standard_error=parts.freeze(error),
        exponent=exponent,
        extrapolated=limit,
        extrapolated_error=limit_error,
        interval=Interval(limit - half, limit + half),
        p_value=_chi_square_tail(chi_square, len(dt) - 2),
        model=model,
        threshold=None if threshold is None else parts.freeze(threshold),
    )


def _fitted(
    size: FloatArray, mean: FloatArray, error: FloatArray, exponent: float
) -> tuple[float, float, float]:
    """Constant of the weighted least squares fit, its standard error, and chi-square."""
    basis = np.stack([np.ones(len(size)), (size / size[0]) ** exponent], axis=1)
    weighted = basis / error[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    coefficients = covariance @ (weighted.T @ (mean / error))
    residuals = (mean - basis @ coefficients) / error
    return float(coefficients[0]), math.sqrt(covariance[0, 0]), float(residuals @ residuals)


def _chi_square_tail(value: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, value))
