"""The engine as a program: reproducible, in every layout, with every end named."""

import functools
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numba
import numpy as np
import pytest
from naive import escape as naive_escape

import levysde as ls
from levysde import domains, potentials
from levysde.engine import compile as compiler
from levysde.engine import source, status
from levysde.engine.cpu import euler_engine
from levysde.engine.program import Outcome
from levysde.methods.recurrence import recurrence
from levysde.model import Model

SGD = ls.dynamics.sgd()
STABLE = ls.noise.independent(1.5)


def box_basin(dim):
    well = potentials.quadratic(dim, np.linspace(0.5, 2.0, dim))
    return ls.Basin(well, domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim))


def program_of(basin, epsilon=0.5, dt=0.05, seed=11, noise=STABLE):
    return recurrence(Model(basin, SGD, noise, epsilon), dt, seed)


DIMENSIONS = (1, 3, 5, 32, 33, 40, 50)
"""In both layouts; 33 is the first that is wide."""


@pytest.mark.parametrize("dim", [1, 32, 33])
def test_engine_is_the_plain_functions_bit_for_bit(dim):
    """A loop in plain Python over the same plain functions gives the same paths."""
    program = program_of(box_basin(dim), epsilon=0.4)
    outcome = Outcome.empty(20, dim)
    horizon = 6
    euler_engine.escape(program, outcome, 0, 20, horizon, threads=1)
    assert len(set(outcome.status.tolist())) >= (2 if dim > 1 else 1)
    for path in range(0, 20, 1 if dim < 10 else 6):
        steps, status, position = naive_escape(program, path, horizon)
        assert (outcome.steps[path], outcome.status[path]) == (steps, status)
        assert (outcome.position[path] == position).all()


def remembers(j, x, m, v, g, dL, dt, t, p):
    """An update that uses everything it is given: both moments, the time and a parameter."""
    m = m + p[0] * (g - m) * dt
    v = v + (g * g - v) * dt / (1.0 + t)
    return x - m * dt / (1.0 + v) + dL * (1.0 + 0.1 * t) + 1e-3 * j, m, v


@pytest.mark.parametrize("dim", [1, 33])
def test_moments_and_time_belong_to_their_path(dim):
    """More paths than lanes: moments begin at zero, move with their path, and time is its own."""
    dynamics = ls.dynamics.Dynamics("remembers", remembers, memory=True, params={"rate": 3.0})
    program = recurrence(Model(box_basin(dim), dynamics, STABLE, 0.4), 0.05, seed=11)
    outcome = Outcome.empty(40, dim)
    euler_engine.escape(program, outcome, 0, 40, 25, threads=1, lanes=8)
    assert len(set(outcome.steps.tolist())) > 3
    for path in range(0, 40, 3 if dim < 10 else 13):
        steps, status, position = naive_escape(program, path, 25)
        assert (outcome.steps[path], outcome.status[path]) == (steps, status)
        assert (outcome.position[path] == position).all()


@pytest.mark.parametrize("dim", [1, 33])
def test_same_result_for_any_threads_and_blocks(dim):
    program = program_of(box_basin(dim))
    reference = Outcome.empty(1000, dim)
    euler_engine.escape(program, reference, 0, 1000, 400, threads=1)
    assert (reference.status == status.ESCAPED).sum() > 900
    for threads, lanes in ((1, 8), (2, 64), (3, 8), (2, 256), (5, None)):
        other = Outcome.empty(1000, dim)
        euler_engine.escape(program, other, 0, 1000, 400, threads=threads, lanes=lanes)
        assert (other.steps == reference.steps).all()
        assert (other.status == reference.status).all()
        assert (other.position == reference.position).all()


def test_shards_are_parts_of_the_whole():
    program = program_of(box_basin(3))
    whole = Outcome.empty(300, 3)
    euler_engine.escape(program, whole, 0, 300, 1000)
    for first, last in ((0, 7), (7, 200), (200, 300)):
        shard = Outcome.empty(last - first, 3, first)
        euler_engine.escape(program, shard, first, last, 1000)
        assert (shard.steps == whole.steps[first:last]).all()
        assert (shard.position == whole.position[first:last]).all()


