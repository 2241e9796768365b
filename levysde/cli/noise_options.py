"""The options that describe the noise, and the law that they make."""

from __future__ import annotations

import argparse
import inspect
import math
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any

from levysde import spec
from levysde.cli import part_options
from levysde.cli.parser import UsageError, numbers, quoted

if TYPE_CHECKING:
    from levysde._typing import FloatArray
    from levysde.noise import Noise

DEFAULT_ALPHA = 1.5

LARGEST_AMPLITUDE = 1e100
"""Of epsilon and of the scale, so that powers up to alpha = 2 stay floating-point numbers."""


def add_options(group: Any) -> None:
    """Add the options of the noise.

    Parameters
    ----------
    group : argparse group
        Of a parser.
    """
    group.add_argument(
        "--noise",
        default="independent",
        metavar="NAME",
        help=f"law of the noise: {', '.join(spec.NOISES)}, or your own as of --basin (%(default)s)",
    )
    group.add_argument(
        "--scale",
        type=numbers,
        metavar="S[,S...]",
        help="scale of the noise, one per dimension or one for all (1)",
    )
    group.add_argument(
        "--beta",
        type=numbers,
        metavar="B[,B...]",
        help="skewness from -1 to 1 of independent noise (0)",
    )
    group.add_argument(
        "--noise-matrix",
        metavar="M",
        help="matrix of mixed or elliptic noise, dimension x drivers: a file (.npy or text), or "
        "rows like '1,0.5;0,1'",
    )
    group.add_argument(
        "--noise-directions", metavar="M", help="directions of spectral noise, a row each"
    )
    group.add_argument("--noise-weights", metavar="V", help="their weights")
    group.add_argument(
        "--alphas",
        type=numbers,
        metavar="A,A...",
        help="stability indices of multifractal noise, one per dimension",
    )
    group.add_argument(
        "--noise-parameter",
        action="append",
        metavar="NAME=V",
        help="another parameter of the law by its name: numbers, or a file of them",
    )


def build(options: argparse.Namespace) -> Noise:
    """Make the law that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`, and `alpha`.

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        If the name is unknown, an option is missing or belongs to another law, or a value is bad.
    OSError
        If a file cannot be read.
    """
    make = part_options.find("--noise", "noise", options.noise)
    arguments = part_options.arguments(make)
    for name, (option, _) in _READERS.items():
        if _given(options, name) and option not in map(_option, arguments):
            raise UsageError(
                f"{_flag(name)} is for {_owners(option)} noise, and --noise is {options.noise}; "
                "leave out one"
            )
    others = _others(options, arguments)
    values = {name: _value(options, others, each) for name, each in arguments.items()}
    values = {name: value for name, value in values.items() if value is not None}
    own = part_options.is_own(options.noise)
    law: Noise = spec.part("noise", options.noise, **values) if own else make(**values)
    return law


# --------------------------------------------------------------- the arguments of laws, as options


def _option(name: str) -> str:
    """The option that gives an argument."""
    return _READERS[name][0] if name in _READERS else "noise_parameter"


def _flag(name: str) -> str:
    return "--" + _option(name).replace("_", "-")


def _given(options: argparse.Namespace, name: str) -> bool:
    return getattr(options, _option(name)) is not None


def _owners(option: str) -> str:
    """The laws that take an option."""
    taken = {name: inspect.signature(spec.constructor("noise", name)) for name in spec.NOISES}
    return " or ".join(n for n, each in taken.items() if option in map(_option, each.parameters))


def _others(options: argparse.Namespace, arguments: Container[str]) -> dict[str, Any]:
    """The arguments that have no option of their own: numbers, rows of them or matrices."""
    from levysde.cli.arrays import read_matrix

    found = {}
    for text in options.noise_parameter or ():
        name, _, value = text.partition("=")
        if name in _READERS or name not in arguments:
            raise UsageError(
                f"--noise-parameter {quoted(name)} is no further one of {options.noise} noise; "
                "leave it out"
            )
        array = read_matrix(f"--noise-parameter {name}", value)
        row = array[0].tolist() if len(array) == 1 else array
        found[name] = row[0] if len(row) == 1 else row
    return found


