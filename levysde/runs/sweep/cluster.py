"""A sweep on a Dask cluster: chunks are tasks, and their results come back to be written here.

Workers need no common file system. A worker that is lost costs its chunk, which another computes; a
client that is lost costs the chunks in flight. A chunk runs on one thread of its worker, as its
bits do not depend on where it runs.
"""

from __future__ import annotations

import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from levysde.runs.record import describe, versions
from levysde.runs.results import EscapeTimes
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.compute import finish_cell, missing_of, note_warnings
from levysde.runs.sweep.on_worker import Answer, Call, travelling, users_modules
from levysde.runs.sweep.origin import compared
from levysde.runs.sweep.store import Store
from levysde.runs.sweep.tally import Tally
from levysde.runs.sweep.verb import note_failure

INSTALL = (
    "a cluster needs the package distributed: pip install '.[cluster]' in the folder of levysde"
)
CONNECT_SECONDS = 10.0
IN_FLIGHT = 3
"""Chunks that are submitted at a time for each thread of the cluster."""

TRIES = 20
"""How often a chunk is given to Dask, which gives it up when several workers have died with it."""

_LOOK_SECONDS = 0.1
_COUNT_SECONDS = 1.0


def connect(address: str) -> Any:
    """A client of the cluster at an address.

    Parameters
    ----------
    address : str
        Of its scheduler, as in "tcp://10.0.0.1:8786".

    Returns
    -------
    distributed.Client

    Raises
    ------
    ImportError
        If distributed is not installed.
    ConnectionError
        If no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(INSTALL) from error
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"no scheduler of a cluster answers at {address}; start one, or mend the address"
        ) from error


def compute_on(client: Any, store: Store, cells: Sequence[Cell], tally: Tally) -> None:
    """Compute on a cluster what is missing of a sweep, and write each chunk as it arrives.

    Parameters
    ----------
    client : distributed.Client or str
        The cluster, or the address of its scheduler.
    store : Store
        Where.
    cells : sequence of Cell
        All cells.
    tally : Tally
        Who wants to know how far it is.

    Raises
    ------
    ValueError
        If a worker has other versions than this process.
    ConnectionError
        If the scheduler is lost.
    OSError
        If a file cannot be written.
    KeyboardInterrupt
        If it was interrupted: what has arrived is kept.
    """
    if isinstance(client, str):
        with connect(client) as connected:
            compute_on(connected, store, cells, tally)
        return
    if getattr(client, "asynchronous", True):
        raise ValueError(f"client is {client!r:.60}; give a distributed.Client, not asynchronous")
    run = _Run(client, store, cells, tally)
    try:
        run.finish()
    finally:
        run.cancel()


# -------------------------------------------------------------------------------------- the client


@dataclass(eq=False)
class _Job:
    """A cell that is being computed: how it travels, what waits, what is finished."""

    cell: Cell
    travelling: bytes
    waiting: deque[tuple[int, int]]
    finished: int
    running: set[str] = field(default_factory=set)
    noted: bool = False


@dataclass(frozen=True, eq=False)
class _Task:
    """A chunk that is in flight."""

    job: _Job
    first: int
    last: int
    future: Any
    tries: int


class _Run:
    """A sweep on a cluster while it goes on: what is in flight, and what comes next."""

    def __init__(self, client: Any, store: Store, cells: Sequence[Cell], tally: Tally) -> None:
        self.client, self.store, self.tally = client, store, tally
        self.rest: Iterator[Cell] = iter(cells)
        self.open: list[_Job] = []
        self.tasks: dict[str, _Task] = {}
        self.ended: queue.SimpleQueue[tuple[str, Answer | Exception]] = queue.SimpleQueue()
        self.wanted, self.modules = compared(versions()), users_modules()
        self.counted, self.threads = -_COUNT_SECONDS, 1
        self.mark = uuid.uuid4().hex

    def finish(self) -> None:
        """Submit and take in chunks until none is missing."""
        while self._fill():
            try:
                key, answer = self.ended.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                self._look_around()
                continue
            task = self.tasks.pop(key, None)
            if task is not None:
                task.job.running.discard(key)
                self._take(task, answer)
                task.future.release()

    def cancel(self) -> None:
        """Leave the cluster without work of this sweep."""
        self._cancel(list(self.tasks.values()))
        self.tasks.clear()

    # ------------------------------------------------------------------------------ what comes next

    def _fill(self) -> bool:
        """Submit as many chunks as the cluster can be given; say whether any is in flight."""
        while len(self.tasks) < IN_FLIGHT * self._all_threads():
            found = self._next()
            if found is None:
                break
            self._submit(*found, tries=1)
        return bool(self.tasks)

    def _next(self) -> tuple[_Job, int, int] | None:
        """The next chunk in the order of the sweep."""
        while True:
            for job in self.open:
                if job.waiting:
                    return job, *job.waiting.popleft()
            cell = next(self.rest, None)
            if cell is None:
                return None
            self._begin(cell)

    def _begin(self, cell: Cell) -> None:
        missing = missing_of(self.store, cell)
        job = _Job(cell, b"", deque(missing.ranges), missing.finished)
        self.open.append(job)
        if missing.ranges:
            self.tally.look(cell, missing.finished)
            try:
                job.travelling = travelling(cell, missing.earlier, self.modules)
            except Exception as error:  # there are many ways of not being pickled
                self._fail(job, error)
        else:
            self._end(job)

    def _submit(self, job: _Job, first: int, last: int, tries: int) -> None:
        from distributed import Future

        call = pickle.dumps(Call(self.wanted, job.travelling, first, last))
        key = f"levysde-{job.cell.key}-{first}-{last}-{tries}-{self.mark}"
        with self._reaching():
            # The scheduler need not have this package: the call is bytes to it.
            future: Future = self.client.submit(pickle.loads, call, key=key, pure=False)
        job.running.add(key)
        self.tasks[key] = _Task(job, first, last, future, tries)
        self.client.loop.add_callback(self._bring, future)

    def _all_threads(self) -> int:
        """Threads of the workers that are there now, at least one."""
        if time.monotonic() - self.counted > _COUNT_SECONDS:
            with self._reaching():
                self.threads = max(1, sum(self.client.nthreads().values()))
            self.counted = time.monotonic()
        return self.threads

    def _look_around(self) -> None:
        if self.client.status != "running":
            raise self._lost()
        for job in self.open[:1]:
            self.tally.look(job.cell, job.finished)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Say it if the scheduler cannot be reached."""
        try:
            yield
        except Exception as error:
            if isinstance(error, OSError) or self.client.status != "running":
                raise self._lost() from error
            raise

    def _lost(self) -> ConnectionError:
        return ConnectionError(
            "the scheduler of the cluster was lost; what had arrived is kept: run the sweep again"
        )

    # --------------------------------------------------------------------------------- what arrives

    async def _bring(self, future: Any) -> None:
        """Hand over the answer of a task, or its error; runs in the thread of the client."""
        answer: Answer | Exception
        try:
            answer = await future
        except Exception as error:
            answer = error
        self.ended.put((future.key, answer))

    def _take(self, task: _Task, answer: Answer | Exception) -> None:
        """Keep what a task has computed, or see what went wrong."""
        from distributed import KilledWorker

        if isinstance(answer, Answer):
            _refuse_others(answer, self.wanted)
            self._keep(task.job, task, answer)
        elif task.future.status != "error":  # it is not the task that failed
            raise self._lost() from answer
        elif isinstance(answer, KilledWorker) and task.tries < TRIES:
            self._submit(task.job, task.first, task.last, task.tries + 1)
        elif isinstance(answer, KilledWorker):
            self._fail(task.job, _died(task, answer))
        else:
            _refuse_import(answer)
            self._fail(task.job, answer)

    def _keep(self, job: _Job, task: _Task, answer: Answer) -> None:
        cell = job.cell
        if not job.noted:
            note_warnings(self.store, cell, answer.said)
            job.noted = True
        self.store.keep(cell.key, task.first, _described_here(cell, answer.result))
        job.finished += task.last - task.first
        self.tally.look(cell, job.finished)
        if not job.waiting and not job.running:
            # With a precision the escapes so far tell how many more paths are needed.
            missing = missing_of(self.store, cell)
            job.waiting.extend(missing.ranges)
            job.finished = missing.finished
            if not missing.ranges:
                self._end(job)

    def _end(self, job: _Job) -> None:
        """Join the chunks of a cell, of which none is missing."""
        try:
            finish_cell(self.store, job.cell, job.cell.model)
        except OSError:  # of the directory: nothing could be kept
            raise
        except Exception as error:
            note_failure(self.store, job.cell, error)
        self._close(job)

    def _fail(self, job: _Job, error: Exception) -> None:
        """Record why a cell failed, and leave its other chunks."""
        note_failure(self.store, job.cell, error)
        job.waiting.clear()
        self._cancel([self.tasks.pop(key) for key in job.running])
        job.running.clear()
        self._close(job)

    def _close(self, job: _Job) -> None:
        self.open.remove(job)
        self.tally.done(job.cell)

    def _cancel(self, tasks: list[_Task]) -> None:
        if tasks and self.client.status == "running":
            with suppress(OSError):
                self.client.cancel([task.future for task in tasks], force=True)


