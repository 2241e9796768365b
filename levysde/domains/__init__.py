"""Domains: the open set Omega whose first exit is awaited, as a plain predicate of one point.

Polytopes and quadrics declare their shape, which answers in closed form; other predicates are
searched.
"""

from typing import Any

from levysde import spec
from levysde.domains.domain import Domain
from levysde.domains.polytope import Polytope, box, half_space, interval
from levysde.domains.predicates import attraction, sublevel_set
from levysde.domains.quadric import Quadric, ball, ellipsoid
from levysde.domains.shape import Shape

__all__ = [
    "Domain",
    "Polytope",
    "Quadric",
    "Shape",
    "attraction",
    "ball",
    "box",
    "ellipsoid",
    "half_space",
    "interval",
    "sublevel_set",
]


def __getattr__(name: str) -> Any:
    """A domain that only the table of names has."""
    if name in spec.DOMAINS:
        return spec.constructor("domain", name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
