"""Updates of the layers of a deep network, by AdamW and by Adam with a penalty in the gradient."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from levysde import imported, plots
from levysde.report.data_sets import digits
from levysde.report.drawing import BLUE, GREEN, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Zhuang, Liu, Cutkosky & Orabona 2022 (arXiv 2202.00089)"
SCALE_FREE = f"{SOURCE}, section 4: scale-freeness"
NETWORK = Path(__file__).parents[1] / "gradient_noise" / "network.py"
SIZES = (64, 24, 24, 24, 24, 24, 24, 10)
BATCH, RATE, SHRUNK = 64, 1e-3, 0.7
BETAS = (0.9, 0.999)
SCALED = 2
"""The layer whose gradient is multiplied by a factor, counted from 0."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Adam with weight decay of one of the two kinds."""

    name: str
    decoupled: bool
    decay: float
    eps: float = 0.0


ADAMW = Rule("AdamW", True, 0.1)
ADAM_L2 = Rule("Adam-l2", False, 1e-2)
ADAMW_EPS = Rule("AdamW, eps = 1e-8", True, 0.1, 1e-8)
LOOKS = {ADAMW: (BLUE, "o", "-"), ADAM_L2: (VERMILION, "s", "--"), ADAMW_EPS: (GREEN, "^", ":")}


@dataclass(frozen=True)
class Trained:
    """Weights at the end; rms gradients and updates by layer over the second half of the steps.

    Updates are over the learning rate and without the decoupled decay; `first` and `last` are the
    sizes of the first one and of the last one, of weights with a gradient.
    """

    weights: FloatArray
    accuracy: float
    gradients: FloatArray
    updates: FloatArray
    first: FloatArray
    last: FloatArray

    @property
    def decades(self) -> float:
        """Powers of ten that the middle 80 % of the last updates span."""
        low, high = np.quantile(self.last, [0.1, 0.9])
        return float(np.log10(high / low))


def part(name: str):
    """Something of the network of the experiment `gradient_noise`."""
    return imported.find(f"{NETWORK}:{name}")


def layer_of_weights() -> NDArray[np.int64]:
    """The layer that each weight belongs to, shape (weights,)."""
    counts = [(inputs + 1) * outputs for inputs, outputs in pairwise(SIZES)]
    return np.repeat(np.arange(len(counts)), counts)


def by_layer(squares: FloatArray) -> FloatArray:
    """Roots of the means of squares over the weights of each layer, which are not 0."""
    layer, kept = layer_of_weights(), squares > 0.0
    totals = np.bincount(layer[kept], squares[kept])
    return np.sqrt(totals / np.bincount(layer[kept]))


def update(m: FloatArray, v: FloatArray, t: int, eps: float) -> FloatArray:
    """The mean over the root of the mean square, both corrected; 0 where no gradient ever was."""
    mean, root = m / (1.0 - BETAS[0] ** t), np.sqrt(v / (1.0 - BETAS[1] ** t)) + eps
    return np.divide(mean, root, out=np.zeros_like(mean), where=root > 0.0)


def run(rule: Rule, X: FloatArray, y, steps: int, factor: float = 1.0) -> Trained:
    """Train; the gradient of one layer is multiplied by a factor all the time."""
    w = SHRUNK * part("initial")(SIZES, np.random.default_rng(5))
    gradient, random = part("mean_gradient"), np.random.default_rng(6)
    scale = np.where(layer_of_weights() == SCALED, factor, 1.0)
    m, v = np.zeros_like(w), np.zeros_like(w)
    gradients, updates, first = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        chosen = random.integers(0, len(y), BATCH)
        loss = gradient(w, SIZES, X[chosen], y[chosen])
        g = scale * loss if rule.decoupled else scale * loss + rule.decay * w
        m, v = BETAS[0] * m + (1.0 - BETAS[0]) * g, BETAS[1] * v + (1.0 - BETAS[1]) * g**2
        step = update(m, v, t, rule.eps)
        w = (1.0 - RATE * rule.decay) * w - RATE * step if rule.decoupled else w - RATE * step
        if t == 1:
            first = np.abs(step[loss != 0.0])
        if 2 * t > steps:
            gradients += loss**2 / (steps / 2)
            updates += step**2 / (steps / 2)
    correct = part("accuracy")(w, SIZES, X, y)
    return Trained(
        w, correct, by_layer(gradients), by_layer(updates), first, np.abs(step[loss != 0.0])
    )


def runs_of(X: FloatArray, y, steps: int, factors: list[float]) -> dict[Rule, dict[float, Trained]]:
    """Every rule with every factor; a rule first without one."""
    return {
        rule: {factor: run(rule, X, y, steps, factor) for factor in (1.0, *factors)}
        for rule in LOOKS
    }


def moved(of: dict[float, Trained], factor: float) -> float:
    """Largest difference of a final weight from that without a factor."""
    return float(np.abs(of[factor].weights - of[1.0].weights).max())


