"""`levysde plot`: figures of results and of sweeps that are on file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levysde.cli.output import DONE, EXIT_CODES, answer, say
from levysde.cli.parser import Parser, UsageError, check_writable, choose, quoted

if TYPE_CHECKING:
    import argparse

    from levysde.basins import Basin
    from levysde.cli.signals import Stop
    from levysde.runs.results import EscapeTimes

_PROGRAM = "levysde plot"
_SUFFIXES = (".png", ".pdf", ".svg")
_RESULT_KINDS: dict[str, tuple[str, ...]] = {"survival": (), "exit_positions": ()}
_SWEEP_KINDS: dict[str, tuple[str, ...]] = {
    "scaling": ("x", "by", "where"),
    "collapse": ("by", "where"),
    "ratio": ("x", "by", "where"),
    "phase_map": ("x", "y", "value", "where"),
    "survival": (),
}
"""The kinds of figures of a file and of a folder, the usual one first, and their options."""

_EPILOG = f"""\
kinds of a result file, and of the folder of a sweep:
  survival         probability of being inside against time (usual of a file)
  exit_positions   where paths were when they were first seen outside (file)
  scaling          mean escape time against --x (usual of a folder)
  collapse         mean escape time against the predicted one (folder)
  ratio            simulated over predicted mean against --x (folder)
  phase_map        colors of --value on the grid of --x and --y (folder)

The path of the figure goes to stdout.

