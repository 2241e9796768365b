"""What the engine runs, and what comes out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction


@dataclass(frozen=True)
class Program:
    """What the engine runs: four plain functions with their parameters, and numbers.

    Attributes
    ----------
    dim : int
        Dimension of a path.
    increment, gradient, update, outside : callable
        The parts as plain functions.
    words : {1, 2}
        Random words that `increment` takes for a coordinate.
    noise_p, gradient_p, update_p, outside_p : ndarray
        Their flat parameters. Those of the noise include epsilon, dt and the scale.
    memory : bool
        Whether the update uses m and v.
    dt : float
        Step, in units of time.
    seed : int
        In [0, 2^64).
    start : ndarray, shape (dim,)
        Where every path begins.
    """

    dim: int
    increment: PlainFunction
    gradient: PlainFunction
    update: PlainFunction
    outside: PlainFunction
    words: int
    noise_p: FloatArray
    gradient_p: FloatArray
    update_p: FloatArray
    outside_p: FloatArray
    memory: bool
    dt: float
    seed: int
    start: FloatArray


@dataclass(frozen=True)
class Outcome:
    """Arrays with one entry a path; `status` is 0 where a path has not ended."""

    steps: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]
    position: FloatArray
    first: int = 0

    @classmethod
    def empty(cls, paths: int, dim: int, first: int = 0) -> "Outcome":
        """Room for paths first, first + 1, ..., none of them ended."""
        steps, status = np.zeros(paths, np.int64), np.zeros(paths, np.int8)
        return cls(steps, status, np.zeros((paths, dim)), first)
