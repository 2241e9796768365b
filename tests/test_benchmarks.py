"""The scripts run and report; the benchmark refuses contenders that disagree."""

import csv
import math
import runpy
import sys
from pathlib import Path

import pytest
from scipy import integrate

import levysde as ls

SCRIPT = Path(__file__).parents[1] / "experiments" / "benchmarks" / "euler.py"
SMALL_NOISE = SCRIPT.parents[1] / "validation" / "small_noise.py"


@pytest.fixture
def lines_of(monkeypatch, capsys):
    """What a script prints, run in this process."""

    def run(script, *words):
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, words)])
        assert not runpy.run_path(str(script))["main"]()
        return capsys.readouterr().out.splitlines()

    return run


def test_disagreement_is_told():
    script = runpy.run_path(str(SCRIPT), run_name="benchmark")
    model, sample = script["Model"](1, 1.5), script["run_numba"]
    right, again = sample(model, 400, 1), sample(model, 400, 2)
    wrong = sample(script["Model"](1, 1.2), 400, 3)
    assert script["disagreement"]({"a": right, "b": again}) is None
    assert "a 2" in script["disagreement"]({"a": right, "b": again, "c": wrong})


def test_optimizers_are_timed(lines_of):
    script = SCRIPT.with_name("dynamics.py")
    rows = lines_of(script, "--dims", "2", "--components", "1e4", "--repeats", "1")[2:]
    assert rows[0].endswith("(1.00)")
    assert [row[:18].strip() for row in rows] == list(runpy.run_path(str(script))["OPTIMIZERS"])


def test_jump_method_is_timed(tmp_path, lines_of):
    script, plot = SCRIPT.with_name("jump.py"), tmp_path / "jump.png"
    lines = lines_of(script, "--limit", "1e-2", "--paths", "3000", "--plot", plot)
    rows = [line.split() for line in lines[1:-1]]
    assert [float(row[0]) for row in rows] == [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    assert all(abs(float(row[-1]) - 1.0) < 0.1 for row in rows)
    assert plot.read_bytes()[1:4] == b"PNG"


def test_small_noise_is_validated(tmp_path, lines_of):
    lines = lines_of(SMALL_NOISE, "--paths", "400", "--dims", "1", "--output", tmp_path)
    with (tmp_path / "small_noise.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 == len(lines) - 2
    for row in rows:
        assert float(row["standard_error"]) == pytest.approx(1.0 / math.sqrt(400), rel=0.3)
        assert abs(float(row["ratio"]) - 1.0) < 4.0 * float(row["standard_error"])
    assert (tmp_path / "small_noise.png").read_bytes()[1:4] == b"PNG"


def test_wrong_law_is_told():
    """A run at twice the amplitude is far from the theory of the amplitude."""
    script = runpy.run_path(str(SMALL_NOISE))
    right = script["measure"]("flat", 1, 1.5, 1e-4, 2000, 1, 0)
    wrong = script["Row"]("flat", 1, 1.5, 2.0**-1.5 * right.ratio, right.standard_error, 1.0, 0.0)
    assert abs(right.deviation) < 4.0 < abs(wrong.deviation)


@pytest.mark.parametrize("dim", [1, 3])
def test_first_order_in_several_dimensions(dim):
    """Exit rates at points along an axis, from the escape measure, over their density there."""
    alpha, epsilon = 0.8, 0.01
    domain, noise = ls.basins.flat(dim).domain, ls.noise.independent(alpha)
    least = float(ls.theory.escape_measure(domain, noise, center=[0.0] * dim))
    constant = ls.theory.stable_constant(alpha) / alpha

    def integrand(x):
        point = [x, *[0.0] * (dim - 1)]
        excess = float(ls.theory.escape_measure(domain, noise, center=point)) / least - 1.0
        return constant * (x**-alpha - 1.0) / x * excess

    total = 2.0 * dim * integrate.quad(integrand, 0.0, 1.0, epsrel=1e-4, limit=200)[0]
    found = runpy.run_path(str(SMALL_NOISE))["first_order"]("flat", dim, alpha, epsilon)
    assert found == pytest.approx(1.0 - total * epsilon**alpha, abs=1e-6)
