"""Paths in the plane over contour lines, jumps drawn as jumps, up to the exits that were stored."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import levysde as ls
from levysde import EscapeTimes, plots, spec
from levysde.report.findings import Data, Finding, Outcome

PROPERTY = "a property of this package"


def walked(result: EscapeTimes) -> NDArray[np.float64]:
    """The paths of a result once more, up to the exit; NaN after it."""
    basin, dynamics, noise = spec.build(result.parameters)
    found = ls.trajectories(
        basin,
        dynamics,
        noise,
        result.parameters["epsilon"],
        paths=result.paths,
        steps=int(result.steps.max()),
        dt=result.dt,
        seed=result.parameters["seed"],
        scheme=result.parameters["scheme"],
    )
    paths = found.positions.copy()
    for path, steps in zip(paths, result.steps, strict=True):
        path[steps + 1 :] = np.nan
    return paths


def same_exits(result: EscapeTimes, paths: NDArray[np.float64]) -> float:
    """Share of the paths whose first state outside is the stored exit, bit for bit."""
    domain = spec.build(result.parameters)[0].domain
    same = []
    for path, steps, position in zip(paths, result.steps, result.exit_position, strict=True):
        inside = not domain.outside_many(path[:steps]).any()
        same.append(inside and np.array_equal(path[steps], position))
    return float(np.mean(same))


def longest(paths: NDArray[np.float64]) -> float:
    """The longest step over the median one."""
    lengths = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    return float(np.nanmax(lengths) / np.nanmedian(lengths))


def heading(row: dict) -> str:
    """Basin, law and index."""
    law = f"{row['noise']}, " + rf"$\alpha$ = {row['alpha']:g}"
    return row["basin"].split("(")[0].replace("_", " ") + ", " + law


def draw(data: Data) -> Outcome:
    """A panel for each setting."""
    results = list(data["paths"].results().values())
    rows, paths = data["paths"].rows, [walked(result) for result in results]
    figure = Figure(figsize=(8.4, 8.0), layout="constrained")
    for ax, row, result, drawn in zip(
        figure.subplots(2, 2).flat, rows, results, paths, strict=True
    ):
        plots.plane(drawn, spec.build(result.parameters)[0], ax=ax)
        ax.set_title(heading(row), fontsize="medium")
    plots.shared_legend(figure)
    findings = [
        Finding(
            "Share of the paths drawn that leave at the step and the place stored, bit for bit, "
            + row["basin"] + ", " + row["noise"],
            PROPERTY, 1.0, same_exits(result, drawn),
        )
        for row, result, drawn in zip(rows, results, paths, strict=True)
    ]  # fmt: skip
    *stable, brownian = [longest(each) for each in paths]
    text = (
        "Paths from the minimum (circle) until they are first seen outside the basin (dashed; the "
        "exit is a cross). Grey lines are contour lines of the potential. A step more than 8 times "
        "as long as the median one is a thin dotted line: the path is nowhere between its ends.\n\n"
        "Under stable noise a path stays near the minimum and leaves by one jump, along an axis "
        "where the coordinates are independent and in any direction where the law is isotropic; "
        f"the longest of its steps is {min(stable):.0f} to {max(stable):.0f} times the median one. "
        f"Under Brownian motion it is {brownian:.1f} times, and the path climbs to the saddle.\n\n"
        "Path i of a simulation of escape times is path i of `levysde.trajectories` with the same "
        "seed: the exits drawn are those that the simulation stored."
    )
    return Outcome("Paths in the plane", text, {"paths": figure}, findings)
