"""What travels to a worker of a cluster, and what it does there with it."""

from __future__ import annotations

import functools
import os
import pickle
import site
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from levysde.runs.record import versions
from levysde.runs.results import EscapeTimes
from levysde.runs.simulation import Simulation
from levysde.runs.sweep.cell import Cell
from levysde.runs.sweep.compute import prepared_saying, run_chunk
from levysde.runs.sweep.origin import compared

KEPT_SIMULATIONS = 8
"""Cells that a worker keeps prepared."""


def travelling(cell: Cell, earlier: EscapeTimes | None, modules: list[ModuleType]) -> bytes:
    """A cell as bytes, with what it takes from these modules, which workers cannot import."""
    import cloudpickle

    known = None if earlier is None else _first_path(earlier)
    with _by_value(modules):
        found: bytes = cloudpickle.dumps((cell, known))
    return found


def _first_path(earlier: EscapeTimes) -> EscapeTimes:
    """One path of a result: enough to prepare others like it."""
    times = None if earlier.exit_times is None else earlier.exit_times[:1]
    arrays = (earlier.steps[:1], earlier.status[:1], earlier.exit_position[:1])
    return EscapeTimes(*arrays, earlier.dt, earlier.parameters, 0.0, times)


def users_modules() -> list[ModuleType]:
    """Modules that are loaded and were not installed."""
    paths = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    installed = tuple(os.path.join(_resolved(path), "") for path in paths)
    return [
        module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in ("levysde", "__main__", "__mp_main__")
        and getattr(module, "__name__", None) == name
        and (file := getattr(module, "__file__", None)) is not None
        and not _resolved(file).startswith(installed)
    ]


def _resolved(path: str) -> str:
    """A path without links, as the file system compares it."""
    return os.path.normcase(os.path.realpath(path))


@contextmanager
def _by_value(modules: list[ModuleType]) -> Iterator[None]:
    """Pickle what is in these modules as it is, and not by name."""
    import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    new = [module for module in modules if module.__name__ not in known]
    for module in new:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in new:
            cloudpickle.unregister_pickle_by_value(module)


# -------------------------------------------------------------------------------------- the worker


class Answer(NamedTuple):
    """What comes back: who computed, a result unless its versions are others, warnings."""

    versions: dict[str, str]
    worker: str
    result: Any
    said: list[str]


@dataclass(frozen=True)
class Call:
    """A call of `_computed`, made where it is unpickled."""

    wanted: dict[str, str]
    travelling: bytes
    first: int
    last: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the call."""
        return _computed, (self.wanted, self.travelling, self.first, self.last)


def _computed(wanted: dict[str, str], travelling: bytes, first: int, last: int) -> Answer:
    """Run a chunk on one thread; nothing if the versions here are others."""
    from distributed import get_worker

    worker = get_worker()
    here = compared(versions())
    if here != wanted:
        return Answer(here, worker.address, None, [])
    with _preparing:
        simulation, said = _prepared_once(travelling)
    result = run_chunk(simulation, first, last, 1, _stopping(worker, worker.get_current_task()))
    return Answer(here, worker.address, result, said)


_preparing = threading.Lock()


@functools.lru_cache(maxsize=KEPT_SIMULATIONS)
def _prepared_once(travelling: bytes) -> tuple[Simulation, list[str]]:
    """What runs the paths of a cell, and what was warned of when it was prepared."""
    cell, earlier = pickle.loads(travelling)
    return prepared_saying(cell, 1, earlier)


class _Unwanted(Exception):  # noqa: N818
    """Nobody waits for this chunk any more."""


def _stopping(worker: Any, key: str) -> Callable[[int, int], None]:
    """Progress that ends a chunk whose task was cancelled."""

    def look(ended: int, paths: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _Unwanted

    return look
