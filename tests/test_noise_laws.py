"""Every law of the noise against its characteristic function, in every layout."""

import functools
import math
from importlib.resources import files

import numpy as np
import pytest
from naive import noise_increments
from scipy import special, stats

import levysde as ls
from levysde.engine.random.look_up import tabulated_radius
from levysde.engine.random.quantile import radius_table
from levysde.engine.random.variates import gaussian_pair, positive_constants, positive_stable
from levysde.noise.sphere import lower_triangular

SIGMAS = 4.0
SIZE = 400_000
MATRIX = np.array([[1.0, 0.4], [-0.3, 0.8]])
LONG_MATRIX = np.array([[1.0, 0.4, 0.0], [-0.3, 0.8, 0.5]])
DIRECTIONS = np.array([[1.0, 0.0], [0.6, 0.8], [-0.6, 0.8]])

LAWS = {
    "independent": lambda a: ls.noise.independent(a, [1.0, 0.5]),
    "skewed": lambda a: ls.noise.independent(a, [1.0, 0.5], [0.7, -1.0]),
    "multifractal": lambda a: ls.noise.multifractal([a, 0.5 * (a + 2.0)], [1.0, 0.5]),
    "mixed": lambda a: ls.noise.mixed(a, LONG_MATRIX),
    "spectral": lambda a: ls.noise.spectral(a, DIRECTIONS, [1.0, 0.5, 0.2]),
    "isotropic": lambda a: ls.noise.isotropic(a, 0.7),
    "elliptic": lambda a: ls.noise.elliptic(a, MATRIX),
    "elliptic, three drivers": lambda a: ls.noise.elliptic(a, LONG_MATRIX),
    "several indices, skewed": lambda a: ls.noise.Columns(
        "mine", {}, [a, 0.5 * (a + 2.0)], [1.0, 0.5], [0.7, -1.0]
    ),
}
ALPHAS = [0.3, 0.8, 1.2, 1.5, 1.8, 1.99, 2.0]
ARGUMENTS = np.array([[0.5, 0.0], [0.0, 1.0], [0.7, 0.7], [0.7, -0.7], [-1.5, 0.4], [0.2, 2.0]])


@functools.cache
def drawn(name, alpha):
    return ls.noise.sample(LAWS[name](alpha), SIZE, seed=21, dim=2)


def z_of_characteristic(draws, law, u):
    """Standardized differences of the real and imaginary parts of the mean of exp(i u.L)."""
    phase = draws @ u
    exact, doubled = law.characteristic(np.array([u, 2.0 * u]))
    difference = complex(np.cos(phase).mean(), np.sin(phase).mean()) - exact
    real = math.sqrt(max(0.5 * (1.0 + doubled.real) - exact.real**2, 1e-300) / len(draws))
    imaginary = math.sqrt(max(0.5 * (1.0 - doubled.real) - exact.imag**2, 1e-300) / len(draws))
    return abs(difference.real) / real, abs(difference.imag) / imaginary


@pytest.mark.parametrize(("name", "alpha"), [(name, ALPHAS[i % 7]) for i, name in enumerate(LAWS)])
def test_characteristic_function_along_oblique_directions(name, alpha):
    law, draws = LAWS[name](alpha), drawn(name, alpha)
    worst = max(max(z_of_characteristic(draws, law, u)) for u in ARGUMENTS)
    assert worst < SIGMAS


@pytest.mark.parametrize("name", LAWS)
def test_another_law_is_rejected(name):
    """The twin: draws of index 1.5 do not have the characteristic function of index 1.53."""
    draws, other = drawn(name, 1.5), LAWS[name](1.53)
    assert any(max(z_of_characteristic(draws, other, u)) > SIGMAS for u in ARGUMENTS)


def test_coordinates_of_isotropic_noise_are_dependent():
    draws, independent = drawn("isotropic", 1.5), ls.noise.independent(1.5, 0.7)
    worst = max(max(z_of_characteristic(draws, independent, u)) for u in ARGUMENTS)
    assert worst > 5.0 * SIGMAS


