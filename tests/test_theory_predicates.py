"""Escape measures of domains known by a predicate alone: does the stated error hold the truth?

What is outside is a union of shapes, each of which meets a ray from the origin in one interval
known in closed form: walls (shells), lobes (parts of cones), discs or balls cut out, half spaces,
and all that is far away. In space all are turned about one axis. The truth is the union of the
intervals, ray by ray, averaged over a fine grid of one angle.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde.theory import escape_measure, isotropic_constant, ray_exit_segments, stable_constant
from levysde.theory.measure.rays import first_exits

Pair = tuple[Any, Any]
GRID = 4_000
NEVER = math.inf


@dataclass(frozen=True)
class Shape:
    """A closed set: whether (ahead, aside) is in it, its interval at an angle, and its edges."""

    contains: Callable[[Any, Any], Any]
    interval: Callable[[Any], Pair]
    edges: tuple[float, ...]


def near(angle: Any, middle: float) -> Any:
    """Return the distance between two angles."""
    return np.abs((angle - middle + math.pi) % (2.0 * math.pi) - math.pi)


def lobe(middle: float, half: float, inner: float, outer: float) -> Shape:
    """Return a part of a shell: half an angle of pi or more makes it a whole one."""

    def interval(angle: Any) -> Pair:
        seen = near(angle, middle) <= half
        return np.where(seen, inner, NEVER), np.where(seen, outer, NEVER)

    def contains(ahead: Any, aside: Any) -> Any:
        square = ahead**2 + aside**2
        within = (square >= inner**2) & (square <= outer**2)
        if half >= math.pi:
            return within
        along = math.cos(middle) * ahead + math.sin(middle) * aside
        sign = math.copysign(1.0, math.cos(half))
        return within & (along * np.abs(along) >= sign * math.cos(half) ** 2 * square)

    edges = (middle - half, middle + half) if half < math.pi else ()
    return Shape(contains, interval, edges)


def disc(distance: float, middle: float, radius: float) -> Shape:
    x, y = distance * math.cos(middle), distance * math.sin(middle)

    def interval(angle: Any) -> Pair:
        along = distance * np.cos(angle - middle)
        room = radius**2 - (distance * np.sin(angle - middle)) ** 2
        seen = (room > 0.0) & (along > 0.0)
        half = np.sqrt(np.maximum(room, 0.0))
        return np.where(seen, along - half, NEVER), np.where(seen, along + half, NEVER)

    tangent = math.asin(radius / distance)
    return Shape(
        lambda ahead, aside: (ahead - x) ** 2 + (aside - y) ** 2 <= radius**2,
        interval,
        (middle - tangent, middle + tangent),
    )


def half_space(distance: float, middle: float) -> Shape:
    def interval(angle: Any) -> Pair:
        speed = np.cos(angle - middle)
        start = distance / np.where(speed > 0.0, speed, 1.0)
        return np.where(speed > 0.0, start, NEVER), np.full(np.shape(angle), NEVER)

    return Shape(
        lambda ahead, aside: ahead * math.cos(middle) + aside * math.sin(middle) >= distance,
        interval,
        (middle - 0.5 * math.pi, middle + 0.5 * math.pi),
    )


@dataclass(frozen=True)
class Case:
    """A domain, and a law with axis: G = across I + (along - across) nn'."""

    dim: int
    law: str
    alpha: float
    shapes: tuple[Shape, ...]
    axis: Any
    along: float
    across: float
    kinds: tuple[str, ...] = field(default=())

    def turned(self, points: Any) -> Pair:
        """Return the coordinate along the axis and, with a sign in the plane, the one aside."""
        ahead = points @ self.axis
        if self.dim == 2:
            return ahead, points @ np.array([-self.axis[1], self.axis[0]])
        return ahead, np.sqrt(np.maximum(np.sum(points**2, axis=1) - ahead**2, 0.0))

    def outside_many(self, points: Any) -> Any:
        ahead, aside = self.turned(points)
        return np.any([shape.contains(ahead, aside) for shape in self.shapes], axis=0)

    @property
    def domain(self) -> Any:
        return SimpleNamespace(
            name="custom",
            dim=self.dim,
            p=np.empty(0),
            outside=lambda x, p: bool(self.outside_many(x[None])[0]),
            outside_many=self.outside_many,
        )

    @property
    def noise(self) -> Any:
        own = np.outer(self.axis, self.axis)
        return {
            "independent": ls.noise.independent(self.alpha, 1.3),
            "isotropic": ls.noise.isotropic(self.alpha, 0.7),
            "elliptic": ls.noise.elliptic(
                self.alpha, self.across * np.eye(self.dim) + (self.along - self.across) * own
            ),
        }[self.law]

    def on_rays(self, angle: Any) -> Any:
        """Return alpha int r^(-1-alpha) dr over the union of the intervals at each angle."""
        pairs = [shape.interval(angle) for shape in self.shapes]
        begins, ends = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
        order = np.argsort(begins, axis=0)
        begins, ends = (np.take_along_axis(x, order, axis=0) for x in (begins, ends))
        total, reached = np.zeros(np.shape(angle)), np.full(np.shape(angle), 1e-300)
        for begin, end in zip(begins, ends, strict=True):
            begin = np.maximum(begin, reached)
            total += np.maximum(begin**-self.alpha - end**-self.alpha, 0.0)
            reached = np.maximum(reached, end)
        return total

    def truth(self) -> float:
        alpha = self.alpha
        if self.law == "independent":
            axes = np.concatenate([np.eye(self.dim), -np.eye(self.dim)])
            ahead, aside = self.turned(axes)
            rays = self.on_rays(np.arctan2(aside, ahead))
            return float(stable_constant(alpha) / alpha * 1.3**alpha * np.sum(rays))
        along, across = (0.7, 0.7) if self.law == "isotropic" else (self.along, self.across)
        if self.dim == 1:
            both = np.sum(self.on_rays(np.array([0.0, math.pi])))
            return float(stable_constant(alpha) / alpha * along**alpha * both)
        # Breaks between the edges of the shapes, as angles of z where Gz is at the edge.
        found = np.array([edge for shape in self.shapes for edge in shape.edges])
        found = np.arctan2(along * np.sin(found), across * np.cos(found))
        full = 2.0 * math.pi if self.dim == 2 else math.pi
        found = found % full if self.dim == 2 else np.abs(found)
        breaks = np.unique(np.concatenate([np.linspace(0.0, full, 5), found]))
        # Nodes that are dense at the breaks, where a disc begins like a square root.
        ends = math.pi * np.arange(GRID + 1) / GRID
        step = 0.5 * (ends[1:] + ends[:-1])
        half, middle = 0.5 * np.diff(breaks)[:, None], 0.5 * (breaks[1:] + breaks[:-1])[:, None]
        angle = middle - half * np.cos(step)
        cuts = middle - half * np.cos(ends)
        share = cuts / (2.0 * math.pi) if self.dim == 2 else -0.5 * np.cos(cuts)
        weight = np.diff(share, axis=1)
        ahead, aside = along * np.cos(angle), across * np.sin(angle)
        rays = np.hypot(ahead, aside) ** alpha * self.on_rays(np.arctan2(aside, ahead))
        return float(isotropic_constant(alpha, self.dim) * np.sum(weight * rays))


