"""What someone who waits is shown, and what an interrupted run says."""

import io
import pickle
import subprocess
import sys
import time

import pytest

import levysde as ls
from levysde.runs import announced, progress
from levysde.runs.sweep import tally

pytestmark = pytest.mark.quick

SETTING = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))
WELLS = (ls.potentials.double_well(1), [-1.0, 1.0], *SETTING[1:])


class Terminal(io.StringIO):
    """A standard error stream that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def patient(monkeypatch):
    """Even where everything has yet to be compiled."""
    for module in (progress, tally):
        monkeypatch.setattr(module, "PATIENCE", 600.0)


@pytest.fixture
def opened(monkeypatch):
    """A function that makes the standard error stream a terminal, once a test has begun."""

    def terminal():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return terminal


@pytest.fixture
def impatient(monkeypatch):
    for module in (progress, tally):
        monkeypatch.setattr(module, "PATIENCE", 0.0)


def run_all(directory, **shown):
    """Every verb once, with few paths."""
    run = ls.escape_times(*SETTING, 0.8, paths=100, dt=0.05, **shown)
    ls.compare(
        SETTING[0], [SETTING[1], ls.dynamics.momentum(0.5)], SETTING[2], 0.8, paths=20, dt=0.05,
        **shown,
    )  # fmt: skip
    ls.compare_noises(
        *SETTING[:2], {"a": SETTING[2], "b": ls.noise.independent(1.2)}, lr=0.05, paths=20, **shown
    )
    target = ls.domains.sublevel_set(ls.potentials.quadratic(1), 0.5)
    ls.hitting_times(ls.potentials.quadratic(1), target, 3.0, SETTING[1], lr=0.1, **shown)
    ls.visits(*WELLS, epsilon=0.5, horizon=5.0, paths=10, **shown)
    ls.refine(run, **shown)
    ls.sweep({"paths": 20, "basin": "flat", "grid": {"epsilon": [0.8]}}, directory, **shown)


def test_a_stream_that_is_no_terminal_stays_empty(impatient, capsys, tmp_path):
    run_all(tmp_path)
    assert capsys.readouterr() == ("", "")


def test_a_short_run_shows_nothing(opened, patient, tmp_path):
    terminal = opened()
    run_all(tmp_path)
    assert terminal.getvalue() == ""


def test_a_longer_run_shows_a_bar_in_a_terminal(opened, impatient):
    terminal = opened()
    ls.escape_times(*SETTING, 0.8, paths=100, dt=0.05)
    assert "100/100" in terminal.getvalue()


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_true_is_always_and_false_never(stream, monkeypatch, impatient, tmp_path):
    shown, hidden = stream(), stream()
    monkeypatch.setattr(sys, "stderr", shown)
    ls.escape_times(*SETTING, 0.8, paths=100, dt=0.05, progress=True)
    assert "100/100" in shown.getvalue()
    monkeypatch.setattr(sys, "stderr", hidden)
    run_all(tmp_path, progress=False)
    assert hidden.getvalue() == ""


def test_a_bar_ends_its_line(opened):
    terminal = opened()
    with progress.watched(True) as bar:
        bar(1, 3)
    assert terminal.getvalue().endswith("\n")


def test_a_sweep_has_a_bar_once_it_has_lasted(opened, impatient, tmp_path):
    terminal = opened()
    ls.sweep({"paths": 20, "basin": "flat", "grid": {"epsilon": [0.8, 0.9]}}, tmp_path)
    assert "100%" in terminal.getvalue()


NOTEBOOK = """
import sys, types, warnings
ipython = types.ModuleType("IPython")
session = types.SimpleNamespace(config={"IPKernelApp": {}})
ipython.get_ipython = lambda: session
ipython.version_info = (8, 0)
sys.modules["IPython"] = ipython
sys.modules["ipywidgets"] = None
from levysde.runs import progress
assert progress.someone_waits()
bar = progress.bar_class()
session.config = {}
assert not progress.someone_waits()
print(bar.__module__)
"""


def test_a_notebook_without_widgets_has_the_plain_bar_and_no_warning():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NOTEBOOK], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tqdm.")


def test_no_stream_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert not progress.someone_waits()


# --------------------------------------------------------------------------------------- forecasts


def test_a_long_run_is_announced(opened, monkeypatch):
    terminal = opened()
    monkeypatch.setattr(announced, "LONG_SECONDS", 0.0)
    ls.escape_times(*SETTING, 0.5, paths=100, threads=2)
    first = terminal.getvalue().splitlines()[0]
    assert first.startswith("about ")
    assert first.endswith(" on 2 threads")


def test_a_short_one_is_not_announced(opened):
    terminal = opened()
    ls.escape_times(*SETTING, 0.5, paths=100)
    assert "about" not in terminal.getvalue()


def test_a_forecast_is_right_to_a_factor_of_ten():
    from levysde.runs.simulation import Asked, prepare

    began = time.perf_counter()
    ls.escape_times(*SETTING, 0.5, paths=10)  # compiled
    simulation = prepare(*SETTING, 0.05, Asked(), missing=2000)
    began = time.perf_counter()
    ls.escape_times(*SETTING, 0.05, paths=2000, threads=1)
    took = time.perf_counter() - began
    assert 0.1 < announced.expected_seconds(simulation, 2000, 1) / took < 10.0


def test_what_is_not_predicted_is_not_announced(opened):
    terminal = opened()
    target = ls.domains.sublevel_set(ls.potentials.quadratic(1), 0.5)
    given = (ls.potentials.quadratic(1), target, 3.0, SETTING[1], SETTING[2])
    ls.hitting_times(*given, lr=0.1, paths=50)
    assert "about" not in terminal.getvalue()


# --------------------------------------------------------------------------------------- interrupts


def stopping(calls):
    """A progress function that interrupts after so many calls."""
    seen = []

    def look(finished, total):
        seen.append(finished)
        if len(seen) > calls:
            raise KeyboardInterrupt

    return look


def test_the_message_says_how_to_keep_and_resume():
    whole = ls.escape_times(*SETTING, 0.5, paths=400)
    with pytest.raises(ls.Interrupted) as caught:
        ls.escape_times(*SETTING, 0.5, paths=400, progress=stopping(1))
    kept = caught.value.result
    assert f"interrupted; {kept.paths} finished path" in str(caught.value)
    assert "result.save(file)" in str(caught.value)
    again = ls.escape_times(*SETTING, 0.5, paths=400, resume=kept)
    assert again.digest == whole.digest


def test_nothing_finished_is_said():
    with pytest.raises(ls.Interrupted, match=r"^interrupted; nothing is kept$") as caught:
        ls.escape_times(*SETTING, 0.5, paths=400, progress=stopping(0))
    assert caught.value.result is None


def interrupted_verbs():
    run = ls.escape_times(*SETTING, 1.0, paths=200, dt=0.05)
    bowl = ls.potentials.quadratic(1)
    low = ls.domains.sublevel_set(bowl, 0.5)
    pair = [SETTING[1], ls.dynamics.momentum(0.5)]
    laws = {"a": SETTING[2], "b": ls.noise.independent(1.2)}
    return {
        "hitting_times": lambda look: ls.hitting_times(
            bowl, low, 3.0, SETTING[1], SETTING[2], lr=0.1, paths=50, progress=look
        ),
        "compare": lambda look: ls.compare(
            SETTING[0], pair, SETTING[2], 0.5, paths=50, dt=0.05, progress=look
        ),
        "compare_noises": lambda look: ls.compare_noises(
            *SETTING[:2], laws, lr=0.05, paths=50, progress=look
        ),
        "refine": lambda look: ls.refine(run, progress=look),
    }


@pytest.mark.parametrize("verb", ["hitting_times", "compare", "compare_noises", "refine"])
def test_every_verb_hands_over_its_finished_paths(verb):
    with pytest.raises(ls.Interrupted, match=r"result\.save") as caught:
        interrupted_verbs()[verb](stopping(1))
    assert caught.value.result.paths > 0


@pytest.mark.parametrize("verb", ["compare", "compare_noises", "refine"])
def test_runs_before_an_interrupt_are_handed_over(verb):
    """The first of several runs is complete when the second is interrupted."""
    ended = []

    def look(finished, total):
        if ended:
            raise KeyboardInterrupt
        if finished == total:
            ended.append(total)

    with pytest.raises(ls.Interrupted, match="before it: in `finished`") as caught:
        interrupted_verbs()[verb](look)
    stop = pickle.loads(pickle.dumps(caught.value))
    assert len(stop.finished) >= 1
    assert all(isinstance(run, ls.EscapeTimes) for run in stop.finished)
    assert stop.finished[-1].paths == ended[0]


def test_an_interrupted_sweep_says_where_it_is(tmp_path):
    spec = {"paths": 2000, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    with pytest.raises(KeyboardInterrupt, match="the same call of sweep continues it") as caught:
        ls.sweep(spec, tmp_path, progress=stopping(1))
    assert str(tmp_path) in str(caught.value)
    assert len(ls.sweep(spec, tmp_path)) == 2


@pytest.mark.parametrize("wrong", [2, "yes", object()])
def test_a_bad_progress_is_one_sentence(wrong, tmp_path):
    with pytest.raises(ValueError, match="give True, False, None or a function"):
        ls.visits(*WELLS, epsilon=0.5, horizon=5.0, paths=10, progress=wrong)
    with pytest.raises(ValueError, match="give True, False, None or a function"):
        ls.sweep({"paths": 20, "grid": {"epsilon": [0.8]}}, tmp_path, progress=wrong)
