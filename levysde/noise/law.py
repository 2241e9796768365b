"""What every noise law is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction, StepLaw
from levysde.engine.jump_parts import JumpPart
from levysde.engine.program import BatchPart, NoisePart, ScalePart
from levysde.schedules import Schedule

if TYPE_CHECKING:
    from levysde.potentials import Potential

CONVENTION = "E exp(iuL_1) = exp(-|u|^alpha); alpha = 2 is Gaussian with variance 2"
"""The law of scale 1, in one line."""


@dataclass(frozen=True, eq=False)
class Noise(ABC):
    """A law of noise; `ls.Noise(draw, params, alpha)` is a law of one's own, a `noise.Drawn`.

    A law of the user draws its increments and says no form: it is simulated on a grid of times.
    What needs its jumps is there for the two forms, `Columns` and `Sphere`.

    Attributes
    ----------
    name : str
        Of the law, for people, tables and files. It claims nothing.
    alpha : float
        Stability index, dimensionless; the smallest one where there are several.
    form : {"columns", "sphere"} or None
        How the law says its Levy measure, if it does.
    exponent : str
        The characteristic function in words.
    draw : callable or None
        The function that draws a variate, where the law is made of one.
    stable : bool
        Whether increments are stable, those of a process that has this law at every step.

    Examples
    --------
    >>> import math
    >>> law = Noise(lambda u1, u2, p: math.tan(math.pi * (u1 - 0.5)), alpha=1.0, name="cauchy")
    >>> isinstance(law, Noise), law.name
    (True, 'cauchy')
    """

    name: ClassVar[str]
    form: ClassVar[str | None] = None
    exponent: ClassVar[str] = "characteristic(u)"
    draw: ClassVar[PlainFunction | None] = None
    stable: ClassVar[bool] = False
    alpha: float

    def __new__(cls, *given: Any, **named: Any) -> "Noise":
        """The class itself is no law: called, it makes a law of one's own, a `Drawn`."""
        if cls is Noise:
            from levysde.noise.drawn import Drawn

            return object.__new__(Drawn)
        return object.__new__(cls)

    @property
    @abstractmethod
    def dim(self) -> int | None:
        """Dimension, or None when the law has every dimension."""

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

    @property
    def indices(self) -> FloatArray:
        """Stability indices: one, shape (), or that of every column."""
        return np.asarray(self.alpha)

    @property
    def several_indices(self) -> bool:
        """Whether every column has an index of its own."""
        return self.indices.ndim > 0

    @property
    def self_similar(self) -> bool:
        """Whether an increment is dt^(1/alpha) times a variable of one law for all dt."""
        return not self.several_indices

    @property
    def divisible(self) -> bool:
        """Whether two increments of dt/2 add up to one of dt, in law: a process in time."""
        return True

    @property
    def without_shift(self) -> str:
        """What to do about the bias of the grid where there is no boundary shift, in words."""
        if self.divisible:
            return "use refine, or a smaller dt"
        return (
            "give correction=None (--correction none): the steps of this noise are those of the "
            "process itself"
        )

    @property
    def grid_orders(self) -> tuple[float, float]:
        """Powers of dt in the bias of exits seen on a grid, the largest term first."""
        return min(1.0, 1.0 / float(self.indices.max())), 1.0

    @property
    def convention(self) -> tuple[str, str]:
        """What the parameters mean, in words: a label and the characteristic function."""
        return "its law is", f"E exp(iu.L_1) = {self.exponent}"

    @property
    def step(self) -> StepLaw | None:
        """The law of a coordinate of one step in units of its scale, where its density is known."""
        return None

    @property
    def why_no_measure(self) -> str | None:
        """Where the law is of no form, why small-noise escapes have no rate nu(W), if it knows."""
        return None

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
        raise self._unknown_jumps()

    def preconditioned(self, divisor: FloatArray) -> "Noise":
        """The law of Q^-1 L.

        Parameters
        ----------
        divisor : ndarray, shape (dim,)
            The diagonal of Q, positive.

        Returns
        -------
        Noise

        Raises
        ------
        ValueError
            If the jumps of the law are not known.
        """
        raise self._unknown_jumps()

    def transformed(self, matrix: FloatArray) -> "Noise":
        """The law of G L.

        Parameters
        ----------
        matrix : ndarray, shape (dim, dim) or (dim,)
            G, or its diagonal where the rest is zero; dimensionless.

        Returns
        -------
        Noise

        Raises
        ------
        ValueError
            If the jumps of the law are not known, or the product is of no form.
        """
        raise self._unknown_jumps()

    @property
    def driver(self) -> "Noise":
        """The law of L where the noise is G(x, t) dL, and otherwise the law itself."""
        return self

    @property
    def brownian(self) -> float | FloatArray | None:
        """Standard deviation in unit time of Brownian motion beside the jumps, if there is any."""
        return None

    @property
    def amplitude(self) -> Schedule | None:
        """The schedule that increments are multiplied by, if there is one."""
        return None

    @property
    def scale_function(self) -> PlainFunction | None:
        """The function of the user, or of the schedule, that the scale is made of."""
        return None

    @property
    def scale_record(self) -> dict[str, Any]:
        """What a record says of the scale, beside its function; empty where there is none."""
        return {}

    @property
    def scale_part(self) -> ScalePart | None:
        """What multiplies increments, where the noise depends on the state or on time."""
        return None

    @property
    def batch_record(self) -> dict[str, Any]:
        """What a record says of batches of examples; empty where there are none."""
        return {}

    def batch_part(self, potential: "Potential") -> BatchPart | None:
        """What gives the gradient of a step, where the noise is that of batches of examples.

        Parameters
        ----------
        potential : Potential
            Whose gradient is meant.

        Returns
        -------
        BatchPart or None

        Raises
        ------
        ValueError
            If the potential is no mean over examples, or has too few of them.
        """
        return None

    def at(self, x: npt.ArrayLike, t: float = 0.0) -> "Noise":
        """The law with the state and the time held fixed: the law itself, unless it is scaled.

        Parameters
        ----------
        x : array, shape (dim,)
            State.
        t : float
            Time.

        Returns
        -------
        Noise
        """
        return self

    def try_at(self, x: npt.ArrayLike) -> None:
        """Call functions of the user at a state, where the law has any.

        Parameters
        ----------
        x : array, shape (dim,)
            State.

        Raises
        ------
        ValueError
            With the reason, if one of them misbehaves.
        """
        self.at(x)

    def varies(self, x: npt.ArrayLike) -> bool:
        """Whether the law at a state changes with time.

        Parameters
        ----------
        x : array, shape (dim,)
            State.

        Returns
        -------
        bool
        """
        return False

    def _unknown_jumps(self) -> checks.Refusal:
        reason = f"the jumps of the {self.name} noise are not known individually"
        return checks.Refusal(reason, "use method='euler'")

    def _unmixed(self) -> checks.Refusal:
        reason = f"no law is known of the {self.name} noise with coordinates mixed by a matrix"
        return checks.Refusal(reason, "give a factor for every coordinate, or a stable law")

    def width(self, dim: int) -> tuple[float, FloatArray]:
        """The scale of a symmetric law along a direction n, (sum_k |(G'n)_k|^q)^(1/q).

        Parameters
        ----------
        dim : int
            Dimension.

        Returns
        -------
        q : float
            Dimensionless. With several indices G is diagonal, and of use along the axes only.
        G : ndarray, shape (dim, drivers) or (dim,)
            length/time^(1/alpha); its diagonal where the rest is zero.

        Raises
        ------
        ValueError
            If the law is skewed, or of no form.
        """
        raise checks.Refusal(
            f"the boundary shift does not know the noise law {self.name!r}",
            self.without_shift,
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
        array = checks.finite_array("u", u)
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
