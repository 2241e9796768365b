"""The verdict: stable noise is called stable, and other noise is not."""

import json
import math

import numpy as np
import pytest
from scipy.stats import levy_stable

import levysde as ls
from levysde import estimators
from levysde.statistics import competing_laws, coordinate_table, stable_density, verdict
from levysde.statistics.draw_dependence import coordinate_dependence, serial_dependence
from levysde.statistics.goodness import goodness
from levysde.statistics.scale_mixture import ScaleMixture, fit_mixture
from levysde.theory.exact.stable_law import tabulated_density

SIGMAS = 4.0
DRAWS = 2000
REFUSED = 1.645
"""Standard errors, the upper quantile of 0.05 of a normal law."""
TRIALS = 10


def stable(rng, alpha, shape):
    return levy_stable.rvs(alpha, 0.0, size=shape, random_state=rng)


def mixture(share, size):
    """Gaussian draws of which a share is so many times as large."""
    return lambda rng, shape: (
        rng.standard_normal(shape) * np.where(rng.random(shape) < share, size, 1.0)
    )


NOT_STABLE = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "t3": lambda rng, shape: rng.standard_t(3, shape),
    "t5": lambda rng, shape: rng.standard_t(5, shape),
    "a tenth ten times": mixture(0.1, 10.0),
    "1 % ten times": mixture(0.01, 10.0),
    "1 % five times": mixture(0.01, 5.0),
    "5 % three times": mixture(0.05, 3.0),
}


# ------------------------------------------------------------------------------------- densities


@pytest.mark.parametrize("alpha", [1.0, 1.2, 1.5, 1.75, 1.9, 1.94, 2.0])
def test_the_density_is_that_of_scipy(alpha):
    x = np.array([0.0, 0.3, 1.0, 2.7, 6.0, 11.0, 40.0, 700.0])
    if alpha == 2.0:
        x = x[:5]
    exact = levy_stable.logpdf(x, alpha, 0.0)
    assert stable_density.log_density(x, alpha) == pytest.approx(exact, abs=2e-4)


def test_the_density_below_one_has_the_right_height_and_tail():
    """Height Gamma(1 + 1/alpha)/pi, tail c_alpha x^(-1-alpha), c_alpha of 0.8 = 0.28195845."""
    near, far = stable_density.log_density(np.array([0.0, 3e5]), 0.8)
    assert math.exp(near) == pytest.approx(math.gamma(2.25) / math.pi, rel=1e-6)
    assert math.exp(far) * 3e5**1.8 == pytest.approx(0.28195845, rel=1e-4)


@pytest.mark.parametrize("alpha", [1.31, 1.77, 1.915, 1.96, 1.985])
def test_between_the_rows_of_the_table_the_density_is_near(alpha):
    x = np.array([0.0, 1.0, 3.0, 6.0, 20.0, 100.0])
    exact = levy_stable.logpdf(x, alpha, 0.0)
    assert stable_density.log_density(x, alpha) == pytest.approx(exact, abs=8e-3)


@pytest.mark.parametrize("alpha", [0.825, 1.275, 1.777, 1.84, 1.91])
def test_between_the_rows_of_the_table_no_mass_is_lost(alpha):
    x, weights = stable_density.quadrature()
    density = weights * np.exp(stable_density.log_density(x, alpha))
    assert density.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("alpha", [1.777])
def test_the_likelihood_of_many_draws_is_exact_between_the_rows_of_the_table(alpha):
    """To one in 1e5 draws, against the density of the theory; its maximum is on no row."""
    draws = stable(np.random.default_rng(31), alpha, 100_000)
    largest = float(np.abs(draws).max())

    def exact(shape, log_scale=0.0):
        density = tabulated_density(shape, largest * math.exp(-log_scale))
        return float(np.log(density(draws * math.exp(-log_scale))).sum()) - draws.size * log_scale

    for shape in (alpha - 0.02, alpha, alpha + 0.004):
        found = stable_density.log_density(draws, shape).sum()
        assert found == pytest.approx(exact(shape), abs=1.0)
    shape, log_scale = competing_laws.STABLE.fit(draws, alpha - 0.1)
    best = exact(shape, log_scale)
    assert best > exact(shape - 0.005, log_scale)
    assert best > exact(shape + 0.005, log_scale)


