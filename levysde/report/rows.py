"""Reading a table of results: a mapping from names of columns to values, one row a setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levysde import checks

Table: TypeAlias = Mapping[str, Sequence[Any]]

_RESULTS = frozenset(
    {
        "censored", "corrected_mean", "corrected_ratio", "corrected_ratio_lower",
        "corrected_ratio_upper", "digest", "escaped", "exponentiality_p", "horizon", "key", "label",
        "mean", "mean_lower", "mean_upper", "measure", "non_finite", "paths", "predicted_mean",
        "predicted_rate", "rate", "rate_lower", "rate_upper", "ratio", "ratio_lower",
        "ratio_upper", "seconds", "seed", "seed_used", "horizon_used", "steps",
    }
)  # fmt: skip
"""Columns that do not tell two settings apart."""

_LETTERS = {"alpha": r"$\alpha$", "epsilon": r"$\varepsilon$"}


def names(table: Table) -> list[str]:
    """Names of all columns."""
    if not hasattr(table, "keys"):
        raise ValueError(f"table is {checks.told(table)}; give a mapping of columns")
    return [str(name) for name in table.keys()]  # noqa: SIM118 - iterating need not give names


def values(table: Table, name: str) -> list[Any]:
    """Values of a column, one a row; NaN and None are both None, and lists are text."""
    known = names(table)
    if name not in known:
        raise ValueError(f"the table has no column {name!r}; it has {', '.join(known) or 'none'}")
    found = list(table[name])
    first = len(list(table[known[0]]))
    if len(found) != first:
        raise ValueError(
            f"column {name!r} has {len(found)} rows and {known[0]!r} has {first}; give one value "
            "for each row"
        )
    return [_plain(value) for value in found]


def numbers(table: Table, name: str) -> NDArray[np.float64]:
    """Numbers of a column, one a row; NaN where there is none."""
    return checks.numbers(f"column {name!r}", values(table, name))


def optional_numbers(table: Table, name: str) -> NDArray[np.float64]:
    """Numbers of a column; NaN where there is none, or no such column."""
    if name in names(table):
        return numbers(table, name)
    return np.full(len(values(table, names(table)[0])), math.nan)


def groups(table: Table, by: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Rows of each group by its label, in the order of their first rows."""
    if isinstance(by, str):
        by = (by,)
    columns = [values(table, name) for name in by]
    count = len(values(table, names(table)[0])) if names(table) else 0
    found: dict[str, list[int]] = {}
    for row in range(count):
        label = ", ".join(
            shown(name, column[row]) for name, column in zip(by, columns, strict=True)
        )
        found.setdefault(label or "simulation", []).append(row)
    return {label: np.array(rows) for label, rows in found.items()}


def check_apart(table: Table, places: Sequence[Any], rows: Sequence[int], remedy: str) -> None:
    """Check that rows at the same place differ in no setting, such as repetitions."""
    first: dict[Any, int] = {}
    settings = {name: values(table, name) for name in names(table) if name not in _RESULTS}
    for row in rows:
        other = first.setdefault(places[row], row)
        if other == row:
            continue
        differing = [name for name, column in settings.items() if column[row] != column[other]]
        if differing:
            raise ValueError(
                f"rows {other} and {row} of the table fall on the same place and differ in "
                f"{', '.join(differing)}; {remedy}"
            )


def heading(name: str) -> str:
    """Name of a column as the label of an axis."""
    words = {"alpha": "tail index", "epsilon": "noise amplitude", "dim": "dimension"}
    if name in words:
        return f"{words[name]} {_LETTERS.get(name, '')}".strip()
    return name.replace("_", " ")


def shown(name: str, value: object) -> str:
    """One value of a column as text: a name by itself, a number with the name of its column."""
    if isinstance(value, str):
        return value
    number = f"{value:g}" if isinstance(value, int | float | np.number) else str(value)
    return f"{_LETTERS.get(name, heading(name))} = {number}"


def _plain(value: object) -> object:
    """Return a value that can be compared with others."""
    if isinstance(value, float | np.floating) and math.isnan(value):
        return None
    return str(value) if isinstance(value, list | tuple | dict | np.ndarray) else value
