"""Iterations until Adam leaves a well, against its width in learning rates."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from levysde import basins, dynamics, noise, plots, theory
from levysde.report.findings import Data, Finding, Outcome, standard_error

SOURCE = "Kingma & Ba 2015, algorithm 1, summed over the steps after one jump"
CURVATURE, FROZEN, ALPHA, LR = 40.0, 2.85, 1.5, 1e-3
BEYOND = (32.0, 44.0)
"""Half widths beyond the reach of one jump, in learning rates."""

B1, B2 = 0.9, 0.999
CASES = {"frozen": "second moment frozen", "coupled": "second moment sees the jumps"}


def lines_of(rows: list[dict]) -> list[dict]:
    """Half widths in learning rates, iterations and their standard errors."""
    return [
        {
            "reach": row["basin.upper"] / row["dt"],
            "iterations": row["mean"] / row["dt"],
            "error": standard_error(row["mean_lower"], row["mean_upper"]) / row["dt"],
        }
        for row in rows
    ]


def one_jump(reach: float) -> float:
    """Iterations to leave by one jump, spread by the average, with the second moment frozen."""
    basin = basins.quadratic(1, CURVATURE, -reach * LR, reach * LR)
    frozen = dynamics.adam(eps=0.0, frozen=FROZEN)
    return theory.predict(basin, frozen, noise.independent(ALPHA), lr=LR).mean / LR


def curvature_share(reach: float) -> float:
    """By what share the next order shortens the mean of a frozen second moment, average at once."""
    correction = theory.first_correction(lambda x: CURVATURE / FROZEN * x, 1.0, 1.0, ALPHA)
    return correction * (LR ** ((ALPHA - 1.0) / ALPHA) / FROZEN / (reach * LR)) ** ALPHA


def largest_move() -> float:
    """How far the steps after one very large gradient move Adam, in learning rates."""
    first, second, moved = 1.0 - B1, 1.0 - B2, 0.0
    for _ in range(2000):
        moved += first / math.sqrt(second)
        first, second = B1 * first, B2 * second
    return moved


def table_of(cases: dict[str, list[dict]]) -> dict[str, list]:
    """Both cases as the columns of a table, with the theory of one jump where it is meant."""
    lines = [{"case": CASES[case], **line} for case, lines in cases.items() for line in lines]
    frozen = CASES["frozen"]
    return {
        "case": [line["case"] for line in lines],
        "reach": [line["reach"] for line in lines],
        "iterations": [line["iterations"] for line in lines],
        "iterations_lower": [line["iterations"] - 1.96 * line["error"] for line in lines],
        "iterations_upper": [line["iterations"] + 1.96 * line["error"] for line in lines],
        "predicted_iterations": [
            one_jump(line["reach"]) if line["case"] == frozen else None for line in lines
        ],
    }


def panel(ax: Axes, cases: dict[str, list[dict]]) -> None:
    """Iterations against the half width, with the theory of one jump and its reach."""
    plots.points(table_of(cases), "reach", "iterations", by=["case"], ax=ax)
    cap = theory.one_jump_cap(B1, B2)
    ax.axvline(cap, color="0.4", linestyle="--", label=f"reach of one jump, {cap:.2f}")
    reaches = [line["reach"] for line in cases["frozen"]]
    ax.set_xticks(reaches, [f"{reach:.0f}" for reach in reaches])
    ax.minorticks_off()
    ax.set_xlabel("half width of the well / learning rate")
    ax.set_ylabel("iterations to exit")


def slope_of(lines: list[dict], low: float, high: float) -> tuple[float, float]:
    """The slope between the points nearest to two widths, and its standard error."""
    one, two = (min(lines, key=lambda line: abs(line["reach"] - at)) for at in (low, high))
    width = math.log(two["reach"] / one["reach"])
    errors = (each["error"] / each["iterations"] for each in (one, two))
    return math.log(two["iterations"] / one["iterations"]) / width, math.hypot(*errors) / width


def steepening(low: float, high: float) -> float:
    """What the next order adds to the slope between two widths."""
    near, far = (math.log1p(-curvature_share(reach)) for reach in (low, high))
    return (far - near) / math.log(high / low)


def findings_of(cases: dict[str, list[dict]], quick: bool) -> list[Finding]:
    """The cap, and whether the power law of one jump holds beyond it."""
    cap = theory.one_jump_cap(B1, B2)
    found = [Finding("Adam moves by 31.7658 eta at most by one jump", SOURCE, cap, largest_move())]
    if quick:
        return found
    for case, agree in (("coupled", False), ("frozen", True)):
        slope, error = slope_of(cases[case], *BEYOND)
        found.append(
            Finding(
                "Iterations grow like the width to the power alpha from 32 to 44 learning rates, "
                f"{CASES[case]}",
                "Zhou et al. 2020, theorem 1 with eq. 5",
                ALPHA,
                slope,
                error,
                allowance=steepening(*BEYOND) if agree else 0.0,
                should_agree=agree,
                remark="Allowed is how much steeper the next order in eps makes the means."
                if agree
                else "The jump enters the second moment too, so that one jump is not enough.",
            )
        )
    return found


def draw(data: Data) -> Outcome:
    """Both cases on one pair of axes."""
    cases = {name: lines_of(list(data[name].rows)) for name in CASES}
    figure = Figure(figsize=(7.0, 4.8), layout="constrained")
    panel(figure.subplots(), cases)
    plots.shared_legend(figure)
    last = {name: max(lines, key=lambda line: line["reach"]) for name, lines in cases.items()}
    times = last["coupled"]["iterations"] / last["frozen"]["iterations"]
    widest = last["coupled"]["reach"]
    slopes = {name: slope_of(lines, 20.0, widest)[0] for name, lines in cases.items()}
    inside, frozen = (
        next(line for line in cases[name] if round(line["reach"]) == 20)
        for name in ("coupled", "frozen")
    )
    text = (
        "Adam with gradients of 20 x^2 and stable noise of index 1.5. With the second moment "
        "frozen one jump, spread by the average, is what leaves a well. In Adam as used in "
        "practice that jump enters the second moment too and moves x by at most "
        f"{theory.one_jump_cap(B1, B2):.2f} learning rates.\n\n"
        f"At a half width of {widest:.0f} learning rates Adam takes {times:.3g} "
        "times as many iterations as with the second moment frozen. The slope from 20 learning "
        f"rates on is {slopes['coupled']:.2f}, and {slopes['frozen']:.2f} with the second moment "
        f"frozen, where the law says {ALPHA:g}: no power law of alpha holds for the optimizer as "
        "it is used. The frozen points are below their line in narrow wells, where the noise of "
        f"many steps matters. Within the reach of one jump, at {inside['reach']:.0f} learning "
        f"rates, Adam already takes {inside['iterations'] / frozen['iterations']:.2g} times as "
        "many iterations."
    )
    lines = [{"case": CASES[name], **line} for name, case in cases.items() for line in case]
    return Outcome(
        "How far one jump moves Adam",
        text,
        {"adam_reach": figure},
        findings_of(cases, data.quick),
        {"iterations": lines},
    )
