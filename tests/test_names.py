"""A name claims nothing: names are for people, and facts are declared on the object."""

import functools
import math
import pickle
from dataclasses import dataclass, replace
from inspect import signature

import numpy as np
import pytest

import levysde as ls
from levysde import domains, potentials, spec
from levysde.dynamics import Dynamics
from levysde.methods.jump import geometry
from levysde.methods.jump.geometry import directions, exit_distances_of
from levysde.methods.jump.tilt import Tilted, tilted
from levysde.noise import Columns, Independent, Noise

pytestmark = pytest.mark.quick

SGD = ls.dynamics.sgd()


def half_as_wide(x, p):
    return bool(np.abs(x).max() >= 0.5)


def cubic_force(x, p, out):
    for j in range(len(x)):
        out[j] = x[j] ** 3


def stiffening_force(x, p, out):
    for j in range(len(x)):
        out[j] = x[j] + x[j] ** 3


def radii(domain):
    basin = ls.Basin(potentials.quartic(2, curvature=1.0), domain, [0.0, 0.0])
    return geometry.inner_radius(basin), geometry.trusted_radius(basin)


@functools.cache
def unnamed_radii():
    return radii(ls.Domain(2, half_as_wide))


@pytest.mark.parametrize("name", spec.DOMAINS)
def test_domain_with_the_name_of_another(name):
    """The predicate decides, whatever the name and the names of the parameters say."""
    params = {"lower": [-1.0] * 2, "upper": [1.0] * 2, "center": [0.0] * 2, "radius": 1.0,
              "matrix": np.eye(2), "normal": [1.0, 0.0], "offset": 1.0, "level": 1.0,
              "minimum": [0.0] * 2, "trapping_radius": 1.0}  # fmt: skip
    mine = ls.Domain(2, half_as_wide, params, name=name)
    law, center = ls.noise.independent(1.5), [0.0, 0.0]
    exact = 4.0 * ls.theory.stable_constant(1.5) / 1.5 * 0.5**-1.5
    assert ls.theory.escape_measure(mine, law, center).value == pytest.approx(exact, rel=1e-10)
    with pytest.raises(ValueError, match="declares none"):
        ls.grid.shifted(mine, law, epsilon=1.0, dt=1e-3)
    assert radii(mine) == unnamed_radii()
    assert max(unnamed_radii()) < 0.51


def test_interval_in_name_only():
    mine = ls.Domain(1, half_as_wide, {"lower": -1.0, "upper": 1.0}, name="interval")
    found = ls.theory.escape_measure(mine, ls.noise.independent(1.5), [0.0])
    exact = 2.0 * ls.theory.stable_constant(1.5) / 1.5 * 0.5**-1.5
    assert found.value == pytest.approx(exact, rel=1e-10)
    assert found.error > 0.0


def test_built_in_domain_under_another_name():
    """What is declared stays with the object, and not with its name."""
    disc = replace(domains.ball([0.0, 0.0], 1.0), name="pond")
    law = ls.noise.isotropic(1.5)
    assert ls.theory.escape_measure(disc, law, [0.0, 0.0]).method == "closed form: pond"
    assert ls.grid.shifted(disc, law, 1.0, 1e-3).shape.radius < 1.0


def test_without_the_name_the_predicate_decides():
    measure = ls.theory.escape_measure(
        ls.Domain(1, half_as_wide, {"lower": -1.0, "upper": 1.0}), ls.noise.independent(1.5), [0.0]
    )
    exact = 2.0 * ls.theory.stable_constant(1.5) / 1.5 * 0.5**-1.5
    assert measure.value == pytest.approx(exact, rel=1e-10)


WELLS = [
    name for name in spec.POTENTIALS if "X" not in signature(getattr(potentials, name)).parameters
]


