"""The experiments: specs that can be built, findings that come out, a page that opens offline."""

import json
import re
import sys
from pathlib import Path

import pytest

from levysde._text import as_latex
from levysde.cli import main
from levysde.report import experiments as reproduction
from levysde.report.data_sets import MissingPackageError, breast_cancer, digits
from levysde.report.experiments import experiments, read_spec
from levysde.report.findings import Finding, Outcome
from levysde.report.html import number
from levysde.runs.sweep.cell import cells_of
from levysde.runs.sweep.settings import read

SPECS = [file for folder in experiments().values() for file in sorted(folder.glob("*.toml"))]


@pytest.mark.parametrize("file", SPECS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_cell_can_be_built(file: Path) -> None:
    quick, full = (cells_of(read(read_spec(file, quick))) for quick in (True, False))
    assert quick
    assert sum(cell.paths for cell in quick) < sum(cell.paths for cell in full)


@pytest.mark.quick
@pytest.mark.parametrize("folder", experiments().values(), ids=experiments())
def test_every_experiment_says_what_it_claims(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    for word in ("claim", "settings", "came out", "disagree"):
        assert word in text.lower(), f"{folder.name}/README.md does not say: {word}"


@pytest.mark.quick
def test_a_finding_is_judged_by_its_error() -> None:
    near = Finding("c", "s", expected=1.0, found=1.03, error=0.01)
    far = Finding("c", "s", expected=1.0, found=1.05, error=0.01)
    wrong = Finding("c", "s", expected=1.0, found=1.05, error=0.01, should_agree=False)
    assert (near.agrees, far.agrees, wrong.agrees) == (True, False, False)
    assert (near.as_documented, far.as_documented, wrong.as_documented) == (True, False, True)
    nothing = float("nan")
    for should_agree in (True, False):
        finding = Finding("c", "s", expected=1.0, found=nothing, should_agree=should_agree)
        assert not finding.agrees
        assert not finding.as_documented


@pytest.mark.quick
def test_tables_for_latex_escape_what_is_special() -> None:
    assert r"a\_b \& 5 \%" in as_latex([{"name": "a_b & 5 %"}])


def test_reproduce_writes_figures_tables_and_a_page(tmp_path: Path, capsys) -> None:
    """The page has the numbers of the JSON file, and nothing that asks a network."""
    assert main(["reproduce", "exponential_law", "--quick", "--output", str(tmp_path)]) == 0
    assert "as documented" in capsys.readouterr().out
    folder = tmp_path / "exponential_law"
    names = {file.name for file in folder.iterdir() if file.is_file()}
    assert {"small_noise.svg", "small_noise.png", "laws.csv", "laws.tex"} <= names
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    (made,) = record["experiments"]
    assert made["findings"]
    for finding in made["findings"]:
        assert finding["as_documented"], finding
        for key in ("expected", "found", "error"):
            assert f">{number(finding[key])}<" in page
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"url\((?!#)|@import|<script", page)


@pytest.mark.quick
def test_an_unknown_experiment_is_one_sentence(capsys) -> None:
    assert main(["reproduce", "escape_tim"]) == 2
    assert "did you mean escape_time?" in capsys.readouterr().err
    assert main(["reproduce", "--list"]) == 0
    assert "escape_time" in capsys.readouterr().out.splitlines()


# ------------------------------------------------------------------------ a folder with a report


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Experiments without sweeps, and a folder for their report."""
    folders = {}
    for name in ("first", "second"):
        folders[name] = tmp_path / "experiments" / name
        folders[name].mkdir(parents=True)
        (folders[name] / "draw.py").touch()
    monkeypatch.setattr(reproduction, "experiments", lambda: folders)
    outcome = Outcome("A title", "Text.", {}, (), {"full": [{"a": 1}], "none": []})
    monkeypatch.setattr(reproduction.imported, "find", lambda _: lambda data: outcome)
    return tmp_path / "report"


def names(folder: Path) -> list[str]:
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    page = (folder / "report.html").read_text(encoding="utf-8")
    found = [each["name"] for each in record["experiments"]]
    assert re.findall(r'<section id="(.*?)">', page) == found
    return found


def test_experiments_of_other_calls_stay_in_the_report(drawn: Path) -> None:
    reproduction.reproduce(["second"], drawn)
    assert names(drawn) == ["second"]
    reproduction.reproduce(["first", "first"], drawn)
    assert names(drawn) == ["first", "second"]
    page = (drawn / "report.html").read_text(encoding="utf-8")
    assert all(f"{name} " in page for name in ("levysde", "numba", "numpy", "python"))


def test_quick_runs_do_not_replace_full_ones(drawn: Path) -> None:
    reproduction.reproduce(["first"], drawn)
    before = {file: file.read_bytes() for file in drawn.rglob("*") if file.is_file()}
    with pytest.raises(ValueError, match="a report of full runs, whose figures quick ones"):
        reproduction.reproduce(["second"], drawn, quick=True)
    assert {file: file.read_bytes() for file in drawn.rglob("*") if file.is_file()} == before


def test_an_empty_table_is_left_out(drawn: Path) -> None:
    (drawn / "first").mkdir(parents=True)
    (drawn / "first" / "none.csv").write_text("of an earlier call")
    reproduction.reproduce(["first"], drawn)
    assert {file.name for file in (drawn / "first").iterdir()} == {"full.csv", "full.tex"}


def lacking(data):
    raise MissingPackageError("scikit-learn is not installed; pip install 'levysde[experiments]'")


def test_what_needs_a_missing_package_is_left_out(drawn: Path, monkeypatch, capsys) -> None:
    find = reproduction.imported.find
    monkeypatch.setattr(
        reproduction.imported, "find", lambda name: lacking if "second" in name else find(name)
    )
    assert main(["reproduce", "--quick", "--output", str(drawn)]) == 0
    assert names(drawn) == ["first"]
    told = capsys.readouterr()
    assert "note: second was left out: scikit-learn is not" in told.err.splitlines()[-1]
    assert "second" not in told.out
    # Asked for by its name it is an error, of the environment, and the other one is still made.
    assert main(["reproduce", "second", "first", "--quick", "--output", str(drawn)]) == 4
    assert "error: second was left out" in capsys.readouterr().err
    assert main(["reproduce", "second", "--quick", "--json", "--output", str(drawn)]) == 4
    answer = json.loads(capsys.readouterr().out)
    assert answer["experiments"] == []
    assert "pip install 'levysde[experiments]'" in answer["left_out"]["second"]


def test_data_sets_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for load in (breast_cancer, digits):
        with pytest.raises(MissingPackageError, match=r"pip install 'levysde\[experiments\]'"):
            load()


@pytest.mark.parametrize("text", ["{", "{}", '{"experiments": [1]}', '{"experiments": [{}]}'])
def test_a_damaged_report_is_not_replaced(text: str, drawn: Path) -> None:
    drawn.mkdir()
    (drawn / "report.json").write_text(text)
    with pytest.raises(OSError, match=r"report.json .*remove it, or give another directory"):
        reproduction.reproduce(["first"], drawn)
