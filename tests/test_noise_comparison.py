"""Laws of noise at one learning rate, beside the data that they are made of."""

import json
import math

import numpy as np
import pytest
from scipy import stats

import levysde as ls
from levysde.cli import main
from levysde.runs.ratios import ratio_path_by_path

SIGMAS = 4.0
FLAT, SGD = ls.basins.flat(), ls.dynamics.sgd()
WALK = ls.basins.driftless(lower=-0.95, upper=0.95)
COINS = {name: ls.noise.empirical([[-size], [size]]) for name, size in (("one", 1), ("two", 2))}


def stable(alpha, size, seed):
    return stats.levy_stable.rvs(alpha, 0.0, size=size, random_state=seed)


def test_steps_of_a_coin_leave_when_a_random_walk_does():
    """A walk is N away after N^2 steps in the mean, of variance 2 N^2 (N^2 - 1)/3."""
    paths, lr = 20_000, 0.125
    found = ls.compare_noises(WALK, SGD, COINS, lr, paths=paths, seed=3)
    for result, n in zip(found.results, (8, 4), strict=True):
        steps = result.times / lr
        error = math.sqrt(2.0 * n**2 * (n**2 - 1.0) / 3.0 / paths)
        assert result.escaped == paths
        assert abs(steps.mean() - n**2) < SIGMAS * error
        assert abs(steps.mean() - (n**2 + 2)) > SIGMAS * error
        variance = steps.var()
        assert variance == pytest.approx(2.0 * n**2 * (n**2 - 1.0) / 3.0, rel=0.1)
    assert found.ratios[1].lower < 0.25 < found.ratios[1].upper < 0.26
    assert found.ratios[0] == (1.0, 1.0, 1.0)
    other = ls.compare_noises(WALK, SGD, COINS, lr, reference="two", paths=200, seed=3)
    assert other.ratios[1].value == 1.0
    assert other.ratios[0].lower < 4.0 < other.ratios[0].upper


@pytest.fixture(scope="module")
def samples():
    return stable(1.5, (20_000, 1), 4)


def test_a_model_of_the_data_has_their_mean(samples):
    """To what the simulation and the data know: k rows that leave in one step know it to k^-1/2."""
    fitted = ls.noise.fit(samples, "independent")
    laws = {
        "data": ls.noise.empirical(samples),
        "fitted": fitted.law,
        "too heavy": ls.noise.independent(1.1, fitted.scale),
    }
    far = int((0.02 * np.abs(samples) > 1.0).sum())
    found = ls.compare_noises(FLAT, SGD, laws, 0.02, paths=2000, seed=1)
    _, model, heavy = found.ratios
    error = math.hypot(math.log(model.upper / model.lower) / (2.0 * 1.96), far**-0.5)
    assert error < 0.3
    assert abs(math.log(model.value)) < SIGMAS * error
    error = math.hypot(math.log(heavy.upper / heavy.lower) / (2.0 * 1.96), far**-0.5)
    assert abs(math.log(heavy.value)) > SIGMAS * error
    assert found.predictions[0] is None
    assert found.predictions[1].mean == pytest.approx(
        fitted.predict(FLAT, SGD, lr=0.02).mean, rel=1e-12
    )
    assert "(ratio = mean time over that of data" in str(found)
    assert repr(found).startswith("NoiseComparison(ratios={data: 1.000, fitted: ")
    assert [row["noise"] for row in found.to_dict()["noises"]] == ["data", "fitted", "too heavy"]


def test_data_cannot_leave_by_steps_that_were_not_seen(samples):
    few = samples[:200]
    laws = {"data": ls.noise.empirical(few), "fitted": ls.noise.fit(samples).law}
    lr = 0.05 / laws["data"].longest
    found = ls.compare_noises(FLAT, SGD, laws, lr, paths=100, horizon=2000 * lr)
    assert found.results[0].escaped == 0
    assert math.isnan(found.ratios[1].value)
    assert "data" in str(found)
    assert "> " in str(found)