def _value(
    options: argparse.Namespace, others: Mapping[str, Any], argument: inspect.Parameter
) -> Any:
    """What was given for an argument of the law, or None where that has a default."""
    name = argument.name
    value = others.get(name)
    needed = argument.default is argument.empty
    if name in _READERS and (_given(options, name) or (name == "alpha" and needed)):
        value = _READERS[name][1](options)
    if value is None and needed:
        example = _EXAMPLES.get(name, f"{name}=V")
        raise UsageError(f"--noise {options.noise} needs {_flag(name)} {example}")
    if argument.annotation in (float, "float") and isinstance(value, list):
        raise UsageError(
            f"{_flag(name)} has {len(value)} numbers, and {options.noise} noise has one {name}; "
            "give one"
        )
    return value


def _alpha(options: argparse.Namespace) -> float:
    return DEFAULT_ALPHA if options.alpha is None else float(options.alpha)


def _weights(options: argparse.Namespace) -> FloatArray:
    from levysde.cli.arrays import read_vector

    weights = read_vector("--noise-weights", options.noise_weights)
    if not (weights > 0.0).all():
        raise UsageError(f"--noise-weights has {weights.min():g}; give positive numbers")
    for weight in (float(weights.min()), float(weights.max())):
        # The scale along the direction is the weight to the power 1/alpha.
        if abs(math.log10(weight)) > _alpha(options) * math.log10(LARGEST_AMPLITUDE):
            raise UsageError(
                f"--noise-weights has {weight:g}, whose power 1/alpha is no sound scale; give "
                "weights nearer to 1"
            )
    return weights


def _one_or_more(values: list[float]) -> float | list[float]:
    return values[0] if len(values) == 1 else values


def _scale(options: argparse.Namespace) -> float | list[float]:
    """The scale, in a range in which its powers are numbers."""
    scale = _one_or_more(options.scale)
    if isinstance(scale, float):
        check_amplitude("scale", scale)
        return scale
    for value in scale:
        if value != 0.0:
            check_amplitude("scale", value)
    return scale


def check_amplitude(name: str, value: float) -> None:
    """Refuse amplitudes whose powers could leave the range of floating point.

    Parameters
    ----------
    name : str
        Of the option, for the message.
    value : float
        Must be from 1e-100 to 1e100.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> check_amplitude("epsilon", 0.1)
    """
    from levysde import checks

    checks.finite_number(name, value)
    if not 1.0 / LARGEST_AMPLITUDE <= value <= LARGEST_AMPLITUDE:
        raise UsageError(
            f"{name} is {value:g}; give a number from {1.0 / LARGEST_AMPLITUDE:g} to "
            f"{LARGEST_AMPLITUDE:g}"
        )


def _directions(options: argparse.Namespace) -> FloatArray:
    from levysde.cli.arrays import read_matrix

    return read_matrix("--noise-directions", options.noise_directions)


def _matrix(options: argparse.Namespace) -> FloatArray:
    from levysde.cli.arrays import read_matrix

    matrix = read_matrix("--noise-matrix", options.noise_matrix)
    largest = float(abs(matrix).max())
    if largest > 0.0:
        check_amplitude("the largest number of the noise matrix", largest)
    return matrix


_READERS: dict[str, tuple[str, Callable[[argparse.Namespace], Any]]] = {
    "alpha": ("alpha", _alpha),
    "alphas": ("alphas", lambda options: options.alphas),
    "scale": ("scale", _scale),
    "scales": ("scale", _scale),
    "beta": ("beta", lambda options: _one_or_more(options.beta)),
    "matrix": ("noise_matrix", _matrix),
    "directions": ("noise_directions", _directions),
    "weights": ("noise_weights", _weights),
}
"""By argument of a law: the option that gives it, and how that is read and checked."""

_EXAMPLES = {
    "matrix": "FILE, or rows like '1,0.5;0,1'",
    "directions": "FILE, or rows like '1,0;1,1'",
    "weights": "FILE, or numbers like 1,0.5",
    "alphas": "with one index per dimension, like 1.2,1.8",
}


# ------------------------------------------------------------------------------------- in words
