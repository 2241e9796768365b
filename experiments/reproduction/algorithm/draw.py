"""Iterations of SGD until it leaves a well, against the learning rate, and what the SDE says."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.drawing import CYCLE, MARKERS, STYLES
from levysde.report.findings import Data, Finding, Outcome, standard_error

SOURCE = "Zhou et al. 2020, eq. 4 with eps = lr^((alpha - 1)/alpha)"
SMALL, LARGE = 0.02, 0.4
"""Learning rates up to which the SDE is near, and from which it is not."""


def error_of(row: dict) -> float:
    return standard_error(row["mean_lower"], row["mean_upper"])


def exact(alpha: float, lr: float) -> float:
    """The exact mean number of iterations of SGD with gradients x + noise out of (-1, 1)."""
    mean = theory.euler_mean_exit_time(
        lambda x: x, -1.0, 1.0, alpha, lr ** ((alpha - 1.0) / alpha), lr, tolerance=1e-4
    )
    return mean / lr


def lines_of(data: Data) -> list[dict]:
    """Iterations by index and learning rate, of the algorithm and of the SDE at its amplitude."""
    lines = []
    for row in sorted(data["algorithm"].rows, key=lambda row: (row["alpha"], row["dt"])):
        alpha, lr = row["alpha"], row["dt"]
        epsilon = lr ** ((alpha - 1.0) / alpha)
        sde = next(
            each
            for each in data["sde"].rows
            if each["alpha"] == alpha and math.isclose(each["epsilon"], epsilon, rel_tol=1e-9)
        )
        ratio = row["mean"] / sde["mean"]
        lines.append(
            {
                "alpha": alpha,
                "lr": lr,
                "iterations": row["mean"] / lr,
                "error": error_of(row) / lr,
                "exact": exact(alpha, lr),
                "sde": sde["mean"] / lr,
                "leading": 1.0 / theory.isotropic_constant(alpha, 1) / lr**alpha,
                "ratio": ratio,
                "ratio_error": ratio
                * math.hypot(error_of(row) / row["mean"], error_of(sde) / sde["mean"]),
            }
        )
    return lines


def grid_bias(line: dict) -> float:
    """By what share leaving is seen too late: a boundary that is beta lr farther away."""
    return line["alpha"] * theory.boundary_shift_constant(line["alpha"]) * line["lr"]


def setting(line: dict) -> str:
    return f"alpha = {line['alpha']:g}, learning rate {line['lr']:g}"


def exact_finding(line: dict) -> Finding:
    """Iterations against the integral equation of the chain."""
    return Finding(
        f"Mean iterations of SGD, {setting(line)}",
        "integral equation of the chain, Atkinson 1997, chapter 4",
        line["exact"],
        line["iterations"],
        line["error"],
        allowance=1e-4 * line["exact"],
        remark="Allowed is the tolerance of the equation's solution.",
    )


def sde_finding(line: dict) -> Finding:
    """Iterations over those that the SDE says."""
    near = line["lr"] <= SMALL
    return Finding(
        f"Iterations of SGD over mean escape time of the SDE / learning rate, {setting(line)}",
        SOURCE,
        1.0,
        line["ratio"],
        line["ratio_error"],
        allowance=grid_bias(line) + line["lr"] if near else 0.0,
        should_agree=near,
        remark="Allowed is what a boundary shifted by beta_alpha lr does (Broadie, Glasserman & Kou"
        " 1997, with Spitzer's identity for alpha < 2), and the order lr of the drift."
        if near
        else "Steps of this length see an exit late and overshoot: the SDE is a limit.",
    )


def panel(ax: Axes, lines: list[dict]) -> None:
    """Iterations of the algorithm, exact, of the SDE, and its leading order."""
    for index, alpha in enumerate(sorted({line["alpha"] for line in lines})):
        chosen = [line for line in lines if line["alpha"] == alpha]
        lr = [line["lr"] for line in chosen]
        color = CYCLE[index]
        ax.plot(
            lr, [line["iterations"] for line in chosen], color=color, marker=MARKERS[index],
            linestyle="none", label=rf"algorithm, $\alpha$ = {alpha:g}",
        )  # fmt: skip
        for name, style in zip(("exact", "sde", "leading"), STYLES, strict=False):
            ax.plot(lr, [line[name] for line in chosen], color=color, linestyle=style)
    labels = ("exact chain", "SDE, simulated", "SDE, leading order")
    for label, style in zip(labels, STYLES, strict=False):
        ax.plot([], [], color="black", linestyle=style, label=label)
    ax.set_yscale("log")
    ax.set_ylabel("iterations to exit")


def ratio_panel(ax: Axes, lines: list[dict]) -> None:
    """Iterations of the algorithm over those of the SDE."""
    for index, alpha in enumerate(sorted({line["alpha"] for line in lines})):
        chosen = [line for line in lines if line["alpha"] == alpha]
        ax.errorbar(
            [line["lr"] for line in chosen], [line["ratio"] for line in chosen],
            [1.96 * line["ratio_error"] for line in chosen], color=CYCLE[index],
            marker=MARKERS[index], linestyle="none", capsize=2.0,
        )  # fmt: skip
    ax.axhline(1.0, color="0.6", linewidth=0.8, zorder=1)
    ax.set_ylabel("algorithm / SDE")


def draw(data: Data) -> Outcome:
    """Iterations on the left, their ratio on the right."""
    lines = lines_of(data)
    figure = Figure(figsize=(9.5, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    panel(left, lines)
    ratio_panel(right, lines)
    rates = sorted({line["lr"] for line in lines})
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xticks(rates, [f"{lr:g}" for lr in rates])
        ax.minorticks_off()
        ax.set_xlabel("learning rate")
    plots.shared_legend(figure)
    worst = max(lines, key=lambda line: abs(math.log(line["ratio"])))
    least = min(rates)
    near = max(abs(line["ratio"] - 1.0) for line in lines if line["lr"] == least)
    away = float(
        np.mean([line["exact"] / line["leading"] for line in lines if line["lr"] == least])
    )
    text = (
        "SGD on x^2/2 in (-1, 1) with stable noise of scale 1 in the gradient. With eps = "
        "lr^((alpha - 1)/alpha) it is the chain of Euler steps of an SDE, one time unit being 1/lr "
        "iterations, and the exact mean of that chain is what the simulation gives.\n\n"
        f"The SDE itself is a limit of small learning rates: at {least:g} its mean is off by at "
        f"most {100.0 * near:.1f} %. The largest difference is a factor of {worst['ratio']:.2f}, "
        f"at a learning rate of {worst['lr']:g} and alpha = {worst['alpha']:g}. The leading order "
        "for small noise, lr^-alpha/nu(W) iterations, is another limit, which comes later: at a "
        f"learning rate of {least:g} iterations are {away:.2f} times it on average over the "
        "indices."
    )
    return Outcome(
        "The algorithm and its SDE",
        text,
        {"algorithm": figure},
        [
            *(exact_finding(line) for line in lines),
            *(sde_finding(line) for line in lines if not SMALL < line["lr"] < LARGE),
        ],
        {"iterations": lines},
    )
