"""Time of one Euler step: levysde against blocks of numpy and against a scalar numba loop.

Run ``python experiments/benchmarks/euler.py``; ``--help`` lists the options.

The model is dX = -X dt + eps dL in the box (-1, 1)^dim, dt = 0.01, with independent symmetric
alpha-stable coordinates, E exp(i u L_1) = exp(-|u|^alpha). Paths start at 0 and run until they are
outside. The amplitude eps is that of a predicted mean exit time of 5, so that paths of every
dimension have some hundred steps.

Contenders, each a full simulation (noise, drift, update, exit check, new paths for ended ones):

* ``levysde`` with one thread and with two;
* ``numpy``: blocks of paths in preallocated arrays, the formula of Chambers, Mallows and Stuck as
  it is printed;
* ``numpy tuned``: the same with the sine and the cosines made from two tangents of half angles, and
  the power from a logarithm and an exponential, which numpy computes with vector instructions on
  some processors on which its double-precision sine and cosine are scalar;
* ``numba``: one path after another, functions of the mathematical library.

The block size of either numpy version is the fastest of four, found before the measurement.

Two more measurements tell what a second thread can be worth on this machine, whose processors may
be two hardware threads of one core: two processes that each run levysde with one thread on half of
the paths, and two threads that each run the numba loop on half of the paths.

All contenders run one after the other in every repeat, beginning with another one each time, so
that a change of the machine's speed hits all alike. Nanoseconds are wall-clock time divided by
(steps of all paths x dim), also for two threads. All run the same number of paths, but the numba
loop a quarter of them, for its time per step does not depend on it; a block of numpy does slow
down at the end, when there are no new paths to fill it. Nothing is reported unless all mean exit
times agree within 5 standard errors of their differences.
"""

import argparse
import functools
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numba
import numpy as np
import numpy.typing as npt

import levysde as ls

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

DT = 0.01
CURVATURE = 1.0
HALF_WIDTH = 1.0
MEAN_TIME = 5.0
"""Predicted mean exit time that fixes epsilon."""

STANDARD_ERRORS = 5.0
WORK = 192_000_000
"""Path-step-components of one run."""

QUICK_WORK = 4_000_000

MIN_PATHS = 256
NUMPY_ELEMENTS = (4096, 8192, 16384, 32768)
"""Numbers in a block (paths x dim) among which the fastest is taken."""

LEVYSDE, LEVYSDE_2, LEVYSDE_PAIR = "levysde", "levysde, 2 threads", "levysde, 2 processes"
NUMPY, NUMPY_TUNED = "numpy", "numpy tuned"
NUMBA, NUMBA_PAIR = "numba", "numba, 2 loops"

SHARES = {NUMPY: 4, NUMPY_TUNED: 4, NUMBA: 16, NUMBA_PAIR: 8}
"""Paths of levysde for one path of a slower contender, whose time a path does not depend on them.

A run of levysde must last long enough for a sleeping processor to wake up.
"""


@dataclass(frozen=True)
class Model:
    """The quadratic well in a box, driven by independent stable noise.

    Attributes
    ----------
    dim : int
        Dimension.
    alpha : float
        Stability index, dimensionless.
    """

    dim: int
    alpha: float

    @property
    def epsilon(self) -> float:
        """Amplitude for which the predicted mean exit time is `MEAN_TIME`."""
        # Jumps of L_1 beyond the box have the rate 2 dim c_alpha / alpha at half width 1.
        sine = math.sin(0.5 * math.pi * self.alpha)
        rate = 2.0 * self.dim * math.gamma(1.0 + self.alpha) * sine / (math.pi * self.alpha)
        return HALF_WIDTH * math.pow(MEAN_TIME * rate, -1.0 / self.alpha)

    @property
    def scale(self) -> float:
        """Scale of the increment of one coordinate over one step."""
        return self.epsilon * math.pow(DT, 1.0 / self.alpha)


class Sample(NamedTuple):
    """Moments of exit times counted in steps."""

    paths: int
    total: float
    squares: float

    @classmethod
    def of(cls, steps: IntArray) -> "Sample":
        """Moments of an array of exit times in steps."""
        numbers = steps.astype(np.float64)
        return cls(len(steps), float(numbers.sum()), float(numbers @ numbers))

    def plus(self, other: "Sample") -> "Sample":
        """Both samples together."""
        return Sample(
            self.paths + other.paths, self.total + other.total, self.squares + other.squares
        )

    @property
    def mean(self) -> float:
        """Mean number of steps."""
        return self.total / self.paths

    @property
    def variance_of_mean(self) -> float:
        """Square of the standard error of the mean."""
        return max(self.squares / self.paths - self.mean**2, 0.0) / max(self.paths - 1, 1)


