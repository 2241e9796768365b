"""The same bits on every processor: runs in processes that hide what this one can do.

numpy and the linear algebra library choose their code by the processor; environment variables make
them choose as on an older one. Whatever a simulation is made of must not depend on it.
"""

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import warnings

import pytest

WITHOUT_AVX_512 = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
OLDER = {
    "Haswell, without AVX-512": {"OPENBLAS_CORETYPE": "Haswell", **WITHOUT_AVX_512},
    "Nehalem, without AVX-512": {"OPENBLAS_CORETYPE": "Nehalem", **WITHOUT_AVX_512},
}

RUNS = """
import json, warnings
import numpy as np
import levysde as ls
from levysde import basins, domains, dynamics, noise, potentials

warnings.simplefilter("ignore")  # that a processor lacks what is to be disabled
matrix = [[1.0, 0.5], [0.2, 0.9]]
laws = {
    "independent": noise.independent(1.5, [1.0, 0.5]),
    "skewed": noise.independent(1.5, beta=0.3),
    "multifractal": noise.multifractal([1.3, 1.7]),
    "mixed": noise.mixed(1.5, matrix),
    "elliptic": noise.elliptic(1.5, matrix),
    "isotropic": noise.isotropic(1.5),
    "spectral": noise.spectral(1.5, [[1, 0], [1, 1], [0, 1]], [1.0, 0.5, 0.7]),
}
curved = potentials.quadratic(2, [[2.0, 1.0], [1.0, 2.0]])
wells = [basins.flat(2), basins.Basin(curved, domains.ball([0, 0], 1.0), [0, 0])]
slow = {"form": "sde", "rates": "per_time"}
rules = [dynamics.momentum(**slow), dynamics.adam(frozen=1.0, **slow)]
settings = [
    (well, dynamics.sgd(), law, {"method": method, **grid})
    for k, law in enumerate(laws.values())
    for well, method, grid in (
        (wells[k % 2], "euler", {"dt": 0.02}), (wells[1 - k % 2], "jump", {}),
    )
]
settings += [(wells[1], dynamics.sgd(), law, {"method": "jump", "dt": 0.02})
             for law in (laws["independent"], laws["elliptic"])]
settings += [(wells[0], rule, laws["independent"], {"method": "jump"}) for rule in rules]
found = {}
for k, (well, rule, law, options) in list(enumerate(settings))[::every]:
    made = ls.escape_times(well, rule, law, 0.1 if options["method"] == "euler" else 0.02, 40,
                           horizon=1e6, seed=3, threads=1, **options)
    found[f"{k} {rule.name} {law.name} {options}"] = made.digest, made.positions_digest
print(json.dumps(found))
"""


@functools.cache
def digests_here(every: int) -> dict[str, list[str]]:
    """Of times and positions, from this process, of one setting of so many."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), warnings.catch_warnings():
        exec(RUNS, {"every": every})
    found: dict[str, list[str]] = json.loads(shown.getvalue())
    return found


def digests_there(every: int, *variables: tuple[str, str]) -> dict[str, list[str]]:
    """The same from a process of its own."""
    environment = {**os.environ, **dict(variables)}
    done = subprocess.run(
        [sys.executable, "-c", f"every = {every}\n{RUNS}"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("name", "every"), [(next(iter(OLDER)), 9)])
def test_other_processors_give_the_same_bits(name: str, every: int) -> None:
    here, there = digests_here(every), digests_there(every, *OLDER[name].items())
    assert len(here) == len(range(0, 18, every))
    assert [run for run in here if here[run] != there[run]] == []
