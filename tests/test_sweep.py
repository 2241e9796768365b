"""Sweeps: the same bits however they are interrupted, split or extended, and clear refusals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import levysde as ls
from levysde.cli import main
from levysde.engine.backends import BackendError
from levysde.runs.sweep import compute
from levysde.runs.sweep.cell import cells_of
from levysde.runs.sweep.order import coarse_to_fine
from levysde.runs.sweep.settings import LARGEST_FILE, read

SPEC = {
    "paths": 300,
    "chunk": 100,
    "grid": {"basin": ["flat", "sharp"], "alpha": [1.2, 1.6], "epsilon": [0.5, 0.8]},
}


def files(directory: Path) -> dict[str, bytes]:
    """Contents of all files that must not depend on how the sweep was computed."""
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in sorted(directory.rglob("*"))
        if file.is_file() and file.name not in ("cell.json", "summary.csv")
    }


def digests(sweep: ls.Sweep) -> dict[str, str]:
    return {label: row["digest"] for label, row in zip(sweep.labels, sweep.rows, strict=True)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ls.Sweep]:
    """The sweep without a break."""
    directory = tmp_path_factory.mktemp("whole") / "sweep"
    return directory, ls.sweep(SPEC, directory)


# -------------------------------------------------------------------------------- the same bits


def test_a_cell_is_the_run_of_escape_times(whole: tuple[Path, ls.Sweep]) -> None:
    _, sweep = whole
    row = sweep.select(basin="sharp", alpha=1.2, epsilon=0.8).rows[0]
    run = ls.escape_times(
        ls.basins.sharp(), ls.dynamics.sgd(), ls.noise.independent(1.2), 0.8, paths=300,
        seed=row["seed"],
    )  # fmt: skip
    assert row["digest"] == run.digest
    prediction = ls.theory.predict(
        ls.basins.sharp(), ls.dynamics.sgd(), ls.noise.independent(1.2), 0.8, dt=row["dt"]
    )
    expected = [run.mean, *run.mean_interval(), prediction.mean, run.mean / prediction.mean]
    names = ("mean", "mean_lower", "mean_upper", "predicted_mean", "ratio")
    assert [row[name] for name in names] == expected
    assert sweep.results()["basin=sharp, alpha=1.2, epsilon=0.8"].digest == run.digest


def test_points_have_seeds_of_their_own(tmp_path: Path, whole: tuple[Path, ls.Sweep]) -> None:
    assert len({row["seed"] for row in whole[1].rows}) == 8
    shared = {**SPEC, "paths": 10, "seed": 7, "common_random_numbers": True}
    assert {row["seed"] for row in ls.sweep(shared, tmp_path).rows} == {7}


@pytest.mark.parametrize("split", ["shards", "chunks", "extended", "one directory"])
def test_however_it_is_split(split: str, tmp_path: Path, whole: tuple[Path, ls.Sweep]) -> None:
    if split == "shards":
        parts = [tmp_path / str(i) for i in (1, 2, 3)]
        for i, part in enumerate(parts, 1):
            ls.sweep(SPEC, part, shard=f"{i}/3")
        found = ls.merge(parts, tmp_path / "sweep")
    elif split == "one directory":
        # More shards than cells: the chunks of a cell are dealt out.
        for i in range(1, 10):
            found = ls.sweep(SPEC, tmp_path / "sweep", shard=(i, 9))
    elif split == "extended":
        fewer = {"basin": ["flat"], "alpha": [1.2, 1.6], "epsilon": [0.5, 0.8]}
        ls.sweep({**SPEC, "paths": 150, "grid": fewer}, tmp_path / "sweep", threads=1)
        found = ls.sweep(SPEC, tmp_path / "sweep")
    else:
        found = ls.sweep({**SPEC, "chunk": 77}, tmp_path / "sweep")
    assert digests(found) == digests(whole[1])
    assert files(tmp_path / "sweep") == files(whole[0])


KILLED = """
import os, random, signal, sys, time
import levysde as ls