@pytest.mark.parametrize("name", WELLS)
def test_potential_with_the_name_of_another(name):
    """A stiffening force is neither linear nor kinked nor another one, whatever its name."""
    params = {"curvature": [16.0] * 2, "center": [0.0] * 2, "left": 16.0, "right": 1.0,
              "coefficient": 1.0, "barrier": 1.0, "half_distance": 1.0}  # fmt: skip
    mine = ls.Potential(2, stiffening_force, params=params, name=name)
    disc = domains.ball([0.0, 0.0], 1.0)
    setting = (ls.dynamics.sgd(), ls.noise.isotropic(1.5), 0.005)
    times = [
        ls.escape_times(ls.Basin(well, disc, [0.0, 0.0]), *setting, paths=20, seed=3, method="jump")
        for well in (mine, ls.Potential(2, stiffening_force))
    ]
    assert np.array_equal(times[0].times, times[1].times)
    assert pickle.loads(pickle.dumps(mine)).name == name
    assert not mine.is_same_as(spec.constructor("potential", name)(2))


def test_potential_under_another_name():
    """The facts stay with the object."""
    well = replace(potentials.quadratic(2, [1.0, 4.0]), name="bowl")
    moved = tilted(ls.Basin(well, domains.ball([0.0, 0.0], 1.0), [0.0, 0.0]), np.array([0.1, 0.2]))
    assert moved.minimum.tolist() == [0.1, 0.05]
    assert moved.potential.hessian.tolist() == [1.0, 4.0]


def test_a_tilted_potential_declares_what_stays_true():
    well = potentials.asymmetric_quadratic(1)
    basin = ls.Basin(well, domains.interval(-0.25, 1.0), [0.0])
    moved = tilted(basin, np.array([-0.8])).potential
    assert moved.name == "tilted asymmetric_quadratic"
    assert (moved.tilted, moved.separable, moved.approaching) == (True, True, True)
    assert moved.one_sided.tolist() == well.one_sided.tolist() == [[16.0], [1.0]]
    assert not well.tilted
    assert not moved.is_same_as(well)


def test_dynamics_with_the_name_of_another():
    def drift(j, x, m, v, g, dL, dt, t, p):
        return x - 2.0 * dt * g + dL, m, v

    # Twice the force with the name of another: it is simulated as it is, and no law is claimed.
    twice = Dynamics("sgd", drift, sde=True)
    setting = (ls.basins.sharp(), twice, ls.noise.independent(1.5))
    prediction = ls.theory.predict(*setting, 0.1)
    assert prediction.rate is None
    assert "declares no rule" in prediction.reason
    once = ls.escape_times(setting[0], ls.dynamics.sgd(), setting[2], 0.5, paths=50, dt=0.01)
    steep = ls.escape_times(*setting, 0.5, paths=50, dt=0.01)
    assert steep.times.mean() > once.times.mean()


def noise_named(law):
    """Coordinates that are twice those of independent noise, in a class that says no form."""

    @dataclass(frozen=True, eq=False)
    class Mine(Noise):
        name = law
        scale: float = 1.0
        dim = None

        @property
        def params(self):
            return {"alpha": self.alpha, "scale": self.scale}

        def part(self, dim, epsilon, dt):
            return ls.noise.independent(self.alpha, 2.0 * self.scale).part(dim, epsilon, dt)

        def characteristic(self, u):
            return ls.noise.independent(self.alpha, 2.0 * self.scale).characteristic(u)

    return Mine(1.5)


@pytest.mark.parametrize("name", ["mystery", *spec.NOISES])
def test_noise_with_the_name_of_another(name):
    """It is simulated as it is drawn, and nothing else is believed of it."""
    law, twin = noise_named(name), ls.noise.independent(1.5, 2.0)
    square, setting = ls.basins.flat(2), {"horizon": 20.0, "dt": 0.01, "paths": 20, "seed": 1}
    run, same = (ls.escape_times(square, SGD, each, 0.5, **setting) for each in (law, twin))
    assert np.array_equal(run.times, same.times)
    assert run.parameters["method"] == "euler"
    unknown = ls.escape_times(square, SGD, law, 0.5, dt=0.01, paths=20)
    assert unknown.parameters["horizon"] == 1000.0
    with pytest.raises(ValueError, match=f"no escape measure for the noise law '{name}'"):
        ls.theory.predict(square, SGD, law, 0.1)
    with pytest.raises(ValueError, match=f"the jumps of the {name} noise are not known"):
        ls.escape_times(square, SGD, law, 0.1, method="jump", **setting)
    with pytest.raises(ValueError, match=rf"the jumps of the {name} noise .*use method='euler'"):
        law.preconditioned(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=f"does not know the noise law '{name}'; use refine"):
        ls.grid.shifted(square.domain, law, 0.1, 0.01)
    with pytest.raises(ValueError, match="the noise of the result is of a script"):
        spec.build(run.parameters)


