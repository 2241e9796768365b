"""Small-noise prediction of escape rates, with the assumptions it stands on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levysde.theory.correction import first_correction
from levysde.theory.escape_measure import EscapeMeasure, escape_measure, escape_rate
from levysde.theory.laws import scalar_scale
from levysde.theory.parts import (
    BasinLike,
    DynamicsLike,
    NoiseLike,
    Vector,
    checked_point,
    checked_positive,
)
from levysde.theory.rays import RaySegments, ray_exit_segments, require_inside

_SMALL_RATE = 0.01
_LARGEST_CORRECTION = 0.25
_DIFFERENCE = 1e-5
_STATIONARY = 1e-6
_SAME_POINT = 1e-9
_DIRECTIONS = 16
_INSET = 1e-10
_FLOW_STEP = 1e-6


@dataclass(frozen=True)
class Assumption:
    """One condition of the small-noise theory.

    Parameters
    ----------
    name : str
        The condition in a few words.
    holds : bool or None
        Whether it holds; None if this cannot be decided.
    detail : str
        The numbers behind the answer.

    Examples
    --------
    >>> Assumption("jumps exist", True, "alpha = 1.5 < 2").holds
    True
    """

    name: str
    holds: bool | None
    detail: str


@dataclass(frozen=True)
class Prediction:
    """Leading-order escape rate in continuous time, and what it rests on.

    Parameters
    ----------
    escape_measure : EscapeMeasure
        nu(W), per unit time at noise amplitude 1.
    rate : float
        eps^alpha nu(W), per unit time; for a multifractal law the sum over its indices.
    mean : float
        Mean escape time 1/rate, ``inf`` where the rate is 0.
    relaxation_rate : (float, float)
        Smallest and largest curvature at the minimum, per unit time.
    corrected_rate : float or None
        1/corrected_mean, per unit time.
    corrected_mean : float or None
        (1 - C eps^alpha)/rate; None where C does not exist or is not known, or where
        |C eps^alpha| is not below 0.25.
    assumptions : tuple of Assumption
        The conditions of the theory and whether they hold.

    Examples
    --------
    >>> measure = EscapeMeasure(0.5, 0.0, "closed form: interval")
    >>> Prediction(measure, 0.25, 4.0, (1.0, 1.0), None, None, ()).mean
    4.0
    """

    escape_measure: EscapeMeasure
    rate: float
    mean: float
    relaxation_rate: tuple[float, float]
    corrected_rate: float | None
    corrected_mean: float | None
    assumptions: tuple[Assumption, ...]


def _gradient(basin: BasinLike, x: Vector) -> Vector:
    out = np.zeros(basin.potential.dim)
    basin.potential.gradient(x, basin.potential.p, out)
    return out


def _axis_rays(basin: BasinLike, minimum: Vector) -> list[RaySegments]:
    """Return the exterior segments along e_1, -e_1, e_2, -e_2, ..."""
    eye = np.eye(minimum.size)
    directions = [sign * axis for axis in eye for sign in (1.0, -1.0)]
    return [ray_exit_segments(basin.domain, minimum, direction) for direction in directions]


def _lengths(rays: list[RaySegments], minimum: Vector) -> Vector:
    """Return one length per coordinate: the distance to the boundary, or the size of the point."""
    distances = np.array([ray.first for ray in rays]).reshape(-1, 2).min(axis=1)
    return np.where(np.isfinite(distances), distances, np.maximum(1.0, np.abs(minimum)))


def _curvatures(basin: BasinLike, minimum: Vector, lengths: Vector) -> tuple[float, float]:
    """Return the smallest and largest eigenvalue of the two one-sided Jacobians.

    A kink at the minimum, a curvature that differs between the two sides, shows as two different
    Jacobians; each difference is of second order in its step.
    """
    here = _gradient(basin, minimum)
    values: list[float] = []
    for sign in (1.0, -1.0):
        jacobian = np.empty((minimum.size, minimum.size))
        for i, length in enumerate(lengths):
            one, two = minimum.copy(), minimum.copy()
            one[i] += sign * _DIFFERENCE * length
            # Twice the step as it was rounded, so that the two differences match.
            step = one[i] - minimum[i]
            two[i] += 2.0 * step
            near, far = _gradient(basin, one), _gradient(basin, two)
            jacobian[:, i] = (4.0 * near - far - 3.0 * here) / (2.0 * step)
        diagonal = np.diag(jacobian)
        if np.count_nonzero(jacobian) == np.count_nonzero(diagonal):  # coordinates do not interact
            values.extend(diagonal.tolist())
        else:
            values.extend(np.linalg.eigvalsh(0.5 * (jacobian + jacobian.T)).tolist())
    return min(values), max(values)


def _spread_directions(dim: int) -> list[Vector]:
    """Return fixed unit vectors, spread over the sphere by an additive recurrence.

    Source: Roberts' generalized golden ratio, the root of g^(d+1) = g + 1.
    """
    if dim == 1:
        return []
    from scipy.special import ndtri

    golden = 2.0
    for _ in range(60):
        golden = (1.0 + golden) ** (1.0 / (dim + 1.0))
    steps = golden ** -np.arange(1.0, dim + 1.0)
    uniform = (0.5 + np.outer(np.arange(1, _DIRECTIONS + 1), steps)) % 1.0
    normal = ndtri(uniform)
    return [row / np.linalg.norm(row) for row in normal]


def _flow_leaves(basin: BasinLike, boundary: Vector, inset: Vector, reach: float) -> bool | None:
    """Say whether a short step of the flow leaves the domain; None where the flow stands still."""
    force = _gradient(basin, boundary)
    speed = float(np.linalg.norm(force))
    if not (math.isfinite(speed) and speed > 0.0):
        return None
    step = inset - _FLOW_STEP * reach / speed * force
    return bool(basin.domain.outside(step, basin.domain.p))


def _invariance(basin: BasinLike, minimum: Vector, rays: list[RaySegments]) -> Assumption:
    name = "domain positively invariant"
    eye = np.eye(minimum.size)
    directions = [sign * axis for axis in eye for sign in (1.0, -1.0)]
    extra = _spread_directions(minimum.size)
    found = list(zip(directions, rays, strict=True))
    found += [(s, ray_exit_segments(basin.domain, minimum, s)) for s in extra]
    tested = undecided = 0
    for direction, ray in found:
        reach = ray.first
        if not math.isfinite(reach):
            continue
        tested += 1
        boundary = minimum + reach * direction
        inset = minimum + (1.0 - _INSET) * reach * direction
        leaves = _flow_leaves(basin, boundary, inset, reach)
        if leaves:
            return Assumption(
                name, False, f"the noise-free flow leaves the domain near {boundary.tolist()}"
            )
        undecided += leaves is None
    if tested == 0:
        return Assumption(name, None, "no point of the boundary was found")
    if undecided:
        return Assumption(
            name, None, f"the gradient vanishes at {undecided} of {tested} points of the boundary"
        )
    return Assumption(
        name, True, f"the noise-free flow points inward at {tested} points of the boundary"
    )


def _correction(
    basin: BasinLike, noise: NoiseLike, minimum: Vector, rays: list[RaySegments]
) -> float | None:
    """Return C where it is known: one dimension, one component, a symmetric law."""
    scale = scalar_scale(noise) if minimum.size == 1 else None
    if scale is None:
        return None
    if any(len(ray.segments) > 1 or math.isfinite(_last(ray)) for ray in rays):
        return None

    def force(displacement: float) -> float:
        return float(_gradient(basin, minimum + displacement)[0])

    return first_correction(force, rays[1].first, rays[0].first, float(noise.alpha), scale)


def _last(ray: RaySegments) -> float:
    return ray.segments[-1][1] if ray.segments else math.inf


def _small_noise(rate: float, slowest: float, shift: float | None) -> Assumption:
    name = "noise small"
    if not slowest > 0.0:
        return Assumption(name, None, "the relaxation rate at the minimum is not positive")
    ratio = rate / slowest
    detail = f"{ratio:.3g} escapes per relaxation time, small means below {_SMALL_RATE}"
    holds = ratio < _SMALL_RATE
    if shift is not None:
        holds = holds and abs(shift) < _LARGEST_CORRECTION
        detail += (
            f"; the first correction is {shift:.3g} of the rate, "
            f"small means below {_LARGEST_CORRECTION}"
        )
    return Assumption(name, holds, detail)


def _at_minimum(basin: BasinLike, minimum: Vector, lengths: Vector) -> list[Assumption]:
    """Return the assumptions about the minimum and the starting point."""
    force = _gradient(basin, minimum)
    # The gradient is compared with its own size half way to the boundary.
    size = max(
        float(np.linalg.norm(_gradient(basin, minimum + 0.5 * sign * lengths)))
        for sign in (1.0, -1.0)
    )
    norm = float(np.linalg.norm(force))
    start = checked_point(basin.start, minimum.size, "start")
    away = float(np.max(np.abs(start - minimum) / lengths))
    return [
        Assumption("minimum inside the domain", True, f"the minimum is {minimum.tolist()}"),
        Assumption(
            "gradient vanishes at the minimum", norm <= _STATIONARY * size, f"|grad F| = {norm:.3g}"
        ),
        Assumption(
            "start at the minimum",
            away <= _SAME_POINT,
            "the start is the minimum"
            if away <= _SAME_POINT
            else f"the start is {start.tolist()}: the law holds if the flow leads to the minimum",
        ),
    ]


def _jumps(alpha: float) -> Assumption:
    if alpha < 2.0:
        return Assumption("jumps exist", True, f"alpha = {alpha:g} < 2")
    return Assumption(
        "jumps exist",
        False,
        "alpha = 2 is Gaussian: escapes follow the barrier, not the escape measure",
    )


def _sgd(basin: BasinLike, noise: NoiseLike, epsilon: float) -> Prediction:
    minimum = require_inside(basin.domain, basin.minimum, "the minimum")
    measure = escape_measure(basin.domain, noise, minimum)
    alpha = float(noise.alpha)
    several = noise.name == "multifractal"
    rate = (
        escape_rate(basin.domain, noise, minimum, epsilon)
        if several
        else epsilon**alpha * measure.value
    )
    rays = _axis_rays(basin, minimum)
    lengths = _lengths(rays, minimum)
    slow, fast = _curvatures(basin, minimum, lengths)
    constant = _correction(basin, noise, minimum, rays)
    shift = None if constant is None else constant * epsilon**alpha
    mean = math.inf if rate == 0.0 else 1.0 / rate
    corrected = None if shift is None or abs(shift) >= _LARGEST_CORRECTION else mean * (1.0 - shift)
    return Prediction(
        escape_measure=measure,
        rate=rate,
        mean=mean,
        relaxation_rate=(slow, fast),
        corrected_rate=None if corrected is None else 1.0 / corrected,
        corrected_mean=corrected,
        assumptions=(
            *_at_minimum(basin, minimum, lengths),
            Assumption(
                "curvature positive at the minimum",
                slow > 0.0,
                f"curvatures from {slow:.6g} to {fast:.6g}",
            ),
            _invariance(basin, minimum, rays),
            _small_noise(rate, slow, shift),
            _jumps(alpha),
        ),
    )


_DYNAMICS: dict[str, Callable[[BasinLike, NoiseLike, float], Prediction]] = {"sgd": _sgd}


def predict(
    basin: BasinLike, dynamics: DynamicsLike, noise: NoiseLike, epsilon: float
) -> Prediction:
    """Return the small-noise law of the escape time: exponential with rate eps^alpha nu(W).

    For dX = -grad F(X) dt + eps dL the product eps^alpha nu(W) Gamma converges to a standard
    exponential variable as eps -> 0; for a multifractal law the rate is the sum over its indices
    (see `escape_rate`). For symmetric laws in one dimension the first correction,
    nu(W) eps^alpha E Gamma = 1 - C eps^alpha + ..., is given where it exists (see
    `first_correction`). All numbers are of the process in continuous time, without a step dt.

    Parameters
    ----------
    basin : object
        Basin with ``potential``, ``domain``, ``minimum`` and ``start``.
    dynamics : object
        Dynamics with ``name``; known is ``"sgd"``.
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of the law.
    epsilon : float
        Noise amplitude, positive, units of the state per time^(1/alpha).

    Returns
    -------
    Prediction
        Rates per unit time and means in units of time.

    Raises
    ------
    ValueError
        If the dynamics or the noise law is unknown, a number is out of range, or the minimum is
        not inside the domain.

    Notes
    -----
    Source: Imkeller & Pavlyukevich, J. Phys. A 39 (2006) L237; Pavlyukevich, Stoch. Dyn. 11
    (2011) 495. Zhou et al., NeurIPS 2020 (arXiv 2010.05627), Theorem 1, states the same law
    without the constant c_alpha.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def gradient(x, p, out):
    ...     out[0] = x[0]
    >>> basin = SimpleNamespace(
    ...     potential=SimpleNamespace(dim=1, gradient=gradient, p=np.empty(0)),
    ...     domain=SimpleNamespace(
    ...         name="interval", dim=1, params={"lower": -1.0, "upper": 1.0}, p=np.empty(0),
    ...         outside=lambda x, p: not -1.0 < x[0] < 1.0),
    ...     minimum=np.zeros(1), start=np.zeros(1))
    >>> noise = SimpleNamespace(name="independent", alpha=1.5, scale=1.0)
    >>> prediction = predict(basin, SimpleNamespace(name="sgd"), noise, epsilon=0.1)
    >>> round(prediction.mean, 3), round(prediction.corrected_mean, 3)
    (79.267, 75.219)
    """
    if dynamics.name not in _DYNAMICS:
        known = ", ".join(_DYNAMICS)
        raise ValueError(f"no prediction for the dynamics {dynamics.name!r}; known are: {known}")
    epsilon = checked_positive(epsilon, "epsilon")
    if basin.potential.dim != basin.domain.dim:
        raise ValueError(
            f"the potential has dimension {basin.potential.dim}, "
            f"but the domain has dimension {basin.domain.dim}"
        )
    return _DYNAMICS[dynamics.name](basin, noise, epsilon)
