"""Which of three minima an optimizer is found in, under stable and under Gaussian noise."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy import integrate
from scipy.linalg import expm

import levysde as ls
from levysde import imported, plots, theory
from levysde.report.drawing import CYCLE
from levysde.report.findings import Data, Finding, Outcome, standard_error

STABLE = "Imkeller & Pavlyukevich 2006, Stoch. Proc. Appl. 116, 611, theorem 1.1"
GAUSSIAN = "the density exp(-F/eps^2) of dX = -F'(X) dt + eps dL, L of variance 2 t"
NAMES = ("flat", "sharp, deep", "asymmetric")
HATCHES = ("", "//", "..")
PARTS = Path(__file__).parent / "parts.py"


def part(name: str):
    """Something of the file beside this one."""
    return imported.find(f"{PARTS}:{name}")


def settings(quick: bool) -> dict[str, dict]:
    """What is run, by the name in the figure."""
    alpha = {"noise": ls.noise.independent(1.5)}
    long, wide = (400.0, 20) if quick else (8000.0, 100)
    plain = {**alpha, "epsilon": 0.02, "dt": 0.002, "horizon": long, "paths": wide}
    steps = {**alpha, "lr": 0.02, "horizon": 0.1 * long, "paths": wide}
    return {
        "SGD": {"dynamics": ls.dynamics.sgd(), **plain},
        "momentum": {"dynamics": ls.dynamics.momentum(0.9, dampening=0.9), **plain},
        "SGD, Gaussian": {
            "dynamics": ls.dynamics.sgd(), **plain, "noise": ls.noise.independent(2.0),
            "epsilon": 0.4,
        },
        "Adam": {"dynamics": ls.dynamics.adam(eps=0.0), **steps},
        "AdamW": {"dynamics": ls.dynamics.adamw(eps=0.0, weight_decay=1.0), **steps},
    }  # fmt: skip


def visited(setting: dict) -> ls.Visits:
    """Paths from the sharp well."""
    given = dict(setting)
    dynamics, noise = given.pop("dynamics"), given.pop("noise")
    potential, minima = part("wells")(), list(part("MINIMA"))
    return ls.visits(potential, minima, dynamics, noise, start=1, **given)


def gaussian_shares(epsilon: float) -> np.ndarray:
    """Shares of exp(-F/eps^2) in the three wells."""
    potential, ridge = part("wells")(), part("RIDGE")

    def weight(x: float) -> float:
        return math.exp(-potential.value_at([x]) / epsilon**2)

    ends = ((-12.0, -ridge), (-ridge, ridge), (ridge, 12.0))
    masses = np.array([integrate.quad(weight, *each, limit=200)[0] for each in ends])
    return masses / masses.sum()


def stable_rates(setting: dict) -> np.ndarray:
    """Rates of the chain of jumps; an average spreads each jump, which makes it shorter."""
    potential, minima = part("wells")(), list(part("MINIMA"))
    law, epsilon = setting["noise"], setting["epsilon"]
    rates = theory.transition_rates(potential, minima, law, epsilon).rates
    average = setting["dynamics"].rule.average
    if average is None:
        return rates
    # Where the particle lands after a jump: the peak depends on the curvature towards the ridge.
    curvatures = (part("FLAT"), part("SHARP"), part("STEEP"))
    per_time = (1.0 - average) / setting["dt"]
    peaks = np.array([theory.peak_factor(k / per_time) for k in curvatures])
    return rates * peaks[:, None] ** law.alpha


def stable_shares(setting: dict) -> np.ndarray:
    """Mean shares of time up to the horizon of the chain that begins in the sharp well."""
    rates, horizon = stable_rates(setting), setting["horizon"]
    size = len(rates)
    both = np.zeros((2 * size, 2 * size))
    both[:size, :size], both[:size, size:] = rates, np.eye(size)
    # The upper right block of the exponential is int_0^T exp(Qt) dt.
    return expm(horizon * both)[:size, size:][1] / horizon


def share_findings(name: str, found: ls.Visits, expected: np.ndarray, source: str, off: float):
    """One a well."""
    share = found.occupation()
    return [
        Finding(
            f"Share of time in the {well} well, {name}", source, float(expected[k]),
            float(share.value[k]), standard_error(float(share.lower[k]), float(share.upper[k])),
            allowance=off,
            remark="The chain of small noise from the sharp well, at eps over the nearest wall of "
            "0.08." if source == STABLE else "What a path does between two "
            "neighborhoods of minima counts for the well that it left.",
        )
        for k, well in enumerate(NAMES)
    ]  # fmt: skip


def share_figure(runs: dict[str, ls.Visits], expected: dict[str, np.ndarray]) -> Figure:
    """Bars that add up to one, with the theory as lines."""
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    ax = figure.subplots()
    places, bottom = np.arange(len(runs)), np.zeros(len(runs))
    for k, well in enumerate(NAMES):
        heights = np.array([float(found.occupation().value[k]) for found in runs.values()])
        ax.bar(
            places, heights, 0.6, bottom=bottom, color=CYCLE[k], alpha=0.7, hatch=HATCHES[k],
            edgecolor="white", label=well,
        )  # fmt: skip
        bottom += heights
    for place, name in zip(places, runs, strict=True):
        if name in expected:
            for edge in np.cumsum(expected[name])[:-1]:
                ax.plot([place - 0.38, place + 0.38], [edge, edge], color="black", linewidth=1.6)
    ax.plot([], [], color="black", linewidth=1.6, label="theory")
    ax.set_xticks(places, list(runs))
    ax.set_ylim(0.0, 1.0)
    ax.set_ylabel("share of time")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """A figure, a table, and shares as findings; the paths are made here."""
    asked = settings(data.quick)
    runs = {name: visited(setting) for name, setting in asked.items()}
    expected = {name: stable_shares(asked[name]) for name in ("SGD", "momentum")}
    expected["SGD, Gaussian"] = gaussian_shares(asked["SGD, Gaussian"]["epsilon"])
    findings = []
    if not data.quick:
        findings += share_findings("SGD", runs["SGD"], expected["SGD"], STABLE, 0.02)
        findings += share_findings("momentum", runs["momentum"], expected["momentum"], STABLE, 0.03)
    gaussian = runs["SGD, Gaussian"]
    findings += share_findings(
        "Gaussian noise", gaussian, expected["SGD, Gaussian"], GAUSSIAN, 0.05
    )
    lines = [
        {
            "optimizer": name,
            **{well: float(found.occupation().value[k]) for k, well in enumerate(NAMES)},
            "transitions": len(found.time),
            "paths": found.paths,
        }
        for name, found in runs.items()
    ]
    sgd, brownian = lines[0], lines[2]
    text = (
        "A flat, a sharp and an asymmetric well side by side. The ridges have one height, the "
        "sharp well is twice as deep as the others, and a quarter as wide as the flat one.\n\n"
        f"Under stable noise SGD is in the sharp well for {sgd['sharp, deep']:.3f} of the time "
        f"and in the flat one for {sgd['flat']:.3f}: what counts is the distance of the ridges. "
        "Momentum spreads a jump over ten steps, in which a sharp well pulls more of it back than "
        "a flat one. "
        f"Under Gaussian noise it is in the sharp one for {brownian['sharp, deep']:.3f}: what "
        "counts is depth.\n\n"
        "Adam's steps have about the length of the learning rate: with 0.02 a quarter is 12.5 "
        "steps, which is within reach of one jump (31.77). It made "
        f"{lines[3]['transitions']} transitions in {runs['Adam'].horizon / 0.02:g} iterations of "
        f"{runs['Adam'].paths} paths, and AdamW, whose decay pulls towards the sharp well at 0, "
        f"{lines[4]['transitions']}; no law is known for either."
    )
    return Outcome(
        "Which minimum", text, {"shares": share_figure(runs, expected)}, findings, {"shares": lines}
    )
