"""One table of names: the built-in parts, each made by the function of its name in its module.

The command line, the record in a result and the parts themselves read it. It imports nothing, so
that help texts need not load what they name.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["BASINS", "DOMAINS", "DYNAMICS", "NOISES", "POTENTIALS", "constructor"]

POTENTIALS = ("quadratic", "asymmetric_quadratic", "quartic", "double_well")
DOMAINS = {
    "interval": "levysde.domains.polytope",
    "box": "levysde.domains.polytope",
    "half_space": "levysde.domains.polytope",
    "ball": "levysde.domains.quadric",
    "ellipsoid": "levysde.domains.quadric",
    "sublevel_set": "levysde.domains.predicates",
    "attraction": "levysde.domains.predicates",
}
BASINS = ("sharp", "flat", "asymmetric")
NOISES = ("independent", "isotropic", "mixed", "elliptic", "spectral", "multifractal")
DYNAMICS = ("sgd", "momentum", "rmsprop", "adam", "adam_l2", "adamw", "adamprox")

_TABLE = {
    "potential": dict.fromkeys(POTENTIALS, "levysde.potentials"),
    "domain": DOMAINS,
    "basin": dict.fromkeys(BASINS, "levysde.basins"),
    "noise": dict.fromkeys(NOISES, "levysde.noise"),
    "dynamics": dict.fromkeys(DYNAMICS, "levysde.dynamics"),
}
"""By kind and name of a part: the module that has the function of this name."""


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
    homes = _TABLE[kind]
    if name not in homes:
        raise ValueError(f"{kind} {name!r} is not built in; choose {', '.join(homes)}")
    make: Callable[..., Any] = getattr(import_module(homes[name]), name)
    return make
