"""Theory of escape under stable noise: the escape measure, predicted rates and exact values.

Independent of the simulation: nothing is imported from the rest of the package. The standard
symmetric stable law is E exp(iuL) = exp(-|u|^alpha) everywhere; at alpha = 2 its variance is 2.
"""

from levysde.theory.assumptions import Assumption
from levysde.theory.exact.constants import isotropic_constant, stable_constant
from levysde.theory.exact.continuous_exit import (
    ExactValue,
    exit_probability,
    mean_exit_time,
)
from levysde.theory.exact.correction import first_correction
from levysde.theory.exact.driftless import (
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
from levysde.theory.exact.mean_exit import euler_mean_exit_time, gaussian_mean_exit_time
from levysde.theory.exact.skewed import (
    positivity,
    skewed_mean_exit_time,
    skewed_right_exit_probability,
)
from levysde.theory.exact.stable_law import stable_density, stable_tail
from levysde.theory.exact.stationary import (
    euler_stationary_scale,
    ornstein_uhlenbeck_scale,
)
from levysde.theory.measure.escape_measure import EscapeMeasure, escape_measure, escape_rate
from levysde.theory.measure.exit_law import ExitLaw, exit_law
from levysde.theory.measure.rays import RaySegments, ray_exit_segments
from levysde.theory.measure.regions import clipped_jumps
from levysde.theory.measure.transitions import TransitionRates, transition_rates
from levysde.theory.minimum import about_minimum
from levysde.theory.optimizers.formulas import (
    adam_sgd_ratio,
    one_jump_cap,
    overshoot_factor,
    peak_factor,
)
from levysde.theory.prediction import Prediction
from levysde.theory.rates import predict
from levysde.theory.varying import VaryingRate, varying_rate

__all__ = [
    "Assumption",
    "EscapeMeasure",
    "ExactValue",
    "ExitLaw",
    "Prediction",
    "RaySegments",
    "TransitionRates",
    "VaryingRate",
    "about_minimum",
    "adam_sgd_ratio",
    "boundary_shift_constant",
    "clipped_jumps",
    "driftless_ellipsoid_mean_exit_time",
    "driftless_interval_mean_exit_time",
    "driftless_mean_exit_time",
    "escape_measure",
    "escape_rate",
    "euler_mean_exit_time",
    "euler_stationary_scale",
    "exit_law",
    "exit_overshoot_survival",
    "exit_probability",
    "first_correction",
    "gaussian_mean_exit_time",
    "half_line_overshoot_survival",
    "isotropic_constant",
    "kappa",
    "mean_exit_time",
    "one_jump_cap",
    "ornstein_uhlenbeck_scale",
    "overshoot_factor",
    "peak_factor",
    "positivity",
    "predict",
    "ray_exit_segments",
    "right_exit_probability",
    "skewed_mean_exit_time",
    "skewed_right_exit_probability",
    "sparre_andersen_survival",
    "stable_constant",
    "stable_density",
    "stable_tail",
    "transition_rates",
    "varying_rate",
]
