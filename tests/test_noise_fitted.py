"""Laws fitted to samples that others have drawn: scipy's stable and Student-t variates."""

import math
import pickle
import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.special import gamma

import levysde as ls
from levysde.statistics.characteristic import characteristic_fit
from levysde.statistics.common_stable import common_stable
from levysde.statistics.common_student import common_student
from levysde.statistics.shape_matrix import shape_correlation

SIGMAS = 4.0
FLAT, SGD = ls.basins.flat(), ls.dynamics.sgd()


def stable(alpha, size, seed, beta=0.0):
    return stats.levy_stable.rvs(alpha, beta, size=size, random_state=seed)


def sub_gaussian(alpha, root, draws, seed):
    """sqrt(S) G X of a positive stable S with E exp(-s S) = exp(-s^(alpha/2)), X of variance 2."""
    random = np.random.default_rng(seed)
    size = math.cos(0.25 * math.pi * alpha) ** (2.0 / alpha)
    radius = stats.levy_stable.rvs(0.5 * alpha, 1.0, scale=size, size=draws, random_state=random)
    x = math.sqrt(2.0) * random.standard_normal((draws, root.shape[1]))
    return np.sqrt(radius)[:, None] * (x @ root.T)


def covered(alpha, trials):
    """How many of the intervals hold a value, and how many hold one that is 0.15 too large."""
    found = [common_stable(each).alpha_interval for each in trials]
    return (
        sum(low <= alpha <= high for low, high in found),
        sum(low <= alpha + 0.15 <= high for low, high in found),
    )


def fewest_covered(trials, level=0.95):
    return trials * level - SIGMAS * math.sqrt(trials * level * (1.0 - level))


# -------------------------------------------------------------------------------------- recovered


def test_stable_draws_of_scipy_are_recovered():
    scales = np.array([1.0, 2.0, 0.1])
    fitted = ls.noise.fit(stable(1.5, (4000, 3), 1) * scales)
    assert (fitted.law.name, fitted.supported, fitted.draws) == ("independent", True, 4000)
    low, high = fitted.alpha_interval
    error = (high - low) / (2.0 * 1.96)
    assert error < 0.02
    assert abs(fitted.alpha - 1.5) < SIGMAS * error
    assert abs(fitted.alpha - 1.65) > SIGMAS * error
    log_error = np.log(fitted.scale_interval[1] / fitted.scale_interval[0]) / (2.0 * 1.96)
    assert (np.abs(np.log(fitted.scale / scales)) < SIGMAS * log_error).all()
    assert not (np.abs(np.log(fitted.scale / (1.2 * scales))) < SIGMAS * log_error).any()
    assert np.array_equal(fitted.law.scale, fitted.scale)
    assert fitted.law.alpha == fitted.alpha
    assert fitted.verdict.startswith("Stable with alpha")


@pytest.mark.parametrize(("alpha", "trials"), [(1.2, 60), (1.7, 60), (1.95, 60)])
def test_intervals_of_alpha_hold_it_as_often_as_they_say(alpha, trials):
    right, wrong = covered(alpha, stable(alpha, (trials, 500, 4), 3) * [1.0, 9.0, 0.1, 1.0])
    assert right > fewest_covered(trials)
    assert wrong < fewest_covered(trials)


@pytest.mark.parametrize("trials", [50])
def test_intervals_know_of_the_dependence_of_coordinates(trials):
    """Twenty coordinates with one size: not twenty times as much is known as of one."""
    alpha = 1.5
    samples = sub_gaussian(alpha, np.eye(20), trials * 500, 2).reshape(trials, 500, 20)
    assert covered(alpha, samples)[0] > fewest_covered(trials)
    hits = 0
    for each in samples:  # errors of independent coordinates are too small
        fit = characteristic_fit(each)
        half = 1.96 * float(fit.alpha_error.mean()) / math.sqrt(20)
        hits += abs(float(fit.alpha.mean()) - alpha) < half
    assert hits < fewest_covered(trials)


def test_many_coordinates_are_fitted_piece_by_piece(monkeypatch):
    samples = stable(1.4, (300, 7), 5)
    whole = common_stable(samples)
    monkeypatch.setattr("levysde.statistics.common_stable._PIECE", 600)
    parts = common_stable(samples)
    assert parts.alpha == pytest.approx(whole.alpha, rel=1e-12)
    assert parts.alpha_error == pytest.approx(whole.alpha_error, rel=1e-12)


