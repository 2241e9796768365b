"""The bias of exits watched on a grid of times, and what a moved boundary repairs."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import estimators, plots, theory
from levysde.report.drawing import BLUE, GREEN, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome, standard_error

CHAIN = "integral equation of the chain, Atkinson 1997, chapter 4"
SHIFT = "Broadie, Glasserman & Kou 1997, theorem 2.1, with Spitzer's identity for stable steps"
LOOKS = {1.2: ("-", "o", BLUE), 1.5: ("--", "s", VERMILION), 1.8: (":", "^", GREEN)}
FINE = (0.016, 0.008, 0.004)
"""Steps at which the chain is solved to find the coefficient."""

SEEN = 5.0
"""Standard errors that a bias must have to be used in a fit of a slope."""

GRADIENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "driftless": np.zeros_like,
    "well": np.asarray,
}
TITLES = {"driftless": "no drift, eps = 1", "well": "Ornstein-Uhlenbeck, eps = 0.3"}
EPSILON = {"driftless": 1.0, "well": 0.3}


@cache
def chain(name: str, alpha: float, dt: float, moved: bool) -> float:
    """Exact mean of the chain in (-1, 1), or in the interval that the correction watches."""
    end = 1.0
    if moved:
        end -= theory.boundary_shift_constant(alpha) * EPSILON[name] * dt ** (1.0 / alpha)
    return theory.euler_mean_exit_time(
        GRADIENTS[name], -end, end, alpha, EPSILON[name], dt, tolerance=1e-6
    )


def continuous(name: str, alpha: float) -> float:
    """The mean in continuous time: Getoor's, or extrapolated from moved boundaries."""
    if name == "driftless":
        return theory.driftless_interval_mean_exit_time(alpha, -1.0, 1.0, 0.0)
    # The error of a moved boundary is of order dt; this is right to about 0.03 %.
    return 2.0 * chain(name, alpha, 0.01, True) - chain(name, alpha, 0.02, True)


def biases(name: str, rows: list[dict]) -> list[dict]:
    """Relative biases of all cells, simulated and exact."""
    exact = {alpha: continuous(name, alpha) for alpha in {row["alpha"] for row in rows}}
    return [
        {
            "problem": name,
            "alpha": row["alpha"],
            "dt": row["dt"],
            "correction": row["correction"],
            "continuous": exact[row["alpha"]],
            "chain": chain(name, row["alpha"], row["dt"], row["correction"] != "none"),
            "simulated": row["mean"],
            "error": standard_error(row["mean_lower"], row["mean_upper"]),
        }
        for row in rows
    ]


def bias(line: dict, kind: str) -> float:
    """Relative bias of the simulated mean, or of the exact one of the chain."""
    return line[kind] / line["continuous"] - 1.0


def chain_findings(lines: list[dict]) -> list[Finding]:
    """Every simulated mean against the exact one of its chain."""
    return [
        Finding(
            f"Mean escape time of the chain, {TITLES[line['problem']]}, alpha = "
            f"{line['alpha']:g}, dt = {line['dt']:g}, correction {line['correction']}",
            CHAIN, line["chain"], line["simulated"], line["error"],
        )
        for line in lines
    ]  # fmt: skip


def coefficient(alpha: float) -> float:
    """The coefficient of dt^(1/alpha) in the bias without drift, over alpha."""
    exact = continuous("driftless", alpha)
    found = [chain("driftless", alpha, dt, False) / exact - 1.0 for dt in FINE]
    powers = (1.0 / alpha, 1.0, 2.0 / alpha)
    terms = np.array([[dt**power for power in powers] for dt in FINE])
    return float(np.linalg.solve(terms, found)[0]) / alpha


def order_findings(alpha: float) -> list[Finding]:
    """Coefficient and orders of the bias, from exact values without simulation."""
    mended = [chain("driftless", alpha, dt, True) for dt in FINE[1:]]
    exact = continuous("driftless", alpha)
    order = float(np.log2(abs(mended[0] / exact - 1.0) / abs(mended[1] / exact - 1.0)))
    return [
        Finding(
            f"Coefficient beta_alpha of the bias alpha beta_alpha dt^(1/alpha), alpha = {alpha:g}",
            SHIFT, theory.boundary_shift_constant(alpha), coefficient(alpha),
            allowance=5e-4,
            remark="From exact means of the chain at three steps and the powers 1/alpha, 1 and "
            "2/alpha; the next powers are left out.",
        ),
        Finding(
            f"Order in dt of the bias that the moved boundary leaves, alpha = {alpha:g}",
            SHIFT, 1.0, order, allowance=0.02,
            remark="Between the two smallest of these steps; higher orders are still seen.",
        ),
    ]  # fmt: skip


def slopes(lines: list[dict]) -> list[dict]:
    """Slopes, without correction, of the biases that are well above their errors."""
    found = []
    for alpha in LOOKS:
        chosen = [x for x in lines if x["alpha"] == alpha and x["correction"] == "none"]
        chosen = [x for x in chosen if bias(x, "chain") > SEEN * sigma(x)]
        if len(chosen) < 3:
            continue
        dt = [line["dt"] for line in chosen]
        errors = [sigma(line) / bias(line, "chain") for line in chosen]
        simulated, exact = (
            estimators.fit_slope(dt, [bias(line, kind) for line in chosen], errors)
            for kind in ("simulated", "chain")
        )
        found.append(
            {
                "problem": chosen[0]["problem"],
                "alpha": alpha,
                "slope": simulated.slope,
                "error": simulated.error,
                "exact slope": exact.slope,
                "1/alpha": 1.0 / alpha,
            }
        )
    return found