examples:
  levysde plot run.npz
  levysde plot run.npz --kind exit_positions --output exits.pdf
  levysde plot sweep --by basin,alpha
  levysde plot sweep --kind phase_map --x epsilon --y alpha
  levysde plot sweep --kind phase_map --x epsilon --y alpha --where basin=flat

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde plot`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If a value is bad.
    OSError
        If a file cannot be read or written.
    """
    options = _parser().parse(words)
    source = _existing(options.source)
    is_sweep = source.is_dir()
    kind = _checked_kind(options, is_sweep)
    output = options.output or _beside(source, kind, is_sweep)
    check_writable("--output", os.fspath(output), _SUFFIXES)
    ax = _sweep_figure(source, kind, options) if is_sweep else _result_figure(source, kind)
    stop.check()
    from levysde.report import figures

    answer(os.fspath(figures.save(ax, output)))
    return DONE


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Draw a result or a sweep that is on file.", _EPILOG)
    parser.add_argument(
        "source", metavar="FILE|DIR", help="a result (FILE.npz), or the folder of a sweep"
    )
    parser.add_argument("--kind", metavar="NAME", help="kind of figure")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="FILE.png, FILE.pdf or FILE.svg (beside the result, or in the folder of the sweep: "
        "NAME-KIND.png)",
    )
    parser.add_argument("--x", metavar="COLUMN", help="column of the horizontal axis (epsilon)")
    parser.add_argument("--y", metavar="COLUMN", help="column of the vertical axis")
    parser.add_argument("--value", metavar="COLUMN", help="column shown as colors (ratio)")
    parser.add_argument(
        "--by", metavar="COLUMN,...", help="columns that tell groups of points apart (basin)"
    )
    parser.add_argument(
        "--where",
        metavar="COLUMN=VALUE",
        action="append",
        help="draw only the cells with this value; may be given several times",
    )
    return parser


def _existing(name: str) -> Path:
    if not name or "\0" in name:
        raise UsageError(f"{quoted(name)} names no file; give a result or the folder of a sweep")
    if not os.path.exists(name):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return Path(name)


def _checked_kind(options: argparse.Namespace, is_sweep: bool) -> str:
    """Return the kind of figure; every option given must be one of its own."""
    kinds = _SWEEP_KINDS if is_sweep else _RESULT_KINDS
    kind: str = options.kind or next(iter(kinds))
    if kind in _SWEEP_KINDS.keys() | _RESULT_KINDS.keys() and kind not in kinds:
        other = "a result file" if is_sweep else "the folder of a sweep"
        raise UsageError(
            f"--kind {kind} is of {other}, and {quoted(options.source)} is none; give one of "
            f"{', '.join(kinds)}"
        )
    known = choose("--kind", kind, kinds)
    for name in ("x", "y", "by", "value", "where"):
        if getattr(options, name) is not None and name not in known:
            raise UsageError(f"--{name} is no option of --kind {kind}; leave it out")
    if kind == "phase_map" and (options.x is None or options.y is None):
        raise UsageError("--kind phase_map needs --x and --y; give two columns of the sweep")
    return kind


def _beside(source: Path, kind: str, is_sweep: bool) -> Path:
    if is_sweep:
        return source / f"sweep-{kind}.png"
    return source.with_name(f"{source.stem}-{kind}.png")


def _result_figure(source: Path, kind: str) -> Any:
    """Draw a result and return the axes."""
    from levysde.report import figures, planes
    from levysde.runs.results import load

    try:
        result = load(source)
    except ValueError as error:
        raise OSError(str(error)) from error
    if kind == "survival":
        return figures.survival_curve(result)
    return planes.exit_positions(result, _basin_of(result))


def _basin_of(result: EscapeTimes) -> Basin | None:
    """Make the basin of a result again; nothing is imported because a file says so."""
    from levysde import spec

    record = result.parameters
    if not record.get("functions") and record.get("dim") == result.dim:
        try:
            return spec.build(record)[0]
        except ValueError:
            pass
    say(_PROGRAM, "note", "no boundary: the basin of the result is not made of built-in parts")
    return None


def _sweep_figure(source: Path, kind: str, options: argparse.Namespace) -> Any:
    """Draw a sweep and return the axes."""
    from levysde.report import figures, maps, tables
    from levysde.runs.sweep.table import load_sweep

    try:
        sweep = load_sweep(source)
    except ValueError as error:
        raise OSError(str(error)) from error
    if not sweep.table:
        raise UsageError(f"no cell of {source} is complete; continue with levysde sweep")
    if kind == "survival":
        results = sweep.results()
        return figures.survival(list(results.values()), list(results))
    table = _chosen(sweep.table, options.where or [])
    by = tuple((options.by or "basin").split(","))
    try:
        if kind == "phase_map":
            return maps.phase_map(table, options.x, options.y, options.value or "ratio")
        if kind == "collapse":
            return tables.collapse(table, by)
        draw = tables.scaling if kind == "scaling" else tables.ratio
        return draw(table, options.x or "epsilon", by)
    except ValueError as error:
        raise UsageError(_on_the_command_line(str(error))) from error


_REMEDIES = {
    "name what tells them apart in by": "name what tells them apart in --by",
    "give a table with one row for each cell": "choose among them with --where COLUMN=VALUE",
}
"""What functions advise, and the same on the command line."""


def _on_the_command_line(message: str) -> str:
    for remedy, option in _REMEDIES.items():
        message = message.replace(remedy, option)
    return message


def _chosen(table: dict[str, list[Any]], conditions: list[str]) -> dict[str, list[Any]]:
    """The rows of a table that have the values of --where."""
    for condition in conditions:
        name, equals, wanted = condition.partition("=")
        if not equals:
            raise UsageError(f"--where is {quoted(condition)}; write COLUMN=VALUE")
        column = choose("--where", name, table)
        kept = [row for row, value in enumerate(column) if _is_meant(value, wanted)]
        if not kept:
            known = ", ".join(dict.fromkeys(map(str, column)))
            raise UsageError(f"--where {quoted(condition)} leaves no cell; {name} is {known:.200}")
        table = {each: [values[row] for row in kept] for each, values in table.items()}
    return table


def _is_meant(value: Any, wanted: str) -> bool:
    """Whether a value is the one that was typed."""
    if isinstance(value, int | float):
        try:
            return value == float(wanted)
        except ValueError:
            return False
    return str(value) == wanted
