"""Noise whose size depends on the state and on time: G(x, t) dL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.engine.program import NoisePart, ScalePart
from levysde.noise.law import Noise
from levysde.schedules import Schedule

__all__ = ["Scaled", "scaled"]

_TIMES = (0.0, *np.geomspace(1e-3, 1e6, 19))
"""Times at which a scale is asked whether it changes."""


@dataclass(frozen=True, eq=False)
class Scaled(Noise):
    """Increments G(x, t) dL of another law; made by `scaled`.

    Attributes
    ----------
    alpha : float
        Stability index of the driver, dimensionless.
    law : Noise
        That of the driver, L.
    scale : callable
        `scale(x, t, p, out)`.
    scale_params : mapping of str to float or array
        Named parameters of the scale.
    matrix : bool
        Whether the scale writes a matrix, shape (dim, dim), and not a factor a coordinate.
    amplitude : Schedule, optional
        Where the scale is one, the same for all coordinates.
    """

    name: ClassVar[str] = "scaled"
    exponent: ClassVar[str] = "that of the driver, at G(x, t)'u"
    alpha: float = field(init=False)
    law: Noise
    scale: PlainFunction
    scale_params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    matrix: bool = False
    amplitude: Schedule | None = None

    def __post_init__(self) -> None:
        checks.instance("law", self.law, Noise)
        if self.law.scale_part is not None:
            raise ValueError("the law is scaled already; write both scales into one function")
        if self.law.batch_record:
            raise ValueError(
                "the noise of minibatches is in the gradient, where no scale reaches it; choose "
                "the batch, or scale another law"
            )
        checks.plain_function("scale", self.scale)
        params = checks.frozen_parameters(self.scale_params)
        object.__setattr__(self, "scale_params", params)
        object.__setattr__(self, "alpha", self.law.alpha)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.amplitude is not None:
            return scaled, (self.law, self.amplitude)
        given = {"law": self.law, "scale": self.scale, "scale_params": dict(self.scale_params)}
        return checks.rebuild, (type(self), {**given, "matrix": self.matrix})

    @property
    def driver(self) -> Noise:
        """The law of the jumps of L."""
        return self.law.driver

    @property
    def brownian(self) -> float | FloatArray | None:
        """That of the law of L, before it is scaled."""
        return self.law.brownian

    @property
    def self_similar(self) -> bool:
        """As the driver."""
        return self.law.self_similar

    @property
    def divisible(self) -> bool:
        """As the driver."""
        return self.law.divisible

    @property
    def grid_orders(self) -> tuple[float, float]:
        """Those of the driver."""
        return self.law.grid_orders

    @property
    def dim(self) -> int | None:
        """That of the driver."""
        return self.law.dim

    @property
    def params(self) -> Mapping[str, Any]:
        """Those of the driver."""
        return self.law.params

    @property
    def indices(self) -> FloatArray:
        """Those of the driver."""
        return self.law.indices

    @property
    def scale_function(self) -> PlainFunction:
        """The function of the schedule if there is one, and otherwise the scale."""
        return self.scale if self.amplitude is None else self.amplitude.function

    @property
    def scale_record(self) -> dict[str, Any]:
        """Parameters, and the name of a schedule or whether there is a matrix."""
        given = {"params": dict(self.scale_params)}
        if self.amplitude is not None:
            return {"schedule": self.amplitude.name, **given}
        return {"matrix": self.matrix, **given}

    @property
    def scale_part(self) -> ScalePart:
        """What multiplies the increments of a step."""
        return ScalePart(self.scale, np.array(self._flat), self.matrix)

    @cached_property
    def _flat(self) -> FloatArray:
        """The parameters as the scale gets them; asked for at every time by the theory."""
        return checks.flat(self.scale_params)

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments of the driver; see `Noise.part`."""
        return self.law.part(dim, epsilon, dt)

    def factors(self, x: npt.ArrayLike, t: float = 0.0) -> FloatArray:
        """G(x, t).

        Parameters
        ----------
        x : array, shape (dim,)
            State.
        t : float
            Time.

        Returns
        -------
        ndarray, shape (dim,) or (dim, dim)
            A factor a coordinate, or a matrix; dimensionless.

        Raises
        ------
        ValueError
            If the scale fails there, leaves a number unwritten or writes one that is not finite,
            or a factor is negative.
        """
        point, p = checks.finite_array("x", x), np.array(self._flat)
        out = np.full((point.size,) * (2 if self.matrix else 1), np.nan)
        try:
            self.scale(point.copy(), float(t), p, out)
        except Exception as error:
            raise ValueError(
                f"the scale of the noise failed {_where(point, t)}: {type(error).__name__}: "
                f"{error}; x has {point.size} numbers, p {len(p)} and out the shape {out.shape}"
            ) from error
        if not np.isfinite(out).all():
            raise ValueError(
                f"the scale of the noise wrote {out.tolist()} {_where(point, t)}; write a finite "
                "number into every entry of out"
            )
        if not self.matrix and (out < 0.0).any():
            raise ValueError(
                f"the scale of the noise is {out.tolist()} {_where(point, t)}; give factors that "
                "are not negative"
            )
        return out

    def try_at(self, x: npt.ArrayLike) -> None:
        """Ask for the factors at two times; see `Noise.try_at`."""
        self.factors(x, 0.0)
        self.factors(x, 1.0)

    def at(self, x: npt.ArrayLike, t: float = 0.0) -> Noise:
        """The law of G(x, t) L with x and t held fixed; see `Noise.at`.

        Raises
        ------
        ValueError
            As `factors`; if all factors are 0, or the driver is of no form.
        """
        factors = self.factors(x, t)
        if not factors.any():
            raise checks.Refusal(
                f"the scale of the noise is 0 at x = {checks.shown(np.asarray(x))}, t = {t:g}, and "
                "with it the noise",
                "ask the theory at a place where there is noise",
            )
        return self.law.transformed(factors)

    def varies(self, x: npt.ArrayLike) -> bool:
        """As far as 20 times from 0 to 1e6 show it; see `Noise.varies`."""
        first = self.factors(x, _TIMES[0])
        return any(not np.array_equal(self.factors(x, t), first) for t in _TIMES[1:])

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Not known, since increments depend on the path; ask `at(x, t)`.

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        raise checks.Refusal("the law of scaled noise depends on the state", "use noise.at(x, t)")