def test_path_ids_beyond_32_bits_have_numbers_of_their_own():
    program = program_of(box_basin(1))
    low, high = Outcome.empty(50, 1), Outcome.empty(50, 1, 2**40)
    euler_engine.escape(program, low, 0, 50, 1000)
    euler_engine.escape(program, high, 2**40, 2**40 + 50, 1000)
    assert not (low.steps == high.steps).all()


def test_public_digest_is_the_same_for_any_threads():
    digests = {
        ls.escape_times(box_basin(3), SGD, STABLE, 0.4, paths=2000, seed=5, threads=k).digest
        for k in (1, 2, 4)
    }
    assert len(digests) == 1
    other = ls.escape_times(box_basin(3), SGD, STABLE, 0.4, paths=2000, seed=6)
    assert other.digest not in digests


def test_a_longer_run_begins_with_the_shorter_one():
    short = ls.escape_times(box_basin(1), SGD, STABLE, 0.4, paths=500, seed=5)
    long = ls.escape_times(box_basin(1), SGD, STABLE, 0.4, paths=1000, seed=5)
    assert (long.steps[:500] == short.steps).all()
    resumed = ls.escape_times(box_basin(1), SGD, STABLE, 0.4, paths=1000, seed=5, resume=short)
    assert resumed.digest == long.digest
    assert (resumed.exit_position == long.exit_position).all()
    cut = ls.escape_times(box_basin(1), SGD, STABLE, 0.4, paths=500, seed=5, resume=long)
    assert cut.digest == short.digest


def test_resume_refuses_another_run():
    short = ls.escape_times(box_basin(1), SGD, STABLE, 0.4, paths=20, seed=5)
    with pytest.raises(ValueError, match=r"epsilon = 0\.4, this run has 0\.5"):
        ls.escape_times(box_basin(1), SGD, STABLE, 0.5, paths=40, seed=5, resume=short)


def test_resume_refuses_other_functions():
    """Two gradients of one name: the code tells them apart."""

    def one(x, p, out):
        out[0] = x[0]

    def other(x, p, out):
        out[0] = 50.0 * x[0]

    basins = [ls.Basin(ls.Potential(1, g), domains.interval(-1.0, 1.0), 0.0) for g in (one, other)]
    options = {"dt": 0.01, "horizon": 5.0, "seed": 5}
    short = ls.escape_times(basins[0], SGD, STABLE, 0.4, paths=20, **options)
    assert (
        ls.escape_times(basins[0], SGD, STABLE, 0.4, paths=40, resume=short, **options).paths == 40
    )
    with pytest.raises(ValueError, match="another gradient function"):
        ls.escape_times(basins[1], SGD, STABLE, 0.4, paths=40, resume=short, **options)
    with pytest.raises(ValueError, match=r"resume is 'run\.npz'"):
        ls.escape_times(basins[0], SGD, STABLE, 0.4, paths=40, resume="run.npz", **options)


def test_large_matrices_are_kept_as_a_hash():
    dim = 60
    matrix = np.eye(dim) + 0.001
    basin = ls.Basin(
        potentials.quadratic(dim, matrix), domains.ball(np.zeros(dim), 1.0), np.zeros(dim)
    )
    result = ls.escape_times(basin, SGD, STABLE, 0.4, paths=5, dt=0.01, horizon=1.0)
    kept = result.parameters["potential"]["params"]["curvature"]
    assert kept["shape"] == [dim, dim]
    assert len(kept["sha256"]) == 64


@pytest.mark.parametrize(("dt", "words"), [(0.08, "oscillates"), (0.2, "diverges")])
def test_a_step_too_long_for_the_well_is_said(dt, words):
    with pytest.warns(UserWarning, match=words):
        ls.escape_times(ls.basins.sharp(), SGD, STABLE, 0.1, paths=5, dt=dt)


