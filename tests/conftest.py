"""Fixtures and helpers of all tests.

Statistical tests use fixed seeds and thresholds of 4 standard errors (two-sided probability 6e-5
for each comparison); the suite makes about 750 such comparisons, so a correct program with fresh
seeds would fail it about once in 20 runs, and at full size (experiments/validation), with about
1500, once in 10. No seed was chosen for its result.
"""

import gc
import os
import signal
from collections.abc import Callable
from typing import Any

# The workers of the suite fill the processors: threads of linear algebra would wait for each other.
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # which is read when numpy is loaded
# With it every process that a test starts would translate the package anew, in half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import numba
import pytest

from levysde.engine.compile import prepared

SIGMAS = 4.0

# Numba's compiler makes millions of objects; looking through all of them so often for those that
# are no longer used takes a seventh of its time.
gc.set_threshold(50_000, 20, 50)

# A shell starts background jobs with SIGINT ignored, and tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Any]:
    """Compile a plain scalar function of the engine into a loop over arrays."""

    def compile_elementwise(function: Callable[..., Any], arguments: int) -> Any:
        function = prepared(function)
        if arguments == 1:

            @numba.njit(error_model="numpy")
            def loop(out, x):  # type: ignore[no-untyped-def]
                for i in range(len(out)):
                    out[i] = function(x[i])

        else:

            @numba.njit(error_model="numpy")
            def loop(out, x, y):  # type: ignore[no-untyped-def]
                for i in range(len(out)):
                    out[i] = function(x[i], y[i])

        return loop

    return compile_elementwise
