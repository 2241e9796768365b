"""Parts of a user in a module of their own, as a record finds them again."""

import numpy as np


def gradient(x, p, out):
    for j in range(len(x)):
        out[j] = p[0] * x[j]


def value(x, p):
    total = 0.0
    for j in range(len(x)):
        total += 0.5 * p[0] * x[j] * x[j]
    return total


def outside(x, p):
    square = 0.0
    for j in range(len(x)):
        square += x[j] * x[j]
    return square >= p[0] * p[0]


def margin(x, p, covariance, reach):
    square = trace = 0.0
    for j in range(len(x)):
        square += x[j] * x[j]
        trace += covariance[j, j]
    return (p[0] - np.sqrt(square)) / np.sqrt(trace) if trace > 0.0 else np.inf


def heavy_ball(j, x, m, v, g, dL, dt, t, p):
    """The heavy ball with the noise in the gradient: x <- x - dt (b m + g - dL/dt)."""
    m = p[0] * m + g - dL / dt
    return x - dt * m, m, v


def step(j, x, m, v, g, dL, dt, t, p):
    return x - dt * g + dL, m, v


def grows_outwards(x, t, p, out):
    """Factors 1 + p x_j^2."""
    for j in range(len(out)):
        # A product and no power, which plain Python rounds in another way now and then.
        out[j] = 1.0 + p[0] * (x[j] * x[j])


def turned(x, t, p, out):
    """A rotation of the plane."""
    out[0, 0], out[0, 1] = p[0], -p[1]
    out[1, 0], out[1, 1] = p[1], p[0]


def halving(t, p):
    """A schedule."""
    return 0.5 ** (t / p[0])


def pareto(u1, u2, p):
    size = p[1] * (u1 ** (-1.0 / p[0]) - 1.0)
    return size if u2 < 0.5 else -size


def pareto_tail(x, p):
    return (1.0 + x / p[1]) ** -p[0]


def which_side(x, p):
    """A label of two wells."""
    return 0 if x[0] < -p[0] else (1 if x[0] > p[0] else -1)
