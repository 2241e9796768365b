"""What the cut of the noise costs in accuracy: jumps below it that lead out with another one."""

import functools
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

_FAR_SHARES = np.geomspace(1e-3, 1e4, 57)
"""Distances from the minimum over the exit distance, at which the flow is looked at."""

_ON_A_LINE, _ON_A_RAY = 512, 128
"""Points between the minimum and the boundary, in one dimension and on each of many rays."""

_MOST_DIM = 3
"""Dimensions in which a flow that is not declared is looked at, and few places lie between rays."""

_MOST_DIM_OF_PREDICATES = 2
"""The same for a domain that declares no shape."""

_SAME_PULL = 0.05
"""Difference of the pull on two sides of the minimum, as a share, above which it has a kink."""

_DISPLACEMENTS = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8])
"""Over the radius of the ball, at which distances along jumps are looked at."""

_MOST_DISPLACEMENTS = 32

_BEFORE_BOUNDARY, _ROUNDING = 1.0 - 1e-6, 1.0 + 1e-9
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
        Dimensionless; infinite where no rate k is known, or exits change in first order with the
        place that jumps start from.

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
    if basin.domain.shape is None and dim > _MOST_DIM_OF_PREDICATES:
        return unknown
    reach, rate = inner_radius(basin), return_rate(basin, model.dynamics)
    if not (rate > 0.0 and longest < reach):
        return unknown
    alphas = np.broadcast_to(felt.indices, dim)
    alpha = float(alphas[alphas < 2.0].max())
    if dim > 1 and len(first.rays) and not _meet_smooth_walls(basin, first.rays, reach, alpha):
        return unknown
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


def _meet_smooth_walls(basin: Basin, rays: FloatArray, reach: float, alpha: float) -> bool:
    """Whether the way out along jumps changes smoothly with the place that they start from.

    Where a jump points at an edge of the domain, or near one, displacements to both sides make the
    way out shorter: exits are more by a term of first order, which the mean of the small jumps does
    not have. It is looked at from displacements z to and fro along jumps: the mean of d^-alpha must
    not exceed what is counted for |z|/r in `error_bounds`.
    """
    shape = basin.domain.shape
    if shape is None:
        return False
    usual = shape.exit_distances(basin.minimum, rays)
    few = rays[:: max(1, len(rays) // _MOST_DISPLACEMENTS)]
    for share in _DISPLACEMENTS:
        counted = (1.0 - share) ** -alpha - alpha * share
        for ray in few:
            step = share * reach * ray
            ways = [shape.exit_distances(basin.minimum + side * step, rays) for side in (1.0, -1.0)]
            with np.errstate(invalid="ignore"):  # where the ray stays inside
                found = 0.5 * sum((way / usual) ** -alpha for way in ways)
            if (np.asarray(found)[usual < math.inf] > counted * _ROUNDING).any():
                return False
    return True


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
    return _slowest_seen(basin, tuple(divisors.tolist()))


@functools.lru_cache(maxsize=8)  # one run asks for several thresholds
def _slowest_seen(basin: Basin, divisors: tuple[float, ...]) -> float:
    """Of the points of many rays that are in the domain, to just before its boundary."""
    dim, rays = basin.dim, directions(basin.dim)
    ends = _BEFORE_BOUNDARY * exit_distances_of(basin, rays)
    shares = np.linspace(0.0, 1.0, (_ON_A_LINE if dim == 1 else _ON_A_RAY) + 1)[1:]
    reached = ends < math.inf
    ways_out = ends[reached, None] * rays[reached]
    away = np.concatenate(
        [
            (inner_radius(basin) * _FAR_SHARES[:, None, None] * rays).reshape(-1, dim),
            (shares[:, None, None] * ways_out).reshape(-1, dim),
        ]
    )
    points = basin.minimum + away
    inside = ~basin.domain.outside_many(points)
    force = basin.potential.gradient_many(points[inside]) / np.array(divisors)
    pull = (force * away[inside]).sum(axis=1) / (away[inside] ** 2).sum(axis=1)
    up, down = pull[:dim], pull[dim : 2 * dim]  # the nearest points along the axes come first
    if (np.abs(up - down) > _SAME_PULL * np.maximum(up, down)).any():
        return 0.0
    return float(pull.min()) if np.isfinite(pull).all() else 0.0
