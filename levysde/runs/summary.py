"""The estimates of a result beside what the theory predicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from levysde.runs.results import EscapeTimes
from levysde.statistics.exit_times import Exponentiality, Interval

if TYPE_CHECKING:
    from levysde.theory import Prediction

Estimate: TypeAlias = tuple[float, float, float]
"""A value with the ends of its 95 % interval."""


class Summary:
    """The estimates of a result and their ratios to the prediction; None is what does not exist.

    Parameters
    ----------
    result : EscapeTimes
        The simulation.
    prediction : Prediction or None
        The theory, if there is one.
    """

    def __init__(self, result: EscapeTimes, prediction: Prediction | None) -> None:
        self.result, self.prediction = result, prediction
        self.mean: float | None = None
        self.rate: float | None = None
        self.mean_interval: Interval | None = None
        self.rate_interval: Interval | None = None
        self.exponentiality: Exponentiality | None = None
        if result.paths > result.non_finite:
            self.mean, self.rate = result.mean, result.rate
            self.mean_interval, self.rate_interval = result.mean_interval(), result.rate_interval()
            self.exponentiality = result.exponentiality()

    def mean_over(self, predicted: float | None) -> Estimate | None:
        """Ratio of the simulated to a predicted mean, and its interval.

        Parameters
        ----------
        predicted : float or None
            A mean exit time.

        Returns
        -------
        tuple of float or None
            Ratio, lower and upper bound.
        """
        if self.mean is None or self.mean_interval is None or predicted is None:
            return None
        if not (0.0 < predicted < math.inf) or not math.isfinite(self.mean):
            return None
        low, high = self.mean_interval
        return self.mean / predicted, low / predicted, high / predicted

    @property
    def steps(self) -> Estimate | None:
        """Mean number of steps to the escape, and its interval, where there is a grid."""
        if self.mean is None or self.mean_interval is None or not self.result.dt:
            return None
        low, high = self.mean_interval
        return self.mean / self.result.dt, low / self.result.dt, high / self.result.dt

    @property
    def ratio(self) -> Estimate | None:
        """Mean times predicted rate, and its interval."""
        return self.mean_over(None if self.prediction is None else self.prediction.mean)