def test_skewness_is_that_of_the_draws():
    fitted = ls.noise.fit(stable(1.5, (4000, 1), 2, beta=0.7), law="independent")
    each = characteristic_fit(stable(1.5, (4000, 1), 2, beta=0.7))
    assert abs(float(fitted.law.beta[0]) - 0.7) < SIGMAS * float(each.beta_error[0]) < 0.5
    symmetric = ls.noise.fit(stable(1.5, (4000, 1), 2), law="independent")
    assert symmetric.law.beta == 0.0


def test_indices_of_coordinates():
    samples = np.concatenate([stable(a, (4000, 1), 7 + i) for i, a in enumerate((1.2, 1.8))], 1)
    fitted = ls.noise.fit(samples)
    assert fitted.law.name == "multifractal"
    errors = characteristic_fit(samples).alpha_error
    assert (np.abs(fitted.law.alphas - [1.2, 1.8]) < SIGMAS * errors).all()
    assert fitted.alpha == fitted.law.alpha < 1.3
    with pytest.raises(ValueError, match="has several; fit another law"):
        fitted.epsilon(0.01)


def test_isotropic_draws():
    samples = 3.0 * sub_gaussian(1.6, np.eye(4), 3000, 4)
    fitted = ls.noise.fit(samples)
    assert (fitted.law.name, fitted.supported) == ("isotropic", True)
    found = common_stable(samples)
    assert abs(fitted.alpha - 1.6) < SIGMAS * found.alpha_error
    assert abs(fitted.law.scale - 3.0) < SIGMAS * found.scale_error < 0.5


def test_elliptic_draws_have_their_shape():
    """Correlations within the errors of Tyler's estimate, (1 + 2/d)(1 - r^2)^2/n."""
    draws, dim = 4000, 3
    root = np.array([[1.0, 0.0, 0.0], [1.2, 1.6, 0.0], [0.0, -0.3, 0.4]])
    samples = sub_gaussian(1.5, root, draws, 6)
    square = root @ root.T
    unit = np.sqrt(np.diag(square))
    exact = square / np.outer(unit, unit)
    error = (1.0 - exact**2) * math.sqrt((1.0 + 2.0 / dim) / draws)
    found = shape_correlation(samples)
    off = ~np.eye(dim, dtype=bool)
    assert np.array_equal(np.diag(found), np.ones(dim))
    assert (np.abs(found - exact)[off] < SIGMAS * error[off]).all()
    assert (np.abs(np.corrcoef(samples.T) - exact)[off] > SIGMAS * error[off]).any()
    fitted = ls.noise.fit(samples)
    assert fitted.law.name == "elliptic"
    shape = fitted.law.matrix @ fitted.law.matrix.T
    assert np.allclose(shape, np.outer(fitted.scale, fitted.scale) * found, rtol=1e-9)
    errors = characteristic_fit(samples).scale_error
    assert (np.abs(fitted.scale - unit) < SIGMAS * errors).all()


def test_gaussian_law_has_the_covariance_of_the_samples():
    random = np.random.default_rng(3)
    u = random.standard_normal((20, 4))
    for draws in (150, 2000):
        samples = random.standard_t(3, (draws, 4)) @ random.standard_normal((4, 4))
        exact = np.exp(-0.5 * np.einsum("ij,jk,ik->i", u, np.cov(samples.T), u))
        for fitted in (ls.noise.gaussian_of(samples), ls.noise.fit(samples, "gaussian")):
            assert fitted.alpha == 2.0 == fitted.law.alpha
            assert np.allclose(fitted.law.characteristic(u).real, exact, rtol=1e-9)
            assert np.allclose(2.0 * fitted.scale**2, samples.var(axis=0, ddof=1))
        halved = np.exp(-0.25 * np.einsum("ij,jk,ik->i", u, np.cov(samples.T), u))
        assert not np.allclose(fitted.law.characteristic(u).real, halved, rtol=1e-2)


def test_gaussian_law_of_fewer_draws_than_coordinates():
    samples = np.random.default_rng(3).standard_normal((120, 200))
    fitted = ls.noise.gaussian_of(samples)
    assert fitted.law.matrix.shape == (200, 120)
    assert np.allclose(2.0 * fitted.law.matrix @ fitted.law.matrix.T, np.cov(samples.T))


