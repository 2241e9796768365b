"""The recipe for an optimizer: a constructor of its own and one line of a table."""

import json
import sys
from types import ModuleType

import pytest
import user_parts

import levysde as ls
from levysde import spec
from levysde.cli import main


def heavy(decay=0.9, inertia=0.0):
    """The heavy ball, as somebody else would add it; inertia is added to what is kept."""
    decay = decay + inertia
    rule = ls.dynamics.Rule("algorithm", average=decay, dampening=0.0)
    return ls.Dynamics(
        "heavy", user_parts.heavy_ball, memory=True, params={"decay": decay}, rule=rule
    )


def smooth(decay=2.0):
    """The same average in an equation with a rate per unit time: known to the jump method."""

    def update(j, x, m, v, g, dL, dt, t, p):
        m = m + p[0] * dt * (g - m)
        return x - dt * m + dL, m, v

    rule = ls.dynamics.Rule("sde", "per_time", average=decay)
    return ls.Dynamics("smooth", update, memory=True, params={"decay": decay}, sde=True, rule=rule)


@pytest.fixture(autouse=True)
def table(monkeypatch):
    module = ModuleType("somebody")
    module.heavy, module.smooth = heavy, smooth
    monkeypatch.setitem(sys.modules, "somebody", module)
    monkeypatch.setitem(spec.DYNAMICS, "heavy", "somebody")
    monkeypatch.setitem(spec.DYNAMICS, "smooth", "somebody")


def test_it_is_simulated_and_predicted_as_the_built_in_one():
    setting = (ls.basins.flat(), ls.noise.independent(1.5), 0.3)
    own, built_in = heavy(0.8), ls.dynamics.momentum(0.8)
    runs = [
        ls.escape_times(setting[0], d, *setting[1:], paths=60, dt=0.01) for d in (own, built_in)
    ]
    assert runs[0].mean == pytest.approx(runs[1].mean, rel=1e-9)
    laws = [ls.theory.predict(setting[0], d, *setting[1:], dt=0.01) for d in (own, built_in)]
    assert laws[0].rate == laws[1].rate
    assert laws[0].rate is not None
    # Another average is another law.
    other = ls.theory.predict(setting[0], heavy(0.95), *setting[1:], dt=0.01)
    assert abs(other.rate / laws[0].rate - 1.0) > 0.05


def test_the_jump_method_knows_it():
    setting = (ls.basins.flat(), ls.noise.independent(1.5), 0.01)
    options = {"paths": 40, "method": "jump", "seed": 1}
    own = ls.escape_times(setting[0], smooth(2.0), *setting[1:], **options)
    mean = ls.dynamics.momentum(2.0, form="sde", rates="per_time")
    assert own.digest == ls.escape_times(setting[0], mean, *setting[1:], **options).digest


def test_the_command_line_knows_it(capsys):
    words = "escape --dynamics heavy --decay 0.8 --epsilon 0.5 --paths 20 --dt 0.01 --json"
    assert main(words.split()) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["dynamics"] == "heavy"
    assert record["dynamics_params"] == {"decay": 0.8}
    words = words.replace("--decay 0.8", "--decay 0.5 --dynamics-parameter inertia=0.3")
    assert main(words.split()) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == record["digest"]
    assert main(["escape", "--dynamics", "heavy", "--b1", "0.8", "--paths", "20"]) == 2
    assert "--b1 is for adam" in capsys.readouterr().err


def test_a_record_is_read_back():
    run = ls.escape_times(
        ls.basins.flat(), heavy(0.8), ls.noise.independent(1.5), 0.5, paths=10, dt=0.01
    )
    again = spec.build(run.parameters)[1]
    assert again.name == "heavy"
    assert again.rule.average == 0.8
