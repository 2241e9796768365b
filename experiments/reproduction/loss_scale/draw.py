"""Escape times when the loss and its noise are multiplied by a number."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.drawing import CYCLE, MARKERS, STYLES
from levysde.report.findings import Data, Finding, Outcome, standard_error

LAW = (
    "rate = eps^alpha nu(W), Imkeller & Pavlyukevich 2006, with the SDE of Zhou et al. 2020, eq. 4"
)
SCALE_FREE = "Zhuang, Liu, Cutkosky & Orabona 2022 (arXiv 2202.00089), section on scale-freeness"
PLAIN = "adam(eps=1)"


def relative_error(row: dict) -> float:
    return standard_error(row["mean_lower"], row["mean_upper"]) / row["mean"]


def sgd_findings(rows: list[dict]) -> list[Finding]:
    """The power of c in the mean of SGD, between the smallest and the largest."""
    found = []
    for alpha in sorted({row["alpha"] for row in rows}):
        chosen = [row for row in rows if row["alpha"] == alpha]
        low, high = (pick(chosen, key=lambda row: row["basin.c"]) for pick in (min, max))
        width = math.log(high["basin.c"] / low["basin.c"])
        found.append(
            Finding(
                f"E Gamma of SGD is proportional to c^-alpha, alpha = {alpha:g}: the slope",
                LAW,
                -alpha,
                math.log(high["mean"] / low["mean"]) / width,
                math.hypot(relative_error(low), relative_error(high)) / width,
                allowance=(next_order(low) + next_order(high)) / width,
                remark="Allowed is the next order of the two means, C(alpha) (eps c)^alpha/c.",
            )
        )
    return found


def next_order(row: dict) -> float:
    """The relative size of the next order of a mean of SGD."""
    c, alpha = row["basin.c"], row["alpha"]
    correction = theory.first_correction(lambda x: x, 1.0, 1.0, alpha)
    return correction * (c * row["epsilon"]) ** alpha / c


def shares(data: Data) -> list[dict]:
    """By optimizer and c, the share of paths that take the same iterations and end at one place."""
    sweep = data["adaptive"]
    found = list(zip(sweep.rows, sweep.results().values(), strict=True))
    lines = []
    for row, result in found:
        unit = next(
            other
            for line, other in found
            if line["dynamics"] == row["dynamics"] and line["basin.c"] == 1.0
        )
        same = (result.steps == unit.steps) & (result.exit_position == unit.exit_position).all(1)
        lines.append(
            {
                "dynamics": row["dynamics"],
                "c": row["basin.c"],
                "iterations": row["mean"] / row["dt"],
                "error": relative_error(row) * row["mean"] / row["dt"],
                "same": float(np.mean(same)),
            }
        )
    return lines


def scale_free_findings(lines: list[dict]) -> list[Finding]:
    """Whether every path is the same for all c."""
    found = []
    for name in dict.fromkeys(line["dynamics"] for line in lines):
        least = min(line["same"] for line in lines if line["dynamics"] == name)
        free = not breaks(name)
        found.append(
            Finding(
                f"Share of paths that no power of two c changes in a bit, {name}",
                SCALE_FREE,
                1.0,
                least,
                should_agree=free,
                remark=""
                if free
                else "The source says so: weight decay inside the gradient, and eps > 0, are not "
                "scale-free.",
            )
        )
    return found


def breaks(name: str) -> bool:
    """Whether the optimizer is known not to be scale-free."""
    return name == PLAIN or name.startswith("adam_l2")


def sgd_panel(ax: Axes, rows: list[dict]) -> None:
    """Means of SGD over that of c = 1."""
    for index, alpha in enumerate(sorted({row["alpha"] for row in rows})):
        chosen = [row for row in rows if row["alpha"] == alpha]
        c = np.array([row["basin.c"] for row in chosen])
        law = [row["predicted_mean"] for row in chosen]
        look = {"color": CYCLE[index]}
        ax.plot(c, law, linestyle=STYLES[index], label=rf"$c^{{-\alpha}}$, {alpha:g}", **look)
        ax.errorbar(
            c, [row["mean"] for row in chosen],
            [1.96 * row["mean"] * relative_error(row) for row in chosen], marker=MARKERS[index],
            linestyle="none", capsize=2.0, label=rf"SGD, $\alpha$ = {alpha:g}", **look,
        )  # fmt: skip
    ax.set_ylabel("mean escape time")


def adaptive_panel(ax: Axes, lines: list[dict]) -> None:
    """Iterations of Adam and its relatives."""
    for index, name in enumerate(dict.fromkeys(line["dynamics"] for line in lines)):
        chosen = [line for line in lines if line["dynamics"] == name]
        ax.errorbar(
            [line["c"] for line in chosen], [line["iterations"] for line in chosen],
            [1.96 * line["error"] for line in chosen], color=CYCLE[index], marker=MARKERS[index],
            linestyle=STYLES[index % len(STYLES)], markersize=8.0 - index, linewidth=1.0,
            capsize=2.0, label=name.replace("weight_decay", "decay"),
        )  # fmt: skip
    ax.set_ylabel("iterations to exit")


def draw(data: Data) -> Outcome:
    """SGD on the left, Adam and its relatives on the right."""
    rows, lines = list(data["sgd"].rows), shares(data)
    figure = Figure(figsize=(9.5, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    sgd_panel(left, rows)
    adaptive_panel(right, lines)
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks([0.25, 0.5, 1.0, 2.0, 4.0], ["0.25", "0.5", "1", "2", "4"])
        ax.minorticks_off()
        ax.set_xlabel("factor $c$ of the loss and its noise")
    right.set_yticks([1000.0, 1500.0, 2000.0, 3000.0], ["1000", "1500", "2000", "3000"])
    plots.shared_legend(figure)
    free = [name for name in dict.fromkeys(x["dynamics"] for x in lines) if not breaks(name)]
    least = min(line["same"] for line in lines if line["dynamics"] in free)
    others = {
        name: max(x["iterations"] for x in lines if x["dynamics"] == name)
        / min(x["iterations"] for x in lines if x["dynamics"] == name)
        for name in dict.fromkeys(x["dynamics"] for x in lines)
        if breaks(name)
    }
    told = " and ".join(f"{value:.3g} for {name}" for name, value in others.items())
    text = (
        "The loss and the noise of its gradient are multiplied by c. SGD leaves sooner by c^alpha. "
        "Adam, AdamW and AdamProx with eps = 0 divide c out: for powers of two "
        f"{100.0 * least:.4g} % of their paths are the same in every bit.\n\n"
        "Adam with weight decay in the gradient is not scale-free, because the decay does not grow "
        "with the loss, and neither is Adam with eps > 0. Between the smallest and the largest c "
        f"the mean iterations to exit change by a factor of {told}."
    )
    return Outcome(
        "Multiplying the loss",
        text,
        {"loss_scale": figure},
        [*sgd_findings(rows), *scale_free_findings(lines)],
        {"iterations": lines},
    )