def test_trajectories_are_the_paths_of_escape_times():
    basin = box_basin(3)
    result = ls.escape_times(basin, SGD, STABLE, 0.3, paths=40, dt=0.05, seed=3)
    steps = int(result.steps.max())
    sample = ls.trajectories(basin, SGD, STABLE, 0.3, paths=40, steps=steps, dt=0.05, seed=3)
    outside = (np.abs(sample.positions) >= 1.0).any(axis=2)
    assert (outside.argmax(axis=1) == result.steps).all()
    at_exit = sample.positions[np.arange(40), result.steps]
    assert (at_exit == result.exit_position).all()


@pytest.mark.parametrize("dim", [3, 33])
def test_thinned_trajectories_are_every_so_manyth_state(dim):
    full = ls.trajectories(box_basin(dim), SGD, STABLE, 0.1, paths=300, steps=10, dt=0.05)
    thin = ls.trajectories(box_basin(dim), SGD, STABLE, 0.1, paths=300, steps=10, dt=0.05, every=3)
    assert thin.positions.shape == (300, 4, dim)
    assert (thin.positions == full.positions[:, ::3]).all()
    assert thin.times == pytest.approx([0.0, 0.15, 0.3, 0.45])


def test_noise_free_paths_follow_the_gradient():
    basin = ls.Basin(potentials.quadratic(1, 2.0), domains.interval(-1.0, 1.0), 0.0, start=0.5)
    sample = ls.trajectories(basin, SGD, STABLE, 1e-100, paths=1, steps=20, dt=0.1)
    assert sample.positions[0, :, 0] == pytest.approx(0.5 * 0.8 ** np.arange(21), rel=1e-14)


# ------------------------------------------------------------------------------------------- ends


def becomes_nan(x, p, out):
    out[0] = x[0] if abs(x[0]) < p[0] else math.nan


def overflows(x, p, out):
    out[0] = x[0] if abs(x[0]) < p[0] else -1e308 * x[0] * 100.0


@pytest.mark.parametrize("gradient", [becomes_nan, overflows])
def test_paths_that_become_non_finite_are_named(gradient):
    basin = ls.Basin(
        ls.Potential(1, gradient, params={"edge": 0.5}), domains.interval(-1.0, 1.0), 0.0
    )
    result = ls.escape_times(basin, SGD, STABLE, 0.5, paths=500, dt=0.01, horizon=100.0, seed=1)
    assert result.non_finite > 50
    assert result.escaped > 50
    assert result.non_finite + result.escaped + result.censored == 500
    lost = result.status == ls.Status.NON_FINITE
    assert not np.isfinite(result.exit_position[lost]).any()
    assert np.isfinite(result.exit_position[~lost]).all()
    assert any("non-finite" in sentence or "NaN" in sentence for sentence in result.warnings)


def test_horizon_censors_after_exactly_that_many_steps():
    result = ls.escape_times(
        ls.basins.flat(), SGD, STABLE, 0.1, paths=1000, dt=0.01, horizon=10.0, seed=1
    )
    censored = result.status == ls.Status.HORIZON
    assert (result.steps[censored] == 1000).all()
    assert (result.steps[~censored] <= 1000).all()
    assert 800 < result.censored < 950
    longer = ls.escape_times(
        ls.basins.flat(), SGD, STABLE, 0.1, paths=1000, dt=0.01, horizon=100.0, seed=1
    )
    assert (longer.steps[~censored] == result.steps[~censored]).all()


def test_an_exit_at_the_horizon_is_an_exit():
    full = ls.escape_times(ls.basins.flat(), SGD, STABLE, 1.0, paths=200, dt=0.01, seed=1)
    steps = int(full.steps[0])
    cut = ls.escape_times(
        ls.basins.flat(), SGD, STABLE, 1.0, paths=1, dt=0.01, horizon=steps * 0.01, seed=1
    )
    assert cut.status[0] == ls.Status.ESCAPED


