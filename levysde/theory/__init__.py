"""Theory of escape under stable noise: the escape measure, predicted rates and exact values.

Independent of the simulation: nothing is imported from the rest of the package. The standard
symmetric stable law is E exp(iuL) = exp(-|u|^alpha) everywhere; at alpha = 2 its variance is 2.
"""

from levysde.theory.correction import first_correction
from levysde.theory.escape_measure import EscapeMeasure, escape_measure, stable_constant
from levysde.theory.exact import (
    boundary_shift_constant,
    driftless_ellipsoid_mean_exit_time,
    driftless_interval_mean_exit_time,
    driftless_mean_exit_time,
    exit_overshoot_survival,
    half_line_overshoot_survival,
    kappa,
    right_exit_probability,
    sparre_andersen_survival,
)
from levysde.theory.mean_exit import euler_mean_exit_time, gaussian_mean_exit_time
from levysde.theory.rates import Assumption, Prediction, predict
from levysde.theory.rays import RaySegments, ray_exit_segments
from levysde.theory.stable_law import stable_density, stable_tail
from levysde.theory.stationary import euler_stationary_scale, ornstein_uhlenbeck_scale

__all__ = [
    "Assumption",
    "EscapeMeasure",
    "Prediction",
    "RaySegments",
    "boundary_shift_constant",
    "driftless_ellipsoid_mean_exit_time",
    "driftless_interval_mean_exit_time",
    "driftless_mean_exit_time",
    "escape_measure",
    "euler_mean_exit_time",
    "euler_stationary_scale",
    "exit_overshoot_survival",
    "first_correction",
    "gaussian_mean_exit_time",
    "half_line_overshoot_survival",
    "kappa",
    "ornstein_uhlenbeck_scale",
    "predict",
    "ray_exit_segments",
    "right_exit_probability",
    "sparre_andersen_survival",
    "stable_constant",
    "stable_density",
    "stable_tail",
]
