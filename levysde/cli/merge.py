"""`levysde merge`: the parts of a sweep that were computed in folders of their own, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levysde.cli.output import EXIT_CODES
from levysde.cli.parser import Parser
from levysde.cli.sweep import told

if TYPE_CHECKING:
    from levysde.cli.signals import Stop

_PROGRAM = "levysde merge"
_EPILOG = f"""\
examples:
  levysde sweep spec.toml --output part1 --shard 1/2
  levysde sweep spec.toml --output part2 --shard 2/2
  levysde merge part1 part2 --output whole

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde merge`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If the folders have different sweeps.
    OSError
        If a file cannot be read or written.
    """
    options = _parser().parse(words)
    from levysde.runs.sweep.merging import merge

    return told(merge(options.parts, options.output), options, _PROGRAM)


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Join the parts of a sweep.", _EPILOG)
    parser.add_argument("parts", nargs="+", metavar="DIR", help="folders of the parts")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of the whole")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="no notes")
    return parser
