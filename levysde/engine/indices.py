"""Constant indices of arguments, read from a function without running it."""

import inspect
from collections.abc import Iterator
from numbers import Number
from types import FunctionType

__all__ = ["constant_indices"]


def constant_indices(function: FunctionType) -> Iterator[tuple[int, int]]:
    """Arguments that a function indexes with a constant, in whatever branch.

    Compiled code looks at no bounds, and a trial sees only the branches that it takes. Functions
    that ask for a length, or see numbers beside their arguments, may choose their branches by the
    dimension: they are left to the trial.

    Parameters
    ----------
    function : callable
        Plain function.

    Returns
    -------
    iterator of (int, int)
        The position of the argument, and the index. Nothing for functions that cannot be compiled.

    Examples
    --------
    >>> def gradient(x, p, out):
    ...     if x[0] > 0.7:
    ...         out[2] = p[-1]
    >>> sorted(constant_indices(gradient))
    [(0, 0), (1, -1), (2, 2)]
    """
    if _may_know_the_dimension(function):
        return
    from numba.core import ir, ir_utils
    from numba.core.compiler import run_frontend

    try:
        code = run_frontend(function)
    except Exception:
        return  # of many kinds: the compiler itself says why
    for block in code.blocks.values():
        for statement in block.body:
            if isinstance(statement, ir.Assign) and getattr(statement.value, "op", "") == "getitem":
                array, index = statement.value.value, statement.value.index
            elif isinstance(statement, ir.SetItem):
                array, index = statement.target, statement.index
            else:
                continue
            argument = ir_utils.guard(ir_utils.get_definition, code, array)
            number = ir_utils.guard(ir_utils.find_const, code, index)
            if isinstance(argument, ir.Arg) and type(number) is int:
                yield argument.index, number


def _may_know_the_dimension(function: FunctionType) -> bool:
    names, seen = function.__code__.co_names, inspect.getclosurevars(function)
    beside = [*seen.nonlocals.values(), *seen.globals.values()]
    return bool({"len", "shape", "size", "ndim"} & set(names)) or any(
        isinstance(value, Number) for value in beside
    )
