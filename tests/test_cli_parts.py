"""The command line with parameters of basins, and with parts of the user."""

import json
import subprocess
import sys

import pytest

import levysde as ls
from levysde import imported, spec
from levysde.cli import main

pytestmark = pytest.mark.quick

SOURCE = """
import numpy as np
import levysde as ls


def gradient(x, p, out):
    for j in range(len(x)):
        out[j] = p[0] * x[j]


def step(j, x, m, v, g, dL, dt, t, p):
    return x - dt * p[0] * g + dL, m, v


def well(dim=1, stiffness=1.0, radius=0.5):
    potential = ls.Potential(dim, gradient, params={"k": stiffness})
    domain = ls.domains.interval(-radius, radius)
    return ls.Basin(potential, domain, np.zeros(dim), name="mine")


def needs_dim(dim):
    return ls.basins.flat(dim)


def plane():
    return ls.basins.flat(2)


def slow(speed=1.0, b1=0.0):
    return ls.Dynamics("slow", step, params={"speed": speed}, sde=True)


def law(alpha, spread=1.0):
    return ls.noise.independent(alpha, spread)


fixed = plane()
LAW = ls.noise.isotropic(1.2)
SLOW = slow(0.5)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path / "mine.py"
    for name in set(sys.modules) - before:
        if imported.file_of(name) is not None:
            del sys.modules[name]


def record_of(capsys, *words):
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal_of(capsys, *words):
    capsys.readouterr()
    assert main(list(words)) == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    return answer.err


# ------------------------------------------------------------------------------- built-in basins


@pytest.mark.parametrize("name", spec.BASINS)
def test_every_built_in_basin_is_one_of_the_command_line(name, capsys):
    record = record_of(capsys, "theory", "--basin", name, "--epsilon", "0.01")
    basin = spec.constructor("basin", name)()
    setting = (basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.01)
    assert (record["basin"], record["dim"]) == (name, basin.dim)
    assert record["rate"] == pytest.approx(ls.theory.predict(*setting).rate, rel=1e-12)
    assert record_of(capsys, "theory", "--basin", name, "--dim", "3")["dim"] == 3


PARAMETERS = {
    "tilted tilt=0.2 side=right": ls.basins.tilted(tilt=0.2, side="right"),
    "tilted tilt=-1e-1": ls.basins.tilted(tilt=-0.1),
    "quadratic lower=-inf upper=2 curvature=0.5": ls.basins.quadratic(1, 0.5, -float("inf"), 2.0),
    "quartic coefficient=2 curvature=.5": ls.basins.quartic(1, 2.0, 0.5),
    "ball radius=2": ls.basins.ball(2, 1.0, 2.0),
    "double_well barrier=1 half_distance=2": ls.basins.double_well(1, 1.0, 2.0),
}


@pytest.mark.parametrize("words", PARAMETERS)
def test_parameters_of_basins(words, capsys):
    name, *given = words.split()
    options = [word for each in given for word in ("--basin-parameter", each)]
    record = record_of(capsys, "theory", "--basin", name, *options, "--epsilon", "0.01")
    setting = (PARAMETERS[words], ls.dynamics.sgd(), ls.noise.independent(1.5), 0.01)
    assert record["rate"] == pytest.approx(ls.theory.predict(*setting).rate, rel=1e-12)


def test_one_parameter_per_coordinate(capsys):
    words = ("--basin", "quadratic", "--dim", "2", "--basin-parameter", "upper=1,3")
    record = record_of(capsys, "theory", *words)
    basin = ls.basins.quadratic(2, upper=[1.0, 3.0])
    expected = ls.theory.predict(basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1)
    assert record["rate"] == pytest.approx(expected.rate, rel=1e-12)


def test_the_simulation_of_a_basin_with_parameters(capsys):
    words = ("--basin", "quadratic", "--basin-parameter", "upper=2", "--epsilon", "0.5")
    record = record_of(capsys, "escape", *words, "--paths", "50", "--quiet")
    setting = (ls.basins.quadratic(upper=2.0), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.5)
    assert record["digest"] == ls.escape_times(*setting, paths=50).digest


# --------------------------------------------------------------------------- parts of the user


@pytest.mark.parametrize("name", ["mine.py:well", "mine:well"])
def test_a_basin_of_the_user(name, file, capsys):
    words = ("--basin", name, "--basin-parameter", "radius=0.25", "--epsilon", "0.5")
    try:
        record = record_of(capsys, "escape", *words, "--paths", "50", "--quiet")
        basin = spec.part("basin", name, radius=0.25)
        setting = (basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.5)
        assert record["digest"] == ls.escape_times(*setting, paths=50).digest
        assert (record["basin"], record["dim"]) == ("mine", 1)
    finally:
        sys.modules.pop("mine", None)


def test_dynamics_and_noise_of_the_user(file, capsys):
    words = ["--basin", "flat", "--epsilon", "0.5", "--paths", "30", "--quiet"]
    slow = ("--dynamics", "mine.py:slow", "--dynamics-parameter", "speed=0.5")
    record = record_of(capsys, "escape", *words, *slow)
    same = record_of(capsys, "escape", *words, "--dynamics", "mine.py:SLOW")
    assert record["dynamics"] == "slow"
    assert record["digest"] == same["digest"]
    law = ("--noise", "mine.py:law", "--noise-parameter", "spread=2", "--alpha", "1.3")
    record = record_of(capsys, "escape", *words, *law)
    assert record["noise_params"] == {"alpha": 1.3, "scale": 2.0}
    record = record_of(capsys, "escape", *words, "--noise", "mine.py:LAW")
    assert (record["noise"], record["alpha"]) == ("isotropic", 1.2)
    both = ("compare", *words, "--dynamics", "sgd,mine.py:slow")
    record = record_of(capsys, *both, "--dynamics-parameter", "speed=1")
    assert [each["dynamics"] for each in record["optimizers"]] == ["sgd", "slow"]


def test_the_dimension_is_that_of_the_basin_the_noise_or_the_option(file, capsys):
    mixed = ("--noise", "mixed", "--noise-matrix", "1,0;0,1")

    def dim_of(*words):
        return record_of(capsys, "theory", "--basin", *words)["dim"]

    assert dim_of("mine.py:fixed") == dim_of("mine.py:plane") == 2
    assert dim_of("mine.py:plane", "--dim", "2") == 2
    assert dim_of("mine.py:needs_dim") == 1
    assert dim_of("mine.py:needs_dim", "--dim", "3") == 3
    assert dim_of("mine.py:needs_dim", *mixed) == 2
    assert dim_of("mine.py:fixed", *mixed) == 2
    assert dim_of("ball") == 2
    assert dim_of("mine.py:fixed", "--start", "0.1,0.1") == 2


def test_results_of_a_file_are_saved_and_resumed(file, tmp_path, capsys):
    words = ["escape", "--basin", "mine.py:well", "--epsilon", "0.5", "--quiet"]
    path = str(tmp_path / "run.npz")
    record_of(capsys, *words, "--paths", "30", "--output", path)
    resumed = record_of(capsys, *words, "--paths", "60", "--resume", path)
    assert resumed["digest"] == record_of(capsys, *words, "--paths", "60")["digest"]
    basin, *_ = spec.build(ls.load(path).parameters)
    assert basin.potential.gradient is imported.find(f"{file}:gradient")


# ----------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("--basin tited", "--basin 'tited' is unknown (did you mean tilted?); known: sharp, flat"),
        ("--basin mine.py", "'mine.py' names no part; give mine.py:NAME"),
        ("--basin min.py:well", "there is no file min.py (did you mean mine.py?); mend the path"),
        ("--basin mine.py:wel", "mine.py has no 'wel' (did you mean well?)"),
        ("--basin mine.py:LAW", "mine.py:LAW is of type"),
        ("--basin mine.py:gradient", "mine.py:gradient needs x, p, out"),
        ("--basin mine.py:well --dim 2", "the potential has dimension 2 and the domain 1"),
        ("--basin mine.py:plane --dim 3", "--dim is 3, and the basin mine.py:plane has dimension"),
        ("--basin mine.py:fixed --dim 1", "--dim is 1, and the basin mine.py:fixed has dimension"),
        ("--basin mine.py:fixed --noise mixed --noise-matrix 1", "give both the same"),
        ("--basin mine.py:fixed --start 0.1", "has 1 coordinates and the dimension is 2"),
        ("--basin mine.py:fixed --basin-parameter a=1", "leave out a"),
        ("--basin sharp --basin-parameter radius=1", "sharp has no parameter 'radius'; it has dim"),
        ("--basin tilted --basin-parameter tlt=1", "no parameter 'tlt' (did you mean tilt?)"),
        ("--basin tilted --basin-parameter tilt=nan", "tilt: 'nan' is not a plain decimal number"),
        ("--basin tilted --basin-parameter tilt=0,1", "tilt is [0, 1]; give"),
        ("--basin tilted --basin-parameter tilt=1,", "tilt: '' is not a plain decimal number"),
        ("--basin tilted --basin-parameter tilt=inf", "tilt is inf"),
        ("--basin tilted --basin-parameter tilt=left", "tilt is 'left'"),
        ("--basin tilted --basin-parameter tilt=1e999", "is beyond 64-bit floating point"),
        ("--basin tilted --basin-parameter side=top", "unknown side 'top'; known: left, right"),
        ("--basin tilted --basin-parameter tilt", "is no parameter; write it as NAME=VALUE"),
        ("--basin tilted --basin-parameter =1", "is no parameter; write it as NAME=VALUE"),
        ("--basin tilted --basin-parameter dim=2", "dim has an option; give --dim"),
        (
            "--basin tilted --basin-parameter tilt=0.1 --basin-parameter tilt=0.2",
            "tilt is given twice; leave out one",
        ),
        ("--basin ball --dim 0", "dim is 0; give a whole number of at least 1"),
        ("--basin ball --dim 10001", "dim is 10001; give a whole number of at most 10000"),
        ("--basin double_well --exact --dt 0.01", "the double_well basin is open on one side"),
        ("--dynamics mine.py:slw", "mine.py has no 'slw' (did you mean slow?)"),
        ("--dynamics mine.py:well", "mine.py:well returned a value of type Basin; return a Dyn"),
        ("--dynamics mine.py:slow --dynamics-parameter sped=1", "sped is no parameter of an opt"),
        ("--noise mine.py:well", "mine.py:well returned a value of type Basin; return a Noise"),
        ("--noise mine.py:law --noise-parameter spred=1", "'spred' is no further one of mine.py"),
        ("--noise mine.py:LAW --scale 2", "--noise is mine.py:LAW; leave out one"),
    ],
)
def test_mistakes_are_one_line(words, answer, file, capsys):
    told = refusal_of(capsys, "theory", *words.split())
    assert told.startswith("levysde theory: error: ")
    assert answer in told


def test_help_loads_no_arrays():
    code = (
        "import sys\nfrom levysde.cli import main\n"
        "for words in (['--help'], ['escape', '--help'], ['theory', '--help']): main(words)\n"
        "print(sorted({'numpy', 'numba', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--basin-parameter" in done.stdout
