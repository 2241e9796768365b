"""The boundary shift of a grid, under its public name; it is in `levysde.methods`."""

from levysde.methods.boundary_shift import *  # noqa: F403
from levysde.methods.boundary_shift import __all__ as __all__
