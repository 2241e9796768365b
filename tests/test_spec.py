"""One table of names, and parts that are made again from the record of a result."""

import dataclasses
import json

import numpy as np
import pytest
import user_parts

import levysde as ls
from levysde import spec

pytestmark = pytest.mark.quick


def own_basin():
    well = ls.Potential(2, user_parts.gradient, user_parts.value, {"k": 2.0}, name="quadratic")
    disc = ls.Domain(
        2, user_parts.outside, {"radius": 0.5}, name="ball", margin=user_parts.margin, cost=3.0
    )
    return ls.Basin(well, disc, [0.0, 0.0], name="own")


@pytest.mark.parametrize("kind", ["potential", "domain", "basin", "noise", "dynamics"])
def test_every_name_of_the_table_has_a_constructor(kind):
    for name in spec._TABLE[kind]:
        assert callable(spec.constructor(kind, name))
    with pytest.raises(ValueError, match=f"{kind} 'mystery' is not built in; choose"):
        spec.constructor(kind, "mystery")


def test_functions_of_a_user_are_imported_again():
    dynamics = ls.Dynamics("own", user_parts.step, sde=True, rule=ls.dynamics.Rule())
    noise = ls.noise.isotropic(1.5)
    run = ls.escape_times(own_basin(), dynamics, noise, 0.3, paths=40, dt=0.01, seed=3)
    record = json.loads(json.dumps(run.parameters))  # as a file has it
    basin, rule, law = spec.build(record)
    assert basin.domain.cost == 3.0
    assert basin.domain.margin is user_parts.margin
    assert basin.potential.value is user_parts.value
    assert rule.sde
    assert rule.rule.plain
    again = ls.escape_times(basin, rule, law, 0.3, paths=40, dt=0.01, seed=3)
    assert again.digest == run.digest
    assert np.array_equal(again.parameters["functions"], run.parameters["functions"])


def test_a_function_that_has_changed_is_told(monkeypatch):
    basin = own_basin()
    run = ls.escape_times(basin, ls.dynamics.sgd(), ls.noise.isotropic(1.5), 0.3, paths=5, dt=0.01)

    def gradient(x, p, out):
        for j in range(len(x)):
            out[j] = 2.0 * p[0] * x[j]

    monkeypatch.setattr(user_parts, "gradient", gradient)
    with pytest.raises(ValueError, match="gradient function user_parts:gradient is not the one"):
        spec.build(run.parameters)
    monkeypatch.delattr(user_parts, "gradient")
    with pytest.raises(ValueError, match="user_parts:gradient of the result cannot be imported"):
        spec.build(run.parameters)


def test_a_function_that_no_module_has_is_told():
    def outside(x, p):
        return abs(x[0]) >= 1.0

    basin = ls.Basin(ls.potentials.quadratic(1), ls.Domain(1, outside), [0.0])
    run = ls.escape_times(basin, ls.dynamics.sgd(), ls.noise.isotropic(1.5), 0.5, paths=5, dt=0.01)
    with pytest.raises(ValueError, match="the outside of the result is of a script, a notebook"):
        spec.build(run.parameters)


def test_records_of_earlier_versions_are_read():
    """They name no functions: their parts are built in, which was checked when they were made."""
    run = ls.escape_times(
        ls.basins.sharp(), ls.dynamics.adam(frozen=1.0), ls.noise.mixed(1.5, [[1.0]]), 0.5,
        paths=5, dt=0.01,
    )  # fmt: skip
    old = {k: v for k, v in run.parameters.items() if k not in ("functions", "declared")}
    basin, dynamics, noise = spec.build(old)
    assert (basin.name, dynamics.name, noise.name) == ("sharp", "adam", "mixed")
    with pytest.raises(ValueError, match="is not complete"):
        spec.build({k: v for k, v in old.items() if k != "minimum"})
    with pytest.raises(ValueError, match="'custom', is not built in"):
        spec.build({**old, "domain": {"name": "custom", "params": {}}})


