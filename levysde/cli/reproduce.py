"""`levysde reproduce`: the figures and numbers of the theory, simulated and drawn anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from levysde._text import table
from levysde.cli.output import (
    CHECK_FAILED,
    DONE,
    ENVIRONMENT_PROBLEM,
    EXIT_CODES,
    answer,
    as_json,
    say,
)
from levysde.cli.parser import Parser, whole_number

if TYPE_CHECKING:
    from levysde.cli.signals import Stop
    from levysde.report.experiments import Reproduction

_PROGRAM = "levysde reproduce"
_FOLDER = "reproduction"
_EPILOG = f"""\
Each experiment has a folder with its figures (SVG, PNG), tables (CSV, LaTeX)
and the paths it is made from; report.html shows all of them and opens without
a network, report.json has the same numbers. The same command continues where
an earlier one was interrupted. An experiment that needs a package which is not
installed is left out; asked for by its name, the exit code is 4.

examples:
  levysde reproduce --list
  levysde reproduce --quick
  levysde reproduce escape_time --output results

{EXIT_CODES}"""


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde reproduce`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ValueError
        If there is no experiment of a name.
    OSError
        If a file cannot be written.
    """
    options = _parser().parse(words)
    output = options.output or (f"{_FOLDER}-quick" if options.quick else _FOLDER)
    from levysde.report.experiments import experiments, reproduce

    if options.list:
        answer("\n".join(experiments()))
        return DONE

    def interrupted() -> None:
        say(
            _PROGRAM,
            "interrupted",
            f"what had finished is in {output}; to continue, repeat the command",
        )

    stop.keep()
    stop.leave_soon(interrupted)
    progress = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    try:
        made = reproduce(
            options.names,
            output,
            quick=options.quick,
            threads=options.threads,
            progress=progress or (lambda finished, total: stop.check()),
            tell=None if options.quiet else (lambda line: say(_PROGRAM, "running", line)),
        )
    except KeyboardInterrupt:
        interrupted()
        return stop.code
    _report(made, output, options.json)
    wrong = [each for each in made if not each.missing and not each.as_documented]
    left_out = [each for each in made if each.missing]
    for each in left_out:
        kind = "error" if options.names else "note"
        say(_PROGRAM, kind, f"{each.name} was left out: {each.missing}")
    if wrong:
        return CHECK_FAILED
    return ENVIRONMENT_PROBLEM if left_out and options.names else DONE


def _report(made: list[Reproduction], output: str, json: bool) -> None:
    """Print what came out, and on stderr what did not come out as documented."""
    ran = [each for each in made if not each.missing]
    if json:
        left_out = {each.name: each.missing for each in made if each.missing}
        answer(as_json({"experiments": [each.record() for each in ran], "left_out": left_out}))
    elif ran:
        rows: list[tuple[str, ...]] = [("experiment", "findings", "as documented")]
        rows += [
            (each.name, str(len(each.findings)), str(sum(f.as_documented for f in each.findings)))
            for each in ran
        ]
        answer(table(rows, right=(1, 2)) + f"\n\n  {output}/report.html")
    for each in ran:
        for reason in each.failed:
            say(_PROGRAM, "error", f"{each.name}: {reason}")
        for finding in each.findings:
            if not finding.as_documented:
                say(
                    _PROGRAM,
                    "warning",
                    f"{each.name}: {finding.claim}: expected {finding.expected:.5g}, found "
                    f"{finding.found:.5g} +- {finding.error:.2g}",
                )


def _parser() -> Parser:
    parser = Parser(_PROGRAM, "Run experiments and draw them, with a page about them.", _EPILOG)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments (all)")
    parser.add_argument("--list", action="store_true", help="print the names of the experiments")
    parser.add_argument("--quick", action="store_true", help="fewer settings and paths")
    parser.add_argument(
        "--output",
        metavar="DIR",
        help=f"folder ({_FOLDER}, or {_FOLDER}-quick)",
    )
    parser.add_argument("--threads", type=whole_number, metavar="N", help="one per processor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser
