"""What the engine runs, and what comes out."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction
from levysde.engine.jump_parts import JumpPart


@dataclass(frozen=True)
class NoisePart:
    """How the increment of one step is drawn: scale G R X, where G and R are optional.

    Attributes
    ----------
    increment : callable
        Driver k. With two random words, `increment(k, first, second, p)`; with one,
        `increment(k, x, p)` of a variate x, which the word has by the table at the front of p, as
        `tabulated_stable` says; with half a word, two drivers at once: `increment(word)`.
    words : {0.5, 1, 2}
        64-bit words a driver.
    drivers : int
        Number of drivers; the dimension, unless there is a matrix.
    p : ndarray
        Flat parameters of all functions here. Epsilon, dt and the scale are in them.
    radius : callable, optional
        `radius(first, second, p)`, a factor R common to all drivers of a step.
    matrix_at : int, optional
        Where in p the matrix G begins, as `flat_columns` writes it.
    scales_at : int, optional
        Where in p a factor for every coordinate begins: a diagonal matrix G.
    brownian_at : int, optional
        Where in p the standard deviations begin of normal variates that are added.
    rows_at : int, optional
        Where in p a table of increments begins, row by row. The increment of a step is a row of it
        as a whole: `increment(word, p)` is its number, and there are no other drivers.
    """

    increment: PlainFunction
    words: float
    drivers: int
    p: FloatArray
    radius: PlainFunction | None = None
    matrix_at: int | None = None
    scales_at: int | None = None
    brownian_at: int | None = None
    rows_at: int | None = None


@dataclass(frozen=True)
class UpdatePart:
    """How one coordinate moves in one step.

    Attributes
    ----------
    update : callable
        `update(j, x, m, v, g, dL, dt, t, p) -> (x, m, v)`; with a clock its two numbers follow p,
        and with `normal` a standard normal variate comes last.
    p : ndarray
        Flat parameters of all functions here; behind them the limit if there is one.
    memory : bool
        Whether m and v are used; without them they are neither read nor written.
    clock : callable, optional
        `clock(t, dt, p) -> (a, b)`: numbers of the time alone, made once for all coordinates.
    normal : bool
        Whether the update takes a standard normal variate of its own, independent of the noise.
    limit : callable, optional
        `limit(t, p) -> float`: the length to which the displacement of a step is cut.
    """

    update: PlainFunction
    p: FloatArray
    memory: bool = False
    clock: PlainFunction | None = None
    normal: bool = False
    limit: PlainFunction | None = None


@dataclass(frozen=True)
class ScalePart:
    """What multiplies the increment of a step: one factor a coordinate, or a matrix.

    Attributes
    ----------
    function : callable
        `scale(x, t, p, out)` with the state and the time before the step. It writes out, of shape
        (dim,), or (dim, dim) for a matrix.
    p : ndarray
        Its flat parameters.
    matrix : bool
        Whether it writes a matrix.
    """

    function: PlainFunction
    p: FloatArray
    matrix: bool = False


@dataclass(frozen=True)
class BatchPart:
    """What gives the gradient of a step in place of the potential: a mean over drawn examples.

    Attributes
    ----------
    gradient_i : callable
        `gradient_i(i, x, p, out)`: the gradient of example i.
    p : ndarray
        Number of examples in a batch, number of all examples, parameters of the function.
    replacement : bool
        Whether one example can be in a batch more than once.
    """

    gradient_i: PlainFunction
    p: FloatArray
    replacement: bool


@dataclass(frozen=True)
class WallPart:
    """What brings every coordinate back between its walls at the end of a step.

    Attributes
    ----------
    function : callable
        `back(x, lower, upper) -> x`, one coordinate.
    p : ndarray, shape (2 dim,)
        The lower walls, then the upper ones.
    """

    function: PlainFunction
    p: FloatArray


@dataclass(frozen=True)
class FlowPart:
    """How a step is divided where an explicit one would overshoot.

    Attributes
    ----------
    table : ndarray, shape (levels, parameters)
        Parameters of the update for a whole step, a half, a quarter, ...
    length : float
        Displacements and errors shorter than this are let be, in units of the coordinates.
    """

    table: FloatArray
    length: float


def flat_columns(matrix: FloatArray) -> FloatArray:
    """A matrix as the engine reads it: where each column begins and ends, then the columns.

    Parameters
    ----------
    matrix : ndarray, shape (dim, drivers)
        G. Zeros above the first and below the last number of a column cost nothing.

    Returns
    -------
    ndarray, shape (drivers * (2 + dim),)
        The first row of every column, the row after its last, and the columns.

    Examples
    --------
    >>> import numpy as np
    >>> flat_columns(np.array([[1.0, 0.0], [2.0, 3.0]])).tolist()
    [0.0, 1.0, 2.0, 2.0, 1.0, 2.0, 0.0, 3.0]
    """
    occupied = matrix != 0.0
    begins = np.where(occupied.any(axis=0), occupied.argmax(axis=0), 0)
    ends = np.where(occupied.any(axis=0), len(matrix) - occupied[::-1].argmax(axis=0), 0)
    return np.concatenate([begins, ends, matrix.T.ravel()]).astype(np.float64)


@dataclass(frozen=True)
class Program:
    """What the engine runs: plain functions with their parameters, and numbers.

    Attributes
    ----------
    dim : int
        Dimension of a path.
    noise : NoisePart
        The increments, with their parameters.
    update : UpdatePart
        The dynamics, with their parameters.
    gradient, outside : callable
        The other parts as plain functions.
    gradient_p, outside_p : ndarray
        Their flat parameters.
    dt : float
        Step, in units of time.
    seed : int
        In [0, 2^64).
    start : ndarray, shape (dim,)
        Where every path begins.
    flow : FlowPart, optional
        How a step is divided where it would overshoot; without it every step is explicit.
    scale : ScalePart, optional
        What multiplies the increments.
    walls : WallPart, optional
        What brings a path back at the end of a step.
    batch : BatchPart, optional
        What gives the gradient of a step; `gradient` then writes nothing.
    """

    dim: int
    noise: NoisePart
    update: UpdatePart
    gradient: PlainFunction
    outside: PlainFunction
    gradient_p: FloatArray
    outside_p: FloatArray
    dt: float
    seed: int
    start: FloatArray
    flow: FlowPart | None = None
    scale: ScalePart | None = None
    walls: WallPart | None = None
    batch: BatchPart | None = None


@dataclass(frozen=True)
class IdleProgram:
    """A recurrence, and when it idles.

    Attributes
    ----------
    program : Program
        The recurrence.
    jumps : JumpPart
        Its noise, cut at a threshold.
    threshold : float
        Increments longer than this are not idle, length.
    relaxation : int
        Iterations after a long increment that are not skipped.
    settled : int
        First iterations, up to when averages remember the start, that are not skipped.
    center : ndarray, shape (dim,)
        The minimum.
    radius : float
        Distance from the minimum within which a path can idle, length.
    """

    program: Program
    jumps: JumpPart
    threshold: float
    relaxation: int
    settled: int
    center: FloatArray
    radius: float

    @property
    def dim(self) -> int:
        """Dimension of a path."""
        return self.program.dim

    @property
    def dt(self) -> float:
        """Step, time."""
        return self.program.dt


class Outcome(NamedTuple):
    """Arrays with one entry a path, and the path of the first one; `status` is 0 while it runs."""

    steps: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]
    position: FloatArray
    first: int = 0

    @property
    def arrays(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8], FloatArray]:
        """Steps, status and position."""
        return self.steps, self.status, self.position

    @classmethod
    def empty(cls, paths: int, dim: int, first: int = 0) -> "Outcome":
        """Room for paths first, first + 1, ..., none of them ended."""
        steps, status = np.zeros(paths, np.int64), np.zeros(paths, np.int8)
        return cls(steps, status, np.zeros((paths, dim)), first)
