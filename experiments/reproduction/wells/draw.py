"""Rates between wells and how long paths stay in each: noise with jumps, and without."""

from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import imported, noise, plots, potentials, theory
from levysde.basins.polynomial import critical_points
from levysde.report.drawing import BLUE, GREEN, VERMILION, log_axis
from levysde.report.experiments import experiments
from levysde.report.findings import Data, Finding, Outcome, standard_error

CHAIN = (
    "Imkeller & Pavlyukevich 2006, theorem 2; Pavlyukevich 2011: q_ij = eps^alpha nu(Omega_j - m_i)"
)
ODDS = "Imkeller & Pavlyukevich 2006: stationary odds (d1/d2)^alpha"
GAUSS = "integral equation of the chain, Atkinson 1997, chapter 4"
LOOKS = {1.2: (BLUE, "o", "-"), 1.5: (VERMILION, "s", "--"), 1.8: (GREEN, "^", ":")}
FAR = 4.0
"""Where the interval of the exact Gaussian means ends: Gaussian paths do not come there."""

PAIRS = [(i, j) for i, j in product(range(3), repeat=2) if i != j]


# -------------------------------------------------------------------------------------- three wells


def measured_rates(data: Data, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Rates q_ij of one index, and their standard errors."""
    maxima = imported.find(f"{experiments()['wells'] / 'parts.py'}:MAXIMA")
    rates, errors = np.zeros((3, 3)), np.zeros((3, 3))
    for result in data["three_wells"].select(alpha=alpha).results().values():
        start = well_of(result.parameters["start"], maxima)[0]
        lands = well_of(result.exit_position[:, 0], maxima)
        total = result.times.sum()
        for end in set(range(3)) - {start}:
            count = int(np.sum(lands == end))
            rates[start, end], errors[start, end] = count / total, np.sqrt(count) / total
    return rates, errors


def well_of(place: np.ndarray, maxima: tuple[float, ...]) -> np.ndarray:
    """The well, counted from 0, that points are in."""
    return np.searchsorted(maxima, np.ravel(place))


def stationary(rates: np.ndarray) -> np.ndarray:
    """Shares of time of the chain with given rates."""
    generator = rates - np.diag(rates.sum(axis=1))
    solution = np.linalg.lstsq(
        np.vstack([generator.T, np.ones(3)]), np.array([0.0, 0.0, 0.0, 1.0]), rcond=None
    )
    return solution[0]


def share_errors(rates: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Standard errors of the shares, those of the rates being independent."""
    scale = 1.0 / rates.max()
    variance = np.zeros(3)
    for i, j in PAIRS:
        more, less = rates.copy(), rates.copy()
        more[i, j] += errors[i, j]
        less[i, j] -= errors[i, j]
        variance += (0.5 * (stationary(scale * more) - stationary(scale * less))) ** 2
    return np.sqrt(variance)


def three_lines(data: Data, alpha: float) -> tuple[list[dict], list[dict]]:
    """Measured and predicted rates and shares of one index."""
    parts = experiments()["wells"] / "parts.py"
    potential = imported.find(f"{parts}:three_wells")()
    epsilon = data["three_wells"].rows[0]["epsilon"]
    minima = imported.find(f"{parts}:MINIMA")
    law = theory.transition_rates(potential, minima, noise.independent(alpha), epsilon)
    rates, errors = measured_rates(data, alpha)
    shares = stationary(rates / rates.max())
    moves = [
        {
            "alpha": alpha, "from": i + 1, "to": j + 1, "predicted": float(law.rates[i, j]),
            "rate": float(rates[i, j]), "error": float(errors[i, j]),
        }
        for i, j in PAIRS
    ]  # fmt: skip
    stays = [
        {
            "alpha": alpha, "well": i + 1, "predicted": float(law.stationary[i]),
            "share": float(shares[i]), "error": float(error),
        }
        for i, error in enumerate(share_errors(rates, errors))
    ]  # fmt: skip
    return moves, stays


def move_panel(ax: Axes, moves: list[dict]) -> None:
    """Measured over predicted rates, side by side for the indices."""
    for index, (alpha, (color, marker, _)) in enumerate(LOOKS.items()):
        chosen = [move for move in moves if move["alpha"] == alpha]
        place = np.arange(len(chosen)) + 0.22 * (index - 1)
        share = [move["rate"] / move["predicted"] for move in chosen]
        error = [1.96 * move["error"] / move["predicted"] for move in chosen]
        if chosen:
            ax.errorbar(place, share, error, fmt=marker, color=color, markersize=5.0, capsize=2.0)
    ax.axhline(1.0, color="black", linewidth=1.0, zorder=1)
    ax.set_xticks(range(len(PAIRS)), [f"{i + 1} to {j + 1}" for i, j in PAIRS])
    ax.set_xlabel("from well to well")
    ax.set_ylabel("measured / predicted rate")
    ax.set_title("three wells", fontsize="medium")


# ---------------------------------------------------------------------------------------- two wells


def both_sides(rows: list[dict]) -> list[tuple[dict, dict]]:
    """Rows of the left and of the right well with the same settings."""
    key = {(row["alpha"], row["basin.barrier"], row["basin.side"]): row for row in rows}
    return [(row, key[(*name[:2], "right")]) for name, row in key.items() if name[2] == "left"]


def odds_line(left: dict, right: dict) -> dict:
    """Time in the left well over that in the right one, from mean escape times."""
    odds = left["mean"] / right["mean"]
    error = odds * np.hypot(*(relative_error(row) for row in (left, right)))
    alpha, barrier, tilt = left["alpha"], left["basin.barrier"], left["basin.tilt"]
    minimum, saddle, other = critical_points(tilt, barrier)
    heights = well_heights(barrier, tilt)
    if alpha < 2.0:
        expected = ((saddle - minimum) / (other - saddle)) ** alpha
    else:
        means = [gaussian_mean(barrier, tilt, left["epsilon"], side) for side in (0, 1)]
        expected = means[0] / means[1]
    return {
        "alpha": alpha, "barrier": barrier, "left height": heights[0], "right height": heights[1],
        "expected": float(expected), "odds": float(odds), "error": float(error),
    }  # fmt: skip


def relative_error(row: dict) -> float:
    return standard_error(row["mean_lower"], row["mean_upper"]) / row["mean"]


def well_heights(barrier: float, tilt: float) -> tuple[float, float]:
    """Heights of the saddle above the two minima."""
    well = potentials.tilted_double_well(1, tilt, barrier)
    left, saddle, right = (well.value_at([x]) for x in critical_points(tilt, barrier))
    return saddle - left, saddle - right


def gaussian_mean(
    barrier: float, tilt: float, epsilon: float, side: int, dt: float | None = None
) -> float:
    """Exact mean escape time of a well, left 0 or right 1, at alpha = 2; of the chain if dt is."""
    left, saddle, right = critical_points(tilt, barrier)
    lower, upper, start = ((-FAR, saddle, left), (saddle, FAR, right))[side]

    def gradient(x: np.ndarray) -> np.ndarray:
        return 4.0 * barrier * x * (x * x - 1.0) + tilt

    if dt is None:
        return theory.gaussian_mean_exit_time(gradient, lower, upper, epsilon, start)
    return theory.euler_mean_exit_time(gradient, lower, upper, 2.0, epsilon, dt, start=start)


def odds_panel(ax: Axes, lines: list[dict]) -> None:
    """Odds of the wells against the height of the barrier."""
    for alpha, (color, marker, style) in {**LOOKS, 2.0: ("black", "D", "-.")}.items():
        chosen = sorted(
            (line for line in lines if line["alpha"] == alpha), key=lambda line: line["left height"]
        )
        if not chosen:
            continue
        height = [line["left height"] for line in chosen]
        ax.plot(height, [line["expected"] for line in chosen], color=color, linestyle=style)
        ax.errorbar(
            height, [line["odds"] for line in chosen], [1.96 * line["error"] for line in chosen],
            fmt=marker, color=color, markersize=5.0, capsize=2.0,
            label=rf"$\alpha$ = {alpha:g}" + (", Gaussian" if alpha == 2.0 else ""),
        )  # fmt: skip
    log_axis(ax, "y", np.array([line["odds"] for line in lines]))
    ax.set_xlabel("height of the left well's wall")
    ax.set_ylabel("odds, left to right well")
    ax.set_title("two wells of one shape", fontsize="medium")
    ax.plot([], [], color="0.3", label="theory, lines")


# ----------------------------------------------------------------------------------------- findings


def findings_of(
    moves: list[dict], stays: list[dict], odds: list[dict], gaussian: list[dict]
) -> list[Finding]:
    rates = [
        Finding(
            f"Rate from well {move['from']} to {move['to']} of three, alpha = {move['alpha']:g}",
            CHAIN, move["predicted"], move["rate"], move["error"],
        )
        for move in moves
    ]  # fmt: skip
    shares = [
        Finding(
            f"Share of time in well {stay['well']} of three, alpha = {stay['alpha']:g}",
            "Pavlyukevich 2011, stationary law of the chain q_ij",
            stay["predicted"], stay["share"], stay["error"],
        )
        for stay in stays
    ]  # fmt: skip
    two = [
        Finding(
            f"Odds of two wells, alpha = {line['alpha']:g}, wall {line['left height']:.3g} high",
            ODDS, line["expected"], line["odds"], line["error"],
        )
        for line in odds
    ]  # fmt: skip
    normal = [
        Finding(
            f"Mean escape time of the {row['basin.side']} well with Gaussian noise, barrier "
            f"{row['basin.barrier']:g}",
            GAUSS,
            gaussian_mean(
                row["basin.barrier"], row["basin.tilt"], row["epsilon"],
                int(row["basin.side"] == "right"), row["dt"],
            ),
            row["mean"], relative_error(row) * row["mean"],
        )
        for row in gaussian
    ]  # fmt: skip
    return [*rates, *shares, *two, *normal]


def draw(data: Data) -> Outcome:
    """Odds of two wells and rates between three."""
    alphas = sorted({row["alpha"] for row in data["three_wells"].rows})
    three = [three_lines(data, alpha) for alpha in alphas]
    moves, stays = ([line for each in three for line in each[k]] for k in (0, 1))
    odds = [odds_line(*pair) for pair in both_sides(list(data["two_wells"].rows))]
    gaussian = list(data["gaussian"].rows)
    normal = [odds_line(*pair) for pair in both_sides(gaussian)]
    figure = Figure(figsize=(10.0, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    odds_panel(left, [*odds, *normal])
    move_panel(right, moves)
    plots.shared_legend(figure)
    low, high = (end(normal, key=lambda line: line["barrier"]) for end in (min, max))
    off = max(abs(move["rate"] / move["predicted"] - 1.0) for move in moves)
    measured = sorted(line["odds"] / line["expected"] for line in odds)
    text = (
        "Left: a double well of one shape whose height is multiplied. Drawn is the mean time in "
        "the left well over that in the right one, as points with 95 % intervals; lines are "
        "(d1/d2)^alpha, d1 and d2 being the distances of the minima from the saddle, and for "
        "Gaussian noise the exact odds. Right: rates between the wells of a polynomial of degree "
        "6, counted by where paths land, over eps^alpha nu(m_i + y in Omega_j).\n\n"
        "With jumps the odds do not change with the height: they are "
        f"{measured[0]:.3f} to {measured[-1]:.3f} of (d1/d2)^alpha. With Gaussian noise of "
        f"eps = {gaussian[0]['epsilon']:g} they grow from {low['odds']:.2f} to {high['odds']:.1f} "
        f"while the height grows {high['barrier'] / low['barrier']:.0f} times. All six rates "
        f"between three wells, at each index, are within {100.0 * off:.1f} % of the formula, and "
        "so are the shares of time that follow from them within their errors."
    )
    return Outcome(
        "Several wells: rates between them and odds",
        text,
        {"wells": figure},
        findings_of(moves, stays, odds, gaussian),
        {"rates": moves, "shares": stays, "odds": [*odds, *normal]},
    )
