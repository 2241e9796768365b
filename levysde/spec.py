"""One table of names: the built-in parts, each made by the function of its name in its module.

The command line, the record in a result and the parts themselves read it, and from a record the
parts are made again. It imports nothing at its head, so that help texts need not load what they
name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.domains import Domain
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.potentials import Potential

__all__ = [
    "BASINS",
    "DOMAINS",
    "DYNAMICS",
    "NOISES",
    "POTENTIALS",
    "build",
    "constructor",
    "import_path",
]

POTENTIALS = {
    "quadratic": "levysde.potentials",
    "asymmetric_quadratic": "levysde.potentials",
    "quartic": "levysde.potentials",
    "double_well": "levysde.potentials",
    "tilted_double_well": "levysde.potentials",
}
DOMAINS = {
    "interval": "levysde.domains.polytope",
    "box": "levysde.domains.polytope",
    "half_space": "levysde.domains.polytope",
    "ball": "levysde.domains.quadric",
    "ellipsoid": "levysde.domains.quadric",
    "sublevel_set": "levysde.domains.predicates",
    "attraction": "levysde.domains.predicates",
}
BASINS = {
    "sharp": "levysde.basins.named",
    "flat": "levysde.basins.named",
    "asymmetric": "levysde.basins.named",
    "quadratic": "levysde.basins.polynomial",
    "ball": "levysde.basins.polynomial",
    "driftless": "levysde.basins.polynomial",
    "quartic": "levysde.basins.polynomial",
    "double_well": "levysde.basins.polynomial",
    "tilted": "levysde.basins.polynomial",
}
NOISES = {
    "independent": "levysde.noise.independent",
    "isotropic": "levysde.noise.isotropic",
    "mixed": "levysde.noise.mixed",
    "elliptic": "levysde.noise.isotropic",
    "spectral": "levysde.noise.mixed",
    "multifractal": "levysde.noise.independent",
}
DYNAMICS = {
    "sgd": "levysde.dynamics.sgd",
    "momentum": "levysde.dynamics.sgd",
    "rmsprop": "levysde.dynamics.adam",
    "adam": "levysde.dynamics.adam",
    "adam_l2": "levysde.dynamics.adam",
    "adamw": "levysde.dynamics.adam",
    "adamprox": "levysde.dynamics.adam",
}

_TABLE = {
    "potential": POTENTIALS,
    "domain": DOMAINS,
    "basin": BASINS,
    "noise": NOISES,
    "dynamics": DYNAMICS,
}
"""By kind and name of a part: the module that has the function of this name."""

_REMEDY = "give basin, dynamics and noise"


def constructor(kind: str, name: str) -> Callable[..., Any]:
    """The function that makes a built-in part.

    Parameters
    ----------
    kind : {"potential", "domain", "basin", "noise", "dynamics"}
        What kind of part.
    name : str
        Which.

    Returns
    -------
    callable
        With the parameters of the part as arguments.

    Raises
    ------
    ValueError
        If no built-in part of this kind has the name.

    Examples
    --------
    >>> constructor("noise", "isotropic")(1.5).alpha
    1.5
    """
    names = _TABLE[kind]
    if name not in names:
        raise ValueError(f"{kind} {name!r} is not built in; choose {', '.join(names)}")
    make: Callable[..., Any] = getattr(import_module(names[name]), name)
    return make


def import_path(value: Any) -> str | None:
    """Where a function or class can be imported from, as "module:name".

    Parameters
    ----------
    value : function or class
        One of a user.

    Returns
    -------
    str or None
        None where it cannot be: in a script or a notebook, or inside another function.

    Examples
    --------
    >>> import math
    >>> import_path(math.dist), import_path(lambda x: x)
    ('math:dist', None)
    """
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if module in (None, "__main__"):
        return None
    path = f"{module}:{name}"
    try:
        return path if _imported(path) is value else None
    except (ImportError, AttributeError):
        return None


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    found = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


# ------------------------------------------------------------------------------- parts of a record


def build(record: Mapping[str, Any]) -> tuple[Basin, Dynamics, Noise]:
    """The parts that made a result, from its record.

    Built-in parts are made by the constructors of their names. A user's functions are imported from
    where they were when the result was made, and must still be the same.

    Parameters
    ----------
    record : mapping
        `EscapeTimes.parameters`.

    Returns
    -------
    basin, dynamics, noise
        The parts.

    Raises
    ------
    ValueError
        If a function cannot be imported or is another one now, or the record is not complete.

    Examples
    --------
    >>> import levysde as ls
    >>> parts = ls.basins.sharp(), ls.dynamics.adam(b1=0.5, frozen=1.0), ls.noise.isotropic(1.5)
    >>> run = ls.escape_times(*parts, 0.5, paths=10, dt=0.01)
    >>> basin, dynamics, noise = build(run.parameters)
    >>> basin.name, dynamics.rule.average, noise.name
    ('sharp', 0.5, 'isotropic')
    """
    from levysde.basins import Basin

    try:
        potential = _potential(record)
        basin = Basin(
            potential,
            _domain(record, potential),
            record["minimum"],
            record["start"],
            name=record["basin"],
        )
        return basin, _dynamics(record), _noise(record)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"the record of the result is not complete ({error}); {_REMEDY}"
        ) from error


def _potential(record: Mapping[str, Any]) -> Potential:
    from levysde.potentials import Potential

    name, params = record["potential"]["name"], _numbers(record["potential"]["params"])
    dim = int(record["dim"])
    made: Potential | None = _named(
        record, "potential", name, "gradient", {"dim": dim, **params}, set(params)
    )
    if made is None:
        functions = _functions(record, "gradient", "value")
        made = Potential(dim, **functions, params=params, name=name)
    return made


def _domain(record: Mapping[str, Any], potential: Potential) -> Domain:
    from levysde.domains import Domain

    name, params = record["domain"]["name"], _numbers(record["domain"]["params"])
    # Some are made from the potential, whose parameters their own begin with.
    known = {**params, "potential": potential, "minimum": record["minimum"]}
    made: Domain | None = _named(record, "domain", name, "outside", known, set(params))
    if made is None:
        functions, cost = _functions(record, "outside", "margin"), float(record["declared"]["cost"])
        made = Domain(int(record["dim"]), **functions, params=params, name=name, cost=cost)
    return made


def _dynamics(record: Mapping[str, Any]) -> Dynamics:
    from dataclasses import replace

    from levysde.dynamics import Dynamics, Rule

    name, params = record["dynamics"], _numbers(record["dynamics_params"])
    options = dict(record["dynamics_options"])
    clip = options.pop("clip", None)
    made: Dynamics | None = _named(
        record, "dynamics", name, "update", params | options, set(params)
    )
    if made is None:
        functions, declared = _functions(record, "update", "clock"), record["declared"]
        rule = Rule(**declared["rule"]) if "rule" in declared else None
        uses = {**record["dynamics_uses"], "sde": declared["sde"], "rule": rule}
        made = Dynamics(name, **functions, params=params, **uses)
    return made if clip is None else replace(made, clip=clip)


def _noise(record: Mapping[str, Any]) -> Noise:
    path = record.get("functions", {}).get("noise", "")
    make = _user_function("noise", path) if path != "" else _maker("noise", record["noise"])
    made: Noise = make(**_numbers(record["noise_params"]))
    return made


def _named(
    record: Mapping[str, Any],
    kind: str,
    name: str,
    function: str,
    known: Mapping[str, Any],
    params: set[str],
) -> Any:
    """The part that the constructor of its name makes, None where a user's function made it."""
    from levysde.engine.source import code_key

    of_user = function in record.get("functions", {})
    if of_user and name not in _TABLE[kind]:
        return None
    make = _maker(kind, name)
    try:
        wanted = inspect.signature(make).parameters
        made = make(**{key: known[key] for key in wanted if key in known})
    except (TypeError, ValueError):
        if of_user:
            return None
        raise
    if set(made.params) != params:
        if of_user:
            return None
        raise ValueError(
            f"the {kind} {name!r} has the parameters {', '.join(made.params)}, and the record "
            f"{', '.join(sorted(params))}; {_REMEDY}"
        )
    if of_user:
        return made if code_key(getattr(made, function)) == record["code"][function] else None
    return made


