"""
Optimizers with the same noise
==============================

SGD, momentum and AdamW leave the same basin under the same noise, path by path, so that ratios of
their escape times are known better than the times. The learning rate is 0.02 for all three.
"""

import levysde as ls

optimizers = [ls.dynamics.sgd(), ls.dynamics.momentum(), ls.dynamics.adamw()]
setting = (ls.basins.sharp(), optimizers, ls.noise.independent(alpha=1.5, scale=0.3))
comparison = ls.compare(*setting, lr=0.02, paths=1000, horizon=300.0, seed=5)
print(comparison)

ax = ls.plots.survival(comparison.results, labels=[each.name for each in optimizers])
ls.plots.save(ax, "optimizers.png")
