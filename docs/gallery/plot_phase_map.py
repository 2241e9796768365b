"""
Where the law of small noise holds
==================================

The simulated mean escape time over the predicted one, for seven amplitudes of the noise and five
indices. The law is a limit: at a fixed amplitude it fails first for indices near 2.
"""

import tempfile

import levysde as ls

spec = {
    "paths": 500,
    "grid": {
        "basin": ["flat"],
        "alpha": [1.0, 1.2, 1.4, 1.6, 1.8],
        "epsilon": [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0],
    },
}
table = ls.sweep(spec, tempfile.mkdtemp()).table
ls.plots.save(ls.plots.phase_map(table, "epsilon", "alpha"), "map.png")
