"""Tempered stable noise, and the quantile tables that are made from characteristic functions."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy import integrate, stats

import levysde as ls
from levysde import spec
from levysde.cli import main
from levysde.engine.jump_parts import levy_constant
from levysde.engine.random.inversion import SMALLEST, beyond, inverted_table
from levysde.engine.random.quantile import cell_ends, quantile_table
from levysde.noise.tempered import _exponent, _table

SIGMAS = 4.0
SIZE = 200_000
FLAT, SGD = ls.basins.flat(), ls.dynamics.sgd()

EXACT = {
    "normal": (lambda u: (u * u, 2.0 * u), stats.norm(scale=math.sqrt(2.0))),
    "Cauchy": (lambda u: (u, np.ones_like(u)), stats.cauchy()),
    "Laplace": (lambda u: (np.log1p(u * u), 2.0 * u / (1.0 + u * u)), stats.laplace()),
    # The sum of three Laplace variables, as the difference of two gamma variables.
    "gamma": (lambda u: (3.0 * np.log1p(u * u), 6.0 * u / (1.0 + u * u)), None),
}


def gamma_difference(x):
    """P(|G_1 - G_2| > x) of gamma variables of shape 3: its density is a polynomial times e^-x."""

    def density(y):
        return (3.0 + 3.0 * y + y * y) * math.exp(-y) / 8.0

    return np.array([integrate.quad(density, start, math.inf)[0] for start in x])


# -------------------------------------------------------------------------- from the exponent alone


@pytest.mark.parametrize("name", EXACT)
def test_distribution_functions_from_exponents(name):
    exponent, law = EXACT[name]
    x = np.geomspace(1e-3, 80.0, 60)
    probability, derivative = beyond(exponent, x)
    exact = gamma_difference(x) if law is None else 2.0 * law.sf(x)
    np.testing.assert_allclose(probability, exact, rtol=0.0, atol=2e-13 if law else 1e-9)
    if law is not None:
        np.testing.assert_allclose(derivative, -2.0 * law.pdf(x), rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.5, 1.2, 1.9])
def test_the_table_of_the_stable_law(alpha):
    """The table that is made of another formula, by another quadrature."""

    def exponent(u):
        return u**alpha, alpha * u ** (alpha - 1.0)

    def tail(x):
        return -alpha * np.log(x), np.full_like(x, -alpha)

    found = inverted_table(exponent, 1.0, tail).reshape(-1, 4)[:, 0]
    exact = quantile_table(alpha).reshape(-1, 4)[:, 0]
    middle = cell_ends()[:-1] >= SMALLEST
    np.testing.assert_allclose(found[middle], exact[middle], rtol=1e-9)
    np.testing.assert_allclose(found, exact, rtol=1e-8)
    other = quantile_table(alpha + 0.01).reshape(-1, 4)[:, 0]
    assert abs(found / other - 1.0).max() > 1e-3


# ----------------------------------------------------------------------------------------- the law


def psi_by_quadrature(alpha, length, u):
    """int (1 - cos uy) c |y|^(-1-alpha) exp(-|y|/length) dy, with y = e^s."""
    constant = levy_constant(alpha)

    def integrand(s):
        y = math.exp(s)
        return 2.0 * constant * 2.0 * math.sin(0.5 * u * y) ** 2 * y**-alpha * math.exp(-y / length)

    ends = np.linspace(math.log(1e-12 * length), math.log(60.0 * length), 40)
    pieces = [integrate.quad(integrand, a, b, limit=200)[0] for a, b in itertools.pairwise(ends)]
    first = 2.0 * constant * 0.5 * u * u * (1e-12 * length) ** (2.0 - alpha) / (2.0 - alpha)
    return math.fsum(pieces) + first


@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.0, 1.2, 1.5, 1.9])
@pytest.mark.parametrize("u", [0.01, 1.0, 20.0])
def test_characteristic_function_is_that_of_the_levy_density(alpha, u):
    length = 0.7
    law = ls.noise.tempered(alpha, length, [2.0, 1.0])
    found = -np.log(law.characteristic([[0.5 * u, 0.0], [0.0, u]]).real)
    exact = psi_by_quadrature(alpha, length, u)
    np.testing.assert_allclose(found, exact, rtol=1e-6 if exact > 1e-6 else 1e-4)
    near_stable = ls.noise.tempered(alpha, 1e12).characteristic([[u]])[0].real
    assert near_stable == pytest.approx(math.exp(-(u**alpha)), abs=1e-5)


SETTINGS = [
    (0.5, 1.0, 0.5), (0.8, 0.1, 0.01), (1.0, 1.0, 0.1), (1.2, 5.0, 0.01), (1.5, 0.02, 0.5),
    (1.5, 50.0, 0.001), (1.9, 1.0, 1.0),
]  # fmt: skip
FEW_SETTINGS = SETTINGS[:5:4]


@pytest.mark.parametrize(("alpha", "length", "dt"), FEW_SETTINGS)
def test_distribution_of_the_increments(alpha, length, dt):
    """Against the characteristic function, at arguments of the size of a step and of the length."""
    law, epsilon = ls.noise.tempered(alpha, length, [2.0, 0.5]), 0.3
    draws = ls.noise.sample(law, SIZE, seed=31, epsilon=epsilon, dt=dt) / epsilon
    step = min(dt ** (1.0 / alpha), math.sqrt(dt * length ** (2.0 - alpha)))
    sizes = np.array([0.2, 1.0, 3.0])
    some = np.concatenate([sizes / step, sizes[:2] / max(length, step)])
    points = np.concatenate([np.outer(some, axis) for axis in ([0.5, 0.0], [0.0, 2.0], [0.5, 1.0])])

    def exact(length, scales, points):
        psi = _exponent(alpha, length, np.abs(points * scales))[0]  # tested above by quadrature
        return np.exp(-dt * psi.sum(axis=1))

    wanted, doubled = (exact(length, [2.0, 0.5], many * points) for many in (1.0, 2.0))
    error = np.sqrt((0.5 + 0.5 * doubled - wanted**2) / SIZE)
    found = np.cos(draws @ points.T).mean(axis=0)
    assert (np.abs(found - wanted) < SIGMAS * error + 1e-7).all()
    assert (np.abs(found - exact(2.0 * length, [2.2, 0.55], points)) > SIGMAS * error).any()
    one = law.characteristic(points[:1])[0].real
    assert one**dt == pytest.approx(wanted[0], rel=1e-9) or one == 0.0


def test_index_one_half_is_a_difference_of_inverse_gaussian_variables():
    """Its one-sided parts have the Laplace exponent 2 sqrt(pi) c (sqrt(1/length + s) - ...)."""
    length, dt = 2.0, 0.3
    shape = 2.0 * math.pi * levy_constant(0.5) ** 2 * dt**2
    mean = math.sqrt(0.5 * shape * length)
    part = stats.invgauss(mean / shape, scale=shape)
    generator = np.random.default_rng(3)
    up, down = (part.rvs(SIZE, random_state=generator) for _ in range(2))
    draws = ls.noise.sample(ls.noise.tempered(0.5, length), SIZE, seed=1, dt=dt)[:, 0]
    # Beyond a distance of 2.3 standard units the probability is 4e-5 (Kolmogorov's limit law).
    unit = math.sqrt(2.0 / SIZE)
    assert stats.ks_2samp(draws, up - down).statistic < 2.3 * unit
    other = ls.noise.sample(ls.noise.tempered(0.5, 1.2 * length), SIZE, seed=1, dt=dt)[:, 0]
    assert stats.ks_2samp(other, 1.1 * (up - down)).statistic > 2.3 * unit


@pytest.mark.parametrize(("alpha", "length"), [(1.5, 0.3)])
def test_two_steps_are_one_of_twice_the_time(alpha, length):
    law = ls.noise.tempered(alpha, length)
    halves = ls.noise.sample(law, SIZE, seed=2, dt=0.05)[:, 0].reshape(2, SIZE // 2)
    whole = ls.noise.sample(law, SIZE // 2, seed=3, dt=0.1)[:, 0]
    unit = math.sqrt(4.0 / SIZE)
    assert stats.ks_2samp(halves.sum(axis=0), whole).statistic < 2.3 * unit
    scaled = halves[0] * 2.0 ** (1.0 / alpha)  # as if the law were stable
    assert stats.ks_2samp(scaled, whole).statistic > 2.3 * unit


def test_variance_of_many_steps():
    alpha, length, dt = 1.5, 0.2, 2.0
    draws = ls.noise.sample(ls.noise.tempered(alpha, length), SIZE, seed=4, dt=dt)[:, 0]
    # int y^2 nu(dy) = 2 c Gamma(2 - alpha) length^(2 - alpha)
    variance = 2.0 * levy_constant(alpha) * math.gamma(2.0 - alpha) * length ** (2.0 - alpha) * dt
    spread = np.std(draws**2) / math.sqrt(SIZE)
    assert abs(np.mean(draws**2) - variance) < SIGMAS * spread
    assert abs(np.mean(draws**2) - 1.1 * variance) > SIGMAS * spread


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 1.9])
def test_rate_of_long_jumps(alpha):
    for length in (0.1, 3.0):
        law, distance = ls.noise.tempered(alpha, length, 2.0), 1.0
        r = distance / (0.5 * 2.0)

        def density(y, length=length):
            return y ** (-1.0 - alpha) * math.exp(-y / length)

        exact = 2.0 * levy_constant(alpha) * integrate.quad(density, r, math.inf, epsabs=0.0)[0]
        assert law.jump_rate(distance, 0.5) == pytest.approx(exact, rel=1e-8)


def test_escape_times_have_the_rate_of_long_jumps():
    """Mean times rate is 1 less corrections of first order, as for stable noise."""
    law, epsilon = ls.noise.tempered(1.5, 20.0), 0.05
    rate, stable = law.jump_rate(1.0, epsilon), ls.noise.independent(1.5)
    setting = {"paths": 1500, "dt": 0.02, "seed": 5}
    run = ls.escape_times(FLAT, SGD, law, epsilon, horizon=30.0 / rate, **setting)
    untempered = ls.theory.predict(FLAT, SGD, stable, epsilon).rate
    assert untempered / rate > 2.0
    error = SIGMAS / math.sqrt(1500)
    assert 0.85 - error < rate * run.mean < 1.0 + error


# --------------------------------------------------------------------------------- other doors


def test_digests_names_and_records(tmp_path, capsys):
    law = ls.noise.tempered(1.3, 4.0, 0.5)
    setting = {"paths": 100, "dt": 0.01, "seed": 2, "horizon": 20.0}
    run = ls.escape_times(FLAT, SGD, law, 0.5, threads=1, **setting)
    assert ls.escape_times(FLAT, SGD, law, 0.5, threads=3, **setting).digest == run.digest
    rebuilt = spec.build(json.loads(json.dumps(run.parameters)))
    assert ls.escape_times(*rebuilt, 0.5, **setting).digest == run.digest
    words = "--basin flat --epsilon 0.5 --noise tempered --alpha 1.3 --scale 0.5 --paths 100"
    more = "--noise-parameter length=4 --dt 0.01 --seed 2 --horizon 20 --quiet --json"
    assert main(f"escape {words} {more}".split()) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == run.digest
    grid = {"noise.length": [1.0, 4.0], "epsilon": [0.5]}
    spec_ = {"basin": "flat", "noise": "tempered", "alpha": 1.3, "paths": 20, "dt": 0.01}
    sweep = ls.sweep({**spec_, "horizon": 20.0, "grid": grid}, tmp_path / "sweep")
    assert len({row["digest"] for row in sweep.rows}) == 2


def test_what_is_refused():
    for alpha in (0.4, 2.0, 1.005, 0.0, math.nan):
        with pytest.raises(ValueError, match="alpha is"):
            ls.noise.tempered(alpha, 1.0)
    with pytest.raises(ValueError, match="length is -1; give a positive number"):
        ls.noise.tempered(1.5, -1.0)
    for scale in (-1.0, [0.0, 0.0], [[1.0]]):
        with pytest.raises(ValueError, match="scale"):
            ls.noise.tempered(1.5, 1.0, scale)
    law = ls.noise.tempered(1.5, 1.0)
    with pytest.raises(ValueError, match="no escape measure for the noise law 'tempered'"):
        ls.theory.predict(FLAT, SGD, law, 0.1)
    with pytest.raises(ValueError, match=r"jumps of the tempered noise.*use method='euler'"):
        ls.escape_times(FLAT, SGD, law, 0.5, method="jump", paths=10, horizon=1.0)


@pytest.mark.parametrize(("alpha", "length", "dt"), FEW_SETTINGS)
def test_cubics_between_the_ends_of_cells(alpha, length, dt):
    """The stated error in probability, at the middle of every cell."""
    table = _table(alpha, length, dt).reshape(-1, 4)
    ends = cell_ends()
    x = table @ (0.5 / 64.0) ** np.arange(4)

    def exponent(u):
        psi, change = _exponent(alpha, length, u)
        return dt * psi, dt * change

    found, _ = beyond(exponent, x)
    assert abs(found - 0.5 * (ends[1:] + ends[:-1])).max() < 2e-8
    assert (np.diff(x) < 0.0).all()