@pytest.mark.parametrize("family", [competing_laws.STABLE, competing_laws.STUDENT_T])
def test_scores_have_mean_zero(family):
    """By quadrature: the derivative of the integral of a density, which is 1."""
    x, weights = stable_density.quadrature()
    shape = 0.5 * (family.lowest + family.highest)
    density = weights * np.exp(family.log_density(x, shape, 0.0))
    assert density.sum() == pytest.approx(1.0, abs=1e-3)
    assert family.scores(x, shape, 0.0) @ density == pytest.approx([0.0, 0.0], abs=5e-3)


def test_scores_of_mixtures_are_derivatives_and_have_mean_zero():
    x, weights = stable_density.quadrature()
    law = ScaleMixture(0.1, 1.0, 9.0)
    density = weights * np.exp(law.log_density(x))
    assert density.sum() == pytest.approx(1.0, abs=1e-6)
    assert law.scores(x) @ density == pytest.approx([0.0, 0.0, 0.0], abs=1e-5)
    h, at = 1e-5, np.array([0.0, 0.5, 2.0, 7.0])
    pairs = [
        (ScaleMixture(0.1 + h, 1.0, 9.0), ScaleMixture(0.1 - h, 1.0, 9.0)),
        (ScaleMixture(0.1, math.exp(h), 9.0), ScaleMixture(0.1, math.exp(-h), 9.0)),
        (ScaleMixture(0.1, 1.0, 9.0 * math.exp(h)), ScaleMixture(0.1, 1.0, 9.0 * math.exp(-h))),
    ]
    for score, (up, down) in zip(law.scores(at), pairs, strict=True):
        slope = (up.log_density(at) - down.log_density(at)) / (2.0 * h)
        assert score == pytest.approx(slope, abs=1e-7)


def test_the_best_mixture_is_found():
    """At the largest likelihood the mean scores vanish, and the parameters are near."""
    draws = mixture(0.05, 4.0)(np.random.default_rng(15), 100_000)
    law = fit_mixture(draws)
    assert law.scores(draws).mean(axis=1) == pytest.approx([0.0, 0.0, 0.0], abs=2e-2)
    assert (law.share, law.narrow, law.wide) == pytest.approx((0.05, 1.0, 16.0), rel=0.1)


# -------------------------------------------------------------------------------------- verdicts


def share_error(trials):
    return math.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("name", ["gaussian", "t3", "1 % five times"])
@pytest.mark.parametrize("trials", [TRIALS])
def test_one_coordinate_that_is_not_stable_is_not_called_stable(name, trials):
    rng = np.random.default_rng(17)
    draws = (NOT_STABLE[name](rng, (DRAWS, 1)) for _ in range(trials))
    found = [ls.tail_index(x, threads=1) for x in draws]
    assert np.mean([one.supported for one in found]) < 0.05 + SIGMAS * share_error(trials)
    if name == "gaussian":
        gaussian = np.mean([one.law == "gaussian" for one in found])
        assert gaussian > 0.95 - SIGMAS * share_error(trials)


@pytest.mark.parametrize("alpha", [1.2, 1.8])
@pytest.mark.parametrize("trials", [TRIALS])
def test_one_stable_coordinate_is_called_stable(alpha, trials):
    rng = np.random.default_rng(18)
    scales = 10.0 ** rng.uniform(-9.0, 9.0, trials)
    found = [ls.tail_index(s * stable(rng, alpha, (DRAWS, 1)), threads=1) for s in scales]
    assert np.mean([one.supported for one in found]) > 0.95 - SIGMAS * share_error(trials)


