"""Every public function with good and with bad arguments, some three thousand calls.

A good call returns numbers that exist. A bad one is refused with one sentence, by a `raise` that
somebody wrote: an error that happens to come up inside a formula does not count. A public function
that is not in the table fails a test.
"""

import datetime
import functools
import inspect
import io
import linecache
import math
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde import basins, domains, dynamics, noise, potentials, schedules
from levysde.cli import main
from levysde.cli.arrays import read_matrix
from levysde.cli.parser import UsageError
from levysde.methods import boundary_shift
from levysde.report import figures
from levysde.statistics import exit_times

pytestmark = pytest.mark.quick

PACKAGE = os.path.dirname(ls.__file__)
VALID_CALLS = 32
SENTENCE_WORDS = 4

Random = np.random.Generator
Arguments = dict[str, Any]

# --------------------------------------------------------------------------------- bad arguments

NOT_NUMBERS: tuple[Any, ...] = (
    None, "x", "1.0", b"1", object(), 1j, [], [1.0], {}, (1.0, 2.0), np.array([1.0, 2.0]),
    math.nan, math.inf, -math.inf, np.float64("nan"), 10**400, -(10**400), True, Decimal("NaN"),
    np.datetime64("NaT", "D"), datetime.date(2020, 1, 1), np.float64, len,
)  # fmt: skip
NOT_ARRAYS: tuple[Any, ...] = (
    None, "x", b"1", object(), {}, set(), 1j, [1j], np.array([1j]), ["a"], [None], [object()],
    math.nan, [math.nan], [math.inf], [10**400], [[1.0, 2.0], [3.0]], np.array(["a"]),
    np.array([1, 2], dtype="M8[s]"), [datetime.date(2020, 1, 1)], [[[1.0]]], len,
)  # fmt: skip
NOT_OBJECTS: tuple[Any, ...] = (None, 3, 1.5, "flat", b"flat", object(), [], {}, (), len, ls.Basin)
NOT_NAMES: tuple[Any, ...] = (3, "none of these", "", b"euler", [], {}, object(), math.nan, 1j)
NOT_PATHS: tuple[Any, ...] = (3, 1.5, [], {}, object(), True, 1j)
NOT_FLAGS: tuple[Any, ...] = (None, 2, 1.0, "yes", [], object())

BAD: dict[str, tuple[Any, ...]] = {
    "finite": NOT_NUMBERS,
    "optional finite": NOT_NUMBERS[1:],
    "not negative": (*NOT_NUMBERS, -1.0),
    "positive": (*NOT_NUMBERS, 0.0, -1.0, 0),
    "optional positive": (*NOT_NUMBERS[1:], 0.0, -1.0, 0),
    "optional not negative": (*NOT_NUMBERS[1:], -1.0),
    "level": (*NOT_NUMBERS, 0.0, 1.0, -0.5, 95),
    "factor": (*NOT_NUMBERS, 1.0, -0.1, 2),
    "optional factor": (*NOT_NUMBERS[1:], 1.0, -0.1, 2),
    "alpha": (*NOT_NUMBERS, 0.0, 0.05, 2.1, -1.5),
    "end": (None, "x", object(), 1j, {}, math.nan, 10**400, [[1.0], [1.0, 2.0]], len, b"1"),
    "count": (*NOT_NUMBERS, 0, -1, 1.5, 2.0, np.float64(1.0)),
    "optional count": (*NOT_NUMBERS[1:], 0, -1, 1.5, 2.0, np.float64(1.0)),
    "not negative count": (*NOT_NUMBERS, -1, 1.5),
    "seed": (*NOT_NUMBERS, -1, 2**64, 0.5),
    "step": (*(bad for bad in NOT_NUMBERS), 0.0, -1.0, "Auto"),
    "array": NOT_ARRAYS,
    "positive array": (*NOT_ARRAYS, [0.0, 1.0], [-1.0, 1.0]),
    "optional positive array": (*NOT_ARRAYS[1:], [0.0, 1.0], [-1.0, 1.0]),
    "flags": (None, "x", object(), 3, [0, 1, 1], [1.0] * 8, [[True]], [True], {}),
    "name": (*NOT_NAMES, None),
    "optional name": NOT_NAMES,
    "path": (*NOT_PATHS, None, "no/such/folder/\0"),
    "optional path": NOT_PATHS,
    "flag": NOT_FLAGS,
    "progress": (2, 1.0, "yes", [], object()),
    "object": NOT_OBJECTS,
    "optional object": NOT_OBJECTS[1:],
    "function": (*NOT_OBJECTS, "x < 1"),
    "optional function": NOT_OBJECTS[1:],
    "params": (None, 3, "x", object(), [1.0], {"a": "x"}, {"a": None}, {"a": 1j}, {"a": math.nan},
               {"a": 10**400}, {"a": object()}, {3: 1.0}, {"a": np.array([1j])}),
    "record": (None, 3, "x", object(), [1.0], {"a": 1j}, {"a": math.nan}, {"a": object()}),
    "numbers": tuple(bad for bad in NOT_ARRAYS if repr(bad) not in ("nan", "[nan]", "[inf]")),
    "array of numbers": (None, "x", object(), 1j, {}, math.nan, [math.inf], len, b"1"),
    "optional array": NOT_ARRAYS[1:],
    "text": (None, 3, b"x", [], object()),
    "results": (None, 3, "x", object(), [1.0], [None, None], {"a": 1}, len),
    "any": (),
}  # fmt: skip
"""For each kind of argument what must be refused."""

# --------------------------------------------------------------------------------- good arguments


def positive(random: Random) -> Any:
    """A positive number of some type."""
    value = float(10.0 ** random.uniform(-1.5, 1.5))
    return random.choice([value, np.float64(value), np.float32(value), math.ceil(value)])  # type: ignore[arg-type]


