"""Parts that are made again from the record of a result."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from levysde import imported, spec

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.domains import Domain
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.potentials import Potential
    from levysde.schedules import Schedule

__all__ = ["parts_of"]

_REMEDY = "give basin, dynamics and noise"


def parts_of(record: Mapping[str, Any]) -> tuple[Basin, Dynamics, Noise]:
    """The parts that made a result: what `spec.build` returns.

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
    >>> parts = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5)
    >>> run = ls.escape_times(*parts, 0.5, paths=10, dt=0.01)
    >>> parts_of(run.parameters)[0].name
    'flat'
    """
    try:
        return _basin(record), _dynamics(record), _noise(record)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"the record of the result is not complete ({error}); {_REMEDY}"
        ) from error


def _basin(record: Mapping[str, Any]) -> Basin:
    from levysde.basins import Approach, Basin

    potential, start, name = _potential(record), record["start"], record["basin"]
    if "target" in record:
        target = _domain({**record, "domain": record["target"]}, potential)
        return Approach(potential, target, start, name=name)
    return Basin(potential, _domain(record, potential), record["minimum"], start, name=name)


def _potential(record: Mapping[str, Any]) -> Potential:
    from levysde.potentials import Potential, finite_sum

    name, params = record["potential"]["name"], _numbers(record["potential"]["params"])
    dim = int(record["dim"])
    made: Potential | None = _named(
        record, "potential", name, "gradient", {"dim": dim, **params}, set(params)
    )
    if made is None:
        functions = _functions(record, "gradient", "value")
        if "examples" in record["potential"]:
            given = {key: value for key, value in params.items() if key != "examples"}
            examples = int(record["potential"]["examples"])
            gradient_i, value_i = functions["gradient"], functions.get("value")
            return finite_sum(dim, examples, gradient_i, value_i, given, name=name)
        made = Potential(dim, **functions, params=params, name=name)
    return made


def _domain(record: Mapping[str, Any], potential: Potential) -> Domain:
    from levysde.domains import Domain

    name, params = record["domain"]["name"], _numbers(record["domain"]["params"])
    # Some are made from the potential, whose parameters their own begin with.
    known = {**params, "potential": potential}
    if "minimum" in record:
        known["minimum"] = record["minimum"]
    made: Domain | None = _named(record, "domain", name, "outside", known, set(params))
    if made is None:
        functions, cost = _functions(record, "outside", "margin"), float(record["declared"]["cost"])
        made = Domain(int(record["dim"]), **functions, params=params, name=name, cost=cost)
    return made


def _dynamics(record: Mapping[str, Any]) -> Dynamics:
    from dataclasses import replace

    from levysde.dynamics import Dynamics, Rule, scheduled, walled

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
    made = made if clip is None else replace(made, clip=clip)
    made = scheduled(made, _schedule(record, "schedule")) if "schedule" in record else made
    if "walls" not in record:
        return made
    walls = dict(record["walls"])
    return walled(made, rule=walls.pop("rule"), **_numbers(walls))


def _noise(record: Mapping[str, Any]) -> Noise:
    if "draw" in record.get("functions", {}):
        return _drawn(record)
    made = _driver(record)
    if "brownian" in record:
        from levysde.noise import plus_brownian

        made = plus_brownian(made, record["brownian"])
    return _scaled(record, made) if "scale" in record else made


def _driver(record: Mapping[str, Any]) -> Noise:
    """The noise of batches, or the law of the name or class of the record."""
    if "batch" in record:
        from levysde.noise import minibatch

        return minibatch(**record["batch"])
    path = record.get("functions", {}).get("noise", "")
    make = _user_function("noise", path) if path != "" else _maker("noise", record["noise"])
    made: Noise = make(**_numbers(record["noise_params"]))
    return made


def _scaled(record: Mapping[str, Any], driver: Noise) -> Noise:
    """The noise with the scale of the record."""
    from levysde.noise import scaled

    given = record["scale"]
    if "schedule" in given:
        return scaled(driver, _schedule(record, "scale"))
    function, params = _functions(record, "scale", "")["scale"], _numbers(given["params"])
    if given["matrix"]:
        return scaled(driver, params=params, matrix=function)
    return scaled(driver, function, params)


def _schedule(record: Mapping[str, Any], part: str) -> Schedule:
    """The schedule of the steps, or of the amplitude of the noise."""
    from levysde import schedules

    name, params = record[part]["schedule"], _numbers(record[part]["params"])
    if part in record.get("functions", {}):
        return schedules.Schedule(_functions(record, part, "")[part], params, name)
    found: Schedule = getattr(schedules, name)(**params)
    return found


def _drawn(record: Mapping[str, Any]) -> Noise:
    """A law that is made of a user's functions."""
    from levysde.noise import Drawn

    functions, facts = _functions(record, "draw", "tail"), _numbers(record["declared"]["noise"])
    constant = facts.pop("tail_constant", None)
    return Drawn(
        functions["draw"],
        _numbers(record["noise_params"]),
        tail=functions.get("tail", constant),
        name=record["noise"],
        **facts,
    )


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
    if of_user and name not in spec._TABLE[kind]:
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
        return imported.find(path)
    except ValueError as error:
        raise ValueError(
            f"the {part} {path} of the result cannot be imported ({error}); {_REMEDY}"
        ) from error


def _numbers(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as numbers and lists again, as JSON has them."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            raise ValueError(
                f"the parameter {name!r} of the result has more numbers than a record holds; "
                f"{_REMEDY}"
            )

    def number(value: Any) -> Any:
        return [number(entry) for entry in value] if isinstance(value, list) else float(value)

    return {name: number(value) for name, value in params.items()}


def _maker(kind: str, name: str) -> Callable[..., Any]:
    try:
        return spec.constructor(kind, name)
    except ValueError:
        raise ValueError(
            f"the {kind} of the result, {name!r}, is not built in; {_REMEDY}"
        ) from None
