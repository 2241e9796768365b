"""The Python of tutorials runs, and prints what stands in them."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
TUTORIALS = ["real-gradients.md"]


def blocks(name: str, language: str) -> list[str]:
    """The contents of all fenced blocks of a language, with what it needs after a space."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", TUTORIALS)
def test_python_blocks_run_one_after_the_other(name: str, tmp_path: Path) -> None:
    needed = blocks(name, "python")
    assert needed
    if importlib.util.find_spec("torch") is not None:
        needed += blocks(name, "python torch")
    done = run("\n".join(needed), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(blocks(name, "text"))


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    assert run("assert 1.0 == 2.0", tmp_path).returncode != 0
