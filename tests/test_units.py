"""Answers in other units are the same answers: nothing in the package has a size of its own.

Every model is run in units of length and time that differ from the first ones by factors from 1e-9
to 1e9. Steps of Euler's scheme are compared bit for bit where the factors are powers of two; the
rest to rounding. What must change with the units does, and verdicts, methods and numbers of steps
stay what they are.

Every other model has its turn with one of the systems; experiments/validation has them all.
"""

import math
import re
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from test_jump_hard_cases import exact_mean
from unit_systems import BRIEF, DIVIDED, LAWS, LIVE, ONE, POWERS_OF_TWO, SYSTEMS, Case, Units

import levysde as ls
from levysde.basins import Basin
from levysde.domains import Domain
from levysde.potentials import Potential

STEP = 1.0 / 64.0  # of which powers 1/1.2, 1/1.5 and 1/2 are powers of two
HORIZON = 8.0
ROUNDING = 1e-6

PLANE = ("isotropic", "elliptic", "mixed", "spectral", "multifractal")
WELLS = (
    "sharp", "flat", "asymmetric", "asymmetric plane", "double well", "double well in a box",
    "quartic", "own", "valley", "kinked", "ellipse", "slab", "off center", "near the edge",
)  # fmt: skip
SEARCHED = ("asymmetric plane", "valley", "double well", "double well in a box")
FOLLOWED = tuple(Case(name) for name in SEARCHED)
"""Their flow is followed for the jump method, which takes seconds."""

Pair = tuple[float, float]


