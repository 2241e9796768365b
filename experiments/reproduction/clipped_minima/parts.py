"""A narrow well at -0.5 and a wide one at 1.5, with a saddle at 0 between them."""

import levysde as ls

NARROW, WIDE = -0.5, 1.5
"""The minima, at the distances 0.5 and 1.5 from the saddle."""


def _gradient(x, p, out):
    out[0] = (x[0] + 0.5) * x[0] * (x[0] - 1.5) / (1.0 + 0.25 * x[0] * x[0])


def wells() -> ls.Potential:
    """F' = (x + 0.5) x (x - 1.5)/(1 + x^2/4), which grows like 4 x far out."""
    return ls.Potential(1, _gradient)
