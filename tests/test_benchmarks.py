"""The benchmark script runs, reports, and refuses contenders that disagree."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "experiments" / "benchmarks" / "euler.py"
CONTENDERS = {
    "levysde",
    "levysde, 2 threads",
    "levysde, 2 processes",
    "numpy",
    "numpy tuned",
    "numba",
    "numba, 2 loops",
}


def test_quick_run(tmp_path):
    file = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, SCRIPT, "--quick", "--dims", "1,3", "--repeats", "1", "--json", file],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    times = next(i for i, line in enumerate(lines) if line.split()[:3] == ["dim", "mean", "steps"])
    assert [line.split()[0] for line in lines[times + 1 : times + 3]] == ["1", "3"]
    assert len({len(line) for line in lines[times : times + 3]}) == 1
    assert [line.split()[0] for line in lines[-3:]] == ["dim", "1", "3"]
    report = json.loads(file.read_text())
    assert set(report) == {"settings", "machine", "versions", "seconds", "results"}
    assert report["machine"]["cpu"]
    for result, dim in zip(report["results"], (1, 3), strict=True):
        assert result["dim"] == dim
        assert set(result["contenders"]) == CONTENDERS
        for summary in result["contenders"].values():
            assert len(summary["seconds"]) == len(summary["ns"]) == 1
            assert summary["ns_median"] > 0.0
        assert all(ratio > 0.0 for ratio in result["ratios"].values())


def test_disagreement_is_told():
    script = runpy.run_path(str(SCRIPT), run_name="benchmark")
    model, sample = script["Model"](1, 1.5), script["run_numba"]
    right, again = sample(model, 400, 1), sample(model, 400, 2)
    wrong = sample(script["Model"](1, 1.2), 400, 3)
    assert script["disagreement"]({"a": right, "b": again}) is None
    assert "a 2" in script["disagreement"]({"a": right, "b": again, "c": wrong})


def test_optimizers_are_timed():
    script = SCRIPT.with_name("dynamics.py")
    words = ["--dims", "2", "--components", "1e4", "--repeats", "1"]
    done = subprocess.run(
        [sys.executable, script, *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[2:]
    assert rows[0].endswith("(1.00)")
    assert [row[:18].strip() for row in rows] == list(runpy.run_path(str(script))["OPTIMIZERS"])
