"""Paths of PyTorch's optimizers on a noisy quadratic, kept for the tests.

The gradient at step n is curvature * x + noise[n], evaluated at the optimizer's own x, so that a
difference in one step would feed back into all later ones. All numbers are 64-bit floats.

    python -m venv torch && torch/bin/pip install torch==2.13.0 numpy
    torch/bin/python experiments/reference/torch_optimizers.py [FILE]

PyTorch is needed here only, to make the file again.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

DEFAULT_FILE = Path(__file__).parents[2] / "tests" / "data" / "torch_optimizers.npz"

STEPS = 1000
EVERY = 50
LEARNING_RATE = 2.0**-7
"""A power of two: noise times the step, divided by the step, is the noise again."""

WEIGHT_DECAY = 0.3
CURVATURE = np.array([0.25, 2.0, 16.0])
START = np.array([1.5, -0.7, 0.2])

Optimizers = dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]]

OPTIMIZERS: Optimizers = {
    "sgd": lambda x: torch.optim.SGD(x, LEARNING_RATE),
    "momentum": lambda x: torch.optim.SGD(x, LEARNING_RATE, momentum=0.9),
    "rmsprop": lambda x: torch.optim.RMSprop(x, LEARNING_RATE, alpha=0.99, eps=1e-8),
    "adam": lambda x: torch.optim.Adam(x, LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8),
    "adam_l2": lambda x: torch.optim.Adam(
        x, LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=WEIGHT_DECAY
    ),
    "adamw": lambda x: torch.optim.AdamW(
        x, LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=WEIGHT_DECAY
    ),
    "nesterov": lambda x: torch.optim.SGD(x, LEARNING_RATE, momentum=0.9, nesterov=True),
    "sgd with weight decay": lambda x: torch.optim.SGD(x, LEARNING_RATE, weight_decay=WEIGHT_DECAY),
    "momentum with weight decay": lambda x: torch.optim.SGD(
        x, LEARNING_RATE, momentum=0.9, weight_decay=WEIGHT_DECAY
    ),
    "nesterov with weight decay": lambda x: torch.optim.SGD(
        x, LEARNING_RATE, momentum=0.9, weight_decay=WEIGHT_DECAY, nesterov=True
    ),
    # A momentum decay without end is a constant b1.
    "nadam": lambda x: torch.optim.NAdam(
        x, LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, momentum_decay=1e6
    ),
    "adagrad": lambda x: torch.optim.Adagrad(x, LEARNING_RATE, eps=1e-10),
}


def path(name: str, noise: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Every so-many-th iterate of an optimizer, the start included."""
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    curvature, optimizer = torch.tensor(CURVATURE), OPTIMIZERS[name]([x])
    kept = [START]
    for n, increment in enumerate(torch.tensor(noise)):
        x.grad = curvature * x.detach() + increment
        optimizer.step()
        if (n + 1) % EVERY == 0:
            kept.append(x.detach().numpy().copy())
    return np.array(kept)


def main() -> None:
    """Write the file."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE
    # Student's t with 1.5 degrees of freedom: tails of the exponent 1.5, without a variance.
    noise = np.random.default_rng(2022).standard_t(1.5, (STEPS, len(START)))
    np.savez_compressed(
        file,
        versions=np.array([f"torch {torch.__version__}", f"numpy {np.__version__}"]),
        learning_rate=np.array(LEARNING_RATE),
        weight_decay=np.array(WEIGHT_DECAY),
        curvature=CURVATURE,
        start=START,
        noise=noise,
        steps=np.arange(0, STEPS + 1, EVERY),
        **{name: path(name, noise) for name in OPTIMIZERS},
    )


if __name__ == "__main__":
    main()