@pytest.mark.parametrize(("name", "draws"), [("1 % five times", 2000), ("1 % ten times", 1000)])
@pytest.mark.parametrize("trials", [20])
def test_mixtures_are_refused_once_in_20_times_where_they_are_true(name, draws, trials):
    rng = np.random.default_rng(12)
    z = [goodness(NOT_STABLE[name](rng, (draws, 1))).scale_mixture_z for _ in range(trials)]
    assert np.mean(np.array(z) > REFUSED) < 0.05 + SIGMAS * share_error(trials)


@pytest.mark.parametrize("trials", [30])
def test_mixtures_are_refused_where_draws_are_stable(trials):
    """As the verdict asks, with its own threshold."""
    rng = np.random.default_rng(13)
    z = [goodness(stable(rng, 1.8, (DRAWS, 1))).scale_mixture_z for _ in range(trials)]
    assert np.mean(np.array(z) > verdict._MIXTURE_REFUSED) > 0.95 - SIGMAS * share_error(trials)


@pytest.mark.parametrize("name", ["t5", "1 % ten times", "5 % three times"])
@pytest.mark.parametrize("trials", [1])
def test_few_draws_of_several_coordinates_are_enough(name, trials):
    rng = np.random.default_rng(19)
    for _ in range(trials):
        assert not ls.tail_index(NOT_STABLE[name](rng, (600, 24))).supported


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("trials", [1])
def test_few_stable_draws_of_many_coordinates_are_not_called_a_mixture(shared, trials):
    """Mixtures fit few draws of each coordinate a little better, and these gains add up."""
    rng = np.random.default_rng(23)
    for _ in range(trials):
        draws = stable(rng, 1.8, (200, 1 if shared else 40)) * np.ones(40)
        assert ls.tail_index(draws, threads=1).law != "not stable"


def test_draws_of_two_gaussians_in_many_coordinates_are_called_a_mixture():
    rng = np.random.default_rng(24)
    for shared in (False, True):
        wide = rng.random((2000, 1 if shared else 10)) < 0.05
        found = ls.tail_index(rng.standard_normal((2000, 10)) * np.where(wide, 10.0, 1.0))
        gain = found.goodness.log_likelihood["scale_mixture"] * 20_000
        assert (found.law, gain > found.goodness.mixture_limit) == ("not stable", True)


def test_a_verdict_is_true_of_the_draws_and_of_the_laws_that_fit():
    rng = np.random.default_rng(25)
    few = ls.tail_index(rng.standard_normal((100, 4)))
    assert few.verdict.endswith("There are too few draws for sums.")
    lighter = "Single draws have lighter tails than a Gaussian."
    assert ls.tail_index(rng.random((2000, 1))).verdict.endswith(lighter)
    assert lighter not in ls.tail_index(rng.standard_normal((2000, 1))).verdict
    for draws, words in ((600, "About 2000 independent draws"), (2000, "More independent draws")):
        x = next(x for x in (rng.standard_t(2.1, (draws, 1)) for _ in range(50)) if undecided(x))
        assert words in ls.tail_index(x).verdict
    heavy = ls.tail_index(rng.standard_t(1.9, (10_000, 2)))
    assert heavy.law == "not stable"
    assert "whether the variance is finite is not decided" in heavy.verdict


def undecided(draws):
    return "Student-t laws with about" in (found := ls.tail_index(draws)).verdict and (
        found.law == "undecided"
    )


@pytest.mark.parametrize("trials", [2])
def test_a_common_size_of_all_coordinates_does_not_mislead(trials):
    """Multivariate t draws depend through one number: their evidence is that of few coordinates."""
    rng = np.random.default_rng(20)
    called = []
    for _ in range(trials):
        size = np.sqrt(3.0 / rng.chisquare(3, (1000, 1)))
        found = ls.tail_index(size * rng.standard_normal((1000, 16)))
        called.append(found.supported)
        assert found.dependence.jumps_together
        assert not found.dependence.directions
    assert np.mean(called) < 0.05 + SIGMAS * share_error(trials)


