"""What the commands print: answers on stdout, everything else on stderr, one line a message."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from levysde._text import plain

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
    return json.dumps(plain(record), allow_nan=False)
