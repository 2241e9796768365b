"""What made a result: parameters, seed, convention and versions, for its file."""

import hashlib
import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from levysde import spec
from levysde._version import __version__
from levysde.basins import Basin
from levysde.domains import Domain
from levysde.dynamics import Dynamics
from levysde.engine.philox import STREAM
from levysde.noise import CONVENTION, Noise
from levysde.potentials import Potential

MANY_NUMBERS = 2048
"""Parameters with more numbers are kept as a shape and a hash."""


def _json_params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _summary(np.asarray(value)) for name, value in params.items()}


def _summary(array: np.ndarray[Any, Any]) -> Any:
    """The numbers of an array, or what identifies them where they are many."""
    if array.size <= MANY_NUMBERS:
        return _json_value(array.tolist())
    digest = hashlib.sha256(np.ascontiguousarray(array, dtype="<f8").tobytes()).hexdigest()
    return {"shape": list(array.shape), "sha256": digest}


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
    correction: str | None = None,
    method: str = "euler",
    **more: Any,
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
    correction : str, optional
        What was done about the bias of the grid.
    method : str
        How paths were made.
    **more
        Further JSON values of the method.

    Returns
    -------
    dict
        Names and parameters of the parts, the numbers, the convention of the stable law, versions.
    """
    import numba

    from levysde.engine.source import code_key

    # Only between the jumps of continuous time is the distance of the boundary asked for.
    margin = basin.domain.margin if method == "jump" and dt == 0.0 else None
    return {
        "alpha": noise.alpha,
        "epsilon": epsilon,
        "basin": basin.name,
        "potential": {"name": basin.potential.name, "params": _json_params(basin.potential.params)},
        "domain": {"name": basin.domain.name, "params": _json_params(basin.domain.params)},
        "minimum": _summary(basin.minimum),
        "start": _summary(basin.start),
        "dynamics": dynamics.name,
        "dynamics_params": _json_params(dynamics.params),
        "dynamics_options": dynamics.options,
        "dynamics_uses": {"memory": dynamics.memory, "normal": dynamics.normal},
        "noise": noise.name,
        "noise_params": _json_params(noise.params),
        **({} if _is_built_in(noise, basin.dim) else {"noise_built_in": False}),
        "convention": CONVENTION,
        "dim": basin.dim,
        "dt": dt,
        "horizon": horizon,
        "seed": seed,
        "method": method,
        **more,
        "backend": "cpu",
        "correction": correction,
        "code": {
            "gradient": code_key(basin.potential.gradient),
            "outside": code_key(basin.domain.outside),
            "update": code_key(dynamics.update),
            **({} if dynamics.clock is None else {"clock": code_key(dynamics.clock)}),
            **({} if margin is None else {"margin": code_key(margin)}),
        },
        "stream": STREAM,
        "versions": {
            "levysde": __version__,
            "numba": numba.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def _is_built_in(noise: Noise, dim: int) -> bool:
    """Whether the function of its name makes the law again from its parameters."""
    try:
        made = spec.constructor("noise", noise.name)(**noise.params)
    except (TypeError, ValueError):
        return False
    if type(made) is not type(noise):
        return False
    with np.errstate(all="ignore"):
        again, given = (law.characteristic(np.ones((1, dim))) for law in (made, noise))
    return np.allclose(again, given, rtol=1e-9, atol=0.0, equal_nan=True)


def rebuilt(parameters: Mapping[str, Any]) -> tuple[Basin, Dynamics, Noise]:
    """The parts that made a result, from its parameters, if all of them are built in.

    Parameters
    ----------
    parameters : mapping
        Made by `describe`.

    Returns
    -------
    basin, dynamics, noise
        The parts.

    Raises
    ------
    ValueError
        If a part holds functions of the user, which no record can hold, or the record is not one
        of `describe`.
    """
    try:
        dim = int(parameters["dim"])
        potential = _rebuilt_potential(parameters["potential"], dim)
        basin = Basin(
            potential,
            _rebuilt_domain(parameters["domain"], potential, parameters["minimum"]),
            parameters["minimum"],
            parameters["start"],
            name=parameters["basin"],
        )
        options = dict(parameters["dynamics_options"])
        clip = options.pop("clip", None)
        make = _maker("dynamics", parameters["dynamics"])
        dynamics = make(**_numbers(parameters["dynamics_params"]), **options)
        dynamics = dynamics if clip is None else replace(dynamics, clip=clip)
        noise = _rebuilt_noise(parameters)
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"the record of the result is not complete ({error}); give basin, dynamics and noise"
        ) from error
    return basin, dynamics, noise


def _rebuilt_noise(parameters: Mapping[str, Any]) -> Noise:
    name = parameters["noise"]
    if not parameters.get("noise_built_in", True):
        raise _not_built_in("noise", name)
    noise: Noise = _maker("noise", name)(**_numbers(parameters["noise_params"]))
    return noise


def _rebuilt_potential(record: Mapping[str, Any], dim: int) -> Potential:
    make = _maker("potential", record["name"])
    potential: Potential = make(dim, **_numbers(record["params"]))
    return potential


def _rebuilt_domain(record: Mapping[str, Any], potential: Potential, minimum: Any) -> Domain:
    make, given = _maker("domain", record["name"]), _numbers(record["params"])
    domain: Domain
    if record["name"] == "attraction":
        domain = make(potential, minimum)
    elif record["name"] == "sublevel_set":
        domain = make(potential, given["level"])
    else:
        domain = make(**given)
    return domain


def _numbers(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as numbers and lists again: `_json_params` undone."""

    def number(value: Any) -> Any:
        return [number(entry) for entry in value] if isinstance(value, list) else float(value)

    return {name: number(value) for name, value in params.items()}


def _maker(kind: str, name: str) -> Callable[..., Any]:
    try:
        return spec.constructor(kind, name)
    except ValueError:
        raise _not_built_in(kind, name) from None


def _not_built_in(kind: str, name: str) -> ValueError:
    return ValueError(
        f"the {kind} of the result, {name!r}, is not built in; give basin, dynamics and noise"
    )
