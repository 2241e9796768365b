"""Every potential, domain, basin and dynamics under one contract."""

import math

import numpy as np
import pytest

import levysde as ls
from levysde import domains, potentials
from levysde.engine import status
from levysde.engine.cpu import passes

pytestmark = pytest.mark.quick

RNG = np.random.default_rng(2)
MATRIX = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])

POTENTIALS = {
    "quadratic": potentials.quadratic(2, 3.0),
    "quadratic, no drift": potentials.quadratic(2, 0.0),
    "quadratic, one curvature each": potentials.quadratic(3, [1.0, 2.0, 5.0], [0.1, 0.0, -1.0]),
    "quadratic, matrix": potentials.quadratic(3, MATRIX, 0.3),
    "asymmetric": potentials.asymmetric_quadratic(4, 16.0, 1.0),
    "quartic": potentials.quartic(2, 2.0, 0.5),
    "double well": potentials.double_well(3, 0.7, 1.5, 2.0),
    "wide quadratic": potentials.quadratic(40, np.linspace(0.1, 2.0, 40)),
}

DOMAINS = {
    "interval": (domains.interval(-1.0, 2.0), lambda x: -1.0 < x[0] < 2.0),
    "half line": (domains.interval(-math.inf, 0.5), lambda x: x[0] < 0.5),
    "box": (
        domains.box([-1.0, -math.inf], [0.5, 1.0]),
        lambda x: -1.0 < x[0] < 0.5 and x[1] < 1.0,
    ),
    "ball": (
        domains.ball([0.5, 0.0, 0.0], 1.2),
        lambda x: np.linalg.norm(x - [0.5, 0.0, 0.0]) < 1.2,
    ),
    "ellipsoid": (
        domains.ellipsoid([0.1, 0.2, 0.3], MATRIX),
        lambda x: (x - [0.1, 0.2, 0.3]) @ MATRIX @ (x - [0.1, 0.2, 0.3]) < 1.0,
    ),
    "half space": (domains.half_space([1.0, -2.0], 0.5), lambda x: x[0] - 2.0 * x[1] < 0.5),
    "sublevel set": (
        domains.sublevel_set(potentials.asymmetric_quadratic(2, 16.0, 1.0), 0.5),
        lambda x: sum((8.0 if c < 0.0 else 0.5) * c * c for c in x) < 0.5,
    ),
    "wide box": (domains.box([-2.4] * 40, [2.4] * 40), lambda x: np.abs(x).max() < 2.4),
    "wide ball": (domains.ball([0.0] * 40, 6.3), lambda x: np.linalg.norm(x) < 6.3),
}


def blocks(points, dim):
    wide = passes.is_wide(dim)
    return np.ascontiguousarray(points if wide else points.T), wide