def scaled(random: Random, low: float, high: float) -> float:
    return float(low * (high / low) ** random.random())


def dimension(random: Random) -> int:
    return int(random.integers(1, 4))


def vector(random: Random, dim: int) -> Any:
    values = random.standard_normal(dim)
    return values if random.random() < 0.5 else values.tolist()


def positives(random: Random, dim: int) -> Any:
    values = np.exp(random.standard_normal(dim))
    return values if random.random() < 0.5 else values.tolist()


def definite(random: Random, dim: int) -> Any:
    root = random.standard_normal((dim, dim))
    return root @ root.T + 0.1 * np.eye(dim)


def alpha(random: Random) -> float:
    return float(random.choice([0.5, 0.8, 1.0, 1.2, 1.5, 1.8, 2.0, random.uniform(0.1, 2.0)]))


def well(x: Any, p: Any, out: Any) -> None:
    for j in range(len(x)):
        out[j] = x[j]


def well_value(x: Any, p: Any) -> float:
    value = 0.0
    for j in range(len(x)):
        value += 0.5 * x[j] * x[j]
    return value


def beyond(x: Any, p: Any) -> bool:
    return bool(abs(x[0]) >= 1.0)


def margin(x: Any, p: Any, covariance: Any, reach: float) -> float:
    return float((1.0 - abs(x[0])) / math.sqrt(covariance[0, 0]))


def drift(j: int, x: Any, m: Any, v: Any, g: Any, dL: Any, dt: Any, t: Any, p: Any) -> Any:
    return x - dt * g + dL, m, v


FLAT, SHARP = basins.flat(), basins.sharp()
SGD, MOMENTUM = dynamics.sgd(), dynamics.momentum()
CAUCHY, LAW = noise.independent(1.0), noise.independent(1.5)


@functools.cache
def finished(epsilon: float = 1.0, seed: int = 2) -> ls.EscapeTimes:
    return ls.escape_times(FLAT, SGD, LAW, epsilon, paths=60, dt=0.1, seed=seed)


@functools.cache
def drawn_axes() -> Any:
    return figures.trajectories([0.0, 1.0], [[0.0, 1.0]])


def times(random: Random) -> Arguments:
    count = int(random.integers(1, 60))
    return {
        "times": random.exponential(size=count),
        "escaped": random.random(count) < random.choice([0.0, 0.5, 1.0]),
        "dt": float(random.choice([0.0, 0.01])),
    }


def timed(*names: str) -> Callable[[Random], Arguments]:
    def make(random: Random) -> Arguments:
        made = {**times(random), "level": float(random.uniform(0.5, 0.99))}
        return {name: made[name] for name in names}

    return make


def setting(random: Random) -> Arguments:
    return {
        "basin": random.choice([FLAT, SHARP]),  # type: ignore[arg-type]
        "dynamics": SGD,
        "noise": random.choice([LAW, CAUCHY]),  # type: ignore[arg-type]
        "epsilon": float(random.uniform(0.3, 1.0)),
        "seed": int(random.integers(2**32)),
        "dt": float(random.choice([0.02, 0.05])),
        "lr": None,
    }


def run(random: Random) -> Arguments:
    return setting(random) | {
        "paths": int(random.integers(1, 50)),
        "horizon": float(random.choice([0.01, 1.0, 100.0])),
        "threads": int(random.integers(1, 4)),
        "method": "euler",
        "backend": "cpu",
        "rel_error": None,
        "resume": None,
        "progress": False,
        "correction": None,
        "threshold": None,
        "small_jumps": "diffusion",
        "checkpoint": None,
        "scheme": "auto",
    }


def several(random: Random) -> Arguments:
    names = (
        "basin",
        "noise",
        "epsilon",
        "lr",
        "seed",
        "dt",
        "paths",
        "horizon",
        "threads",
        "progress",
    )
    made = run(random)
    enough = {"paths": int(random.integers(20, 50)), "horizon": 1000.0}  # for a ratio of means
    return {name: made[name] for name in names} | {"dynamics": [SGD, MOMENTUM]} | enough


def result(random: Random) -> Arguments:
    paths, dim = int(random.integers(1, 30)), dimension(random)
    return {
        "steps": random.integers(0, 1000, paths),
        "status": random.integers(1, 4, paths).astype(np.int8),
        "exit_position": random.standard_normal((paths, dim)),
        "dt": positive(random),
        "parameters": {"alpha": 1.5, "name": "x"},
        "seconds": positive(random),
    }


def box(random: Random) -> Arguments:
    dim = dimension(random)
    return {"lower": -np.exp(random.standard_normal(dim)), "upper": positives(random, dim)}


def ellipsoid(random: Random) -> Arguments:
    dim = dimension(random)
    return {"center": vector(random, dim), "matrix": definite(random, dim)}


def spectral(random: Random) -> Arguments:
    rays, dim = int(random.integers(1, 5)), dimension(random)
    return {
        "alpha": float(random.uniform(0.3, 1.95)),
        "directions": random.standard_normal((rays, dim)),
        "weights": positives(random, rays),
    }


def adaptive(random: Random) -> Arguments:
    return {
        "b1": float(random.uniform(0.0, 0.95)),
        "b2": float(random.uniform(0.0, 0.9999)),
        "eps": scaled(random, 1e-8, 1.0),
        "weight_decay": scaled(random, 1e-3, 0.5),
        "form": "algorithm",
        "rates": "per_step",
        "frozen": 2.0,
        "gradient_noise": None,
    }


def without(make: Callable[[Random], Arguments], *names: str) -> Callable[[Random], Arguments]:
    return lambda random: {k: v for k, v in make(random).items() if k not in names}


