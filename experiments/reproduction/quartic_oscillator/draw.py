"""The quartic oscillator under Cauchy noise: its density has two humps."""

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import integrate, stats

import levysde as ls
from levysde import plots
from levysde.report.drawing import BLUE, SKY, VERMILION
from levysde.report.findings import KOLMOGOROV, Data, Finding, Outcome, share_error

SOURCE = "Chechkin, Klafter, Gonchar, Metzler & Tanatarov 2002, Chem. Phys. 284, 233"
TIME, DT, FAR = 10.0, 0.0025, 50.0

FloatArray = NDArray[np.float64]


def density(x: FloatArray) -> FloatArray:
    """1/(pi (1 - x^2 + x^4))."""
    return 1.0 / (math.pi * (1.0 - x**2 + x**4))


def positions(paths: int) -> FloatArray:
    """Where paths of dX = -X^3 dt + dL are after ten units of time."""
    found = ls.trajectories(
        ls.basins.quartic(lower=-1e6, upper=1e6), ls.dynamics.sgd(), ls.noise.independent(1.0), 1.0,
        paths=paths, steps=round(TIME / DT), every=round(TIME / DT), dt=DT, scheme="flow",
    )  # fmt: skip
    return found.positions[:, 1, 0]


def share_between(low: float, high: float) -> float:
    """The share of the density in an interval."""
    return float(integrate.quad(lambda x: float(density(np.asarray(x))), low, high)[0])


def distribution(x: FloatArray) -> FloatArray:
    """The distribution function, by a fine table."""
    grid = np.linspace(-FAR, FAR, 400_001)
    table = integrate.cumulative_simpson(density(grid), x=grid, initial=0.0)
    return np.interp(x, grid, table + share_between(-math.inf, -FAR))


def findings(x: FloatArray) -> list[Finding]:
    """The whole law, and the shares at the humps and between them."""
    root = math.sqrt(len(x))
    found = [
        Finding(
            "sqrt(n) times the Kolmogorov distance from 1/(pi (1 - x^2 + x^4))",
            f"{SOURCE}; Kolmogorov 1933 for the law of the distance", KOLMOGOROV[0],
            root * float(stats.kstest(x, distribution).statistic), KOLMOGOROV[1],
            allowance=root * DT,
            remark="A step of dt moves quantiles by about dt.",
        )
    ]  # fmt: skip
    for low, high in ((-0.1, 0.1), (0.6, 0.8), (-0.8, -0.6)):
        expected = share_between(low, high)
        found.append(
            Finding(
                f"Share of paths between {low:g} and {high:g}", SOURCE, expected,
                float(np.mean((x > low) & (x < high))),
                share_error(expected, len(x)), allowance=DT,
            )
        )  # fmt: skip
    return found


def density_figure(x: FloatArray) -> Figure:
    """A histogram and the density."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    edges = np.linspace(-3.0, 3.0, 61)
    heights = np.histogram(x, edges)[0] / (len(x) * np.diff(edges))
    ax.stairs(heights, edges, fill=True, color=SKY, alpha=0.6)
    ax.stairs(heights, edges, color=BLUE, label="simulation")
    places = np.linspace(-3.0, 3.0, 400)
    ax.plot(places, density(places), "--", color=VERMILION, label=r"$1/(\pi(1 - x^2 + x^4))$")
    ax.set_xlim(-3.0, 3.0)
    ax.set_xlabel("position")
    ax.set_ylabel("probability density")
    plots.shared_legend(figure)
    return figure


def draw(data: Data) -> Outcome:
    """One figure; the paths take a second and are made here."""
    x = positions(2_000 if data.quick else 100_000)
    found = findings(x)
    middle, hump = (next(f for f in found if f.claim.endswith(end)) for end in ("0.1", "0.8"))
    text = (
        "In F = x^4/4 under Cauchy noise of scale 1 paths are found most often not at the minimum "
        "but beside it: the stationary density 1/(pi (1 - x^2 + x^4)) has its maxima at "
        "+-1/sqrt(2). Long jumps lead far up the walls, from where the flow returns fast to where "
        "the force ends, and it is slow there.\n\n"
        f"Of {len(x)} paths after {TIME:g} units of time {hump.found:.4f} are between 0.6 and 0.8 "
        f"({hump.expected:.4f} by the formula), and {middle.found:.4f} within 0.1 of the minimum "
        f"({middle.expected:.4f})."
    )
    return Outcome("The quartic oscillator", text, {"density": density_figure(x)}, found)
