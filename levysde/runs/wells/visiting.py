"""The verb `visits`: paths between several wells of a potential."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from levysde import checks, domains
from levysde._typing import FloatArray, PlainFunction
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.random.philox import MAX_PATHS, MAX_STEPS
from levysde.methods.euler import chain
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.plan import Request
from levysde.methods.timestep import automatic_step
from levysde.model import checked_model
from levysde.noise import Noise
from levysde.potentials import Potential
from levysde.runs.progress import Progress, stage, watched
from levysde.runs.record import content, versions
from levysde.runs.simulation import Asked, prepare
from levysde.runs.wells.by_jumps import visits_by_jumps
from levysde.runs.wells.interrupted import ended, interrupts_told
from levysde.runs.wells.visited import Visits
from levysde.spellings import with_hints

__all__ = ["visits"]

_HALF = 0.5
"""Radius of the neighborhood of a minimum over the distance of the boundary of its well."""

METHODS = ("euler", "jump", "auto")


@with_hints
def visits(
    potential: Potential,
    minima: npt.ArrayLike,
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float | None = None,
    horizon: float | None = None,
    paths: int = 100,
    *,
    start: int = 0,
    radius: npt.ArrayLike | None = None,
    label: PlainFunction | None = None,
    label_params: Mapping[str, npt.ArrayLike] | None = None,
    dt: float | Literal["auto"] = "auto",
    seed: int = 0,
    method: str = "euler",
    scheme: str = "auto",
    threshold: float | None = None,
    lr: float | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Visits:
    """Follow paths through several wells, and count transitions and time.

    dX = -grad F dt + eps dL, or an optimizer, from a minimum to a horizon; nothing ends a path. A
    visit of well j begins when the path comes within a radius of its minimum. With "euler" that is
    looked for after every step. With "jump" the cost of a transition does not depend on eps: on a
    line, and where x moves by the gradient, each path goes from large jump to large jump through
    all wells, along the flow between them, and the time of an entry is that at which the flow
    reaches the neighborhood. Elsewhere the jump method leads each path from minimum to minimum:
    from each it starts anew, which neglects the time it takes to relax, of order eps^alpha against
    that of a visit.

    Parameters
    ----------
    potential : Potential
        F, with all the wells.
    minima : array, shape (wells, dim)
        Two or more minima of F; on the line a list of numbers will do.
    dynamics, noise, epsilon
        As for `escape_times`.
    horizon : float
        Time for which each path is followed.
    paths : int
        Number of paths.
    start : int
        Number of the minimum where paths begin.
    radius : float or array, shape (wells,), optional
        About each minimum, within which a visit begins; half the distance of the boundary of its
        domain of attraction unless given, length.
    label : callable, optional
        In place of the radius: `label(x, p) -> int`, a plain function, the number of the well in
        which x is, or a negative one where it is in none.
    label_params : mapping of str to float or array, optional
        Named parameters of the label, in its flat array `p`.
    dt : float or "auto"
        Step, time: the shortest that the wells ask for unless given.
    seed : int
        In [0, 2^64).
    method : {"euler", "jump", "auto"}
        How paths are advanced; "auto" takes jumps if they are the better way out of every well.
    scheme : {"auto", "euler", "flow"}
        How the drift of a step is done with method "euler", as for `escape_times`.
    threshold : float, optional
        Of the jump method, length, as for `escape_times`.
    lr : float, optional
        Learning rate in place of `epsilon` and `dt`, as for `escape_times`.
    threads : int, optional
        One per processor unless given. Results do not depend on it.
    progress : bool, callable or None
        As for `escape_times`.

    Returns
    -------
    Visits

    Raises
    ------
    ValueError
        If a number is out of range, a point is no minimum, neighborhoods overlap, a label is no
        whole number, or the method does not support the model.
    Interrupted
        A KeyboardInterrupt that carries the visits of the paths that had reached the horizon, but
        for those that are led from minimum to minimum, all of which go on together.

    Notes
    -----
    Source: P. Imkeller, I. Pavlyukevich, Stochastic Process. Appl. 116 (2006) 611, theorem 1.1: on
    the time scale eps^-alpha the process is a Markov chain on the minima.

    Examples
    --------
    >>> import levysde as ls
    >>> wells, noise = ls.potentials.double_well(1), ls.noise.independent(1.5)
    >>> found = ls.visits(
    ...     wells, [-1.0, 1.0], ls.dynamics.sgd(), noise, epsilon=0.3, horizon=200.0, paths=50
    ... )
    >>> found.counts.shape, bool(found.counts[0, 1] > 50)
    ((2, 2), True)
    """
    checks.instance("potential", potential, Potential)
    checks.choice("method", method, METHODS)
    wells = len(_checked_minima(minima, potential.dim))
    begun = checks.whole_number("start", start, 0, wells - 1)
    if horizon is None:
        raise ValueError("horizon is not given; give the time for which paths are followed")
    horizon = checks.finite_number("horizon", horizon)
    paths = checks.whole_number("paths", paths, 1, MAX_PATHS)
    if threads is not None:
        threads = checks.whole_number("threads", threads, 1)
    epsilon, step = amplitude_and_step(dynamics, noise, epsilon, dt, lr)
    with watched(progress) as bar, interrupts_told():
        with stage(bar, "looking for the boundaries of the wells"):
            basins = wells_of(potential, minima)
        seed = checks.seed_number(seed)
        given: dict[str, Any] = {
            "horizon": horizon, "seed": seed, "paths": paths, "start": begun, "method": method,
        }  # fmt: skip
        if method == "auto":
            jumps = label is None and all(
                _prefers_jumps(basin, dynamics, noise, epsilon, step) for basin in basins
            )
            given["method"] = method = "jump" if jumps else "euler"
        if method == "jump":
            if scheme != "auto":
                raise ValueError(f"scheme is {scheme!r} with method 'jump'; leave it out")
            if label is not None:
                raise ValueError("a label is for method 'euler'; leave it out, or give a radius")
            return visits_by_jumps(
                basins, dynamics, noise, epsilon, step, {**given, "threshold": threshold},
                radii=lambda: _radii(basins, radius), near=radius is not None, threads=threads,
                progress=bar or _silent,
            )  # fmt: skip
        if threshold is not None:
            raise ValueError(f"threshold is {threshold!r} with method 'euler'; give method='jump'")
        return _by_steps(
            basins, dynamics, noise, epsilon, step, {**given, "scheme": scheme},
            _labels(basins, radius, label, label_params), threads, bar or _silent,
        )  # fmt: skip


def _silent(finished: int, total: int) -> None:
    """Show nothing."""


def _prefers_jumps(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, step: Any
) -> bool:
    """Whether exits of a well are better simulated jump by jump."""
    asked = Asked(dt=step, horizon=1.0, method="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run itself will say what there is to say
        chosen = prepare(basin, dynamics, noise, epsilon, asked, missing=1)
    return str(chosen.parameters["method"]) == "jump"


def _by_steps(
    basins: list[Basin], dynamics: Dynamics, noise: Noise, epsilon: float, step: Any,
    given: dict[str, Any], labels: tuple[PlainFunction, FloatArray], threads: int | None,
    progress: Callable[[int, int], object],
) -> Visits:  # fmt: skip
    """Every step of every path."""
    from levysde.engine.cpu.visit_engine import observe

    # The well that asks for the shortest step: it is warned of a given one that is too long.
    steepest = min(basins, key=lambda basin: automatic_step(basin, dynamics).dt)
    model = checked_model(steepest, dynamics, noise, epsilon)
    request = Request(step, given["seed"], scheme=given["scheme"])
    chosen = chain(model, request, divisible=True)
    chosen.warn(model)
    step = chosen.step.dt
    program = replace(chosen.program, start=np.array(basins[given["start"]].start))
    steps = math.ceil(given["horizon"] / step * (1.0 - 1e-12))
    checks.whole_number("the number of steps", steps, 1, MAX_STEPS - 1)
    label, label_p = labels
    total = given["paths"]
    found = observe(
        program, label, label_p, given["start"], total, steps, threads,
        lambda finished: progress(finished, total),
    )  # fmt: skip
    finite = np.asarray(np.isfinite(found.position).all(axis=1))
    if not finite.any():
        raise ValueError(f"all {finite.size} paths became infinite or NaN; give a smaller dt")
    if not finite.all():
        checks.warn(
            f"{int((~finite).sum())} of {finite.size} paths became infinite or NaN and are left "
            "out, and with them the largest jumps; give scheme='flow', a smaller dt, or no dt"
        )
    kept = finite[found.entries[:, 0]]
    path, when, origin, target = found.entries[kept].T
    _check_labels(target, len(basins))
    facts = {**chosen.record(), "dt": step, "versions": versions()}
    record = {**given, **content(model), **facts}
    numbers = np.cumsum(finite) - 1  # paths that are lost leave no gap
    visits = Visits(
        np.array([basin.minimum for basin in basins]), given["start"], steps * step,
        int(finite.sum()), numbers[path], when * step, origin, target, int((~finite).sum()), step,
        record,
    )  # fmt: skip
    return ended(visits, found.interrupt)


def wells_of(potential: Potential, minima: npt.ArrayLike) -> list[Basin]:
    """The domains of attraction of minima.

    Parameters
    ----------
    potential : Potential
        F.
    minima : array, shape (wells, dim)
        Two or more minima of F.

    Returns
    -------
    list of Basin

    Raises
    ------
    ValueError
        If a point is no minimum, or two are in one well.

    Examples
    --------
    >>> from levysde import potentials
    >>> [well.name for well in wells_of(potentials.double_well(1), [-1.0, 1.0])]
    ['well 0', 'well 1']
    """
    points = _checked_minima(minima, potential.dim)
    basins = [
        Basin(potential, domains.attraction(potential, point), point, name=f"well {number}")
        for number, point in enumerate(points)
    ]
    for i, basin in enumerate(basins):
        for k in range(i):
            if basin.domain.contains(points[k]):
                raise ValueError(
                    f"minima {k} and {i}, {checks.shown(points[k])} and "
                    f"{checks.shown(points[i])}, are in one well; give each minimum once"
                )
    return basins


def _checked_minima(minima: npt.ArrayLike, dim: int) -> FloatArray:
    points = checks.finite_array("minima", minima)
    if points.ndim == 1 and dim == 1:
        points = points[:, None]
    if points.ndim != 2 or points.shape[1] != dim or len(points) < 2:
        raise ValueError(
            f"minima has shape {np.shape(minima)}; give two or more points, shape (wells, {dim})"
        )
    return points


# ------------------------------------------------------------------------------------------- labels


def _near_minimum(x: FloatArray, p: FloatArray) -> int:
    """The well whose minimum is within its radius; p has their number, then radius^2, minimum."""
    wells, dim, found = int(p[0]), len(x), -1
    for k in range(wells):
        at = 1 + k * (dim + 1)
        square = 0.0
        for j in range(dim):
            square += (x[j] - p[at + 1 + j]) ** 2
        if square < p[at]:
            found = k
    return found


def _labels(
    basins: list[Basin],
    radius: npt.ArrayLike | None,
    label: PlainFunction | None,
    params: Mapping[str, npt.ArrayLike] | None,
) -> tuple[PlainFunction, FloatArray]:
    """The function that says in which well a path is, and its parameters."""
    if label is not None:
        if radius is not None:
            raise ValueError("radius and label are given; give one of the two")
        checks.plain_function("label", label)
        p = np.array(checks.flat(checks.frozen_parameters(dict(params or {}))))
        for number, basin in enumerate(basins):
            _try_label(label, p, basin.minimum, number, len(basins))
        return label, p
    if params:
        raise ValueError("label_params is given without a label; give both")
    radii = _radii(basins, radius)
    rows = [[r * r, *basin.minimum.tolist()] for r, basin in zip(radii, basins, strict=True)]
    return _near_minimum, np.concatenate([[float(len(basins))], np.ravel(rows)])


def _radii(basins: list[Basin], radius: npt.ArrayLike | None) -> FloatArray:
    if radius is None:
        reach = np.array([basin.domain.size_about(basin.minimum) for basin in basins])
        points = np.array([basin.minimum for basin in basins])
        apart = np.linalg.norm(points[:, None] - points, axis=2)
        np.fill_diagonal(apart, np.inf)
        # The boundary is looked for along a few lines: half way to the next minimum is the limit.
        return np.asarray(_HALF * np.minimum(reach, apart.min(axis=1)))
    given = checks.finite_array("radius", radius)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != len(basins)):
        raise ValueError(f"radius has shape {given.shape}; give one, or {len(basins)}")
    radii = np.broadcast_to(given, len(basins)).copy()
    if (radii <= 0.0).any():
        raise ValueError(f"radius is {radii.tolist()}; give positive lengths")
    for i, one in enumerate(basins):
        for k, other in enumerate(basins[:i]):
            apart = float(np.linalg.norm(one.minimum - other.minimum))
            if apart < radii[i] + radii[k]:
                raise ValueError(
                    f"the neighborhoods of minima {k} and {i}, which are {apart:.4g} apart, "
                    f"overlap with radii {radii[k]:.4g} and {radii[i]:.4g}; give smaller ones"
                )
    return np.asarray(radii)


def _try_label(label: PlainFunction, p: FloatArray, x: FloatArray, well: int, wells: int) -> None:
    """Ask for the label of a minimum in plain Python."""
    function = getattr(label, "py_func", label)
    try:
        found = function(x.copy(), p.copy())
    except Exception as error:
        raise ValueError(
            f"the label function failed at minimum {well}, x = {checks.shown(x)}: "
            f"{type(error).__name__}: {error}; x has {len(x)} numbers and p {len(p)}"
        ) from error
    if isinstance(found, bool | np.bool_) or not isinstance(found, int | np.integer):
        raise ValueError(
            f"the label function returned {found!r} at minimum {well}; return the number of a "
            f"well, 0 to {wells - 1}, or -1"
        )
    if found != well:
        raise ValueError(
            f"the label function says {found} at minimum {well}, x = {checks.shown(x)}; return "
            f"{well} there"
        )


def _check_labels(target: npt.NDArray[np.int64], wells: int) -> None:
    if target.size and int(target.max()) >= wells:
        raise ValueError(
            f"the label function returned {int(target.max())}, and there are {wells} wells; return "
            f"0 to {wells - 1}, or -1"
        )
