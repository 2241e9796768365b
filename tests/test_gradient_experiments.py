"""Formulas of the experiments on gradients, against numbers that they do not make."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, optimize, signal

import levysde as ls
from levysde import imported
from levysde.report.experiments import experiments, reproduce


def part(experiment: str, name: str, file: str = "draw.py"):
    return imported.find(f"{experiments()[experiment] / file}:{name}")


# ------------------------------------------------------------------------------ linear regression


def chi_square_density(x, degrees):
    half = 0.5 * degrees
    return 0.5 * math.exp(-0.5 * x) * (0.5 * x) ** (half - 1.0) / math.gamma(half)


def growth(eta, dim, batch, alpha):
    """The moment of the factor of one step, by scipy's adaptive integration."""

    def over_x(x, y):
        factor = (1.0 - eta * x / batch) ** 2 + (eta / batch) ** 2 * x * y
        return factor ** (0.5 * alpha) * chi_square_density(x, batch)

    if dim == 1:
        kink = batch / eta
        return sum(integrate.quad(over_x, *ends, args=(0.0,))[0] for ends in
                   ((0.0, kink), (kink, kink + 80.0)))  # fmt: skip
    return integrate.dblquad(
        lambda x, y: over_x(x, y) * chi_square_density(y, dim - 1),
        0.0, 60.0, 0.0, 60.0, epsabs=1e-5,
    )[0]  # fmt: skip


@pytest.mark.parametrize(("eta", "expected"), [(0.5, 2.9040), (0.8, 1.5464), (1.0, 1.0908)])
def test_the_index_in_one_dimension(eta: float, expected: float) -> None:
    other = optimize.brentq(lambda alpha: growth(eta, 1, 1, alpha) - 1.0, 0.3, 6.0)
    found = part("kesten", "index")(eta, 1, 1)
    assert found == pytest.approx(expected, abs=1e-4)
    assert found == pytest.approx(other, abs=1e-6)


def test_the_growth_in_three_dimensions() -> None:
    of = part("kesten", "growth")
    for alpha in (0.7, 1.3):
        assert of(alpha, 0.9, 3, 4) == pytest.approx(growth(0.9, 3, 4, alpha), abs=1e-4)
    # Second moment by hand: 1 - 2 eta + eta^2 (b + d + 1)/b; a dimension more is another number.
    assert of(2.0, 0.9, 3, 4) == pytest.approx(1.0 - 1.8 + 0.81 * 8.0 / 4.0, abs=1e-12)
    assert abs(of(2.0, 0.9, 4, 4) - of(2.0, 0.9, 3, 4)) > 0.1


def test_the_critical_step_size() -> None:
    index = part("kesten", "index")
    for dim, batch in ((1, 1), (3, 2), (100, 10)):
        critical = 2.0 * batch / (batch + dim + 1.0)
        assert index(critical, dim, batch) == pytest.approx(2.0, abs=1e-6)
        assert abs(index(0.999 * critical, dim, batch) - 2.0) > 1e-3


# ---------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize("sizes", [(5, 3), (5, 4, 3), (5, 4, 6, 3)], ids=str)
def test_gradients_of_the_network(sizes: tuple[int, ...]) -> None:
    """Against central differences of a loss that is written for this test."""
    random = np.random.default_rng(3)
    X, y = random.standard_normal((7, 5)), random.integers(0, 3, 7)
    layers = part("gradient_noise", "layers", "network.py")
    weights = part("gradient_noise", "initial", "network.py")(sizes, random)
    weights += 0.1 * random.standard_normal(weights.size)

    def losses(w):
        signal = X
        for k, (matrix, bias) in enumerate(layers(w, sizes)):
            signal = signal @ matrix.T + bias
            signal = np.tanh(signal) if k < len(sizes) - 2 else signal
        return np.log(np.exp(signal).sum(axis=1)) - signal[np.arange(7), y]

    steps = 1e-5 * np.eye(weights.size)
    slopes = [(losses(weights + each) - losses(weights - each)) / 2e-5 for each in steps]
    single = part("gradient_noise", "single_gradients", "network.py")(weights, sizes, X, y)
    assert single == pytest.approx(np.array(slopes).T, abs=1e-8)
    mean = part("gradient_noise", "mean_gradient", "network.py")(weights, sizes, X, y)
    assert mean == pytest.approx(single.mean(axis=0), abs=1e-15)
    if len(sizes) == 3:
        risk = ls.potentials.mlp(X, y, hidden=4, classes=3)
        assert mean == pytest.approx(risk.gradient_at(weights), abs=1e-14)


