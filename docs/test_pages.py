"""Every block of the pages runs, prints what stands below it, and names commands that exist.

The ```python blocks of a page run one after the other in one process, with warnings as errors, in
a folder that has the ```toml blocks as files (the first line of each is a comment with its name).
What a block prints is the ```text block below it. Blocks of a notebook run too. ```python torch
runs where PyTorch is installed. ```py is a fragment, which does not run.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from levysde.cli import dynamics_options

DOCS = Path(__file__).resolve().parent
PAGES = sorted(page for page in DOCS.rglob("*.md") if page.relative_to(DOCS).parts[0][0] != "_")
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES]

RUN = ["python", "{code-cell} ipython3"]
if importlib.util.find_spec("torch") is not None:
    RUN.append("python torch")

END = "end of a block"
LIMIT = 500
"""Seconds that a page may take where other tests run beside it."""


class Block(NamedTuple):
    """A fenced block: its language, its lines, and the number of its first line from 0."""

    language: str
    lines: list[str]
    first: int

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page in their order."""
    inside: Block | None = None
    for place, line in enumerate(page.splitlines()):
        if inside is None and line.startswith("```"):
            inside = Block(line.removeprefix("```").strip(), [], place + 1)
        elif inside is not None and line == "```":
            yield inside
            inside = None
        elif inside is not None:
            inside.lines.append(line)
    assert inside is None, f"the block from line {inside and inside.first} on does not end"


def is_option(line: str) -> bool:
    """Whether a line of a block is an option of MyST-NB rather than code."""
    return re.match(r":[a-z-]+:", line) is not None


def script(page: str) -> str:
    """The code of a page on the lines where it stands, a mark printed at the end of each block."""
    lines = [""] * (len(page.splitlines()) + 1)
    for block in blocks(page):
        if block.language in RUN:
            code = ["" if is_option(line) else line for line in block.lines]
            lines[block.first : block.first + len(code)] = code
            lines[block.first + len(code)] = f"print({END!r})"
    return "\n".join(lines)


def written(page: str) -> list[str]:
    """For each block that runs the text below it, up to the next one that runs."""
    found: list[list[str]] = []
    for block in blocks(page):
        if block.language in RUN:
            found.append([])
        elif block.language == "text" and found:
            found[-1].append(block.text)
    return ["".join(texts[:1]) for texts in found]


def run(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    file = folder / "page.py"
    file.write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", "error", str(file)], env={**os.environ, "MPLBACKEND": "agg"},
        cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip


def printed(page: str, folder: Path) -> list[str]:
    """What each block of a page prints."""
    for block in blocks(page):
        if block.language == "toml" and block.lines[0].startswith("# "):
            (folder / block.lines[0].removeprefix("# ")).write_text(block.text, encoding="utf-8")
    done = run(script(page), folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{END}\n")[:-1]


def commands(page: str) -> list[list[str]]:
    """The words after `levysde` of every command in a console block."""
    found = []
    for block in blocks(page):
        for line in block.lines if block.language == "console" else []:
            for part in line.removeprefix("$ ").split(" && ") if line.startswith("$ ") else []:
                words = shlex.split(part, comments=True)
                if words and words[0] == "levysde":
                    found.append(words[1:])
    return found


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def is_notebook(name: str) -> bool:
    return name.startswith("notebooks/")


README = DOCS.parent / "README.md"
WITH_CODE = [name for name in NAMES if script(text_of(name)).strip()]
COMMANDS = {(name, shlex.join(words)) for name in NAMES for words in commands(text_of(name))}


@pytest.mark.parametrize("name", WITH_CODE)
def test_blocks_run_one_after_the_other_and_print_what_stands_below(
    name: str, tmp_path: Path
) -> None:
    page = text_of(name)
    found = printed(page, tmp_path)
    if not is_notebook(name):
        check_printed(page, found)


def check_printed(page: str, found: list[str]) -> None:
    # A block that prints nothing may have a formula below it.
    assert found == [text if out else "" for text, out in zip(written(page), found, strict=True)]


def test_the_blocks_of_the_readme_print_what_stands_below_them(tmp_path: Path) -> None:
    page = README.read_text(encoding="utf-8")
    lengths = [sum(map(bool, each.lines)) for each in blocks(page) if each.language == "python"]
    assert lengths
    assert max(lengths) <= 20
    check_printed(page, printed(page, tmp_path))
    assert (tmp_path / "escape.pdf").stat().st_size > 10_000


@pytest.mark.parametrize(("name", "command"), sorted(COMMANDS))
def test_commands_parse(name: str, command: str) -> None:
    verb, *words = shlex.split(command)
    options = import_module(f"levysde.cli.{verb}".replace("-", "_"))._parser().parse(words)
    if getattr(options, "dynamics", None):
        dynamics_options.build(options, options.dynamics.split(","))


@pytest.mark.parametrize("name", NAMES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    prose = re.sub(r"^```.*?^```$", "", text_of(name), flags=re.DOTALL | re.MULTILINE)
    targets = [
        target.partition("#")[0]
        for target in re.findall(r"\]\(([^)\s]+)\)", prose)
        if "://" not in target and not target.startswith("#")
    ]
    missing = [target for target in targets if not ((DOCS / name).parent / target).exists()]
    assert missing == []


def test_notebooks_have_no_outputs() -> None:
    assert [page.name for page in DOCS.rglob("*.ipynb") if '"outputs": [' in page.read_text()] == []


def test_most_pages_have_code_and_commands() -> None:
    assert len(WITH_CODE) >= 12
    assert len(COMMANDS) >= 20


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line 3"):
        printed("A page.\n```python\nassert 1.0 == 2.0\n```\n", tmp_path)


def test_another_output_is_noticed(tmp_path: Path) -> None:
    page = "```python\nprint(1)\n```\n```text\n2\n```\n"
    assert printed(page, tmp_path) == ["1\n"] != written(page)
