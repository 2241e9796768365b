import math
from importlib.resources import files

import mpmath as mp
import numpy as np
import pytest
from naive import stable_from_uniforms
from scipy import stats

import levysde as ls
from levysde import theory
from levysde.engine.random.look_up import tabulated_stable
from levysde.engine.random.philox import random_words, uniform_pair
from levysde.engine.random.quantile import cell_ends, has_table, quantile_table
from levysde.engine.random.variates import stable_constants, symmetric_stable

SIGMAS = 4.0
_ONE, _TWELVE = np.uint64(1), np.uint64(12)
ALPHAS = [0.1, 0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 1.8, 2.0]


def sample(alpha, size, seed=3, **options):
    return ls.noise.sample(ls.noise.independent(alpha), size, seed, **options)[:, 0]


@pytest.fixture(scope="module")
def nolan():
    """Distribution functions by J. Nolan's program STABLE, as scipy ships them: x, P, alpha."""
    folder = files("scipy.stats.tests.data.levy_stable")
    with (folder / "stable-Z1-cdf-sample-data.npy").open("rb") as file:
        table = np.load(file, allow_pickle=False)
    x, probability, alphas, beta, _ = table.T
    rows = {}
    for alpha in np.unique(alphas):
        chosen = (beta == 0.0) & (alphas == alpha)
        order = np.argsort(x[chosen])
        rows[round(float(alpha), 1)] = (x[chosen][order], probability[chosen][order])
    return rows


def z_scores(draws, points, probability):
    observed = np.searchsorted(np.sort(draws), points, side="right") / draws.size
    error = np.sqrt(probability * (1.0 - probability) / draws.size)
    return (observed - probability) / error


def test_nolan_tables_cover_the_range(nolan):
    assert set(nolan) == {round(0.1 * k, 1) for k in range(1, 21)}
    assert all(len(points) >= 11 for points, _ in nolan.values())


def test_distribution_is_that_of_nolans_tables(nolan):
    worst = 0.0
    for alpha, (points, probability) in nolan.items():
        z = z_scores(sample(alpha, 400_000), points, probability)
        worst = max(worst, float(np.abs(z).max()))
    assert worst < SIGMAS


def test_a_wrong_index_is_rejected(nolan):
    for alpha, wrong in ((0.5, 0.52), (1.5, 1.53), (2.0, 1.96)):
        points, probability = nolan[alpha]
        z = z_scores(sample(wrong, 400_000), points, probability)
        assert np.abs(z).max() > 1.5 * SIGMAS


@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.2, 1.5, 1.8])
def test_tail_has_the_constant_of_the_law(alpha):
    """P(|L| > x) = K x^-alpha (1 + O(x^-alpha)), K = 2 Gamma(alpha) sin(pi alpha/2)/pi."""
    draws = np.abs(sample(alpha, 2_000_000))
    constant = 2.0 * math.gamma(alpha) * math.sin(math.pi * alpha / 2.0) / math.pi
    for tail in (1e-3, 1e-4):
        x = (constant / tail) ** (1.0 / alpha)
        second = math.gamma(2.0 * alpha) * math.sin(math.pi * alpha) / math.pi
        expected = tail - second * x ** (-2.0 * alpha)
        third_at_most = math.gamma(3.0 * alpha) / (3.0 * math.pi) * x ** (-3.0 * alpha)
        error = math.sqrt(tail / draws.size)
        assert abs(np.mean(draws > x) - expected) < SIGMAS * error + third_at_most


@pytest.mark.parametrize("alpha", ALPHAS)
def test_logarithm_has_the_exact_mean_and_variance(alpha):
    """E log|X| = gamma (1/alpha - 1), Var log|X| = (pi^2/6)(1/alpha^2 + 1/2)."""
    logs = np.log(np.abs(sample(alpha, 400_000, seed=4)))
    mean = np.euler_gamma * (1.0 / alpha - 1.0)
    variance = math.pi**2 / 6.0 * (1.0 / alpha**2 + 0.5)
    assert abs(logs.mean() - mean) < SIGMAS * math.sqrt(variance / logs.size)
    fourth = np.mean((logs - mean) ** 4)
    assert abs(logs.var() - variance) < SIGMAS * math.sqrt((fourth - variance**2) / logs.size)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_characteristic_function(alpha):
    draws = sample(alpha, 400_000, seed=5)
    for u in (0.1, 0.5, 1.0, 2.0):
        phi = math.exp(-(u**alpha))
        error = math.sqrt((0.5 * (1.0 + math.exp(-((2.0 * u) ** alpha))) - phi**2) / draws.size)
        assert abs(np.cos(u * draws).mean() - phi) < SIGMAS * error


