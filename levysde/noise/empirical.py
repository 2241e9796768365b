"""A law of one step whose increments are rows of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.program import NoisePart
from levysde.engine.random.philox import unit_uniform
from levysde.noise.form import kept
from levysde.noise.law import Noise
from levysde.noise.stable_index import check_alpha, step_scale
from levysde.statistics.sample_array import checked_samples

__all__ = ["Empirical", "empirical", "row_number"]

_FEWEST = 2
_ROWS_AT = 1
"""Where the rows begin in p, behind their number."""


def row_number(word: np.uint64, p: FloatArray) -> int:
    """floor(u n), u from the word and n = p[0]: each of n rows with probability 1/n to 2^-52.

    u n is below n in floating point too: u is at most 1 - 2^-53, and n (1 - 2^-53) is no nearer to
    n than to the number below it.

    Parameters
    ----------
    word : numpy.uint64
        64 random bits.
    p : ndarray
        Parameters, of which the first is the number of rows.

    Returns
    -------
    int
        From 0 to n - 1.

    Examples
    --------
    >>> row_number(np.uint64(2**64 - 1), np.array([1000.0]))
    999
    """
    return int(unit_uniform(word) * p[0])


@dataclass(frozen=True, eq=False)
class Empirical(Noise):
    """Steps that are rows of data, each as likely as another; made by `empirical`.

    Attributes
    ----------
    alpha : float
        How a step scales, dimensionless.
    samples : ndarray, shape (draws, coordinates)
        The data as they were given, read-only, length/time^(1/alpha).
    center : ndarray, shape (coordinates,)
        What is taken away from every row.
    """

    name: ClassVar[str] = "empirical"
    exponent: ClassVar[str] = "mean over rows of exp(iu.(row - center))"
    samples: FloatArray
    center: FloatArray

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return int(self.samples.shape[1])

    @property
    def longest(self) -> float:
        """Length of the longest row, length/time^(1/alpha): no step is longer than lr times it."""
        return float(np.sqrt(((self.samples - self.center) ** 2).sum(axis=1).max()))

    @property
    def params(self) -> Mapping[str, Any]:
        """Those of `empirical`."""
        return {"samples": self.samples, "alpha": self.alpha, "center": self.center}

    @property
    def divisible(self) -> bool:
        """No: it is a law of one step."""
        return False

    @property
    def convention(self) -> tuple[str, str]:
        """What a step is, in words."""
        return "one step is", f"epsilon dt^(1/{self.alpha:g}) (row - center), a row of the data"

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """A row as a whole from one word; see `Noise.part`."""
        self.check_dim(dim)
        p = np.empty(_ROWS_AT + self.samples.size)
        p[0] = len(self.samples)
        rows = p[_ROWS_AT:].reshape(self.samples.shape)
        np.subtract(self.samples, self.center, out=rows)
        rows *= step_scale(self.alpha, epsilon, dt)
        return NoisePart(row_number, words=1.0, drivers=dim, p=p, rows_at=_ROWS_AT)

    def transformed(self, matrix: FloatArray) -> "Empirical":
        """Every row multiplied; see `Noise.transformed`."""
        if matrix.ndim == 2:
            samples, center = self.samples @ matrix.T, matrix @ self.center
        else:
            samples, center = self.samples * matrix, self.center * matrix
        return Empirical(self.alpha, checks.freeze(samples), checks.freeze(center))

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Mean over rows of exp(iu.(row - center)), of a single step at dt = 1.

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        rows = self.samples - self.center
        found = [np.exp(1j * (rows @ each)).mean() for each in self.arguments(u)]
        return np.array(found, dtype=np.complex128)


def empirical(
    samples: npt.ArrayLike,
    alpha: float = 2.0,
    center: npt.ArrayLike | Literal["mean", "median"] | None = "mean",
) -> Empirical:
    """Steps epsilon dt^(1/alpha) (row - center), rows of the data drawn at random with replacement.

    The coordinates of a row stay together, so that their dependence is that of the data. With a
    learning rate the step is lr (row - center) whatever alpha is, because then
    epsilon dt^(1/alpha) = lr: gradient noise as it was sampled, with no law assumed.

    It is a law of one step, and of no process in continuous time: two steps of dt/2 are not one of
    dt. Its variance is finite, and no step is longer than the longest row: as dt -> 0 at constant
    epsilon its sums are Gaussian, and no rate of jumps is predicted.

    Parameters
    ----------
    samples : array, shape (draws, coordinates)
        At least 2 rows of finite numbers, of as many coordinates as the basin,
        length/time^(1/alpha).
    alpha : float
        How a step scales with dt, 0.1 <= alpha <= 2, dimensionless.
    center : {"mean", "median"}, array of shape (coordinates,) or None
        What is taken away from every row: the mean or the median of each coordinate, a point, or
        nothing. What is left of the mean is a drift.

    Returns
    -------
    Empirical

    Raises
    ------
    ValueError
        If the samples are no such array, or another value is bad.

    References
    ----------
    B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Stat. 7 (1979) 1, section 2.

    Examples
    --------
    >>> import levysde as ls
    >>> law = empirical([[1.0, 10.0], [3.0, 30.0]])
    >>> ls.noise.sample(law, 4, seed=1).tolist()
    [[1.0, 10.0], [-1.0, -10.0], [1.0, 10.0], [1.0, 10.0]]
    """
    alpha = check_alpha(alpha)
    array = kept("samples", checked_samples(samples, _FEWEST))
    return Empirical(alpha, array, _center(array, center))


def _center(array: FloatArray, center: Any) -> FloatArray:
    """What is taken away from every row."""
    if center is None:
        return checks.freeze(np.zeros(array.shape[1]))
    if isinstance(center, str):
        checks.choice("center", center, ("mean", "median"))
        return checks.freeze(array.mean(axis=0) if center == "mean" else np.median(array, axis=0))
    return checks.finite_array("center", center, (array.shape[1],))
