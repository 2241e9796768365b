"""The length at which the jump-adapted scheme cuts the noise, unless it is given."""

import math
from dataclasses import replace

import numpy as np

from levysde import checks
from levysde.basins import Basin
from levysde.methods.jump.assembly import about_equilibrium, jump_program, large_jumps
from levysde.methods.jump.geometry import directions, exit_distances_of, inner_radius
from levysde.methods.jump.linear_motion import stationary_variances
from levysde.methods.jump.place_of_jump import enlarged, largest_factor
from levysde.methods.jump.start import resolved_way
from levysde.methods.jump.threshold_error import error_bounds
from levysde.model import Model
from levysde.noise import Noise

__all__ = [
    "automatic_threshold",
    "check_threshold",
    "scaled_noise_error",
    "shortest_exit_distance",
    "threshold_error",
]

SMALLEST_SHARE, LARGEST_SHARE = 0.1, 0.2
"""Shares of the shortest exit distance along a jump, at any noise."""

RAISED_SHARE = 0.9
"""The same where jumps are rare: of the radius of a ball in the domain."""

RAISED_ERROR = 1e-3
"""Bound for the relative error of the mean, up to which the threshold is raised."""

LEAST_RAISE = 1.25
"""Factor below which it is left as it is."""

JUMPS_PER_EXIT = 32.0
"""Large jumps that an exit should not take more than."""

LARGE_DIFFUSION = 0.02
"""Standard deviation over the exit distance, above which the threshold is lowered."""

LOWERED_SHARE = 0.5
"""How far it is lowered."""

MOST_JUMPS = 1e6
"""Jumps for one that leads out, above which a threshold is refused."""

MOST_JUMPS_FOR_START = 1e5
"""Jumps for one that leads out, above which a start near the boundary is refused."""

SCALED_ERROR = 0.01
"""Estimate of the effect of small jumps of scaled noise above which it is refused."""

DRIVEN_SHARE = 0.025
"""Share of the exit distance where the mean of the small jumps drives paths to the boundary."""

SAME = 0.01
"""Relative change below which the threshold has settled."""

_ROUNDS = 30


def shortest_exit_distance(basin: Basin, noise: Noise) -> float:
    """The shortest way from the minimum to the boundary along a possible jump.

    Parameters
    ----------
    basin : Basin
        Whose minimum is meant.
    noise : Noise
        The law of the driver.

    Returns
    -------
    float
        Length.

    Raises
    ------
    ValueError
        If no jump leads out.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> round(shortest_exit_distance(basins.asymmetric(), noise.independent(1.2)), 12)
    0.25
    """
    rays = large_jumps(noise, basin.dim, 1.0, 1.0).rays
    way = float(exit_distances_of(basin, rays if len(rays) else directions(basin.dim)).min())
    if not math.isfinite(way):
        raise checks.Refusal("no jump of this noise leads out of the domain", "use method='euler'")
    return way


def automatic_threshold(model: Model) -> float:
    """The longest whose error is known to be below 1e-3, or a tenth of the way to the boundary.

    Where jumps are rare, each is forgotten long before the next one. The threshold is then raised
    up to nine tenths of the radius of a ball in the domain, about the minimum or the start, as far
    as the estimate of its error (`error_bounds`) stays below 1e-3 of the mean: an exit takes one or
    two jumps. If that is less than a quarter above the threshold for any noise, it is that one:
    about a tenth of the shortest way from the minimum along a possible jump.

    With one stability index there are nu(|y| > rho)/nu(W) large jumps an exit. Where a tenth makes
    more than 32 of them rho is larger, up to a fifth of that way. A kink of the curvature gives a
    diffusion a larger mean than rare small jumps have: there rho is also smaller, down to 32 jumps.

    A jump that lands near the boundary is followed out of it by the diffusive part about twice as
    often as by the small jumps that it stands for: to first order the mean is too small by
    alpha s^2/(2 a^2), s the standard deviation of the diffusive part about the minimum and a the
    exit distance. Where s is above 2 % of a, rho is lowered in proportion, down to a half.

    Of scaled noise small jumps have the factor of the minimum everywhere. The threshold is that of
    noise with the largest factor in the domain, over it, and is refused where the estimate of the
    effect of these jumps is above one percent.

    For skewed noise the way is that from the equilibrium, which the mean of the small jumps
    moves; rho is at least 2.5 % of the way from the minimum. A start nearer to the boundary
    shortens the way in proportion, where a path may leave before the flow has taken it away.

    Parameters
    ----------
    model : Model
        What is simulated.

    Returns
    -------
    float
        rho, length.

    Raises
    ------
    ValueError
        If the noise has no jumps, or none leads out, the scheme does not support these parts, or
        the start is so near the boundary that too many jumps would have to be made.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> parts = basins.flat(), dynamics.sgd(), noise.independent(1.2)
    >>> [round(automatic_threshold(Model(*parts, epsilon)), 12) for epsilon in (1e-4, 1.0)]
    [0.9, 0.05]
    """
    if model.noise.scale_part is not None:
        return _threshold_of_scaled_noise(model)
    least = _threshold_at_any_noise(model)
    lengths, bounds = error_bounds(model, RAISED_SHARE * _nearest_wall(model))
    rho: float
    leans = large_jumps(model.preconditioned_noise, model.dim, model.epsilon, least).drift.any()
    for rho in lengths[bounds <= RAISED_ERROR].tolist():
        if rho < LEAST_RAISE * least:
            break
        # Where the mean of the small jumps moves the equilibrium each threshold has its own.
        if not leans or threshold_error(model, rho) <= RAISED_ERROR:
            return rho
    return least


