"""The same call gives the same answer as ever: digests that were recorded once.

A change of the code that is meant to change no answer is checked here, in every engine, with every
noise law and every optimizer, in both layouts of the block. Where answers are meant to change, say
so under "Answers changed" and record the digests anew:

    python tests/test_digests.py
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import levysde as ls

RECORDED = Path(__file__).parent / "data" / "digests.json"
MATRIX = [[1.0, 0.5], [0.2, 0.9]]
LINE = {
    "independent": ls.noise.independent(1.5),
    "heavy": ls.noise.independent(0.7),
    "skewed": ls.noise.independent(1.3, beta=0.5),
    "Gaussian": ls.noise.independent(2.0),
}
PLANE = {
    "scaled": ls.noise.independent(1.5, [1.0, 0.5]),
    "isotropic": ls.noise.isotropic(1.5),
    "elliptic": ls.noise.elliptic(1.5, MATRIX),
    "mixed": ls.noise.mixed(1.4, MATRIX),
    "spectral": ls.noise.spectral(1.5, [[1.0, 0.0], [0.6, 0.8]], [1.0, 2.0]),
    "multifractal": ls.noise.multifractal([1.2, 1.8]),
}
MANY = 40
WIDE = {
    "independent": ls.noise.independent(1.5),
    "isotropic": ls.noise.isotropic(1.5),
    "multifractal": ls.noise.multifractal([1.2, 1.8] * (MANY // 2)),
}
OPTIMIZERS = {
    "clipped sgd": ls.dynamics.sgd(clip=0.05),
    "momentum": ls.dynamics.momentum(0.9),
    "momentum of an equation": ls.dynamics.momentum(0.5, form="sde"),
    "rmsprop": ls.dynamics.rmsprop(),
    "adam": ls.dynamics.adam(),
    "frozen adam": ls.dynamics.adam(frozen=1.0),
    "adam of an equation": ls.dynamics.adam(form="sde", frozen=2.0),
    "noisy adam": ls.dynamics.adam(form="sde", gradient_noise=1.0),
    "adam_l2": ls.dynamics.adam_l2(weight_decay=0.1),
    "adamw": ls.dynamics.adamw(weight_decay=0.1),
    "adamprox": ls.dynamics.adamprox(weight_decay=0.1),
}
CONTINUOUS = {
    "momentum": ls.dynamics.momentum(form="sde", rates="per_time"),
    "rmsprop": ls.dynamics.rmsprop(form="sde", rates="per_time", frozen=1.0),
    "adam": ls.dynamics.adam(form="sde", rates="per_time", frozen=1.0),
}
SGD, INDEPENDENT = ls.dynamics.sgd(), LINE["independent"]
FLAT = ls.basins.flat()


def cubic(x: Any, p: Any, out: Any) -> None:
    out[0] = p[0] * x[0] + x[0] ** 3


def beyond(x: Any, p: Any) -> bool:
    return bool(x[0] * x[0] > 1.0)


OWN = ls.Basin(ls.Potential(1, cubic, params={"k": 2.0}), ls.Domain(1, beyond), 0.0)
WELLS = {
    "sharp": ls.basins.sharp(),
    "asymmetric": ls.basins.asymmetric(),
    "quartic": ls.Basin(ls.potentials.quartic(), ls.domains.interval(-1.0, 1.5), 0.0),
    "double well": ls.Basin(
        ls.potentials.double_well(), ls.domains.interval(0.0, float("inf")), 1.0
    ),
    "own": OWN,
}
SHAPES = {
    "ball": ls.domains.ball([0.0, 0.0], 1.0),
    "ellipsoid": ls.domains.ellipsoid([0.0, 0.0], [[1.0, 0.2], [0.2, 2.0]]),
    "half space": ls.domains.half_space([1.0, 1.0], 1.0),
    "sublevel set": ls.domains.sublevel_set(ls.potentials.quadratic(2), 0.5),
}


def settings() -> Iterator[tuple[str, Callable[[], ls.EscapeTimes]]]:
    """Names of runs, and the runs."""

    def run(*model: Any, **options: Any) -> Callable[[], ls.EscapeTimes]:
        return lambda: ls.escape_times(*model, seed=5, threads=1, **options)

    euler = {"paths": 40, "horizon": 20.0, "dt": 0.01}
    jump = {"paths": 20, "horizon": 1e6, "method": "jump"}
    skip = {"paths": 10, "horizon": 1e9, "method": "jump", "dt": 0.05}
    square, cube = ls.basins.flat(2), ls.basins.flat(MANY)
    for name, law in LINE.items():
        yield f"euler, {name}", run(FLAT, SGD, law, 0.3, **euler)
        if law.alpha < 2.0:
            yield f"jump, {name}", run(FLAT, SGD, law, 0.01, **jump)
    for name, law in PLANE.items():
        yield f"euler in the plane, {name}", run(square, SGD, law, 0.3, **euler)
        yield f"jump in the plane, {name}", run(square, SGD, law, 0.01, **jump)
    for name in ("isotropic", "elliptic", "scaled"):
        yield f"skip in the plane, {name}", run(square, SGD, PLANE[name], 0.003, **skip)
    for name, law in WIDE.items():
        yield f"euler in {MANY} dimensions, {name}", run(cube, SGD, law, 0.1, **euler)
    for name, dynamics in OPTIMIZERS.items():
        yield f"euler, {name}", run(FLAT, dynamics, INDEPENDENT, 0.3, **euler)
        yield f"euler in {MANY} dimensions, {name}", run(cube, dynamics, INDEPENDENT, 0.1, **euler)
    for name in ("momentum", "frozen adam"):
        yield f"skip, {name}", run(FLAT, OPTIMIZERS[name], INDEPENDENT, 1e-4, **skip)
    yield "skip, sgd", run(FLAT, SGD, INDEPENDENT, 0.003, **skip)
    for name, dynamics in CONTINUOUS.items():
        yield f"jump, {name}", run(FLAT, dynamics, INDEPENDENT, 0.01, **jump)
    for name, basin in WELLS.items():
        yield f"euler, {name}", run(basin, SGD, INDEPENDENT, 0.3, **euler)
        yield f"jump, {name}", run(basin, SGD, INDEPENDENT, 0.01, **jump)
    for name, domain in SHAPES.items():
        basin = ls.Basin(ls.potentials.quadratic(2), domain, [0.0, 0.0])
        yield f"euler, {name}", run(basin, SGD, PLANE["isotropic"], 0.3, **euler)
        yield f"jump, {name}", run(basin, SGD, PLANE["isotropic"], 0.01, **jump)
    shifted = {**euler, "correction": "boundary-shift"}
    yield "euler, shifted boundary", run(FLAT, SGD, INDEPENDENT, 0.3, **shifted)
    divided = {**euler, "scheme": "flow", "dt": 0.1}
    yield "euler, divided steps", run(WELLS["quartic"], SGD, INDEPENDENT, 0.5, **divided)
    automatic = {"paths": 20, "horizon": 5.0}
    yield "euler, automatic step", run(FLAT, SGD, INDEPENDENT, 0.3, **automatic)

    def resumed() -> ls.EscapeTimes:
        first = run(FLAT, SGD, INDEPENDENT, 0.3, **euler)()
        return run(FLAT, SGD, INDEPENDENT, 0.3, **{**euler, "paths": 70}, resume=first)()

    yield "euler, resumed", resumed


def trajectories() -> str:
    found = ls.trajectories(FLAT, SGD, INDEPENDENT, 0.3, dt=0.01, paths=3, steps=100, seed=5)
    return hashlib.sha256(found.positions.tobytes()).hexdigest()


RUNS = dict(settings())
QUICK = ("euler, independent", "jump, independent", "skip, sgd")


def digests(name: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps that are long on purpose
        result = RUNS[name]()
    return [result.digest, result.positions_digest]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.quick] * (name in QUICK)) for name in RUNS],
)
def test_answers_are_what_they_were(name: str) -> None:
    assert digests(name) == json.loads(RECORDED.read_text())[name]


def test_trajectories_are_what_they_were() -> None:
    assert trajectories() == json.loads(RECORDED.read_text())["trajectories"]


if __name__ == "__main__":
    record: dict[str, Any] = {name: digests(name) for name in RUNS}
    record["trajectories"] = trajectories()
    RECORDED.write_text(json.dumps(record, indent=1) + "\n")