def test_the_twin_with_alpha_sin_v_is_rejected():
    """A sampler with alpha sin(V) for sin(alpha V) gives finite draws of the wrong law."""
    alpha, size = 1.5, 100_000
    rng = np.random.default_rng(6)
    v, w = math.pi * (rng.random(size) - 0.5), rng.standard_exponential(size)
    wrong = (
        alpha * np.sin(v) / np.cos(v) ** (1.0 / alpha)
        * (np.cos((1.0 - alpha) * v) / w) ** ((1.0 - alpha) / alpha)
    )  # fmt: skip
    error = math.sqrt(0.5 / size)
    assert abs(np.cos(wrong).mean() - math.exp(-1.0)) > 3.0 * SIGMAS * error


def test_alpha_two_is_normal_with_variance_two():
    draws, normal = sample(2.0, 400_000, seed=8), stats.norm(scale=math.sqrt(2.0)).cdf
    assert stats.kstest(draws[:100_000], normal, method="asymp").pvalue > 6e-5
    assert abs(draws.var() - 2.0) < SIGMAS * 2.0 * math.sqrt(2.0 / draws.size)


def test_alpha_one_is_the_tangent():
    for u in (2.0**-53, 0.1, 0.5 - 2.0**-53, 0.75, 1.0 - 2.0**-53):
        with mp.workdps(40):
            exact = float(-mp.cot(mp.pi * mp.mpf(u)))
        assert symmetric_stable(u, 0.3, *stable_constants(1.0)) == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_plain_function_is_the_formula_of_the_paper(alpha):
    rng = np.random.default_rng(7)
    for u, w in rng.uniform(0.01, 0.99, (200, 2)):
        value = symmetric_stable(u, w, *stable_constants(alpha))
        assert value == pytest.approx(stable_from_uniforms(u, w, alpha), rel=1e-12, abs=1e-14)


TABLE_ALPHAS = [0.5, 0.6, 0.8, 0.99, 1.0, 1.01, 1.1, 1.3, 1.5, 1.7, 1.9, 1.99, 1.9999, 2.0]