def scaled_noise_error(model: Model, rho: float) -> float:
    """Estimate of the relative error of the mean by small jumps of scaled noise.

    They have the factor of the minimum everywhere. With the largest factor everywhere, and a
    deviation s about the minimum, all of their effect is about alpha (alpha + 2) s^2/(2 a^2).

    Parameters
    ----------
    model : Model
        With scaled noise.
    rho : float
        Threshold, length.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> law = noise.scaled(noise.independent(1.5), lambda x, t, p, out: out.fill(1.0 + x[0] ** 2))
    >>> scaled_noise_error(Model(basins.flat(), dynamics.sgd(), law, 0.01), 0.05) < 0.01
    True
    """
    largest, alpha = enlarged(model), model.noise.alpha
    program = jump_program(largest, rho * largest.epsilon / model.epsilon, seed=0)
    variance = float(stationary_variances(program.linear)[: model.dim].max())
    way = shortest_exit_distance(model.basin, largest.preconditioned_noise)
    return 0.5 * alpha * (alpha + 2.0) * variance / way**2


def _threshold_of_scaled_noise(model: Model) -> float:
    """That of the noise with the largest factor everywhere, if its small jumps matter little."""
    rho = automatic_threshold(enlarged(model)) / largest_factor(model)
    error = scaled_noise_error(model, rho)
    if not error <= SCALED_ERROR:
        raise checks.Refusal(
            "method 'jump' gives small jumps of scaled noise the factor of the minimum, which at "
            f"epsilon = {model.epsilon:g} may change the mean by {error:.1%}",
            "use method='euler', or a smaller epsilon",
        )
    return rho


def _nearest_wall(model: Model) -> float:
    """What no jump that leads out is shorter than: from the minimum or, if it is nearer, the start.

    Paths are at the start for a while, and all that lead out from there are made one by one.
    """
    basin, felt = model.basin, model.preconditioned_noise
    places = [basin]
    if not np.array_equal(basin.start, basin.minimum):
        places.append(replace(basin, minimum=basin.start))
    ways = [shortest_exit_distance(place, felt) for place in places]
    return min(*ways, *(inner_radius(place) for place in places))


def threshold_error(model: Model, rho: float) -> float:
    """Bound for the relative error of the mean with a threshold, as in `error_bounds`.

    Parameters
    ----------
    model : Model
        What is simulated.
    rho : float
        Threshold, length.

    Returns
    -------
    float
        Dimensionless; infinite where none is known.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> parts = basins.flat(), dynamics.sgd(), noise.independent(1.5)
    >>> [threshold_error(Model(*parts, epsilon), 0.9) < 1e-3 for epsilon in (1e-3, 0.1)]
    [True, False]
    """
    return float(error_bounds(model, rho)[1][0])


