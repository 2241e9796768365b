"""Laws that say their Levy measure in a form, from which all else follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.law import Noise

_DRAWN = frozenset({"part", "jumps", "characteristic", "preconditioned", "transformed", "width"})
"""What follows from the form of a law."""


@dataclass(frozen=True, eq=False)
class Form(Noise):
    """A law that says its Levy measure, from which all else follows.

    Attributes
    ----------
    name : str
        Of the law, for people, tables and files.
    parameters : mapping
        What the law is made of by the function of its name: numbers and arrays.
    alpha : float
        Stability index, dimensionless.
    """

    name: str  # type: ignore[misc]  # of an object here, and not of a class
    stable: ClassVar[bool] = True
    parameters: Mapping[str, Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        redefined = sorted(_DRAWN & vars(cls).keys())
        if redefined and Form not in cls.__bases__:
            raise ValueError(
                f"the class {cls.__name__} redefines {redefined[0]}, and is not of the law that it "
                "says any more; make it a subclass of Noise"
            )

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checked = checks.frozen_parameters(self.parameters)
        parameters = {
            name: kept(name, value) if np.ndim(value) else checked[name]
            for name, value in self.parameters.items()
        }
        object.__setattr__(self, "parameters", parameters)

    @property
    def params(self) -> Mapping[str, Any]:
        """What the law is made of."""
        return dict(self.parameters)


def kept(name: str, value: npt.ArrayLike) -> FloatArray:
    """Finite numbers as they are where nobody can change them, and otherwise a copy.

    Raises
    ------
    ValueError
        If they are not finite numbers.
    """
    copy = checks.finite_array(name, value)
    if isinstance(value, np.ndarray) and not value.flags.writeable and value.dtype == copy.dtype:
        return value
    return copy


def check_matrix(matrix: npt.ArrayLike) -> FloatArray:
    """Check the matrix G, shape (dim, drivers), that maps drivers to coordinates.

    Raises
    ------
    ValueError
        If it is not a matrix of finite numbers, or zero.
    """
    array = checks.finite_array("matrix", matrix)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"the noise matrix has shape {array.shape}; give shape (dimension, drivers)"
        )
    if not array.any():
        raise ValueError("the noise matrix is zero; give one with entries that are not")
    return array
