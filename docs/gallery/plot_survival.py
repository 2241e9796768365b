"""
How many paths are still inside
===============================

As the noise gets small the escape time becomes exponential, which is a straight line on a
logarithmic axis. The fraction of paths still inside (Kaplan-Meier, with its 95 % band) stands
beside the rate that the theory of small noise predicts. What they differ by is the first
correction in the amplitude of the noise.
"""

import levysde as ls

setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(alpha=1.5), 0.1)
result = ls.escape_times(*setting, paths=5000, seed=1)
prediction = ls.theory.predict(*setting)
print(result)

ax = ls.plots.survival_curve(result, rate=prediction.rate)
ls.plots.save(ax, "survival.png")
