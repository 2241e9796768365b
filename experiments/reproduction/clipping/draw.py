"""Exits by several clipped steps: how many are needed, and the exponents that follow."""

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import estimators, plots, theory
from levysde.report.drawing import BLUE, GREEN, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome, standard_error

SOURCE = "Wang, Oh & Rhee, ICLR 2022 (arXiv 2102.04297), theorem 1"
LOOKS = {1: (BLUE, "o", "-"), 2: (VERMILION, "s", "--"), 3: (GREEN, "^", ":")}
NODES, ROWS = 1500, 300
"""Points of the integrals over one jump, and over the position before it."""

NEAR, SMALL = 0.1, 0.02
"""Amplitudes at which the distance from the limit is measured, and from which on it is tested."""


class Limit:
    """Rate of exits from (-1, 1) with curvature 1 over eps^(alpha l): l jumps, one after another.

    Every jump is a step cut to the clip length b, and between jumps a path returns by the factor
    1 - dt a step. Jumps to one side only are long enough, and both sides are alike.
    """

    def __init__(self, alpha: float, dt: float, clip: float) -> None:
        self.alpha, self.dt, self.clip = alpha, dt, clip
        self.needed = math.ceil(1.0 / clip)

    def tail(self, length: np.ndarray) -> np.ndarray:
        """Measure of the jumps to one side that are longer."""
        return theory.stable_constant(self.alpha) / self.alpha * length**-self.alpha

    def returns(self, x: np.ndarray, floor: float) -> np.ndarray:
        """Positions on the way back from points, as long as one of them is above the floor."""
        steps = math.ceil(math.log(np.max(x) / floor) / -math.log1p(-self.dt)) + 1
        return np.asarray(x)[..., None] * (1.0 - self.dt) ** np.arange(steps)

    def next_leads_out(self, x: np.ndarray) -> np.ndarray:
        """Rate of exits by the next jump, over the time of the way back from points."""
        floor = 1.0 - self.clip
        p = self.returns(x, floor)
        return self.dt * np.sum(
            np.where(p > floor, self.tail(1.0 - p * (1.0 - self.dt)), 0.0), axis=-1
        )

    def after_jump(
        self, p: float, floor: float, follow: Callable[[np.ndarray], np.ndarray]
    ) -> float:
        """Integral of what follows over the points that one jump from p leads to."""
        if p + self.clip <= floor:
            return 0.0
        edges = np.linspace(floor, p + self.clip, NODES + 1)
        weights = -np.diff(self.tail(edges - p * (1.0 - self.dt)))
        middle, end = 0.5 * (edges[1:] + edges[:-1]), np.array([p + self.clip])
        cut = self.tail(self.clip + self.dt * p) * follow(end)[0]
        return float(weights @ follow(middle) + cut)

    def value(self) -> float:
        """The constant for one, two or three jumps."""
        if self.needed == 1:
            return 2.0 * float(self.tail(np.array(1.0)))
        last = 1.0 - self.clip
        if self.needed == 2:
            return 2.0 * self.after_jump(0.0, last, self.next_leads_out)
        floor = last - self.clip
        before = np.linspace(floor, self.clip, ROWS + 1) * (1.0 + 1e-9)
        rates = [self.after_jump(p, last, self.next_leads_out) for p in before]

        def two_lead_out(x: np.ndarray) -> np.ndarray:
            return self.dt * np.sum(
                np.interp(self.returns(x, floor), before, rates, left=0.0), axis=-1
            )

        return 2.0 * self.after_jump(0.0, floor, two_lead_out)


def line_of(row: dict) -> dict:
    """Measured mean, and the limit that belongs to it."""
    needed = math.ceil(1.0 / row["dynamics.clip"])
    scaled = row["epsilon"] * row.get("noise.scale", 1.0)
    rate = Limit(row["alpha"], row["dt"], row["dynamics.clip"]).value()
    predicted = 1.0 / (rate * scaled ** (row["alpha"] * needed))
    return {
        "jumps": needed, "clip": row["dynamics.clip"], "alpha": row["alpha"], "dt": row["dt"],
        "eps": scaled, "mean": row["mean"], "limit": predicted,
        "ratio": row["mean"] / predicted,
        "error": standard_error(row["mean_lower"], row["mean_upper"]) / row["mean"],
    }  # fmt: skip


