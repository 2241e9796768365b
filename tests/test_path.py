"""One path as plain functions: passes, engines and the stream of numbers are made of them."""

import functools
from itertools import combinations, cycle

import numpy as np
import pytest

import levysde as ls
from levysde import domains, methods, potentials
from levysde.basins import Basin
from levysde.engine import backends, slots
from levysde.engine.cpu import euler_engine
from levysde.engine.cpu.noise_passes import noise_pass
from levysde.engine.cpu.passes import is_wide
from levysde.engine.path import increments, iteration
from levysde.engine.path import jump as jump_path
from levysde.engine.path.divided_step import flow_parameters
from levysde.engine.path.increments import drawn_drivers, is_coupled
from levysde.engine.path.recurrence_path import (
    WORK_ROWS,
    advance_of,
    parameters_of,
    status_after,
)
from levysde.engine.program import Outcome
from levysde.methods.recurrence import recurrence
from levysde.model import Model

DIMENSIONS = [*range(1, 11), 40, 130]
FEW_DIMENSIONS = [1, 2, 9]
"""Even and odd, of one vector and of more; validation has all."""
FEW_LAWS = ["independent", "multifractal", "mixed", "isotropic", "elliptic", "rows of data"]
"""One of each loop; validation has all."""
SEED = 3


@functools.cache
def laws(dim):
    rng = np.random.default_rng(dim)
    matrix = rng.standard_normal((dim, dim)) * np.tri(dim)
    return {
        "independent": ls.noise.independent(1.5),
        "by formula": ls.noise.independent(0.3, rng.random(dim) + 0.1),
        "skewed": ls.noise.independent(1.3, 1.0, rng.uniform(-1.0, 1.0, dim)),
        "multifractal": ls.noise.multifractal(np.linspace(1.1, 1.9, dim)),
        "mixed": ls.noise.mixed(1.5, rng.standard_normal((dim, 5))),
        "mixed by formula": ls.noise.mixed(0.3, rng.standard_normal((dim, 3))),
        "spectral": ls.noise.spectral(1.5, np.eye(dim), np.ones(dim)),
        "isotropic": ls.noise.isotropic(1.5),
        "diagonal": ls.noise.elliptic(1.5, np.diag(rng.random(dim) + 0.1)),
        "elliptic": ls.noise.elliptic(1.5, matrix + 2.0 * np.eye(dim)),
        "Gaussian": ls.noise.isotropic(2.0),
        "rows of data": ls.noise.empirical(rng.standard_normal((17, dim))),
    }


# -------------------------------------------------------------------------------- increments


def one_increment(part, dim, path, step):
    out = np.zeros(dim)
    z = np.empty(increments.drawn_drivers(part, dim)) if increments.is_coupled(part) else out
    with np.errstate(all="ignore"):  # of words that are cut
        increments.increment_of(part)(out, z, *address(path, step), part.p)
    return out


def address(path, step):
    return np.uint64(SEED), np.uint64(path), np.uint64(step)


@pytest.mark.parametrize(
    ("name", "dim"),
    [*zip(["by formula", *FEW_LAWS], cycle(FEW_DIMENSIONS)), *((name, 40) for name in FEW_LAWS)],
)
def test_passes_are_the_increment_of_one_path(name, dim):
    """Bit for bit, in both layouts, for whole vectors of lanes and for what remains of them."""
    part = laws(dim)[name].part(dim, 0.1, 0.01)
    lanes = 16
    block = np.full((lanes, dim) if is_wide(dim) else (dim, lanes), np.nan)
    path = np.arange(lanes, dtype=np.uint64) + np.uint64(1 << 33)
    step = np.arange(lanes, dtype=np.uint64) * np.uint64(7)
    count = 13
    noise_pass(part, dim)(block, np.uint64(SEED), path, step, part.p, count)
    rows = block if is_wide(dim) else block.T
    for lane in range(0, count, 1 if dim < 20 else 6):
        assert (rows[lane] == one_increment(part, dim, path[lane], step[lane])).all()


def test_another_slot_is_another_increment(monkeypatch):
    """The twin: the comparison sees which slot a driver has."""
    part = ls.noise.independent(1.5).part(4, 0.1, 0.01)
    before, words = one_increment(part, 4, 0, 0), increments.random_words
    monkeypatch.setattr(
        increments, "random_words", lambda s, p, n, k: words(s, p, n, k ^ np.uint64(1))
    )
    assert not (one_increment(part, 4, 0, 0) == before).all()


