"""What the jump method needs for a path through all wells of a potential on a line."""

import math

import numpy as np

from levysde import domains
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.jump_parts import JumpPart
from levysde.engine.jump_program import JumpProgram
from levysde.engine.path.line_path import LineScene
from levysde.engine.path.tabulated_flow import FlowTable
from levysde.methods.jump.assembly import FINE_SHARE, jump_program, large_jumps
from levysde.methods.jump.flow_table import Velocity, flow_table
from levysde.model import Model
from levysde.noise import Noise
from levysde.potentials import Potential


def _velocity(potential: Potential, drift: float) -> Velocity:
    """-F' + mu at many points."""

    def velocity(x: FloatArray) -> FloatArray:
        return np.asarray(drift - potential.gradient_many(x[:, None])[:, 0])

    return velocity


def other_wells(potential: Potential, basins: list[Basin]) -> list[Basin] | None:
    """The wells of a potential on a line that are not among those given.

    Parameters
    ----------
    potential : Potential
        F, in one dimension.
    basins : list of Basin
        Those known.

    Returns
    -------
    list of Basin or None
        Empty where there are no others; None where the flow has no table.

    Examples
    --------
    >>> from levysde import basins, domains, potentials
    >>> double = potentials.double_well(1)
    >>> left = basins.Basin(double, domains.interval(-float("inf"), 0.0), [-1.0])
    >>> [well.minimum.tolist() for well in other_wells(double, [left])]
    [[1.0]]
    """
    found = flow_table(_velocity(potential, 0.0), _spread(basins))
    if found is None:
        return None
    table = found[0]
    ends = np.concatenate([[-math.inf], table.zeros, [math.inf]])
    others = []
    for j in np.flatnonzero((table.sign[:-1] > 0.0) & (table.sign[1:] < 0.0)).tolist():
        rest = float(table.zeros[j])
        if not any(basin.domain.contains(np.array([rest])) for basin in basins):
            domain = domains.interval(float(ends[j]), float(ends[j + 2]))
            others.append(Basin(potential, domain, np.array([rest])))
    return others


def _spread(basins: list[Basin]) -> FloatArray:
    """The minima in order; of a single one its surroundings too."""
    minima = np.sort([float(basin.minimum[0]) for basin in basins])
    if len(minima) > 1:
        return minima
    size = basins[0].domain.size_about(basins[0].minimum)
    return np.array([minima[0], minima[0] + size])


def line_scene(
    basins: list[Basin],
    dynamics: Dynamics,
    noise: Noise,
    epsilon: float,
    threshold: float,
    seed: int,
    horizon: float,
    start: int,
    minima: FloatArray,
    radii: FloatArray,
) -> tuple[LineScene, JumpPart, float] | None:
    """The table of the flow, and how moves are made about each minimum.

    Parameters
    ----------
    basins : list of Basin
        All wells.
    dynamics, noise, epsilon
        As for `escape_times`.
    threshold : float
        rho, length.
    seed : int
        In [0, 2^64).
    horizon : float
        Where observation ends, time.
    start : int
        The well in which paths begin.
    minima, radii : ndarray, shape (wells,)
        Where visits begin, length.

    Returns
    -------
    scene : LineScene
    jumps : JumpPart
        The noise, cut at the threshold.
    error : float
        Of the table, see `flow_table`.

    None is returned where the flow has no table.
    """
    models = [Model(basin, dynamics, noise, epsilon) for basin in basins]
    jumps = large_jumps(models[0].preconditioned_noise, 1, epsilon, threshold)
    potential = basins[0].potential
    found = flow_table(_velocity(potential, float(jumps.drift[0])), _spread(basins))
    if found is None:
        return None
    table, error = found
    programs = [jump_program(model, threshold, seed) for model in models]
    centers = np.array([float(program.linear.center[0]) for program in programs])
    rows = [
        _row(table, at, programs[int(np.abs(centers - zero).argmin())])
        for at, zero in enumerate(table.zeros.tolist())
    ]
    rate, variance, radius, longest, share, least = (
        np.array(row) for row in zip(*rows, strict=True)
    )
    scene = LineScene(
        table=table, rate=rate, variance=variance, radius=radius, longest=longest, share=share,
        least=least, minima=minima, radii=radii, slope_p=np.array(potential.p),
        jump_p=np.array(jumps.p), drift=np.array(jumps.drift),
        size=min(program.steps.boundary_distance for program in programs), seed=np.uint64(seed),
        jump_rate=jumps.rate, horizon=float(horizon), start=float(minima[start]), well=start,
    )  # fmt: skip
    return scene, jumps, error


def _row(table: FlowTable, at: int, program: JumpProgram) -> tuple[float, ...]:
    """Rate, variance, radius, longest move, its share and the least distance about a zero."""
    steps = program.steps
    # Next to a saddle the flow has a time of its own, which may be shorter.
    beside = [table.below[at], table.above[at + 1]]
    fastest = max(float(rate) for rate in beside)
    longest = min(steps.nonlinear_step, FINE_SHARE / fastest if fastest > 0.0 else math.inf)
    return (
        float(program.linear.rates.max()),
        float(program.jumps.covariance[0, 0]),
        math.sqrt(steps.linear_radius2),
        longest,
        steps.step_share,
        steps.least_distance,
    )
