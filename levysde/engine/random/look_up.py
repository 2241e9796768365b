"""A look into a table of quantiles: a variate from one random word.

The word makes v, uniform on (0, 1), and the cell of v has one cubic. A table, made by `quantile`,
has four coefficients for each cell; cells are an octave of v for every exponent, cut by the leading
bits of the mantissa.
"""

import numpy as np

from levysde._typing import FloatArray, UInt64
from levysde.engine.random.philox import unit_uniform

CELL_BITS = 6
OCTAVES = 53
CELLS = OCTAVES << CELL_BITS
TABLE_SIZE = 4 * CELLS

_FIRST_CELL = np.uint64((1023 - OCTAVES) << CELL_BITS)
_CELL_SHIFT = np.uint64(52 - CELL_BITS)
_CELL_MASK = np.uint64((1 << (52 - CELL_BITS)) - 1)
_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_SIGN_BIT = np.uint64(1)
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


def tabulated_stable(word: UInt64, p: FloatArray) -> float:
    """One SaS(1) variate from 64 random bits and the table of its law.

    The upper 52 bits make v = (k + 1/2) 2^-52, the lowest bit the sign.

    Parameters
    ----------
    word : numpy.uint64
        Random bits.
    p : ndarray, shape (at least TABLE_SIZE,)
        `quantile_table` of the law, at the front.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.engine.random.quantile import quantile_table
    >>> x = tabulated_stable(np.uint64((1 << 63) + 1), quantile_table(1.0))
    >>> round(float(x), 7)  # v = 1/2, and the quartiles of the Cauchy law are -1 and 1
    1.0
    """
    return signed(word, _interpolated(word, p, 0))


def tabulated_radius(word: UInt64, p: FloatArray, at: int) -> float:
    """One positive variate from 64 random bits and the two tables of its law.

    Parameters
    ----------
    word : numpy.uint64
        Random bits: v = (k + 1/2) 2^-52 from the upper 52, the side of the median from the lowest.
    p : ndarray
        Flat parameters that contain `radius_table`.
    at : int
        Where in p the table begins.

    Returns
    -------
    float
        Dimensionless, positive.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde.engine.random.quantile import radius_table
    >>> above, below = np.uint64((1 << 63) + 1), np.uint64(1 << 63)
    >>> table = radius_table(1.0)
    >>> tabulated_radius(above, table, 0) > tabulated_radius(below, table, 0) > 0.0
    np.True_
    """
    return _interpolated(word, p, at if word & _SIGN_BIT else at + TABLE_SIZE)


def _interpolated(word: UInt64, p: FloatArray, at: int) -> float:
    """Value at v of the table that begins at p[at]; v from the upper 52 bits of the word."""
    cell, inside = cell_of(word)
    return cubic_in(np.uint64(at) + cell, inside, p)


def cell_of(word: UInt64) -> tuple[UInt64, float]:
    """Where the cell of a word begins in a table, and how far v is in it."""
    bits = np.float64(unit_uniform(word)).view(np.uint64)
    # Without a sign: the compiler adds the length of an array to signed indices below 0.
    cell = ((bits >> _CELL_SHIFT) - _FIRST_CELL) << _TWO
    return cell, np.uint64((bits & _CELL_MASK) | _EXPONENT_OF_ONE).view(np.float64) - 1.0


def cubic_in(cell: UInt64, inside: float, p: FloatArray) -> float:
    """The cubic of the cell that begins at p[cell]."""
    tail = p[cell + _TWO] + inside * p[cell + _THREE]
    return p[cell] + inside * (p[cell + _ONE] + inside * tail)


def signed(word: UInt64, x: float) -> float:
    """A positive variate with the sign that the lowest bit of its word says."""
    return x if word & _SIGN_BIT else -x
