"""The pooled tail index of gradient noise, taken apart: scales, correlations, batch sizes."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import levysde as ls
from levysde import estimators, imported, plots
from levysde.report.data_sets import digits
from levysde.report.drawing import BLUE, CYCLE, GREEN, MARKERS, PURPLE, STYLES, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome
from levysde.statistics import characteristic, standardization

POOLED = "Simsekli, Sagun & Gurbuzbalaban 2019, ICML, eq. 8, and Zhou et al. 2020, arXiv 2010.05627"
STABLE = "Samorodnitsky & Taqqu 1994, property 1.2.1: a mean of stable draws keeps the index"
LOGARITHMS = "E log|Z| is the same for every Gaussian Z over its scale"
STATES = ("initial", "SGD", "Adam")
BATCHES, TRUE = (4, 16, 64, 256), (1.2, 1.5, 1.8)
BLOCK, PARTS = 1000, 10
"""Entries in a block of the pooled estimate, and parts of the draws that its error comes from."""

LOOKS = ((VERMILION, ":"), (GREEN, "-."), (PURPLE, (0, (5, 1, 1, 1, 1, 1))))
EXAMINED = 60
"""Coordinates, spread evenly, whose indices are estimated one by one."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """A file beside this one with gradients of single examples, and sizes of layers."""

    file: str
    sizes: tuple[int, ...]

    def part(self, name: str):
        """A function of the file."""
        return imported.find(f"{Path(__file__).parent / self.file}:{name}")


MODELS = {
    "logistic": Model("network.py", (64, 10)),
    "network": Model("network.py", (64, 32, 10)),
    "CNN": Model("convolution.py", (8, 8, 10)),
}


@dataclass(frozen=True)
class Pooled:
    """A pooled block estimate, and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Examined:
    """A network at some weights: its noise at every batch size.

    `alike` is of independent Gaussian noise of the scales of the gradients, `covariant` of Gaussian
    noise of their covariance, `stable` of independent stable noise on the same scales. `indices`
    and `sizes` are those of coordinates one by one, `laws` the verdicts of `levysde.tail_index`.
    """

    model: str
    state: str
    accuracy: float
    scales: FloatArray
    pooled: dict[int, Pooled]
    alike: Pooled
    alike_expected: float
    covariant: Pooled
    stable: dict[float, Pooled]
    indices: dict[int, FloatArray]
    sizes: dict[int, float]
    laws: dict[int, str]
    batches: estimators.BatchExponent

    @property
    def name(self) -> str:
        """Of the model and its weights."""
        return f"{self.model}, {self.state.lower() if self.state == 'initial' else self.state}"


def trained(rule: str, model: Model, X: FloatArray, y, epochs: int) -> FloatArray:
    """Weights at the beginning, or after some epochs in batches of 32."""
    w = model.part("initial")(model.sizes, np.random.default_rng(0))
    if rule == "initial":
        return w
    gradient, random = model.part("mean_gradient"), np.random.default_rng(1)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, epochs * len(y) // 32 + 1):
        chosen = random.integers(0, len(y), 32)
        g = gradient(w, model.sizes, X[chosen], y[chosen])
        if rule == "SGD":
            w -= 0.3 * g
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w -= 0.003 * (m / (1.0 - 0.9**t)) / (np.sqrt(v / (1.0 - 0.999**t)) + 1e-8)
    return w


def noise(rows: FloatArray, batch: int, draws: int) -> FloatArray:
    """Means of batches drawn with replacement, less that of all rows, shape (draws, weights)."""
    random, n = np.random.default_rng([2, batch]), len(rows)
    counts = np.zeros((draws, n))
    np.add.at(counts, (np.arange(draws)[:, None], random.integers(0, n, (draws, batch))), 1.0)
    return counts @ rows / batch - rows.mean(axis=0)


def pooled(samples: FloatArray) -> Pooled:
    """Of all entries one after another, as published, with the error from parts of the draws."""
    each = [estimators.block_estimate(some, BLOCK) for some in np.array_split(samples, PARTS)]
    return Pooled(
        estimators.block_estimate(samples, BLOCK), float(np.std(each, ddof=1)) / math.sqrt(PARTS)
    )  # fmt: skip