Contender: TypeAlias = Callable[[int, int], Sample]
"""`contender(paths, seed)` runs a simulation."""


# ------------------------------------------------------------------------------------------ levysde


@functools.lru_cache(maxsize=16)
def _levysde_parts(model: Model) -> tuple[ls.Basin, ls.Dynamics, ls.Noise]:
    dim, ends = model.dim, np.full(model.dim, HALF_WIDTH)
    domain = ls.domains.interval(-ends[0], ends[0]) if dim == 1 else ls.domains.box(-ends, ends)
    basin = ls.Basin(ls.potentials.quadratic(dim, curvature=CURVATURE), domain, np.zeros(dim))
    return basin, ls.dynamics.sgd(), ls.noise.independent(model.alpha)


def run_levysde(model: Model, threads: int, paths: int, seed: int) -> Sample:
    """Simulate with `levysde.escape_times`."""
    result = ls.escape_times(
        *_levysde_parts(model), model.epsilon, paths=paths, dt=DT, horizon=1000.0 * MEAN_TIME,
        seed=seed, threads=threads,
    )  # fmt: skip
    if result.escaped != paths:
        raise SystemExit(f"error: {paths - result.escaped} of {paths} paths did not escape")
    return Sample.of(result.steps)


# -------------------------------------------------------------------------------------------- numpy


class _Draw:
    """Fills arrays with scaled stable variates by the printed formula.

    X = sin(alpha V) / cos(V) * [cos((1 - alpha) V) / (W cos(V))]^((1 - alpha) / alpha)
    """

    def __init__(self, model: Model, seed: int, size: int) -> None:
        self.random = np.random.Generator(np.random.SFC64(seed))
        self.alpha, self.scale = model.alpha, model.scale
        self.power = (1.0 - model.alpha) / model.alpha
        self.buffers = tuple(np.empty(size) for _ in range(4))

    def resize(self, size: int) -> None:
        """Draw `size` numbers from now on, not more than before."""
        self.buffers = tuple(buffer[:size] for buffer in self.buffers)

    def __call__(self) -> FloatArray:
        v, w, cosine, out = self.buffers
        self.random.random(out=v)
        v -= 0.5
        v *= math.pi
        self.random.standard_exponential(out=w)
        np.cos(v, out=cosine)
        np.multiply(v, self.alpha, out=out)
        np.sin(out, out=out)
        out /= cosine
        out *= self.scale
        w *= cosine
        v *= 1.0 - self.alpha
        np.cos(v, out=v)
        v /= w
        np.power(v, self.power, out=v)
        out *= v
        return out


class _TunedDraw(_Draw):
    """The same law from two tangents of half angles, a = tan(alpha V/2), b = tan((1 - alpha) V/2).

    With D = (1 - a^2)(1 - b^2) - 4ab, the angle sum for cos(V) gives
    X = 2a (1 + b^2)/D * [(1 - b^2)(1 + a^2)/(W D)]^((1 - alpha)/alpha).
    """

    def __init__(self, model: Model, seed: int, size: int) -> None:
        super().__init__(model, seed, size)
        self.buffers = tuple(np.empty(size) for _ in range(6))

    def __call__(self) -> FloatArray:
        a, b, a2, b2, w, out = self.buffers
        self.random.random(out=b)
        b -= 0.5
        np.multiply(b, 0.5 * math.pi * self.alpha, out=a)
        b *= 0.5 * math.pi * (1.0 - self.alpha)
        np.tan(a, out=a)
        np.tan(b, out=b)
        self.random.random(out=w)
        np.subtract(1.0, w, out=w)  # in (0, 1]
        np.log(w, out=w)  # -W
        np.multiply(a, a, out=a2)
        np.multiply(b, b, out=b2)
        b *= a
        b *= 4.0
        np.subtract(1.0, a2, out=out)
        a2 += 1.0
        np.divide(a2, w, out=w)
        np.subtract(1.0, b2, out=a2)
        b2 += 1.0
        a *= b2
        a *= -2.0 * self.scale
        out *= a2
        np.subtract(b, out, out=out)  # -D
        w *= a2
        w /= out
        a /= out
        np.log(w, out=w)
        w *= self.power
        np.exp(w, out=w)
        a *= w
        return a


