"""Sweeps on a Dask cluster of processes on this machine: the same bits, whoever dies meanwhile."""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, LocalCluster, Status
from distributed.utils import get_mp_context

import levysde as ls
from levysde.runs.record import versions
from levysde.runs.sweep import cluster, on_worker
from levysde.runs.sweep.store import Store


def linear(x, p, out):
    """A function of this file, which workers cannot import."""
    for j in range(len(x)):
        out[j] = p[0] * x[j]


PLAIN = {
    "paths": 240,
    "chunk": 40,
    "horizon": 5.0,
    "basin": "flat",
    "grid": {"epsilon": [0.5, 0.8], "alpha": [1.2, 1.7]},
}
SETTINGS = {
    # A cluster gives up a worker that happens to be away some time after it was lost once; here
    # they are lost all the time.
    "distributed.deploy.lost-worker-timeout": "1 h",
    "distributed.worker.multiprocessing-method": "forkserver",
}
LOADED = ("levysde.runs.sweep.on_worker", "levysde.methods")
"""What a worker would import anyway."""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with dask.config.set(SETTINGS):
        get_mp_context().set_forkserver_preload(["distributed", *LOADED])
    # Each worker has a process that starts it again when it is killed.
    with (
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as workers,
        Client(workers, set_as_default=False) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ls.Sweep:
    """The sweep on this machine alone."""
    return ls.sweep(PLAIN, tmp_path_factory.mktemp("plain") / "here", threads=1)


def uncompilable(x, p, out):
    out[0] = x[0] + 0.0 * len(x[0].hex())


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
        {**PLAIN, "method": "jump"},
        {"basin": "flat", "rel_error": 0.1, "paths": 900, "chunk": 100,
         "list": [{"epsilon": 0.5, "horizon": 0.2}, {"epsilon": 0.8, "horizon": 50.0}]},
    ],
    ids=["jump", "precision"],
)  # fmt: skip
def test_same_files_as_on_one_machine(client: Client, tmp_path: Path, spec: Any) -> None:
    here = ls.sweep(spec, tmp_path / "here", threads=1)
    there = ls.sweep(spec, tmp_path / "there", client=client)
    check_same(here, there)


def test_same_files_of_eulers_scheme(client: Client, plain: ls.Sweep, tmp_path: Path) -> None:
    check_same(plain, ls.sweep(PLAIN, tmp_path, client=client))


def test_functions_of_the_user_travel(client: Client, tmp_path: Path) -> None:
    spec = {**PLAIN, "grid": {"epsilon": [0.5]}, "basin": users_part(linear)}
    there = ls.sweep(spec, tmp_path / "there", client=client)
    check_same(ls.sweep(spec, tmp_path / "here", threads=1), there)


LONG = {
    "paths": 200,
    "chunk": 20,
    "horizon": 300.0,
    "dt": 0.01,
    "basin": "flat",
    "grid": {"epsilon": [0.02, 0.03], "alpha": [1.2, 1.5, 1.7]},
}


def test_a_cell_that_fails_stops_nothing(client: Client, tmp_path: Path) -> None:
    parts = ["flat", users_part(uncompilable), "sharp"]
    fixed = {name: value for name, value in PLAIN.items() if name != "basin"}
    spec = {**fixed, "epsilon": 0.5, "grid": {"basin": parts}}
    there = ls.sweep(spec, tmp_path / "there", client=client)
    here = ls.sweep(spec, tmp_path / "here", threads=1)
    assert len(there) == 2
    assert "cannot be compiled" in there.failed["basin=uncompilable"]
    assert there.failed == here.failed
    assert files(there.directory) == files(here.directory)


class StoppedError(Exception):
    """What a progress bar raises."""


@pytest.mark.parametrize("stop", [KeyboardInterrupt, StoppedError])
def test_a_stopped_sweep_goes_on(
    client: Client,
    plain: ls.Sweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException],
) -> None:
    def interrupt(finished: int, paths: int) -> None:
        if finished > paths / 3:
            raise stop

    with pytest.raises(stop):
        ls.sweep(PLAIN, tmp_path / "there", client=client, progress=interrupt)
    before = sum(ls.load(file).paths for file in (tmp_path / "there").glob("cells/*/*.npz"))
    assert 320 < before < 960

    computed = []
    keep = Store.keep

    def counted(store: Store, key: str, first: int, result: ls.EscapeTimes) -> None:
        computed.append(result.paths)
        keep(store, key, first, result)

    monkeypatch.setattr(Store, "keep", counted)
    there = ls.sweep(PLAIN, tmp_path / "there", client=client)
    assert before + sum(computed) == 4 * 240
    check_same(plain, there)


def test_nothing_runs_on_after_an_interrupt(client: Client, tmp_path: Path) -> None:
    endless = {**LONG, "horizon": 1e9, "grid": {"epsilon": [1e-6, 1e-7]}}
    began = time.monotonic()

    def interrupt(finished: int, paths: int) -> None:
        if any(client.processing().values()) and time.monotonic() > began + 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ls.sweep(endless, tmp_path, client=client, progress=interrupt)
    client.submit(int, 1).result(timeout=10)  # a thread of a worker is free


