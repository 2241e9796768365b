"""Potentials: a gradient, and where it exists a value, as plain functions of one point.

The noise-free dynamics is dx = -grad F(x) dt. Built-in potentials keep each value beside its
gradient.

Most are wells of few parameters. `finite_sum` makes F(x) = (1/n) sum_i f_i(x) of the gradient of
one term, as training losses are, and `linear_regression`, `logistic_regression` and `mlp` are such
sums over given data; `levysde.noise.minibatch` draws their gradients from batches of examples.
"""

from levysde.potentials.finite_sum import FiniteSum, finite_sum
from levysde.potentials.perceptron import mlp
from levysde.potentials.potential import Potential
from levysde.potentials.regression import linear_regression, logistic_regression
from levysde.potentials.textbook import (
    asymmetric_quadratic,
    double_well,
    quadratic,
    quartic,
    tilted_double_well,
)

__all__ = [
    "FiniteSum",
    "Potential",
    "asymmetric_quadratic",
    "double_well",
    "finite_sum",
    "linear_regression",
    "logistic_regression",
    "mlp",
    "quadratic",
    "quartic",
    "tilted_double_well",
]
