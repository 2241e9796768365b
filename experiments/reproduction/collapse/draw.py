"""Mean escape times of many basins, laws and dimensions on one line, and their ratio to it."""

import math

import numpy as np
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.findings import Data, Finding, Outcome, standard_error
from levysde.runs.sweep.table import by_column

SOURCE = "Imkeller, Pavlyukevich & Stauch 2010, theorem 1.1; Zhou et al. 2020, theorem 1"
SLOWEST = 0.5
"""Smallest curvature at a minimum of the settings."""

REMARK = (
    "The path is a distance of order eps from the minimum, which changes nu(W) by at most alpha "
    "E|X|/a, where a is the half width of the interval of the same nu(W)."
)


def named(row: dict) -> dict:
    """A line with a short name of its setting."""
    basin, noise = (row[part].partition("(")[0] for part in ("basin", "noise"))
    return {**row, "setting": f"{basin}, {noise}, d = {row['dim']}"}


def displacement(row: dict) -> float:
    """The bound alpha E|X|/a of the relative change of nu(W) by the stationary noise."""
    alpha = row["alpha"]
    distance = (row["predicted_rate"] / theory.isotropic_constant(alpha, 1)) ** (1.0 / alpha)
    mean = 2.0 * math.gamma(1.0 - 1.0 / alpha) / math.pi * (alpha * SLOWEST) ** (-1.0 / alpha)
    return alpha * mean * distance


def relative_error(row: dict) -> float:
    return standard_error(row["ratio_lower"], row["ratio_upper"])


def findings_of(rows: list[dict]) -> list[Finding]:
    """Every setting at the smallest amplitude, and all of them together."""
    found = [
        Finding(
            f"eps^alpha nu(W) E Gamma tends to 1: {row['setting']}, alpha = {row['alpha']:g}, "
            f"eps = {row['epsilon']:g}",
            SOURCE, 1.0, row["ratio"], relative_error(row), displacement(row), remark=REMARK,
        )
        for row in rows
    ]  # fmt: skip
    mean = float(np.mean([row["ratio"] for row in rows]))
    error = math.sqrt(sum(relative_error(row) ** 2 for row in rows)) / len(rows)
    allowance = float(np.mean([displacement(row) for row in rows]))
    return [
        Finding(
            f"The same, mean of the {len(rows)} settings at eps = {rows[0]['epsilon']:g}",
            SOURCE, 1.0, mean, error, allowance, remark=REMARK,
        ),
        *found,
    ]  # fmt: skip


def spread_of(rows: list[dict]) -> list[dict]:
    """The smallest and the largest ratio at each amplitude."""
    lines = []
    for epsilon in sorted({row["epsilon"] for row in rows}, reverse=True):
        chosen = [row for row in rows if row["epsilon"] == epsilon]
        low, high = (pick(chosen, key=lambda row: row["ratio"]) for pick in (min, max))
        lines.append(
            {
                "epsilon": epsilon,
                "settings": len(chosen),
                "smallest ratio": low["ratio"],
                "of": f"{low['setting']}, alpha = {low['alpha']:g}",
                "largest ratio": high["ratio"],
                "of the": f"{high['setting']}, alpha = {high['alpha']:g}",
                "median error": float(np.median([relative_error(row) for row in chosen])),
            }
        )
    return lines


def collapse_figure(rows: list[dict]) -> Figure:
    figure = Figure(figsize=(7.0, 6.4), layout="constrained")
    plots.collapse(by_column(rows), by=("setting",), ax=figure.subplots())
    return figure


def ratio_figure(rows: list[dict]) -> Figure:
    """A panel for each index, of the settings that all of them have."""
    alphas = sorted({row["alpha"] for row in rows})
    figure = Figure(figsize=(3.6 * len(alphas) + 2.0, 5.6), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(alphas), sharey=True))
    for ax, alpha in zip(axes, alphas, strict=True):
        chosen = [{**row, "corrected_mean": None} for row in rows if row["alpha"] == alpha]
        plots.ratio(by_column(chosen), by=("setting",), ax=ax)
        ax.set_xlim(
            min(row["epsilon"] for row in rows) / 3.0, 3.0 * max(row["epsilon"] for row in rows)
        )
        ax.set_title(rf"$\alpha$ = {alpha:g}", fontsize="medium")
    for ax in axes[1:]:
        ax.set_ylabel("")
    plots.shared_legend(figure)
    for legend in figure.legends:
        legend.set_ncols(3 if len(alphas) == 1 else 4)
    return figure


def draw(data: Data) -> Outcome:
    """All settings on one line, and the ratios."""
    rows = [named(row) for row in data["settings"].rows]
    smallest = min(row["epsilon"] for row in rows)
    spread = spread_of(rows)
    means = [row["mean"] for row in rows]
    decades = math.log10(max(means) / min(means))
    found = findings_of([row for row in rows if row["epsilon"] == smallest])
    text = (
        f"Mean escape times of {len({row['setting'] for row in rows})} settings (basins, laws of "
        "noise and dimensions), with several indices and amplitudes, against the one number "
        "eps^-alpha/nu(W) that the limit theorem predicts for each.\n\n"
        f"Over {decades:.1f} decades of time the points are on the line of slope 1 through the "
        f"origin, without a fitted parameter. At eps = {smallest:g} the mean of all ratios is "
        f"{found[0].found:.4f} with a standard error of {found[0].error:.4f}.\n\n"
        "It is a limit and no identity: at eps = "
        f"{spread[0]['epsilon']:g} the ratios are between {spread[0]['smallest ratio']:.2f} "
        f"({spread[0]['of']}) and {spread[0]['largest ratio']:.2f} ({spread[0]['of the']}), which "
        "a logarithmic plot of many decades hides and the plot of ratios shows."
    )
    return Outcome(
        "All settings on one line",
        text,
        {"collapse": collapse_figure(rows), "ratio": ratio_figure(rows)},
        found,
        {"spread": spread},
    )
