"""Small matrices and powers against numpy, whose last bits may differ."""

import math

import numpy as np
import pytest

from levysde.engine.algebra import (
    lower_root,
    principal_axes,
    product,
    rounded,
    singular_directions,
    weighted_squares,
)
from levysde.engine.moments import directional_moments, positive_power

pytestmark = pytest.mark.quick

SHAPES = [(1, 1), (2, 2), (5, 3), (3, 5), (10, 10)]


@pytest.mark.parametrize("shape", SHAPES)
def test_against_numpy(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(1).standard_normal(shape)
    square = matrix @ matrix.T
    vectors, sizes = singular_directions(matrix)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(shape[0]), atol=1e-13)
    expected = np.linalg.svd(matrix)[1]
    np.testing.assert_allclose(sizes[: len(expected)], expected, rtol=1e-12)
    assert (sizes[len(expected) :] < 1e-13).all()
    np.testing.assert_allclose(weighted_squares(vectors, sizes**2), square, atol=1e-12)
    root = lower_root(square)
    assert (np.triu(root, 1) == 0.0).all()
    np.testing.assert_allclose(product(root, root.T), square, atol=1e-12)
    symmetric = matrix[:, : len(matrix)]
    if symmetric.shape[0] == symmetric.shape[1]:
        symmetric = symmetric + symmetric.T  # with eigenvalues of both signs
        values, axes = principal_axes(symmetric)
        np.testing.assert_allclose(values, np.linalg.eigvalsh(symmetric), atol=1e-13)
        np.testing.assert_allclose(symmetric @ axes, axes * values, atol=1e-13)


def test_singular_covariances_have_roots() -> None:
    for flat in (np.zeros((2, 2)), np.ones((3, 3)), np.diag([0.0, 1.0])):
        root = lower_root(flat)
        np.testing.assert_allclose(root @ root.T, flat, atol=1e-15)


def test_rounding_removes_the_last_bits_alone() -> None:
    array = np.array([[1.0, -1e-20], [1.0 / 3.0, 0.7]])
    assert np.abs(rounded(array) - array).max() <= 2.0**-32
    assert (rounded(array * (1.0 + 1e-15)) == rounded(array)).all()
    assert (rounded(2.0**40 * array) == 2.0**40 * rounded(array)).all()
    assert rounded(np.zeros(2)).tolist() == [0.0, 0.0]


def test_powers() -> None:
    """The exponent times the octave of the base, up to 54, is rounded to 7e-15 at most."""
    for base in (1e-9, 0.3, 1.0, 7.0, 1e9):
        for exponent in (-1.8, -0.1, 0.5, 1.5):
            expected = float(np.exp2(np.longdouble(exponent) * np.log2(np.longdouble(base))))
            assert positive_power(base, exponent) == pytest.approx(expected, rel=1e-14)
    assert positive_power(2.0**-20 * 0.3, 1.5) == 2.0**-30 * positive_power(0.3, 1.5)
    assert [positive_power(0.0, 1.5), positive_power(math.inf, 1.5)] == [0.0, math.inf]
    assert positive_power(1e300, 1.8) == math.inf


@pytest.mark.parametrize("alpha", [0.1, 0.8, 1.5, 1.99])
def test_moments_of_equal_sizes(alpha: float) -> None:
    """E|z|^alpha of a standard normal vector is known; equal directions have equal shares."""
    for dim in (1, 2, 10):
        ratio = math.gamma(0.5 * (dim + alpha)) / math.gamma(0.5 * dim)
        expected = 3.0**alpha * 2.0 ** (0.5 * alpha) * ratio / dim
        found = directional_moments(alpha, np.full(dim, 3.0))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
