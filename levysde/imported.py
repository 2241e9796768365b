"""What a user names as "module:name" or "path/to/file.py:name", imported or executed.

A file is executed as a module of its own, which `sys.modules` holds under a name made of its own
and a hash of its path, so that its functions compile, are pickled and are found again. The folder
of the file, or for a module the working folder, is searched after all others meanwhile.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from levysde.spellings import closest

__all__ = ["call", "file_of", "find", "is_own"]

LARGEST_FILE = 10_000_000
"""Bytes of a file that is executed."""

_LONGEST = 200
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


def is_own(name: str) -> bool:
    """Whether a name can only be that of a user's own part.

    Parameters
    ----------
    name : str
        Of a part.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_own("wells.py:steep"), is_own("package.wells:steep"), is_own("sharp")
    (True, True, False)
    """
    return ":" in name or name.endswith(".py")


def find(name: str) -> Any:
    """What a name refers to.

    Parameters
    ----------
    name : str
        "module:name" or "path/to/file.py:name", the path from the working folder.

    Returns
    -------
    object
        The same one each time, unless the file has changed since.

    Raises
    ------
    ValueError
        If there is no such file, module or name, or an error is raised while it is executed.

    Examples
    --------
    >>> find("math:pi")
    3.141592653589793
    """
    home, _, path = name.rpartition(":")
    if not home or not path:
        source = home or (path if path.endswith(".py") else "file.py")
        raise ValueError(
            f"{_quoted(name)} names no part; give {source}:NAME, NAME being what the file or "
            "module calls it"
        )
    found: Any = _module_of_file(home) if home.endswith(".py") else _module(home)
    for part in path.split("."):
        if not hasattr(found, part):
            public = [each for each in dir(found) if not each.startswith("_")]
            raise ValueError(f"{home} has no {_quoted(part)}{closest(part, public)}; mend the name")
        found = getattr(found, part)
    return found


def file_of(module: str) -> str | None:
    """The file that was executed as a module.

    Parameters
    ----------
    module : str
        Name of a module.

    Returns
    -------
    str or None
        Its absolute path; None for a module that was imported.

    Examples
    --------
    >>> file_of("math") is None
    True
    """
    loader = getattr(getattr(sys.modules.get(module), "__spec__", None), "loader", None)
    return loader.path if isinstance(loader, _Loader) else None


def call(label: str, make: Callable[..., Any], params: Mapping[str, Any]) -> Any:
    """Call a function with named parameters; every mistake is a ValueError of one sentence.

    Parameters
    ----------
    label : str
        What the function is called in messages.
    make : callable
        The function.
    params : mapping
        Its arguments by name.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    ValueError
        If the function has no such parameter or needs others, or raises an error.

    Examples
    --------
    >>> call("the function dist", lambda x, y=0.0: abs(x - y), {"x": 3.0})
    3.0
    """
    _check_arguments(label, make, params)
    try:
        return make(**params)
    except ValueError as error:
        raise ValueError(f"{label}: {_one_line(error)}") from error
    except (Exception, SystemExit) as error:
        given = ", ".join(f"{name} = {value!r}" for name, value in params.items())
        raise ValueError(
            f"{label} failed with {given or 'no parameters'} ({_told(error)}); mend the function "
            "or its parameters"
        ) from error


# ------------------------------------------------------------------------------- files and modules


class _Loader(SourceLoader):
    """Source text as it was read, and no compiled file that may be older."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path, self.content = path, content

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str | bytes) -> bytes:
        return self.content


def _module_of_file(file: str) -> ModuleType:
    """The module of a file, executed unless this was done and the file is still the same."""
    path = os.path.realpath(os.path.expanduser(file.replace("\0", "")))
    content = _read(file, path)
    name = _module_name(path)
    known = sys.modules.get(name)
    loader = getattr(getattr(known, "__spec__", None), "loader", None)
    if known is not None and isinstance(loader, _Loader) and loader.content == content:
        return known
    found = spec_from_file_location(name, path, loader=_Loader(path, content))
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    sys.modules[name] = module  # as data classes and pickle want it, while it is executed
    try:
        with _searched(os.path.dirname(path)):
            found.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if known is not None:
            sys.modules[name] = known
        if isinstance(error, Exception | SystemExit):
            raise ValueError(
                f"{file} cannot be executed ({_told(error, path)}); mend the file"
            ) from error
        raise
    return module


def _module_name(path: str) -> str:
    """The stem of a file and a hash of its path: of no other module, and the same every time."""
    stem = re.sub(r"\W", "_", os.path.basename(path).removesuffix(".py"))
    return f"{stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def _read(file: str, path: str) -> bytes:
    """The content of a file that may be Python source."""
    if os.path.isdir(path):
        raise ValueError(f"{file} is a folder; give a file of Python")
    if not os.path.exists(path):
        folder = os.path.dirname(path)
        names = os.listdir(folder) if os.access(folder, os.R_OK) else []
        near = closest(os.path.basename(path), [each for each in names if each.endswith(".py")])
        raise ValueError(f"there is no file {file}{near}; mend the path")
    if not os.path.isfile(path):
        raise ValueError(f"{file} is no ordinary file; give a file of Python")
    try:
        size = os.path.getsize(path)
        if size > LARGEST_FILE:
            raise ValueError(
                f"{file} has {size} bytes; give a file of Python of at most {LARGEST_FILE}"
            )
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}); mend its rights") from error


def _module(name: str) -> ModuleType:
    """A module that Python can import, from the working folder too."""
    if name in sys.modules:
        return sys.modules[name]
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(
            f"{_quoted(name)} is neither a module nor a file that ends in .py; give "
            "package.module:name or path/to/file.py:name"
        )
    try:
        with _searched(os.getcwd()):
            return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ValueError(
                f"there is no module {_quoted(name)}; mend the name, or give a file as "
                "path/to/file.py:name"
            ) from error
        raise ValueError(f"{name} cannot be imported ({_told(error)}); install that one") from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"{name} cannot be imported ({_told(error)}); mend the module") from error


@contextmanager
def _searched(folder: str) -> Iterator[None]:
    """Search one more folder for modules, after all others."""
    sys.path.append(folder)
    try:
        yield
    finally:
        # The last one: what was executed may have changed the path too.
        last = len(sys.path) - 1 - sys.path[::-1].index(folder) if folder in sys.path else None
        if last is not None:
            del sys.path[last]


# ---------------------------------------------------------------------------------------- messages


def _check_arguments(label: str, make: Callable[..., Any], params: Mapping[str, Any]) -> None:
    try:
        arguments = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return  # some classes of compiled libraries do not tell
    named = [each for each in arguments if each.kind not in _POSITIONAL]
    known = [each.name for each in named if each.kind is not each.VAR_KEYWORD]
    if len(known) == len(named):
        for name in params:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise ValueError(
                    f"{label} has no parameter {_quoted(name)}{closest(name, known)}; {has}"
                )
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [
        each.name
        for each in arguments
        if each.default is each.empty and each.kind not in optional and each.name not in params
    ]
    if needed:
        raise ValueError(f"{label} needs {', '.join(needed)}; give a value for each")


def _told(error: BaseException, path: str | None = None) -> str:
    """An error in a few words, with the line of the file where it happened."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    text = f"{type(error).__name__}: {_one_line(error)}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == path]
    return f"line {lines[-1]}: {text}" if lines else text


def _one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:
        return "without a message"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
