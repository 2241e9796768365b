"""Kernels without a graphics processor: in numba's simulator, bit for bit as on the processor."""

import functools
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import device_settings
import numpy as np
import pytest

import levysde as ls
from levysde.cli import main
from levysde.engine import backends
from levysde.engine.cuda import device, lots
from levysde.engine.program import Outcome
from levysde.methods import backend

SAME = {"laws": 3, "optimizers": 0, "parts": 0, "jumps": 0, "skips": 0}
"""Settings that are another one: a law along the axes, in one dimension also an isotropic one."""

SCRIPT = Path(device_settings.__file__)


def simulated(every, groups):
    """The digests of groups of settings in the simulator, which a process of its own runs."""
    run = subprocess.run(
        [sys.executable, SCRIPT, str(every), *groups],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize(("every", "groups"), [(60, ("laws", "optimizers", "parts"))])
def test_kernels_give_the_numbers_of_the_processor(every, groups):
    """The first settings of Euler's method; `.ci/run` has the validation run all, of all groups."""
    runs = simulated(every, groups)
    assert list(runs) == list(groups)
    for group, found in runs.items():
        check_group(group, found, every)


def check_group(group, found, every, steps_alone=()):
    """A group of settings; of some the times are compared, and not the places."""
    settings = device_settings.of_group(group, every)
    assert list(found) == list(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = {name: run("cpu") for name, run in settings.items()}
    wrong = [
        name
        for name, run in runs.items()
        if found[name] != device_settings.seal(run)
        and not (name in steps_alone and found[name].split()[0] == run.digest)
    ]
    assert not wrong, group
    assert len(set(found.values())) >= len(found) - SAME[group]
    assert all(run.escaped > 0 for run in runs.values())


def test_there_is_one_line_about_what_is_missing(monkeypatch, capsys):
    """On a machine without a graphics processor, or without the compiler for one."""
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert device.missing() is not None
    with pytest.raises(ls.BackendError, match="backend 'cuda' cannot be used here: ") as error:
        ls.escape_times(
            ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1, backend="cuda"
        )
    assert device.missing() in str(error.value)
    assert main(["escape", "--backend", "cuda"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"levysde escape: error: {error.value}\n"
    assert main(["info"]) == 0
    assert "cuda  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("installed", "available", "version", "words"),
    [
        (False, False, (0, 0), r"pip install '\.\[cuda13\]'"),
        (True, False, (0, 0), "no NVIDIA GPU with a driver"),
        (True, True, (12, 8), "supports CUDA 12.8, and 13.0 is needed"),
    ],
)
def test_what_is_missing_has_a_remedy(installed, available, version, words, monkeypatch):
    driver = SimpleNamespace(driver=SimpleNamespace(get_version=lambda: version))
    monkeypatch.setattr(device, "find_spec", lambda name: installed or None)
    monkeypatch.setattr(device.cuda, "is_available", lambda: available)
    monkeypatch.setattr(device.cuda.cudadrv, "driver", driver)
    assert re.search(words, device.missing())


def test_a_numba_without_a_compiler_for_devices_is_no_crash(monkeypatch):
    monkeypatch.setitem(sys.modules, "levysde.engine.cuda.engines", None)
    with pytest.raises(ls.BackendError, match="is not installed: pip install"):
        backends.BACKENDS["cuda"]()


def test_libraries_that_do_not_start_are_no_crash(monkeypatch):
    def fails():
        raise RuntimeError("libnvvm cannot be found")

    monkeypatch.setattr(device, "find_spec", lambda name: True)
    monkeypatch.setattr(device.cuda, "is_available", fails)
    assert "libnvvm cannot be found" in device.missing()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CUDA_ERROR_ILLEGAL_ADDRESS", "the GPU failed (CUDA_ERROR_ILLEGAL_ADDRESS); restart"),
        ("CUDA_ERROR_OUT_OF_MEMORY", "not enough memory on the GPU"),
    ],
)
def test_failures_of_the_driver_are_told_in_one_sentence(text, told):
    error = type("CUDAError", (Exception,), {"__module__": "cuda.core"})
    with pytest.raises(ls.BackendError, match=re.escape(told)), device.failures_told():
        raise error(text)
    with pytest.raises(KeyError), device.failures_told():
        raise KeyError(text)


def test_threads_in_which_a_function_fails_are_missed(monkeypatch):
    """A device does not tell of errors: such a thread is one that does not come to the end."""
    monkeypatch.setattr(device, "is_simulated", lambda: True)
    monkeypatch.setattr(lots, "is_simulated", lambda: True)

    class Launch:
        most_blocks = 1

        def __call__(self, blocks, threads, arguments):
            supply, *_, outcome, _, _ = arguments
            outcome.status[:2] = 1
            supply[lots.ENDED] += np.uint64(2)
            supply[lots.RETURNED] += np.uint64(threads - 1)

    outcome = Outcome.empty(4, 1)
    with pytest.raises(ls.BackendError, match="raised an error on the GPU"):
        lots.run_lots(Launch(), lots.Job(None, (), 1, 1), outcome, 0, 4, None)
    assert outcome.status.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(("full_enough", "least", "most"), [(0.75, 0.9, 1.0), (0.0, 0.3, 0.7)])
def test_threads_close_up_where_paths_run_out(full_enough, least, most, monkeypatch):
    """Steps of paths in those of threads, with four paths for each; the twin never closes up."""
    monkeypatch.setattr(lots, "FULL_ENOUGH", full_enough)
    monkeypatch.setattr(device, "is_simulated", lambda: True)
    monkeypatch.setattr(lots, "is_simulated", lambda: True)
    monkeypatch.setattr(lots, "LAUNCH_SECONDS", 0.0)
    lengths = np.random.default_rng(1).geometric(0.01, 2048)
    executed = 0

    class Launch:
        most_blocks = 64

        def __call__(self, blocks, threads, arguments):
            nonlocal executed
            supply, marks, numbers, _, outcome, last, steps = arguments
            executed += blocks * threads * steps
            for thread in range(blocks * threads):
                path = marks[0, thread]
                for _ in range(steps):
                    if path == lots.FREE:
                        path, supply[lots.NEXT] = supply[lots.NEXT], supply[lots.NEXT] + 1
                        numbers[0, thread] = 0.0
                        if path >= last:
                            path = lots.FREE
                            break
                    numbers[0, thread] += 1.0
                    if numbers[0, thread] == lengths[path]:
                        outcome.steps[path], outcome.status[path] = numbers[0, thread], 1
                        supply[lots.ENDED] += 1
                        path = lots.FREE
                marks[0, thread] = path
                supply[lots.RETURNED] += 1

    monkeypatch.setattr(lots, "_FIRST_STEPS", 1)
    outcome = Outcome.empty(2048, 1)
    lots.run_lots(Launch(), lots.Job(None, (), 1, 1), outcome, 0, 2048, None)
    assert (outcome.steps == lengths).all()
    assert least < lengths.sum() / executed < most


def test_auto_stays_on_the_processor_where_the_work_is_short(monkeypatch):
    run = functools.partial(
        ls.escape_times, ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3,
        backend="auto", method="euler",
    )  # fmt: skip
    short = run(paths=50)
    assert short.parameters["backend"] == "cpu"
    assert short.parameters["backend_reason"].endswith("on the processor")
    monkeypatch.setattr(backend, "WORTH_SECONDS", 0.0)
    long = run(paths=50)
    assert long.digest == short.digest
    assert "cannot be used here" in long.parameters["backend_reason"]


def test_auto_counts_what_is_run_and_no_more(monkeypatch):
    """Long as all of it may be: a horizon, a resumed result or a wanted error make it short."""
    monkeypatch.setattr(backend, "WORTH_SECONDS", 0.05)
    monkeypatch.setitem(backends.BACKENDS, "cuda", backends.BACKENDS["cpu"])
    parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1
    run = functools.partial(ls.escape_times, *parts, backend="auto", method="euler", dt=0.05)
    whole = run(paths=20_000)
    assert whole.parameters["backend"] == "cuda"
    for short in ({"horizon": 0.5}, {"rel_error": 0.2}, {"resume": whole}):
        assert run(paths=20_000, **short).parameters["backend"] == "cpu"


def test_auto_takes_the_device_where_the_work_is_long(monkeypatch):
    """With the engines of this processor in place of those of a device."""
    monkeypatch.setattr(backend, "WORTH_SECONDS", 0.0)
    monkeypatch.setitem(backends.BACKENDS, "cuda", backends.BACKENDS["cpu"])
    run = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3, paths=50,
        backend="auto", method="euler",
    )  # fmt: skip
    assert run.parameters["backend"] == "cuda"


