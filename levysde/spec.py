"""One table of names: the built-in parts, each made by the function of its name in its module.

The command line, the record in a result and the parts themselves read it, and from a record the
parts are made again. A user's own parts have the names "module:name" and "file.py:name". It imports
nothing at its head, so that help texts need not load what they name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise

__all__ = [
    "BASINS",
    "DOMAINS",
    "DYNAMICS",
    "NOISES",
    "POTENTIALS",
    "build",
    "constructor",
    "find",
    "import_path",
    "part",
]

POTENTIALS = {
    "quadratic": "levysde.potentials",
    "asymmetric_quadratic": "levysde.potentials",
    "quartic": "levysde.potentials",
    "double_well": "levysde.potentials",
    "tilted_double_well": "levysde.potentials",
    "linear_regression": "levysde.potentials",
    "logistic_regression": "levysde.potentials",
    "mlp": "levysde.potentials",
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
    "student_t": "levysde.noise.heavy_tailed",
    "lomax": "levysde.noise.heavy_tailed",
    "truncated": "levysde.noise.truncated",
    "tempered": "levysde.noise.tempered",
    "empirical": "levysde.noise.empirical",
}
DYNAMICS = {
    "sgd": "levysde.dynamics.sgd",
    "momentum": "levysde.dynamics.sgd",
    "rmsprop": "levysde.dynamics.adam",
    "adam": "levysde.dynamics.adam",
    "adam_l2": "levysde.dynamics.adam",
    "adamw": "levysde.dynamics.adam",
    "adamprox": "levysde.dynamics.adam",
    "nesterov": "levysde.dynamics.nesterov",
    "nadam": "levysde.dynamics.nesterov",
    "signsgd": "levysde.dynamics.signs",
    "lion": "levysde.dynamics.signs",
    "adagrad": "levysde.dynamics.adagrad",
}

_TABLE = {
    "potential": POTENTIALS,
    "domain": DOMAINS,
    "basin": BASINS,
    "noise": NOISES,
    "dynamics": DYNAMICS,
}
"""By kind and name of a part: the module that has the function of this name."""

_CLASSES = {
    "potential": "levysde.potentials:Potential",
    "domain": "levysde.domains:Domain",
    "basin": "levysde.basins:Basin",
    "noise": "levysde.noise:Noise",
    "dynamics": "levysde.dynamics:Dynamics",
}
"""By kind: what every part of it is."""


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


def find(kind: str, name: str) -> Any:
    """What a name stands for: the function that makes a part, or a part of the user.

    Parameters
    ----------
    kind : {"potential", "domain", "basin", "noise", "dynamics"}
        What kind of part.
    name : str
        Of a built-in part, or "package.module:name" or "path/to/file.py:name".

    Returns
    -------
    callable or part
        A part of this kind, or what returns one.

    Raises
    ------
    ValueError
        If nothing has the name, what has it is neither, or an error is raised by the user's code.

    Examples
    --------
    >>> find("basin", "sharp")(2).dim
    2
    """
    from levysde import imported
    from levysde.spellings import closest

    if kind not in _TABLE:
        raise ValueError(f"the kind of part {kind!r} is unknown; known: {', '.join(_TABLE)}")
    if not isinstance(name, str):
        raise ValueError(f"the name of the {kind} is {name!r}; give text")
    names = _TABLE[kind]
    if name in names:
        return constructor(kind, name)
    if not imported.is_own(name):
        raise ValueError(
            f"{kind} {name!r} is unknown{closest(name, names)}; known: "
            f"{', '.join(names)}, and your own as file.py:name or module:name"
        )
    found, wanted = imported.find(name), imported.find(_CLASSES[kind])
    if not isinstance(found, wanted) and not callable(found):
        raise ValueError(
            f"{name} is of type {type(found).__name__}; give a {wanted.__name__}, or a function "
            "that returns one"
        )
    return found


def part(kind: str, name: str, /, **params: Any) -> Any:
    """The part of a name, a built-in one or one of the user.

    Parameters
    ----------
    kind : {"potential", "domain", "basin", "noise", "dynamics"}
        What kind of part.
    name : str
        Of a built-in part, or "package.module:name" or "path/to/file.py:name" of a part or of a
        function that returns one.
    **params
        Arguments of the function: numbers, lists of them, or words.

    Returns
    -------
    Potential, Domain, Basin, Noise or Dynamics

    Raises
    ------
    ValueError
        If nothing has the name, it is no part of this kind and returns none, a parameter is unknown
        or missing or bad, or an error is raised by the user's code.

    Examples
    --------
    >>> part("basin", "quadratic", dim=2, upper=3.0).domain.contains([0.0, 2.0])
    True
    >>> part("noise", "levysde.noise:isotropic", alpha=1.5).alpha
    1.5
    """
    from levysde import imported

    found, wanted = find(kind, name), imported.find(_CLASSES[kind])
    if isinstance(found, wanted):
        if params:
            raise ValueError(
                f"{name} is a {wanted.__name__}, which has no parameters any more; leave out "
                f"{', '.join(params)}"
            )
        return found
    label = f"{kind} {name}" if name in _TABLE[kind] else name
    made = imported.call(label, found, params)
    if not isinstance(made, wanted):
        raise ValueError(
            f"{label} returned a value of type {type(made).__name__}; return a {wanted.__name__}"
        )
    return made


def import_path(value: Any) -> str | None:
    """Where a function or class can be imported from.

    Parameters
    ----------
    value : function or class
        One of a user.

    Returns
    -------
    str or None
        "module:name", or "/path/to/file.py:name" of a file that was executed by its name. None
        where there is no such place: in a script or a notebook, or inside another function.

    Examples
    --------
    >>> import math
    >>> import_path(math.dist), import_path(lambda x: x)
    ('math:dist', None)
    """
    from levysde import imported

    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if module in (None, "__main__"):
        return None
    try:
        if imported.find(f"{module}:{name}") is not value:
            return None
    except ValueError:
        return None
    return f"{imported.file_of(module) or module}:{name}"


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
    from levysde.rebuilt import parts_of

    return parts_of(record)
