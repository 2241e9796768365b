"""Domains of attraction."""

import _thread
import dataclasses
import functools
import math
import signal
import threading
import time

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import levysde as ls
from levysde import domains, potentials
from levysde.domains import gradient_flow as flow
from levysde.domains.well import trapping_radius
from levysde.methods.jump import geometry

SGD = ls.dynamics.sgd()


def bent_gradient(x, p, out):
    """F = (x^2 - 1)^2/4 + p (y - x^2/2)^2/2: two wells joined by a bent valley."""
    bend = x[1] - 0.5 * x[0] * x[0]
    out[0] = x[0] * (x[0] * x[0] - 1.0) - p[0] * bend * x[0] + p[1] * x[1]
    out[1] = p[0] * bend + p[1] * x[0]


BENT = ls.Potential(2, bent_gradient, params={"stiffness": 2.0, "tilt": 0.1})


def minimum_of(potential, start):
    def force(t, x):
        return -potential.gradient_at(x)

    return solve_ivp(force, (0.0, 500.0), start, method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]


def test_one_dimension_gives_the_interval_between_saddles():
    right = domains.attraction(potentials.double_well(1, 0.3, 1.5), 1.5)
    assert right.name == "interval"
    assert right.params["lower"] == pytest.approx(0.0, abs=1e-12)
    assert right.params["upper"] == math.inf

    def three_wells(x, p, out):
        out[0] = math.sin(2.0 * math.pi * x[0])

    middle = domains.attraction(ls.Potential(1, three_wells), 1.0)
    assert middle.params["lower"] == pytest.approx(0.5, abs=1e-12)
    assert middle.params["upper"] == pytest.approx(1.5, abs=1e-12)


def test_separable_wells_are_half_spaces():
    well = potentials.double_well(2)
    right = domains.attraction(well, [1.0, 0.0])
    rng = np.random.default_rng(1)
    points = rng.standard_normal((400, 2)) * 3.0
    assert [right.contains(x) for x in points[:40]] == (points[:40, 0] > 0.0).tolist()
    assert (right.outside_many(points) == (points[:, 0] <= 0.0)).all()


def test_simulation_in_a_domain_of_attraction():
    """For the separable well it is the simulation in the half space, path by path."""
    well, noise = potentials.double_well(2), ls.noise.independent(1.5)
    start = [1.0, 0.0]
    attracted = ls.Basin(well, domains.attraction(well, start), start)
    half = ls.Basin(well, domains.half_space([-1.0, 0.0], 0.0), start)
    results = [
        ls.escape_times(
            basin, SGD, noise, 0.3, paths=300, dt=0.02, horizon=1e4, seed=3, scheme="flow"
        )
        for basin in (attracted, half)
    ]
    assert results[0].escaped == 300
    assert results[0].digest == results[1].digest


def test_escape_measure_of_a_domain_of_attraction():
    well, noise = potentials.double_well(2), ls.noise.independent(1.5)
    domain = domains.attraction(well, [1.0, 0.0])
    measure = ls.theory.escape_measure(domain, noise, center=[1.0, 0.0])
    half = ls.theory.escape_measure(domains.half_space([-1.0, 0.0], 0.0), noise, center=[1.0, 0.0])
    assert measure.value == pytest.approx(half.value, rel=1e-4)


def test_flow_is_trapped_in_the_ball():
    right = minimum_of(BENT, [1.0, 0.5])
    radius = trapping_radius(BENT, right)
    assert 0.1 < radius < 1.1
    rng = np.random.default_rng(3)
    directions = rng.standard_normal((30, 2))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    for direction in directions:
        assert np.linalg.norm(minimum_of(BENT, right + radius * direction) - right) < 1e-4


def test_ways_out_of_a_domain_of_attraction():
    """The right half plane: a exit distance along (c, s) is -1/c for c < 0."""
    well, start = potentials.double_well(2), [1.0, 0.0]
    basin = ls.Basin(well, domains.attraction(well, start), start)
    angles = np.linspace(0.6 * math.pi, 1.4 * math.pi, 9)
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = geometry.exit_distances_of(basin, rays)
    assert found == pytest.approx(-1.0 / rays[:, 0], rel=1e-4)
    assert (found <= -1.0 / rays[:, 0]).all()
    assert np.isinf(geometry.exit_distances_of(basin, -rays)).all()
    assert geometry.inner_radius(basin) == pytest.approx(0.9, rel=1e-3)


def test_flow_of_another_potential_is_not_trusted():
    """In the domain of attraction of one potential the flow of another may leave."""
    well, start = potentials.double_well(2), [1.0, 0.0]
    domain = domains.attraction(well, start)
    assert geometry.trusted_radius(ls.Basin(well, domain, start)) == math.inf
    other = potentials.quadratic(2, center=start)
    assert geometry.trusted_radius(ls.Basin(other, domain, start)) < 1.0


