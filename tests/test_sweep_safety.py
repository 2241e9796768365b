"""Sweeps: what counts as complete, what is refused, and what is left as it was."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import levysde as ls
from levysde.cli import main
from levysde.engine.backends import BACKENDS, BackendError
from levysde.runs.record import content
from levysde.runs.sweep import origin
from levysde.runs.sweep.cell import cells_of
from levysde.runs.sweep.settings import read

SPEC = {"paths": 200, "chunk": 100, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}


def everything(directory: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def folders(directory: Path) -> list[Path]:
    """Of the cells, in the order of the record."""
    record = json.loads((directory / "sweep.json").read_text())
    return [directory / "cells" / cell["key"] for cell in record["cells"]]


def spoil(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


# ------------------------------------------------------------------------------- what is complete


def test_a_cell_with_fewer_paths_than_asked_for_is_missing(tmp_path: Path) -> None:
    ls.sweep(SPEC, tmp_path / "a")
    longer = {**SPEC, "paths": 400}
    half = ls.sweep(longer, tmp_path / "a", shard="1/2")
    assert [row["paths"] for row in half.rows] == [400]
    assert half.missing == ("epsilon=0.8",)
    assert {row["paths"] for row in ls.sweep(longer, tmp_path / "a").rows} == {400}
    merged = ls.merge([tmp_path / "a"], tmp_path / "b")
    assert len(merged) == len(merged.results()) == 2


def test_a_precision_that_was_raised_is_missing(tmp_path: Path) -> None:
    spec = {"basin": "flat", "rel_error": 0.3, "grid": {"epsilon": [0.5, 0.8]}}
    ls.sweep(spec, tmp_path)
    half = ls.sweep({**spec, "rel_error": 0.15}, tmp_path, shard="1/2")
    assert half.missing == ("epsilon=0.8",)


def test_a_part_with_a_damaged_result_is_not_complete(tmp_path: Path) -> None:
    ls.sweep(SPEC, tmp_path / "a")
    broken = folders(tmp_path / "a")[1] / "result.npz"
    broken.write_bytes(broken.read_bytes()[:100])
    before = everything(tmp_path / "a")
    merged = ls.merge([tmp_path / "a"], tmp_path / "b")
    assert merged.missing == ("epsilon=0.8",) == ls.load_sweep(tmp_path / "a").missing
    assert len(merged.results()) == 1
    assert everything(tmp_path / "a") == before


def test_the_result_of_another_cell_is_not_taken(tmp_path: Path) -> None:
    right = ls.sweep(SPEC, tmp_path / "a").table["mean"]
    first, second = folders(tmp_path / "a")
    shutil.copy(first / "result.npz", second / "result.npz")
    assert ls.sweep(SPEC, tmp_path / "a").table["mean"] == right
    shutil.copy(first / "result.npz", second / "result.npz")
    assert ls.merge([tmp_path / "a"], tmp_path / "b").missing == ("epsilon=0.8",)


@pytest.mark.parametrize(
    "grid",
    [{"alpha": [1.2, 1.7]}, {"dt": [0.01, 0.02]}, {"seed": [1, 2]}, {"basin": ["flat", "sharp"]}],
    ids=lambda grid: next(iter(grid)),
)
def test_a_result_says_which_cell_it_is_of(grid: dict, tmp_path: Path) -> None:
    spec = {"paths": 20, "epsilon": 0.6, "common_random_numbers": True, "grid": grid}
    made = ls.sweep(spec, tmp_path)
    cells = {cell.key: cell for cell in cells_of(read(spec))}
    for row, result in zip(made.rows, made.results().values(), strict=True):
        for key, cell in cells.items():
            assert origin.is_from(result, cell.origin) == (key == row["key"])


def test_what_a_result_says_is_what_the_key_is_made_of() -> None:
    (cell,) = cells_of(read({"epsilon": 1}))
    assert set(origin._CONTENT) == set(content(cell.model))


# ----------------------------------------------------------------------------- what is left alone


@pytest.mark.parametrize("shard", [None, "1/2"])
def test_a_refused_sweep_changes_nothing(shard: str | None, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    ls.sweep(SPEC, tmp_path)
    before = everything(tmp_path)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="another process is computing"):
            ls.sweep({**SPEC, "paths": 900}, tmp_path, shard=shard)
    finally:
        os.close(descriptor)
    assert everything(tmp_path) == before


def test_what_only_reads_removes_nothing(tmp_path: Path, capsys) -> None:
    file = tmp_path / "spec.toml"
    file.write_text('paths = 200\nbasin = "flat"\ngrid.epsilon = [0.5, 0.8]\n')
    assert main(["sweep", str(file)]) == 0
    broken = folders(tmp_path / "spec")[0]
    (broken / "result.npz").write_bytes(b"PK")
    (broken / "0-100.npz").write_bytes(b"PK")
    before = everything(tmp_path / "spec")
    assert main(["sweep", str(file), "--dry-run"]) == 0
    assert main(["merge", str(tmp_path / "spec"), "--output", str(tmp_path / "whole")]) == 0
    assert everything(tmp_path / "spec") == before
    assert main(["sweep", str(file), "--quiet"]) == 0
    assert not (broken / "0-100.npz").exists()
    assert len(ls.load_sweep(tmp_path / "spec")) == 2


# -------------------------------------------------------------------------------- hostile records


RECORDS = [
    {"axes": [1]}, {"axes": {"epsilon": 3}}, {"axes": {"epsilon": [[1]]}}, {"varied": 5},
    {"varied": [1]}, {"fixed": 3}, {"cells": 3}, {"cells": [5]},
]  # fmt: skip
CELLS = [
    {"escapes": "x"}, {"paths": -5}, {"paths": True}, {"key": "../.."}, {"label": 3},
    {"varied": {"epsilon": []}}, {"origin": 3},
]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "spec.toml"
    file.write_text('paths = 20\nbasin = "flat"\ngrid.epsilon = [0.5, 0.8]\n')
    ls.sweep(file, tmp_path / "spec")
    return tmp_path / "spec"


@pytest.mark.parametrize("change", [*RECORDS, *({"cells": each} for each in CELLS)], ids=str)
def test_a_hostile_record_is_one_sentence(change: dict, small: Path, capsys) -> None:
    file = small / "sweep.json"
    if isinstance(change.get("cells"), dict):
        first, second = json.loads(file.read_text())["cells"]
        change = {"cells": [first, {**second, **change["cells"]}]}
    spoil(file, **change)
    commands = (
        ["plot", str(small)],
        ["sweep", f"{small}.toml"],
        ["merge", str(small), "--output", str(small.parent / "whole")],
    )
    for command in commands:
        assert main(command) == 3
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "sweep.json is not the record of a sweep" in told


def test_an_entry_of_another_version_is_read(small: Path) -> None:
    record = json.loads((small / "sweep.json").read_text())
    spoil(small / "sweep.json", cells=[{**cell, "more": 1} for cell in record["cells"]])
    assert len(ls.merge([small], small.parent / "whole")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"warnings": 5}, {"row": {}}, {"row": {"key": None}}, {"failed": 3},
        {"row": {"seconds": "abc"}}, {"row": {"mean": "abc"}}, {"row": {"method": 3}},
        {"row": {"escaped": None}},
    ],
    ids=str,
)  # fmt: skip
def test_a_hostile_line_is_made_again(change: dict, small: Path) -> None:
    file = folders(small)[0] / "cell.json"
    expected = ls.load_sweep(small).table["digest"]
    if "row" in change:
        old = {**json.loads(file.read_text())["row"]}
        change = {"row": {**old, **change["row"]} if change["row"] else {"key": old["key"]}}
    spoil(file, **change)
    assert len(ls.load_sweep(small)) in (1, 2)
    assert ls.sweep(f"{small}.toml", small).table["digest"] == expected


# ----------------------------------------------------------------- versions and other mistakes


def made_by(file: Path, **versions: str) -> None:
    """Let a result say that other versions made it."""
    result = ls.load(file)
    known = {**result.parameters["versions"], **versions}
    replace(result, parameters={**result.parameters, "versions": known}).save(file)


def test_parts_of_other_versions_are_not_merged(small: Path, tmp_path: Path) -> None:
    ls.sweep(f"{small}.toml", tmp_path / "other")
    for folder in folders(tmp_path / "other"):
        made_by(folder / "result.npz", numpy="1.0.0")
    with pytest.raises(ValueError, match=r"made by numpy .* and 1.0.0, so that results could"):
        ls.merge([small, tmp_path / "other"], tmp_path / "whole")
    assert not list((tmp_path / "whole").rglob("*.npz"))
    # The last number of Python's version changes no bits.
    for folder in folders(small):
        python = ls.load(folder / "result.npz").parameters["versions"]["python"]
        made_by(folder / "result.npz", python=python.rpartition(".")[0] + ".99")
    assert len(ls.merge([small], tmp_path / "whole")) == 2


def test_a_cell_of_several_versions_is_warned_of(tmp_path: Path) -> None:
    spec = {"paths": 200, "chunk": 100, "basin": "flat", "epsilon": 0.5}
    ls.sweep(spec, tmp_path)
    made_by(folders(tmp_path)[0] / "result.npz", levysde="0.0.1")
    found = ls.sweep({**spec, "paths": 300}, tmp_path)
    (told,) = found.warnings["the only cell"]
    assert "made by levysde 0.0.1 and" in told
    assert ls.load_sweep(tmp_path).warnings == found.warnings


def test_a_whole_has_a_folder_of_its_own(small: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"has other files \(thesis.tex\)"):
        ls.merge([small], tmp_path / "thesis")


def test_a_shard_is_made_of_whole_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"shard is \(1.7, 3\)"):
        ls.sweep(SPEC, tmp_path, shard=(1.7, 3))


def test_a_dry_run_says_what_cannot_run(tmp_path: Path, monkeypatch, capsys) -> None:
    def absent() -> None:
        raise BackendError("backend 'cuda' cannot be used here: no device")

    monkeypatch.setitem(BACKENDS, "cuda", absent)
    file = tmp_path / "spec.toml"
    file.write_text('paths = 20\nepsilon = 0.5\nbackend = "cuda"\n')
    assert main(["sweep", str(file), "--dry-run"]) == 4
    assert "cannot be used here: no device" in capsys.readouterr().err
