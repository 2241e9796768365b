"""Mean exit times of particles in one and in two wells, against the solution of their equation."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.drawing import CYCLE, MARKERS
from levysde.report.findings import Data, Finding, Outcome, standard_error

SOURCE = "Gao, Duan, Li & Song, SIAM J. Sci. Comput. 36 (2014) A887, nonlocal equation A u = -1"
CHAIN = "integral equation of the chain, Atkinson 1997, chapter 4"
EXACT = {
    1.0: {1.0: 1.2165, 1.2: 1.1397, 1.5: 0.94876, 1.8: 0.73034},
    2.0: {1.0: 2.6592, 1.2: 3.1142, 1.5: 3.8272, 1.8: 4.3835},
}
"""By half width of the interval and index, mean exit times of dX = -X dt + dL from 0."""

DIGITS = 5e-5
CAUCHY_BIAS = 2.6
"""Excess of the chain over the mean in continuous time, in steps of 0.0005, at alpha = 1."""


def line_of(case: str, row: dict, exact: float) -> dict:
    """A simulated mean beside the exact one."""
    return {
        "case": case,
        "alpha": row["alpha"],
        "epsilon": row["epsilon"],
        "dt": row["dt"],
        "mean": row["mean"],
        "error": standard_error(row["mean_lower"], row["mean_upper"]),
        "exact": exact,
    }


def one_well(rows: list[dict]) -> list[dict]:
    """Means of the Ornstein-Uhlenbeck process beside those in continuous time."""
    lines = []
    for row in rows:
        half = row["basin.upper"]
        lines.append(line_of(f"one well, ({-half:g}, {half:g})", row, EXACT[half][row["alpha"]]))
    return lines


def force(x: np.ndarray) -> np.ndarray:
    """The gradient of x^4/4 - x^2/2."""
    return x**3 - x


def two_wells(rows: list[dict]) -> list[dict]:
    """Means of the bistable process beside those of the same chain."""
    lines = []
    for row in rows:
        exact = theory.euler_mean_exit_time(
            force, -2.0, 2.0, row["alpha"], row["epsilon"], row["dt"], tolerance=1e-4
        )
        lines.append(line_of("two wells, (-2, 2)", row, exact))
    return lines


def finding_of(line: dict) -> Finding:
    """A simulated mean against the exact one."""
    claim = f"Mean exit time, {line['case']}, alpha = {line['alpha']:g}"
    if line["case"].startswith("two"):
        claim += f", chain of dt = {line['dt']:g}"
        return Finding(claim, CHAIN, line["exact"], line["mean"], line["error"], 1e-4)
    allowance, remark = DIGITS, "The expected value has five digits."
    if line["alpha"] == 1.0:
        allowance += CAUCHY_BIAS * line["dt"]
        remark += (
            " Exits are seen on the grid: chains of dt = 0.02 and 0.01 take 1.5 and 1.7 dt longer "
            "on (-1, 1), 1.7 and 1.8 dt on (-2, 2), 0.17 dt more each time the step is halved."
        )
    return Finding(
        claim, SOURCE, line["exact"], line["mean"], line["error"], allowance, True, remark
    )


def panel(ax: Axes, lines: list[dict]) -> None:
    """Simulated and exact means against the index, a curve a case."""
    for index, case in enumerate(dict.fromkeys(line["case"] for line in lines)):
        chosen = [line for line in lines if line["case"] == case]
        alpha, mean, exact = (
            np.array([line[name] for line in chosen]) for name in ("alpha", "mean", "exact")
        )
        error = [1.96 * line["error"] for line in chosen]
        ax.errorbar(
            alpha, mean, error, color=CYCLE[index], marker=MARKERS[index], linestyle="none",
            capsize=3.0, fillstyle="none", markersize=8.0, label=case,
        )  # fmt: skip
        label = "exact" if index == 0 else "_nolegend_"
        ax.plot(alpha, exact, "x", color="black", markersize=5.0, zorder=4, label=label)
    ax.set_xlabel(r"$\alpha$")
    ax.set_ylabel("mean exit time from 0")
    ax.set_ylim(bottom=0.0)
    ax.set_xticks([1.0, 1.2, 1.5, 1.8])


def draw(data: Data) -> Outcome:
    """Means against the index."""
    lines = one_well(list(data["ornstein_uhlenbeck"].rows)) + two_wells(list(data["bistable"].rows))
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    panel(figure.subplots(), lines)
    plots.shared_legend(figure)
    worst = max(abs(line["mean"] - line["exact"]) / line["error"] for line in lines)
    largest = max(abs(line["mean"] / line["exact"] - 1.0) for line in lines)
    text = (
        "Mean exit times from 0. In one well dX = -X dt + dL leaves (-1, 1) or (-2, 2); in two "
        "wells dX = (X - X^3) dt + eps dL, eps^alpha = 1/2, leaves (-2, 2). Crosses are the "
        "solutions of the nonlocal equation for one well, and of the integral equation of the "
        "simulated chain for two.\n\n"
        f"All {len(lines)} means agree: the largest difference is {100.0 * largest:.2g} %, and "
        f"none is larger than {worst:.1f} standard errors. In the narrow interval a larger index "
        "leaves sooner, in the wide one later: a larger index has more small jumps, which cross "
        "the narrow interval, and fewer long ones, which leave the wide one."
    )
    return Outcome(
        "Mean exit times from one and from two wells",
        text,
        {"mean_exit": figure},
        [finding_of(line) for line in lines],
        {"means": lines},
    )
