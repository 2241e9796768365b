"""Mean escape time against the noise amplitude: simulation, leading order and exact curve."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import basins, estimators, plots, theory
from levysde.report.findings import Data, Finding, Outcome, standard_error
from levysde.runs.sweep.table import by_column

SOURCE = "Imkeller & Pavlyukevich 2006, theorem 1; Zhou et al. 2020, theorem 1"
INTERVALS = {"sharp": (-0.25, 0.25), "flat": (-1.0, 1.0), "asymmetric": (-0.25, 1.0)}
ALPHAS = (1.2, 1.5, 1.8)
LIMIT_BELOW = 0.02
"""Amplitude below which the leading order is expected to be near."""

EXACT_FROM = {1.2: 0.1, 1.5: 0.14, 1.8: 0.19}
"""Amplitudes from which the integral equation of the chain is solved in a second."""


def exact_mean(row: dict) -> float | None:
    """The exact mean of the chain that a cell simulates, where its equation is solved quickly."""
    if row["method"] != "euler" or row["epsilon"] < EXACT_FROM[row["alpha"]]:
        return None
    basin = getattr(basins, row["basin"])()
    lower, upper = INTERVALS[row["basin"]]

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([basin.potential.gradient_at(point)[0] for point in x[:, None]])

    try:
        return theory.euler_mean_exit_time(
            gradient, lower, upper, row["alpha"], row["epsilon"], row["dt"],
            breakpoints=[0.0], tolerance=1e-4,
        )  # fmt: skip
    except ValueError:  # the increments of one step are too narrow for its nodes
        return None


def panel(ax: Axes, rows: list[dict], exact: dict[str, float | None]) -> None:
    """Simulation and leading order of one index, and the exact means."""
    plots.scaling(by_column(rows), by=("basin",), ax=ax)
    known = [(row["epsilon"], exact[row["key"]]) for row in rows if exact[row["key"]] is not None]
    ax.plot(
        *np.transpose(known), marker="x", color="black", markersize=9, linestyle="none",
        zorder=4, label="exact",
    )  # fmt: skip
    ax.set_title(rf"$\alpha$ = {rows[0]['alpha']:g}", fontsize="medium")


def findings_of(rows: list[dict], exact: dict[str, float | None]) -> list[Finding]:
    found = []
    for row in rows:
        setting = f"{row['basin']}, alpha = {row['alpha']:g}, eps = {row['epsilon']:.3g}"
        error = standard_error(row["mean_lower"], row["mean_upper"])
        if exact[row["key"]] is not None:
            found.append(
                Finding(
                    f"Mean escape time of the Euler chain, {setting}",
                    "integral equation of the chain, Atkinson 1997, chapter 4",
                    exact[row["key"]],
                    row["mean"],
                    error,
                )
            )
        elif row["epsilon"] <= LIMIT_BELOW:
            alpha, width = row["alpha"], INTERVALS[row["basin"]][0]
            distance = (row["epsilon"] / abs(width)) ** alpha
            found.append(
                Finding(
                    f"eps^alpha nu(W) E Gamma tends to 1, {setting}",
                    SOURCE,
                    1.0,
                    row["ratio"],
                    error / row["predicted_mean"],
                    allowance=4.0 * distance,
                    remark="The next order is C (eps/a)^alpha, with C up to about 4.",
                )
            )
    return found


def fit_of(rows: list[dict], alpha: float) -> dict:
    """The slope of the mean in the flat basin, and whether it is an exponent."""
    rows = [row for row in rows if row["basin"] == "flat" and row["alpha"] == alpha]
    epsilon, mean = (np.array([row[name] for row in rows]) for name in ("epsilon", "mean"))
    errors = [standard_error(row["mean_lower"], row["mean_upper"]) / row["mean"] for row in rows]
    verdict = estimators.asymptotic(epsilon, mean, errors, expected=-alpha)
    smallest = int(np.argmin(verdict.local.x))
    return {
        "alpha": alpha,
        "slope": verdict.fit.slope,
        "error": verdict.fit.error,
        "slope at the smallest eps": float(verdict.local.slope[smallest]),
        "verdict": verdict.sentence,
    }


def draw(data: Data) -> Outcome:
    """Three panels, one an index."""
    rows = [*data["large_noise"].rows, *data["small_noise"].rows]
    exact = {row["key"]: exact_mean(row) for row in rows}
    figure = Figure(figsize=(10.0, 4.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for ax, alpha in zip(axes, ALPHAS, strict=True):
        panel(ax, [row for row in rows if row["alpha"] == alpha], exact)
    for ax in axes[1:]:
        ax.set_ylabel("")
    plots.shared_legend(figure)
    ratio = Figure(figsize=(7.0, 4.6), layout="constrained")
    chosen = [row for row in rows if row["alpha"] == 1.5]
    plots.ratio(by_column(chosen), by=("basin",), ax=ratio.subplots())
    fits = [fit_of(rows, alpha) for alpha in ALPHAS]
    worst = max(abs(math.log(row["ratio"])) for row in rows)
    text = (
        "Mean escape time from the three built-in basins against the noise amplitude. Lines are "
        "the leading order 1/(eps^alpha nu(W)), points simulated means with 95 % intervals, "
        "crosses exact means of the same chain.\n\n"
        "The leading order is approached from below in symmetric wells and from above in the "
        f"asymmetric one; over this range it is off by up to a factor of {math.exp(worst):.2f}. A "
        "slope fitted to large amplitudes is therefore steeper than alpha, which is curvature and "
        "no exponent: see the table of fits."
    )
    return Outcome(
        "Escape time against the noise amplitude",
        text,
        {"escape_time": figure, "ratio": ratio},
        findings_of(rows, exact),
        {"fits": fits},
    )
