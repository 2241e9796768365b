"""Gradients of many examples at one point, as rows of an array."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray

__all__ = ["Gradients", "from_function"]


@dataclass(frozen=True, eq=False, repr=False)
class Gradients:
    """The gradient of every example at the same weights.

    Attributes
    ----------
    values : ndarray, shape (examples, coordinates)
        grad f_i in row i; read-only.
    groups : mapping of str to slice
        Coordinates that belong together, by name: the tensors of a network.
    """

    values: FloatArray
    groups: Mapping[str, slice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = checks.finite_array("values", self.values)
        if values.ndim != 2 or values.size == 0:
            raise ValueError(f"values has shape {values.shape}; give (examples, coordinates)")
        if not isinstance(self.groups, Mapping):
            raise ValueError(f"groups is {checks.told(self.groups)}; give slices by name")
        for name, part in self.groups.items():
            checks.text("the name of a group", name)
            if not isinstance(part, slice) or values[0, part].size == 0:
                raise ValueError(
                    f"the group {name!r} is {checks.told(part)}; give a slice of the "
                    f"{values.shape[1]} coordinates"
                )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "groups", MappingProxyType(dict(self.groups)))

    def __repr__(self) -> str:
        names = f", groups={list(self.groups)}" if self.groups else ""
        return f"Gradients(examples={self.examples}, coordinates={self.values.shape[1]}{names})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Gradients, (self.values, dict(self.groups))

    @property
    def examples(self) -> int:
        """Number of examples."""
        return len(self.values)

    @property
    def mean(self) -> FloatArray:
        """The gradient of the mean loss, shape (coordinates,)."""
        return np.asarray(self.values.mean(axis=0))

    def group(self, name: str) -> FloatArray:
        """The gradients with respect to the coordinates of a group.

        Parameters
        ----------
        name : str
            One of `groups`.

        Returns
        -------
        ndarray, shape (examples, coordinates of the group)

        Raises
        ------
        ValueError
            If there is no group of this name.
        """
        return self.values[:, self.groups[checks.choice("group", name, tuple(self.groups))]]


def from_function(
    gradient: Callable[..., npt.ArrayLike],
    weights: npt.ArrayLike,
    examples: int,
    *,
    batched: bool = False,
    chunk: int = 256,
    groups: Mapping[str, slice] | None = None,
) -> Gradients:
    """The gradient of every example, by a function of one's own.

    Parameters
    ----------
    gradient : callable
        `gradient(i, weights)`, the gradient of example i, shape (coordinates,); or with `batched`
        those of several, `gradient(indices, weights)` of shape (indices, coordinates).
    weights : array, shape (coordinates,)
        Where gradients are taken.
    examples : int
        Number of examples.
    batched : bool
        Whether the function takes an array of indices.
    chunk : int
        Number of indices in one call.
    groups : mapping of str to slice, optional
        Coordinates that belong together, by name.

    Returns
    -------
    Gradients

    Raises
    ------
    ValueError
        If a value is out of range, or the function fails or returns something else.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 0.0], [0.0, 3.0]])
    >>> found = from_function(lambda i, w: (data[i] @ w - 1.0) * data[i], [2.0, 2.0], 2)
    >>> found.values.tolist()
    [[1.0, 0.0], [0.0, 15.0]]
    """
    if not callable(gradient):
        raise ValueError(f"gradient is {checks.told(gradient)}; give a function")
    at = checks.point("weights", weights)
    examples = checks.whole_number("examples", examples, 1)
    chunk = checks.whole_number("chunk", chunk, 1)
    checks.flag("batched", batched)
    values = np.empty((examples, len(at)))
    step = chunk if batched else 1
    for first in range(0, examples, step):
        rows = np.arange(first, min(first + step, examples))
        given: Any = rows if batched else first
        try:
            found = gradient(given, at.copy())
        except Exception as error:
            raise ValueError(
                f"the gradient function failed for example {first}: {type(error).__name__}: {error}"
            ) from error
        wanted = (len(rows), len(at)) if batched else (len(at),)
        values[rows] = checks.finite_array(f"the gradient of example {first}", found, wanted)
    return Gradients(values, {} if groups is None else groups)
