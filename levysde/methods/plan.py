"""What is asked of a method, and what it makes of a model: something for an engine to run."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from levysde import checks
from levysde.engine.backends import BACKENDS, Engine, Engines

__all__ = ["SMALL_JUMPS", "Plan", "Request"]

SMALL_JUMPS = ("diffusion", "dropped")
"""What stands for the jumps below the threshold."""


@dataclass(frozen=True)
class Request:
    """What was asked for besides the model.

    Attributes
    ----------
    dt : float or "auto"
        Step, time.
    seed : int
        In [0, 2^64).
    correction : {"boundary-shift"} or None
        Of the bias of the grid.
    threshold : float or None
        Length above which jumps are simulated individually.
    small_jumps : {"diffusion", "dropped"}
        What stands for the others.
    scheme : {"auto", "euler", "flow"}
        How the drift of a step is done.
    backend : str
        Where to compute, a name in `levysde.engine.backends`.
    """

    dt: float | Literal["auto"]
    seed: int
    correction: str | None = None
    threshold: float | None = None
    small_jumps: str = SMALL_JUMPS[0]
    scheme: str = "auto"
    backend: str = "cpu"

    @property
    def engines(self) -> Engines:
        """What runs the programs of the methods."""
        return BACKENDS[self.backend]()

    def engine(self, kind: str) -> Engine:
        """What runs one kind of program.

        Parameters
        ----------
        kind : {"recurrence", "skipping", "continuous"}
            A field of `levysde.engine.backends.Engines`.

        Returns
        -------
        Engine

        Raises
        ------
        ValueError
            If the backend has none.
        """
        found: Engine | None = getattr(self.engines, kind)
        if found is None:
            raise checks.Refusal(
                f"backend {self.backend!r} has no engine for method 'jump' here",
                "use method='euler' or backend='cpu'",
            )
        return found

    @property
    def chooses_step(self) -> bool:
        """Whether the step is left to the method."""
        return isinstance(self.dt, str)


def _nothing() -> None:
    """No warnings."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How one method would simulate a model.

    Attributes
    ----------
    method : {"euler", "jump"}
        As it is recorded.
    engine : Engine
        What runs the program.
    program : object
        What it runs.
    dt : float
        Step, time; 0 where times are continuous.
    record : dict
        What else is recorded of the method.
    warn : callable
        Warns of what may be wrong with this plan, if it is the one that is carried out.
    long_rate : float or None
        Long increments per unit time, where idle iterations are skipped.
    reason : str or None
        Why it was chosen.
    """

    method: str
    engine: Engine
    program: Any
    dt: float
    record: dict[str, Any]
    warn: Callable[[], None] = field(default=_nothing)
    long_rate: float | None = None
    reason: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """All that is recorded of the method."""
        chosen = {} if self.reason is None else {"method_reason": self.reason}
        return {"method": self.method, **chosen, **self.record}

    def because(self, reason: str) -> Self:
        """The same, with the reason why it was chosen.

        Parameters
        ----------
        reason : str
            For people.

        Returns
        -------
        Plan
        """
        return replace(self, reason=reason)

    def without_warnings(self) -> Self:
        """The same, where what may be wrong was weighed before it was chosen.

        Returns
        -------
        Plan
        """
        return replace(self, warn=_nothing)
