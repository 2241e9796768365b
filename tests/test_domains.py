"""Shapes in closed form against the predicate of the same domain, which is searched."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

import levysde as ls
from levysde import domains, potentials
from levysde.domains import Polytope, Quadric
from levysde.theory.measure import regions
from levysde.theory.measure.rays import exit_segments

pytestmark = pytest.mark.quick

RANDOM = np.random.default_rng(12)
TURN = np.array([[0.6, -0.8], [0.8, 0.6]])
CENTER = np.array([0.1, -0.2])
WEDGE = Polytope([-1.0, -np.inf], [np.inf, 0.7], [[1.0, 2.0], [2.0, -1.0]], [1.0, 3.0])
DOMAINS = {
    "box": domains.box([-1.0, -0.7], [0.8, np.inf]),
    "half_space": domains.half_space([1.0, 2.0], 1.0),
    "polytope": WEDGE.domain(),
    "ball": domains.ball([0.2, 0.1], 1.1),
    "ellipsoid": domains.ellipsoid([0.2, 0.1], TURN @ np.diag([1.0, 9.0]) @ TURN.T),
}
LINES = {
    "interval": domains.interval(-1.0, 0.7),
    "ray": domains.interval(-1.0, np.inf),
    "box": domains.box([-1.0], [0.7]),
    "ball": domains.ball([0.2], 0.9),
    "half_space": domains.half_space([-2.0], 1.0),
}


def units(dim, count=40):
    rays = np.random.default_rng(3).standard_normal((count, dim))
    return rays / np.linalg.norm(rays, axis=1)[:, None]


def searched(domain, center, rays):
    """First exits of the predicate alone."""
    return np.array([ray.first for ray in exit_segments(replace(domain, shape=None), center, rays)])


@pytest.mark.parametrize(
    ("domain", "center"),
    [(d, CENTER) for d in DOMAINS.values()] + [(d, CENTER[:1]) for d in LINES.values()],
    ids=[*DOMAINS, *(f"{name} in 1-D" for name in LINES)],
)
def test_distances_along_rays(domain, center):
    rays = units(domain.dim)
    found = domain.shape.exit_distances(center, rays)
    assert found == pytest.approx(searched(domain, center, rays), rel=1e-11)
    # Vectors of any length count in their own units, and a point outside is at no distance.
    assert domain.shape.exit_distances(center, 4.0 * rays) == pytest.approx(found / 4.0)
    away = center + 1.5 * found[np.isfinite(found)][:1] * rays[np.isfinite(found)][0]
    assert domain.shape.exit_distances(away, rays).tolist() == [0.0] * len(rays)


@pytest.mark.parametrize("name", DOMAINS)
def test_distance_and_inscribed_radius(name):
    domain, many = DOMAINS[name], units(2, 1500)
    nearest = searched(domain, CENTER, many).min()
    shape = domain.shape
    if shape.distance(CENTER) is not None:
        assert shape.distance(CENTER) == pytest.approx(nearest, rel=1e-5)
        assert shape.inscribed_radius(CENTER) == shape.distance(CENTER)
    assert 0.5 * nearest < shape.inscribed_radius(CENTER) <= nearest
    # The margin of a standard Brownian motion is this distance, to first order for an ellipsoid.
    if name != "ellipsoid":
        margin = domain.margin(CENTER, np.array(domain.p), np.eye(2), 0.0)
        assert margin == pytest.approx(nearest, rel=1e-5)


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.parametrize("factors", [[0.5, 3.0], [2.0, 2.0]])
def test_stretched(name, factors):
    domain, factors = DOMAINS[name], np.array(factors)
    closed = regions.stretched(domain, CENTER, factors)
    plain = regions.stretched(replace(domain, shape=None), CENTER, factors)
    points = CENTER + 2.0 * RANDOM.standard_normal((500, 2))
    assert closed.outside_many(points).tolist() == plain.outside_many(points).tolist()
    assert closed.shape.exit_distances(CENTER, units(2)) == pytest.approx(
        searched(plain, CENTER, units(2)), rel=1e-9
    )


@pytest.mark.parametrize(
    ("domain", "center"), [(d, CENTER) for d in DOMAINS.values()] + [(DOMAINS["ball"], [0.2, 0.1])]
)
@pytest.mark.parametrize(("forth", "back"), [([1.0, 1.0], [0.4, 0.4]), ([1.0, 0.5], [0.2, 0.9])])
def test_swept(domain, center, forth, back):
    """y is in the set if the box of displacements between the two ends is inside on the way."""
    center, forth, back = np.array(center), np.array(forth), np.array(back)
    region = regions.swept(domain, center, forth, back)
    if region is None:
        assert forth[0] != forth[1]
        assert domain.name != "box"
        return
    jumps = RANDOM.standard_normal((500, 2))
    ends = [center + forth * jumps, center - back * jumps]
    if domain.name == "box":  # each coordinate for itself
        leaves = np.any([domain.outside_many(end) for end in ends], axis=0)
    else:
        leaves = domain.outside_many(ends[0]) | domain.outside_many(ends[1])
    assert region.outside_many(center + jumps).tolist() == leaves.tolist()


@pytest.mark.parametrize("domain", [*DOMAINS.values(), *LINES.values()], ids=lambda d: d.name)
def test_facts_survive_pickling(domain):
    again = pickle.loads(pickle.dumps(domain))
    point, rays = CENTER[: domain.dim], units(domain.dim)
    assert again.shape.exit_distances(point, rays).tolist() == (
        domain.shape.exit_distances(point, rays).tolist()
    )
    assert replace(domain, name="mine").shape is domain.shape


def test_general_polytope_has_the_predicate_and_margin_of_its_faces():
    domain = WEDGE.domain("wedge")
    points = 2.0 * RANDOM.standard_normal((500, 2))
    faces = (points > WEDGE.lower) & (points < WEDGE.upper)
    inside = faces.all(axis=1) & (points @ WEDGE.normals.T < WEDGE.offsets).all(axis=1)
    assert domain.outside_many(points).tolist() == (~inside).tolist()
    assert [domain.contains(point) for point in points[:50]] == inside[:50].tolist()
    assert domain.name == "wedge"
    assert Polytope([-1.0], [1.0]).domain().name == "interval"
    assert Polytope([-1.0] * 2, [1.0] * 2).domain().name == "box"


def test_box_of_ten_thousand_dimensions_has_no_matrix():
    dim = 10_000
    shape = domains.box(np.full(dim, -1.0), np.full(dim, 2.0)).shape
    assert shape.normals.shape == (0, dim)
    assert shape.distance(np.zeros(dim)) == 1.0
    assert domains.ball(np.zeros(dim), 1.0).shape.matrix is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Polytope([0.0], [1.0, 2.0]), "give two arrays of one length"),
        (lambda: Polytope([0.0], [1.0], [[1.0, 1.0]], [1.0]), "give rows of 1 numbers"),
        (lambda: Polytope([0.0], [1.0], [[0.0]], [1.0]), "a normal is zero"),
        (lambda: Polytope([0.0], [1.0], [[1.0]]), r"offsets has shape \(0,\)"),
        (lambda: Quadric([0.0]), "give one of them"),
        (lambda: Quadric([0.0], 1.0, [[1.0]]), "give one of them"),
        (lambda: Quadric([0.0], matrix=np.eye(2)), "give shape"),
        (
            lambda: ls.Domain(1, lambda x, p: x[0] > 1.0, shape=DOMAINS["ball"].shape),
            "shape has dimension 2 and the domain 1",
        ),
        (lambda: ls.Domain(1, lambda x, p: x[0] > 1.0, shape="ball"), "give a Shape"),
    ],
)
def test_wrong_shapes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# -------------------------------------------------------------------- where the flow cannot leave


def test_what_keeps_a_flow():
    square, start = domains.box([-1.0, -1.0], [1.0, 1.0]), np.zeros(2)
    oblique = potentials.quadratic(2, [[1.0, 0.9], [0.9, 1.0]])
    known = {
        (square, potentials.quadratic(2, [1.0, 4.0])): True,
        (square, potentials.asymmetric_quadratic(2)): True,
        (square, potentials.quartic(2)): True,
        (square, oblique): False,
        (domains.ball(start, 1.0), oblique): True,
        (domains.ball(CENTER, 1.0), oblique): False,
        (domains.ball(start, 1.0), potentials.asymmetric_quadratic(2)): True,
        (domains.half_space([1.0, 2.0], 1.0), potentials.quadratic(2, 3.0)): True,
        (domains.half_space([1.0, 2.0], 1.0), potentials.quadratic(2, [1.0, 4.0])): False,
        (WEDGE.domain(), potentials.quadratic(2, 3.0)): True,
    }
    for (domain, potential), answer in known.items():
        assert domain.is_invariant_under(potential, start) is answer, (domain.name, potential.name)
    well = potentials.double_well(1)
    assert domains.interval(0.0, 3.0).is_invariant_under(well, np.array([1.0]))
    assert not domains.interval(-0.5, 3.0).is_invariant_under(well, np.array([1.0]))


def test_the_flow_of_a_kept_potential_does_not_leave():
    """What the shapes claim, followed by short steps from points inside."""
    for domain in (domains.ball([0.0, 0.0], 1.0), DOMAINS["box"]):
        for potential in (potentials.quadratic(2, [1.0, 4.0]), potentials.asymmetric_quadratic(2)):
            assert domain.is_invariant_under(potential, np.zeros(2))
            points = RANDOM.uniform(-1.0, 1.0, (200, 2))
            points = points[~domain.outside_many(points)]
            for _ in range(300):
                points = points - 0.01 * potential.gradient_many(points)
                assert not domain.outside_many(points).any()


def test_declared_facts_of_potentials_are_those_of_the_gradient():
    points = RANDOM.standard_normal((50, 2))
    for potential in (
        potentials.quadratic(2, [1.0, 4.0], [0.3, -0.1]),
        potentials.quadratic(2, [[2.0, 0.5], [0.5, 1.0]], [0.3, -0.1]),
    ):
        hessian = potential.hessian
        matrix = hessian if hessian.ndim == 2 else np.diag(hessian)
        expected = (points - potential.center) @ matrix
        assert potential.gradient_many(points) == pytest.approx(expected)
    kinked = potentials.asymmetric_quadratic(2, left=9.0, right=2.0)
    below, above = kinked.one_sided
    expected = np.where(points < kinked.center, below, above) * (points - kinked.center)
    assert kinked.gradient_many(points) == pytest.approx(expected)
    for potential in (kinked, potentials.quadratic(2), potentials.quartic(2)):
        assert potential.separable
        changed = points.copy()
        changed[:, 1] = 7.0
        same = potential.gradient_many(points)[:, 0] == potential.gradient_many(changed)[:, 0]
        assert same.all()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"hessian": [1.0, 2.0]}, "without a center"),
        ({"center": [0.0]}, "center has shape"),
        ({"center": [0.0, 0.0], "hessian": np.eye(3)}, "hessian has shape"),
        ({"center": [0.0, 0.0], "one_sided": [1.0, 2.0]}, "one_sided has shape"),
        ({"separable": 1}, "give True or False"),
    ],
)
def test_wrong_facts(facts, message):
    with pytest.raises(ValueError, match=message):
        ls.Potential(2, lambda x, p, out: None, **facts)


def test_a_declared_fact_that_is_not_true_is_refused():
    """Also what `dataclasses.replace` leaves behind."""
    disc = domains.ball([0.0, 0.0], 1.0)
    stale = replace(disc, params={"center": [0.0, 0.0], "radius": 2.0})
    with pytest.raises(ValueError, match="not that of the declared shape"):
        ls.Basin(potentials.quadratic(2), stale, [0.0, 0.0])
    well = potentials.quadratic(2, [1.0, 4.0])
    steeper = replace(well, params={**well.params, "curvature": [1.0, 9.0]})
    with pytest.raises(ValueError, match="by the declared hessian or one_sided"):
        ls.Basin(steeper, disc, [0.0, 0.0])
    kinked = potentials.asymmetric_quadratic(2)
    other = replace(kinked, params={"left": 1.0, "right": 2.0})
    with pytest.raises(ValueError, match="by the declared hessian or one_sided"):
        ls.Basin(other, disc, [0.0, 0.0])
