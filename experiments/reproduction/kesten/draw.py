"""Power laws made by SGD itself: linear regression with a fresh Gaussian sample at every step."""

import functools
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import optimize, stats

from levysde import plots
from levysde.report.drawing import CYCLE, MARKERS, STYLES
from levysde.report.findings import Data, Finding, Outcome
from levysde.statistics.order_statistics import hill_estimate

PAPER = "Gurbuzbalaban, Simsekli & Zhu 2021, ICML (arXiv 2006.04740)"
SOURCE = f"{PAPER}, theorem 2, for isotropic Gaussian inputs"
LANES, STEPS = 8192, 200
SHARE = 0.002
"""Share of the end points, the largest, that Hill's estimate takes."""

BIAS = 0.03
"""Relative difference that a tail may have which is a power law to leading order only."""

SHOWN = {
    (1, 1): (0.5, 0.8, 1.0),
    (2, 1): (0.4, 0.5, 0.6, 0.7),
    (1, 4): (1.0, 4.0 / 3.0, 1.6),
}
"""Step sizes by dimension and batch size."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """A setting, the index that belongs to it, and how far from the minimum the paths are."""

    dim: int
    batch: int
    eta: float
    alpha: float
    sizes: FloatArray

    @property
    def name(self) -> str:
        """Of the setting."""
        return f"d = {self.dim}, b = {self.batch}, eta = {self.eta:.4g}"

    @property
    def k(self) -> int:
        """End points that the estimate takes."""
        return round(SHARE * self.sizes.size)

    @property
    def hill(self) -> tuple[float, float]:
        """Estimate and standard error that the index of the theory gives it."""
        found = hill_estimate(self.sizes, [self.k])
        return float(found.alpha[0]), self.alpha / math.sqrt(self.k)


@functools.cache
def panels(power: int, edges: tuple[float, ...], nodes: int = 40) -> tuple[FloatArray, FloatArray]:
    """Points of a chi-square variable of so many degrees, and their probabilities.

    Gauss-Legendre in its root, between edges, where the density has no pole.
    """
    x, weight = np.polynomial.legendre.leggauss(nodes)
    points, weights = [], []
    for low, high in pairwise(edges):
        root = 0.5 * (high - low) * x + 0.5 * (high + low)
        points.append(root**2)
        weights.append(0.5 * (high - low) * weight * stats.chi.pdf(root, power))
    return np.concatenate(points), np.concatenate(weights)


def growth(alpha: float, eta: float, dim: int, batch: int) -> float:
    """E[((1 - eta X/b)^2 + (eta/b)^2 X Y)^(alpha/2)], X ~ chi2_b, Y ~ chi2_(d-1)."""
    # The factor of one step is not smooth where the step leads to the minimum.
    kink = math.sqrt(batch / eta)
    x, x_weight = panels(batch, (0.0, 0.5 * kink, kink, 1.5 * kink, 1.5 * kink + 15.0))
    y, y_weight = np.zeros(1), np.ones(1)
    if dim > 1:
        middle = math.sqrt(dim - 1.0)
        edges = {0.0, 0.1, 1.0, max(1.0, middle - 6.0), middle + 1.0, middle + 6.0, middle + 14.0}
        y, y_weight = panels(dim - 1, tuple(sorted(edges)))
    factor = (1.0 - eta * x[:, None] / batch) ** 2 + (eta / batch) ** 2 * np.outer(x, y)
    return float(x_weight @ factor ** (0.5 * alpha) @ y_weight)


def index(eta: float, dim: int, batch: int) -> float:
    """The alpha > 0 at which the growth is 1."""

    def excess(alpha: float) -> float:
        return growth(alpha, eta, dim, batch) - 1.0

    return optimize.brentq(excess, 0.05, 12.0, xtol=1e-8)


def end_points(eta: float, dim: int, batch: int, paths: int, fixed: bool = False) -> FloatArray:
    """|w| after 200 steps, w <- w - (eta/b) sum a_i (a_i w - n_i) from 0, a_i and n_i Gaussian.

    With `fixed` the noise is that of the minimum everywhere: w <- w - eta (w - mean of a_i n_i).
    """
    random = np.random.default_rng([dim, batch, round(1e6 * eta)])
    sizes = []
    for _ in range(math.ceil(paths / LANES)):
        w = np.zeros((dim, LANES))
        for _ in range(STEPS):
            total = np.zeros_like(w)
            for _ in range(batch):
                a, n = random.standard_normal((dim, LANES)), random.standard_normal(LANES)
                total += w - a * n if fixed else a * ((a * w).sum(axis=0) - n)
            w -= eta / batch * total
        sizes.append(np.sqrt((w**2).sum(axis=0)))
    return np.concatenate(sizes)[:paths]


def second_moment(eta: float, dim: int, batch: int) -> float:
    """E|w|^2 where it is finite: what a step adds over what it takes away."""
    return eta * dim / batch / (2.0 - eta * (batch + dim + 1.0) / batch)


def exact_findings() -> list[Finding]:
    """Step sizes at which the index is 2, and their neighbors in batch and dimension."""
    found = [
        Finding(
            f"Index at eta = 2b/(b + d + 1), d = {dim}, b = {batch}",
            f"{PAPER}: the critical step size", 2.0,
            index(2.0 * batch / (batch + dim + 1.0), dim, batch), allowance=1e-6,
            remark="By quadrature of the equation for the index.",
        )
        for dim, batch in ((1, 1), (2, 1), (1, 4), (10, 4), (100, 10))
    ]  # fmt: skip
    dim, batch = 100, 10
    critical = 2.0 * batch / (batch + dim + 1.0)
    found.append(
        Finding(
            "Index at a step size 0.2 % above 2b/(b + d + 1), d = 100, b = 10",
            f"{PAPER}: heavier tails with larger steps", 2.0, index(1.002 * critical, dim, batch),
            allowance=0.5, should_agree=False,
            remark="In a large dimension half a percent of the step size holds all indices "
            "from 2 to 0.",
        )
    )  # fmt: skip
    return found


def moment_finding(paths: int) -> Finding:
    """The variance at a small step, which has light enough tails for an error."""
    squares = end_points(0.2, 2, 1, paths) ** 2
    return Finding(
        "E|w|^2 at d = 2, b = 1, eta = 0.2", "the second moment of the recursion, exactly",
        second_moment(0.2, 2, 1), float(squares.mean()),
        float(squares.std()) / math.sqrt(paths),
    )  # fmt: skip


def fixed_finding(run: Run) -> Finding:
    """Noise that does not depend on w makes no power law."""
    sizes = end_points(run.eta, run.dim, run.batch, run.sizes.size, fixed=True)
    estimate = hill_estimate(sizes, [run.k])
    return Finding(
        f"Hill estimate with the noise of the minimum everywhere, {run.name}", SOURCE, run.alpha,
        float(estimate.alpha[0]), float(estimate.alpha[0]) / math.sqrt(run.k), should_agree=False,
        remark="The power law comes from noise that grows with the distance from the minimum.",
    )  # fmt: skip


def hill_findings(runs: list[Run]) -> list[Finding]:
    """One a setting."""
    return [
        Finding(
            f"Hill estimate of |w|, {run.name}", SOURCE, run.alpha, run.hill[0], run.hill[1],
            allowance=BIAS * run.alpha,
            remark=f"From the {run.k} largest of {run.sizes.size} independent end points; the "
            "tail is a power law to leading order.",
        )
        for run in runs
    ]  # fmt: skip


def index_figure(runs: list[Run]) -> Figure:
    """Index against step size: the equation as lines, estimates as points."""
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    ax = figure.subplots()
    for n, (dim, batch) in enumerate(SHOWN):
        mine = [run for run in runs if (run.dim, run.batch) == (dim, batch)]
        low, high = mine[0].eta, mine[-1].eta
        etas = np.linspace(0.93 * low, 1.04 * high, 13)
        ax.plot(etas, [index(e, dim, batch) for e in etas], STYLES[n], color=CYCLE[n])
        ax.errorbar(
            [run.eta for run in mine], [run.hill[0] for run in mine],
            [1.96 * run.hill[1] for run in mine], fmt=MARKERS[n], color=CYCLE[n], capsize=3,
            label=f"d = {dim}, b = {batch}",
        )  # fmt: skip
    ax.plot([], [], color="black", label="equation for the index")
    ax.axhline(2.0, color="black", linewidth=0.8, linestyle=":", label="finite variance above")
    ax.set_xlabel(r"step size $\eta$")
    ax.set_ylabel(r"tail index $\alpha$ of $|w|$")
    ax.set_ylim(bottom=0.0)
    plots.shared_legend(figure)
    return figure


def tail_figure(runs: list[Run]) -> Figure:
    """The tails themselves, and Hill's estimate over the number of end points it takes."""
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for n, run in enumerate(runs):
        ordered = np.sort(run.sizes)[::-1]
        places = np.unique(np.geomspace(1, ordered.size, 200).astype(int)) - 1
        label = rf"$\eta$ = {run.eta:.3g}: $\alpha$ = {run.alpha:.3f}"
        share = (places + 1.0) / ordered.size
        left.plot(ordered[places], share, STYLES[n], color=CYCLE[n], label=label)
        start, end = ordered[round(0.01 * ordered.size)], ordered[0]
        far = np.array([start, end])
        left.plot(far, 0.01 * (far / start) ** -run.alpha, color="black", linewidth=0.8)
        band = hill_estimate(run.sizes, np.unique(np.geomspace(30, 0.05 * ordered.size, 50)
                                                  .astype(int)))  # fmt: skip
        right.fill_between(band.k, band.lower, band.upper, color=CYCLE[n], alpha=0.2, linewidth=0)
        right.plot(band.k, band.alpha, STYLES[n], color=CYCLE[n])
        right.axhline(run.alpha, color="black", linewidth=0.8)
    left.plot([], [], color="black", linewidth=0.8, label="theory")
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlim(left=0.1)
    left.set_xlabel("|w|")
    left.set_ylabel("share of paths farther out")
    right.set_xscale("log")
    right.set_ylim(0.0, 1.5 * max(run.alpha for run in runs))
    right.set_xlabel("largest end points used, k")
    right.set_ylabel("Hill estimate, 95 % band")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """Two figures and a table; the recursion is run here."""
    paths = 2 * LANES if data.quick else 300_000
    runs = [
        Run(dim, batch, eta, index(eta, dim, batch), end_points(eta, dim, batch, paths))
        for (dim, batch), etas in SHOWN.items()
        for eta in (etas[::2] if data.quick else etas)
    ]
    findings = [*exact_findings(), moment_finding(paths), *hill_findings(runs)]
    one = [run for run in runs if (run.dim, run.batch) == (1, 1)]
    findings.append(fixed_finding(one[1]))
    lines = [
        {
            "d": run.dim, "b": run.batch, "eta": run.eta, "index": run.alpha,
            "Hill": run.hill[0], "error": run.hill[1],
        }
        for run in runs
    ]  # fmt: skip
    worst = max(abs(run.hill[0] - run.alpha) / run.hill[1] for run in runs)
    text = (
        "SGD on linear regression draws fresh Gaussian inputs and labels at every step. The noise "
        "of its gradient grows with the distance from the minimum, so that a light-tailed noise "
        "makes weights with a power law. Its index follows from one equation, and falls as the "
        "step size grows or the batch shrinks.\n\n"
        f"In one dimension with batches of one the index is "
        f"{', '.join(f'{run.alpha:.4f}' for run in one)} at step sizes of "
        f"{', '.join(f'{run.eta:g}' for run in one)}; estimates from the {one[0].k} largest of "
        f"{paths} end points are {', '.join(f'{run.hill[0]:.2f}' for run in one)}. Of all "
        f"{len(runs)} settings the farthest is {worst:.1f} standard errors from the equation. With "
        f"the noise of the minimum everywhere the estimate is {findings[-1].found:.1f} instead of "
        f"{one[1].alpha:.2f}: there is no power law then."
    )
    return Outcome(
        "Power laws from SGD", text,
        {"index": index_figure(runs), "tails": tail_figure(one)}, findings, {"indices": lines},
    )  # fmt: skip
