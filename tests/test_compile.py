"""Compilation of the user's functions: what is refused, what is kept, what is interrupted."""

import gc
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

import levysde as ls
from levysde import domains
from levysde.engine import cache_folder
from levysde.engine import compile as compiler
from levysde.engine.cpu import noise_passes, passes, update_pass

SGD, STABLE = ls.dynamics.sgd(), ls.noise.independent(1.5)


def basin_of(gradient, outside=None):
    domain = domains.interval(-1.0, 1.0) if outside is None else ls.Domain(1, outside)
    return ls.Basin(ls.Potential(1, gradient, params={"unused": 1.0}), domain, 0.0)


# ------------------------------------------------------------------------------------ one sentence


def linear(x, p, out):
    out[0] = x[0]


def writes_far_out(x, p, out):
    out[0] = x[0]
    if x[0] > 1e8:
        x[0] = 1e8


def writes_parameters(x, p, out):
    out[0] = x[0]
    if x[0] > 1e8:
        p[0] = 1.0


def predicate_that_writes(x, p):
    if x[0] > 1e8:
        x[0] = 1e8
    return abs(x[0]) >= 1.0


def formats(x, p, out):
    out[0] = x[0] + len(f"{x[0]:.3f}")


def factorial(n):
    return 1.0 if n <= 0 else n * factorial(n - 1)


def recursive(x, p, out):
    out[0] = factorial(3) * x[0]


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def alternates(x, p, out):
    out[0] = x[0] if even(4) else 0.0


@pytest.mark.parametrize("method", ["euler", "jump"])
@pytest.mark.parametrize(
    ("gradient", "outside", "words"),
    [
        (writes_far_out, None, "'writes_far_out' writes into x or p; only read them"),
        (writes_parameters, None, "'writes_parameters' writes into x or p"),
        (linear, predicate_that_writes, "outside function 'predicate_that_writes' writes into x"),
        (formats, None, "'formats' cannot be compiled: format spec in f-strings"),
        (recursive, None, "'factorial' calls itself"),
        (alternates, None, "'(even|odd)' calls itself"),
    ],
)
def test_what_compiled_code_cannot_do_is_one_sentence(gradient, outside, words, method):
    with pytest.raises(ValueError, match=words) as caught:
        ls.escape_times(basin_of(gradient, outside), SGD, STABLE, 0.1, paths=5, method=method)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


SCRIPT = """
import levysde as ls

def gradient(x, p, out):
    out[0] = {number} * x[0]

def outside(x, p):
    return abs(x[0]) >= {number}

basin = ls.Basin(ls.Potential(1, gradient), ls.Domain(1, outside), 0.0)
model = (basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1)
for method in ("jump", "auto"):
    print(ls.escape_times(*model, paths=50, method=method, seed=1).paths)
"""


@pytest.mark.processes
def test_functions_without_a_file_jump():
    """As typed at the prompt, and as executed: there is no file where compiled code could lie."""
    typed, executed = (SCRIPT.format(number=number) for number in (1.0, 0.5))
    done = subprocess.run(
        [sys.executable], input=f"{typed}\nexec({executed!r}, {{}})", capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "50\n" * 4, done.stderr


# ------------------------------------------------------------------------------------- what is kept


def slope_of(factor):
    def gradient(x, p, out):
        out[0] = factor * x[0]

    return ls.Potential(1, gradient).gradient_many(np.ones((1, 1)))[0, 0]


def live_passes():
    """Compiled gradients that something still refers to."""
    gc.collect()
    kind = type(passes.gradient_pass(linear, 1))
    return sum(
        type(each) is kind and each.py_func.__qualname__.startswith("narrow_")
        for each in gc.get_objects()
    )


def test_a_scan_of_closures_keeps_a_bounded_number(monkeypatch, tmp_path):
    """Five functions, of which two passes and three copies stay, and four on disk."""
    for module in (passes, noise_passes, update_pass):
        assert module.KEPT_PASSES == compiler.KEPT_PASSES
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache_folder, "KEPT_ON_DISK", 4)
    monkeypatch.setattr(compiler, "KEPT_FUNCTIONS", 3)
    few = passes.functools.lru_cache(maxsize=2)(passes._gradient_pass.__wrapped__)
    monkeypatch.setattr(passes, "_gradient_pass", few)
    assert [slope_of(k) for k in range(1, 4)] == list(range(1, 4))
    alive = live_passes()
    assert [slope_of(k) for k in (4, 5)] == [4, 5]
    assert live_passes() <= alive
    assert len(compiler._prepared) == 3
    indices, codes = list(tmp_path.rglob("*.nbi")), list(tmp_path.rglob("*.nbc"))
    assert len(indices) == len(codes) == 4
    # What was forgotten is made again, and what was used last is still there.
    newest = max(indices, key=lambda file: file.stat().st_mtime)
    assert [slope_of(k) for k in (5, 1)] == [5, 1]
    assert newest.exists()


