"""Where paths leave: how far beyond the boundary, and on which side of the minimum."""

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from levysde import EscapeTimes, plots, spec, theory
from levysde.report.drawing import BLUE, GREEN, VERMILION, log_axis
from levysde.report.findings import KOLMOGOROV, Data, Finding, Outcome, share_error

LIMIT = "Imkeller, Pavlyukevich & Stauch 2010, theorem 1: nu restricted to W"
BALL = "Blumenthal, Getoor & Ray 1961, theorem A"
SIDES = "Blumenthal, Getoor & Ray 1961, theorem B; Rogozin 1972"
LOOKS = {1.2: ("-", "o", BLUE), 1.5: ("--", "s", VERMILION), 1.8: ("-.", "^", GREEN)}
RATIOS = (1.1, 2.0, 10.0)
NEAREST = 0.5
"""Distance of the nearest wall from the minimum."""

FloatArray = NDArray[np.float64]


def walls(result: EscapeTimes) -> list[tuple[int, float]]:
    """Coordinate and place of each wall of an interval or a box."""
    given = result.parameters["domain"]["params"]
    sides = zip(np.atleast_1d(given["lower"]), np.atleast_1d(given["upper"]), strict=True)
    return [(j, float(end)) for j, pair in enumerate(sides) for end in pair]


def gauges(result: EscapeTimes) -> FloatArray:
    """Distance of each exit from 0 over the distance of the boundary in its direction."""
    x = result.exit_position
    if result.parameters["domain"]["name"] == "ball":
        return np.linalg.norm(x, axis=1) / result.parameters["domain"]["params"]["radius"]
    return np.max([x[:, j] / end for j, end in walls(result)], axis=0)


def wall_shares(result: EscapeTimes) -> FloatArray:
    """Share of the exits through each wall, seen from 0."""
    beyond = np.array([result.exit_position[:, j] / end for j, end in walls(result)])
    return np.bincount(beyond.argmax(axis=0), minlength=len(beyond)) / result.paths


def limit_shares(result: EscapeTimes, alpha: float) -> FloatArray:
    """Share of nu(W) behind each wall: along the axes, or of all directions."""
    ends = walls(result)
    if result.parameters["noise"] == "independent":
        masses = np.array([abs(end) ** -alpha for _, end in ends])
    else:
        angles = (np.arange(1 << 18) + 0.5) * (2.0 * math.pi / (1 << 18))
        directions = np.stack([np.cos(angles), np.sin(angles)])
        # 1/R(u) is the largest of these, R(u)^-alpha the mass along the direction u.
        nearness = np.array([directions[j] / end for j, end in ends])
        masses = np.bincount(nearness.argmax(axis=0), nearness.max(axis=0) ** alpha)
    return masses / masses.sum()


def setting(row: dict) -> str:
    """A few words."""
    shape = "ball" if "ball" in row["basin"] else "box"
    return f"{shape}, {row['noise']} noise, alpha = {row['alpha']:g}"


def overshoot_finding(row: dict, result: EscapeTimes) -> Finding:
    """The gauge to the power -alpha is uniform."""
    uniform = gauges(result) ** -row["alpha"]
    root = math.sqrt(result.paths)
    return Finding(
        "sqrt(n) times the Kolmogorov distance of the overshoots from rho^-alpha, " + setting(row),
        f"{LIMIT}; Kolmogorov 1933 for the law of the distance",
        KOLMOGOROV[0], root * float(stats.kstest(uniform, "uniform").statistic), KOLMOGOROV[1],
        allowance=root * 4.0 * row["alpha"] * row["epsilon"] / NEAREST,
        remark="Mean and standard deviation are those of the limit law of the distance; paths are "
        "within a few eps of the minimum when they leave.",
    )  # fmt: skip


def side_findings(row: dict, result: EscapeTimes) -> list[Finding]:
    """The share of each wall, or of each direction."""
    if "ball" in row["basin"]:
        angle = np.arctan2(result.exit_position[:, 1], result.exit_position[:, 0])
        distance = stats.kstest(angle / (2.0 * math.pi) + 0.5, "uniform").statistic
        return [
            Finding(
                "sqrt(n) times the Kolmogorov distance of the directions from the uniform law, "
                + setting(row),
                f"{LIMIT}; Kolmogorov 1933 for the law of the distance",
                KOLMOGOROV[0], math.sqrt(result.paths) * float(distance), KOLMOGOROV[1],
            )
        ]  # fmt: skip
    expected, found = limit_shares(result, row["alpha"]), wall_shares(result)
    return [
        Finding(
            f"Share of exits through the wall x_{j + 1} = {end:g}, {setting(row)}", LIMIT,
            float(expected[k]), float(found[k]), share_error(float(expected[k]), result.paths),
            allowance=4.0 * row["alpha"] * row["epsilon"] / NEAREST,
            remark="Paths are within a few eps of the minimum when they leave.",
        )
        for k, (j, end) in enumerate(walls(result))
    ]  # fmt: skip


def driftless_findings(row: dict, result: EscapeTimes) -> list[Finding]:
    """Without drift: overshoots from the middle, sides from a quarter of the interval."""
    alpha = row["alpha"]
    # What a path still moves in the step in which it leaves.
    late = row["dt"] ** (1.0 / alpha)
    if walls(result)[1][1] < 1.0:
        expected = float(theory.right_exit_probability(0.5, alpha))
        near = float(theory.right_exit_probability(0.5 - late, alpha))
        found = float(np.mean(result.exit_position > 0.0))
        return [
            Finding(
                f"Share of exits on the right, no drift, from 1/2 in (-1, 1), alpha = {alpha:g}",
                SIDES, expected, found, share_error(expected, result.paths),
                allowance=expected - near,
                remark="Exits are seen on a grid, within about dt^(1/alpha) of the wall.",
            )
        ]  # fmt: skip
    gauge = gauges(result)
    return [
        Finding(
            f"P(|X| > {rho:g}) at the exit from (-1, 1), no drift, alpha = {alpha:g}", BALL,
            float(theory.exit_overshoot_survival(rho, alpha)), float(np.mean(gauge > rho)),
            share_error(float(theory.exit_overshoot_survival(rho, alpha)), result.paths),
            allowance=float(
                theory.exit_overshoot_survival(rho - late, alpha)
                - theory.exit_overshoot_survival(rho + late, alpha)
            ),
            remark="Exits are seen on a grid, within about dt^(1/alpha) of the place.",
        )
        for rho in RATIOS
    ]  # fmt: skip


