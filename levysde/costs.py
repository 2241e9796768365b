"""What a simulation costs, under its public name; it is in `levysde.methods`."""

from levysde.methods.cost_estimate import *  # noqa: F403
from levysde.methods.cost_estimate import __all__ as __all__
