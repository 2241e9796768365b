"""A law of one step, drawn by a plain function of two uniforms."""

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.engine.jump_parts import levy_constant
from levysde.engine.program import NoisePart
from levysde.engine.random.philox import unit_uniform
from levysde.noise.law import Noise
from levysde.noise.mixed import mixed
from levysde.noise.stable_index import check_alpha, step_scale
from levysde.noise.tails import Tails

_TRIED = (2.0**-53, 1e-6, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0 - 1e-6, 1.0 - 2.0**-53)
"""Uniforms at which a draw is tried, with the smallest and the largest that occur."""

_FAR = (2.0**30, 2.0**40)
"""Where a tail is compared with a power of x."""

_COMPARED, _FAR_FROM, _SMALLEST = 2000, 3.0, 2.0**-53
"""Draws that a tail is compared with, the ratio that is pointed out, and the least uniform."""

_SAME = 1e-5
"""Relative difference of C between those places that rounding and slow convergence may leave."""


@dataclass(frozen=True, eq=False, init=False)
class Drawn(Noise):
    """Steps epsilon dt^(1/alpha) scale_j X_j, X_j = draw(u1, u2, p) with independent uniforms.

    What `ls.Noise(draw, ...)` makes. It is a law of one step: nothing makes the sum of two steps
    of dt/2 a step of dt. What dt^(1/alpha) gives is the limit: where P(|X| > x) ~ C x^-alpha with
    alpha < 2 (and X is symmetric, or has mean 0 where alpha > 1), the sum over 1/dt steps tends,
    as dt -> 0, to the symmetric stable law of index alpha and scale

        scale (C alpha/(2 c_alpha))^(1/alpha),  c_alpha = Gamma(1 + alpha) sin(pi alpha/2)/pi,

    whose tail is that of a single step times their number. Where X has a variance give alpha = 2:
    the sum tends to a Gaussian variable of the variance of scale X.

    Parameters
    ----------
    draw : callable
        `draw(u1, u2, p) -> x`: one variate from two uniforms in (0, 1), from 2^-53 to 1 - 2^-53. A
        plain Python function; it is compiled for the simulation. A quantile function of u1 fits.
    params : mapping of str to float or array, optional
        Named parameters. They reach the function as the flat array `p`, in the order given.
    alpha : float
        How a step scales, 0.1 <= alpha <= 2, dimensionless.
    scale : float or array, shape (dim,)
        Factor of all coordinates, or of each, length/time^(1/alpha).
    tail : float or callable, optional
        What the small-noise theory needs, for alpha < 2: the C of P(|X| > x) ~ C x^-alpha,
        dimensionless, or that probability as a function `tail(x, p)`. Both sides alike.
    name : str, optional
        Of the law; that of the function unless given.

    Attributes
    ----------
    draw, tail, name, alpha
        As given.
    parameters : mapping
        The named parameters.
    scale : float or ndarray, shape (dim,)
        As given.
    p : ndarray
        The parameters one after another.
    tail_constant : float or None
        C, dimensionless.

    Raises
    ------
    ValueError
        If a number is out of range, or the function fails, draws random numbers, changes p, or
        returns anything but a finite number.

    References
    ----------
    W. Feller, "An Introduction to Probability Theory and Its Applications", vol. 2, 2nd ed., 1971,
    section XVII.5, theorem 2.

    Examples
    --------
    >>> import math
    >>> import levysde as ls
    >>> def cauchy(u1, u2, p):
    ...     return p[0] * math.tan(math.pi * (u1 - 0.5))
    >>> law = ls.Noise(cauchy, {"width": 2.0}, alpha=1.0, tail=2.0 * 2.0 / math.pi)
    >>> law.name, float(law.vectors.round(12))  # the scale of the stable law of many steps
    ('cauchy', 2.0)
    """

    name: str  # type: ignore[misc]  # of an object here, and not of a class
    draw: PlainFunction  # type: ignore[misc]
    parameters: Mapping[str, Any]
    scale: float | FloatArray
    tail: float | Callable[[float, FloatArray], float] | None
    tail_constant: float | None
    p: FloatArray

    def __init__(
        self,
        draw: PlainFunction,
        params: Mapping[str, npt.ArrayLike] | None = None,
        alpha: float | None = None,
        *,
        scale: npt.ArrayLike = 1.0,
        tail: float | Callable[[float, FloatArray], float] | None = None,
        name: str | None = None,
    ) -> None:
        checks.plain_function("draw", draw)
        if alpha is None:
            raise ValueError(
                "alpha is not given; give the power 1/alpha of dt with which a step scales, 2 "
                "where the law has a variance"
            )
        parameters = checks.frozen_parameters({} if params is None else params)
        given: dict[str, Any] = {
            "draw": draw,
            "parameters": parameters,
            "alpha": check_alpha(alpha),
            "scale": _checked_scale(scale),
            "tail": tail,
            "name": draw.__name__ if name is None else name,
            "p": checks.flat(parameters),
        }
        checks.text("name", given["name"])
        for key, value in given.items():
            object.__setattr__(self, key, value)
        _try_draw(draw, self.p)
        constant = None if tail is None else _tail_constant(tail, self.alpha, self.p)
        object.__setattr__(self, "tail_constant", constant)
        if constant is not None:
            self._compare_tail(constant)

    def _compare_tail(self, constant: float) -> None:
        """Warn of a tail that is far from what is drawn, at one draw of a hundred."""
        x = _exceeded_by_one_in_a_hundred(self.draw, self.p.tobytes())
        told = _tail_at(self.tail, x, self.p) if callable(self.tail) else constant * x**-self.alpha
        if not 1.0 / _FAR_FROM < 100.0 * told < _FAR_FROM:
            checks.warn(
                f"the tail of the {self.name} noise says P(|X| > {x:.3g}) = {told:.2g}, and of "
                f"{_COMPARED} draws {_COMPARED // 100} are beyond: one of them may be wrong"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        names = ("draw", "alpha", "scale", "tail", "name")
        given = {name: getattr(self, name) for name in names}
        return checks.rebuild, (type(self), {**given, "params": dict(self.parameters)})

    @property
    def params(self) -> Mapping[str, Any]:
        """Named parameters of the function."""
        return MappingProxyType(dict(self.parameters))

    @property
    def divisible(self) -> bool:
        """No: it is a law of one step."""
        return False

    @property
    def dim(self) -> int | None:
        """Number of scales; None with one for all coordinates."""
        return len(self.scale) if isinstance(self.scale, np.ndarray) else None

    @property
    def convention(self) -> tuple[str, str]:
        """What a step is, in words."""
        shown = "" if np.ndim(self.scale) == 0 and self.scale == 1.0 else " scale"
        step = f"epsilon dt^(1/{self.alpha:g}){shown} X"
        return "one step is", f"{step} in each coordinate, X drawn by {self.draw.__name__}"

    # ------------------------------------------------------------------ the limit of many steps

    @property
    def form(self) -> str | None:  # type: ignore[override]
        """That of the stable law to which sums tend; None where no tail is given."""
        return None if self.tail_constant is None else "columns"

    @property
    def alphas(self) -> float:
        """Stability index of the limit."""
        return self.alpha

    @property
    def vectors(self) -> FloatArray:
        """Scales of the limit, length/time^(1/alpha), shape (dim,) or (); needs a tail."""
        if self.tail_constant is None:
            raise AttributeError(f"no tail is given of the {self.name} noise")
        ratio = 0.5 * self.tail_constant * self.alpha / levy_constant(self.alpha)
        return np.asarray(self.scale) * ratio ** (1.0 / self.alpha)

    @property
    def betas(self) -> float:
        """Skewness of the limit: none."""
        return 0.0

    def tail_share(self, distance: float, epsilon: float, dt: float) -> float | None:
        """P(|step| > distance) as a share of the power law that it tends to.

        The small-noise rate takes the power law for the tail of one step: a share that is not near
        1 at the boundary is the relative error of that.

        Parameters
        ----------
        distance : float
            Length.
        epsilon : float
            Noise amplitude, dimensionless.
        dt : float
            Step, time.

        Returns
        -------
        float or None
            Dimensionless, of the coordinate of the largest scale; None unless the tail is a
            function.
        """
        if not callable(self.tail) or self.tail_constant is None:
            return None
        x = distance / (step_scale(self.alpha, epsilon, dt) * float(np.max(self.scale)))
        found = _tail_at(self.tail, x, self.p)
        return found / (self.tail_constant * x**-self.alpha)

    # ------------------------------------------------------------------------------ the engine

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """One variate a coordinate, from two words; see `Noise.part`."""
        self.check_dim(dim)
        scale = step_scale(self.alpha, epsilon, dt) * np.broadcast_to(self.scale, dim)
        p = np.concatenate([[float(dim)], scale, self.p])
        return NoisePart(increment=_increment_of(self.draw), words=2.0, drivers=dim, p=p)

    def transformed(self, matrix: FloatArray) -> Noise:
        """Other scales; of a matrix that mixes coordinates only the tails are told."""
        if matrix.ndim == 2:
            if self.tail_constant is None:
                raise self._unmixed()
            limit = mixed(self.alpha, matrix * self.vectors)
            return Tails(name=self.name, alpha=self.alpha, law=limit)
        scale = np.asarray(self.scale) * matrix
        return Drawn(
            self.draw, self.parameters, self.alpha, scale=scale, tail=self.tail, name=self.name
        )

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Not known of a function that draws; see `Noise.characteristic`."""
        reason = f"the characteristic function of the {self.name} noise is not known"
        raise checks.Refusal(reason, "use a law of levysde.noise that has one")


def _increment_of(draw: PlainFunction) -> PlainFunction:
    """Coordinate j from p: the number of scales, the scales, then the parameters of the draw."""

    def increment(j, first, second, p):  # type: ignore[no-untyped-def]
        own = p[1 + int(p[0]) :]
        return p[1 + j] * draw(unit_uniform(first), unit_uniform(second), own)

    increment.__name__ = draw.__name__  # what messages of the compiler call it
    return increment


def _checked_scale(scale: npt.ArrayLike) -> float | FloatArray:
    array = checks.finite_array("scale", scale)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"scale has shape {array.shape}; give one number, or one per coordinate")
    if (array < 0.0).any() or not array.any():
        raise ValueError(f"scale is {array.tolist()}; give positive numbers")
    return float(array) if array.ndim == 0 else array


# ------------------------------------------------------------------------------ user's functions


@functools.lru_cache(maxsize=64)
def _exceeded_by_one_in_a_hundred(draw: PlainFunction, numbers: bytes) -> float:
    """Of the sizes of some draws, found once: records and sweeps make the same law many times."""
    uniforms = np.random.default_rng(0).uniform(_SMALLEST, 1.0 - _SMALLEST, (_COMPARED, 2))
    p = np.frombuffer(numbers)
    with np.errstate(all="ignore"):
        sizes = np.sort([abs(draw(*pair, p)) for pair in uniforms.tolist()])
    return float(sizes[-_COMPARED // 100])


def _try_draw(draw: PlainFunction, p: FloatArray) -> None:
    """Call a draw in plain Python, so that a mistake in it is an ordinary error.

    Compiled code looks at no bounds: an index beyond p would read other memory.
    """
    from levysde.engine.indices import constant_indices
    from levysde.engine.source import draws_random, interpreted, plain, users_functions

    function = plain(draw)
    title = f"the draw function {function.__name__!r}"
    if len(inspect.signature(function).parameters) != 3:
        arguments = ", ".join(inspect.signature(function).parameters)
        raise ValueError(f"{title} takes ({arguments}); write it as draw(u1, u2, p)")
    if any(draws_random(each) for each in users_functions(function)):
        raise ValueError(
            f"{title} draws random numbers, which are not those of the seed; compute the variate "
            "from u1 and u2"
        )
    for argument, index in constant_indices(function):
        if argument == 2 and not -len(p) <= index < len(p):
            raise ValueError(f"{title} uses p[{index}], but p has {len(p)} numbers: stay within it")
    run = interpreted(function)
    with np.errstate(all="ignore"):
        for u1 in _TRIED:
            for u2 in _TRIED:
                first, second = (_drawn(title, run, u1, u2, p) for _ in range(2))
                if first != second:
                    raise ValueError(
                        f"{title} gave two answers at u1 = {u1:.9g}, u2 = {u2:.9g}; compute the "
                        "variate from u1, u2 and p alone"
                    )


def _drawn(title: str, run: PlainFunction, u1: float, u2: float, p: FloatArray) -> float:
    """A finite number that the draw returned, or what is wrong."""
    at, own = f"at u1 = {u1:.9g}, u2 = {u2:.9g}", np.array(p)
    try:
        answer = run(u1, u2, own)
    except IndexError as error:
        raise ValueError(
            f"{title} failed {at}: {error}; p has {len(p)} numbers: stay within it"
        ) from error
    except Exception as error:
        raise ValueError(
            f"{title} failed {at}: {type(error).__name__}: {error}; return a number for all "
            "uniforms in (0, 1)"
        ) from error
    if not np.array_equal(own, p, equal_nan=True):
        raise ValueError(f"{title} changed p {at}; only read p")
    number = isinstance(answer, int | float | np.integer | np.floating)
    if isinstance(answer, bool) or not number or not math.isfinite(answer):
        raise ValueError(f"{title} returned {checks.told(answer)} {at}; return a finite number")
    return float(answer)


def _tail_at(tail: Callable[[float, FloatArray], float], x: float, p: FloatArray) -> float:
    """P(|X| > x) as the user's function says it."""
    try:
        answer = tail(x, np.array(p))
    except Exception as error:
        raise ValueError(
            f"the tail function failed at x = {x:g}: {type(error).__name__}: {error}; return "
            "P(|X| > x) for every positive x"
        ) from error
    number = isinstance(answer, int | float | np.integer | np.floating)
    if isinstance(answer, bool) or not number or not 0.0 <= answer <= 1.0:
        raise ValueError(
            f"the tail function returned {checks.told(answer)} at x = {x:g}; return the "
            "probability P(|X| > x)"
        )
    return float(answer)


def _tail_constant(tail: Any, alpha: float, p: FloatArray) -> float:
    """The C of P(|X| > x) ~ C x^-alpha."""
    if alpha == 2.0:
        raise ValueError(
            "tail is given with alpha = 2, where the sum of many steps is Gaussian and has no "
            "jumps; leave out tail, or give alpha < 2"
        )
    if not callable(tail):
        return checks.finite_number("tail", tail)
    checks.plain_function("tail", tail)
    near, far = (_tail_at(tail, x, p) * x**alpha for x in _FAR)
    if not (far > 0.0 and abs(near / far - 1.0) < _SAME):
        raise ValueError(
            f"the tail function times x^alpha is {near:g} at x = {_FAR[0]:.2g} and {far:g} at "
            f"x = {_FAR[1]:.2g}; give the alpha of its tail, {alpha:g} is not"
        )
    return far
