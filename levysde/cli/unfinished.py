"""Runs that end early: what is said, and where the finished paths go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levysde.cli.output import say

if TYPE_CHECKING:
    import argparse

    from levysde.runs.results import EscapeTimes
    from levysde.runs.run import Interrupted


def tell(program: str, options: argparse.Namespace, interrupted: Interrupted) -> None:
    """Keep the finished paths of an interrupted run where a file was named for them.

    Parameters
    ----------
    program : str
        Whose message it is.
    options : argparse.Namespace
        With `output`.
    interrupted : Interrupted
        The run.
    """
    result = interrupted.result
    if interrupted.remark:
        say(program, "warning", interrupted.remark)
    if result is None:
        say(program, "interrupted", "not one path had finished; nothing was kept")
    else:
        keep(program, options, result)


def keep(program: str, options: argparse.Namespace, result: EscapeTimes) -> None:
    """Write what was finished when a run ended early, where a file was named for it.

    Parameters
    ----------
    program, options
        As for `tell`.
    result : EscapeTimes
        The finished paths.
    """
    if options.output is None:
        text = f"{result.paths} finished paths were not kept; give --output FILE to keep them"
    else:
        result.save(options.output)
        text = (
            f"the first {result.paths} paths are in {options.output}; to continue, repeat the "
            f"command with --resume {options.output}"
        )
    say(program, "interrupted", text)