def test_auto_stays_where_a_function_can_be_compiled(monkeypatch):
    monkeypatch.setattr(backend, "WORTH_SECONDS", 0.0)

    def refuses(program):
        raise ValueError("a function of the model cannot be compiled for the GPU: a reason")

    picky = SimpleNamespace(prepare=refuses)
    monkeypatch.setitem(backends.BACKENDS, "cuda", lambda: backends.Engines(picky, None, None))
    run = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3, paths=50,
        backend="auto", method="euler",
    )  # fmt: skip
    assert run.parameters["backend"] == "cpu"
    assert run.parameters["backend_reason"].endswith("for the GPU: a reason")
    assert run.paths == 50


def test_a_run_on_one_backend_is_resumed_on_another(monkeypatch):
    monkeypatch.setitem(backends.BACKENDS, "cuda", backends.BACKENDS["cpu"])
    parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3
    begun = ls.escape_times(*parts, paths=30, backend="cuda")
    whole = ls.escape_times(*parts, paths=60, resume=begun)
    assert whole.digest == ls.escape_times(*parts, paths=60).digest


def test_a_result_of_a_device_is_refined_where_there_is_none(monkeypatch):
    noise = ls.noise.independent(1.5)
    with monkeypatch.context() as there:
        there.setitem(backends.BACKENDS, "cuda", backends.BACKENDS["cpu"])
        made = ls.escape_times(
            ls.basins.flat(), ls.dynamics.sgd(), noise, 0.5, paths=200, dt=0.1, backend="cuda"
        )
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert made.parameters["backend"] == "cuda"
    assert (ls.refine(made).mean > 0.0).all()