def gaussian_expectation(scales: FloatArray, draws: int) -> float:
    """The pooled estimate of independent Gaussian noise of these scales.

    1/alpha = [mean over blocks of log(sum of s^2)/2 - mean of log s]/log(block), as the mean
    logarithm of a Gaussian variable over its scale is the same for entries and sums.
    """
    entries = np.tile(scales, draws)
    blocks = entries.size // BLOCK
    used = entries[: blocks * BLOCK].reshape(blocks, BLOCK)
    growth = 0.5 * np.log((used**2).sum(axis=1)).mean() - np.log(used).mean()
    return float(math.log(BLOCK) / growth)


def index_and_size(samples: FloatArray) -> tuple[FloatArray, float]:
    """Indices of coordinates by the characteristic function, and the mean scale, geometrically."""
    rows = samples.T
    location, unit = standardization.center_and_unit(np.sort(rows, axis=1))
    phi = characteristic.empirical_characteristic(
        standardization.standardized(rows, location, unit)
    )
    index, log_scale = characteristic.index_and_scale(phi, len(samples))
    return index, float(np.exp((log_scale + np.log(unit)).mean()))


def moving(samples: FloatArray) -> NDArray[np.intp]:
    """Coordinates that do not repeat values in a tenth of the draws.

    Weights of pixels that are blank in most images do so in small batches.
    """
    different = [np.unique(column).size for column in samples.T]
    return np.flatnonzero(np.array(different) > 0.9 * len(samples))


def examined(name: str, state: str, X: FloatArray, y, draws: int, epochs: int) -> Examined:
    """All estimates of a network at some weights."""
    model = MODELS[name]
    weights = trained(state, model, X, y, epochs)
    rows = model.part("single_gradients")(weights, model.sizes, X, y)
    # Pixels that are blank in all images have weights without a gradient.
    rows = rows[:, rows.std(axis=0) > 0.0]
    few, scales = draws // 2, rows.std(axis=0)
    samples = {batch: noise(rows, batch, draws) for batch in BATCHES}
    able = moving(samples[BATCHES[0]])
    chosen = able[np.linspace(0, able.size - 1, EXAMINED).astype(int)]
    of_few = {batch: each[:, chosen] for batch, each in samples.items()}
    found = {batch: index_and_size(each) for batch, each in of_few.items()}
    judged = (BATCHES[0], BATCHES[-1]) if draws >= 2000 else ()
    random = np.random.default_rng(3)
    normal = random.standard_normal((few, scales.size))
    mixed = random.standard_normal((few, len(rows))) @ (rows - rows.mean(axis=0))
    stable = {
        alpha: scales * ls.noise.sample(ls.noise.independent(alpha), few, seed=4, dim=scales.size)
        for alpha in TRUE
    }
    return Examined(
        name, state, model.part("accuracy")(weights, model.sizes, X, y), scales,
        {batch: pooled(each[:few]) for batch, each in samples.items()},
        pooled(scales * normal), gaussian_expectation(scales, few), pooled(mixed),
        {alpha: pooled(each) for alpha, each in stable.items()},
        {batch: each[0] for batch, each in found.items()},
        {batch: each[1] for batch, each in found.items()},
        {batch: ls.tail_index(of_few[batch]).law for batch in judged},
        estimators.batch_exponent(of_few),
    )  # fmt: skip


def gradient_finding(X: FloatArray, y) -> Finding:
    """The gradients of this experiment against those of the package."""
    model = MODELS["network"]
    weights = model.part("initial")(model.sizes, np.random.default_rng(0))
    other = ls.potentials.mlp(X, y, model.sizes[1]).gradient_at(weights)
    mine = model.part("single_gradients")(weights, model.sizes, X, y).mean(axis=0)
    return Finding(
        "Largest difference of the mean gradient from that of potentials.mlp",
        "the same loss, written twice", 0.0, float(np.abs(mine - other).max()), allowance=1e-14,
        remark="Rounding.",
    )  # fmt: skip


