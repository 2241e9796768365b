"""Weight decay of SGD, momentum and Nesterov's method: the same optimizer in F(x) + w |x|^2/2."""

import numpy as np
import pytest
from test_optimizers import TORCH, assert_close, torch_walk

import levysde as ls
from levysde import spec
from levysde.methods.scheme import chosen_scheme
from levysde.methods.timestep import automatic_step
from levysde.runs.comparison import common_step

LAW = ls.noise.independent(1.5)
DECAY = 0.36
MOVED = float(np.sqrt(1.0 - DECAY))

OPTIMIZERS = {
    "sgd": ls.dynamics.sgd,
    "clipped sgd": lambda **given: ls.dynamics.sgd(clip=0.5, **given),
    "momentum": ls.dynamics.momentum,
    "momentum of an sde": lambda **given: ls.dynamics.momentum(0.5, form="sde", **given),
    "nesterov": ls.dynamics.nesterov,
}


def well(minimum=1.0):
    """F' = x (x^2 - minimum^2) at x > 0, from 1; x^3 - x + w x is that of sqrt(1 - w)."""
    potential = ls.potentials.double_well(1, 0.25 * minimum**4, minimum)
    return ls.Basin(potential, ls.domains.interval(0.0, 3.0), [minimum], start=[1.0])


def exits(basin, dynamics, **options):
    options = {"epsilon": 0.5, "dt": 0.01, "horizon": 9.0, "paths": 24, "seed": 5, **options}
    return ls.escape_times(basin, dynamics, LAW, **options)


@pytest.mark.parametrize(("name", "dim"), [*((name, 1) for name in OPTIMIZERS), ("sgd", 40)])
def test_it_is_the_potential_with_a_square(name, dim):
    """Bit for bit, in both layouts of paths, as x + x is 2 x exactly; another decay is not."""
    make = OPTIMIZERS[name]
    wanted = exits(ls.basins.quadratic(dim, 2.0), make())
    found = exits(ls.basins.quadratic(dim, 1.0), make(weight_decay=1.0))
    other = exits(ls.basins.quadratic(dim, 1.0), make(weight_decay=0.9))
    assert (wanted.status == ls.Status.ESCAPED).any()
    assert np.array_equal(found.steps, wanted.steps)
    assert np.array_equal(found.exit_position, wanted.exit_position, equal_nan=True)
    assert not np.array_equal(found.exit_position, other.exit_position, equal_nan=True)