def test_student_draws():
    samples = 2.0 * stats.t(4).rvs((2000, 3), random_state=2)
    fitted = ls.noise.fit(samples, law="student_t", batch=16)
    found = common_student(samples)
    assert fitted.law.name == "student_t"
    assert fitted.degrees_interval[0] < 4.0 < fitted.degrees_interval[1] < 6.0
    assert (np.abs(found.scale - 2.0) < SIGMAS * found.scale_error).all()
    assert not fitted.supported
    assert fitted.epsilon(0.01, batch=16) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="means of student_t draws are of another law"):
        fitted.epsilon(0.01, batch=32)
    trials = 200
    ends = [common_student(each).degrees_interval
            for each in stats.t(4).rvs((trials, 300, 2), random_state=4)]  # fmt: skip
    assert sum(low < 4.0 < high for low, high in ends) > fewest_covered(trials)
    assert sum(low < 12.0 < high for low, high in ends) < fewest_covered(trials)


def test_what_is_not_stable_is_fitted_with_a_warning():
    samples = stats.t(3).rvs((2000, 4), random_state=2)
    with pytest.warns(UserWarning, match="not supported by the samples .not stable., and indep"):
        fitted = ls.noise.fit(samples)
    assert not fitted.supported
    with pytest.warns(UserWarning, match="gaussian., and gaussian noise was fitted"):
        assert ls.noise.fit(np.random.default_rng(1).standard_normal((2000, 4))).alpha == 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.noise.fit(samples, "independent")


# ------------------------------------------------------------------------------ epsilon and batch


@pytest.fixture(scope="module")
def of_batch_8():
    return ls.noise.fit(stable(1.4, (2000, 2), 9, beta=0.6), law="independent", batch=8)


def test_law_of_a_larger_batch_is_that_of_means(of_batch_8):
    """E exp(iu.(X_1 + ... + X_k)/k) = (E exp(iu.X/k))^k, of skewed noise too."""
    u = np.random.default_rng(1).standard_normal((30, 2))
    assert np.any(of_batch_8.law.beta)
    means = of_batch_8.law.characteristic(u / 4.0) ** 4
    assert np.allclose(of_batch_8.at_batch(32).characteristic(u), means, rtol=1e-12)
    assert not np.allclose(of_batch_8.at_batch(16).characteristic(u), means, rtol=1e-2)


def test_epsilon_is_that_of_learning_rate_and_batch(of_batch_8):
    alpha = of_batch_8.alpha
    assert of_batch_8.epsilon(0.01) == pytest.approx(0.01 ** (1.0 - 1.0 / alpha), rel=1e-12)
    assert of_batch_8.epsilon(0.01, batch=80) == pytest.approx(of_batch_8.epsilon(0.001), rel=1e-12)
    given = {"paths": 50, "horizon": 30.0, "seed": 3}
    basin = ls.basins.flat(2)
    one = ls.escape_times(basin, SGD, of_batch_8.at_batch(32), lr=0.01, **given)
    epsilon = of_batch_8.epsilon(0.01, batch=32)
    other = ls.escape_times(basin, SGD, of_batch_8.law, epsilon, dt=0.01, **given)
    assert np.array_equal(one.times, other.times)
    assert np.allclose(one.exit_position, other.exit_position, rtol=1e-9)


def test_batch_must_be_known():
    fitted = ls.noise.gaussian_of(np.random.default_rng(1).standard_normal((200, 1)))
    with pytest.raises(ValueError, match="that of the samples is not known; give"):
        fitted.epsilon(0.01, batch=4)
    with pytest.raises(ValueError, match="batch is 0; give"):
        fitted.at_batch(0)
    with pytest.raises(ValueError, match="lr is -1; give a positive number"):
        fitted.epsilon(-1)


# ---------------------------------------------------------------------------------- the prediction


def exact_mean(alpha, size):
    """Of (-1, 1): size^-alpha alpha/(2 c_alpha), c_alpha = Gamma(1 + a) sin(pi a/2)/pi."""
    return (
        size**-alpha * alpha * math.pi / (2.0 * gamma(1.0 + alpha) * math.sin(alpha * math.pi / 2))
    )


