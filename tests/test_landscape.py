"""Minima and saddles against those that are known."""

import math

import numpy as np
import pytest

import levysde as ls


def himmelblau(x, p):
    return (x[0] ** 2 + x[1] - 11.0) ** 2 + (x[0] + x[1] ** 2 - 7.0) ** 2


def himmelblau_gradient(x, p, out):
    first, second = x[0] ** 2 + x[1] - 11.0, x[0] + x[1] ** 2 - 7.0
    out[0] = 4.0 * x[0] * first + 2.0 * second
    out[1] = 2.0 * first + 4.0 * x[1] * second


def test_himmelblau():
    # Four minima of value 0 and four saddles, a textbook example.
    potential = ls.Potential(2, himmelblau_gradient, himmelblau)
    found = ls.find_minima(potential, -5.0, 5.0)
    known = [[-3.77931, -3.283186], [-2.805118, 3.131312], [3.0, 2.0], [3.584428, -1.848127]]
    assert found.minima.round(5) == pytest.approx(np.array(known), abs=2e-5)
    saddles = [[-3.07303, -0.08135], [-0.12796, -1.95372], [0.08668, 2.88425], [3.38515, 0.07385]]
    assert np.sort(found.saddles, axis=0) == pytest.approx(np.sort(saddles, axis=0), abs=2e-5)
    # The saddles close a circle through the minima.
    assert sorted(map(tuple, found.joined.tolist())) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    assert (found.curvatures > 0.0).all()


def test_wells_on_the_line():
    found = ls.find_minima(ls.potentials.double_well(1, barrier=0.5, half_distance=2.0), -4.0, 4.0)
    assert found.minima.ravel() == pytest.approx([-2.0, 2.0])
    assert found.saddles.ravel() == pytest.approx([0.0], abs=1e-9)
    # F = b ((x/a)^2 - 1)^2 has F'' = 8 b/a^2 at the minima.
    assert found.curvatures.ravel() == pytest.approx([1.0, 1.0], rel=1e-6)


def test_units_do_not_matter():
    small = ls.find_minima(ls.potentials.double_well(2, 0.25, 1e-6, 1e12), -3e-6, 3e-6)
    assert small.minima == pytest.approx(np.array([[-1e-6, 0.0], [1e-6, 0.0]]), abs=1e-12)
    assert small.joined.tolist() == [[0, 1]]


def test_a_box_without_a_minimum_is_one_sentence():
    with pytest.raises(ValueError, match="no minimum was found in the box from"):
        ls.find_minima(ls.potentials.quadratic(2), 1.0, 2.0)
    with pytest.raises(ValueError, match="is empty; give lower < upper"):
        ls.find_minima(ls.potentials.quadratic(2), 1.0, [2.0, 0.0])
    with pytest.raises(ValueError, match="starts"):
        ls.find_minima(ls.potentials.quadratic(2), 1.0, 2.0, starts=0)


def test_a_large_box_costs_no_digits():
    found = ls.find_minima(ls.potentials.double_well(1), -1e4, 1e4)
    assert found.minima.ravel() == pytest.approx([-1.0, 1.0], abs=1e-9)
    assert found.curvatures.ravel() == pytest.approx([2.0, 2.0], rel=1e-6)
    assert found.saddles.ravel() == pytest.approx([0.0], abs=1e-9)
    assert found.joined.tolist() == [[0, 1]]


def dip(x, p, out):
    """F = x^2/20 - 0.05 exp(-((x - 1)/0.005)^2/2)."""
    away = (x[0] - 1.0) / 0.005
    out[0] = 0.1 * x[0] + 0.05 * away / 0.005 * math.exp(-0.5 * away * away)


def test_a_minimum_to_which_a_saddle_leads_is_found():
    found = ls.find_minima(ls.Potential(1, dip), -2.0, 2.0)
    assert len(found.minima) == 2
    assert len(found.saddles) == 1
    assert sorted(found.joined[0].tolist()) == [0, 1]
    narrow = found.minima.ravel().max()
    assert 0.999 < narrow < 1.0
    assert abs(ls.Potential(1, dip).gradient_at(np.array([narrow]))[0]) < 1e-9


def test_corners_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match=r"lower has shape \(2,\); give a number, or one per"):
        ls.find_minima(ls.potentials.double_well(1), [-2.0, -2.0], 2.0)
