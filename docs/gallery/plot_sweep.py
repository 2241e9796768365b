"""
Mean escape times of three wells, and their collapse
====================================================

Three wells of the same height and of different shapes are left by noise of three amplitudes and
two indices. The mean escape time is a power of the amplitude with the exponent -alpha, and
depends on the well by the distances to its boundary alone.
"""

import tempfile

import levysde as ls

spec = {
    "paths": 1000,
    "method": "jump",
    "grid": {
        "basin": ["sharp", "flat", "asymmetric"],
        "alpha": [1.2, 1.8],
        "epsilon": [0.1, 0.03, 0.01],
    },
}
table = ls.sweep(spec, tempfile.mkdtemp()).table

# %%
# Simulated means with 95 % intervals, and the predictions as lines.
ls.plots.save(ls.plots.scaling(table, by=("alpha", "basin")), "scaling.png")

# %%
# The same means against the predicted ones: if the law holds, all settings lie on the diagonal.
ls.plots.save(ls.plots.collapse(table, by=("alpha", "basin")), "collapse.png")
