"""What is known of the tails of samples: the result of `tail_index`."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from levysde._printed import Printed
from levysde._text import Row, counted, plain
from levysde.statistics.aggregation import Aggregation
from levysde.statistics.draw_dependence import CoordinateDependence, SerialDependence
from levysde.statistics.gaussian_null import Null, PooledTail
from levysde.statistics.goodness import Goodness
from levysde.statistics.verdict import rise_z

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GroupTail", "TailIndex"]

FloatArray = NDArray[np.float64]

_WIDTH = 80
_COORDINATES = ("coordinate", "coordinates")
# More coordinates are told by their quantiles alone.
_MOST_LISTED = 1000
_MOST_GROUPS = 8


@dataclass(frozen=True)
class GroupTail:
    """Coordinates of one name, such as a layer.

    Attributes
    ----------
    name : str
        The name.
    coordinates, fitted : int
        All coordinates, and those that are neither constant nor atomic.
    alpha : float
        Median of the indices; NaN if none was fitted.
    quartiles : (float, float)
        Quartiles of the indices.
    gaussian_share : float
        Share of coordinates whose interval reaches 2.
    """

    name: str
    coordinates: int
    fitted: int
    alpha: float
    quartiles: tuple[float, float]
    gaussian_share: float


@dataclass(frozen=True, repr=False)
class TailIndex(Printed):
    """Stable indices of coordinates, the tests of stability, and the verdict.

    Attributes
    ----------
    alpha, alpha_error, lower, upper : ndarray, shape (coordinates,)
        Stable index, its standard error and its interval; NaN where nothing was fitted.
    scale, scale_error : ndarray, shape (coordinates,)
        Scale and its standard error, in units of the samples.
    beta, beta_error : ndarray, shape (coordinates,)
        Skewness and its standard error.
    location : ndarray, shape (coordinates,)
        Median, in units of the samples.
    quantile_alpha : ndarray, shape (coordinates,)
        Index from quantiles, for comparison.
    constant, atomic : ndarray of bool, shape (coordinates,)
        Coordinates that are the same in half of the draws, or repeat values in a tenth of them.
    groups : tuple of GroupTail
        Summaries by name, if names were given.
    draws : int
        Draws of each coordinate.
    level : float
        Confidence level of the intervals.
    examined : ndarray of int, shape (examined,)
        Coordinates that the verdict was made of.
    aggregation : Aggregation
        Index and scale of sums of their draws.
    goodness : Goodness
        Tests of laws.
    serial : SerialDependence
        Dependence of successive draws.
    dependence : CoordinateDependence or None
        Dependence of coordinates; ``None`` for one.
    tail : PooledTail
        Hill, moment and Pickands estimates of their standardized magnitudes.
    block_estimate : float
        The pooled block estimate, for comparison with published numbers.
    null : Null
        The same estimates of Gaussian draws with the same scales.
    supported : bool
        Whether a stable law with ``alpha`` below 2 is supported.
    law : str
        `gaussian`; if supported `independent`, `isotropic`, `elliptic`, `mixed` or `multifractal`,
        as in `levysde.noise`; otherwise `not stable` or `undecided`.
    verdict : str
        The answer in words.
    """

    alpha: FloatArray
    alpha_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    scale: FloatArray
    scale_error: FloatArray
    beta: FloatArray
    beta_error: FloatArray
    location: FloatArray
    quantile_alpha: FloatArray
    constant: NDArray[np.bool_]
    atomic: NDArray[np.bool_]
    groups: tuple[GroupTail, ...]
    draws: int
    level: float
    examined: NDArray[np.intp]
    aggregation: Aggregation
    goodness: Goodness
    serial: SerialDependence
    dependence: CoordinateDependence | None
    tail: PooledTail
    block_estimate: float
    null: Null
    supported: bool
    law: str
    verdict: str

    @property
    def coordinates(self) -> int:
        """Number of coordinates."""
        return self.alpha.size

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which coordinates have an index, shape (coordinates,)."""
        return ~(self.constant | self.atomic)

    def __repr__(self) -> str:
        return (
            f"TailIndex({self.law}, supported={self.supported}, "
            f"alpha={np.median(self.alpha[self.fitted]):.3f}, coordinates={self.coordinates}, "
            f"draws={self.draws})"
        )

    def summary(self) -> str:
        """The verdict and the numbers behind it as text, as `levysde tail-index` prints them.

        Returns
        -------
        str
        """
        verdict = textwrap.fill(self.verdict, _WIDTH)
        return "\n".join([verdict, "", *self._facts(), *self._sums(), *self._by_group()])

    def plot(self, figure: Figure | None = None) -> NDArray[Any]:
        """Draw the estimates in four panels, by `levysde.plots.tail_index`.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, optional
            Where to draw; by default one of its own.

        Returns
        -------
        ndarray of matplotlib.axes.Axes, shape (4,)
        """
        from levysde import plots

        return plots.tail_index(self, figure)

    def _facts(self) -> list[str]:
        alpha, upper = self.alpha[self.fitted], self.upper[self.fitted]
        low, middle, high = np.quantile(alpha, [0.25, 0.5, 0.75])
        quantile = np.median(self.quantile_alpha[self.fitted])
        facts = [
            ("samples", f"{self.draws} draws of {counted(self.coordinates, *_COORDINATES)}"),
            ("left out", f"{self.constant.sum()} constant, {self.atomic.sum()} with atoms"),
            ("alpha", f"median {middle:.3f}, quartiles {low:.3f} to {high:.3f}; by quantiles "
             f"{quantile:.3f}"),
            ("", f"{100.0 * (upper >= 2.0).mean():.0f} % of {100.0 * self.level:g} % intervals "
             f"reach 2; Gaussian null: median {np.median(self.null.alpha):.3f}"),
            ("scale", f"median {np.median(self.scale[self.fitted]):.4g}"),
            ("examined", f"{counted(self.examined.size, *_COORDINATES)}, draws "
             f"{'depend on each other' if self.serial.significant else 'independent'}"
             f" ({100.0 * self.serial.share:.0f} % significant)"),
            ("pooled", f"block estimate {self.block_estimate:.2f}, of the Gaussian null "
             f"{self.null.block_estimate:.2f}: it decides nothing"),
        ]  # fmt: skip
        return [f"  {name:<10}{text}" for name, text in facts]

    def _sums(self) -> list[str]:
        lines = ["", "       sums of       alpha      +-   scale   m^(1/alpha)   m^(1/2)"]
        sums = self.aggregation
        for i, m in enumerate(sums.m):
            lines.append(
                f"  {m:>12}  {sums.alpha[i]:>10.3f}  {1.96 * sums.error[i]:>6.3f}  "
                f"{sums.growth[i]:>6.2f}  {m ** (1.0 / sums.alpha[0]):>12.2f}  {m**0.5:>8.2f}"
            )
        return lines

    def _by_group(self) -> list[str]:
        if not self.groups:
            return []
        lines = ["", "  group: median alpha (quartiles), share of intervals that reach 2"]
        for group in self.groups[:_MOST_GROUPS]:
            low, high = group.quartiles
            lines.append(
                f"  {group.name[:40]}: {group.alpha:.3f} ({low:.3f} to {high:.3f}), "
                f"{100.0 * group.gaussian_share:.0f} %, {group.fitted} of {group.coordinates}"
            )
        if len(self.groups) > _MOST_GROUPS:
            lines.append(f"  ... and {len(self.groups) - _MOST_GROUPS} groups more")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Everything but the curves over the largest magnitudes, as values that JSON can hold.

        Returns
        -------
        dict
            Indices of each coordinate only if there are at most 1000; numbers that do not exist are
            ``None``.
        """
        good = self.fitted
        probabilities = [0.05, 0.25, 0.5, 0.75, 0.95]
        record: dict[str, Any] = {
            "verdict": self.verdict,
            "supported": self.supported,
            "law": self.law,
            "draws": self.draws,
            "coordinates": self.coordinates,
            "constant": int(self.constant.sum()),
            "atomic": int(self.atomic.sum()),
            "level": self.level,
            "probabilities": probabilities,
            "alpha_quantiles": np.quantile(self.alpha[good], probabilities).tolist(),
            "scale_quantiles": np.quantile(self.scale[good], probabilities).tolist(),
            "quantile_alpha": float(np.median(self.quantile_alpha[good])),
            "share_reaching_2": float((self.upper[good] >= 2.0).mean()),
            "null_alpha_quantiles": np.quantile(self.null.alpha, probabilities).tolist(),
            "block_estimate": self.block_estimate,
            "null_block_estimate": self.null.block_estimate,
            "examined": self.examined.tolist(),
            "aggregation": {name: a.tolist() for name, a in vars(self.aggregation).items()},
            "growth_exponent": self.aggregation.exponent,
            "rise_z": rise_z(self.aggregation),
            "goodness": asdict(self.goodness),
            "serial": asdict(self.serial),
            "dependence": None if self.dependence is None else asdict(self.dependence),
            "groups": [asdict(group) for group in self.groups],
        }
        if self.coordinates <= _MOST_LISTED:
            names = ("alpha", "lower", "upper", "scale", "beta", "location")
            record |= {name: getattr(self, name).tolist() for name in names}
        existing: dict[str, Any] = plain(record)
        return existing

    def _rows(self) -> list[Row]:
        """A line for the sums of each number of draws."""
        sums = self.aggregation
        columns = {"m": sums.m, "alpha": sums.alpha, "error": sums.error, "scale": sums.growth}
        return [{name: plain(a[i]) for name, a in columns.items()} for i in range(len(sums.m))]

    def _frame(self) -> dict[str, Any]:
        """A line for each coordinate."""
        names = ("alpha", "lower", "upper", "scale", "beta", "location")
        return {name: getattr(self, name) for name in names}
