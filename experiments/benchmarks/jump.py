"""Time to a 1 % estimate of the mean exit time against epsilon: Euler and the jump method.

Run ``python experiments/benchmarks/jump.py``; ``--help`` lists the options.

The model is dX = -X dt + eps dL on (-1, 1) with symmetric stable noise of index 1.5, started at the
minimum. A standard error of 1 % takes 10 000 exits of an exponential law. Every run is of fewer
paths, as many as fit into a few seconds, and its time is scaled up to 10 000 exits. Euler (dt =
0.01, boundary shift) has a time proportional to its steps: where 10 000 exits would take longer
than ``--limit`` seconds, that time is extrapolated from the time of a step in the run before and
marked with a star. One thread each; compilation is not counted.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import levysde as ls

EPSILONS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
ALPHA = 1.5
DT = 0.01
EXITS = 10_000
EULER_PATHS = 1000
JUMP_PATHS = 50_000


@dataclass(frozen=True)
class Row:
    """One epsilon: seconds to 10 000 exits, and the mean of the jump method over the theory."""

    epsilon: float
    euler: float
    extrapolated: bool
    jump: float
    ratio: float


def mean_time(epsilon: float) -> float:
    basin, noise = ls.basins.flat(), ls.noise.independent(ALPHA)
    return 1.0 / ls.theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)


def seconds_of(epsilon: float, paths: int, **options: object) -> tuple[float, ls.EscapeTimes]:
    """Seconds of a run, beside its result."""
    began = time.perf_counter()
    result = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(ALPHA), epsilon, paths=paths,
        threads=1, **options,
    )  # fmt: skip
    return time.perf_counter() - began, result


def seconds_per_step() -> float:
    """Time of one step of one path of Euler."""
    euler = {"dt": DT, "correction": "boundary-shift"}
    seconds_of(1.0, 64, **euler)  # compiles
    seconds, result = seconds_of(0.3, EULER_PATHS, **euler)
    return seconds / result.total_steps


def measure(epsilon: float, step: float, limit: float, paths: int) -> tuple[Row, float]:
    """The row of one epsilon, and the time of a step of Euler as it was seen last."""
    euler = step * EXITS * mean_time(epsilon) / DT
    extrapolated = euler >= limit
    if not extrapolated:
        seconds, run = seconds_of(epsilon, EULER_PATHS, dt=DT, correction="boundary-shift")
        euler, step = seconds * EXITS / EULER_PATHS, seconds / run.total_steps
    seconds_of(epsilon, 8, method="jump")
    jump, result = seconds_of(epsilon, paths, method="jump")
    ratio = result.mean / mean_time(epsilon)
    return Row(epsilon, euler, extrapolated, jump * EXITS / paths, ratio), step


def table(rows: list[Row]) -> str:
    lines = [f"{'epsilon':>8} {'Euler, s':>12} {'jump, s':>10} {'speedup':>10} {'mean/theory':>12}"]
    for row in rows:
        star = "*" if row.extrapolated else " "
        lines.append(
            f"{row.epsilon:8.0e} {row.euler:11.3g}{star} {row.jump:10.3g} "
            f"{row.euler / row.jump:10.2g} {row.ratio:12.4f}"
        )
    return "\n".join(
        [*lines, f"(one thread, {EXITS} exits; * extrapolated from the time of a step)"]
    )


def draw(rows: list[Row], path: Path) -> None:
    """Seconds against epsilon as a figure."""
    euler = [
        (row.epsilon, row.euler, "Euler, extrapolated" if row.extrapolated else "Euler, measured")
        for row in rows
    ]
    jump = [(row.epsilon, row.jump, "jump method") for row in rows]
    epsilons, seconds, methods = zip(*euler, *jump, strict=True)
    table = {"epsilon": epsilons, "seconds": seconds, "method": methods}
    ax = ls.plots.points(table, "epsilon", "seconds", by=["method"])
    ax.set_ylabel("seconds to a standard error of 1 %")
    ls.plots.save(ax, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--limit",
        type=float,
        default=60.0,
        metavar="S",
        help="longest time of Euler for 10 000 exits that is measured (%(default)s)",
    )
    parser.add_argument(
        "--paths",
        type=int,
        default=JUMP_PATHS,
        metavar="N",
        help="paths of the jump method at each epsilon (%(default)s)",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the table: FILE.png")
    options = parser.parse_args()
    if not (math.isfinite(options.limit) and options.limit > 0.0):
        parser.error(f"--limit is {options.limit}; give a positive number of seconds")
    if options.paths < 1:
        parser.error(f"--paths is {options.paths}; give a positive number")
    step, rows = seconds_per_step(), []
    for epsilon in EPSILONS:
        row, step = measure(epsilon, step, options.limit, options.paths)
        rows.append(row)
    print(table(rows))
    if options.plot is not None:
        draw(rows, options.plot)


if __name__ == "__main__":
    main()