def wrong_law(row: dict, result: EscapeTimes) -> Finding:
    """The law of small noise does not hold without drift."""
    expected = 1.1 ** -row["alpha"]
    return Finding(
        f"P(|X| > 1.1) at the exit without drift is the 1.1^-alpha of small noise, "
        f"alpha = {row['alpha']:g}",
        f"{LIMIT}, taken where nothing leads back to the minimum",
        expected, float(np.mean(gauges(result) > 1.1)), share_error(expected, result.paths),
        should_agree=False,
        remark="Without drift many paths come near the wall before they leave, and leave by a "
        "smaller jump.",
    )  # fmt: skip


def overshoot_figure(small: list[tuple], driftless: list[tuple]) -> Figure:
    """Survival functions of the overshoot, with small noise and without drift."""
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    rho = np.geomspace(1.0, 100.0, 200)
    for ax, pairs, title in (
        (left, [p for p in small if "ball" in p[0]["basin"]], "small noise, unit disc"),
        (right, driftless, "no drift, (-1, 1)"),
    ):
        for row, result in pairs:
            alpha = row["alpha"]
            line, marker, color = LOOKS[alpha]
            exact = rho**-alpha if ax is left else theory.exit_overshoot_survival(rho, alpha)
            ax.plot(rho, exact, line, color=color, label=rf"exact, $\alpha$ = {alpha:g}")
            places = np.geomspace(1.02, 60.0, 12)
            found = (gauges(result)[:, None] > places).mean(axis=0)
            seen = found * result.paths >= 5.0
            ax.plot(
                places[seen], found[seen], marker, color=color, markersize=4.5,
                fillstyle="none", label=rf"simulated, {alpha:g}",
            )  # fmt: skip
        log_axis(ax, "x", rho)
        ax.set_yscale("log")
        ax.set_ylim(1e-4, 1.5)
        ax.set_xlabel("exit distance / distance of the boundary")
        ax.set_title(title, fontsize="medium")
    left.set_ylabel("probability of leaving further")
    plots.shared_legend(figure)
    return figure


def position_figure(pairs: list[tuple]) -> Figure:
    """Exit positions over contour lines."""
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    for ax, (row, result) in zip(figure.subplots(1, len(pairs)), pairs, strict=True):
        plots.exit_positions(result, spec.build(result.parameters)[0], ax=ax)
        ax.set_title(setting(row), fontsize="medium")
    plots.shared_legend(figure)
    return figure


def share_table(pairs: list[tuple]) -> list[dict]:
    """Shares of the walls, found and predicted."""
    return [
        {
            "noise": row["noise"],
            "alpha": row["alpha"],
            "wall": f"x_{j + 1} = {end:g}",
            "share": found,
            "predicted": expected,
            "error": share_error(expected, result.paths),
        }
        for row, result in pairs
        if "ball" not in row["basin"]
        for (j, end), found, expected in zip(
            walls(result), wall_shares(result), limit_shares(result, row["alpha"]), strict=True
        )
    ]


def draw(data: Data) -> Outcome:
    """Two figures, a table, and the laws as findings."""
    small, driftless = (
        list(zip(data[name].rows, data[name].results().values(), strict=True))
        for name in ("small_noise", "driftless")
    )
    centered = [pair for pair in driftless if walls(pair[1])[1][1] == 1.0]
    shares = share_table(small)
    findings = [overshoot_finding(*pair) for pair in small]
    findings += [finding for pair in small for finding in side_findings(*pair)]
    findings += [finding for pair in driftless for finding in driftless_findings(*pair)]
    findings += [wrong_law(*pair) for pair in centered]
    shown = [pair for pair in small if pair[0]["alpha"] == 1.5]
    _, result = next(pair for pair in centered if pair[0]["alpha"] == 1.5)
    text = (
        "As eps -> 0 a path leaves by one jump y from the minimum, and y has the law of nu "
        "restricted to W: along a direction the exit is further than rho times the distance of "
        "the boundary with probability rho^-alpha, whatever the basin. Independent coordinates "
        "jump along the axes and leave a box opposite to the minimum; isotropic noise leaves in "
        "all directions, and those in which the boundary is near most often.\n\n"
        f"At eps = {small[0][0]['epsilon']:g} the shares of the walls are those of nu within "
        f"{max(abs(s['share'] - s['predicted']) / s['error'] for s in shares):.1f} standard "
        f"errors in all {len(shares)} cases.\n\n"
        "Without drift nothing holds a path at the middle, and the law is another one, which is "
        f"known too: at alpha = 1.5 a share of {np.mean(gauges(result) > 1.1):.3f} leaves beyond "
        f"1.1 (exact: {float(theory.exit_overshoot_survival(1.1, 1.5)):.3f}), where small noise "
        f"in a well has {1.1**-1.5:.3f}."
    )
    return Outcome(
        "Where paths leave",
        text,
        {"overshoot": overshoot_figure(small, centered), "positions": position_figure(shown)},
        findings,
        {"wall_shares": shares},
    )
