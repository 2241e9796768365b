"""Which shape of a basin keeps a path: width, barrier and asymmetry."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from levysde import plots, theory
from levysde.report.drawing import BLUE, GREEN, VERMILION
from levysde.report.findings import Data, Finding, Outcome, standard_error
from levysde.runs.sweep.table import by_column

LAW = "Imkeller & Pavlyukevich 2006, theorem 1: (c/alpha)(a^-alpha + b^-alpha)"
ENDS = {"sharp": (0.25, 0.25), "flat": (1.0, 1.0), "asymmetric": (0.25, 1.0)}
WALL, TICKS = 0.25, (0.25, 0.5, 1.0, 2.0, 4.0)
"""Distance of the steep wall, and of the other one on its axis."""

REMARK = "The noise displaces the path by the order eps, which is compared with the nearest wall."
STYLES = {1.2: ("-", "o", BLUE), 1.5: ("--", "s", VERMILION), 1.8: (":", "^", GREEN)}


def measure(alpha: float, left: float, right: float) -> float:
    """The escape measure of the interval (-left, right)."""
    return theory.stable_constant(alpha) / alpha * (left**-alpha + right**-alpha)


def relative_error(row: dict) -> float:
    return standard_error(row["mean_lower"], row["mean_upper"]) / row["mean"]


def ends(row: dict) -> tuple[float, float]:
    """Distances of both walls."""
    if row["basin"] in ENDS:
        return ENDS[row["basin"]]
    return -row.get("basin.lower", -WALL), row["basin.upper"]


def compared(row: dict, other: dict) -> dict:
    """The mean of a line over that of another, measured and by the law."""
    alpha = row["alpha"]
    return {
        "alpha": alpha,
        "interval": f"({-ends(row)[0]:g}, {ends(row)[1]:g})",
        "over": f"({-ends(other)[0]:g}, {ends(other)[1]:g})",
        "ratio": row["mean"] / other["mean"],
        "error": row["mean"] / other["mean"] * math.hypot(*map(relative_error, (row, other))),
        "law": measure(alpha, *ends(other)) / measure(alpha, *ends(row)),
        "near": row["epsilon"] / min(*ends(row), *ends(other)),
    }


def mean_findings(rows: list[dict]) -> list[Finding]:
    """Every mean against the law."""
    return [
        Finding(
            f"eps^alpha nu(W) E Gamma tends to 1, ({-ends(row)[0]:g}, {ends(row)[1]:g}), "
            f"alpha = {row['alpha']:g}, eps = {row['epsilon']:g}",
            LAW,
            1.0 / measure(row["alpha"], *ends(row)),
            row["mean"] * row["epsilon"] ** row["alpha"],
            relative_error(row) * row["mean"] * row["epsilon"] ** row["alpha"],
            allowance=4.0 * row["epsilon"] / min(ends(row)) / measure(row["alpha"], *ends(row)),
            remark=REMARK,
        )
        for row in rows
    ]


def ratio_finding(claim: str, line: dict) -> Finding:
    """A ratio of means against the law."""
    return Finding(
        f"{claim}: mean of {line['interval']} over that of {line['over']}, "
        f"alpha = {line['alpha']:g}",
        LAW, line["law"], line["ratio"], line["error"],
        allowance=4.0 * line["near"] * line["law"], remark=REMARK,
    )  # fmt: skip


def refuted(line: dict) -> Finding:
    """The reading that asymmetry keeps a path, at fixed width."""
    return Finding(
        f"At fixed width an asymmetric basin is not left sooner: mean of {line['interval']} over "
        f"that of {line['over']}, alpha = {line['alpha']:g}, at least 1",
        "Zhou et al. 2020, section 4, read as a statement about asymmetry alone",
        1.0, line["ratio"], line["error"], should_agree=False,
        remark="The nearer wall decides: a^-alpha grows more than b^-alpha falls.",
    )  # fmt: skip


def at(rows: list[dict], alpha: float, **values: float | str) -> dict:
    """The line with these settings."""
    wanted = {name.replace("__", "."): value for name, value in values.items()}
    return next(
        row
        for row in rows
        if row["alpha"] == alpha and all(row[name] == value for name, value in wanted.items())
    )


def ratios(rows: list[dict], first: dict[str, float | str], name: str) -> list[dict]:
    """Means over that of the first setting of the same index."""
    return [
        compared(row, at(rows, row["alpha"], **first))
        for row in rows
        if row[name] != first[name.replace(".", "__")]
    ]


def curve(ax: Axes, rows: list[dict], name: str, left: bool) -> None:
    """Means over the symmetric one against the distance that varies, with the law."""
    for alpha, (line, marker, color) in STYLES.items():
        chosen = [row for row in rows if row["alpha"] == alpha]
        x = np.abs([row[name] for row in chosen])
        first = chosen[int(np.argmax(x) if left else np.argmin(x))]
        scaled = np.array([row["mean"] for row in chosen]) / first["mean"]
        errors = 1.96 * scaled * [relative_error(row) for row in chosen]
        grid = np.geomspace(x.min(), x.max(), 200)
        law = [
            measure(alpha, *ends(first))
            / (measure(alpha, r, 2.0 - r) if left else measure(alpha, WALL, r))
            for r in grid
        ]
        ax.plot(grid, law, color=color, linestyle=line, linewidth=1.1)
        ax.errorbar(
            x, scaled, yerr=errors, fmt=marker, color=color, capsize=2.0,
            markersize=4.5, label=rf"$\alpha$ = {alpha:g}",
        )  # fmt: skip
    ax.axhline(1.0, color="0.6", linewidth=0.8, zorder=1)


def asymmetry_figure(width: list[dict], wall: list[dict]) -> Figure:
    """Both readings of asymmetry side by side."""
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    curve(left, width, "basin.lower", left=True)
    left.set_ylabel("mean over that of the symmetric interval")
    left.plot([], [], color="0.3", linestyle="-", linewidth=1.1, label="law, lines")
    left.set_yscale("log")
    left.set_xlabel("distance $a$ of the nearer wall")
    left.set_title("fixed width: $(-a, 2 - a)$", fontsize="medium")
    curve(right, wall, "basin.upper", left=False)
    right.axhline(2.0, color="0.3", linestyle="-.", linewidth=1.0, label="bound 2")
    right.set_xscale("log")
    right.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    right.xaxis.set_minor_locator(NullLocator())
    right.set_xlabel("distance $b$ of the farther wall")
    right.set_title("fixed steep wall: $(-1/4, b)$", fontsize="medium")
    plots.shared_legend(figure)
    return figure


def barrier_figure(rows: list[dict]) -> Figure:
    figure = Figure(figsize=(6.0, 4.4), layout="constrained")
    rows = [{**row, "corrected_mean": None} for row in rows]
    plots.scaling(by_column(rows), x="alpha", by=("basin",), ax=figure.subplots())
    return figure


def draw(data: Data) -> Outcome:
    """The three basins of one barrier, and two ways to make a basin asymmetric."""
    same, width, wall = (
        list(data[name].rows) for name in ("same_barrier", "fixed_width", "steep_wall")
    )
    barrier = ratios(same, {"basin": "sharp"}, "basin")
    moved = ratios(width, {"basin__lower": -1.0}, "basin.lower")
    away = ratios(wall, {"basin__upper": WALL}, "basin.upper")
    main = next(x for x in moved if x["interval"] == "(-0.2, 1.8)" and x["alpha"] == 1.5)
    largest = max(away, key=lambda line: line["ratio"])
    flat = next(x for x in barrier if x["interval"] == "(-1, 1)" and x["alpha"] == 1.5)
    text = (
        "What keeps a path in a basin is the distance of its walls and nothing else, in the limit "
        "of small noise: neither curvature nor the height of the barrier.\n\n"
        "Sharp, flat and asymmetric basins have the same barrier, so that Gaussian noise would "
        "leave them at rates with the same exponential; at alpha = 1.5 the flat one keeps paths "
        f"{flat['ratio']:.2f} times as long as the sharp one (the law says {flat['law']:.2f}).\n\n"
        "At fixed width asymmetry shortens the stay: moving the interval from (-1, 1) to "
        f"(-0.2, 1.8) at alpha = 1.5 shortens the mean {1.0 / main['ratio']:.2f} times (the law "
        f"says {1.0 / main['law']:.2f}). This is against the reading of Zhou et al. 2020 that "
        "asymmetry by itself keeps a path. If the steep wall stays where it is and the other wall "
        "moves away, the stay gets longer, but at most by a factor of 2, since exits over the "
        f"steep wall remain: the largest ratio here is {largest['ratio']:.3f} (the law says "
        f"{largest['law']:.3f})."
    )
    return Outcome(
        "Width, barrier and asymmetry",
        text,
        {"asymmetry": asymmetry_figure(width, wall), "same_barrier": barrier_figure(same)},
        [
            *(ratio_finding("Same barrier", line) for line in barrier),
            *(ratio_finding("Fixed width", line) for line in moved),
            *(refuted(line) for line in moved if line["law"] < 0.6),
            *(ratio_finding("Fixed steep wall, below 2", line) for line in away),
            *mean_findings([*same, *width, *wall]),
        ],
        {"ratios": barrier + moved + away},
    )
