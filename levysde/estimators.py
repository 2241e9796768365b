"""Estimators of exit times under their public name; they are in `levysde.statistics`."""

from levysde.statistics.exit_times import *  # noqa: F403
from levysde.statistics.exit_times import __all__ as __all__
