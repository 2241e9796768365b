"""Path-steps per second on a graphics processor against the number of paths, beside the processor.

Run ``python experiments/benchmarks/gpu.py`` on a machine with an NVIDIA GPU and the extra
``cuda13``; ``--quick`` takes a minute, ``--help`` lists the options. Without a GPU it says what is
missing and ends with exit code 4.

The model is dX = -X dt + eps dL in the box (-1, 1)^dim, dt = 0.01, with independent symmetric
alpha-stable coordinates (alpha = 1.5) and the amplitude of a predicted mean exit time of 5; Adam is
the algorithm with the same gradient noise. In every repeat the device and all threads of the
processor run one after the other, the processor with fewer paths where it would take long, for its
time per step does not depend on them. Reported are medians of path-steps per second of whole runs:
with copies of the results, without compilation. Before anything is timed the digests and the
positions of both must be equal.
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
QUICK_PATHS = (4**6, 4**9)
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


def run(parts: tuple[Any, ...], paths: int, backend: str, seed: int) -> tuple[Any, float]:
    """A run and the path-steps per second of it."""
    began = time.perf_counter()
    result = ls.escape_times(
        *parts, paths=paths, dt=DT, horizon=40.0 * MEAN, method="euler", backend=backend, seed=seed
    )
    return result, float(result.steps.sum()) / (time.perf_counter() - began)


def compare(name: str, dim: int, counts: tuple[int, ...], repeats: int) -> dict[str, Any]:
    """Speeds of one dynamics in one dimension."""
    parts = setting(name, dim)
    there, here = (run(parts, CHECKED, backend, 1)[0] for backend in ("cuda", "cpu"))
    equal = there.digest == here.digest and there.positions_digest == here.positions_digest
    steps = float(here.steps.mean()) * dim
    few = int(max(CHECKED, PROCESSOR_STEPS / steps))
    device: dict[int, list[float]] = {paths: [] for paths in counts}
    processor: list[float] = []
    for repeat in range(repeats):
        for paths in counts:
            device[paths].append(run(parts, paths, "cuda", repeat)[1])
        processor.append(run(parts, min(few, counts[-1]), "cpu", repeat)[1])
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
    parser.add_argument("--quick", action="store_true", help="two numbers of paths, one repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    from levysde.engine.cuda import device

    missing = device.missing()
    if missing is not None:
        print(f"nothing was measured: {missing}", file=sys.stderr)
        return ENVIRONMENT
    counts, repeats = (QUICK_PATHS, 1) if options.quick else (PATHS, options.repeats)
    rows = []
    for dim in DIMENSIONS:
        for name in DYNAMICS:
            rows.append(compare(name, dim, counts, repeats))
            print(f"{name}, {dim}", end="\r", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"device": device.name(), "rows": rows}, indent=2))
        return 0
    print(f"{device.name()}; path-steps per second, medians of {repeats}\n")
    print(f"{'':12}{'equal':>7}{'cpu':>10}" + "".join(f"{paths:>10}" for paths in counts))
    for row in rows:
        speeds = "".join(f"{row['cuda'][paths]:10.2g}" for paths in counts)
        label = f"{row['dynamics']}, {row['dim']}"
        print(f"{label:12}{'yes' if row['equal'] else 'NO':>7}{row['cpu']:10.2g}{speeds}")
    return 0 if all(row["equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
