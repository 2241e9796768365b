"""Motion between two jumps: the linear one in closed form, any other with its error controlled."""

import math

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.fixed_numbers import LOG2_E
from levysde.engine.random.elementary import exp2, log2

_SMALL = 1e-9
_LONG = 100.0
_RELAXED = 3.0

RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-7
KINK_TOLERANCE = 1e-3
_KINK_ERROR = 0.1
_MOST_STEPS = 10_000


def _decay(rate_time: float) -> float:
    """exp(-k h), 0 where it is below the rounding of what it is added to."""
    return exp2(-rate_time * LOG2_E) if rate_time < _LONG else 0.0


def _mean_decay(rate_time: float) -> float:
    """(1 - exp(-k h))/(k h), 1 at 0."""
    if rate_time < _SMALL:
        return 1.0 - 0.5 * rate_time
    return (1.0 - _decay(rate_time)) / rate_time


def linear_move(
    x: FloatArray,
    h: float,
    z: FloatArray,
    center: FloatArray,
    basis: FloatArray,
    rates: FloatArray,
    covariance: FloatArray,
    drift: FloatArray,
    upward: FloatArray,
    diagonal: bool,
    work: FloatArray,
) -> None:
    """Move x for a time h with dY_j = (-k_j Y_j + mu_j) dt + dB_j, Y the coordinates in the frame.

    An Ornstein-Uhlenbeck process with the mean Y e^(-kh) + mu (1 - e^(-kh))/k and the covariance
    C_ij (1 - e^(-(k_i + k_j) h))/(k_i + k_j), exactly. Where an axis has different rates on its two
    sides the one of the side of Y holds, and once the mean is within a standard deviation of 0 the
    stationary law, which is half a normal law on either side.

    Parameters
    ----------
    x : ndarray, shape (dim,)
        State; changed.
    h : float
        Time.
    z : ndarray, shape (2 dim,)
        Standard normal variates; the second half serves axes with two rates.
    center, basis, rates, covariance, drift, upward
        As for `Linear`.
    diagonal : bool
        Whether the covariance is.
    work : ndarray, shape (dim + 2, dim)
        Room.

    Examples
    --------
    >>> import numpy as np
    >>> x, one, none = np.array([2.0]), np.ones((1, 1)), np.zeros((0, 0))
    >>> linear_move(
    ...     x, np.log(2.0), np.zeros(2), np.zeros(1), none, np.ones((2, 1)), one, np.zeros(1),
    ...     np.zeros(1), True, np.empty((3, 1)),
    ... )
    >>> round(float(x[0]), 12)
    1.0
    """
    dim = len(x)
    y, rate = work[0], work[1]
    rotated = basis.shape[0] > 0
    for j in range(dim):
        y[j] = x[j] - center[j]
    if rotated:
        _rotate(basis, y, x)
        for j in range(dim):
            y[j] = x[j]
    for j in range(dim):
        rate[j] = rates[0, j] if y[j] < 0.0 else rates[1, j]
    if diagonal:
        _independent_axes(y, rate, h, z, rates, covariance, drift, upward)
    else:
        _correlated_axes(y, rate, h, z, covariance, drift, work)
    for j in range(dim):
        x[j] = center[j]
    for j in range(dim):
        if rotated:
            for i in range(dim):
                x[i] += basis[i, j] * y[j]
        else:
            x[j] += y[j]


def _rotate(basis: FloatArray, y: FloatArray, out: FloatArray) -> None:
    """Coordinates in the frame: basis' y."""
    for j in range(len(y)):
        out[j] = 0.0
        for i in range(len(y)):
            out[j] += basis[i, j] * y[i]


def _independent_axes(
    y: FloatArray,
    rate: FloatArray,
    h: float,
    z: FloatArray,
    rates: FloatArray,
    covariance: FloatArray,
    drift: FloatArray,
    upward: FloatArray,
) -> None:
    dim = len(y)
    for j in range(dim):
        decayed = _decay(rate[j] * h)
        # Of the squared decay: what the diffusive part adds up to.
        doubled = 2.0 * rate[j] * h
        weight = (1.0 - decayed * decayed) / doubled if doubled > _SMALL else 1.0 - 0.5 * doubled
        variance = covariance[j, j] * h * weight
        mean = y[j] * decayed
        if drift[j] != 0.0:
            mean += drift[j] * h * _mean_decay(rate[j] * h)
        y[j] = mean + math.sqrt(variance) * z[j]
        if rates[0, j] != rates[1, j] and mean * mean < variance and rate[j] * h > _RELAXED:
            up = z[dim + j] < upward[j]
            size = abs(z[j]) * math.sqrt(0.5 * covariance[j, j] / rates[1 if up else 0, j])
            y[j] = size if up else -size


