"""Stationary laws that are known exactly: multiplicative noise, and the quartic oscillator."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import levysde as ls

SGD = ls.dynamics.sgd()


def one_minus_chi_square(u1, u2, p):
    z = math.sqrt(-2.0 * math.log(u1)) * math.cos(2.0 * math.pi * u2)
    return 1.0 - z * z


def inputs_and_labels(x, t, p, out):
    out[0, 0], out[0, 1] = x[0], 1.0
    out[1, 0], out[1, 1] = 0.0, 0.0


def first_alone(x, p, out):
    out[0], out[1] = x[0], 0.0


def kesten_index(eta):
    """The alpha of E |1 - eta z^2|^alpha = 1, z standard normal."""

    def moment(alpha):
        density = lambda z: abs(1.0 - eta * z * z) ** alpha * stats.norm.pdf(z)  # noqa: E731
        return 2.0 * integrate.quad(density, 0.0, 40.0, points=[eta**-0.5], limit=200)[0] - 1.0

    return optimize.brentq(moment, 0.3, 6.0)


KESTEN = [(0.8, 1.5464), (0.5, 2.9040), (1.0, 1.0908)]


@pytest.mark.parametrize(("eta", "index"), KESTEN[:1])
@pytest.mark.parametrize("largest", [200])
def test_sgd_on_linear_regression_has_kestens_index(eta, index, largest):
    # x <- x - eta a^2 x + eta b with a standard normal: noise x (1 - a^2) + b of the gradient x.
    # Gurbuzbalaban, Simsekli & Zhu 2021, theorem 2, for one dimension and batches of one.
    assert kesten_index(eta) == pytest.approx(index, abs=1e-4)
    law = ls.Noise(one_minus_chi_square, alpha=1.0)
    noise = ls.noise.scaled(law, matrix=inputs_and_labels)
    basin = ls.Basin(ls.Potential(2, first_alone), ls.domains.ball([0.0, 0.0], 1e100), [0.0, 0.0])
    found = ls.trajectories(
        basin, SGD, noise, 1.0, paths=500 * largest, steps=200, every=200, dt=eta, scheme="euler"
    )
    sizes = np.sort(np.abs(found.positions[:, 1, 0]))
    # Hill's estimator on the largest: its standard error is alpha over the root of their number,
    # its bias that of a tail that is a power to leading order only, of order of the share 1/500 to
    # the power 1/alpha.
    hill = 1.0 / np.log(sizes[-largest:] / sizes[-largest - 1]).mean()
    error = 1.0 / math.sqrt(largest)
    others = [1.0908, 1.5464, 2.9040]
    assert abs(hill - index) < 4.0 * index * error
    wrong = [other for other in others if abs(other - index) > 0.01]
    assert all(abs(hill - other) > 4.0 * other * error for other in wrong)


def oscillator(x):
    """Its distribution function: int dx/(pi (1 - x^2 + x^4)), by partial fractions of the poles."""
    poles = np.roots([1.0, 0.0, -1.0, 0.0, 1.0])
    x = np.asarray(x, dtype=np.float64)[..., None]
    residues = 1.0 / (4.0 * poles**3 - 2.0 * poles)
    # log(x - pole) is continuous on the real line, and 0 at - infinity up to a constant.
    primitive = (residues * np.log(x - poles)).sum(axis=-1).real / np.pi
    low = (residues * np.log(-1e8 - poles)).sum().real / np.pi
    return primitive - low


def test_the_quartic_oscillator():
    # Chechkin, Klafter, Gonchar, Metzler & Tanatarov 2002: F = x^4/4, alpha = 1, unit noise.
    assert oscillator(1e8) == pytest.approx(1.0, abs=1e-7)
    assert oscillator(0.0) == pytest.approx(0.5)
    basin = ls.basins.quartic(lower=-1e6, upper=1e6)
    found = ls.trajectories(
        basin, SGD, ls.noise.independent(1.0), 1.0, paths=20_000, steps=4000, every=4000,
        dt=0.0025, scheme="flow",
    )  # fmt: skip
    x = found.positions[:, 1, 0]
    # Distances of n numbers from their own law are below 2 with probability 1 - 7e-4; a step of
    # dt moves quantiles by about dt.
    distance = float(stats.kstest(x, oscillator).statistic)
    assert distance < 2.0 / np.sqrt(len(x)) + 0.0025
    # Two humps: more is near 1/sqrt(2) than at 0.
    near = [np.mean(abs(abs(x) - place) < 0.1) for place in (0.0, math.sqrt(0.5))]
    assert near[1] / 2.0 > 1.2 * near[0]
    assert stats.kstest(x, stats.cauchy.cdf).statistic > 4.0 / np.sqrt(len(x))
