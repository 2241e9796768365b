"""Parameters of parts as `NAME=VALUE`, and parts of the user among the names of an option."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from levysde import spec
from levysde.cli.parser import UsageError, choose, number, quoted

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DIGITS = re.compile(r"[+-]?[0-9]{1,15}")
_INFINITE = {"inf": float("inf"), "+inf": float("inf"), "-inf": float("-inf")}


def find(option: str, kind: str, name: str) -> Any:
    """What the value of an option stands for: what makes a part, or a part of the user.

    Parameters
    ----------
    option : str
        Option that gives the name, for the message.
    kind : str
        What kind of part.
    name : str
        Of a built-in part, or module:name or file.py:name.

    Returns
    -------
    callable or part

    Raises
    ------
    ValueError
        If the name is unknown, or the user's code fails.

    Examples
    --------
    >>> find("--noise", "noise", "isotropic")(1.5).alpha
    1.5
    """
    if is_own(name):
        return spec.find(kind, name)
    known: dict[str, Any] = dict.fromkeys(spec._TABLE[kind])
    choose(option, name, known)
    return spec.constructor(kind, name)


def is_own(name: str) -> bool:
    """Whether a name is that of a user's part.

    Parameters
    ----------
    name : str
        As it was given.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_own("wells.py:steep"), is_own("sharp")
    (True, False)
    """
    from levysde import imported

    return imported.is_own(name)


def arguments(found: Any) -> Mapping[str, inspect.Parameter]:
    """The named arguments of what makes a part; none of a part.

    Parameters
    ----------
    found : callable or part
        What a name stands for.

    Returns
    -------
    mapping of str to inspect.Parameter

    Examples
    --------
    >>> list(arguments(spec.constructor("basin", "sharp")))
    ['dim']
    """
    try:
        known = inspect.signature(found).parameters if callable(found) else {}
    except (TypeError, ValueError):
        known = {}
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in known.items() if each.kind not in several}


def parameters(option: str, texts: Iterable[str], taken: Mapping[str, str]) -> dict[str, Any]:
    """Read `NAME=VALUE` words: numbers, lists of them, or a word.

    Parameters
    ----------
    option : str
        Option that gives them, for messages.
    texts : iterable of str
        Its values.
    taken : mapping of str to str
        Names that have an option of their own, and that option.

    Returns
    -------
    dict
        Whole numbers as int, other numbers as float, several as a list.

    Raises
    ------
    UsageError
        If one is malformed or given twice, or has an option of its own.

    Examples
    --------
    >>> parameters("--basin-parameter", ["side=left", "upper=1.5,inf", "n=2"], {})
    {'side': 'left', 'upper': [1.5, inf], 'n': 2}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            raise UsageError(f"{option} {quoted(text)} is no parameter; write it as NAME=VALUE")
        if name in taken:
            raise UsageError(f"{option} {name} has an option; give {taken[name]}")
        if name in found:
            raise UsageError(f"{option} {name} is given twice; leave out one")
        try:
            found[name] = _value(value)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{option} {name}: {error}") from error
    return found


def _value(text: str) -> Any:
    if _WORD.fullmatch(text) and text.lower() not in ("nan", "inf"):
        return text
    values = [_number(piece) for piece in text.split(",")]
    return values[0] if len(values) == 1 else values


def _number(text: str) -> int | float:
    if text in _INFINITE:
        return _INFINITE[text]
    return int(text) if _DIGITS.fullmatch(text) else number(text)
