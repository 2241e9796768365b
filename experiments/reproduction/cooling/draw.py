"""Cooling: how fast the noise may fall before paths are trapped for ever."""

import math

import numpy as np
from matplotlib.figure import Figure

from levysde import EscapeTimes, plots, spec, theory
from levysde.report.drawing import CYCLE, MARKERS, STYLES, log_axis
from levysde.report.findings import Data, Finding, Outcome

SOURCE = "Pavlyukevich 2007, J. Phys. A 40, 12299"
CRITICAL = 1.0 / 1.5
MARKED = 12


def law_of(result: EscapeTimes) -> theory.VaryingRate:
    """The rate at every time of the setting of a result."""
    basin, dynamics, noise = spec.build(result.parameters)
    return theory.varying_rate(basin, dynamics, noise, result.parameters["epsilon"])


def power_of(result: EscapeTimes) -> float:
    """Theta."""
    return float(result.parameters["scale"]["params"]["power"])


def share_inside(result: EscapeTimes, time: float) -> float:
    """Share of the paths that have not left by a time."""
    return float(np.mean(result.times > time)) if time < result.times.max() else stayed(result)


def stayed(result: EscapeTimes) -> float:
    """Share of the paths that had not left at the horizon."""
    return result.censored / result.paths


def findings_of(result: EscapeTimes) -> list[Finding]:
    """Shares that stay, and the law in operational time."""
    law, power, horizon = law_of(result), power_of(result), result.parameters["horizon"]
    expected = float(law.survival(horizon))
    # The mean is 5 % below its leading order at the first amplitude, and less later.
    off = 0.05 * float(law.exposure(horizon)) * expected
    found = [
        Finding(
            f"Share of paths inside at the horizon {horizon:g}, theta = {power:g}", SOURCE,
            expected, stayed(result),
            math.sqrt(max(expected * (1.0 - expected), 1.0 / result.paths) / result.paths),
            allowance=off,
            remark="At eps = 0.1 escapes are 5 % faster than in leading order.",
        )
    ]  # fmt: skip
    test = result.exponentiality(law.exposure)
    if test.shape is not None:
        error = math.sqrt(6.0) / math.pi / math.sqrt(result.escaped)
        found.append(
            Finding(
                f"Weibull shape in operational time, 1 for an exponential law, theta = {power:g}",
                f"{SOURCE}; Lawless 2003, section 5.2, for the test", 1.0, test.shape, error,
                allowance=0.03,
                remark="The rate approaches its leading order while the noise falls, so that "
                "operational time runs a few percent slow at first.",
            )
        )  # fmt: skip
    return found


def share_figure(results: list[EscapeTimes]) -> Figure:
    """Shares against time, with the theory as lines."""
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    ax = figure.subplots()
    horizon = results[0].parameters["horizon"]
    times = np.geomspace(1.0, horizon, 80)
    marked = np.geomspace(1.0, 0.999 * horizon, MARKED)
    for k, result in enumerate(results):
        power, color = power_of(result), CYCLE[k % len(CYCLE)]
        ax.plot(times, law_of(result).survival(times), STYLES[k % len(STYLES)], color=color)
        ax.plot(
            marked, [share_inside(result, t) for t in marked], MARKERS[k], color=color,
            markersize=4.5, label=rf"$\theta$ = {power:g}",
        )  # fmt: skip
    ax.plot([], [], color="black", label="theory, lines")
    log_axis(ax, "x", times)
    ax.set_ylim(0.0, 1.03)
    ax.set_xlabel("time")
    ax.set_ylabel("share of paths still inside")
    plots.shared_legend(figure)
    return figure


def line_of(result: EscapeTimes) -> dict:
    """A line of the table."""
    law = law_of(result)
    return {
        "theta": power_of(result),
        "theta alpha": power_of(result) * result.parameters["alpha"],
        "paths": result.paths,
        "inside at the horizon": stayed(result),
        "predicted": float(law.survival(result.parameters["horizon"])),
        "predicted for ever": law.trapped(),
    }


def draw(data: Data) -> Outcome:
    """A figure, a table, and shares as findings."""
    results = list(data["powers"].results().values())
    lines = [line_of(result) for result in results]
    slow = [line for line in lines if line["theta"] < CRITICAL]
    fast = [line for line in lines if line["theta"] > CRITICAL]
    text = (
        "The amplitude of the noise falls like (1 + t/20)^-theta, and with it the rate of escapes "
        "like (1 + t/20)^(-theta alpha). If theta > 1/alpha its integral is finite, and a path "
        "stays in the basin for ever with positive probability; if theta < 1/alpha it leaves.\n\n"
        f"At alpha = 1.5 and eps = 0.1 the critical power is {CRITICAL:.3f}. Shares inside at the "
        "horizon: "
        + ", ".join(f"{x['inside at the horizon']:.3f} at theta = {x['theta']:g}" for x in slow)
        + " below it, and "
        + ", ".join(f"{x['inside at the horizon']:.3f} at {x['theta']:g}" for x in fast)
        + " above, where the theory says that "
        + ", ".join(f"{x['predicted for ever']:.3f}" for x in fast)
        + " stay for ever. Just below the critical power paths leave too, but after times that no "
        "simulation reaches."
    )
    found = [finding for result in results for finding in findings_of(result)]
    return Outcome("Cooling", text, {"cooling": share_figure(results)}, found, {"shares": lines})