@pytest.mark.parametrize(
    ("noise", "law"),
    [
        (ls.noise.independent(1.5), "independent"),
        (ls.noise.isotropic(1.5), "isotropic"),
        (ls.noise.elliptic(1.5, np.diag([1.0, 4.0, 1.0, 9.0, 1.0, 1.0]) + 0.9), "elliptic"),
        (ls.noise.multifractal([1.2, 1.2, 1.2, 1.8, 1.8, 1.8]), "multifractal"),
    ],
)
def test_the_law_of_the_package_is_found(noise, law):
    draws = ls.noise.sample(noise, 3000, seed=5, dim=6)
    found = ls.tail_index(draws)
    assert (found.supported, found.law) == (True, law)


def test_few_draws_are_undecided_and_dependent_ones_too():
    rng = np.random.default_rng(21)
    assert ls.tail_index(stable(rng, 1.5, (150, 1))).law == "undecided"
    walk = np.cumsum(stable(rng, 1.5, (1000, 3)), axis=0)
    found = ls.tail_index(walk)
    assert (found.law, found.supported, found.serial.significant) == ("undecided", False, True)
    assert "depend on each other" in found.verdict


def test_skewed_stable_draws_are_tested_by_their_differences():
    draws = levy_stable.rvs(1.5, 0.9, size=(4000, 2), random_state=3)
    found = ls.tail_index(draws)
    assert found.goodness.differences
    assert found.supported


@pytest.mark.parametrize("trials", [10])
def test_skewed_draws_of_finite_variance_are_seldom_called_stable(trials):
    rng = np.random.default_rng(26)
    called = [
        ls.tail_index(rng.pareto(3.0, (DRAWS, 1)), threads=1).supported for _ in range(trials)
    ]
    assert np.mean(called) < 0.05 + SIGMAS * share_error(trials)


@pytest.mark.parametrize("alpha", [1.5])
@pytest.mark.parametrize("trials", [40])
def test_the_line_of_skewed_stable_draws_is_straight(alpha, trials):
    draws = levy_stable.rvs(alpha, 1.0, size=(trials, DRAWS, 1), random_state=4)
    p = np.array([goodness(x).line_p for x in draws])
    # Of 400 samples at most 1 is below.
    assert np.mean(p < 1e-4) < 0.0025 + SIGMAS * math.sqrt(0.0025 / trials)


# ----------------------------------------------------------------------------------- aggregation


def test_sums_of_stable_draws_keep_their_index_and_those_of_others_do_not():
    rng = np.random.default_rng(22)
    kept = estimators.aggregated(stable(rng, 1.5, (4000, 16)), 16)
    assert np.all(np.abs(kept.rise[1:]) < SIGMAS * kept.rise_error[1:])
    expected = np.log(kept.m) / 1.5
    assert np.all(np.abs(np.log(kept.growth) - expected)[1:] < SIGMAS * kept.growth_error[1:])
    half = 0.5 * np.log(kept.m)
    assert np.any(np.abs(np.log(kept.growth) - half)[1:] > SIGMAS * kept.growth_error[1:])
    risen = estimators.aggregated(rng.standard_t(3, (4000, 16)), 16)
    assert risen.rise[-1] > SIGMAS * risen.rise_error[-1]


def test_errors_of_sums_are_their_scatter():
    rng = np.random.default_rng(23)
    found = [estimators.aggregated(stable(rng, 1.5, (800, 1)), 8) for _ in range(150)]
    rise = np.array([one.rise[-1] for one in found])
    told = math.sqrt(np.mean([one.rise_error[-1] ** 2 for one in found]))
    assert rise.std() == pytest.approx(told, rel=0.1 + SIGMAS / math.sqrt(300))
    assert abs(rise.mean()) < SIGMAS * told / math.sqrt(150) + 0.02


