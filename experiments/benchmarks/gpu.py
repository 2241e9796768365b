"""Path-steps per second on a graphics processor against the number of paths, beside the processor.

Run ``python experiments/benchmarks/gpu.py`` on a machine with an NVIDIA GPU and the extra
``cuda13``; ``--paths 4096 262144 --repeats 1`` takes a minute, ``--help`` lists the options.
Without a GPU it says what is missing and ends with exit code 4.

The model is dX = -X dt + eps dL in the box (-1, 1)^dim, dt = 0.01, with independent symmetric
alpha-stable coordinates (alpha = 1.5) and the amplitude of a predicted mean exit time of 5; Adam is
the algorithm with the same gradient noise. A path is followed for a time of 10 at most, 1000 steps.
In every repeat the device and all threads of the processor run one after the other, the processor
with fewer paths where it would take long, for its time per step does not depend on them. Reported
are medians of path-steps per second of whole runs: with copies of the results, without compilation.
Before anything is timed the digests and the positions of both must be equal.
"""

import argparse
import json
import statistics
import sys
import time
from typing import Any

import numpy as np

import levysde as ls
from levysde import domains, potentials

ALPHA, DT, MEAN = 1.5, 0.01, 5.0
DIMENSIONS = (1, 2, 10, 100)
DYNAMICS = {"sgd": ls.dynamics.sgd(), "adam": ls.dynamics.adam()}
PATHS = tuple(4**k for k in range(5, 12))
MOST_NUMBERS = 4**13
"""Paths times dimensions at most, with which a run on a device takes a few seconds."""

PROCESSOR_STEPS = 2e9
CHECKED = 2048
ENVIRONMENT = 4


def setting(name: str, dim: int) -> tuple[Any, ...]:
    """The parts of a run, and its amplitude."""
    cube = domains.box([-1.0] * dim, [1.0] * dim)
    basin = ls.Basin(potentials.quadratic(dim, 1.0), cube, np.zeros(dim))
    noise = ls.noise.independent(ALPHA)
    rate = ls.theory.escape_rate(basin.domain, noise, basin.minimum, 1.0)
    return basin, DYNAMICS[name], noise, (MEAN * rate) ** (-1.0 / ALPHA)


def run(
    parts: tuple[Any, ...], paths: int, backend: str, seed: int, horizon: float
) -> tuple[Any, float]:
    """A run and the path-steps per second of it."""
    began = time.perf_counter()
    result = ls.escape_times(
        *parts, paths=paths, dt=DT, horizon=horizon, method="euler", backend=backend, seed=seed
    )
    return result, float(result.steps.sum()) / (time.perf_counter() - began)


def compare(
    name: str, dim: int, counts: tuple[int, ...], repeats: int, horizon: float
) -> dict[str, Any]:
    """Speeds of one dynamics in one dimension."""
    parts, counts = setting(name, dim), tuple(n for n in counts if n * dim <= MOST_NUMBERS)
    there, here = (run(parts, CHECKED, backend, 1, horizon)[0] for backend in ("cuda", "cpu"))
    equal = there.digest == here.digest and there.positions_digest == here.positions_digest
    steps = float(here.steps.mean()) * dim
    few = int(max(CHECKED, PROCESSOR_STEPS / steps))
    device: dict[int, list[float]] = {paths: [] for paths in counts}
    processor: list[float] = []
    for repeat in range(repeats):
        for paths in counts:
            device[paths].append(run(parts, paths, "cuda", repeat, horizon)[1])
        processor.append(
            run(parts, min(few, max(counts, default=CHECKED)), "cpu", repeat, horizon)[1]
        )
    return {
        "dynamics": name,
        "dim": dim,
        "equal": equal,
        "cuda": {paths: statistics.median(speeds) for paths, speeds in device.items()},
        "cpu": statistics.median(processor),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, nargs="+", default=PATHS, metavar="N")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--horizon", type=float, default=2.0 * MEAN, help="time of a path at most")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    from levysde.engine.cuda import device

    missing = device.missing()
    if missing is not None:
        print(f"nothing was measured: {missing}", file=sys.stderr)
        return ENVIRONMENT
    counts, repeats = tuple(options.paths), options.repeats
    rows = []
    for dim in DIMENSIONS:
        for name in DYNAMICS:
            rows.append(compare(name, dim, counts, repeats, options.horizon))
            print(f"{name}, {dim}", end="\r", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"device": device.name(), "rows": rows}, indent=2))
        return 0
    print(f"{device.name()}; path-steps per second, medians of {repeats}\n")
    print(f"{'':12}{'equal':>7}{'cpu':>10}" + "".join(f"{paths:>10}" for paths in counts))
    for row in rows:
        found = row["cuda"]
        speeds = "".join(f"{found[n]:10.2g}" if n in found else f"{'-':>10}" for n in counts)
        label = f"{row['dynamics']}, {row['dim']}"
        print(f"{label:12}{'yes' if row['equal'] else 'NO':>7}{row['cpu']:10.2g}{speeds}")
    return 0 if all(row["equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
