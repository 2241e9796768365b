"""Figure of the README: the mean escape time in units of its small-noise law.

Run ``python experiments/figures/escape_law.py [FILE]``; the default is docs/figures/escape_law.png.

For three basins at alpha = 1.5 the figure shows epsilon^alpha nu(W) E Gamma against epsilon:
simulated means with their 95 % intervals as points, the exact mean of the Euler chain as a line
where its integral equation is solved quickly (at eight amplitudes, joined by a cubic spline in log
epsilon), and the limit 1 of the theory as a dashed line. Steps are those of ``dt="auto"``. Seeds
are fixed, so the points are the same on every machine.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter
from scipy.interpolate import CubicSpline

import levysde as ls
from levysde.runs.files import write_atomically
from levysde.theory import euler_mean_exit_time

ALPHA = 1.5
PATHS = 5_000
POINTS = 7
SEED = 2020
DEFAULT_FILE = Path(__file__).resolve().parents[2] / "docs" / "figures" / "escape_law.png"


class Look(NamedTuple):
    """One basin in the figure; the colors are those of Okabe and Ito."""

    basin: ls.Basin
    lower: float
    upper: float
    color: str
    marker: str
    line: str
    shift: float
    """Factor of the amplitudes, so that the points of the basins do not hide one another."""
    smallest: float
    """Amplitude down to which the exact mean is drawn."""


LOOKS = (
    Look(ls.basins.sharp(), -0.25, 0.25, "#0072B2", "o", "-", 1.0, 0.07),
    Look(ls.basins.flat(), -1.0, 1.0, "#D55E00", "s", (0, (5, 1.5)), 1.15, 0.05),
    Look(ls.basins.asymmetric(), -0.25, 1.0, "#009E73", "^", (0, (6, 1.5, 1, 1.5)), 1.15**2, 0.15),
)


def simulated(look: Look, amplitudes: np.ndarray) -> np.ndarray:
    """Mean and both ends of its 95 % interval at every amplitude, in units of 1/rate."""
    noise, sgd = ls.noise.independent(ALPHA), ls.dynamics.sgd()
    measure = float(ls.theory.escape_measure(look.basin.domain, noise, look.basin.minimum))
    rows = []
    for i, epsilon in enumerate(amplitudes):
        # A seed for each point, so that their deviations are independent.
        seed = SEED + len(amplitudes) * LOOKS.index(look) + i
        result = ls.escape_times(look.basin, sgd, noise, float(epsilon), PATHS, seed=seed)
        interval = result.mean_interval()
        rows.append(
            epsilon**ALPHA * measure * np.array([result.mean, interval.lower, interval.upper])
        )
    return np.array(rows)


def exact(look: Look, amplitudes: np.ndarray) -> np.ndarray:
    """Exact mean of the Euler chain at every amplitude, in units of 1/rate."""
    noise = ls.noise.independent(ALPHA)
    measure = float(ls.theory.escape_measure(look.basin.domain, noise, look.basin.minimum))
    dt = ls.automatic_dt(look.basin)

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([look.basin.potential.gradient_at(point)[0] for point in x[:, None]])

    means = [
        euler_mean_exit_time(
            gradient, look.lower, look.upper, ALPHA, float(epsilon), dt,
            breakpoints=[0.0], tolerance=1e-4,
        )
        for epsilon in amplitudes
    ]  # fmt: skip
    return amplitudes**ALPHA * measure * np.array(means)


def draw() -> Figure:
    """The figure."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    ax = figure.add_subplot()
    ax.set_xscale("log")
    ax.axhline(1.0, color="black", linestyle="--", linewidth=1.2, zorder=1)
    for look in LOOKS:
        amplitudes = look.shift * np.geomspace(0.03, 1.0, POINTS)
        mean, low, high = simulated(look, amplitudes).T
        nodes = np.geomspace(look.smallest, 1.5, 8)
        curve = CubicSpline(np.log(nodes), exact(look, nodes))
        dense = np.geomspace(look.smallest, 1.5, 200)
        ax.plot(
            dense, curve(np.log(dense)), color=look.color, linestyle=look.line, linewidth=1.6
        )  # fmt: skip
        ax.errorbar(
            amplitudes, mean, yerr=[mean - low, high - mean], color=look.color, marker=look.marker,
            linestyle="none", markersize=6, markeredgecolor="white", markeredgewidth=0.6,
            capsize=2.5, zorder=3,
        )  # fmt: skip
        # An empty curve for the legend, with line and marker together.
        ax.plot(
            [], [], color=look.color, linestyle=look.line, linewidth=1.6, marker=look.marker,
            markersize=6, label=look.basin.name,
        )  # fmt: skip
    return figure


def finish(figure: Figure) -> Figure:
    """Labels, legend and ticks."""
    ax = figure.axes[0]
    ax.set_xlim(0.026, 1.6)
    ax.set_ylim(0.0, 1.42)
    ax.set_xticks([0.03, 0.05, 0.1, 0.2, 0.5, 1.0])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.tick_params(labelsize=12)
    ax.set_xlabel(r"noise amplitude $\varepsilon$", fontsize=13)
    ax.set_ylabel(r"$\varepsilon^{\alpha}\,\nu(W)\,\mathrm{E}\,\Gamma$", fontsize=14)
    ax.text(1.55, 1.02, "limit of the theory", ha="right", va="bottom", fontsize=12)
    ax.text(
        0.24, 0.05, "points: simulated mean, 95 % interval\nlines: exact mean of the Euler chain",
        va="bottom", fontsize=11, linespacing=1.4,
    )  # fmt: skip
    ax.legend(
        title=r"basin, $\alpha = 1.5$", loc="lower left", fontsize=12, title_fontsize=12,
        frameon=False, handlelength=3.0, alignment="left",
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    """Draw and write the figure."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE
    figure = finish(draw())
    # Without the version of matplotlib in the file, equal figures are equal files.
    write_atomically(
        file,
        lambda out: figure.savefig(out, format="png", dpi=160, metadata={"Software": None}),
    )


if __name__ == "__main__":
    main()
