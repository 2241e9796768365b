"""Sweeps as tables of other libraries: pandas, xarray and its files."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import levysde as ls
from levysde.noise import CONVENTION
from levysde.runs.sweep import xarrays

pytestmark = pytest.mark.quick

GRID = {
    "paths": 60,
    "horizon": 5.0,
    "basin": "flat",
    "grid": {"epsilon": [0.5, 0.6, 0.8], "noise": ["independent", "isotropic"]},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ls.Sweep:
    return ls.sweep(GRID, tmp_path_factory.mktemp("grid"), threads=1)


def round_trip(tree: xarray.DataTree, folder: Path) -> xarray.DataTree:
    file = folder / "sweep.nc"
    tree.to_netcdf(file, engine="h5netcdf")
    with xarray.open_datatree(file, engine="h5netcdf") as found:
        return found.load()


def check_same(one: xarray.DataTree, other: xarray.DataTree) -> None:
    """Values, types, attributes and names of every node."""
    xarray.testing.assert_identical(one, other)
    assert [node.path for node in one.subtree] == [node.path for node in other.subtree]
    for node in one.subtree:
        copy = other[node.path]
        assert copy.attrs == node.attrs
        for name, variable in node.variables.items():
            assert copy[name].dtype == variable.dtype, name
            assert copy[name].attrs == variable.attrs, name


def test_pandas_has_the_table(made: ls.Sweep) -> None:
    frame = made.to_pandas()
    assert list(frame.columns) == list(made.columns)
    assert len(frame) == 6
    assert frame["mean"].tolist() == made.table["mean"]
    assert frame.set_index(["epsilon", "noise"]).loc[(0.6, "isotropic"), "paths"] == 60


@pytest.mark.parametrize("library", ["pandas", "xarray"])
def test_without_the_extra(made: ls.Sweep, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        ImportError, match=rf"{library} is not installed: pip install '\.\[xarray\]'"
    ):
        getattr(made, f"to_{library}")()


def test_a_grid_has_its_axes(made: ls.Sweep, tmp_path: Path) -> None:
    tree = made.to_xarray()
    assert dict(tree.sizes) == {"epsilon": 3, "noise": 2}
    assert tree["epsilon"].values.tolist() == [0.5, 0.6, 0.8]
    for row, label in zip(made.rows, made.labels, strict=True):
        cell = tree.to_dataset().sel(epsilon=row["epsilon"], noise=row["noise"])
        assert str(cell["label"].values) == label
        for name, value in row.items():
            found = cell[name].values[()]
            assert found == value or (value is None and np.isnan(found)), name
    assert tree["seed"].dtype == np.uint64
    assert tree["escaped"].dtype == np.int64
    check_same(tree, round_trip(tree, tmp_path))


def test_attributes_are_text(made: ls.Sweep) -> None:
    attributes = made.to_xarray().attrs
    assert all(isinstance(value, str) for value in attributes.values())
    assert attributes["convention"] == CONVENTION
    assert attributes["levysde"] == json.loads(attributes["versions"])["levysde"]
    assert json.loads(attributes["spec"])["axes"] == made.axes
    assert json.loads(attributes["spec"])["fixed"]["basin"] == "'flat'"
    assert attributes["missing"] == "0"


def test_paths_are_nodes(made: ls.Sweep, tmp_path: Path) -> None:
    tree = round_trip(made.to_xarray(paths=True), tmp_path)
    check_same(made.to_xarray(paths=True), tree)
    assert {row["key"] for row in made.rows} == set(tree.children)
    for row, (label, result) in zip(made.rows, made.results().items(), strict=True):
        node = tree[row["key"]]
        assert node.attrs["label"] == label
        assert node.attrs["digest"] == result.digest
        assert json.loads(node.attrs["parameters"]) == result.parameters
        assert node["status"].dtype == np.int8
        assert (node["status"].values == result.status).all()
        assert (node["time"].values == result.times).all()
        assert (node["steps"].values == result.steps).all()
        assert (node["exit_position"].values == result.exit_position).all()
        assert node["exit_position"].dims == ("path", "coordinate")
        again = ls.EscapeTimes(
            node["steps"].values, node["status"].values, node["exit_position"].values,
            dt=float(row["dt"]),
        )  # fmt: skip
        assert again.digest == result.digest


def test_cells_that_are_missing_are_empty(made: ls.Sweep, tmp_path: Path) -> None:
    part = ls.sweep(GRID, tmp_path / "part", shard="1/2", threads=1)
    tree = part.to_xarray(paths=True)
    assert dict(tree.sizes) == {"epsilon": 3, "noise": 2}
    assert np.isnan(tree["mean"].values).sum() == len(part.missing) == 3
    assert (tree["digest"].values == "").sum() == 3
    # 64 bits do not go into a number that can be NaN.
    assert sorted(tree["seed"].values.ravel()) == [
        "",
        "",
        "",
        *sorted(map(str, part.table["seed"])),
    ]
    assert tree.attrs["missing"] == "3"
    check_same(tree, round_trip(tree, tmp_path))


@pytest.mark.parametrize(
    "varied",
    [
        {"zip": {"epsilon": [0.5, 0.6], "alpha": [1.2, 1.7]}},
        {"zip": {"epsilon": [0.5, 0.5], "alpha": [1.2, 1.7]}, "grid": {"seed": [1, 2]}},
        {"list": [{"epsilon": 0.5}, {"epsilon": 0.6, "noise": "isotropic"}]},
        {},
    ],
    ids=["zip", "zip and grid", "list", "one"],
)
def test_cells_that_form_no_grid_have_one_dimension(varied: Any, tmp_path: Path) -> None:
    fixed = {"paths": 30, "horizon": 5.0, "basin": "flat"}
    one = {"epsilon": 0.5} if not varied else {}
    made = ls.sweep({**fixed, **one, **varied}, tmp_path / "sweep", threads=1)
    tree = made.to_xarray(paths=True)
    assert dict(tree.sizes) == {"cell": len(made)}
    assert "label" in tree.coords
    for table in varied.values():
        keys = table if isinstance(table, dict) else {key for entry in table for key in entry}
        assert set(keys) <= set(tree.coords)
    assert tree["mean"].values.tolist() == made.table["mean"]
    check_same(tree, round_trip(tree, tmp_path))


def test_nothing_is_complete(made: ls.Sweep, tmp_path: Path) -> None:
    empty = replace(made, rows=(), labels=(), missing=made.labels)
    tree = empty.to_xarray(paths=True)
    assert dict(tree.sizes) == {"epsilon": 3, "noise": 2}
    check_same(tree, round_trip(tree, tmp_path))


def test_long_records_are_kept(made: ls.Sweep, tmp_path: Path) -> None:
    """A file has no room for attributes of any length."""
    results = list(made.results().values())
    for length, place in (xarrays.LONGEST_ATTRIBUTE - 5000, 0), (200_000, 1):
        longer = {**results[place].parameters, "more": "x" * length}
        results[place] = replace(results[place], parameters=longer)
    failed = {"a cell": "y" * 100_000}
    tree = xarrays.data_tree(replace(made, failed=failed), results)
    found = round_trip(tree, tmp_path)
    check_same(tree, found)
    first, second = (found[row["key"]] for row in made.rows[:2])
    assert json.loads(first.attrs["parameters"]) == results[0].parameters
    assert json.loads(str(second["parameters"].values)) == results[1].parameters
    assert json.loads(found.attrs["failed"]) == {"cells": 1}
