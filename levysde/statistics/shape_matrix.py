"""The correlations of elliptical laws, whatever their tails."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.sample_array import checked_samples

__all__ = ["shape_correlation"]

FloatArray = NDArray[np.float64]

_FEWEST = 50
_ROUNDS = 500
_CLOSE = 1e-9


def shape_correlation(samples: ArrayLike) -> FloatArray:
    """Correlations R of an elliptical law: Tyler's estimate, of unit diagonal.

    The fixed point of ``R = (d/n) sum_i x_i x_i' / (x_i' R^-1 x_i)`` sees the directions of the
    draws alone, so that its law is the same for all radii: a law without a variance is estimated as
    well as a Gaussian one, with ``(d + 2)/d`` times the variance of the Gaussian estimate.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        Draws about a common center: their median is taken away. More draws than coordinates, and
        at least 50; no two coordinates the same.

    Returns
    -------
    ndarray, shape (coordinates, coordinates)
        Dimensionless.

    Raises
    ------
    ValueError
        If there are too few draws, or the coordinates are not linearly independent.

    References
    ----------
    D. E. Tyler, Ann. Stat. 15 (1987) 234, eqs. (2.2) and (3.1).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((4000, 2)) @ [[1.0, 0.6], [0.0, 0.8]] / rng.random((4000, 1))
    >>> bool(abs(shape_correlation(x)[0, 1] - 0.6) < 0.05)
    True
    """
    array = checked_samples(samples, _FEWEST).astype(np.float64)
    draws, width = array.shape
    if draws <= width:
        raise ValueError(
            f"samples has {draws} draws of {width} coordinates; an elliptical law needs more draws "
            "than coordinates"
        )
    centered = array - np.median(array, axis=0)
    unit = np.median(np.abs(centered), axis=0)
    if not unit.all():
        wrong = int(np.flatnonzero(unit == 0.0)[0])
        raise ValueError(
            f"half of the draws of coordinate {wrong} are the same; leave that coordinate out"
        )
    rows = centered / unit
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = (rows / np.where(size > 0.0, size, 1.0))[size[:, 0] > 0.0]
    return _fixed_point(rows)


def _fixed_point(rows: FloatArray) -> FloatArray:
    """Tyler's matrix of directions, scaled to a unit diagonal."""
    draws, width = rows.shape
    found = np.eye(width)
    for _ in range(_ROUNDS):
        try:
            root = np.linalg.cholesky(found)
        except np.linalg.LinAlgError:
            break
        white = np.linalg.solve(root, rows.T)
        weighted = rows.T / np.einsum("jn,jn->n", white, white)
        following = width / draws * weighted @ rows
        following *= width / np.trace(following)
        moved = np.abs(following - found).max()
        found = following
        if moved < _CLOSE:
            unit = np.sqrt(np.diag(found))
            found /= np.outer(unit, unit)
            np.fill_diagonal(found, 1.0)
            return np.asarray(found)
    raise ValueError(
        "samples has coordinates that are linear functions of others; leave those out, or draw more"
    )
