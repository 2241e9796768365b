"""The well of 20 curvatures of Zhou et al.'s comparison, its noise, and Adam with both frozen."""

import numpy as np

from levysde import Basin, Dynamics, Noise, domains, dynamics, noise, potentials

DIM = 20
CURVATURES = np.geomspace(10.0, 0.01, DIM)


def scales(largest: float) -> np.ndarray:
    """Scales of the noise, which are the second moments too."""
    return np.geomspace(largest, 1e-3, DIM)


def valley() -> Basin:
    """The sum of lambda_i x_i^2/2 below the height 1/2, an ellipsoid."""
    domain = domains.ellipsoid(np.zeros(DIM), np.diag(CURVATURES))
    return Basin(potentials.quadratic(DIM, CURVATURES), domain, np.zeros(DIM), name="valley")


def unequal(alpha: float = 1.5, largest: float = 1.0) -> Noise:
    """Independent coordinates of unequal scales."""
    return noise.independent(alpha, scale=scales(largest))


def frozen_adam(largest: float = 1.0) -> Dynamics:
    """Adam's SDE with the second moment frozen at the scale of the noise, averages at once."""
    return dynamics.adam(b1=0.0, eps=0.0, form="sde", frozen=scales(largest))
