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
from levysde.engine.jump_parts import levy_constant
from levysde.noise import Drawn

SIGMAS = 4.0
SIZE = 200_000
FLAT, SGD = ls.basins.flat(), ls.dynamics.sgd()


def kolmogorov(draws, cdf):
    """The distance of Kolmogorov and Smirnov in its standard deviations, sqrt(pi^2/12 - ...)."""
    distance = stats.kstest(draws, cdf, method="asymp").statistic * math.sqrt(len(draws))
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
    law = ls.Noise(lambda u1, u2, p: float(format(u1, "f")), alpha=2.0, name="words")
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
    with pytest.warns(UserWarning, match="the tail of the logistic noise says"):
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


# ------------------------------------------------------------------------------ built-in laws


def symmetric_lomax(alpha, scale):
    """The distribution function from that of scipy."""
    half = stats.lomax(alpha, scale=scale)
    return lambda x: 0.5 + 0.5 * np.sign(x) * half.cdf(np.abs(x))


STEPS = {
    "student_t": (ls.noise.student_t, lambda df, scale: stats.t(df, scale=scale).cdf),
    "lomax": (ls.noise.lomax, symmetric_lomax),
}


INDICES = (0.3, 0.8, 1.0, 1.5, 1.99, 2.0, 3.0, 40.0)


@pytest.mark.parametrize(
    ("name", "index"), [("student_t", 0.3), ("lomax", 1.5), ("student_t", 3.0)]
)
def test_distribution_of_built_in_steps(name, index):
    make, exact = STEPS[name]
    law = make(index, [2.0, 0.5])
    draws = ls.noise.sample(law, SIZE, seed=8, epsilon=0.5, dt=0.01)
    unit = 0.5 * 0.01 ** (1.0 / min(index, 2.0))
    assert law.alpha == min(index, 2.0)
    for column, scale in zip(draws.T, (2.0, 0.5), strict=True):
        assert kolmogorov(column, exact(index, unit * scale)) < SIGMAS
        assert kolmogorov(column, exact(index, 1.1 * unit * scale)) > SIGMAS
        assert kolmogorov(column, exact(index * 0.8, unit * scale)) > SIGMAS or index == 40.0
    assert abs(np.mean(np.sign(draws[:, 0] * draws[:, 1]))) < SIGMAS / math.sqrt(SIZE)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("index", [0.3, 1.5, 5.0])
def test_draws_are_the_formula_to_all_digits(name, index):
    """At every size of the first uniform, also next to 1, where 1 - u is small."""
    law = STEPS[name][0](index)
    for u1 in (2.0**-53, 1e-6, 0.3, 0.9999, 1.0 - 1e-9, 1.0 - 2.0**-53):
        for u2 in (0.01, 0.2, 0.26, 0.45, 0.55, 0.74, 0.8, 0.99):
            if name == "lomax":
                exact = math.copysign(math.expm1(-math.log(u1) / index), 0.5 - u2)
            else:
                square = index * math.expm1(-2.0 / index * math.log(u1))
                exact = math.sqrt(square) * math.cos(2.0 * math.pi * u2)
            assert law.draw(u1, u2, law.p) == pytest.approx(exact, rel=2e-12)


@pytest.mark.parametrize(("name", "index"), [("student_t", 0.8), ("lomax", 4.0)])
def test_characteristic_function_of_the_steps(name, index):
    law = STEPS[name][0](index, [1.0, 0.5])
    draws = ls.noise.sample(law, SIZE, seed=4)
    points = np.array([[0.3, 0.0], [0.0, 2.0], [1.0, -1.0], [3.0, 1.0]])
    exact, doubled = law.characteristic(points).real, law.characteristic(2.0 * points).real
    found = np.cos(draws @ points.T).mean(axis=0)
    error = np.sqrt((0.5 * (1.0 + doubled) - exact**2) / SIZE)
    assert (np.abs(found - exact) < SIGMAS * error).all()
    other = STEPS[name][0](0.9 * index, [1.0, 0.5]).characteristic(points).real
    assert (np.abs(found - other) > SIGMAS * error).any()
    assert law.characteristic([[0.0, 0.0]])[0] == 1.0


@pytest.mark.parametrize(
    ("name", "index"), [("student_t", 0.3), ("student_t", 1.95), ("lomax", 0.8)]
)
def test_tail_of_the_steps(name, index):
    law, stable = STEPS[name][0](index, 2.0), ls.noise.independent(index)
    constant = 1.0
    if name == "student_t":
        gammas = math.gamma(0.5 * (index + 1.0)) / math.gamma(0.5 * index)
        constant = 2.0 * index ** (0.5 * index - 1.0) * gammas / math.sqrt(math.pi)
    assert law.tail_constant == pytest.approx(constant, rel=1e-8)
    # 2 c/alpha sigma^alpha is the tail of a stable law: the same nu for the same tail.
    tail = 2.0 * levy_constant(index) / index * float(law.vectors) ** index
    assert tail == pytest.approx(constant * 2.0**index, rel=1e-8)
    box = (ls.basins.flat(3), SGD)
    rate = ls.theory.predict(*box, law, 0.1).rate
    unit = ls.theory.predict(*box, stable, 0.1).rate
    assert rate == pytest.approx(unit * float(law.vectors) ** index, rel=1e-8)


