"""Laws of one step that know their own density."""

from abc import abstractmethod

from levysde._typing import FloatArray
from levysde.noise.drawn import Drawn


class KnownStep(Drawn):
    """Steps of which the density and the tail are known: `step_density` and `step_tail`."""

    @property
    def step(self) -> "KnownStep":
        """Itself; see `Noise.step`."""
        return self

    def _compare_tail(self, constant: float) -> None:
        """Nothing: the tail is that of the law."""

    @abstractmethod
    def step_density(self, x: FloatArray) -> FloatArray:
        """Density of X.

        Parameters
        ----------
        x : ndarray
            Arguments, dimensionless.

        Returns
        -------
        ndarray, shape of x
            Dimensionless.
        """

    @abstractmethod
    def step_tail(self, x: FloatArray) -> FloatArray:
        """P(X > x).

        Parameters
        ----------
        x : ndarray
            Arguments, dimensionless.

        Returns
        -------
        ndarray, shape of x
            Probabilities, dimensionless.
        """
