"""
Paths in a well of your own
===========================

A well is two plain functions, the potential and its gradient, and a domain is a predicate that
says which points are outside. Here it is a double well with a valley, left over the saddle.
"""

import levysde as ls


def value(x, p):
    return 0.25 * (x[0] ** 2 - 1.0) ** 2 + 0.5 * p[0] * x[1] ** 2


def gradient(x, p, out):
    out[0] = x[0] * (x[0] ** 2 - 1.0)
    out[1] = p[0] * x[1]


def outside(x, p):
    return x[0] <= 0.0 or abs(x[1]) >= p[0]


well = ls.Potential(2, gradient, value, params={"stiffness": 2.0})
valley = ls.Domain(2, outside, params={"half_width": 1.0})
basin = ls.Basin(well, valley, minimum=[1.0, 0.0])

# %%
# Three paths: small steps are drawn as lines, large jumps are dotted, and a cross is an end
# outside.
noise = ls.noise.isotropic(alpha=1.5)
paths = ls.trajectories(basin, ls.dynamics.sgd(), noise, 0.1, paths=3, steps=1500, seed=4)
ls.plots.save(ls.plots.plane(paths.positions, basin), "paths.png")
