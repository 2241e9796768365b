"""Mean exit time and side of the exit in continuous time, one dimension, any drift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from levysde.theory import arguments
from levysde.theory.exact.elements import fractional_form, local_form
from levysde.theory.exact.interval import Gradient, checked_interval, evaluated
from levysde.theory.exact.mean_exit import (
    gaussian_mean_exit_time,
    gaussian_right_exit_probability,
)
from levysde.theory.exact.mesh import Mesh, graded_mesh
from levysde.theory.numbers import checked_positive, real_number, real_numbers
from levysde.theory.protocols import Vector

_MOST_UNKNOWNS = 3000
_KEPT_FORMS, _MOST_KEPT = 8, 1000
_SEARCH = 257
_CLOSE = 1e-6
_EXTRA_NODES = 8
_GAUSSIAN_ERROR = 1e-10
_SAFETY = 2.0


@dataclass(frozen=True)
class ExactValue:
    """A number that was computed to a known accuracy.

    Attributes
    ----------
    value : float
        The number, in its own units.
    error : float
        Estimate of its absolute error: twice the change at the last refinement.

    Examples
    --------
    >>> float(ExactValue(1.5, 1e-9))
    1.5
    """

    value: float
    error: float

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True)
class _Level:
    """Degree of the polynomials, and sizes of elements in lengths of the interval."""

    degree: int
    smallest: float
    smallest_inner: float
    largest: float


_LEVELS = (
    _Level(6, 1e-7, 1e-3, 0.25),
    _Level(9, 1e-10, 1e-4, 0.12),
    _Level(12, 1e-13, 1e-5, 0.06),
    _Level(15, 1e-15, 1e-6, 0.03),
)


def _mesh(inner: tuple[float, ...], level: _Level) -> Mesh:
    return graded_mesh(inner, level.degree, level.smallest, level.smallest_inner, level.largest)


def _form(inner: tuple[float, ...], level: _Level, alpha: float, jumps: bool) -> Vector:
    return fractional_form(_mesh(inner, level), alpha, jumps)


_kept_form = lru_cache(maxsize=_KEPT_FORMS)(_form)
"""The same for all amplitudes and drifts, and most of the work."""


@dataclass(frozen=True)
class _Exit:
    """The equation of a process on an interval."""

    gradient: Gradient
    lower: float
    upper: float
    alpha: float
    epsilon: float
    brownian: float
    start: float
    inner: tuple[float, ...]

    @property
    def length(self) -> float:
        """Length of the interval."""
        return self.upper - self.lower

    @property
    def diffusion(self) -> float:
        """Half the variance per time, in lengths of the interval."""
        gaussian = self.epsilon**2 if self.alpha == 2.0 else 0.0
        return (0.5 * self.brownian + gaussian) / self.length**2

    def position(self, x: float) -> float:
        """Return a point as a share of the interval."""
        return (x - self.lower) / self.length

    def free_ends(self) -> tuple[bool, bool]:
        """Say at which ends the solution may jump: where the drift leads in and nothing diffuses.

        For alpha < 1 small jumps are too weak to carry the process out against the drift, so that
        the time to the exit does not vanish there (Kyprianou, Fluctuations of Levy Processes,
        2014, ch. 6, on the regularity of the half line).
        """
        if self.alpha >= 1.0 or self.diffusion > 0.0:
            return False, False
        left, right = -evaluated(self.gradient, np.array([self.lower, self.upper]))
        return bool(left >= 0.0), bool(right <= 0.0)

    def system(self, mesh: Mesh, level: _Level, free: tuple[bool, bool]) -> tuple[Vector, Vector]:
        """Return the matrix of the equation and the integrals of the basis."""
        unit, weight = np.polynomial.legendre.leggauss(mesh.degree + _EXTRA_NODES)
        x = self.lower + self.length * mesh.points(unit)[0]
        drift = -evaluated(self.gradient, x.ravel()).reshape(x.shape) / self.length
        matrix, load = local_form(mesh, unit, weight, drift, self.diffusion)
        if self.alpha < 2.0:
            noise = (self.epsilon / self.length) ** self.alpha
            few = mesh.elements * mesh.degree <= _MOST_KEPT
            form = _kept_form if few else _form
            matrix += noise * form(self.inner, level, self.alpha, any(free))
        return matrix, load

    def solve(self, level: _Level, right: bool) -> float:
        """Return the mean time, or the probability of leaving to the right, from the start."""
        mesh = _mesh(self.inner, level)
        if mesh.elements * mesh.degree > _MOST_UNKNOWNS:
            raise ValueError(
                f"{len(self.inner)} breakpoints and zeros of the gradient would need "
                f"{mesh.elements * mesh.degree} unknowns, but at most {_MOST_UNKNOWNS} are "
                "allowed: give fewer breakpoints or a larger tolerance"
            )
        free = self.free_ends()
        matrix, load = self.system(mesh, level, free)
        total = load.size - 1
        ends = np.array([0, mesh.elements])[~np.array(free)]
        # The values outside: 0 on the left, and on the right 1 for the side, 0 for the time.
        full = np.zeros(total + 1)
        if right:
            full[[total, *ends[ends > 0]]] = 1.0
            load = -matrix @ full
        kept = np.setdiff1d(np.arange(total), ends)
        inside = matrix[np.ix_(kept, kept)]
        scale = 1.0 / np.sqrt(np.abs(np.diag(inside)))
        balanced = np.linalg.solve(inside * scale * scale[:, None], load[kept] * scale)
        full[kept] = scale * balanced
        return _value_at(mesh, full[:total], mesh.node(self.position(self.start)))


def _value_at(mesh: Mesh, solution: Vector, node: int) -> float:
    """Return the solution at a node without the part that is P_p in the elements beside it.

    Where the drift is strong and the layer at the boundary is not resolved, Galerkin's method
    leaves an oscillation that is plus or minus P_p in every element, which is orthogonal to
    what the method sees of a transport.
    """
    inside = solution[mesh.elements + 1 :].reshape(mesh.elements, mesh.degree - 1)
    last = inside[:, -1] / (2 * mesh.degree - 1)
    spurious = 0.5 * (last[node - 1] + (-1) ** mesh.degree * last[node])
    return float(solution[node] - spurious)


def _zeros(gradient: Gradient, pieces: Sequence[float]) -> list[float]:
    """Return where the gradient changes its sign, as far as a search on a grid tells."""
    from scipy.optimize import brentq

    found = []
    for low, high in pairwise(pieces):
        # Within a piece only: at a break point there is an element's end already.
        x = low + (high - low) * np.linspace(0.0, 1.0, _SEARCH + 2)[1:-1]
        values = evaluated(gradient, x)
        for i in np.flatnonzero(values[:-1] * values[1:] < 0.0):
            zero = brentq(lambda t: float(evaluated(gradient, np.array([t]))[0]), x[i], x[i + 1])
            found.append(float(zero))
        found += [float(t) for t in x[1:-1][(values[1:-1] == 0.0) & (values[:-2] != 0.0)]]
    return found


def _exit(
    gradient: Gradient,
    ends: tuple[float, float],
    alpha: float,
    epsilon: float,
    start: float,
    brownian: float,
    breakpoints: Sequence[float],
) -> _Exit:
    """Check the arguments and find the points at which elements are to be small."""
    checked_positive(epsilon, "epsilon")
    if not (math.isfinite(brownian) and brownian >= 0.0):
        raise ValueError(f"brownian is {brownian!r}, but it must be a finite variance, at least 0")
    pieces = checked_interval(*ends, start, [*breakpoints, start])
    length = pieces[-1] - pieces[0]
    inner = pieces[1:-1]
    for zero in _zeros(gradient, pieces):
        if min(abs(zero - point) for point in inner) > _CLOSE * length:
            inner = sorted([*inner, zero])
    shares = tuple((point - pieces[0]) / length for point in inner)
    return _Exit(gradient, pieces[0], pieces[-1], alpha, epsilon, brownian, float(start), shares)


def _refined(problem: _Exit, tolerance: float, right: bool) -> ExactValue:
    """Refine until the value stands still."""
    checked_positive(tolerance, "tolerance")
    value = error = math.inf
    for level in _LEVELS:
        before, value = value, problem.solve(level, right)
        # Where convergence is slow its sign alternates, and one change may be small by accident.
        error = _SAFETY * abs(value - before)
        sound = value <= 1.0 + error if right else value > 0.0
        if sound and value > -error and error <= tolerance * abs(value):
            return ExactValue(min(value, 1.0) if right else value, error)
    raise ValueError(
        f"the value {value:.8g} has an error of about {error:.1g}, more than the tolerance "
        f"{tolerance:.1g} times the value: enlarge tolerance or epsilon, or name the kinks of the "
        "gradient in breakpoints"
    )


_checked = arguments.checked(
    gradient=arguments.function,
    lower=real_number,
    upper=real_number,
    alpha=arguments.alpha,
    start=real_number,
    brownian=real_number,
    breakpoints=real_numbers,
)
"""The arguments that both functions take."""


@_checked
def mean_exit_time(
    gradient: Gradient,
    lower: float,
    upper: float,
    alpha: float,
    epsilon: float,
    start: float = 0.0,
    brownian: float = 0.0,
    breakpoints: Sequence[float] = (),
    tolerance: float = 1e-6,
) -> ExactValue:
    """Return the mean exit time of dX = -F'(X) dt + sqrt(d) dB + eps dL in continuous time.

    It solves -F' u' + (d/2) u'' - eps^alpha (-Laplacian)^(alpha/2) u = -1 in (lower, upper),
    u = 0 outside, where the kernel of the fractional Laplacian is c_alpha |y|^(-1 - alpha).
    Galerkin's method with polynomials of high degree on elements that shrink geometrically toward
    the ends, the start, kinks and zeros of the gradient converges exponentially where the layers
    at the ends are resolved, and is refined until the value stands still.

    For alpha near or below 1 and a drift that is strong against the noise the value converges
    slowly; where the tolerance is not reached, the function refuses.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    lower, upper : float
        Ends of the interval, finite, units of the state.
    alpha : float
        Stability index in (0, 2], dimensionless.
    epsilon : float
        Noise amplitude, units of the state per time^(1/alpha).
    start : float
        Starting point, units of the state.
    brownian : float
        Variance d of the Brownian part per time, units of the state squared per time.
    breakpoints : sequence of float
        Points where the gradient has a kink or a jump.
    tolerance : float
        Relative error at which to stop refining, dimensionless.

    Returns
    -------
    ExactValue
        Mean exit time and its error, units of time.

    Raises
    ------
    ValueError
        If a number is out of range, or the tolerance is not reached.

    Notes
    -----
    Source: Gao, Duan, Li & Song, SIAM J. Sci. Comput. 36 (2014) A887, for the equation,
    whose eps is eps^alpha here; Schwab, p- and hp-Finite Element Methods (1998), for
    the method. At alpha = 2 it is the double integral of Green's function.

    Examples
    --------
    >>> round(float(mean_exit_time(lambda x: x, -1.0, 1.0, 1.5, 0.5)), 5)
    3.82717
    """
    ends = (lower, upper)
    problem = _exit(gradient, ends, alpha, epsilon, start, brownian, breakpoints)
    if alpha == 2.0:
        checked_positive(tolerance, "tolerance")
        noise = math.sqrt(problem.diffusion) * problem.length
        mean = gaussian_mean_exit_time(gradient, lower, upper, noise, start, breakpoints)
        return ExactValue(mean, _GAUSSIAN_ERROR * mean)
    return _refined(problem, tolerance, right=False)


@_checked
def exit_probability(
    gradient: Gradient,
    lower: float,
    upper: float,
    alpha: float,
    epsilon: float,
    start: float = 0.0,
    brownian: float = 0.0,
    breakpoints: Sequence[float] = (),
    tolerance: float = 1e-6,
) -> ExactValue:
    """Return the probability that dX = -F'(X) dt + sqrt(d) dB + eps dL leaves to the right.

    It solves -F' u' + (d/2) u'' - eps^alpha (-Laplacian)^(alpha/2) u = 0 in (lower, upper),
    u = 1 above and u = 0 below, by the method of `mean_exit_time`.

    Parameters
    ----------
    gradient : callable
        F', takes points of shape (n,) and returns shape (n,).
    lower, upper : float
        Ends of the interval, finite, units of the state.
    alpha : float
        Stability index in (0, 2], dimensionless.
    epsilon : float
        Noise amplitude, units of the state per time^(1/alpha).
    start : float
        Starting point, units of the state.
    brownian : float
        Variance d of the Brownian part per time, units of the state squared per time.
    breakpoints : sequence of float
        Points where the gradient has a kink or a jump.
    tolerance : float
        Relative error at which to stop refining, dimensionless.

    Returns
    -------
    ExactValue
        Probability that the first point outside is above ``upper``, and its error.

    Raises
    ------
    ValueError
        If a number is out of range, or the tolerance is not reached.

    Notes
    -----
    Source: Gao, Duan, Li & Song, SIAM J. Sci. Comput. 36 (2014) A887, for the equation, and as
    in `mean_exit_time`. At alpha = 2 it is the ratio of two integrals of exp(F / (eps^2 + d/2)).

    Examples
    --------
    >>> round(float(exit_probability(lambda x: 0.0 * x, -1.0, 1.0, 1.5, 1.0, start=0.5)), 6)
    0.713476
    """
    ends = (lower, upper)
    problem = _exit(gradient, ends, alpha, epsilon, start, brownian, breakpoints)
    if alpha == 2.0:
        checked_positive(tolerance, "tolerance")
        noise = math.sqrt(problem.diffusion) * problem.length
        share = gaussian_right_exit_probability(gradient, lower, upper, noise, start, breakpoints)
        return ExactValue(share, _GAUSSIAN_ERROR * share)
    return _refined(problem, tolerance, right=True)
