"""Student's t law with the same degrees of freedom in all coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.competing_laws import STUDENT_T
from levysde.statistics.sample_array import checked_level, checked_samples

__all__ = ["CommonStudent", "common_student"]

FloatArray = NDArray[np.float64]

_FEWEST = 50


@dataclass(frozen=True)
class CommonStudent:
    """Degrees of freedom that all coordinates have in common, and a scale for each.

    Attributes
    ----------
    degrees : float
        Degrees of freedom, from 2 to 200, dimensionless.
    degrees_interval : (float, float)
        Confidence interval, within 2 and 200.
    scale, scale_error : ndarray, shape (coordinates,)
        Scale of each coordinate and its standard error, in units of the samples.
    """

    degrees: float
    degrees_interval: tuple[float, float]
    scale: FloatArray
    scale_error: FloatArray


def common_student(samples: ArrayLike, level: float = 0.95) -> CommonStudent:
    """Fit ``1/degrees`` as the mean over coordinates of its largest-likelihood values.

    The error is that of the influences, the scores over the information, added over the coordinates
    of a draw: it holds whatever their dependence is.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 50 independent draws, finite, none of the coordinates constant.
    level : float, default 0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    CommonStudent
        Degrees of freedom with an interval, and scales.

    Raises
    ------
    ValueError
        If the samples are no such array, or the level is not between 0 and 1.

    References
    ----------
    K. L. Lange, R. J. A. Little and J. M. G. Taylor, J. Am. Stat. Assoc. 84 (1989) 881.

    Examples
    --------
    >>> import numpy as np
    >>> found = common_student(np.random.default_rng(1).standard_t(4, (2000, 3)))
    >>> found.degrees_interval[0] < 4.0 < found.degrees_interval[1]
    True
    """
    from scipy.special import ndtri

    array = checked_samples(samples, _FEWEST).astype(np.float64)
    checked_level(level)
    draws, width = array.shape
    total, influence = 0.0, np.zeros(draws)
    scale, scale_error = np.empty(width), np.empty(width)
    for j, column in enumerate(array.T):
        x = column - np.median(column)
        unit = float(np.median(np.abs(x)))
        if unit == 0.0:
            raise ValueError(
                f"half of the draws of coordinate {j} are the same; leave that coordinate out"
            )
        shape, log_scale = STUDENT_T.fit(x / unit, 0.25)
        scores = STUDENT_T.scores(x / unit, shape, log_scale)
        by_draw = np.linalg.solve(scores @ scores.T / draws, scores)
        total += shape
        influence += by_draw[0]
        scale[j] = unit * math.exp(log_scale)
        scale_error[j] = scale[j] * math.sqrt(float((by_draw[1] ** 2).mean()) / draws)
    inverse = total / width
    half = float(ndtri(0.5 + 0.5 * level)) * math.sqrt(float((influence**2).mean()) / draws) / width
    ends = np.clip([inverse + half, inverse - half], STUDENT_T.lowest, STUDENT_T.highest).tolist()
    return CommonStudent(1.0 / inverse, (1.0 / ends[0], 1.0 / ends[1]), scale, scale_error)
