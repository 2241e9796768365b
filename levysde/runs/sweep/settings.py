"""What a sweep is asked for: settings, and how they vary, from a TOML file or a mapping.

A key is an argument of `levysde.escape_times`, or a parameter of a part with a dot
(``noise.alpha``, ``basin.curvature``, ``dynamics.b1``); ``alpha`` and ``dim`` are those of the
noise and of the basin. Keys under ``grid`` vary independently of one another, those under ``zip``
together, and every table of ``list`` is a set of settings. The sweep has all combinations of these.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from levysde.runs.sweep.axes import (
    LONGEST_TOLD,
    MAX_CELLS,
    SpecError,
    check_length,
    is_range,
    told,
    values_of,
)
from levysde.runs.sweep.order import coarse_to_fine, level

PARTS = ("basin", "dynamics", "noise")
NUMBERS = (
    "epsilon", "lr", "paths", "rel_error", "dt", "horizon", "seed", "method", "backend",
    "correction", "threshold", "small_jumps", "scheme", "start",
)  # fmt: skip
"""Arguments of `escape_times`, and the start of the paths."""

SHORT = {"alpha": "noise.alpha", "dim": "basin.dim"}
"""What is said so often that it has a name without a dot."""

VARIED = ("grid", "zip", "list")
CHUNKS = "chunk"
SHARED_NOISE = "common_random_numbers"
OPTIONS = (CHUNKS, SHARED_NOISE)

DEFAULTS = {"basin": "sharp", "dynamics": "sgd", "noise": "independent"}

LARGEST_FILE = 1 << 20
MAX_DEPTH = 8


@dataclass(frozen=True)
class Spec:
    """Settings of a sweep and how they vary.

    Attributes
    ----------
    fixed : dict
        Settings of all cells.
    axes : dict
        By key, the values that vary independently.
    rows : list of dict
        Settings that vary together, a mapping a row; one empty row if there are none.
    entries : list of dict
        Sets of settings on their own; one empty set if there are none.
    chunk : int or None
        Paths that are written together.
    common_random_numbers : bool
        Whether all cells have the same seed.
    folder : Path or None
        Where the file of the spec is: parts "own.py:name" are looked for there first.
    """

    fixed: dict[str, Any]
    axes: dict[str, list[Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    entries: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    chunk: int | None = None
    common_random_numbers: bool = False
    folder: Path | None = None

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.axes.values()) * (
            len(self.rows) * len(self.entries)
        )

    @property
    def varied(self) -> tuple[str, ...]:
        """Keys that vary, in the order of the spec."""
        keys = (*self.axes, *(key for row in (*self.rows, *self.entries) for key in row))
        return tuple(dict.fromkeys(keys))

    def values(self, key: str) -> list[Any]:
        """All values of a key, in the order of the spec.

        Parameters
        ----------
        key : str
            One that varies.

        Returns
        -------
        list
        """
        found = [*self.axes.get(key, ())]
        found += [table[key] for table in (*self.rows, *self.entries) if key in table]
        listed_by_some = any(key in entry for entry in self.entries)
        if listed_by_some and not all(key in entry for entry in self.entries):
            found += [self.fixed[key]] if key in self.fixed else []
        return found

    def cells(self) -> Iterator[dict[str, Any]]:
        """Settings of every cell, coarse before fine: each axis is halved again and again."""
        indices = [coarse_to_fine(len(values)) for values in self.axes.values()]
        others = list(itertools.product(self.entries, self.rows))
        places = itertools.product(*(range(len(order)) for order in indices))
        # The deepest halving that a point needs says when its turn is.
        for place in sorted(places, key=lambda place: sum(map(level, place))):
            chosen = {
                key: self.axes[key][order[at]]
                for key, order, at in zip(self.axes, indices, place, strict=True)
            }
            for entry, row in others:
                yield {**self.fixed, **chosen, **row, **entry}


# -------------------------------------------------------------------------------------- reading


def read(spec: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """The spec of a sweep, from the name of a TOML file or from a mapping.

    Parameters
    ----------
    spec : str, path-like or mapping
        What the user gives.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError
        If it cannot be understood, with the key and what is wrong.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> found = read({"paths": 100, "grid": {"epsilon": [0.1, 0.2], "alpha": [1.2, 1.5]}})
    >>> len(found), found.varied
    (4, ('epsilon', 'noise.alpha'))
    """
    if isinstance(spec, Mapping):
        return _parsed(dict(spec))
    if not isinstance(spec, str | os.PathLike):
        raise SpecError(f"the spec is {told(spec)}; give a TOML file or a dictionary")
    return replace(_parsed(_tables(Path(spec))), folder=Path(spec).parent)


def _tables(file: Path) -> dict[str, Any]:
    """The tables of a TOML file of a sensible length."""
    import tomllib

    with open(file, "rb") as stream:
        text = stream.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        raise SpecError(f"{file} is longer than {LARGEST_FILE} bytes; give a shorter spec")
    try:
        return tomllib.loads(text.decode())
    except RecursionError:
        raise SpecError(f"{file} is nested too deeply; give plain tables") from None
    except ValueError as error:  # of the decoder or of the parser
        raise SpecError(f"{file} is not a TOML file: {error}") from None


def _parsed(tables: dict[str, Any]) -> Spec:
    _check_values("", tables)
    fixed = {key: value for key, value in tables.items() if key not in (*VARIED, *OPTIONS)}
    for key in fixed:
        _check_key(key, (*PARTS, *NUMBERS, *SHORT, *VARIED, *OPTIONS))
    given = _flat(fixed)
    _check_settings(given)
    spec = Spec(
        {**DEFAULTS, **given},
        _axes("grid", tables.get("grid", {})),
        _rows(tables.get("zip", {})),
        _entries(tables.get("list", [{}])),
        _chunk(tables.get(CHUNKS)),
        _flag(tables.get(SHARED_NOISE, False)),
    )
    _check_once(given, spec)
    if len(spec) > MAX_CELLS:
        raise SpecError(f"the sweep has {len(spec)} cells; give at most {MAX_CELLS}")
    return spec


def _check_once(given: Mapping[str, Any], spec: Spec) -> None:
    """Refuse a key in two places, of which one would have no effect.

    Some tables of the list may replace what the others leave as it is.
    """
    listed = set.intersection(*(set(entry) for entry in spec.entries))
    places = [
        ("fixed", given.keys(), "grid", spec.axes.keys()),
        ("fixed", given.keys(), "zip", spec.rows[0].keys()),
        ("in grid", spec.axes.keys(), "zip", spec.rows[0].keys()),
        ("in grid", spec.axes.keys(), "every table of list", listed),
        ("in zip", spec.rows[0].keys(), "every table of list", listed),
    ]
    for first, keys, second, others in places:
        for key in keys:
            if key in others:
                raise SpecError(f"{key} is {first} and in {second} as well; give it once")


def _axes(name: str, table: Any) -> dict[str, list[Any]]:
    """Values by key, of a grid or of what varies together."""
    if not isinstance(table, Mapping):
        raise SpecError(f"{name} is {told(table)}; give a table of lists, epsilon = [0.1, 0.2]")
    axes = {}
    for key, values in _flat(dict(table), ranges=True).items():
        axes[key] = values_of(f"{name}.{key}", values)
        for value in axes[key]:
            _check_settings({key: value})
    return axes


def _rows(table: Any) -> list[dict[str, Any]]:
    axes = _axes_of_rows(table)
    lengths = {key: len(values) for key, values in axes.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise SpecError(f"the lists of zip have different lengths ({told}); give them equal ones")
    return [dict(zip(axes, row, strict=True)) for row in zip(*axes.values(), strict=True)] or [{}]


def _axes_of_rows(table: Any) -> dict[str, list[Any]]:
    """As a grid, where a value may come more than once."""
    if not isinstance(table, Mapping):
        raise SpecError(f"zip is {told(table)}; give a table of lists")
    axes = {}
    for key, values in _flat(dict(table), ranges=True).items():
        if isinstance(values, list | tuple) and values:
            check_length(f"zip.{key}", values)
            for value in values:
                _check_settings({key: value})
            axes[key] = list(values)
        else:
            axes[key] = values_of(f"zip.{key}", values)
    return axes


def _entries(entries: Any) -> list[dict[str, Any]]:
    if not isinstance(entries, list | tuple) or not entries:
        raise SpecError(f"list is {told(entries)}; give tables of settings, [[list]]")
    found = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise SpecError(f"list has {told(entry)}; give a table of settings")
        for key in entry:
            _check_key(key, (*PARTS, *NUMBERS, *SHORT))
        flat = _flat(dict(entry))
        _check_settings(flat)
        found.append(flat)
    return found


def _flat(table: dict[str, Any], *, ranges: bool = False) -> dict[str, Any]:
    """Keys with dots for the parameters of parts that are given without the part's name."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        _check_key(key.partition(".")[0], (*PARTS, *NUMBERS, *SHORT))
        names = value if isinstance(value, Mapping) else {}
        if key in PARTS and names and "name" not in names and not (ranges and is_range(names)):
            found = {f"{key}.{name}": each for name, each in names.items()}
        else:
            found = {SHORT.get(key, key): value}
        for twice in flat.keys() & found.keys():
            raise SpecError(f"the spec has {twice} and its short name together; give one of them")
        flat |= found
    return flat


