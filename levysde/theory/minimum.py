"""Whether a point is a minimum for the flow: the gradient vanishes there, and the flow returns.

Everything is measured against the model itself, lengths against the distance to the boundary and
forces against those half way to it, so that no change of units changes an answer.
"""

from __future__ import annotations

import math

import numpy as np

from levysde.theory import arguments
from levysde.theory.assumptions import Assumption, spread_directions
from levysde.theory.flow import gradient_at
from levysde.theory.numbers import checked_point
from levysde.theory.protocols import BasinLike, DomainLike, PotentialLike, Vector

STATIONARY = 1e-3
"""Largest gradient at a minimum, over that half way to the boundary."""

_NEAR, _HALF = 1e-3, 0.5
_TOLERANCE = 1e-7
_LARGEST_DIM = 32
_OCTAVES = 100


@arguments.checked(basin=arguments.basin)
def about_minimum(basin: BasinLike) -> tuple[Assumption, Assumption]:
    """Check that the gradient vanishes at the minimum and that the flow dx = -grad F dt returns.

    Forces are looked at along the axes, and in more than 32 dimensions along 16 fixed directions
    only: at the minimum, a thousandth of the way to the boundary from it, and half way.

    Parameters
    ----------
    basin : object
        Basin with ``potential``, ``domain`` and ``minimum``.

    Returns
    -------
    (Assumption, Assumption)
        ``"gradient vanishes at the minimum"``, to a thousandth of its size half way to the
        boundary, and ``"flow returns to the minimum"``, undecided where there is next to no force.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def uphill(x, p, out):
    ...     out[0] = -x[0]
    >>> basin = SimpleNamespace(
    ...     potential=SimpleNamespace(dim=1, gradient=uphill, p=np.empty(0)),
    ...     domain=SimpleNamespace(
    ...         name="custom", dim=1, p=np.empty(0), outside=lambda x, p: x[0] > 1.0),
    ...     minimum=np.zeros(1), start=np.zeros(1))
    >>> [assumption.holds for assumption in about_minimum(basin)]
    [True, False]
    """
    domain, potential = basin.domain, basin.potential
    minimum = checked_point(basin.minimum, domain.dim, "the minimum")
    rays = np.eye(domain.dim)
    if domain.dim > _LARGEST_DIM:
        rays = np.array(spread_directions(domain.dim))
    lengths = _reaches(domain, minimum, rays)

    def forces(share: float) -> Vector:
        """Components along all rays at a displacement along each; shape (2, rays, rays)."""
        return np.array(
            [
                [rays @ _gradient(potential, minimum + away) for away in side * share * ways]
                for side in (1.0, -1.0)
            ]
        )

    ways = lengths[:, None] * rays
    with np.errstate(all="ignore"):
        gradient = _gradient(potential, minimum)
        here, near, half = rays @ gradient, forces(_NEAR), forces(_HALF)
    still = _still(here, near, half)
    detail = f"|grad F| = {float(np.linalg.norm(gradient)):.3g}"
    far = float(np.max(np.abs(minimum)) / lengths.min())
    returns, away = _returns(here, near, half, lengths, far)
    return (
        Assumption("gradient vanishes at the minimum", still, detail),
        Assumption("flow returns to the minimum", returns, away),
    )


def _gradient(potential: PotentialLike, x: Vector) -> Vector:
    """Return grad F(x), NaN where plain Python refuses what the compiled function would not."""
    try:
        return gradient_at(potential, x)
    except (ArithmeticError, ValueError):
        return np.full(x.size, np.nan)


def _still(here: Vector, near: Vector, half: Vector) -> bool:
    """Return whether the gradient is small, or turns within a thousandth of the exit distance."""
    sizes = np.abs(np.diagonal(half, axis1=1, axis2=2)).max(axis=0)
    sizes = np.where(np.isfinite(sizes), sizes, np.inf)
    after, before = np.diagonal(near, axis1=1, axis2=2)
    return bool(np.all((np.abs(here) <= STATIONARY * sizes) | ((after > 0.0) & (before < 0.0))))


def _returns(
    here: Vector, near: Vector, half: Vector, lengths: Vector, far: float
) -> tuple[bool | None, str]:
    """Return whether the second differences of F are those of a minimum, and the detail.

    As energies, lengths_i J_ij lengths_j, they have the signs of the curvatures and one unit.
    """
    sides = np.array([1.0, -1.0])[:, None, None]
    energies = lengths * (sides * (near - here)) / _NEAR
    scale = float(np.max(np.abs(lengths * (half - here)))) / _HALF
    if not np.isfinite(energies).all():
        return None, "the gradient is not finite near the minimum"
    curvatures = np.linalg.eigvals(np.swapaxes(energies, 1, 2)).real
    scale = max(scale if np.isfinite(scale) else 0.0, float(np.abs(curvatures).max()))
    # Positions are rounded, the more the farther the well is from the origin.
    tolerance = _TOLERANCE * (1.0 + 1e-5 * far) * scale
    lowest = float(curvatures.min())
    if abs(lowest) <= tolerance:
        return None, "next to no force acts on small displacements"
    share = f"{_NEAR:.1%} of the way to the boundary"
    if lowest > 0.0:
        return True, f"displacements by {share} are driven back"
    return False, f"displacements by {share} are driven away from the minimum"


def _reaches(domain: DomainLike, point: Vector, rays: Vector) -> Vector:
    """Return one length per ray: the distance to the boundary on its nearer side, to a factor 2.

    A ray that leads out on neither side has the shortest length of the others.
    """
    size = float(np.max(np.abs(point))) or 1.0
    found = np.empty(len(rays))
    for k, ray in enumerate(rays):
        found[k] = _reach(domain, point, ray, size)
        size = found[k] if np.isfinite(found[k]) else size
    shortest = float(found.min())
    return np.where(np.isfinite(found), found, shortest if np.isfinite(shortest) else size)


def _reach(domain: DomainLike, point: Vector, ray: Vector, size: float) -> float:
    """Return a length that is inside while its double is outside; ``inf`` if there is none."""

    def outside(length: float) -> bool:
        try:
            return any(domain.outside(point + side * length * ray, domain.p) for side in (1, -1))
        except (ArithmeticError, ValueError):  # an overflow is an honest way of being far out
            return True

    with np.errstate(all="ignore"):
        inside, beyond = 0, 1
        while outside(math.ldexp(size, inside)) and inside > -_OCTAVES:
            inside, beyond = inside - 1, inside
        if inside == 0:
            while not outside(math.ldexp(size, beyond)):
                inside, beyond = beyond, 2 * beyond
                if beyond > _OCTAVES:
                    return math.inf
        while beyond - inside > 1:
            middle = (inside + beyond) // 2
            inside, beyond = (
                (inside, middle) if outside(math.ldexp(size, middle)) else (middle, beyond)
            )
    return math.ldexp(size, inside)