def _functions(record: Mapping[str, Any], needed: str, optional: str) -> dict[str, Any]:
    """A user's functions, the same as when the record was made."""
    from levysde.engine.source import code_key

    paths, facts = record["functions"], record["declared"].get("facts", ())
    if facts:
        raise ValueError(
            f"the parts of the result declare {', '.join(facts)}, which no record holds; {_REMEDY}"
        )
    found = {
        part: _user_function(part, paths[part]) for part in (needed, optional) if part in paths
    }
    for part, function in found.items():
        if part in record["code"] and code_key(function) != record["code"][part]:
            raise ValueError(
                f"the {part} function {paths[part]} is not the one that made the result (or Python "
                f"is of another version); {_REMEDY}"
            )
    return found


def _user_function(part: str, path: str | None) -> Any:
    if path is None:
        raise ValueError(
            f"the {part} of the result is of a script, a notebook or another function, where it "
            f"cannot be imported from; {_REMEDY}, or write it into a module"
        )
    try:
        return _imported(path)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"the {part} {path} of the result cannot be imported ({error}); {_REMEDY}"
        ) from error


def _numbers(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as numbers and lists again, as JSON has them."""

    def number(value: Any) -> Any:
        return [number(entry) for entry in value] if isinstance(value, list) else float(value)

    return {name: number(value) for name, value in params.items()}


def _maker(kind: str, name: str) -> Callable[..., Any]:
    try:
        return constructor(kind, name)
    except ValueError:
        raise ValueError(
            f"the {kind} of the result, {name!r}, is not built in; {_REMEDY}"
        ) from None
