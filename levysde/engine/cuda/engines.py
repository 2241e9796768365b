"""The engines of the graphics processor, one for each kind of program that kernels are made of."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from levysde.engine.backends import BackendError, Engines
from levysde.engine.compile import KEPT_PASSES, kept
from levysde.engine.cuda import device
from levysde.engine.cuda.jump_kernel import jump_job
from levysde.engine.cuda.lots import THREADS, Job, run_lots
from levysde.engine.cuda.recurrence_kernel import recurrence_job, skipping_job
from levysde.engine.jump_program import JumpOutcome
from levysde.engine.program import Outcome
from levysde.engine.source import plain, source_key

_kept: OrderedDict[str, device.Launcher] = OrderedDict()  # kernels by content


@dataclass(frozen=True)
class KernelEngine:
    """An engine that runs one kind of program, as `levysde.engine.backends.Engine` says.

    Attributes
    ----------
    allocate : callable
        `allocate(paths, dim, first)`: where the results of paths go.
    job : callable
        `job(program, horizon)`: what the device needs.
    """

    allocate: Callable[..., Any]
    job: Callable[[Any, Any], Job]

    def prepare(self, program: Any) -> None:
        """Compile what `escape` will run."""
        with device.failures_told():
            self._launcher(self.job(program, 1), program.dim)

    def escape(
        self,
        program: Any,
        outcome: Any,
        first: int,
        last: int,
        horizon: Any,
        threads: int | None = None,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Run paths `first` to `last` until each has ended; `threads` are those of a processor."""
        with device.failures_told():
            job = self.job(program, horizon)
            run_lots(self._launcher(job, program.dim), job, outcome, first, last, progress)
        rows = slice(first - outcome.first, last - outcome.first)
        return int(outcome.steps[rows].sum())

    def _launcher(self, job: Job, dim: int) -> device.Launcher:
        signature = job.signature(dim, self.allocate)
        key = source_key(plain(job.kernel), (signature, device.name()))
        made: device.Launcher = kept(
            _kept, key, KEPT_PASSES, lambda: device.Launcher(job.kernel, signature, THREADS)
        )
        return made


def engines() -> Engines:
    """The engines, where a device can be used.

    Raises
    ------
    BackendError
        In one sentence, if there is none or a part of the installation is missing.
    """
    problem = device.missing()
    if problem is not None:
        raise BackendError(f"backend 'cuda' cannot be used here: {problem}")
    return Engines(
        recurrence=KernelEngine(Outcome.empty, recurrence_job),
        skipping=KernelEngine(Outcome.empty, skipping_job),
        continuous=KernelEngine(JumpOutcome.empty, jump_job),
    )
