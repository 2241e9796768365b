"""Estimators under their public name; they are in `levysde.statistics`."""

from levysde.statistics import exit_times, scaling
from levysde.statistics.exit_times import *  # noqa: F403
from levysde.statistics.scaling import *  # noqa: F403

__all__ = [*exit_times.__all__, *scaling.__all__]
