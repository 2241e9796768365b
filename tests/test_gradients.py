"""Per-example gradients, the noise of minibatches made of them, and local basins."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

import levysde as ls
from levysde import gradients, potentials
from levysde.gradients import Gradients, from_function, local_basin, noise_samples

RNG = np.random.default_rng(11)
DATA = RNG.standard_normal((24, 3))
KINDS = RNG.integers(0, 3, 24)
RISK = potentials.mlp(DATA, KINDS, 4, 0.1)
W = np.random.default_rng(12).standard_normal(RISK.dim)


def single(i, w):
    out = np.empty(RISK.dim)
    RISK.gradient_i(i, w, np.array(RISK.p[1:]), out)
    return out


def torch_module():
    return pytest.importorskip("torch", reason="the extra torch")


def torch_weights(torch, w=W, dtype=None):
    first, a, second, b = torch.tensor(w, dtype=dtype or torch.float64).split([12, 4, 12, 3])
    return {"W": first.reshape(4, 3), "a": a, "V": second.reshape(3, 4), "b": b}


def torch_loss(torch):
    def loss(p, x, y):
        scores = p["V"] @ torch.tanh(p["W"] @ x + p["a"]) + p["b"]
        penalty = sum((value**2).sum() for value in p.values())
        return torch.nn.functional.cross_entropy(scores, y) + 0.05 * penalty

    return loss


# -------------------------------------------------------------------------------- one an example


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_torch_gives_the_written_out_gradients(chunk):
    torch = torch_module()
    found = gradients.per_example(torch_loss(torch), torch_weights(torch), DATA, KINDS, chunk=chunk)
    expected = np.array([single(i, W) for i in range(24)])
    assert found.values == pytest.approx(expected, rel=1e-10, abs=1e-13)
    assert found.values.dtype == np.float64
    assert found.groups == {
        "W": slice(0, 12), "a": slice(12, 16), "V": slice(16, 28), "b": slice(28, 31)
    }  # fmt: skip
    assert np.array_equal(found.group("V"), found.values[:, 16:28])
    assert found.mean == pytest.approx(RISK.gradient_at(W), rel=1e-10, abs=1e-13)
    # The twin: another answer, another gradient.
    wrong = gradients.per_example(torch_loss(torch), torch_weights(torch), DATA, (KINDS + 1) % 3)
    assert np.abs(wrong.values - expected).max() > 0.1


def test_a_module_has_the_gradients_of_autograd_one_by_one():
    torch = torch_module()
    generator = torch.Generator().manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
    entropy = torch.nn.functional.cross_entropy
    found = gradients.per_example(entropy, module, DATA, KINDS)
    assert list(found.groups) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for i in (0, 5, 23):
        module.zero_grad()
        x = torch.tensor(DATA[i : i + 1], dtype=torch.float32)
        entropy(module(x), torch.tensor(KINDS[i : i + 1])).backward()
        expected = np.concatenate([w.grad.numpy().ravel() for w in module.parameters()])
        assert found.values[i] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_function_of_ones_own_one_by_one_and_batched():
    one = from_function(single, W, 24)
    many = from_function(
        lambda rows, w: np.array([single(i, w) for i in rows]), W, 24, batched=True, chunk=5,
        groups={"W": slice(0, 12)},
    )  # fmt: skip
    assert np.array_equal(one.values, many.values)
    assert one.mean == pytest.approx(RISK.gradient_at(W), rel=1e-12, abs=1e-14)
    assert many.group("W").shape == (24, 12)
    assert repr(many) == "Gradients(examples=24, coordinates=31, groups=['W'])"
    again = pickle.loads(pickle.dumps(many))
    assert np.array_equal(again.values, many.values)
    assert again.groups == many.groups


def test_importing_the_package_loads_no_torch():
    code = "import sys, levysde; levysde.gradients.noise_samples; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


# --------------------------------------------------------------------------- noise of minibatches

ROWS = from_function(single, W, 24)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("batch", [1, 5, 24])
def test_noise_is_that_of_the_minibatches_of_sgd(batch, replacement):
    found = noise_samples(ROWS, batch, 200, seed=3, replacement=replacement)
    drawn = RISK.batch_gradients(W, batch, 200, seed=3, replacement=replacement)
    assert found == pytest.approx(drawn - RISK.gradient_at(W), rel=1e-9, abs=1e-12)
    other = noise_samples(ROWS, batch, 200, seed=4, replacement=replacement)
    assert np.array_equal(found, other) == (batch == 24 and not replacement)


def test_noise_has_the_variance_of_a_finite_population():
    values = ROWS.values[:, :3]
    for replacement, factor in ((True, 1.0), (False, (24 - 6) / 23.0)):
        found = noise_samples(values, 6, 40000, seed=5, replacement=replacement)
        square = found**2
        error = square.std(axis=0) / 200.0
        exact = values.var(axis=0) / 6.0
        assert (np.abs(square.mean(axis=0) - factor * exact) < 4.0 * error).all()
        assert (np.abs(found.mean(axis=0)) < 4.0 * found.std(axis=0) / 200.0).all()
        # The twin: a sample variance with the divisor n - 1, with replacement.
        assert (np.abs(square.mean(axis=0) - 1.1 * factor * exact) > 4.0 * error).all()


def test_a_longer_sample_begins_with_the_shorter_one(monkeypatch):
    long = noise_samples(ROWS, 4, 50)
    monkeypatch.setattr("levysde.gradients.batches._ROOM", 600)
    assert np.array_equal(noise_samples(ROWS, 4, 20), long[:20])


# ------------------------------------------------------------------------------------ local basins


def with_spectrum(spectrum, seed=0):
    dim = len(spectrum)
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))[0]
    return basis, basis * np.asarray(spectrum) @ basis.T


@pytest.mark.parametrize("dim", [10, 200])
def test_known_curvatures_and_directions_are_found(dim):
    spectrum = np.concatenate([[9.0, 4.0, 2.5], np.linspace(1.0, -0.3, dim - 3)])
    basis, matrix = with_spectrum(spectrum)
    calls = []

    def product(v):
        calls.append(1)
        return matrix @ v

    found = local_basin(product, np.arange(dim) + 0.5, 3, loss_level=2.0)
    assert found.curvatures == pytest.approx([9.0, 4.0, 2.5], rel=1e-9)
    overlap = np.abs(found.directions.T @ basis[:, :3])
    assert overlap == pytest.approx(np.eye(3), abs=1e-7)
    assert len(calls) < dim + 10
    # The boundary: half of lambda z^2 is the level.
    for j, curvature in enumerate(found.curvatures):
        z = np.zeros(3)
        z[j] = math.sqrt(2.0 * 2.0 / curvature)
        assert found.basin.domain.contains(0.999 * z)
        assert not found.basin.domain.contains(1.001 * z)
        assert found.basin.potential.value_at(z) == pytest.approx(2.0)
        step = found.weights_at(z) - found.weights
        assert 0.5 * step @ matrix @ step == pytest.approx(2.0, rel=1e-6)
        assert found.projected(step) == pytest.approx(z, abs=1e-9)
    # The twin: the smallest curvatures are others.
    assert np.abs(found.curvatures - np.sort(spectrum)[:3]).min() > 1.0


RAY = np.random.default_rng(3).standard_normal(200)
RANK_TWO = with_spectrum(np.r_[[10.0, 5.0], np.zeros(198)])[1]


@pytest.mark.parametrize(
    ("hessian", "rank"),
    [
        (np.diag(np.r_[[10.0, 5.0], np.zeros(198)]), 2),
        (np.outer(RAY, RAY), 1),
        (np.outer(RAY[:20], RAY[:20]), 1),
        (RANK_TWO, 2),
        (RANK_TWO.astype(np.float32), 2),
        (lambda v: RANK_TWO.astype(np.float32) @ v.astype(np.float32), 2),
    ],
)
def test_rounding_errors_are_no_curvatures(hessian, rank):
    dim = 200 if callable(hessian) else len(hessian)
    with pytest.raises(ValueError, match=f"curvature {rank + 1} .* not positive .*most {rank},"):
        local_basin(hessian, np.zeros(dim), 3, loss_level=0.1)
    assert len(local_basin(hessian, np.zeros(dim), rank, loss_level=0.1).curvatures) == rank


def test_small_curvatures_of_full_rank_are_positive():
    small = local_basin(np.diag([10.0, 5.0, 1e-9]), np.zeros(3), 3, loss_level=0.1)
    assert small.curvatures[-1] == pytest.approx(1e-9)


def test_a_ball_in_the_subspace():
    found = local_basin(np.diag([1.0, 2.0, 3.0]), [0.0] * 3, 2, radius=0.5)
    assert found.basin.domain.contains([0.49, 0.0])
    assert not found.basin.domain.contains([0.0, 0.51])
    assert repr(found) == "LocalBasin(coordinates=3, subspace=2, curvatures=3 to 2)"
    run = ls.escape_times(
        found.basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3, paths=20, dt=0.01
    )
    assert run.escaped == 20


def test_the_hessian_of_a_small_model_is_that_of_differences():
    torch = torch_module()
    loss = torch_loss(torch)

    def whole(p):
        return torch.func.vmap(loss, in_dims=(None, 0, 0))(
            p, torch.tensor(DATA), torch.tensor(KINDS)
        ).mean()

    product, at = gradients.hessian_product(whole, torch_weights(torch))
    assert np.array_equal(at, W)
    step = 1e-5
    dense = np.array(
        [(RISK.gradient_at(W + step * e) - RISK.gradient_at(W - step * e)) / (2.0 * step)
         for e in np.eye(31)]
    )  # fmt: skip
    for v in np.random.default_rng(0).standard_normal((3, 31)):
        assert product(v) == pytest.approx(dense @ v, abs=1e-7)
        assert np.abs(product(v) - (dense + 0.01 * np.eye(31)) @ v).max() > 1e-3
    for wrong, sentence in (
        (np.ones(32), r"v has shape \(32,\); give shape \(31,\)"),
        (np.ones(30), r"v has shape \(30,\); give shape \(31,\)"),
        (np.r_[math.nan, np.ones(30)], "v is .nan.*; give finite numbers"),
        ("one", "v is 'one'; give finite numbers"),
    ):
        with pytest.raises(ValueError, match=sentence):
            product(wrong)
    found = local_basin(product, at, 2, loss_level=0.1)
    exact = np.linalg.eigvalsh(0.5 * (dense + dense.T))[::-1]
    assert found.curvatures == pytest.approx(exact[:2], rel=1e-6)
    rows = found.projected(ROWS.values)
    assert rows.shape == (24, 2)


# --------------------------------------------------------------------------------- what is refused


def crooked(v):
    return np.roll(v, 1)


IDENTITY = np.eye(2)


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda: Gradients([1.0]), r"values has shape \(1,\); give \(examples, coordinates\)"),
        (lambda: Gradients([[math.nan]]), "values is .*nan.*; give finite numbers"),
        (lambda: Gradients([[1.0]], {"a": 3}), "the group 'a' is 3; give a slice"),
        (lambda: Gradients([[1.0]], {"a": slice(5, 6)}), "give a slice of the 1 coordinates"),
        (lambda: ROWS.group("x"), "unknown group 'x'"),
        (lambda: from_function(3, [1.0], 2), "gradient is 3; give a function"),
        (lambda: from_function(single, [1.0], 2), "failed for example 0"),
        (lambda: from_function(lambda i, w: [1.0, 2.0], [1.0], 2), "has shape .2,.; give shape"),
        (lambda: from_function(lambda i, w: math.nan * w, [1.0], 2), "give finite numbers"),
        (lambda: from_function(lambda i, w: w, [1.0], 0), "examples is 0"),
        (lambda: noise_samples(ROWS, 0, 3), "batch is 0; give a whole number of at least 1"),
        (lambda: noise_samples(ROWS, 25, 3, replacement=False), "batch is 25 without replacement"),
        (lambda: noise_samples(ROWS, 2, 0), "draws is 0"),
        (lambda: noise_samples([[math.inf]], 1, 1), "values is .*inf.*; give finite"),
        (lambda: local_basin(IDENTITY, [0.0, 0.0], 1), "give one of radius"),
        (lambda: local_basin(IDENTITY, [0.0, 0.0], 1, radius=1.0, loss_level=1.0), "give one of"),
        (lambda: local_basin(IDENTITY, [0.0, 0.0], 3, radius=1.0), "subspace is 3; give a whole"),
        (lambda: local_basin(IDENTITY, [0.0], 1, radius=1.0), "hessian has shape .2, 2.; give"),
        (lambda: local_basin(IDENTITY, [0.0, 0.0], 1, radius=-1.0), "radius is -1; give a pos"),
        (lambda: local_basin(-IDENTITY, [0.0, 0.0], 1, radius=1.0), "curvature 1 .* is -1, not"),
        (lambda: local_basin(crooked, [0.0] * 3, 1, radius=1.0), "the hessian is not symmetric"),
        (lambda: local_basin(lambda v: v[:1], [0.0] * 3, 1, radius=1.0), "product of hessian has"),
        (lambda: local_basin(IDENTITY, [0.0] * 2, 1, radius=1.0).projected([1.0]), "give 2 coord"),
    ],
)
def test_what_cannot_be_is_refused(attempt, sentence):
    with pytest.raises(ValueError, match=sentence):
        attempt()


def test_what_torch_cannot_do_is_refused_in_a_sentence():
    torch = torch_module()
    loss, weights = torch_loss(torch), torch_weights(torch)
    per_example = gradients.per_example
    for attempt, sentence in (
        (lambda: per_example(loss, {}, DATA, KINDS), "give a dictionary of tensors, or a module"),
        (lambda: per_example(loss, {"w": 1.0}, DATA, KINDS), "as 'w'; give tensors of floats"),
        (lambda: per_example(3, weights, DATA, KINDS), "loss is 3; give a function"),
        (lambda: per_example(loss, weights, DATA, KINDS[:3]), "give an answer for each example"),
        (lambda: per_example(loss, weights, DATA[:, :2], KINDS), "loss cannot be differentiated"),
        (lambda: per_example(loss, weights, DATA * math.inf, KINDS), "example 0 is not finite"),
        (lambda: per_example(loss, weights, [["x"]], [1]), "X is .*; give a tensor"),
        (lambda: gradients.hessian_product(lambda p: p["x"], weights), "cannot be differentiated"),
    ):
        with pytest.raises(ValueError, match=sentence):
            attempt()
    broken = {"w": torch.tensor([math.nan])}
    with pytest.raises(ValueError, match="'w' are not all finite"):
        per_example(loss, broken, DATA, KINDS)


def test_without_torch_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="pip install"):
        gradients.per_example(len, {}, DATA, KINDS)
