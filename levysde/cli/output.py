"""What the commands print: answers on stdout, everything else on stderr, one line a message."""

from __future__ import annotations

import json
import math
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DONE, CHECK_FAILED, USAGE_PROBLEM, FILE_PROBLEM, ENVIRONMENT_PROBLEM = 0, 1, 2, 3, 4

EXIT_CODES = """\
exit codes:
  0    done
  1    ran, but a check failed: no path escaped, a path became infinite or NaN,
       or the precision asked for was not reached
  2    usage or a bad value
  3    a file cannot be read or written
  4    the environment: not enough memory, no GPU, a missing package
  130  interrupted; 143 and 129 ended by SIGTERM and SIGHUP"""

WIDTH = 80


def say(program: str, kind: str, message: str) -> None:
    """Print one line on stderr.

    Parameters
    ----------
    program : str
        The command as it is typed.
    kind : str
        error, warning, note or interrupted.
    message : str
        Anything; characters that cannot be shown on one line are escaped.
    """
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    if sys.stderr is not None:
        print(f"{program}: {kind}: {text}", file=sys.stderr, flush=True)


@contextmanager
def warnings_told(program: str) -> Iterator[None]:
    """Say the warnings of what is done, each once, when it has ended well.

    Parameters
    ----------
    program : str
        The command as it is typed.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        for message in dict.fromkeys(str(entry.message) for entry in caught):
            say(program, "warning", message)


def file_message(error: OSError) -> str:
    """The message of an error of a file, with the name of the file.

    Parameters
    ----------
    error : OSError
        The error.

    Returns
    -------
    str

    Examples
    --------
    >>> file_message(FileNotFoundError(2, "No such file or directory", "run.npz"))
    'run.npz: No such file or directory'
    """
    if error.strerror is None:
        return str(error)
    if error.filename is None:
        return error.strerror
    return f"{os.fsdecode(error.filename)}: {error.strerror}"


def answer(text: str) -> None:
    """Print the answer on stdout; a reader that has gone away is no error.

    Parameters
    ----------
    text : str
        Without its last line feed.

    Raises
    ------
    OSError
        If stdout cannot be written for another reason.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The interpreter flushes stdout once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(f"the answer cannot be written to stdout: {error.strerror}") from error


def as_json(record: dict[str, Any]) -> str:
    """One JSON object; numbers that do not exist are null.

    Parameters
    ----------
    record : dict
        Values that JSON can hold, and floats that may be infinite or NaN.

    Returns
    -------
    str

    Examples
    --------
    >>> as_json({"mean": float("inf"), "paths": 3})
    '{"mean": null, "paths": 3}'
    """
    return json.dumps(_existing(record), allow_nan=False)


def _existing(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _existing(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_existing(item) for item in value]
    return value


def number(value: float | None, digits: int = 5) -> str:
    """A number with so many significant digits, or `none`.

    Parameters
    ----------
    value : float or None
        The number.
    digits : int
        Significant digits.

    Returns
    -------
    str

    Examples
    --------
    >>> number(9.9083182), number(1.0 / 3e7), number(float("inf"))
    ('9.9083', '3.3333e-08', 'inf')
    """
    if value is None:
        return "none"
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    power = _power(value)
    if -4 <= power < 7:
        return f"{value:.{max(0, digits - 1 - power)}f}"
    return f"{value:.{digits - 1}e}"


def estimate(value: float, low: float, high: float) -> tuple[str, str]:
    """An estimate and its interval, with two digits of the interval's half width.

    Parameters
    ----------
    value, low, high : float
        The estimate and the bounds; a bound may be infinite.

    Returns
    -------
    tuple of str
        Estimate and interval.

    Examples
    --------
    >>> estimate(9.7098, 9.5214, 9.8982)
    ('9.71', '[9.52, 9.90]')
    """
    digits = 4
    half = 0.5 * (high - low)
    if math.isfinite(half) and half > 0.0 and math.isfinite(value) and value != 0.0:
        digits = min(15, max(2, _power(value) - _power(half) + 2))
    power = _power(value) if math.isfinite(value) and value != 0.0 else 0

    def shown(x: float) -> str:
        # All three with the same number of decimals, and not of digits.
        if x == 0.0 or not math.isfinite(x):
            return number(x)
        return number(x, max(1, digits + _power(x) - power))

    return shown(value), f"[{shown(low)}, {shown(high)}]"


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def table(
    rows: list[tuple[str, ...]], right: tuple[int, ...] = (), close: tuple[int, ...] = ()
) -> str:
    """Align the columns of a table of text.

    Parameters
    ----------
    rows : list of tuple of str
        Cells; rows may be short.
    right : tuple of int
        Columns set flush right.
    close : tuple of int
        Columns followed by one blank instead of two.

    Returns
    -------
    str

    Examples
    --------
    >>> print(table([("a", "1"), ("bc", "20")], right=(1,)))
      a    1
      bc  20
    """
    columns = max(map(len, rows))
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = []
    for row in rows:
        line = "  "
        for i, cell in enumerate(row):
            line += cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            line += " " if i in close else "  "
        lines.append(line.rstrip())
    return "\n".join(lines)


def labeled(pairs: list[tuple[str, str]], label_width: int = 13, indent: int = 2) -> str:
    """Lines of a label and its value, wrapped to the width of a terminal.

    Parameters
    ----------
    pairs : list of (str, str)
        Labels and values.
    label_width : int
        Width of the column of labels.
    indent : int
        Blanks before the labels.

    Returns
    -------
    str

    Examples
    --------
    >>> print(labeled([("epsilon", "0.1")]))
      epsilon      0.1
    """
    margin = " " * indent
    return "\n".join(
        textwrap.fill(
            value,
            WIDTH,
            initial_indent=f"{margin}{label:<{label_width}}",
            subsequent_indent=margin + " " * label_width,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for label, value in pairs
    )
