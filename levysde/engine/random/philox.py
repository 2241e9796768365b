"""Counter-based random bits: Philox4x32-10, and uniforms made from them.

A draw is addressed, not consumed. The 128-bit counter is (step, slot, path) and the 64-bit key is
the seed, so every draw of every path is known without making the ones before it. Results therefore
do not depend on threads, block sizes, chunks or workers.

Counter words (32 bits each)::

    c0 = step, low 32 bits          c2 = path, low 32 bits
    c1 = slot                       c3 = (step, next 16 bits) << 16 | (path, next 16 bits)

so that steps and paths run below 2^48 and slots below 2^32.

Reference: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC'11 (2011), section 3.3.
"""

import numpy as np

from levysde._typing import UInt64

STREAM = 2
"""Number of the stream of random numbers and of the tables; a change is an "Answers changed"."""

MAX_STEPS = 1 << 48
MAX_PATHS = 1 << 48

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_LOW_32 = np.uint64(0xFFFFFFFF)
_LOW_16 = np.uint64(0xFFFF)
_SHIFT_32 = np.uint64(32)
_SHIFT_16 = np.uint64(16)
_SHIFT_12 = np.uint64(12)
_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_ONE_MINUS_HALF_ULP = 1.0 - 2.0**-53


def philox4x32(
    c0: UInt64, c1: UInt64, c2: UInt64, c3: UInt64, k0: UInt64, k1: UInt64
) -> tuple[UInt64, UInt64, UInt64, UInt64]:
    """Ten rounds of Philox4x32 on a counter of four 32-bit words and a key of two.

    Words are held in 64-bit integers, whose products hold the high and the low half at once.

    Parameters
    ----------
    c0, c1, c2, c3 : numpy.uint64
        Counter words, each below 2^32.
    k0, k1 : numpy.uint64
        Key words, each below 2^32.

    Returns
    -------
    tuple of four numpy.uint64
        Random words, each below 2^32.

    Examples
    --------
    >>> import numpy as np
    >>> zero = np.uint64(0)
    >>> [hex(word) for word in philox4x32(zero, zero, zero, zero, zero, zero)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> _SHIFT_32) ^ c1 ^ k0,
            product_1 & _LOW_32,
            (product_0 >> _SHIFT_32) ^ c3 ^ k1,
            product_0 & _LOW_32,
        )
        k0 = (k0 + _WEYL_0) & _LOW_32
        k1 = (k1 + _WEYL_1) & _LOW_32
    return c0, c1, c2, c3


def unit_uniform(word: UInt64) -> float:
    """Uniform on (0, 1): (k + 1/2) 2^-52 with k the upper 52 bits of the word.

    Neither 0 nor 1 can occur, and u and 1 - u are both exact.

    Parameters
    ----------
    word : numpy.uint64
        64 random bits.

    Returns
    -------
    float
        Dimensionless, between 2^-53 and 1 - 2^-53.

    Examples
    --------
    >>> import numpy as np
    >>> bool(unit_uniform(np.uint64(0)) == 2.0**-53)
    True
    """
    return np.uint64((word >> _SHIFT_12) | _EXPONENT_OF_ONE).view(np.float64) - _ONE_MINUS_HALF_ULP


def random_words(seed: UInt64, path: UInt64, step: UInt64, slot: UInt64) -> tuple[UInt64, UInt64]:
    """Two independent words of 64 random bits at the address (seed, path, step, slot).

    Parameters
    ----------
    seed : numpy.uint64
        Any integer in [0, 2^64).
    path, step : numpy.uint64
        Below 2^48.
    slot : numpy.uint64
        Which draw of this step, below 2^32.

    Returns
    -------
    tuple of two numpy.uint64

    Examples
    --------
    >>> import numpy as np
    >>> zero = np.uint64(0)
    >>> hex(random_words(zero, zero, zero, zero)[0])
    '0x6627e8d5e169c58d'
    """
    upper_bits = ((step >> _SHIFT_32) << _SHIFT_16) | ((path >> _SHIFT_32) & _LOW_16)
    w0, w1, w2, w3 = philox4x32(
        step & _LOW_32, slot, path & _LOW_32, upper_bits, seed & _LOW_32, seed >> _SHIFT_32
    )
    return (w0 << _SHIFT_32) | w1, (w2 << _SHIFT_32) | w3


def uniform_pair(seed: UInt64, path: UInt64, step: UInt64, slot: UInt64) -> tuple[float, float]:
    """Two independent uniforms on (0, 1) at the address (seed, path, step, slot).

    Parameters
    ----------
    seed : numpy.uint64
        Any integer in [0, 2^64).
    path, step : numpy.uint64
        Below 2^48.
    slot : numpy.uint64
        Which draw of this step, below 2^32.

    Returns
    -------
    tuple of two floats
        Dimensionless, strictly inside (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> u, v = uniform_pair(np.uint64(7), np.uint64(0), np.uint64(0), np.uint64(0))
    >>> bool(0.0 < u < 1.0 and 0.0 < v < 1.0)
    True
    """
    first, second = random_words(seed, path, step, slot)
    return unit_uniform(first), unit_uniform(second)
