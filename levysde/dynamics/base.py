"""What every dynamics is."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

import numpy.typing as npt

from levysde import parts
from levysde._typing import FloatArray, PlainFunction


@dataclass(frozen=True, eq=False)
class Dynamics:
    """One step of one coordinate.

    Attributes
    ----------
    name : str
        For tables, files and the theory.
    update : callable
        `update(j, x, m, v, g, dL, dt, t, p) -> (x, m, v)`: coordinate j with position x, first and
        second moments m and v, gradient g and increment dL of the noise (epsilon, scale and dt
        included), at time t. A plain Python function of numbers; it is compiled for the simulation.
    memory : bool
        Whether m and v are used. They begin at 0.
    params : mapping of str to float or array
        Named parameters. They reach the function as the flat array `p`, in the order given.
    """

    name: str
    update: PlainFunction
    _: KW_ONLY
    memory: bool = False
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    p: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not callable(self.update):
            raise ValueError(f"update is {self.update!r}; give a function")
        params = parts.frozen_parameters(self.params)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", parts.flat(params))