def run_numpy(draw: type[_Draw], elements: int, model: Model, paths: int, seed: int) -> Sample:
    """Simulate with blocks of numpy arrays.

    The place of an ended path is given to the next path. When none is left, the block shrinks.
    """
    dim, decay = model.dim, 1.0 - CURVATURE * DT
    active = min(paths, max(1, elements // dim))
    increments = draw(model, seed, active * dim)
    x, size, outside = np.zeros(active * dim), np.empty(active * dim), np.empty(active * dim, bool)
    began, steps = np.zeros(active, np.int64), np.empty(paths, np.int64)
    waiting, ended, now = paths - active, 0, 0
    while active:
        now += 1
        x *= decay
        x += increments()
        np.abs(x, out=size)
        np.greater_equal(size, HALF_WIDTH, out=outside)
        rows = np.flatnonzero(outside)
        if not rows.size:
            continue
        if dim > 1:
            rows //= dim
            if rows.size > 1:
                rows = rows[np.concatenate(([True], rows[1:] != rows[:-1]))]
        steps[ended : ended + rows.size] = now - began[rows]
        ended += rows.size
        new = min(waiting, rows.size)
        waiting -= new
        began[rows] = now
        x.reshape(active, dim)[rows] = 0.0
        if new < rows.size:
            keep = np.ones(active, bool)
            keep[rows[new:]] = False
            x, began = x.reshape(active, dim)[keep].ravel(), began[keep]
            active = began.size
            size, outside = size[: x.size], outside[: x.size]
            increments.resize(x.size)
    return Sample.of(steps)


# -------------------------------------------------------------------------------------------- numba


@numba.njit(nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _scalar_loop(
    dim: int, alpha: float, scale: float, dt: float, seed: np.uint64, steps: IntArray
) -> None:
    """Run one path after another, with the generator SplitMix64."""
    power, state = (1.0 - alpha) / alpha, seed
    x = np.empty(dim)
    for path in range(steps.shape[0]):
        x[:] = 0.0
        n, outside = 0, False
        while not outside:
            n += 1
            for j in range(dim):
                state += np.uint64(0x9E3779B97F4A7C15)
                z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                u = (np.float64((z ^ (z >> np.uint64(31))) >> np.uint64(12)) + 0.5) * 2.0**-52
                state += np.uint64(0x9E3779B97F4A7C15)
                z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                w = (np.float64((z ^ (z >> np.uint64(31))) >> np.uint64(12)) + 0.5) * 2.0**-52
                v = math.pi * (u - 0.5)
                cosine = math.cos(v)
                stretch = math.cos((1.0 - alpha) * v) / (-math.log(w) * cosine)
                jump = math.sin(alpha * v) / cosine * math.exp(power * math.log(stretch))
                x[j] += scale * jump - CURVATURE * x[j] * dt
                outside |= abs(x[j]) >= HALF_WIDTH
        steps[path] = n


def run_numba(model: Model, paths: int, seed: int) -> Sample:
    """Simulate with the scalar loop."""
    steps = np.empty(paths, np.int64)
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    _scalar_loop(model.dim, model.alpha, model.scale, DT, start, steps)
    return Sample.of(steps)


# ---------------------------------------------------------------------------------------- measuring


@dataclass
class Timing:
    """What one contender did in all repeats at one dimension."""

    paths: int
    seconds: list[float]
    steps: list[float]
    ns: list[float]
    sample: Sample


def _halves(pool: Executor, run: Callable[..., Sample], first: tuple[Any, ...]) -> Contender:
    """A contender that gives either worker of a pool one half of the paths."""

    def both(paths: int, seed: int) -> Sample:
        shares = (paths // 2, paths - paths // 2)
        futures = [
            pool.submit(run, *first, share, seed + 500_000 * half)
            for half, share in enumerate(shares)
        ]
        return futures[0].result().plus(futures[1].result())

    return both


def _contenders(
    model: Model, elements: dict[str, int], threads: Executor, processes: Executor
) -> dict[str, Contender]:
    return {
        LEVYSDE: functools.partial(run_levysde, model, 1),
        LEVYSDE_2: functools.partial(run_levysde, model, 2),
        LEVYSDE_PAIR: _halves(processes, run_levysde, (model, 1)),
        NUMPY: functools.partial(run_numpy, _Draw, elements[NUMPY], model),
        NUMPY_TUNED: functools.partial(run_numpy, _TunedDraw, elements[NUMPY_TUNED], model),
        NUMBA: functools.partial(run_numba, model),
        NUMBA_PAIR: _halves(threads, run_numba, (model,)),
    }


def _timed(contender: Contender, paths: int, seed: int) -> tuple[float, Sample]:
    began = time.perf_counter()
    sample = contender(paths, seed)
    return time.perf_counter() - began, sample


def tune_numpy(draw: type[_Draw], model: Model, paths: int) -> dict[int, float]:
    """Time of every block size, in ns per path-step-component."""
    times = {}
    for elements in NUMPY_ELEMENTS:
        contender = functools.partial(run_numpy, draw, elements, model)
        seconds, sample = _timed(contender, paths, 900_000)
        times[elements] = 1e9 * seconds / (sample.total * model.dim)
    return times


def disagreement(samples: dict[str, Sample]) -> str | None:
    """The first two contenders whose mean exit times differ significantly, in words, or None."""
    names = list(samples)
    for i, first in enumerate(names):
        for second in names[:i]:
            a, b = samples[first], samples[second]
            error = math.sqrt(a.variance_of_mean + b.variance_of_mean)
            if not abs(a.mean - b.mean) <= STANDARD_ERRORS * error:
                return (
                    f"mean exit times differ: {second} {b.mean:.2f} steps, {first} {a.mean:.2f} "
                    f"steps, {abs(a.mean - b.mean) / error:.1f} standard errors"
                )
    return None


def _require_agreement(samples: dict[str, Sample], dim: int) -> None:
    problem = disagreement(samples)
    if problem is not None:
        raise SystemExit(f"error: dim {dim}: {problem}")


def measure(
    model: Model, work: int, repeats: int, threads: Executor, processes: Executor
) -> dict[str, Any]:
    """All timings at one dimension, as JSON values."""
    paths = max(MIN_PATHS, round(work * DT / (MEAN_TIME * model.dim)))
    tuning = {
        name: tune_numpy(draw, model, max(MIN_PATHS, paths // 2))
        for name, draw in ((NUMPY, _Draw), (NUMPY_TUNED, _TunedDraw))
    }
    elements = {name: min(times, key=times.__getitem__) for name, times in tuning.items()}
    contenders = _contenders(model, elements, threads, processes)
    timings: dict[str, Timing] = {}
    for number, (name, contender) in enumerate(contenders.items()):
        count = max(MIN_PATHS, paths // SHARES.get(name, 1))
        # The warm-up compiles, and its sample is the first comparison. No two runs share a seed.
        sample = contender(count, 1000 * number)
        timings[name] = Timing(count, [], [], [], sample)
    _require_agreement({name: timing.sample for name, timing in timings.items()}, model.dim)
    names = list(contenders)
    for repeat in range(repeats):
        shift = repeat % len(names)
        for name in names[shift:] + names[:shift]:
            timing = timings[name]
            seed = 1000 * names.index(name) + repeat + 1
            seconds, sample = _timed(contenders[name], timing.paths, seed)
            timing.seconds.append(seconds)
            timing.steps.append(sample.total)
            timing.ns.append(1e9 * seconds / (sample.total * model.dim))
            timing.sample = timing.sample.plus(sample)
        print(f"dim {model.dim}: repeat {repeat + 1} of {repeats}", file=sys.stderr, flush=True)
    _require_agreement({name: timing.sample for name, timing in timings.items()}, model.dim)
    return {
        "dim": model.dim,
        "epsilon": model.epsilon,
        "numpy_tuning_ns": tuning,
        "numpy_elements": elements,
        "contenders": {name: _summary(timing) for name, timing in timings.items()},
        "ratios": _ratios({name: timing.ns for name, timing in timings.items()}),
    }


def _summary(timing: Timing) -> dict[str, Any]:
    quartiles = np.percentile(timing.ns, [25, 50, 75]).tolist()
    sample = timing.sample
    return {
        **asdict(timing),
        "sample": sample._asdict(),
        "mean_steps": sample.mean,
        "mean_steps_standard_error": math.sqrt(sample.variance_of_mean),
        "ns_median": quartiles[1],
        "ns_quartiles": [quartiles[0], quartiles[2]],
    }


def _ratios(ns: dict[str, list[float]]) -> dict[str, float]:
    """Medians of the ratios within each repeat."""
    pairs = {
        "numpy / levysde": (NUMPY, LEVYSDE),
        "numpy tuned / levysde": (NUMPY_TUNED, LEVYSDE),
        "numba / levysde": (NUMBA, LEVYSDE),
        "2 threads": (LEVYSDE, LEVYSDE_2),
        "2 processes": (LEVYSDE, LEVYSDE_PAIR),
        "2 numba loops": (NUMBA, NUMBA_PAIR),
    }
    return {
        name: float(np.median(np.divide(ns[above], ns[below])))
        for name, (above, below) in pairs.items()
    }


# ------------------------------------------------------------------------------------------- report


def processor_name() -> str:
    """The name of the processor as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _machine() -> dict[str, Any]:
    return {
        "cpu": processor_name(),
        "cpu_count": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": platform.platform(),
    }


def _versions() -> dict[str, Any]:
    return {
        "levysde": ls.__version__,
        "numba": numba.__version__,
        "numba_uses_svml": bool(numba.config.USING_SVML),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def aligned(rows: list[list[str]]) -> str:
    """Rows of words as lines with columns flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in rows
    )


def tables(results: list[dict[str, Any]], repeats: int) -> str:
    """The report as text."""
    times = [["dim", "mean steps", LEVYSDE, LEVYSDE_2, NUMPY, NUMPY_TUNED, NUMBA]]
    ratios = [["dim", *results[0]["ratios"], "numpy blocks"]]
    for result in results:
        row = [str(result["dim"]), f"{result['contenders'][LEVYSDE]['mean_steps']:.0f}"]
        for name in times[0][2:]:
            summary = result["contenders"][name]
            low, high = summary["ns_quartiles"]
            row.append(f"{summary['ns_median']:.2f} ({low:.2f}-{high:.2f})")
        times.append(row)
        blocks = "/".join(str(result["numpy_elements"][name]) for name in (NUMPY, NUMPY_TUNED))
        ratios.append([row[0], *(f"{ratio:.2f}" for ratio in result["ratios"].values()), blocks])
    return (
        f"ns per path-step-component: median of {repeats} (quartiles)\n{aligned(times)}\n\n"
        "Ratios, medians over repeats. 2 threads: levysde with one thread to levysde with two.\n"
        "2 processes, 2 numba loops: the same for independent workers, what this machine allows.\n"
        "numpy blocks: numbers in the fastest block, numpy/numpy tuned.\n"
        f"{aligned(ratios)}"
    )


def _dimensions(text: str) -> list[int]:
    dims = [int(word) for word in text.split(",")]
    if not all(1 <= dim <= 10_000 for dim in dims):
        raise argparse.ArgumentTypeError("give whole numbers from 1 to 10000, as in 1,2,10")
    return dims


def _alpha(text: str) -> float:
    alpha = float(text)
    if not 0.5 <= alpha <= 1.9:
        raise argparse.ArgumentTypeError("give a number from 0.5 to 1.9")
    return alpha


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a positive whole number")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process unless given.

    Returns
    -------
    int
        0. Disagreement of the contenders ends the process with 1.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dims", type=_dimensions, default=[1, 2, 10, 100], metavar="1,2,...")
    parser.add_argument("--alpha", type=_alpha, default=1.5)
    parser.add_argument("--repeats", type=_positive, help="7, or 2 with --quick, unless given")
    parser.add_argument("--quick", action="store_true", help="little work, rough numbers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all raw timings")
    options = parser.parse_args(arguments)
    repeats = options.repeats or (2 if options.quick else 7)
    work = QUICK_WORK if options.quick else WORK
    if options.json is not None and not options.json.absolute().parent.is_dir():
        parser.error(f"there is no folder {options.json.absolute().parent}")
    machine, versions = _machine(), _versions()
    began = time.perf_counter()
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes,
    ):
        results = [
            measure(Model(dim, options.alpha), work, repeats, threads, processes)
            for dim in options.dims
        ]
    load = "unknown" if machine["load_average"] is None else f"{machine['load_average']:.2f}"
    print(f"{machine['cpu']}, {machine['cpu_count']} processors, load {load} before the start")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"alpha = {options.alpha:g}, dt = {DT:g}\n\n{tables(results, repeats)}")
    if options.json is not None:
        report = {
            "settings": {
                "alpha": options.alpha, "dt": DT, "curvature": CURVATURE,
                "half_width": HALF_WIDTH, "mean_time": MEAN_TIME, "repeats": repeats,
                "quick": options.quick, "work": work,
            },
            "machine": machine,
            "versions": versions,
            "seconds": time.perf_counter() - began,
            "results": results,
        }  # fmt: skip
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
