"""Figures under their public name; they are in `levysde.report`."""

from levysde.report import drawing, figures, maps, planes, tables, tail_panels
from levysde.report.drawing import *  # noqa: F403
from levysde.report.figures import *  # noqa: F403
from levysde.report.maps import *  # noqa: F403
from levysde.report.planes import *  # noqa: F403
from levysde.report.tables import *  # noqa: F403
from levysde.report.tail_panels import *  # noqa: F403

__all__ = [
    *drawing.__all__,
    *figures.__all__,
    *maps.__all__,
    *planes.__all__,
    *tables.__all__,
    *tail_panels.__all__,
]
