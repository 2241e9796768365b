"""The jump-adapted engine: from one large jump to the next, one path after another.

Between two large jumps a path follows the flow with the diffusive part that stands for the small
jumps. Where the boundary is out of its reach this is a single move; near the boundary moves are
short, and a Brownian bridge decides whether the path was outside between their ends.

The costs of a path do not depend on epsilon: they are those of its jumps.
"""

import functools
import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types

from levysde._typing import PlainFunction
from levysde.engine.compile import (
    KEPT_PASSES,
    compile_cached,
    compile_part,
    pointers,
    prepared,
)
from levysde.engine.cpu.queue import QUEUE, new_queue, new_record, work_off
from levysde.engine.cpu.threads import Supply, available_threads, run_threads
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpOutcome, JumpProgram, Linear, Scene, Steps, scene_of
from levysde.engine.path.jump import WALKER, advance, known_margin, probed_margin

_FEWEST_MOVES = 64
"""In one call."""

# What a part may only read is read-only to the compiler, which refuses a part that writes there.
_read_vector = types.Array(types.float64, 1, "C", readonly=True)
_read_matrix = types.Array(types.float64, 2, "C", readonly=True)
_vector = types.float64[::1]
_matrix = types.float64[:, ::1]

OUTSIDE = types.boolean(_read_vector, _read_vector)
MARGIN = types.float64(_read_vector, _read_vector, _read_matrix, types.float64, _vector)
JUMP = types.void(
    _vector, types.float64, types.float64, types.uint64, types.uint64, types.uint64, _vector,
    _matrix,
)  # fmt: skip
SLOPE = types.void(_read_vector, _read_vector, _vector)

_LINEAR = types.NamedTuple((_vector, *[_matrix] * 3, *[_vector] * 2), Linear)
_STEPS = types.NamedUniTuple(types.float64, len(Steps._fields), Steps)
_SCENE = types.NamedTuple(
    (
        _LINEAR, _STEPS, *[_matrix] * 2, *[_vector] * 5, types.uint64, *[types.float64] * 2,
        *[types.boolean] * 4,
    ),
    Scene,
)  # fmt: skip
_OUTCOME = types.NamedTuple(
    (types.int64[::1], types.int8[::1], _matrix, _vector, types.int64), JumpOutcome
)


@functools.cache
def _compiled_advance() -> Any:
    signature = types.int64(
        *pointers(OUTSIDE, MARGIN, JUMP, SLOPE), _vector, numba.from_dtype(WALKER), _vector,
        _matrix, _SCENE, _OUTCOME, QUEUE, types.int64, types.int64,
    )  # fmt: skip
    return compile_cached(advance, signature, allocates=False, vectorizes=False)


# ------------------------------------------------------------------------------------------- parts


# What is kept on disk lies beside the file of the function, and code of the user need not have a
# file: each part is called by a function of this one.


def _predicate(outside: PlainFunction) -> PlainFunction:
    def predicate(x, p):  # type: ignore[no-untyped-def]
        return outside(x, p)

    return predicate


def _jump(jump: PlainFunction) -> PlainFunction:
    def displace(x, t, u, seed, path, step, p, work):  # type: ignore[no-untyped-def]
        jump(x, t, u, seed, path, step, p, work)

    return displace


def _slope(gradient: PlainFunction) -> PlainFunction:
    def slope(x, p, out):  # type: ignore[no-untyped-def]
        gradient(x, p, out)

    return slope


_PARTS: dict[str, tuple[Callable[[PlainFunction], PlainFunction], Any]] = {
    "gradient": (_slope, SLOPE),
    "jump": (_jump, JUMP),
    "margin": (known_margin, MARGIN),
    "outside": (_predicate, OUTSIDE),
    "probes": (probed_margin, MARGIN),
}


@functools.lru_cache(maxsize=KEPT_PASSES)
def _compiled_part(name: str, function: PlainFunction) -> Any:
    around, signature = _PARTS[name]
    return compile_part(
        "outside" if name == "probes" else name, function, around(function), signature
    )


def _compiled(name: str, function: PlainFunction) -> Any:
    """A part compiled for a point."""
    return _compiled_part(name, prepared(function))


def jump_function(jumps: JumpPart) -> Any:
    """The function that makes one jump, compiled.

    Parameters
    ----------
    jumps : JumpPart
        The noise, cut at a threshold.

    Returns
    -------
    numba dispatcher
        `jump(x, t, u, seed, path, step, p, work)`.
    """
    return _compiled("jump", jumps.jump)


def slope_function(gradient: PlainFunction) -> Any:
    """The gradient of a potential, compiled for a point.

    Parameters
    ----------
    gradient : callable
        `gradient(x, p, out)`.

    Returns
    -------
    numba dispatcher
        `slope(x, p, out)`.
    """
    return _compiled("gradient", gradient)


def _parts(program: JumpProgram) -> tuple[Any, Any, Any, Any]:
    near = ("probes", program.outside) if program.margin is None else ("margin", program.margin)
    return (
        _compiled("outside", program.outside),
        _compiled(*near),
        jump_function(program.jumps),
        slope_function(program.gradient),
    )


allocate = JumpOutcome.empty
"""Where the results of paths go: `allocate(paths, dim, first)`."""


def prepare(program: JumpProgram) -> None:
    """Compile what `escape` will run, or load it from the cache.

    Parameters
    ----------
    program : JumpProgram
        What will be run.
    """
    _compiled_advance()
    _parts(program)


# ------------------------------------------------------------------------------------------- lanes


class _Escape:
    """One run of `escape`: what its threads share."""

    def __init__(
        self, program: JumpProgram, outcome: JumpOutcome, supply: Supply, horizon: float
    ) -> None:
        self.outcome, self.supply, self.stop = outcome, supply, threading.Event()
        self.parts, self.scene = _parts(program), scene_of(program, horizon)

    def work(self) -> int:
        """Run paths until none is left or a stop is asked for; return moves done."""
        x, walker, queue = self.scene.start.copy(), new_record(WALKER), new_queue()
        dim, compiled = len(x), _compiled_advance()
        z, work = np.zeros(2 * dim), np.empty((max(5, dim + 2), dim))
        fixed = (*self.parts, x, walker, z, work, self.scene, self.outcome, queue)

        def advance(active: int, moves: int) -> int:
            found: int = compiled(*fixed, active, moves)
            return found

        return work_off(advance, queue, self.supply, self.stop, _FEWEST_MOVES)


def escape(
    program: JumpProgram,
    outcome: JumpOutcome,
    first: int,
    last: int,
    horizon: float,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> int:
    """Run paths `first` to `last` until each has ended.

    Parameters
    ----------
    program : JumpProgram
        What to run.
    outcome : JumpOutcome
        Arrays that receive the results; `outcome.first` is the path of their first row.
    first, last : int
        Paths first, first + 1, ..., last - 1.
    horizon : float
        Time after which a path is censored (HORIZON).
    threads : int, optional
        Default: one a processor that this process may use.
    progress : callable, optional
        Called now and then with the number of paths that have ended.

    Returns
    -------
    int
        Moves made by all paths together.

    Raises
    ------
    KeyboardInterrupt
        Within a fraction of a second of the signal; paths not ended have status 0.
    """
    threads = threads or available_threads()
    run = _Escape(program, outcome, Supply(first, last, threads), horizon)
    rows = outcome.status[first - outcome.first : last - outcome.first]
    return run_threads(run.work, threads, run.stop, rows, progress)
