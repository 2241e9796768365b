"""Files that appear complete or not at all."""

import errno
import hashlib
import os
import secrets
import time
import tokenize
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

__all__ = ["BROKEN_NPY", "write_atomically"]

BROKEN_NPY = (
    ValueError, SyntaxError, TypeError, KeyError, OverflowError, EOFError, MemoryError,
    RecursionError, tokenize.TokenError,
)  # fmt: skip
"""What numpy raises for a file that is not a complete `.npy` array."""

_LEFT_BEHIND_SECONDS = 3600.0
"""Age at which a temporary file belongs to a process that has died."""

_NO_TEMPORARY = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM}
"""What systems and file systems answer that know no files without a name."""


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> None:
    """Write a file that appears complete or not at all.

    The content goes to a temporary file in the same folder, reaches the disk, and then takes
    the place of ``path`` in one step. If anything fails the temporary file is removed and an
    earlier file at ``path`` stays as it was. Where the system can do so (Linux, most local file
    systems) the temporary file has no name and vanishes even if the process is killed; elsewhere
    a later write to the same ``path`` removes what a process left behind an hour ago.

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
    mark = f".levysde-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}-"
    temporary = os.path.join(folder, f"{mark}{secrets.token_hex(8)}.tmp")
    try:
        _remove_left_behind(folder, mark)
        descriptor = _open_nameless(folder)
        named = descriptor is None
        with os.fdopen(_open_named(temporary) if descriptor is None else descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            if not named:
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


def _remove_left_behind(folder: str, mark: str) -> None:
    """Remove old temporary files of the same target."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(mark) and name.endswith(".tmp"):
                with suppress(OSError):
                    left = os.path.join(folder, name)
                    if time.time() - os.stat(left).st_mtime > _LEFT_BEHIND_SECONDS:
                        os.unlink(left)