spec, whole, folder = sys.argv[1:]
ls.sweep(spec, whole, threads=1)
random.seed(5)
kills = 0
for _ in range(6):
    child = os.fork()
    if child == 0:
        ls.sweep(spec, folder, threads=1)
        os._exit(0)
    time.sleep(random.uniform(0.0, 0.15))
    os.kill(child, signal.SIGKILL)
    kills += os.waitpid(child, 0)[1] == signal.SIGKILL
print(kills)
"""


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Each call goes on where the one before was killed, and loses at most one chunk."""
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'paths = 4000\nchunk = 400\nbasin = "flat"\n[grid]\nepsilon = [0.2, 0.25, 0.3, 0.4]\n'
    )
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, spec, whole, killed],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) > 0
    expected, found = ls.load_sweep(whole), ls.sweep(spec, killed)
    assert digests(found) == digests(expected)
    assert files(killed) == files(whole)


def test_what_is_finished_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    run_chunk = compute.run_chunk

    def counted(simulation, first, last, *others):
        computed.append((first, last))
        if len(computed) == 5:
            raise KeyboardInterrupt
        return run_chunk(simulation, first, last, *others)

    monkeypatch.setattr(compute, "run_chunk", counted)
    spec = {"paths": 400, "chunk": 100, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    with pytest.raises(KeyboardInterrupt):
        ls.sweep(spec, tmp_path)
    ls.sweep(spec, tmp_path)
    assert len(computed) == 8 + 1  # the one that was interrupted comes twice
    ls.sweep(spec, tmp_path)
    assert len(computed) == 9


def test_a_precision_is_that_of_escape_times(tmp_path: Path) -> None:
    found = ls.sweep({"basin": "flat", "epsilon": 0.6, "rel_error": 0.2, "chunk": 30}, tmp_path)
    parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5)
    run = ls.escape_times(*parts, 0.6, rel_error=0.2, seed=found.rows[0]["seed"])
    assert found.rows[0]["digest"] == run.digest


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    spec = {"paths": 200, "basin": "flat", "epsilon": 0.6}
    before = ls.sweep(spec, tmp_path)
    (result,) = tmp_path.rglob("result.npz")
    result.write_bytes(result.read_bytes()[:100])
    assert digests(ls.sweep(spec, tmp_path)) == digests(before)


# ------------------------------------------------------------------------------ what goes wrong


def test_a_cell_that_fails_stops_nothing(tmp_path: Path) -> None:
    # alpha = 2 has no jumps for the jump method.
    spec = {"paths": 50, "basin": "flat", "method": "jump", "epsilon": 0.1}
    found = ls.sweep({**spec, "grid": {"alpha": [1.2, 2.0, 1.5]}}, tmp_path)
    assert [row["alpha"] for row in found.rows] == [1.2, 1.5]
    assert list(found.failed) == ["alpha=2"] == list(found.missing)
    assert "alpha" in found.failed["alpha=2"]
    told = " ".join(str(found).split("failed: alpha=2: ")[1].split())
    assert told == found.failed["alpha=2"], "the whole sentence"
    # It has no paths that could be lost, so that its settings may be mended in the same place.
    mended = ls.sweep({**spec, "grid": {"alpha": [1.2, 1.9, 1.5]}}, tmp_path)
    assert [row["alpha"] for row in mended.rows] == [1.2, 1.9, 1.5]
    assert mended.failed == {}
    assert len(list((tmp_path / "cells").iterdir())) == 3


def test_an_environment_that_fails_is_told(tmp_path: Path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise BackendError("the device is gone")

    monkeypatch.setattr(compute, "run_chunk", broken)
    found = ls.sweep({"paths": 50, "epsilon": 0.5}, tmp_path)
    assert found.failed == {"the only cell": "BackendError: the device is gone"}
    monkeypatch.undo()
    assert ls.sweep({"paths": 50, "epsilon": 0.5}, tmp_path).failed == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"paths": 100}, "300 paths, and here 100"),
        ({"dt": 0.01}, "dt was not given and is 0.01"),
        ({"grid": {"epsilon": [0.5], "basin": ["flat"], "alpha": [1.2]}}, "cells that this sweep"),
    ],
)
def test_another_sweep_is_refused(change: dict, told: str, whole: tuple[Path, ls.Sweep]) -> None:
    with pytest.raises(ValueError, match=told):
        ls.sweep({**SPEC, **change}, whole[0])


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"has other files \(thesis.tex\)"):
        ls.sweep(SPEC, tmp_path)


