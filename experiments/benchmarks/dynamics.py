"""Nanoseconds per path, step and component, for every optimizer.

Whole simulations in a flat basin with noise too small for exits, one thread; optimizers take turns
within a repeat, and the medians are set in relation to SGD.

    python experiments/benchmarks/dynamics.py [--dims 1,10,100] [--components 4e6] [--repeats 7]
"""

import argparse
import warnings

import numpy as np

import levysde as ls

OPTIMIZERS = {
    "sgd": ls.dynamics.sgd(),
    "sgd, clipped": ls.dynamics.sgd(clip=0.5),
    "momentum": ls.dynamics.momentum(),
    "rmsprop": ls.dynamics.rmsprop(),
    "adam": ls.dynamics.adam(),
    "adam_l2": ls.dynamics.adam_l2(),
    "adamw": ls.dynamics.adamw(),
    "adamprox": ls.dynamics.adamprox(),
    "adam, sde, frozen": ls.dynamics.adam(form="sde", frozen=1.0),
    "adam, sde, noisy": ls.dynamics.adam(form="sde", gradient_noise=1.0),
}


def timing(dynamics: ls.Dynamics, dim: int, components: float) -> float:
    """Seconds per path, step and component."""
    paths = max(64, 2000 // dim)
    steps = max(1, int(components) // (paths * dim))
    result = ls.escape_times(
        ls.basins.flat(dim), dynamics, ls.noise.independent(1.5), 1e-6, paths=paths, dt=0.001,
        horizon=steps * 0.001, threads=1,
    )  # fmt: skip
    return result.seconds / (result.total_steps * dim)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--dims", default="1,10,100")
    parser.add_argument("--components", type=float, default=4e6)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # no path escapes, and it is said
    dims = [int(dim) for dim in options.dims.split(",")]
    print(f"ns per path-step-component (ratio to sgd), medians of {options.repeats}")
    print(f"{'':18s}" + "".join(f"{f'd = {dim}':>16s}" for dim in dims))
    medians: dict[str, list[float]] = {name: [] for name in OPTIMIZERS}
    for dim in dims:
        seconds: dict[str, list[float]] = {name: [] for name in OPTIMIZERS}
        for _ in range(options.repeats):
            for name, dynamics in OPTIMIZERS.items():
                seconds[name].append(timing(dynamics, dim, options.components))
        for name, values in seconds.items():
            medians[name].append(1e9 * float(np.median(values)))
    for name, row in medians.items():
        cells = [f"{x:.2f} ({x / y:.2f})" for x, y in zip(row, medians["sgd"], strict=True)]
        print(f"{name:18s}" + "".join(f"{cell:>16s}" for cell in cells))


if __name__ == "__main__":
    main()