def test_uncertainty_of_alpha_is_carried_into_the_mean():
    fitted = ls.noise.fit(stable(1.5, (4000, 1), 1), law="independent", batch=4)
    told = fitted.predict(FLAT, SGD, epsilon=1e-3)
    (scale,), (low, high) = fitted.scale, fitted.alpha_interval
    assert told.mean == pytest.approx(exact_mean(fitted.alpha, 1e-3 * scale), rel=1e-9)
    ends = [exact_mean(alpha, 1e-3 * scale) for alpha in (low, high)]
    assert told.mean_interval == pytest.approx(ends, rel=1e-9)
    steps = [exact_mean(fitted.alpha + shift, 1e-3 * scale) for shift in (-0.025, 0.025)]
    assert told.sensitivity == pytest.approx(steps[1] / steps[0], rel=1e-2)
    assert told.sensitivity > 1e-3**-0.05 > 1.4
    assert "0.05 more in alpha is a factor of 1." in " ".join(str(told).split())
    assert "an error of 0.05 in alpha is a factor of about 1.4" in " ".join(str(fitted).split())


def test_learning_rate_changes_epsilon_with_alpha():
    fitted = ls.noise.fit(stable(1.5, (4000, 1), 1), law="independent", batch=4)
    told = fitted.predict(FLAT, SGD, lr=1e-3, batch=16)
    expected = []
    for alpha in (fitted.alpha, *fitted.alpha_interval):
        size = fitted.scale[0] * (1e-3 * 4 / 16) ** (1.0 - 1.0 / alpha)
        expected.append(exact_mean(alpha, size))
    assert (told.mean, *told.mean_interval) == pytest.approx(tuple(expected), rel=1e-9)


def test_interval_that_reaches_two_has_no_largest_mean():
    fitted = ls.noise.fit(np.random.default_rng(1).standard_normal((2000, 1)), "independent")
    assert fitted.alpha_interval[1] == 2.0
    told = fitted.predict(FLAT, SGD, epsilon=0.01)
    low, high = told.mean_interval
    assert math.isfinite(low)
    assert math.isinf(high)
    gaussian = ls.noise.gaussian_of(np.random.default_rng(1).standard_normal((2000, 1)))
    told = gaussian.predict(FLAT, SGD, epsilon=0.01)
    assert math.isinf(told.mean)
    assert "at alpha = 2 noise has none" in str(told)


# ------------------------------------------------------------------------------------- bad input


SOME = np.random.default_rng(1).standard_normal((200, 2))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"samples": SOME[:, 0]}, r"shape \(200,\); give shape \(draws, coordinates\)"),
        ({"samples": SOME[:50]}, "has 50 draws; give at least 100"),
        ({"samples": np.where(SOME > 2.0, np.nan, SOME)}, "samples has nan in draw"),
        ({"samples": np.zeros((200, 0))}, "samples has no coordinates"),
        ({"samples": SOME * [1.0, 0.0]}, "same value in all draws of coordinate 1; leave it out"),
        ({"samples": "x"}, "give an array of real numbers"),
        ({"law": "levy"}, "unknown law 'levy'; known: auto, independent"),
        ({"level": 2.0}, "level is 2.0; give a number between 0 and 1"),
        ({"batch": 1.5}, "batch is 1.5; give a whole number"),
        ({"law": "elliptic", "samples": np.random.default_rng(1).standard_normal((150, 160))},
         "150 draws of 160 coordinates; an elliptical law needs more"),
        ({"law": "elliptic", "samples": SOME[:, [0, 0]]}, "linear functions of others"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        ls.noise.fit(**{"samples": SOME, "law": "independent"} | change)
    if "samples" in change and "law" not in change:
        with pytest.raises(ValueError, match=sentence):
            ls.noise.gaussian_of(change["samples"])


def test_fitted_noise_can_be_sent_to_a_worker(of_batch_8):
    again = pickle.loads(pickle.dumps(of_batch_8))
    assert again.epsilon(0.1) == of_batch_8.epsilon(0.1)
    assert again.at_batch(9).alpha == of_batch_8.alpha
    assert repr(again) == repr(of_batch_8)
    assert "2 coordinates" in repr(again) or "coordinates=2" in repr(again)
