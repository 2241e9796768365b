"""`levysde tail-index`: whether samples of gradient noise are stable, and with which index."""

from __future__ import annotations

import functools
import os
import sys
import zipfile
from typing import TYPE_CHECKING, Any

from levysde.cli.output import CHECK_FAILED, DONE, EXIT_CODES, answer, as_json, say, warnings_told
from levysde.cli.parser import (
    Parser,
    UsageError,
    check_writable,
    choose,
    number,
    quoted,
    whole_number,
)
from levysde.cli.signals import Stop, watched

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from numpy.typing import NDArray

    from levysde.statistics.tail_result import TailIndex

_PROGRAM = "levysde tail-index"
_LARGEST_TEXT = 1 << 30
_LARGEST_ARCHIVE = 1 << 34
"""Bytes of a file that is read as a whole, and of the arrays in an archive."""

_EPILOG = f"""\
FILE has a draw a row and a coordinate a column, such as the noise of one
weight in mini-batch gradients at one point:
  .npy   one array, read piece by piece
  .npz   arrays of as many rows each, such as layers
  .csv   numbers separated by commas, a line a draw; a first line 0,1,2,...
         is a header

Scales are those of E exp(iuX) = exp(-|scale u|^alpha): alpha = 2 is a Gaussian
of variance 2 scale^2. The verdict asks for independent draws.

examples:
  levysde tail-index noise.npy
  levysde tail-index layers.npz --group-by-name --plot tails.svg
  levysde tail-index noise.npy --json --require-stable

with --require-stable the exit code is 1 unless stable is supported, with
--group-by-name for every array

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde tail-index`.
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
    if options.plot is not None:
        check_writable("--plot", options.plot, (".png", ".pdf", ".svg"))
    with warnings_told(_PROGRAM):
        return _fit_and_report(options, stop)


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Ask whether noise is stable, and with which index.", _EPILOG)
    parser.add_argument("source", metavar="FILE", help="samples: FILE.npy, FILE.npz or FILE.csv")
    parser.add_argument(
        "--group-by-name", action="store_true", help="a verdict for each array of an archive, too"
    )
    parser.add_argument(
        "--max-block", type=whole_number, metavar="M", help="most draws in a sum (draws / 100)"
    )
    parser.add_argument(
        "--examined",
        type=whole_number,
        default=64,
        metavar="N",
        help="most coordinates that are tested for the verdict (%(default)s)",
    )
    parser.add_argument(
        "--level", type=number, default=0.95, metavar="P", help="of intervals (%(default)s)"
    )
    parser.add_argument("--threads", type=whole_number, metavar="N", help="one per processor")
    parser.add_argument("--plot", metavar="FILE", help="FILE.png, FILE.pdf or FILE.svg")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")
    parser.add_argument(
        "--require-stable", action="store_true", help="exit code 1 unless stable is supported"
    )
    return parser


def _fit_and_report(options: argparse.Namespace, stop: Stop) -> int:
    from levysde.statistics.stability import tail_index

    def note(message: str) -> None:
        if not options.quiet:
            say(_PROGRAM, "note", message)

    arrays = read_arrays(options.source, note)
    if options.group_by_name and len(arrays) == 1 and "" in arrays:
        raise UsageError("--group-by-name is for the arrays of an archive; leave it out, or give "
                         "FILE.npz")  # fmt: skip
    samples, names = joined(arrays)
    given = {
        "level": options.level,
        "max_block": options.max_block,
        "examined": options.examined,
        "threads": options.threads,
    }
    bar = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    with watched(stop, bar, keep=False) as look:
        found = tail_index(samples, names, progress=look, **given)
    parts: dict[str, TailIndex | str] = {}
    for name, array in arrays.items() if options.group_by_name else ():
        try:
            parts[name] = tail_index(array, progress=lambda *_: stop.check(), **given)
        except ValueError as error:  # a layer that has not moved; the others have their verdicts
            parts[name] = f"no verdict: {error}"
    if options.plot is not None:
        from levysde.report.figures import save
        from levysde.report.tail_panels import tail_index as panels

        save(panels(found)[0], options.plot)
        note(f"figure: {options.plot}")
    if options.json:
        answer(as_json(found.to_dict() | {"verdicts": {n: _short(r) for n, r in parts.items()}}))
    else:
        told = (f"{name}: {_short(part)['verdict']}" for name, part in parts.items())
        answer("\n\n".join([str(found), *told]))
    supported = all(_short(result)["supported"] for result in parts.values() or [found])
    return CHECK_FAILED if options.require_stable and not supported else DONE


def _short(result: TailIndex | str) -> dict[str, Any]:
    """The verdict of an array, or why there is none."""
    if isinstance(result, str):
        return {"verdict": result, "supported": False, "law": None}
    return {name: getattr(result, name) for name in ("verdict", "supported", "law")}


def read_arrays(name: str, note: Callable[[str], object] | None = None) -> dict[str, NDArray[Any]]:
    """Samples in a file, as arrays by name; that of a file of one array is empty.

    Parameters
    ----------
    name : str
        FILE.npy, FILE.npz or FILE.csv.
    note : callable, optional
        Called with a sentence where a line of FILE.csv is taken for a header.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    UsageError
        If the name is not that of such a file.
    OSError
        If the file cannot be read.
    """
    if not name or "\0" in name:
        raise UsageError(f"{quoted(name)} names no file; give FILE.npy, FILE.npz or FILE.csv")
    readers: dict[str, Callable[[str], dict[str, NDArray[Any]]]] = {
        ".npy": _from_npy,
        ".npz": _from_npz,
        ".csv": functools.partial(_from_csv, note=note),
    }
    if os.path.isdir(name):
        raise OSError(f"{name} is a folder; give a file of samples")
    reader = choose("the ending of FILE", os.path.splitext(name)[1].lower(), readers)
    with open(name, "rb") as file:
        if not os.path.isfile(name) or not os.fstat(file.fileno()).st_size:
            raise OSError(f"{name} is empty or no plain file; give a file of samples")
    try:
        arrays: dict[str, NDArray[Any]] = reader(name)
    except (ValueError, EOFError, KeyError, SyntaxError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends too soon"
        raise OSError(f"{name} is no file of samples: {reason:.160}") from error
    return arrays


def _from_npy(name: str) -> dict[str, NDArray[Any]]:
    import numpy as np

    # Objects would have to be unpickled, and could then do anything.
    return {"": np.lib.format.open_memmap(name, mode="r")}


def _from_npz(name: str) -> dict[str, NDArray[Any]]:
    import numpy as np

    with zipfile.ZipFile(name) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _LARGEST_ARCHIVE:
        raise OSError(f"{name} has {size} bytes of arrays; join them in a .npy file")
    with np.load(name, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    if not arrays:
        raise OSError(f"{name} has no arrays; give one of shape (draws, coordinates)")
    return arrays


def _from_csv(name: str, note: Callable[[str], object] | None) -> dict[str, NDArray[Any]]:
    import numpy as np

    if os.path.getsize(name) > _LARGEST_TEXT:
        raise OSError(f"{name} has more than {_LARGEST_TEXT} bytes of text; make a .npy file of it")
    numbered = _numbered(name)
    if numbered and note is not None:
        note(f"the first line of {name} counts the columns: a header, and no draw")
    try:
        # Spreadsheets begin their files with a byte order mark.
        array = np.loadtxt(
            name, delimiter=",", ndmin=2, encoding="utf-8-sig", skiprows=int(numbered)
        )
    except ValueError as error:
        raise ValueError(_ragged(name) or str(error)) from error
    return {"": array}


def _numbered(name: str) -> bool:
    """Whether the first line is 0,1,2,...: column numbers, as pandas writes them."""
    with open(name, encoding="utf-8-sig") as file:
        fields = file.readline().strip().split(",")
    return fields == [str(k) for k in range(len(fields))]


def _ragged(name: str) -> str | None:
    """Which line has another number of columns than the first, if one has."""
    first = 0
    with open(name, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            text = line.partition("#")[0].strip()
            columns = text.count(",") + 1 if text else first
            if first and columns != first:
                return f"line {number} has {columns} columns and the first {first}; give as many"
            first = columns
    return None


def joined(arrays: dict[str, NDArray[Any]]) -> tuple[NDArray[Any], list[str] | None]:
    """All coordinates beside each other, and the name of the array of each.

    Parameters
    ----------
    arrays : dict of str to ndarray
        As `read_arrays` returns them.

    Returns
    -------
    ndarray, shape (draws, coordinates), and list of str or None
        The samples, and a name for every coordinate of an archive.

    Raises
    ------
    UsageError
        If the arrays do not fit together.
    """
    import numpy as np

    if "" in arrays and len(arrays) == 1:
        return arrays[""], None
    for name, array in arrays.items():
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise UsageError(
                f"array {quoted(name)} has shape {array.shape} and type {array.dtype}; give real "
                "numbers of shape (draws, coordinates)"
            )
    draws = {name: len(array) for name, array in arrays.items()}
    if len(set(draws.values())) > 1:
        few, many = min(draws, key=draws.__getitem__), max(draws, key=draws.__getitem__)
        raise UsageError(
            f"array {quoted(few)} has {draws[few]} draws and {quoted(many)} {draws[many]}; give as "
            "many of each"
        )
    names = [name for name, array in arrays.items() for _ in range(array.shape[1])]
    return np.concatenate(list(arrays.values()), axis=1), names