def test_cauchy_steps_are_those_of_a_stable_law():
    assert float(ls.noise.student_t(1.0, 3.0).vectors) == pytest.approx(3.0, rel=1e-9)


@pytest.mark.parametrize(("name", "size"), [("student_t", 1000), ("lomax", 1000)])
def test_sums_of_many_steps(name, size):
    """Of 4000 steps with index 1.5 the sum is nearly stable, with 4 near the Gaussian law."""
    steps = 4000
    for index in (0.8, 4.0):
        law = STEPS[name][0](index)
        draws = ls.noise.sample(law, steps * size, seed=6, dt=1.0 / steps)
        sums = draws.reshape(size, steps).sum(axis=1)
        if index < 2.0:
            exact = stats.levy_stable(index, 0.0, scale=float(law.vectors))
        else:
            variance = {"student_t": 2.0, "lomax": 2.0 / 6.0}[name]
            exact = stats.norm(scale=math.sqrt(variance))
        grid = np.linspace(-4.0, 4.0, 41) * (1.0 if index > 2.0 else float(law.vectors))
        found = (sums[:, None] <= grid).mean(axis=0)
        wanted = exact.cdf(grid)
        error = np.sqrt(np.maximum(wanted * (1.0 - wanted), 1e-4) / size)
        assert (np.abs(found - wanted) < SIGMAS * error).all()
        twice_as_wide = np.interp(0.5 * grid, grid, wanted)
        assert (np.abs(found - twice_as_wide) > SIGMAS * error).any()


def test_escape_times_tend_to_the_rate_of_the_tail():
    """Mean times rate tends to 1 from below as epsilon falls: the first correction is negative."""
    law, products, errors = ls.noise.lomax(1.5), [], []
    for epsilon in (0.1, 0.025):
        rate = ls.theory.predict(FLAT, SGD, law, epsilon).rate
        assert rate == pytest.approx(epsilon**1.5, rel=1e-9)  # C = 1 and the interval (-1, 1)
        run = ls.escape_times(FLAT, SGD, law, epsilon, paths=3000, dt=0.04, seed=12)
        products.append(rate * run.mean)
        errors.append(products[-1] / math.sqrt(3000))  # few are censored
    far, near = (1.0 - product for product in products)
    assert abs(near) < 0.25 * abs(far) + SIGMAS * max(errors)
    assert near < 0.05 + SIGMAS * errors[1]
    other = ls.theory.predict(FLAT, SGD, ls.noise.independent(1.5), 0.025).rate
    assert abs(other / 0.025**1.5 * products[1] - 1.0) > 2.0 * SIGMAS * errors[1]


@pytest.mark.parametrize("name", STEPS)
def test_built_in_steps_by_name(name, tmp_path, capsys):
    argument = "df" if name == "student_t" else "alpha"
    law = spec.part("noise", name, **{argument: 1.4, "scale": 0.5})
    setting = {"paths": 40, "dt": 0.01, "seed": 2}
    run = ls.escape_times(FLAT, SGD, law, 0.4, **setting)
    rebuilt = spec.build(json.loads(json.dumps(run.parameters)))
    assert type(rebuilt[2]) is type(law)
    assert ls.escape_times(*rebuilt, 0.4, **setting).digest == run.digest
    asked = ["--noise-parameter", "df=1.4"] if name == "student_t" else ["--alpha", "1.4"]
    words = ["--basin", "flat", "--epsilon", "0.4", "--noise", name, "--scale", "0.5", *asked]
    more = ["--paths", "40", "--dt", "0.01", "--seed", "2", "--quiet"]
    assert main(["escape", *words, *more, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == run.digest
    grid = {f"noise.{argument}": [1.4, 3.0], "epsilon": [0.5]}
    sweep = ls.sweep({"basin": "flat", "noise": name, "paths": 20, "dt": 0.01, "grid": grid,
                      "horizon": 50.0}, tmp_path / "sweep")  # fmt: skip
    assert len({row["digest"] for row in sweep.rows}) == 2
    with pytest.raises(ValueError, match="give an index of at least"):
        spec.part("noise", name, **{argument: 0.01})
    with pytest.raises(ValueError, match="no escape measure"):
        ls.theory.predict(FLAT, SGD, spec.part("noise", name, **{argument: 3.0}), 0.1)


def test_a_tail_that_contradicts_the_draws_is_pointed_out():
    with pytest.warns(UserWarning, match="says P.*one of them may be wrong"):
        ls.Noise(user_parts.pareto, {"index": 1.5, "spread": 1.0}, 1.5, tail=20.0)


def test_a_law_of_one_step_is_not_extrapolated():
    result = ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), ls.noise.lomax(1.5), 1.0, paths=50, dt=0.05
    )
    with pytest.raises(ValueError, match="lomax noise is a law of one step, so that another dt"):
        ls.refine(result)