def sigma(line: dict) -> float:
    """Standard error of the relative bias."""
    return line["error"] / line["continuous"]


def slope_findings(fits: list[dict]) -> list[Finding]:
    return [
        Finding(
            f"Slope of the bias against dt, {TITLES[fit['problem']]}, alpha = {fit['alpha']:g}",
            f"{CHAIN}; 1/alpha = {fit['1/alpha']:.4f} as dt tends to 0",
            fit["exact slope"], fit["slope"], fit["error"],
            remark="Expected is the slope of the exact biases at the same steps with the same "
            "weights, since 1/alpha is its limit only.",
        )
        for fit in fits
    ]  # fmt: skip


def panel(ax: Axes, lines: list[dict], correction: str) -> None:
    """Simulated biases as points and exact ones as lines."""
    for alpha, (style, marker, color) in LOOKS.items():
        chosen = [x for x in lines if x["alpha"] == alpha and x["correction"] == correction]
        if not chosen:
            continue
        chosen.sort(key=lambda line: line["dt"])
        dt = [line["dt"] for line in chosen]
        value, exact = ([100.0 * bias(x, kind) for x in chosen] for kind in ("simulated", "chain"))
        ax.plot(dt, exact, linestyle=style, color=color, linewidth=1.1)
        ax.errorbar(
            dt, value, yerr=[196.0 * sigma(x) for x in chosen], fmt=marker, color=color,
            markersize=4.5, capsize=2.0, label=rf"$\alpha$ = {alpha:g}",
        )  # fmt: skip
    log_axis(ax, "x", np.array([line["dt"] for line in lines]))
    if correction == "none":
        shown = [line for line in lines if line["correction"] == correction]
        log_axis(ax, "y", np.array([100.0 * bias(line, "chain") for line in shown]))
    else:
        ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=1)
    ax.plot([], [], color="0.3", linewidth=1.1, label="exact, lines")
    ax.set_title(
        f"{TITLES[lines[0]['problem']]}: {'as it is' if correction == 'none' else 'boundary moved'}"
        .replace("eps", r"$\varepsilon$"), fontsize="medium",
    )  # fmt: skip


def bias_figure(problems: dict[str, list[dict]]) -> Figure:
    """A row for each problem, without and with the correction."""
    figure = Figure(figsize=(9.0, 7.2), layout="constrained")
    axes = figure.subplots(2, 2)
    for row, lines in zip(axes, problems.values(), strict=True):
        for ax, correction in zip(row, ("none", "boundary-shift"), strict=True):
            panel(ax, lines, correction)
        row[0].set_ylabel("bias of the mean, %")
    for ax in axes[1]:
        ax.set_xlabel("step dt")
    plots.shared_legend(figure)
    return figure


def worst(lines: list[dict], correction: str, dt: float) -> float:
    """The largest bias at a step, in percent."""
    chosen = (x for x in lines if x["dt"] == dt and x["correction"] == correction)
    return max((100.0 * bias(x, "chain") for x in chosen), key=abs)


def draw(data: Data) -> Outcome:
    """Biases without and with the correction, of both problems."""
    problems = {name: biases(name, list(data[name].rows)) for name in GRADIENTS}
    fits = [fit for lines in problems.values() for fit in slopes(lines)]
    step = 0.02
    of_step = partial(worst, problems["driftless"], dt=step)
    coarse = max(line["dt"] for line in problems["well"])
    in_well = partial(worst, problems["well"], dt=coarse)
    text = (
        "A path that leaves between two looks and comes back is not seen, so that means on a grid "
        "are too long. Points are simulations with 95 % intervals, lines the exact means of the "
        "same chains.\n\n"
        "The bias is of order dt^(1/alpha), as if the boundary were farther out by "
        f"beta_alpha eps dt^(1/alpha): without drift up to {of_step(correction='none'):.1f} % at "
        f"dt = {step:g}. Moving the boundary inward by as much leaves an error of order dt, there "
        f"{abs(of_step(correction='boundary-shift')):.2f} % at most. All simulated means "
        "agree with the exact ones of their chains, corrected or not.\n\n"
        "The exponent 1/alpha is a limit, and slopes over these steps differ from it. At alpha = "
        "1.2 the next order, dt, is near, and the correction leaves a mean that is too short. In "
        "the Ornstein-Uhlenbeck well the drift of Euler's scheme has an error of order dt of its "
        "own, which makes means shorter and which the boundary does not repair: at dt = "
        f"{coarse:g} the corrected means are up to {-in_well(correction='boundary-shift'):.1f} % "
        f"too short, where those without correction are up to {in_well(correction='none'):.1f} % "
        "too long. In such a well the correction is worth having at small steps only."
    )
    alphas = (1.5,) if data.quick else LOOKS
    exact = [finding for alpha in alphas for finding in order_findings(alpha)]
    simulated = [finding for lines in problems.values() for finding in chain_findings(lines)]
    return Outcome(
        "Exits watched on a grid of times",
        text,
        {"bias": bias_figure(problems)},
        [*exact, *slope_findings(fits), *simulated],
        {"biases": [line for lines in problems.values() for line in lines], "slopes": fits},
    )
