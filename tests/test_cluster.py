"""Sweeps on a Dask cluster of processes on this machine: the same bits, whoever dies meanwhile."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

import levysde as ls
from levysde.runs.sweep import cluster, on_worker

pytestmark = pytest.mark.quick


def steep(x, p, out):
    """A function of this file, which workers cannot import."""
    out[0] = p[0] * x[0] ** 3


PLAIN = {
    "paths": 240,
    "chunk": 40,
    "horizon": 5.0,
    "basin": "flat",
    "grid": {"epsilon": [0.5, 0.6, 0.7, 0.8], "alpha": [1.2, 1.7]},
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    # Each worker has a process that starts it again when it is killed.
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as workers,
        Client(workers) as found,
    ):
        yield found


def uncompilable(x, p, out):
    out[0] = x[0] + 0.0 * len(repr(x))


def users_part(gradient: Any) -> ls.Basin:
    potential = ls.Potential(1, gradient, params={"a": 4.0}, name=gradient.__name__)
    return ls.Basin(potential, ls.domains.box([-1.0], [1.0]), [0.0], name=gradient.__name__)


def files(folder: Path) -> dict[str, bytes]:
    """The results of a sweep, byte for byte."""
    return {
        f"{file.parent.name}/{file.name}": file.read_bytes()
        for file in sorted(folder.glob("cells/*/*.npz"))
    }


def check_same(one: ls.Sweep, other: ls.Sweep) -> None:
    assert one.missing == other.missing == ()
    assert one.failed == other.failed == {}
    assert one.warnings == other.warnings
    assert files(one.directory) == files(other.directory)
    assert set(files(one.directory)) == {f"{row['key']}/result.npz" for row in one.rows}
    drop = {"seconds"}
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        assert {k: v for k, v in mine.items() if k not in drop} == {
            k: v for k, v in theirs.items() if k not in drop
        }


@pytest.mark.parametrize(
    "spec",
    [
        PLAIN,
        {**PLAIN, "method": "jump"},
        {"basin": "flat", "rel_error": 0.1, "paths": 900, "chunk": 100,
         "list": [{"epsilon": 0.5, "horizon": 0.2}, {"epsilon": 0.8, "horizon": 50.0}]},
    ],
    ids=["euler", "jump", "precision"],
)  # fmt: skip
def test_same_files_as_on_one_machine(client: Client, tmp_path: Path, spec: Any) -> None:
    here = ls.sweep(spec, tmp_path / "here", threads=1)
    there = ls.sweep(spec, tmp_path / "there", client=client)
    check_same(here, there)


def test_functions_of_the_user_travel(client: Client, tmp_path: Path) -> None:
    spec = {**PLAIN, "basin": users_part(steep)}
    there = ls.sweep(spec, tmp_path / "there", client=client)
    check_same(ls.sweep(spec, tmp_path / "here", threads=1), there)


def test_workers_may_be_killed(client: Client, tmp_path: Path) -> None:
    """Twenty workers die at random moments, each while its chunks are running or on their way."""
    spec = {
        "paths": 600,
        "chunk": 20,
        "horizon": 1000.0,
        "dt": 0.01,
        "basin": "flat",
        "grid": {"epsilon": [0.02, 0.03], "alpha": [1.2, 1.5, 1.7]},
    }
    chance = random.Random(0)
    killed: list[int] = []
    due = 100

    def kill(finished: int, paths: int) -> None:
        nonlocal due
        if finished < due or len(killed) == 20:
            return
        due = finished + 20 * chance.randint(1, 7)
        pids = list(client.run(os.getpid, on_error="ignore").values())
        time.sleep(chance.uniform(0.0, 0.1))
        if pids:
            killed.append(chance.choice(pids))
            os.kill(killed[-1], signal.SIGKILL)

    there = ls.sweep(spec, tmp_path / "there", client=client, progress=kill)
    assert len(killed) == len(set(killed)) == 20
    check_same(ls.sweep(spec, tmp_path / "here", threads=1), there)


def test_a_cell_that_fails_stops_nothing(client: Client, tmp_path: Path) -> None:
    spec = {"paths": 100, "chunk": 20, "horizon": 5.0, "grid": {"epsilon": [0.5]},
            "zip": {"basin": ["flat", users_part(uncompilable), "sharp"], "noise.alpha": [1.5, 1.5, 1.6]}}  # fmt: skip
    there = ls.sweep(spec, tmp_path / "there", client=client)
    here = ls.sweep(spec, tmp_path / "here", threads=1)
    assert len(there) == 2
    assert "cannot be compiled" in there.failed["basin=uncompilable, alpha=1.5"]
    assert there.failed == here.failed
    assert files(there.directory) == files(here.directory)