def test_sublevel_set_of_another_potential_is_not_trusted():
    """Two potentials without parameters are told apart by their functions."""

    def steep(x, p, out):
        out[0], out[1] = x[0], 25.0 * x[1]

    def steep_value(x, p):
        return 0.5 * (x[0] * x[0] + 25.0 * x[1] * x[1])

    def slanted(x, p, out):
        out[0], out[1] = x[0] - 0.9 * x[1], x[1] - 0.9 * x[0]

    def slanted_value(x, p):
        return 0.5 * (x[0] * x[0] - 1.8 * x[0] * x[1] + x[1] * x[1])

    one = ls.Potential(2, steep, steep_value)
    domain = domains.sublevel_set(ls.Potential(2, slanted, slanted_value), 0.5)
    assert geometry.trusted_radius(ls.Basin(one, domain, [0.0, 0.0])) < 1.0
    own = domains.sublevel_set(one, 0.5)
    assert geometry.trusted_radius(ls.Basin(one, own, [0.0, 0.0])) == math.inf
    bare = ls.Potential(2, steep)
    assert geometry.trusted_radius(ls.Basin(bare, own, [0.0, 0.0])) < 1.0


def test_narrow_well_far_from_the_origin():
    """Its maxima, 0.03 and 0.05 away, are nearer than a ten-thousandth of its coordinate."""

    def narrow(x, p, out):
        y = x[0] - 1000.0
        out[0] = -y * (y - 0.03) * (y + 0.05)

    potential = ls.Potential(1, narrow)
    assert trapping_radius(potential, np.array([1000.0])) == pytest.approx(0.027, rel=1e-9)
    with pytest.raises(ValueError, match="give a minimum"):
        trapping_radius(potential, np.array([1000.03]))


@pytest.mark.parametrize("scale", np.geomspace(0.3, 3.0, 7))
def test_trapping_radius_is_short_of_the_saddle(scale):
    """Nine tenths of the way to where the distance stops falling, wherever that is."""
    well = potentials.double_well(1, half_distance=scale)
    radius = trapping_radius(well, np.array([scale]))
    assert radius == pytest.approx(0.9 * scale, rel=1e-9)


UNITS = [(1.0, 1.0), (1e-9, 1.0), (1e9, 1.0), (1.0, 1e9), (1e-9, 1e-9), (3e7, 2e-12)]
"""Units of length, and of the potential."""
FEW_UNITS = [(1.0, 1.0), (1e-9, 1.0), (3e7, 2e-12)]
"""Those of the suite; experiments/validation has all."""


@pytest.mark.parametrize(("length", "energy"), FEW_UNITS)
def test_wells_of_all_sizes_on_the_line(length, energy):
    well = potentials.double_well(1, barrier=energy, half_distance=length)
    right = domains.attraction(well, length)
    assert abs(right.params["lower"]) <= 1e-14 * length
    assert right.params["upper"] == math.inf
    with pytest.raises(ValueError, match="give a minimum"):
        domains.attraction(well, 0.7 * length)

    def neighbors(x, p, out):
        """Minima at 0 and 2, and a maximum at 1, in units of p."""
        y = x[0] / p[0]
        out[0] = y * (y - 1.0) * (y - 2.0)

    first = domains.attraction(ls.Potential(1, neighbors, params={"length": length}), 0.0)
    assert first.params["upper"] == pytest.approx(length, rel=1e-14)
    assert first.params["lower"] == -math.inf


@pytest.mark.parametrize(("length", "energy"), FEW_UNITS)
def test_wells_of_all_sizes_in_the_plane(length, energy):
    """The right half plane, in whatever units."""
    curvature = energy / length**2
    well = potentials.double_well(2, 0.25 * energy, length, curvature)
    right = domains.attraction(well, [length, 0.0])
    assert right.params["trapping_radius"] == pytest.approx(0.9 * length, rel=1e-9)
    points = 3.0 * length * np.random.default_rng(1).standard_normal((300, 2))
    assert (right.outside_many(points) == (points[:, 0] <= 0.0)).all()
    near = np.array([[1e-7, 2.0], [-1e-7, 2.0], [1e-7, -0.1], [-1e-7, -0.1]]) * length
    assert right.outside_many(near).tolist() == [False, True, False, True]
    assert right.outside_many(1e8 * near).tolist() == [False, True, False, True]


def muller_brown_gradient(x, p, out):
    """Mueller and Brown's potential; p: units of length and of the potential."""
    out[0] = out[1] = 0.0
    for k in range(4):
        u, v = x[0] / p[0] - MB_CENTER[k, 0], x[1] / p[0] - MB_CENTER[k, 1]
        a, b, c = MB_FORM[k]
        e = p[1] / p[0] * MB_HEIGHT[k] * math.exp(a * u * u + b * u * v + c * v * v)
        out[0] += e * (2.0 * a * u + b * v)
        out[1] += e * (b * u + 2.0 * c * v)


