"""Visits that are interrupted: the paths that have reached the horizon are kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from levysde.runs.run import Interrupted
from levysde.runs.wells.visited import Visits

_USE = "; all of them have reached the horizon"


def ended(visits: Visits, interrupt: KeyboardInterrupt | None) -> Visits:
    """Return the visits, or raise what has stopped all later paths, with them as its result.

    Parameters
    ----------
    visits : Visits
        Of paths that have reached the horizon.
    interrupt : KeyboardInterrupt or None
        What has stopped the others.

    Returns
    -------
    Visits

    Raises
    ------
    Interrupted
        If there are others.
    """
    if interrupt is not None:
        raise Interrupted(visits, str(interrupt), use=_USE) from None
    return visits


@contextmanager
def interrupts_told() -> Iterator[None]:
    """Raise every interrupt as `Interrupted`: that of finished visits as it is, others without."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if isinstance(getattr(stop, "result", None), Visits):
            raise
        raise Interrupted(None, getattr(stop, "remark", str(stop))) from None
