"""The mean of the small jumps of skewed noise: a force, which tilts the potential."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from levysde._typing import FloatArray, PlainFunction
from levysde.basins import Basin
from levysde.methods.jump.geometry import inner_radius
from levysde.potentials import Potential, quadratic

__all__ = ["Tilted", "tilted"]

AT_REST = 1e-9
"""Speed over that of the mean, below which a path is at rest."""

NEGLIGIBLE_SHARE = 1e-4
"""Displacement of the minimum over the exit distance, below which a nonlinear well stays."""

_FORCE = "force of the small jumps"
_DOUBLINGS = 60
_FEW = 1e-6


class Tilted(Potential):
    """F(x) - f.x.

    What is declared of F and stays true is declared anew: its kinks and its convexity, and not that
    the gradient is linear about a center, which has moved.

    Attributes
    ----------
    params : mapping of str to float or array
        Those of F, and f after them.
    """

    tilted: ClassVar[bool] = True


def tilted(basin: Basin, force: FloatArray) -> Basin | None:
    """The basin of F(x) - f.x, with the minimum that the flow from the one of F leads to.

    A quadratic well stays one, with its center moved by A^-1 f.

    Parameters
    ----------
    basin : Basin
        The basin of F.
    force : ndarray, shape (dim,)
        f, energy per unit of the coordinate: the mean of the small jumps per unit time.

    Returns
    -------
    Basin or None
        With the same domain and start; the basin itself where the force does next to nothing, and
        None where the flow leaves the domain.

    Examples
    --------
    >>> import numpy as np
    >>> from levysde import basins
    >>> tilted(basins.sharp(), np.array([0.8])).minimum.tolist()
    [0.05]
    >>> round(float(tilted(basins.asymmetric(), np.array([-0.8])).minimum[0]), 9)
    -0.05
    >>> tilted(basins.sharp(), np.array([8.0])) is None
    True
    """
    if not force.any():
        return basin
    potential = basin.potential
    hessian, center = potential.hessian, potential.center
    if hessian is not None and center is not None:
        matrix = np.diag(hessian) if hessian.ndim == 1 else hessian
        rest = center + _displacement(matrix, force)
        if not _holds(basin, rest):
            return None
        return replace(basin, potential=quadratic(basin.dim, hessian, rest), minimum=rest)
    well = Tilted(
        basin.dim,
        _tilted_gradient(potential.gradient, len(potential.p)),
        params={**potential.params, _FORCE: force},
        name=f"tilted {potential.name}",
        center=center,
        one_sided=potential.one_sided,
        separable=potential.separable,
        approaching=potential.approaching,
    )
    end = _end_of_flow(basin, well, force)
    if end is None:
        return None
    if np.linalg.norm(end - basin.minimum) <= NEGLIGIBLE_SHARE * inner_radius(basin):
        return basin
    return replace(basin, potential=well, minimum=end)


def _tilted_gradient(gradient: PlainFunction, count: int) -> PlainFunction:
    """The gradient less the force, which follows its parameters."""

    def tilted_gradient(x, p, out):  # type: ignore[no-untyped-def]
        gradient(x, p[:count], out)
        for j in range(len(x)):
            out[j] -= p[count + j]

    return tilted_gradient


def _holds(basin: Basin, point: FloatArray) -> bool:
    return bool(np.isfinite(point).all()) and basin.domain.contains(point)


def _displacement(matrix: FloatArray, force: FloatArray) -> FloatArray:
    """A^-1 f; infinite where nothing holds the force."""
    values, basis = np.linalg.eigh(matrix)
    along = basis.T @ force
    free = values <= _FEW * _FEW * values.max(initial=0.0)
    if (np.abs(along[free]) > _FEW * np.linalg.norm(force)).any():
        return np.full(len(force), np.inf)
    return np.asarray(basis @ np.where(free, 0.0, along / np.where(free, 1.0, values)))


def _end_of_flow(basin: Basin, well: Potential, force: FloatArray) -> FloatArray | None:
    """Where the flow of the tilted potential from the minimum ends, if in the domain."""
    from scipy.integrate import solve_ivp

    speed, size = float(np.linalg.norm(force)), inner_radius(basin)
    x, time = basin.minimum, 1e-2 * size / speed
    for _ in range(_DOUBLINGS):
        flow = solve_ivp(
            lambda t, x: -well.gradient_at(x), (0.0, time), x, "LSODA", rtol=1e-8, atol=1e-13 * size
        )
        x, time = np.asarray(flow.y[:, -1]), 2.0 * time
        if not (flow.success and _holds(basin, x)):
            return None
        if np.linalg.norm(well.gradient_at(x)) <= AT_REST * speed:
            return x
    return None
