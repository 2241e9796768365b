"""Clipped gradients and two minima: the narrow one is left out as the learning rate falls."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy import integrate

import levysde as ls
from levysde import imported, plots, theory
from levysde.report.drawing import BLUE, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Wang, Oh & Rhee, ICLR 2022 (arXiv 2102.04297), theorem 2"
CHAIN = "Imkeller & Pavlyukevich 2006, Stochastic Process. Appl. 116, 611, theorem 1.1"
ALPHA, SCALE, CLIP = 1.5, 0.3, 0.8
"""The clip is longer than the way out of the narrow well, and shorter than that out of the wide."""

PARTS = Path(__file__).parent / "parts.py"


def part(name: str):
    """Something of the file beside this one."""
    return imported.find(f"{PARTS}:{name}")


def tail(length: float) -> float:
    """Measure of the jumps to one side that are longer, at scale 1."""
    return theory.stable_constant(ALPHA) / ALPHA * length**-ALPHA


def amplitude(rate: float) -> float:
    """Eps times the scale, with eps = lr^((alpha - 1)/alpha)."""
    return SCALE * rate ** ((ALPHA - 1.0) / ALPHA)


def one_jump(rate: float, distance: float) -> float:
    """Limit of the rate over a distance."""
    return amplitude(rate) ** ALPHA * tail(distance)


def two_jumps(rate: float) -> float:
    """Limit of the rate out of the wide well by two clipped jumps, the flow between them.

    The first takes the path to y, at most the clip, towards the saddle; on the way back, at z, the
    second must be longer than distance - z, which is to be at most the clip.
    """
    distance = part("WIDE")
    lowest = distance - CLIP
    slope = part("wells")().gradient_at

    def follows(y: float) -> float:
        return integrate.quad(
            lambda z: tail(distance - z) / abs(slope(np.array([distance - z]))[0]), lowest, y
        )[0]

    density = theory.stable_constant(ALPHA)
    first = integrate.quad(lambda y: density * y ** (-1.0 - ALPHA) * follows(y), lowest, CLIP)[0]
    return amplitude(rate) ** (2.0 * ALPHA) * (first + tail(CLIP) * follows(CLIP))


def visited(rate: float, clip: float | None, transitions: int) -> ls.Visits:
    """Paths from the wide well, for about so many transitions out of it."""
    slow = two_jumps(rate) if clip else one_jump(rate, part("WIDE"))
    paths = 256
    return ls.visits(
        part("wells")(), [part("NARROW"), part("WIDE")], ls.dynamics.sgd(clip=clip),
        ls.noise.independent(ALPHA, scale=SCALE), lr=rate, horizon=transitions / (paths * slow),
        paths=paths, start=1, radius=[0.2, 0.4],
    )  # fmt: skip


def odds(found: ls.Visits) -> tuple[float, float]:
    """Rate out of the wide well over that out of the narrow one, and its standard error.

    These are the stationary odds of the narrow well.
    """
    rates, counts = found.rates().value, found.counts
    value = float(rates[1, 0] / rates[0, 1])
    return value, value * math.sqrt(1.0 / counts[1, 0] + 1.0 / counts[0, 1])


def odds_figure(
    rates: list[float], clipped: np.ndarray, free: np.ndarray, limits: np.ndarray
) -> Figure:
    """Odds of the narrow well against the learning rate."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    ax = figure.subplots()
    looks = ((free, BLUE, "o", "not clipped"), (clipped, VERMILION, "s", f"clipped to {CLIP:g}"))
    for k, (values, color, marker, label) in enumerate(looks):
        ax.errorbar(
            rates, values[:, 0], 1.96 * values[:, 1], fmt=marker, color=color, label=label,
            capsize=3,
        )  # fmt: skip
        ax.plot(rates, limits[:, k], color=color, linestyle=("-", "--")[k], label=f"limit, {label}")
    log_axis(ax, "x", np.array(rates))
    log_axis(ax, "y", np.concatenate([clipped[:, 0], free[:, 0]]))
    ax.set_xlabel("learning rate")
    ax.set_ylabel("time in the narrow well / time in the wide well")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """Paths are made here: they are no sweep of escapes."""
    rates = [0.08, 0.04] if data.quick else [0.08, 0.04, 0.02]
    wanted = 100 if data.quick else 600
    clipped = np.array([odds(visited(rate, CLIP, wanted)) for rate in rates])
    free = np.array([odds(visited(rate, None, 4 * wanted)) for rate in rates])
    narrow, wide = -part("NARROW"), part("WIDE")
    limits = np.array(
        [
            [one_jump(r, wide) / one_jump(r, narrow), two_jumps(r) / one_jump(r, narrow)]
            for r in rates
        ]
    )
    lines = [
        {
            "learning rate": rate, "clipped": clipped[k, 0], "error": clipped[k, 1],
            "limit": limits[k, 1], "not clipped": free[k, 0], "error, not clipped": free[k, 1],
            "limit, not clipped": limits[k, 0],
        }
        for k, rate in enumerate(rates)
    ]  # fmt: skip
    return Outcome(
        "Clipped minima", text_of(rates, clipped, free, limits),
        {"odds": odds_figure(rates, clipped, free, limits)},
        [
            Finding(
                f"Slope of the odds of the narrow well in the learning rate, clipped to {CLIP:g}, "
                f"from {rates[-2]:g} to {rates[-1]:g}", SOURCE, ALPHA - 1.0,
                *slope_of(rates[-2:], clipped[-2:]),
            ),
            Finding(
                f"The same without a clip, from {rates[0]:g} to {rates[-1]:g}", CHAIN, 0.0,
                *slope_of([rates[0], rates[-1]], free[[0, -1]]),
            ),
        ],
        {"odds": lines},
    )  # fmt: skip


def slope_of(rates: list[float], found: np.ndarray) -> tuple[float, float]:
    """Between two points on logarithmic axes, with its standard error."""
    width = math.log(rates[1] / rates[0])
    rise = math.log(found[1, 0] / found[0, 0])
    return rise / width, math.hypot(*(found[:, 1] / found[:, 0])) / abs(width)


def text_of(rates: list[float], clipped: np.ndarray, free: np.ndarray, limits: np.ndarray) -> str:
    """What is seen."""
    return (
        "Two wells, from which the saddle is 0.5 and 1.5 away. Without a clip one jump leads out "
        "of either, and the odds of the narrow well do not depend on the learning rate: "
        f"{free[0, 0]:.3f} at {rates[0]:g} and {free[-1, 0]:.3f} at {rates[-1]:g}, where the limit "
        f"is {limits[-1, 0]:.3f}.\n\n"
        f"With steps cut to {CLIP:g} one jump still leads out of the narrow well, and two are "
        "needed out of the wide one. The odds of the narrow well fall from "
        f"{clipped[0, 0]:.5f} to {clipped[-1, 0]:.5f}: as the learning rate goes to 0, all time is "
        "spent in the wide well. The exponent is that of one jump more, alpha - 1 in the learning "
        "rate.\n\n"
        f"The odds are {clipped[-1, 0] / limits[-1, 1]:.2f} of their limit at {rates[-1]:g} and "
        f"{clipped[0, 0] / limits[0, 1]:.2f} at {rates[0]:g}: with amplitudes of "
        f"{amplitude(rates[-1]):.2f} to {amplitude(rates[0]):.2f}, jumps that "
        "the limit does not count help along, and the slope is on its way to the exponent."
    )
