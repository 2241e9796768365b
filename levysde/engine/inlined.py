"""Compilation of functions that are only ever inlined: not optimized before they are."""

from typing import Any

from numba.core.compiler import Compiler

__all__ = ["ONLY_INLINED", "InlinedCompiler"]


class InlinedCompiler(Compiler):  # type: ignore[misc]
    """Leave the optimization of a function to the functions that it is inlined into.

    Numba optimizes every function together with all that it calls. Where everything is inlined,
    the same code would be optimized once for each level of calls: most of the time of compilation.
    Numba has no option for this; if it renames the method that is replaced here, compilation is
    slow again, and nothing else changes.
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
        library = self.state.targetctx.codegen().create_library(func.__qualname__)
        library.enable_object_caching()
        library._optimize_final_module = _leave_as_it_is
        self.state.library = library
        return super().compile_extra(func)


def _leave_as_it_is() -> None:
    """In place of an optimization."""


ONLY_INLINED: dict[str, Any] = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": InlinedCompiler,
}
"""Options of functions that compiled code calls and nothing else does."""