def test_workers_with_other_versions_are_refused(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {**versions(), "numba": "0.1"}
    monkeypatch.setattr(cluster, "versions", lambda: here)
    with pytest.raises(ValueError, match=r"the worker tcp://\S+ has numba \S+, and here is 0\.1,"):
        ls.sweep(PLAIN, tmp_path, client=client)


def test_workers_without_the_package_are_refused(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in (b"clevysde.absent\nname\n.", b"clevysde.checks\nabsent\n."):
        monkeypatch.setattr(cluster.pickle, "dumps", lambda call, data=missing: data)
        with pytest.raises(ValueError, match="a worker of the cluster cannot use levysde"):
            ls.sweep(PLAIN, tmp_path, client=client)


def allow_deaths(client: Client, count: int) -> None:
    """How many workers may die with a task before Dask gives it up."""
    client.run_on_scheduler(
        lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", count)
    )


def kill_one(client: Client, chance: random.Random) -> list[int]:
    """Kill a worker that is computing; one that is just being started would not be replaced."""
    running = Status.running
    started = [one.process for one in client.cluster.workers.values() if one.status is running]
    pids = [one.pid for one in started if one and one.status is running and one.pid]
    time.sleep(chance.uniform(0.0, 0.1))
    if not pids:
        return []
    chosen = chance.choice(pids)
    try:
        os.kill(chosen, signal.SIGKILL)
    except ProcessLookupError:  # one that was killed before
        return []
    return [chosen]


def check_deaths(client: Client, tmp_path: Path, deaths: int) -> None:
    """Workers die at random moments, each while its chunks are running or on their way."""
    chance = random.Random(0)
    killed: list[int] = []
    due = 100
    allow_deaths(client, 0)  # every chunk that meets one death comes back to be submitted again

    def kill(finished: int, paths: int) -> None:
        nonlocal due
        if finished >= due and len(killed) < deaths:
            found = [pid for pid in kill_one(client, chance) if pid not in killed]
            killed.extend(found)
            due += len(found) * 20 * chance.randint(1, 7)
            if len(killed) == deaths // 2:
                allow_deaths(client, 3)

    spec = {**LONG, "paths": 100 + 25 * deaths}
    there = ls.sweep(spec, tmp_path / "there", client=client, progress=kill)
    assert len(killed) == len(set(killed)) == deaths
    check_same(ls.sweep(spec, tmp_path / "here", threads=1), there)


@pytest.mark.processes
def test_workers_may_be_killed(client: Client, tmp_path: Path) -> None:
    """Two of them; experiments/validation has twenty."""
    check_deaths(client, tmp_path, 2)


@pytest.mark.processes
def test_a_chunk_that_takes_every_worker_with_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "TRIES", 2)
    allow_deaths(client, 0)
    chance = random.Random(0)
    endless = {**LONG, "grid": {}, "epsilon": 1e-6, "alpha": 1.5, "paths": 20, "horizon": 1e9}
    made = ls.sweep(
        endless, tmp_path, client=client, progress=lambda *_: kill_one(client, chance) and None
    )
    allow_deaths(client, 3)
    assert made.missing == ("the only cell",)
    assert (
        "2 times several workers died while they computed the paths 0 to 19"
        in (made.failed["the only cell"])
    )


@pytest.mark.processes
def test_workers_may_join_and_the_scheduler_be_lost(plain: ls.Sweep, tmp_path: Path) -> None:
    with (
        dask.config.set(SETTINGS),
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as workers,
        Client(workers, set_as_default=False) as client,
    ):
        looks = 0

        def join(finished: int, paths: int) -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                workers.scale(1)

        ls.sweep(PLAIN, tmp_path / "there", client=client.scheduler.address, progress=join)
        check_same(plain, ls.load_sweep(tmp_path / "there"))

        def lose(finished: int, paths: int) -> None:
            if finished:
                workers.close()

        spec = {**LONG, "paths": 40}
        with pytest.raises(ConnectionError, match="the scheduler of the cluster was lost"):
            ls.sweep(spec, tmp_path / "lost", client=client, progress=lose)
    assert ls.sweep(spec, tmp_path / "lost").missing == ()


def test_an_address_where_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.1)
    for address in ("tcp://127.0.0.1:1", "nothing", "strange://nothing"):
        with pytest.raises(ConnectionError, match=f"no scheduler .* at {address};"):
            cluster.connect(address)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="a cluster needs the package distributed: pip install"):
        cluster.connect("tcp://127.0.0.1:8786")


def test_what_is_no_client(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not asynchronous"):
        ls.sweep(PLAIN, tmp_path, client=3)


def test_only_modules_of_the_user_travel() -> None:
    names = {module.__name__ for module in on_worker.users_modules()}
    assert __name__ in names
    assert not {name.partition(".")[0] for name in names} & {
        "levysde", "numpy", "numba", "scipy", "json", "distributed", "pytest"
    }  # fmt: skip
