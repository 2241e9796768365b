"""Gradients and Hessians of modules and tensors in PyTorch: which weights, and in which mode."""

import numpy as np
import pytest

from levysde import gradients
from levysde.gradients import local_basin

RNG = np.random.default_rng(11)
DATA = RNG.standard_normal((24, 3))
KINDS = RNG.integers(0, 3, 24)


def torch_module():
    return pytest.importorskip("torch", reason="the extra torch")


def test_frozen_parameters_of_a_module_are_left_out():
    torch = torch_module()
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    every = gradients.per_example(torch.nn.functional.mse_loss, module, DATA, np.ones((24, 1)))
    for value in module[0].parameters():
        value.requires_grad_(False)
    found = gradients.per_example(torch.nn.functional.mse_loss, module, DATA, np.ones((24, 1)))
    assert list(found.groups) == ["1.weight", "1.bias"]
    assert np.array_equal(found.values, every.values[:, 8:])

    def loss(p):
        x = torch.tensor(DATA, dtype=torch.float32)
        return (torch.func.functional_call(module, p, (x,)) ** 2).mean()

    product, at = gradients.hessian_product(loss, module)
    hidden = module[0](torch.tensor(DATA, dtype=torch.float32)).detach().double().numpy()
    inputs = np.c_[hidden, np.ones(24)]
    v = np.array([1.0, -2.0, 0.5])
    assert at.shape == (3,)
    assert product(v) == pytest.approx(2.0 * inputs.T @ inputs @ v / 24.0, rel=1e-5, abs=1e-6)
    # The tensors of a dictionary are all taken.
    assert len(gradients.hessian_product(loss, dict(module.named_parameters()))[1]) == 11
    module.requires_grad_(False)
    for attempt in (
        lambda: gradients.hessian_product(loss, module),
        lambda: gradients.per_example(len, module, DATA, KINDS),
    ):
        with pytest.raises(ValueError, match="Sequential has no parameters with requires_grad"):
            attempt()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda nn: nn.BatchNorm1d(3), "'0' .BatchNorm1d. is in training mode"),
        (lambda nn: nn.Sequential(nn.Dropout(0.5)), "'0.0' .Dropout. is in training mode"),
        (lambda nn: nn.TransformerEncoderLayer(3, 1, 4), "'0.self_attn' .Multi.*training mode"),
    ],
)
def test_layers_in_training_mode_are_refused(make, told):
    torch = torch_module()
    module = torch.nn.Sequential(make(torch.nn), torch.nn.Linear(3, 3))
    entropy = torch.nn.functional.cross_entropy

    def loss(p):
        return torch.func.functional_call(module, p, (torch.ones(2, 3),)).sum()

    for attempt in (
        lambda: gradients.per_example(entropy, module, DATA, KINDS),
        lambda: gradients.hessian_product(loss, module),
    ):
        with pytest.raises(ValueError, match=f"{told}.*call .eval.. first"):
            attempt()
    module.eval()
    if "attn" in told:  # torch has no second derivatives of attention
        return
    assert gradients.per_example(entropy, module, DATA, KINDS).examples == 24
    assert gradients.hessian_product(loss, module)[1].size > 0


def test_a_function_that_drops_units_is_refused():
    torch = torch_module()

    def loss(p, x, y):
        return torch.nn.functional.dropout(p["w"] * x).sum()

    with pytest.raises(ValueError, match=r"draws at random: call .eval.. of the module first"):
        gradients.per_example(loss, {"w": torch.ones(3)}, DATA, KINDS)


def test_dropout_of_nothing_is_a_module_like_any_other():
    torch = torch_module()
    module = torch.nn.Sequential(torch.nn.Dropout(0.0), torch.nn.Linear(3, 3))
    found = gradients.per_example(torch.nn.functional.cross_entropy, module, DATA, KINDS)
    assert list(found.groups) == ["1.weight", "1.bias"]


def test_a_weight_can_be_a_number():
    torch = torch_module()
    weights = {"b": torch.tensor(1.0), "c": torch.tensor([2.0, 0.5])}
    found = gradients.per_example(
        lambda p, x, y: (p["b"] * x[0] - y) ** 2 + p["c"].sum(), weights, [[1.0], [2.0]], [0.0, 1.0]
    )
    assert found.values.tolist() == [[2.0, 1.0, 1.0], [4.0, 1.0, 1.0]]
    assert found.groups == {"b": slice(0, 1), "c": slice(1, 3)}
    product, at = gradients.hessian_product(lambda p: p["b"] ** 3, {"b": torch.tensor(2.0)})
    assert (product(np.array([0.5])).tolist(), at.tolist()) == ([6.0], [2.0])
    found = local_basin(product, at, 1, loss_level=0.1)
    assert found.curvatures.tolist() == [12.0]
