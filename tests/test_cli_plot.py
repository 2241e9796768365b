"""`levysde plot`: what is drawn from which files, and one line for every mistake."""

import io
import sys
import types
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import pytest

import levysde as ls
from levysde.cli import main
from levysde.report import figures, maps, planes, tables
from levysde.runs.results import EscapeTimes

pytestmark = pytest.mark.quick

TABLE = {
    "basin": ["flat", "flat", "flat"],
    "alpha": [1.5, 1.5, 1.2],
    "epsilon": [0.1, 0.2, 0.1],
    "mean": [40.0, 15.0, 20.0],
    "mean_lower": [39.0, 14.0, 19.0],
    "mean_upper": [41.0, 16.0, 21.0],
    "predicted_mean": [42.0, 14.8, 20.0],
    "ratio": [0.95, 1.01, 1.0],
    "ratio_lower": [0.93, 0.95, 0.95],
    "ratio_upper": [0.98, 1.08, 1.05],
}


def call(*words):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["plot", *map(str, words)])
    return code, out.getvalue(), err.getvalue()


def made(parameters=None):
    steps = np.random.default_rng(3).geometric(0.01, 100)
    ends = np.full(100, 1, np.int8), np.ones((100, 1))
    return EscapeTimes(steps, *ends, 0.1, parameters or {})