def test_each_result_is_that_of_the_law_alone():
    found = ls.compare_noises(WALK, SGD, COINS, 0.125, paths=100, horizon=5.0, seed=9)
    for law, result in zip(COINS.values(), found.results, strict=True):
        alone = ls.escape_times(WALK, SGD, law, lr=0.125, paths=100, horizon=5.0, seed=9)
        assert alone.digest == result.digest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noises": COINS["one"]}, "noises is .*; give a dictionary of at least two"),
        ({"noises": {"one": COINS["one"]}}, "give a dictionary of at least two names and Noise"),
        ({"noises": {"one": COINS["one"], "two": 2}}, "at least two names and Noise"),
        ({"noises": {1: COINS["one"], 2: COINS["two"]}}, "name of a noise is 1; give text"),
        ({"reference": "three"}, "unknown reference 'three'; known: one, two"),
        ({"lr": 0.0}, "lr is 0; give a positive number"),
        ({"dynamics": "sgd"}, "dynamics is 'sgd'; give a Dynamics"),
        ({"basin": None}, "basin is None; give a Basin"),
        ({"paths": 0}, "paths is 0"),
        ({"dynamics": ls.dynamics.adam(form="sde")}, "is no recurrence with a learning rate"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(change, sentence):
    given = {"basin": WALK, "dynamics": SGD, "noises": COINS, "lr": 0.1} | change
    with pytest.raises(ValueError, match=sentence):
        ls.compare_noises(**given)


def test_ratios_are_of_as_many_paths():
    one, two = (
        ls.escape_times(WALK, SGD, COINS["one"], lr=0.1, paths=n, horizon=1.0) for n in (9, 10)
    )
    with pytest.raises(ValueError, match="9 and 10 paths; give as many of each"):
        ratio_path_by_path(one, two)


# -------------------------------------------------------------------------------- the command line


def words(path, *more):
    noises = "empirical,fitted,gaussian"
    setting = "--dynamics sgd --basin flat --lr 0.02 --paths 300"
    return ["compare", "--samples", str(path), "--noise", noises, *setting.split(), *more]


@pytest.fixture
def path(tmp_path, samples):
    np.save(tmp_path / "noise.npy", samples)
    return tmp_path / "noise.npy"


def test_a_row_for_every_law(path, capsys, samples):
    assert main(words(path)) == 0
    shown = capsys.readouterr()
    rows = {line.split()[0]: line.split() for line in shown.out.splitlines() if line.strip()}
    assert {"empirical", "fitted", "gaussian"} <= rows.keys()
    assert "fitted: independent, alpha = 1." in shown.out
    assert "alpha's interval" in shown.out
    assert f"is {0.02 * ls.noise.empirical(samples).longest:.4g}" in shown.err
    assert "0.05 more in alpha is a factor of" in shown.err


def test_json_is_one_object_and_the_same_numbers(path, capsys, samples):
    assert main(words(path, "--json", "--quiet", "--seed", "5")) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["noise"] for row in record["noises"]] == ["empirical", "fitted", "gaussian"]
    data, fitted, gaussian = record["noises"]
    assert (record["reference"], data["ratio"], data["alpha_ci"]) == ("empirical", 1.0, None)
    assert fitted["alpha_ci"][0] < fitted["alpha"] < fitted["alpha_ci"][1]
    assert fitted["theory_mean_by_alpha"][0] < fitted["theory_mean_by_alpha"][1]
    assert fitted["epsilon"] == pytest.approx(0.02 ** (1.0 - 1.0 / fitted["alpha"]))
    assert gaussian["alpha"] == 2.0
    laws = {"e": ls.noise.empirical(samples), "f": ls.noise.fit(samples).law}
    found = ls.compare_noises(FLAT, SGD, laws, 0.02, paths=300, seed=5)
    assert [result.digest for result in found.results] == [data["digest"], fitted["digest"]]


def test_no_escape_of_the_reference_is_a_failed_check(path, capsys):
    assert main(words(path, "--horizon", "0.02", "--lr", "1e-5", "--quiet")) == 1
    assert "none >" in " ".join(capsys.readouterr().out.split())


def test_more_coordinates_than_the_basin_has(path, capsys):
    assert main(words(path, "--dim", "2")) == 2
    assert "the empirical noise is of dimension 1" in capsys.readouterr().err