def test_parts_of_different_sweeps_are_not_merged(tmp_path: Path) -> None:
    ls.sweep({"paths": 10, "epsilon": 0.5}, tmp_path / "a")
    ls.sweep({"paths": 10, "epsilon": 0.6}, tmp_path / "b")
    with pytest.raises(ValueError, match="another sweep"):
        ls.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")


BAD = [
    ({"epsilom": 0.1}, r"unknown key 'epsilom' \(did you mean epsilon\?\)"),
    ({"epsilon": float("nan")}, "epsilon is NaN"),
    ({"epsilon": -0.1}, "epsilon is -0.1; give a positive number"),
    ({"epsilon": "small"}, "epsilon is 'small'; give a number"),
    ({"epsilon": True}, "epsilon is True; give a number"),
    ({"epsilon": 0.1, "basin": 3}, "basin is 3; give the name of a basin"),
    ({"epsilon": 0.1, "basin": "shrap"}, "did you mean sharp"),
    ({"epsilon": 0.1, "grid": {"alpha": []}}, "grid.noise.alpha is an empty list"),
    ({"epsilon": 0.1, "grid": {"alpha": [1.2, 1.2]}}, "has 1.2 twice"),
    ({"epsilon": 0.1, "grid": {"alpha": 1.2}}, "grid.noise.alpha is 1.2; give a list"),
    ({"epsilon": 0.1, "grid": {"alpha": [1.2, 3.0]}}, "alpha=3: .*alpha is 3"),
    ({"epsilon": 0.1, "grid": [1]}, "grid is .*; give a table of lists"),
    ({"epsilon": 0.1, "zip": {"alpha": [1.2], "dt": [0.1, 0.2]}}, "different lengths"),
    ({"epsilon": 0.1, "list": []}, "list is .*; give tables of settings"),
    ({"grid": {"epsilon": {"geomspace": [0.1, -1, 3]}}}, r"give \[first, last, how many\]"),
    ({"epsilon": 0.1, "paths": 0}, "paths is 0"),
    ({"epsilon": 0.1, "chunk": 0}, "chunk is 0"),
    ({"epsilon": 0.1, "noise": {"alpha": 1.5, "betta": 0.5}}, "betta"),
    ({"epsilon": 0.1, "method": "jmp"}, "method"),
    ({}, "epsilon"),
    ({"epsilon": 0.1, "grid": {"epsilon": [0.2]}}, "epsilon is fixed and in grid as well"),
    ({"epsilon": 0.1, "zip": {"epsilon": [0.2]}}, "epsilon is fixed and in zip as well"),
    ({"grid": {"epsilon": [0.2]}, "zip": {"epsilon": [0.3]}}, "in grid and in zip as well"),
    ({"grid": {"epsilon": [0.2]}, "list": [{"epsilon": 0.3}]}, "in grid and in every table"),
    ({"epsilon": 0.1, "alpha": 1.2, "noise": {"alpha": 1.4}}, "noise.alpha and its short name"),
    (
        {"epsilon": 0.1, "alpha": 1.2, "noise": {"name": "independent", "alpha": 1.4}},
        "noise has alpha = 1.4, and noise.alpha is 1.2; give one of them",
    ),
    ({"grid": {"epsilon": {"geomspac": [0.1, 1, 3]}}}, "did you mean geomspace"),
    ({"grid": {"epsilon": {"logspace": [0.1, 1, 3]}}}, "give one of geomspace, linspace"),
    ({"grid": {"epsilon": {"linspace": [0.1, float("inf"), 3]}}}, r"give \[first, last, how many"),
    ({"grid": {"epsilon": {"linspace": [-1.7e308, 1.7e308, 3]}}}, r"give \[first, last, how many"),
    ({"grid": {"epsilon": {"linspace": [0.1, 1, 100_001]}}}, "100001 values; give at most 100000"),
    ({"grid": {"epsilon": [0.1] * 100_001}}, "100001 values; give at most 100000"),
    ({"epsilon": 0.1, "scheme": "flw"}, "unknown scheme 'flw'"),
    ({"grid": {"epsilon": {"linspace": [1, 2, 2000]}, "seed": list(range(100))}}, "at most 100000"),
]