def findings_of(runs: dict[Rule, dict[float, Trained]], factors: list[float]) -> list[Finding]:
    """Sizes of first updates, and weights that a factor does or does not change."""
    first = runs[ADAMW][1.0].first
    found = [
        Finding(
            f"{word} first update of AdamW with eps = 0 over the learning rate",
            "the first update is the sign of the gradient, exactly", 1.0, float(size),
        )
        for word, size in (("Smallest", first.min()), ("Largest", first.max()))
    ]  # fmt: skip
    for rule, same in ((ADAMW, True), (ADAM_L2, False), (ADAMW_EPS, False)):
        for factor in factors:
            binary = np.log2(factor).is_integer()
            found.append(
                Finding(
                    f"Largest change of a weight, {rule.name}, where the gradient of a layer is "
                    f"multiplied by {factor:g}", SCALE_FREE, 0.0, moved(runs[rule], factor),
                    allowance=0.0 if binary else 1e-12, should_agree=same,
                    remark="Not a bit, for a power of two." if binary and same else "Rounding "
                    "through all steps is allowed.",
                )
            )  # fmt: skip
    return found


def layer_figure(runs: dict[Rule, dict[float, Trained]], steps: int) -> Figure:
    """Gradients and updates by layer."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for rule in (ADAMW, ADAM_L2):
        color, marker, style = LOOKS[rule]
        one = runs[rule][1.0]
        layer = np.arange(1, len(SIZES))
        for ax, values in ((left, one.gradients), (right, one.updates)):
            ax.plot(layer, values, color=color, marker=marker, linestyle=style, label=rule.name)
    for ax in (left, right):
        ax.set_xlabel("layer")
        ax.set_ylim(bottom=0.0)
    left.set_ylabel("gradient of the loss, root mean square")
    right.set_ylabel("update over learning rate, root mean square")
    left.set_title(f"second half of {steps} steps", fontsize="medium")
    plots.shared_legend(figure)
    return figure


def factor_figure(runs: dict[Rule, dict[float, Trained]], factors: list[float]) -> Figure:
    """Change of the weights against the factor; no change at all is drawn at the bottom."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    lowest = 1e-17
    for rule, of in runs.items():
        color, marker, style = LOOKS[rule]
        changes = np.maximum([moved(of, factor) for factor in factors], lowest)
        ax.plot(factors, changes, color=color, marker=marker, linestyle=style, label=rule.name)
    ax.axhline(lowest, color="black", linestyle=":", linewidth=0.8, label="no change at all")
    log_axis(ax, "x", np.array(factors))
    ax.set_yscale("log")
    ax.set_xlabel(f"factor of the gradient of layer {SCALED + 1}")
    ax.set_ylabel("largest change of a weight")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """Two figures and a table; the network is trained here, in numpy."""
    X, y = digits()
    steps = 100 if data.quick else 1500
    factors = [1e-3, 32.0] if data.quick else [1e-3, 1.0 / 32.0, 32.0, 1e3]
    runs = runs_of(X, y, steps, factors)
    lines = [
        {
            "rule": rule.name, "layer": layer + 1, "gradient": float(one.gradients[layer]),
            "update over learning rate": float(one.updates[layer]),
        }
        for rule, one in ((rule, runs[rule][1.0]) for rule in (ADAMW, ADAM_L2))
        for layer in range(len(SIZES) - 1)
    ]  # fmt: skip
    plain, coupled = runs[ADAMW][1.0], runs[ADAM_L2][1.0]
    spread = plain.gradients.max() / plain.gradients.min()
    even = plain.updates.max() / plain.updates.min()
    worst = max(moved(runs[ADAMW], factor) for factor in factors)
    least = min(moved(runs[ADAM_L2], factor) for factor in factors)
    text = (
        f"A network of {len(SIZES) - 1} layers without normalization, trained on scanned digits. "
        f"Its gradients differ {spread:.1f} times between layers, and the updates of AdamW "
        f"{even:.1f} times: a root mean square gradient divides each one. The middle 80 % of the "
        f"last updates span {plain.decades:.2f} powers of ten under AdamW and "
        f"{coupled.decades:.2f} under Adam-l2.\n\n"
        "If the gradient of one layer is multiplied by a factor all the time, as another "
        f"parametrization would, the weights of AdamW with eps = 0 change by at most {worst:.1g} "
        f"after {steps} steps, and by not a bit for powers of two. Those of Adam-l2 change by "
        f"{least:.2g} or more: its penalty is added to the gradient before the division, so that "
        "the factor changes what the penalty is worth. Accuracies without a factor are "
        f"{plain.accuracy:.3f} and {coupled.accuracy:.3f}."
    )
    return Outcome(
        "Updates of layers", text,
        {"layers": layer_figure(runs, steps), "factors": factor_figure(runs, factors)},
        findings_of(runs, factors), {"layers": lines},
    )  # fmt: skip