def of_jumps(lines: list[dict], needed: int, place: str) -> list[dict]:
    """The lines of one number of jumps, by a setting."""
    return sorted((x for x in lines if x["jumps"] == needed), key=lambda x: x[place])


def fit_of(lines: list[dict], needed: int, place: str) -> dict:
    """The slope against a setting, the exponent of the limit, and the slopes at both ends."""
    chosen = of_jumps(lines, needed, place)
    x = np.array([line[place] for line in chosen])
    unit = x if place == "dt" else np.ones_like(x)
    y, limit = (np.array([line[name] for line in chosen]) / unit for name in ("mean", "limit"))
    errors = np.array([line["error"] for line in chosen])
    fit = estimators.fit_slope(x, y, errors)
    local = estimators.local_slopes(x, y, errors)
    alpha = chosen[0]["alpha"]
    power = alpha * needed if place == "eps" else alpha + (needed - 1.0) * (alpha - 1.0)
    verdict = ""
    if len(chosen) > 2:
        verdict = estimators.asymptotic(x, y, errors, expected=-power).sentence
    return {
        "against": "learning rate" if place == "dt" else "eps",
        "jumps": needed,
        "exponent": -power,
        "slope": fit.slope,
        "error": fit.error,
        "slope of the limit": estimators.fit_slope(x, limit, errors).slope,
        "slope at the smallest": float(local.slope[0]),
        "its error": float(local.error[0]),
        "verdict": verdict,
    }


def limit_findings(lines: list[dict]) -> list[Finding]:
    """Means over their limits at small amplitudes, for one and two jumps."""
    found = []
    for line in lines:
        if line["jumps"] > 2 or line["eps"] > SMALL:
            continue
        near = next(x for x in of_jumps(lines, line["jumps"], "eps") if x["eps"] == NEAR)
        distance = abs(near["ratio"] - 1.0) + 2.0 * near["error"] * near["ratio"]
        found.append(
            Finding(
                f"E Gamma times its limiting rate tends to 1, {line['jumps']} jumps needed, "
                f"eps = {line['eps']:g}",
                SOURCE + ", with the constant computed for this chain",
                1.0,
                line["ratio"],
                line["error"] * line["ratio"],
                allowance=distance * (line["eps"] / near["eps"]) ** line["alpha"],
                remark="The next order is proportional to eps^alpha, the rate of further jumps; "
                f"allowed is what is left at eps = {NEAR:g}, with two standard errors, times the "
                "ratio.",
            )
        )
    return found


def slope_findings(lines: list[dict], fits: list[dict]) -> list[Finding]:
    """Exponents against the learning rate."""
    found = []
    for fit in fits:
        chosen = of_jumps(lines, fit["jumps"], "dt")
        alpha, off = chosen[0]["alpha"], max(abs(line["ratio"] - 1.0) for line in chosen)
        found.append(
            Finding(
                f"Exponent of the iterations against the learning rate, {fit['jumps']} jumps",
                f"{SOURCE}: eta^-(alpha + (l* - 1)(alpha - 1))",
                fit["exponent"], fit["slope"], fit["error"],
                allowance=abs(fit["slope of the limit"] - fit["exponent"]) + (alpha - 1.0) * off,
                remark="Allowed are the slope of the constant, in which the step still is, and "
                "that of the next order K eps^alpha, eps^alpha being eta^(alpha - 1) here: "
                "(alpha - 1) times the largest distance from the limit.",
            )
        )  # fmt: skip
    return found


