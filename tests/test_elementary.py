import itertools
from fractions import Fraction

import mpmath as mp
import numba
import numpy as np
import pytest

from levysde.engine.random import elementary

pytestmark = pytest.mark.quick

TOLERANCE = 4e-15


def worst_relative_error(values, exact):
    with mp.workdps(40):
        return float(
            max(abs((mp.mpf(float(v)) - e) / e) for v, e in zip(values, exact, strict=True))
        )


def evaluate(compiled, function, x):
    out = np.empty_like(x)
    compiled(function, 1)(out, x)
    return out


def corners(*values):
    around = [np.nextafter(v, s) for v in values for s in (-np.inf, np.inf)]
    return np.array([*values, *around])


RNG = np.random.default_rng(5)
SIN_POINTS = np.concatenate(
    [
        RNG.random(2000) / 2.0,
        2.0 ** -RNG.uniform(1.0, 1000.0, 500),
        [2.0**-53, 0.5, 0.25, 2.0**-1000],
    ]
)
LOG_POINTS = np.concatenate(
    [
        2.0 ** RNG.uniform(-1022.0, 1023.9, 2000),
        1.0 + RNG.uniform(-0.5, 0.5, 1000),
        1.0 + RNG.uniform(-1.0, 1.0, 500) * 2.0 ** -RNG.uniform(1.0, 52.0, 500),
        corners(0.5, 2.0, 2.0**-0.5, 2.0**0.5),
        [np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0), 1.0 - 2.0**-53, 2.0**-53],
        [2.0**-1022, np.finfo(float).max],
    ]
)
LOG_POINTS = LOG_POINTS[LOG_POINTS != 1.0]
EXP_POINTS = np.concatenate(
    [
        RNG.uniform(-1022.0, 1022.0, 2000),
        RNG.uniform(-1.0, 1.0, 1000),
        2.0 ** -RNG.uniform(1.0, 60.0, 200),
        corners(0.5, -0.5, 1.5, -1.5, 1021.5),
        [-1022.0, 1022.0, 0.0],
    ]
)


def test_sin_pi(compiled):
    with mp.workdps(40):
        exact = [mp.sinpi(mp.mpf(float(y))) for y in SIN_POINTS]
    assert (
        worst_relative_error(evaluate(compiled, elementary.sin_pi, SIN_POINTS), exact) < TOLERANCE
    )


def test_log2(compiled):
    with mp.workdps(40):
        exact = [mp.log(mp.mpf(float(x)), 2) for x in LOG_POINTS]
    assert worst_relative_error(evaluate(compiled, elementary.log2, LOG_POINTS), exact) < TOLERANCE
    powers = 2.0 ** np.arange(-1022, 1024)
    assert (evaluate(compiled, elementary.log2, powers) == np.arange(-1022, 1024)).all()


def test_exp2(compiled):
    with mp.workdps(40):
        exact = [mp.mpf(2) ** mp.mpf(float(y)) for y in EXP_POINTS]
    assert worst_relative_error(evaluate(compiled, elementary.exp2, EXP_POINTS), exact) < TOLERANCE
    whole = np.arange(-1022.0, 1023.0)
    assert (evaluate(compiled, elementary.exp2, whole) == 2.0**whole).all()


def test_a_shortened_polynomial_would_be_noticed(compiled):
    """The tolerance separates the polynomial used from the one with a term less."""

    def short_sin(y):
        z = y * y
        total = 0.0
        for c in (-7.4e-3, 0.0821458866, -0.599264529319, 2.55016403988, -5.16771278005):
            total = (total + c) * z
        return y * (total + 3.14159265358979)

    with mp.workdps(40):
        exact = [mp.sinpi(mp.mpf(float(y))) for y in SIN_POINTS]
    assert worst_relative_error(evaluate(compiled, short_sin, SIN_POINTS), exact) > TOLERANCE


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (elementary.sin_pi, SIN_POINTS),
        (elementary.log2, LOG_POINTS),
        (elementary.exp2, EXP_POINTS),
    ],
)
def test_compiled_and_plain_python_agree_bit_for_bit(compiled, function, points):
    few = points[:: max(1, len(points) // 200)]
    plain = np.array([function(np.float64(x)) for x in few])
    assert (evaluate(compiled, function, few) == plain).all()


def test_fma_rounds_once():
    @numba.njit
    def compiled_fma(a, b, c):
        return elementary.fma(a, b, c)

    for a, b, c in RNG.standard_normal((200, 3)):
        assert compiled_fma(a, b, c) == elementary.fma(a, b, c)
    special = [0.0, -0.0, 1.0, -1.0, 5e-324, -1e-200, 1e200, -1e308, np.inf, -np.inf, np.nan]
    for a, b, c in itertools.product(special, repeat=3):
        found, expected = np.array([elementary.fma(a, b, c), compiled_fma(a, b, c)])
        np.testing.assert_array_equal(found, expected)
        assert np.isnan(found) or np.signbit(found) == np.signbit(expected), (a, b, c)
    assert compiled_fma(0.1, 10.0, -1.0) == 2.0**-54
    assert elementary.fma(np.inf, 1.0, 0.0) == np.inf


def test_fma_is_the_rounded_rational():
    """Also where a b and c nearly cancel, where the sum is near a tie, and beyond all ranges."""
    size = 20_000
    few_bits = np.ldexp(1.0, RNG.integers(-50, 50, size)) + RNG.integers(0, 3, size)
    a, b = RNG.standard_normal(size), np.where(np.arange(size) % 2, RNG.random(size), few_bits)
    c = -a * b * (1.0 + 2.0**-52 * RNG.integers(-2, 3, size))
    c *= np.where(np.arange(size) % 3, 1.0, 2.0 ** RNG.integers(-110, 110, size))
    edges = [(5e-324, 0.5, 5e-324), (1e200, 1e107, -1e300), (1e-200, 1e-200, 1.0), (0.0, 2.0, -3.0)]
    for x, y, z in [*zip(a.tolist(), b.tolist(), c.tolist(), strict=True), *edges]:
        assert elementary.fma(x, y, z) == float(Fraction(x) * Fraction(y) + Fraction(z))
    assert elementary.fma(1e300, 1e10, -1e300) == np.inf
    assert np.isnan(elementary.fma(np.inf, 1.0, -np.inf))
