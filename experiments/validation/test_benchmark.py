"""The benchmark of Euler's scheme, run as one runs it, but quickly."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "euler.py"
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
        [sys.executable, SCRIPT, "--quick", "--dims", "2", "--repeats", "1", "--json", file],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    times = next(i for i, line in enumerate(lines) if line.split()[:3] == ["dim", "mean", "steps"])
    assert lines[times + 1].split()[0] == "2"
    assert len({len(line) for line in lines[times : times + 2]}) == 1
    assert [line.split()[0] for line in lines[-2:]] == ["dim", "2"]
    report = json.loads(file.read_text())
    assert set(report) == {"settings", "machine", "versions", "seconds", "results"}
    assert report["machine"]["cpu"]
    (result,) = report["results"]
    assert result["dim"] == 2
    assert set(result["contenders"]) == CONTENDERS
    for summary in result["contenders"].values():
        assert len(summary["seconds"]) == len(summary["ns"]) == 1
        assert summary["ns_median"] > 0.0
    assert all(ratio > 0.0 for ratio in result["ratios"].values())
