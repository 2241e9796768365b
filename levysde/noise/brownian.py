"""Brownian motion beside the jumps: L + sigma B."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart
from levysde.engine.program import BatchPart, NoisePart
from levysde.noise.law import Noise
from levysde.noise.tails import Tails

if TYPE_CHECKING:
    from levysde.potentials import Potential

__all__ = ["PlusBrownian", "plus_brownian"]

_FORM = frozenset({"alphas", "vectors", "betas", "matrix"})
"""What a law says of its jumps."""


@dataclass(frozen=True, eq=False)
class PlusBrownian(Noise):
    """Increments dL + sigma dB of a law and an independent Brownian motion.

    Made by `plus_brownian`.

    Attributes
    ----------
    alpha : float
        Stability index of the law, dimensionless.
    law : Noise
        That of L.
    sigma : float or ndarray, shape (dim,)
        Standard deviation of B in unit time, length/time^(1/2).
    """

    name: ClassVar[str] = "plus_brownian"
    exponent: ClassVar[str] = "that of the law, times exp(-|sigma u|^2/2)"
    alpha: float = field(init=False)
    law: Noise
    sigma: float | FloatArray

    def __post_init__(self) -> None:
        checks.instance("law", self.law, Noise)
        if self.law.scale_part is not None or self.law.brownian is not None:
            raise ValueError(
                "the law is scaled, or has a Brownian part already; add one Brownian part to a "
                "law, and scale the sum"
            )
        sigma = checks.finite_array("sigma", self.sigma)
        if sigma.ndim > 1 or sigma.size == 0 or (sigma < 0.0).any():
            raise ValueError(
                f"sigma is {sigma.tolist()}; give a number that is not negative, or one per "
                "coordinate"
            )
        object.__setattr__(self, "sigma", float(sigma) if sigma.ndim == 0 else sigma)
        object.__setattr__(self, "alpha", self.law.alpha)

    def __reduce__(self) -> tuple[Any, ...]:
        return plus_brownian, (self.law, self.sigma)

    def __getattr__(self, name: str) -> Any:
        """What the law says of its jumps: those of the sum are the same."""
        if name in _FORM:
            return getattr(self.law, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def form(self) -> str | None:  # type: ignore[override]
        """That of the law."""
        return self.law.form

    @property
    def why_no_measure(self) -> str | None:
        """That of the law."""
        return self.law.why_no_measure

    @property
    def driver(self) -> Noise:
        """The law of L."""
        return self.law

    @property
    def brownian(self) -> float | FloatArray:
        """The standard deviation of B in unit time."""
        return self.sigma

    @property
    def batch_record(self) -> dict[str, Any]:
        """That of the law."""
        return self.law.batch_record

    def batch_part(self, potential: "Potential") -> BatchPart | None:
        """That of the law; see `Noise.batch_part`."""
        return self.law.batch_part(potential)

    @property
    def dim(self) -> int | None:
        """That of the law, or of sigma."""
        return self.law.dim or (len(self.sigma) if isinstance(self.sigma, np.ndarray) else None)

    @property
    def params(self) -> Mapping[str, Any]:
        """Those of the law."""
        return self.law.params

    @property
    def self_similar(self) -> bool:
        """Where both parts scale as Brownian motion does."""
        return self.law.alpha == 2.0 and self.law.self_similar

    @property
    def divisible(self) -> bool:
        """As the law."""
        return self.law.divisible

    @property
    def grid_orders(self) -> tuple[float, float]:
        """That of a Brownian motion, and that of the jumps."""
        return 0.5, self.law.grid_orders[0]

    @property
    def indices(self) -> FloatArray:
        """Those of the law."""
        return self.law.indices

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments of the law, and normal variates beside them; see `Noise.part`."""
        self.check_dim(dim)
        part = self.law.part(dim, epsilon, dt)
        deviation = epsilon * np.sqrt(dt) * np.broadcast_to(self.sigma, dim)
        return replace(part, p=np.concatenate([part.p, deviation]), brownian_at=len(part.p))

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """The jumps of the law, and Brownian motion beside its small ones; see `Noise.jumps`."""
        self.check_dim(dim)
        part = self.law.jumps(dim, epsilon, threshold)
        variance = (epsilon * np.broadcast_to(self.sigma, dim)) ** 2
        return replace(part, covariance=part.covariance + np.diag(variance))

    def preconditioned(self, divisor: FloatArray) -> "PlusBrownian":
        """Both parts divided; see `Noise.preconditioned`."""
        return PlusBrownian(self.law.preconditioned(divisor), self.sigma / divisor)

    def transformed(self, matrix: FloatArray) -> Noise:
        """Both parts multiplied; of a matrix that mixes them only the tails are told."""
        if matrix.ndim == 2:
            beside = np.sqrt(((matrix * self.sigma) ** 2).sum(axis=1))
            return Tails(
                name=self.name, alpha=self.alpha, law=self.law.transformed(matrix), beside=beside
            )
        return PlusBrownian(self.law.transformed(matrix), self.sigma * matrix)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """That of the law, times exp(-sum_j (sigma_j u_j)^2/2).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        arguments = self.arguments(u)
        square = ((self.sigma * arguments) ** 2).sum(axis=1)
        return np.asarray(self.law.characteristic(arguments) * np.exp(-0.5 * square))


def plus_brownian(law: Noise, sigma: npt.ArrayLike) -> PlusBrownian:
    """Noise L + sigma B: dX = -grad F dt + eps dL + eps sigma dB.

    B is standard Brownian motion, of variance t in each coordinate and independent of L; epsilon
    multiplies both. Escapes at small noise are those of the jumps: the Brownian part alone leaves
    after times that grow exponentially.

    Parameters
    ----------
    law : Noise
        The law of L.
    sigma : float or array, shape (dim,)
        Standard deviation of B in unit time, one for all coordinates or one each,
        length/time^(1/2).

    Returns
    -------
    PlusBrownian

    Raises
    ------
    ValueError
        If sigma is negative, or the law is scaled or has a Brownian part already.

    References
    ----------
    P. Imkeller, I. Pavlyukevich, "First exit times of SDEs driven by stable Levy processes",
    Stochastic Process. Appl. 116 (2006) 611, where the Brownian part is of the same order.

    Examples
    --------
    >>> from levysde import noise
    >>> law = plus_brownian(noise.independent(1.0), 2.0)
    >>> round(float(law.characteristic([[1.0]]).real[0]), 6)  # exp(-1 - 2)
    0.049787
    """
    return PlusBrownian(law, sigma)  # type: ignore[arg-type]
