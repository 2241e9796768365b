"""Laws of one step: a function of the user that draws, Student's t and the Pareto law."""

import copy
import json
import math
import pickle
import random
import sys

import numpy as np
import pytest
import user_parts
from scipy import stats

import levysde as ls
from levysde import imported, spec
from levysde.cli import main
from levysde.noise import Drawn

SIGMAS = 4.0
SIZE = 200_000
FLAT, SGD = ls.basins.flat(), ls.dynamics.sgd()


def kolmogorov(draws, cdf):
    """The distance of Kolmogorov and Smirnov in its standard deviations, sqrt(pi^2/12 - ...)."""
    distance = stats.kstest(draws, cdf).statistic * math.sqrt(len(draws))
    # Of the limit law: mean sqrt(pi/2) ln 2 and variance pi^2/12 - (pi/2) (ln 2)^2.
    mean = math.sqrt(0.5 * math.pi) * math.log(2.0)
    return (distance - mean) / math.sqrt(math.pi**2 / 12.0 - mean**2)


def logistic(u1, u2, p):
    return p[0] * math.log(u1 / (1.0 - u1))


def pareto_mixture(u1, u2, p):
    """Symmetric, P(|X| > x) = (1 + x/s)^-a: a quantile function and a sign."""
    size = p[1] * (u1 ** (-1.0 / p[0]) - 1.0)
    return size if u2 < 0.5 else -size


def pareto_tail(x, p):
    return (1.0 + x / p[1]) ** -p[0]


def pareto(alpha=1.5, spread=2.0, tail=pareto_tail, **more):
    return ls.Noise(pareto_mixture, {"index": alpha, "spread": spread}, alpha, tail=tail, **more)


# ------------------------------------------------------------------------------- a law of one's own


def test_a_law_of_ones_own_is_a_noise():
    law = ls.Noise(logistic, {"width": 2.0}, alpha=2.0)
    assert isinstance(law, ls.Noise)
    assert isinstance(law, Drawn)
    assert (law.name, law.alpha, law.dim, dict(law.params)) == ("logistic", 2.0, None, {"width": 2})
    assert isinstance(ls.noise.independent(1.5), ls.Noise)
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (ls.Noise,), {})(1.5)


def test_distribution_of_the_steps():
    law = ls.Noise(logistic, {"width": 2.0}, alpha=2.0, scale=[1.0, 3.0])
    draws = ls.noise.sample(law, SIZE, seed=5, epsilon=0.5, dt=0.01)
    widths = np.array([1.0, 3.0]) * 2.0 * 0.5 * 0.1
    for column, width in zip(draws.T, widths, strict=True):
        assert kolmogorov(column, stats.logistic(scale=width).cdf) < SIGMAS
        assert kolmogorov(column, stats.logistic(scale=1.03 * width).cdf) > SIGMAS
    assert abs(np.mean(np.sign(draws[:, 0] * draws[:, 1]))) < SIGMAS / math.sqrt(SIZE)


def test_every_step_and_coordinate_has_draws_of_its_own():
    """In blocks of one path and of many the same: the compiled function against plain Python."""
    law, wide = ls.Noise(logistic, {"width": 1.0}, 2.0), ls.noise.sample
    draws = wide(law, 500, seed=2, dim=40)
    assert len(np.unique(draws)) == draws.size
    part = law.part(3, 0.5, 0.25)
    words = np.random.default_rng(1).integers(0, 2**64, 200, np.uint64)
    for j, (first, second) in enumerate(words.reshape(-1, 2)):
        u1 = (float(first >> np.uint64(12)) + 0.5) * 2.0**-52
        found = part.increment(j % 3, first, second, part.p)
        assert found == pytest.approx(0.25 * logistic(u1, 0.5, [1.0]), rel=1e-14)


def test_steps_scale_with_dt():
    law = pareto(1.25)
    one = ls.noise.sample(law, 1000, seed=3, epsilon=0.3, dt=1.0)
    tenth = ls.noise.sample(law, 1000, seed=3, epsilon=0.3, dt=0.1)
    np.testing.assert_allclose(tenth, one * 0.1 ** (1.0 / 1.25), rtol=1e-14)