@pytest.mark.parametrize(("dim", "alpha"), [(3, 0.4), (40, 1.5)])
def test_isotropic_law_in_many_dimensions(dim, alpha):
    law = ls.noise.isotropic(alpha)
    draws = ls.noise.sample(law, 100_000, seed=24, dim=dim)
    rng = np.random.default_rng(1)
    for u in rng.standard_normal((4, dim)) / math.sqrt(dim):
        assert max(z_of_characteristic(draws, law, u)) < SIGMAS
    # The direction is uniform: the mean of any coordinate's sign vanishes, and squares add to 1.
    signs = np.sign(draws).mean(axis=0) * math.sqrt(len(draws))
    assert np.abs(signs).max() < SIGMAS + 1.0


def some(*shape):
    return np.random.default_rng(2).standard_normal(shape)


WIDE = {
    "wide, isotropic": ls.noise.isotropic,
    "wide, elliptic": lambda a: ls.noise.elliptic(a, some(40, 5)),
    "wide, along the axes": lambda a: ls.noise.elliptic(a, np.diag(np.abs(some(40)))),
    "wide, mixed": lambda a: ls.noise.mixed(a, some(40, 5)),
    "wide, banded": lambda a: ls.noise.mixed(a, np.tril(some(40, 40), 3)),
    "wide, skewed": lambda a: ls.noise.independent(a, np.abs(some(40)) + 0.1, np.tanh(some(40))),
}
LAYOUTS = {**LAWS, **WIDE}
FEW_LAYOUTS = (*LAWS, "wide, elliptic", "wide, mixed", "wide, skewed")


@pytest.mark.parametrize(
    ("name", "alpha"), [(name, (0.3, 1.5, 1.99)[i % 3]) for i, name in enumerate(FEW_LAYOUTS)]
)
def test_compiled_increments_are_the_plain_functions(name, alpha):
    """In both layouts: the same words, the same arithmetic in the same order, the same bits."""
    law, dim = LAYOUTS[name](alpha), 40 if name in WIDE else 2
    part = law.part(dim, 0.1, 0.01)
    draws = ls.noise.sample(law, 30, seed=5, epsilon=0.1, dt=0.01, dim=dim)
    for path in (0, 7, 29):
        plain = noise_increments(part, dim, np.uint64(5), np.uint64(path), np.uint64(0))
        assert (draws[path] == plain).all()


def test_increments_scale_with_the_step():
    for name, make in LAWS.items():
        law = make(1.5)
        unit = ls.noise.sample(law, 50, seed=1, dim=2)
        short = ls.noise.sample(law, 50, seed=1, epsilon=0.1, dt=0.01, dim=2)
        assert law.several_indices == (name in ("multifractal", "several indices, skewed"))
        alphas = np.array([1.5, 1.75]) if law.several_indices else 1.5
        assert short == pytest.approx(unit * 0.1 * 0.01 ** (1.0 / alphas), rel=1e-13)


def test_skewed_law_is_that_of_nolans_tables():
    folder = files("scipy.stats.tests.data.levy_stable")
    with (folder / "stable-Z1-cdf-sample-data.npy").open("rb") as file:
        table = np.load(file, allow_pickle=False)
    worst = 0.0
    for alpha in (0.5, 0.8, 1.2, 1.5, 1.9):
        for beta in (-1.0, -0.5, 0.3, 1.0):
            chosen = (np.abs(table[:, 2] - alpha) < 1e-6) & (np.abs(table[:, 3] - beta) < 1e-6)
            assert chosen.sum() >= 8
            x, probability = table[chosen, 0], table[chosen, 1]
            draws = ls.noise.sample(ls.noise.independent(alpha, 1.0, beta), 200_000, seed=31)[:, 0]
            below = np.searchsorted(np.sort(draws), x, side="right") / draws.size
            error = np.sqrt(probability * (1.0 - probability) / draws.size)
            worst = max(worst, float(np.abs((below - probability) / error).max()))
            mirrored = (np.mean(draws <= 0.0) - np.mean(draws >= 0.0)) / math.sqrt(1.0 / draws.size)
            assert abs(mirrored) > SIGMAS  # the twin: it is not symmetric
    assert worst < SIGMAS


