"""The jump method against the small-noise law: nu eps^alpha E Gamma in 36 combinations.

Run ``python experiments/validation/small_noise.py``; ``--help`` lists the options.

The three named basins in dimensions 1, 2 and 10, noise with independent coordinates of index 0.8,
1.2, 1.5 and 1.8, SGD started at the minimum. The law says 1 as eps -> 0. An exponential law has a
relative standard error of 1/sqrt(paths), 0.15 % with the 450 000 paths of the default.

The column "first order" is 1 - C eps^alpha, which is known for the round basins: a jump along one
axis that stays inside displaces the path until it has relaxed, and there it is exposed to another
exit rate, along that axis (`levysde.theory.first_correction`) and along all others. It matters in
many dimensions at small alpha. In the asymmetric basin the mean that a kink gives to small noise
comes in too. At eps = 1e-4 all this is 0.1 % at most.

The exit status is 1 if a combination is off by more than 4 standard errors.
"""

import argparse
import csv
import math
import sys
import time
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path

from scipy.integrate import quad

import levysde as ls

BASINS = ("sharp", "flat", "asymmetric")
DIMS = (1, 2, 10)
ALPHAS = (0.8, 1.2, 1.5, 1.8)
CURVATURES = {"sharp": 16.0, "flat": 1.0}
EPSILON = 1e-4
PATHS = 450_000
SIGMAS = 4.0


@dataclass(frozen=True)
class Row:
    """One combination: the mean over the limit of the theory, as measured and as expected."""

    basin: str
    dim: int
    alpha: float
    ratio: float
    standard_error: float
    first_order: float | None
    seconds: float

    @property
    def deviation(self) -> float:
        """Distance from what is expected, in standard errors."""
        return (self.ratio - (self.first_order or 1.0)) / self.standard_error


def first_order(name: str, dim: int, alpha: float, epsilon: float) -> float | None:
    """1 - C eps^alpha, C = (C_1 + (d - 1) C') / (k a^alpha), for k x^2/2 in a ball of radius a.

    C' = 2 c/alpha int_0^1 (x^-alpha - 1) ((1 - x^2)^(-alpha/2) - 1) dx/x: the other axes, whose
    ends are sqrt(1 - x^2) away.
    """
    if name not in CURVATURES:
        return None
    # With x^2 = 1 - t^q the integrand has a finite limit at the boundary.
    power = 2.0 / (2.0 - alpha)

    def integrand(t: float) -> float:
        square = -math.expm1(power * math.log(t))
        reached = math.expm1(-0.5 * alpha * math.log(square))
        return reached * (t ** (-0.5 * alpha * power) - 1.0) * power * t ** (power - 1.0) / square

    cross = ls.theory.stable_constant(alpha) / alpha * quad(integrand, 0.0, 1.0)[0]
    own = ls.theory.first_correction(lambda x: x, 1.0, 1.0, alpha)
    assert own is not None  # it exists for this basin
    curvature = CURVATURES[name]
    size = curvature ** (1.0 - 0.5 * alpha)
    return 1.0 - (own + (dim - 1) * cross) * epsilon**alpha / size


def measure(
    name: str, dim: int, alpha: float, epsilon: float, paths: int, threads: int | None, seed: int
) -> Row:
    basin, noise = ls.basins.BASINS[name](dim), ls.noise.independent(alpha)
    model = (basin, ls.dynamics.sgd(), noise, epsilon)
    options = {"method": "jump", "horizon": 1e300, "threads": threads}
    ls.escape_times(*model, paths=8, **options)  # compiles
    began = time.perf_counter()
    result = ls.escape_times(*model, paths=paths, seed=seed, **options)
    seconds = time.perf_counter() - began
    ratio = result.mean * ls.theory.escape_rate(basin.domain, noise, basin.minimum, epsilon)
    error = ratio * float(result.times.std()) / result.mean / math.sqrt(paths)
    expected = first_order(name, dim, alpha, epsilon)
    return Row(name, dim, alpha, ratio, error, expected, seconds)


HEADER = (
    f"{'basin':<10} {'dim':>4} {'alpha':>6} {'ratio':>8} {'error':>7} {'first order':>12} "
    f"{'deviation':>10} {'seconds':>8}"
)


def line(row: Row) -> str:
    expected = "-" if row.first_order is None else f"{row.first_order:.5f}"
    return (
        f"{row.basin:<10} {row.dim:4d} {row.alpha:6.1f} {row.ratio:8.4f} {row.standard_error:7.4f} "
        f"{expected:>12} {row.deviation:10.1f} {row.seconds:8.2f}"
    )


def summary(rows: list[Row]) -> str:
    ratio = max(rows, key=lambda row: abs(row.ratio - 1.0)).ratio
    deviation = max((row.deviation for row in rows), key=abs)
    square = sum(row.deviation**2 for row in rows)
    return (
        f"(ratio: nu eps^alpha E Gamma; farthest from 1: {ratio:.4f}; largest deviation: "
        f"{deviation:.1f} standard errors; sum of squares {square:.1f} of {len(rows)} expected; "
        f"{sum(row.seconds for row in rows):.0f} s)"
    )


def write_table(rows: list[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def _dimensions(text: str) -> list[int]:
    dims = [int(word) for word in text.split(",")]
    if not all(1 <= dim <= 1000 for dim in dims):
        raise argparse.ArgumentTypeError("give whole numbers from 1 to 1000, as in 1,2,10")
    return dims


def draw(rows: list[Row], path: Path) -> None:
    """Ratios with 95 % intervals against alpha, a panel for each basin."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    basins = list(dict.fromkeys(row.basin for row in rows))
    axes = figure.subplots(1, len(basins), sharey=True, squeeze=False)[0]
    for ax, basin in zip(axes, basins, strict=True):
        chosen = [row for row in rows if row.basin == basin]
        table = {
            "dim": [row.dim for row in chosen],
            "alpha": [row.alpha for row in chosen],
            "ratio": [row.ratio for row in chosen],
            "ratio_lower": [row.ratio - 1.96 * row.standard_error for row in chosen],
            "ratio_upper": [row.ratio + 1.96 * row.standard_error for row in chosen],
        }
        ls.plots.ratio(table, "alpha", by=["dim"], ax=ax)
        ax.axhspan(0.995, 1.005, color="0.92", zorder=0)
        ax.set_title(basin)
    for ax in axes[1:]:
        ax.set_ylabel("")
    ls.plots.shared_legend(figure)
    ls.plots.save(figure, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--paths", type=int, default=PATHS, metavar="N", help="(%(default)s)")
    parser.add_argument("--dims", type=_dimensions, default=list(DIMS), metavar="1,2,...")
    parser.add_argument("--epsilon", type=float, default=EPSILON, metavar="E", help="(%(default)s)")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write small_noise.csv and small_noise.png"
    )
    options = parser.parse_args()
    if options.paths < 2:
        parser.error(f"--paths is {options.paths}; give 2 or more")
    print(HEADER)
    rows = []
    settings = (options.epsilon, options.paths, options.threads)
    for seed, combination in enumerate(product(BASINS, options.dims, ALPHAS)):
        try:
            row = measure(*combination, *settings, seed)
        except ValueError as error:
            parser.error(str(error))
        rows.append(row)
        print(line(row), flush=True)
    print(summary(rows))
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        write_table(rows, options.output / "small_noise.csv")
        draw(rows, options.output / "small_noise.png")
    return int(any(abs(row.deviation) > SIGMAS for row in rows))


if __name__ == "__main__":
    sys.exit(main())