@pytest.mark.quick
@pytest.mark.parametrize(("spec", "told"), BAD, ids=[told for _, told in BAD])
def test_a_bad_spec_is_one_sentence(spec: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        cells_of(read(spec))
    assert "\n" not in str(caught.value)


@pytest.mark.quick
@pytest.mark.parametrize(
    "text",
    [
        "epsilon = [", "x = " + "[" * 10_000, "a." * 9_000 + "b = 1", "\0", "epsilon = 1979-05-27",
        "#" * (LARGEST_FILE + 1), '"' + "x" * 70 + '" = 1', "grid = 3", "[[grid]]\nepsilon = [1]",
    ],
    ids=range(9),
)  # fmt: skip
def test_a_hostile_file_is_one_sentence(text: str, tmp_path: Path, capsys) -> None:
    file = tmp_path / "spec.toml"
    file.write_text(text)
    assert main(["sweep", str(file)]) == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert answer.err.startswith("levysde sweep: error: ")
    assert answer.err.count("\n") == 1
    assert len(answer.err) < 400


@pytest.mark.quick
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "levysde sweep", "cells": [{}]}'])
def test_a_damaged_record_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match=r"sweep.json"):
        ls.load_sweep(tmp_path)


# --------------------------------------------------------------------------- order and commands


@pytest.mark.quick
@pytest.mark.parametrize("count", range(1, 40))
def test_the_order_of_an_axis_is_coarse_before_fine(count: int) -> None:
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    for length in range(2, count):
        gaps = np.diff(sorted(order[:length]))
        assert gaps.max() <= 2 * gaps.min() + 2


def test_the_command_runs_and_continues(tmp_path: Path, capsys) -> None:
    file = tmp_path / "spec.toml"
    file.write_text(
        'paths = 300\nbasin = "flat"\n[grid]\nepsilon = [0.5, 0.7]\nalpha = [1.2, 1.5]\n'
    )
    assert main(["sweep", str(file), "--dry-run"]) == 0
    assert "4 cells" in capsys.readouterr().out
    assert not (tmp_path / "spec").exists()
    assert main(["sweep", str(file), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["complete"] == 4
    assert main(["sweep", str(file), "--shard", "4/3"]) == 2
    assert "shard is '4/3'" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "spec"), "--by", "alpha"]) == 0
    assert (tmp_path / "spec" / "sweep-scaling.png").exists()
    lines = (tmp_path / "spec" / "summary.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("epsilon,alpha,basin,dim,")


@pytest.mark.processes
@pytest.mark.skipif(os.name == "nt", reason="SIGTERM cannot be sent to one process")
@pytest.mark.parametrize(
    ("number", "code", "compiling"),
    [(signal.SIGTERM, 143, False), (signal.SIGINT, 130, True)],
)
def test_a_signal_ends_it_soon(number: int, code: int, compiling: bool, tmp_path: Path) -> None:
    file = tmp_path / "spec.toml"
    file.write_text('paths = 2000000\nchunk = 2000\nbasin = "flat"\ngrid.epsilon = [0.05, 0.1]\n')
    script = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('levysde', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", script, "sweep", str(file)]
    environment = {**os.environ}
    if compiling:
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / "cache")
    sign = "*.nbi" if compiling else "*-*.npz"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while process.poll() is None and not list(tmp_path.rglob(sign)):
            time.sleep(0.02)
        began = time.perf_counter()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert time.perf_counter() - began < 2.0
    assert "to continue, repeat the command" in err
    assert all(ls.load(chunk).paths <= 2000 for chunk in (tmp_path / "spec").rglob("*-*.npz"))
