"""What words on the command line may look like: one parser, plain numbers, names, file names."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from levysde.spellings import closest

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONGEST = 40

_FOREIGN = {
    "--learning-rate": "--lr",
    "--learning_rate": "--lr",
    "--eta": "--lr",
    "--betas": "--b1 and --b2",
    "--beta1": "--b1",
    "--beta2": "--b2",
    "--eps": "--eps-adam, which is added to sqrt(v), or --epsilon, the noise amplitude,",
    "--momentum": "--dynamics momentum --decay",
    "--wd": "--weight-decay",
    "--optimizer": "--dynamics",
    "--n": "--paths",
    "--tail-index": "--alpha",
}
"""Options of other programs, and what they are called here."""


class UsageError(ValueError):
    """A command line that cannot be run."""


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` and takes values that begin with a minus sign.

    Parameters
    ----------
    program : str
        The command as it is typed.
    description : str
        One sentence.
    epilog : str
        What follows the options in the help, as it stands.
    usage : str, optional
        The line of usage, made from the options unless given.
    """

    def __init__(
        self, program: str, description: str, epilog: str, usage: str | None = None
    ) -> None:
        super().__init__(
            prog=program,
            usage=usage,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print together with the usage."""
        raise UsageError(message)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse all words.

        Parameters
        ----------
        words : sequence of str
            The words after the command.

        Returns
        -------
        argparse.Namespace

        Raises
        ------
        UsageError
            If a word is unknown, or a value is missing or malformed.
        """
        namespace, extra = self.parse_known_args(_joined(words, self._valued()))
        if extra:
            word = extra[0].partition("=")[0]
            if word.startswith("-"):
                if word in _FOREIGN:
                    raise UsageError(f"{word} is called {_FOREIGN[word]} here")
                options = [name for name in self._option_string_actions if len(word) > 2]
                raise UsageError(
                    f"unknown option {quoted(word)}{closest(word, options)}; "
                    f"{self.prog} --help shows all"
                )
            raise UsageError(f"{quoted(extra[0])} belongs to no option; values follow their option")
        return namespace

    def _valued(self) -> set[str]:
        """The options that take a value."""
        return {name for name, action in self._option_string_actions.items() if action.nargs != 0}


def _joined(words: Sequence[str], valued: set[str]) -> list[str]:
    """Join an option and a value that begins with one minus sign, as in `--start -0.1,0.1`."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in valued and re.match(r"-[^-]", word) and word != "-h":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def quoted(text: str) -> str:
    """A word as it was given, in quotes, shortened when it is long.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    str

    Examples
    --------
    >>> quoted("1_5")
    "'1_5'"
    """
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


def number(text: str) -> float:
    """Read a plain decimal number: ASCII digits, a point, an exponent.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    float
        Finite, and zero only where zero was written.

    Raises
    ------
    argparse.ArgumentTypeError
        If the word is anything else, such as `1_5`, `nan` or a number out of range.

    Examples
    --------
    >>> number("2e-3")
    0.002
    """
    if not _NUMBER.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is not a plain decimal number; write it like 1.5 or 2e-3"
        )
    value = float(text)
    mantissa = re.split("[eE]", text)[0]
    if abs(value) == float("inf") or (value == 0.0 and mantissa.strip("+-0.")):
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is beyond 64-bit floating point; give a number between 1e-100 and "
            "1e100"
        )
    return value


def numbers(text: str) -> list[float]:
    """Read plain decimal numbers separated by commas.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    list of float

    Raises
    ------
    argparse.ArgumentTypeError
        If one of them is not a plain number.

    Examples
    --------
    >>> numbers("0.1,-0.2")
    [0.1, -0.2]
    """
    return [number(piece) for piece in text.split(",")]


def number_or_auto(text: str) -> float | str:
    """Read a plain decimal number or the word `auto`.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    float or "auto"

    Raises
    ------
    argparse.ArgumentTypeError
        If the word is neither.

    Examples
    --------
    >>> number_or_auto("auto")
    'auto'
    """
    if text == "auto":
        return text
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or auto") from None


def whole_number(text: str) -> int:
    """Read a whole number: ASCII digits, perhaps a sign.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    int

    Raises
    ------
    argparse.ArgumentTypeError
        If the word is anything else, such as `1e4` or `1_000`.

    Examples
    --------
    >>> whole_number("10000")
    10000
    """
    if not _WHOLE.fullmatch(text):
        example = "10000"
        if _NUMBER.fullmatch(text) and abs(float(text)) < 1e15 and float(text).is_integer():
            example = f"{float(text):.0f}"
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is not a whole number in digits; write it like {example}"
        )
    if len(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is too large; give fewer digits")
    return int(text)


def choose(option: str, name: str, known: dict[str, Any]) -> Any:
    """Look up what a name stands for.

    Parameters
    ----------
    option : str
        Option that gives the name, for the message.
    name : str
        The name given.
    known : dict
        What every name stands for.

    Returns
    -------
    object
        The value of the name.

    Raises
    ------
    UsageError
        If the name is unknown.

    Examples
    --------
    >>> choose("--basin", "flat", {"flat": 1})
    1
    """
    if name not in known:
        raise UsageError(
            f"{option} {quoted(name)} is unknown{closest(name, known)}; known: {', '.join(known)}"
        )
    return known[name]


def check_writable(option: str, path: str, suffixes: tuple[str, ...]) -> None:
    """Make sure before a long run that its file can be written after it.

    Parameters
    ----------
    option : str
        Option that names the file, for the message.
    path : str
        The file.
    suffixes : tuple of str
        Endings allowed.

    Raises
    ------
    UsageError
        If the name has another ending.
    OSError
        If there is no folder to write to, or a folder of that name.

    Examples
    --------
    >>> check_writable("--plot", "figure.png", (".png", ".pdf"))
    """
    if "\0" in path or Path(path).suffix.lower() not in suffixes:
        raise UsageError(
            f"{option} {quoted(path)} must end in {' or '.join(suffixes)}; add or mend the ending"
        )
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise OSError(f"{option} {path} is a folder; give the name of a file")
    if not os.path.isdir(folder):
        raise OSError(f"{option} {path}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(f"{option} {path}: the folder {folder} cannot be written; give another one")
    if len(os.fsencode(os.path.basename(target))) > 255:
        raise OSError(f"{option} {quoted(path)} is too long for a file name; give a shorter one")