# ------------------------------------------------------------------------------------- checking


def _check_key(key: str, known: tuple[str, ...]) -> None:
    if key.partition(".")[0] not in known:
        found = get_close_matches(key, known, n=1)
        hint = f" (did you mean {found[0]}?)" if found else f"; known: {', '.join(known)}"
        raise SpecError(f"the spec has an unknown key {told(key)}{hint}")


def _check_settings(settings: dict[str, Any]) -> None:
    """Refuse values of the wrong kind, before anything is built from them."""
    for key, value in settings.items():
        part, dot, parameter = key.partition(".")
        if dot:
            if part not in PARTS or not parameter or "." in parameter:
                raise SpecError(f"the spec has an unknown key {told(key)}; write noise.alpha")
        elif key in PARTS:
            if isinstance(value, Mapping) and not isinstance(value.get("name"), str):
                raise SpecError(f"{key} is {told(value)}; give it a name = '...'")
            if isinstance(value, bool | int | float | list) or value is None:
                raise SpecError(f"{key} is {told(value)}; give the name of a {key}, or a table")
        elif key in ("method", "backend", "correction", "small_jumps", "scheme"):
            if not isinstance(value, str):
                raise SpecError(f"{key} is {told(value)}; give a name")
        elif key == "start":
            if not isinstance(value, list | tuple | int | float | np.ndarray):
                raise SpecError(f"start is {told(value)}; give one number a dimension")
        elif not (key == "dt" and value == "auto") and (
            isinstance(value, bool) or not isinstance(value, int | float | np.number)
        ):
            raise SpecError(f"{key} is {told(value)}; give a number")


