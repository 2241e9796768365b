"""Scale-freeness as preconditioning: iterations to the bottom of ill-conditioned quadratics."""

import math

import numpy as np
from matplotlib.figure import Figure

import levysde as ls
from levysde import plots
from levysde.report.drawing import CYCLE, MARKERS, STYLES, log_axis
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Zhuang, Liu, Cutkosky & Orabona 2022 (arXiv 2202.00089), section 4"
DIM, SHARE, DECAY, RATE = 10, 0.1, 0.1, 0.01
"""Dimensions, share of the distance that remains, weight decay, learning rate of Adam's kin."""

CONDITIONS = (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)
FACTORS = (1e-3, 1e-2, 0.1, 1.0, 10.0, 1e2, 1e3)
LONGEST = {"sgd": 10**8}
"""Iterations after which a run is given up; 100 000 unless said."""


def optimizers() -> dict[str, ls.Dynamics]:
    """By the names of the figure."""
    return {
        "sgd": ls.dynamics.sgd(),
        "adam_l2": ls.dynamics.adam_l2(eps=0.0, weight_decay=DECAY),
        "adamw": ls.dynamics.adamw(eps=0.0, weight_decay=DECAY),
        "adamprox": ls.dynamics.adamprox(eps=0.0, weight_decay=DECAY),
    }


def spectrum(condition: float) -> np.ndarray:
    """Curvatures from 1 down to 1/condition."""
    return np.geomspace(1.0, 1.0 / condition, DIM)


def iterations(dynamics: ls.Dynamics, condition: float, factor: float) -> float:
    """Until a tenth of the way from 0 to the minimum (1, ..., 1) is left; infinity if never."""
    curvature = factor * spectrum(condition)
    potential = ls.potentials.quadratic(DIM, curvature, center=np.ones(DIM))
    target = ls.domains.ball(np.ones(DIM), SHARE * math.sqrt(DIM))
    rate = 1.0 if dynamics.name == "sgd" else RATE
    found = ls.hitting_times(
        potential,
        target,
        np.zeros(DIM),
        dynamics,
        lr=rate,
        horizon=rate * LONGEST.get(dynamics.name, 10**5),
    )
    return float(found.steps[0]) if found.escaped else math.inf


def gradient_descent(condition: float, factor: float) -> float:
    """The same for SGD by its formula: 1 - x_i = (1 - factor lambda_i)^n."""
    curvature = spectrum(condition)
    if factor >= 2.0:
        return math.inf

    def share(n: float) -> float:
        return math.sqrt(float(np.mean((1.0 - factor * curvature) ** (2.0 * n))))

    low, high = 0, 1
    while share(high) > SHARE:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if share(middle) > SHARE else (low, middle)
    return float(high)


def counted(quick: bool) -> list[dict]:
    """A line for every optimizer, condition number and factor of the loss."""
    conditions = CONDITIONS[:4] if quick else CONDITIONS
    factors = FACTORS[2::2] if quick else FACTORS
    settings = [(condition, 1.0) for condition in conditions]
    settings += [(1e2, factor) for factor in factors if factor != 1.0]
    return [
        {"optimizer": name, "condition": condition, "factor": factor, "iterations": found}
        for name, dynamics in optimizers().items()
        for condition, factor in settings
        for found in [iterations(dynamics, condition, factor)]
    ]


def findings(lines: list[dict]) -> list[Finding]:
    """SGD by its formula, and what does not depend on conditioning and factor."""
    found = []
    for line in lines:
        condition, factor = line["condition"], line["factor"]
        expected = gradient_descent(condition, factor)
        if line["optimizer"] == "sgd" and math.isfinite(expected):
            found.append(
                Finding(
                    f"Iterations of SGD, condition number {condition:g}, loss times {factor:g}",
                    "the recurrence, 1 - x_i = (1 - factor lambda_i)^n", expected,
                    line["iterations"],
                )
            )  # fmt: skip
    for name in ("adamw", "adamprox", "adam_l2"):
        numbers = [
            line["iterations"]
            for line in lines
            if line["optimizer"] == name and math.isfinite(line["iterations"])
        ]
        found.append(
            Finding(
                f"Largest over smallest number of iterations of {name} with eps = 0, over all "
                "condition numbers and factors with which it arrives", SOURCE, 1.0,
                max(numbers) / min(numbers),
                should_agree=name != "adam_l2",
                remark="" if name != "adam_l2" else "The decay is part of the gradient, which "
                "is large or small beside it.",
            )
        )  # fmt: skip
    return found


def count_figure(lines: list[dict]) -> Figure:
    """Iterations against the condition number, and against the factor."""
    figure = Figure(figsize=(8.8, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, x, fixed, value, label in (
        (axes[0], "condition", "factor", 1.0, "condition number"),
        (axes[1], "factor", "condition", 1e2, "factor of the loss"),
    ):
        for k, name in enumerate(optimizers()):
            shown = sorted(
                (line[x], line["iterations"])
                for line in lines
                if line["optimizer"] == name and line[fixed] == value
                and math.isfinite(line["iterations"])
            )  # fmt: skip
            ax.plot(
                [place for place, _ in shown], [number for _, number in shown], STYLES[k],
                marker=MARKERS[k], color=CYCLE[k], label=name, markersize=8.0 - 1.5 * k,
                fillstyle="none",
            )  # fmt: skip
        log_axis(ax, "x", np.array([line[x] for line in lines]))
        ax.set_yscale("log")
        ax.set_xlabel(label)
    axes[0].set_ylabel("iterations")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """A figure and a table; the runs are without noise, and made here."""
    lines = counted(data.quick)
    sgd = {line["condition"]: line["iterations"] for line in lines if line["optimizer"] == "sgd"}
    free = {line["iterations"] for line in lines if line["optimizer"] in ("adamw", "adamprox")}
    worst = max(sgd)
    lost = sorted(
        {
            line["factor"]
            for line in lines
            if line["optimizer"] == "adam_l2" and math.isinf(line["iterations"])
        }
    )
    never = f"with factors of {', '.join(f'{c:g}' for c in lost)} it never arrives" if lost else ""
    text = (
        f"Iterations until a tenth of the way to the minimum of a quadratic loss is left, in {DIM} "
        "dimensions and without noise. The minimum is (1, ..., 1), the start is 0, and curvatures "
        "are geometric between 1 and 1/condition number.\n\n"
        "With eps = 0 AdamW and AdamProx do not see the scale of a coordinate: their paths are the "
        "same for every condition number and every factor of the loss, and take "
        f"{' and '.join(f'{n:g}' for n in sorted(free))} iterations. SGD with the learning rate 1 "
        f"takes {sgd[1.0]:g} at the condition number 1 and {sgd[worst]:g} at {worst:g}; a loss "
        "times 2 or more it does not minimize at all with that learning rate. Adam-l2 puts the "
        "decay into the gradient, where it is small beside a large loss and rules a small one: "
        + never + "."
    )  # fmt: skip
    return Outcome(
        "Scale-freeness as preconditioning",
        text,
        {"iterations": count_figure(lines)},
        findings(lines),
        {"iterations": [line for line in lines if math.isfinite(line["iterations"])]},
    )