def test_what_a_failing_device_had_finished_is_kept(monkeypatch, tmp_path, capsys):
    cpu = backends.BACKENDS["cpu"]()

    def fails(program, outcome, first, last, *rest, **options):
        cpu.recurrence.escape(program, outcome, first, first + 7, *rest, **options)
        raise ls.BackendError("the GPU failed (a reason); restart Python, or use backend 'cpu'")

    failing = SimpleNamespace(
        allocate=cpu.recurrence.allocate, prepare=cpu.recurrence.prepare, escape=fails
    )
    monkeypatch.setitem(backends.BACKENDS, "cuda", lambda: backends.Engines(failing, None, None))
    parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.3
    with pytest.raises(ls.BackendError) as failure:
        ls.escape_times(*parts, paths=30, backend="cuda", method="euler")
    assert failure.value.result.paths == 7
    file = str(tmp_path / "run.npz")
    words = ["--backend", "cuda", "--method", "euler", "--paths", "30", "--output", file]
    assert main(["escape", *words, "--basin", "flat", "--epsilon", "0.3"]) == 4
    said = capsys.readouterr().err
    assert f"the first 7 paths are in {file}" in said
    assert "the GPU failed (a reason)" in said
    assert ls.load(file).paths == 7


@pytest.mark.parametrize("options", [{"method": "jump", "dt": 0.01}, {"method": "jump"}])
def test_methods_without_an_engine_are_refused(options, monkeypatch):
    cpu = backends.BACKENDS["cpu"]()
    only = backends.Engines(cpu.recurrence, None, None)
    monkeypatch.setitem(backends.BACKENDS, "cuda", lambda: only)
    parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 1e-3
    with pytest.raises(ValueError, match="backend 'cuda' has no engine for method 'jump' here"):
        ls.escape_times(*parts, paths=5, backend="cuda", **options)
    run = ls.escape_times(*parts, paths=5, backend="cuda", dt=0.01, horizon=1.0)
    assert run.parameters["method"] == "euler"
