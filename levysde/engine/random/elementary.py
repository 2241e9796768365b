"""Elementary functions as plain arithmetic that a compiler can vectorize.

Current numba calls the scalar mathematical library, so a loop over `math.log` cannot use vector
units. These polynomials can, they reach about an ulp, and they give the same bits on every
processor, because the only operations are correctly rounded: +, -, x, /, the fused multiply-add and
integer operations on the representation. Minimax-like coefficients were found by interpolation at
Chebyshev nodes in 60-digit arithmetic; the relative truncation errors are below 5e-18.

Polynomials are evaluated in Estrin's order, which has half the latency of Horner's.
"""

import math
from fractions import Fraction

import numpy as np

_SIN = (
    3.1415926535897932378,
    -5.1677127800499696077,
    2.5501640398773004745,
    -0.59926452931894468132,
    0.08214588657310289502,
    -0.0073704305059169434047,
    0.00046629981618983938014,
    -0.000021903497074626017191,
    7.6978267682241906454e-7,
)
_LOG = (
    2.8853900817779268115,
    0.96179669392598972877,
    0.5770780163455202295,
    0.41219858584090053448,
    0.32059853491395986095,
    0.26233435250418301904,
    0.22091308423117679618,
    0.21365895694319269427,
)
_EXP = (
    1.0,
    0.69314718055994530925,
    0.24022650695910159567,
    0.055504108664821627039,
    0.0096181291075872566681,
    0.0013333558146406470697,
    0.00015403530463724354209,
    0.000015252733841556772589,
    1.3215432535912376166e-6,
    1.0178057087733941105e-7,
    7.0741942972885210056e-9,
    4.455817908336064493e-10,
)

_SHIFT_52 = np.uint64(52)
_EXPONENT_BITS = np.uint64(0xFFF0000000000000)
_BIAS = np.uint64(0x4000000000000000)
_BIAS_MINUS_SQRT_HALF = np.uint64(0x4000000000000000 - 0x3FE6A09E667F3BCD)
_TWO_52_BITS = np.uint64(0x4330000000000000)
_TWO_52_PLUS_BIAS = 2.0**52 + 1024.0
_ROUND = 1.5 * 2.0**52
_EXPONENT_OFFSET = np.uint64(1023)


def fma(a: float, b: float, c: float) -> float:
    """A b + c with one rounding, dimensionless.

    Compiled code uses the processor's instruction; this body serves plain Python.

    Parameters
    ----------
    a, b, c : float
        Dimensionless.

    Returns
    -------
    float
        The correctly rounded value.

    Examples
    --------
    >>> fma(0.1, 10.0, -1.0) == 2.0**-54
    True
    """
    a, b, c = float(a), float(b), float(c)
    product = a * b
    if not (_SMALL < abs(product) < _LARGE and abs(a) < _LARGE and abs(b) < _LARGE):
        return _rational_fma(a, b, c)
    if not (_SMALL < abs(c) < _LARGE):
        return _rational_fma(a, b, c)
    # Without under- and overflow: a b = product + low (Dekker 1971), and the sum of three numbers
    # with its two smallest parts rounded to odd (Boldo & Melquiond 2008, Theorem 5).
    x, y = _SPLIT * a, _SPLIT * b
    a_high, b_high = x - (x - a), y - (y - b)
    a_low, b_low = a - a_high, b - b_high
    low = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    middle, rest = _two_sum(c, low)
    high, between = _two_sum(product, middle)
    odd, error = _two_sum(rest, between)
    if error != 0.0 and int(math.ldexp(math.frexp(odd)[0], 53)) % 2 == 0:
        odd = math.nextafter(odd, math.inf if error > 0.0 else -math.inf)
    return high + odd


_SPLIT = 2.0**27 + 1.0
_SMALL, _LARGE = 2.0**-400, 2.0**400
"""Between them nothing under- or overflows."""


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """A sum, rounded, and its error (Knuth 1969, sec. 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _rational_fma(a: float, b: float, c: float) -> float:
    if a == 0.0 or b == 0.0:  # a fraction has no sign of zero
        return a * b + c
    if math.isinf(c) and math.isfinite(a) and math.isfinite(b):  # a b may overflow
        return c
    try:
        return float(Fraction(a) * Fraction(b) + Fraction(c))
    except (OverflowError, ValueError):  # infinite or NaN, before or after
        return a * b + c


def sin_pi(y: float) -> float:
    """sin(pi y) for 0 <= y <= 1/2, dimensionless.

    The relative error stays near an ulp down to y = 0, so cos(pi(u - 1/2)) taken as
    sin(pi min(u, 1 - u)) keeps all its digits where a heavy tail is made.

    Parameters
    ----------
    y : float
        Between 0 and 1/2, dimensionless. Beyond, the polynomial does not hold.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> round(sin_pi(1.0 / 6.0), 15)
    0.5
    """
    z = y * y
    z2 = z * z
    z4 = z2 * z2
    low = fma(z2, fma(z, _SIN[3], _SIN[2]), fma(z, _SIN[1], _SIN[0]))
    high = fma(z2, fma(z, _SIN[7], _SIN[6]), fma(z, _SIN[5], _SIN[4]))
    return y * fma(z4, fma(z4, _SIN[8], high), low)


def log2(x: float) -> float:
    """Binary logarithm of a positive normal number, dimensionless.

    x = 2^k m with m in [sqrt(1/2), sqrt(2)), and log2(m) = (2/ln 2) artanh((m - 1)/(m + 1)).

    Parameters
    ----------
    x : float
        Positive, finite and not subnormal (at least 2^-1022), dimensionless.

    Returns
    -------
    float
        Dimensionless; relative error near an ulp, also next to x = 1.

    Examples
    --------
    >>> float(log2(8.0))
    3.0
    """
    bits = np.float64(x).view(np.uint64)
    shifted = bits + _BIAS_MINUS_SQRT_HALF
    exponent = np.uint64((shifted >> _SHIFT_52) | _TWO_52_BITS).view(np.float64) - _TWO_52_PLUS_BIAS
    mantissa = np.uint64(bits + _BIAS - (shifted & _EXPONENT_BITS)).view(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    z2 = z * z
    low = fma(z2, fma(z, _LOG[3], _LOG[2]), fma(z, _LOG[1], _LOG[0]))
    high = fma(z2, fma(z, _LOG[7], _LOG[6]), fma(z, _LOG[5], _LOG[4]))
    return fma(s, fma(z2 * z2, high, low), exponent)


def exp2(y: float) -> float:
    """2^y for |y| <= 1022, dimensionless.

    y = n + f with n the nearest integer and |f| <= 1/2; 2^n is built from its bits.

    Parameters
    ----------
    y : float
        Between -1022 and 1022, dimensionless. Beyond, the exponent does not fit.

    Returns
    -------
    float
        Dimensionless; relative error near an ulp.

    Examples
    --------
    >>> float(exp2(10.0))
    1024.0
    """
    rounded = y + _ROUND
    f = y - (rounded - _ROUND)
    exponent = np.float64(rounded).view(np.uint64) + _EXPONENT_OFFSET
    power = np.uint64(exponent << _SHIFT_52).view(np.float64)
    f2 = f * f
    f4 = f2 * f2
    low = fma(f2, fma(f, _EXP[3], _EXP[2]), fma(f, _EXP[1], _EXP[0]))
    middle = fma(f2, fma(f, _EXP[7], _EXP[6]), fma(f, _EXP[5], _EXP[4]))
    high = fma(f2, fma(f, _EXP[11], _EXP[10]), fma(f, _EXP[9], _EXP[8]))
    return power * fma(f4, fma(f4, high, middle), low)
