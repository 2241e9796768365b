"""What made a result: parameters, seed, convention and versions, for its file."""

import hashlib
import math
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from levysde import spec
from levysde._version import __version__
from levysde.basins import Basin
from levysde.domains import Domain
from levysde.dynamics import Dynamics
from levysde.engine.random.philox import STREAM
from levysde.engine.source import code_key
from levysde.model import Model
from levysde.noise import CONVENTION, Noise

MANY_NUMBERS = 2048
"""Parameters with more numbers are kept as a shape and a hash."""


def _json_params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: summary(np.asarray(value)) for name, value in params.items()}


def summary(array: np.ndarray[Any, Any]) -> Any:
    """The numbers of an array, or what identifies them where they are many.

    Parameters
    ----------
    array : ndarray
        Any numbers.

    Returns
    -------
    list, number or dict
        JSON values; above 2048 numbers the shape and a SHA-256 hash.

    Examples
    --------
    >>> summary(np.array([1.0, 2.0])), summary(np.zeros(3000))["shape"]
    ([1.0, 2.0], [3000])
    """
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
    model: Model,
    *,
    dt: float,
    horizon: float,
    seed: int,
    correction: str | None = None,
    method: str = "euler",
    backend: str = "cpu",
    **more: Any,
) -> dict[str, Any]:
    """Everything that made a result, as JSON values.

    Parameters
    ----------
    model : Model
        What was simulated.
    dt, horizon : float
        Step and horizon, time.
    seed : int
        In [0, 2^64).
    correction : str, optional
        What was done about the bias of the grid.
    method : str
        How paths were made.
    backend : str
        Where.
    **more
        Further JSON values of the method.

    Returns
    -------
    dict
        Names and parameters of the parts, the numbers, the convention of the stable law, versions.
    """
    basin = model.basin
    # Only between the jumps of continuous time is the distance of the boundary asked for.
    margin = basin.domain.margin if method == "jump" and dt == 0.0 else None
    return {
        "alpha": model.noise.alpha,
        "epsilon": model.epsilon,
        **describe_parts(model),
        "dt": dt,
        "horizon": horizon,
        "seed": seed,
        "method": method,
        **more,
        "backend": backend,
        "correction": correction,
        "code": codes(model) | ({} if margin is None else {"margin": code_key(margin)}),
        "functions": _user_functions(*model.parts[:3]),
        "declared": _declared(*model.parts[:3]),
        "stream": STREAM,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what makes results.

    Returns
    -------
    dict
        By name.
    """
    import numba

    return {
        "levysde": __version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def describe_parts(model: Model) -> dict[str, Any]:
    """Names and parameters of the parts, as JSON values.

    Parameters
    ----------
    model : Model
        What was simulated.

    Returns
    -------
    dict
    """
    basin, dynamics, noise, _ = model.parts
    potential = basin.potential
    terms = {} if potential.examples is None else {"examples": potential.examples}
    return {
        "basin": basin.name,
        "potential": {"name": potential.name, "params": _json_params(potential.params), **terms},
        **_sets(basin),
        "start": summary(basin.start),
        "dynamics": dynamics.name,
        "dynamics_params": _json_params(dynamics.params),
        "dynamics_options": dynamics.options,
        "dynamics_uses": {"memory": dynamics.memory, "normal": dynamics.normal},
        "noise": noise.driver.name,
        "noise_params": _json_params(noise.driver.params),
        **_factors_of(dynamics, noise),
        "convention": CONVENTION,
        "dim": basin.dim,
    }


def _sets(basin: Basin) -> dict[str, Any]:
    """The domain with its minimum, or the target that is to be entered."""
    domain = _named_set(basin)
    named = {"name": domain.name, "params": _json_params(domain.params)}
    if basin.target is not None:
        return {"target": named}
    return {"domain": named, "minimum": summary(basin.minimum)}


def _named_set(basin: Basin) -> Domain:
    """The set that the user gave."""
    return basin.domain if basin.target is None else basin.target


def _factors_of(dynamics: Dynamics, noise: Noise) -> dict[str, Any]:
    """What multiplies steps and increments, and where steps end, where something does."""
    found: dict[str, Any] = {}
    if dynamics.schedule is not None:
        params = _json_params(dynamics.schedule.params)
        found["schedule"] = {"schedule": dynamics.schedule.name, "params": params}
    if dynamics.walls is not None:
        walls = dynamics.walls
        ends = {"lower": np.asarray(walls.lower), "upper": np.asarray(walls.upper)}
        found["walls"] = {"rule": walls.rule, **_json_params(ends)}
    if noise.brownian is not None:
        found["brownian"] = summary(np.asarray(noise.brownian))
    if noise.batch_record:
        found["batch"] = noise.batch_record
    if noise.scale_part is not None:
        given = noise.scale_record
        found["scale"] = {**given, "params": _json_params(given["params"])}
    return found


def codes(model: Model) -> dict[str, str]:
    """Hashes of the functions that every simulation of a model runs.

    Parameters
    ----------
    model : Model
        What is simulated.

    Returns
    -------
    dict
        By part.
    """
    basin, dynamics, noise, _ = model.parts
    draw, written = noise.driver.draw, basin.potential.written["gradient"]
    whole, schedule, scale = dynamics.unscheduled, dynamics.schedule, noise.scale_function
    return {
        "gradient": code_key(written),
        "outside": code_key(_named_set(basin).outside),
        "update": code_key(whole.update),
        **({} if whole.clock is None else {"clock": code_key(whole.clock)}),
        **({} if schedule is None else {"schedule": code_key(schedule.function)}),
        **({} if scale is None else {"scale": code_key(scale)}),
        **({} if dynamics.walls is None else {"walls": code_key(dynamics.walls.function)}),
        **({} if draw is None else {"draw": code_key(draw)}),
    }


def content(model: Model) -> dict[str, Any]:
    """All of a model that its results depend on, whatever the numbers of the simulation.

    Parameters
    ----------
    model : Model
        What is simulated.

    Returns
    -------
    dict
        JSON values.
    """
    return {
        "epsilon": model.epsilon,
        **describe_parts(model),
        "code": codes(model),
        "declared": _declared(*model.parts[:3]),
        "stream": STREAM,
    }


def _user_functions(basin: Basin, dynamics: Dynamics, noise: Noise) -> dict[str, str | None]:
    """Where the functions of a user can be imported from, None where they cannot be."""
    written, domain = dict(basin.potential.written), _named_set(basin)
    needed: dict[str, tuple[Any, dict[str, Any]]] = {
        "gradient": (written.pop("gradient"), written),
        "outside": (domain.outside, {"margin": domain.margin}),
        "update": (dynamics.unscheduled.update, {"clock": dynamics.unscheduled.clock}),
        "noise": (type(noise.driver), {}),
    }
    if dynamics.schedule is not None:
        needed["schedule"] = (dynamics.schedule.function, {})
    if noise.scale_function is not None:
        needed["scale"] = (noise.scale_function, {})
    found: dict[str, str | None] = {}
    for part, (function, others) in needed.items():
        if not _is_ours(function):
            used = {name: other for name, other in others.items() if other is not None}
            found |= {
                name: spec.import_path(each) for name, each in {part: function, **used}.items()
            }
    if "noise" not in found and not _is_made_by_name(noise.driver):
        found |= _draw_functions(noise.driver)
    return found


def _draw_functions(noise: Noise) -> dict[str, str | None]:
    """Where the functions of a law can be imported from that is made of them."""
    if noise.draw is None:
        return {"noise": None}
    used = {"draw": noise.draw, "tail": getattr(noise, "tail", None)}
    return {name: spec.import_path(each) for name, each in used.items() if callable(each)}


def _is_made_by_name(noise: Noise) -> bool:
    """Whether the function of its name makes the law again from its parameters."""
    if noise.batch_record:
        return True
    try:
        made = spec.constructor("noise", noise.name)(**noise.params)
    except (TypeError, ValueError):
        return False
    if type(made) is not type(noise):
        return False
    if made.draw and noise.draw and code_key(made.draw) != code_key(noise.draw):
        return False
    again, given = _noise_facts(made), _noise_facts(noise)
    return all(
        np.shape(again[name]) == np.shape(value) and np.allclose(again[name], value, rtol=1e-9)
        for name, value in given.items()
    )


def _noise_facts(noise: Noise) -> dict[str, Any]:
    """What a law says of its jumps, whatever its parameters are called."""
    facts = {"columns": ("alphas", "vectors", "betas"), "sphere": ("alpha", "matrix")}
    return {name: getattr(noise, name) for name in facts.get(noise.form or "", ())}


def _is_ours(function: Any) -> bool:
    """Whether a function or a class is of this package, so that a constructor makes it."""
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "levysde"


def _declared(basin: Basin, dynamics: Dynamics, noise: Noise) -> dict[str, Any]:
    """What a user declares beside functions and parameters; of facts that no record holds names."""
    found: dict[str, Any] = {}
    potential, domain = basin.potential, _named_set(basin)
    if not _is_ours(domain.outside):
        found["cost"] = domain.cost
    names = () if _is_ours(potential.written["gradient"]) else potential.declared
    names += () if _is_ours(domain.outside) else domain.declared
    if names:
        found["facts"] = list(names)
    if not _is_ours(dynamics.unscheduled.update):
        found["sde"] = dynamics.sde
        if dynamics.rule is not None:
            size = summary(np.asarray(dynamics.rule.size))
            found["rule"] = {**vars(dynamics.rule), "size": size}
    noise = noise.driver
    if not _is_made_by_name(noise):
        names = ("alpha", "scale", "tail_constant") if noise.draw else ()
        facts = {name: getattr(noise, name) for name in names} or _noise_facts(noise)
        found["noise"] = _json_params({n: fact for n, fact in facts.items() if fact is not None})
    return found
