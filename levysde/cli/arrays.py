"""Matrices and vectors as words of a command line: rows of numbers, or the name of a file."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from levysde.cli.parser import UsageError, number, quoted

if TYPE_CHECKING:
    from levysde._typing import FloatArray

LARGEST_BYTES = 1 << 30
"""Of a file with numbers."""

LARGEST_NUMBER = 1e100
"""In a matrix, so that powers up to alpha = 2 stay floating-point numbers."""

_INLINE = re.compile(r"[-+0-9.eE,;\s]*")
_SEPARATOR = re.compile(r"\s*,\s*|\s+")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def read_matrix(option: str, text: str) -> FloatArray:
    """Read a matrix.

    Parameters
    ----------
    option : str
        Option that gives it, for messages.
    text : str
        Rows separated by semicolons and numbers by commas, as in `1,0.5;0,1`, or the name of a
        file: `.npy`, or text with a row a line.

    Returns
    -------
    ndarray, shape (rows, columns)
        Finite numbers.

    Raises
    ------
    UsageError
        If the words are no matrix of finite numbers.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> read_matrix("--noise-matrix", "1,0.5;0,1").tolist()
    [[1.0, 0.5], [0.0, 1.0]]
    """
    import numpy as np

    inline = _INLINE.fullmatch(text) or (re.search("[,;]", text) and not os.path.exists(text))
    array = _inline(option, text) if inline else _from_file(option, text)
    name = option if inline else f"{option} {quoted(text)}"
    if array.ndim != 2 or array.size == 0:
        raise UsageError(f"{name} has shape {array.shape}; give rows and columns of numbers")
    wrong = ~np.isfinite(array) | (np.abs(array) > LARGEST_NUMBER)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise UsageError(
            f"{name} has {array[row, column]:g} in row {row + 1}, column {column + 1}; give finite "
            f"numbers of at most {LARGEST_NUMBER:g}"
        )
    return array


def read_vector(option: str, text: str) -> FloatArray:
    """Read a vector, written like a matrix of one row or one column.

    Parameters
    ----------
    option : str
        Option that gives it, for messages.
    text : str
        Numbers separated by commas, or the name of a file.

    Returns
    -------
    ndarray, shape (count,)
        Finite numbers.

    Raises
    ------
    UsageError
        If the words are no finite numbers, or there are several rows and columns.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> read_vector("--noise-weights", "1,0.5").tolist()
    [1.0, 0.5]
    """
    array = read_matrix(option, text)
    if 1 not in array.shape:
        raise UsageError(f"{option} has shape {array.shape}; give one row or one column of numbers")
    return array.ravel()


def _inline(option: str, text: str) -> FloatArray:
    try:
        rows = [[number(word.strip()) for word in row.split(",")] for row in text.split(";")]
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{option}: {error}, in rows like 1,0.5;0,1; or name a file") from None
    return _rectangle(rows, UsageError, option)


def _from_file(option: str, path: str) -> FloatArray:
    if "\0" in path:
        raise UsageError(f"{option} {quoted(path)} is no name of a file")
    name = f"{option} {path}"
    if not os.path.exists(path):
        raise OSError(f"{name}: there is no such file, and these are no numbers like 1,0.5")
    with open(path, "rb") as file:
        if not os.path.isfile(path) or os.fstat(file.fileno()).st_size > LARGEST_BYTES:
            raise OSError(f"{name} is no plain file of at most {LARGEST_BYTES} bytes")
        if path.lower().endswith(".npy"):
            return _from_npy(name, path)
        content = file.read()
    try:
        return _from_text(name, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise OSError(f"{name} is neither text nor .npy; give one of them") from error


def _from_npy(name: str, path: str) -> FloatArray:
    import numpy as np

    from levysde.runs.files import BROKEN_NPY

    try:
        # A memory map is checked against the size of the file before memory is taken.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except BROKEN_NPY as error:
        raise OSError(f"{name} is not a complete .npy file of numbers") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        raise OSError(f"{name} does not hold real numbers; give an array of 64-bit floats")
    return np.array(array, dtype=np.float64)


def _from_text(name: str, text: str) -> FloatArray:
    rows = []
    for count, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content:
            rows.append([_word(f"{name}, line {count}", w) for w in _SEPARATOR.split(content)])
    if not rows:
        raise OSError(f"{name} holds no numbers; give a row of numbers a line")
    return _rectangle(rows, OSError, name)


def _word(where: str, word: str) -> float:
    if _NOT_FINITE.fullmatch(word):
        return float(word)
    try:
        return number(word)
    except argparse.ArgumentTypeError as error:
        raise OSError(f"{where}: {error}") from None


def _rectangle(rows: list[list[float]], kind: type[Exception], name: str) -> FloatArray:
    import numpy as np

    lengths = {len(row) for row in rows}
    if len(lengths) != 1:
        raise kind(f"{name} has rows of {min(lengths)} to {max(lengths)} numbers; give as many")
    return np.array(rows, dtype=np.float64)