@pytest.mark.parametrize("name", POTENTIALS)
def test_gradient_is_the_derivative_of_the_value(name):
    potential = POTENTIALS[name]
    step = 1e-6
    for x in RNG.standard_normal((5, potential.dim)):
        numeric = [
            (potential.value_at(x + step * e) - potential.value_at(x - step * e)) / (2.0 * step)
            for e in np.eye(potential.dim)
        ]
        assert potential.gradient_at(x) == pytest.approx(numeric, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", POTENTIALS)
def test_compiled_gradient_is_the_plain_one(name):
    potential = POTENTIALS[name]
    points = RNG.standard_normal((16, potential.dim))
    x, wide = blocks(points, potential.dim)
    out = np.zeros_like(x)
    passes.gradient_pass(potential.gradient, potential.dim)(x, np.array(potential.p), out, 16)
    expected = np.array([potential.gradient_at(point) for point in points])
    assert ((out if wide else out.T) == expected).all()


@pytest.mark.parametrize("name", DOMAINS)
def test_domain_is_its_definition_plain_and_compiled(name):
    domain, inside = DOMAINS[name]
    points = RNG.standard_normal((400, domain.dim))
    expected = np.array([bool(inside(x)) for x in points])
    assert 20 < expected.sum() < 395
    assert [domain.contains(x) for x in points] == expected.tolist()
    x, _ = blocks(points, domain.dim)
    step, flags = np.zeros(400, np.uint64), np.zeros(400, np.int8)
    check = passes.check_pass(domain.outside, domain.dim)
    ended = check(x, np.array(domain.p), step, np.uint64(10), flags, 400)
    assert ((flags == status.ESCAPED) == ~expected).all()
    assert ended == np.count_nonzero(~expected)
    assert (step == 1).all()


@pytest.mark.parametrize("dim", [2, 40])
def test_check_names_every_end(dim):
    domain = domains.box([-1.0] * dim, [1.0] * dim)
    points = np.zeros((4, dim))
    points[1, dim // 2] = math.nan
    points[2, dim - 1] = math.inf
    points[3, 0] = 2.0
    x, _ = blocks(np.repeat(points, 2, axis=0), dim)
    step, flags = np.array([0, 9] * 4, np.uint64), np.zeros(8, np.int8)
    passes.check_pass(domain.outside, dim)(x, np.array(domain.p), step, np.uint64(10), flags, 8)
    lost, left = status.NON_FINITE, status.ESCAPED
    assert flags.tolist() == [
        status.RUNNING,
        status.HORIZON,
        lost,
        lost,
        lost,
        lost,
        left,
        left,
    ]


def test_boundary_belongs_to_the_outside():
    assert not domains.interval(-1.0, 1.0).contains([1.0])
    assert not domains.ball([0.0, 0.0], 1.0).contains([0.0, 1.0])
    assert not domains.half_space([1.0], 1.0).contains([1.0])
    assert not domains.sublevel_set(potentials.quadratic(1), 0.5).contains([1.0])


@pytest.mark.parametrize(
    ("make", "lower", "upper"),
    [
        (ls.basins.flat, -1.0, 1.0),
        (ls.basins.sharp, -0.25, 0.25),
        (ls.basins.asymmetric, -0.25, 1.0),
    ],
)
@pytest.mark.parametrize("dim", [1, 2, 10, 50])
def test_named_basins_have_one_barrier(make, lower, upper, dim):
    basin = make(dim)
    assert basin.dim == dim
    assert not basin.start.any()
    inside = np.zeros(dim)
    for end in (lower, upper):
        inside[dim - 1] = end
        assert basin.potential.value_at(inside) == pytest.approx(0.5, rel=1e-15)
        assert not basin.domain.contains(inside)
        inside[dim - 1] = end * (1.0 - 1e-12)
        assert basin.domain.contains(inside)


def test_sgd_without_noise_and_gradient_stands_still():
    update = ls.dynamics.sgd().update
    assert update(0, 0.3, 0.1, 0.2, 0.0, 0.0, 0.01, 5.0, np.zeros(0)) == (0.3, 0.1, 0.2)
    assert update(0, 1.0, 0.0, 0.0, 2.0, 0.5, 0.1, 0.0, np.zeros(0))[0] == 1.0 - 2.0 * 0.1 + 0.5


@pytest.mark.parametrize(
    ("basin", "expected"),
    [
        (ls.basins.flat(), 0.01),
        (ls.basins.sharp(3), 0.01 / 16.0),
        (ls.basins.asymmetric(2), 0.01 / 16.0),
    ],
)
def test_automatic_step_follows_the_largest_curvature(basin, expected):
    assert ls.automatic_dt(basin) == pytest.approx(expected, rel=1e-5)


def test_automatic_step_sees_the_eigenvalues_of_a_matrix():
    well = potentials.quadratic(3, MATRIX)
    basin = ls.Basin(well, domains.ball([0.0] * 3, 1.0), np.zeros(3))
    largest = np.linalg.eigvalsh(MATRIX)[-1]
    assert ls.automatic_dt(basin) == pytest.approx(0.01 / largest, rel=1e-5)


def test_automatic_step_refuses_a_potential_without_force():
    basin = ls.Basin(potentials.quadratic(1, 0.0), domains.interval(-1.0, 1.0), 0.0)
    with pytest.raises(ValueError, match="give dt a number"):
        ls.automatic_dt(basin)


def good_gradient(x, p, out):
    out[0] = x[0]
    out[1] = 2.0 * x[1]


def half_written(x, p, out):
    out[0] = x[0]


def too_long(x, p, out):
    for j in range(3):
        out[j] = x[j]


def gives_nan(x, p, out):
    out[0] = math.nan
    out[1] = 0.0


def sign_error(x, p, out):
    out[0] = x[0]
    out[1] = -2.0 * x[1]


def value(x, p):
    return 0.5 * x[0] ** 2 + x[1] ** 2


def takes_one_argument(x):
    return 0.0


@pytest.mark.parametrize(
    ("gradient", "val", "words"),
    [
        (half_written, None, "component 1 unwritten"),
        (too_long, None, "IndexError"),
        (gives_nan, None, "component 0 unwritten or not finite"),
        (sign_error, value, "gradient disagrees"),
        (good_gradient, takes_one_argument, "value function failed"),
        (value, None, "gradient function failed"),
    ],
)
def test_mistakes_in_functions_are_ordinary_errors(gradient, val, words):
    potential = ls.Potential(2, gradient, val)
    with pytest.raises(ValueError, match=words):
        ls.Basin(potential, domains.ball([0.0, 0.0], 1.0), [0.0, 0.0], start=[0.1, 0.2])


def outside_interval(x, p):
    return abs(x[0]) >= 1.0


@pytest.mark.parametrize(
    ("margin", "words"),
    [
        (lambda x, p: 1.0, "the margin failed at x = .*write margin"),
        (lambda x, p, covariance, reach: math.nan, "the margin returned nan"),
        (lambda x, p, covariance, reach: -1.0, "the margin returned -1.0"),
        (lambda x, p, covariance, reach: reach > 0.0, "the margin returned False"),
        (lambda x, p, covariance, reach: x.fill(0.5) or 1.0, "the margin function changed x"),
        (lambda x, p, covariance, reach: p[3], "IndexError"),
    ],
)
def test_mistakes_in_margins_are_ordinary_errors(margin, words):
    domain = ls.Domain(1, outside_interval, margin=margin)
    with pytest.raises(ValueError, match=words):
        ls.Basin(potentials.quadratic(1), domain, [0.0])


@pytest.mark.parametrize("name", DOMAINS)
def test_built_in_margins_pass(name):
    domain = DOMAINS[name][0]
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (100, domain.dim))
    center = next(x for x in points if domain.contains(x))
    ls.Basin(potentials.quadratic(domain.dim), domain, center)


def test_a_right_gradient_passes():
    potential = ls.Potential(2, good_gradient, value)
    basin = ls.Basin(potential, domains.ball([0.0, 0.0], 1.0), [0.0, 0.0], start=[0.1, 0.2])
    assert basin.start.tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ls.Potential(0, good_gradient), "dim is 0"),
        (lambda: ls.Potential(2.0, good_gradient), "dim is 2.0"),
        (lambda: ls.Potential(2, "x"), "gradient is 'x'"),
        (lambda: ls.Potential(2, good_gradient, value=3), "value is 3"),
        (lambda: ls.Potential(2, good_gradient, params={"a": "b"}), "parameter 'a' is 'b'"),
        (lambda: ls.Potential(2, good_gradient, params={"a": math.nan}), "parameter 'a' is NaN"),
        (lambda: potentials.quadratic(1, -1.0), "curvature is -1"),
        (lambda: potentials.quadratic(2, [1.0, 2.0, 3.0]), r"shape \(3,\)"),
        (lambda: potentials.quadratic(2, [[1.0, 2.0], [0.0, 1.0]]), "not symmetric"),
        (lambda: potentials.quadratic(2, [[1.0, 2.0], [2.0, 1.0]]), "negative eigenvalue"),
        (lambda: potentials.asymmetric_quadratic(1, 0.0, 1.0), "left is 0"),
        (lambda: potentials.quartic(1, -1.0), "coefficient is -1"),
        (lambda: potentials.double_well(1, math.inf), "barrier is inf"),
        (lambda: domains.interval(1.0, 1.0), "empty"),
        (lambda: domains.interval(math.nan, 1.0), "empty"),
        (lambda: domains.box([0.0], [1.0, 2.0]), "one length"),
        (lambda: domains.box([0.0, 3.0], [1.0, 2.0]), r"lower\[1\] = 3"),
        (lambda: domains.ball([0.0], 0.0), "radius is 0"),
        (lambda: domains.ball(0.0, 1.0), "center has shape"),
        (lambda: domains.ellipsoid([0.0, 0.0], np.eye(3)), "shape"),
        (lambda: domains.ellipsoid([0.0, 0.0], -np.eye(2)), "not positive definite"),
        (lambda: domains.half_space([0.0, 0.0], 1.0), "zero"),
        (lambda: domains.sublevel_set(ls.Potential(2, good_gradient), 1.0), "value function"),
        (lambda: ls.Domain(1, None), "outside is None"),
        (lambda: ls.Domain(1, lambda x, p: 1.0).contains([0.0]), "return True or False"),
        (lambda: ls.Domain(1, lambda x, p: x[3] > 0).contains([0.0]), "IndexError"),
        (lambda: ls.basins.sharp(0), "dim is 0"),
        (
            lambda: ls.Basin(potentials.quadratic(2), domains.interval(-1.0, 1.0), 0.0),
            "dimension 2 and the domain 1",
        ),
        (
            lambda: ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), 2.0),
            r"minimum \(2\) is outside",
        ),
        (
            lambda: ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), 0.0, start=1.0),
            r"start \(1\) is outside",
        ),
        (
            lambda: ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), [0.0, 0.0]),
            "minimum has shape",
        ),
        (
            lambda: ls.Basin(potentials.quadratic(1), domains.interval(-1.0, 1.0), math.nan),
            "minimum is",
        ),
    ],
)
def test_wrong_parts_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_parts_cannot_be_changed():
    potential = potentials.quadratic(2)
    with pytest.raises(ValueError, match="read-only"):
        potential.p[0] = 5.0
    with pytest.raises(AttributeError):
        potential.dim = 3
    with pytest.raises(TypeError):
        potential.params["curvature"] = 1.0