ADAPTIVE = {
    "b1": "factor",
    "b2": "factor",
    "eps": "not negative",
    "weight_decay": "not negative",
    "form": "name",
    "rates": "name",
    "frozen": "optional positive array",
    "gradient_noise": "optional positive array",
}
SETTING = {
    "basin": "object",
    "dynamics": "object",
    "noise": "object",
    "epsilon": "positive",
    "seed": "seed",
    "dt": "step",
    "lr": "optional positive",
}
RUN_KINDS = SETTING | {
    "paths": "optional count",
    "horizon": "optional positive",
    "threads": "optional count",
    "method": "name",
    "backend": "name",
    "rel_error": "optional positive",
    "resume": "optional object",
    "progress": "progress",
    "correction": "optional name",
    "threshold": "optional positive",
    "small_jumps": "name",
    "checkpoint": "optional path",
    "scheme": "name",
}
TIMES = {"times": "array", "escaped": "flags", "dt": "not negative", "level": "level"}


def kinds_of(*names: str) -> dict[str, str]:
    return {name: TIMES[name] for name in names}


@dataclass(frozen=True)
class Entry:
    """How to call a function: good arguments, and of what kind each argument is."""

    function: Callable[..., Any]
    good: Callable[[Random], Arguments]
    kinds: dict[str, str]
    kept: tuple[str, ...] = ()
    """Arguments that have a default and are always given."""


def polytope(lower: Any, upper: Any, normals: Any, offsets: Any) -> domains.Polytope:
    """Normals and offsets are given together."""
    return domains.Polytope(lower, upper, normals, offsets)


def quadric(center: Any, matrix: Any) -> domains.Quadric:
    """A radius or a matrix is given."""
    return domains.Quadric(center, matrix=matrix)


TWO_WELLS = {
    "dim": "count", "barrier": "positive", "half_distance": "positive", "curvature": "positive",
}  # fmt: skip


def two_wells(random: Random) -> Arguments:
    names = ("barrier", "half_distance", "curvature")
    return {"dim": dimension(random), **{name: positive(random) for name in names}}


def tilted(random: Random) -> Arguments:
    """A tilt with two minima."""
    given = two_wells(random)
    largest = 8.0 * float(given["barrier"]) / (3.0 * math.sqrt(3.0) * float(given["half_distance"]))
    side = "left" if random.random() < 0.5 else "right"
    return {**given, "tilt": random.uniform(-0.99, 0.99) * largest, "side": side}


def about_zero(random: Random) -> Arguments:
    return {"lower": -positive(random), "upper": positive(random)}


