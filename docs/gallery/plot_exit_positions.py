"""
Where paths leave
=================

Heavy-tailed noise leaves by one large jump, so that paths are first seen far outside, and where
they are tells how the noise jumps. Noise with independent coordinates jumps along the axes.
"""

import levysde as ls

disc = ls.basins.flat(2)
axes = ls.noise.independent(alpha=1.5)
result = ls.escape_times(disc, ls.dynamics.sgd(), axes, 0.1, paths=2000, seed=2)
ls.plots.save(ls.plots.exit_positions(result, disc), "independent.png")

# %%
# Isotropic noise of the same index jumps in all directions alike.
isotropic = ls.noise.isotropic(alpha=1.5)
result = ls.escape_times(disc, ls.dynamics.sgd(), isotropic, 0.1, paths=2000, seed=3)
ls.plots.save(ls.plots.exit_positions(result, disc), "isotropic.png")
