"""Scaled noise in the jump method: jumps are made with the factor of their place and time.

What is cut off are the jumps shorter than the threshold at the minimum. A diffusion stands for them
as if the factor were that of the minimum everywhere, which is right to the order of their effect.
So the threshold is chosen by a bound for that effect, at the largest factor seen in the domain.
"""

import functools
from dataclasses import replace

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.basins import Basin
from levysde.engine.jump_parts import JumpPart
from levysde.engine.path.scaled_jump import scaled_jump, scaled_jump_parameters
from levysde.engine.program import ScalePart
from levysde.methods.jump.geometry import directions, exit_distances_of
from levysde.model import Model
from levysde.noise import Noise

__all__ = ["enlarged", "largest_factor", "made_in_place"]

_SHARES = np.linspace(0.0, 1.0, 9)
"""Of the way to the boundary, or of the size of the domain where there is none."""

_RAYS = 12
"""Beside those along the axes."""

_SINGULAR = 1e12

_TIMES = (0.0, *np.geomspace(1e-3, 1e6, 19))


def largest_factor(model: Model) -> float:
    """The largest norm of G(x, t) R^-1, R = G at the minimum, seen along rays of the domain.

    Parameters
    ----------
    model : Model
        What is simulated.

    Returns
    -------
    float
        Dimensionless; 1 where the noise is not scaled.

    Raises
    ------
    ValueError
        If the scale is wrong somewhere, or vanishes at the minimum in a direction in which there
        is noise elsewhere.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> def grows(x, t, p, out):
    ...     out[0] = 1.0 + x[0] * x[0]
    >>> law = noise.scaled(noise.independent(1.5), grows)
    >>> round(largest_factor(Model(basins.flat(), dynamics.sgd(), law, 1e-3)), 12)
    2.0
    """
    return _largest_seen(model.basin, model.noise)


@functools.lru_cache(maxsize=8)  # one run asks several times
def _largest_seen(basin: Basin, noise: Noise) -> float:
    scale = noise.scale_part
    if scale is None:
        return 1.0
    rays = directions(basin.dim)[: 2 * basin.dim + _RAYS]
    ways = exit_distances_of(basin, rays)
    ways = np.where(np.isfinite(ways), ways, basin.domain.size_about(basin.minimum))
    places = (_SHARES[:, None, None] * ways[:, None] * rays).reshape(-1, basin.dim)
    inverse, largest = _inverse(_factors(scale, basin.minimum, 0.0)), 0.0
    for x in basin.minimum + places:
        noise.try_at(x)
        for t in _TIMES:
            found = _factors(scale, x, t)
            if not scale.matrix and (found[inverse == 0.0] > 0.0).any():
                raise checks.Refusal(
                    f"the scale of the noise is 0 at the minimum and not at x = {checks.shown(x)}",
                    "use method='euler'",
                )
            ratio = np.linalg.norm(found @ inverse, 2) if scale.matrix else (found * inverse).max()
            largest = max(largest, float(ratio))
    return largest


def _factors(scale: ScalePart, x: FloatArray, t: float) -> FloatArray:
    out = np.zeros((len(x),) * (2 if scale.matrix else 1))
    scale.function(x.copy(), float(t), scale.p, out)
    return out


def enlarged(model: Model) -> Model:
    """The model with the noise of the largest factor everywhere.

    Parameters
    ----------
    model : Model
        With scaled noise.

    Returns
    -------
    Model
        With noise that is not scaled.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> law = noise.scaled(noise.independent(1.5), lambda x, t, p, out: out.fill(1.0 + x[0] ** 2))
    >>> round(enlarged(Model(basins.flat(), dynamics.sgd(), law, 1e-3)).epsilon, 12)
    0.002
    """
    at_rest = model.noise.at(model.basin.minimum)
    return replace(model, noise=at_rest, epsilon=model.epsilon * largest_factor(model))


def made_in_place(model: Model, jumps: JumpPart) -> JumpPart:
    """Large jumps with the factor of the place and the time at which they are made.

    Parameters
    ----------
    model : Model
        What is simulated.
    jumps : JumpPart
        Of the noise at the minimum.

    Returns
    -------
    JumpPart
        The same where the noise is not scaled.

    Raises
    ------
    ValueError
        If the noise has a mean or a Brownian part that would depend on the place, or a matrix
        meets a preconditioner.

    Examples
    --------
    >>> from levysde import basins, dynamics, noise
    >>> model = Model(basins.flat(), dynamics.sgd(), noise.independent(1.5), 1e-3)
    >>> jumps = model.noise.jumps(1, 1e-3, 0.1)
    >>> made_in_place(model, jumps) is jumps
    True
    """
    scale = model.noise.scale_part
    if scale is None:
        return jumps
    if jumps.drift.any() or model.noise.brownian is not None:
        kind = "skewed noise" if jumps.drift.any() else "a Brownian part"
        raise checks.Refusal(
            f"method 'jump' has what is small in {kind} the same everywhere, and scaled it depends "
            "on the state",
            "use method='euler'",
        )
    if scale.matrix and (model.dynamics.effective_rule.divisors(model.dim) != 1.0).any():
        raise checks.Refusal(
            "method 'jump' does not know a matrix of scaled noise behind a preconditioner",
            "use method='euler'",
        )
    inverse = _inverse(_factors(scale, model.basin.minimum, 0.0))
    jump = scaled_jump(scale.function, jumps.jump, scale.matrix)
    return replace(jumps, jump=jump, p=scaled_jump_parameters(scale, inverse, jumps.p))


def _inverse(factors: FloatArray) -> FloatArray:
    """Of a matrix, or of factors; those of coordinates without noise are left 0."""
    if factors.ndim == 2:
        if not np.linalg.cond(factors) < _SINGULAR:
            raise checks.Refusal(
                f"the matrix of the noise at the minimum, {factors.tolist()}, has no inverse",
                "use method='euler'",
            )
        return np.asarray(np.linalg.inv(factors))
    return np.asarray(np.divide(1.0, factors, out=np.zeros_like(factors), where=factors > 0.0))
