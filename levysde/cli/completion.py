"""`levysde completion`: what lets bash, zsh or tcsh complete commands, options and names."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from levysde.cli.output import DONE, EXIT_CODES, answer
from levysde.cli.parser import Parser, choose

if TYPE_CHECKING:
    from levysde.cli.signals import Stop

SHELLS = ("bash", "zsh", "tcsh")
INSTALL = "pip install '.[completion]' in the folder of levysde"

_EPILOG = f"""\
The script goes to stdout. For bash, once and for all:

  mkdir -p ~/.local/share/bash-completion/completions
  levysde completion bash > ~/.local/share/bash-completion/completions/levysde

and for the shell that is open: source <(levysde completion bash). For zsh write
it to a file _levysde in a folder of $fpath. It needs shtab:
{INSTALL}.

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde completion`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ImportError
        If shtab is not installed.
    """
    options = _parser().parse(words)
    shell = choose("the shell", options.shell, {name: name for name in SHELLS})
    try:
        import shtab
    except ImportError as error:
        raise ImportError(f"shtab is not installed: {INSTALL}") from error
    script = shtab.complete(_whole(shtab), shell)
    stop.check()
    answer(script.rstrip("\n"))
    return DONE


def _parser() -> Parser:
    parser = Parser(
        "levysde completion", "Print what lets a shell complete commands and options.", _EPILOG
    )
    parser.add_argument("shell", metavar="SHELL", help=f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
    return parser


def _whole(shtab: Any) -> argparse.ArgumentParser:
    """One parser of all commands, which knows what is a file and what is a name."""
    from levysde.cli import command_parsers, main_parser

    whole = argparse.ArgumentParser(prog="levysde", parents=[main_parser()], add_help=False)
    commands = whole.add_subparsers(parser_class=argparse.ArgumentParser)
    for name, (text, parser) in command_parsers().items():
        for action in parser._actions:
            _describe(action, shtab)
        commands.add_parser(name, parents=[parser], add_help=False, help=text)
    return whole


def _describe(action: Any, shtab: Any) -> None:
    """Say what an option takes, where that is a file, a folder or a built-in name."""
    from levysde import spec

    names = {"basin": spec.BASINS, "dynamics": spec.DYNAMICS, "noise": spec.NOISES}
    if action.dest in names:
        action.choices = tuple(names[action.dest])
    elif action.dest == "shell":
        action.choices = SHELLS
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if metavar.startswith(("FILE", "SPEC", "CSV", "NPZ")):
        action.complete = shtab.FILE
    elif metavar.startswith("DIR"):
        action.complete = shtab.DIRECTORY
