"""Whether draws depend on earlier ones, and coordinates on each other, whatever their tails."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CoordinateDependence", "SerialDependence"]

FloatArray = NDArray[np.float64]

# Two-sided 5 % point of a normal law.
_NORMAL_5 = 1.959963984540054
_SIGMAS = 4.0
# The largest magnitudes of a coordinate that count as extreme.
_EXTREME = 0.02


@dataclass(frozen=True)
class SerialDependence:
    """Rank correlations of successive draws.

    Attributes
    ----------
    correlation : float
        Mean over coordinates of the rank autocorrelation of lag 1, dimensionless.
    share : float
        Share of coordinates in which it, or that of the magnitudes, is significant at 5 %: near
        0.1 if draws are independent.
    significant : bool
        Whether ``share`` is larger than independent draws allow by 4 standard errors.
    """

    correlation: float
    share: float
    significant: bool


@dataclass(frozen=True)
class CoordinateDependence:
    """Dependence of the coordinates of one draw.

    Attributes
    ----------
    leading_share : float
        Share of the largest eigenvalue in the correlations of normal scores, or of the directions
        of draws where large values come together.
    leading_limit : float
        What independent coordinates reach: the edge of Marchenko and Pastur and 4 of its widths.
    joint_extremes : float
        Variance over draws of the number of coordinates among their largest 2 % magnitudes, over
        that of independent coordinates: 1 if large values come alone.
    joint_limit : float
        What independent coordinates reach in 4 standard errors.
    """

    leading_share: float
    leading_limit: float
    joint_extremes: float
    joint_limit: float

    @property
    def jumps_together(self) -> bool:
        """Whether large values come at the same draws."""
        return self.joint_extremes > self.joint_limit

    @property
    def directions(self) -> bool:
        """Whether some directions have more of the energy than others."""
        return self.leading_share > self.leading_limit


def serial_dependence(draws: FloatArray) -> SerialDependence:
    """Rank autocorrelation of draws of shape (draws, coordinates) and of their magnitudes."""
    count = len(draws)
    plain, sizes = (_lag_one(_ranks(x)) for x in (draws, np.abs(draws - np.median(draws, axis=0))))
    hit = np.abs(np.stack([plain, sizes])) * math.sqrt(count) > _NORMAL_5
    share = float(hit.any(axis=0).mean())
    # Coordinates of a draw may depend on each other; one coordinate is then as good as all.
    spread = math.sqrt(0.0975 * 0.9025 / draws.shape[1])
    strong = float(np.abs(np.stack([plain, sizes]).mean(axis=1)).max()) * math.sqrt(count)
    return SerialDependence(
        correlation=float(plain.mean()),
        share=share,
        significant=strong > _SIGMAS or (share > 0.0975 + _SIGMAS * spread and strong > 2.0),
    )


def _ranks(draws: FloatArray) -> FloatArray:
    """Ranks of each column, from -1 to 1."""
    order = np.argsort(np.argsort(draws, axis=0), axis=0)
    return np.asarray((2.0 * order + 1.0) / len(draws) - 1.0)


def _lag_one(ranks: FloatArray) -> FloatArray:
    return np.asarray((ranks[1:] * ranks[:-1]).sum(axis=0) / (ranks**2).sum(axis=0))


def coordinate_dependence(draws: FloatArray) -> CoordinateDependence | None:
    """Dependence of coordinates of shape (draws, coordinates); None for a single one."""
    from scipy.special import ndtri

    count, width = draws.shape
    if width < 2:
        return None
    ratio = width / count
    edge = (1.0 + math.sqrt(ratio)) ** 2
    # I. M. Johnstone, Ann. Stat. 29 (2001) 295: fluctuations at the edge.
    fluctuation = (1.0 + math.sqrt(ratio)) / math.sqrt(count)
    fluctuation *= (1.0 / math.sqrt(count) + 1.0 / math.sqrt(width)) ** (1.0 / 3.0)
    magnitudes = np.abs(draws - np.median(draws, axis=0))
    extreme = magnitudes > np.quantile(magnitudes, 1.0 - _EXTREME, axis=0)
    together = extreme.sum(axis=1)
    probability = extreme.mean(axis=0)
    alone = float((probability * (1.0 - probability)).sum())
    # The variance of the sample variance of a sum of independent indicators.
    kurtosis = 2.0 + 1.0 / alone
    joint, limit = float(together.var()) / alone, 1.0 + _SIGMAS * math.sqrt(kurtosis / count)
    if joint > limit:
        # A common size would show as an excess in all directions: directions alone are compared.
        unit = (draws - np.median(draws, axis=0)) / np.median(magnitudes, axis=0)
        scores = math.sqrt(width) * unit / np.linalg.norm(unit, axis=1, keepdims=True)
    else:
        scores = ndtri(0.5 * (_ranks(draws) + 1.0))
    scores = scores / np.sqrt((scores**2).mean(axis=0))
    largest = float(np.linalg.eigvalsh(scores.T @ scores / count)[-1])
    return CoordinateDependence(
        leading_share=largest / width,
        leading_limit=(edge + _SIGMAS * fluctuation) / width,
        joint_extremes=joint,
        joint_limit=limit,
    )
