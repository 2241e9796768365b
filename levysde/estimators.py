"""Estimators under their public name; they are in `levysde.statistics`."""

from levysde.statistics import (
    aggregation,
    block_means,
    characteristic,
    exit_times,
    order_statistics,
    quantiles,
    scaling,
)
from levysde.statistics.aggregation import *  # noqa: F403
from levysde.statistics.block_means import *  # noqa: F403
from levysde.statistics.characteristic import *  # noqa: F403
from levysde.statistics.exit_times import *  # noqa: F403
from levysde.statistics.order_statistics import *  # noqa: F403
from levysde.statistics.quantiles import *  # noqa: F403
from levysde.statistics.scaling import *  # noqa: F403

__all__ = [
    *exit_times.__all__,
    *scaling.__all__,
    *aggregation.__all__,
    *block_means.__all__,
    *characteristic.__all__,
    *order_statistics.__all__,
    *quantiles.__all__,
]
