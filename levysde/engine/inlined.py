"""How numba compiles: functions that are only ever inlined, and settings for a while."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba import config
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock

__all__ = ["ONLY_INLINED", "InlinedCompiler", "configured"]


class InlinedCompiler(Compiler):  # type: ignore[misc]
    """Leave the optimization of a function to the functions that it is inlined into.

    Numba optimizes every function together with all that it calls, and makes machine code of it.
    Where everything is inlined, the same code would be optimized and translated once for each level
    of calls: most of the time of compilation. Numba has no option for this. If it renames a method
    of libraries that is replaced here, compilation is slow again, and nothing else changes.
    """

    def compile_extra(self, func: Any) -> Any:
        """Compile a function into a library that is linked as it is.

        Parameters
        ----------
        func : function
            A plain Python function.

        Returns
        -------
        CompileResult
        """
        target = self.state.targetctx
        library = target.codegen().create_library(func.__qualname__)
        library.enable_object_caching()
        library._optimize_final_module = _leave_as_it_is
        library._finalize_final_module = functools.partial(setattr, library, "_finalized", True)
        self.state.library = library
        self.state.targetctx = target.subtarget(get_executable=_without_code)
        return super().compile_extra(func)


def _leave_as_it_is() -> None:
    """In place of an optimization."""


def _without_code(*library: Any) -> Callable[[], None]:
    """An entry point that nothing calls; numba files functions by it, so each has its own."""
    return [].clear


ONLY_INLINED: dict[str, Any] = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": InlinedCompiler,
}
"""Options of functions that compiled code calls and nothing else does."""


@contextmanager
def configured(name: str, value: Any) -> Iterator[None]:
    """For a while, another value of a setting of numba; no other thread compiles meanwhile.

    Parameters
    ----------
    name : str
        Of the setting in `numba.config`.
    value : object

    Returns
    -------
    context manager

    Examples
    --------
    >>> with configured("LOOP_VECTORIZE", 0):
    ...     config.LOOP_VECTORIZE
    0
    """
    with global_compiler_lock:  # the setting is one for all compilations
        before = getattr(config, name)
        setattr(config, name, value)
        try:
            yield
        finally:
            setattr(config, name, before)
