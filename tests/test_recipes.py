"""What CONTRIBUTING says of adding a part, done here from outside of the package."""

import json

import numpy as np
import pytest

import levysde as ls
from levysde import spec
from levysde.cli import main
from levysde.noise import Columns, Sphere

DIAGONALS = np.array([[1.0, 1.0], [1.0, -1.0]])
FLAT = ls.basins.flat(2)


def cross(alpha: float, spread: float) -> Columns:
    """Equal masses along the diagonals of the plane."""
    return Columns("cross", {"alpha": alpha, "spread": spread}, alpha, spread * DIAGONALS)


def cigar(alpha: float, length: float = 2.0) -> Sphere:
    """All directions of the plane, and longer jumps along the first axis."""
    parameters, matrix = {"alpha": alpha, "length": length}, np.diag([length, 1.0])
    return Sphere(name="cigar", parameters=parameters, alpha=alpha, matrix=matrix)


LAWS = {
    "cross": (cross, cross(1.5, 0.5), ls.noise.mixed(1.5, 0.5 * DIAGONALS)),
    "cigar": (cigar, cigar(1.5, 0.5), ls.noise.elliptic(1.5, np.diag([0.5, 1.0]))),
}
ARGUMENTS = {"cross": "spread", "cigar": "length"}


@pytest.fixture(autouse=True)
def table(monkeypatch):
    """One line a law."""
    for name in LAWS:
        monkeypatch.setitem(spec.NOISES, name, __name__)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(
    ("dynamics", "options"),
    [
        (ls.dynamics.sgd(), {"dt": 0.01, "method": "euler"}),
        (ls.dynamics.sgd(), {"dt": 0.01, "method": "euler", "correction": "boundary-shift"}),
        (ls.dynamics.sgd(), {"method": "jump"}),
        (ls.dynamics.rmsprop(form="sde", rates="per_time", frozen=[1.0, 2.0]), {"method": "jump"}),
    ],
    ids=["Euler", "shifted", "jump", "preconditioned"],
)
def test_add_a_noise_law(name, dynamics, options, tmp_path):
    """Everything follows from the form: answers are those of the built-in law that is the same."""
    _, law, same = LAWS[name]
    setting = {"paths": 40, "seed": 3, **options}
    run, twin = (ls.escape_times(FLAT, dynamics, each, 0.05, **setting) for each in (law, same))
    assert np.array_equal(run.times, twin.times)
    predictions = [ls.theory.predict(FLAT, dynamics, each, 0.05, dt=0.01) for each in (law, same)]
    assert predictions[0] == predictions[1]
    assert predictions[0].rate > 0.0
    read = ls.load(run.save(tmp_path / "run.npz"))
    again = spec.build(read.parameters)[2]
    assert type(again) is type(law)
    assert (again.name, again.params) == (name, law.params)
    assert np.array_equal(again.characteristic(DIAGONALS), law.characteristic(DIAGONALS))


@pytest.mark.parametrize("name", LAWS)
def test_a_noise_law_of_the_table_is_one_of_the_command_line(name, tmp_path, capsys):
    make, law, _ = LAWS[name]
    assert spec.constructor("noise", name) is make
    path, given = tmp_path / "run.npz", ["--noise-parameter", f"{ARGUMENTS[name]}=0.5"]
    words = ["--dim", "2", "--basin", "flat", "--epsilon", "0.05", "--paths", "40", "--seed", "3"]
    asked = [f"--noise={name}", *given, *words, "--json", "--quiet", "--output", str(path)]
    assert main(["escape", *asked]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["noise"], record["noise_params"]) == (name, law.params)
    run = ls.escape_times(FLAT, ls.dynamics.sgd(), law, 0.05, paths=40, seed=3)
    assert np.array_equal(ls.load(path).times, run.times)
    assert main(["theory", f"--noise={name}", *given, *words[:6]]) == 0
    assert f"{ARGUMENTS[name]} = 0.5" in capsys.readouterr().out
    assert main(["escape", "--noise", "mixed", "--noise-matrix", "1", *given]) == 2
    assert f"'{ARGUMENTS[name]}' is no further one of mixed noise" in capsys.readouterr().err


def test_what_a_law_of_the_table_needs_is_asked_for(capsys):
    assert main(["escape", "--noise", "cross", "--dim", "2"]) == 2
    assert "--noise cross needs --noise-parameter spread=V" in capsys.readouterr().err
    assert (
        main(["escape", "--noise", "cross", "--dim", "2", "--noise-parameter", "spread=1,2"]) == 2
    )
    assert "cross noise has one spread; give one" in capsys.readouterr().err
    assert main(["theory", "--noise", "cigar", "--dim", "2", "--epsilon", "0.05"]) == 0
    assert "length = 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Columns("mine", {}, 1.5, [[0.0, 0.0]]), "vectors has shape"),
        (lambda: Columns("mine", {}, 1.5, [1.0, -1.0]), "vectors is .*positive scales"),
        (lambda: Columns("mine", {}, [1.2, 1.5], np.eye(2)), "along the axes"),
        (lambda: Columns("mine", {}, 1.5, np.eye(2), 0.5), "along the axes"),
        (lambda: Columns("mine", {}, [1.2, 1.5], [1.0, 1.0, 1.0]), "of different lengths"),
        (lambda: Columns("mine", {}, 1.5, 1.0, 1.5), "betas is 1.5"),
        (lambda: Columns("mine", {}, [1.0, 1.5], 1.0, [0.5, 0.0]), "0 where alpha is 1"),
        (lambda: Columns("mine", {}, 0.05, 1.0), "alpha is 0.05"),
        (lambda: Columns("mine", {}, [], 1.0), r"alphas has shape \(0,\)"),
        (lambda: Columns("mine", {}, [[1.2, 1.5]] * 2, 1.0), r"alphas has shape \(2, 2\)"),
        (lambda: Sphere(name="mine", parameters={}, alpha=1.5, matrix=-1.0), "matrix is -1"),
        (lambda: Sphere(name="mine", parameters={}, alpha=1.5, matrix=[1.0]), "matrix has shape"),
    ],
)
def test_wrong_forms_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_several_indices_and_skewness_go_together():
    """Each coordinate is the skewed one of its own index."""
    law = Columns("mine", {}, [1.2, 1.8], [1.0, 0.5], [0.5, -1.0])
    draws = ls.noise.sample(law, 100, seed=1, dt=0.01)
    for j, (alpha, scale, beta) in enumerate([(1.2, 1.0, 0.5), (1.8, 0.5, -1.0)]):
        one = ls.noise.independent(alpha, [scale] * 2, beta)
        assert np.array_equal(draws[:, j], ls.noise.sample(one, 100, seed=1, dt=0.01)[:, j])
        u = np.eye(2)[[j]]
        assert law.characteristic(u) == pytest.approx(one.characteristic(u), rel=1e-14)
        side = ls.domains.half_space(u[0], 1.0)
        measures = [ls.theory.escape_measure(side, each, [0.0, 0.0]) for each in (law, one)]
        assert measures[0].value == pytest.approx(measures[1].value, rel=1e-13)
