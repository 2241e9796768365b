"""Settings that the simulated device and the processor both run, and what each of them gives.

As a script, `python device_settings.py NAME ...` prints one JSON object: the digests of the
simulated device. The environment must say NUMBA_ENABLE_CUDASIM=1.
"""

import numpy as np
from user_parts import *  # noqa: F403

import levysde as ls
from levysde import domains, potentials
from levysde.basins import Basin

PATHS = 64


def box(dim):
    well = potentials.quadratic(dim, np.linspace(1.0, 3.0, dim))
    return Basin(well, domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim))


def laws(dim):
    rng = np.random.default_rng(dim)
    matrix = rng.standard_normal((dim, dim)) * np.tri(dim) + 2.0 * np.eye(dim)
    return {
        "independent": ls.noise.independent(1.5),
        "by formula": ls.noise.independent(0.3, rng.random(dim) + 0.1),
        "skewed": ls.noise.independent(1.3, 1.0, rng.uniform(-1.0, 1.0, dim)),
        "multifractal": ls.noise.multifractal(np.linspace(1.1, 1.9, dim)),
        "mixed": ls.noise.mixed(1.5, rng.standard_normal((dim, 5))),
        "spectral": ls.noise.spectral(1.5, np.eye(dim), np.ones(dim)),
        "isotropic": ls.noise.isotropic(1.5),
        "diagonal": ls.noise.elliptic(1.5, np.diag(rng.random(dim) + 0.1)),
        "elliptic": ls.noise.elliptic(1.5, matrix),
        "Gaussian": ls.noise.isotropic(2.0),
    }


OPTIMIZERS = {
    "sgd": ls.dynamics.sgd(),
    "clipped": ls.dynamics.sgd(clip=0.2),
    "momentum": ls.dynamics.momentum(0.5),
    "rmsprop": ls.dynamics.rmsprop(0.5),
    "adam": ls.dynamics.adam(0.5, 0.5),
    "adam_l2": ls.dynamics.adam_l2(0.5, 0.5, weight_decay=0.1),
    "adamw": ls.dynamics.adamw(0.5, 0.5, weight_decay=0.1),
    "adamprox": ls.dynamics.adamprox(0.5, 0.5, weight_decay=0.1),
    "noisy": ls.dynamics.adam(0.5, 0.5, form="sde", gradient_noise=1.0),
}
