"""What made a result: parameters, seed, convention and versions, for its file."""

import math
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from levysde._version import __version__
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.noise import CONVENTION, Noise


def _json_params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json_value(np.asarray(value).tolist()) for name, value in params.items()}


def _json_value(value: Any) -> Any:
    """A number or a list of them; infinite ends as text, because JSON has no number for them."""
    if isinstance(value, list):
        return [_json_value(entry) for entry in value]
    return value if math.isfinite(value) else str(value)


def describe(
    basin: Basin,
    dynamics: Dynamics,
    noise: Noise,
    *,
    epsilon: float,
    dt: float,
    horizon: float,
    seed: int,
) -> dict[str, Any]:
    """Everything that made a result, as JSON values.

    Parameters
    ----------
    basin, dynamics, noise
        The parts.
    epsilon : float
        Noise amplitude, dimensionless.
    dt, horizon : float
        Step and horizon, time.
    seed : int
        In [0, 2^64).

    Returns
    -------
    dict
        Names and parameters of the parts, the numbers, the convention of the stable law, versions.
    """
    import numba

    return {
        "alpha": noise.alpha,
        "epsilon": epsilon,
        "basin": basin.name,
        "potential": {"name": basin.potential.name, "params": _json_params(basin.potential.params)},
        "domain": {"name": basin.domain.name, "params": _json_params(basin.domain.params)},
        "minimum": basin.minimum.tolist(),
        "start": basin.start.tolist(),
        "dynamics": dynamics.name,
        "dynamics_params": _json_params(dynamics.params),
        "noise": noise.name,
        "noise_params": _json_params(noise.params),
        "convention": CONVENTION,
        "dim": basin.dim,
        "dt": dt,
        "horizon": horizon,
        "seed": seed,
        "method": "euler",
        "backend": "cpu",
        "versions": {
            "levysde": __version__,
            "numba": numba.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
