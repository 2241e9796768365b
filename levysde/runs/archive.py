"""Archives of arrays with a header: results on file.

A file is an ordinary uncompressed ``.npz`` archive (``numpy.load`` opens it) whose first member is
``header``, JSON text as bytes. Nothing in it is pickled. Files of unknown origin are read: no more
memory is allocated than the file is long, and whatever is wrong with a file is a `ValueError` that
names the file.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from levysde.runs.files import BROKEN_NPY, write_atomically

HEADER_BYTES = 1 << 20
"""Most bytes of a header."""

_CHUNK_BYTES = 1 << 20
_HEADER = "header"

_Result = TypeVar("_Result")

# What zipfile raises for damaged archives besides plain ValueError.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OverflowError,
    UnicodeDecodeError,
    struct.error,
)


# --------------------------------------------------------------------------------------- writing


def json_copy(parameters: Any) -> dict[str, Any]:
    """What would be read back from a file, so that saving changes nothing.

    Parameters
    ----------
    parameters : dict
        JSON values.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If it is something else, or too long.

    Examples
    --------
    >>> json_copy({"ends": (0.0, 1.0)})
    {'ends': [0.0, 1.0]}
    """
    if not isinstance(parameters, dict):
        raise ValueError("parameters must be a dict")
    try:
        text = json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"parameters must hold only what JSON can hold ({error})") from error
    if len(text) > HEADER_BYTES // 2:
        raise ValueError("parameters must be shorter than half a megabyte as JSON")
    copy: dict[str, Any] = json.loads(text)
    return copy


def save_archive(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> Path:
    """Write a file that appears complete or not at all.

    Parameters
    ----------
    path : str or path-like
        Where; ``.npz`` is added if the name does not end in it.
    write : callable
        Called with the open file.

    Returns
    -------
    pathlib.Path
        The path of the file written.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    _check_name(path)
    target = Path(path)
    if target.suffix.lower() != ".npz":
        target = target.with_name(target.name + ".npz")
    write_atomically(target, write)
    return target


def write_archive(
    file: BinaryIO,
    header: Mapping[str, Any],
    arrays: Iterable[NDArray[Any]],
    types: Mapping[str, str],
) -> None:
    """Write a header and arrays.

    Parameters
    ----------
    file : binary file
        Where.
    header : mapping
        JSON values.
    arrays : iterable of ndarray
        Those after the header.
    types : mapping of str to str
        Names and types of all, the header first.
    """
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), dtype=np.uint8)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for (name, dtype), array in zip(types.items(), (text, *arrays), strict=False):
            # A ZipInfo made by hand carries no clock time: equal results, equal files.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, array.astype(dtype, copy=False), allow_pickle=False)


# --------------------------------------------------------------------------------------- reading


def read_archive(path: str | os.PathLike[str], read: Callable[[BinaryIO], _Result]) -> _Result:
    """Read a file; what is wrong with it is a ValueError that names it.

    Parameters
    ----------
    path : str or path-like
        The file.
    read : callable
        Called with the open file.

    Returns
    -------
    object
        What the callable returns.

    Raises
    ------
    FileNotFoundError
        If there is no such file; another `OSError` if it cannot be read.
    ValueError
        If it is not complete or not consistent.
    """
    _check_name(path)
    with open(path, "rb", opener=_open_without_waiting) as file:
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                refuse("it is not an ordinary file")
            return read(file)
        except _BROKEN_ZIP as error:
            reason = f"it is not a complete npz archive ({str(error) or 'it ends early'})"
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {reason}") from error
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {error}") from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # The archive points to where no file can have a byte.
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {error.strerror}") from error