def _correlated_axes(
    y: FloatArray,
    rate: FloatArray,
    h: float,
    z: FloatArray,
    covariance: FloatArray,
    drift: FloatArray,
    work: FloatArray,
) -> None:
    dim = len(y)
    root = work[2:]
    for i in range(dim):
        for j in range(i + 1):
            entry = covariance[i, j] * h * _mean_decay((rate[i] + rate[j]) * h)
            for k in range(j):
                entry -= root[i, k] * root[j, k]
            if i > j:
                root[i, j] = entry / root[j, j] if root[j, j] > 0.0 else 0.0
            else:
                # A direction without noise of its own leaves rounding errors.
                noise = entry > 1e-13 * covariance[i, i] * h
                root[i, i] = math.sqrt(entry) if noise else 0.0
    for j in range(dim):
        mean = y[j] * _decay(rate[j] * h) + drift[j] * h * _mean_decay(rate[j] * h)
        for k in range(j + 1):
            mean += root[j, k] * z[k]
        y[j] = mean


def follow(
    gradient: PlainFunction,
    x: FloatArray,
    h: float,
    p: FloatArray,
    drift: FloatArray,
    center: FloatArray,
    size: float,
    work: FloatArray,
) -> bool:
    """Follow dx = (mu - grad F(x)) dt for a time h by the Runge-Kutta pair of orders 3 and 2.

    The error of a step is at most 1e-4 of the distance from the minimum plus 1e-7 of `size`. Where
    the force jumps, so that the error is as large as the step itself, a step of 1e-3 of `size` is
    short enough: at a minimum with a kink the flow would otherwise go to and fro in ever shorter
    ones.

    Parameters
    ----------
    gradient : callable
        `gradient(x, p, out)`.
    x : ndarray, shape (dim,)
        State; changed.
    h : float
        Time.
    p : ndarray
        Parameters of the gradient.
    drift : ndarray, shape (dim,)
        mu, length/time.
    center : ndarray, shape (dim,)
        The minimum.
    size : float
        Length.
    work : ndarray, shape (5, dim)
        Room.

    Returns
    -------
    bool
        Whether the end was reached with finite numbers.

    References
    ----------
    P. Bogacki, L. F. Shampine, "A 3(2) pair of Runge-Kutta formulas", Appl. Math. Lett. 2 (1989)
    321-325.

    Examples
    --------
    >>> import numpy as np
    >>> def cubic(x, p, out):
    ...     out[0] = x[0] ** 3
    >>> x, none = np.array([1.0]), np.zeros(1)
    >>> follow(cubic, x, 4.0, none, none, none, 1.0, np.empty((5, 1)))
    True
    >>> round(float(x[0]), 3)  # 1/sqrt(1 + 2 t)
    0.333
    """
    dim = len(x)
    one, two, three, four, trial = work[0], work[1], work[2], work[3], work[4]
    _force(gradient, x, p, drift, one)
    left, step = h, h
    for _ in range(_MOST_STEPS):
        for j in range(dim):
            trial[j] = x[j] + 0.5 * step * one[j]
        _force(gradient, trial, p, drift, two)
        for j in range(dim):
            trial[j] = x[j] + 0.75 * step * two[j]
        _force(gradient, trial, p, drift, three)
        for j in range(dim):
            trial[j] = x[j] + step * (2.0 * one[j] + 3.0 * two[j] + 4.0 * three[j]) / 9.0
        _force(gradient, trial, p, drift, four)
        square = distance = moved = 0.0
        for j in range(dim):
            error = (-5.0 * one[j] + 6.0 * two[j] + 8.0 * three[j] - 9.0 * four[j]) / 72.0
            square += step * error * step * error
            distance += (trial[j] - center[j]) ** 2
            moved += (trial[j] - x[j]) ** 2
        allowed = RELATIVE_TOLERANCE * math.sqrt(distance) + ABSOLUTE_TOLERANCE * size
        ratio = math.sqrt(square) / allowed
        jumps = square > _KINK_ERROR * _KINK_ERROR * moved
        short = jumps and step * _length(one) <= KINK_TOLERANCE * size
        if not (ratio <= 1.0 or short):
            step *= max(0.1, 0.9 * exp2(-log2(ratio) / 3.0)) if ratio < 1e9 else 0.1
            continue
        for j in range(dim):
            x[j], one[j] = trial[j], four[j]
        left -= step
        if not left > 0.0:
            return True
        if not short:
            step *= min(5.0, 0.9 * exp2(-log2(max(ratio, 1e-4)) / 3.0))
        step = min(left, step)
    return False


def _length(force: FloatArray) -> float:
    square = 0.0
    for j in range(len(force)):
        square += force[j] * force[j]
    return math.sqrt(square)


def _force(
    gradient: PlainFunction, x: FloatArray, p: FloatArray, drift: FloatArray, out: FloatArray
) -> None:
    gradient(x, p, out)
    for j in range(len(x)):
        out[j] = drift[j] - out[j]
