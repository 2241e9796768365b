"""The escape measure nu(W): the rate of jumps that throw a particle from the minimum out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from levysde.theory import arguments
from levysde.theory.exact.constants import isotropic_constant
from levysde.theory.measure.bundles import Bundle, flat_faces, ray_bundle
from levysde.theory.measure.elliptic import box_measure, elliptic_form
from levysde.theory.measure.jump_laws import (
    EllipticLaw,
    Law,
    RayLaw,
    has_several_indices,
    jump_laws,
    law_at,
)
from levysde.theory.measure.radii import WIDTH
from levysde.theory.measure.rays import RaySegments, exit_segments, require_inside
from levysde.theory.measure.sphere_points import (
    SphereMean,
    quasi_mean,
    searched_circle_mean,
    sphere_mean,
    sphere_points,
)
from levysde.theory.numbers import checked_positive
from levysde.theory.protocols import DomainLike, NoiseLike, Vector, is_costly, shape_of

_CLOSED_CIRCLE = 1e-11
_SEARCHED_CIRCLE = 1e-6
_SPHERE = 5e-5
_MOST_NUMBERS = 1 << 22
_MOST_FACES = 128
_TRIAL_POWER = 8
_TRIAL_SEED = 98
_WORTH = 0.25
_UNMET = 3.0
_SPREAD_SEED = 99
_PANELS = 64
_PLAIN_PANELS = 32
_COSTLY_PANELS = 8


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


def _ray_measure(ray: RaySegments, alpha: float) -> tuple[float, float]:
    """Return alpha int r^(-1-alpha) dr over the exterior segments, and its error."""
    if not ray.segments:
        return 0.0, ray.searched**-alpha
    value = error = 0.0
    for (r_in, r_out), (width_in, width_out) in zip(ray.segments, ray.widths, strict=True):
        value += r_in**-alpha - r_out**-alpha
        error += alpha * (r_in ** (-1.0 - alpha) * width_in + r_out ** (-1.0 - alpha) * width_out)
    return value, error


def _on_rays(domain: DomainLike, law: RayLaw, center: Vector) -> EscapeMeasure:
    shape = shape_of(domain)
    if shape is not None:
        chunk = max(1, _MOST_NUMBERS // domain.dim)
        starts = range(0, law.weights.size, chunk)
        parts = [shape.exit_distances(center, law.directions[k : k + chunk]) for k in starts]
        value = float(law.weights @ np.concatenate(parts) ** -law.alpha)
        return EscapeMeasure(value, 0.0, f"closed form: {domain.name}")
    value = error = 0.0
    rays = exit_segments(domain, center, law.directions)
    for ray, weight in zip(rays, law.weights, strict=True):
        part, part_error = _ray_measure(ray, law.alpha)
        value += weight * part
        error += weight * part_error
    return EscapeMeasure(float(value), float(error), f"rays {law.where}")


@dataclass(frozen=True, eq=False)
class _FlatControl:
    """Gauge of the polytope {z : a_k.z < 1} to the power alpha, and its mean over the sphere."""

    faces: Vector
    alpha: float
    mean: float
    error: float

    def centered(self, units: Vector) -> Vector:
        gauge = np.maximum(np.max(units @ self.faces.T, axis=1), 0.0)
        return np.asarray(gauge**self.alpha - self.mean)


def _flat_control(bundle: Bundle, law: EllipticLaw) -> _FlatControl | None:
    """Return the polytope of the flat faces if it is well known and most of the variance."""
    faces = flat_faces(bundle, law.matrix)
    if not 0 < len(faces) <= _MOST_FACES:
        return None
    units = sphere_points(law.rank, _TRIAL_POWER, _TRIAL_SEED)
    control = _FlatControl(faces, law.alpha, 0.0, 0.0)
    values = bundle.powers(units @ law.matrix.T, law.alpha).values
    if np.var(values - control.centered(units)) > _WORTH * np.var(values):
        return None
    ends = np.ones(len(faces))
    value, error, _ = box_measure(faces, ends, np.full(len(faces), np.inf), law.alpha)
    if error > _SPHERE * value:
        return None
    constant = isotropic_constant(law.alpha, law.rank)
    return _FlatControl(faces, law.alpha, value / constant, error / constant)


def _in_all_directions(domain: DomainLike, law: EllipticLaw, center: Vector) -> EscapeMeasure:
    shape = shape_of(domain)
    found = None if shape is None else elliptic_form(shape, law, center)
    if found is not None:
        value, error, method = found
        return EscapeMeasure(value, error, f"{method}: {domain.name}")
    bundle = ray_bundle(domain, center, law.matrix, law.alpha)
    mean, note = _closed_mean(bundle, law) if bundle.grid is None else _searched_mean(bundle, law)
    constant = isotropic_constant(law.alpha, law.rank)
    return EscapeMeasure(
        float(constant * mean.value),
        float(constant * mean.error),
        f"{mean.method}, {mean.points} rays{note}: {domain.name}",
    )


def _closed_mean(bundle: Bundle, law: EllipticLaw) -> tuple[SphereMean, str]:
    """Return the mean over directions where distances are in closed form."""

    def powers(units: Vector) -> Vector:
        return bundle.powers(units @ law.matrix.T, law.alpha).values

    tolerance = _CLOSED_CIRCLE if law.rank == 2 else _SPHERE
    return sphere_mean(powers, law.rank, tolerance, bundle.budget), ""


def _searched_mean(bundle: Bundle, law: EllipticLaw) -> tuple[SphereMean, str]:
    """Return the mean over directions of a domain known by its predicate alone."""
    mean, note = _plane_mean(bundle, law) if law.rank == 2 else _space_mean(bundle, law)
    rounding = law.alpha * WIDTH * abs(mean.value)
    return replace(mean, error=mean.error + rounding), note


def _plane_mean(bundle: Bundle, law: EllipticLaw) -> tuple[SphereMean, str]:
    unknowns: list[float] = []

    def powers(units: Vector, turn: int) -> Vector:
        # The two quadratures search on grids that lie half a step apart.
        shifts = np.full(len(units), (2 * turn + 1) * len(bundle.radii) // 4)
        found = bundle.powers(units @ law.matrix.T, law.alpha, shifts)
        unknowns.append(float(np.max(found.unknown)))
        return np.stack([found.values, np.abs(found.missed)], axis=1)

    many = getattr(bundle.domain, "outside_many", None) is not None
    panels = _PANELS if many else _PLAIN_PANELS
    panels = _COSTLY_PANELS if is_costly(bundle.domain) else panels
    mean, missed = searched_circle_mean(powers, _SEARCHED_CIRCLE, bundle.budget, panels)
    return replace(mean, error=mean.error + missed + max(unknowns)), ""


def _space_mean(bundle: Bundle, law: EllipticLaw) -> tuple[SphereMean, str]:
    control = _flat_control(bundle, law)
    generator = np.random.default_rng(_SPREAD_SEED)
    unknowns: list[float] = []

    def powers(units: Vector) -> Vector:
        shifts = generator.integers(len(bundle.radii), size=len(units))
        found = bundle.powers(units @ law.matrix.T, law.alpha, shifts)
        unknowns.append(float(np.max(found.unknown)))
        values = found.values + found.missed
        return values if control is None else values - control.centered(units)

    mean = quasi_mean(powers, law.rank, _SPHERE, bundle.budget, math.ceil(_UNMET / _SPHERE))
    # A part of the directions that no ray has met may have another boundary.
    error = mean.error + _UNMET / mean.points * abs(mean.value) + max(unknowns)
    if control is None:
        return replace(mean, error=error), ""
    return replace(mean, error=error + control.error), f" and {len(control.faces)} flat faces"


def law_measure(domain: DomainLike, law: Law, center: Vector) -> EscapeMeasure:
    """Return nu(W) for the jumps of one stability index.

    Parameters
    ----------
    domain : object
        The domain.
    law : RayLaw or EllipticLaw
        The jumps.
    center : ndarray, shape (dim,)
        Point inside the domain.

    Returns
    -------
    EscapeMeasure
        nu(W), its error and the method.
    """
    if isinstance(law, RayLaw):
        return _on_rays(domain, law, center)
    return _in_all_directions(domain, law, center)


def dominant_law(
    domain: DomainLike, noise: NoiseLike, center: Vector
) -> tuple[Law | None, EscapeMeasure]:
    """Return the jumps of the smallest stability index that can leave, and their nu(W).

    Parameters
    ----------
    domain : object
        The domain.
    noise : object
        Noise law, as for `escape_measure`.
    center : ndarray, shape (dim,)
        Point inside the domain.

    Returns
    -------
    (RayLaw or EllipticLaw or None, EscapeMeasure)
        None where there are no jumps.
    """
    noise = law_at(noise, center)
    laws = jump_laws(noise, domain.dim)
    if not laws:
        why = "alpha = 2 has no jumps" if float(noise.alpha) == 2.0 else "the noise is zero"
        return None, EscapeMeasure(0.0, 0.0, why)
    # The first law is kept where none of them leaves.
    found = [(law, law_measure(domain, law, center)) for law in laws[:1]]
    for law in laws[1:]:
        if found[-1][1].value > 0.0:
            break
        found.append((law, law_measure(domain, law, center)))
    law, measure = found[-1] if found[-1][1].value > 0.0 else found[0]
    if has_several_indices(noise):
        note = f"{measure.method}; alpha = {law.alpha:g}, the smallest index that can exit"
        measure = EscapeMeasure(measure.value, measure.error, note)
    return law, measure


@arguments.checked(domain=arguments.domain, noise=arguments.noise)
def escape_measure(domain: DomainLike, noise: NoiseLike, center: ArrayLike) -> EscapeMeasure:
    """Return nu(W), W = {y : center + y not in Omega}, for a stable noise law.

    With R(s) the distance from the center to the boundary along the unit vector s, the gauge
    g(y) = |y| / R(y / |y|) and c = c_alpha (see `stable_constant`):

    * independent coordinates of scale sigma_i and skewness beta_i:
      (c/alpha) sum_i sigma_i^alpha [(1 + beta_i) R(e_i)^(-alpha) + (1 - beta_i) R(-e_i)^(-alpha)];
    * mixed, dL = G dZ, with the columns g_j of G: (c/alpha) sum_j [g(g_j)^alpha + g(-g_j)^alpha];
    * spectral, E exp(iu.L) = exp(-sum_j w_j |s_j.u|^alpha):
      (c/alpha) sum_j w_j [R(s_j)^(-alpha) + R(-s_j)^(-alpha)];
    * isotropic and elliptic, E exp(iu.L) = exp(-|G'u|^alpha):
      [2^(alpha/2) / Gamma(1 - alpha/2)] E g(Gz)^alpha, z standard normal;
    * multifractal, coordinates of several indices: there is no single measure. The one of the
      smallest index that can exit is returned, which dominates as eps -> 0 (see `escape_rate`).

    Where a ray crosses the boundary several times, R^(-alpha) is replaced by
    alpha int r^(-1-alpha) dr over its exterior segments. The expectation of an elliptic law is in
    closed form for half spaces and centered balls, a one-dimensional integral for centered
    ellipsoids, for balls and, where the coordinates are uncorrelated, for boxes; otherwise it is
    an adaptive quadrature over the angle if the jumps span a plane. If they span more it is found
    by randomized quasi-Monte Carlo within about a second, to a relative error of 1e-4 or better
    where few coordinates are correlated and to 1e-3 in fifty dimensions: for boxes over variables
    that separate (see `box.correlated_box_moment`), for other domains over directions. Of a domain
    that is searched the flat faces are found first, and only what is not flat is left to average.

    A search cannot see what lies between its points, and no error contains that: layers thinner
    than 2.2 % of their distance on the rays of a ray law; in the plane lobes narrower than 0.6
    degrees; in more dimensions spikes toward the center that none of some ten thousand rays meets.
    Thin layers are otherwise weighted, and their scatter is in the error (see docs/theory.md).

    Parameters
    ----------
    domain : object
        Omega, with ``name``, ``dim``, ``p``, ``outside``, where it has one its ``shape`` and, to be
        fast in more than two dimensions, ``outside_many(points)``.
    noise : object
        Noise law with ``name``, ``alpha`` and the attributes of its form (see `laws.jump_laws`).
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
        If the center is not inside the domain, a length or a number is wrong, or the law says no
        form.

    Notes
    -----
    Source: Imkeller & Pavlyukevich, J. Phys. A 39 (2006) L237; Imkeller, Pavlyukevich & Stauch,
    J. Stat. Phys. 141 (2010) 94. The law of the driver is E exp(iuL) = exp(-|u|^alpha).

    Examples
    --------
    >>> from levysde import domains, noise
    >>> interval = domains.interval(-1.0, 1.0)
    >>> round(escape_measure(interval, noise.independent(1.5), [0.0]).value, 8)
    0.39894228
    """
    point = require_inside(domain, center)
    return dominant_law(domain, noise, point)[1]


@arguments.checked(domain=arguments.domain, noise=arguments.noise)
def escape_rate(domain: DomainLike, noise: NoiseLike, center: ArrayLike, epsilon: float) -> float:
    """Return the small-noise escape rate sum_k eps^alpha_k nu_k(W).

    The sum has one term for each stability index; it is eps^alpha nu(W) for every law but one of
    several indices, whose coordinates with alpha_i = 2 contribute nothing.

    Parameters
    ----------
    domain, noise, center
        As for `escape_measure`.
    epsilon : float
        Noise amplitude, positive, units of the state per time^(1/alpha).

    Returns
    -------
    float
        Escapes per unit time.

    Raises
    ------
    ValueError
        As `escape_measure`, and if ``epsilon`` is not positive.

    Notes
    -----
    Source: as for `escape_measure`; independent coordinates never jump together, so that the
    rates of different indices add.

    Examples
    --------
    >>> from levysde import domains, noise
    >>> box = domains.box([-1.0] * 2, [1.0] * 2)
    >>> round(escape_rate(box, noise.multifractal([1.2, 1.5]), [0.0, 0.0], epsilon=0.1), 6)
    0.047692
    """
    epsilon = checked_positive(epsilon, "epsilon")
    point = require_inside(domain, center)
    laws = jump_laws(law_at(noise, point), domain.dim)
    return float(sum(epsilon**law.alpha * law_measure(domain, law, point).value for law in laws))
