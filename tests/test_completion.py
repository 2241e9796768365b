"""What the shell completes."""

import shutil
import subprocess
import sys

import pytest

from levysde.cli import _COMMANDS, command_parsers, main

pytestmark = pytest.mark.quick

TRY = """
source {script}
function=$(complete -p levysde | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=({words}) COMP_CWORD={place} COMPREPLY=()
$function levysde "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
echo "${{COMPREPLY[*]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    pytest.importorskip("shtab")
    command = [sys.executable, "-m", "levysde", "completion", "bash"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    file = tmp_path_factory.mktemp("completion") / "levysde.bash"
    file.write_text(done.stdout, encoding="utf-8")
    return file


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("levysde es", "escape"),
        ("levysde escape --rel", "--rel-error"),
        ("levysde escape --basin sh", "sharp"),
        ("levysde theory --noise isot", "isotropic"),
        ("levysde completion zs", "zsh"),
        ("levysde reproduce --qui", "--quick --quiet"),
    ],
)
def test_bash_completes(script, words, completed):
    text = TRY.format(script=script, words=words, place=len(words.split()) - 1)
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    assert (sorted(done.stdout.split()), done.stderr) == (completed.split(), "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_shell_has_every_command(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in _COMMANDS)


def test_every_command_has_a_parser():
    assert command_parsers().keys() == _COMMANDS.keys()


def test_without_shtab_the_remedy_is_told(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 4
    assert capsys.readouterr().err == (
        "levysde completion: error: a part of the installation is missing: shtab is not installed: "
        "pip install '.[completion]' in the folder of levysde\n"
    )


def test_an_unknown_shell(capsys):
    assert main(["completion", "fish"]) == 2
    assert "known: bash, zsh, tcsh" in capsys.readouterr().err
