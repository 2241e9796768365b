"""One cell of a sweep: a model, the numbers of its simulation, and a key made of both."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from levysde import checks, spec
from levysde.methods.learning_rate import amplitude_and_step
from levysde.model import SMALLEST_EPSILON, Model, check_parts
from levysde.runs.record import content
from levysde.runs.seeds import seed_of
from levysde.runs.simulation import Asked, numbers_of_paths
from levysde.runs.sweep.axes import SpecError
from levysde.runs.sweep.naming import Naming, column_name
from levysde.runs.sweep.origin import origin_of
from levysde.runs.sweep.settings import Spec

__all__ = ["Cell", "cells_of"]

DEFAULT_ALPHA = 1.5
"""Stability index of a law of noise that needs one."""

CHUNKS = 8
"""Chunks of a cell, unless their length is given or would be too short."""

SHORTEST_CHUNK = 1000
_KEY_DIGITS = 20


@dataclass(frozen=True, eq=False)
class Cell:
    """One setting of a sweep.

    Attributes
    ----------
    key : str
        Hash of everything that the paths depend on: parts, functions, numbers, seed.
    label : str
        The settings that vary, for people.
    varied : dict
        The same, as numbers and names.
    model : Model
        What is simulated.
    asked : Asked
        How.
    paths : int
        Number of paths, or the largest.
    escapes : int or None
        Escapes that are enough.
    chunk : int
        Paths that are written together.
    """

    key: str
    label: str
    varied: dict[str, Any]
    model: Model
    asked: Asked
    paths: int
    escapes: int | None
    chunk: int

    @cached_property
    def origin(self) -> dict[str, Any]:
        """What its results must say of themselves."""
        return origin_of(self.model, self.asked)

    def ranges(self, paths: int) -> list[tuple[int, int]]:
        """The chunks of so many paths: first path, and the one after the last.

        Parameters
        ----------
        paths : int
            Number of paths.

        Returns
        -------
        list of (int, int)
        """
        firsts = range(0, paths, self.chunk)
        return [(first, min(first + self.chunk, paths)) for first in firsts]


def cells_of(given: Spec) -> list[Cell]:
    """Build every cell of a sweep, in the order in which they are computed.

    Parameters
    ----------
    given : Spec
        The sweep.

    Returns
    -------
    list of Cell

    Raises
    ------
    SpecError
        If one of them cannot be built, with its label, or two are the same.

    Examples
    --------
    >>> from levysde.runs.sweep.settings import read
    >>> cells = cells_of(read({"paths": 100, "grid": {"epsilon": [0.1, 0.2]}}))
    >>> [cell.label for cell in cells]
    ['epsilon=0.1', 'epsilon=0.2']
    """
    made: dict[str, Any] = {}
    cells: dict[str, Cell] = {}
    naming = Naming(given)
    for settings in given.cells():
        values = {key: settings[key] for key in given.varied if key in settings}
        varied = {column_name(key): naming.column(key, value) for key, value in values.items()}
        label = ", ".join(
            f"{column_name(key)}={naming.text(key, value)}" for key, value in values.items()
        )
        try:
            cell = _built(settings, varied, label or "the only cell", given, made)
        except (ValueError, OverflowError) as error:
            raise SpecError(f"{label}: {error}" if label else str(error)) from error
        if cell.key in cells:
            raise SpecError(
                f"the cells '{cells[cell.key].label}' and '{cell.label}' are the same; leave one "
                "out"
            )
        cells[cell.key] = cell
    return list(cells.values())


def _built(
    settings: dict[str, Any], varied: dict[str, Any], label: str, given: Spec, made: dict[str, Any]
) -> Cell:
    folder = given.folder
    noise = _part("noise", settings, made, folder)
    more = {} if getattr(noise, "dim", None) is None else {"dim": noise.dim}
    basin = _part("basin", settings, made, folder, more)
    dynamics = _part("dynamics", settings, made, folder)
    check_parts(basin, dynamics, noise)
    if "start" in settings:
        basin = replace(basin, start=np.atleast_1d(settings["start"]))
    noise.check_dim(basin.dim)
    numbers = {name: settings[name] for name in Asked.__dataclass_fields__ if name in settings}
    if numbers.get("correction") == "none":
        numbers["correction"] = None
    asked = Asked(**numbers)
    asked.check()
    epsilon, dt = amplitude_and_step(
        dynamics, noise, settings.get("epsilon"), asked.dt, settings.get("lr")
    )
    checks.finite_number("epsilon", epsilon)
    if not SMALLEST_EPSILON <= epsilon <= 1.0 / SMALLEST_EPSILON:
        raise ValueError(f"epsilon is {epsilon:g}; give a number from 1e-100 to 1e100")
    if not isinstance(dt, str):
        checks.finite_number("dt", dt)
    model = Model(basin, dynamics, noise, epsilon, asked.lr)
    if not given.common_random_numbers:
        asked = replace(asked, seed=_own_seed(model, asked))
    paths, escapes = numbers_of_paths(settings.get("paths"), settings.get("rel_error"))
    chunk = given.chunk or max(SHORTEST_CHUNK, -(-paths // CHUNKS))
    return Cell(_key(model, asked), label, varied, model, asked, paths, escapes, chunk)


def _beside(name: str, folder: Path | None) -> str:
    """The name of a part "own.py:name", with the path of its file if it is in a folder."""
    source, colon, part = name.rpartition(":")
    if folder is None or not colon or not source.endswith(".py"):
        return name
    file = folder / source
    return f"{file}:{part}" if file.is_file() else name


def _part(
    kind: str,
    settings: Mapping[str, Any],
    made: dict[str, Any],
    folder: Path | None,
    more: Mapping[str, Any] = {},
) -> Any:
    """The part that the settings name; equal ones are made once."""
    value = settings[kind]
    dots = {
        key.partition(".")[2]: each for key, each in settings.items() if key.startswith(f"{kind}.")
    }
    if not isinstance(value, str | Mapping):
        if dots:
            raise ValueError(
                f"{kind} is an object and cannot take {', '.join(dots)}; give the name of a "
                f"{kind}, or objects that differ"
            )
        return value
    params = {} if isinstance(value, str) else {k: v for k, v in value.items() if k != "name"}
    name = _beside(value if isinstance(value, str) else value["name"], folder)
    for twice in sorted(params.keys() & dots.keys()):
        raise ValueError(
            f"{kind} has {twice} = {params[twice]!r:.40}, and {kind}.{twice} is "
            f"{dots[twice]!r:.40}; give one of them"
        )
    params |= dots
    found = spec.find(kind, name)
    wanted = inspect.signature(found).parameters if callable(found) else {}
    if "alpha" in wanted and wanted["alpha"].default is inspect.Parameter.empty:
        params.setdefault("alpha", DEFAULT_ALPHA)
    params = {**{key: each for key, each in more.items() if key in wanted}, **params}
    mark = repr((kind, name, sorted(params.items())))
    if mark not in made:
        made[mark] = spec.part(kind, name, **params)
    return made[mark]


def _own_seed(model: Model, asked: Asked) -> int:
    """A seed for each cell, so that the points of a curve do not err together."""
    numbers = {name: value for name, value in asdict(asked).items() if name in _SEEDED}
    return seed_of(*model.parts, numbers, seed=asked.seed)


_SEEDED = ("dt", "horizon", "method", "correction", "threshold", "small_jumps", "scheme", "lr")


def _key(model: Model, asked: Asked) -> str:
    numbers = {name: value for name, value in asdict(asked).items() if name != "backend"}
    text = json.dumps([content(model), numbers], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]
