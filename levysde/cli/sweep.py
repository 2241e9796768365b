"""`levysde sweep`: every cell of a grid of settings, in a directory that survives anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from levysde._text import table
from levysde.cli.output import (
    CHECK_FAILED,
    DONE,
    ENVIRONMENT_PROBLEM,
    EXIT_CODES,
    answer,
    as_json,
    say,
)
from levysde.cli.parser import Parser, UsageError, whole_number
from levysde.runs.sweep.table_text import cells_text, sweep_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from levysde.cli.signals import Stop
    from levysde.runs.sweep.cell import Cell
    from levysde.runs.sweep.table import Sweep

_PROGRAM = "levysde sweep"
_SHOWN = 40
_EPILOG = f"""\
SPEC is a TOML file. Its keys are arguments of escape_times and parameters of
the parts; under grid they vary independently, under zip together:

  paths = 5000
  method = "auto"
  [grid]
  basin = ["sharp", "flat"]
  alpha = [1.2, 1.5, 1.8]
  epsilon = {{ geomspace = [0.3, 0.01, 6] }}

The same command continues a sweep that was interrupted or killed, and runs
cells again that failed. The folder has summary.csv and the paths of each cell.

examples:
  levysde sweep spec.toml --dry-run
  levysde sweep spec.toml --output results
  levysde sweep spec.toml --output part2 --shard 2/8
  levysde sweep spec.toml --cluster tcp://node1:8786
  levysde plot results --by basin,alpha

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde sweep`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If the spec cannot be understood.
    OSError
        If a file cannot be read or written.
    """
    options = _parser().parse(words)
    directory = options.output or str(Path(options.spec).with_suffix(""))
    if directory == options.spec:
        raise UsageError(f"{options.spec} has no ending such as .toml; give --output DIR")
    if options.dry_run:
        return _dry_run(options, directory)
    return _sweep(options, directory, stop)


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Simulate every cell of a grid of settings.", _EPILOG)
    parser.add_argument("spec", metavar="SPEC", help="TOML file")
    parser.add_argument("--output", metavar="DIR", help="folder (SPEC without its ending)")
    parser.add_argument(
        "--dry-run", action="store_true", help="show the cells and how long they will take, and end"
    )
    parser.add_argument("--shard", metavar="I/N", help="compute the I-th of N parts of the work")
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="compute on a Dask cluster, for instance tcp://host:8786",
    )
    parser.add_argument("--threads", type=whole_number, metavar="N", help="one per processor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")
    return parser


def _sweep(options: argparse.Namespace, directory: str, stop: Stop) -> int:
    from levysde.runs.sweep.verb import sweep

    def interrupted() -> None:
        say(
            _PROGRAM,
            "interrupted",
            f"what had finished is in {directory}; to continue, repeat the command",
        )

    stop.keep()
    stop.leave_soon(interrupted)
    progress = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    try:
        client = None
        if options.cluster is not None:
            from levysde.runs.sweep.cluster import connect

            client = connect(options.cluster)
        found = sweep(
            options.spec,
            directory,
            client=client,
            shard=options.shard,
            threads=options.threads,
            progress=progress or (lambda finished, total: stop.check()),
        )
    except ConnectionError as error:
        say(_PROGRAM, "error", str(error))
        return ENVIRONMENT_PROBLEM
    except KeyboardInterrupt:
        interrupted()
        return stop.code
    return told(found, options, _PROGRAM)


def told(found: Sweep, options: argparse.Namespace, program: str) -> int:
    """Print what a sweep has, and what is missing or failed.

    Parameters
    ----------
    found : Sweep
        The sweep.
    options : argparse.Namespace
        With `json` and `quiet`.
    program : str
        Whose messages they are.

    Returns
    -------
    int
        Exit code.
    """
    summary = str(found.directory / "summary.csv")
    if options.json:
        answer(as_json(found.to_dict() | {"summary": summary}))
    else:
        shown_table = sweep_table(found, _SHOWN) + "\n\n" if found.rows else ""
        answer(f"{shown_table}  {cells_text(len(found))} complete: {summary}")
    if not options.quiet:
        for label, messages in found.warnings.items():
            for message in messages:
                say(program, "warning", f"{label}: {message}")
    for label, reason in found.failed.items():
        say(program, "error", f"{label}: {reason}")
    waiting = [label for label in found.missing if label not in found.failed]
    if waiting:
        are = "is" if len(waiting) == 1 else "are"
        first = f"{cells_text(len(waiting))} {are} not complete, the first is {waiting[0]}"
        say(program, "note", first)
    return CHECK_FAILED if found.failed else DONE


def _dry_run(options: argparse.Namespace, directory: str) -> int:
    """Show the cells in their order, and how long each will take."""
    from levysde.engine.backends import BACKENDS
    from levysde.methods.backend import AUTO
    from levysde.methods.cost_estimate import shown_duration
    from levysde.runs.sweep.cell import cells_of
    from levysde.runs.sweep.durations import forecast
    from levysde.runs.sweep.settings import read
    from levysde.runs.sweep.store import Store

    cells: Sequence[Cell] = cells_of(read(options.spec))
    for backend in {cell.asked.backend for cell in cells} - {AUTO}:
        BACKENDS[backend]()  # says what is wanting, if anything
    store = Store(Path(directory))
    found = [forecast(cell, options.threads, store.pieces(cell)) for cell in cells]
    total = sum(each.seconds for each in found if each.seconds is not None)
    if options.json:
        lines = [
            {
                "cell": cell.label,
                "paths": cell.paths,
                "seconds": each.seconds,
                "source": each.source,
            }
            for cell, each in zip(cells, found, strict=True)
        ]
        answer(as_json({"directory": directory, "seconds": total, "cells": lines}))
        return DONE
    rows: list[tuple[str, ...]] = [("cell", "paths", "time", "from")]
    for cell, each in list(zip(cells, found, strict=True))[:_SHOWN]:
        time = "unknown" if each.seconds is None else shown_duration(each.seconds)
        rows.append((cell.label, str(cell.paths), time, each.source))
    more = f"\n  ... and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
    unknown = sum(each.seconds is None for each in found)
    note = f", and {cells_text(unknown)} of which it is not known" if unknown else ""
    answer(
        table(rows, right=(1, 2)) + more + f"\n\n  {cells_text(len(cells))}, about "
        f"{shown_duration(total)} in all{note}; nothing was computed"
    )
    return DONE
