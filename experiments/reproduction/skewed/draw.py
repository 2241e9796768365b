"""Skewed stable motion without drift: mean exit times from an interval and the side of the exit."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import plots, theory
from levysde.report.drawing import CYCLE, MARKERS
from levysde.report.findings import Data, Finding, Outcome, standard_error

TIME = "Profeta & Simon, Seminaire de Probabilites XLVIII (2016), mean of the exit time"
SIDE = "Profeta & Simon, Seminaire de Probabilites XLVIII (2016); Kyprianou, side of the exit"


def runs_of(data: Data) -> dict[tuple[float, float, float], list[dict]]:
    """By index, skewness and start, a line for each step from the longest to the shortest."""
    found: dict[tuple[float, float, float], list[dict]] = {}
    for row, result in zip(data["exact"].rows, data["exact"].results().values(), strict=True):
        start = float(row["start"].strip("()"))
        share = float((result.exit_position[:, 0] > 0.0).mean())
        line = {
            "dt": row["dt"],
            "mean": row["mean"],
            "error": standard_error(row["mean_lower"], row["mean_upper"]),
            "right": share,
            "right_error": math.sqrt(share * (1.0 - share) / result.paths),
        }
        found.setdefault((row["alpha"], row["noise.beta"], start), []).append(line)
    return {key: sorted(lines, key=lambda line: -line["dt"]) for key, lines in found.items()}


def extrapolated(alpha: float, lines: list[dict], name: str, error: str) -> tuple[float, float]:
    """The limit of dt -> 0 and its error: the bias is of order dt^(1/alpha), at most dt."""
    long, short = lines
    ratio = (long["dt"] / short["dt"]) ** min(1.0, 1.0 / alpha)
    weight = 1.0 / (ratio - 1.0)
    value = (1.0 + weight) * short[name] - weight * long[name]
    return value, math.hypot((1.0 + weight) * short[error], weight * long[error])


def table_of(data: Data) -> list[dict]:
    """A line for each setting: simulated, extrapolated and exact."""
    table = []
    for (alpha, beta, start), lines in runs_of(data).items():
        mean, mean_error = extrapolated(alpha, lines, "mean", "error")
        right, right_error = extrapolated(alpha, lines, "right", "right_error")
        table.append(
            {
                "alpha": alpha,
                "beta": beta,
                "start": start,
                "rho": theory.positivity(alpha, beta),
                "mean, longer dt": lines[0]["mean"],
                "mean, shorter dt": lines[1]["mean"],
                "mean, dt -> 0": mean,
                "mean error": mean_error,
                "mean exact": theory.skewed_mean_exit_time(alpha, beta, -1.0, 1.0, start),
                "right, dt -> 0": right,
                "right error": right_error,
                "right exact": theory.skewed_right_exit_probability(alpha, beta, -1.0, 1.0, start),
            }
        )
    return table


def findings_of(table: list[dict]) -> list[Finding]:
    """Time and side of the exit for every setting."""
    remark = "Two steps, extrapolated: the bias is of order dt^(1/alpha), and dt for alpha < 1."
    found = []
    for line in table:
        setting = f"alpha = {line['alpha']:g}, beta = {line['beta']:g}, x = {line['start']:g}"
        for claim, source, name in (
            ("Mean exit time", TIME, "mean"),
            ("Probability of leaving to the right", SIDE, "right"),
        ):
            value, error = line[f"{name}, dt -> 0"], line[f"{name} error"]
            exact = line[f"{name} exact"]
            found.append(Finding(f"{claim}, {setting}", source, exact, value, error, remark=remark))
    return found


def label_of(line: dict) -> str:
    """Index, skewness and start in three lines."""
    return (
        rf"$\alpha$ = {line['alpha']:g}" + "\n"
        rf"$\beta$ = {line['beta']:g}" + "\n" + f"x = {line['start']:g}"
    )


def panel(ax: Axes, table: list[dict], name: str, heading: str) -> None:
    """Simulated and exact values, a place for each setting."""
    places = range(len(table))
    ax.errorbar(
        places, [line[f"{name}, dt -> 0"] for line in table],
        [1.96 * line[f"{name} error"] for line in table], color=CYCLE[0], marker=MARKERS[0],
        fillstyle="none", markersize=9.0, capsize=3.0, linestyle="none",
        label=r"simulation, dt $\to$ 0",
    )  # fmt: skip
    if name == "mean":
        longer = [line["mean, longer dt"] for line in table]
        ax.plot(places, longer, MARKERS[2], color=CYCLE[1], markersize=5.0, label="longer step")
    exact = [line[f"{name} exact"] for line in table]
    ax.plot(places, exact, "x", color="black", markersize=6.0, zorder=4, label="exact")
    ax.set_xticks(list(places), [label_of(line) for line in table], fontsize="small")
    ax.set_ylabel(heading)
    ax.set_ylim(bottom=-0.04)
    ax.margins(x=0.08)


def draw(data: Data) -> Outcome:
    """Mean exit times above, sides below."""
    table = table_of(data)
    figure = Figure(figsize=(7.0, 7.0), layout="constrained")
    above, below = figure.subplots(2, 1)
    panel(above, table, "mean", "mean exit time")
    panel(below, table, "right", "P(right)")
    plots.shared_legend(figure)
    largest = max(table, key=lambda line: line["mean, longer dt"] / line["mean exact"])
    bias = largest["mean, longer dt"] / largest["mean exact"] - 1.0
    worst = max(
        abs(line[f"{name}, dt -> 0"] - line[f"{name} exact"]) / line[f"{name} error"]
        for line in table
        for name in ("mean", "right")
    )
    text = (
        "Skewed strictly stable motion without drift leaves (-1, 1). Mean exit times and "
        "probabilities of leaving to the right are known exactly for every index, skewness and "
        "start; crosses are these values, circles simulations extrapolated to dt = 0.\n\n"
        f"All {2 * len(table)} numbers agree, none is more than {worst:.1f} standard errors away. "
        "Watched on a grid, exits are seen late: with the longer step the mean is up to "
        f"{100.0 * bias:.1f} % too long (alpha = {largest['alpha']:g}), which the extrapolation "
        "takes away. For alpha > 1 and beta > 0 the motion leaves more often to the left, although "
        "its long jumps go to the right: between them it drifts to the left."
    )
    return Outcome(
        "Skewed motion: time and side of the exit",
        text,
        {"skewed": figure},
        findings_of(table),
        {"exits": table},
    )
