"""Where a result comes from: of which cell it is, and which versions made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from levysde.model import Model
from levysde.runs.record import content
from levysde.runs.results import EscapeTimes
from levysde.runs.simulation import Asked

_CONTENT = (
    "epsilon", "basin", "potential", "domain", "minimum", "start", "dynamics", "dynamics_params",
    "dynamics_options", "dynamics_uses", "noise", "noise_params", "convention", "dim", "code",
    "declared", "stream",
)  # fmt: skip
_ONLY_OF_A_METHOD = "margin"
_DIGITS = 20


def origin_of(model: Model, asked: Asked) -> dict[str, Any]:
    """What the results of a cell must say of themselves.

    Parameters
    ----------
    model : Model
        What is simulated.
    asked : Asked
        How.

    Returns
    -------
    dict
        Hash of the parts and epsilon, the seed, and the step where it is given.
    """
    step = {} if asked.lr is not None or isinstance(asked.dt, str) else {"dt": float(asked.dt)}
    return {"content": _digest(content(model)), "seed": asked.seed, **step}


def is_from(result: EscapeTimes, origin: Mapping[str, Any] | None) -> bool:
    """Whether a result is of a cell.

    Parameters
    ----------
    result : EscapeTimes
        The result.
    origin : mapping or None
        What `origin_of` says of the cell; of None nothing is known, and all are taken.

    Returns
    -------
    bool
    """
    if origin is None:
        return True
    made = result.parameters
    steps = ("dt" not in origin) or result.dt in (0.0, origin["dt"])
    same = made.get("seed") == origin.get("seed") and steps
    return same and _digest(made) == origin.get("content")


def _digest(made: Mapping[str, Any]) -> str:
    """Hash of what a record says of the parts; 1 and 1.0 are the same."""
    parts = {name: made.get(name) for name in _CONTENT}
    if isinstance(parts["code"], dict):
        code = {name: key for name, key in parts["code"].items() if name != _ONLY_OF_A_METHOD}
        parts["code"] = code
    plain = json.loads(json.dumps(parts), parse_int=float)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:_DIGITS]


_COMPARED = ("levysde", "numba", "numpy", "python")


def compared(found: Mapping[str, str]) -> dict[str, str]:
    """The versions that must be the same; of Python the first two numbers.

    Parameters
    ----------
    found : mapping
        As `levysde.runs.record.versions` has them.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> compared({"numpy": "2.1", "python": "3.12.4"})
    {'numpy': '2.1', 'python': '3.12'}
    """
    known = {name: str(found[name]) for name in _COMPARED if name in found}
    if "python" in known:
        known["python"] = ".".join(known["python"].split(".")[:2])
    return known


def differing_versions(results: Iterable[EscapeTimes]) -> list[str]:
    """Programs of which results were made by several versions, with these.

    Parameters
    ----------
    results : iterable of EscapeTimes
        The results; one that does not say its versions says nothing.

    Returns
    -------
    list of str
        Such as "numpy 2.1 and 2.2".
    """
    seen: dict[str, dict[str, None]] = {}
    for result in results:
        made = result.parameters.get("versions")
        for name, version in compared(made if isinstance(made, dict) else {}).items():
            seen.setdefault(name, {})[version] = None
    return [f"{name} {' and '.join(each)}" for name, each in seen.items() if len(each) > 1]
