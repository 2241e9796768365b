"""Mean exit times with drift in one dimension, by integral equations instead of simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from levysde.theory import arguments
from levysde.theory.exact.interval import Gradient, checked_interval, evaluated
from levysde.theory.exact.stable_law import stable_tail, tabulated_density
from levysde.theory.numbers import checked_positive, real_number, real_numbers
from levysde.theory.protocols import StepLike, Vector

_ORDER = 16
_MOST_NODES = 4000
_FIRST_PANEL = 9.0
_REFINEMENT = 1.5
_ROWS = 256


def _panels(pieces: list[float], counts: list[int]) -> Vector:
    """Return the edges of equal panels, so many in each piece."""
    parts = [
        np.linspace(low, high, count + 1)[:-1]
        for low, high, count in zip(pieces[:-1], pieces[1:], counts, strict=True)
    ]
    return np.concatenate([*parts, [pieces[-1]]])


def _nodes(edges: Vector) -> tuple[Vector, Vector]:
    """Return composite Gauss-Legendre nodes and weights."""
    unit, weight = np.polynomial.legendre.leggauss(_ORDER)
    half = 0.5 * np.diff(edges)[:, None]
    middle = 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (middle + half * unit).ravel(), (half * weight).ravel()


@dataclass(frozen=True)
class _EulerChain:
    """One step of the Euler chain: its kernel on the interval and its probability of leaving."""

    gradient: Gradient
    lower: float
    upper: float
    alpha: float
    noise: float
    dt: float
    step: StepLike | None = None

    def target(self, x: Vector) -> Vector:
        """Return where the drift alone takes the points in one step."""
        return x - self.dt * evaluated(self.gradient, x)

    def exit_probability(self, target: Vector) -> Vector:
        """Return the probability of leaving in this step."""
        above, below = (self.upper - target) / self.noise, (target - self.lower) / self.noise
        if self.step is not None:
            return np.asarray(self.step.step_tail(above) + self.step.step_tail(below))
        return stable_tail(above, self.alpha) + stable_tail(below, self.alpha)

    def kernel(self, target: Vector, nodes: Vector, weights: Vector) -> Vector:
        """Return the transition density to the nodes times their weights."""
        reach = max(self.upper - float(np.min(target)), float(np.max(target)) - self.lower)
        if self.step is None:
            density = tabulated_density(self.alpha, reach / self.noise)
        else:
            density = self.step.step_density
        result = np.empty((target.size, nodes.size))
        for i in range(0, target.size, _ROWS):
            rows = target[i : i + _ROWS, None]
            result[i : i + _ROWS] = density((nodes - rows) / self.noise)
        result *= weights / self.noise
        return result

    def mean_exit_time(self, edges: Vector, start: float) -> float:
        """Solve the integral equation on the panels and interpolate at the start.

        With the exact probability q(x) of leaving in one step the equation u = dt + Ku reads
        q(x) u(x) = dt + int K(x, y) (u(y) - u(x)) dy. In this form the errors of the quadrature
        meet only differences of u, and not u itself, which is larger by the number of steps.
        """
        nodes, weights = _nodes(edges)
        # The last row is the start, where the same equation interpolates the solution.
        target = self.target(np.append(nodes, start))
        leaving = self.exit_probability(target)
        kernel = self.kernel(target, nodes, weights)
        matrix, row = -kernel[:-1], kernel[-1]
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, leaving[:-1] - matrix.sum(axis=1))
        solution = np.linalg.solve(matrix, np.full(nodes.size, self.dt))
        return (self.dt + float(row @ solution)) / (float(leaving[-1]) + float(row.sum()))


@arguments.checked(
    gradient=arguments.function,
    lower=real_number,
    upper=real_number,
    alpha=arguments.alpha,
    start=real_number,
    breakpoints=real_numbers,
    step=arguments.step,
)
def euler_mean_exit_time(
    gradient: Gradient,
    lower: float,
    upper: float,
    alpha: float,
    epsilon: float,
    dt: float,
    start: float = 0.0,
    breakpoints: Sequence[float] = (),
    tolerance: float = 1e-8,
    step: StepLike | None = None,
) -> float:
    """Return the exact mean exit time of the Euler chain, dt times the mean number of steps.

    The chain is x' = x - dt F'(x) + eps dt^(1/alpha) Z with Z standard symmetric stable, watched
    on the grid only. Its mean exit time solves u = dt + Ku, K the kernel of one step inside the
    interval, discretized at composite Gauss-Legendre nodes (Nystrom's method) that are refined
    until the value stands still.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    lower, upper : float
        Ends of the interval, finite, units of the state.
    alpha : float
        Stability index in [0.2, 2], dimensionless.
    epsilon : float
        Noise amplitude, units of the state per time^(1/alpha).
    dt : float
        Step, units of time.
    start : float
        Starting point, units of the state.
    breakpoints : sequence of float
        Points where the gradient has a kink or a jump.
    tolerance : float
        Relative change between two refinements at which to stop, dimensionless.
    step : object, optional
        The law of Z where it is another symmetric one: ``step_density(x)`` and ``step_tail(x)``,
        P(Z > x), of arrays.

    Returns
    -------
    float
        Mean exit time, units of time.

    Raises
    ------
    ValueError
        If a number is out of range, or if more than 4000 nodes would be needed, which happens
        when the noise of one step is narrow against the interval.

    Notes
    -----
    Source: Atkinson, The Numerical Solution of Integral Equations of the Second Kind (1997),
    ch. 4, for the method.

    Examples
    --------
    >>> round(euler_mean_exit_time(lambda x: x, -1.0, 1.0, 1.5, 0.3, 0.1), 5)
    11.91803
    """
    checked_positive(epsilon, "epsilon")
    checked_positive(dt, "dt")
    checked_positive(tolerance, "tolerance")
    pieces = checked_interval(lower, upper, start, breakpoints)
    noise = epsilon * dt ** (1.0 / alpha)
    chain = _EulerChain(gradient, pieces[0], pieces[-1], alpha, noise, dt, step)
    width, fewest = _FIRST_PANEL * noise, 2
    value = math.inf
    while True:
        counts = [max(fewest, math.ceil((high - low) / width)) for low, high in pairwise(pieces)]
        size = _ORDER * sum(counts)
        if size > _MOST_NODES:
            raise ValueError(
                f"the noise of one step, {noise:.3g}, would need {size} nodes or more on an "
                f"interval of length {upper - lower:.3g}, but at most {_MOST_NODES} are allowed: "
                "enlarge dt, epsilon or tolerance"
            )
        before, value = value, chain.mean_exit_time(_panels(pieces, counts), start)
        if abs(value - before) <= tolerance * abs(value):
            return value
        width, fewest = width / _REFINEMENT, fewest + 1


def _running_log_sum(logs: Vector) -> Vector:
    """Return log of the sum of the exponentials of all earlier entries, -inf for the first."""
    running = np.logaddexp.accumulate(logs)
    return np.concatenate([[-np.inf], running[:-1]])


def _integration_matrix(unit: Vector) -> Vector:
    """Return the matrix that integrates a polynomial at Legendre nodes from -1 to each node."""
    legendre = np.polynomial.legendre
    vandermonde = legendre.legvander(unit, _ORDER - 1)
    integrals = np.stack(
        [legendre.legval(unit, legendre.legint(row, lbnd=-1.0)) for row in np.eye(_ORDER)], axis=1
    )
    return np.asarray(np.linalg.solve(vandermonde.T, integrals.T).T)


def _exponent(gradient: Gradient, edges: Vector, noise: float) -> Vector:
    """Return F / eps^2 at the nodes of all panels, 0 at the left end, shape (panels, order)."""
    unit, weight = np.polynomial.legendre.leggauss(_ORDER)
    half = 0.5 * np.diff(edges)
    slope = (evaluated(gradient, _nodes(edges)[0]) / noise**2).reshape(-1, _ORDER)
    base = np.concatenate([[0.0], np.cumsum(half * (slope @ weight))[:-1]])
    return np.asarray(base[:, None] + half[:, None] * (slope @ _integration_matrix(unit).T))


def _log_right_share(gradient: Gradient, edges: Vector, noise: float, first_right: int) -> float:
    """Return log of S(lower, start) / S(lower, upper), S the integral of exp(F/eps^2)."""
    weight = np.polynomial.legendre.leggauss(_ORDER)[1]
    exponent = _exponent(gradient, edges, noise)
    logs = exponent + np.log(0.5 * np.diff(edges)[:, None] * weight)
    left = np.logaddexp.reduce(logs[:first_right], axis=None)
    return float(left - np.logaddexp.reduce(logs, axis=None))


def _log_gaussian_mean(gradient: Gradient, edges: Vector, noise: float, first_right: int) -> float:
    """Return log E tau from the start at the left edge of the panel with number first_right.

    E tau = (1/eps^2) int G(y) exp(-F(y)/eps^2) dy with G(y) = S(lower, min) S(max, upper)
    / S(lower, upper), min and max of y and the start, S(a, b) = int_a^b exp(F/eps^2).
    """
    unit, weight = np.polynomial.legendre.leggauss(_ORDER)
    half = 0.5 * np.diff(edges)
    partial = _integration_matrix(unit)
    phi = _exponent(gradient, edges, noise)
    # Every panel is scaled by its own largest value, so that nothing over- or underflows.
    top = phi.max(axis=1)
    scaled = np.exp(phi - top[:, None])
    total = half * (scaled @ weight)
    inner = np.clip(half[:, None] * (scaled @ partial.T), 1e-300, total[:, None])
    log_total = np.log(total) + top
    log_left = _running_log_sum(log_total)
    log_right = _running_log_sum(log_total[::-1])[::-1]
    top_column = top[:, None]
    to_node = np.logaddexp(log_left[:, None], np.log(inner) + top_column)
    rest = np.log(np.maximum(total[:, None] - inner, 1e-300)) + top_column
    from_node = np.logaddexp(log_right[:, None], rest)
    whole = float(np.logaddexp.reduce(log_total))
    before_start = np.arange(half.size)[:, None] < first_right
    log_green = np.where(
        before_start, to_node + log_right[first_right - 1], from_node + log_left[first_right]
    )
    log_integrand = log_green - whole - phi + np.log(half[:, None] * weight)
    return float(np.logaddexp.reduce(log_integrand, axis=None)) - 2.0 * math.log(noise)


@arguments.checked(
    gradient=arguments.function,
    lower=real_number,
    upper=real_number,
    start=real_number,
    breakpoints=real_numbers,
)
def gaussian_mean_exit_time(
    gradient: Gradient,
    lower: float,
    upper: float,
    epsilon: float,
    start: float = 0.0,
    breakpoints: Sequence[float] = (),
) -> float:
    """Return the exact mean exit time of dX = -F'(X) dt + eps dL at alpha = 2.

    The variance of the noise is 2 eps^2 t, and eps^2 u'' - F' u' = -1, u = 0 at the ends, is
    solved by the double integral of Green's function, in logarithms.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    lower, upper : float
        Ends of the interval, finite, units of the state.
    epsilon : float
        Noise amplitude, units of the state per time^(1/2).
    start : float
        Starting point, units of the state.
    breakpoints : sequence of float
        Points where the gradient has a kink or a jump.

    Returns
    -------
    float
        Mean exit time, units of time.

    Raises
    ------
    ValueError
        If a number is out of range, the integrals do not converge, or the mean is beyond the
        largest floating-point number.

    Notes
    -----
    Source: Gardiner, Stochastic Methods (4th ed., 2009), sec. 5.5.2.

    Examples
    --------
    >>> round(gaussian_mean_exit_time(lambda x: x, -1.0, 1.0, 0.5), 9)
    4.501602416
    """
    ends = (lower, upper)
    value = _converged(_log_gaussian_mean, gradient, ends, epsilon, start, breakpoints)
    if value > math.log(np.finfo(np.float64).max):
        raise ValueError(f"the mean exit time is exp({value:.6g}), beyond floating point")
    return math.exp(value)


def gaussian_right_exit_probability(
    gradient: Gradient,
    lower: float,
    upper: float,
    epsilon: float,
    start: float,
    breakpoints: Sequence[float],
) -> float:
    """Return the probability S(lower, x) / S(lower, upper) of leaving above at alpha = 2.

    S(a, b) = int_a^b exp(F / eps^2) for dX = -F'(X) dt + eps dL, in logarithms.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    lower, upper : float
        Ends of the interval, finite, units of the state.
    epsilon : float
        Noise amplitude, units of the state per time^(1/2).
    start : float
        Starting point, units of the state.
    breakpoints : sequence of float
        Points where the gradient has a kink or a jump.

    Returns
    -------
    float
        Probability.

    Raises
    ------
    ValueError
        If a number is out of range or the integrals do not converge.

    Notes
    -----
    Source: Gardiner, Stochastic Methods (4th ed., 2009), sec. 5.5.3.

    Examples
    --------
    >>> round(gaussian_right_exit_probability(lambda x: 0.0 * x, -1.0, 1.0, 1.0, 0.5, ()), 12)
    0.75
    """
    ends = (lower, upper)
    value = _converged(_log_right_share, gradient, ends, epsilon, start, breakpoints)
    return min(1.0, math.exp(value))


def _converged(
    logarithm: Callable[[Gradient, Vector, float, int], float],
    gradient: Gradient,
    ends: tuple[float, float],
    epsilon: float,
    start: float,
    breakpoints: Sequence[float],
) -> float:
    """Return a logarithm on panels that are halved until it stands still."""
    checked_positive(epsilon, "epsilon")
    pieces = checked_interval(*ends, start, [*breakpoints, start])
    index = pieces.index(float(start))
    before = math.inf
    for count in (8, 16, 32, 64, 128, 256, 512, 1024):
        edges = _panels(pieces, [count] * (len(pieces) - 1))
        value = logarithm(gradient, edges, epsilon, index * count)
        if abs(value - before) <= 1e-12 * max(1.0, abs(value)):
            return value
        before = value
    raise ValueError("the double integral did not converge: are all kinks in breakpoints?")