MB_HEIGHT = np.array([-200.0, -100.0, -170.0, 15.0])
MB_CENTER = np.array([[1.0, 0.0], [0.0, 0.5], [-0.5, 1.5], [-1.0, 1.0]])
MB_FORM = np.array([[-1.0, 0.0, -10.0], [-1.0, 0.0, -10.0], [-6.5, 11.0, -6.5], [0.7, 0.6, 0.7]])


def muller_brown(length=1.0, energy=1.0):
    params = {"length": length, "energy": energy}
    return ls.Potential(2, muller_brown_gradient, params=params)


@functools.cache
def muller_brown_ends():
    """Some points, and whether an accurate integration leads them to the deepest minimum."""
    potential = muller_brown()
    deepest = minimum_of(potential, [-0.5, 1.4])
    points = np.random.default_rng(4).uniform([-1.5, -0.5], [1.2, 2.0], (30, 2))
    ends = np.array([minimum_of(potential, x) for x in points])
    return deepest, points, np.linalg.norm(ends - deepest, axis=1) < 1e-4


@pytest.mark.parametrize(("length", "energy"), FEW_UNITS)
def test_curved_wells_of_all_sizes(length, energy):
    deepest, points, inside = muller_brown_ends()
    assert 6 < inside.sum() < 24
    domain = domains.attraction(muller_brown(length, energy), length * deepest)
    assert (domain.outside_many(length * points) == ~inside).all()
    plain = domains.attraction(muller_brown(), deepest)
    expected = length * plain.params["trapping_radius"]
    assert domain.params["trapping_radius"] == pytest.approx(expected, rel=1e-6)
    # The twin: the ball in which the flow is trapped is another set.
    in_ball = np.linalg.norm(points - deepest, axis=1) < plain.params["trapping_radius"]
    assert (in_ball <= inside).all()
    assert (in_ball != inside).any()


def test_a_point_costs_few_gradients():
    """Also where the flow ends elsewhere, or begins very far out."""
    calls = 0
    slope = potentials.double_well(2).gradient

    def gradient(x, p, out):
        nonlocal calls
        calls += 1
        slope(x, p, out)

    well = potentials.double_well(2)
    outside = flow.attraction_predicate(ls.Potential(2, gradient, params=well.params))
    p = np.concatenate([well.p, [1.0, 0.0, 0.9]])
    for point in ([-0.3, 0.7], [0.1, 5.0], [-2e5, 3e5], [3e5, -1e5]):
        calls = 0
        assert outside(np.array(point), p) == (point[0] < 0.0)
        assert calls < 1500


def test_many_points_hear_an_interrupt():
    def slow(x, p):
        total = 0.0
        for k in range(200_000):
            total += math.sqrt(x[0] + k)
        return total < 0.0

    domain = domains.Domain(1, slow)
    domain.outside_many(np.ones((1, 1)))
    timer = threading.Timer(0.3, _thread.interrupt_main)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    began = time.perf_counter()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            domain.outside_many(np.ones((100_000, 1)))  # a minute and more
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - began < 5.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: domains.attraction(potentials.double_well(), 0.0), "give a minimum"),
        (lambda: domains.attraction(potentials.double_well(2), [0.0, 0.0]), "give a minimum"),
        (lambda: domains.attraction(potentials.double_well(2), [0.5, 0.0]), "give a minimum"),
        (lambda: domains.attraction(potentials.double_well(2), [1.0]), "minimum has shape"),
        (lambda: domains.attraction(potentials.double_well(), math.nan), "minimum is"),
    ],
)
def test_points_that_are_no_minima_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_theory_asks_a_costly_domain_less():
    """The measure of a half plane, within its error, from the points that a second allows."""
    asked = 0

    @dataclasses.dataclass(frozen=True)
    class Counted:
        domain: ls.Domain

        def __getattr__(self, name):
            return getattr(self.domain, name)

        def outside_many(self, points):
            nonlocal asked
            asked += len(points)
            return self.domain.outside_many(points)

    well, noise = potentials.double_well(2), ls.noise.isotropic(1.5)
    attracted = Counted(domains.attraction(well, [1.0, 0.0]))
    half = domains.half_space([-1.0, 0.0], 0.0)
    exact = ls.theory.escape_measure(half, noise, center=[1.0, 0.0]).value
    found = ls.theory.escape_measure(attracted, noise, center=[1.0, 0.0])
    assert asked < 500_000
    assert abs(found.value - exact) <= found.error < 1e-4 * exact