# --------------------------------------------------------------------------------- iterations


def box(dim):
    well = potentials.quadratic(dim, np.linspace(1.0, 3.0, dim))
    return Basin(well, domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim))


AVERAGED = ls.dynamics.adam(20.0, 20.0, 0.0, form="sde", rates="per_time", frozen=1.0)
OPTIMIZERS = {
    "sgd": ls.dynamics.sgd(),
    "clipped": ls.dynamics.sgd(clip=0.05),
    "adam": ls.dynamics.adam(),
    "noisy": ls.dynamics.adam(form="sde", gradient_noise=1.0),
    "between walls": ls.dynamics.walled(ls.dynamics.sgd(), -0.5, 2.0, "reflection"),
    "averaged, between walls": ls.dynamics.walled(AVERAGED, -0.5, 2.0, "reflection"),
    "clipped, between walls": ls.dynamics.walled(ls.dynamics.sgd(clip=0.3), -0.5, 2.0),
}


@pytest.mark.parametrize(("name", "dim"), list(zip(OPTIMIZERS, cycle([3, 33, 1]))))
def test_the_block_engine_repeats_the_iteration_of_one_path(name, dim):
    check_one_path(box(dim), OPTIMIZERS[name])


@pytest.mark.parametrize("name", ["averaged, between walls"])
def test_the_block_engine_repeats_the_divided_iteration_of_one_path(name):
    """In a well so steep that every far jump is followed by a divided step."""
    dim = 2
    well = potentials.quartic(dim, 1e3)
    basin = Basin(well, domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim))
    check_one_path(basin, OPTIMIZERS[name], "flow")
    ends = [
        [one_path(program_of(basin, OPTIMIZERS[name], scheme), path)[2] for path in range(PATHS)]
        for scheme in ("flow", "euler")
    ]
    assert (np.array(ends[0]) != ends[1]).any()


HORIZON, PATHS = 30, 6


def program_of(basin, optimizer, scheme):
    model = Model(basin, optimizer, ls.noise.isotropic(1.5), 0.3)
    return recurrence(model, 0.05, SEED, None, scheme)


def check_one_path(basin, optimizer, scheme="euler"):
    program, outcome = program_of(basin, optimizer, scheme), Outcome.empty(PATHS, basin.dim)
    euler_engine.escape(program, outcome, 0, PATHS, HORIZON, threads=1)
    for path in range(PATHS):
        step, status, x = one_path(program, path)
        assert (outcome.steps[path], outcome.status[path]) == (step, status)
        assert (outcome.position[path] == x).all()


def one_path(program, path):
    """In plain Python: the step and the status with which it ends, and where."""
    dim, iterate, status_of = len(program.start), advance_of(program), status_after(program)
    parameters, work = parameters_of(program), np.empty((WORK_ROWS, dim))
    x, (m, v, g, dL), step, status = program.start.copy(), np.zeros((4, dim)), 0, 0
    z = np.empty(drawn_drivers(program.noise, dim)) if is_coupled(program.noise) else dL
    while status == 0:
        where = address(path, step)
        with np.errstate(all="ignore"):  # of words that are cut, and of steps that overshoot
            iterate((x, m, v), g, dL, z, work, program.dt, *where, parameters)
            step += 1
            status = status_of(x, program.outside_p, step, HORIZON)
    return step, status, x


def test_rows_and_vectors_agree_on_what_is_finite():
    for x in ([1.0, -2.0], [np.nan, 0.0], [0.0, np.inf], [-np.inf, np.nan]):
        with np.errstate(invalid="ignore"):
            found = iteration.is_finite(np.array(x)), iteration.is_finite_row(np.array(x))
        assert found == (np.isfinite(x).all(),) * 2


def test_flow_parameters_keep_one_level_where_all_are_equal():
    model = Model(box(2), OPTIMIZERS["sgd"], ls.noise.independent(1.5), 0.3)
    part = recurrence(model, 0.05, SEED, None, "flow").flow
    assert len(flow_parameters(part, np.zeros(3))) == 4 + part.table.shape[1] + 3


# --------------------------------------------------------------------------------------- slots


def overlap(one, other):
    return one.first < other.end and other.first < one.end


