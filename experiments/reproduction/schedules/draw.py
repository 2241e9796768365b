"""AdamW beside AdamProx while the learning rate changes."""

import math

import numpy as np
from matplotlib.figure import Figure

import levysde as ls
from levysde import EscapeTimes, plots, spec
from levysde.report.drawing import BLUE, VERMILION
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Zhuang, Liu, Cutkosky & Orabona 2022 (arXiv 2202.00089), section 3"


def name_of(result: EscapeTimes) -> str:
    """The schedule."""
    return str(result.parameters["schedule"]["schedule"])


def observed(result: EscapeTimes) -> np.ndarray:
    """Iterations of each path until it left, or was given up."""
    return result.steps.astype(np.float64)


def difference(first: EscapeTimes, second: EscapeTimes) -> tuple[float, float]:
    """Mean of the paired differences over the mean of the first, and its standard error."""
    pairs = observed(second) - observed(first)
    mean = float(observed(first).mean())
    return float(pairs.mean()) / mean, float(pairs.std(ddof=1)) / math.sqrt(len(pairs)) / mean


def one_step(dynamics: ls.Dynamics, x: float, gradient: float, t: float, dt: float) -> float:
    """Where one step takes x."""
    p = dynamics.step_parameters(dt, 1)
    numbers = dynamics.clock(t, dt, p)
    return float(dynamics.update(0, x, 0.0, 0.0, gradient, 0.0, dt, t, p, *numbers)[0])


def formula_findings(first: EscapeTimes, second: EscapeTimes) -> list[Finding]:
    """The difference of one step, x_prox - x_w, a fifth of the schedule along."""
    adamw, adamprox = (spec.build(each.parameters)[1] for each in (first, second))
    dt, t, x, gradient = first.dt, 1.0, 0.05, -0.3
    s, decay = adamw.schedule(t), adamw.unscheduled.rule.weight_decay
    step = one_step(ls.dynamics.adam(eps=0.0), x, gradient, t, dt) - x
    small = s * decay * dt
    found = one_step(adamprox, x, gradient, t, dt) - one_step(adamw, x, gradient, t, dt)
    return [
        Finding(
            f"x_prox - x_w of one step is [(s w eta)^2 x - (s w eta) s p]/(1 + s w eta), "
            f"{name_of(first)}",
            SOURCE, (small**2 * x - small * s * step) / (1.0 + small), found, error=1e-16,
            remark="The error is that of rounding.",
        )
    ]  # fmt: skip


def line_of(first: EscapeTimes, second: EscapeTimes) -> dict:
    """A line of the table."""
    ratio, error = difference(first, second)
    return {
        "schedule": name_of(first),
        "iterations of adamw": float(observed(first).mean()),
        "iterations of adamprox": float(observed(second).mean()),
        "difference": ratio,
        "error": error,
        "left by adamw": first.escaped / first.paths,
        "left by adamprox": second.escaped / second.paths,
    }


def bar_figure(lines: list[dict]) -> Figure:
    """Mean iterations of both, by schedule."""
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    ax = figure.subplots()
    places = np.arange(len(lines))
    for shift, name, color, marker in (
        (-0.1, "adamw", BLUE, "o"),
        (0.1, "adamprox", VERMILION, "s"),
    ):
        numbers = [line[f"iterations of {name}"] for line in lines]
        ax.plot(places + shift, numbers, marker, color=color, label=name)
    ax.set_xticks(places, [line["schedule"].replace("_", " ") for line in lines])
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("mean iterations until exit or horizon")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """A figure and a table of pairs."""
    results = (data[name].results().values() for name in ("adamw", "adamprox"))
    pairs = list(zip(*results, strict=True))
    lines = [line_of(*pair) for pair in pairs]
    findings = [finding for pair in pairs for finding in formula_findings(*pair)]
    worst = max(lines, key=lambda line: abs(line["difference"]))
    decay = 0.01
    findings += [
        Finding(
            f"Mean iterations of AdamProx over those of AdamW, less 1, {line['schedule']}",
            f"{SOURCE}: the two agree to first order in the decay of a step", 0.0,
            line["difference"], line["error"], allowance=3.0 * decay,
            remark=f"A step of AdamProx is shorter by up to {decay:g}, and times grow with "
            "less than the cube of the width in steps.",
        )
        for line in lines
    ]  # fmt: skip
    text = (
        "AdamW decays x before its step, x <- (1 - s w eta) x - s eta p, AdamProx after it, "
        "x <- (x - s eta p)/(1 + s w eta), with the factor s of the schedule in both places. One "
        "step of each differs by [(s w eta)^2 x - (s w eta) s p]/(1 + s w eta), exactly.\n\n"
        f"With the decay w eta = {decay:g} and the same noise, mean escape times differ "
        f"by at most {100 * abs(worst['difference']):.2f} +- {100 * worst['error']:.2f} % "
        f"(schedule {worst['schedule'].replace('_', ' ')}), AdamProx being the slower one where "
        "they do: its steps are shorter by the decay."
    )
    return Outcome(
        "AdamW and AdamProx under schedules", text, {"iterations": bar_figure(lines)}, findings,
        {"pairs": lines},
    )  # fmt: skip
