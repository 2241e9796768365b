"""One table of names: the built-in parts, each made by the function of its name in its module.

The command line, the record in a result and the parts themselves read it. It imports nothing, so
that help texts need not load what they name.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["BASINS", "DOMAINS", "DYNAMICS", "NOISES", "POTENTIALS", "constructor"]

POTENTIALS = ("quadratic", "asymmetric_quadratic", "quartic", "double_well")
DOMAINS = ("interval", "box", "ball", "ellipsoid", "half_space", "sublevel_set", "attraction")
BASINS = ("sharp", "flat", "asymmetric")
NOISES = {
    "independent": ("levysde.noise.independent", "alpha", "scale", "beta"),
    "isotropic": ("levysde.noise.isotropic", "alpha", "scale"),
    "mixed": ("levysde.noise.mixed", "alpha", "matrix"),
    "elliptic": ("levysde.noise.isotropic", "alpha", "matrix"),
    "spectral": ("levysde.noise.mixed", "alpha", "directions", "weights"),
    "multifractal": ("levysde.noise.independent", "alphas", "scales"),
}
"""By name of a law: the module of the function that makes it, and the arguments of that."""

DYNAMICS = ("sgd", "momentum", "rmsprop", "adam", "adam_l2", "adamw", "adamprox")

_TABLE = {
    "potential": ("potentials", POTENTIALS),
    "domain": ("domains", DOMAINS),
    "basin": ("basins", BASINS),
    "noise": ("noise", NOISES),
    "dynamics": ("dynamics", DYNAMICS),
}


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
    module, names = _TABLE[kind]
    if name not in names:
        raise ValueError(f"{kind} {name!r} is not built in; choose {', '.join(names)}")
    home = NOISES[name][0] if kind == "noise" else f"levysde.{module}"
    make: Callable[..., Any] = getattr(import_module(home), name)
    return make
