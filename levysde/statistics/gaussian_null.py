"""What the same estimators say of Gaussian draws with the same scales."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levysde.statistics import characteristic
from levysde.statistics.block_means import block_estimate
from levysde.statistics.order_statistics import (
    OrderEstimate,
    hill_estimate,
    moment_estimate,
    pickands_estimate,
)

__all__ = ["Null", "PooledTail"]

FloatArray = NDArray[np.float64]

# No verdict hangs on these draws: they are shown beside it, and the same in every call.
_SEED = 20_190_521
_MOST_POOLED = 400_000


@dataclass(frozen=True)
class PooledTail:
    """Tail indices of standardized magnitudes of all examined coordinates together.

    Attributes
    ----------
    hill, moment, pickands : OrderEstimate
        Over the number of largest magnitudes; their bands are for independent coordinates.
    """

    hill: OrderEstimate
    moment: OrderEstimate
    pickands: OrderEstimate


@dataclass(frozen=True)
class Null:
    """Gaussian draws of the same scales through the same estimators.

    Attributes
    ----------
    alpha : ndarray, shape (examined,)
        Index of each coordinate.
    block_estimate : float
        Pooled block estimate of the Gaussian draws, which is below 2 where scales differ.
    tail : PooledTail
        Of the standardized Gaussian draws.
    """

    alpha: FloatArray
    block_estimate: float
    tail: PooledTail


def gaussian_null(scales: FloatArray, draws: int) -> Null:
    """Gaussian draws, centered at 0, of the scales of stable laws."""
    rng = np.random.Generator(np.random.Philox(_SEED))
    samples = math.sqrt(2.0) * scales * rng.standard_normal((draws, scales.size))
    return Null(
        alpha=characteristic.characteristic_fit(samples).alpha,
        block_estimate=pooled_blocks(samples),
        tail=pooled_tail(samples / scales),
    )


def pooled_blocks(samples: FloatArray) -> float:
    """Block estimate with about as many blocks as entries in a block."""
    return block_estimate(samples, max(2, math.isqrt(samples.size)))


def pooled_tail(standardized: FloatArray) -> PooledTail:
    """Hill, moment and Pickands estimates of at most 4e5 magnitudes."""
    magnitudes = np.abs(standardized).ravel()
    if magnitudes.size > _MOST_POOLED:
        magnitudes = magnitudes[:: math.ceil(magnitudes.size / _MOST_POOLED)]
    return PooledTail(
        hill_estimate(magnitudes), moment_estimate(magnitudes), pickands_estimate(magnitudes)
    )