@pytest.mark.parametrize(("alpha", "count"), [(alpha, 100) for alpha in TABLE_ALPHAS])
def test_table_inverts_the_distribution_function(alpha, count):
    """P(|X| > Q(v)) = v to 2e-8 of v, from v = 2^-53 to 1, with the tail of another derivation."""
    rng = np.random.default_rng(1)
    shares = np.concatenate([rng.random(count), 1.0 - 1e-3 * rng.random(count // 10)])
    k = np.concatenate([shares * 2.0**52, 2.0 ** rng.uniform(0.0, 52.0, count), [0.0]])
    k = k.astype(np.uint64)
    v = (k + 0.5) * 2.0**-52
    table = quantile_table(alpha)
    x = np.array([tabulated_stable((word << np.uint64(12)) | np.uint64(1), table) for word in k])
    near_zero = v > 1.0 - 1e-3  # there both sides lose digits of 1 - v
    error = 2.0 * theory.stable_tail(x, alpha) / v - 1.0
    assert np.abs(error[~near_zero]).max() < 2e-8
    assert np.abs(error[near_zero]).max() < 2e-8
    other = 2.0 * theory.stable_tail(x, alpha - 1e-4) / v - 1.0
    assert np.abs(other).max() > 1e-5  # its twin


@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0])
def test_table_is_continuous_and_odd(alpha):
    """Cells meet: across an end of a cell the quantile falls by what the slope says."""
    table = quantile_table(alpha)
    k = np.array([int(end * 2.0**52) for end in cell_ends()[1:-1] if end >= 2.0**-32], np.uint64)
    left = np.array([tabulated_stable((i - _ONE) << _TWELVE | _ONE, table) for i in k])
    right = np.array([tabulated_stable(i << _TWELVE | _ONE, table) for i in k])
    assert (left >= right).all()
    # Q'/Q is at most about 1/(alpha v), and the two arguments differ by 2^-52.
    assert (left - right <= right * (1e-13 + 3.0 / k.astype(float))).all()
    assert tabulated_stable(k[3] << _TWELVE, table) == -right[3]


def test_table_and_formula_share_the_range():
    for alpha in (0.1, 0.49, 0.991, 1.0049):
        assert not has_table(alpha)
        assert ls.noise.independent(alpha).part(1, 1.0, 1.0).words == 2
    for alpha in TABLE_ALPHAS:
        assert ls.noise.independent(alpha).part(1, 1.0, 1.0).words == 1


@pytest.mark.parametrize("alpha", ALPHAS)
def test_extreme_uniforms_stay_finite_and_odd(alpha):
    ends = [2.0**-53, 0.5 - 2.0**-53, 0.5 + 2.0**-53, 1.0 - 2.0**-53]
    for u in ends:
        for w in ends:
            value = symmetric_stable(u, w, *stable_constants(alpha))
            assert math.isfinite(value)
            assert value == -symmetric_stable(1.0 - u, w, *stable_constants(alpha))


def test_sample_is_addressed_and_scaled():
    noise = ls.noise.independent(1.5, scale=[1.0, 2.0, 0.5])
    draws = ls.noise.sample(noise, 700, seed=9, epsilon=0.1, dt=0.01)
    assert draws.shape == (700, 3)
    assert (ls.noise.sample(noise, 10, seed=9, epsilon=0.1, dt=0.01) == draws[:10]).all()
    for path, j in ((0, 0), (300, 1), (699, 2)):
        words = random_words(np.uint64(9), np.uint64(path), np.uint64(0), np.uint64(j % 2))
        factor = 0.1 * 0.01 ** (1.0 / 1.5) * noise.scale[j]
        exact = factor * tabulated_stable(words[j // 2], quantile_table(1.5))
        assert draws[path, j] == pytest.approx(exact, rel=1e-14)
    formula = ls.noise.sample(ls.noise.independent(0.3), 10, seed=9, dim=2)
    u, w = uniform_pair(np.uint64(9), np.uint64(4), np.uint64(0), np.uint64(1))
    assert formula[4, 1] == symmetric_stable(u, w, *stable_constants(0.3))


DIMENSIONS = (1, 2, 3, 31, 32, 33, 40, 47, 100)
"""Each up to 32 is compiled by itself, and those beyond together."""


@pytest.mark.parametrize(
    ("alpha", "dim"), [(0.3, 1), (0.3, 3), *((1.3, dim) for dim in (2, 31, 33, 40, 47, 100))]
)
def test_every_coordinate_has_a_number_of_its_own(alpha, dim):
    draws = ls.noise.sample(ls.noise.independent(alpha), 100, seed=1, dim=dim)
    assert np.isfinite(draws).all()
    assert len(np.unique(np.abs(draws))) == draws.size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"alpha": 0.0}, "alpha is 0"),
        ({"alpha": 2.1}, "alpha is 2.1"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"alpha": "1.5"}, "alpha is '1.5'"),
        ({"alpha": True}, "alpha is True"),
        ({"alpha": 1.5, "scale": 0.0}, "scale is 0"),
        ({"alpha": 1.5, "scale": [1.0, -1.0]}, "scale is"),
        ({"alpha": 1.5, "scale": [1.0, math.inf]}, "scale is"),
        ({"alpha": 1.5, "scale": [[1.0]]}, "scale has shape"),
        ({"alpha": 1.5, "scale": "wide"}, "scale is 'wide'"),
    ],
)
def test_wrong_laws_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ls.noise.independent(**arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": 1.5}, "size is 1.5"),
        ({"size": 1, "seed": -1}, "seed is -1"),
        ({"size": 1, "seed": 2**64}, "seed is 18446744073709551616"),
        ({"size": 1, "epsilon": 0.0}, "epsilon is 0"),
        ({"size": 1, "dt": math.inf}, "dt is inf"),
        ({"size": 1, "dim": 3}, "of dimension 2 and the basin of dimension 3"),
    ],
)
def test_wrong_samples_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        ls.noise.sample(ls.noise.independent(1.5, [1.0, 2.0]), **options)
