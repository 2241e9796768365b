"""The values of an axis: a list, or a range of numbers, each value once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from levysde.spellings import closest

MAX_CELLS = 100_000
LARGEST_END = 1e300
LONGEST_TOLD = 60
_RANGES = ("geomspace", "linspace")


class SpecError(ValueError):
    """A sweep that cannot be understood."""


def values_of(name: str, values: Any) -> list[Any]:
    """A list of values, or a range of numbers.

    Parameters
    ----------
    name : str
        Of the key, for messages.
    values : object
        What the spec has.

    Returns
    -------
    list

    Raises
    ------
    SpecError
        If it is neither, has nothing, too many values, or one of them twice.

    Examples
    --------
    >>> values_of("epsilon", {"geomspace": [0.1, 0.001, 3]})
    [0.1, 0.01, 0.001]
    """
    if isinstance(values, Mapping) and len(values) == 1:
        kind, ends = next(iter(values.items()))
        if kind in _RANGES:
            values = _range(name, kind, ends)
        elif isinstance(ends, list | tuple):
            raise SpecError(
                f"{name} has the unknown range {told(kind)}{closest(kind, _RANGES)}; give one of "
                f"{', '.join(_RANGES)}"
            )
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        raise SpecError(f"{name} is {told(values)}; give a list of values")
    if not values:
        raise SpecError(f"{name} is an empty list; give at least one value or leave it out")
    check_length(name, values)
    seen = set()
    for value in values:
        if mark(value) in seen:
            raise SpecError(f"{name} has {told(value)} twice; give each value once")
        seen.add(mark(value))
    return list(values)


def check_length(name: str, values: Sequence[Any]) -> None:
    """Refuse more values than a sweep has cells.

    Parameters
    ----------
    name : str
        Of the key, for the message.
    values : sequence
        The values.

    Raises
    ------
    SpecError
        If there are too many.
    """
    if len(values) > MAX_CELLS:
        raise SpecError(f"{name} has {len(values)} values; give at most {MAX_CELLS}")


def mark(value: Any) -> Hashable:
    """What two values have in common if and only if they are the same setting.

    Parameters
    ----------
    value : object
        A number, a name, a list or a table of these; objects are the same only as themselves.

    Returns
    -------
    hashable

    Examples
    --------
    >>> mark([1, 2.5]) == mark((1.0, 2.5)), mark({"a": 1}) == mark({"a": 2})
    (True, False)
    """
    if isinstance(value, Mapping):
        return "table", tuple(sorted((key, mark(each)) for key, each in value.items()))
    if isinstance(value, np.ndarray):
        return mark(value.tolist())
    if isinstance(value, list | tuple):
        return "list", tuple(mark(each) for each in value)
    if isinstance(value, np.generic):
        return mark(value.item())
    return value if isinstance(value, str | int | float) else ("object", id(value))


def is_range(value: Mapping[str, Any]) -> bool:
    """Whether a table is a range of numbers, such as ``{geomspace = [0.3, 0.01, 8]}``.

    Parameters
    ----------
    value : mapping
        A table.

    Returns
    -------
    bool
    """
    return len(value) == 1 and next(iter(value)) in _RANGES


def _range(name: str, kind: str, ends: Any) -> list[float]:
    """Numbers from one end to another."""
    sound = (
        isinstance(ends, list | tuple)
        and len(ends) == 3
        and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        and isinstance(ends[2], int)
        and all(-LARGEST_END <= end <= LARGEST_END for end in ends)
        and ends[2] >= 1
        and (kind == "linspace" or (ends[0] > 0 and ends[1] > 0))
    )
    if not sound:
        raise SpecError(f"{name} has {kind} = {told(ends)}; give [first, last, how many]")
    if ends[2] > MAX_CELLS:
        raise SpecError(f"{name} has {ends[2]} values; give at most {MAX_CELLS}")
    # Twelve digits say what was meant: 0.1, and not 0.10000000000000002.
    spaced = np.geomspace if kind == "geomspace" else np.linspace
    return [float(f"{x:.12g}") for x in spaced(*ends)]


def told(value: Any) -> str:
    """A value as a message shows it, cut where it is long.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str

    Examples
    --------
    >>> told("x")
    "'x'"
    """
    text = repr(value)
    return text if len(text) <= LONGEST_TOLD else text[:LONGEST_TOLD] + "..."
