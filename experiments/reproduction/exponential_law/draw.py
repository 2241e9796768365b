"""The law of escape times: survival curves at small and at moderate noise against Exp(1)."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from levysde import EscapeTimes, plots
from levysde.report.findings import KOLMOGOROV, Data, Finding, Outcome, standard_error

SOURCE = "Imkeller & Pavlyukevich 2006, theorem 1; Zhou et al. 2020, theorem 1"
NEAREST = {"sharp": 0.25, "flat": 1.0, "asymmetric": 0.25}
"""Distance of the nearest wall."""

SHAPE = math.sqrt(6.0) / math.pi
"""Standard error of a fitted Weibull shape of 1, times sqrt(n)."""

Pair = tuple[dict, EscapeTimes]


def pairs(data: Data, name: str) -> list[Pair]:
    """Lines of a sweep, each with all its paths."""
    found = data[name].results()
    return list(zip(data[name].rows, found.values(), strict=True))


def law_of(row: dict, result: EscapeTimes) -> dict:
    """How far the times are from Exp(1), in units of the predicted mean and of their own."""
    times = result.times
    test = result.exponentiality()
    return {
        "basin": row["basin"],
        "alpha": row["alpha"],
        "epsilon": row["epsilon"],
        "paths": result.paths,
        "ratio": row["ratio"],
        "error": standard_error(row["ratio_lower"], row["ratio_upper"]),
        "distance": float(stats.kstest(times * row["predicted_rate"], "expon").statistic),
        "distance, own mean": float(stats.kstest(times / times.mean(), "expon").statistic),
        "shape": test.shape,
        "p": test.p_value,
    }


def small_findings(laws: list[dict]) -> list[Finding]:
    """Mean, distance and shape of every setting at small noise."""
    found = []
    for law in laws:
        setting = f"{law['basin']}, alpha = {law['alpha']:g}, eps = {law['epsilon']:g}"
        root = math.sqrt(law["paths"])
        off = 4.0 * law["epsilon"] / NEAREST[law["basin"]]
        found += [
            Finding(
                f"eps^alpha nu(W) E Gamma tends to 1, {setting}", SOURCE,
                1.0, law["ratio"], law["error"], allowance=off,
                remark="The noise is of the order eps about the minimum, over the wall's distance.",
            ),
            Finding(
                f"sqrt(n) times the Kolmogorov distance from Exp(1), {setting}",
                f"{SOURCE}; Kolmogorov 1933 for the law of the distance",
                KOLMOGOROV[0], root * law["distance"], KOLMOGOROV[1], allowance=root * off / math.e,
                remark="Mean and standard deviation are those of the limit law of the distance; "
                "an error of the rate moves the curve by up to 1/e of it.",
            ),
            Finding(
                f"Fitted Weibull shape, 1 for an exponential law, {setting}",
                f"{SOURCE}; Lawless 2003, section 5.2, for the test",
                1.0, law["shape"], SHAPE / root,
                remark=f"The likelihood ratio test has p = {law['p']:.3g}.",
            ),
        ]  # fmt: skip
    return found


def moderate_findings(laws: list[dict]) -> list[Finding]:
    """Where the noise is moderate, the law is not yet exponential."""
    return [
        Finding(
            f"Fitted Weibull shape, 1 for an exponential law, {law['basin']}, "
            f"alpha = {law['alpha']:g}, eps = {law['epsilon']:g}",
            f"{SOURCE}, taken beyond its limit",
            1.0, law["shape"], SHAPE / math.sqrt(law["paths"]), should_agree=False,
            remark="The escape is about as fast as the relaxation: a path needs some time to "
            "reach the wall at all, so that early escapes are rarer than in an exponential law.",
        )
        for law in laws
    ]  # fmt: skip


def panel(ax: Axes, chosen: list[Pair]) -> None:
    """Survival curves of one index, in units of the predicted means."""
    rows, results = zip(*chosen, strict=True)
    plots.survival(
        list(results),
        [row["basin"] for row in rows],
        [row["predicted_rate"] for row in rows],
        ax=ax,
    )
    ax.set_title(rf"$\alpha$ = {rows[0]['alpha']:g}", fontsize="medium")


def survival_figure(found: list[Pair]) -> Figure:
    """A panel for each index."""
    alphas = sorted({row["alpha"] for row, _ in found})
    figure = Figure(figsize=(2.8 * len(alphas) + 1.6, 4.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(alphas), sharey=True))
    for ax, alpha in zip(axes, alphas, strict=True):
        panel(ax, [pair for pair in found if pair[0]["alpha"] == alpha])
    for ax in axes[1:]:
        ax.set_ylabel("")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """A figure for each strength of the noise, three panels each."""
    small, moderate = pairs(data, "small_noise"), pairs(data, "moderate_noise")
    laws = [law_of(*pair) for pair in small]
    rough = [law_of(*pair) for pair in moderate]
    smallest, largest = (pick(rough, key=lambda law: law["shape"]) for pick in (min, max))
    high, low = (
        f"{law['shape']:.3f} ({law['basin']}, alpha = {law['alpha']:g})"
        for law in (largest, smallest)
    )
    text = (
        "Probability of being still inside against time in units of the predicted mean "
        "1/(eps^alpha nu(W)): the limit theorem says exp(-t), the dashed line, for every basin "
        "and index.\n\n"
        f"At eps = {laws[0]['epsilon']:g} all {len(laws)} curves are on that line down to the last "
        f"paths: the largest distance from Exp(1) is {max(law['distance'] for law in laws):.4f}, "
        f"where {KOLMOGOROV[0] / math.sqrt(laws[0]['paths']):.4f} is usual for as many "
        "exponential times, and the p-values of the test of the exponential law are from "
        f"{min(law['p'] for law in laws):.2g} to {max(law['p'] for law in laws):.2g}.\n\n"
        "At the larger amplitudes this is not so: the means are off by factors between "
        f"{min(law['ratio'] for law in rough):.2f} and {max(law['ratio'] for law in rough):.2f}. "
        "The law departs from an exponential one where the escape is not slow against the "
        "relaxation in the basin: the fitted Weibull shape goes up to "
        f"{high}, since a path needs some time to reach the wall, and down to "
        f"{low}, since paths start at the minimum, near the steep wall, and stay longer once "
        "they are on the flat side."
    )
    # With few paths the shapes are not known well enough to differ from 1.
    rejected = (
        [] if data.quick else moderate_findings([law for law in rough if law["basin"] == "flat"])
    )
    return Outcome(
        "The exponential law",
        text,
        {"small_noise": survival_figure(small), "moderate_noise": survival_figure(moderate)},
        small_findings(laws) + rejected,
        {"laws": laws + rough},
    )