@pytest.mark.parametrize(("alpha", "exponent"), [(1.5, 1.0 / 3.0), (2.0, 0.5)])
def test_the_exponent_over_batch_sizes(alpha, exponent):
    rng = np.random.default_rng(24)
    means = {b: stable(rng, alpha, (400, b, 10)).mean(axis=1) for b in (1, 4, 16)}
    found = estimators.batch_exponent(means)
    assert abs(found.exponent - exponent) < SIGMAS * found.fit.error
    assert found.implied_alpha == pytest.approx(alpha, abs=0.2)
    assert abs(found.exponent - (5.0 / 6.0 - exponent)) > SIGMAS * found.fit.error


# ----------------------------------------------------------------------------------- dependence


def test_dependence_is_seen_where_it_is_and_nowhere_else():
    rng = np.random.default_rng(25)
    alone = stable(rng, 1.5, (2000, 10))
    found = coordinate_dependence(alone)
    assert not found.jumps_together
    assert not found.directions
    assert coordinate_dependence(alone[:, :1]) is None
    common = coordinate_dependence(alone + stable(rng, 1.5, (2000, 1)))
    assert common.jumps_together
    assert common.directions
    assert not serial_dependence(alone).significant
    assert serial_dependence(np.repeat(alone, 2, axis=0)).significant
    sizes = np.repeat(np.exp(rng.standard_normal(100)), 20)[:, None]
    assert serial_dependence(sizes * rng.standard_normal((2000, 10))).significant


# ------------------------------------------------------------------------------------ the result


def test_unequal_scales_do_not_make_gaussian_noise_stable():
    rng = np.random.default_rng(26)
    scales = np.exp(1.5 * rng.standard_normal(100))
    found = ls.tail_index(scales * rng.standard_normal((1000, 100)))
    assert found.law == "gaussian"
    assert found.block_estimate < 1.5
    assert found.null.block_estimate == pytest.approx(found.block_estimate, abs=0.15)
    assert np.mean(found.upper >= 2.0) > 0.95 - SIGMAS * math.sqrt(0.05 * 0.95 / 100)


def test_constant_and_atomic_coordinates_are_left_out():
    rng = np.random.default_rng(27)
    draws = rng.standard_normal((500, 5))
    draws[:, 1] = 3.0
    draws[::4, 3] = 0.0
    found = ls.tail_index(draws, groups=["a", "dead", "a", "a", "b"])
    assert found.constant.tolist() == [False, True, False, False, False]
    assert found.atomic.tolist() == [False, False, False, True, False]
    assert np.isnan(found.alpha).tolist() == [False, True, False, True, False]
    assert [(g.name, g.coordinates, g.fitted) for g in found.groups] == [
        ("a", 3, 2), ("dead", 1, 0), ("b", 1, 1),
    ]  # fmt: skip


def test_pieces_threads_and_precision_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(coordinate_table, "_PIECE", 60_000)
    rng = np.random.default_rng(28)
    draws = rng.standard_t(3, (200, 900))
    one, two = (ls.tail_index(draws, threads=n, examined=8) for n in (1, 2))
    assert one.to_dict() == two.to_dict()
    alone = estimators.characteristic_fit(draws)
    assert one.alpha == pytest.approx(alone.alpha, abs=1e-12)
    assert one.quantile_alpha == pytest.approx(estimators.quantile_fit(draws).alpha)
    np.save(tmp_path / "draws.npy", draws.astype(np.float32))
    seen = []
    single = ls.tail_index(
        np.load(tmp_path / "draws.npy", mmap_mode="r"),
        examined=8,
        progress=lambda *done: seen.append(done),
    )
    assert single.alpha == pytest.approx(one.alpha, abs=2e-3)
    assert seen == [(300, 900), (600, 900), (900, 900)]