# ------------------------------------------------------------------- facts that are declared


def test_a_law_of_the_same_name_and_other_facts_is_another():
    """A record holds what a law of the user says of its jumps, so that runs are not mixed."""
    setting = (ls.basins.flat(), ls.dynamics.sgd())
    wide, narrow = (ls.noise.Columns("mine", {}, 1.5, scale) for scale in (3.0, 1.0))
    options = {"epsilon": 0.3, "dt": 0.01, "horizon": 5.0}
    run = ls.escape_times(*setting, wide, paths=20, **options)
    with pytest.raises(ValueError, match="resume with the same parts"):
        ls.escape_times(*setting, narrow, paths=40, resume=run, **options)
    more = ls.escape_times(*setting, wide, paths=40, resume=run, **options)
    assert more.digest == ls.escape_times(*setting, wide, paths=40, **options).digest


def test_a_rule_follows_the_parameters_of_its_optimizer():
    given = {"b1": 0.9, "b2": 0.999, "eps": 1.0}
    changed = dataclasses.replace(ls.dynamics.adam(), params=given)
    assert changed.rule.eps == 1.0
    options = {"epsilon": 1.0, "dt": 0.02, "horizon": 50.0, "paths": 30}
    setting = (ls.basins.sharp(), ls.noise.independent(1.5))
    runs = [
        ls.escape_times(setting[0], dynamics, setting[1], **options)
        for dynamics in (changed, ls.dynamics.adam(eps=1.0), ls.dynamics.adam())
    ]
    assert runs[0].digest == runs[1].digest != runs[2].digest


def test_facts_that_no_record_holds_are_told():
    shape = ls.domains.Polytope([-1.0], [1.0])

    basin = own_basin()
    own = ls.Basin(
        ls.Potential(1, user_parts.gradient, params={"k": 2.0}),
        ls.Domain(1, user_parts.outside, {"radius": 1.0}, shape=shape),
        [0.0],
    )
    assert basin.domain.shape is None
    run = ls.escape_times(own, ls.dynamics.sgd(), ls.noise.isotropic(1.5), 0.5, paths=5, dt=0.01)
    with pytest.raises(ValueError, match="declare shape, which no record holds"):
        spec.build(run.parameters)


@pytest.mark.parametrize(
    ("key", "value"),
    [("dynamics_params", None), ("noise_params", []), ("functions", "x"), ("dynamics_params", {})],
)
def test_damaged_records_are_told(key, value):
    run = ls.escape_times(
        ls.basins.flat(), ls.dynamics.adam(frozen=1.0), ls.noise.isotropic(1.5), 0.5, paths=5,
        dt=0.01,
    )  # fmt: skip
    with pytest.raises(ValueError, match="give basin, dynamics and noise"):
        spec.build({**run.parameters, key: value})


@pytest.mark.parametrize(
    ("dynamics", "continuous"),
    [
        (ls.dynamics.sgd(), True),
        (ls.dynamics.sgd(clip=0.1), False),
        (ls.dynamics.momentum(0.5, form="sde", rates="per_time"), True),
        (ls.dynamics.momentum(0.5, form="sde"), False),
        (ls.dynamics.momentum(0.5), False),
        (ls.dynamics.adam(frozen=1.0, form="sde", rates="per_time"), True),
        (ls.dynamics.adam(frozen=1.0, form="sde"), False),
        (ls.dynamics.adam(form="sde", rates="per_time"), False),
        (ls.dynamics.adamw(frozen=1.0, form="sde", rates="per_time"), False),
        (ls.Dynamics("own", user_parts.step, sde=True), False),
    ],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_which_dynamics_have_a_continuous_time(dynamics, continuous):
    """An equation with rates per unit time and a constant divisor, neither decay nor clip."""
    assert dynamics.continuous is continuous
