"""Nanoseconds per component of one increment, for every noise law.

The pass that fills a block with increments is timed alone, laws taking turns within a repeat, and
the medians are set in relation to independent noise.

    python experiments/benchmarks/noise.py [--dims 2,10,100] [--alpha 1.5] [--repeats 9]
"""

import argparse
import time

import numpy as np

import levysde as ls
from levysde.engine.cpu.block import block_lanes
from levysde.engine.cpu.noise_passes import noise_pass
from levysde.engine.cpu.passes import is_wide

COMPONENTS = 1_000_000
"""Components drawn for one timing."""


def laws_of(dim: int, alpha: float) -> dict[str, ls.Noise]:
    """The laws to compare, the matrices full."""
    matrix = np.eye(dim) + 0.1 * np.random.default_rng(0).standard_normal((dim, dim))
    return {
        "independent": ls.noise.independent(alpha),
        "isotropic": ls.noise.isotropic(alpha),
        "elliptic": ls.noise.elliptic(alpha, matrix),
        "elliptic, diagonal": ls.noise.elliptic(alpha, np.diag(np.diag(matrix))),
        "mixed": ls.noise.mixed(alpha, matrix),
        "skewed": ls.noise.independent(alpha, 1.0, 0.5),
        "independent, alpha = 0.3": ls.noise.independent(0.3),
    }


def timing(law: ls.Noise, dim: int) -> float:
    """Seconds per component of one run of the pass over many blocks."""
    lanes, part = block_lanes(dim), law.part(dim, 0.1, 0.01)
    draw = noise_pass(part, dim)
    block = np.zeros((lanes, dim) if is_wide(dim) else (dim, lanes))
    path, step = np.arange(lanes, dtype=np.uint64), np.zeros(lanes, np.uint64)
    repeats = max(1, COMPONENTS // (lanes * dim))
    draw(block, np.uint64(1), path, step, part.p, lanes)
    began = time.perf_counter()
    for _ in range(repeats):
        draw(block, np.uint64(1), path, step, part.p, lanes)
    return (time.perf_counter() - began) / (repeats * lanes * dim)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--dims", default="2,10,100")
    parser.add_argument("--alpha", type=float, default=1.5)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    print(f"alpha = {options.alpha:g}, ns per component: median of {options.repeats} (ratio)")
    for dim in map(int, options.dims.split(",")):
        laws = laws_of(dim, options.alpha)
        seconds: dict[str, list[float]] = {name: [] for name in laws}
        for _ in range(options.repeats):
            for name, law in laws.items():
                seconds[name].append(timing(law, dim))
        medians = {name: 1e9 * float(np.median(values)) for name, values in seconds.items()}
        for name, median in medians.items():
            print(
                f"dim {dim:4d}  {name:26s} {median:6.2f}  ({median / medians['independent']:.2f})"
            )


if __name__ == "__main__":
    main()
