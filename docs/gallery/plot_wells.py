"""
Between two wells
=================

A path in a tilted double well is followed through both of its minima. It stays near one of them
and changes to the other by a single jump, for which the height of the barrier does not matter.
"""

import levysde as ls

right = ls.basins.tilted(tilt=0.2, side="right")
noise = ls.noise.independent(alpha=1.5)
setting = (right, ls.dynamics.sgd(), noise, 0.05)
path = ls.trajectories(*setting, paths=1, steps=100_000, every=50, seed=1)
ls.plots.save(ls.plots.trajectories(path.times, path.positions[:, :, 0]), "path.png")

# %%
# The rates of transitions and the share of time in each well, from 200 paths at smaller noise.
minima = ls.find_minima(right.potential, [-2.0], [2.0]).minima
setting = (right.potential, minima, ls.dynamics.sgd(), noise, 0.02)
print(ls.visits(*setting, horizon=20_000.0, paths=200, seed=7, method="jump"))