def in_turn(
    cases: Sequence[Any], systems: Sequence[Pair] = SYSTEMS, each: int = 2
) -> list[tuple[Any, Pair]]:
    """Every case with so many systems of units, of which each has its turn."""
    return [
        (case, systems[(k + i * len(systems) // each) % len(systems)])
        for k, case in enumerate(cases)
        for i in range(each)
    ]


def text_without_numbers(text: str) -> str:
    return re.sub(r"-?(\d[\d.]*(e[+-]?\d+)?|inf)", "#", text)


def run(case: Case, u: Units, **options: Any) -> tuple[Any, list[str]]:
    """A result, or the refusal, with the warnings; numbers in texts left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result: Any = ls.escape_times(*case.model(u), seed=5, threads=1, **options)
        except ValueError as error:
            result = text_without_numbers(str(error))
    return result, [text_without_numbers(str(warning.message)) for warning in caught]


def same_in(
    u: Units,
    case: Case,
    first: tuple[Any, list[str]],
    increment: float | None = None,
    **options: Any,
) -> None:
    """Compare a result in other units, also of increments of the noise, with the first one."""
    (base, heard), (result, said) = first, run(case, u, **options)
    assert said == heard
    if isinstance(base, str):
        assert result == base
        return
    assert result.parameters["method"] == base.parameters["method"]
    np.testing.assert_array_equal(result.steps, base.steps)
    np.testing.assert_array_equal(result.status, base.status)
    np.testing.assert_allclose(result.times, u.time * base.times, rtol=ROUNDING)
    np.testing.assert_allclose(
        result.exit_position, u.length * base.exit_position, rtol=ROUNDING, atol=1e-9 * u.length
    )
    assert result.dt == pytest.approx(u.time * base.dt, rel=ROUNDING)
    increment = increment or u.length
    for name, unit in (("threshold", increment), ("horizon", u.time), ("memory", 1.0)):
        if name in base.parameters:
            expected = unit * base.parameters[name]
            assert result.parameters[name] == pytest.approx(expected, rel=ROUNDING)


# ------------------------------------------------------------------------------------------- Euler

EULER = (
    *(Case(name) for name in WELLS),
    *(Case("disc", law) for law in PLANE),
    *(Case("flat", law, epsilon=0.5) for law in ("skewed", "Gaussian", "heavier")),
    Case("flat", dynamics="clipped sgd"),
    *(Case("valley", dynamics=name) for name in ("momentum", *DIVIDED)),
    *(Case("sharp", dynamics=name, epsilon=1.0) for name in LIVE),
)


@cache
def first_euler(case: Case) -> Any:
    return run(case, ONE, dt=STEP, horizon=HORIZON, paths=64)[0]


@pytest.mark.parametrize(("case", "pair"), in_turn(EULER[::3], POWERS_OF_TWO, 1), ids=str)
def test_euler_is_the_same_bit_for_bit(case: Case, pair: Pair) -> None:
    base, u = first_euler(case), case.units(*pair)
    result = run(case, u, dt=STEP * u.time, horizon=HORIZON * u.time, paths=64)[0]
    assert base.escaped > 0
    np.testing.assert_array_equal(result.steps, base.steps)
    np.testing.assert_array_equal(result.status, base.status)
    np.testing.assert_array_equal(result.times, u.time * base.times)
    np.testing.assert_array_equal(result.exit_position, u.length * base.exit_position)


SHIFTED = ("flat", "disc", "ellipse", "slab")


@pytest.mark.parametrize(("name", "pair"), in_turn(SHIFTED, SYSTEMS[1::2], 1), ids=str)
def test_boundary_shift(name: str, pair: Pair) -> None:
    case = Case(name)
    u = case.units(*pair)
    options: dict[str, Any] = {"paths": 16, "correction": "boundary-shift"}
    first = run(case, ONE, dt=STEP, horizon=8.0, **options)
    same_in(u, case, first, dt=STEP * u.time, horizon=8.0 * u.time, **options)


# --------------------------------------------------------------------------------- automatic steps

AUTOMATIC = (
    *(Case(name) for name in WELLS),
    Case("flat", "heavier"),
    Case("disc", "multifractal"),
    *(Case("flat", dynamics=name) for name in ("momentum", *DIVIDED)),
    *(Case("sharp", dynamics=name, epsilon=1.0) for name in LIVE),
)


@cache
def first_automatic(case: Case) -> Any:
    return run(case, ONE, horizon=4.0, paths=16)


@pytest.mark.parametrize(("case", "pair"), in_turn(AUTOMATIC[::3], each=1), ids=str)
def test_automatic_step(case: Case, pair: Pair) -> None:
    u = case.units(*pair)
    same_in(u, case, first_automatic(case), horizon=4.0 * u.time, paths=16)


CHOOSING = tuple(
    Case(name, law, epsilon=epsilon)
    for name, law, epsilon in (
        ("flat", "independent", 0.5), ("flat", "independent", 0.01), ("flat", "heavier", 0.5),
        ("quartic", "independent", 0.01), ("kinked", "independent", 0.01),
        ("asymmetric", "independent", 0.05), ("flat", "Gaussian", 0.5),
    )
)  # fmt: skip


@cache
def first_choice(case: Case) -> Any:
    return run(case, ONE, method="auto", horizon=4.0, paths=4)


@pytest.mark.parametrize(("case", "pair"), in_turn(CHOOSING, each=1), ids=str)
def test_choice_of_the_method(case: Case, pair: Pair) -> None:
    u = case.units(*pair)
    same_in(u, case, first_choice(case), method="auto", horizon=4.0 * u.time, paths=4)


# ------------------------------------------------------------------------------------- jump method

JUMPING = (
    *(Case(name) for name in WELLS if name not in ("kinked", *SEARCHED)),
    *(Case("disc", law) for law in PLANE),
    *(Case("flat", law) for law in ("skewed", "Gaussian", "heavier")),
    Case("asymmetric", "skewed"),
    Case("kinked", epsilon=0.02),
    Case("quartic", epsilon=0.002),
    *(Case("flat", dynamics=f"{name} in continuous time") for name in ("momentum", "rmsprop")),
    Case("quartic", dynamics="adam in continuous time"),
)


@cache
def first_jumps(case: Case) -> Any:
    return run(case, ONE, method="jump", paths=16)


@pytest.mark.parametrize(
    ("case", "pair"),
    in_turn(JUMPING[::3], each=1) + in_turn(FOLLOWED[::2], SYSTEMS[2::4], 1),
    ids=str,
)
def test_jump_method(case: Case, pair: Pair) -> None:
    same_in(case.units(*pair), case, first_jumps(case), method="jump", paths=16)


SKIPPING = (
    Case("flat", epsilon=0.01),
    Case("asymmetric", epsilon=0.01),
    Case("disc", "isotropic", epsilon=0.01),
    Case("flat", "skewed", epsilon=0.01),
    Case("flat", dynamics="momentum", epsilon=0.01),
    Case("flat", dynamics="clipped sgd", epsilon=0.01),
    Case("flat", "Gaussian", epsilon=0.01),
    Case("flat", epsilon=1.0),
    *(Case("flat", dynamics=name, epsilon=0.003) for name in DIVIDED),
    Case("kinked", epsilon=0.002),
)
SKIPPED = tuple(
    case
    for case in SKIPPING
    if case.dynamics not in ("frozen adam", "frozen adamprox", "rmsprop in continuous time")
)
"""Those of the suite; what it leaves out is like what it keeps."""
COARSE = 1.0 / 8.0  # of which 1/1.5 is a power of two: a memory of few iterations is soon measured
# Rounding grows where the gradient is divided by its own size: only powers of two show nothing.
SKIPPING_LIVE = tuple(Case("flat", dynamics=name, epsilon=0.003) for name in BRIEF)
SKIPPED_LIVE = SKIPPING_LIVE[::2]


def skipping_step(case: Case) -> float:
    return STEP if case.basin == "asymmetric" else COARSE  # where a coarse one would oscillate


@cache
def first_skips(case: Case) -> Any:
    return run(case, ONE, method="jump", dt=skipping_step(case), paths=8)


@pytest.mark.parametrize(
    ("case", "pair"),
    in_turn(SKIPPED[::2], each=1) + in_turn(SKIPPED_LIVE[::2], POWERS_OF_TWO, 1),
    ids=str,
)
def test_skipped_iterations(case: Case, pair: Pair) -> None:
    u = case.units(*pair)
    # What is added to the gradient times the step.
    increment = u.force * u.time
    dt = skipping_step(case) * u.time
    same_in(u, case, first_skips(case), increment, method="jump", dt=dt, paths=8)


@pytest.mark.parametrize(("epsilon", "paths"), [(0.5, 1000), (0.02, 1500)])
def test_jump_method_at_a_kink(epsilon: float, paths: int) -> None:
    """F = |x|: the mean of the equation of the generator."""
    model = Case("kinked", epsilon=epsilon).model(ONE)
    result = ls.escape_times(*model, paths=paths, seed=1, method="jump")
    assert result.escaped == paths
    exact = exact_mean(1.5, 0.0, epsilon, force=np.sign)
    assert abs(result.mean / exact - 1.0) < 4.0 / math.sqrt(paths) + 0.02


# ------------------------------------------------------------------------------------------ theory

PREDICTED = (
    *(Case(name) for name in WELLS if name not in SEARCHED),
    *(Case("disc", law) for law in LAWS if law != "skewed"),
    Case("asymmetric", "skewed"),
    *(Case("off center", dynamics=f"frozen {name}") for name in ("adam_l2", "adamw", "adamprox")),
    *(Case("flat", dynamics=name) for name in ("clipped sgd", "momentum", *DIVIDED, *LIVE)),
    Case("trough"),
    Case("half line", dynamics="momentum"),
    Case("half line", epsilon=0.01),
)


@cache
def first_prediction(case: Case) -> Any:
    return ls.theory.predict(*case.model(ONE), dt=STEP)


def scaled(value: float | None, unit: float) -> Any:
    return value if value is None else pytest.approx(unit * value, rel=ROUNDING)


@pytest.mark.parametrize(
    ("case", "pair"),
    in_turn(PREDICTED[::3], each=1) + in_turn(FOLLOWED[3:], SYSTEMS[2::4], 1),
    ids=str,
)
def test_predictions(case: Case, pair: Pair) -> None:
    u, base = case.units(*pair), first_prediction(case)
    found = ls.theory.predict(*case.model(u), dt=STEP * u.time)
    for name in ("rate", "corrected_rate"):
        assert getattr(found, name) == scaled(getattr(base, name), 1.0 / u.time), name
    for name in ("mean", "corrected_mean"):
        assert getattr(found, name) == scaled(getattr(base, name), u.time), name
    small = 1e-6 * max(abs(k) for k in base.relaxation_rate)
    for one, other in zip(found.relaxation_rate, base.relaxation_rate, strict=True):
        assert one / u.curvature == pytest.approx(other, rel=ROUNDING, abs=small)
    verdicts = [(assumption.name, assumption.holds) for assumption in base.assumptions]
    assert [(assumption.name, assumption.holds) for assumption in found.assumptions] == verdicts
    assert text_without_numbers(str(found.reason)) == text_without_numbers(str(base.reason))


@pytest.mark.parametrize("size", [1e-120, 1e-9, 1e6, 1e120])
def test_first_correction_in_any_units(size: float) -> None:
    """C eps^alpha has no unit, and C is that of the unit interval over size^alpha."""
    one = ls.theory.first_correction(lambda x: x, 1.0, 1.0, 1.5)
    found = ls.theory.first_correction(lambda x: x, size, size, 1.5, scale=size)
    assert found == pytest.approx(one, rel=1e-9)


LEFT = tuple(
    Case(name, law) for name in ("disc", "ellipse", "slab") for law in (*PLANE[:4], "independent")
)


@pytest.mark.parametrize(("case", "pair"), in_turn(LEFT, each=1), ids=str)
def test_laws_of_exits(case: Case, pair: Pair) -> None:
    u = case.units(*pair)
    laws = []
    for units in (ONE, u):
        basin, _, noise, _ = case.model(units)
        laws.append(ls.theory.exit_law(basin.domain, noise, basin.minimum))
    positions, others = (each.sample(20, seed=1) for each in laws)
    np.testing.assert_allclose(others, u.length * positions, rtol=ROUNDING, atol=1e-9 * u.length)
    rho = np.array([1.0, 1.5, 4.0])
    np.testing.assert_allclose(laws[1].survival(rho), laws[0].survival(rho), rtol=ROUNDING)


# -------------------------------------------------------------------------------------- validation


def wave(x: Any, p: Any) -> float:
    return float(p[0] * p[1] * np.exp(x[0] / p[1]))


def slope(x: Any, p: Any, out: Any) -> None:
    out[0] = p[0] * np.exp(x[0] / p[1])


def wrong_slope(x: Any, p: Any, out: Any) -> None:
    out[0] = 1.01 * p[0] * np.exp(x[0] / p[1])


@pytest.mark.parametrize("pair", [(1.0, 1.0), *SYSTEMS], ids=str)
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_gradients_are_checked_in_any_units(shift: float, pair: Pair) -> None:
    """A function of which a point a thousand sizes away is beyond floating point."""
    c, k = pair
    room = ls.domains.interval((shift - 1.0) * c, (shift + 1.0) * c)
    given = {"force": c / k, "length": c}
    Basin(Potential(1, slope, wave, given), room, [shift * c])
    with pytest.raises(ValueError, match="gradient disagrees with differences of the value"):
        Basin(Potential(1, wrong_slope, wave, given), room, [shift * c])


@pytest.mark.parametrize("pair", [(1.0, 1.0), *SYSTEMS], ids=str)
def test_margins_are_tried_in_any_units(pair: Pair) -> None:
    """A sublevel set is asked about points within its size."""
    c, k = pair
    well = Potential(1, slope, wave, {"force": c / k, "length": c})
    level = ls.domains.sublevel_set(well, c * c / k * math.e)
    assert Basin(well, level, [0.0]).domain.contains([0.9 * c])


@pytest.mark.parametrize("size", [1e-150, 1e-9, 0.3, 1.0, 7e5, 1e140])
@pytest.mark.parametrize("dim", [1, 3])
def test_size_of_a_domain(dim: int, size: float) -> None:
    ball = ls.domains.ball(np.zeros(dim), size)
    assert 0.5 <= ball.size_about(np.zeros(dim)) / size <= 1.0
    assert ls.domains.half_space(np.ones(dim), size).size_about(np.zeros(dim)) < 10.0 * size


def test_size_without_a_boundary() -> None:
    everything = Domain(2, lambda x, p: x[0] * 0.0 > 1.0)
    assert everything.size_about([3.0, 4.0]) == 5.0
    assert everything.size_about([0.0, 0.0]) == 1.0
