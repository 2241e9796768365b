"""Figures under their public name; they are in `levysde.report`."""

from levysde.report import (
    compared,
    drawing,
    figures,
    limits,
    maps,
    path_kinds,
    planes,
    tables,
    tail_panels,
    well_visits,
)
from levysde.report.compared import *  # noqa: F403
from levysde.report.drawing import *  # noqa: F403
from levysde.report.figures import *  # noqa: F403
from levysde.report.limits import *  # noqa: F403
from levysde.report.maps import *  # noqa: F403
from levysde.report.path_kinds import *  # noqa: F403
from levysde.report.planes import *  # noqa: F403
from levysde.report.tables import *  # noqa: F403
from levysde.report.tail_panels import *  # noqa: F403
from levysde.report.well_visits import *  # noqa: F403

__all__ = [
    *compared.__all__,
    *drawing.__all__,
    *figures.__all__,
    *limits.__all__,
    *maps.__all__,
    *path_kinds.__all__,
    *planes.__all__,
    *tables.__all__,
    *tail_panels.__all__,
    *well_visits.__all__,
]
