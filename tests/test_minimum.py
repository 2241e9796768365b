"""A minimum that is none is noticed in any units, and every run with it warns."""

import math
import time
import warnings

import numpy as np
import pytest

import levysde as ls
from levysde.theory import about_minimum

NOISE, SGD = ls.noise.independent(1.5), ls.dynamics.sgd()


def verdicts(basin):
    """Whether the gradient vanishes at the minimum, and whether the flow returns to it."""
    return tuple(assumption.holds for assumption in about_minimum(basin))


def tilted(x, p, out):
    """A tilted double well and a valley; p: sign, energy, length, tilt."""
    y, z = x[0] / p[2], x[1] / p[2]
    out[0] = p[0] * p[1] / p[2] * (y * (y * y - 1.0) + p[3])
    out[1] = p[0] * p[1] / p[2] * 4.0 * z


def left_of_the_saddle(x, p):
    return x[0] <= p[0] or abs(x[1]) >= p[1]


_, SADDLE, RIGHT = np.sort(np.roots([1.0, 0.0, -1.0, 0.1]).real)


def well(sign=1.0, energy=1.0, length=1.0, minimum=(RIGHT, 0.0)):
    params = {"sign": sign, "energy": energy, "length": length, "tilt": 0.1}
    potential = ls.Potential(2, tilted, params=params)
    ends = {"saddle": SADDLE * length, "half_width": 1.5 * length}
    domain = ls.Domain(2, left_of_the_saddle, ends)
    return ls.Basin(potential, domain, np.multiply(minimum, length))


UNITS = [(1.0, 1.0), (1e-9, 1.0), (1e9, 1.0), (1.0, 1e9), (1.0, 1e-9), (1e-200, 1e60)]


@pytest.mark.parametrize(("energy", "length"), UNITS)
def test_verdicts_do_not_depend_on_units(energy, length):
    units = {"energy": energy, "length": length}
    assert verdicts(well(**units)) == (True, True)
    assert verdicts(well(sign=-1.0, **units)) == (True, False)
    assert verdicts(well(minimum=(RIGHT + 0.01, 0.0), **units)) == (False, True)
    assert verdicts(well(minimum=(RIGHT, 0.1), **units)) == (False, True)
    # What rounding and an optimizer's tolerance leave is no other point.
    assert verdicts(well(minimum=(RIGHT + 1e-5, 1e-5), **units)) == (True, True)


def one(force, minimum=0.0, lower=-1.0, upper=1.0):
    def gradient(x, p, out):
        out[0] = force(x[0])

    return ls.Basin(ls.Potential(1, gradient), ls.domains.interval(lower, upper), minimum)


@pytest.mark.parametrize(
    ("basin", "expected"),
    [
        (one(lambda x: x), (True, True)),
        (one(lambda x: -x), (True, False)),
        (one(lambda x: 4.0 * x**3), (True, True)),  # no curvature
        (one(lambda x: -4.0 * x**3), (True, False)),
        (one(lambda x: x * abs(x)), (True, True)),
        (one(lambda x: 1.0 if x >= 0.0 else -1.0), (True, None)),  # |x|, whose slope jumps
        (one(lambda x: 16.0 * x if x < 0.0 else x), (True, True)),
        (one(lambda x: 16.0 * x if x < 0.0 else -x), (True, False)),  # one side only
        (one(lambda x: 0.0), (True, None)),  # no force at all
        (one(lambda x: 1.0), (False, None)),
        (one(lambda x: x * (x * x - 0.25)), (True, False)),  # the top of a barrier
        (one(lambda x: x - 0.5), (False, True)),
        (one(lambda x: x - 1e4, 1e4, 1e4 - 1e-3, 1e4 + 1e-3), (True, True)),  # narrow, far away
        (one(lambda x: 1e4 - x, 1e4, 1e4 - 1e-3, 1e4 + 1e-3), (True, False)),
        (one(lambda x: x, upper=np.inf), (True, True)),
        (one(lambda x: -x, -0.0, -np.inf, 1e-6), (True, False)),
    ],
)
def test_wells_of_one_dimension(basin, expected):
    assert verdicts(basin) == expected


def rotated(eigenvalues, angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(eigenvalues) @ turn.T

    def gradient(x, p, out):
        out[0] = p[0] * x[0] + p[1] * x[1]
        out[1] = p[2] * x[0] + p[3] * x[1]

    potential = ls.Potential(2, gradient, params={"matrix": matrix})
    return ls.Basin(potential, ls.domains.ball([0.0, 0.0], 1.0), [0.0, 0.0])


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 4.0, 1.2])
def test_saddles_are_found_in_any_direction(angle):
    assert verdicts(rotated([1.0, 1e4], angle)) == (True, True)
    assert verdicts(rotated([-1.0, 1e4], angle)) == (True, False)


