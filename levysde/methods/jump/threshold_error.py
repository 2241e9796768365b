"""What the cut of the noise costs in accuracy: jumps below it that lead out with another one."""

import math

import numpy as np

from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.algebra import principal_axes
from levysde.engine.jump_parts import JumpPart
from levysde.methods.jump.assembly import NEGLIGIBLE, about_equilibrium, large_jumps
from levysde.methods.jump.geometry import directions, exit_distances_of, inner_radius
from levysde.model import Model

__all__ = ["error_bounds", "return_rate"]

_SHARES = 2.0 ** (-np.arange(97) / 4.0)
"""Of the longest threshold, down to where what is left is a diffusion: 24 octaves."""

_FAR_SHARES = np.geomspace(1e-2, 1e4, 49)
"""Distances from the minimum over the exit distance, at which the flow is looked at."""

_MOST_DIM = 64
"""Dimensions in which a flow that is not declared is looked at."""

_BEFORE_BOUNDARY = 1.0 - 1e-6
_HALF_NORMAL = math.sqrt(2.0 / math.pi)


def error_bounds(model: Model, longest: float) -> tuple[FloatArray, FloatArray]:
    """Bounds for the relative error of the mean with thresholds rho, at small noise.

    Within r, the radius of a ball in the domain, no path leaves but by a jump. A jump shorter than
    rho matters by the pairs that it makes: it comes before another jump, or after it, and they lead
    out together although neither does alone. If the flow brings paths back at the rate k or
    faster, jumps of length v r in one order and the other change the rate of exits by at most

        ((1 - v)^-alpha - 1 - alpha v)/2    and    ((1 - v)^-alpha - 1)/alpha + ln(1 - v),

    times their number in a time 1/k. A diffusion of the same variance has a smaller effect than
    that of all v together, and so has its difference from the jumps. At a kink the mean is not
    that of the jumps: the effect is of first order, alpha E|Z|/r, where Z is what the jumps add up
    to.

    Parameters
    ----------
    model : Model
        What is simulated.
    longest : float
        Longest rho, length.

    Returns
    -------
    lengths : ndarray, shape (count,)
        Thresholds from the longest down.
    bounds : ndarray, shape (count,)
        Dimensionless; infinite where no rate k is known.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-4)
    >>> bool(error_bounds(model, 0.9)[1][0] < 1e-5)
    True
    """
    felt, dim, lengths = model.preconditioned_noise, model.dim, longest * _SHARES
    unknown = lengths, np.full(len(lengths), math.inf)
    first = large_jumps(felt, dim, model.epsilon, longest)
    basin = about_equilibrium(model.basin, model.dynamics, first)
    if basin is None:
        return unknown
    reach, rate = inner_radius(basin), return_rate(basin, model.dynamics)
    if not (rate > 0.0 and longest < reach):
        return unknown
    alphas = np.broadcast_to(felt.indices, dim)
    alpha = float(alphas[alphas < 2.0].max())
    rates, variances = _below(first, alphas, longest)
    bounds = _pairs(rates, variances[-1] / reach**2, lengths / reach, alpha) / rate
    bounds *= _walls(model, basin, reach)
    if basin.potential.one_sided is not None:
        plain = model.dynamics.effective_rule.plain and not first.drift.any()
        dropped = variances / (2.0 * rate) < NEGLIGIBLE * reach**2
        shift = _shift_at_kink(rates / rate, variances / rate, lengths)
        bounds += np.where(dropped & plain, alpha / reach * shift, math.inf)
    return lengths, bounds


