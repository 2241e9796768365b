"""Means over examples: gradients, minima, and what is refused."""

import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import levysde as ls
from levysde import domains, potentials
from levysde.theory.flow import gradient_at
from levysde.trial import try_functions

RNG = np.random.default_rng(5)
DATA = RNG.standard_normal((30, 3))
ANSWERS = DATA @ [1.0, -2.0, 0.5] + RNG.standard_normal(30)
CLASSES = (ANSWERS > 0.0).astype(float)
KINDS = RNG.integers(0, 3, 30)


def towards(i, x, p, out):
    out[0] = x[0] - p[i]


def distance(i, x, p):
    return 0.5 * (x[0] - p[i]) ** 2


def numerical_gradient(function, x, step=1e-5):
    around = (function(x + step * e) - function(x - step * e) for e in np.eye(len(x)))
    return np.array(list(around)) / (2.0 * step)


# ------------------------------------------------------------------------- losses against formulas


def linear_loss(w):
    return np.mean(0.5 * (DATA @ w - ANSWERS) ** 2) + 0.05 * w @ w


def logistic_loss(w):
    z = DATA @ w
    return np.mean(np.log1p(np.exp(z)) - CLASSES * z) + 0.05 * w @ w


def scores(w, outputs, hidden=4):
    ends = np.cumsum([3 * hidden, hidden, outputs * hidden])
    first, a, second, b = np.split(w, ends)
    units = np.tanh(DATA @ first.reshape(hidden, 3).T + a)
    return units @ second.reshape(outputs, hidden).T + b


def softmax_loss(w):
    s = scores(w, 3)
    return np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(30), KINDS]) + 0.05 * w @ w


def one_score_loss(w):
    z = scores(w, 1)[:, 0]
    return np.mean(np.log1p(np.exp(z)) - CLASSES * z) + 0.05 * w @ w


LOSSES = {
    "linear": (potentials.linear_regression(DATA, ANSWERS, 0.1), linear_loss),
    "logistic": (potentials.logistic_regression(DATA, CLASSES, 0.1), logistic_loss),
    "softmax": (potentials.mlp(DATA, KINDS, 4, 0.1), softmax_loss),
    "two classes": (potentials.mlp(DATA, CLASSES, 4, 0.1), one_score_loss),
}


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_those_of_the_loss_in_numpy(name):
    risk, loss = LOSSES[name]
    assert risk.examples == 30
    for w in np.random.default_rng(1).standard_normal((3, risk.dim)):
        assert risk.value_at(w) == pytest.approx(loss(w), rel=1e-12)
        assert risk.gradient_at(w) == pytest.approx(numerical_gradient(loss, w), abs=1e-8)
        # The twin: a loss without its penalty has another gradient.
        wrong = numerical_gradient(lambda w: loss(w) - 0.05 * w @ w, w)
        assert np.abs(risk.gradient_at(w) - wrong).max() > 1e-2


@pytest.mark.parametrize("name", LOSSES)
def test_plain_and_compiled_gradients_of_an_example_agree(name):
    risk, _ = LOSSES[name]
    w, p = np.linspace(-1.0, 1.0, risk.dim), np.array(risk.p[1:])
    single = np.empty((30, risk.dim))
    for i in range(30):
        risk.gradient_i(i, w, p, single[i])
    assert risk.gradient_at(w) == pytest.approx(single.mean(axis=0), rel=1e-12, abs=1e-14)
    values = [risk.value_i(i, w, p) for i in range(30)]
    assert risk.value_at(w) == pytest.approx(np.mean(values), rel=1e-12)


def test_the_minimum_of_linear_regression_is_that_of_least_squares():
    risk = potentials.linear_regression(DATA, ANSWERS)
    exact = np.linalg.lstsq(DATA, ANSWERS)[0]
    assert risk.center == pytest.approx(exact, rel=1e-10)
    assert risk.hessian == pytest.approx(DATA.T @ DATA / 30.0, rel=1e-12)
    assert np.abs(risk.gradient_at(risk.center)).max() < 1e-13
    # Fewer examples than weights: many minima, and none is declared.
    assert potentials.linear_regression(DATA[:2], ANSWERS[:2]).center is None