@pytest.mark.parametrize("use", ["RECURRENCE", "SKIPPED_RECURRENCE", "CONTINUOUS_TIME"])
def test_no_two_uses_of_a_step_share_a_slot(use):
    table = getattr(slots, use)
    assert len({each.use for each in table}) == len(table)
    assert all(0 <= each.first < each.end <= slots.END for each in table)
    assert not any(overlap(one, other) for one, other in combinations(table, 2))


def test_two_uses_of_a_slot_are_noticed():
    """The twin: jumps and drivers would collide, which is why no step has both."""
    assert overlap(slots.RECURRENCE[0], slots.CONTINUOUS_TIME[0])


def drawn_slots(monkeypatch, module, run):
    """The slots of all words that a module asks for."""
    seen, words = [], module.random_words

    def noted(seed, path, step, slot):
        seen.append(int(slot))
        return words(seed, path, step, slot)

    monkeypatch.setattr(module, "random_words", noted)
    with np.errstate(all="ignore"):
        run()
    return seen


@pytest.mark.parametrize("brownian", [False, True], ids=["alone", "with Brownian motion"])
@pytest.mark.parametrize("dim", [1, 2, 7, 40])
@pytest.mark.parametrize("name", laws(2))
def test_increments_keep_to_their_slots(monkeypatch, name, dim, brownian):
    law = laws(dim)[name]
    part = (ls.noise.plus_brownian(law, 1.0) if brownian else law).part(dim, 0.1, 0.01)
    seen = drawn_slots(monkeypatch, increments, lambda: one_increment(part, dim, 0, 0))
    drivers, (_, beside, radius, _) = slots.SKIPPED_RECURRENCE[0], slots.RECURRENCE[1:]
    assert len(seen) == len(set(seen))
    added = [slot for slot in seen if beside.first <= slot < beside.end]
    assert added == [int(beside.first) + j for j in range(dim if brownian else 0)]
    for slot in set(seen) - set(added):
        assert drivers.first <= slot < drivers.end or slot == radius.first


def test_variates_of_dynamics_and_of_moves_keep_to_their_slots(monkeypatch):
    seen = drawn_slots(monkeypatch, iteration, lambda: iteration.normal_variate(*address(0, 0), 5))
    assert seen == [int(slots.NORMAL_SLOT) + 5]
    z = np.zeros(9)
    seen = drawn_slots(monkeypatch, jump_path, lambda: jump_path._normals(z, 9, *address(0, 0)))
    assert seen == [1, 2, 3]
    assert (z != 0.0).all()


# ------------------------------------------------------------------------------------ backends


def test_the_backend_selects_the_engine_that_runs(monkeypatch):
    """Another entry of the table is all that another backend takes, and the record names it."""
    made = []
    engines = backends.BACKENDS["cpu"]()

    class Counting:
        allocate, prepare = staticmethod(euler_engine.allocate), staticmethod(euler_engine.prepare)

        @staticmethod
        def escape(*arguments, **options):
            made.append(arguments)
            return euler_engine.escape(*arguments, **options)

    other = engines._replace(recurrence=Counting())
    monkeypatch.setitem(backends.BACKENDS, "counting", lambda: other)
    run = dict(epsilon=0.5, paths=20, dt=0.05, seed=1)
    parts = box(1), OPTIMIZERS["sgd"], ls.noise.independent(1.5)
    result = ls.escape_times(*parts, backend="counting", **run)
    assert result.parameters["backend"] == "counting"
    assert len(made) == 1
    usual = ls.escape_times(*parts, **run)
    assert usual.parameters["backend"] == "cpu"
    assert usual.digest == result.digest
    assert len(made) == 1


def test_every_method_has_an_engine_of_the_backend():
    engines = backends.BACKENDS["cpu"]()
    model = Model(ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 1e-3)
    for method, dt, engine in (
        ("euler", 0.01, engines.recurrence),
        ("jump", "auto", engines.continuous),
        ("jump", 0.01, engines.skipping),
    ):
        assert methods.prepare(method, model, methods.Request(dt, seed=0)).engine is engine


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="unknown backend 'tpu'; known: cpu"):
        ls.escape_times(
            box(1), OPTIMIZERS["sgd"], ls.noise.independent(1.5), 0.5, paths=5, backend="tpu"
        )