@pytest.fixture
def result_file(tmp_path):
    return made().save(tmp_path / "run.npz")


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A folder, and a stand-in for what reads the folders of sweeps."""

    def load_sweep(folder):
        if folder.name == "empty":
            raise ValueError(f"{folder} is no sweep")
        if folder.name == "nothing":
            return types.SimpleNamespace(table={})
        results = lambda: {"one": made(), "two": made()}  # noqa: E731
        return types.SimpleNamespace(table=TABLE, results=results)

    for name in ("levysde.runs.sweep", "levysde.runs.sweep.table"):
        module = types.ModuleType(name)
        module.load_sweep = load_sweep
        monkeypatch.setitem(sys.modules, name, module)
    folder = tmp_path / "sweep"
    folder.mkdir()
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """Every axes that is written to a file."""
    seen = []
    save = figures.save

    def record(ax, path):
        seen.append(ax)
        return save(ax, path)

    monkeypatch.setattr(figures, "save", record)
    return seen


def test_a_result_is_drawn_beside_its_file(result_file, drawn):
    path = result_file.with_name("run-survival.png")
    assert call(result_file) == (0, f"{path}\n", "")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [line.get_label() for line in drawn[0].lines] == ["simulation", "fitted exponential"]


def test_exit_positions_of_built_in_parts_have_their_boundary(tmp_path, drawn):
    setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))
    path = ls.escape_times(*setting, epsilon=0.5, paths=50).save(tmp_path / "run.npz")
    output = tmp_path / "exits.svg"
    answer = call(path, "--kind", "exit_positions", "--output", output)
    assert answer == (0, f"{output}\n", "")
    edges = [line.get_xdata()[0] for line in drawn[0].lines]
    assert edges == pytest.approx([-1.0, 1.0], abs=1e-5)


def test_nothing_is_imported_because_a_file_says_so(tmp_path, drawn, monkeypatch):
    """A file can come from anywhere."""
    setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5))
    result = ls.escape_times(*setting, epsilon=0.5, paths=50)
    record = {**result.parameters, "functions": {"gradient": "evil:gradient"}}
    other = EscapeTimes(
        result.steps, result.status, result.exit_position, result.dt, record, result.seconds
    )
    monkeypatch.setattr("levysde.imported.find", lambda _: pytest.fail("imported"))
    code, _, err = call(other.save(tmp_path / "run.npz"), "--kind", "exit_positions")
    assert (code, err.count("\n")) == (0, 1)
    assert "note: no boundary" in err
    assert drawn[0].lines[:] == []


def test_a_result_without_a_record_has_no_boundary(result_file):
    code, out, err = call(result_file, "--kind", "exit_positions")
    assert (code, out) == (0, f"{result_file.with_name('run-exit_positions.png')}\n")
    assert "note: no boundary" in err


@pytest.mark.parametrize(
    ("words", "kind", "expected"),
    [
        (["--by", "alpha"], "scaling", ("noise amplitude $\\varepsilon$", "mean escape time")),
        (["--kind", "collapse"], "collapse", None),
        (["--kind", "ratio", "--x", "alpha", "--by", "basin,epsilon"], "ratio",
         ("tail index $\\alpha$", "simulated / predicted mean")),
        (["--kind", "phase_map", "--x", "epsilon", "--y", "alpha"], "phase_map",
         ("noise amplitude $\\varepsilon$", "tail index $\\alpha$")),
        (["--kind", "phase_map", "--x", "epsilon", "--y", "alpha", "--value", "mean"], "phase_map",
         ("noise amplitude $\\varepsilon$", "tail index $\\alpha$")),
        (["--kind", "survival"], "survival",
         ("time / mean escape time", "probability of being inside")),
        (["--where", "alpha=1.5", "--where", "basin=flat"], "scaling",
         ("noise amplitude $\\varepsilon$", "mean escape time")),
        (["--kind", "phase_map", "--x", "epsilon", "--y", "basin", "--where", "alpha=1.50"],
         "phase_map", ("noise amplitude $\\varepsilon$", "basin")),
    ],
)  # fmt: skip
def test_a_sweep_is_drawn_in_its_folder(sweep, drawn, words, kind, expected):
    path = sweep / f"sweep-{kind}.png"
    assert call(sweep, *words) == (0, f"{path}\n", "")
    assert path.exists()
    labels = drawn[0].get_xlabel(), drawn[0].get_ylabel()
    assert expected is None or labels == expected


def test_labels_of_a_sweep_are_in_the_legend(sweep, drawn):
    call(sweep, "--kind", "survival")
    assert [line.get_label() for line in drawn[0].lines] == ["one", "two", "Exp(1)"]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ([], 2, "FILE|DIR"),
        (["{tmp}/absent.npz"], 3, "absent.npz: No such file"),
        (["{tmp}/bad.npz"], 3, "bad.npz"),
        (["{tmp}/run.npz", "--output", "run.jpg"], 2, "must end in .png or .pdf or .svg"),
        (["{tmp}/bad.npz", "--output", "run.jpg"], 2, "must end in .png"),
        (["{tmp}/run.npz", "--output", "{tmp}/nowhere/run.png"], 3, "there is no folder"),
        (["{tmp}/run.npz", "--kind", "surival"], 2, "did you mean survival"),
        (["{tmp}/run.npz", "--kind", "scaling"], 2, "--kind scaling is of the folder of a sweep"),
        (["{tmp}/run.npz", "--x", "alpha"], 2, "--x is no option of --kind survival"),
        (["{tmp}/run.npz", "{tmp}/run.npz"], 2, "belongs to no option"),
        (["{tmp}/run.npz", "--frobnicate"], 2, "unknown option '--frobnicate'"),
        (["{sweep}", "--kind", "exit_positions"], 2, "is of a result file"),
        (["{sweep}", "--kind", "phase_map", "--x", "alpha"], 2, "needs --x and --y"),
        (["{sweep}", "--kind", "collapse", "--x", "alpha"], 2, "--x is no option"),
        (["{sweep}", "--by", "alhpa"], 2, "the table has no column 'alhpa'"),
        (["{sweep}"], 2, "differ in alpha; name what tells them apart in --by"),
        (["{sweep}", "--where", "basin"], 2, "write COLUMN=VALUE"),
        (["{sweep}", "--where", "bsin=flat"], 2, "did you mean basin"),
        (["{sweep}", "--where", "alpha=1.3"], 2, "leaves no cell; alpha is 1.5, 1.2"),
        (["{sweep}", "--kind", "survival", "--where", "alpha=1.2"], 2, "--where is no option"),
        (
            ["{sweep}", "--kind", "phase_map", "--x", "epsilon", "--y", "basin"],
            2,
            "choose among them with --where",
        ),
        (["{sweep}/nothing"], 2, "no cell of"),
        (["{tmp}/empty"], 3, "empty is no sweep"),
        (["a\0b"], 2, "names no file"),
        ([""], 2, "'' names no file"),
        (["/nowhere/run.npz"], 3, "/nowhere/run.npz: No such file"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, result_file, sweep, words, code, named):
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    (tmp_path / "empty").mkdir()
    (sweep / "nothing").mkdir()
    words = [word.replace("{tmp}", str(tmp_path)).replace("{sweep}", str(sweep)) for word in words]
    found, out, err = call(*words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("levysde plot: error: ")
    assert named in err
    assert not list(tmp_path.rglob("*.png"))


def test_kinds_are_functions():
    assert {"scaling", "collapse", "ratio", "points"} == set(tables.__all__)
    assert maps.__all__ == ["phase_map"]
    assert "exit_positions" in planes.__all__
