"""Slow, obvious references, written from the definitions and not from the fast code."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from levysde.engine.random.look_up import tabulated_stable
from levysde.engine.random.philox import random_words
from levysde.engine.random.variates import gaussian_pair

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
            x = tabulated_stable(pair[k // slots], part.p)
            z[k] = part.increment(k, x, part.p)
        else:
            z[k], z[half + k] = part.increment(pair[k // slots])
    z = z[: part.drivers]
    factor = 1.0
    if part.radius is not None:
        first, second = random_words(seed, path, step, np.uint64(1 << 31))
        factor = part.radius(first, second, part.p)
    if part.scales_at is not None:
        return z * factor * part.p[part.scales_at :]
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
        part = program.update
        clock = () if part.clock is None else part.clock(n * program.dt, program.dt, part.p)
        before = x.copy()
        for j in range(program.dim):
            z = ()
            if part.normal:
                words = random_words(seed, identity, np.uint64(n), np.uint64((1 << 30) + j))
                z = (math.sqrt(0.5) * gaussian_pair(words[0])[0],)
            x[j], m[j], v[j] = part.update(
                j, x[j], m[j], v[j], g[j], increments[j], program.dt, n * program.dt, part.p,
                *clock, *z,
            )  # fmt: skip
        length = math.dist(x, before)
        if part.limit is not None and length > part.p[-1]:
            x = before + (x - before) * (part.p[-1] / length)
        if not np.isfinite(x).all():
            return n + 1, 3, x
        if program.outside(x, program.outside_p):
            return n + 1, 1, x
    return horizon, 2, x


def fraction_above(sample: np.ndarray, predicate: Callable[[np.ndarray], np.ndarray]) -> float:
    """Fraction of a sample for which a predicate holds."""
    return float(np.count_nonzero(predicate(sample))) / sample.size


# ------------------------------------------------------------------------------------ optimizers
#
# A move is `move(j, n, x, m, v, g, dL, z) -> (x, m, v)`: step n of coordinate j, as the papers
# write it, with increment dL of the noise and a standard normal z.

Move = Callable[[int, int, float, float, float, float, float, float], tuple[float, float, float]]


def optimizer_path(
    move: Move,
    start: np.ndarray,
    gradient: Callable[[np.ndarray], np.ndarray],
    increments: np.ndarray,
    normals: np.ndarray | None = None,
    clip: float = math.inf,
) -> np.ndarray:
    """All iterates of an optimizer, the start included; no displacement is longer than `clip`."""
    x, memory, path = np.array(start), [(0.0, 0.0)] * len(start), [np.array(start)]
    for n, dL in enumerate(increments):
        g, moved = gradient(x), np.empty_like(x)
        for j in range(len(x)):
            z = 0.0 if normals is None else float(normals[n, j])
            moved[j], *moments = move(j, n, float(x[j]), *memory[j], float(g[j]), float(dL[j]), z)
            memory[j] = (moments[0], moments[1])
        length = math.dist(moved, x)
        x = moved if length <= clip else x + clip / length * (moved - x)
        path.append(x)
    return np.array(path)


def seen(g: float, dL: float, dt: float, form: str) -> float:
    """The gradient that feeds the moments: with the noise in it, or without."""
    return g - dL / dt if form == "algorithm" else g


def ratio(numerator: float, denominator: float) -> float:
    """A quotient in which 0/0 counts as 0."""
    return 0.0 if numerator == 0.0 else numerator / denominator


def average(old: float, new: float, b: float, dt: float, rates: str) -> float:
    """One step of an exponential average: b is the part kept, or the relaxation rate."""
    if rates == "per_step":
        return b * old + (1.0 - b) * new
    return old + b * (new - old) * dt


def weight_so_far(n: int, b: float, dt: float, rates: str) -> float:
    """The weight of all that has entered the average up to step n, which began at 0."""
    if rates == "per_step":
        return 1.0 - b ** (n + 1)
    return 1.0 - (1.0 - b * dt) ** (n + 1)


def sgd_move(dt: float) -> Move:
    """Zhou et al. 2020, eq. 4."""

    def move(j, n, x, m, v, g, dL, z):
        return x - dt * g + dL, m, v

    return move


def momentum_move(
    dt: float, decay: float = 0.9, dampening: float = 0.0, form: str = "algorithm",
    rates: str = "per_step",
) -> Move:  # fmt: skip
    """Heavy ball: m is a decaying sum of gradients, or in rates per time their average."""

    def move(j, n, x, m, v, g, dL, z):
        h = seen(g, dL, dt, form)
        if rates == "per_step":
            m = decay * m + (1.0 - dampening) * h
        else:
            m = average(m, h, decay, dt, rates)
        x = x - dt * m
        return (x + dL if form == "sde" else x), m, v

    return move


def scaled_step(
    j: int, v: float, direction: float, dL: float, weight: float, dt: float,
    eps: float, form: str, frozen: np.ndarray | None,
) -> float:  # fmt: skip
    """-dt direction/(sqrt(vhat) + eps), with the noise over the same in the form of an SDE."""
    root = math.sqrt(v / weight) if frozen is None else float(frozen[j])
    step = -dt * ratio(direction, root + eps)
    return step + ratio(dL, root + eps) if form == "sde" else step


def rmsprop_move(
    dt: float, decay: float = 0.99, eps: float = 1e-8, bias_correction: bool = False,
    form: str = "algorithm", rates: str = "per_step", frozen: np.ndarray | None = None,
    gradient_noise: float = 0.0,
) -> Move:  # fmt: skip
    """Gradient over the root of the average of its squares."""

    def move(j, n, x, m, v, g, dL, z):
        h = seen(g, dL, dt, form)
        v = average(v, (h + gradient_noise * z) ** 2, decay, dt, rates)
        weight = weight_so_far(n, decay, dt, rates) if bias_correction else 1.0
        return x + scaled_step(j, v, h, dL, weight, dt, eps, form, frozen), m, v

    return move


def adam_step(
    dt: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, form: str = "algorithm",
    rates: str = "per_step", frozen: np.ndarray | None = None, gradient_noise: float = 0.0,
) -> Callable[..., tuple[float, float, float]]:  # fmt: skip
    """What the four relatives share: `step(j, n, m, v, g, dL, z) -> (step, m, v)`."""

    def step(j, n, m, v, g, dL, z):
        h = seen(g, dL, dt, form)
        m = average(m, h, b1, dt, rates)
        v = average(v, (h + gradient_noise * z) ** 2, b2, dt, rates)
        direction = m / weight_so_far(n, b1, dt, rates)
        weight = weight_so_far(n, b2, dt, rates)
        return scaled_step(j, v, direction, dL, weight, dt, eps, form, frozen), m, v

    return step


def adam_move(dt: float, **options: object) -> Move:
    """Zhou et al. 2020, eq. 5, or Kingma and Ba 2015, algorithm 1."""
    adam = adam_step(dt, **options)

    def move(j, n, x, m, v, g, dL, z):
        step, m, v = adam(j, n, m, v, g, dL, z)
        return x + step, m, v

    return move


def adam_l2_move(dt: float, weight_decay: float = 0.01, **options: object) -> Move:
    """Adam on the loss with the penalty weight_decay |x|^2/2."""
    adam = adam_step(dt, **options)

    def move(j, n, x, m, v, g, dL, z):
        step, m, v = adam(j, n, m, v, g + weight_decay * x, dL, z)
        return x + step, m, v

    return move


def adamw_move(dt: float, weight_decay: float = 0.01, **options: object) -> Move:
    """Zhuang et al. 2022: first the decay, then the step of Adam."""
    adam = adam_step(dt, **options)

    def move(j, n, x, m, v, g, dL, z):
        step, m, v = adam(j, n, m, v, g, dL, z)
        return (1.0 - weight_decay * dt) * x + step, m, v

    return move


def adamprox_move(dt: float, weight_decay: float = 0.01, **options: object) -> Move:
    """Zhuang et al. 2022: the step of Adam, then the proximal operator of the penalty."""
    adam = adam_step(dt, **options)

    def move(j, n, x, m, v, g, dL, z):
        step, m, v = adam(j, n, m, v, g, dL, z)
        return (x + step) / (1.0 + weight_decay * dt), m, v

    return move
