"""The command line: `levysde escape`, `compare`, `theory`, `plot`, `info` and others.

Commands are loaded when they are named, and load numpy and the rest when their options are known to
be well formed: help and most mistakes are answered at once.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from levysde._version import __version__
from levysde.cli.output import (
    CHECK_FAILED,
    DONE,
    ENVIRONMENT_PROBLEM,
    EXIT_CODES,
    FILE_PROBLEM,
    USAGE_PROBLEM,
    file_message,
    say,
)
from levysde.cli.parser import Parser, UsageError, quoted
from levysde.cli.signals import Stop
from levysde.engine.backends import BackendError
from levysde.spellings import closest

__all__ = ["main"]

_COMMANDS = {
    "escape": "simulate escape times and compare them with the theory",
    "compare": "simulate several optimizers on the same random numbers",
    "wells": "follow paths through several wells",
    "theory": "predict the escape rate without a simulation",
    "tail-index": "ask whether samples of noise are stable",
    "sweep": "simulate every cell of a grid of settings",
    "merge": "join the parts of a sweep",
    "reproduce": "run the experiments of the theory and draw them",
    "plot": "draw a result or a sweep that is on file",
    "info": "show versions, processor and the cache of compiled code",
    "completion": "print what lets a shell complete commands and options",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `levysde`; those of this process unless given.

    Returns
    -------
    int
        Exit code: 0 done, 1 ran but a check failed, 2 usage or bad value, 3 file, 4 environment,
        130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP.

    Examples
    --------
    >>> main(["--version"])
    levysde 0.2.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with Stop() as stop:
        code = _run(words, stop)
        return stop.code if stop.number else code


def _run(words: list[str], stop: Stop) -> int:
    """Run one command and say what went wrong."""
    command = words[0] if words and words[0] in _COMMANDS else None
    program = f"levysde {command}" if command else "levysde"
    try:
        if command is None:
            return _no_command(words)
        code: int = _module(command).run(words[1:], stop)
        if stop.number and code in (DONE, CHECK_FAILED):
            say(program, "interrupted", "the run had ended, and what it was asked for is complete")
        return code
    except SystemExit as finished:  # after help or the version
        return finished.code if isinstance(finished.code, int) else DONE
    except KeyboardInterrupt:
        say(program, "interrupted", "nothing was kept")
        return stop.code
    except OSError as error:
        say(program, "error", file_message(error))
        return FILE_PROBLEM
    except ValueError as error:
        say(program, "error", str(error))
        return USAGE_PROBLEM
    except OverflowError as error:
        say(program, "error", f"a value leads beyond floating point ({error}); give a milder one")
        return USAGE_PROBLEM
    except BackendError as error:
        say(program, "error", str(error))
        return ENVIRONMENT_PROBLEM
    except MemoryError as error:
        reason = str(error) or "no size given"
        say(
            program,
            "error",
            f"not enough memory ({reason}); give a smaller --paths, --dim or --threads",
        )
        return ENVIRONMENT_PROBLEM
    except ImportError as error:
        say(program, "error", f"a part of the installation is missing: {error}")
        return ENVIRONMENT_PROBLEM


def _no_command(words: list[str]) -> int:
    """Answer `levysde` without a command that is known."""
    parser = main_parser()
    known = ", ".join(_COMMANDS)
    if words and not words[0].startswith("-"):
        raise UsageError(
            f"unknown command {quoted(words[0])}{closest(words[0], _COMMANDS)}; known: {known}"
        )
    parser.parse(words)
    raise UsageError(f"no command; give one of {known} (levysde --help shows more)")


def _module(command: str) -> Any:
    """The module of a command."""
    return import_module(f"levysde.cli.{command.replace('-', '_')}")


def main_parser() -> Parser:
    """The parser of `levysde` without a command.

    Returns
    -------
    Parser
    """
    lines = "\n".join(f"  {name:<10}  {text}" for name, text in _COMMANDS.items())
    parser = Parser(
        "levysde",
        "Escape times of SDEs with stable noise, simulated and compared with theory.",
        f"commands:\n{lines}\n\n`levysde COMMAND --help` shows the options of a command.\n\n"
        f"{EXIT_CODES}",
        usage="levysde [-h] [--version] COMMAND ...",
    )
    parser.add_argument("--version", action="version", version=f"levysde {__version__}")
    return parser


def command_parsers() -> dict[str, tuple[str, Parser]]:
    """What each command is, and its parser.

    Returns
    -------
    dict of tuple
        By the name of the command.
    """
    return {name: (text, _module(name)._parser()) for name, text in _COMMANDS.items()}
