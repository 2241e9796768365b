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

__all__ = ["points_inside", "try_functions"]

POINTS = 100
"""Points at which a function is tried; fewer above 20 dimensions, where each costs more."""

RAYS = 8

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
    if not own:
        return
    key = _key(basin, own)
    if key in _tried:
        _tried.move_to_end(key)
        return
    for part in own:
        part.check_draws()
        part.check_indices(basin.dim)
    with np.errstate(all="ignore"):
        _try_at_points(basin, {part.kind: part for part in own})
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

        lengths = {0: ("x", dim), 1: ("p", len(self.p)), 2: ("out", dim)}
        if self.kind != "gradient":
            del lengths[2]
        for argument, index in constant_indices(self.function) if self.users else ():
            if argument in lengths:
                name, length = lengths[argument]
                if not -length <= index < length:
                    raise ValueError(f"{self.title} uses {name}[{index}], but {self._sizes(dim)}")

    def call(self, x: FloatArray, *others: Any, allowed: tuple[type[Exception], ...] = ()) -> Any:
        """The answer at x, or `_FAILED`."""
        point, p = x.copy(), np.array(self.p)
        try:
            answer = self.run(point, p, *others)
        except IndexError as error:
            raise self._failure(x, error, self._sizes(len(x))) from error
        except Exception as error:
            # Where Python says that a number is too large compiled arithmetic gives an infinity.
            if isinstance(error, (OverflowError, *allowed)):
                return _FAILED
            mend = "give a number at every point"
            raise self._failure(x, error, mend) from error
        for name, before, after in (("x", x, point), ("p", self.p, p)):
            if not np.array_equal(before, after, equal_nan=True):
                raise ValueError(
                    f"{self.title} changed {name} at x = {checks.shown(x)}; only read {name}"
                )
        return answer

    def _sizes(self, dim: int) -> str:
        arrays = "x and out have" if self.kind == "gradient" else "x has"
        return f"{arrays} {dim} numbers and p has {len(self.p)}: stay within them"

    def _failure(self, x: FloatArray, error: Exception, mend: str) -> ValueError:
        what = f"{type(error).__name__}: {error}"
        return ValueError(f"{self.title} failed at x = {checks.shown(x)}: {what}; {mend}")

    def unsteady(self, x: FloatArray) -> ValueError:
        """What is said where two calls gave two answers."""
        return ValueError(
            f"{self.title} gave two answers at x = {checks.shown(x)}; compute it from x and p "
            "alone, and describe noise by a law of levysde.noise"
        )


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


# ------------------------------------------------------------------------------------------- points


def points_inside(basin: Basin) -> list[FloatArray]:
    """A few points of the domain: the minimum, the start, and some half way to the boundary.

    Parameters
    ----------
    basin : Basin
        With the domain.

    Returns
    -------
    list of ndarray, shape (dim,)

    Examples
    --------
    >>> from levysde import basins
    >>> [float(x[0]) for x in points_inside(basins.flat())]
    [0.0, 0.0, 0.25, -0.25]
    """
    steps = 0.5 * basin.domain.size_about(basin.center) * _directions(basin.dim, 4)
    near = [basin.center + step for step in steps]
    return [basin.center, basin.start, *(x for x in near if basin.domain.contains(x))]