def findings_of(one: Examined) -> list[Finding]:
    """What the pooled estimate says of known laws, and what the batch size does to the index."""
    last, name = BATCHES[-1], one.name
    found = [
        Finding(
            f"Pooled estimate of independent Gaussian noise of the scales of the gradients, {name}",
            LOGARITHMS, one.alike_expected, one.alike.value, one.alike.error,
        ),
        Finding(
            f"The same as an estimate of the index 2 of Gaussian noise, {name}", POOLED, 2.0,
            one.alike.value, one.alike.error, should_agree=False,
            remark="Coordinates of different scales look like heavy tails.",
        ),
        Finding(
            f"Pooled estimate of independent stable noise of index 1.5 on these scales, {name}",
            POOLED, 1.5, one.stable[1.5].value, one.stable[1.5].error, should_agree=False,
        ),
        Finding(
            f"Pooled estimate at batches of {last} beside Gaussian noise of the same covariance, "
            f"{name}", POOLED, one.covariant.value, one.pooled[last].value,
            math.hypot(one.covariant.error, one.pooled[last].error), allowance=0.02,
            remark="What it measures then are scales and correlations; batches this large are "
            "not quite Gaussian.",
        ),
    ]  # fmt: skip
    if one.state != "initial":
        index, error = one.batches.alpha, one.batches.alpha_error
        found.append(
            Finding(
                f"Mean index of a coordinate at batches of {last} beside that of {BATCHES[0]}, "
                f"{name}", STABLE, float(index[0]), float(index[-1]),
                math.hypot(float(error[0]), float(error[-1])), should_agree=False,
                remark="The noise is not stable: its index rises towards 2 with the batch.",
            )
        )  # fmt: skip
    return found


def draw_pooled(ax: Axes, one: Examined) -> None:
    """Pooled estimates of gradients as points, of known laws as lines."""
    errors = [1.96 * one.pooled[b].error for b in BATCHES]
    ax.errorbar(
        BATCHES, [one.pooled[b].value for b in BATCHES], errors, color=BLUE, marker="o",
        linestyle="none", capsize=3, label="gradients",
    )  # fmt: skip
    lines = [
        ("Gaussian, same covariance", one.covariant.value, "black", "-"),
        ("Gaussian, same scales", one.alike.value, "black", "--"),
        *((f"stable {a:g}, same scales", one.stable[a].value, color, style)
          for a, (color, style) in zip(TRUE, LOOKS, strict=True)),
    ]  # fmt: skip
    for label, value, color, style in lines:
        ax.axhline(value, color=color, linestyle=style, linewidth=1.4, label=label)
    log_axis(ax, "x", np.array(BATCHES, dtype=float))
    ax.set_ylim(0.7, 1.9)
    ax.set_title(one.name, fontsize="medium")


