"""The noise of minibatches: gradients of examples drawn at random in place of their mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde.engine.program import BatchPart, NoisePart
from levysde.noise.law import Noise
from levysde.noise.silence import none

if TYPE_CHECKING:
    from levysde.potentials import Potential

__all__ = ["Minibatch", "minibatch"]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Minibatch(Noise):
    """The gradient of a batch of examples in place of that of all; made by `minibatch`.

    Attributes
    ----------
    alpha : float
        2: there are finitely many examples, and so every moment of their gradients.
    batch : int
        Examples in a batch.
    replacement : bool
        Whether one example can be in a batch more than once.
    """

    name: ClassVar[str] = "minibatch"
    exponent: ClassVar[str] = "that of the mean of a batch, which depends on the state"
    alpha: float = field(init=False, default=2.0)
    batch: int
    replacement: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "batch", checks.whole_number("batch", self.batch, 1))
        checks.flag("replacement", self.replacement)

    @property
    def dim(self) -> int | None:
        """Every dimension: that of the potential."""
        return None

    @property
    def params(self) -> Mapping[str, Any]:
        """Examples in a batch."""
        return {"batch": self.batch}

    @property
    def divisible(self) -> bool:
        """No: a step is one of the algorithm, and dt its learning rate."""
        return False

    @property
    def why_no_measure(self) -> str:
        """That it is no Levy process; see `Noise.why_no_measure`."""
        return (
            "which is no Levy process, since the gradients of a batch depend on the state; fit a "
            "law to them at the minimum by noise.fit (docs/real-gradients.md)"
        )

    @property
    def convention(self) -> tuple[str, str]:
        """What a step is, in words."""
        how = "with" if self.replacement else "without"
        return (
            "one step has",
            f"the mean gradient of {self.batch} examples, drawn {how} replacement",
        )

    @property
    def batch_record(self) -> dict[str, Any]:
        """What a record says of the batches."""
        return {"batch": self.batch, "replacement": self.replacement}

    def batch_part(self, potential: "Potential") -> BatchPart:
        """What gives the gradient of a step; see `Noise.batch_part`."""
        if potential.examples is None:
            raise ValueError(
                f"minibatch noise draws examples, and the potential {potential.name!r} has none; "
                "make it by potentials.finite_sum"
            )
        return potential.batch_part(self.batch, self.replacement)

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """No increments: the noise is in the gradient; see `Noise.part`.

        Raises
        ------
        ValueError
            Unless epsilon = sqrt(dt), as it is with a learning rate.
        """
        if abs(epsilon**2 / dt - 1.0) > _ROUNDING:
            raise ValueError(
                f"epsilon is {epsilon:g} with dt = {dt:g}, and minibatch noise has the size of its "
                "batches, epsilon = sqrt(dt); give lr in place of both"
            )
        return none().part(dim, epsilon, dt)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Not known, since it depends on the state; see `Noise.characteristic`."""
        raise checks.Refusal(
            "the law of minibatch noise depends on the state",
            "draw from it by potential.batch_gradients(x, batch, draws)",
        )


def minibatch(batch: int, replacement: bool = True) -> Minibatch:
    """Minibatch SGD itself: every gradient is the mean of a batch drawn for that step.

    With F(x) = (1/n) sum_i f_i(x) and a learning rate eta = dt::

        X_{n+1} = X_n - eta (1/b) sum_{i in B_n} grad f_i(X_n),

    and any other optimizer takes the mean of the batch for its gradient, as in training. Batches of
    different steps and paths are independent. As noise of the gradient this is
    (1/b) sum_{i in B} grad f_i(x) - grad F(x), which `lr` of `levysde.escape_times` multiplies. A
    step costs b gradients of one example, however many examples there are.

    With `plus_brownian` this is stochastic gradient Langevin dynamics: a normal variate of standard
    deviation eta sigma is added to every step.

    The potential must be a mean over examples, `levysde.potentials.finite_sum`. There are no large
    jumps, so that no theory of heavy tails and no jump method applies; the noise vanishes where all
    examples agree.

    Parameters
    ----------
    batch : int
        b, examples in a batch.
    replacement : bool
        Whether one example can be in a batch more than once. Without replacement every set of b
        examples is equally likely, and b = n gives the plain gradient, bit for bit.

    Returns
    -------
    Minibatch

    Raises
    ------
    ValueError
        If the batch is no positive whole number, or replacement neither True nor False.

    References
    ----------
    L. Bottou, F. E. Curtis, J. Nocedal, "Optimization methods for large-scale machine learning",
    SIAM Rev. 60 (2018) 223-311, eq. 3.7.

    M. Welling, Y. W. Teh, "Bayesian learning via stochastic gradient Langevin dynamics", ICML 2011,
    eq. 4.

    Examples
    --------
    >>> import levysde as ls
    >>> risk = ls.potentials.linear_regression([[1.0], [1.0], [1.0]], [-1.0, 0.0, 1.0])
    >>> basin = ls.Basin(risk, ls.domains.interval(-0.5, 0.5), [0.0])
    >>> run = ls.escape_times(basin, ls.dynamics.sgd(), minibatch(1), lr=0.3, paths=100)
    >>> run.escaped
    100
    """
    return Minibatch(batch, replacement)
