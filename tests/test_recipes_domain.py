"""What "Add a domain" promises: one file with the shape, one line in the table of names."""

import math

import numpy as np
import pytest

import levysde as ls
from levysde import spec
from levysde.domains import Domain, Polytope

pytestmark = pytest.mark.quick

# --------------------------------------------------------------------- what the new file would have


def _outside_triangle(x, p):
    return (x[0] <= 0.0) | (x[1] <= 0.0) | (x[0] + x[1] >= p[0])


def _triangle_margin(x, p, covariance, reach):
    across = covariance[0, 0] + covariance[0, 1] + covariance[1, 0] + covariance[1, 1]
    found = math.inf
    for distance, variance in (
        (x[0], covariance[0, 0]),
        (x[1], covariance[1, 1]),
        (p[0] - x[0] - x[1], across),
    ):
        if variance > 0.0:
            found = min(found, distance / math.sqrt(variance))
    return found


def triangle(size):
    shape = Polytope([0.0, 0.0], [math.inf, math.inf], [[1.0, 1.0]], [size])
    params = {"size": size}
    return Domain(
        2, _outside_triangle, params, name="triangle", margin=_triangle_margin, shape=shape
    )


# ------------------------------------------------------------------------------------- what it gets

CENTER = np.array([0.3, 0.2])
EPSILON = 0.003


@pytest.fixture
def basin(monkeypatch):
    monkeypatch.setitem(spec.DOMAINS, "triangle", __name__)  # the one line
    return ls.Basin(
        ls.potentials.quadratic(2, center=CENTER), ls.domains.triangle(1.0), CENTER, name="wedge"
    )


def test_add_a_domain(basin, tmp_path):
    law = ls.noise.independent(1.5)
    # Ways out along the axes: 0.3 and 0.2 back, 0.5 ahead on both.
    powers = sum(r**-1.5 for r in (0.3, 0.2, 0.5, 0.5))
    rate = EPSILON**1.5 * ls.theory.stable_constant(1.5) / 1.5 * powers
    prediction = ls.theory.predict(basin, ls.dynamics.sgd(), law, EPSILON)
    assert prediction.rate == pytest.approx(rate, rel=1e-12)
    assert prediction.escape_measure.method == "closed form: triangle"

    result = ls.escape_times(
        basin, ls.dynamics.sgd(), law, EPSILON, paths=1000, seed=5, method="jump"
    )
    assert np.isfinite(result.times).all()
    mean, error = result.times.mean(), result.times.std() / math.sqrt(1000)
    # An exit follows the jump out at once; what paths are away for is a relaxation time, 1.
    assert abs(mean - 1.0 / rate) < 4.0 * error + 1.0

    result.save(tmp_path / "triangle.npz")
    again, dynamics, noise = spec.build(ls.load(tmp_path / "triangle.npz").parameters)
    assert again.domain.name == "triangle"
    assert again.domain.p.tolist() == basin.domain.p.tolist()
    assert isinstance(again.domain.shape, Polytope)
    assert (dynamics.name, noise.alpha) == ("sgd", 1.5)


def test_boundary_shift_of_an_added_domain(basin):
    """Every face moves inward by the same length for isotropic noise."""
    law = ls.noise.isotropic(1.5)
    moved = ls.grid.shifted(basin.domain, law, epsilon=0.1, dt=0.01)
    width = ls.theory.boundary_shift_constant(1.5) * 0.1 * 0.01 ** (1.0 / 1.5)
    assert moved.shape.lower == pytest.approx(width)
    assert moved.shape.offsets == pytest.approx(1.0 - math.sqrt(2.0) * width)
    for point in np.random.default_rng(0).uniform(-0.1, 1.1, (300, 2)):
        inside = basin.domain.contains(point)
        assert moved.contains(point) == (inside and basin.domain.shape.distance(point) > width)
    times = ls.escape_times(
        basin, ls.dynamics.sgd(), law, 0.1, paths=50, seed=1, dt=0.01, correction="boundary-shift"
    )
    assert times.parameters["correction"] == "boundary-shift"


def test_elliptic_noise_in_an_added_domain(basin):
    """Box and oblique face together: the integral against a search of the predicate."""
    law = ls.noise.elliptic(1.5, [[1.0, 0.5], [0.2, 0.9]])
    known = ls.theory.escape_measure(basin.domain, law, CENTER)
    searched = ls.theory.escape_measure(ls.Domain(2, _outside_triangle, {"size": 1.0}), law, CENTER)
    assert known.value == pytest.approx(searched.value, rel=1e-5)
    positions = ls.theory.exit_law(basin.domain, law, CENTER).sample(100)
    assert basin.domain.outside_many(positions).all()