def _died(task: _Task, error: Exception) -> RuntimeError:
    return RuntimeError(
        f"{TRIES} times several workers died while they computed the paths {task.first} to "
        f"{task.last - 1}, perhaps for want of memory ({error})"
    )


def _refuse_import(error: Exception) -> None:
    """Refuse workers without this package, or with one that knows nothing of clusters."""
    absent = isinstance(error, ImportError) and (error.name or "").startswith("levysde")
    other = isinstance(error, AttributeError) and "Can't get attribute" in str(error)
    if absent or (other and "levysde" in str(error)):
        raise ValueError(
            f"a worker of the cluster cannot use levysde ({error}); install the same version there"
        ) from error


def _refuse_others(answer: Answer, wanted: dict[str, str]) -> None:
    """Refuse workers whose results could have other bits."""
    for name, here in wanted.items():
        there = answer.versions.get(name)
        if there != here:
            raise ValueError(
                f"the worker {answer.worker} has {name} {there}, and here is {here}, so that "
                "results could differ; install the same versions there"
            )


def _described_here(cell: Cell, result: EscapeTimes) -> EscapeTimes:
    """A result that says of functions what this process knows: where they can be imported from."""
    made = result.parameters
    names = ("dt", "horizon", "seed", "correction", "method", "backend")
    here = describe(cell.model, **{name: made[name] for name in names})
    parameters = {name: here.get(name, value) for name, value in made.items()}
    return replace(result, parameters={**parameters, "versions": made["versions"]})