def _below(cut: JumpPart, alphas: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Of the noise cut at `length` times each of the shares: jumps above, and variance below.

    Both are powers, rho^-alpha and rho^(2 - alpha), and the variance is alpha rho^2/(2 - alpha)
    times the rate.
    """
    variances = np.diag(cut.covariance)[:, None]
    powers = _SHARES ** -alphas[:, None]
    above = variances * (2.0 - alphas[:, None]) / (alphas[:, None] * length**2) * powers
    return above.sum(axis=0), (variances * powers * _SHARES**2).sum(axis=0)


def _between(rates: FloatArray, weights: FloatArray) -> FloatArray:
    """Integrals of a convex increasing weight over jumps between consecutive lengths, or more.

    Rates fall with the length, so that the mean of the weights at both ends is an upper bound.
    """
    return np.asarray(0.5 * (weights[:-1] + weights[1:]) * np.diff(rates))


def _pairs(rates: FloatArray, rest: float, shares: FloatArray, alpha: float) -> FloatArray:
    """Rate of jumps shorter than each length, weighted with the exits that they make.

    Of jumps shorter than all of the lengths the sum of their squares, `rest`, is all there is.
    """
    powers = (1.0 - shares) ** -alpha - 1.0
    weights = 0.5 * (powers - alpha * shares) + powers / alpha + np.log1p(-shares)
    between = _between(rates, weights)
    sums = np.append(np.cumsum(between[::-1])[::-1], 0.0)
    return np.asarray(sums + (0.25 * alpha * (alpha + 1.0) + 0.5 * alpha) * rest)


def _walls(model: Model, basin: Basin, reach: float) -> float:
    """Jumps longer than the radius of the ball for one that leads out, where that bounds a rate.

    A convex domain seen from a point z of the ball holds itself made smaller by 1 - |z|/r.
    """
    if basin.domain.shape is not None or basin.dim == 1:
        return 1.0
    from levysde import theory

    felt, epsilon = model.preconditioned_noise, model.epsilon
    exits = theory.escape_rate(basin.domain, felt, basin.minimum, epsilon)
    return max(1.0, felt.jumps(basin.dim, epsilon, reach).rate / exits)


def _shift_at_kink(rates: FloatArray, variances: FloatArray, lengths: FloatArray) -> FloatArray:
    """Mean displacement E|Z| by symmetric jumps that are dropped, per relaxation time.

    At most that of what is shorter than some length, half a normal law, and that of the others
    one by one, of which half go to the slower side. The best length is taken.
    """
    singly = 0.5 * np.append(0.0, np.cumsum(_between(rates, lengths)))
    sums = _HALF_NORMAL * np.sqrt(0.5 * variances) + singly
    return np.asarray(np.minimum.accumulate(sums[::-1])[::-1] - singly)


# ----------------------------------------------------------------------------- the way back


def return_rate(basin: Basin, dynamics: Dynamics) -> float:
    """The rate k with which the distance from the minimum falls at least, wherever paths land.

    Parameters
    ----------
    basin, dynamics
        The parts; the minimum is that of the flow.

    Returns
    -------
    float
        1/time; 0 or less where nothing is known: with averages, where a flow that is not declared
        stands still or leads away somewhere in the domain.

    Examples
    --------
    >>> from levysde import basins, dynamics, domains, potentials
    >>> return_rate(basins.asymmetric(), dynamics.sgd())
    1.0
    >>> well = basins.Basin(potentials.double_well(), domains.interval(0.0, 2.0), [1.0])
    >>> return_rate(well, dynamics.sgd()) < 1e-5
    True
    """
    rule, potential = dynamics.effective_rule, basin.potential
    if rule.average is not None:
        return 0.0
    divisors = rule.divisors(basin.dim)
    if potential.center is not None and potential.hessian is not None:
        hessian = potential.hessian
        pull = (np.diag(hessian) if hessian.ndim == 1 else hessian) / divisors[:, None]
        return float(principal_axes(0.5 * (pull + pull.T))[0][0])
    if potential.center is not None and potential.one_sided is not None and not potential.tilted:
        return float((potential.one_sided / divisors).min())
    if basin.dim > _MOST_DIM or basin.domain.trapping_radius is not None:
        return 0.0  # a domain of attraction ends where the flow stands still
    return _slowest_seen(basin, divisors)


def _slowest_seen(basin: Basin, divisors: FloatArray) -> float:
    """Of the points of many rays that are in the domain, to just before its boundary."""
    rays = directions(basin.dim)
    ends = _BEFORE_BOUNDARY * exit_distances_of(basin, rays)
    away = np.concatenate(
        [
            (inner_radius(basin) * _FAR_SHARES[:, None, None] * rays).reshape(-1, basin.dim),
            ends[ends < math.inf, None] * rays[ends < math.inf],
        ]
    )
    points = basin.minimum + away
    inside = ~basin.domain.outside_many(points)
    pull = basin.potential.gradient_many(points[inside]) / divisors
    away = away[inside]
    slowest = float(((pull * away).sum(axis=1) / (away * away).sum(axis=1)).min())
    return slowest if math.isfinite(slowest) else 0.0
