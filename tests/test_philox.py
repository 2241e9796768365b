import numba
import numpy as np
import pytest
from naive import philox4

from levysde.engine.compile import prepared
from levysde.engine.random import philox

pytestmark = pytest.mark.quick

# Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, answer.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


PLAIN = prepared(philox.philox4x32)


@numba.njit
def compiled(*words):
    return PLAIN(*words)


def compiled_philox(counter, key):
    return compiled(*counter, *key)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers_of_random123(counter, key, answer):
    arguments = [np.uint64(word) for word in words(counter) + words(key)]
    assert [int(word) for word in philox.philox4x32(*arguments)] == words(answer)
    arrays = np.array(words(counter), np.uint64), np.array(words(key), np.uint64)
    assert list(compiled_philox(*arrays)) == words(answer)


def test_reference_gives_the_bit_streams_of_numpy():
    """The reference in Python integers is numpy's Philox when its words have 64 bits ..."""
    counter, key = [5, 6, 7, 8], [2**63 + 11, 12]
    # Arrays, because numpy makes floats of a list with a number beyond 2^63.
    generator = np.random.Philox(counter=np.array(counter, np.uint64), key=np.array(key, np.uint64))
    drawn = [int(value) for value in generator.random_raw(8)]
    # numpy advances the counter before it draws.
    expected = philox4([6, 6, 7, 8], key, 64) + philox4([7, 6, 7, 8], key, 64)
    assert drawn == expected


def test_engine_gives_the_reference_at_random_addresses():
    """... and the engine's Philox when they have 32."""
    numbers = np.random.default_rng(1).integers(0, 2**32, size=(500, 6), dtype=np.uint64)
    for row in numbers:
        expected = philox4([int(word) for word in row[:4]], [int(word) for word in row[4:]], 32)
        assert list(compiled_philox(row[:4], row[4:])) == expected


def test_fewer_rounds_are_noticed():
    assert philox4([0, 0, 0, 0], [0, 0], 32, rounds=9) != words(KNOWN_ANSWERS[0][2])


def test_address_reaches_every_counter_word():
    seed, path, step, slot = 0x0123456789ABCDEF, 0xA1B2C3D4E5F6, 0x1A2B3C4D5E6F, 0x89ABCDEF
    w = philox4([0x3C4D5E6F, slot, 0xC3D4E5F6, 0x1A2BA1B2], [0x89ABCDEF, 0x01234567], 32)
    u1, u2 = philox.uniform_pair(*(np.uint64(value) for value in (seed, path, step, slot)))
    assert u1 == ((w[0] << 32 | w[1]) >> 12) * 2.0**-52 + 2.0**-53
    assert u2 == ((w[2] << 32 | w[3]) >> 12) * 2.0**-52 + 2.0**-53


def test_uniforms_lie_strictly_inside_the_unit_interval():
    assert philox.unit_uniform(np.uint64(0)) == 2.0**-53
    assert philox.unit_uniform(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53


def test_neighboring_addresses_are_independent():
    """Uniforms at neighboring paths, steps, slots and seeds are uniform and uncorrelated."""
    n = 20_000
    for which in range(4):
        address = np.zeros((4, n), np.uint64)
        address[0] = 7
        address[which] += np.arange(n, dtype=np.uint64)
        u = np.stack(philox.uniform_pair(*address), axis=1)
        z_mean = (u.mean(axis=0) - 0.5) * np.sqrt(12.0 * n)
        centered = (u - 0.5) * np.sqrt(12.0)
        lagged = (centered[1:, 0] * centered[:-1, 0]).mean() * np.sqrt(n)
        paired = (centered[:, 0] * centered[:, 1]).mean() * np.sqrt(n)
        assert np.abs([*z_mean, lagged, paired]).max() < 4.0
