"""Functions of the user, tried in plain Python before a run.

Compiled code looks at no bounds: an index beyond an array reads or overwrites other memory. The
same mistake is an ordinary error in plain Python, so each function is called at about a hundred
points inside the domain, near its boundary and beyond.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.basins import Basin
from levysde.noise import Noise
from levysde.schedules import Schedule
from levysde.trial_points import points_along_rays, points_inside

__all__ = ["try_functions", "try_scale", "try_schedule"]

ARGUMENTS = {
    "gradient": ("x", "p", "out"),
    "outside": ("x", "p"),
    "margin": ("x", "p", "covariance", "reach"),
    "scale": ("x", "t", "p", "out"),
    "schedule": ("t", "p"),
}
"""What functions of the user are called with, by their kind."""

TIMES = (0.0, 1.0, 1e3)
"""At which a scale is tried."""

KEPT = 256
"""Models that are remembered as tried."""

_tried: OrderedDict[str, None] = OrderedDict()

_ARITHMETIC = (ArithmeticError, ValueError, AssertionError)
"""What a formula does beyond the place for which it is meant, where it need not be asked."""

_FAILED = object()
"""The answer of a function that failed in a way that is allowed."""


def try_functions(basin: Basin) -> None:
    """Try the functions of the user, unless they have been tried with the same content.

    Each is called twice at every point. Refused are functions that read or write beyond an array,
    leave a component of `out` unwritten, change `x` or `p`, or give another answer the second time.
    A gradient may overflow anywhere, and fail beyond the domain.

    Parameters
    ----------
    basin : Basin
        Whose gradient, domain and margin are tried.

    Raises
    ------
    ValueError
        That names the function, the point and the mend.

    Examples
    --------
    >>> from levysde import basins
    >>> try_functions(basins.flat())  # has no function of the user
    """
    own = [part for part in _parts(basin) if part.names]
    if not own or _is_tried(_key(basin, own)):
        return
    for part in own:
        part.check_draws()
        part.check_indices(basin.dim)
    tried = {part.kind: part for part in own}
    with np.errstate(all="ignore"):
        for x, inside in points_along_rays(basin, _predicate(basin, tried)):
            _try_at(tried, x, inside)
    _remember(_key(basin, own))


def try_scale(basin: Basin, noise: Noise) -> None:
    """Try the function that noise is scaled with, at points inside the domain and at three times.

    Parameters
    ----------
    basin : Basin
        With the domain.
    noise : Noise
        Whose scale is tried, if it has one.

    Raises
    ------
    ValueError
        As for `try_functions`; also if a factor is negative or not finite.

    Examples
    --------
    >>> from levysde import basins, noise
    >>> try_scale(basins.flat(), noise.independent(1.5))  # has none
    """
    scale = noise.scale_part
    if scale is None:
        return
    part = _Part("scale", scale.function, scale.p)
    if part.names and _is_tried(_key(basin, [part])):
        return
    if part.names:
        part.check_draws()
        part.check_indices(basin.dim)
    shape = (basin.dim,) * (2 if scale.matrix else 1)
    inside = [x for x, within in points_along_rays(basin, _predicate(basin, {})) if within]
    with np.errstate(all="ignore"):
        for x in [*points_inside(basin), *(inside if part.names else [])]:
            noise.try_at(x)
            for t in TIMES if part.names else ():
                _try_writing(part, x, shape, t=t)
    _remember(_key(basin, [part]))


def try_schedule(schedule: Schedule) -> None:
    """Try a schedule of the user at a few times.

    Parameters
    ----------
    schedule : Schedule
        What is tried.

    Raises
    ------
    ValueError
        If its function draws random numbers, indexes beyond p, changes it, or gives two answers.

    Examples
    --------
    >>> from levysde import schedules
    >>> try_schedule(schedules.cosine(10.0))
    """
    part = _Part("schedule", schedule.function, schedule.p)
    if not part.names:
        return
    part.check_draws()
    part.check_indices(0)
    for t in TIMES:
        if part.call(t=t) != part.call(t=t):
            raise part.unsteady(t=t)


def _is_tried(key: str) -> bool:
    if key in _tried:
        _tried.move_to_end(key)
    return key in _tried


def _remember(key: str) -> None:
    _tried[key] = None
    if len(_tried) > KEPT:
        _tried.popitem(last=False)


class _Part:
    """A function of the model with what it takes after x and p."""

    def __init__(self, kind: str, function: PlainFunction, p: FloatArray) -> None:
        from levysde.engine.source import interpreted, plain, users_functions

        self.kind, self.function, self.p = kind, plain(function), p
        self.users = users_functions(self.function)
        own = [each.__name__ for each in self.users if each is self.function]
        self.names = own or [each.__name__ for each in self.users]
        self.run: Callable[..., Any] = interpreted(self.function) if self.users else function

    @property
    def title(self) -> str:
        return f"the {self.kind} function {', '.join(map(repr, self.names))}"

    def check_draws(self) -> None:
        """Refuse random draws."""
        from levysde.engine.source import draws_random

        if any(draws_random(function) for function in self.users):
            raise ValueError(
                f"{self.title} draws random numbers, which are not those of the seed; describe the "
                "noise by a law of levysde.noise"
            )

    def check_indices(self, dim: int) -> None:
        """Refuse constant indices beyond an array, also in branches that no trial takes."""
        from levysde.engine.indices import constant_indices

        names, lengths = ARGUMENTS[self.kind], {"x": dim, "p": len(self.p), "out": dim}
        for argument, index in constant_indices(self.function) if self.users else ():
            name = names[argument] if argument < len(names) else ""
            if name in lengths and not -lengths[name] <= index < lengths[name]:
                raise ValueError(f"{self.title} uses {name}[{index}], but {self._sizes(dim)}")

    def call(self, *, allowed: tuple[type[Exception], ...] = (), **given: Any) -> Any:
        """The answer to arguments by name, p apart, or `_FAILED`."""
        read = {"p": self.p} | {name: given[name] for name in ("x",) if name in given}
        copies = {name: np.array(array) for name, array in read.items()}
        arguments = given | copies
        try:
            answer = self.run(*(arguments[name] for name in ARGUMENTS[self.kind]))
        except IndexError as error:
            raise self._failure(given, error, self._sizes(len(given.get("x", ())))) from error
        except Exception as error:
            # Where Python says that a number is too large compiled arithmetic gives an infinity.
            if isinstance(error, (OverflowError, *allowed)):
                return _FAILED
            raise self._failure(given, error, "give a number at every point") from error
        for name, before in read.items():
            if not np.array_equal(before, copies[name], equal_nan=True):
                raise ValueError(
                    f"{self.title} changed {name} at {_where(**given)}; only read {name}"
                )
        return answer

    def _sizes(self, dim: int) -> str:
        names = [name for name in ("x", "out") if name in ARGUMENTS[self.kind]]
        have = f"{' and '.join(names)} {'have' if len(names) > 1 else 'has'} {dim} numbers and "
        return f"{have if names else ''}p has {len(self.p)}: stay within them"

    def _failure(self, given: dict[str, Any], error: Exception, mend: str) -> ValueError:
        what = f"{type(error).__name__}: {error}"
        return ValueError(f"{self.title} failed at {_where(**given)}: {what}; {mend}")

    def unsteady(self, **given: Any) -> ValueError:
        """What is said where two calls gave two answers."""
        of = " and ".join(name for name in ("x", "t", "p") if name in ARGUMENTS[self.kind])
        return ValueError(
            f"{self.title} gave two answers at {_where(**given)}; compute it from {of} alone, and "
            "describe noise by a law of levysde.noise"
        )


def _where(x: FloatArray | None = None, t: float | None = None, **others: Any) -> str:
    place = [] if x is None else [f"x = {checks.shown(x)}"]
    return ", ".join(place if t is None else [*place, f"t = {t:g}"])


def _parts(basin: Basin) -> Iterator[_Part]:
    domain = basin.domain
    gradient = _Part("gradient", basin.potential.tried_gradient, basin.potential.p)
    yield gradient
    outside = _Part("outside", domain.outside, domain.p)
    # A domain of this package that is made of the same gradient alone is not tried by itself: it
    # follows the flow, which takes long in plain Python.
    if not set(outside.users) <= set(gradient.users):
        yield outside
    if domain.margin is not None:
        yield _Part("margin", domain.margin, domain.p)


def _key(basin: Basin, own: list[_Part]) -> str:
    """A hash of all that the outcome of a trial depends on."""
    from levysde.engine.source import code_key

    digest = hashlib.sha256()
    functions = [part.function for part in own] + [basin.domain.outside]
    for function in functions:
        digest.update(code_key(function).encode())
    for array in (basin.center, basin.potential.p, basin.domain.p, *(part.p for part in own)):
        digest.update(f"{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


# ---------------------------------------------------------------------------------------- functions


def _try_at(tried: dict[str, _Part], x: FloatArray, inside: bool) -> None:
    if "gradient" in tried:
        _try_writing(tried["gradient"], x, (len(x),), () if inside else _ARITHMETIC)
    if "outside" in tried and _is_outside(tried["outside"], x) == inside:
        raise tried["outside"].unsteady(x=x)
    if "margin" in tried and inside:
        _try_margin(tried["margin"], x)


def _try_writing(
    part: _Part,
    x: FloatArray,
    shape: tuple[int, ...],
    allowed: tuple[type[Exception], ...] = (),
    **others: float,
) -> None:
    """What is left unwritten, or read from out, shows in two different fillings."""

    def filled_with(value: float) -> FloatArray:
        out = np.full(shape, value)
        failed = part.call(x=x, out=out, allowed=allowed, **others) is _FAILED
        return np.zeros(0) if failed else out.ravel()

    first, second = filled_with(np.nan), filled_with(0.5)
    if np.array_equal(first, second, equal_nan=True):
        return
    if not np.array_equal(first, filled_with(np.nan), equal_nan=True) or not first.size:
        raise part.unsteady(x=x, **others)
    differs = (first != second) & ~(np.isnan(first) & np.isnan(second))
    raise ValueError(
        f"{part.title} left component {int(np.flatnonzero(differs)[0])} of out unwritten, or read "
        f"it, at {_where(x=x, **others)}; write a number into every component of out"
    )


def _predicate(basin: Basin, tried: dict[str, _Part]) -> Callable[[FloatArray], bool] | None:
    """The predicate of the domain, or nothing where it follows the flow in plain Python."""
    outside = tried.get("outside") or _Part("outside", basin.domain.outside, basin.domain.p)
    if outside.users and "outside" not in tried:
        return None
    return lambda x: _is_outside(outside, x)


def _is_outside(part: _Part, x: FloatArray) -> bool:
    """The answer of the predicate, which may be asked anywhere; an overflow counts as far out."""
    answer = part.call(x=x)
    if answer is _FAILED:
        return True
    if part.users and not isinstance(answer, bool | np.bool_):
        raise ValueError(
            f"{part.title} returned {answer!r} at x = {checks.shown(x)}; return True or False"
        )
    return bool(answer)


def _try_margin(part: _Part, x: FloatArray) -> None:
    for reach in (0.0, 1.0):
        found, again = (part.call(x=x, covariance=np.eye(len(x)), reach=reach) for _ in range(2))
        if found is _FAILED or again is _FAILED:
            continue
        number = isinstance(found, int | float | np.integer | np.floating)
        if isinstance(found, bool) or not number or not found >= 0.0:
            raise ValueError(
                f"{part.title} returned {found!r} at x = {checks.shown(x)}; return a number from 0 "
                "to infinity"
            )
        if found != again:
            raise part.unsteady(x=x)
