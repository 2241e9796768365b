"""The hash of a function: another function has another key, and the same one the same."""

import enum
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import levysde as ls
from levysde import domains
from levysde.engine.source import code_key, source_key

SGD, STABLE = ls.dynamics.sgd(), ls.noise.independent(1.5)


def soft(x):
    return 1.0 * x


def hard(x):
    return 3.0 * x


def sum_of(first, second, third):
    """A potential whose gradient at 1 is the slopes of its helpers, times 1, 2 and 4."""

    def gradient(x, p, out):
        out[0] = first(x[0]) + 2.0 * second(x[0]) + 4.0 * third(x[0])

    return ls.Potential(1, gradient)


def basin_of(potential):
    return ls.Basin(potential, domains.interval(-1.0, 1.0), 0.0)


HELPERS = [
    (soft, hard, hard),
    (soft, hard, soft),
    (hard, soft, soft),
    (hard, soft, hard),
    (soft, soft, hard),
    (hard, hard, soft),
]


def test_the_order_of_helpers_is_part_of_the_model():
    keys = {code_key(sum_of(*helpers).gradient) for helpers in HELPERS}
    assert len(keys) == len(HELPERS)
    slope = {soft: 1.0, hard: 3.0}
    for a, b, c in HELPERS[:3]:
        found = sum_of(a, b, c).gradient_many(np.ones((1, 1)))[0, 0]
        assert found == slope[a] + 2.0 * slope[b] + 4.0 * slope[c]


def test_resume_tells_models_apart_by_the_order_of_their_helpers():
    options = {"epsilon": 0.5, "dt": 0.01, "horizon": 5.0, "seed": 1}
    first = ls.escape_times(
        basin_of(sum_of(soft, hard, hard)), SGD, STABLE, **options, paths=20
    )  # fmt: skip
    other = basin_of(sum_of(soft, hard, soft))
    with pytest.raises(ValueError, match="made by another gradient function"):
        ls.escape_times(other, SGD, STABLE, **options, paths=30, resume=first)
    again = basin_of(sum_of(soft, hard, hard))
    assert ls.escape_times(again, SGD, STABLE, **options, paths=30, resume=first).paths == 30


def shade(value):
    class Shade(enum.IntEnum):
        LEVEL = value

    def uses(x, p, out):
        out[0] = Shade.LEVEL.value * x[0]

    return uses


def scaled(value):
    class Scale:
        FACTOR = value

        @staticmethod
        def apply(x):
            return value * x

    def uses(x, p, out):
        out[0] = Scale.FACTOR * x[0]

    return uses


def pair(first, second):
    class Pair(NamedTuple):
        left: float = first
        right: float = second

    def uses(x, p, out):
        out[0] = Pair().left * x[0]

    return uses


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [(shade, (1,), (2,)), (scaled, (1.0,), (2.0,)), (pair, (1.0, 2.0), (2.0, 1.0))],
)
def test_a_redefined_class_is_another(make, one, other):
    assert code_key(make(*one)) == code_key(make(*one))
    assert code_key(make(*one)) != code_key(make(*other))


def test_a_redefined_enumeration_is_compiled_anew():
    slopes = [
        ls.Potential(1, shade(k)).gradient_many(np.ones((1, 1)))[0, 0] for k in (2, 5)
    ]  # fmt: skip
    assert slopes == [2.0, 5.0]


def test_a_walk_in_a_circle_ends():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    circle: list[object] = []
    circle.append(circle)

    def uses(x, p, out):
        out[0] = circle

    assert code_key(even) != code_key(odd)
    assert code_key(uses) == code_key(uses)


SCRIPT = """
import math
from numpy import maximum, sum as total
from levysde.engine.source import code_key

KNOWN = frozenset({"soft", "hard", "flat", 3, 2.5, None})

def gradient(x, p, out):
    out[0] = total(x[...]) if "soft" in KNOWN and p[0] in {1.0, 2.0, 3.0} else math.sqrt(x[0])

print(code_key(gradient))
"""


def test_sets_have_one_key_in_every_process(tmp_path):
    """Sets are walked in an order that another process does not have."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    keys = {
        subprocess.run(
            [sys.executable, str(script)], env={"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(keys) == 1


def test_numbers_in_a_set_count():
    def of(known):
        return lambda x, p: x[0] in known

    assert code_key(of(frozenset({1, 2}))) == code_key(of(frozenset({2, 1})))
    assert code_key(of(frozenset({1, 2}))) != code_key(of(frozenset({1, 3})))


def test_a_type_of_numbers_has_one_key():
    """A kernel that names one is compiled once."""

    def fields(names):
        kind = np.dtype((np.record, [(name, "f8") for name in names]))
        return lambda: kind

    assert source_key(fields("ab")) == source_key(fields("ab"))
    assert source_key(fields("ab")) != source_key(fields("ac"))
