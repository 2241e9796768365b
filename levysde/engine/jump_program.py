"""What the jump-adapted engine runs, and what comes out."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, PlainFunction, UInt64
from levysde.engine.algebra import lower_root
from levysde.engine.jump_parts import JumpPart


class Steps(NamedTuple):
    """Numbers that decide how long the moves between two jumps are.

    Attributes
    ----------
    linear_radius2 : float
        Squared distance from the minimum within which the linear motion holds.
    inward_radius2 : float
        Squared distance within which the noise-free flow does not approach the boundary.
    unreachable_radius2 : float
        Squared distance within which the boundary is out of reach.
    relaxation_time : float
        Longest time over which the diffusive part adds up, 1/(2 k) with the smallest curvature k.
    reach2 : float
        Squared number of standard deviations that the diffusive part is not expected to exceed.
    near_step : float
        Longest move of the linear motion where the boundary is near, time.
    linear_step : float
        Longest move of the linear motion anywhere, time.
    nonlinear_step : float
        Longest move of the nonlinear motion, time.
    step_share : float
        Share of the relaxation time in one move of the nonlinear motion, dimensionless.
    near_step_share : float
        The same where the boundary is near.
    least_distance : float
        What a distance from the minimum counts for at least in the length of a nonlinear move:
        within the spread of the diffusive part the gradient is averaged over it.
    boundary_distance : float
        Of the minimum, for absolute tolerances, length.
    """

    linear_radius2: float
    inward_radius2: float
    unreachable_radius2: float
    relaxation_time: float
    reach2: float
    near_step: float
    linear_step: float
    nonlinear_step: float
    step_share: float
    near_step_share: float
    least_distance: float
    boundary_distance: float


class Linear(NamedTuple):
    """The linear motion about the minimum, in a frame in which its coordinates do not interact.

    Attributes
    ----------
    center : ndarray, shape (dim,)
        The minimum.
    basis : ndarray, shape (dim, dim)
        The axes of the frame are its columns; empty where they are the coordinates.
    rates : ndarray, shape (2, dim)
        Relaxation rates below and above the minimum along each axis, 1/time.
    covariance : ndarray, shape (dim, dim)
        Of the diffusive part in this frame, per unit time.
    drift : ndarray, shape (dim,)
        Of the diffusive part in this frame.
    upward : ndarray, shape (dim,)
        Normal quantile of the probability of the upper side where the two rates differ.
    """

    center: FloatArray
    basis: FloatArray
    rates: FloatArray
    covariance: FloatArray
    drift: FloatArray
    upward: FloatArray


@dataclass(frozen=True, eq=False)
class JumpProgram:
    """What the jump-adapted engine runs: plain functions with their parameters, and numbers.

    Attributes
    ----------
    dim : int
        Dimension of a path.
    jumps : JumpPart
        The noise, cut at a threshold.
    linear : Linear
        The motion near the minimum.
    steps : Steps
        How long moves are.
    gradient, outside : callable
        Potential and domain as plain functions.
    margin : callable or None
        `margin(x, p, covariance, reach)`: the distance from the boundary over the standard
        deviation per square root of time of the diffusive part along its normal, or with
        reach > 0 a lower bound for all directions.
    gradient_p, outside_p : ndarray
        Flat parameters; those of the domain serve the margin too.
    seed : int
        In [0, 2^64).
    start : ndarray, shape (dim,)
        Where every path begins.
    """

    dim: int
    jumps: JumpPart
    linear: Linear
    steps: Steps
    gradient: PlainFunction
    outside: PlainFunction
    margin: PlainFunction | None
    gradient_p: FloatArray
    outside_p: FloatArray
    seed: int
    start: FloatArray

    @property
    def dt(self) -> float:
        """0: times are continuous."""
        return 0.0


class Scene(NamedTuple):
    """What a path sees that does not change: a `JumpProgram` as compiled code takes it.

    Attributes
    ----------
    linear : Linear
        The motion near the minimum.
    steps : Steps
        How long moves are.
    covariance, root : ndarray, shape (dim, dim)
        Of the diffusive part per unit time in the coordinates of x, and its lower triangular root.
    drift : ndarray, shape (dim,)
        Of the diffusive part.
    outside_p, slope_p, jump_p, start : ndarray
        Parameters of the functions, and where paths begin.
    seed : numpy.uint64
        In [0, 2^64).
    rate, horizon : float
        Of jumps, 1/time, and where observation ends, time.
    diagonal, two_sided, still, bridged : bool
        Whether the covariance of the linear motion is diagonal, axes have two rates, there is no
        diffusive part, and a margin is known.
    """

    linear: Linear
    steps: Steps
    covariance: FloatArray
    root: FloatArray
    drift: FloatArray
    outside_p: FloatArray
    slope_p: FloatArray
    jump_p: FloatArray
    start: FloatArray
    seed: UInt64
    rate: float
    horizon: float
    diagonal: bool
    two_sided: bool
    still: bool
    bridged: bool


def scene_of(program: JumpProgram, horizon: float) -> Scene:
    """A program as compiled code takes it.

    Parameters
    ----------
    program : JumpProgram
        What is run.
    horizon : float
        Where observation ends, time.

    Returns
    -------
    Scene
    """
    linear, jumps = program.linear, program.jumps
    off = linear.covariance - np.diag(np.diag(linear.covariance))
    return Scene(
        linear=Linear(*(np.array(array, order="C") for array in linear)),
        steps=program.steps,
        covariance=np.array(jumps.covariance, order="C"),
        root=lower_root(jumps.covariance),
        drift=np.array(jumps.drift),
        outside_p=program.outside_p,
        slope_p=program.gradient_p,
        jump_p=jumps.p,
        start=program.start,
        seed=np.uint64(program.seed),
        rate=jumps.rate,
        horizon=float(horizon),
        diagonal=not off.any(),
        two_sided=bool((linear.rates[0] != linear.rates[1]).any()),
        still=not jumps.covariance.any(),
        bridged=program.margin is not None,
    )


class JumpOutcome(NamedTuple):
    """Arrays with one entry a path; `status` is 0 where a path has not ended.

    Attributes
    ----------
    steps : ndarray of int64, shape (paths,)
        Moves of each path.
    status : ndarray of int8, shape (paths,)
        How it ended.
    position : ndarray, shape (paths, dim)
        Where.
    times : ndarray, shape (paths,)
        When.
    first : int
        Path of the first row.
    """

    steps: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]
    position: FloatArray
    times: FloatArray
    first: int = 0

    @property
    def arrays(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8], FloatArray, FloatArray]:
        """Steps, status, position and times."""
        return self.steps, self.status, self.position, self.times

    @classmethod
    def empty(cls, paths: int, dim: int, first: int = 0) -> "JumpOutcome":
        """Room for paths first, first + 1, ..., none of them ended."""
        steps, status = np.zeros(paths, np.int64), np.zeros(paths, np.int8)
        return cls(steps, status, np.zeros((paths, dim)), np.zeros(paths), first)
