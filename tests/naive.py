"""Slow, obvious references, written from the definitions and not from the fast code."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from levysde.engine.philox import random_words

PHILOX_CONSTANTS = {
    # word bits: (multipliers, Weyl increments) of Philox4xW, Salmon et al. 2011, table 2
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}


def philox4(counter: list[int], key: list[int], bits: int, rounds: int = 10) -> list[int]:
    """Philox4xW in Python integers, for words of 32 or 64 bits."""
    multipliers, weyl = PHILOX_CONSTANTS[bits]
    mask = (1 << bits) - 1
    x, k = list(counter), list(key)
    for _ in range(rounds):
        product_0, product_1 = multipliers[0] * x[0], multipliers[1] * x[2]
        x = [
            (product_1 >> bits) ^ x[1] ^ k[0],
            product_1 & mask,
            (product_0 >> bits) ^ x[3] ^ k[1],
            product_0 & mask,
        ]
        k = [(k[0] + weyl[0]) & mask, (k[1] + weyl[1]) & mask]
    return x


def stable_from_uniforms(u: float, w: float, alpha: float) -> float:
    """SaS(1) as Chambers, Mallows and Stuck write it (1976, eq. 2.3 with beta = 0), with libm."""
    v = math.pi * (u - 0.5)
    exponential = -math.log(w)
    return (
        math.sin(alpha * v)
        / math.cos(v) ** (1.0 / alpha)
        * (math.cos((1.0 - alpha) * v) / exponential) ** ((1.0 - alpha) / alpha)
    )


def noise_increments(part: object, dim: int, seed: int, path: int, step: int) -> np.ndarray:
    """One increment of a noise law in plain Python, from the description of its parts."""
    z = np.empty(part.drivers + 1)
    # With half a word a driver, word k makes drivers k and k + half.
    half = (part.drivers + 1) // 2
    words = half if part.words == 0.5 else part.drivers
    rows = max(part.drivers, 8 if dim > 32 else 1) if part.matrix_at is not None else part.drivers
    slots = rows if part.words == 2.0 else ((half if part.words == 0.5 else rows) + 1) // 2
    for k in range(words):
        pair = random_words(seed, path, step, np.uint64(k % slots))
        if part.words == 2.0:
            z[k] = part.increment(k, *pair, part.p)
        elif part.words == 1.0:
            z[k] = part.increment(k, pair[k // slots], part.p)
        else:
            z[k], z[half + k] = part.increment(pair[k // slots])
    z = z[: part.drivers]
    factor = 1.0
    if part.radius is not None:
        first, second = random_words(seed, path, step, np.uint64(1 << 31))
        factor = part.radius(first, second, part.p)
    if part.matrix_at is None:
        return z * factor
    columns = part.p[part.matrix_at + 2 * part.drivers :].reshape(part.drivers, dim)
    total = [Fraction(0)] * dim
    for k in range(part.drivers):
        # One rounding for each product with its sum.
        total = [
            Fraction(float(Fraction(entry) * Fraction(z[k]) + sum_so_far))
            for entry, sum_so_far in zip(columns[k], total, strict=True)
        ]
    return np.array([float(value) for value in total]) * factor


def escape(program: object, path: int, horizon: int) -> tuple[int, int, np.ndarray]:
    """One path of a program, in plain Python: (steps, status, position)."""
    x = np.array(program.start)
    m, v, g = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    seed, identity = np.uint64(program.seed), np.uint64(path)
    for n in range(horizon):
        increments = noise_increments(program.noise, program.dim, seed, identity, np.uint64(n))
        program.gradient(x, program.gradient_p, g)
        for j in range(program.dim):
            x[j], m[j], v[j] = program.update(
                j, x[j], m[j], v[j], g[j], increments[j], program.dt, n * program.dt,
                program.update_p,
            )  # fmt: skip
        if not np.isfinite(x).all():
            return n + 1, 3, x
        if program.outside(x, program.outside_p):
            return n + 1, 1, x
    return horizon, 2, x


def fraction_above(sample: np.ndarray, predicate: Callable[[np.ndarray], np.ndarray]) -> float:
    """Fraction of a sample for which a predicate holds."""
    return float(np.count_nonzero(predicate(sample))) / sample.size
