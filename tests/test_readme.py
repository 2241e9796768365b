"""The README tells the truth: its commands, its figure, and what `.ci/run` runs.

Its Python runs with that of the pages, see docs/test_pages.py.
"""

import os
import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from levysde.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

FIRST = (
    "python3 -m venv .venv && .venv/bin/pip install . "
    "&& .venv/bin/levysde escape --alpha 1.5 --basin sharp"
)
TESTS = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"


def blocks(language: str) -> list[str]:
    """The contents of all fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def command_lines() -> list[list[str]]:
    """The words after `levysde` of every command in an sh or console block."""
    found = []
    for line in "\n".join(blocks("sh") + blocks("console")).splitlines():
        for part in line.removeprefix("$ ").split(" && "):
            words = shlex.split(part)
            if words and Path(words[0]).name == "levysde":
                found.append(words[1:])
    return found


def test_sh_blocks_are_the_two_commands() -> None:
    assert blocks("sh") == [f"{FIRST}\n", f"{TESTS}\n"]


def test_some_commands_are_found() -> None:
    assert len(command_lines()) >= 3


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_command_lines_parse(words: list[str]) -> None:
    command, *options = words
    import_module(f"levysde.cli.{command}".replace("-", "_"))._parser().parse(options)


def test_first_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command_lines()[0], "--paths", "50"]) == 0
    assert capsys.readouterr().out.startswith("Escape from the sharp basin in one dimension")


def test_output_of_the_first_command_is_that_of_this_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All but the time it took, and the last bits, which a power of the C library can change."""

    def lines(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(("  cost", "  digest"))]

    main(command_lines()[0])
    printed = lines(capsys.readouterr().out.rstrip())
    assert printed in [lines(block.rstrip()) for block in blocks("text")]


def test_ci_runs_the_commands_of_the_readme(tmp_path: Path) -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    done = subprocess.run(
        [script, "--list"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [FIRST, TESTS]
    text = script.read_text(encoding="utf-8")
    assert 'run "$test_command"' in text
    assert 'run "$first_command"' in text
    assert "set -euo pipefail" in text


def test_links_lead_somewhere() -> None:
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", README) if "://" not in t]
    assert len(targets) >= 5
    missing = [target for target in targets if not (ROOT / target).is_file()]
    assert missing == []


def test_figure_is_a_picture() -> None:
    (name,) = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert (ROOT / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
