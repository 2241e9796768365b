"""Gradients of real training losses, one an example, and the basin around trained weights.

`per_example` takes them from PyTorch and `from_function` from a function of one's own. Of them
`noise_samples` draws the noise of minibatches, the difference of a batch's mean from that of all.
`local_basin` makes a basin of the quadratic form at the weights, in the directions in which the
loss is steepest; `hessian_product` is the Hessian of a loss in PyTorch, without its matrix.

Importing this loads no PyTorch (extra `torch`).
"""

from levysde.gradients.autograd import hessian_product, per_example
from levysde.gradients.batches import noise_samples
from levysde.gradients.local import LocalBasin, local_basin
from levysde.gradients.single_examples import Gradients, from_function

__all__ = [
    "Gradients",
    "LocalBasin",
    "from_function",
    "hessian_product",
    "local_basin",
    "noise_samples",
    "per_example",
]
