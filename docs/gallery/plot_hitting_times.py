"""
How long an optimizer takes to arrive
=====================================

The number of iterations until the loss of a stretched bowl is below 0.001, for SGD and AdamW with
noisy gradients. An arrival is a first entrance into a set. Nothing makes such a time exponential:
most paths arrive at about the same time, and few much later.
"""

import levysde as ls

bowl = ls.potentials.quadratic(2, [1.0, 30.0])
low = ls.domains.sublevel_set(bowl, 1e-3)
noise = ls.noise.independent(alpha=1.5, scale=0.05)
optimizers = {"sgd": ls.dynamics.sgd(), "adamw": ls.dynamics.adamw()}
results = [
    ls.hitting_times(bowl, low, [1.0, 1.0], each, noise, lr=0.02, paths=1000, seed=6)
    for each in optimizers.values()
]
for name, result in zip(optimizers, results, strict=True):
    print(name, "takes", round(float(result.steps.mean())), "iterations on average")

ax = ls.plots.survival(results, labels=list(optimizers))
ls.plots.save(ax, "arrivals.png")
