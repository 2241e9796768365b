"""Means over the unit sphere: adaptive quadrature on the circle, quasi-Monte Carlo beyond."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levysde.theory.protocols import Vector

_PANELS = 16
_STARTS = (0.1, 0.6)
_ROUNDS = 60
_SCRAMBLINGS = 16
_FIRST_POWER = 5
_SAFETY = 4.0

# The 15 nodes of Kronrod on [0, 1], their weights, and the weights of Gauss on every second one.
_KRONROD_NODES = np.array(
    [
        0.991455371120812639206854697526329,
        0.949107912342758524526189684047851,
        0.864864423359769072789712788640926,
        0.741531185599394439863864773280788,
        0.586087235467691130294144691693013,
        0.405845151377397166906606412076961,
        0.207784955007898467600689403773245,
        0.0,
    ]
)
_KRONROD_WEIGHTS = np.array(
    [
        0.022935322010529224963732008058970,
        0.063092092629978553290700663189204,
        0.104790010322250183839876322541518,
        0.140653259715525918745189590510238,
        0.169004726639267902826583426598550,
        0.190350578064785409913256402421014,
        0.204432940075298892414161999234649,
        0.209482141084727828012999174891714,
    ]
)
_GAUSS_WEIGHTS = np.array(
    [
        0.129484966168869693270611432679082,
        0.279705391489276667901467771423780,
        0.381830050505118944950369775488975,
        0.417959183673469387755102040816327,
    ]
)
_NODES = np.concatenate([-_KRONROD_NODES, _KRONROD_NODES[-2::-1]])
_K15 = np.concatenate([_KRONROD_WEIGHTS, _KRONROD_WEIGHTS[-2::-1]])
_G7 = np.zeros(15)
_G7[1::2] = np.concatenate([_GAUSS_WEIGHTS, _GAUSS_WEIGHTS[-2::-1]])

Integrand = Callable[[Vector], Vector]
"""Function of unit vectors (n, rank) that returns n values."""


@dataclass(frozen=True)
class SphereMean:
    """A mean over the unit sphere.

    Parameters
    ----------
    value : float
        The mean, in units of the integrand.
    error : float
        Estimate of the absolute error.
    points : int
        Number of directions that were used.
    method : str
        How it was found.
    """

    value: float
    error: float
    points: int
    method: str


def _panel_sums(function: Integrand, left: Vector, right: Vector) -> tuple[Vector, Vector]:
    """Return the integrals over each panel of angles and an estimate of the error of the first."""
    half = 0.5 * (right - left)
    angles = (0.5 * (left + right))[:, None] + half[:, None] * _NODES
    units = np.stack([np.cos(angles.ravel()), np.sin(angles.ravel())], axis=1)
    values = function(units).reshape(*angles.shape, -1)
    fine = half[:, None] * np.einsum("ijk,j->ik", values, _K15)
    coarse = half * (values[:, :, 0] @ _G7)
    return fine, np.abs(fine[:, 0] - coarse)


def _adaptive(
    function: Integrand, start: float, panels: int, tolerance: float, budget: int
) -> tuple[list[float], float, int]:
    """Return means over the circle, the error of the first and the number of directions."""
    ends = start + np.linspace(0.0, 2.0 * math.pi, panels + 1)
    left, right = ends[:-1], ends[1:]
    values, errors = _panel_sums(function, left, right)
    points = panels * _NODES.size
    for _ in range(_ROUNDS):
        total, error = math.fsum(values[:, 0]), math.fsum(errors)
        bad = errors > 0.5 * tolerance * abs(total) / errors.size
        cost = 2 * _NODES.size * int(np.count_nonzero(bad))
        if error <= tolerance * abs(total) or points + cost > budget:
            break
        middle = 0.5 * (left[bad] + right[bad])
        halves = np.concatenate([left[bad], middle]), np.concatenate([middle, right[bad]])
        fine, fine_errors = _panel_sums(function, *halves)
        left, right = (
            np.concatenate([left[~bad], halves[0]]),
            np.concatenate([right[~bad], halves[1]]),
        )
        values = np.concatenate([values[~bad], fine])
        errors = np.concatenate([errors[~bad], fine_errors])
        points += cost
    turn = 2.0 * math.pi
    return [math.fsum(column) / turn for column in values.T], math.fsum(errors) / turn, points


def circle_mean(function: Integrand, tolerance: float, budget: int) -> SphereMean:
    """Return the mean over the circle by Gauss-Kronrod panels that are halved where needed.

    Corners of the integrand cost a few panels each, and so do jumps.

    Parameters
    ----------
    function : callable
        Function of unit vectors, shape (n, 2), that returns n values.
    tolerance : float
        Relative error to be reached.
    budget : int
        Largest number of directions; the error says what was reached with it.

    Returns
    -------
    SphereMean
        The mean; the error is the difference of the two rules, which is cautious.

    Notes
    -----
    Source: Piessens et al., QUADPACK (1983), the pair of 7 and 15 nodes.

    Examples
    --------
    >>> round(circle_mean(lambda u: np.abs(u[:, 0]), 1e-10, 10_000).value * np.pi, 9)
    2.0
    """
    (value,), error, points = _adaptive(function, 0.0, _PANELS, tolerance, budget)
    return SphereMean(value, error, points, "quadrature over the angle")


def searched_circle_mean(
    function: Callable[[Vector, int], Vector], tolerance: float, budget: int, panels: int
) -> tuple[SphereMean, float]:
    """Return the mean over the circle of a function with jumps at unknown angles.

    Two quadratures as in `circle_mean` whose panels begin at different angles: a jump that falls
    between the last node of a panel and its end is not seen by that panel, but by one of the other
    quadrature.

    Parameters
    ----------
    function : callable
        Function of unit vectors, shape (n, 2), and the number 0 or 1 of the quadrature. It returns
        the function and a second one, shape (n, 2).
    tolerance : float
        Relative error to be reached for the first.
    budget : int
        Largest number of directions; the error says what was reached with it.
    panels : int
        Number of panels of each at the beginning.

    Returns
    -------
    (SphereMean, float)
        The mean of the two, its error being theirs and their difference, and that of the second
        function.

    Examples
    --------
    >>> def lobe(units, turn):
    ...     inside = np.abs(units[:, 1] - 0.5) < 0.1
    ...     return np.stack([inside, 2.0 * inside], axis=1)
    >>> mean, twice = searched_circle_mean(lobe, 1e-6, 10_000, 64)
    >>> abs(mean.value - (np.arcsin(0.6) - np.arcsin(0.4)) / np.pi) <= mean.error < 1e-6
    True
    """
    panel = 2.0 * math.pi / panels

    def quadrature(turn: int) -> tuple[list[float], float, int]:
        start = _STARTS[turn] * panel
        return _adaptive(lambda u: function(u, turn), start, panels, tolerance, budget // 2)

    first, second = quadrature(0), quadrature(1)
    means = [0.5 * (one + other) for one, other in zip(first[0], second[0], strict=True)]
    error = 0.5 * (first[1] + second[1]) + abs(first[0][0] - second[0][0])
    mean = SphereMean(means[0], error, first[2] + second[2], "quadrature over the angle")
    return mean, means[1]


def _to_sphere(uniform: Vector) -> Vector:
    """Map points of the unit cube to the sphere of one dimension more, preserving volume.

    Of k coordinates that are left, the next two have a share 1 - u^(2/(k-2)) of the square of
    their length, at a uniform angle. This is smooth and leaves no dimension of the cube unused.
    """
    from scipy.special import betaincinv

    rank = uniform.shape[1] + 1
    units = np.empty((len(uniform), rank))
    left = np.ones(len(uniform))
    columns = iter(uniform.T)
    first = rank % 2
    if first:
        # The law of one coordinate: (1 + x) / 2 is Beta((rank - 1)/2, (rank - 1)/2).
        half = 0.5 * (rank - 1)
        units[:, 0] = 2.0 * betaincinv(half, half, next(columns)) - 1.0
        left = (1.0 - units[:, 0]) * (1.0 + units[:, 0])
    for j in range(first, rank, 2):
        others = rank - j - 2
        rest = next(columns) ** (2.0 / others) if others else np.zeros(len(uniform))
        radius, angle = np.sqrt(left * (1.0 - rest)), 2.0 * math.pi * next(columns)
        units[:, j], units[:, j + 1] = radius * np.cos(angle), radius * np.sin(angle)
        left = left * rest
    return units


def sphere_points(rank: int, power: int, seed: int) -> Vector:
    """Return 2^power points spread over the unit sphere by one scrambled Sobol sequence.

    Parameters
    ----------
    rank : int
        Dimension of the space.
    power : int
        Exponent of the number of points.
    seed : int
        Which scrambling.

    Returns
    -------
    ndarray, shape (2^power, rank)
        Unit vectors.
    """
    from scipy.stats import qmc

    return _to_sphere(qmc.Sobol(rank - 1, scramble=True, seed=seed).random_base2(power))


def quasi_mean(
    function: Integrand, rank: int, tolerance: float, budget: int, least: int = 0
) -> SphereMean:
    """Return the mean over the sphere in R^rank by randomized quasi-Monte Carlo.

    Sixteen independent scramblings of a Sobol sequence with fixed seeds; their number of points is
    doubled until four standard errors of their mean are below the tolerance.

    Parameters
    ----------
    function : callable
        Function of unit vectors, shape (n, rank), that returns n values.
    rank : int
        Dimension of the space.
    tolerance : float
        Relative error to be reached.
    budget : int
        Largest number of directions; the error says what was reached with it.
    least : int
        Smallest number of directions, unless the budget is below.

    Returns
    -------
    SphereMean
        The mean; the error is four standard errors.

    Notes
    -----
    Source: Owen, "Scrambled net variance for integrals of smooth functions", Ann. Statist. 25
    (1997) 1541.

    Examples
    --------
    >>> round(quasi_mean(lambda u: u[:, 0] ** 2, 5, 1e-4, 100_000).value, 3)
    0.2
    """
    from scipy.stats import qmc

    sequences = [qmc.Sobol(rank - 1, scramble=True, seed=seed) for seed in range(_SCRAMBLINGS)]
    sums = np.zeros(_SCRAMBLINGS)
    points, new = 0, 1 << _FIRST_POWER
    while True:
        for k, sequence in enumerate(sequences):
            sums[k] += math.fsum(function(_to_sphere(sequence.random(new))))
        points += _SCRAMBLINGS * new
        means = sums * _SCRAMBLINGS / points
        value = math.fsum(means) / _SCRAMBLINGS
        error = _SAFETY * float(np.std(means, ddof=1)) / math.sqrt(_SCRAMBLINGS)
        reached = error <= tolerance * abs(value) and points >= least
        if reached or 2 * points > budget:
            break
        # Twice as many points in all, the first half being there.
        new = points // _SCRAMBLINGS
    return SphereMean(value, error, points, "quasi-Monte Carlo over directions")


def sphere_mean(
    function: Integrand, rank: int, tolerance: float, budget: int, least: int = 0
) -> SphereMean:
    """Return the mean over the sphere by the method for its dimension.

    Parameters
    ----------
    function : callable
        Function of unit vectors, shape (n, rank), that returns n values.
    rank : int
        Dimension of the space, at least 2.
    tolerance : float
        Relative error to be reached, on the sphere at best 1e-5 or so.
    budget : int
        Largest number of directions.
    least : int
        Smallest number of directions on the sphere, unless the budget is below.

    Returns
    -------
    SphereMean
        The mean.
    """
    if rank == 2:
        return circle_mean(function, tolerance, budget)
    return quasi_mean(function, rank, tolerance, budget, least)