def test_a_table_among_the_parameters():
    """Samples of the user, drawn again: an array of any length in p."""

    def drawn_again(u1, u2, p):
        return p[int(u1 * len(p))]

    samples = np.array([-3.0, 1.0, 0.5, 7.0])
    law = ls.Noise(drawn_again, {"samples": samples}, alpha=2.0)
    draws = ls.noise.sample(law, SIZE, seed=9, dim=3)
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == sorted(samples)
    assert stats.chisquare(counts).statistic < 3.0 + SIGMAS * math.sqrt(6.0)


def test_digests_do_not_depend_on_threads():
    setting = (ls.basins.flat(2), SGD, pareto(scale=[1.0, 0.5]), 0.3)
    runs = [ls.escape_times(*setting, paths=700, dt=0.01, threads=n) for n in (1, 2, 5)]
    assert len({run.digest for run in runs}) == 1
    other = ls.escape_times(*setting[:2], pareto(spread=2.1, scale=[1.0, 0.5]), 0.3, paths=700,
                            dt=0.01)  # fmt: skip
    assert other.digest != runs[0].digest


def test_copies_are_the_same_law():
    law = pareto()
    for again in (pickle.loads(pickle.dumps(law)), copy.deepcopy(law)):
        assert (again.name, again.alpha, again.tail_constant) == (
            "pareto_mixture",
            1.5,
            law.tail_constant,
        )
        assert np.array_equal(ls.noise.sample(again, 9), ls.noise.sample(law, 9))


# ----------------------------------------------------------------------------------------- mistakes


def draws_random(u1, u2, p):
    return random.gauss(0.0, 1.0)


def beyond(u1, u2, p):
    return p[2] if u1 > 0.99999999 else u1


def mended(u1, u2, p):
    p[0] = 1.0
    return u1


calls = []


def unsteady(u1, u2, p):
    calls.append(u1)
    return float(len(calls))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda u1, u2, p: math.nan, r"returned nan at u1 = .*return a finite number"),
        (lambda u1, u2, p: 1.0 / (u1 - 0.5) if u1 != 0.5 else math.inf, "returned inf at u1 = 0.5"),
        (lambda u1, u2, p: (u1, u2), r"returned \(.*return a finite number"),
        (lambda u1, u2, p: None, "returned None"),
        (lambda u1, u2, p: u1 > 0.5, "returned False"),
        (lambda u1, u2, p: math.log(u1 - 0.5), "ValueError: math domain error; return a number"),
        (lambda u1, u2: u1, r"takes \(u1, u2\); write it as draw\(u1, u2, p\)"),
        (draws_random, "'draws_random' draws random numbers, which are not those of the seed"),
        (lambda u1, u2, p: np.random.normal(), "draws random numbers"),
        (beyond, r"uses p\[2\], but p has 1 numbers: stay within it"),
        (lambda u1, u2, p: p[int(3 * u1)], "p has 1 numbers: stay within it"),
        (mended, "changed p at u1"),
        (unsteady, "gave two answers at u1"),
        (stats.norm.ppf, "give a plain function and put values into params"),
    ],
)
def test_a_draw_that_is_wrong(draw, message):
    with pytest.raises(ValueError, match=message) as caught:
        ls.Noise(draw, {"width": 2.0}, alpha=2.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "alpha is not given"),
        ({"alpha": 3.0}, "alpha is 3; give a stability index"),
        ({"alpha": 1.5, "scale": -1.0}, "scale is -1.0; give positive"),
        ({"alpha": 1.5, "scale": [[1.0]]}, "scale has shape"),
        ({"alpha": 1.5, "tail": -1.0}, "tail is -1; give a positive number"),
        ({"alpha": 2.0, "tail": 1.0}, "alpha = 2, where the sum of many steps is Gaussian"),
        ({"alpha": 1.2, "tail": pareto_tail}, r"give the alpha of its tail, 1.2 is not"),
        ({"alpha": 1.5, "tail": lambda x, p: 2.0}, "returned 2.0 at x = .*the probability"),
        ({"alpha": 1.5, "tail": lambda x, p: p[5]}, "the tail function failed at x"),
        ({"alpha": 1.5, "name": 3}, "name is 3; give text"),
        ({"alpha": 1.5, "params": 3}, "params is 3; give a dictionary"),
    ],
)
def test_arguments_that_are_wrong(more, message):
    with pytest.raises(ValueError, match=message):
        ls.Noise(pareto_mixture, **{"params": {"index": 1.5, "spread": 2.0}, **more})


