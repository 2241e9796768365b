"""Settings that both a device and the processor run, and the digests of what they give.

As a script, `python device_settings.py EVERY [GROUP ...]` prints those of the device as a JSON
object of the groups, all unless some are given, and in each of every so many settings. With
NUMBA_ENABLE_CUDASIM=1 the device is numba's simulator.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import user_parts
from test_recipes import cigar, cross

import levysde as ls
from levysde import domains, potentials

PATHS = 64
MATRIX = [[1.0, 0.5], [0.2, 0.9]]
Run = Callable[[str], ls.EscapeTimes]


def box(dim, start=0.0):
    well, cube = potentials.quadratic(dim, 1.5), domains.box([-1.0] * dim, [1.0] * dim)
    return ls.Basin(well, cube, np.zeros(dim), start=np.full(dim, start))


def laws(dim):
    lean = np.linspace(-0.7, 0.9, dim)
    return {
        "independent": ls.noise.independent(1.5),
        "by formula": ls.noise.independent(0.4, np.linspace(0.1, 0.5, dim)),
        "skewed": ls.noise.independent(1.3, 1.0, lean),
        "multifractal": ls.noise.multifractal(np.linspace(1.1, 1.9, dim)),
        "mixed": ls.noise.mixed(1.5, np.sin(np.arange(1.0, 1.0 + 5 * dim)).reshape(dim, 5)),
        "spectral": ls.noise.spectral(1.5, np.eye(dim), np.ones(dim)),
        "isotropic": ls.noise.isotropic(1.5),
        "diagonal": ls.noise.elliptic(1.5, np.diag(np.linspace(0.5, 1.0, dim))),
        "elliptic": ls.noise.elliptic(1.5, np.tri(dim)),
        "Gaussian": ls.noise.isotropic(2.0),
    }


DECAY = {"weight_decay": 0.1}
OPTIMIZERS = {
    "clipped": ls.dynamics.sgd(clip=0.2),
    "decaying": ls.dynamics.sgd(**DECAY),
    "momentum": ls.dynamics.momentum(0.5),
    "rmsprop": ls.dynamics.rmsprop(0.5),
    "adam": ls.dynamics.adam(0.5, 0.5),
    "adam_l2": ls.dynamics.adam_l2(0.5, 0.5, **DECAY),
    "adamw": ls.dynamics.adamw(0.5, 0.5, **DECAY),
    "adamprox": ls.dynamics.adamprox(0.5, 0.5, **DECAY),
    "noisy": ls.dynamics.adam(0.5, 0.5, form="sde", gradient_noise=1.0),
    "of a user": ls.Dynamics(
        "heavy ball", user_parts.heavy_ball, params={"kept": 0.5}, memory=True
    ),
}
LINE = ls.noise.independent(1.5)
PLANE = ls.noise.isotropic(1.5)
OWN = ls.Basin(
    potentials.Potential(2, user_parts.gradient, user_parts.value, {"rate": 1.5}),
    domains.Domain(2, user_parts.outside, {"radius": 1.0}),
    [0.0, 0.0],
    start=[0.2, -0.1],
)
STEEP = ls.Basin(potentials.quartic(), domains.interval(-2.5, 2.5), [1.0])


def recurrence(basin, dynamics, noise, epsilon=0.7, steps=12, **options) -> Run:
    def run(backend: str) -> ls.EscapeTimes:
        given = {"paths": PATHS, "dt": 0.05, "horizon": steps * 0.05, "method": "euler", "seed": 3}
        return ls.escape_times(
            basin, dynamics, noise, epsilon, backend=backend, **(given | options)
        )

    return run


def continuous(basin, dynamics, noise, epsilon=1e-3, **options) -> Run:
    def run(backend: str) -> ls.EscapeTimes:
        given = {"paths": PATHS, "method": "jump", "seed": 3}
        return ls.escape_times(
            basin, dynamics, noise, epsilon, backend=backend, **(given | options)
        )

    return run


def _settings() -> Iterator[tuple[str, str, Run]]:
    sgd = ls.dynamics.sgd()
    for dim in (1, 3):
        for name, law in laws(dim).items():
            yield "laws", f"{name}, {dim}", recurrence(box(dim), sgd, law, steps=8)
    yield "laws", "of a user, cross", recurrence(box(2), sgd, cross(1.5, 0.5))
    yield "laws", "of a user, cigar", recurrence(box(2), sgd, cigar(1.5, 0.5))
    yield "laws", "in 40 dimensions", recurrence(box(40), sgd, LINE, steps=2)
    own = ls.Noise(user_parts.pareto, {"index": 1.5, "spread": 2.0}, 1.5, scale=[1.0, 0.5])
    yield "laws", "drawn by a user", recurrence(box(2), sgd, own)
    yield "laws", "steps of Student's law", recurrence(box(2), sgd, ls.noise.student_t(1.3))
    yield "laws", "tempered", recurrence(box(2), sgd, ls.noise.tempered(1.5, 2.0))
    data = ls.noise.empirical(np.random.default_rng(1).standard_t(2, (50, 2)))
    yield "laws", "rows of data", recurrence(box(2), sgd, data)
    brownian = ls.noise.plus_brownian(PLANE, [1.0, 0.5])
    yield "laws", "with Brownian motion", recurrence(box(2), sgd, brownian)
    growing = ls.noise.scaled(brownian, user_parts.grows_outwards, {"growth": 2.0})
    yield "laws", "scaled", recurrence(box(2), sgd, growing)
    yield (
        "laws",
        "scaled, divided",
        recurrence(
            STEEP,
            sgd,
            ls.noise.scaled(LINE, user_parts.grows_outwards, {"growth": 2.0}),
            dt=0.2,
            scheme="flow",
        ),
    )
    halved = ls.dynamics.scheduled(ls.dynamics.adamw(), ls.schedules.step(0.1, 0.5))
    yield "optimizers", "scheduled", recurrence(box(2, 0.95), halved, PLANE)
    for name, dynamics in OPTIMIZERS.items():
        for dim, noise in ((1, LINE), (2, PLANE)):
            yield "optimizers", f"{name}, {dim}", recurrence(box(dim, 0.95), dynamics, noise)
    yield "parts", "of a user", recurrence(OWN, sgd, PLANE)
    yield "parts", "a divided step", recurrence(STEEP, sgd, LINE, dt=0.2, scheme="flow")
    yield "parts", "shifted", recurrence(box(1), sgd, LINE, correction="boundary-shift")
    yield "parts", "many steps", recurrence(box(1), sgd, LINE, 0.2, steps=300, paths=10)
    boxed = ls.dynamics.walled(OPTIMIZERS["clipped"], -0.5, [1.5, 1.2], "reflection")
    yield "parts", "within walls", recurrence(box(2, 0.95), boxed, PLANE)
    at_walls = ls.dynamics.walled(sgd, -2.0, 3.0)
    yield "parts", "divided at walls", recurrence(STEEP, at_walls, LINE, dt=0.2, scheme="flow")
    near = domains.sublevel_set(OWN.potential, 0.1)
    way = ls.basins.Approach(OWN.potential, near, [0.5, 0.3])
    yield "parts", "a way to a target", recurrence(way, sgd, PLANE)
    for name in ("independent", "skewed", "multifractal", "isotropic", "elliptic", "mixed"):
        yield "jumps", name, continuous(box(2), sgd, laws(2)[name], 1e-3, paths=16)
    yield "jumps", "sharp", continuous(ls.basins.sharp(), sgd, LINE, 1e-5)
    yield (
        "jumps",
        "kinked",
        continuous(ls.basins.asymmetric(), sgd, LINE, 0.02, paths=8, threshold=0.05),
    )
    yield "jumps", "a ball", continuous(ls.basins.flat(2), sgd, PLANE, 0.01, paths=8)
    yield "jumps", "of a user", continuous(OWN, sgd, PLANE, 1e-4, paths=8)
    growing = ls.noise.scaled(PLANE, user_parts.grows_outwards, {"growth": 2.0})
    yield "jumps", "scaled", continuous(box(2), sgd, growing, 1e-3, paths=16)
    yield "skips", "sgd", skipped(sgd, LINE)
    yield "skips", "skewed", skipped(sgd, ls.noise.independent(1.3, beta=0.5))
    yield "skips", "momentum", skipped(ls.dynamics.momentum(0.5), LINE)
    yield "skips", "censored", skipped(sgd, LINE, 0.05, paths=16, horizon=200.0)
    frozen = ls.dynamics.rmsprop(form="sde", rates="per_time", frozen=[1.0, 2.0])
    yield "jumps", "preconditioned", continuous(box(2), frozen, PLANE, 1e-3, paths=16)
    average = ls.dynamics.momentum(form="sde", rates="per_time")
    yield "jumps", "averaged", continuous(box(1), average, LINE, 0.01, paths=8)


def skipped(dynamics, noise, epsilon=0.02, **options) -> Run:
    def run(backend: str) -> ls.EscapeTimes:
        given = {"paths": 4, "method": "jump", "seed": 3, "dt": 0.25, "threshold": 0.2}
        return ls.escape_times(
            box(1), dynamics, noise, epsilon, backend=backend, **(given | options)
        )

    return run


def of_group(group: str, every: int) -> dict[str, Run]:
    """The settings of a group, or only one of so many."""
    found = [(name, run) for member, name, run in _settings() if member == group]
    return dict(found[::every])


def seal(run: ls.EscapeTimes) -> str:
    """All that a run gives, to the last bit."""
    return f"{run.digest} {run.positions_digest}"


GROUPS = ("laws", "optimizers", "parts", "jumps", "skips")


def fill_local_memory():
    """Have the simulator begin with local memory in which nothing is 0 by chance."""
    from numba.cuda.simulator import kernelapi
    from numba.np.numpy_support import as_dtype

    def array(self, shape, dtype, alignment=None):
        found = np.empty(shape, dtype if isinstance(dtype, np.dtype) else as_dtype(dtype))
        found.view(np.uint8)[...] = 0xFF
        return found

    kernelapi.FakeCUDALocal.array = array


if __name__ == "__main__":
    from levysde.engine.cuda import copies, lots

    if copies.is_simulated():
        fill_local_memory()
    lots._FIRST_STEPS = 1
    warnings.simplefilter("ignore")  # words are cut, and few paths escape
    found, usual, every = {}, lots.LAUNCH_SECONDS, int(sys.argv[1])
    for group in sys.argv[2:] or GROUPS:
        # One step a launch: all that a path keeps is kept between two. Paths of skips are long.
        lots.LAUNCH_SECONDS = usual if group == "skips" else 0.0
        found[group] = {name: seal(run("cuda")) for name, run in of_group(group, every).items()}
    print(json.dumps(found))
