"""`levysde theory --exact`: which exact means are shown, and why others are not."""

import json
import math

import numpy as np
import pytest

import levysde as ls
from levysde import theory
from levysde.cli import main

PARTS = """
import levysde as ls


def grows(x, t, p, out):
    out[0] = 1.0 + x[0] ** 2


def brownian():
    return ls.noise.plus_brownian(ls.noise.independent(1.5), 1.0)


def placed():
    return ls.noise.scaled(ls.noise.independent(1.5), grows)


def slowing():
    return ls.dynamics.scheduled(ls.dynamics.sgd(), ls.schedules.cosine(10.0))


def narrow():
    return ls.dynamics.walled(ls.dynamics.sgd(), -0.5, 2.0)


def wide():
    return ls.dynamics.walled(ls.dynamics.sgd(), -2.0, 2.0)


def unknown():
    return ls.dynamics.Dynamics("unknown", ls.dynamics.sgd().update)
"""


@pytest.fixture
def ask(capsys, tmp_path):
    (tmp_path / "parts.py").write_text(PARTS)

    def asked(words):
        given = words.format(parts=tmp_path / "parts.py").split()
        setting = ["theory", "--basin", "flat", "--epsilon", "0.3", "--exact", "--json"]
        code = main([*setting, *given])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return asked


def test_the_chain_of_cauchy_steps_is_that_of_student_t_with_one_degree(ask):
    exact = theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, 1.0, 0.3, 0.1)
    code, found, _ = ask("--noise student_t --noise-parameter df=1 --dt 0.1")
    assert code == 0
    assert found["exact_mean_exit_time"] == pytest.approx(exact, rel=1e-8)
    assert found["continuous_mean_exit_time"] is None
    assert "no process in continuous time" in found["continuous_mean_reason"]


@pytest.mark.parametrize("name", ["student_t", "lomax"])
def test_the_chain_of_heavy_tailed_steps_is_that_of_simulation(ask, name):
    law = getattr(ls.noise, name)(1.5)
    given = {"student_t": "--noise-parameter df=1.5", "lomax": "--alpha 1.5"}[name]
    exact = ask(f"--noise {name} {given} --dt 0.1")[1]["exact_mean_exit_time"]
    run = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), law, 0.3, paths=20_000, dt=0.1, seed=5
    )
    error = 4.0 * float(np.std(run.times)) / math.sqrt(20_000)
    assert abs(float(np.mean(run.times)) - exact) < error
    # That of the stable law to which sums of steps tend is another.
    scale = 0.3 * float(law.vectors)
    limit = theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, 1.5, scale, 0.1)
    assert abs(float(np.mean(run.times)) - limit) > error


def test_the_declared_densities_are_those_of_the_draws():
    for law in (ls.noise.student_t(1.5), ls.noise.student_t(3.0), ls.noise.lomax(1.2)):
        x = np.array([-2.0, -0.3, 0.0, 0.7, 4.0])
        slope = (law.step.step_tail(x - 1e-6) - law.step.step_tail(x + 1e-6)) / 2e-6
        assert law.step.step_density(x) == pytest.approx(slope, rel=1e-5)
        drawn = ls.noise.sample(law, size=20_000, seed=2).ravel()
        for place in x:
            share = float(law.step.step_tail(np.array([place]))[0])
            error = 4.0 * math.sqrt(share * (1.0 - share) / 20_000)
            assert abs(float(np.mean(drawn > place)) - share) < error


def test_a_brownian_part_is_in_the_continuous_mean(ask):
    code, found, _ = ask("--noise {parts}:brownian")
    assert code == 0
    assert found["continuous_mean_exit_time"] == pytest.approx(8.28134, rel=1e-6)
    assert found["exact_mean_exit_time"] is None
    assert "Brownian part" in found["exact_mean_reason"]


def test_the_continuous_mean_is_shown_where_the_chain_needs_too_many_nodes(ask):
    code, found, _ = ask("--alpha 0.5")
    assert code == 0
    assert found["continuous_mean_exit_time"] == pytest.approx(2.229030, rel=1e-6)
    assert found["exact_mean_exit_time"] is None
    assert "give a larger --dt" in found["exact_mean_reason"]


@pytest.mark.parametrize("beta", [0.5, -1.0, 1.0])
@pytest.mark.parametrize("alpha", [0.8, 1.05, 1.5])
def test_skewed_motion_without_a_force_needs_no_step(ask, alpha, beta):
    # Profeta & Simon (2016): cos(pi alpha (rho - 1/2))/Gamma(1 + alpha) from 0 out of (-1, 1).
    shift = math.atan(beta * math.tan(0.5 * math.pi * alpha)) / math.pi
    exact = math.cos(math.pi * shift) / math.gamma(1.0 + alpha)
    words = f"--basin driftless --epsilon 1 --alpha {alpha} --beta={beta}"
    code, found, _ = ask(words)
    assert code == 0
    assert found["continuous_mean_exit_time"] == pytest.approx(exact, rel=1e-9)
    assert found["exact_mean_exit_time"] is None
    assert found["dt"] is None


def test_walls_that_contain_the_basin_leave_both_means(ask):
    code, found, _ = ask("--dynamics {parts}:wide --dt 0.1")
    assert code == 0
    assert found["exact_mean_exit_time"] == pytest.approx(11.918026, rel=1e-7)
    assert found["continuous_mean_exit_time"] == pytest.approx(11.205827, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--dynamics {parts}:slowing", "the dynamics has a schedule"),
        ("--dynamics {parts}:narrow", "those of the dynamics may change exits"),
        ("--dynamics {parts}:unknown", "--exact is for sgd"),
        ("--noise {parts}:placed", "the noise depends on the state or on time"),
        ("--beta 0.5", "the noise is skewed"),
        ("--noise tempered --noise-parameter length=3", "no exact mean is known with tempered"),
    ],
)
def test_no_mean_is_one_sentence(ask, words, told):
    code, found, err = ask(words)
    assert (code, found) == (2, {})
    assert told in err
    assert err.count("\n") == 1