def test_divided_steps_decay_too():
    """Their parts follow the force of F alone, and agree as far as parts of a step do."""
    setting = {"epsilon": 0.2, "scheme": "flow"}
    wanted = exits(well(MOVED), ls.dynamics.sgd(), **setting)
    found = exits(well(), ls.dynamics.sgd(weight_decay=DECAY), **setting)
    assert (wanted.status == ls.Status.ESCAPED).any()
    assert np.array_equal(found.steps, wanted.steps)
    assert np.allclose(found.exit_position, wanted.exit_position, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov"])
def test_thousand_steps_of_torch(name):
    decay = float(TORCH["weight_decay"])
    assert_close(torch_walk(name, weight_decay=decay), TORCH[f"{name} with weight decay"])
    other = torch_walk(name, weight_decay=0.99 * decay) - TORCH[f"{name} with weight decay"]
    assert np.abs(other).max() > 1e-3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_none_changes_nothing(name):
    make = OPTIMIZERS[name]
    without, zero = make(), make(weight_decay=0.0)
    assert zero.update is without.update
    assert zero.params == without.params
    assert zero.rule is None or zero.rule.weight_decay == 0.0


@pytest.mark.parametrize("name", ["momentum"])
def test_the_theory_is_that_of_the_moved_minimum(name):
    make = OPTIMIZERS[name]
    setting = {"noise": LAW, "epsilon": 0.01, "dt": 0.01}
    wanted = ls.theory.predict(well(MOVED), make(), **setting)
    found = ls.theory.predict(well(), make(weight_decay=DECAY), **setting)
    still = ls.theory.predict(well(), make(), **setting)
    assert found.rate == pytest.approx(wanted.rate, rel=1e-9)
    assert found.rate != pytest.approx(still.rate, rel=0.05)


def test_sgd_leaves_with_the_measure_at_the_moved_minimum():
    """The jumps are counted from sqrt(1 - w), where x^3 - x + w x is 0."""
    found = ls.theory.predict(well(), ls.dynamics.sgd(weight_decay=DECAY), LAW, epsilon=0.01)
    exact = ls.theory.escape_rate(ls.domains.interval(0.0, 3.0), LAW, [MOVED], 0.01)
    assert found.rate == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("name", ["sgd", "momentum"])
def test_skipped_steps_have_the_predicted_mean(name):
    """In the asymmetric well, whose minimum is at 0 and stays there."""
    make = OPTIMIZERS[name]
    basin, options = ls.basins.asymmetric(), {"epsilon": 0.003, "dt": 0.005}
    run = ls.escape_times(
        basin, make(weight_decay=1.0), LAW, paths=4000, seed=1, method="jump", **options
    )
    allowed = 4.0 / np.sqrt(4000) + 0.03  # and the order eps^alpha
    rate, other = (
        ls.theory.predict(basin, make(weight_decay=w), LAW, **options).rate for w in (1.0, 0.0)
    )
    assert abs(run.mean * rate - 1.0) < allowed
    # A decay takes back a part of the step in which momentum spreads a jump, and nothing of SGD's.
    assert (abs(run.mean * other - 1.0) > allowed) == (name == "momentum")


def test_the_automatic_step_counts_it():
    """Like a curvature: k + w in the place of k, also where there is no other force."""
    sgd = ls.dynamics.sgd(weight_decay=3.0)
    assert automatic_step(ls.basins.flat(), sgd).dt == pytest.approx(0.01 / 4.0)
    assert automatic_step(ls.basins.driftless(), sgd).dt == pytest.approx(0.01 / 3.0)


def test_the_default_horizon_is_that_of_the_moved_minimum():
    setting = {"epsilon": 0.3, "paths": 2, "dt": 0.01, "horizon": None, "scheme": "flow"}
    wanted = exits(well(MOVED), ls.dynamics.sgd(), **setting).parameters["horizon"]
    found = exits(well(), ls.dynamics.sgd(weight_decay=DECAY), **setting).parameters["horizon"]
    still = exits(well(), ls.dynamics.sgd(), **setting).parameters["horizon"]
    assert found == pytest.approx(wanted, rel=0.01)
    assert found != pytest.approx(still, rel=0.05)


def test_a_stiff_decay_divides_steps():
    """In a weak well it is the decay by which an explicit step overshoots."""
    weak = ls.basins.quadratic(1, 0.01)
    decays = {w: chosen_scheme(weak, ls.dynamics.sgd(weight_decay=w), 0.05, 1.5) for w in (0, 10)}
    assert decays == {0: "euler", 10: "flow"}


def test_optimizers_are_compared_with_a_step_that_is_stable_with_it():
    """Beside Adam, whose step is long: half of 1/(k + w)."""
    optimizers = [ls.dynamics.adam(), ls.dynamics.momentum(0.0, weight_decay=99.0)]
    assert common_step(ls.basins.flat(), optimizers).dt == pytest.approx(0.5 / 100.0)


def test_a_step_in_which_it_takes_too_much_is_told():
    with pytest.warns(
        UserWarning, match="the largest curvature at the minimum is 2.1: .* diverges"
    ):
        ls.escape_times(
            ls.basins.flat(), ls.dynamics.sgd(weight_decay=20.0), LAW, 0.1, paths=2, dt=0.1
        )


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov"])
def test_it_is_recorded_and_made_again(name):
    make = OPTIMIZERS[name]
    run = ls.escape_times(
        ls.basins.flat(), make(weight_decay=0.5), LAW, 0.3, paths=4, dt=0.05, horizon=2.0
    )
    _, dynamics, *_ = spec.build(run.parameters)
    assert float(dynamics.params["weight_decay"]) == 0.5
    with pytest.raises(ValueError, match=r"weight_decay is -1"):
        make(weight_decay=-1.0)
