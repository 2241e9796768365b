"""The verb `hitting_times`: first entrances into a set, which are exits from its complement."""

import os

import numpy.typing as npt

from levysde import checks
from levysde.basins import Approach
from levysde.domains import Domain
from levysde.dynamics import Dynamics
from levysde.noise import Noise, none
from levysde.potentials import Potential
from levysde.runs.progress import Progress
from levysde.runs.results import EscapeTimes
from levysde.runs.simulate import escape_times
from levysde.spellings import with_hints

__all__ = ["hitting_times"]


@with_hints
def hitting_times(
    potential: Potential,
    target: Domain,
    start: npt.ArrayLike,
    dynamics: Dynamics,
    noise: Noise | None = None,
    epsilon: float | None = None,
    *,
    paths: int | None = None,
    dt: float | None = None,
    horizon: float | None = None,
    seed: int = 0,
    backend: str = "cpu",
    threads: int | None = None,
    rel_error: float | None = None,
    resume: EscapeTimes | None = None,
    progress: Progress = None,
    scheme: str = "euler",
    lr: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> EscapeTimes:
    """First times tau = min{n dt : X_n in the target} of paths that begin outside of it.

    The target is an open set, for instance F < delta, `levysde.domains.sublevel_set`. A path whose
    status is ESCAPED has hit; `result.steps` counts iterations, `exit_position` is the first
    position in the target. Entrances are seen at the steps: an SDE may have been in the target
    between two of them. Paths are those of `escape_times` for `levysde.basins.Approach`.

    Parameters
    ----------
    potential : Potential
        F, of which the optimizer knows the gradient.
    target : Domain
        The set to be entered.
    start : float or array, shape (dim,)
        Where all paths begin, outside of the target, in units of the coordinates.
    dynamics : Dynamics
        The optimizer.
    noise : Noise, optional
        The law of the driver; the noise-free optimizer unless given.
    epsilon : float, optional
        Noise amplitude, dimensionless; with noise it or `lr` is needed.
    paths : int, optional
        Number of paths, 10 000 unless given, and 1 without noise, where all are the same.
    dt : float, optional
        Step, time; it or `lr` is needed. There is no "auto": that is a share of a time at a
        minimum, and the curvature on the way may be any other.
    horizon : float, optional
        Time after which a path is censored; 100 000 steps unless given, which the parameters of the
        result say too: no theory predicts how long the way takes.
    seed, backend, threads, rel_error, resume, progress, lr, checkpoint
        As for `escape_times`.
    scheme : {"euler", "flow"}
        One explicit step, or the flow of the step where that would overshoot, as for
        `escape_times`, however short the displacement.

    Returns
    -------
    EscapeTimes

    Raises
    ------
    ValueError
        If the start is in the target, there is no step, epsilon is given without noise, or as
        `escape_times`.
    Interrupted
        A KeyboardInterrupt that carries the finished paths.
    BackendError
        As `escape_times`.

    References
    ----------
    R. M. Blumenthal, R. K. Getoor, D. B. Ray, "On the distribution of first hits for the symmetric
    stable processes", Trans. Amer. Math. Soc. 99 (1961) 540-554, for motion without a force.

    Examples
    --------
    Iterations of gradient descent until F = x^2/2 is below 1e-6, which are
    ceil(ln(sqrt(2e-6)/3)/ln 0.9):

    >>> import levysde as ls
    >>> bowl = ls.potentials.quadratic(1)
    >>> low = ls.domains.sublevel_set(bowl, 1e-6)
    >>> ls.hitting_times(bowl, low, 3.0, ls.dynamics.sgd(), lr=0.1).steps.tolist()
    [73]
    """
    way = Approach(potential, target, start)
    if noise is None and epsilon is not None:
        raise ValueError(f"epsilon is {epsilon!r} without noise; give noise too, or no epsilon")
    if dt is None and lr is None:
        raise ValueError(
            "neither dt nor lr is given; give the step: how short it has to be depends on the "
            "curvature on the way"
        )
    if dt is not None and lr is None:
        checks.finite_number("dt", dt)
    silent = noise is None
    return escape_times(
        way,
        dynamics,
        none() if noise is None else noise,
        1.0 if silent and lr is None else epsilon,
        paths=1 if silent and paths is None and rel_error is None else paths,
        dt="auto" if dt is None else dt,
        horizon=horizon,
        seed=seed,
        backend=backend,
        threads=threads,
        rel_error=rel_error,
        resume=resume,
        progress=progress,
        scheme=scheme,
        lr=lr,
        checkpoint=checkpoint,
    )
