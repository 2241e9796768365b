"""
The jump method against Euler's
===============================

Euler's method takes ever more steps as the noise gets small. The jump method goes from one large
jump to the next, and its cost does not grow. Where both can be run they agree but for a per cent
or two, because Euler's method sees exits on its grid only. The dashed line has the first
correction of the theory.
"""

import tempfile

import levysde as ls

spec = {
    "paths": 10_000,
    "basin": "flat",
    "alpha": 1.5,
    "grid": {"method": ["euler", "jump"], "epsilon": [0.4, 0.3, 0.2, 0.15]},
}
table = ls.sweep(spec, tempfile.mkdtemp()).table
ls.plots.save(ls.plots.ratio(table, by=("method",)), "methods.png")