def test_rel_error_stops_with_enough_escapes():
    options = {"epsilon": 0.5, "seed": 2, "dt": 0.05}
    result = ls.escape_times(box_basin(1), SGD, STABLE, rel_error=0.1, **options)
    low, high = result.rate_interval()
    assert (high - low) / 2.0 <= 0.1 * result.rate
    assert result.escaped == ls.estimators.escapes_needed(0.1)
    plain = ls.escape_times(box_basin(1), SGD, STABLE, paths=result.paths, **options)
    assert plain.digest == result.digest


def test_rel_error_counts_escapes_and_not_paths():
    result = ls.escape_times(
        box_basin(1), SGD, STABLE, 0.1, rel_error=0.1, horizon=5.0, dt=0.05, seed=2
    )
    assert result.censored > 0
    assert result.escaped >= ls.estimators.escapes_needed(0.1)


def test_rel_error_out_of_reach_is_said():
    with pytest.warns(UserWarning, match="100 escapes of 100 paths"):
        ls.escape_times(box_basin(1), SGD, STABLE, 0.5, rel_error=0.1, paths=100, dt=0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epsilon": 0.0}, "epsilon is 0"),
        ({"epsilon": "0.1"}, "epsilon is '0.1'"),
        ({"epsilon": 1e-300}, "epsilon is 1e-300"),
        ({"paths": 0}, "paths is 0"),
        ({"paths": 1e4}, "paths is 10000.0"),
        ({"paths": 2**50}, "at most"),
        ({"dt": 0.0}, "dt is 0"),
        ({"dt": "small"}, "unknown dt 'small'"),
        ({"horizon": -1.0}, "horizon is -1"),
        ({"horizon": 1e300}, "fewer than"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"method": "exact"}, "unknown method 'exact'; known: euler"),
        ({"backend": "tpu"}, "unknown backend 'tpu'"),
        ({"threads": 0}, "threads is 0"),
        ({"rel_error": -0.1}, "rel_error is -0.1"),
        ({"basin": "sharp"}, "basin is 'sharp'; give a Basin"),
        ({"noise": 1.5}, "noise is 1.5; give a Noise"),
        ({"noise": ls.noise.independent(2.0)}, "give horizon a time"),
        (
            {"noise": ls.noise.independent(1.5, [1.0, 2.0])},
            "of dimension 2 and the basin of dimension 1",
        ),
    ],
)
def test_wrong_values_are_refused(options, words):
    arguments = {"basin": ls.basins.flat(), "dynamics": SGD, "noise": STABLE, "epsilon": 0.5}
    with pytest.raises(ValueError, match=words):
        ls.escape_times(**{**arguments, "paths": 10, **options})


def test_trajectories_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="GiB"):
        ls.trajectories(ls.basins.flat(), SGD, STABLE, 0.1, paths=10**6, steps=10**6)


# ----------------------------------------------------------------------------- the users' functions

FACTOR = 2.0


def helper(x):
    return FACTOR * x


def with_helper(x, p, out):
    for j in range(len(x)):
        out[j] = helper(x[j]) + math.sin(x[j]) + np.exp(-x[j]) - 1.0


def uses_a_dictionary(x, p, out):
    out[0] = {"a": x[0]}["a"] if x[0] < 1e9 else open("nothing").read()  # noqa: SIM115


def test_functions_may_call_functions_and_libraries():
    basin = ls.Basin(ls.Potential(2, with_helper), domains.ball([0.0, 0.0], 1.0), [0.0, 0.0])
    result = ls.escape_times(basin, SGD, STABLE, 0.5, paths=200, dt=0.01, seed=1)
    assert result.escaped == 200
    reference = program_of(basin, 0.5, 0.01, 1)
    steps, status, position = naive_escape(reference, 3, 2000)
    assert (result.steps[3], result.status[3]) == (steps, status)
    assert result.exit_position[3] == pytest.approx(position, rel=1e-12)


