"""What every noise law is, and drawing from it without a simulation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import parts, spec
from levysde._typing import FloatArray
from levysde.engine.elementary import exp2, log2
from levysde.engine.jump_parts import JumpPart
from levysde.engine.philox import MAX_PATHS, unit_uniform
from levysde.engine.program import NoisePart, flat_columns
from levysde.engine.quantile import has_table, quantile_table, tabulated_stable
from levysde.engine.variates import stable_constants, symmetric_stable

CONVENTION = "E exp(iuL_1) = exp(-|u|^alpha); alpha = 2 is Gaussian with variance 2"
"""The law of scale 1, in one line."""

MIN_ALPHA = 0.1
"""Below, products of uniforms of 52 bits leave the range of 64-bit floats."""


_HOME = "levysde.noise."


@dataclass(frozen=True, eq=False)
class Noise(ABC):
    """A law of stable noise.

    Attributes
    ----------
    name : str
        Of the law, for tables, files and the theory, which knows built-in laws by their names: no
        other may have one.
    alpha : float
        Stability index, dimensionless.
    """

    name: ClassVar[str]
    alpha: float

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if getattr(cls, "name", None) in spec.NOISES and not cls.__module__.startswith(_HOME):
            raise ValueError(
                f"the name {cls.name!r} of the class {cls.__name__} is that of a built-in noise "
                "law; give another"
            )

    @property
    @abstractmethod
    def dim(self) -> int | None:
        """Dimension, or None when the law serves every dimension."""

    @property
    @abstractmethod
    def params(self) -> Mapping[str, Any]:
        """Named parameters: floats and arrays."""

    @abstractmethod
    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """What the engine draws in one step.

        Parameters
        ----------
        dim : int
            Dimension.
        epsilon : float
            Noise amplitude, dimensionless.
        dt : float
            Step, time.

        Returns
        -------
        NoisePart

        Raises
        ------
        ValueError
            If the law is of another dimension.
        """

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """The law cut at a threshold: jumps |epsilon G y| > rho, and the rest as a diffusion.

        Parameters
        ----------
        dim : int
            Dimension.
        epsilon : float
            Noise amplitude, dimensionless.
        threshold : float
            rho, length.

        Returns
        -------
        JumpPart

        Raises
        ------
        ValueError
            If the law is of another dimension, or its jumps are not known.
        """
        raise parts.Refusal(
            f"the jumps of the {self.name} noise are not known one by one", "use method='euler'"
        )

    @abstractmethod
    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """E exp(i u.L_1), the characteristic function at epsilon = 1 and dt = 1.

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
            Dimensionless.
        """

    def arguments(self, u: npt.ArrayLike) -> FloatArray:
        """Check the arguments of the characteristic function.

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray, shape (count, dim)

        Raises
        ------
        ValueError
            If they are not finite, or not of the dimension of the law.
        """
        array = parts.finite_array("u", u)
        if array.ndim != 2 or self.dim not in (None, array.shape[1]):
            wanted = "dim" if self.dim is None else self.dim
            raise ValueError(f"u has shape {array.shape}; give shape (count, {wanted})")
        return array

    def check_dim(self, dim: int) -> None:
        """Refuse a dimension that is not the law's.

        Parameters
        ----------
        dim : int
            Dimension of the basin.

        Raises
        ------
        ValueError
            If the law has a dimension and it is another.
        """
        if self.dim not in (None, dim):
            raise ValueError(
                f"the {self.name} noise is of dimension {self.dim} and the basin of dimension "
                f"{dim}; give both the same"
            )


@dataclass(frozen=True, eq=False)
class MatrixNoise(Noise):
    """A law that a matrix maps from drivers to coordinates.

    Attributes
    ----------
    alpha : float
        Stability index, dimensionless.
    matrix : ndarray, shape (dim, drivers)
        G, length/time^(1/alpha).
    """

    matrix: FloatArray

    @property
    def dim(self) -> int | None:
        """Number of rows of G."""
        return int(self.matrix.shape[0])

    @property
    def params(self) -> Mapping[str, Any]:
        """Alpha and the matrix."""
        return {"alpha": self.alpha, "matrix": self.matrix}


def check_alpha(alpha: object) -> float:
    """Check a stability index.

    Raises
    ------
    ValueError
        If alpha is not a number with 0.1 <= alpha <= 2.
    """
    number = parts.finite_number("alpha", alpha, positive=False)
    if not MIN_ALPHA <= number <= 2.0:
        raise ValueError(f"alpha is {number:g}; give a stability index from {MIN_ALPHA} to 2")
    return number


def check_matrix(matrix: npt.ArrayLike) -> FloatArray:
    """Check the matrix G, shape (dim, drivers), that maps drivers to coordinates.

    Raises
    ------
    ValueError
        If it is not a matrix of finite numbers, or zero.
    """
    array = parts.finite_array("matrix", matrix)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"the noise matrix has shape {array.shape}; give shape (dimension, drivers)"
        )
    if not array.any():
        raise ValueError("the noise matrix is zero; give one with entries that are not")
    return array


def step_scale(alpha: float, epsilon: float, dt: float) -> float:
    """The scale epsilon dt^(1/alpha) of an increment, with the same bits everywhere."""
    return epsilon * float(exp2(log2(dt) / alpha))


def _table_driver(k: int, word: np.uint64, p: FloatArray) -> float:
    return tabulated_stable(word, p)


def _formula_driver(k: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    return symmetric_stable(unit_uniform(first), unit_uniform(second), p[0], p[1], p[2], p[3], p[4])


def mixture(alpha: float, matrix: FloatArray) -> NoisePart:
    """DL = G Z with independent SaS(1) variates Z, one a column of G, shape (dim, drivers)."""
    if has_table(alpha):
        increment, words, p = _table_driver, 1.0, quantile_table(alpha)
    else:
        increment, words, p = _formula_driver, 2.0, np.array(stable_constants(alpha))  # type: ignore[assignment]
    return NoisePart(
        increment=increment,
        words=words,
        drivers=matrix.shape[1],
        p=np.concatenate([p, flat_columns(matrix)]),
        matrix_at=len(p),
    )


def sample(
    noise: Noise,
    size: int,
    seed: int = 0,
    epsilon: float = 1.0,
    dt: float = 1.0,
    dim: int | None = None,
) -> FloatArray:
    """Independent increments over a step dt: the first step of paths 0 to size - 1.

    Parameters
    ----------
    noise : Noise
        The law.
    size : int
        Number of increments.
    seed : int
        In [0, 2^64).
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float
        Step, time.
    dim : int, optional
        Dimension, for a law that serves every dimension; 1 unless given.

    Returns
    -------
    ndarray, shape (size, dim)
        Increments, length.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> import levysde as ls
    >>> sample(ls.noise.independent(1.5), size=3, seed=1).shape
    (3, 1)
    """
    from levysde.engine.pointwise import increments

    parts.instance("noise", noise, Noise)
    size = parts.whole_number("size", size, 1, MAX_PATHS)
    seed = parts.seed_number(seed)
    dim = parts.dimension(dim if dim is not None else noise.dim or 1)
    epsilon, dt = parts.finite_number("epsilon", epsilon), parts.finite_number("dt", dt)
    return increments(noise.part(dim, epsilon, dt), dim, size, seed)
