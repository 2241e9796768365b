"""The escape measure nu(W): the rate of jumps that throw a particle from the minimum out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory.parts import DomainLike, NoiseLike, Vector, checked_alpha
from levysde.theory.rays import RaySegments, has_closed_form, ray_exit_segments, require_inside


def stable_constant(alpha: float) -> float:
    """Return c_alpha = Gamma(1 + alpha) sin(pi alpha / 2) / pi.

    The Levy measure of the standard symmetric stable law, E exp(iuL) = exp(-|u|^alpha), has the
    density c_alpha |y|^(-1 - alpha), and P(|L| > x) ~ (2 c_alpha / alpha) x^(-alpha).

    Parameters
    ----------
    alpha : float
        Stability index in (0, 2], dimensionless.

    Returns
    -------
    float
        The constant, dimensionless; exactly 0.0 at alpha = 2, which has no jumps.

    Raises
    ------
    ValueError
        If ``alpha`` is not in (0, 2].

    Notes
    -----
    Source: Samorodnitsky & Taqqu, Stable Non-Gaussian Random Processes (1994), eq. 1.2.9.

    Examples
    --------
    >>> round(stable_constant(1.5), 8)
    0.29920671
    """
    alpha = checked_alpha(alpha)
    # sin(pi alpha / 2) = sin(pi (2 - alpha) / 2); the smaller argument keeps all digits near 2.
    return math.gamma(1.0 + alpha) * math.sin(0.5 * math.pi * min(alpha, 2.0 - alpha)) / math.pi


@dataclass(frozen=True)
class EscapeMeasure:
    """The number nu(W) and how well it is known; ``float()`` of it gives the value.

    Parameters
    ----------
    value : float
        nu(W), per unit time at noise amplitude 1, in units of (state)^(-alpha).
    error : float
        Estimate of the absolute error; 0.0 for closed forms, exact up to rounding.
    method : str
        How the value was found.

    Examples
    --------
    >>> float(EscapeMeasure(0.5, 0.0, "closed form: interval"))
    0.5
    """

    value: float
    error: float
    method: str

    def __float__(self) -> float:
        """Return the value."""
        return self.value


def _scales(noise: NoiseLike, dim: int) -> Vector:
    scale = np.asarray(noise.scale, dtype=np.float64)
    if scale.ndim and scale.shape != (dim,):
        raise ValueError(f"noise.scale has shape {scale.shape}, but the domain has dimension {dim}")
    if not (np.all(np.isfinite(scale)) and np.all(scale >= 0.0)):
        raise ValueError(f"noise.scale is {scale.tolist()}, but it must be finite and not negative")
    return np.full(dim, scale) if scale.ndim == 0 else scale


def _ray_measure(ray: RaySegments, alpha: float) -> tuple[float, float]:
    """Return alpha int r^(-1-alpha) dr over the exterior segments, and its error."""
    if not ray.segments:
        return 0.0, ray.searched**-alpha
    value = error = 0.0
    for (r_in, r_out), (width_in, width_out) in zip(ray.segments, ray.widths, strict=True):
        value += r_in**-alpha - r_out**-alpha
        error += alpha * (r_in ** (-1.0 - alpha) * width_in + r_out ** (-1.0 - alpha) * width_out)
    return value, error


def _independent(domain: DomainLike, noise: NoiseLike, center: Vector) -> EscapeMeasure:
    alpha = float(noise.alpha)
    value = error = 0.0
    for i, scale in enumerate(_scales(noise, domain.dim)):
        for sign in (1.0, -1.0):
            axis = np.zeros(domain.dim)
            axis[i] = sign
            part, part_error = _ray_measure(ray_exit_segments(domain, center, axis), alpha)
            value += scale**alpha * part
            error += scale**alpha * part_error
    factor = stable_constant(alpha) / alpha
    closed = has_closed_form(domain)
    method = f"closed form: {domain.name}" if closed else "rays along the coordinate axes"
    return EscapeMeasure(float(factor * value), float(factor * error), method)


_LAWS: dict[str, Callable[[DomainLike, NoiseLike, Vector], EscapeMeasure]] = {
    "independent": _independent,
}


def escape_measure(domain: DomainLike, noise: NoiseLike, center: ArrayLike) -> EscapeMeasure:
    """Return nu(W), W = {y : center + y not in Omega}, for a stable noise law.

    For independent coordinates of scale sigma_i, with R(s) the distance from the center to the
    boundary along s, nu(W) = (c_alpha / alpha) sum_i sigma_i^alpha
    [R(e_i)^(-alpha) + R(-e_i)^(-alpha)]. Where a ray crosses the boundary several times,
    R^(-alpha) is replaced by alpha int r^(-1-alpha) dr over its exterior segments.

    Parameters
    ----------
    domain : object
        Omega, with ``name``, ``dim``, ``params``, ``p`` and ``outside``.
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of the law.
    center : array_like, shape (dim,)
        Point of departure, the minimum of the basin; need not be the center of the domain.

    Returns
    -------
    EscapeMeasure
        nu(W) per unit time at noise amplitude 1, units of (state)^(-alpha). A ray that does not
        leave the searched range contributes nothing to the value and its tail to the error.

    Raises
    ------
    ValueError
        If the center is not inside the domain, a length or a number is wrong, or the law is
        unknown.

    Notes
    -----
    Source: Imkeller & Pavlyukevich, J. Phys. A 39 (2006) L237; Imkeller, Pavlyukevich & Stauch,
    J. Stat. Phys. 141 (2010) 94. The law of the driver is E exp(iuL) = exp(-|u|^alpha).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> interval = SimpleNamespace(name="interval", dim=1, params={"lower": -1.0, "upper": 1.0})
    >>> noise = SimpleNamespace(name="independent", alpha=1.5, scale=1.0)
    >>> round(escape_measure(interval, noise, [0.0]).value, 8)
    0.39894228
    """
    if noise.name not in _LAWS:
        known = ", ".join(_LAWS)
        raise ValueError(f"no escape measure for the noise law {noise.name!r}; known are: {known}")
    alpha = checked_alpha(noise.alpha)
    _scales(noise, domain.dim)
    point = require_inside(domain, center)
    if alpha == 2.0:
        return EscapeMeasure(0.0, 0.0, "alpha = 2 has no jumps")
    return _LAWS[noise.name](domain, noise, point)