def test_skewed_tails_are_in_the_ratio_of_the_jumps():
    draws = ls.noise.sample(ls.noise.independent(1.5, 1.0, 0.5), 2_000_000, seed=32)[:, 0]
    up, down = np.count_nonzero(draws > 100.0), np.count_nonzero(draws < -100.0)
    # (1 + beta)/(1 - beta) = 3: up is binomial with probability 3/4.
    total = up + down
    assert total > 500
    assert abs(up - 0.75 * total) < SIGMAS * math.sqrt(total * 0.75 * 0.25)


def test_normal_pairs_are_box_and_mullers():
    """The length from the upper 32 bits, the angle from 30, the signs from two."""
    rng = np.random.default_rng(5)
    words = rng.integers(0, 2**64, 300, dtype=np.uint64)
    words[:4] = [0, 2**64 - 1, 0xFFFFFFFF, 1 << 31]
    for word in words:
        x, y = gaussian_pair(word)
        upper, lower = divmod(int(word), 2**32)
        length = 2.0 * math.sqrt(-math.log((upper + 0.5) / 2.0**32))
        angle = math.pi * (lower % 2**30 + 0.5) / 2.0**31
        signs = [-1.0 if lower >> bit & 1 else 1.0 for bit in (31, 30)]
        assert x == pytest.approx(signs[0] * length * math.cos(angle), rel=1e-14)
        assert y == pytest.approx(signs[1] * length * math.sin(angle), rel=1e-14)


def test_a_matrix_is_made_triangular_without_changing_the_law():
    rng = np.random.default_rng(6)
    for shape in [(1, 1), (1, 4), (4, 1), (3, 5), (5, 3), (6, 6)]:
        matrix = rng.standard_normal(shape)
        matrix[:, -1] *= 1e-9
        lower = lower_triangular(matrix)
        assert lower.shape == (shape[0], min(shape))
        assert (np.triu(lower, 1) == 0.0).all()
        assert lower @ lower.T == pytest.approx(matrix @ matrix.T, rel=1e-13, abs=1e-14)
    singular = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    lower = lower_triangular(singular)
    assert lower @ lower.T == pytest.approx(singular @ singular.T, rel=1e-13, abs=1e-13)
    diagonal = np.diag([2.0, -1.0, 0.5])
    assert (lower_triangular(diagonal) == diagonal).all()


@pytest.mark.parametrize("alpha", [0.3, 0.6, 1.5, 1.99])
def test_positive_variates_are_the_formula_of_kanter(alpha):
    """M. Kanter, Ann. Probab. 3 (1975) 697; another exponent or angle gives other numbers."""
    a = 0.5 * alpha
    for u, w in np.random.default_rng(5).uniform(1e-6, 1.0 - 1e-6, (200, 2)):
        angle, exponential = math.pi * (1.0 - u), -math.log(w)
        bend = (math.sin((1.0 - a) * angle) / exponential) ** ((1.0 - a) / a)
        expected = math.sin(a * angle) / math.sin(angle) ** (1.0 / a) * bend
        found = positive_stable(u, w, *positive_constants(a))
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [2000])
@pytest.mark.parametrize("alpha", [0.6, 1.5])
def test_positive_law_has_its_laplace_transform(alpha, count):
    rng = np.random.default_rng(3)
    uniforms = rng.uniform(1e-12, 1.0, (count, 2))
    draws = np.array([positive_stable(u, w, *positive_constants(0.5 * alpha)) for u, w in uniforms])
    for s in (0.3, 1.0, 3.0):
        values = np.exp(-s * draws)
        error = values.std() / math.sqrt(values.size)
        assert abs(values.mean() - math.exp(-(s ** (0.5 * alpha)))) < SIGMAS * error


def test_radius_table_inverts_the_exact_law_at_alpha_one():
    """There S is the Levy law: P(sqrt(S) > r) = erf(1/(2 r))."""
    table = radius_table(1.0)
    rng = np.random.default_rng(4)
    k = np.concatenate([rng.random(500) * 2.0**52, 2.0 ** rng.uniform(0.0, 52.0, 500)])
    k = k.astype(np.uint64)
    v = (k + 0.5) * 2.0**-52
    shifted = k << np.uint64(12)
    above = np.array([tabulated_radius(word | np.uint64(1), table, 0) for word in shifted])
    below = np.array([tabulated_radius(word, table, 0) for word in shifted])
    assert special.erf(0.5 / above) == pytest.approx(0.5 * v, rel=2e-8)
    assert special.erfc(0.5 / below) == pytest.approx(0.5 * v, rel=2e-8)


