"""The estimate from logarithms of blocks that is common for gradients, and why it misleads."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from levysde.statistics.sample_array import checked_samples, checked_whole

__all__ = ["block_estimate"]


def block_estimate(samples: ArrayLike, block: int, pooled: bool = True) -> float:
    """Tail index from the growth of logarithms when entries are summed in blocks.

    ``1/alpha = (mean log|Y| - mean log|X|) / log(block)``, where ``Y`` are sums of ``block``
    entries ``X`` in a row. It holds for identically distributed stable entries. Of entries with
    different scales ``s`` it is wrong: Gaussian entries give
    ``1/2 + (log E s^2 / 2 - E log s) / log(block)`` in large blocks, which is above 1/2 and looks
    stable. It is here for comparison with published numbers, and no verdict is made of it.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        Finite numbers, of mean 0; entries that are 0 are left out of the logarithms.
    block : int
        Entries in a block, at least 2.
    pooled : bool, default True
        Sum entries one after another through the rows, whatever their coordinate, as was published;
        otherwise sum draws of the same coordinate, which is right for any scales.

    Returns
    -------
    float
        The estimate, dimensionless; infinite where sums are not larger than entries.

    Raises
    ------
    ValueError
        If the samples are no such array, or there are fewer than two blocks.

    References
    ----------
    M. Mohammadi, A. Mohammadpour and H. Ogata, Metrika 78 (2015) 549, theorem 2.3; U. Simsekli,
    L. Sagun and M. Gurbuzbalaban, ICML (2019), eq. (8).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> gaussian = rng.standard_normal((500, 2000))
    >>> round(block_estimate(gaussian, 1000), 1)
    2.0
    >>> scales = np.exp(1.5 * rng.standard_normal(gaussian.shape))
    >>> block_estimate(scales * gaussian, 1000) < 1.3
    True
    """
    array = checked_samples(samples, 1)
    block = checked_whole("block", block, 2)
    entries = np.ravel(array).astype(np.float64) if pooled else array.astype(np.float64)
    blocks = len(entries) // block
    if blocks < 2:
        raise ValueError(f"block is {block} and there are {len(entries)} entries; give less")
    used = entries[: blocks * block]
    sums = used.reshape(blocks, block, *used.shape[1:]).sum(axis=1)
    growth = (_mean_log(sums) - _mean_log(used)) / math.log(block)
    return 1.0 / growth if growth > 0.0 else math.inf


def _mean_log(entries: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    magnitudes = np.abs(entries[entries != 0.0])
    if magnitudes.size == 0:
        raise ValueError("samples has nothing but zeros; give draws that differ")
    return float(np.log(magnitudes).mean())