def _try_at_points(basin: Basin, tried: dict[str, _Part]) -> None:
    outside = tried.get("outside") or _Part("outside", basin.domain.outside, basin.domain.p)
    follows_flow = bool(outside.users) and "outside" not in tried
    count = max(12, min(POINTS, 2000 // basin.dim))
    directions = _directions(basin.dim, min(RAYS, count // 6))
    for direction in directions:
        distance = _size(basin) if follows_flow else _way_out(basin, direction, outside)
        for radius in _radii(distance, count // len(directions)):
            x = basin.center + radius * direction
            _try_at(tried, x, not follows_flow and not _is_outside(outside, x))


def _try_at(tried: dict[str, _Part], x: FloatArray, inside: bool) -> None:
    if "gradient" in tried:
        _try_gradient(tried["gradient"], x, inside)
    if "outside" in tried and _is_outside(tried["outside"], x) == inside:
        raise tried["outside"].unsteady(x)
    if "margin" in tried and inside:
        _try_margin(tried["margin"], x)


def _directions(dim: int, rays: int) -> FloatArray:
    """Unit vectors: both sides of the first axes, and others without a symmetry."""
    axes = np.repeat(np.eye(dim)[: max(1, rays // 4)], 2, axis=0)
    axes[1::2] *= -1.0
    if dim == 1:
        return axes
    oblique = np.random.default_rng(0).standard_normal((rays - len(axes), dim))
    return np.concatenate([axes, oblique / np.linalg.norm(oblique, axis=1)[:, None]])


def _size(basin: Basin) -> float:
    """Lengths that may occur, where the distance of the boundary is not known."""
    return max(1.0, float(np.abs(basin.center).max()), float(np.abs(basin.start).max()))


def _way_out(basin: Basin, direction: FloatArray, outside: _Part) -> float:
    """About the distance of the boundary along a ray, or the size of the problem."""
    inner, size = 0.0, _size(basin)
    for outer in size * np.exp2(np.arange(-24.0, 16.0, 2.0)):
        if not _is_outside(outside, basin.center + outer * direction):
            inner = outer
            continue
        for _ in range(12):
            middle = 0.5 * (inner + outer)
            if _is_outside(outside, basin.center + middle * direction):
                outer = middle
            else:
                inner = middle
        return float(outer)
    return size


def _radii(distance: float, count: int) -> FloatArray:
    """Distances along a ray: even ones inside, then closer and closer to the boundary, and far."""
    far = max(3, 2 * count // 5)
    even = np.linspace(0.0, 0.97, count - far) + 0.5 * 0.97 / (count - far)
    beyond = 1.0 + np.geomspace(1e-3, 1e3, far - 1)
    shares = np.concatenate([even[even < 0.999], [0.999], beyond])
    return np.asarray(distance * shares, dtype=np.float64)


# ---------------------------------------------------------------------------------------- functions


def _try_gradient(part: _Part, x: FloatArray, inside: bool) -> None:
    """What a gradient leaves unwritten, or reads from out, shows in two different fillings."""
    allowed = () if inside else _ARITHMETIC

    def filled_with(value: float) -> FloatArray:
        out = np.full(len(x), value)
        failed = part.call(x, out, allowed=allowed) is _FAILED
        return np.zeros(0) if failed else out

    first, second = filled_with(np.nan), filled_with(0.5)
    if np.array_equal(first, second, equal_nan=True):
        return
    if not np.array_equal(first, filled_with(np.nan), equal_nan=True) or not first.size:
        raise part.unsteady(x)
    differs = (first != second) & ~(np.isnan(first) & np.isnan(second))
    raise ValueError(
        f"{part.title} left component {int(np.flatnonzero(differs)[0])} of out unwritten, or read "
        f"it, at x = {checks.shown(x)}; write a number into every component of out"
    )


def _is_outside(part: _Part, x: FloatArray) -> bool:
    """The answer of the predicate, which may be asked anywhere; an overflow counts as far out."""
    answer = part.call(x)
    if answer is _FAILED:
        return True
    if part.users and not isinstance(answer, bool | np.bool_):
        raise ValueError(
            f"{part.title} returned {answer!r} at x = {checks.shown(x)}; return True or False"
        )
    return bool(answer)


def _try_margin(part: _Part, x: FloatArray) -> None:
    for reach in (0.0, 1.0):
        found, again = (part.call(x, np.eye(len(x)), reach) for _ in range(2))
        if found is _FAILED or again is _FAILED:
            continue
        number = isinstance(found, int | float | np.integer | np.floating)
        if isinstance(found, bool) or not number or not found >= 0.0:
            raise ValueError(
                f"{part.title} returned {found!r} at x = {checks.shown(x)}; return a number from 0 "
                "to infinity"
            )
        if found != again:
            raise part.unsteady(x)