def test_a_draw_that_cannot_be_compiled():
    law = ls.Noise(lambda u1, u2, p: float({"a": u1}["a"]) + float(str(1)), alpha=2.0, name="words")
    with pytest.raises(ValueError, match=r"the noise function .* cannot be compiled"):
        ls.noise.sample(law, 3)


def test_what_a_drawn_law_is_refused():
    law, setting = ls.Noise(logistic, {"width": 1.0}, 2.0), {"paths": 10, "dt": 0.01}
    with pytest.raises(ValueError, match=r"the jumps of the logistic noise.*use method='euler'"):
        ls.escape_times(FLAT, SGD, law, 0.5, method="jump", **setting)
    with pytest.raises(ValueError, match="of the pareto_mixture noise are not known"):
        ls.escape_times(FLAT, SGD, pareto(), 0.5, method="jump", paths=10)
    with pytest.raises(ValueError, match="no escape measure for the noise law 'logistic'"):
        ls.theory.predict(FLAT, SGD, law, 0.1)
    with pytest.raises(ValueError, match="the characteristic function of the logistic noise"):
        law.characteristic([[1.0]])
    with pytest.raises(ValueError, match="of dimension 2 and the basin of dimension 1"):
        ls.escape_times(FLAT, SGD, pareto(scale=[1.0, 1.0]), 0.5, **setting)
    run = ls.escape_times(FLAT, SGD, law, 0.5, method="auto", **setting)
    assert run.parameters["method"] == "euler"


# ------------------------------------------------------------------------- records and other doors