TABLE: dict[str, Entry] = {
    "potentials.Potential": Entry(
        potentials.Potential,
        lambda r: {
            "dim": dimension(r), "gradient": well, "value": well_value,
            "params": {"a": positive(r)}, "name": "mine",
        },
        {"dim": "count", "gradient": "function", "value": "optional function", "params": "params",
         "name": "text", "center": "optional array", "hessian": "optional array",
         "one_sided": "optional array", "separable": "flag", "approaching": "flag"},
    ),
    "potentials.quadratic": Entry(
        potentials.quadratic,
        lambda r: {"dim": dimension(r), "curvature": positive(r), "center": 0.1},
        {"dim": "count", "curvature": "positive array", "center": "array"},
    ),
    "potentials.asymmetric_quadratic": Entry(
        potentials.asymmetric_quadratic,
        lambda r: {"dim": dimension(r), "left": positive(r), "right": positive(r)},
        {"dim": "count", "left": "positive", "right": "positive"},
    ),
    "potentials.quartic": Entry(
        potentials.quartic,
        lambda r: {"dim": dimension(r), "coefficient": positive(r), "curvature": 0.5},
        {"dim": "count", "coefficient": "positive", "curvature": "finite"},
    ),
    "potentials.double_well": Entry(
        potentials.double_well,
        lambda r: {"dim": dimension(r), "barrier": positive(r), "half_distance": positive(r),
                   "curvature": positive(r)},
        {"dim": "count", "barrier": "positive", "half_distance": "positive",
         "curvature": "positive"},
    ),
    "potentials.tilted_double_well": Entry(
        potentials.tilted_double_well,
        lambda r: {"tilt": r.standard_normal(), **two_wells(r)},
        {"tilt": "finite", **TWO_WELLS},
    ),
    "domains.Domain": Entry(
        domains.Domain,
        lambda r: {"dim": dimension(r), "outside": beyond, "params": {"a": [1.0, positive(r)]},
                   "name": "mine", "margin": margin},
        {"dim": "count", "outside": "function", "params": "params", "name": "text",
         "margin": "optional function", "cost": "positive", "shape": "optional object",
         "invariant_under": "optional object", "trapping_radius": "optional positive"},
    ),
    "domains.Polytope": Entry(
        polytope,
        lambda r: {"lower": [-1.0, -2.0], "upper": [1.0, np.inf], "normals": [vector(r, 2)],
                   "offsets": [positive(r)]},
        {"lower": "end", "upper": "end", "normals": "array", "offsets": "array"},
    ),
    "domains.Quadric": Entry(
        quadric,
        ellipsoid,
        {"center": "array", "matrix": "array"},
    ),
    "domains.interval": Entry(
        domains.interval,
        lambda r: {"lower": -positive(r), "upper": positive(r)},
        {"lower": "end", "upper": "end"},
    ),
    "domains.box": Entry(domains.box, box, {"lower": "end", "upper": "end"}),
    "domains.ball": Entry(
        domains.ball,
        lambda r: {"center": vector(r, dimension(r)), "radius": positive(r)},
        {"center": "array", "radius": "positive"},
    ),
    "domains.ellipsoid": Entry(
        domains.ellipsoid, ellipsoid, {"center": "array", "matrix": "array"}
    ),
    "domains.half_space": Entry(
        domains.half_space,
        lambda r: {"normal": vector(r, dimension(r)), "offset": positive(r)},
        {"normal": "array", "offset": "finite"},
    ),
    "domains.sublevel_set": Entry(
        domains.sublevel_set,
        lambda r: {"potential": potentials.quadratic(dimension(r)), "level": positive(r)},
        {"potential": "object", "level": "finite"},
    ),
    "domains.attraction": Entry(
        domains.attraction,
        lambda r: {"potential": potentials.double_well(half_distance=2.0),
                   "minimum": r.choice([-2.0, 2.0])},
        {"potential": "object", "minimum": "array"},
    ),
    "basins.Basin": Entry(
        ls.Basin,
        lambda r: {"potential": potentials.quadratic(), "domain": domains.interval(-1.0, 1.0),
                   "minimum": [0.0], "start": r.uniform(-0.9, 0.9), "name": "mine"},
        {"potential": "object", "domain": "object", "minimum": "array",
         "start": "optional array", "name": "text"},
    ),
    "basins.flat": Entry(basins.flat, lambda r: {"dim": dimension(r)}, {"dim": "count"}),
    "basins.sharp": Entry(basins.sharp, lambda r: {"dim": dimension(r)}, {"dim": "count"}),
    "basins.asymmetric": Entry(
        basins.asymmetric, lambda r: {"dim": dimension(r)}, {"dim": "count"}
    ),
    "basins.quadratic": Entry(
        basins.quadratic,
        lambda r: {"dim": dimension(r), "curvature": positive(r), **about_zero(r)},
        {"dim": "count", "curvature": "positive array", "lower": "end", "upper": "end"},
    ),
    "basins.ball": Entry(
        basins.ball,
        lambda r: {"dim": dimension(r), "curvature": positive(r), "radius": positive(r)},
        {"dim": "count", "curvature": "positive", "radius": "positive"},
    ),
    "basins.driftless": Entry(
        basins.driftless,
        lambda r: {"dim": dimension(r), **about_zero(r)},
        {"dim": "count", "lower": "end", "upper": "end"},
    ),
    "basins.quartic": Entry(
        basins.quartic,
        lambda r: {"dim": dimension(r), "coefficient": positive(r), "curvature": 0.5,
                   **about_zero(r)},
        {"dim": "count", "coefficient": "positive", "curvature": "not negative", "lower": "end",
         "upper": "end"},
    ),
    "basins.double_well": Entry(basins.double_well, two_wells, TWO_WELLS),
    "basins.tilted": Entry(
        basins.tilted,
        tilted,
        {"tilt": "finite", "side": "name", **TWO_WELLS},
        ("tilt", "barrier", "half_distance"),
    ),
    "noise.independent": Entry(
        noise.independent,
        lambda r: {"alpha": alpha(r), "scale": positives(r, 2), "beta": 0.0},
        {"alpha": "alpha", "scale": "array", "beta": "array"},
    ),
    "noise.isotropic": Entry(
        noise.isotropic,
        lambda r: {"alpha": alpha(r), "scale": positive(r)},
        {"alpha": "alpha", "scale": "positive"},
    ),
    "noise.elliptic": Entry(
        noise.elliptic,
        lambda r: {"alpha": alpha(r), "matrix": r.standard_normal((dimension(r), dimension(r)))},
        {"alpha": "alpha", "matrix": "array"},
    ),
    "noise.mixed": Entry(
        noise.mixed,
        lambda r: {"alpha": alpha(r), "matrix": r.standard_normal((dimension(r), dimension(r)))},
        {"alpha": "alpha", "matrix": "array"},
    ),
    "noise.multifractal": Entry(
        noise.multifractal,
        lambda r: {"alphas": [alpha(r), alpha(r)], "scales": positives(r, 2)},
        {"alphas": "positive array", "scales": "array"},
    ),
    "noise.Columns": Entry(
        noise.Columns,
        lambda r: {"name": "mine", "parameters": {}, "alphas": alpha(r),
                   "vectors": positives(r, 2), "betas": 0.0},
        {"name": "text", "parameters": "params", "alphas": "positive array", "vectors": "array",
         "betas": "array"},
    ),
    "noise.Sphere": Entry(
        noise.Sphere,
        lambda r: {"name": "mine", "parameters": {}, "alpha": alpha(r), "matrix": positive(r)},
        {"name": "text", "parameters": "params", "alpha": "alpha", "matrix": "array"},
    ),
    "noise.spectral": Entry(
        noise.spectral, spectral,
        {"alpha": "alpha", "directions": "array", "weights": "array"},
    ),
    "noise.sample": Entry(
        noise.sample,
        lambda r: {"noise": r.choice([LAW, CAUCHY]), "size": int(r.integers(1, 100)), "seed": 1,
                   "epsilon": positive(r), "dt": positive(r), "dim": dimension(r)},
        {"noise": "object", "size": "count", "seed": "seed", "epsilon": "positive",
         "dt": "positive", "dim": "optional count"},
    ),
    "dynamics.sgd": Entry(
        dynamics.sgd,
        lambda r: {"clip": positive(r), "weight_decay": scaled(r, 1e-3, 0.5)},
        {"clip": "optional positive", "weight_decay": "not negative"},
    ),
    "dynamics.momentum": Entry(
        dynamics.momentum,
        lambda r: {"decay": r.uniform(0.0, 0.99), "dampening": 0.1, "form": "algorithm",
                   "rates": "per_step", "weight_decay": scaled(r, 1e-3, 0.5)},
        {"decay": "factor", "dampening": "factor", "form": "name", "rates": "name",
         "weight_decay": "not negative"},
    ),
    "dynamics.rmsprop": Entry(
        dynamics.rmsprop,
        lambda r: {"decay": r.uniform(0.0, 0.999), "eps": 1e-8,
                   "bias_correction": bool(r.integers(2)), "form": "algorithm",
                   "rates": "per_step", "frozen": None, "gradient_noise": None},
        {"decay": "factor", "eps": "not negative", "bias_correction": "flag", "form": "name",
         "rates": "name", "frozen": "optional positive array",
         "gradient_noise": "optional positive array"},
    ),
    "dynamics.adam": Entry(
        dynamics.adam, without(adaptive, "weight_decay"),
        {k: v for k, v in ADAPTIVE.items() if k != "weight_decay"},
    ),
    "dynamics.adam_l2": Entry(dynamics.adam_l2, adaptive, ADAPTIVE),
    "dynamics.adamw": Entry(dynamics.adamw, adaptive, ADAPTIVE),
    "dynamics.adamprox": Entry(dynamics.adamprox, adaptive, ADAPTIVE),
    "dynamics.Dynamics": Entry(
        dynamics.Dynamics,
        lambda r: {"name": "mine", "update": drift, "memory": bool(r.integers(2)),
                   "params": {"a": positive(r)}, "clip": positive(r), "clock": None,
                   "normal": False},
        {"name": "text", "update": "function", "memory": "flag", "params": "params",
         "clip": "optional positive", "clock": "optional function", "normal": "flag",
         "sde": "flag", "rule": "optional object"},
    ),
    "dynamics.Rule": Entry(
        dynamics.Rule,
        lambda r: {"form": "sde", "rates": "per_step", "average": r.uniform(0.0, 0.99),
                   "dampening": r.uniform(0.0, 0.99), "second_average": r.uniform(0.0, 0.99),
                   "second_moment": "none", "size": positives(r, 2), "eps": positive(r),
                   "weight_decay": 0.0, "decay_form": "none", "bias_correction": False},
        {"form": "name", "rates": "name", "average": "optional factor",
         "dampening": "optional factor", "second_average": "optional factor",
         "second_moment": "name", "size": "array of numbers", "eps": "not negative",
         "weight_decay": "not negative", "decay_form": "name", "bias_correction": "flag"},
    ),
    "grid.shifted": Entry(
        boundary_shift.shifted,
        lambda r: {"domain": domains.interval(-1.0, 1.0), "noise": LAW,
                   "epsilon": r.uniform(0.01, 0.3), "dt": scaled(r, 1e-3, 0.1)},
        {"domain": "object", "noise": "object", "epsilon": "positive", "dt": "positive"},
    ),
    "costs.estimate": Entry(
        ls.costs.estimate,
        lambda r: {"basin": r.choice([FLAT, SHARP]), "dynamics": SGD, "noise": LAW,
                   "epsilon": r.uniform(0.01, 0.3), "dt": "auto"},
        {"basin": "object", "dynamics": "object", "noise": "object", "epsilon": "positive",
         "dt": "step"},
    ),
    "automatic_dt": Entry(
        ls.automatic_dt,
        lambda r: {"basin": r.choice([FLAT, SHARP]), "dynamics": r.choice([SGD, MOMENTUM])},
        {"basin": "object", "dynamics": "optional object"},
    ),
    "escape_times": Entry(ls.escape_times, run, RUN_KINDS, ("epsilon",)),
    "trajectories": Entry(
        ls.trajectories,
        lambda r: setting(r) | {"paths": 3, "steps": int(r.integers(1, 50)),
                                "every": int(r.integers(1, 5))},
        SETTING | {"paths": "count", "steps": "count", "every": "count", "scheme": "name"},
        ("epsilon",),
    ),
    "compare": Entry(
        ls.compare, several,
        {name: RUN_KINDS[name] for name in several(np.random.default_rng(0))},
        ("paths", "horizon", "epsilon"),
    ),
    "refine": Entry(
        ls.refine,
        lambda r: {"result": finished(), "basin": FLAT, "dynamics": SGD, "noise": LAW,
                   "halvings": 2, "threads": 2, "progress": False, "correction": None},
        {"result": "object", "basin": "object", "dynamics": "object", "noise": "object",
         "halvings": "count", "threads": "optional count", "progress": "progress",
         "correction": "optional name"},
        ("basin", "dynamics", "noise"),
    ),
    "EscapeTimes": Entry(
        ls.EscapeTimes, result,
        {"steps": "array", "status": "array", "exit_position": "array", "dt": "positive",
         "parameters": "record", "seconds": "not negative"},
    ),
    "EscapeTimes.mean_interval": Entry(
        lambda level: finished().mean_interval(level=level),
        lambda r: {"level": r.uniform(0.5, 0.99)}, {"level": "level"},
    ),
    "EscapeTimes.rate_interval": Entry(
        lambda level: finished().rate_interval(level=level),
        lambda r: {"level": r.uniform(0.5, 0.99)}, {"level": "level"},
    ),
    "EscapeTimes.survival": Entry(
        lambda level: finished().survival(level=level),
        lambda r: {"level": r.uniform(0.5, 0.99)}, {"level": "level"},
    ),
    "EscapeTimes.save": Entry(
        lambda path: finished().save(path), lambda r: {"path": f"run{r.integers(5)}"},
        {"path": "path"},
    ),
    "seed_of": Entry(
        lambda setting, seed: ls.seed_of(setting, seed=seed),
        lambda r: {"setting": positive(r), "seed": int(r.integers(100))},
        {"setting": "any", "seed": "seed"},
    ),
    "estimators.slope_of": Entry(
        exit_times.slope_of, lambda r: {"results": [finished(), finished(0.7, 3)]},
        {"results": "results"},
    ),
    "estimators.shared_draws": Entry(
        exit_times.shared_draws, lambda r: {"results": [finished(), finished(0.7, 3)]},
        {"results": "results"},
    ),
    "load": Entry(ls.load, lambda r: {"path": "saved.npz"}, {"path": "path"}),
    "Domain.contains": Entry(
        lambda x: FLAT.domain.contains(x), lambda r: {"x": vector(r, 1)}, {"x": "array"}
    ),
    "Potential.gradient_at": Entry(
        lambda x: FLAT.potential.gradient_at(x), lambda r: {"x": vector(r, 1)}, {"x": "array"}
    ),
    "Potential.value_at": Entry(
        lambda x: FLAT.potential.value_at(x), lambda r: {"x": vector(r, 1)}, {"x": "array"}
    ),
    "Noise.characteristic": Entry(
        lambda u: LAW.characteristic(u),
        lambda r: {"u": r.standard_normal((dimension(r), 2))}, {"u": "array"},
    ),
    "estimators.exponential_rate": Entry(
        exit_times.exponential_rate, timed("times", "escaped", "dt"),
        kinds_of("times", "escaped", "dt"),
    ),
    "estimators.exponential_rate_interval": Entry(
        exit_times.exponential_rate_interval, timed("times", "escaped", "dt", "level"),
        kinds_of("times", "escaped", "dt", "level"),
    ),
    "estimators.exponentiality": Entry(
        exit_times.exponentiality, timed("times", "escaped", "dt"),
        kinds_of("times", "escaped", "dt"),
    ),
    "estimators.mean_time": Entry(
        exit_times.mean_time, timed("times", "escaped"), kinds_of("times", "escaped")
    ),
    "estimators.mean_time_interval": Entry(
        exit_times.mean_time_interval, timed("times", "escaped", "level"),
        kinds_of("times", "escaped", "level"),
    ),
    "estimators.survival": Entry(
        exit_times.survival, timed("times", "escaped", "level"),
        kinds_of("times", "escaped", "level"),
    ),
    "estimators.escapes_needed": Entry(
        exit_times.escapes_needed,
        lambda r: {"rel_error": r.uniform(0.01, 0.5), "level": r.uniform(0.5, 0.99)},
        {"rel_error": "positive", "level": "level"},
    ),
    "estimators.relative_half_width": Entry(
        exit_times.relative_half_width,
        lambda r: {"escapes": int(r.integers(0, 10**6)), "level": r.uniform(0.5, 0.99)},
        {"escapes": "not negative count", "level": "level"},
    ),
    "estimators.slope": Entry(
        exit_times.slope,
        lambda r: {"epsilon": [0.1, 0.2, 0.4], "mean": positives(r, 3),
                   "standard_error": positives(r, 3)},
        {"epsilon": "positive array", "mean": "positive array",
         "standard_error": "optional positive array"},
    ),
    "plots.survival_curve": Entry(
        figures.survival_curve,
        lambda r: {"result": finished(), "rate": positive(r), "ax": None},
        {"result": "object", "rate": "optional not negative", "ax": "optional object"},
    ),
    "plots.trajectories": Entry(
        figures.trajectories,
        lambda r: {"times": [0.0, 1.0, 2.0], "paths": r.standard_normal((dimension(r), 3)),
                   "domain_lower": -1.0, "domain_upper": 1.0, "ax": None},
        {"times": "array", "paths": "numbers", "domain_lower": "optional finite",
         "domain_upper": "optional finite",
         "ax": "optional object"},
    ),
    "schedules.constant": Entry(schedules.constant, lambda r: {}, {}),
    "schedules.step": Entry(
        schedules.step, lambda r: {"length": positive(r), "factor": r.uniform(0.1, 0.9)},
        {"length": "positive", "factor": "positive"},
    ),
    "schedules.cosine": Entry(
        schedules.cosine, lambda r: {"length": positive(r), "final": r.uniform(0.0, 1.0)},
        {"length": "positive", "final": "not negative"},
    ),
    "schedules.linear": Entry(
        schedules.linear, lambda r: {"length": positive(r), "final": r.uniform(0.0, 1.0)},
        {"length": "positive", "final": "not negative"},
    ),
    "schedules.warmup": Entry(
        schedules.warmup, lambda r: {"length": positive(r), "initial": r.uniform(0.0, 1.0)},
        {"length": "positive", "initial": "not negative"},
    ),
    "schedules.inverse_power": Entry(
        schedules.inverse_power, lambda r: {"length": positive(r), "power": r.uniform(0.1, 2.0)},
        {"length": "positive", "power": "positive"},
    ),
    "plots.save": Entry(
        figures.save,
        lambda r: {"figure_or_ax": drawn_axes(), "path": "figure.svg"},
        {"figure_or_ax": "object", "path": "path"},
    ),
}  # fmt: skip