def convolution_loss(net, image: np.ndarray, label: int) -> float:
    """The cross entropy of one image, written for this test."""
    maps = []
    for each, offset in zip(net.filters, net.filter_bias, strict=True):
        found = signal.correlate2d(image, each.reshape(3, 3), mode="valid") + offset
        active = np.maximum(found, 0.0)
        rows, columns = (range(0, size, 2) for size in active.shape)
        maps.append([active[i : i + 2, j : j + 2].max() for i in rows for j in columns])
    scores = net.matrix @ np.array(maps).T.ravel() + net.bias
    return float(np.log(np.exp(scores).sum()) - scores[label])


def test_gradients_of_the_convolutional_network() -> None:
    sizes, random = (6, 3, 4), np.random.default_rng(12)
    X, y = random.standard_normal((5, 36)), random.integers(0, 4, 5)
    layers, initial, single_gradients, mean_gradient = (
        part("gradient_noise", name, "convolution.py")
        for name in ("layers", "initial", "single_gradients", "mean_gradient")
    )
    weights = initial(sizes, random)
    weights += 0.3 * random.standard_normal(weights.size)
    assert weights.size == 3 * 10 + 4 * (4 * 3 + 1)

    def losses(w):
        pairs = zip(X.reshape(-1, 6, 6), y, strict=True)
        return np.array([convolution_loss(layers(w, sizes), *pair) for pair in pairs])

    steps = 1e-6 * np.eye(weights.size)
    slopes = [(losses(weights + each) - losses(weights - each)) / 2e-6 for each in steps]
    single = single_gradients(weights, sizes, X, y)
    assert single == pytest.approx(np.array(slopes).T, abs=1e-8)
    assert (np.abs(single).max(axis=0) > 1e-3).all()
    mean = mean_gradient(weights, sizes, X, y)
    assert mean == pytest.approx(single.mean(axis=0), abs=1e-15)


def test_the_pooled_estimate_of_gaussian_noise() -> None:
    # In large blocks, lognormal scales of spread tau: 1/alpha = 1/2 + tau^2/log(block).
    of = part("gradient_noise", "gaussian_expectation")
    mild = np.exp(0.5 * np.random.default_rng(5).standard_normal(20_000))
    assert of(mild, 50) == pytest.approx(1.0 / (0.5 + 0.25 / math.log(1000.0)), abs=0.01)
    scales = np.exp(1.5 * np.random.default_rng(5).standard_normal(3000))
    samples = scales * np.random.default_rng(6).standard_normal((400, 3000))
    found = part("gradient_noise", "pooled")(samples)
    assert abs(found.value - of(scales, 400)) < 4.0 * found.error
    assert abs(found.value - 2.0) > 20.0 * found.error


def test_adamw_does_not_see_a_factor_of_a_layer() -> None:
    random = np.random.default_rng(8)
    X, y = random.standard_normal((60, 64)), random.integers(0, 10, 60)
    run = part("layer_updates", "run")
    for name, same in (("ADAMW", True), ("ADAM_L2", False), ("ADAMW_EPS", False)):
        rule = part("layer_updates", name)
        first, second = (run(rule, X, y, 40, factor).weights for factor in (1.0, 1.0 / 32.0))
        assert np.array_equal(first, second) == same, name


# ------------------------------------------------------------------------------------------ basins


def test_the_quasi_potential_of_steps() -> None:
    """In one dimension the stationary variance is lr c/(h (2 - lr h)), and V = level/(h var)."""
    of, level = part("minibatch_escape", "quasi_potential"), part("minibatch_escape", "LEVEL")
    h, c, lr = 0.3, 0.05, 0.4
    variance = lr * c / (h * (2.0 - lr * h))
    assert of(np.array([[h]]), np.array([[c]]), lr) == pytest.approx(level / (h * variance))
    # Of independent directions the one that is reached soonest decides.
    both = of(np.diag([h, 0.1]), np.diag([c, 0.5]), lr)
    other = level / (lr * 0.5 / (2.0 - lr * 0.1))
    assert both == pytest.approx(min(other, level / (h * variance)))
    # Turned axes change nothing.
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = of(turn @ np.diag([h, 0.1]) @ turn.T, turn @ np.diag([c, 0.5]) @ turn.T, lr)
    assert turned == pytest.approx(both)


# ---------------------------------------------------------------------------------- the whole of it


@pytest.mark.parametrize("name", ["gradient_noise", "layer_updates", "minibatch_escape"])
def test_a_quick_run_is_as_documented(name: str, tmp_path: Path) -> None:
    """That of ``kesten`` is made by ``levysde reproduce`` in `.ci/run`."""
    pytest.importorskip("sklearn")
    (made,) = reproduce([name], tmp_path, quick=True)
    assert not made.failed
    assert [finding for finding in made.findings if not finding.as_documented] == []