def test_what_cannot_be_compiled_is_one_sentence():
    basin = ls.Basin(ls.Potential(1, uses_a_dictionary), domains.interval(-1.0, 1.0), 0.0)
    with pytest.raises(ValueError, match="'uses_a_dictionary' cannot be compiled") as caught:
        ls.escape_times(basin, SGD, STABLE, 0.5, paths=20, dt=0.01)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


TABLE = np.array([1.0, 2.0])


def with_globals(x, p, out):
    out[0] = helper(x[0]) * TABLE[0]


def first_position():
    """Where the noise-free path from 1 is after one step: 1 - dt g(1)."""
    basin = ls.Basin(ls.Potential(1, with_globals), domains.interval(-1e9, 1e9), 0.0, start=1.0)
    return ls.trajectories(basin, SGD, STABLE, 1e-90, 1, 1, dt=0.01).positions[0, 1, 0]


def test_compiled_functions_follow_their_globals_in_one_process(monkeypatch):
    """A constant, an array changed in place and a redefined helper are those of now."""
    keys = {source.source_key(with_globals)}
    assert first_position() == pytest.approx(1.0 - 0.01 * 2.0, abs=1e-80)
    assert source.source_key(with_globals) in keys
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert first_position() == pytest.approx(1.0 - 0.01 * 3.0, abs=1e-80)
    keys.add(source.source_key(with_globals))
    monkeypatch.setattr(sys.modules[__name__], "TABLE", TABLE.copy())
    TABLE[0] = 5.0
    assert first_position() == pytest.approx(1.0 - 0.01 * 15.0, abs=1e-80)
    keys.add(source.source_key(with_globals))
    monkeypatch.setitem(globals(), "helper", lambda x: 7.0 * x)
    assert first_position() == pytest.approx(1.0 - 0.01 * 35.0, abs=1e-80)
    keys.add(source.source_key(with_globals))
    assert len(keys) == 4


def test_equal_functions_are_compiled_once():
    before = len(compiler._prepared)
    for _ in range(5):
        basin = ls.Basin(
            potentials.quadratic(2),
            domains.sublevel_set(potentials.quadratic(2), 0.5),
            [0.0, 0.0],
        )
        ls.escape_times(basin, SGD, STABLE, 1.0, paths=5, dt=0.01, horizon=1.0)
    assert len(compiler._prepared) <= before + 12


@pytest.mark.parametrize(
    "gradient", [functools.partial(with_globals), "text".join, type("Callable", (), {})]
)
def test_other_callables_are_refused(gradient):
    with pytest.raises(ValueError, match="give a plain function"):
        ls.Potential(1, gradient)


def test_a_function_that_changes_its_argument_is_refused():
    def moves(x, p, out):
        out[0] = x[0]
        x[0] = 0.5

    with pytest.raises(ValueError, match="changed x"):
        ls.Basin(ls.Potential(1, moves), domains.interval(-1.0, 1.0), 0.0, start=0.1)


# ------------------------------------------------------------------------------------- interruption


def test_interrupt_keeps_the_finished_prefix():
    """Ctrl-C in the middle of a run: an answer within a second, with the paths that had ended."""
    basin, noise = ls.basins.flat(), STABLE
    options = {"epsilon": 0.3, "paths": 500_000, "dt": 0.001, "seed": 4}
    ls.escape_times(basin, SGD, noise, 0.5, paths=10, dt=0.001)  # compile first
    sent = []

    def send():
        time.sleep(0.5)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send).start()
    with pytest.raises(ls.Interrupted) as caught:
        ls.escape_times(basin, SGD, noise, **options)
    assert time.perf_counter() - sent[0] < 1.0
    partial = caught.value.result
    if partial is not None:
        again = ls.escape_times(basin, SGD, noise, **{**options, "paths": min(3, partial.paths)})
        assert (again.steps == partial.steps[: again.paths]).all()