MADE_FOR_READING = {
    "BackendError", "Comparison", "Interrupted", "Noise", "Refinement", "Status", "Trajectories",
    "costs.Cost", "costs.Costs",
    "TailIndex", "estimators.Aggregation", "estimators.BatchExponent",
    "estimators.OrderEstimate", "estimators.QuantileFit", "estimators.StableFit",
    "estimators.Exponentiality", "estimators.Interval", "estimators.Slope", "estimators.Survival",
    "domains.Shape",
    "potentials.FiniteSum", "noise.Minibatch", "gradients.Gradients",
    "gradients.LocalBasin",
    "Landscape", "Visits", "basins.Approach", "dynamics.Scheduled", "dynamics.Walled",
    "dynamics.Walls", "noise.Drawn", "noise.Lomax", "noise.PlusBrownian", "noise.Scaled",
    "noise.StudentT", "noise.Tempered", "noise.Truncated", "noise.FittedNoise",
    "noise.FittedPrediction", "noise.Empirical", "NoiseComparison", "schedules.Schedule",
    "Sweep", "estimators.LocalSlopes", "estimators.SlopeFit", "estimators.Verdict",
    "noise.Elliptic", "noise.Independent", "noise.Isotropic", "noise.Mixed", "noise.Multifractal",
    "noise.Noise", "noise.Spectral", "dynamics.Adaptive", "dynamics.Momentum", "dynamics.Optimizer",
}  # fmt: skip
"""Classes whose objects come from functions of the table."""

