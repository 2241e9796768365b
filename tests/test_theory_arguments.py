"""Public functions of the theory under random calls, about half of them with something wrong.

A call gives numbers, or a ValueError or TypeError of one sentence: no other error, no NaN.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from levysde import domains, theory
from levysde.dynamics import Rule

pytestmark = pytest.mark.quick


FUNCTIONS = {
    name: getattr(theory, name)
    for name in theory.__all__
    if inspect.isfunction(getattr(theory, name))
}

WRONG: list[Any] = [
    math.nan,
    math.inf,
    -math.inf,
    -1.0,
    0.0,
    10**400,
    -(10**400),
    1e308,
    1e-308,
    True,
    None,
    "1.5",
    "a",
    b"x",
    1 + 2j,
    [],
    [1.0, math.nan],
    [[1.0, 2.0], [3.0]],
    np.zeros((2, 2, 2)),
    np.array(["a"]),
    [None],
    [10**400],
    {},
    {1.0},
    object(),
    float,
    np.nan * np.ones(3),
    np.datetime64("2020-01-01"),
]

GOOD: dict[str, list[Any]] = {
    "alpha": [1.1, 1.5, np.float64(1.9)],
    "dim": [1, 2, 7, np.int64(3)],
    "n": [0, 1, 10, 5000],
    "x": [0.5, -0.3, [0.1, 0.9], np.zeros((2, 2))],
    "rho": [1.0, [1.5, 4.0], math.inf],
    "overshoot": [0.0, [1.0, 2.0]],
    "lower": [-1.0, -2],
    "upper": [1.0, 3],
    "start": [0.0, 0.5],
    "breakpoints": [(), [0.25]],
    "tolerance": [1e-4],
    "distance": [0.1, 0.25],
    "clip": [0.3, 0.7],
    "dt": [0.5, 0.25],
    "epsilon": [0.5, 1],
    "left": [1.0, 0.5],
    "right": [1.0, 2],
    "b1": [0.0, 0.9],
    "b2": [0.99, 0.999],
    "direction": [[1.0]],
    "center": [[0.0], 0.1],
    "minima": [[[-1.0], [1.0]]],
    "matrix": [None, [[1.0]]],
}


SQUARE = domains.box([-1.0, -1.0], [1.0, 1.0])


def interval(lower: float = -1.0, upper: float = 2.0, **changes: Any) -> Any:
    """Return the attributes of an interval, to be spoiled."""
    domain = domains.interval(lower, upper)
    names = ("name", "dim", "p", "outside", "shape")
    return SimpleNamespace(**{**{name: getattr(domain, name) for name in names}, **changes})


def well() -> Any:
    def gradient(x: Any, p: Any, out: Any) -> None:
        out[:] = x**3 - x

    return SimpleNamespace(dim=1, p=np.empty(0), gradient=gradient)


def basin(**changes: Any) -> Any:
    parts = {
        "potential": well(),
        "domain": interval(0.0, 3.0),
        "minimum": [1.0],
        "start": [1.0],
    }
    return SimpleNamespace(**{**parts, **changes})


def noise(**changes: Any) -> Any:
    facts = {"name": "mine", "alpha": 1.5, "form": "columns", "vectors": 1.0}
    return SimpleNamespace(**{**facts, **changes})


CAUCHY = SimpleNamespace(
    step_density=lambda x: 1.0 / (math.pi * (1.0 + x * x)),
    step_tail=lambda x: 0.5 - np.arctan(x) / math.pi,
)


def good(name: str, function: str, draw: np.random.Generator) -> Any:
    if name == "gradient":
        return lambda x: x
    if name == "domain":
        return interval()
    if name == "noise":
        return noise()
    if name == "basin":
        return basin()
    if name == "potential":
        return well()
    if name == "dynamics":
        return SimpleNamespace(name="sgd", clip=None, rule=Rule())
    if name == "step":
        return CAUCHY if draw.random() < 0.5 else None
    if name == "start" and function == "driftless_ellipsoid_mean_exit_time":
        return None
    choices = GOOD.get(name, [0.5, 1.0, np.float64(0.3)])
    return choices[int(draw.integers(len(choices)))]


def spoiled(name: str, draw: np.random.Generator) -> Any:
    """Return a wrong value, or a part with something wrong in it."""
    wrong = WRONG[int(draw.integers(len(WRONG)))]
    if name not in ("domain", "noise", "basin", "potential", "dynamics") or draw.random() < 0.3:
        return wrong
    part = {
        "domain": interval,
        "noise": noise,
        "basin": basin,
        "potential": well,
        "dynamics": lambda: SimpleNamespace(name="sgd", clip=None, rule=Rule()),
    }[name]()
    attributes = sorted(vars(part))
    attribute = attributes[int(draw.integers(len(attributes)))]
    if draw.random() < 0.3:
        delattr(part, attribute)
    else:
        setattr(part, attribute, wrong)
    return part


def numbers_in(answer: Any) -> list[Any]:
    """Return all numbers of an answer and of its fields."""
    if answer is None or isinstance(answer, str | bool) or callable(answer):
        return []
    if isinstance(answer, tuple | list):
        return [number for item in answer for number in numbers_in(item)]
    if hasattr(answer, "__dataclass_fields__"):
        return [number for item in vars(answer).values() for number in numbers_in(item)]
    return [answer]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_checks_its_arguments(name: str) -> None:
    assert hasattr(FUNCTIONS[name], "__wrapped__"), f"decorate {name} with arguments.checked"


@pytest.mark.parametrize("calls", [200])
def test_random_calls_are_answered_or_refused(calls: int) -> None:
    draw = np.random.default_rng(11)
    outcomes: Counter[str] = Counter()
    names = sorted(FUNCTIONS)
    for k in range(calls):
        name = names[k % len(names)]
        parameters = list(inspect.signature(FUNCTIONS[name]).parameters.values())
        # A tolerance is always given, for the time that the default takes.
        needed = [
            p.name
            for p in parameters
            if p.default is p.empty or p.name == "tolerance" or draw.random() < 0.5
        ]
        given = {p: good(p, name, draw) for p in needed}
        broken = draw.random() < 0.5
        if broken:
            chosen = needed[int(draw.integers(len(needed)))]
            given[chosen] = spoiled(chosen, draw)
        try:
            answer = FUNCTIONS[name](**given)
        except (ValueError, TypeError) as error:
            message = str(error)
            assert len(message) > 15, (name, given, message)
            assert "\n" not in message, (name, given, message)
            assert len(message) < 400, (name, given, message)
            outcomes["refused" if broken else "refused unbroken"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"{name}({given}): {type(error).__name__}: {error}") from error
        for number in numbers_in(answer):
            assert not np.isnan(np.asarray(number, dtype=float)).any(), (name, given, answer)
        outcomes["answered" if broken else "answered unbroken"] += 1
    assert outcomes["refused"] > 0.3 * calls, outcomes
    assert outcomes["answered unbroken"] > 0.4 * calls, outcomes
    assert outcomes["refused unbroken"] < 0.05 * calls, outcomes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.kappa("1.5"), "alpha is '1.5', but it must be a real number"),
        (lambda: theory.kappa(True), "alpha is True, but it must be a real number"),
        (lambda: theory.kappa(10**400), "alpha is a number of 401 digits, beyond the range"),
        (lambda: theory.isotropic_constant(1.5, 2.5), "dim is 2.5, but it must be a whole number"),
        (lambda: theory.stable_tail([1.0, math.nan], 1.5), "x contains nan"),
        (lambda: theory.escape_measure(None, noise(), 0.0), "domain is NoneType, which has no"),
        (lambda: theory.escape_measure(interval(p="a"), noise(), 0.0), "domain.p is 'a', but it"),
        (lambda: theory.escape_measure(interval(shape=3), noise(), 0.0), "domain.shape is int, wh"),
        (
            lambda: theory.escape_measure(interval(shape=SQUARE.shape), noise(), 0.0),
            "domain.shape has dimension 2 and domain 1",
        ),
        (
            lambda: theory.escape_measure(interval(), noise(vectors="a"), 0.0),
            "noise.vectors is 'a'",
        ),
        (lambda: theory.predict(basin(domain=3), None, noise(), 0.1), "basin.domain is int, whic"),
    ],
)
def test_messages_name_what_was_wrong(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call()