def _threshold_at_any_noise(model: Model) -> float:
    """The threshold that the exits of an exit distance and the size of the diffusion ask for."""
    rho, way = _threshold_about_equilibrium(model)
    program = jump_program(model, rho, seed=0)
    deviation = math.sqrt(float(stationary_variances(program.linear)[: model.dim].max()))
    share = 1.0 if deviation <= LARGE_DIFFUSION * way else LARGE_DIFFUSION * way / deviation
    near = resolved_way(model, program, way)
    if near == way:
        return rho * max(share, LOWERED_SHARE)
    shortened = rho * near / way
    jumps = _jumps_for_one(model.preconditioned_noise, model.dim, shortened, way)
    if jumps > MOST_JUMPS_FOR_START:
        raise checks.Refusal(
            f"from this start jumps of {near:.2g} lead out before the flow has taken paths away, "
            f"and there are {jumps:.1g} of them for one that leads out later",
            "use method='euler' with a small dt",
        )
    return shortened


def check_threshold(model: Model, rho: float) -> None:
    """Refuse a threshold of which jumps lead out, or that makes too many jumps.

    Parameters
    ----------
    model : Model
        What is simulated.
    rho : float
        Threshold, length.

    Raises
    ------
    ValueError
        If it is not below the shortest exit distance, or makes a million jumps for each exit.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> check_threshold(Model(basins.flat(), dynamics.sgd(), noise.independent(1.2), 0.1), 0.5)
    """
    basin, felt = model.basin, model.preconditioned_noise
    way = shortest_exit_distance(basin, felt)
    jumps = _jumps_for_one(felt, basin.dim, rho, way)
    if not jumps <= MOST_JUMPS:
        raise ValueError(
            f"threshold is {rho:g}, which makes {jumps:.2g} jumps for one that leads out, and more "
            f"than {MOST_JUMPS:.0e} take too long; give a larger threshold"
        )
    if rho < way:
        jumps_above = large_jumps(felt, basin.dim, model.epsilon, rho)
        about = about_equilibrium(basin, model.dynamics, jumps_above)
        # Nearer than that to the boundary small jumps are as good as a diffusion: it is crossed.
        way = max(shortest_exit_distance(about or basin, felt), 2.0 * DRIVEN_SHARE * way)
    if rho >= way:
        raise ValueError(
            f"threshold is {rho:g}, but jumps of {way:g} lead out: all that do must be made one by "
            "one; give a smaller threshold"
        )


def _jumps_for_one(noise: Noise, dim: int, rho: float, way: float) -> float:
    """Jumps longer than rho for one that is longer than a way."""
    with np.errstate(all="ignore"):  # a rate that overflows is infinite
        return large_jumps(noise, dim, 1.0, rho).rate / large_jumps(noise, dim, 1.0, way).rate


def _threshold_about_equilibrium(model: Model) -> tuple[float, float]:
    """The threshold for the exit distance from the equilibrium, which depends on it, and both."""
    basin, noise = model.basin, model.preconditioned_noise
    about, rho = basin, 0.0
    smallest = DRIVEN_SHARE * shortest_exit_distance(basin, noise)
    for _ in range(_ROUNDS):
        way = shortest_exit_distance(about, noise)
        new = _small_noise_threshold(about, noise, way)
        if about is not basin:
            new = max(new, smallest)
        if abs(new - rho) <= SAME * new:
            break
        rho = new if rho == 0.0 else math.sqrt(rho * new)
        jumps = large_jumps(noise, basin.dim, model.epsilon, rho)
        rest = about_equilibrium(basin, model.dynamics, jumps)
        if rest is basin:
            break
        if rest is None:
            return smallest, smallest / DRIVEN_SHARE
        about = rest
    return rho, way


def _small_noise_threshold(basin: Basin, noise: Noise, way: float) -> float:
    """The threshold where the diffusive part is small, for the noise as it reaches the position."""
    from levysde import theory

    if noise.several_indices:
        return SMALLEST_SHARE * way
    jumps = large_jumps(noise, basin.dim, 1.0, 1.0)
    exits = theory.escape_rate(basin.domain, noise, basin.minimum, 1.0)
    wanted = (jumps.rate / (JUMPS_PER_EXIT * exits)) ** (1.0 / noise.alpha)
    kinked = basin.potential.one_sided is not None
    smallest = 0.0 if kinked else SMALLEST_SHARE * way
    return float(min(max(smallest, wanted), LARGEST_SHARE * way))
