"""The bias of watching for exits on a grid of times, and the boundary that makes up for it.

Between two looks a path may leave and come back. For alpha in (1, 2] this acts, to first order,
like a boundary that lies farther out by

    beta_alpha sigma_n epsilon dt^(1/alpha),    beta_alpha = -zeta(1-1/alpha) Gamma(1-1/alpha)/pi,

where sigma_n is the scale of the noise along the normal n of the boundary:
sigma_n^alpha = -log |E exp(i n.L_1)|. Moving the boundary inward by as much leaves an error of
order dt. For alpha <= 1 the bias is itself of order dt, and there is no such shift.

Sources: Siegmund, Adv. Appl. Prob. 11 (1979) 701; Broadie, Glasserman & Kou, Math. Finance 7 (1997)
325; Spitzer's identity for stable laws.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.domains import Domain
from levysde.noise import Noise

__all__ = ["CORRECTIONS", "shifted"]

CORRECTIONS = ("boundary-shift",)
"""What `escape_times` can do about the bias of the grid."""


# ------------------------------------------------------------------ scale of the noise by direction


@dataclass(frozen=True, eq=False)
class _Width:
    """Scale of a step of the noise along n, times beta_alpha: homogeneous of degree 1 in n.

    ||G'n|| with the Euclidean norm, or with the norm (sum_k |.|^alpha)^(1/alpha).

    Attributes
    ----------
    alpha : float
        Exponent of the norm.
    matrix : ndarray, shape (dim, drivers) or (dim,)
        G; its diagonal where the rest is zero.
    """

    alpha: float
    matrix: FloatArray

    def along(self, normal: FloatArray) -> float:
        """The width along a direction."""
        image = self.matrix * normal if self.matrix.ndim == 1 else self.matrix.T @ normal
        return float(np.sum(np.abs(image) ** self.alpha) ** (1.0 / self.alpha))


def _checked_reach(alpha: float, epsilon: float, dt: float) -> float:
    """beta_alpha epsilon dt^(1/alpha), the shift for a scale of 1."""
    from levysde import theory

    if not alpha > 1.0:
        raise ValueError(
            f"the boundary shift is for alpha in (1, 2], and alpha is {alpha:g}, where the bias is "
            "of order dt and no shift is defined; use refine, or a smaller dt"
        )
    return float(theory.boundary_shift_constant(alpha) * epsilon * dt ** (1.0 / alpha))


def _width(noise: Noise, dim: int, epsilon: float, dt: float) -> _Width:
    """The width of a law with one stability index."""
    norm, matrix = noise.width(dim)
    return _Width(norm, _checked_reach(noise.alpha, epsilon, dt) * matrix)


def _axis_reaches(noise: Noise, epsilon: float, dt: float, faces: FloatArray) -> FloatArray:
    """Shifts of the faces of a box, whose normals are the axes, where there are faces."""
    if noise.several_indices:
        each = zip(noise.indices, noise.width(len(faces))[1], faces, strict=True)
        return np.array(
            [
                _checked_reach(float(a), epsilon, dt) * s if face and s > 0.0 else 0.0
                for a, s, face in each
            ]
        )
    width = _width(noise, len(faces), epsilon, dt)
    if width.matrix.ndim == 1:
        return np.asarray(width.matrix)
    return np.asarray(np.sum(np.abs(width.matrix) ** width.alpha, axis=1) ** (1.0 / width.alpha))


# -------------------------------------------------------------------------------- shift of a domain


@dataclass(frozen=True, eq=False)
class _Shift:
    """How far one step of the noise moves the boundary of a domain inward, by its normal."""

    domain: Domain
    noise: Noise
    epsilon: float
    dt: float

    def across_axes(self, faces: npt.NDArray[Any]) -> FloatArray:
        """Along the axes, where there are faces."""
        return _axis_reaches(self.noise, self.epsilon, self.dt, faces)

    def along(self, normal: FloatArray) -> float:
        """Along a normal n, times the length of n."""
        if self.noise.several_indices and np.count_nonzero(normal) == 1:
            return float(self.across_axes(normal) @ np.abs(normal))
        return self._width().along(normal)

    def norm(self) -> tuple[float, FloatArray]:
        """Along every normal n: the exponent and G of a norm of G'n."""
        width = self._width()
        return width.alpha, width.matrix

    def _width(self) -> _Width:
        if self.noise.several_indices:
            raise ValueError(
                "with multifractal noise the boundary shift is for faces across an axis, and those "
                f"of {self.domain.name!r} are oblique or curved; use refine, or a smaller dt"
            )
        return _width(self.noise, self.domain.dim, self.epsilon, self.dt)


def shifted(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    """The domain with its boundary moved inward by beta_alpha sigma_n epsilon dt^(1/alpha).

    Where sigma_n varies along the boundary so does the shift. For the ellipsoid
    {(x-c)'A(x-c) < 1} it is taken to first order: with the gauge s = sqrt((x-c)'A(x-c)) and
    w(u) = beta_alpha epsilon dt^(1/alpha) (-log |E exp(i u.L_1)|)^(1/alpha), the shifted domain is
    {s < 1 - w(A(x-c))/s}. For a ball this is exact: |x-c| < R - w(n), n = (x-c)/|x-c|.

    Parameters
    ----------
    domain : Domain
        With a declared shape: interval, box, ball, half space, ellipsoid or another polytope.
    noise : Noise
        Symmetric, with alpha > 1. Multifractal noise is for faces across an axis.
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float
        Step, time.

    Returns
    -------
    Domain
        For the simulation only: the theory is about the domain itself.

    Raises
    ------
    ValueError
        If the domain has no normal that is known, alpha is at most 1, the law is skewed or unknown,
        or the shift is as wide as the domain.

    Notes
    -----
    What remains is of order dt, which is small beside the shift unless alpha is close to 1, where
    beta_alpha grows without bound. In the driftless interval (-1, 1), epsilon = 1, dt = 0.01, the
    mean exit time is off by (computed with `levysde.theory.euler_mean_exit_time`)

    ======= ============= ==========
    alpha   not corrected corrected
    ======= ============= ==========
    1.05    1.7 %         -2.9 %
    1.2     2.7 %         -0.5 %
    1.5     5.9 %         0.06 %
    1.8     11.8 %        0.3 %
    2       17.7 %        0.5 %
    ======= ============= ==========

    Examples
    --------
    >>> import levysde as ls
    >>> law = ls.noise.independent(alpha=1.5)
    >>> moved = shifted(ls.domains.interval(-1.0, 1.0), law, epsilon=1.0, dt=0.01)
    >>> round(moved.params["upper"], 6)
    0.961474
    """
    checks.instance("domain", domain, Domain)
    checks.instance("noise", noise, Noise)
    if domain.shape is None:
        raise ValueError(
            "the boundary shift needs a domain with a normal, which its shape gives (as of "
            f"interval, box, ball, half_space, ellipsoid), and {domain.name!r} declares none; "
            + noise.without_shift
        )
    noise.check_dim(domain.dim)
    epsilon, dt = checks.finite_number("epsilon", epsilon), checks.finite_number("dt", dt)
    moved = domain.shape.shifted(_Shift(domain, noise, epsilon, dt))
    if moved is None:
        raise ValueError(
            f"the boundary shift of this step is as wide as the {domain.name}; give a smaller dt"
        )
    return moved
