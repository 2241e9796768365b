"""The verb `escape_times`: validation, then one call to the engine."""

import os
from typing import Literal

from levysde import checks
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.methods.timestep import automatic_dt
from levysde.noise import Noise
from levysde.runs.announced import announce
from levysde.runs.progress import Progress, watched
from levysde.runs.results import EscapeTimes
from levysde.runs.run import Interrupted, Prefix, checkpoint_file
from levysde.runs.simulation import Asked, numbers_of_paths, prepare
from levysde.spellings import with_hints

__all__ = ["Interrupted", "automatic_dt", "escape_times"]


@with_hints
def escape_times(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None = None,
    paths: int | None = None,
    dt: float | Literal["auto"] = "auto",
    horizon: float | None = None,
    seed: int = 0,
    method: str = "euler",
    backend: str = "cpu",
    threads: int | None = None,
    rel_error: float | None = None,
    resume: EscapeTimes | None = None,
    progress: Progress = None,
    correction: str | None = None,
    threshold: float | None = None,
    small_jumps: str = "diffusion",
    scheme: str = "auto",
    lr: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> EscapeTimes:
    """First exit times Gamma = min{n dt : X_n not in Omega} of independent paths.

    The path of number i is the same whatever the number of paths, threads and the order of work:
    results are equal bit for bit, and a longer run begins with the shorter one.

    Parameters
    ----------
    basin : Basin
        Potential, domain and start.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    epsilon : float, optional
        Noise amplitude, dimensionless; it or `lr` is needed.
    paths : int, optional
        Number of paths, 10 000 unless given; with `rel_error` the largest number, 1 000 000 unless
        given.
    dt : float or "auto"
        Step, time (the learning rate of an algorithm), done as it is; "auto" is 1/(100 k), see
        `automatic_dt`. A step that overshoots in the domain is warned of.
    horizon : float, optional
        Time after which a path is censored; unless given 30 predicted means or, where
        no mean is predicted, 100 000 steps, or 1000 long increments where idle iterations are
        skipped. The parameters of the result have it and its reason, see `levysde.methods.horizon`.
    seed : int
        In [0, 2^64). Runs with equal seeds have the same random numbers, whatever else differs:
        give each point of a curve its own, `levysde.seed_of`.
    method : {"euler", "jump", "auto"}
        Euler-Maruyama, exits seen on the grid; or from jump to jump, at a cost that does not depend
        on epsilon: in continuous time for SGD and the SDE forms that have such a limit, otherwise
        (and where `dt` is a number) the same recurrence as Euler's with its idle iterations
        skipped; or the better of the two, with the reason in the parameters of the result.
    backend : {"cpu", "cuda", "auto"}
        Where to compute: on this machine's processors, on an NVIDIA GPU (``pip install
        '.[cuda13]'``), or on a GPU if there is one and the processors would take more than
        ten seconds. The result has the same bits wherever the functions of the user have.
    threads : int, optional
        One per processor unless given. The result does not depend on it.
    rel_error : float, optional
        Stop at the first batch of paths with enough escapes that the half width of the 95 %
        interval of the rate is at most this fraction of it. That width depends on the number of
        escapes alone, so stopping does not bias an estimate without censoring.
    resume : EscapeTimes, optional
        An earlier result of the same run with fewer paths, to be continued.
    progress : bool, callable or None
        Show a progress bar on the standard error stream, and before it what is being prepared where
        that takes more than two seconds, and about how long the run will last if that is more than
        ten; or call this function about ten times a second with the numbers of finished and of all
        paths (of a batch, with `rel_error`). What it raises ends the run. Unless given, this is
        shown once the run has lasted for two seconds, and only where the standard error stream is a
        terminal or this is a notebook: scripts, logs and tests stay silent.
    correction : {"boundary-shift"}, optional
        Move the boundary inward by what makes up for exits between two monitoring times, see
        `levysde.grid.shifted`: the mean is then right to order dt and not dt^(1/alpha), and exit
        positions can lie between the two boundaries. For alpha > 1, symmetric noise and a domain
        with a normal.
    threshold : float, optional
        Of the jump method: the length above which jumps are simulated individually. Unless given,
        it is that of `resume`; else as long as its error is estimated below 1e-3, up to nine
        tenths of the shortest exit distance, and at moderate noise about a tenth of it or less. Its
        error is in `result.parameters["threshold_error"]`.
    small_jumps : {"diffusion", "dropped"}
        What stands for the jumps below the threshold in continuous time: a Brownian motion of their
        mean and covariance, or their mean alone.
    scheme : {"auto", "euler", "flow"}
        How Euler does the drift of one step: "euler" is one explicit step, "flow" the same where
        that is accurate and else the flow of the step, in as many parts as it needs. "auto" is
        "flow" where `dt` is "auto", the dynamics is an SDE and the force is steep at a place that
        jumps reach, unless it is divided by its own size. An algorithm keeps its overshoot, which
        is real.
    lr : float, optional
        Learning rate of an optimizer as used in practice, in place of `epsilon` and `dt`: an
        iteration takes the time dt = lr, and the noise of the gradient has the law of `noise` as it
        is, so that epsilon = lr^((alpha - 1)/alpha). `result.steps` counts iterations.
    checkpoint : str or path-like, optional
        A file (``.npz``) to which the finished paths are written every minute while the run goes
        on, so that a process that is killed loses no more. `resume` takes it and gives the same
        result as a run without a break. The complete result is for the caller to save.

    Returns
    -------
    EscapeTimes

    Raises
    ------
    ValueError
        If a value is out of range, parts do not fit together, a function cannot be compiled, or
        `resume` is of another run.
    FileNotFoundError
        If the folder of `checkpoint` does not exist.
    Interrupted
        A KeyboardInterrupt that carries the finished paths.
    BackendError
        If there is no GPU for backend "cuda", a part of its installation is missing, or it fails;
        `result` has the paths that had finished.

    References
    ----------
    P. Imkeller, I. Pavlyukevich, "First exit times of SDEs driven by stable Levy processes",
    Stochastic Process. Appl. 116 (2006) 611-642.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(alpha=1.5)
    >>> result = ls.escape_times(
    ...     ls.basins.flat(), ls.dynamics.sgd(), noise, epsilon=0.5, paths=500, seed=7
    ... )
    >>> result.escaped, bool(abs(result.mean / 3.83 - 1.0) < 0.2)
    (500, True)
    """
    if resume is not None and not isinstance(resume, EscapeTimes):
        raise ValueError(
            f"resume is {checks.told(resume)}; give a result, for instance of levysde.load(file)"
        )
    if threads is not None:
        threads = checks.whole_number("threads", threads, 1, 4096)
    file = None if checkpoint is None else checkpoint_file(checkpoint)
    paths, needed = numbers_of_paths(paths, rel_error)
    asked = Asked(
        dt, horizon, seed, method, backend, correction, threshold, small_jumps, scheme, lr
    )
    missing = (needed or paths) - (0 if resume is None else resume.paths)
    with watched(progress) as shown:
        simulation = prepare(
            basin,
            dynamics,
            noise,
            epsilon,
            asked,
            missing=missing,
            threads=threads,
            earlier=resume,
            progress=shown,
        )
        announce(simulation, shown, missing, threads)
        run = Prefix(simulation, threads, shown, file)
        if resume is not None:
            run.continue_from(resume)
        result = run.run(paths, needed)
    if needed is not None and result.escaped < needed:
        checks.warn(
            f"{result.escaped} escapes of {result.paths} paths; rel_error = {rel_error:g} needs "
            f"{needed}: give more paths or a longer horizon"
        )
    return result