SOURCE = """
import math
import levysde as ls


def draw(u1, u2, p):
    return p[0] * math.tan(math.pi * (u1 - 0.5))


def tail(x, p):
    return 2.0 / math.pi * math.atan2(p[0], x)


def law(width=1.0):
    return ls.Noise(draw, {"width": width}, alpha=1.0, tail=tail, name="lorentz")


fixed = law(2.0)
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


@pytest.mark.parametrize("tail", [None, 2.0**1.5, user_parts.pareto_tail])
def test_a_record_makes_the_law_again(tail):
    law = ls.Noise(
        user_parts.pareto, {"index": 1.5, "spread": 2.0}, 1.5, scale=[1.0, 2.0], tail=tail
    )
    setting = {"paths": 50, "dt": 0.01, "horizon": 50.0, "seed": 3}
    run = ls.escape_times(ls.basins.flat(2), SGD, law, 0.5, **setting)
    record = json.loads(json.dumps(run.parameters))
    assert record["functions"]["draw"] == "user_parts:pareto"
    assert "draw" in record["code"]
    again = spec.build(record)
    assert ls.escape_times(*again, 0.5, **setting).digest == run.digest
    assert again[2].tail_constant == law.tail_constant
    record["code"]["draw"] = "another"
    with pytest.raises(ValueError, match="draw function user_parts:pareto is not the one that"):
        spec.build(record)


def test_a_record_of_a_law_that_cannot_be_imported():
    law = ls.Noise(lambda u1, u2, p: u1 - u2, alpha=2.0, name="independent")
    run = ls.escape_times(FLAT, SGD, law, 0.5, paths=5, dt=0.01, horizon=1.0)
    with pytest.raises(ValueError, match="the draw of the result is of a script"):
        spec.build(run.parameters)


def test_a_file_on_the_command_line(file, capsys):
    words = ["--basin", "flat", "--epsilon", "0.3", "--json"]
    asked = ["escape", *words, "--noise", "mine.py:law", "--noise-parameter", "width=2"]
    assert main([*asked, "--paths", "60", "--dt", "0.01", "--quiet", "--output", "a.npz"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["noise"], record["noise_params"]) == ("lorentz", {"width": 2.0})
    run = ls.load(file.parent / "a.npz")
    law = spec.part("noise", f"{file}:fixed")
    same = ls.escape_times(FLAT, SGD, law, 0.3, paths=60, dt=0.01)
    assert run.digest == same.digest == record["digest"]
    rebuilt = spec.build(run.parameters)
    assert ls.escape_times(*rebuilt, 0.3, paths=60, dt=0.01).digest == run.digest
    assert main(["theory", *words, "--noise", "mine.py:fixed"]) == 0
    # A Cauchy law of scale 2 by another door.
    expected = ls.theory.predict(FLAT, SGD, ls.noise.independent(1.0, 2.0), 0.3).rate
    assert json.loads(capsys.readouterr().out)["rate"] == pytest.approx(expected, rel=1e-9)
    assert main(["escape", *words[:-1], "--noise", "mine.py:fixed", "--paths", "20"]) == 0
    assert "one step is" in "".join(capsys.readouterr())


def test_a_file_in_a_sweep(file, tmp_path):
    grid = {"noise": [f"{file}:law"], "epsilon": [0.4, 0.5], "noise.width": [1.0, 2.0]}
    sweep = ls.sweep({"basin": "flat", "paths": 40, "dt": 0.01, "grid": grid}, tmp_path / "sweep")
    row = sweep.select(**{"noise.width": 2.0, "epsilon": 0.5}).rows[0]
    law = spec.part("noise", f"{file}:law", width=2.0)
    run = ls.escape_times(FLAT, SGD, law, 0.5, paths=40, dt=0.01, seed=row["seed"])
    assert row["digest"] == run.digest
    file.write_text(SOURCE.replace("0.5)", "0.25)"), encoding="utf-8")
    for name in [n for n in sys.modules if imported.file_of(n) is not None]:
        del sys.modules[name]
    other = ls.sweep({"basin": "flat", "paths": 40, "dt": 0.01, "grid": grid}, tmp_path / "other")
    assert {r["digest"] for r in other.rows}.isdisjoint({r["digest"] for r in sweep.rows})


# ----------------------------------------------------------------------------- what the theory says


def test_the_limit_is_the_stable_law_of_the_same_tail():
    """nu of the exterior of (-1, 1) is the tail of one step times the number of steps."""
    law, epsilon = pareto(1.5, 2.0, scale=0.5), 0.01
    prediction = ls.theory.predict(FLAT, SGD, law, epsilon, dt=0.01)
    assert prediction.rate == pytest.approx(epsilon**1.5 * (0.5 * 2.0) ** 1.5, rel=1e-9)
    cauchy = ls.Noise(logistic, {"width": 1.0}, alpha=1.0, tail=2.0 * 3.0 / math.pi)
    assert float(cauchy.vectors) == pytest.approx(3.0, rel=1e-14)


def test_the_theory_says_whether_the_boundary_is_in_the_tail():
    def condition(law, dt, epsilon=0.1):
        found = ls.theory.predict(FLAT, SGD, law, epsilon, dt=dt).assumptions
        return {each.name: each for each in found}.get("boundary far in the tail of one step")

    x = 1.0 / (0.1 * 0.01 ** (1.0 / 1.5))  # the boundary in units of one step
    near = condition(pareto(), 0.01)
    share = float(near.detail.split(" is ")[1].split()[0])
    assert share == pytest.approx((1.0 + x / 2.0) ** -1.5 * (x / 2.0) ** 1.5, rel=1e-3)
    assert condition(pareto(), 1e-4).holds is True
    assert condition(pareto(), 1.0).holds is False
    assert condition(pareto(), None).holds is None
    assert condition(pareto(tail=2.0), 1e-4).holds is None
    assert condition(ls.noise.independent(1.5), 0.01) is None
