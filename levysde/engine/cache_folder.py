"""Where compiled code lies on disk, and how much of it is kept."""

import atexit
import functools
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KEPT_ON_DISK = 2000
"""Compiled functions kept in a folder, of 30 to 200 kB each: those used last."""

_NAMED_BY_CONTENT = re.compile(r"(?P<function>.+_(?P<key>[0-9a-f]{32})-\d+\.py\d+)\.(nbi|\d+\.nbc)")


def note_use(folder: Path, key: str) -> None:
    """Remember that a function has been used now, and remove those unused for longest.

    Parameters
    ----------
    folder : Path
        Where the code lies.
    key : str
        With which the name of the function ends.
    """
    if not folder.is_dir():
        return
    files = list(_files(folder))
    for file, _, ends in files:
        if ends == key:
            with suppress(OSError):  # another process may remove it at this moment
                os.utime(file)
    if len({function for _, function, _ in files}) <= KEPT_ON_DISK:
        return
    last_use: dict[str, float] = {}
    for file, function, _ in files:
        with suppress(OSError):
            last_use[function] = max(last_use.get(function, 0.0), os.stat(file).st_mtime)
    kept = set(sorted(last_use, key=last_use.__getitem__)[-KEPT_ON_DISK:])
    for file, function, _ in files:
        if function not in kept:
            with suppress(OSError):
                os.unlink(file)


def _files(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Files of functions that `compile_cached` has named, with that name and its key."""
    with os.scandir(folder) as entries:
        for entry in entries:
            found = _NAMED_BY_CONTENT.fullmatch(entry.name)
            if found:
                yield entry.path, found["function"], found["key"]


def temporary_cache_folder() -> Path:
    """Where compiled code goes when no lasting place can be written: a folder of this user alone.

    Returns
    -------
    Path
        Made if need be. Cached code is executed, so that only a folder is used which this user owns
        and others cannot write; where another has taken the name, it is a new one in every process.
    """
    owner = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return _own_folder(Path(tempfile.gettempdir()) / f"levysde-cache{owner}") or _new_folder()


def _own_folder(folder: Path) -> Path | None:
    """The folder if this user owns it and no other can write into it, else None."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()  # a link is not followed: who owns it can turn it elsewhere
    except OSError:
        return None
    if not stat.S_ISDIR(state.st_mode):
        return None
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o077):
        return None
    return folder


@functools.cache
def _new_folder() -> Path:
    """A folder of this process, removed at its end."""
    folder = tempfile.mkdtemp(prefix="levysde-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
