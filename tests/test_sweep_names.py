"""Sweeps: names of values that tell them apart, and settings as they were asked for."""

import time
from pathlib import Path

import pytest

import levysde as ls
from levysde.cli import main
from levysde.runs.sweep.cell import cells_of
from levysde.runs.sweep.naming import Naming
from levysde.runs.sweep.settings import read

pytestmark = pytest.mark.quick

FIXED = {"paths": 30, "basin": "flat", "horizon": 5.0}


def laws(*alphas: float) -> list[ls.Noise]:
    return [ls.noise.independent(alpha=alpha) for alpha in alphas]


def test_objects_of_one_name_keep_their_places(tmp_path: Path) -> None:
    grid = {"noise": laws(1.2, 1.8), "epsilon": [0.5, 0.8]}
    made = ls.sweep({**FIXED, "grid": grid}, tmp_path)
    assert made.axes["noise"] == ["independent(alpha=1.2)", "independent(alpha=1.8)"]
    assert len(set(made.labels)) == len(made.results()) == 4
    tree = made.to_xarray()
    assert tree["alpha"].values.tolist() == [[1.2, 1.2], [1.8, 1.8]]
    assert tree["mean"].values.ravel().tolist() == made.table["mean"]
    assert [row["alpha"] for row in made.select(noise="independent(alpha=1.8)").rows] == [1.8, 1.8]


def test_a_sweep_that_was_extended_has_the_names_of_now(tmp_path: Path) -> None:
    first = ls.sweep({**FIXED, "epsilon": 0.5, "grid": {"noise": laws(1.2)}}, tmp_path)
    assert first.labels == ("noise=independent",)
    more = ls.sweep({**FIXED, "epsilon": 0.5, "grid": {"noise": laws(1.2, 1.8)}}, tmp_path)
    assert more.table["noise"] == ["independent(alpha=1.2)", "independent(alpha=1.8)"]
    assert more.table["key"][0] == first.table["key"][0]
    assert more.to_xarray()["alpha"].values.tolist() == [1.2, 1.8]


def names(key: str, values: list) -> list:
    return Naming(read({"grid": {key: values}})).axes()[key]


def test_what_has_no_parameters_is_numbered() -> None:
    one, two = (
        ls.Basin(ls.basins.flat().potential, ls.domains.interval(-1.0, upper), [0.0])
        for upper in (1.0, 2.0)
    )
    again = ls.Basin(one.potential, one.domain, [0.0], [0.1])
    assert names("basin", [one, two]) == ["custom(upper=1)", "custom(upper=2)"]
    assert names("basin", [one, again]) == ["custom", "custom 2"]
    assert names("basin", ["custom 2", one, again]) == ["custom 2", "custom", "custom 3"]


def test_names_and_numbers_are_themselves() -> None:
    assert names("epsilon", [0.1, 0.25]) == [0.1, 0.25]
    near = [0.1, 0.1 + 1e-16]
    labels = [cell.label for cell in cells_of(read({"paths": 9, "grid": {"epsilon": near}}))]
    assert len(set(labels)) == 2
    mixed = ["independent", *laws(1.2)]
    assert names("noise", mixed)[0] == "independent"
    assert len(set(names("noise", mixed))) == 2


def test_seeds_and_methods_are_those_that_were_asked_for(tmp_path: Path) -> None:
    grid = {"seed": [1, 2], "method": ["auto", "jump"]}
    made = ls.sweep({**FIXED, "epsilon": 0.5, "grid": grid}, tmp_path)
    assert made.table["seed"] == [1, 1, 2, 2]
    assert made.table["method_used"] == ["jump"] * 4
    assert [row["method"] for row in made.select(seed=1).rows] == ["auto", "jump"]
    assert dict(made.to_xarray().sizes) == {"seed": 2, "method": 2}
    used = [result.parameters["seed"] for result in made.results().values()]
    assert made.table["seed_used"] == used
    assert len(set(used)) == 4


def test_many_values_are_checked_at_once() -> None:
    began = time.perf_counter()
    assert len(read({"grid": {"epsilon": {"linspace": [0.1, 1.0, 100_000]}}})) == 100_000
    assert time.perf_counter() - began < 10.0


def test_other_random_numbers_are_the_reason(tmp_path: Path) -> None:
    spec = {**FIXED, "grid": {"epsilon": [0.5, 0.8]}}
    ls.sweep(spec, tmp_path)
    told = "common_random_numbers was not given and is True"
    with pytest.raises(ValueError, match=told):
        ls.sweep({**spec, "common_random_numbers": True}, tmp_path)


OWN = """
import levysde as ls
steep = ls.basins.quadratic(curvature={})
"""


def test_a_file_beside_the_spec_is_found(tmp_path: Path, monkeypatch) -> None:
    for folder, curvature in (("specs", 2.0), ("working", 3.0)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own.py").write_text(OWN.format(curvature))
    spec = tmp_path / "specs" / "spec.toml"
    spec.write_text('epsilon = 0.5\n[grid]\nbasin = ["own.py:steep"]\n')
    monkeypatch.chdir(tmp_path / "working")
    found = []
    for _ in range(2):
        (cell,) = cells_of(read(spec))
        assert cell.label == "basin=own.py:steep"
        found += cell.model.basin.potential.params["curvature"].tolist()
        (tmp_path / "specs" / "own.py").unlink(missing_ok=True)
    assert found == [2.0, 3.0]


def test_what_the_command_says_of_one_cell_and_of_none(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text('paths = 20\nbasin = "flat"\nepsilon = 0.5\nmethod = "jump"\n')
    assert main(["sweep", str(spec), "--dry-run"]) == 0
    assert "  1 cell, about" in capsys.readouterr().out
    assert main(["sweep", str(spec)]) == 0
    assert "  1 cell complete: " in capsys.readouterr().out
    failing = tmp_path / "failing.toml"
    failing.write_text(spec.read_text() + "alpha = 2.0\n")
    assert main(["sweep", str(failing)]) == 1
    assert capsys.readouterr().out.startswith("  0 cells complete: ")