def test_what_was_used_last_stays_on_disk(monkeypatch, tmp_path):
    """Of four functions the newest, and the oldest, which is used now; a foreign file stays."""
    monkeypatch.setattr(cache_folder, "KEPT_ON_DISK", 2)
    names = [f"passes.narrow_{k:032x}-73.py311" for k in range(4)]
    for age, name in enumerate(names):
        for ending in ("nbi", "1.nbc"):
            (tmp_path / f"{name}.{ending}").touch()
            os.utime(tmp_path / f"{name}.{ending}", (age, age))
    (tmp_path / "notes.txt").touch()
    cache_folder.note_use(tmp_path, f"{0:032x}")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == sorted(
        ["notes.txt", *(f"{names[k]}.{ending}" for k in (0, 3) for ending in ("nbi", "1.nbc"))]
    )


def test_what_is_only_inlined_gets_no_machine_code():
    def double(x):
        return 2.0 * x

    inlined, called = compiler.prepared(double).dispatcher, numba.njit(double)
    for function, has_code in ((inlined, False), (called, True)):
        function.compile((numba.float64,))
        (made,) = function.overloads.values()
        engine = made.library.codegen._engine
        assert engine.is_symbol_defined(made.fndesc.llvm_func_name) == has_code


def test_what_a_run_holds_outlives_the_cache():
    """A run keeps its compiled functions, whatever is forgotten meanwhile."""
    few = passes.functools.lru_cache(maxsize=1)(passes._gradient_pass.__wrapped__)
    held = few(compiler.prepared(linear), 1)

    def gradient(x, p, out):
        out[0] = 2.0 * x[0]

    few(compiler.prepared(gradient), 1)
    gc.collect()
    out = np.zeros((1, 8))
    held(np.full((1, 8), 5.0), np.zeros(0), out, 8)
    assert (out == 5.0).all()


# -------------------------------------------------------------------------------- temporary folder


@pytest.fixture
def taken(monkeypatch, tmp_path):
    """The name of the temporary folder, in an empty place."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cache_folder._new_folder.cache_clear()
    yield tmp_path / f"levysde-cache-{os.getuid()}"
    cache_folder._new_folder.cache_clear()


def private(folder):
    state = folder.lstat()
    return folder.is_dir() and state.st_uid == os.getuid() and not state.st_mode & 0o077


def test_the_temporary_folder_is_made_once(taken):
    assert cache_folder.temporary_cache_folder() == taken
    assert cache_folder.temporary_cache_folder() == taken
    assert private(taken)


@pytest.mark.parametrize("kind", ["link", "dangling link", "file", "open folder"])
def test_a_squatted_name_is_left_alone(taken, tmp_path, kind):
    target = tmp_path / "elsewhere"
    if kind == "file":
        taken.write_text("")
    elif kind == "open folder":
        taken.mkdir()
        taken.chmod(0o777)
    else:
        if kind == "link":
            target.mkdir(mode=0o700)
        taken.symlink_to(target)
    folder = cache_folder.temporary_cache_folder()
    assert folder not in (taken, target)
    assert private(folder)
    assert cache_folder.temporary_cache_folder() == folder  # one a process


# ------------------------------------------------------------------------------------ interruption

INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from numba.core import codegen

hook = codegen.JITCodeLibrary._object_compiled_hook.__func__

def interrupted(cls, module, buffer):
    hook(cls, module, buffer)
    signal.raise_signal(signal.SIGINT)

codegen.JITCodeLibrary._object_compiled_hook = classmethod(interrupted)
import levysde as ls
model = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.5)
ls.escape_times(*model, paths=10, dt=0.01)
print("went on")
"""


@pytest.mark.processes
def test_an_interrupt_in_the_compiler_ends_the_run(tmp_path):
    """The compiler calls back from LLVM, where an exception would be printed and lost."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.strip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in done.stderr
