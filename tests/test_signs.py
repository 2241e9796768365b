"""Optimizers of which no law is known: against their formulas, written out for arrays."""

import numpy as np
import pytest

import levysde as ls
from tests.test_optimizers import INCREMENTS, START, make, walk

CURVATURE = np.array([0.5, 2.0, 8.0])
DT = 2.0**-5


def formula(name, b1=0.0, b2=0.0, decay=0.0):
    """The path of the steps as published."""
    x, m, path = START.copy(), np.zeros(3), [START]
    for increment in INCREMENTS:
        h = CURVATURE * x - increment / DT
        if name == "signsgd":
            m = b1 * m + (1.0 - b1) * h
            x = x - DT * np.sign(m)
        else:
            x = (1.0 - decay * DT) * x - DT * np.sign(b1 * m + (1.0 - b1) * h)
            m = b2 * m + (1.0 - b2) * h
        path.append(x)
    return np.array(path)


@pytest.mark.parametrize(
    ("name", "options", "as_published"),
    [
        ("signsgd", {}, {}),
        ("signsgd", {"decay": 0.8}, {"b1": 0.8}),
        ("lion", {}, {"b1": 0.9, "b2": 0.99}),
        ("lion", {"b1": 0.5, "b2": 0.7, "weight_decay": 0.3}, {"b1": 0.5, "b2": 0.7, "decay": 0.3}),
    ],
)
def test_steps_are_those_of_the_formula(name, options, as_published):
    found = walk(make(name, **options), INCREMENTS, CURVATURE)
    assert found == pytest.approx(formula(name, **as_published), abs=1e-12)
    assert np.abs(found - formula(name, b1=0.3)).max() > 1e-3


def test_lion_without_averages_is_signsgd():
    assert np.array_equal(
        walk(ls.dynamics.lion(0.0, 0.0), INCREMENTS, CURVATURE),
        walk(ls.dynamics.signsgd(), INCREMENTS, CURVATURE),
    )


@pytest.mark.parametrize("name", ["signsgd", "lion", "nesterov", "nadam", "adagrad"])
def test_the_theory_says_that_it_knows_no_law(name):
    noise = ls.noise.independent(1.5)
    found = ls.theory.predict(ls.basins.flat(), make(name), noise, 0.1, dt=0.01)
    assert found.rate is None
    assert found.reason
    run = ls.escape_times(ls.basins.flat(2), make(name), noise, lr=0.05, horizon=50.0, paths=40)
    again = ls.spec.build(run.parameters)[1]
    assert again.name == name
    assert dict(again.params) == dict(make(name).params)


@pytest.mark.parametrize("name", ["adam", "adam_l2", "adamw", "adamprox", "nadam", "lion"])
def test_betas_are_understood(name):
    assert dict(make(name, betas=(0.5, 0.7)).params) == dict(make(name, b1=0.5, b2=0.7).params)


def test_wrong_betas_are_refused():
    with pytest.raises(ValueError, match=r"betas is 0.9; give two numbers"):
        ls.dynamics.adam(betas=0.9)
    with pytest.raises(TypeError, match="got betas and b1 or b2; give one of them"):
        ls.dynamics.adam(b1=0.9, betas=(0.9, 0.99))
    with pytest.raises(TypeError, match="has no argument 'betas'; give b1 and b2"):
        ls.dynamics.momentum(betas=(0.9, 0.99))


def test_adagrad_adds_eps_to_the_root():
    """One step by hand: v = h^2, x - dt h/(|h| + eps), as PyTorch has it."""
    part = ls.dynamics.adagrad(eps=0.5)
    x, _, v = part.update(0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.1, 0.0, part.step_parameters(0.1))
    assert (x, v) == pytest.approx((1.0 - 0.1 * 2.0 / 2.5, 4.0), rel=1e-14)