def _where(point: FloatArray, t: float) -> str:
    return f"at x = {checks.shown(point)}, t = {t:g}"


def scaled(
    law: Noise,
    scale: PlainFunction | Schedule | None = None,
    params: Mapping[str, npt.ArrayLike] | None = None,
    *,
    matrix: PlainFunction | None = None,
) -> Scaled:
    """Noise G(x, t) dL that depends on the state and on time, in the sense of Ito.

    In dX = -grad F(X) dt + eps G(X, t) dL the factor is taken before the jump: a step of the grid
    is X_n + ... + eps dt^(1/alpha) G(X_n, t_n) Z. Theory is told for G at the minimum: the rate of
    escapes tends to eps^alpha nu(W), W = {y : minimum + G(minimum) y not in Omega}.

    Parameters
    ----------
    law : Noise
        The law of L.
    scale : callable or Schedule
        `scale(x, t, p, out)`, a plain function that writes a factor for every coordinate,
        dimensionless; or a schedule s(t) of the amplitude, the same for all coordinates.
    params : mapping of str to float or array, optional
        Named parameters. They reach the function as the flat array `p`, in the order given.
    matrix : callable, optional
        In place of `scale`: `matrix(x, t, p, out)` writes G, shape (dim, dim). With a law of
        independent coordinates this is noise mixed by G(x, t), with an isotropic law an elliptic
        one.

    Returns
    -------
    Scaled

    Raises
    ------
    ValueError
        If not one of the two functions is given, or the law is scaled already.

    References
    ----------
    P. Zhou, J. Feng, C. Ma, C. Xiong, S. Hoi, W. E, "Towards theoretically understanding why SGD
    generalizes better than Adam in deep learning", NeurIPS 2020, eq. 4, where G is Sigma_t.

    I. Pavlyukevich, "First exit times of solutions of stochastic differential equations driven by
    multiplicative Levy noise with heavy tails", Stoch. Dyn. 11 (2011) 495.

    Examples
    --------
    >>> from levysde import noise
    >>> def farther(x, t, p, out):
    ...     out[0] = 1.0 + p[0] * x[0] ** 2
    >>> law = scaled(noise.independent(1.5), farther, {"growth": 2.0})
    >>> law.factors([0.5]).tolist()
    [1.5]
    """
    if isinstance(scale, Schedule):
        if params:
            raise ValueError("params is of a function, and a schedule has its own; leave it out")
        return _scheduled(law, scale)
    if (scale is None) == (matrix is None):
        raise ValueError("give one of scale, a factor for every coordinate, and matrix")
    function = scale if matrix is None else matrix
    return Scaled(law, function, dict(params or {}), matrix is not None)  # type: ignore[arg-type]


def _scheduled(law: Noise, schedule: Schedule) -> Scaled:
    value = schedule.function

    def amplitude(x, t, p, out):  # type: ignore[no-untyped-def]
        factor = value(t, p)
        for j in range(len(out)):
            out[j] = factor

    return Scaled(law, amplitude, dict(schedule.params), amplitude=schedule)