def _check_name(path: object) -> None:
    """Refuse what is no name of a file: a whole number would be an open file of this process."""
    if not isinstance(path, str | os.PathLike) or "\0" in os.fspath(path):
        raise ValueError(f"path is {path!r:.80}; give the name of a file")


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; of a pipe that nobody writes to, do not wait for the other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_members(
    archive: zipfile.ZipFile, file_bytes: int, kinds: Sequence[Collection[str]]
) -> int:
    """Check names, storage and declared sizes of all members before any is opened.

    Parameters
    ----------
    archive : zipfile.ZipFile
        What is read.
    file_bytes : int
        Length of the file.
    kinds : sequence of collections of str
        Names of the members that an archive may have, the first kind being the usual one.

    Returns
    -------
    int
        Which kind it is.

    Raises
    ------
    ValueError
        If it is none, or a member is not what it must be.
    """
    members = archive.infolist()
    names = sorted(member.filename for member in members)
    expected = [sorted(f"{name}.npy" for name in kind) for kind in kinds]
    if names not in expected:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        refuse(f"its members must be {', '.join(expected[0])}; it has {shown[:400] or 'none'}")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            refuse(f"its member {member.filename} is compressed; results are stored plainly")
        if not 0 <= member.header_offset < file_bytes:
            refuse(f"its member {member.filename} is said to lie outside the file")
    if sum(member.file_size for member in members) > file_bytes:
        refuse("its members claim to be larger than the file")
    return expected.index(names)


def read_array(
    archive: zipfile.ZipFile,
    name: str,
    dtype_name: str,
    shape: tuple[int, ...] | None,
    *,
    fewest: int = 1,
) -> NDArray[Any]:
    """Read one member whose type, and shape unless it is None, are known beforehand.

    Parameters
    ----------
    archive : zipfile.ZipFile
        What is read.
    name : str
        Of the array.
    dtype_name : str
        Its type.
    shape : tuple of int or None
        Its shape; one dimension of any length where it is None.
    fewest : int
        What no length is below.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If the member is something else.
    """
    size = archive.getinfo(f"{name}.npy").file_size
    with archive.open(f"{name}.npy") as member:
        try:
            if npy.read_magic(member) != (1, 0):
                refuse("it is not of npy version 1.0")
            found, fortran, dtype = npy.read_array_header_1_0(member)
        except BROKEN_NPY as error:
            raise ValueError(f"{name} has no readable npy header") from error
        if dtype.hasobject or dtype.str != dtype_name:
            refuse(f"{name} must be of type {dtype_name}; its type is {dtype.str}")
        if (shape is not None and found != shape) or len(found) != len(shape or (0,)) or fortran:
            refuse(f"{name} must have shape {shape or '(bytes,)'}; its shape is {found}")
        if min(found) < fewest or math.prod(found) * dtype.itemsize != size - member.tell():
            refuse(f"{name} does not have the size that its npy header claims")
        if name == _HEADER and size > HEADER_BYTES:
            refuse("its header is longer than a megabyte")
        array = np.empty(found, dtype=dtype)
        _fill(array, member, name)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _fill(array: NDArray[Any], member: Any, name: str) -> None:
    """Read bytes into an array in chunks; the last one also verifies the checksum."""
    bytes_left = array.reshape(-1).view(np.uint8).data
    while bytes_left:
        chunk = member.read(min(len(bytes_left), _CHUNK_BYTES))
        if not chunk:
            refuse(f"{name} is truncated")
        bytes_left[: len(chunk)] = chunk
        bytes_left = bytes_left[len(chunk) :]


def read_header(
    archive: zipfile.ZipFile,
    form: str,
    version: int,
    keys: Collection[str],
    positive: Iterable[str],
) -> dict[str, Any]:
    """The JSON header, its fields checked one by one.

    Parameters
    ----------
    archive : zipfile.ZipFile
        What is read.
    form : str
        What `format` must be.
    version : int
        The newest that is known.
    keys : collection of str
        All fields.
    positive : iterable of str
        Those that are positive whole numbers.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If it is something else.
    """
    text = read_array(archive, _HEADER, "|u1", None).tobytes()
    try:
        header = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is not valid JSON ({error})") from error
    if not isinstance(header, dict) or header.get("format") != form:
        refuse(f"its header is not that of {form}")
    found = header.get("version")
    if type(found) is not int or found < 1:
        refuse("its header has no version number")
    if found > version:
        refuse(
            f"it has version {found} of the format, and this levysde reads version "
            f"{version}; a newer levysde wrote it"
        )
    if header.keys() != set(keys):
        refuse(f"its header must have exactly the fields {', '.join(sorted(keys))}")
    for name in positive:
        if type(header[name]) is not int or header[name] < 1:
            refuse(f"{name} in its header is not a positive integer")
    return header


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def refuse(reason: str) -> NoReturn:
    """Raise a ValueError, to which `read_archive` adds the name of the file.

    Parameters
    ----------
    reason : str
        What is wrong.

    Raises
    ------
    ValueError
        Always.
    """
    raise ValueError(reason)
