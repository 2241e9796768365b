"""A flat, a sharp and an asymmetric well side by side, with ridges of one height."""

import levysde as ls

MINIMA = (-1.25, 0.0, 0.5)
"""Of the flat, the sharp and the asymmetric well; the ridges are at -1/4 and 1/4."""

RIDGE, SHARP, STEEP, FLAT = 0.25, 32.0, 16.0, 1.0


def gradient(x, p, out):
    """Curvature 1 | 32 | 16 left and 1 right of the minimum of the asymmetric well."""
    if x[0] < -p[0]:
        out[0] = p[3] * (x[0] + 1.25)
    elif x[0] < p[0]:
        out[0] = p[1] * x[0]
    else:
        y = x[0] - 0.5
        out[0] = (p[2] if y < 0.0 else p[3]) * y


def value(x, p):
    """Bottoms at 0, -1/2 and 0, ridges at 1/2."""
    if x[0] < -p[0]:
        return 0.5 * p[3] * (x[0] + 1.25) ** 2
    if x[0] < p[0]:
        return 0.5 * p[1] * x[0] ** 2 - 0.5
    y = x[0] - 0.5
    return 0.5 * (p[2] if y < 0.0 else p[3]) * y**2


def wells() -> ls.Potential:
    """The potential of all three."""
    params = {"ridge": RIDGE, "sharp": SHARP, "steep": STEEP, "flat": FLAT}
    return ls.Potential(1, gradient, value, params=params)