def test_a_stiff_coordinate_hides_no_soft_one():
    """The gradient along the soft axis is small against that along the stiff one."""

    def gradient(x, p, out):
        out[0], out[1] = 1e6 * x[0], x[1]

    def basin(minimum):
        return ls.Basin(ls.Potential(2, gradient), ls.domains.ball([0.0, 0.0], 1.0), minimum)

    assert verdicts(basin([0.0, 0.0])) == (True, True)
    assert verdicts(basin([0.0, 0.1])) == (False, True)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("length", [1e-9, 1e9])
def test_one_coordinate_in_other_units(sign, length):
    """Its curvature is 10^18 times larger or smaller than the other one."""

    def gradient(x, p, out):
        out[0], out[1] = x[0], p[0] * x[1] / p[1] ** 2

    potential = ls.Potential(2, gradient, params={"sign": sign, "length": length})
    basin = ls.Basin(potential, ls.domains.box([-1.0, -length], [1.0, length]), [0.0, 0.0])
    assert verdicts(basin) == (True, sign > 0.0)


def test_functions_that_overflow_far_out():
    def gradient(x, p, out):
        out[0] = math.sinh(x[0])

    domain = ls.Domain(1, lambda x, p: math.exp(x[0] * x[0]) > 5.0)
    assert verdicts(ls.Basin(ls.Potential(1, gradient), domain, 0.0)) == (True, True)


@pytest.mark.parametrize("dim", [1, 2, 32, 33, 500])
@pytest.mark.parametrize("name", ls.basins.BASINS)
def test_named_basins_have_their_minimum(name, dim):
    returns = None if name == "driftless" else True  # where no force leads back
    assert verdicts(ls.basins.BASINS[name](dim)) == (True, returns)


@pytest.mark.parametrize("dim", [3, 40])
def test_wrong_signs_in_many_dimensions(dim):
    def uphill(x, p, out):
        for j in range(len(x)):
            out[j] = -x[j]

    basin = ls.Basin(ls.Potential(dim, uphill), ls.domains.ball(np.zeros(dim), 1.0), np.zeros(dim))
    assert verdicts(basin) == (True, False)


def test_a_run_warns_once_and_names_what_fails():
    basin = ls.Basin(ls.potentials.double_well(), ls.domains.interval(0.0, math.inf), 1.05)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ls.escape_times(basin, SGD, NOISE, 0.3, paths=2)
    (message,) = [str(entry.message) for entry in caught]
    assert "'gradient vanishes at the minimum' does not hold" in message
    assert "check the sign of the gradient and the minimum" in message
    assert caught[0].filename == __file__


@pytest.mark.parametrize("threshold", [None, 0.1])
def test_a_refusal_comes_with_the_warning_that_tells_its_cause(threshold):
    uphill = one(lambda x: -x)
    with (
        pytest.warns(UserWarning, match="check the sign of the gradient"),
        pytest.raises(ValueError, match="paths leave before they have forgotten a jump"),
    ):
        ls.escape_times(
            uphill, SGD, NOISE, 0.01, paths=2, dt=0.05, method="jump", threshold=threshold
        )


def test_a_gradient_of_wrong_sign_warns_in_a_comparison():
    uphill = one(lambda x: -x)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ls.compare(uphill, [SGD, ls.dynamics.momentum(0.5)], NOISE, 0.5, paths=2, dt=0.05)
    (message,) = [str(entry.message) for entry in caught]
    assert "driven away from the minimum" in message
    assert caught[0].filename == __file__


def test_the_prediction_has_the_same_verdicts():
    prediction = ls.theory.predict(one(lambda x: -x), SGD, NOISE, 0.1)
    found = {a.name: a.holds for a in prediction.assumptions}
    assert found["gradient vanishes at the minimum"] is True
    assert found["flow returns to the minimum"] is False


def well_of_attraction():
    potential = ls.potentials.double_well(2)
    return ls.Basin(potential, ls.domains.attraction(potential, [1.0, 0.0]), [1.0, 0.0])


@pytest.mark.parametrize(
    "make",
    [lambda: ls.basins.flat(2), lambda: ls.basins.asymmetric(10), well, well_of_attraction],
)
def test_looking_takes_milliseconds(make):
    basin = make()
    about_minimum(basin)
    seconds = []
    for _ in range(5):
        began = time.process_time()
        about_minimum(basin)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.2
