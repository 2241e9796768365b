"""Where paths are computed: what an engine offers, and the engines of every backend."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

__all__ = ["BACKENDS", "BackendError", "Engine", "Engines"]


INSTALL_CUDA = "pip install '.[cuda13]' in the folder of levysde"
NO_COMPILER = f"the compiler for CUDA is not installed: {INSTALL_CUDA}"


class BackendError(RuntimeError):
    """A backend cannot be used here, or has failed: one sentence with the remedy.

    Attributes
    ----------
    result : EscapeTimes or None
        What a run had finished when it failed.
    """

    result: Any = None


class Engine(Protocol):
    """What runs one kind of program. The arrays of an outcome do not depend on who does."""

    def allocate(self, paths: int, dim: int, first: int = 0) -> Any:
        """Room for the outcome of paths first, first + 1, ..., none of them ended.

        Parameters
        ----------
        paths, dim : int
            Number of paths and their dimension.
        first : int
            The first of them.

        Returns
        -------
        Outcome or JumpOutcome
        """

    def prepare(self, program: Any) -> None:
        """Compile what `escape` will run, or load it from the cache.

        Parameters
        ----------
        program : Program, IdleProgram or JumpProgram
            What will be run.
        """

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
        """Run paths `first` to `last` until each has ended.

        Parameters
        ----------
        program : Program, IdleProgram or JumpProgram
            What to run.
        outcome : Outcome or JumpOutcome
            Arrays that receive the results.
        first, last : int
            Paths first, first + 1, ..., last - 1.
        horizon : int or float
            Steps, or in continuous time the time, after which a path is censored.
        threads : int, optional
            Of the processor.
        progress : callable, optional
            Called now and then with the number of paths that have ended.

        Returns
        -------
        int
            Steps of all paths together.
        """


class Engines(NamedTuple):
    """The engines of a backend, one for each kind of program.

    Attributes
    ----------
    recurrence : Engine
        Every iteration of a recurrence is made: `Program`.
    skipping : Engine or None
        Idle iterations are skipped: `IdleProgram`. None where this is not done.
    continuous : Engine or None
        From jump to jump: `JumpProgram`.
    """

    recurrence: Engine
    skipping: Engine | None
    continuous: Engine | None


def _cpu() -> Engines:
    from levysde.engine.cpu import euler_engine, jump_engine, skip_engine

    return Engines(euler_engine, skip_engine, jump_engine)


def _cuda() -> Engines:
    try:
        from levysde.engine.cuda.engines import engines
    except ImportError as error:  # a numba that no longer has a compiler for CUDA of its own
        raise BackendError(f"backend 'cuda' cannot be used here: {NO_COMPILER}") from error
    return engines()


BACKENDS: dict[str, Callable[[], Engines]] = {"cpu": _cpu, "cuda": _cuda}
"""Engines by the name of the backend, loaded when they are asked for."""
