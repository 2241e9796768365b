"""Names of settings and of their values, in tables and labels, which tell all of them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from levysde.runs.sweep.axes import mark
from levysde.runs.sweep.settings import SHORT, Spec

_SHORT = {long: short for short, long in SHORT.items()}
_MANY_NUMBERS = 4


def column_name(key: str) -> str:
    """The name of a setting in tables, short where it has a short name.

    Parameters
    ----------
    key : str
        As in a spec.

    Returns
    -------
    str

    Examples
    --------
    >>> column_name("noise.alpha"), column_name("dynamics.b1")
    ('alpha', 'dynamics.b1')
    """
    return _SHORT.get(key, key)


class Naming:
    """The names of all values that vary in a sweep.

    Numbers are themselves, parts go by name and parameters; objects of one name by the parameters
    in which they differ, and else they are numbered.

    Parameters
    ----------
    spec : Spec
        The sweep.

    Examples
    --------
    >>> from levysde import noise
    >>> from levysde.runs.sweep.settings import read
    >>> laws = [noise.independent(1.2), noise.independent(1.8)]
    >>> Naming(read({"grid": {"noise": laws}})).axes()
    {'noise': ['independent(alpha=1.2)', 'independent(alpha=1.8)']}
    """

    def __init__(self, spec: Spec) -> None:
        self._axes = spec.axes
        self._texts = {key: _distinct(spec.values(key)) for key in spec.varied}

    def text(self, key: str, value: Any) -> str:
        """A value in labels.

        Parameters
        ----------
        key : str
            A setting that varies.
        value : object
            One of its values.

        Returns
        -------
        str
        """
        return self._texts[key][mark(value)]

    def column(self, key: str, value: Any) -> float | str:
        """A value in tables.

        Parameters
        ----------
        key : str
            A setting that varies.
        value : object
            One of its values.

        Returns
        -------
        float or str
        """
        if isinstance(value, np.number):
            return float(value)
        return value if isinstance(value, int | float | str) else self.text(key, value)

    def axes(self) -> dict[str, list[float | str]]:
        """The values of the grid, by column.

        Returns
        -------
        dict of list
        """
        return {
            column_name(key): [self.column(key, value) for value in values]
            for key, values in self._axes.items()
        }


def _distinct(values: Sequence[Any]) -> dict[Hashable, str]:
    """A text for each value, by its mark, no two of them the same."""
    different = {mark(value): value for value in values}
    texts = {each: _text(value) for each, value in different.items()}
    for text, count in Counter(texts.values()).items():
        alike = {each: different[each] for each in texts if texts[each] == text}
        if count > 1:
            texts |= _detailed(text, alike)
    used = {value for value in different.values() if isinstance(value, str)}
    for each, text in texts.items():
        if isinstance(different[each], str):
            continue  # a name is its column in tables, and stays
        number = 2
        while texts[each] in used:
            texts[each] = f"{text} {number}"
            number += 1
        used.add(texts[each])
    return texts


def _detailed(text: str, alike: Mapping[Hashable, Any]) -> dict[Hashable, str]:
    """Texts with the digits, or with the parameters, in which values of one text differ."""
    params = {each: _parameters(value) for each, value in alike.items()}
    names = dict.fromkeys(name for each in params.values() for name in each)
    differing = [name for name in names if len({each.get(name) for each in params.values()}) > 1]
    texts = {}
    for each, value in alike.items():
        told = [f"{name}={params[each][name]}" for name in differing if name in params[each]]
        if isinstance(value, float):
            texts[each] = repr(float(value))
        elif told:
            texts[each] = f"{text}({', '.join(told)})"
    return texts


def _parameters(value: Any) -> dict[str, str]:
    """The parameters of a part that are a few numbers, as texts."""
    if isinstance(value, str | int | float | list | tuple | Mapping):
        return {}
    holders = (getattr(value, name, None) for name in ("potential", "domain"))
    found: dict[str, str] = {}
    for holder in (*holders, value):
        params = getattr(holder, "params", None)
        for name, each in (params if isinstance(params, Mapping) else {}).items():
            if np.size(each) <= _MANY_NUMBERS:
                found[str(name)] = _text(np.asarray(each).tolist())
    return found


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        others = ", ".join(f"{k}={_text(v)}" for k, v in value.items() if k != "name")
        return f"{value['name']}({others})" if others else str(value["name"])
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list | tuple | np.ndarray):
        return "(" + ", ".join(_text(each) for each in np.asarray(value).tolist()) + ")"
    return str(getattr(value, "name", value))