@pytest.mark.parametrize("offset", [1e4, 1e6])
@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_the_minimum_of_data_far_from_zero_is_that_of_exact_numbers(offset, ridge):
    from fractions import Fraction

    data = np.c_[np.round(DATA[:, :1] * 64.0) / 64.0 + offset, np.ones(30)]
    risk = potentials.linear_regression(data, ANSWERS, ridge)
    rows = [[Fraction(float(value)) for value in row] for row in data]
    y, penalty = [Fraction(float(value)) for value in ANSWERS], 30 * Fraction(ridge)
    a = sum(r[0] ** 2 for r in rows) + penalty
    b = sum(r[0] for r in rows)
    c = len(rows) + penalty
    u, v = sum(r[0] * each for r, each in zip(rows, y, strict=True)), sum(y)
    exact = [float((c * u - b * v) / (a * c - b * b)), float((a * v - b * u) / (a * c - b * b))]
    assert risk.center == pytest.approx(exact, rel=1e-16 * 4.0 * offset**2)
    assert risk.hessian is None or ridge
    # The twin: the same column twice has no single minimum.
    assert potentials.linear_regression(np.c_[data, data[:, :1]], ANSWERS).center is None


def test_far_weights_do_not_overflow():
    risk = potentials.logistic_regression([[1.0], [-1.0]], [1.0, 1.0])
    assert risk.value_at([2000.0]) == 1000.0
    assert risk.gradient_at([2000.0]).tolist() == [0.5]
    deep = potentials.mlp([[1.0]], [2], hidden=1, classes=3)
    assert deep.value_at([0.0, 0.0, 0.0, 0.0, 0.0, 800.0, 0.0, 0.0]) == 800.0


def test_torch_agrees_with_the_written_out_gradient():
    torch = pytest.importorskip("torch", reason="the extra torch")
    risk = LOSSES["softmax"][0]
    w = np.random.default_rng(3).standard_normal(risk.dim)
    weights = torch.tensor(w, requires_grad=True)
    first, a, second, b = weights.split([12, 4, 12, 3])
    units = torch.tanh(torch.tensor(DATA) @ first.reshape(4, 3).T + a)
    found = torch.nn.functional.cross_entropy(
        units @ second.reshape(3, 4).T + b, torch.tensor(KINDS)
    )
    found = found + 0.05 * (weights**2).sum()
    found.backward()
    assert risk.value_at(w) == pytest.approx(found.item(), rel=1e-12)
    assert risk.gradient_at(w) == pytest.approx(weights.grad.numpy(), rel=1e-10, abs=1e-13)


# ------------------------------------------------------------------------------- what one can do


def test_a_sum_is_a_potential_like_others():
    mean = potentials.finite_sum(1, 3, towards, distance, {"places": [0.0, 1.0, 5.0]})
    assert mean.value_at([2.0]) == pytest.approx(0.5 * (4.0 + 1.0 + 9.0) / 3.0)
    basin = ls.Basin(mean, domains.sublevel_set(mean, 4.0), [2.0])
    noise = ls.noise.independent(1.5)
    plain = ls.Potential(1, lambda x, p, out: out.__setitem__(0, x[0] - 2.0))
    assert ls.theory.predict(basin, ls.dynamics.sgd(), noise, 0.1).rate > 0.0
    found = ls.escape_times(basin, ls.dynamics.sgd(), noise, 0.5, paths=50, dt=0.1)
    assert found.escaped == 50
    assert mean.gradient_at([7.0]) == plain.gradient_at([7.0])


def test_a_sum_is_short_in_print_and_can_be_pickled():
    risk = LOSSES["linear"][0]
    assert repr(risk) == "FiniteSum(name='linear_regression', dim=3, examples=30)"
    again = pickle.loads(pickle.dumps(risk))
    assert again.is_same_as(risk)
    assert again.center.tolist() == risk.center.tolist()
    assert not LOSSES["logistic"][0].is_same_as(risk)


# --------------------------------------------------------------------------------- what is refused


def writes_beyond(i, x, p, out):
    out[0] = x[0]
    out[1] = 0.0


def writes_beyond_later(i, x, p, out):
    for j in range(len(x) + 1):
        out[j] = 0.0


def reads_beyond(i, x, p, out):
    out[0] = x[0] - p[i + 1]


