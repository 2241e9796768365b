"""What every dynamics is."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, PlainFunction
from levysde.dynamics.rule import SGD, Rule
from levysde.engine.program import UpdatePart
from levysde.schedules import Schedule

if TYPE_CHECKING:
    from levysde.dynamics.walled import Walls

_TRIED_STEP = 0.01


def _last(t: float, p: FloatArray) -> float:
    return float(p[p.size - 1])


@dataclass(frozen=True, eq=False)
class Dynamics:
    """One step of one coordinate.

    Attributes
    ----------
    name : str
        For tables and files.
    update : callable
        `update(j, x, m, v, g, dL, dt, t, p) -> (x, m, v)`: coordinate j with position x, first and
        second moments m and v, gradient g and increment dL of the noise (epsilon, scale and dt
        included), at time t. A plain Python function of numbers; it is compiled for the simulation.
    memory : bool
        Whether m and v are used. They begin at 0.
    params : mapping of str to float or array
        Named parameters. They reach the function as the flat array `p`, in the order given.
    clip : float, optional
        Longest displacement of one step; a longer one is cut to this length, its direction kept.
    clock : callable, optional
        `clock(t, dt, p) -> (a, b)`: two numbers of the time alone, computed once for all
        coordinates. With it the update takes them after p.
    normal : bool
        Whether the update takes, last, a standard normal variate that is independent of the noise.
    sde : bool
        Whether the update is one Euler step of an SDE whose noise reaches x beside the drift. A
        step of such a dynamics may be divided where it would overshoot.
    rule : Rule, optional
        What the step does, as facts. Without it no law is predicted, and SGD stands for it in
        default steps and horizons.
    """

    name: str
    update: PlainFunction
    _: KW_ONLY
    memory: bool = False
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    clip: float | None = None
    clock: PlainFunction | None = None
    normal: bool = False
    sde: bool = False
    rule: Rule | None = None
    p: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checks.plain_function("update", self.update)
        checks.flag("memory", self.memory)
        checks.flag("normal", self.normal)
        checks.flag("sde", self.sde)
        if self.rule is not None:
            checks.instance("rule", self.rule, Rule)
        if self.clock is not None:
            checks.plain_function("clock", self.clock)
        if self.clip is not None:
            object.__setattr__(self, "clip", checks.finite_number("clip", self.clip))
        params = checks.frozen_parameters(self.params)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", checks.flat(params))
        if type(self) is Dynamics:  # others compute p from the step
            self._try_update(self.p, _TRIED_STEP, 1)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {item.name: getattr(self, item.name) for item in fields(self) if item.init}
        return checks.rebuild, (type(self), {**given, "params": dict(self.params)})

    @property
    def unscheduled(self) -> "Dynamics":
        """What makes whole steps, where a schedule multiplies them; otherwise itself."""
        return self

    @property
    def schedule(self) -> Schedule | None:
        """What multiplies every step, if there is one."""
        return None

    @property
    def walls(self) -> "Walls | None":
        """Between which every step ends, if there are any."""
        return None

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the constructor beside `params` that are not numbers of the update."""
        return {} if self.clip is None else {"clip": self.clip}

    @property
    def effective_rule(self) -> Rule:
        """The rule that is declared, or that of SGD, which is supposed where none is."""
        return SGD if self.rule is None else self.rule

    @property
    def continuous(self) -> bool:
        """Whether the motion between jumps is that of a differential equation with constant Q."""
        return self.rule is not None and self.rule.continuous and self.clip is None

    @property
    def has_flow(self) -> bool:
        """Whether a step may be divided: an SDE, and no limit on the length of one step."""
        return self.sde and self.clip is None

    def step_parameters(self, dt: float, dim: int | None = None, share: float = 1.0) -> FloatArray:
        """The array p that the update receives.

        Parameters
        ----------
        dt : float
            Step, time.
        dim : int, optional
            Dimension of a path, for parameters that are one number for every coordinate.
        share : float
            Part of the step that is done at once, from 0 to 1, dimensionless. What a whole step
            keeps of an average is kept by its parts together, to first order in the loss.

        Returns
        -------
        ndarray
            All parameters one after another, unless a subclass computes others from them.
        """
        return self.p

    def part(self, dim: int, dt: float) -> UpdatePart:
        """What the engine does in one step.

        Parameters
        ----------
        dim : int
            Dimension of a path.
        dt : float
            Step, time.

        Returns
        -------
        UpdatePart

        Raises
        ------
        ValueError
            If a parameter does not fit the dimension or the step.
        """
        p = self.step_parameters(dt, dim)
        self._try_update(p, dt, dim)
        return UpdatePart(
            update=self.update,
            p=np.array(p if self.clip is None else [*p, self.clip]),
            memory=self.memory,
            clock=self.clock,
            normal=self.normal,
            limit=self.limit,
        )

    @property
    def limit(self) -> PlainFunction | None:
        """`limit(t, p)`, to which the displacement of a step is cut, if there is a clip: p[-1]."""
        return None if self.clip is None else _last

    def _try_update(self, p: FloatArray, dt: float, dim: int) -> None:
        """Call the update in plain Python, so that a mistake in it is an ordinary error."""
        extra = list(self._clock_numbers(p, dt)) + ([0.5] if self.normal else [])
        for j in {0, dim - 1}:
            given = (j, 0.1, 0.2, 0.3, 0.1, 0.01, dt, 0.0, np.array(p))
            try:
                answer = self.update(*given, *extra)
            except Exception as error:
                raise ValueError(
                    f"the update function failed at j = {j}: {type(error).__name__}: {error}"
                ) from error
            if not isinstance(answer, tuple) or len(answer) != 3:
                raise ValueError(f"the update function returned {answer!r}; return (x, m, v)")
            if not self.memory and answer[1:] != (0.2, 0.3):
                raise ValueError(
                    "the update function changes m or v, which are not kept; give memory=True"
                )

    def _clock_numbers(self, p: FloatArray, dt: float) -> tuple[float, ...]:
        """What the clock says at time 0."""
        if self.clock is None:
            return ()
        try:
            answer = self.clock(0.0, dt, np.array(p))
        except Exception as error:
            raise ValueError(
                f"the clock function failed: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ValueError(f"the clock function returned {answer!r}; return two numbers")
        return answer
