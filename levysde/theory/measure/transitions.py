"""The chain of jumps between the minima of a potential in the limit of small noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde._printed import Printed, short_repr
from levysde._text import Row, number, table
from levysde.theory import arguments
from levysde.theory.flow import Attraction, checked_minima, saddles_between
from levysde.theory.measure.jump_laws import Law, RayLaw, jump_laws, law_at, varies
from levysde.theory.numbers import checked_positive, real_numbers
from levysde.theory.protocols import NoiseLike, PotentialLike, Vector

_MOST_WELLS, _MOST_COORDINATES = 7, 4

Segments = list[tuple[float, float, int]]


@dataclass(frozen=True, eq=False, repr=False)
class TransitionRates(Printed):
    """A Markov chain on the minima of a potential.

    Parameters
    ----------
    minima : ndarray, shape (k, dim)
        The minima, in the order given.
    rates : ndarray, shape (k, k)
        q_ij from minimum i to minimum j, per unit time; on the diagonal minus the sum of the row.
    stationary : ndarray, shape (k,), or None
        Stationary distribution; None where it is not unique.
    residence_times : ndarray, shape (k,)
        Mean time until the next transition from each minimum; ``inf`` where there is none.

    Examples
    --------
    >>> chain = TransitionRates(
    ...     minima=np.array([[-1.0], [1.0]]),
    ...     rates=np.array([[-1.0, 1.0], [3.0, -3.0]]),
    ...     stationary=np.array([0.75, 0.25]),
    ...     residence_times=np.array([1.0, 1.0 / 3.0]),
    ... )
    >>> chain.stationary @ chain.rates
    array([0., 0.])
    """

    minima: Vector
    rates: Vector
    stationary: Vector | None
    residence_times: Vector

    def __repr__(self) -> str:
        """Return the number of wells and their mean residence times."""
        times = ", ".join(number(time, 3) for time in self.residence_times[:_MOST_WELLS])
        return short_repr(self, f"wells={len(self.minima)}, residence_times=({times})")

    def summary(self) -> str:
        """The wells and the rates between the first of them as text.

        Returns
        -------
        str
        """
        wells: list[tuple[str, ...]] = [("well", "minimum", "residence time", "stationary")]
        for i, point in enumerate(self.minima[:_MOST_WELLS]):
            share = "none" if self.stationary is None else f"{self.stationary[i]:.4f}"
            place = ", ".join(f"{x:.6g}" for x in point[:_MOST_COORDINATES])
            place += ", ..." if len(point) > _MOST_COORDINATES else ""
            wells.append((str(i), place, number(float(self.residence_times[i])), share))
        head = ("from \\ to", *map(str, range(len(wells) - 1)))
        rates: list[tuple[str, ...]] = [head]
        for i, row in enumerate(self.rates[:_MOST_WELLS, :_MOST_WELLS]):
            rates.append((str(i), *("" if i == j else number(q, 4) for j, q in enumerate(row))))
        right = tuple(range(len(head)))
        parts = [f"Transitions between {len(self.minima)} wells by the theory of small noise"]
        parts += [table(wells, right=(0, 2, 3)), table(rates, right=right)]
        more = len(self.minima) - _MOST_WELLS
        return "\n\n".join([*parts, f"  ... and {more} wells more"] if more > 0 else parts)

    def _rows(self) -> list[Row]:
        wells = range(len(self.minima))
        return [
            {"origin": i, "target": j, "rate": float(self.rates[i, j])}
            for i in wells
            for j in wells
            if i != j
        ]


def _line_segments(potential: PotentialLike, minima: Vector) -> dict[tuple[int, float], Segments]:
    """Return the domains of attraction along both directions from each minimum on the line."""
    order = np.argsort(minima[:, 0])
    points = minima[order, 0]
    saddles = saddles_between(potential, points)
    found: dict[tuple[int, float], Segments] = {}
    for place, index in enumerate(order):
        point = points[place]
        right = [0.0, *(saddles[place:] - point).tolist(), np.inf]
        left = [0.0, *(point - saddles[:place][::-1]).tolist(), np.inf]
        for sign, ends, names in (
            (1.0, right, order[place:]),
            (-1.0, left, order[: place + 1][::-1]),
        ):
            found[int(index), sign] = [
                (a, b, int(i)) for a, b, i in zip(ends[:-1], ends[1:], names, strict=True)
            ]
    return found


def _on_rays(laws: tuple[Law, ...]) -> list[RayLaw]:
    rays = [law for law in laws if isinstance(law, RayLaw)]
    if len(rays) != len(laws):
        raise ValueError(
            "transition rates in more than one dimension are known for noise on rays only; give "
            "noise of the form 'columns'"
        )
    return rays


def _rates(
    potential: PotentialLike, minima: Vector, laws: list[list[RayLaw]], epsilon: float
) -> Vector:
    line = _line_segments(potential, minima) if potential.dim == 1 else None
    attraction = Attraction(potential, minima)
    rates = np.zeros((len(minima), len(minima)))
    for i in range(len(minima)):
        for law in laws[i]:
            for direction, weight in zip(law.directions, law.weights, strict=True):
                if line is None:
                    segments = attraction.segments(i, direction)
                else:
                    segments = line[i, float(direction[0])]
                for start, stop, j in segments:
                    if j != i:
                        mass = weight * (start**-law.alpha - stop**-law.alpha)
                        rates[i, j] += epsilon**law.alpha * mass
    np.fill_diagonal(rates, -np.sum(rates, axis=1))
    return rates


def _stationary(rates: Vector) -> Vector | None:
    """Return the solution of pi Q = 0, None if there is more than one closed class."""
    from scipy.sparse.csgraph import connected_components

    links = (rates > 0.0).astype(np.int8)
    count, members = connected_components(links, directed=True, connection="strong")
    leaves: NDArray[np.bool_] = (links > 0) & (members[:, None] != members[None, :])
    closed = [c for c in range(count) if not leaves[members == c].any()]
    if len(closed) != 1:
        return None
    inside = np.flatnonzero(members == closed[0])
    pi = np.zeros(len(rates))
    pi[inside] = _class_stationary(rates[np.ix_(inside, inside)])
    return pi


def _class_stationary(rates: Vector) -> Vector:
    """Return the stationary law of an irreducible chain without subtractions.

    Source: Grassmann, Taksar & Heyman, Oper. Res. 33 (1985) 1107.
    """
    q = rates.copy()
    for k in range(len(q) - 1, 0, -1):
        q[:k, k] /= np.sum(q[k, :k])
        q[:k, :k] += np.outer(q[:k, k], q[k, :k])
    pi = np.ones(len(q))
    for k in range(1, len(q)):
        pi[k] = pi[:k] @ q[:k, k]
    return np.asarray(pi / np.sum(pi))


@arguments.checked(potential=arguments.potential, minima=real_numbers, noise=arguments.noise)
def transition_rates(
    potential: PotentialLike, minima: ArrayLike, noise: NoiseLike, epsilon: float
) -> TransitionRates:
    """Return the small-noise chain q_ij = eps^alpha nu{y : m_i + y in Omega_j}.

    Omega_j is the domain of attraction of the minimum m_j under dx = -grad F(x) dt. In one
    dimension it is the interval between the neighboring maxima, found by bisection. In more
    dimensions points of the rays of the noise are classified by integrating the flow until it is
    near a minimum, six points an octave from 1/64 of the distance to the next minimum to 64 times
    that to the farthest, and every change is narrowed to a relative width of 1e-9: a layer
    thinner than twelve percent of its distance can be missed. With two minima on the line, at
    distances d_1 and d_2 from the maximum between them, pi_1 / pi_2 = (d_1 / d_2)^alpha, whatever
    the heights.

    Parameters
    ----------
    potential : object
        Potential with ``dim``, ``p`` and ``gradient(x, p, out)``.
    minima : array_like, shape (k, dim)
        All minima; shape (k,) in one dimension.
    noise : object
        Noise law; in more than one dimension one on rays (independent, mixed, spectral,
        multifractal).
    epsilon : float
        Noise amplitude, positive, units of the state per time^(1/alpha).

    Returns
    -------
    TransitionRates
        Rates per unit time, stationary distribution and mean residence times.

    Raises
    ------
    ValueError
        If a point is not a minimum, two minima on the line are not separated by a maximum, a
        minimum is missing, the law has mass in all directions or changes with time, or a number is
        out of range.

    Notes
    -----
    Source: Imkeller & Pavlyukevich, Stochastic Process. Appl. 116 (2006) 611; Imkeller,
    Pavlyukevich & Stauch, J. Stat. Phys. 141 (2010) 94.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def gradient(x, p, out):
    ...     out[0] = (x[0] + 1.0) * x[0] * (x[0] - 2.0)
    >>> wells = SimpleNamespace(dim=1, gradient=gradient, p=np.empty(0))
    >>> from levysde.noise import independent
    >>> chain = transition_rates(wells, [-1.0, 2.0], independent(1.0), epsilon=0.01)
    >>> chain.stationary.round(6).tolist()
    [0.333333, 0.666667]
    """
    epsilon = checked_positive(epsilon, "epsilon")
    points = checked_minima(potential, minima)
    for point in points:
        if varies(noise, point):
            raise ValueError(
                "the noise changes with time, and with it the rates of transitions; give the law "
                "at one time, noise.at(x, t)"
            )
    laws = [_on_rays(jump_laws(law_at(noise, point), potential.dim)) for point in points]
    rates = _rates(potential, points, laws, epsilon)
    leaving = -np.diag(rates)
    residence = np.divide(1.0, leaving, out=np.full(len(points), np.inf), where=leaving > 0.0)
    return TransitionRates(points, rates, _stationary(rates), np.asarray(residence))
