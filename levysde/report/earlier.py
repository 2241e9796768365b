"""The record of a report, and the experiments that it has from earlier calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from levysde._version import __version__
from levysde.runs.files import read_json

RECORD = "report.json"
_LARGEST = 1 << 28
_KINDS: dict[str, Any] = {
    "name": str, "title": str, "text": str, "figures": list, "findings": list, "tables": dict,
    "failed": list, "provenance": dict,
}  # fmt: skip


def new_record(experiments: Sequence[Mapping[str, Any]], quick: bool) -> dict[str, Any]:
    """The record of a report.

    Parameters
    ----------
    experiments : sequence of mapping
        Their records.
    quick : bool
        Whether they were quick runs.

    Returns
    -------
    dict
    """
    return {"levysde": __version__, "quick": quick, "experiments": list(experiments)}


def earlier_experiments(directory: Path, quick: bool) -> dict[str, dict[str, Any]]:
    """The experiments that a report has already.

    Parameters
    ----------
    directory : Path
        Where it is, or will be.
    quick : bool
        Whether quick runs are to be added.

    Returns
    -------
    dict of dict
        Their records by name; of those whose figures are still there.

    Raises
    ------
    ValueError
        If the report is of full runs and quick ones are to be added, or the other way round.
    OSError
        If it cannot be read.
    """
    file = directory / RECORD
    try:
        found = read_json(file, _LARGEST)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise OSError(f"{error}; remove it, or give another directory") from None
    experiments = found.get("experiments")
    if not isinstance(experiments, list) or not all(map(_is_experiment, experiments)):
        raise OSError(f"{file} is not the record of a report; remove it, or give another directory")
    if bool(found.get("quick")) != quick:
        has, asked = ("full", "quick") if quick else ("quick", "full")
        raise ValueError(
            f"{directory} has a report of {has} runs, whose figures {asked} ones would replace; "
            "give another directory"
        )
    return {
        each["name"]: each
        for each in experiments
        if all((directory / each["name"] / f"{name}.svg").is_file() for name in each["figures"])
    }


def _is_experiment(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), kind) for name, kind in _KINDS.items()
    )
