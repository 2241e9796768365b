"""Whether walls, between which every step ends, can change an escape."""

from __future__ import annotations

from typing import Any

import numpy as np

from levysde.theory.protocols import DomainLike, DynamicsLike, Vector, shape_of


def why_walls_matter(dynamics: DynamicsLike, domain: DomainLike) -> str | None:
    """Return why escapes may be others with walls than without, None where they are the same.

    Projections onto a closed box that contains the open domain lead to its boundary, where no point
    of the domain is: they move only what has left, and what has left stays out.

    Parameters
    ----------
    dynamics : object
        Dynamics, with ``walls`` (``rule``, and ``within(dim)``, lower and upper ones) or without.
    domain : object
        The domain; one without a shape is not known to lie between any walls.

    Returns
    -------
    str or None

    Examples
    --------
    >>> from levysde import domains, dynamics
    >>> disc = domains.ball([0.0, 0.0], 1.0)
    >>> why_walls_matter(dynamics.walled(dynamics.sgd(), -1.0, 1.0), disc) is None
    True
    >>> why_walls_matter(dynamics.walled(dynamics.sgd(), -1.0, 0.9), disc)
    'no law is known where the domain is not known to lie between the walls'
    """
    walls = getattr(dynamics, "walls", None)
    if walls is None:
        return None
    lower, upper = walls.within(domain.dim)
    if np.isinf(lower).all() and np.isinf(upper).all():
        return None
    if walls.rule != "projection":
        return "no law is known of walls that reflect: they can bring back what has left"
    lowest, highest = _ends(domain)
    if (lower <= lowest).all() and (highest <= upper).all():
        return None
    return "no law is known where the domain is not known to lie between the walls"


def why_walls_matter_between(dynamics: DynamicsLike, minima: Vector) -> str | None:
    """Return why transitions between minima may be others with walls, None where they are the same.

    On the line a projection onto an interval that contains all minima leads to its ends, beyond
    which no maximum between two minima is: from there the path slides to the minimum that it would
    have reached from beyond.

    Parameters
    ----------
    dynamics : object
        Dynamics, with ``walls`` as for `why_walls_matter` or without.
    minima : ndarray, shape (k, dim)
        All minima of the potential.

    Returns
    -------
    str or None

    Examples
    --------
    >>> from levysde import dynamics
    >>> wells = np.array([[-1.0], [1.0]])
    >>> why_walls_matter_between(dynamics.walled(dynamics.sgd(), -2.0, 2.0), wells) is None
    True
    >>> why_walls_matter_between(dynamics.walled(dynamics.sgd(), -0.5, 2.0), wells)
    'transition rates are not known where a minimum is not between the walls'
    """
    walls = getattr(dynamics, "walls", None)
    if walls is None:
        return None
    points = np.asarray(minima)
    lower, upper = walls.within(points.shape[1])
    if np.isinf(lower).all() and np.isinf(upper).all():
        return None
    if walls.rule != "projection":
        return "transition rates are not known with walls that reflect"
    if points.shape[1] > 1:
        return "transition rates are not known with walls in more than one dimension"
    if not ((lower <= points).all() and (points <= upper).all()):
        return "transition rates are not known where a minimum is not between the walls"
    return None


def _ends(domain: DomainLike) -> tuple[Vector, Vector]:
    """Return the ends of a box around the domain, infinite where none is known."""
    shape: Any = shape_of(domain)
    endless = np.full(domain.dim, np.inf)
    if shape is None:
        return -endless, endless
    if not shape.curved:
        return np.asarray(shape.lower), np.asarray(shape.upper)
    center = np.asarray(shape.center)
    if shape.radius is not None:
        return center - shape.radius, center + shape.radius
    half = np.sqrt(np.diag(np.linalg.inv(np.asarray(shape.matrix))))
    return center - half, center + half
