"""Mean escape time over the saddle of a bistable potential, against the intensity of the noise."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import estimators, plots
from levysde.report.drawing import CYCLE, MARKERS, STYLES
from levysde.report.findings import Data, Finding, Outcome, standard_error

SOURCE = (
    "Chechkin, Sliusarenko, Metzler & Klafter, Phys. Rev. E 75 (2007) 041101, T = C(alpha)/D^mu"
)
LIMIT_BELOW = 2e-4
"""Intensity from which on the limit is tested."""

FITTED_ABOVE = 5e-3
"""Intensities that simulations of every path reach, over which exponents are fitted."""


def limit(alpha: float) -> float:
    """C(alpha) = pi / (Gamma(alpha) sin(pi alpha/2)), the limit of T D."""
    return math.pi / (math.gamma(alpha) * math.sin(0.5 * math.pi * alpha))


def line_of(row: dict) -> dict:
    """Index, intensity, T D and the number of its standard error."""
    alpha, intensity = row["alpha"], row["epsilon"] ** row["alpha"]
    error = standard_error(row["mean_lower"], row["mean_upper"])
    return {
        "alpha": alpha,
        "D": intensity,
        "T": row["mean"],
        "T D": row["mean"] * intensity,
        "error": error * intensity,
        "C": limit(alpha),
    }


def panel(ax: Axes, lines: list[dict]) -> None:
    """T D over its limit, a curve an index."""
    for index, alpha in enumerate(sorted({line["alpha"] for line in lines})):
        chosen = sorted((line for line in lines if line["alpha"] == alpha), key=lambda x: x["D"])
        place = [line["D"] for line in chosen]
        share = [line["T D"] / line["C"] for line in chosen]
        error = [1.96 * line["error"] / line["C"] for line in chosen]
        ax.errorbar(
            place, share, error, color=CYCLE[index], fmt=MARKERS[index], capsize=2.0,
            linestyle=STYLES[index % len(STYLES)], linewidth=0.9, markersize=5.0,
            label=rf"$\alpha$ = {alpha:g}",
        )  # fmt: skip
    ax.axhline(1.0, color="black", linewidth=1.0)
    ax.set_xscale("log")
    ax.set_xlabel(r"intensity $D = \varepsilon^\alpha$")
    ax.set_ylabel(r"$T D / C(\alpha)$")


def findings_of(lines: list[dict]) -> list[Finding]:
    """T D against its limit at the smallest intensities."""
    found = []
    for line in lines:
        if line["D"] > LIMIT_BELOW:
            continue
        near = next(
            other for other in lines if other["alpha"] == line["alpha"] and 5e-4 < other["D"] < 5e-3
        )
        distance = abs(near["T D"] - near["C"]) + 2.0 * near["error"]
        found.append(
            Finding(
                f"T D tends to C(alpha), alpha = {line['alpha']:g}, D = {line['D']:.0e}",
                SOURCE,
                line["C"],
                line["T D"],
                line["error"],
                allowance=distance * line["D"] / near["D"],
                remark="The next order is proportional to D; allowed is what is left at D = 1e-3, "
                "with two standard errors, times the ratio of the intensities.",
            )
        )
    return found


def fit_of(lines: list[dict], alpha: float, above: float) -> dict:
    """The exponent of T against D over a range, and whether it is one."""
    chosen = [line for line in lines if line["alpha"] == alpha and line["D"] > above]
    place, mean = (np.array([line[name] for line in chosen]) for name in ("D", "T"))
    errors = np.array([line["error"] / line["T D"] for line in chosen])
    fit = estimators.fit_slope(place, mean, errors)
    slopes = estimators.local_slopes(place, mean, errors).slope
    verdict = ""
    if len(chosen) > 2:
        verdict = estimators.asymptotic(place, mean, errors, expected=-1.0).sentence
    return {
        "alpha": alpha,
        "D from": float(place.min()),
        "mu": -fit.slope,
        "error": fit.error,
        "mu at the smallest D": float(-slopes[0]),
        "verdict": verdict,
    }


def draw(data: Data) -> Outcome:
    """T D against D, and the exponents that fits to it give."""
    lines = [line_of(row) for row in (*data["large_noise"].rows, *data["small_noise"].rows)]
    alphas = sorted({line["alpha"] for line in lines})
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    panel(figure.subplots(), lines)
    plots.shared_legend(figure)
    fits = [fit_of(lines, alpha, above) for alpha in alphas for above in (FITTED_ABOVE, 0.0)]
    large = [fit["mu"] for fit in fits[::2]]
    last = min(lines, key=lambda line: line["T D"] / line["C"])
    smallest = [line["T D"] / line["C"] for line in lines if line["D"] < LIMIT_BELOW]
    text = (
        "A particle in the potential x^4/4 - x^2/2 starts in the minimum -1 and is out at the "
        "saddle 0. Drawn is the mean escape time T times the intensity D, over the limit "
        "C(alpha) = pi/(Gamma(alpha) sin(pi alpha/2)).\n\n"
        f"Below D = 2e-4 all ratios are between {min(smallest):.3f} and {max(smallest):.3f}. The "
        f"limit is approached from below: at alpha = {last['alpha']:g} and D = {last['D']:.2g} the "
        f"mean is {last['T D'] / last['C']:.2f} of it. An exponent mu fitted to D from 0.01 to 0.1 "
        f"is between {min(large):.3f} and {max(large):.3f}, and not 1: the points are on a curve, "
        "whose slope tends to 1. Fitted exponents that differ from 1 are this curvature."
    )
    return Outcome(
        "Escape over the saddle of a bistable potential",
        text,
        {"bistable": figure},
        findings_of(lines),
        {"means": lines, "fits": fits},
    )
