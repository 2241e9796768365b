"""One model in different units of length and time, for tests of dimensional consistency.

With x' = c x and t' = k t the flow dx = -grad F dt becomes dx' = -grad F' dt', with
grad F'(x') = (c/k) grad F(x'/c), and noise of amplitude eps has amplitude eps c k^(-1/alpha). An
optimizer that divides by Q leaves the unit of the gradient free: it is multiplied by g, Q by
q = g k/c, and eps by q c k^(-1/alpha). Where Q is the size of the gradient itself q = g, and time
is a length, k = c.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import levysde as ls
from levysde.basins import Basin
from levysde.domains import Domain
from levysde.dynamics import Dynamics
from levysde.noise import Noise
from levysde.potentials import Potential


@dataclass(frozen=True)
class Units:
    """By what numbers are multiplied.

    Attributes
    ----------
    length, time, force : float
        Numbers of lengths, of times and of gradients.
    """

    length: float
    time: float
    force: float

    @property
    def curvature(self) -> float:
        """Numbers of second derivatives."""
        return self.force / self.length

    @property
    def divisor(self) -> float:
        """Numbers of what gradients are divided by."""
        return self.force * self.time / self.length

    def noise(self, alpha: float) -> float:
        """Numbers of noise amplitudes."""
        return self.divisor * self.length * float(np.exp2(-np.log2(self.time) / alpha))


ONE = Units(1.0, 1.0, 1.0)


def plain_units(length: float, time: float) -> Units:
    """Units of a dynamics that follows the gradient itself."""
    return Units(length, time, length / time)


def adaptive_units(length: float, force: float) -> Units:
    """Units of a dynamics that divides by the size of the gradient."""
    return Units(length, length, force)


# Times of which powers 1/alpha are powers of two, for alpha = 1.2, 1.5 and 2.
POWERS_OF_TWO = [(2.0**-30, 1.0), (1.0, 2.0**-30), (2.0**24, 2.0**-18), (2.0**-12, 2.0**30)]
POWERS_OF_TEN = [(1e-9, 1e6), (1e-3, 1e-9), (1e6, 1e6), (1e6, 1e-3)]
SYSTEMS = POWERS_OF_TWO + POWERS_OF_TEN


# ------------------------------------------------------------------------------------------ basins


def _own_gradient(x: Any, p: Any, out: Any) -> None:
    y = x[0] / p[0]
    out[0] = p[1] * (y + 0.5 * y * y + y * y * y)


def _own_value(x: Any, p: Any) -> float:
    y = x[0] / p[0]
    return float(p[1] * p[0] * (0.5 * y * y + y * y * y / 6.0 + 0.25 * y**4))


def _own_outside(x: Any, p: Any) -> bool:
    return (x[0] <= -p[0]) | (x[0] * x[0] >= 1.44 * p[0] * p[0])


def _valley_gradient(x: Any, p: Any, out: Any) -> None:
    y = x[0] / p[0]
    out[0] = p[1] * (y * (y * y - 1.0) + 0.1)
    out[1] = 4.0 * p[1] * x[1] / p[0]


def _valley_value(x: Any, p: Any) -> float:
    y, z = x[0] / p[0], x[1] / p[0]
    return float(p[1] * p[0] * (0.25 * (y * y - 1.0) ** 2 + 0.1 * y + 2.0 * z * z))


def _valley_outside(x: Any, p: Any) -> bool:
    return (x[0] <= 0.1 * p[0]) | (abs(x[1]) >= 1.5 * p[0])


def _kinked_gradient(x: Any, p: Any, out: Any) -> None:
    for j in range(len(x)):
        out[j] = p[0] if x[j] > 0.0 else (-p[0] if x[j] < 0.0 else 0.0)


def _kinked_value(x: Any, p: Any) -> float:
    total = 0.0
    for j in range(len(x)):
        total += p[0] * abs(x[j])
    return total


def _round(curvature: float, dim: int = 1) -> Callable[[Units], Basin]:
    def make(u: Units) -> Basin:
        radius = u.length / np.sqrt(curvature)
        one = ls.domains.interval(-radius, radius)
        domain = one if dim == 1 else ls.domains.ball(np.zeros(dim), radius)
        well = ls.potentials.quadratic(dim, curvature * u.curvature)
        return Basin(well, domain, np.zeros(dim))

    return make


def _asymmetric(u: Units) -> Basin:
    well = ls.potentials.asymmetric_quadratic(1, 16.0 * u.curvature, u.curvature)
    return Basin(well, ls.domains.interval(-0.25 * u.length, u.length), [0.0])


def _asymmetric_plane(u: Units) -> Basin:
    well = ls.potentials.asymmetric_quadratic(2, 16.0 * u.curvature, u.curvature)
    return Basin(well, ls.domains.sublevel_set(well, 0.5 * u.force * u.length), [0.0, 0.0])


def _double_well(u: Units) -> Basin:
    well = ls.potentials.double_well(1, 0.25 * u.force * u.length, u.length, u.curvature)
    return Basin(well, ls.domains.interval(0.0, np.inf), [u.length])


def _double_well_box(u: Units) -> Basin:
    well = ls.potentials.double_well(2, 0.25 * u.force * u.length, u.length, 2.0 * u.curvature)
    room = ls.domains.box([0.0, -u.length], [np.inf, 2.0 * u.length])
    return Basin(well, room, [u.length, 0.0])


def _quartic(u: Units) -> Basin:
    well = ls.potentials.quartic(1, u.curvature / u.length**2)
    return Basin(well, ls.domains.interval(-u.length, u.length), [0.0])


def _own(u: Units) -> Basin:
    given = {"length": u.length, "force": u.force}
    domain = Domain(1, _own_outside, {"length": u.length})
    return Basin(Potential(1, _own_gradient, _own_value, given), domain, [0.0])


def _valley(u: Units) -> Basin:
    given = {"length": u.length, "force": u.force}
    domain = Domain(2, _valley_outside, {"length": u.length})
    minimum = [0.9456492739235915 * u.length, 0.0]
    return Basin(Potential(2, _valley_gradient, _valley_value, given), domain, minimum)


def _kinked(u: Units) -> Basin:
    well = Potential(1, _kinked_gradient, _kinked_value, {"force": u.force})
    return Basin(well, ls.domains.interval(-u.length, u.length), [0.0])


def _ellipse(u: Units) -> Basin:
    well = ls.potentials.quadratic(2, u.curvature * np.array([[2.0, 0.5], [0.5, 1.0]]))
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]]) / u.length**2
    return Basin(well, ls.domains.ellipsoid([0.0, 0.0], matrix), [0.0, 0.0])


def _slab(u: Units) -> Basin:
    """Unbounded along the second axis."""
    well = ls.potentials.quadratic(2, u.curvature * np.array([1.0, 2.0]))
    return Basin(well, ls.domains.half_space([1.0, 0.0], u.length), [0.0, 0.0])


def _trough_gradient(x: Any, p: Any, out: Any) -> None:
    y, z = x[0] / p[0], x[1] / p[0]
    out[0] = p[1] * y
    out[1] = p[1] * (z + z * z * z)


def _trough(u: Units) -> Basin:
    """Unbounded along the second axis, and not linear there."""
    well = Potential(2, _trough_gradient, params={"length": u.length, "force": u.force})
    return Basin(well, ls.domains.half_space([1.0, 0.0], u.length), [0.0, 0.0])


def _half_line(u: Units) -> Basin:
    """Unbounded on one side, and not linear."""
    given = {"length": u.length, "force": u.force}
    well = Potential(1, _own_gradient, _own_value, given)
    return Basin(well, ls.domains.interval(-np.inf, u.length), [0.0])


def _off_center(u: Units) -> Basin:
    well = ls.potentials.quadratic(1, u.curvature, 3.0 * u.length)
    return Basin(well, ls.domains.interval(2.0 * u.length, 4.0 * u.length), [3.0 * u.length])


def _near_the_edge(u: Units) -> Basin:
    well = ls.potentials.quadratic(1, u.curvature)
    return Basin(well, ls.domains.interval(-u.length, u.length), [0.0], [0.96 * u.length])


BASINS: dict[str, Callable[[Units], Basin]] = {
    "sharp": _round(16.0),
    "flat": _round(1.0),
    "disc": _round(1.0, 2),
    "asymmetric": _asymmetric,
    "asymmetric plane": _asymmetric_plane,
    "double well": _double_well,
    "double well in a box": _double_well_box,
    "quartic": _quartic,
    "own": _own,
    "valley": _valley,
    "kinked": _kinked,
    "ellipse": _ellipse,
    "slab": _slab,
    "trough": _trough,
    "half line": _half_line,
    "off center": _off_center,
    "near the edge": _near_the_edge,
}


# ------------------------------------------------------------------------------------------- noise


def _several(u: Units) -> tuple[Noise, float]:
    scales = [u.noise(alpha) for alpha in (1.2, 1.5)]
    return ls.noise.multifractal([1.2, 1.5], scales), 1.0


def _law(make: Callable[[], Noise]) -> Callable[[Units], tuple[Noise, float]]:
    def scaled(u: Units) -> tuple[Noise, float]:
        law = make()
        return law, u.noise(law.alpha)

    return scaled


_MATRIX = [[1.0, 0.5], [0.0, 1.0]]

LAWS: dict[str, Callable[[Units], tuple[Noise, float]]] = {
    "independent": _law(lambda: ls.noise.independent(1.5)),
    "heavier": _law(lambda: ls.noise.independent(0.75)),
    "Gaussian": _law(lambda: ls.noise.independent(2.0)),
    "skewed": _law(lambda: ls.noise.independent(1.5, beta=0.5)),
    "isotropic": _law(lambda: ls.noise.isotropic(1.5)),
    "elliptic": _law(lambda: ls.noise.elliptic(1.5, _MATRIX)),
    "mixed": _law(lambda: ls.noise.mixed(1.5, _MATRIX)),
    "spectral": _law(lambda: ls.noise.spectral(1.5, [[1.0, 0.0], [0.6, 0.8]], [1.0, 0.5])),
    "multifractal": _several,
}
"""The law, and the amplitude in units in which it is 1."""


# ---------------------------------------------------------------------------------------- dynamics


def _frozen(name: str, form: str) -> Callable[[Units], Dynamics]:
    def make(u: Units) -> Dynamics:
        given: dict[str, Any] = {"eps": 0.5 * u.divisor, "frozen": 1.5 * u.divisor, "form": form}
        if name != "rmsprop" and name != "adam":
            decay = 0.1 / u.time
            given["weight_decay"] = decay * u.divisor if name == "adam_l2" else decay
        return getattr(ls.dynamics, name)(**given)  # type: ignore[no-any-return]

    return make


def _per_time(name: str) -> Callable[[Units], Dynamics]:
    def make(u: Units) -> Dynamics:
        rates: dict[str, Any] = {"form": "sde", "rates": "per_time"}
        if name == "momentum":
            return ls.dynamics.momentum(decay=2.0 / u.time, **rates)
        rates |= {"eps": 0.5 * u.divisor, "frozen": 1.5 * u.divisor}
        if name == "rmsprop":
            return ls.dynamics.rmsprop(decay=2.0 / u.time, **rates)
        return ls.dynamics.adam(b1=2.0 / u.time, b2=0.5 / u.time, **rates)

    return make


def _live(name: str, **given: Any) -> Callable[[Units], Dynamics]:
    def make(u: Units) -> Dynamics:
        numbers: dict[str, Any] = {"eps": 0.125 * u.force, **given}
        if "gradient_noise" in given:
            numbers["gradient_noise"] = given["gradient_noise"] * u.force
        if name in ("adam_l2", "adamw", "adamprox"):
            numbers["weight_decay"] = 0.125 * (u.curvature if name == "adam_l2" else 1.0 / u.time)
        return getattr(ls.dynamics, name)(**numbers)  # type: ignore[no-any-return]

    return make


PLAIN: dict[str, Callable[[Units], Dynamics]] = {
    "sgd": lambda u: ls.dynamics.sgd(),
    "clipped sgd": lambda u: ls.dynamics.sgd(clip=0.5 * u.length),
    "momentum": lambda u: ls.dynamics.momentum(0.5),
    "momentum in continuous time": _per_time("momentum"),
}
"""Dynamics that leave no unit but those of length and time free."""

DIVIDED: dict[str, Callable[[Units], Dynamics]] = {
    **{f"frozen {name}": _frozen(name, "algorithm") for name in ("rmsprop", "adam", "adam_l2")},
    **{f"frozen {name}": _frozen(name, "sde") for name in ("adamw", "adamprox")},
    "rmsprop in continuous time": _per_time("rmsprop"),
    "adam in continuous time": _per_time("adam"),
}
"""Those that divide by a given number."""

LIVE: dict[str, Callable[[Units], Dynamics]] = {
    **{name: _live(name) for name in ("rmsprop", "adam", "adam_l2", "adamw", "adamprox")},
    "adam of an equation": _live("adam", form="sde"),
    "adam with noisy moments": _live("adam", form="sde", gradient_noise=1.0),
}
"""Those that divide by the size of the gradient."""

BRIEF: dict[str, Callable[[Units], Dynamics]] = {
    "brief rmsprop": _live("rmsprop", decay=0.97),
    **{f"brief {name}": _live(name, b2=0.9) for name in ("adam", "adam_l2", "adamw", "adamprox")},
    "brief adam of an equation": _live("adam", b2=0.9, form="sde"),
    "brief adam with noisy moments": _live("adam", b2=0.9, form="sde", gradient_noise=1.0),
}
"""The same with second moments that relax soon, where relaxation is measured."""


@dataclass(frozen=True)
class Case:
    """A basin, a dynamics, a law of noise and its amplitude in the units of the basin.

    Attributes
    ----------
    basin, law, dynamics : str
        Keys of the tables.
    epsilon : float
        Noise amplitude.
    """

    basin: str
    law: str = "independent"
    dynamics: str = "sgd"
    epsilon: float = 0.25

    def __str__(self) -> str:
        return f"{self.basin}, {self.law}, {self.dynamics}, {self.epsilon:g}"

    def units(self, first: float, second: float) -> Units:
        """Units that the dynamics leaves free."""
        if self.dynamics in LIVE | BRIEF:
            return adaptive_units(first, second)
        if self.dynamics in DIVIDED:
            return Units(first, second, 2.0**-9 * first / second)
        return plain_units(first, second)

    def model(self, u: Units) -> tuple[Basin, Dynamics, Noise, float]:
        """The arguments of `escape_times` and `predict`."""
        dynamics = (PLAIN | DIVIDED | LIVE | BRIEF)[self.dynamics](u)
        law, amplitude = LAWS[self.law](u)
        if self.law == "multifractal":
            return BASINS[self.basin](u), dynamics, law, self.epsilon
        return BASINS[self.basin](u), dynamics, law, self.epsilon * amplitude