def _check_values(name: str, value: Any, depth: int = 0) -> None:
    """Refuse what is no setting anywhere: NaN, dates, tables in tables in tables."""
    if depth > MAX_DEPTH:
        raise SpecError(f"{name:.{LONGEST_TOLD}} is nested too deeply; give plain tables and lists")
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise SpecError(f"the spec has the key {told(key)}; give names")
            _check_values(f"{name}.{key}" if name else key, each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_values(name, each, depth + 1)
    elif isinstance(value, float) and math.isnan(value):
        raise SpecError(f"{name} is NaN; give a number")
    elif type(value).__module__ == "datetime":
        raise SpecError(f"{name} is {told(value)}; give a number, a name or a table")


def _chunk(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{CHUNKS} is {told(value)}; give a number of paths, 1 or more")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise SpecError(f"{SHARED_NOISE} is {told(value)}; give true or false")
    return value


def fixed_text(spec: Spec) -> dict[str, str]:
    """What is the same in all cells as text, for records and for telling what changed.

    Parameters
    ----------
    spec : Spec
        The sweep.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> fixed_text(Spec({"epsilon": 0.1, "basin": "sharp"}))
    {'epsilon': '0.1', 'basin': "'sharp'"}
    """
    plain = (str, int, float, list, tuple, Mapping)
    shared = {SHARED_NOISE: True} if spec.common_random_numbers else {}
    return {
        key: told(value) if isinstance(value, plain) else str(getattr(value, "name", told(value)))
        for key, value in {**spec.fixed, **shared}.items()
        if key not in ("paths", "backend")
    }
