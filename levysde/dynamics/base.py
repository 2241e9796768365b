"""What every dynamics is."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
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
        parts.plain_function("update", self.update)
        params = parts.frozen_parameters(self.params)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", parts.flat(params))
        self._try_update()

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {"name": self.name, "update": self.update, "memory": self.memory}
        return parts.rebuild, (type(self), {**fields, "params": dict(self.params)})

    def _try_update(self) -> None:
        """Call the update once in plain Python, so that a mistake in it is an ordinary error."""
        try:
            answer = self.update(0, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.0, np.array(self.p))
        except Exception as error:
            raise ValueError(
                f"the update function failed: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(answer, tuple) or len(answer) != 3:
            raise ValueError(f"the update function returned {answer!r}; return (x, m, v)")
