"""Escape measures of boxes under correlated noise, by separation of variables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.theory.exact.constants import isotropic_constant
from levysde.theory.measure.sphere_points import sphere_mean
from levysde.theory.protocols import Vector

_PARALLEL = 1e-14
_FLAT = 1e-10
_CIRCLE = 1e-11
_DIRECTIONS = 1 << 24
_MOST_ROWS = 128

_TAILS_AT_SPLIT = 0.5
_NEAREST = 0.5
_FACES_SHARE = 0.5
_SMALLEST_FACE = 1e-12
_SLOWNESS = 1.25

_SCRAMBLINGS = 16
_SAFETY = 4.0
_TOLERANCE = 2e-5
_FIRST_POWER = 8
_FEW_POWER = 12
_NUMBERS = 1 << 24
_ROWS_A_LEVEL = 8
_CHUNK = 1 << 16
_BITS = 30
_TINY = 1e-300

Integers = NDArray[np.uint64]

Found = tuple[float, float, str]
"""nu(W), its error and the method."""


def reduced_box(matrix: Vector, upper: Vector, lower: Vector) -> tuple[Vector, Vector, Vector]:
    """Return the box {-a_i < (Gz)_i < b_i} with unit rows of G, no two of them parallel.

    Coordinates that the noise does not reach or that have no end are left out.

    Parameters
    ----------
    matrix : ndarray, shape (dim, rank)
        G, units of the state.
    upper, lower : ndarray, shape (dim,)
        b_i and a_i, positive, units of the state; may be infinite.

    Returns
    -------
    (ndarray, ndarray, ndarray), shapes (faces, new rank), (faces,) and (faces,)
        Rows of G, and b and a, in units of the scales.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.array([[2.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    >>> rows, upper, lower = reduced_box(matrix, np.ones(3), np.ones(3))
    >>> rows.shape, upper.tolist(), lower.tolist()
    ((1, 1), [0.5], [0.5])
    """
    scales = np.linalg.norm(matrix, axis=1)
    used = (scales > 0.0) & np.isfinite(np.minimum(upper, lower))
    rows, b, a = (values[used] for values in (matrix, upper, lower))
    rows, b, a = rows / scales[used, None], b / scales[used], a / scales[used]
    kept: list[int] = []
    for i, cosines in enumerate(rows @ rows.T):
        same = [k for k in kept if 1.0 - abs(cosines[k]) <= _PARALLEL]
        if not same:
            kept.append(i)
            continue
        k = same[0]
        high, low = (b[i], a[i]) if cosines[k] > 0.0 else (a[i], b[i])
        b[k], a[k] = min(b[k], high), min(a[k], low)
    left, sizes, _ = np.linalg.svd(rows[kept], full_matrices=False)
    full = sizes > _FLAT
    return np.asarray(left[:, full] * sizes[full]), b[kept], a[kept]


@dataclass(frozen=True, eq=False)
class _Inside:
    """P(-t a_i < Y_i < t b_i for all i), Y = Lz, z standard normal, L lower triangular.

    Level k has the rows whose last coefficient is that of z_k, divided by it: given the earlier
    variables they confine z_k to an interval.
    """

    earlier: tuple[Vector, ...]
    upper: tuple[Vector, ...]
    lower: tuple[Vector, ...]

    @property
    def rows(self) -> int:
        return sum(upper.size for upper in self.upper)

    def probability(self, t: Vector, uniform: Vector) -> Vector:
        """Return the products of the chances of the intervals; their mean is the probability."""
        from scipy.special import ndtr, ndtri

        levels = len(self.earlier)
        normal = np.empty((levels, t.size))
        product = np.ones(t.size)
        for k in range(levels):
            shift = self.earlier[k] @ normal[:k]
            below = ndtr(np.max(-self.lower[k][:, None] * t - shift, axis=0))
            above = ndtr(np.max(shift - self.upper[k][:, None] * t, axis=0))
            inside = np.maximum(1.0 - below - above, 0.0)
            product *= inside
            if k + 1 < levels:
                normal[k] = ndtri(np.clip(below + uniform[k] * inside, _TINY, 1.0 - 2.0**-53))
        return product


def _triangle(rows: Vector) -> Vector:
    """Return a lower triangular matrix whose rows have the same products, by Gram-Schmidt."""
    residual = rows.copy()
    columns: list[Vector] = []
    for i in range(len(rows)):
        size = float(np.linalg.norm(residual[i]))
        if size > _FLAT:
            unit = residual[i] / size
            columns.append(residual @ unit)
            residual -= columns[-1][:, None] * unit
            residual[i] = 0.0
    return np.stack(columns, axis=1)


def _inside(triangle: Vector, upper: Vector, lower: Vector) -> _Inside:
    """Sort the rows of a triangle into levels."""
    count, levels = triangle.shape
    last = levels - 1 - np.argmax(np.abs(triangle[:, ::-1]) > _FLAT, axis=1)
    own = triangle[np.arange(count), last]
    earlier = triangle / own[:, None]
    high = np.where(own > 0.0, upper, lower) / np.abs(own)
    low = np.where(own > 0.0, lower, upper) / np.abs(own)
    rows = [np.flatnonzero(last == k) for k in range(levels)]
    return _Inside(
        tuple(earlier[row, :k] for k, row in enumerate(rows)),
        tuple(high[row] for row in rows),
        tuple(low[row] for row in rows),
    )


def _tightest_first(rows: Vector, upper: Vector, lower: Vector) -> list[int]:
    """Return an order in which each row is the least likely to be inside given those before it.

    Those before are taken at their means. Rows that depend on those before come last.
    """
    from scipy.special import ndtr

    count, rank = rows.shape
    residual, mean = rows.copy(), np.zeros(count)
    order: list[int] = []
    for _ in range(rank):
        size = np.linalg.norm(residual, axis=1)
        size[order] = 0.0
        free = size > _FLAT
        size[~free] = 1.0
        high, low = (upper - mean) / size, (-lower - mean) / size
        chance = np.where(free, np.maximum(ndtr(high) - ndtr(low), _TINY), np.inf)
        i = int(np.argmin(chance))
        density = (np.exp(-0.5 * low[i] ** 2) - np.exp(-0.5 * high[i] ** 2)) / math.sqrt(
            2 * math.pi
        )
        along = residual @ (residual[i] / size[i])
        mean += along * density / chance[i]
        residual -= along[:, None] * (residual[i] / size[i])
        order.append(i)
    return order + sorted(set(range(count)) - set(order))


@dataclass(frozen=True, eq=False)
class _Core:
    """E min(g, T)^alpha = T^alpha E P(g > T v^(1/alpha)), v uniform, g the gauge of the box."""

    inside: _Inside
    split: float
    alpha: float
    share: float = 1.0

    def values(self, uniform: Vector) -> Vector:
        t = self.split * np.maximum(uniform[0] ** (1.0 / self.alpha), _TINY)
        outside = 1.0 - self.inside.probability(t, uniform[1:])
        return np.asarray(self.split**self.alpha * outside)


@dataclass(frozen=True, eq=False)
class _Face:
    """E (g^alpha - T^alpha)_+ over the jumps through the face {Y_i = t b, the others inside}.

    It is the integral over t > T of (t^alpha - T^alpha) P(others inside | Y_i = t b) with the
    density of Y_i / b, which is exp(-y) in y = (t^2 - T^2) b^2 / 2. With y = -(5/4) log(1 - sqrt v)
    the integrand over v stays bounded: it vanishes at y = 0 and grows slowly otherwise.
    """

    inside: _Inside
    split: float
    alpha: float
    end: float
    share: float

    def values(self, uniform: Vector) -> Vector:
        root = np.sqrt(uniform[0])
        y = -_SLOWNESS * np.log1p(-root)
        weight = _SLOWNESS / (2.0 * root) * (1.0 - root) ** (_SLOWNESS - 1.0)
        start = 0.5 * (self.end * self.split) ** 2
        t = np.sqrt(2.0 * (start + y)) / self.end
        power = self.split**self.alpha * np.expm1(0.5 * self.alpha * np.log1p(y / start))
        density = math.exp(-start) / math.sqrt(2.0 * math.pi) / (self.end * t)
        return np.asarray(weight * power * density * self.inside.probability(t, uniform[1:]))


def _split(upper: Vector, lower: Vector) -> float:
    """Return the T at which the chances that one coordinate is beyond T times its end add to 1/2.

    Below, a few coordinates at a time decide whether the point is inside; above, one does. A single
    near end on one side is passed with chance 1/2 however small T is, so T is kept from 0.
    """
    from scipy.special import ndtr

    ends = np.concatenate([upper, lower])
    low, high = math.log(_NEAREST / np.min(ends)), math.log(10.0 * ends.size / np.min(ends))
    for _ in range(50):
        middle = 0.5 * (low + high)
        if np.sum(ndtr(-math.exp(middle) * ends)) > _TAILS_AT_SPLIT:
            low = middle
        else:
            high = middle
    return math.exp(low)


def _parts(rows: Vector, upper: Vector, lower: Vector, alpha: float) -> Iterator[_Core | _Face]:
    """Yield parts that add up to E g^alpha, with their shares of the points."""
    from scipy.special import ndtr

    split = _split(upper, lower)
    order = _tightest_first(rows, split * upper, split * lower)
    yield _Core(_inside(_triangle(rows[order]), upper[order], lower[order]), split, alpha)
    tails = ndtr(-split * np.stack([upper, lower]))
    shares = tails / np.sum(tails)
    for i in range(len(rows)):
        others = [k for k in order if k != i]
        triangle = _triangle(rows[[i, *others]])
        slopes = triangle[1:, 0] * triangle[0, 0]
        for sign, ends, share in ((1.0, upper, shares[0]), (-1.0, lower, shares[1])):
            if share[i] < _SMALLEST_FACE:
                continue
            # Y_k = slope Y_i + rest; the faces seen by the rest have moved.
            moved = sign * slopes * ends[i]
            inside = _inside(triangle[1:, 1:], upper[others] - moved, lower[others] + moved)
            points = 2.0 ** min(0, round(math.log2(_FACES_SHARE * share[i])))
            yield _Face(inside, split, alpha, float(ends[i]), points)


def _part_means(part: _Core | _Face, net: Integers, shifts: Integers) -> Vector:
    """Return the mean over the first points of a net after each of its digital shifts."""
    count = max(1, int(part.share * net.shape[1]))
    points = (net[:, None, :count] ^ shifts[:, :, None]).reshape(len(net), -1)
    chunk = max(1, _CHUNK // part.inside.rows)
    values = np.empty(points.shape[1])
    for k in range(0, values.size, chunk):
        uniform = np.asarray((points[:, k : k + chunk] + 0.5) * 2.0**-_BITS, np.float64)
        values[k : k + chunk] = part.values(uniform)
    return np.asarray(np.mean(values.reshape(_SCRAMBLINGS, count), axis=1))


def _scrambled_sums(parts: list[_Core | _Face], rank: int, power: int) -> Vector:
    """Return the sum of all parts for each scrambling, the core with 2^power points."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(rank, scramble=True, bits=_BITS, seed=power).random_base2(power)
    net = np.ascontiguousarray(np.round(sobol.T * 2.0**_BITS)).astype(np.uint64)
    generator = np.random.default_rng(power)
    shape = (rank, _SCRAMBLINGS)
    sums = np.zeros(_SCRAMBLINGS)
    for part in parts:
        shifts = generator.integers(1 << _BITS, size=shape, dtype=np.uint64)
        sums += _part_means(part, net, shifts)
    return sums


def _mean_over_directions(rows: Vector, upper: Vector, lower: Vector, alpha: float) -> Found:
    def powers(units: Vector) -> Vector:
        image = units @ rows.T
        gauge = np.max(np.maximum(image / upper, -image / lower), axis=1)
        return np.asarray(np.maximum(gauge, 0.0) ** alpha)

    rank = rows.shape[1]
    tolerance = _CIRCLE if rank == 2 else _TOLERANCE
    mean = sphere_mean(powers, rank, tolerance, _DIRECTIONS // len(rows))
    constant = isotropic_constant(alpha, rank)
    return constant * mean.value, constant * mean.error, mean.method


def correlated_box_moment(rows: Vector, upper: Vector, lower: Vector, alpha: float) -> Found:
    """Return [2^p / Gamma(1-p)] E[g^alpha], g = max_i max(Y_i/b_i, -Y_i/a_i), p = alpha/2.

    Y = Gz, z standard normal. With T in the middle of the law of g,
    E min(g, T)^alpha = T^alpha int_0^1 P(g > T v^(1/alpha)) dv, and the rest is a sum over the
    faces, each conditioned on the coordinate that leaves through it. Separation of variables turns
    the probabilities that (the other) coordinates are inside into integrals of smooth functions
    over the unit cube, which digitally shifted Sobol points average. Where the jumps span a plane
    it is an integral over the angle, and with more than 128 coordinates a mean over directions.

    Parameters
    ----------
    rows : ndarray, shape (faces, rank)
        Rows of G, unit vectors, no two parallel; rank at least 2.
    upper, lower : ndarray, shape (faces,)
        b_i and a_i, positive, in units of the scales; may be infinite, but not both.
    alpha : float
        Stability index in (0, 2), dimensionless.

    Returns
    -------
    (float, float, str)
        Value, error (four standard errors from 16 scramblings) and method.

    Notes
    -----
    Source: Genz, J. Comput. Graph. Statist. 1 (1992) 141, section 3; the order of the variables
    is that of Gibson, Glasbey & Elston, Advances in Numerical Methods (1994) 120.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> value, error, method = correlated_box_moment(rows, np.ones(2), np.full(2, 2.0), 1.5)
    >>> round(value, 8), error < 1e-11, method
    (0.39176194, True, 'quadrature over the angle')
    """
    from scipy.special import rgamma

    rank = rows.shape[1]
    if rank == 2 or len(rows) > _MOST_ROWS:
        return _mean_over_directions(rows, upper, lower, alpha)
    parts = list(_parts(rows, upper, lower, alpha))
    points = _SCRAMBLINGS * sum(part.share for part in parts)
    # A level with many rows costs a few times as much as one with a single row.
    numbers = points * max(rank, len(rows) // _ROWS_A_LEVEL + rank // 2)
    last = max(_FIRST_POWER, int(math.log2(_NUMBERS / numbers)))
    # With few points a first look at the error would cost as much as they do.
    power = _FIRST_POWER if last > _FEW_POWER else last
    while True:
        sums = _scrambled_sums(parts, rank, power)
        value = math.fsum(sums) / _SCRAMBLINGS
        error = _SAFETY * float(np.std(sums, ddof=1)) / math.sqrt(_SCRAMBLINGS)
        if error <= _TOLERANCE * value or power == last:
            break
        # The error falls nearly as one over the number of points.
        power = min(last, power + math.ceil(math.log2(error / (_TOLERANCE * value))))
    factor = 2.0 ** (0.5 * alpha) * rgamma(1.0 - 0.5 * alpha)
    method = f"quasi-Monte Carlo over separated variables, {int(points * 2**power)} points"
    return float(factor * value), float(factor * error), method