def random_case(seed: int) -> Case:
    draw = np.random.default_rng(seed)
    # Means over the sphere in space take the most time.
    kinds_of_law = [
        *[(law, 1) for law in ("isotropic", "independent")] * 2,
        *[("independent", dim) for dim in (2, 2, 2, 3, 3, 3, 3)],
        *[(law, 2) for law in ("isotropic", "elliptic")] * 4,
        ("elliptic" if seed // 20 % 2 else "isotropic", 3),
    ]
    law, dim = kinds_of_law[seed % 20]
    axis = draw.standard_normal(dim)
    axis /= np.linalg.norm(axis)
    shapes: list[Shape] = []
    kinds: list[str] = []

    def middle() -> float:
        # Off the axis only in the plane, where nothing is turned about it.
        return float(draw.uniform(0.0, 2.0 * math.pi)) if dim == 2 else math.pi * draw.integers(2)

    for kind in draw.choice(["wall", "lobe", "hole", "half space"], draw.integers(1, 4)):
        kinds.append(str(kind))
        r = float(np.exp(draw.uniform(0.0, 1.5)))
        if kind == "wall":
            shapes.append(lobe(0.0, math.pi, r, r * draw.uniform(1.03, 1.4)))
        elif kind == "lobe":
            outer = r * draw.uniform(1.03, 4.0) if draw.random() < 0.6 else NEVER
            shapes.append(lobe(middle(), math.radians(draw.uniform(3.0, 60.0)), r, outer))
        elif kind == "hole":
            shapes.append(disc(r, middle(), r * draw.uniform(0.1, 0.8)))
        else:
            shapes.append(half_space(r, middle()))
    if draw.random() < 0.7 or dim == 1:
        shapes.append(lobe(0.0, math.pi, float(np.exp(draw.uniform(0.5, 3.0))), NEVER))
    alpha, along, across = draw.uniform(0.5, 1.9), draw.uniform(0.3, 2.0), draw.uniform(0.3, 2.0)
    return Case(dim, law, float(alpha), tuple(shapes), axis, along, across, tuple(kinds))


ROUNDING = 1e-9
"""Relative: of closed forms and sums."""


@pytest.mark.parametrize("law", ["independent", "isotropic", "elliptic"])
def test_truth_of_known_shapes(law: str) -> None:
    # A ball, and a half space across the axis, by their closed forms.
    axis = np.array([0.6, 0.8])
    ball = Case(2, law, 1.5, (lobe(0.0, math.pi, 2.0, NEVER),), axis, 1.0, 1.0)
    flat = Case(2, law, 1.5, (half_space(2.0, 0.0),), axis, 1.0, 1.0)
    scale = {"independent": 1.3, "isotropic": 0.7, "elliptic": 1.0}[law]
    c = stable_constant(1.5) / 1.5
    if law == "independent":
        exact = 4.0 * c * (2.0 / scale) ** -1.5, c * (2.0 / scale) ** -1.5 * (0.6**1.5 + 0.8**1.5)
    else:
        exact = isotropic_constant(1.5, 2) * (2.0 / scale) ** -1.5, c * (2.0 / scale) ** -1.5
    assert ball.truth() == pytest.approx(exact[0], rel=1e-9)
    assert flat.truth() == pytest.approx(exact[1], rel=1e-6)


@pytest.mark.parametrize("cases", [20])
def test_stated_error_contains_the_truth(cases: int) -> None:
    outcome: Counter[str] = Counter()
    sharp: list[float] = []
    for seed in range(cases):
        case = random_case(seed)
        truth, measure = case.truth(), escape_measure(case.domain, case.noise, np.zeros(case.dim))
        held = abs(measure.value - truth) <= measure.error + ROUNDING * truth
        outcome["held" if held else f"{seed}: {case.law} in {case.dim}, {case.kinds}"] += 1
        if truth > 0.0:
            sharp.append(measure.error / truth)
    assert outcome["held"] >= 0.95 * cases, outcome
    # An error that holds everything because it is large would be no statement.
    assert np.median(sharp) < 1e-4
    assert np.quantile(sharp, 0.9) < 1e-2


def test_thin_wall_around_everything() -> None:
    # Outside only where 1 <= r <= 1.05.
    case = Case(2, "isotropic", 1.5, (lobe(0.0, math.pi, 1.0, 1.05),), np.eye(2)[0], 1.0, 1.0)
    measure = escape_measure(case.domain, case.noise, np.zeros(2))
    exact = isotropic_constant(1.5, 2) * 0.7**1.5 * (1.0 - 1.05**-1.5)
    assert abs(measure.value - exact) <= measure.error
    assert measure.error < 1e-6 * exact


def test_narrow_lobe_toward_the_center_in_space() -> None:
    # A cone of 6 degrees across in which the boundary is at 1 instead of 2.
    shapes = (lobe(0.0, math.pi, 2.0, NEVER), lobe(0.0, math.radians(3.0), 1.0, NEVER))
    case = Case(3, "isotropic", 1.5, shapes, np.array([0.6, 0.0, 0.8]), 1.0, 1.0)
    share = 0.5 * (1.0 - math.cos(math.radians(3.0)))
    exact = isotropic_constant(1.5, 3) * 0.7**1.5 * (share + (1.0 - share) * 2.0**-1.5)
    measure = escape_measure(case.domain, case.noise, np.zeros(3))
    assert abs(measure.value - exact) <= measure.error
    assert measure.error < 1e-3 * exact


def test_many_dimensions_need_few_points() -> None:
    dim, points = 800, [0]

    def outside_many(x: Any) -> Any:
        points[0] += len(x)
        return np.max(np.abs(x), axis=1) >= 1.0

    domain = SimpleNamespace(
        name="custom",
        dim=dim,
        p=np.empty(0),
        outside=lambda x, p: bool(outside_many(x[None])[0]),
        outside_many=outside_many,
    )
    measure = escape_measure(domain, ls.noise.independent(1.5), np.zeros(dim))
    assert measure.value == pytest.approx(2.0 * dim * stable_constant(1.5) / 1.5, rel=1e-10)
    assert points[0] < 600 * 2 * dim


@pytest.mark.parametrize("dim", [3])
def test_rays_searched_together_are_rays_searched_alone(dim: int) -> None:
    """To the last digit, on more rays than one search takes, some of which never leave."""

    def outside(x: Any, p: Any) -> bool:
        return bool(x[0] > 0.3 * x[1] * x[1] + 0.7 or abs(x[1]) > 1e4)

    domain = ls.Domain(dim, outside, {})
    rays = np.random.default_rng(0).standard_normal((600, dim))
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    rays[0], rays[0, 0] = 0.0, -1.0
    found, some = first_exits(domain, np.zeros(dim), rays), slice(0, 600, 13)
    alone = [ray_exit_segments(domain, [0.0] * dim, ray).first for ray in rays[some]]
    assert found[some].tolist() == alone
    assert found[0] == math.inf
    with pytest.raises(ValueError, match="is not inside"):
        first_exits(domain, [2.0] + [0.0] * (dim - 1), rays)
