"""What was probably meant: names of other packages, and names with a slip."""

import functools
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

OURS = {
    "learning_rate": "lr",
    "eta": "lr",
    "step_size": "lr",
    "n_paths": "paths",
    "num_paths": "paths",
    "n_samples": "paths",
    "random_state": "seed",
    "max_time": "horizon",
    "betas": "b1 and b2",
    "beta1": "b1",
    "beta2": "b2",
    "eps_adam": "eps",
    "epsilon": "eps",
    "momentum": "decay",
    "rho": "decay",
    "wd": "weight_decay",
    "lambd": "weight_decay",
    "lr": "lr of escape_times, compare or predict",
}
"""What a name of another package is called here."""


def with_hints(function: Callable[P, R]) -> Callable[P, R]:
    """A function that answers a foreign argument name with ours.

    Parameters
    ----------
    function : callable
        Whose arguments have our names.

    Returns
    -------
    callable
        The same function, which raises a TypeError that names our argument.

    Examples
    --------
    >>> @with_hints
    ... def adam(b1=0.9, b2=0.999): ...
    >>> adam(beta1=0.5)
    Traceback (most recent call last):
        ...
    TypeError: adam() has no argument 'beta1'; give b1
    """
    code = function.__code__
    own = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if "betas" in kwargs and {"b1", "b2"} <= own:
            _unpack_betas(function.__name__, kwargs)
        for name in kwargs:
            if name not in own and name in OURS:
                raise TypeError(
                    f"{function.__name__}() has no argument {name!r}; give {OURS[name]}"
                )
        return function(*args, **kwargs)

    return call


def _unpack_betas(name: str, given: dict[str, object]) -> None:
    """Put b1 and b2 in the place of a pair."""
    betas = given.pop("betas")
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ValueError(f"betas is {betas!r}; give two numbers, b1 and b2")
    if {"b1", "b2"} & set(given):
        raise TypeError(f"{name}() got betas and b1 or b2; give one of them")
    given["b1"], given["b2"] = betas


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, as an aside, or nothing.

    Parameters
    ----------
    word : str
        What was typed.
    known : iterable of str
        What could be meant.

    Returns
    -------
    str

    Examples
    --------
    >>> closest("escpe", ["escape", "theory"])
    ' (did you mean escape?)'
    """
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""
