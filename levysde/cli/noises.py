"""The options that describe the noise, and the law that they make."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from levysde import spec
from levysde.cli.arguments import UsageError, choose, numbers

if TYPE_CHECKING:
    from levysde._typing import FloatArray
    from levysde.noise import Noise

DEFAULT_ALPHA = 1.5

LARGEST_AMPLITUDE = 1e100
"""Of epsilon and of the scale, so that powers up to alpha = 2 stay floating-point numbers."""

_SHOWN = 6


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
        help=f"law of the noise: {', '.join(spec.NOISES)} (%(default)s)",
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
    make, needed, allowed = choose("--noise", options.noise, _LAWS)
    for option in _OPTIONS:
        given = getattr(options, option) is not None
        flag = "--" + option.replace("_", "-")
        if given and option not in (*needed, *allowed):
            owners = " or ".join(
                name for name, (_, must, may) in _LAWS.items() if option in (*must, *may)
            )
            raise UsageError(
                f"{flag} is for {owners} noise, and --noise is {options.noise}; leave out one"
            )
        if option in needed and not given:
            raise UsageError(f"--noise {options.noise} needs {flag} {_EXAMPLES[option]}")
    law: Noise = make(options)
    return law


# ----------------------------------------------------------------------------------- one law each


def _alpha(options: argparse.Namespace) -> float:
    return DEFAULT_ALPHA if options.alpha is None else float(options.alpha)


def _independent(options: argparse.Namespace) -> Noise:
    from levysde import noise

    return noise.independent(_alpha(options), _scale(options), _one_or_more(options.beta, 0.0))


def _isotropic(options: argparse.Namespace) -> Noise:
    from levysde import noise

    scale = _scale(options)
    if isinstance(scale, list):
        raise UsageError(
            f"--scale has {len(scale)} numbers, and isotropic noise has one scale; give one, or "
            "--noise elliptic"
        )
    return noise.isotropic(_alpha(options), scale)


def _mixed(options: argparse.Namespace) -> Noise:
    from levysde import noise

    return noise.mixed(_alpha(options), _matrix(options))


def _elliptic(options: argparse.Namespace) -> Noise:
    from levysde import noise

    return noise.elliptic(_alpha(options), _matrix(options))


def _spectral(options: argparse.Namespace) -> Noise:
    from levysde import noise
    from levysde.cli.arrays import read_matrix, read_vector

    directions = read_matrix("--noise-directions", options.noise_directions)
    weights = read_vector("--noise-weights", options.noise_weights)
    if len(weights) != len(directions):
        raise UsageError(
            f"--noise-weights has {len(weights)} numbers and --noise-directions {len(directions)} "
            "rows; give as many"
        )
    if not (weights > 0.0).all():
        raise UsageError(f"--noise-weights has {weights.min():g}; give positive numbers")
    for weight in (float(weights.min()), float(weights.max())):
        # The scale along the direction is the weight to the power 1/alpha.
        if abs(math.log10(weight)) > _alpha(options) * math.log10(LARGEST_AMPLITUDE):
            raise UsageError(
                f"--noise-weights has {weight:g}, whose power 1/alpha is no sound scale; give "
                "weights nearer to 1"
            )
    return noise.spectral(_alpha(options), directions, weights)


def _multifractal(options: argparse.Namespace) -> Noise:
    from levysde import noise

    return noise.multifractal(options.alphas, _scale(options))


_LAWS: dict[str, tuple[Callable[[argparse.Namespace], Noise], tuple[str, ...], tuple[str, ...]]] = {
    "independent": (_independent, (), ("alpha", "scale", "beta")),
    "isotropic": (_isotropic, (), ("alpha", "scale")),
    "mixed": (_mixed, ("noise_matrix",), ("alpha",)),
    "elliptic": (_elliptic, ("noise_matrix",), ("alpha",)),
    "spectral": (_spectral, ("noise_directions", "noise_weights"), ("alpha",)),
    "multifractal": (_multifractal, ("alphas",), ("scale",)),
}
"""How a law is made, the options that it needs, and those that it takes besides."""

_OPTIONS = ("alpha", "alphas", "scale", "beta", "noise_matrix", "noise_directions", "noise_weights")
_EXAMPLES = {
    "noise_matrix": "FILE, or rows like '1,0.5;0,1'",
    "noise_directions": "FILE, or rows like '1,0;1,1'",
    "noise_weights": "FILE, or numbers like 1,0.5",
    "alphas": "with one index per dimension, like 1.2,1.8",
}


def _one_or_more(values: list[float] | None, default: float) -> float | list[float]:
    if values is None:
        return default
    return values[0] if len(values) == 1 else values


def _scale(options: argparse.Namespace) -> float | list[float]:
    """The scale, in a range in which its powers are numbers."""
    scale = _one_or_more(options.scale, 1.0)
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
    from levysde import parts

    parts.finite_number(name, value)
    if not 1.0 / LARGEST_AMPLITUDE <= value <= LARGEST_AMPLITUDE:
        raise UsageError(
            f"{name} is {value:g}; give a number from {1.0 / LARGEST_AMPLITUDE:g} to "
            f"{LARGEST_AMPLITUDE:g}"
        )


def _matrix(options: argparse.Namespace) -> FloatArray:
    from levysde.cli.arrays import read_matrix

    matrix = read_matrix("--noise-matrix", options.noise_matrix)
    largest = float(abs(matrix).max())
    if largest > 0.0:
        check_amplitude("the largest number of the noise matrix", largest)
    return matrix


# ------------------------------------------------------------------------------------- in words

_EXPONENTS = {
    "independent": "exp(-sum_j |scale_j u_j|^alpha)",
    "isotropic": "exp(-|scale u|^alpha)",
    "mixed": "exp(-sum_k |(G'u)_k|^alpha), G the matrix",
    "elliptic": "exp(-|G'u|^alpha), G the matrix",
    "spectral": "exp(-sum_k w_k |s_k.u|^alpha), s_k directions, w_k weights",
    "multifractal": "exp(-sum_j |scale_j u_j|^alpha_j)",
}


def lines(noise: Noise) -> list[tuple[str, str]]:
    """The noise in words, and the convention that fixes its constants.

    Parameters
    ----------
    noise : Noise
        The law.

    Returns
    -------
    list of (str, str)
        Labels and values.
    """
    facts = [noise.name]
    facts += [f"{name} = {_shown(value)}" for name, value in noise.params.items()]
    convention = ("scale 1 is", "E exp(iuL_1) = exp(-|u|^alpha)")
    if noise.name != "independent" or noise.dim is not None or "beta" in noise.params:
        convention = ("its law is", f"E exp(iu.L_1) = {_EXPONENTS[noise.name]}")
        if "beta" in noise.params:
            term = "(1 - i beta tan(pi alpha/2) sign u)"
            convention = ("scale 1 is", f"E exp(iuL_1) = exp(-|u|^alpha {term})")
    if noise.alpha == 2.0:
        of_one = " with variance 2" if convention[0] == "scale 1 is" else ""
        convention = (convention[0], f"{convention[1]}, Gaussian{of_one}")
    return [("noise", ", ".join(facts)), convention]


def _shown(value: Any) -> str:
    """A parameter as text, shortened when it is long."""
    import numpy as np

    array = np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.12g}"
    if array.ndim == 2 and array.size > _SHOWN:
        return f"{array.shape[0]} x {array.shape[1]} matrix"
    rows = [",".join(f"{x:.6g}" for x in row[:_SHOWN]) for row in np.atleast_2d(array)]
    return "(" + "; ".join(rows) + (", ..." if array.size > _SHOWN else "") + ")"