def leaves_out(i, x, p, out):
    if i == 0:
        out[0] = x[0]


def adds(i, x, p, out):
    out[0] += x[0]


def changes_x(i, x, p, out):
    x[0] = 0.0
    out[0] = 1.0


def returns_none(i, x, p):
    return None


PLACES = {"places": [0.0, 1.0]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((0, 2, towards), "dim is 0; give a whole number"),
        ((1, 0, towards), "examples is 0; give a whole number of at least 1"),
        ((1, 2.5, towards), "examples is 2.5"),
        ((1, 2, "towards"), "gradient_i is 'towards'; give a plain function"),
        ((1, 2, towards, 3), "value_i is 3; give a plain function"),
        ((1, 2, towards, None, {"places": [math.nan, 1.0]}), "'places' is NaN"),
        ((1, 2, towards, None, {"examples": 2.0}), "which is the number of terms"),
        ((1, 3, towards, None, PLACES), "failed for example 2 .* p has 2 and examples are 0 to 2"),
        ((1, 2, writes_beyond, None, PLACES), r"uses out\[1\], but out has 1 numbers"),
        ((1, 2, writes_beyond_later, None, PLACES), "failed for example 0 .*out have 1 numbers"),
        ((1, 2, reads_beyond, None, PLACES), "failed for example 1 .*p has 2"),
        ((1, 2, leaves_out, None, PLACES), "left component 0 of out unwritten"),
        ((1, 2, adds, None, PLACES), "left component 0 of out unwritten, or read it"),
        ((1, 2, changes_x, None, PLACES), "changed x for example 0"),
    ],
)
def test_bad_sums_are_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        potentials.finite_sum(*given)


def far_from_zero(i, x, p, out):
    if x[0] > 3.0:
        out[1 + i] = 0.0
    out[0] = x[0]


def test_what_only_shows_elsewhere_is_found_in_the_trial():
    mean = potentials.finite_sum(1, 2, far_from_zero)
    basin = ls.Basin(mean, domains.interval(-5.0, 5.0), [0.0])
    with pytest.raises(ValueError, match="far_from_zero"):
        try_functions(basin)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: potentials.linear_regression([1.0], [1.0]), "X has shape .1,.; give a matrix"),
        (lambda: potentials.linear_regression([[1.0]], [1.0, 2.0]), "y has shape .2,.; give shape"),
        (lambda: potentials.linear_regression([[math.nan]], [1.0]), "X is .*nan.*; give finite"),
        (lambda: potentials.linear_regression([[1.0]], [math.inf]), "y is .*inf.*; give finite"),
        (lambda: potentials.linear_regression([[1.0]], [1.0], -1.0), "ridge is -1; give"),
        (lambda: potentials.logistic_regression([[1.0]], [2.0]), "y has the class 2; give 0 or 1"),
        (lambda: potentials.mlp([[1.0]], [0.5], 2), "give the classes 0 to 1, whole numbers"),
        (lambda: potentials.mlp([[1.0]], [3], 2, classes=3), "give the classes 0 to 2"),
        (lambda: potentials.mlp([[1.0]], [0], 0), "hidden is 0; give a whole number"),
        (lambda: potentials.mlp([[1.0]], [0], 1, classes=1), "classes is 1; give a whole"),
        (lambda: potentials.quadratic().batch_part(1, True), "has no examples"),
    ],
)
def test_bad_data_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_values_that_are_no_numbers_are_refused():
    mean = potentials.finite_sum(1, 2, towards, returns_none, PLACES)
    with pytest.raises(ValueError, match="value_i failed for example 0"):
        mean.value_at([1.0])
    with pytest.raises(ValueError, match="no value function; give value_i"):
        potentials.finite_sum(1, 2, towards, None, PLACES).value_at([1.0])


def test_the_theory_asks_for_means_at_once_and_not_in_plain_python():
    risk = LOSSES["linear"][0]
    w = np.array([0.1, 0.2, 0.3])
    assert gradient_at(risk, w) == pytest.approx(risk.gradient_at(w), rel=1e-12)
    asked = SimpleNamespace(examples=7, gradient_many=lambda points: 2.0 * points)
    assert gradient_at(asked, w).tolist() == [0.2, 0.4, 0.6]