@pytest.mark.parametrize("name", spec.NOISES)
def test_law_of_a_form_with_the_name_of_another(name):
    """Predictions are those of the columns that it says, whatever the name."""
    parameters = {"alpha": 1.5, "scale": 1.0}
    law = Columns(name, parameters, 1.5, np.array([[1.0, 1.0], [1.0, -1.0]]))
    twin, square = ls.noise.mixed(1.5, [[1.0, 1.0], [1.0, -1.0]]), ls.basins.flat(2)
    assert ls.theory.predict(square, SGD, law, 0.1) == ls.theory.predict(square, SGD, twin, 0.1)
    run = ls.escape_times(square, SGD, law, 0.5, dt=0.01, paths=20, horizon=20.0)
    with pytest.raises(ValueError, match="the noise of the result is of a script"):
        spec.build(run.parameters)


def test_law_of_a_form_that_is_drawn_in_another_way():
    with pytest.raises(ValueError, match=r"the class Twice redefines part.*a subclass of Noise"):

        class Twice(Independent):
            def part(self, dim, epsilon, dt):
                return super().part(dim, 2.0 * epsilon, dt)


@pytest.mark.parametrize("value", [None, 3, ["box"]])
def test_a_name_is_a_text(value):
    with pytest.raises(ValueError, match="give text"):
        ls.Domain(1, half_as_wide, name=value)
    with pytest.raises(ValueError, match="give text"):
        ls.Potential(1, cubic_force, name=value)


def tilted_well(key):
    """The quartic well with a parameter that multiplies the force, under some name."""

    def gradient(x, p, out):
        out[0] = p[0] * x[0] ** 3 + p[1] * x[0]

    well = ls.Potential(1, gradient, params={key: 2.0, "stiffness": 3.0})
    return ls.Basin(well, domains.interval(-1.0, 1.0), [0.0])


def test_names_of_parameters_do_not_matter_to_the_jump_adapted_scheme():
    # A force of 0.1 moves the minimum to where 2 x^3 + 3 x = 0.1, whatever the names.
    root = np.roots([2.0, 0.0, 3.0, -0.1])
    rest = float(root[np.abs(root.imag) < 1e-12][0].real)
    for key in ("tilt", "left", "curvature", "strength"):
        moved = tilted(tilted_well(key), np.array([0.1]))
        assert isinstance(moved.potential, Tilted)
        assert moved.minimum[0] == pytest.approx(rest, rel=1e-6)
    setting = (ls.dynamics.sgd(), ls.noise.independent(1.5), 0.05)
    times = [
        ls.escape_times(tilted_well(key), *setting, paths=50, seed=3, method="jump").times
        for key in ("tilt", "strength")
    ]
    assert np.array_equal(*times)


def test_ways_out_of_a_domain_are_those_of_its_predicate():
    domain = ls.Domain(2, half_as_wide, {"center": [0.0, 0.0], "radius": 1.0}, name="my ball")
    basin = ls.Basin(potentials.quadratic(2), domain, [0.0, 0.0])
    rays = directions(2)[:4]
    assert exit_distances_of(basin, rays) == pytest.approx(0.5, rel=1e-10)
    half = ls.Basin(potentials.quadratic(2), domains.half_space([1, 0], 1), [0, 0])
    assert math.isinf(exit_distances_of(half, rays)[1])
