"""
How many paths are still inside
===============================

Escape times tend to an exponential law as the noise gets small, which is a straight line on a
logarithmic axis. The points are the Kaplan-Meier estimate with its 95 % band, the dashed line is the
rate that theory predicts.
"""

import levysde as ls

setting = (ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(alpha=1.5), 0.1)
result = ls.escape_times(*setting, paths=2000, seed=1)
rate = ls.theory.predict(*setting).rate

ax = ls.plots.survival_curve(result, rate=rate)
ls.plots.save(ax, "survival.png")