@pytest.mark.parametrize("alpha", [0.5, 1.2, 1.98])
def test_radius_table_has_the_laplace_transform(alpha):
    """E exp(-s R^2) = exp(-s^(alpha/2)), by the midpoint rule in the probability."""
    table, count = radius_table(alpha), 20_000
    words = ((np.arange(count) + 0.5) / count * 2.0**52).astype(np.uint64) << np.uint64(12)
    above = np.array([tabulated_radius(word | np.uint64(1), table, 0) for word in words])
    below = np.array([tabulated_radius(word, table, 0) for word in words])
    for s in (0.3, 1.0, 3.0):
        mean = 0.5 * (np.exp(-s * above**2).mean() + np.exp(-s * below**2).mean())
        # The midpoint rule errs by the curvature at the ends, where exp(-s R^2) is flat or small.
        assert mean == pytest.approx(math.exp(-(s ** (0.5 * alpha))), abs=3e-7)


@pytest.mark.parametrize("name", LAWS)
def test_alpha_two_is_gaussian_for_every_law(name):
    if name == "skewed":
        law = ls.noise.independent(2.0, [1.0, 0.5], [0.7, -1.0])
    else:
        law = LAWS[name](2.0)
    draws = ls.noise.sample(law, 100_000, seed=41, dim=2)
    for direction in ([1.0, 0.0], [0.6, 0.8]):
        projected = draws @ np.array(direction)
        # exp(-c u^2) is the normal law of variance 2 c.
        variance = -2.0 * math.log(law.characteristic([direction])[0].real)
        normal = stats.norm(scale=math.sqrt(variance)).cdf
        assert stats.kstest(projected, normal, method="asymp").pvalue > 6e-5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ls.noise.independent(1.5, 1.0, 1.1), "beta is 1.1"),
        (lambda: ls.noise.independent(1.0, 1.0, 0.5), "at alpha = 1"),
        (lambda: ls.noise.independent(1.5, [1.0, 2.0], [0.1, 0.2, 0.3]), "scale has 2 numbers"),
        (lambda: ls.noise.mixed(1.5, [1.0, 2.0]), "noise matrix has shape"),
        (lambda: ls.noise.mixed(1.5, [[0.0, 0.0]]), "noise matrix is zero"),
        (lambda: ls.noise.mixed(1.5, [[math.nan]]), "matrix is"),
        (lambda: ls.noise.mixed(0.05, [[1.0]]), "alpha is 0.05"),
        (lambda: ls.noise.elliptic(1.5, [[math.inf]]), "matrix is"),
        (lambda: ls.noise.elliptic(2.5, [[1.0]]), "alpha is 2.5"),
        (lambda: ls.noise.isotropic(1.5, 0.0), "scale is 0"),
        (lambda: ls.noise.isotropic(1.5, -1.0), "scale is -1"),
        (lambda: ls.noise.spectral(1.5, [[0.0, 0.0]], [1.0]), "direction 0 is zero"),
        (lambda: ls.noise.spectral(1.5, [[1.0, 0.0]], [0.0]), "weights is"),
        (lambda: ls.noise.spectral(1.5, [[1.0, 0.0]], [1.0, 2.0]), "weights has 2 numbers"),
        (lambda: ls.noise.spectral(1.5, [1.0, 0.0], [1.0]), "directions has shape"),
        (lambda: ls.noise.spectral(0.1, [[1.0, 0.0]], [1e300]), "weights nearer"),
        (lambda: ls.noise.multifractal(1.5), "alphas is 1.5"),
        (lambda: ls.noise.multifractal([1.5, 3.0]), "alpha is 3"),
        (lambda: ls.noise.multifractal([1.5, 1.2], [1.0]), "scales has 1 numbers"),
        (lambda: ls.noise.multifractal([1.5, 1.2], 0.0), "scales is"),
    ],
)
def test_wrong_laws_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
