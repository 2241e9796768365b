"""The conditions of the small-noise theory, checked for one basin and one dynamics."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory.measure.rays import RaySegments, exit_segments
from levysde.theory.numbers import checked_point
from levysde.theory.protocols import DomainLike, NoiseLike, Vector

SMALL_RATE = 0.01
LARGEST_CORRECTION = 0.25
_DIFFERENCE = 1e-5
_SHARE = 0.1
_SAME_POINT = 1e-9
_DIRECTIONS = 16
_INSET = 1e-10
_ROUNDING = 1e-14
_FLOW_STEP = 1e-6

Field = Callable[[Vector], Vector]
"""A vector field at one point, both of shape (dim,)."""


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


def steps_in_their_tail(
    noise: NoiseLike, distance: float, epsilon: float, dt: float | None
) -> tuple[Assumption, ...]:
    """Check that a law of one step has its power tail at the boundary.

    Parameters
    ----------
    noise : object
        Noise law; that of one step has ``tail_share(distance, epsilon, dt)``, the tail of a step
        as a share of its power law, or None where it is not known.
    distance : float
        Of the boundary from the minimum along an axis, units of the state.
    epsilon : float
        Noise amplitude.
    dt : float or None
        Time step.

    Returns
    -------
    tuple of Assumption
        None for a law of continuous time.
    """
    share = getattr(noise, "tail_share", None)
    if share is None:
        return ()
    name = "boundary far in the tail of one step"
    if dt is None or not math.isfinite(distance):
        return (Assumption(name, None, "a law of one step: give dt"),)
    found = share(distance, epsilon, dt)
    if found is None:
        return (Assumption(name, None, "of the tail of one step only the limit is known"),)
    detail = f"the tail of one step at distance {distance:.6g} is {found:.4g} of its power law"
    return (Assumption(name, abs(found - 1.0) < _SHARE, detail),)


def axis_rays(domain: DomainLike, center: Vector) -> list[RaySegments]:
    """Return the exterior segments along e_1, -e_1, e_2, -e_2, ...

    Parameters
    ----------
    domain : object
        The domain.
    center : ndarray, shape (dim,)
        A point inside.

    Returns
    -------
    list of RaySegments
        Two for each coordinate.
    """
    return exit_segments(domain, center, np.array(_axes(center.size)))


def _axes(dim: int) -> list[Vector]:
    return [sign * axis for axis in np.eye(dim) for sign in (1.0, -1.0)]


def lengths_of(rays: list[RaySegments], center: Vector) -> Vector:
    """Return one length per coordinate: the distance to the boundary along it, or the shortest one.

    Where no axis meets the boundary it is the distance of the point from 0, or 1 at 0 itself.

    Parameters
    ----------
    rays : list of RaySegments
        Along the axes.
    center : ndarray, shape (dim,)
        Where they begin.

    Returns
    -------
    ndarray, shape (dim,)
        Units of the state.
    """
    distances = np.array([ray.first for ray in rays]).reshape(-1, 2).min(axis=1)
    shortest = float(np.min(distances))
    if not math.isfinite(shortest):
        shortest = float(np.linalg.norm(center)) or 1.0
    return np.where(np.isfinite(distances), distances, shortest)


def curvature_ranges(
    gradient: Field, point: Vector, lengths: Vector, weights: tuple[Vector, ...]
) -> list[tuple[float, float]]:
    """Return the smallest and largest eigenvalue of the two one-sided Jacobians W^(1/2) J W^(1/2).

    A kink at the minimum, a curvature that differs between the two sides, shows as two different
    Jacobians; each difference is of second order in its step.

    Parameters
    ----------
    gradient : callable
        Gradient at one point.
    point : ndarray, shape (dim,)
        The minimum.
    lengths : ndarray, shape (dim,)
        A length per coordinate, of which the steps are a small part.
    weights : tuple of ndarray, shapes (dim,)
        Diagonals of W, one for each pair that is returned.

    Returns
    -------
    list of (float, float)
        1/time.
    """
    here = gradient(point)
    values: list[list[float]] = [[] for _ in weights]
    for sign in (1.0, -1.0):
        jacobian = np.empty((point.size, point.size))
        for i, length in enumerate(lengths):
            one, two = point.copy(), point.copy()
            one[i] += sign * _DIFFERENCE * length
            # Twice the step as it was rounded, so that the two differences match.
            step = one[i] - point[i]
            two[i] += 2.0 * step
            near, far = gradient(one), gradient(two)
            jacobian[:, i] = (4.0 * near - far - 3.0 * here) / (2.0 * step)
        diagonal = np.diag(jacobian)
        plain = np.count_nonzero(jacobian) == np.count_nonzero(diagonal)
        for found, weight in zip(values, weights, strict=True):
            if plain:  # coordinates do not interact
                found.extend((weight * diagonal).tolist())
            else:
                root = np.sqrt(weight)
                symmetric = 0.5 * (jacobian + jacobian.T) * np.outer(root, root)
                found.extend(np.linalg.eigvalsh(symmetric).tolist())
    return [(min(found), max(found)) for found in values]


def spread_directions(dim: int) -> list[Vector]:
    """Return fixed unit vectors, spread over the sphere by an additive recurrence.

    Parameters
    ----------
    dim : int
        Dimension of the space.

    Returns
    -------
    list of ndarray, shape (dim,)
        16 of them, none in one dimension.

    Notes
    -----
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