def test_samples_are_left_alone():
    draws = np.random.default_rng(30).standard_normal((500, 1))
    before = draws.copy()
    ls.tail_index(draws)
    assert np.array_equal(draws, before)


def test_what_is_printed_is_one_screen_and_what_is_kept_is_json():
    rng = np.random.default_rng(29)
    found = ls.tail_index(rng.standard_cauchy((1000, 30)), groups=[f"g{i % 12}" for i in range(30)])
    text = str(found)
    assert text.startswith("Stable with alpha = ")
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 80
    assert repr(found).startswith("TailIndex(independent, supported=True, alpha=")
    record = found.to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["supported"], record["coordinates"]) == (True, 30)


GOOD = np.random.default_rng(1).standard_normal((200, 3))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"samples": GOOD[:, 0]}, r"samples.reshape\(-1, 1\)"),
        ({"samples": GOOD[:1]}, "samples has 1 draw; give at least 100"),
        ({"samples": np.where(GOOD[5, 2] == GOOD, np.nan, GOOD)}, "nan in draw 5, coordinate 2"),
        ({"samples": np.where(GOOD[5, 2] == GOOD, np.inf, GOOD)}, "inf in draw 5, coordinate 2"),
        ({"samples": GOOD.astype(str)}, "give an array of real numbers"),
        ({"samples": np.array([[None] * 3] * 200)}, "give an array of real numbers"),
        ({"samples": np.zeros((200, 2))}, "none of the 2 coordinates can be fitted: 2 are const"),
        ({"samples": np.round(GOOD)}, "3 repeat values"),
        ({"samples": GOOD, "groups": ["a"]}, "groups has 1 entries"),
        ({"samples": GOOD, "level": 1.0}, "level is 1.0"),
        ({"samples": GOOD, "max_block": 64}, "max_block is 64 and there are 200 draws"),
        ({"samples": GOOD, "max_block": 0}, "max_block is 0"),
        ({"samples": GOOD, "examined": 0}, "examined is 0"),
        ({"samples": GOOD, "threads": 0}, "threads is 0"),
    ],
)
def test_bad_values_are_told(words, told):
    with pytest.raises(ValueError, match=told):
        ls.tail_index(**words)


def test_bad_batches_are_told():
    with pytest.raises(ValueError, match="fewer than two batch sizes"):
        estimators.batch_exponent({1: GOOD})
    with pytest.raises(ValueError, match="a batch size is 0"):
        estimators.batch_exponent({0: GOOD, 2: GOOD})
    with pytest.raises(ValueError, match=r"samples\[4\] has shape \(200,\)"):
        estimators.batch_exponent({1: GOOD, 4: GOOD[:, 0]})
    with pytest.raises(ValueError, match=r"samples has \[2, 3\] coordinates"):
        estimators.batch_exponent({1: GOOD, 4: GOOD[:, :2]})
    with pytest.raises(ValueError, match="max_block is 4 and there are 200 draws"):
        estimators.aggregated(GOOD, 4)


def test_four_panels_show_what_was_found():
    found = ls.tail_index(np.random.default_rng(31).standard_cauchy((1000, 5)))
    axes = ls.plots.tail_index(found)
    assert len(axes) == 4
    points = axes[1].containers[0].lines[0]
    assert points.get_ydata() == pytest.approx(found.aggregation.alpha)
    stable_line, finite = axes[2].lines[:2]
    m = found.aggregation.m
    assert stable_line.get_ydata() == pytest.approx(m ** (1.0 / found.aggregation.alpha[0]))
    assert finite.get_ydata() == pytest.approx(np.sqrt(m))
    assert axes[3].lines[0].get_ydata() == pytest.approx(found.tail.hill.alpha)
    again = ls.plots.tail_index(found, axes[0].figure)
    assert again[0].figure is axes[0].figure
    with pytest.raises(ValueError, match="result is 3; give a TailIndex"):
        ls.plots.tail_index(3)
    with pytest.raises(ValueError, match="figure is 3; give a Figure"):
        ls.plots.tail_index(found, 3)