TRIED_ELSEWHERE = {
    # What they refuse stands in test_sweep, test_scaling, test_table_plots, test_plane_plots,
    # test_result_plots, test_visits, test_landscape, test_hitting, test_scaled_noise,
    # test_noise_drawn, test_noise_tempered, test_noise_fitted, test_noise_empirical,
    # test_noise_comparison, test_schedules, test_walls, test_tail_index, test_finite_sums,
    # test_minibatch and test_gradients.
    "gradients.from_function", "gradients.hessian_product", "gradients.local_basin",
    "gradients.noise_samples", "gradients.per_example",
    "potentials.finite_sum", "potentials.linear_regression", "potentials.logistic_regression",
    "potentials.mlp", "noise.minibatch",
    "sweep", "load_sweep", "load_visits", "merge", "visits", "find_minima", "hitting_times",
    "noise.scaled", "noise.plus_brownian", "noise.none", "noise.lomax", "noise.student_t",
    "dynamics.nesterov", "dynamics.nadam", "dynamics.signsgd", "dynamics.lion", "dynamics.adagrad",
    "noise.tempered", "noise.truncated", "noise.fit", "noise.gaussian_of", "noise.empirical",
    "compare_noises",
    "dynamics.scheduled", "dynamics.walled",
    "estimators.fit_slope", "estimators.local_slopes", "estimators.asymptotic",
    "tail_index", "estimators.aggregated", "estimators.batch_exponent",
    "estimators.block_estimate", "estimators.characteristic_fit", "estimators.hill_estimate",
    "estimators.moment_estimate", "estimators.pickands_estimate", "estimators.quantile_fit",
    "plots.survival", "plots.scaling", "plots.collapse", "plots.ratio", "plots.phase_map",
    "plots.exit_positions", "plots.plane", "plots.shared_legend", "plots.tail_index",
    "plots.comparison", "plots.points", "plots.refinement", "plots.sample_paths", "plots.visits",
}  # fmt: skip
"""Functions that read files or tables, or fit, whose bad arguments have tests of their own."""