def panel(ax: Axes, lines: list[dict], place: str, unit: str) -> None:
    """Means with their limits, a line a number of jumps."""
    for needed, (color, marker, style) in LOOKS.items():
        chosen = of_jumps(lines, needed, place)
        if not chosen:
            continue
        x = np.array([line[place] for line in chosen])
        divide = x if place == "dt" else np.ones_like(x)
        y, limit = (np.array([line[n] for line in chosen]) / divide for n in ("mean", "limit"))
        ax.plot(x, limit, color=color, linestyle=style, linewidth=1.2)
        ax.errorbar(
            x, y, [1.96 * y[k] * line["error"] for k, line in enumerate(chosen)], fmt=marker,
            color=color, markersize=5.0, capsize=2.0,
            label=f"{needed} jump" + "s" * (needed > 1) + f", clip {chosen[0]['clip']:g}",
        )  # fmt: skip
    ax.plot([], [], color="0.3", label="limit, lines")
    log_axis(ax, "x", np.array([line[place] for line in lines]))
    ax.set_yscale("log")
    ax.set_ylabel(f"mean escape time, {unit}")


def draw(data: Data) -> Outcome:
    """Escape times against the amplitude at a fixed step, and against the learning rate."""
    fixed = [line_of(row) for row in data["small_noise"].rows]
    rates = [line_of(row) for row in data["iterations"].rows]
    figure = Figure(figsize=(10.0, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    panel(left, fixed, "eps", "time units")
    left.set_xlabel(r"noise amplitude $\varepsilon$")
    panel(right, rates, "dt", "iterations")
    right.set_xlabel(r"learning rate $\eta$")
    plots.shared_legend(figure)
    small = [fit_of(fixed, needed, "eps") for needed in LOOKS]
    steps = [fit_of(rates, needed, "dt") for needed in LOOKS]
    slopes = ", ".join(f"{fit['slope']:.2f} ({fit['exponent']:.1f})" for fit in small)
    orders = ", ".join(f"{fit['slope']:.2f} ({fit['exponent']:.1f})" for fit in steps)
    three = [line["ratio"] for line in of_jumps(fixed, 3, "eps")]
    near = (x["ratio"] for x in fixed if x["jumps"] < 3 and x["eps"] <= SMALL)
    off = max(abs(ratio - 1.0) for ratio in near)
    text = (
        "Steps of SGD that are longer than the clip length are cut to it, so that l* = "
        "ceil(distance/clip) jumps are needed to leave (-1, 1). Points are simulated means with "
        "95 % intervals. Lines are the limits for small noise, of which also the constant is "
        "computed: the rate of l* jumps of which each comes before the path has returned.\n\n"
        "At a fixed step the escape time grows like eps^(-alpha l*): fitted slopes, with the "
        f"exponents of the limit, are {slopes}. In iterations, with eps = eta^((alpha-1)/alpha), "
        f"they are {orders} against the learning rate.\n\n"
        f"For one and two jumps the means at eps of {SMALL:g} or less are within {100.0 * off:.1f} "
        "% of their limits. Three jumps are no asymptotic "
        f"range here: the means are {min(three):.2f} to {max(three):.2f} of the limit, approaching "
        "it as eps falls, so that the slope is steeper than its exponent; between the two "
        f"smallest eps it is {small[2]['slope at the smallest']:.2f} with an error of "
        f"{small[2]['its error']:.2f}."
    )
    findings = limit_findings(fixed)
    if not data.quick:
        findings += slope_findings(rates, steps)
        findings.append(steep_finding(small[2]))
    return Outcome(
        "Clipped steps: exits that take several jumps",
        text,
        {"clipping": figure},
        findings,
        {"means": [*fixed, *rates], "fits": [*small, *steps]},
    )


def steep_finding(fit: dict) -> Finding:
    """The slope for three jumps, which is not the exponent of the limit at these amplitudes."""
    return Finding(
        "Slope against eps over this range where three jumps are needed",
        f"{SOURCE}: eps^(-alpha l*)",
        fit["exponent"], fit["slope"], fit["error"],
        should_agree=False,
        remark="The exponent is that of the limit, from which these means are still far; the "
        "slope is steeper.",
    )  # fmt: skip