def pooled_figure(every: list[Examined]) -> Figure:
    """One panel a network."""
    columns = len({one.state for one in every})
    rows = len(every) // columns
    figure = Figure(figsize=(3.1 * columns, 2.6 * rows + 1.0), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for ax, one in zip(axes.ravel(), every, strict=True):
        draw_pooled(ax, one)
    for ax in axes[-1]:
        ax.set_xlabel("batch size")
    for ax in axes[:, 0]:
        ax.set_ylabel("pooled estimate")
    plots.shared_legend(figure)
    return figure


def batch_figure(every: list[Examined]) -> Figure:
    """Index and scale of coordinates, one by one, against the batch size."""
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = np.array(BATCHES, dtype=float)
    models = list(dict.fromkeys(one.model for one in every))
    middle = 0.5 * (len(every) - 1)
    for n, one in enumerate(every):
        color, k = CYCLE[models.index(one.model)], STATES.index(one.state)
        marker, style = MARKERS[k], STYLES[k]
        quartiles = np.array([np.quantile(one.indices[b], [0.25, 0.5, 0.75]) for b in BATCHES]).T
        left.errorbar(
            sizes * 1.04 ** (n - middle), quartiles[1], np.abs(quartiles[[0, 2]] - quartiles[1]),
            color=color, marker=marker, linestyle=style, markersize=5, capsize=2, linewidth=1.2,
            label=one.name,
        )  # fmt: skip
        scale = np.array(list(one.sizes.values()))
        right.plot(sizes, scale / scale[0], color=color, marker=marker, linestyle=style,
                   markersize=5, linewidth=1.2)  # fmt: skip
    right.plot(sizes, (sizes / sizes[0]) ** -0.5, color="black", linestyle=":",
               label=r"finite variance, $b^{-1/2}$")  # fmt: skip
    left.axhline(2.0, color="black", linestyle=":", linewidth=0.8)
    log_axis(left, "x", sizes)
    left.set_ylim(0.2, 2.1)
    left.set_xlabel("batch size")
    left.set_ylabel("index of a coordinate: median, quartiles")
    log_axis(right, "x", sizes)
    ratios = [each / one.sizes[BATCHES[0]] for one in every for each in one.sizes.values()]
    log_axis(right, "y", np.array(ratios))
    right.set_xlabel("batch size")
    right.set_ylabel(f"scale over that at batches of {BATCHES[0]}")
    plots.shared_legend(figure)
    return figure


def line(one: Examined) -> dict:
    """Of the table."""
    first, last = BATCHES[0], BATCHES[-1]
    return {
        "network": one.name, "accuracy": one.accuracy,
        **{f"pooled, b = {batch}": one.pooled[batch].value for batch in BATCHES},
        "same covariance": one.covariant.value, "same scales": one.alike.value,
        **{f"stable {alpha:g}": found.value for alpha, found in one.stable.items()},
        **{f"index, b = {b}": float(np.median(one.indices[b])) for b in BATCHES},
        "exponent of b": one.batches.exponent,
        "verdicts": f"{one.laws.get(first, '')}; {one.laws.get(last, '')}",
    }  # fmt: skip


def told(every: list[Examined]) -> str:
    """What came out, in two paragraphs."""

    def span(values: list[float]) -> str:
        return f"{min(values):.2f} to {max(values):.2f}"

    real = [found.value for one in every for found in one.pooled.values()]
    last = BATCHES[-1]
    away = max(abs(one.pooled[last].value - one.covariant.value) for one in every)
    trained_ones = [one for one in every if one.state != "initial"]
    low = [float(np.median(one.indices[BATCHES[0]])) for one in trained_ones]
    high = [float(np.median(one.indices[last])) for one in trained_ones]
    return (
        f"The pooled block estimate of the noise of gradients on scanned digits is {span(real)}, "
        "which has been read as the index of a stable law. Independent Gaussian noise whose "
        f"scales are those of the gradients gives {span([one.alike.value for one in every])} in "
        "the place of 2, and Gaussian noise with their correlations too gives "
        f"{span([one.covariant.value for one in every])}: at batches of {last} that is the "
        f"estimate of the gradients within {away:.2f}. Stable noise of index 1.5 on the same "
        f"scales gives {span([one.stable[1.5].value for one in every])}.\n\n"
        f"Coordinates one by one have an index of {span(low)} at batches of {BATCHES[0]} after "
        f"training, and of {span(high)} at {last}. A stable law would keep its index: what looks "
        "heavy is that a trained network has large gradients at few examples, which a small batch "
        "meets or not."
    )


def draw(data: Data) -> Outcome:
    """Two figures and a table; networks are trained and examined here, in numpy."""
    X, y = digits()
    draws, epochs = (300, 5) if data.quick else (2000, 30)
    models, states = (("network", "CNN"), STATES[:2]) if data.quick else (tuple(MODELS), STATES)
    every = [examined(model, state, X, y, draws, epochs) for model in models for state in states]
    findings = [gradient_finding(X, y)]
    for one in every:
        findings += findings_of(one)
    return Outcome(
        "Gradient noise", told(every),
        {"pooled": pooled_figure(every), "batches": batch_figure(every)}, findings,
        {"networks": [line(one) for one in every]},
    )  # fmt: skip
