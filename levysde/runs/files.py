"""Files that appear complete or not at all."""

import errno
import hashlib
import json
import os
import secrets
import sys
import time
import tokenize
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

if sys.platform != "win32":
    import fcntl

__all__ = [
    "BROKEN_NPY",
    "read_json",
    "remove_left_behind",
    "write_atomically",
    "write_json",
    "write_text",
]

BROKEN_NPY = (
    ValueError, SyntaxError, TypeError, KeyError, OverflowError, EOFError, MemoryError,
    RecursionError, tokenize.TokenError,
)  # fmt: skip
"""What numpy raises for a file that is not a complete `.npy` array."""

_MARK = ".levysde-"
_NAMED, _LOCKED = ".tmp", ".new"
"""Ends of temporary files that have a name from the start, and of complete ones under a lock."""

_LEFT_BEHIND_SECONDS = 3600.0
"""Age at which a file without a lock belongs to a process that has died."""

_NO_TEMPORARY = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM}
"""What systems and file systems answer that know no files without a name."""


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> None:
    """Write a file that appears complete or not at all.

    The content goes to a temporary file in the same folder, reaches the disk, and then takes
    the place of ``path`` in one step. If anything fails the temporary file is removed and an
    earlier file at ``path`` stays as it was. Where the system can do so (Linux, most local file
    systems) the temporary file has no name until it is complete and vanishes even if the process
    is killed; one that was killed between the two last steps leaves a file whose lock nobody
    holds, and the next write to the same ``path`` removes it. Elsewhere a later write removes what
    a process left behind an hour ago.

    Parameters
    ----------
    path : str or path-like
        Where the file shall be; a symbolic link is followed.
    write : callable
        Called once with the open binary file.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "note.txt")
    ...     write_atomically(target, lambda file: print(file.write(b"done")))
    ...     target.read_text()
    4
    'done'
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    mark = f"{_MARK}{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}-"
    temporary = os.path.join(folder, f"{mark}{secrets.token_hex(8)}")
    try:
        remove_left_behind(folder, mark)
        nameless = _open_nameless(folder)
        if nameless is None:
            temporary += _NAMED
            with os.fdopen(_open_named(temporary), "w+b") as file:
                _write_to_disk(file, write)
            os.replace(temporary, target)
        else:
            with os.fdopen(nameless, "w+b") as file:
                _write_to_disk(file, write)
                temporary += _LOCKED if _lock(file) else _NAMED
                _give_name(file.fileno(), temporary)
                os.replace(temporary, target)
    except OSError as error:
        if error.errno is None or error.filename not in (None, temporary, folder):
            raise
        # The caller knows the file by its own name.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def _write_to_disk(file: BinaryIO, write: Callable[[BinaryIO], None]) -> None:
    write(file)
    file.flush()
    os.fsync(file.fileno())


def _open_nameless(folder: str) -> int | None:
    """Open a new file without a name, or None where there are no such files."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_RDWR | flag, 0o666)
    except OSError as error:
        if error.errno in _NO_TEMPORARY and os.path.isdir(folder):
            return None
        raise


def _open_named(temporary: str) -> int:
    # Mode 0o666 lets the umask decide, as for any new file; tempfile would give 0o600.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(temporary, flags, 0o666)


def _give_name(descriptor: int, temporary: str) -> None:
    # The system follows the link in /proc only if a folder is given, which it then does not use.
    os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor)


def _lock(file: BinaryIO) -> bool:
    """Lock a file until it is closed, and say whether that was possible."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or the file system knows no locks
        return False
    return True


def remove_left_behind(folder: str | os.PathLike[str], mark: str = _MARK) -> None:
    """Remove temporary files of processes that have died.

    Parameters
    ----------
    folder : str or path-like
        Where; nothing happens if it does not exist.
    mark : str
        What their names begin with, that of all files unless given.

    Examples
    --------
    >>> remove_left_behind("/a/folder/that/does/not/exist")
    """
    with suppress(OSError):
        for name in os.listdir(folder):
            left = os.path.join(folder, name)
            with suppress(OSError):
                if name.startswith(mark) and _is_left_behind(left):
                    os.unlink(left)


def _is_left_behind(temporary: str) -> bool:
    if temporary.endswith(_LOCKED):
        with open(temporary, "rb") as file:
            return _lock(file)
    age = time.time() - os.stat(temporary).st_mtime
    return temporary.endswith(_NAMED) and age > _LEFT_BEHIND_SECONDS


def read_json(file: Path, largest: int) -> dict[str, Any]:
    """One JSON object from a file of unknown origin.

    Parameters
    ----------
    file : Path
        The file.
    largest : int
        Bytes that it may have.

    Returns
    -------
    dict

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is something else.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "facts.json")
    ...     _ = target.write_text('{"paths": 3}')
    ...     read_json(target, 100)
    {'paths': 3}
    """
    with open(file, "rb") as stream:
        text = stream.read(largest + 1)
    if len(text) > largest:
        raise ValueError(f"{file} is too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} cannot be read: it is no JSON object")
    return found


def write_json(file: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object, complete or not at all.

    Parameters
    ----------
    file : Path
        Where.
    record : mapping
        JSON values.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "facts.json")
    ...     write_json(target, {"paths": 3})
    ...     read_json(target, 100)
    {'paths': 3}
    """
    text = json.dumps(record, indent=1, allow_nan=False) + "\n"
    write_text(file, text)


def write_text(file: Path, text: str) -> None:
    """Write text, complete or not at all.

    Parameters
    ----------
    file : Path
        Where.
    text : str
        What.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "facts.txt")
    ...     write_text(target, "done")
    ...     target.read_text()
    'done'
    """

    def write(stream: BinaryIO) -> None:
        stream.write(text.encode())

    write_atomically(file, write)
