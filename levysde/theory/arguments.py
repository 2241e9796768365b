"""What the public functions of the theory accept: every argument is checked before it is used."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from levysde.theory.numbers import checked_alpha, real_number, real_numbers, shown
from levysde.theory.protocols import shape_of

Check = Callable[[Any, str], Any]
"""Function of a value and the name of the argument that returns the value, or raises."""

P = ParamSpec("P")
R = TypeVar("R")


def alpha(value: Any, what: str) -> float:
    """A stability index."""
    return checked_alpha(value)


def number(value: Any, what: str) -> float:
    """A number, which may be infinite."""
    found = real_number(value, what)
    if math.isnan(found):
        raise ValueError(f"{what} is nan, but it must be a number")
    return found


def finite(value: Any, what: str) -> float:
    """A finite number."""
    found = number(value, what)
    if math.isinf(found):
        raise ValueError(f"{what} is {found!r}, but it must be finite")
    return found


def whole(value: Any, what: str) -> int:
    """A whole number."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{what} is {shown(value)}, but it must be a whole number")
    real_number(value, what)
    return int(value)


def array(value: Any, what: str) -> Any:
    """Numbers, which may be infinite."""
    found = real_numbers(value, what)
    if np.isnan(found).any():
        raise ValueError(f"{what} contains nan, but it must be numbers")
    return found


def array_or_none(value: Any, what: str) -> Any:
    """Numbers, or None."""
    return None if value is None else array(value, what)


def function(value: Any, what: str) -> Any:
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{what} is {shown(value)}, but it must be a function")
    return value


def _attributes(value: Any, what: str, names: tuple[str, ...]) -> Any:
    missing = [name for name in names if not hasattr(value, name)]
    if missing:
        raise TypeError(
            f"{what} is {type(value).__name__}, which has no attribute {missing[0]!r}; "
            f"it must have {', '.join(names)}"
        )
    return value


def step(value: Any, what: str) -> Any:
    """A law of a step with its density and tail, or None."""
    return None if value is None else _attributes(value, what, ("step_density", "step_tail"))


def _named(value: Any, what: str, names: tuple[str, ...]) -> Any:
    _attributes(value, what, ("name", *names))
    if not isinstance(value.name, str):
        raise TypeError(f"{what}.name is {shown(value.name)}, but it must be a text")
    return value


def _dimension(value: Any, what: str) -> None:
    if whole(value.dim, f"{what}.dim") < 1:
        raise ValueError(f"{what}.dim is {shown(value.dim)}, but it must be at least 1")


_SHAPE = ("dim", "curved", "exit_distances", "distance", "stretched", "swept")
_POLYTOPE = ("lower", "upper", "normals", "offsets")
_QUADRIC = ("gauge", "form")


def domain(value: Any, what: str) -> Any:
    """An open set: a predicate, perhaps with a shape."""
    _named(value, what, ("dim", "p", "outside"))
    _dimension(value, what)
    function(value.outside, f"{what}.outside")
    array(value.p, f"{what}.p")
    shape = shape_of(value)
    if shape is not None:
        _attributes(shape, f"{what}.shape", _SHAPE)
        _attributes(shape, f"{what}.shape", _QUADRIC if shape.curved else _POLYTOPE)
        if shape.dim != value.dim:
            raise ValueError(
                f"{what}.shape has dimension {shape.dim} and {what} {value.dim}, but they must be "
                "the same"
            )
    return value


def noise(value: Any, what: str) -> Any:
    """A noise law; what else it needs is checked with the law."""
    _named(value, what, ("alpha",))
    checked_alpha(value.alpha)
    return value


def dynamics(value: Any, what: str) -> Any:
    """A rule of motion; what else it needs is checked with the rule."""
    return _named(value, what, ("clip", "rule"))


def potential(value: Any, what: str) -> Any:
    """A potential with its gradient."""
    _attributes(value, what, ("dim", "p", "gradient"))
    _dimension(value, what)
    function(value.gradient, f"{what}.gradient")
    array(value.p, f"{what}.p")
    return value


def basin(value: Any, what: str) -> Any:
    """A potential, a domain of the same dimension, the minimum and the start."""
    _attributes(value, what, ("potential", "domain", "minimum", "start"))
    potential(value.potential, f"{what}.potential")
    domain(value.domain, f"{what}.domain")
    if value.potential.dim != value.domain.dim:
        raise ValueError(
            f"{what}.potential has dimension {value.potential.dim} and {what}.domain "
            f"{value.domain.dim}, but they must be the same"
        )
    for name in ("minimum", "start"):
        array(getattr(value, name), f"{what}.{name}")
    return value


def _call(
    inner: Callable[..., Any],
    signature: inspect.Signature,
    kinds: Mapping[str, Check],
    given: tuple[Any, ...],
    named: Mapping[str, Any],
) -> Any:
    bound = signature.bind(*given, **named)
    for name, value in bound.arguments.items():
        if name in kinds:
            bound.arguments[name] = kinds[name](value, name)
    why = "the numbers are too large or too small for floating-point arithmetic"
    mend = "choose units in which they are near 1"
    try:
        with np.errstate(all="ignore"):
            answer = inner(*bound.args, **bound.kwargs)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise ValueError(f"{inner.__name__} failed ({error}): {why}; {mend}") from error
    if isinstance(answer, float | np.ndarray) and np.isnan(answer).any():
        raise ValueError(f"{inner.__name__} is not a number: {why}; {mend}")
    return answer


def checked(**kinds: Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that checks arguments, and that the answer is a number.

    Parameters
    ----------
    **kinds : callable
        A check for each argument, by its name.

    Returns
    -------
    callable
        The decorator. A failure of floating-point arithmetic becomes a ValueError.

    Examples
    --------
    >>> @checked(x=finite)
    ... def twice(x):
    ...     return 2.0 * x
    >>> twice("a")
    Traceback (most recent call last):
        ...
    TypeError: x is 'a', but it must be a real number
    """

    def decorate(inner: Callable[P, R]) -> Callable[P, R]:
        call, signature = _call, inspect.signature(inner)

        def outer(*given: Any, **named: Any) -> Any:
            return call(inner, signature, kinds, given, named)

        # With the globals of the function, so that doctest finds it in its module.
        home = FunctionType(
            outer.__code__, inner.__globals__, inner.__name__, None, outer.__closure__
        )
        for attribute in ("__module__", "__qualname__", "__doc__", "__annotations__"):
            setattr(home, attribute, getattr(inner, attribute))
        home.__dict__["__wrapped__"] = inner
        return cast(Callable[P, R], home)

    return decorate