def _flow_leaves(
    domain: DomainLike, velocity: Field, boundary: Vector, inset: Vector, reach: float
) -> bool | None:
    """Say whether a short step of the flow leaves the domain; None where the flow stands still."""
    force = velocity(boundary)
    speed = float(np.linalg.norm(force))
    # At a saddle the force is what rounding of the place leaves of it.
    beside = boundary + _ROUNDING / _INSET * (inset - boundary)
    change = float(np.linalg.norm(velocity(beside) - force))
    if not (math.isfinite(speed) and speed > change):
        return None
    step = inset - _FLOW_STEP * reach / speed * force
    return bool(domain.outside(step, domain.p))


def invariance(
    domain: DomainLike, velocity: Field, center: Vector, rays: list[RaySegments]
) -> tuple[Assumption, float]:
    """Check at points of the boundary that the flow dx = -velocity dt points inward.

    Parameters
    ----------
    domain : object
        The domain.
    velocity : callable
        Minus the velocity of the flow at one point.
    center : ndarray, shape (dim,)
        The equilibrium.
    rays : list of RaySegments
        Along the axes; 16 rays in fixed directions are added.

    Returns
    -------
    (Assumption, float)
        The assumption, and the smallest distance to the boundary that was seen.
    """
    name = "domain positively invariant"
    extra = spread_directions(center.size)
    found = list(zip(_axes(center.size), rays, strict=True))
    rows = np.reshape(extra, (-1, center.size))
    found += list(zip(extra, exit_segments(domain, center, rows), strict=True))
    nearest = min(ray.first for _, ray in found)
    tested = undecided = 0
    for direction, ray in found:
        reach = ray.first
        if not math.isfinite(reach):
            continue
        tested += 1
        boundary = center + reach * direction
        inset = center + (1.0 - _INSET) * reach * direction
        leaves = _flow_leaves(domain, velocity, boundary, inset, reach)
        if leaves:
            detail = f"the noise-free flow leaves the domain near {boundary.tolist()}"
            return Assumption(name, False, detail), nearest
        undecided += leaves is None
    if tested == 0:
        return Assumption(name, None, "no point of the boundary was found"), nearest
    if undecided:
        detail = f"the gradient vanishes at {undecided} of {tested} points of the boundary"
        return Assumption(name, None, detail), nearest
    detail = f"the noise-free flow points inward at {tested} points of the boundary"
    return Assumption(name, True, detail), nearest


def small_noise(rate: float | None, slowest: float, shift: float | None) -> Assumption:
    """Compare the escape rate with the slowest relaxation.

    Parameters
    ----------
    rate : float or None
        Escapes per unit time.
    slowest : float
        Slowest relaxation rate at rest, 1/time.
    shift : float or None
        First correction relative to the rate, where it is known.

    Returns
    -------
    Assumption
        ``"noise small"``.
    """
    name = "noise small"
    if rate is None:
        return Assumption(name, None, "there is no rate to compare with the relaxation")
    if not slowest > 0.0:
        return Assumption(name, None, "the relaxation rate at the minimum is not positive")
    ratio = rate / slowest
    detail = f"{ratio:.3g} escapes per relaxation time, small means below {SMALL_RATE}"
    holds = ratio < SMALL_RATE
    if shift is not None:
        holds = holds and abs(shift) < LARGEST_CORRECTION
        detail += (
            f"; the first correction is {shift:.3g} of the rate, "
            f"small means below {LARGEST_CORRECTION}"
        )
    return Assumption(name, holds, detail)


def about_equilibrium(
    start: ArrayLike, minimum: Vector, rest: Vector, lengths: Vector
) -> list[Assumption]:
    """Return the assumptions about the equilibrium and the starting point.

    Parameters
    ----------
    start : array_like, shape (dim,)
        Where paths begin.
    minimum, rest : ndarray, shape (dim,)
        Minimum of the potential, and the point at which the optimizer rests.
    lengths : ndarray, shape (dim,)
        A length per coordinate.

    Returns
    -------
    list of Assumption
        One, with a second where the equilibrium is not the minimum.
    """
    begin = checked_point(start, minimum.size, "start")
    away = float(np.max(np.abs(begin - rest) / lengths))
    found = []
    what = "minimum"
    if np.any(rest != minimum):
        what = "equilibrium"
        detail = f"weight decay moves it from the minimum to {rest.tolist()}"
        found.append(Assumption("equilibrium inside the domain", True, detail))
    where = f"the start is {begin.tolist()}: the law holds if the flow leads to the {what}"
    near = away <= _SAME_POINT
    found.append(
        Assumption(f"start at the {what}", near, f"the start is the {what}" if near else where)
    )
    return found


def jumps_exist(alpha: float) -> Assumption:
    """Say whether the noise has jumps.

    Parameters
    ----------
    alpha : float
        Stability index, dimensionless.

    Returns
    -------
    Assumption
        ``"jumps exist"``.
    """
    if alpha < 2.0:
        return Assumption("jumps exist", True, f"alpha = {alpha:g} < 2")
    return Assumption(
        "jumps exist",
        False,
        "alpha = 2 is Gaussian: escapes follow the barrier, not the escape measure",
    )