MIXTURES = [(0.02, 5.0, 4), (0.01, 3.0, 12)]


@pytest.mark.parametrize(("share", "size", "width"), MIXTURES)
@pytest.mark.parametrize("trials", [5])
def test_several_coordinates_of_mixtures_are_not_called_stable(share, size, width, trials):
    rng = np.random.default_rng(11)
    draws = (mixture(share, size)(rng, (DRAWS, width)) for _ in range(trials))
    found = [ls.tail_index(x, threads=1) for x in draws]
    assert np.mean([each.supported for each in found]) < 0.05 + SIGMAS * share_error(trials)


@pytest.mark.parametrize("trials", [2])
def test_large_draws_of_all_coordinates_at_once_are_one_piece_of_evidence(trials):
    """One share of large draws for 16 coordinates, whose errors are not independent."""
    rng = np.random.default_rng(14)
    called = []
    for _ in range(trials):
        size = np.where(rng.random((DRAWS, 1)) < 0.05, 3.0, 1.0)
        draws = size * rng.standard_normal((DRAWS, 16))
        called.append(ls.tail_index(draws, threads=1).supported)
    assert np.mean(called) < 0.05 + SIGMAS * share_error(trials)


def test_without_sums_nothing_is_decided():
    rng = np.random.default_rng(3)
    few = levy_stable(1.5, 0.0).rvs((150, 4), random_state=rng)
    assert ls.tail_index(few, threads=1).law == "undecided"
    assert "sums of draws, which decide, were not looked at" in ls.tail_index(few).verdict
    many = levy_stable(1.5, 0.0).rvs((2000, 4), random_state=rng)
    assert ls.tail_index(many, max_block=1).law == "undecided"
    assert ls.tail_index(many).supported


def test_an_index_below_those_that_are_tested_is_undecided():
    rng = np.random.default_rng(4)
    found = ls.tail_index(levy_stable(0.6, 0.0).rvs((2000, 4), random_state=rng))
    assert found.law == "undecided"
    assert "laws of an index below 0.8 are not tested" in found.verdict
    assert np.median(found.alpha) == pytest.approx(0.6, abs=0.05)


def test_half_of_the_coordinates_gaussian_is_not_a_stable_law():
    rng = np.random.default_rng(5)
    heavy = levy_stable(1.5, 0.0).rvs((2000, 3), random_state=rng)
    found = ls.tail_index(np.hstack([heavy, rng.standard_normal((2000, 3))]))
    assert not found.supported
    assert "a Gaussian is not excluded for 3 of 6" in found.verdict


@pytest.mark.parametrize(("smallest", "law"), [(1.0, "isotropic"), (1e-3, "elliptic")])
def test_unequal_scales_are_not_isotropic(smallest, law):
    rng = np.random.default_rng(6)
    squares = levy_stable(0.75, 1.0).rvs((2000, 1), random_state=rng)  # positive
    lengths = np.sqrt(np.maximum(squares, 0.0))
    draws = rng.standard_normal((2000, 8)) * lengths * np.geomspace(smallest, 1.0, 8)
    assert ls.tail_index(draws).law == law


@pytest.mark.parametrize(
    ("samples", "given", "told"),
    [
        (np.ones((200, 2)), {"groups": 5}, "groups is 5; give a name for each of the 2"),
        (np.ones((200, 2)), {"progress": 5}, "progress is 5; give a function"),
        (np.ma.masked_equal(np.ones((200, 2)), 0.0), {}, "samples is a masked array"),
    ],
)
def test_more_wrong_arguments(samples, given, told):
    with pytest.raises(ValueError, match=told):
        ls.tail_index(samples, **given)