MODULES = (
    "basins", "costs", "domains", "dynamics", "estimators", "gradients", "grid", "noise", "plots",
    "potentials", "schedules",
)  # fmt: skip


def test_the_table_has_every_public_function() -> None:
    assert set(MODULES) | {"theory"} == {n for n in ls.__all__ if inspect.ismodule(getattr(ls, n))}
    public = {n for n in ls.__all__ if callable(getattr(ls, n))}
    public |= {f"{m}.{n}" for m in MODULES for n in getattr(ls, m).__all__
               if callable(getattr(getattr(ls, m), n))}  # fmt: skip
    at_home = {"Basin", "Domain", "Potential", "Dynamics"}
    assert public - at_home - TRIED_ELSEWHERE - MADE_FOR_READING - TABLE.keys() == set()
    assert public >= MADE_FOR_READING


@pytest.mark.parametrize("name", TABLE)
def test_the_table_has_every_argument(name: str) -> None:
    entry = TABLE[name]
    known = {
        n for n in inspect.signature(entry.function).parameters if n not in ("_", "exit_times")
    }
    assert entry.kinds.keys() == known
    assert entry.good(np.random.default_rng(0)).keys() <= known


# ------------------------------------------------------------------------------------------- calls


def seed_of(name: str) -> int:
    return zlib.crc32(name.encode())


