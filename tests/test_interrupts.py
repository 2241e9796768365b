"""Runs that are ended from outside: what is kept, how it goes on, and the exit code."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde.cli import main
from levysde.engine.cpu import euler_engine
from levysde.engine.cpu.threads import run_threads
from levysde.runs import files, run
from levysde.runs.files import write_atomically

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def no_signal_is_ignored() -> Iterator[None]:
    """As a parent may have asked for, such as nohup or a shell that runs jobs in the background."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


MODEL = ("escape", "--basin", "flat", "--epsilon", "0.1", "--seed", "3")
SETTING = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))

# A parent may have told its children to ignore signals.
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from levysde.runs import run
from levysde.cli import main
run.CHECKPOINT_SECONDS = 0.05
sys.exit(main())
"""


def assert_same(found: ls.EscapeTimes, expected: ls.EscapeTimes) -> None:
    """Two results are the same to the last bit."""
    assert found.digest == expected.digest
    assert found.parameters == expected.parameters
    assert found.exit_position.tobytes() == expected.exit_position.tobytes()


def first(result: ls.EscapeTimes, paths: int) -> ls.EscapeTimes:
    """What would have been kept of a run that was stopped after so many paths."""
    return ls.EscapeTimes(
        result.steps[:paths],
        result.status[:paths],
        result.exit_position[:paths],
        result.dt,
        result.parameters,
        exit_times=None if result.exit_times is None else result.exit_times[:paths],
    )


def wait_for(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


# --------------------------------------------------------------------------- the terminal and jobs


# SIGHUP has the handler of SIGTERM, and its code is tested below; SIGINT is sent in test_cli.
@pytest.mark.processes
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGKILL", -9)])
def test_an_ended_run_is_resumed_bit_for_bit(name: str, code: int, tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    words = [*MODEL, "--paths", "20000000", "--output", str(file)]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for(file.exists)  # a checkpoint: paths are finished, and the run goes on
            assert process.poll() is None
            process.send_signal(getattr(signal, name))
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out) == (code, "")
    lines = [line for line in err.splitlines() if ": note: " not in line]
    assert len(lines) == (0 if name == "SIGKILL" else 1)
    assert all("interrupted: the first" in line for line in lines)
    kept = ls.load(file)
    assert 0 < kept.paths < 20_000_000
    assert os.listdir(tmp_path) == ["run.npz"]
    longer = str(kept.paths + 100)
    again = ["--paths", longer, "--resume", str(file), "--output", str(file), "--quiet", "--json"]
    assert main([*MODEL, *again]) == 0
    whole = ls.escape_times(*SETTING, 0.1, paths=kept.paths + 100, seed=3)
    assert_same(ls.load(file), whole)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_comparison_has_nothing_to_keep(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare = euler_engine.prepare

    def signalled(program: Any) -> None:
        os.kill(os.getpid(), getattr(signal, name))
        prepare(program)

    monkeypatch.setattr(euler_engine, "prepare", signalled)
    assert main(["compare", "--epsilon", "0.3", "--paths", "100", "--quiet"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1] == "levysde compare: interrupted: nothing was kept"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_the_result_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    number, fsync = getattr(signal, name), os.fsync

    def interrupted_fsync(descriptor: int) -> None:
        os.kill(os.getpid(), number)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", interrupted_fsync)
    file = tmp_path / "run.npz"
    assert main([*MODEL, "--paths", "50", "--output", str(file), "--quiet"]) == 128 + number
    assert ls.load(file).paths == 50
    shown = capsys.readouterr()
    assert "mean time" in shown.out
    assert shown.err == (
        "levysde escape: interrupted: the run had ended, and what it was asked for is complete\n"
    )


@pytest.mark.parametrize("command", ["escape", "compare"])
def test_a_swallowed_interrupt_is_heard(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exceptions in callbacks of a compiler are printed and forgotten."""
    prepare = euler_engine.prepare

    def swallowing(program: Any) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1.0)
        except KeyboardInterrupt:
            prepare(program)

    monkeypatch.setattr(euler_engine, "prepare", swallowing)
    assert main([command, "--epsilon", "0.3", "--paths", "100"]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("interrupted: ") == 1


def test_signals_are_heard_by_commands_alone() -> None:
    def handlers() -> list[Any]:
        return [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    before = handlers()
    seen: list[Any] = []
    ls.escape_times(*SETTING, 0.5, paths=10, progress=lambda *_: seen.append(handlers()))
    assert seen
    assert before[1] == signal.SIG_DFL
    assert all(during == before for during in seen)
    assert main(["info", "--json"]) == 0
    assert handlers() == before


def test_signals_that_the_parent_had_ignored_stay_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nohup does with SIGHUP."""
    prepare = euler_engine.prepare

    def signalled(program: Any) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        prepare(program)

    monkeypatch.setattr(euler_engine, "prepare", signalled)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main([*MODEL, "--paths", "10", "--json"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


# ----------------------------------------------------------------------------------------- Python


METHODS: dict[str, dict[str, Any]] = {
    "euler": {"epsilon": 0.1, "paths": 10000},
    "jump": {"epsilon": 0.01, "paths": 50_000, "method": "jump"},
    "idle": {"epsilon": 0.01, "paths": 3000, "method": "jump", "dt": 0.1},
}


@pytest.mark.parametrize("method", METHODS)
def test_checkpoints_are_beginnings_of_the_result(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every checkpoint of a run on several threads, and one that is resumed."""
    monkeypatch.setattr(run, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(run, "CHECKPOINT_REST", 0.0)
    monkeypatch.setattr("levysde.engine.cpu.threads.LOOK_SECONDS", 0.005)
    file = tmp_path / "run.npz"
    kept: list[ls.EscapeTimes] = []

    def look(finished: int, total: int) -> None:
        assert 0 <= finished <= total
        if file.exists() and len(kept) < 20:
            kept.append(ls.load(file))

    options: dict[str, Any] = {"seed": 5, "threads": 3, **METHODS[method]}
    whole = ls.escape_times(*SETTING, checkpoint=file, progress=look, **options)
    assert kept
    assert kept[0].paths < whole.paths
    for result in kept:
        assert_same(result, first(whole, result.paths))
    assert_same(ls.escape_times(*SETTING, resume=kept[0], **options), whole)


def test_precision_is_reached_with_the_same_paths_after_a_break() -> None:
    setting = (*SETTING, 0.3)
    options: dict[str, Any] = {"rel_error": 0.1, "dt": 0.1, "horizon": 6.0}
    with_all = ls.escape_times(*setting, paths=5000, dt=0.1, horizon=6.0)
    whole = ls.escape_times(*setting, **options)
    for paths in (1, 100, whole.paths // 2, whole.paths - 1, whole.paths):
        assert_same(ls.escape_times(*setting, resume=first(whole, paths), **options), whole)
    # What is there already is never thrown away.
    assert ls.escape_times(*setting, resume=with_all, **options).paths == 5000


def test_what_a_progress_function_raises_ends_the_run() -> None:
    class TooSlowError(Exception):
        pass

    def refuse(finished: int, total: int) -> None:
        raise TooSlowError

    def interrupt(finished: int, total: int) -> None:
        if finished == total:
            raise KeyboardInterrupt

    with pytest.raises(TooSlowError):
        ls.escape_times(*SETTING, 0.1, paths=100, progress=refuse)
    with pytest.raises(ls.Interrupted) as stop:
        ls.escape_times(*SETTING, 0.1, paths=100, progress=interrupt)
    assert stop.value.result is not None
    assert stop.value.result.paths == 100


def test_a_checkpoint_that_cannot_be_written_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, path: str) -> None:
        raise OSError(28, "No space left on device", path)

    with pytest.raises(FileNotFoundError, match="none"):
        ls.escape_times(*SETTING, 0.1, paths=10, checkpoint=tmp_path / "none" / "run.npz")
    with pytest.raises(ValueError, match="checkpoint is 3; give the name of a file"):
        ls.escape_times(*SETTING, 0.1, paths=10, checkpoint=3)  # type: ignore[arg-type]
    monkeypatch.setattr(run, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(run, "CHECKPOINT_REST", 0.0)
    monkeypatch.setattr("levysde.engine.cpu.threads.LOOK_SECONDS", 0.005)
    monkeypatch.setattr(ls.EscapeTimes, "save", full)
    with pytest.warns(UserWarning, match=r"was not written \(No space left on device\)"):
        result = ls.escape_times(*SETTING, 0.1, paths=20000, checkpoint=tmp_path / "run.npz")
    assert result.paths == 20000


# Endless loops that a compiler cannot remove: in a function of the model, which is tried in plain
# Python before a run, and in compiled code of the run itself.
TRIED = """
import levysde as ls

def gradient(x, p, out):
    total = x[0]
    while abs(x[0]) > 0.5 and total > -1e300:
        total = total + 1.0
        if 1000.0 <= total < 1001.0:
            print("loops", flush=True)
    out[0] = x[0] + 0.0 * total

basin = ls.Basin(ls.Potential(1, gradient), ls.domains.interval(-1.0, 1.0), [0.0])
ls.escape_times(basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1, dt=0.01, horizon=1e6)
"""
COMPILED = """
import threading
import numba
import numpy as np
from levysde.engine.cpu.threads import run_threads

@numba.njit("float64(float64)", nogil=True)
def endless(total):
    while total > -1e300:
        total = total + 1.0
    return total

def progress(finished):
    print("loops", flush=True)

rows = np.zeros(1, np.int8)
run_threads(lambda: endless(1.0), 2, threading.Event(), rows, progress)
"""


@pytest.mark.processes
@pytest.mark.parametrize("program", [TRIED, COMPILED], ids=["tried", "compiled"])
def test_an_endless_loop_is_left_at_the_first_interrupt(program: str) -> None:
    heeding = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", heeding + program],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = threading.Timer(60.0, process.kill)
        deadline.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "loops\n"
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=30)[1]
        finally:
            process.kill()
            deadline.cancel()
    assert process.returncode == -signal.SIGINT  # 130 to a shell
    remark = "KeyboardInterrupt: 2 of 2 threads have not returned from compiled code within 1 s"
    assert ("KeyboardInterrupt" if program is TRIED else remark) in err


def test_threads_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def limited(thread: threading.Thread) -> None:
        if thread.name == "levysde_3":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    stop = threading.Event()
    with pytest.raises(MemoryError, match="only 3 of 8 threads could be started: give fewer"):
        run_threads(lambda: int(stop.wait(10.0)), 8, stop, np.zeros(1, np.int8), None)
    assert stop.is_set()


def test_an_error_in_a_thread_is_raised() -> None:
    def work() -> int:
        raise MemoryError("no room for a block")

    with pytest.raises(MemoryError, match="no room for a block"):
        run_threads(work, 2, threading.Event(), np.zeros(1, np.int8), None)


# ------------------------------------------------------------------------------------------- files

KILLED = """
import os, random, signal, sys, time
import numpy as np
from levysde.runs.results import EscapeTimes, load

paths = 20_000
result = EscapeTimes(np.arange(paths), np.ones(paths, np.int8), np.ones((paths, 1)), 0.1)
file = sys.argv[1]
result.save(file)
random.seed(1)
for _ in range(40):
    child = os.fork()
    if child == 0:
        while True:
            result.save(file)
    time.sleep(random.uniform(0.005, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert load(file).digest == result.digest
"""


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="needs files without a name")
def test_a_killed_process_leaves_no_temporary_file(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    subprocess.run([sys.executable, "-W", "ignore", "-c", KILLED, str(file)], check=True)
    # A kill between the two calls that give the file a name and put it in its place leaves one,
    # which the next save removes. A file with a name from the start is left by nearly all of the
    # 40 kills.
    assert len(os.listdir(tmp_path)) <= 2


def test_a_complete_file_whose_process_was_killed_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the name and the replacement; one whose process lives is left alone."""
    nameless = files._open_nameless(str(tmp_path))
    if nameless is None:
        pytest.skip("this file system knows no files without a name")
    os.close(nameless)
    file, replace = tmp_path / "run.npz", os.replace
    names: list[str] = []

    def look(source: str, target: str) -> None:
        names.append(os.path.basename(source))
        before = os.listdir(tmp_path)
        files.remove_left_behind(str(tmp_path), names[0][:26])
        assert os.listdir(tmp_path) == before
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    write_atomically(file, lambda content: None)
    assert names[0].endswith(".new")
    (tmp_path / f"{names[0][:26]}dead.new").touch()
    write_atomically(file, lambda content: None)
    assert os.listdir(tmp_path) == ["run.npz"]


def test_what_a_killed_process_left_behind_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files without a name are unknown."""
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    file, other = tmp_path / "run.npz", tmp_path / "other.npz"
    names: list[str] = []
    write_atomically(other, lambda content: names.extend(os.listdir(tmp_path)))
    write_atomically(file, lambda content: names.extend(os.listdir(tmp_path)))
    of_other = names[0]
    of_file = next(name for name in names[1:] if name.startswith(".levysde"))
    mark = of_file[:26]
    assert mark not in of_other
    old, young = tmp_path / f"{mark}old.tmp", tmp_path / f"{mark}young.tmp"
    stranger = tmp_path / of_other
    for path in (old, young, stranger):
        path.touch()
    for path in (old, stranger):
        os.utime(path, (time.time() - 4000.0, time.time() - 4000.0))
    write_atomically(file, lambda content: None)
    assert {path.name for path in tmp_path.iterdir()} == {
        "run.npz", "other.npz", young.name, stranger.name
    }  # fmt: skip
