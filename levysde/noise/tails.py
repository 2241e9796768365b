"""The tails of a law with coordinates mixed by a matrix, where no increments are known."""

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.law import Noise

_FORM = frozenset({"alphas", "vectors", "betas", "matrix"})
"""What a law says of its jumps."""


@dataclass(frozen=True, eq=False)
class Tails(Noise):
    """What the small-noise theory asks of G L, where L is no stable law: the law of large jumps.

    Attributes
    ----------
    name : str
        That of L.
    alpha : float
        Stability index, dimensionless.
    law : Noise
        A stable law with the same large jumps.
    beside : float or ndarray, shape (dim,), or None
        Standard deviation in unit time of a Brownian part, length/time^(1/2).
    """

    name: str  # type: ignore[misc]  # of an object here, and not of a class
    law: Noise
    beside: float | FloatArray | None = None

    def __getattr__(self, attribute: str) -> Any:
        """What the stable law says of its jumps."""
        if attribute in _FORM:
            return getattr(self.law, attribute)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")

    @property
    def form(self) -> str | None:  # type: ignore[override]
        """That of the stable law."""
        return self.law.form

    @property
    def indices(self) -> FloatArray:
        """Those of the stable law."""
        return self.law.indices

    @property
    def brownian(self) -> float | FloatArray | None:
        """Standard deviation of every coordinate of the Brownian part in unit time."""
        return self.beside

    @property
    def dim(self) -> int | None:
        """That of the stable law."""
        return self.law.dim

    @property
    def params(self) -> dict[str, Any]:
        """None: it is not made from a record."""
        return {}

    def part(self, dim: int, epsilon: float, dt: float) -> NoReturn:
        """Not known; see `Noise.part`."""
        raise self._no_increments()

    def transformed(self, matrix: FloatArray) -> "Tails":
        """Those of G L; the Brownian part is multiplied coordinate by coordinate."""
        if matrix.ndim == 2 and self.beside is not None:
            raise self._unmixed()
        beside = None if self.beside is None else self.beside * matrix
        return Tails(
            name=self.name, alpha=self.alpha, law=self.law.transformed(matrix), beside=beside
        )

    def characteristic(self, u: npt.ArrayLike) -> NoReturn:
        """Not known; see `Noise.characteristic`."""
        raise self._no_increments()

    def _no_increments(self) -> checks.Refusal:
        reason = f"only the tails are known of the {self.name} noise with coordinates mixed"
        return checks.Refusal(reason, "simulate the scaled noise itself")
