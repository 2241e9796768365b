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

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from levysde import domains, parts
from levysde._typing import FloatArray, Outside, PlainFunction
from levysde.domains import Domain
from levysde.engine.elementary import exp2, log2
from levysde.noise import Multifractal, Noise

__all__ = ["CORRECTIONS", "shifted"]

CORRECTIONS = ("boundary-shift",)
"""What `escape_times` can do about the bias of the grid."""

WITH_NORMAL = ("interval", "box", "ball", "half_space", "ellipsoid")


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


# ------------------------------------------------------------------------------- shifted predicates
#
# Ball and ellipsoid: with y = x - c, the gauge s = sqrt(y'Ay) and the unit normal n = Ay/|Ay|, a
# point moved by delta along -n changes s by -delta |Ay|/s. The width w is homogeneous, so that
# delta = w(n) = w(Ay)/|Ay| turns s < 1 into s < 1 - w(Ay)/s, that is s (1 - s) > w(Ay).


def _ball_square(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    square = 0.0
    for j in range(n):
        square += (x[j] - p[j]) * (x[j] - p[j])
    return float(square / (p[n] * p[n]))


def _ellipsoid_square(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    square = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n + n * k + j] * (x[j] - p[j])
        square += row * (x[k] - p[k])
    return square


@functools.lru_cache(maxsize=256)
def _predicate(square: PlainFunction, at: int, drivers: int, axes: bool, power: bool) -> Outside:
    """`outside(x, p)`; from p[at] on 1/alpha, alpha, the largest w(Ay)/s, and the matrix of w."""

    def along_axis(x: FloatArray, p: FloatArray, k: int) -> float:
        return float(p[at + 3 + k] * (x[k] - p[k]))

    def along_row(x: FloatArray, p: FloatArray, k: int) -> float:
        n = len(x)
        total = 0.0
        for j in range(n):
            total += p[at + 3 + n * k + j] * (x[j] - p[j])
        return total

    project = along_axis if axes else along_row

    def euclidean(x: FloatArray, p: FloatArray) -> float:
        total = 0.0
        for k in range(drivers):
            value = project(x, p, k)
            total += value * value
        return math.sqrt(total)

    def of_powers(x: FloatArray, p: FloatArray) -> float:
        total = 0.0
        for k in range(drivers):
            # Where s < 1 the width is below 1. The bounds are those of log2 and exp2.
            value = min(max(abs(project(x, p, k)), 1e-100), 2.0)
            total += exp2(p[at + 1] * log2(value))
        return exp2(p[at] * log2(total))

    width = of_powers if power else euclidean

    def outside(x: FloatArray, p: FloatArray) -> bool:
        s = math.sqrt(square(x, p))
        if s >= 1.0:
            return True
        # Most points are too far inside for any width; the center is one of them.
        if 1.0 - s >= p[at + 2]:
            return False
        return s * (1.0 - s) < width(x, p)

    return outside


def _quadratic(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    """A ball or an ellipsoid."""
    if isinstance(noise, Multifractal):
        raise ValueError(
            "with multifractal noise the boundary shift is for an interval or a box, and the "
            f"domain is of the kind {domain.name!r}; use refine, or a smaller dt"
        )
    dim, width = domain.dim, _width(noise, domain.dim, epsilon, dt)
    if domain.name == "ball" and noise.name == "isotropic":
        radius = float(np.asarray(domain.params["radius"])) - float(width.matrix[0])
        _require(radius > 0.0, "ball")
        return domains.ball(domain.params["center"], radius)
    image, root = _gauge_width(domain, width)
    # The norm of powers is at most drivers^(1/alpha - 1/2) times the Euclidean one.
    drivers = dim if image.ndim == 1 else len(image)
    largest = float(np.max(np.abs(root)) if root.ndim == 1 else np.linalg.norm(root, 2))
    largest *= drivers ** (1.0 / width.alpha - 0.5) * (1.0 + 1e-9)
    _require(largest < 1.0, domain.name)
    square = _ball_square if domain.name == "ball" else _ellipsoid_square
    outside = _predicate(square, len(domain.p), drivers, image.ndim == 1, width.alpha != 2.0)
    norm = [1.0 / width.alpha, width.alpha, largest]
    params = {**domain.params, "norm": norm, "shift": image}
    return Domain(dim, outside, params, name=f"shifted_{domain.name}")


def _gauge_width(domain: Domain, width: _Width) -> tuple[FloatArray, FloatArray]:
    """G'A, so that the width of Ay is the norm of G'Ay, and G'A^(1/2)."""
    if domain.name == "ball":
        radius = float(np.asarray(domain.params["radius"]))
        image = width.matrix.T / radius**2  # of one axis, its own transpose
        return image, image * radius
    matrix = np.asarray(domain.params["matrix"])
    factor = np.linalg.cholesky(matrix)
    rows = np.diag(width.matrix) if width.matrix.ndim == 1 else width.matrix.T
    return rows @ matrix, rows @ factor


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise ValueError(
            f"the boundary shift of this step is as wide as the {name}; give a smaller dt"
        )


def _interval(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    lower, upper = _moved_faces(domain, noise, epsilon, dt)
    return domains.interval(float(lower[0]), float(upper[0]))


def _box(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    return domains.box(*_moved_faces(domain, noise, epsilon, dt))


def _moved_faces(
    domain: Domain, noise: Noise, epsilon: float, dt: float
) -> tuple[FloatArray, FloatArray]:
    lower, upper = (np.atleast_1d(domain.params[end]) for end in ("lower", "upper"))
    reach = _axis_reaches(noise, epsilon, dt, np.isfinite(lower) | np.isfinite(upper))
    _require(bool((lower + reach < upper - reach).all()), domain.name)
    return lower + reach, upper - reach


def _half_space(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    normal, offset = np.asarray(domain.params["normal"]), float(np.asarray(domain.params["offset"]))
    if not isinstance(noise, Multifractal):
        reach = _width(noise, domain.dim, epsilon, dt).along(normal)
    elif np.count_nonzero(normal) == 1:
        reach = float(_axis_reaches(noise, epsilon, dt, normal) @ np.abs(normal))
    else:
        raise ValueError(
            "with multifractal noise the boundary shift is for faces across an axis, and the "
            "normal of this half space is oblique; use refine, or a smaller dt"
        )
    return domains.half_space(normal, offset - reach)


_SHIFTED: dict[str, Callable[[Domain, Noise, float, float], Domain]] = {
    "interval": _interval,
    "box": _box,
    "ball": _quadratic,
    "ellipsoid": _quadratic,
    "half_space": _half_space,
}


def shifted(domain: Domain, noise: Noise, epsilon: float, dt: float) -> Domain:
    """The domain with its boundary moved inward by beta_alpha sigma_n epsilon dt^(1/alpha).

    Where sigma_n varies along the boundary so does the shift. For the ellipsoid
    {(x-c)'A(x-c) < 1} it is taken to first order: with the gauge s = sqrt((x-c)'A(x-c)) and
    w(u) = beta_alpha epsilon dt^(1/alpha) (-log |E exp(i u.L_1)|)^(1/alpha), the shifted domain is
    {s < 1 - w(A(x-c))/s}. For a ball this is exact: |x-c| < R - w(n), n = (x-c)/|x-c|.

    Parameters
    ----------
    domain : Domain
        Interval, box, ball, half space or ellipsoid.
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
    parts.instance("domain", domain, Domain)
    parts.instance("noise", noise, Noise)
    if domain.name not in _SHIFTED:
        raise ValueError(
            f"the boundary shift needs a domain with a normal: {', '.join(WITH_NORMAL)}; this one "
            f"is of the kind {domain.name!r}; use refine, or a smaller dt"
        )
    noise.check_dim(domain.dim)
    epsilon, dt = parts.finite_number("epsilon", epsilon), parts.finite_number("dt", dt)
    return _SHIFTED[domain.name](domain, noise, epsilon, dt)
