"""Gradients and Hessians of losses in PyTorch, loaded when they are asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.gradients.single_examples import Gradients

__all__ = ["hessian_product", "per_example"]


def per_example(
    loss: Callable[..., Any], params: Any, X: Any, y: Any, *, chunk: int = 256
) -> Gradients:
    """grad_w f(w; X_i, y_i) for every example i, by PyTorch: vmap of grad.

    Parameters
    ----------
    loss : callable
        With a dictionary of tensors `loss(params, x, y)`, of one example; with a module
        `loss(output, y)` of a batch of one, as `torch.nn.functional.cross_entropy` is.
    params : dict of str to tensor, or torch.nn.Module
        The weights, where gradients are taken: all tensors of a dictionary, and of a module those
        that training moves, not its parameters with `requires_grad=False`. A module is called as it
        is, and must be in the mode of `.eval()` where it has dropout or batch normalization.
    X, y : tensor or array, first axis (examples, ...)
        Examples and answers.
    chunk : int
        Number of examples at once, of which every one has its own gradient in memory.

    Returns
    -------
    Gradients
        float64, on the processor, with a group for each tensor of `params` in its order.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If the weights are no tensors of floats, there are no examples or not as many answers, the
        module drops units or normalizes batches in its training mode, or the loss cannot be
        differentiated or is not finite.

    References
    ----------
    PyTorch, "Per-sample-gradients", documentation of `torch.func`.

    Examples
    --------
    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> weights = {"w": torch.tensor([2.0])}
    >>> found = per_example(lambda p, x, y: 0.5 * (p["w"] @ x - y) ** 2, weights, [[1.0], [3.0]],
    ...                     [1.0, 1.0])
    >>> found.values.tolist()
    [[1.0], [15.0]]
    """
    torch = _torch()
    weights, call = _weights(torch, params)
    chunk = checks.whole_number("chunk", chunk, 1)
    if not callable(loss):
        raise ValueError(f"loss is {checks.told(loss)}; give a function")
    dtype = next(iter(weights.values())).dtype
    examples, answers = _tensor(torch, "X", X, dtype), _tensor(torch, "y", y, dtype)
    if examples.ndim == 0 or len(examples) == 0:
        raise ValueError(f"X has shape {tuple(examples.shape)}; give an example in each row")
    if answers.ndim == 0 or len(answers) != len(examples):
        raise ValueError(
            f"y has shape {tuple(answers.shape)} and X {tuple(examples.shape)}; give an answer for "
            "each example"
        )

    def single(p: Any, x: Any, answer: Any) -> Any:
        if call is None:
            return loss(p, x, answer)
        return loss(call(p, x.unsqueeze(0)), answer.unsqueeze(0))

    every = torch.func.vmap(torch.func.grad(single), in_dims=(None, 0, 0))
    groups = _groups(weights)
    values = np.empty((len(examples), sum(w.numel() for w in weights.values())))
    for first in range(0, len(examples), chunk):
        rows = slice(first, first + chunk)
        try:
            found = every(weights, examples[rows], answers[rows])
        except Exception as error:
            raise ValueError(_failed("loss", error)) from error
        for name, part in groups.items():
            rows_found = found[name].detach().cpu().double()
            values[rows, part] = rows_found.reshape(len(rows_found), -1).numpy()
    if not np.isfinite(values).all():
        wrong = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise ValueError(f"the gradient of example {wrong} is not finite; look at its numbers")
    return Gradients(values, groups)


def hessian_product(
    loss: Callable[[Any], Any], params: Any
) -> tuple[Callable[[FloatArray], FloatArray], FloatArray]:
    """H v as a function of v, H the Hessian of a loss at the weights, by PyTorch: vjp of grad.

    Parameters
    ----------
    loss : callable
        `loss(params)`, the loss of all examples, of a dictionary of tensors.
    params : dict of str to tensor, or torch.nn.Module
        The weights: all tensors of a dictionary, and of a module those of `named_parameters()`
        with `requires_grad`, with which the loss may use `torch.func.functional_call`: the others
        it takes from the module.

    Returns
    -------
    product : callable
        `product(v)`, shapes (coordinates,); ValueError unless v is finite and of that shape.
    weights : ndarray, shape (coordinates,)
        The weights one after another. Both are what `local_basin` takes.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If the weights are no tensors of floats, the module drops units or normalizes batches in its
        training mode, or the loss cannot be differentiated twice.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Comput. 6 (1994) 147-160.

    Examples
    --------
    >>> import numpy as np, pytest
    >>> torch = pytest.importorskip("torch")
    >>> weights = {"w": torch.tensor([1.0, 2.0])}
    >>> product, at = hessian_product(lambda p: (p["w"][0] * p["w"][1]) ** 2, weights)
    >>> product(np.array([1.0, 0.0])).tolist(), at.tolist()
    ([8.0, 8.0], [1.0, 2.0])
    """
    torch = _torch()
    weights, _ = _weights(torch, params)
    if not callable(loss):
        raise ValueError(f"loss is {checks.told(loss)}; give a function")
    groups = _groups(weights)
    try:
        # The Hessian is symmetric: backwards through the gradient, once recorded, is H v.
        _, backwards = torch.func.vjp(torch.func.grad(loss), weights)
    except Exception as error:
        raise ValueError(_failed("loss", error)) from error

    at = _flat(weights)

    def product(v: FloatArray) -> FloatArray:
        vector = checks.finite_array("v", v, at.shape)
        tangents = {
            name: torch.tensor(vector[part]).to(w).reshape(w.shape)
            for (name, part), w in zip(groups.items(), weights.values(), strict=True)
        }
        return _flat(backwards(tangents)[0])

    return product, at


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "gradients by PyTorch need it, and it is not installed: pip install '.[torch]' in the "
            "folder of levysde"
        ) from error
    return torch


def _weights(torch: Any, params: Any) -> tuple[dict[str, Any], Callable[..., Any] | None]:
    """The weights by name, and for a module what calls it with them."""
    call = None
    if isinstance(params, torch.nn.Module):
        module = params
        _check_mode(torch, module)
        params = {name: w for name, w in module.named_parameters() if w.requires_grad}
        if not params:
            raise ValueError(
                f"the module {type(module).__name__} has no parameters with requires_grad; give "
                "one that is trained, or a dictionary of tensors"
            )

        def call(p: Any, x: Any) -> Any:
            return torch.func.functional_call(module, p, (x,))

    if not isinstance(params, Mapping) or not params:
        raise ValueError(
            f"params is {checks.told(params)}; give a dictionary of tensors, or a module"
        )
    for name, value in params.items():
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            raise ValueError(f"params has {checks.told(value)} as {name!r}; give tensors of floats")
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"the weights {name!r} are not all finite; give finite numbers")
    return {name: value.detach() for name, value in params.items()}, call


def _check_mode(torch: Any, module: Any) -> None:
    """Refuse layers that draw at random, or that mix and remember the examples of a batch."""
    layers = torch.nn.modules
    for name, layer in module.named_modules():
        # Recurrent layers and attention have the probability itself as `dropout`.
        drops = isinstance(layer, layers.dropout._DropoutNd) and layer.p > 0.0
        drops = drops or (isinstance(own := getattr(layer, "dropout", 0.0), float) and own > 0.0)
        if layer.training and (drops or isinstance(layer, layers.batchnorm._BatchNorm)):
            raise ValueError(
                f"the layer {name!r} ({type(layer).__name__}) is in training mode, in which "
                "outputs are random or depend on the other examples; call .eval() first"
            )


def _tensor(torch: Any, name: str, value: Any, dtype: Any) -> Any:
    """A tensor; numbers that are no tensor yet get the type of the weights, but for integers."""
    if isinstance(value, torch.Tensor):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is {checks.told(value)}; give a tensor, or an array of numbers")
    if array.dtype.kind == "f":
        return torch.as_tensor(np.ascontiguousarray(array)).to(dtype)
    return torch.as_tensor(np.ascontiguousarray(array))


def _groups(weights: Mapping[str, Any]) -> dict[str, slice]:
    ends = np.cumsum([0, *(w.numel() for w in weights.values())]).tolist()
    return {name: slice(ends[k], ends[k + 1]) for k, name in enumerate(weights)}


def _flat(tensors: Mapping[str, Any]) -> FloatArray:
    pieces = [value.detach().cpu().double().reshape(-1).numpy() for value in tensors.values()]
    return np.concatenate(pieces)


def _failed(what: str, error: Exception) -> str:
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0] if lines else ''}"
    remedy = "give one that torch.func.grad takes"
    if "random operation" in reason:  # of a function that drops units, which is no layer
        remedy = "it draws at random: call .eval() of the module first"
    return f"the {what} cannot be differentiated: {reason:.200}; {remedy}"
