"""The experiments of this project, run through sweeps and drawn: figures, tables, one page.

An experiment is a folder with specs of sweeps (``*.toml``; what is under ``quick`` replaces the
rest in a quick run) and a script ``draw.py``, whose function ``draw(data)`` reads the results and
returns an `Outcome`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import levysde
from levysde import imported
from levysde._text import as_latex
from levysde.report import figures
from levysde.report.data_sets import MissingPackageError
from levysde.report.earlier import RECORD, earlier_experiments, new_record
from levysde.report.findings import Data, Finding, Outcome
from levysde.report.table_files import as_csv
from levysde.runs.files import write_json, write_text
from levysde.runs.record import versions
from levysde.runs.sweep.verb import sweep
from levysde.spellings import closest

__all__ = ["Reproduction", "experiments", "reproduce"]

SCRIPT, README = "draw.py", "README.md"
FORMATS = ("svg", "png")
TABLES = ("csv", "tex")


@dataclass(frozen=True, eq=False)
class Reproduction:
    """One experiment that was run and drawn.

    Attributes
    ----------
    name : str
        Of its folder.
    directory : Path
        Where figures, tables and sweeps are.
    outcome : Outcome or None
        What came out; None if it failed.
    failed : tuple of str
        What failed and why: cells of a sweep, or the script.
    provenance : dict
        Numbers of cells, paths and steps, seconds and digests of its sweeps.
    missing : str
        Why it was left out, if a package that it needs is not installed; otherwise empty.
    """

    name: str
    directory: Path
    outcome: Outcome | None
    failed: tuple[str, ...]
    provenance: dict[str, Any]
    missing: str = ""

    @property
    def findings(self) -> Sequence[Finding]:
        """Its claims."""
        return () if self.outcome is None else self.outcome.findings

    @property
    def as_documented(self) -> bool:
        """Whether everything ran and came out as this package says."""
        ran = not self.failed and not self.missing
        return ran and all(finding.as_documented for finding in self.findings)

    def record(self) -> dict[str, Any]:
        """All of it as JSON values.

        Returns
        -------
        dict
        """
        made = self.outcome
        return {
            "name": self.name,
            "title": self.name if made is None else made.title,
            "text": "" if made is None else made.text,
            "figures": [] if made is None else list(made.figures),
            "findings": [finding.record() for finding in self.findings],
            "tables": {} if made is None else {k: list(v) for k, v in made.tables.items() if v},
            "failed": list(self.failed),
            "provenance": self.provenance,
            "versions": versions(),
        }


def experiments_folder() -> Path:
    """Where the experiments are: in an installed package, or beside it in a checkout.

    Returns
    -------
    Path
    """
    package = Path(levysde.__file__).parent
    installed = package / "experiments"
    return installed if installed.is_dir() else package.parent / "experiments" / "reproduction"


def experiments() -> dict[str, Path]:
    """The folders of all experiments by name.

    Returns
    -------
    dict of Path

    Examples
    --------
    >>> "escape_time" in experiments()
    True
    """
    found = sorted(experiments_folder().glob(f"*/{SCRIPT}"))
    return {file.parent.name: file.parent for file in found}


def reproduce(
    names: Iterable[str] = (),
    directory: str | Path = "reproduction",
    quick: bool = False,
    threads: int | None = None,
    progress: bool | Callable[[int, int], object] = False,
    tell: Callable[[str], object] | None = None,
) -> list[Reproduction]:
    """Run experiments and write their figures, tables and a page about all of them.

    What is there already is not computed again; an interrupted call goes on when it is repeated.
    Experiments that other calls have made in the same directory stay in the report; one that needs
    a package which is not installed is left out of it, and says so in `missing`.

    Parameters
    ----------
    names : iterable of str
        Which experiments; all unless given.
    directory : str or Path
        Where the results go: a folder an experiment, `report.html` and `report.json`.
    quick : bool
        Fewer settings and paths, to see that everything works.
    threads : int, optional
        One per processor unless given.
    progress : bool or callable
        As for `levysde.sweep`.
    tell : callable, optional
        Called with a line for each sweep that begins.

    Returns
    -------
    list of Reproduction

    Raises
    ------
    ValueError
        If there is no experiment of a name, or the directory has full runs and quick ones are asked
        for, or the other way round.
    OSError
        If a file cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = reproduce(["cooling"], folder, quick=True)
    >>> made[0].as_documented
    True
    """
    from levysde.report.html import write_report

    known = experiments()
    wanted = list(dict.fromkeys(names)) or list(known)
    for name in wanted:
        if name not in known:
            raise ValueError(
                f"no experiment {name!r}{closest(name, known)}; known: {', '.join(known)}"
            )
    target = Path(directory)
    # What other calls have made in this folder stays on the page.
    records = earlier_experiments(target, quick)
    made = []
    for name in wanted:
        each = _reproduced(known[name], target / name, quick, threads, progress, tell)
        made.append(each)
        if each.missing:
            continue
        records[name] = each.record()
        record = new_record([records[name] for name in sorted(records)], quick)
        target.mkdir(parents=True, exist_ok=True)
        write_json(target / RECORD, record)
        write_report(record, target)
    return made


def _reproduced(
    folder: Path,
    target: Path,
    quick: bool,
    threads: int | None,
    progress: bool | Callable[[int, int], object],
    tell: Callable[[str], object] | None,
) -> Reproduction:
    sweeps, failed = {}, []
    for file in sorted(folder.glob("*.toml")):
        if tell is not None:
            tell(f"{folder.name}: {file.stem}")
        # Another place for quick runs, so that none is taken for a full one.
        where = target / (f"{file.stem}-quick" if quick else file.stem)
        found = sweep(read_spec(file, quick), where, threads=threads, progress=progress)
        sweeps[file.stem] = found
        failed += [f"{file.stem}, {label}: {reason}" for label, reason in found.failed.items()]
    outcome, missing = None, ""
    if not failed:
        try:
            draw = imported.find(f"{folder / SCRIPT}:draw")
            outcome = draw(Data(sweeps, quick))
            _write(outcome, target)
        except OSError:
            raise
        except MissingPackageError as error:
            missing = str(error)
        except Exception as error:  # of a script: the others go on
            failed.append(f"{SCRIPT}: {type(error).__name__}: {error}")
    return Reproduction(folder.name, target, outcome, tuple(failed), _provenance(sweeps), missing)


def read_spec(file: Path, quick: bool) -> dict[str, Any]:
    """The spec of a sweep, full or quick, with the parts that a file beside it has.

    Parameters
    ----------
    file : Path
        A TOML file.
    quick : bool
        Whether what is under ``quick`` replaces the rest.

    Returns
    -------
    dict
    """
    spec = tomllib.loads(file.read_text(encoding="utf-8"))
    shorter = spec.pop("quick", {})
    located: dict[str, Any] = _located(_replaced(spec, shorter) if quick else spec, file.parent)
    return located


def _located(value: Any, folder: Path) -> Any:
    """Settings in which a part "parts.py:name" is the one of the folder of the spec."""
    if isinstance(value, dict):
        return {key: _located(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_located(each, folder) for each in value]
    source, colon, name = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return f"{folder / source}:{name}" if colon and source.endswith(".py") else value


def _replaced(tables: dict[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with some entries replaced, in the depth."""
    merged = dict(tables)
    for key, value in by.items():
        old = merged.get(key)
        deeper = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = _replaced(old, value) if deeper and isinstance(old, dict) else value
    return merged


def _provenance(sweeps: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "cells": len(found),
            "paths": sum(row["paths"] for row in found.rows),
            "steps": sum(row["steps"] for row in found.rows),
            "seconds": sum(row["seconds"] for row in found.rows),
            "digests": {
                label: row["digest"] for label, row in zip(found.labels, found.rows, strict=True)
            },
        }
        for name, found in sweeps.items()
    }


def _write(outcome: Outcome, target: Path) -> None:
    """Write the figures and the tables of an experiment."""
    target.mkdir(parents=True, exist_ok=True)
    for name, figure in outcome.figures.items():
        for form in FORMATS:
            figures.save(figure, target / f"{name}.{form}")
    for name, lines in outcome.tables.items():
        if not lines:
            for form in TABLES:  # of an earlier call, which had some
                (target / f"{name}.{form}").unlink(missing_ok=True)
            continue
        write_text(target / f"{name}.csv", as_csv(lines))
        write_text(target / f"{name}.tex", as_latex(lines))
