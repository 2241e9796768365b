"""Figures under their public name; they are in `levysde.report`."""

from levysde.report.figures import *  # noqa: F403
from levysde.report.figures import __all__ as __all__