def numbers_in(value: Any) -> Iterator[Any]:
    """All numbers of a result."""
    if isinstance(value, float | complex | np.inexact):
        yield value
    elif isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        yield from value.ravel()
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers_in(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from numbers_in(getattr(value, field.name))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    finished().save("saved.npz")


def good_arguments(entry: Entry, random: Random) -> Arguments:
    """Good arguments, some of those left out that have a default."""
    given = entry.good(random)
    for name, parameter in inspect.signature(entry.function).parameters.items():
        optional = parameter.default is not parameter.empty and name not in entry.kept
        if optional and random.random() < 0.3:
            given.pop(name, None)
    return given


CALLS = {"compare": 8, "domains.attraction": 4, "plots.save": 2, "plots.survival_curve": 8,
         "plots.trajectories": 8, "refine": 2}  # fmt: skip
"""Numbers of good calls of what is slow."""


@pytest.mark.parametrize("name", TABLE)
def test_good_arguments_give_numbers(name: str) -> None:
    entry, random = TABLE[name], np.random.default_rng(seed_of(name))
    for _ in range(CALLS.get(name, VALID_CALLS)):
        given = good_arguments(entry, random)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # advice of ours; others are errors
            found = entry.function(**given)
        assert not any(np.isnan(number) for number in numbers_in(found)), given


@pytest.mark.parametrize("name", TABLE)
def test_bad_arguments_are_refused_in_a_sentence(name: str) -> None:
    entry, random = TABLE[name], np.random.default_rng(seed_of(name))
    wrong = []
    for argument, kind in entry.kinds.items():
        for bad in BAD[kind]:
            given = entry.good(random) | {argument: bad}
            problem = complaint_of(entry.function, given)
            if problem:
                wrong.append(f"{argument} = {bad!r:.60} {problem}")
    assert wrong == [], "\n".join(["", *wrong])


METHODS: tuple[Arguments, ...] = (
    {"method": "euler", "noise": LAW, "correction": "boundary-shift"},
    {"method": "jump", "dt": "auto", "epsilon": 0.01},
    {"method": "jump", "dt": "auto", "threshold": 0.1, "small_jumps": "dropped"},
    {"method": "jump", "dt": 0.05, "epsilon": 0.01},
    {"method": "auto", "dt": "auto"},
)


@pytest.mark.parametrize("options", METHODS, ids=str)
def test_other_methods(options: Arguments) -> None:
    random = np.random.default_rng(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(4):
            found = ls.escape_times(**run(random) | options)
            assert not any(np.isnan(number) for number in numbers_in(found))
    for argument in ("basin", "dynamics", "noise", "epsilon", "horizon", "seed"):
        for bad in BAD[RUN_KINDS[argument]]:
            given = run(random) | options | {argument: bad}
            assert complaint_of(ls.escape_times, given) == "", (argument, bad)


def complaint_of(function: Callable[..., Any], given: Arguments) -> str:
    """What is wrong with the answer to bad arguments; nothing if all is well."""
    try:
        function(**given)
    except (ValueError, TypeError) as error:
        return complaint_about(error)
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    return "is accepted"


def complaint_about(error: Exception) -> str:
    """What is wrong with an error; nothing if it is one sentence that somebody wrote."""
    trace = error.__traceback__
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
    file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
    text = str(error)
    if not file.startswith(PACKAGE) or not linecache.getline(file, line).strip().startswith(
        "raise"
    ):
        return f"is refused by accident: {type(error).__name__}: {text}"
    if "\n" in text or len(text.split()) < SENTENCE_WORDS or len(text) > 1000:
        return f"is refused by what is no sentence: {text}"
    return ""


def test_there_are_many_calls() -> None:
    bad = sum(len(BAD[kind]) for entry in TABLE.values() for kind in entry.kinds.values())
    good = sum(CALLS.get(name, VALID_CALLS) for name in TABLE)
    assert good > 1200
    assert bad > 1500


# ------------------------------------------------------------------------------- the command line

COMMANDS: dict[str, tuple[str, ...]] = {
    "escape": ("--basin", "flat", "--epsilon", "0.8", "--paths", "20", "--dt", "0.1", "--quiet"),
    "compare": ("--dynamics", "sgd,momentum", "--epsilon", "0.8", "--paths", "20", "--dt", "0.1",
                "--quiet"),
    "theory": ("--basin", "flat", "--epsilon", "0.3"),
    "info": ("--json",),
}  # fmt: skip
WORDS = (
    "", " ", "x", "0", "-1", "1e999", "-1e-999", "nan", "inf", "1" * 500, "1,2,3", "1;2", ";", ",",
    "--", "-", "-h", "--json", "none.npz", "/", "/dev/null", "a\0b", "\n", "\u00e9\u221e", "1_000",
    "0x10", "1e-300", "1e300", "auto", "flat", "sgd", "None", "[]", "$(x)", "damaged.npy", "@file",
)  # fmt: skip
EXIT_CODES = {0, 1, 2, 3, 4, 130}
LINES_OF_A_COMMAND = 120


def mutated(words: list[str], options: list[str], random: Random) -> list[str]:
    """A command line with one to three words changed, put in, or left out."""
    words = list(words)
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(len(words) + 1))
        action = random.integers(4)
        if action == 0 and at < len(words):
            words[at] = str(random.choice(WORDS))
        elif action == 1 and at < len(words):
            del words[at]
        elif action == 2:
            words[at:at] = [str(random.choice(options)), str(random.choice(WORDS))]
        else:
            words.insert(at, str(random.choice([*WORDS, *options])))
    return words


def options_of(command: str) -> list[str]:
    """The options that the help of a command names; those that write files elsewhere are left."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert main([command, "--help"]) == 0
    return sorted(set(re.findall(r"--[a-z][a-z0-9-]+", out.getvalue())))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_line_ends_in_a_traceback(command: str) -> None:
    Path("damaged.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': (((")
    options, random = options_of(command), np.random.default_rng(seed_of(command))
    for _ in range(LINES_OF_A_COMMAND if command != "info" else 20):
        words = mutated(list(COMMANDS[command]), options, random)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([command, *words])
        lines = err.getvalue().splitlines()
        assert code in EXIT_CODES, words
        assert "Traceback" not in err.getvalue(), words
        errors = [line for line in lines if ": error: " in line]
        assert len(errors) == (1 if code > 1 else 0), (words, lines)
        if code > 1:
            assert (lines, out.getvalue()) == (errors, ""), words


HEADERS = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 10000000000000000000000), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 2), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 4), }",
    "{'descr': '<f8', 'fortran_order': 7, 'shape': (2, 2), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }",
    "{'descr': '<m8[s]', 'fortran_order': False, 'shape': (2, 2), }",
    "{'descr': 3, 'fortran_order': False, 'shape': (2, 2), }",
    "{'descr': (((", "{1: 2}", "(" * 1000, "-" * 3000, "\0" * 60, "[1" * 2000,
)  # fmt: skip


def test_damaged_arrays_are_refused() -> None:
    np.save("whole.npy", np.eye(2))
    whole = Path("whole.npy").read_bytes()
    random = np.random.default_rng(9)
    contents = [whole[:length] for length in range(0, len(whole), 3)]
    for _ in range(200):
        flipped = bytearray(whole)
        for at in random.integers(0, 128, 2):
            flipped[at] = random.integers(256)
        contents.append(bytes(flipped))
    for header in HEADERS:
        size = len(header).to_bytes(2, "little")
        contents.append(b"\x93NUMPY\x01\x00" + size + header.encode() + whole[-32:])
    for content in contents:
        Path("damaged.npy").write_bytes(content)
        with suppress(OSError, UsageError):
            matrix = read_matrix("--noise-matrix", "damaged.npy")
            assert np.isfinite(matrix).all()