def test_few_long_paths_run_in_long_segments(monkeypatch):
    """Short compiled calls on several threads would wait for each other in the interpreter."""
    calls = 0
    advance = euler_engine._compiled_advance()

    def counted(*arguments):
        nonlocal calls
        calls += 1
        return advance(*arguments)

    monkeypatch.setattr(euler_engine, "_compiled_advance", lambda: counted)
    noise = ls.noise.independent(1.5)
    result = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), noise, 1e-4, paths=4, dt=0.01, horizon=1e4, threads=2
    )
    assert result.total_steps == 4_000_000
    assert calls < 400


# -------------------------------------------------------------------------------------------- cache

SCRIPT = """
import levysde as ls
from levysde.engine.cpu import euler_engine, noise_passes, passes, update_pass
from levysde.engine.random import quantile

def gradient(x, p, out):
    out[0] = {factor} * x[0]

basin = ls.Basin(ls.Potential(1, gradient), ls.domains.interval(-1.0, 1.0), 0.0)
noise = ls.noise.independent(1.5)
ls.escape_times(basin, ls.dynamics.sgd(), noise, 0.5, paths=10, dt=0.01)
made = [
    noise_passes.noise_pass(noise.part(1, 1.0, 1.0), 1),
    passes.gradient_pass(gradient, 1),
    update_pass.update_pass(ls.dynamics.sgd().part(1, 0.01), 1),
    passes.check_pass(basin.domain.outside, 1),
    euler_engine._compiled_advance(),
    quantile._compiled("solve"),
]
print([sum(d.stats.cache_hits.values()) for d in made])
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache that processes have filled one after the other, and what each of them found in it."""
    folder, hits = tmp_path_factory.mktemp("filled"), []
    script = folder / "script.py"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    for factor in (1.0, 1.0, 2.0):
        script.write_text(SCRIPT.format(factor=factor))
        done = subprocess.run(
            [sys.executable, str(script)], env=environment, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        hits.append(done.stdout.strip())
    return folder / "cache", hits


@pytest.mark.processes
def test_cache_hits_misses_and_follows_the_source(filled):
    """A second process compiles nothing; a changed gradient is compiled anew, alone."""
    hits = filled[1]
    assert hits[0] == "[0, 0, 0, 0, 0, 0]"
    assert hits[1] == "[1, 1, 1, 1, 1, 1]"
    assert hits[2] == "[1, 0, 1, 1, 1, 1]"


@pytest.mark.processes
def test_no_two_functions_share_a_cache_index(filled):
    """Numba's index can mix up functions added at once by two processes; one entry cannot."""
    indices, codes = (sorted(filled[0].rglob(f"*.{ending}")) for ending in ("nbi", "nbc"))
    assert len(indices) == 5 + 2
    assert len(codes) == len(indices)
    assert len({path.name for path in indices}) == len(indices)


MODULE_SCRIPT = """
import numpy as np
import levysde as ls
import mod_of_user
from {author} import gradient

def slope(gradient):
    return ls.Potential(1, gradient).gradient_many(np.ones((1, 1)))[0, 0]

for name in ("module", "tuple", "ufunc", "default"):
    print(name, slope(getattr(mod_of_user, f"through_{{name}}")))
print("author", slope(gradient))
"""

MODULE = """
import numba
import numpy as np
import parameters_of_user

PAIR = (np.array([{value}, 1.0]), 2.0)

@numba.vectorize
def universal(x):
    return {value} * x

def through_module(x, p, out):
    out[0] = parameters_of_user.K * x[0]

def through_tuple(x, p, out):
    out[0] = PAIR[0][0] * x[0]

def through_ufunc(x, p, out):
    out[0] = universal(x[0])

def inner(x, k={value}):
    return k * x

def through_default(x, p, out):
    out[0] = inner(x[0])
"""


MODULE_OF_AUTHOR = """
def gradient(x, p, out):
    out[0] = 1.25 * x[0]
"""


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory):
    """Slopes that a process finds, and another with the same cache and changed modules."""
    folder, found = tmp_path_factory.mktemp("of_user"), []
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    for value, author in ((1.0, "first_author"), (3.0, "second_author")):
        (folder / "mod_of_user.py").write_text(MODULE.format(value=value))
        (folder / "parameters_of_user.py").write_text(f"K = {value}")
        (folder / f"{author}.py").write_text(MODULE_OF_AUTHOR)
        done = subprocess.run(
            [sys.executable, "-c", MODULE_SCRIPT.format(author=author)], env=environment,
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        slopes = dict(line.split() for line in done.stdout.splitlines())
        found.append({name: float(slope) for name, slope in slopes.items()})
        (folder / f"{author}.py").unlink()
    return found


@pytest.mark.processes
def test_disk_cache_follows_imported_modules(of_two_processes):
    """Values that a function in a module reaches in other ways than by a global number."""
    for value, found in zip((1.0, 3.0), of_two_processes, strict=True):
        reached = {name: slope for name, slope in found.items() if name != "author"}
        assert reached == dict.fromkeys(("module", "tuple", "ufunc", "default"), value)


@pytest.mark.processes
def test_cached_code_does_not_need_the_module_of_its_author(of_two_processes):
    """The same function in a module of another name finds the code of the first, and runs."""
    assert [found["author"] for found in of_two_processes] == [1.25, 1.25]


AT_ONCE = """
import sys
import numpy as np
from levysde.engine.cpu import passes

def shared(x, p, out):
    out[0] = -x[0]

def slope(gradient):
    out = np.zeros((1, 8))
    passes.gradient_pass(gradient, 1)(np.ones((1, 8)), np.zeros(0), out, 8)
    return out[0, 0]

def scaled_by(factor):
    def gradient(x, p, out):
        out[0] = factor * x[0]
    return gradient

for factor in map(float, sys.argv[1:]):
    assert slope(shared) == -1.0
    assert slope(scaled_by(factor)) == factor
"""


@pytest.mark.processes
def test_processes_that_compile_at_once_run_their_own_code(tmp_path):
    """Two processes fill one empty cache at the same time; a third runs what they have left."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def start(*factors):
        return subprocess.Popen([sys.executable, "-c", AT_ONCE, *factors], env=environment)

    factors = ["0.125", "0.25"]
    assert [process.wait() for process in [start(factor) for factor in factors]] == [0] * 2
    assert start(*factors).wait() == 0


def test_unwritable_installation_falls_back_to_a_temporary_cache(monkeypatch, tmp_path):
    from numba.core import caching

    user_provided = getattr(caching, "UserProvidedCacheLocator", None)
    user_provided = user_provided or caching._UserProvidedCacheLocator  # its name in older numba
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [user_provided])
    monkeypatch.setattr(compiler, "temporary_cache_folder", lambda: tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")

    def double(x):
        return 2.0 * x

    signature = numba.types.float64(numba.types.float64)
    assert compiler.compile_cached(double, signature)(4.0) == 8.0
    assert list(tmp_path.rglob("*.nbi"))
    assert numba.config.CACHE_DIR == ""


def test_temporary_cache_belongs_to_the_user_alone():
    folder = compiler.temporary_cache_folder()
    state = folder.stat()
    assert state.st_uid == os.getuid()
    assert state.st_mode & 0o077 == 0


# ------------------------------------------------------------------------------------------- memory


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_a_million_paths_fit_into_400_megabytes():
    # VmHWM belongs to the program alone; ru_maxrss would include the parent before exec.
    code = (
        "import levysde as ls\n"
        "r = ls.escape_times(ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 1.0,"
        " paths=1_000_000, dt=0.1, seed=1)\n"
        "r.mean_interval(), r.rate_interval(), r.exponentiality(), r.digest\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 400e6
