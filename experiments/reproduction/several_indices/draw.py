"""Noise with an index of its own along each axis: which axis the exits take."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.drawing import CYCLE, MARKERS
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Battash, Wolf & Lindenbaum 2024; Imkeller & Pavlyukevich 2006, theorem 1, for each axis"
ALPHAS = (1.2, 1.8)
"""Indices of the two axes; the box is (-1, 1)^2."""


def rate(alpha: float, epsilon: float) -> float:
    """The rate of exits along an axis, eps^alpha nu."""
    return epsilon**alpha * 2.0 * theory.stable_constant(alpha) / alpha


def first_share(epsilon: float) -> float:
    """The predicted share of exits along the first axis."""
    first, second = (rate(alpha, epsilon) for alpha in ALPHAS)
    return first / (first + second)


def allowed(epsilon: float) -> float:
    """How far the next order of one of the two rates moves the share."""
    share = first_share(epsilon)
    orders = [
        (theory.first_correction(lambda x: x, 1.0, 1.0, alpha) or 0.0) * epsilon**alpha
        for alpha in ALPHAS
    ]
    return share * (1.0 - share) * max(orders)


def table_of(data: Data) -> list[dict]:
    """Simulated and predicted shares by increasing amplitude."""
    table = []
    for sweep in (data["large_noise"], data["small_noise"]):
        for row, result in zip(sweep.rows, sweep.results().values(), strict=True):
            reach = np.abs(result.exit_position)
            share = float((reach[:, 0] > reach[:, 1]).mean())
            table.append(
                {
                    "epsilon": row["epsilon"],
                    "share": share,
                    "error": math.sqrt(share * (1.0 - share) / result.paths),
                    "predicted": first_share(row["epsilon"]),
                    "paths": result.paths,
                    "mean": row["mean"],
                    "predicted mean": row["predicted_mean"],
                }
            )
    return sorted(table, key=lambda line: line["epsilon"])


def findings_of(table: list[dict]) -> list[Finding]:
    """Shares where the leading order is near."""
    return [
        Finding(
            f"Share of exits along the axis of index 1.2, eps = {line['epsilon']:g}",
            SOURCE,
            line["predicted"],
            line["share"],
            # Of the predicted share, which few exits along the second axis do not bring to 0.
            math.sqrt(line["predicted"] * (1.0 - line["predicted"]) / line["paths"]),
            allowance=allowed(line["epsilon"]),
            remark="Allowed is what the next order C(alpha) eps^alpha of one rate does.",
        )
        for line in table
        if line["epsilon"] <= 0.11
    ]


def panel(ax: Axes, table: list[dict]) -> None:
    """One less the share, with the leading order."""
    epsilon = np.array([line["epsilon"] for line in table])
    other = [1.0 - line["share"] for line in table]
    error = [1.96 * line["error"] for line in table]
    ax.errorbar(
        epsilon, other, error, color=CYCLE[0], marker=MARKERS[0], linestyle="none", capsize=3.0,
        label="simulation",
    )  # fmt: skip
    fine = np.geomspace(epsilon.min(), epsilon.max(), 60)
    ax.plot(fine, [1.0 - first_share(x) for x in fine], color="black", label="leading order")
    small = (1.0 - first_share(fine[0])) * (fine / fine[0]) ** (ALPHAS[1] - ALPHAS[0])
    ax.plot(fine, small, color="black", linestyle=":", label=r"$\propto \varepsilon^{0.6}$")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"noise amplitude $\varepsilon$")
    ax.set_ylabel(r"share of exits along the axis of $\alpha$ = 1.8")


def draw(data: Data) -> Outcome:
    """The share of the lighter tail against the amplitude."""
    table = table_of(data)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    panel(figure.subplots(), table)
    plots.shared_legend(figure)
    least, most = table[0], table[-1]
    text = (
        "A particle in the square (-1, 1)^2, with jumps of index 1.2 along the first axis and of "
        "index 1.8 along the second. Exits along an axis come at the rate eps^alpha nu of its own "
        "index, so that the heavier tail takes all exits as eps tends to 0: the share of the other "
        "falls like eps^0.6.\n\n"
        f"The axis of index 1.2 has {100.0 * least['share']:.2f} % of the exits at "
        f"eps = {least['epsilon']:g} where {100.0 * least['predicted']:.2f} % are predicted. At "
        f"eps = {most['epsilon']:g} it has {100.0 * most['share']:.1f} % and not the "
        f"{100.0 * most['predicted']:.1f} % of the leading order, which does not hold there."
    )
    return Outcome(
        "Several indices: the heaviest tail decides",
        text,
        {"several_indices": figure},
        findings_of(table),
        {"shares": table},
    )
