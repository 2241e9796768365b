"""The verb `trajectories`: sample paths, for looking at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from levysde import checks, methods
from levysde._printed import Printed
from levysde._text import Row, number, plain
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.random.philox import MAX_PATHS, MAX_STEPS
from levysde.methods.euler import chain
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.scheme import SCHEMES
from levysde.model import checked_model
from levysde.noise import Noise
from levysde.spellings import with_hints

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Trajectories", "trajectories"]


@dataclass(frozen=True, eq=False, repr=False)
class Trajectories(Printed):
    """Sample paths on a regular grid of times.

    Attributes
    ----------
    times : ndarray, shape (steps,)
        Times of the kept states, from 0.
    positions : ndarray, shape (paths, steps, dim)
        Kept states, in units of the coordinates.
    dt : float
        Step of the simulation, time.
    """

    times: FloatArray
    positions: FloatArray
    dt: float

    def __repr__(self) -> str:
        """Return the sizes rather than the states."""
        paths, states, dim = self.positions.shape
        sizes = f"paths={paths}, states={states}, dim={dim}"
        return f"Trajectories({sizes}, dt={number(self.dt)}, until={number(self.times[-1])})"

    def plot(
        self,
        kind: str = "time",
        basin: Basin | None = None,
        coordinates: Sequence[int] | None = None,
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Draw the paths, by `levysde.plots.sample_paths`.

        Parameters
        ----------
        kind : {"time", "plane"}
            One coordinate against time, or two coordinates.
        basin : Basin, optional
            Where the paths move: each ends at its first state outside.
        coordinates : sequence of int, optional
            Their numbers, from 0; the first ones unless given.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a figure of its own.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from levysde import plots

        return plots.sample_paths(self, kind, basin, coordinates, ax)

    def _rows(self) -> list[Row]:
        """A line a path: where it ended and how far it was."""
        last, farthest = self.positions[:, -1], np.abs(self.positions).max(axis=(1, 2))
        return [
            {
                "path": i,
                "time": float(self.times[-1]),
                "last_0": plain(x[0]),
                "farthest": plain(far),
            }
            for i, (x, far) in enumerate(zip(last, farthest, strict=True))
        ]

    def _frame(self) -> dict[str, Any]:
        """A line for every state of every path."""
        paths, states, dim = self.positions.shape
        return {
            "path": np.repeat(np.arange(paths), states),
            "time": np.tile(self.times, paths),
            **{f"x_{j}": self.positions[:, :, j].ravel() for j in range(dim)},
        }


@with_hints
def trajectories(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None = None,
    paths: int = 5,
    steps: int = 1000,
    dt: float | Literal["auto"] = "auto",
    seed: int = 0,
    every: int = 1,
    scheme: str = "auto",
    lr: float | None = None,
) -> Trajectories:
    """Sample paths X_0, X_1, ... on the grid, for looking at.

    Paths are not stopped at the exit. In a potential that grows faster than quadratically an
    explicit step after a far jump can overshoot without bound: states are then infinite or NaN.

    Path i is path i of `escape_times` with the same seed: the first kept state outside the domain
    (with every=1) is its exit.

    Parameters
    ----------
    basin, dynamics, noise, epsilon
        As for `escape_times`.
    paths : int
        Number of paths.
    steps : int
        Number of steps of each.
    dt : float or "auto"
        Step, time.
    seed : int
        In [0, 2^64).
    every : int
        Keep every so many-th state, the start included.
    scheme : {"auto", "euler", "flow"}
        How the drift of a step is done, as for `escape_times`.
    lr : float, optional
        Learning rate in place of `epsilon` and `dt`, as for `escape_times`.

    Returns
    -------
    Trajectories
        With steps // every + 1 states a path.

    Raises
    ------
    ValueError
        If a value is out of range or the states would need more than 8 GiB.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(alpha=1.5)
    >>> sample = ls.trajectories(
    ...     ls.basins.flat(), ls.dynamics.sgd(), noise, epsilon=0.1, paths=2, steps=100, every=10
    ... )
    >>> sample.positions.shape
    (2, 11, 1)
    """
    from levysde.engine.cpu.euler_engine import trajectories as record

    if dt is None:
        raise ValueError("dt is None; give a positive number or 'auto'")
    epsilon, dt = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    model = checked_model(basin, dynamics, noise, epsilon)
    seed = checks.seed_number(seed)
    checks.choice("scheme", scheme, SCHEMES)
    paths = checks.whole_number("paths", paths, 1, MAX_PATHS)
    steps = checks.whole_number("steps", steps, 1, MAX_STEPS - 1)
    every = checks.whole_number("every", every, 1, MAX_STEPS)
    records = steps // every + 1
    size = 8.0 * paths * records * basin.dim
    if size > 2.0**33:
        raise ValueError(
            f"{paths} paths of {records} states need {size / 2.0**30:.3g} GiB; give fewer paths or "
            "steps, or a larger every"
        )
    found = chain(model, methods.Request(dt, seed, scheme=scheme), divisible=True)
    found.warn(model)
    positions = record(found.program, paths, records, every)
    times = np.arange(records, dtype=np.float64) * (every * found.step.dt)
    return Trajectories(times, positions, found.step.dt)
