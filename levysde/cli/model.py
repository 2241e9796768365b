"""The options that `escape` and `theory` share: which basin, dynamics and noise."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from levysde.cli.arguments import Parser, UsageError, choose, number, numbers, whole_number

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.theory import Prediction

BASIN_NAMES = ("sharp", "flat", "asymmetric")
DYNAMICS_NAMES = ("sgd",)
NOISE_NAMES = ("independent",)

LARGEST_AMPLITUDE = 1e100
"""Of epsilon and of the scale, so that powers up to alpha = 2 stay floating-point numbers."""

LARGEST_DIM = 10_000
"""The theory looks at a square matrix of this size, 800 MB."""


@dataclass(frozen=True)
class Model:
    """What is simulated or predicted.

    Attributes
    ----------
    basin : Basin
        With the start that was asked for.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.
    epsilon : float
        Noise amplitude, dimensionless.
    """

    basin: Basin
    dynamics: Dynamics
    noise: Noise
    epsilon: float


def add_options(parser: Parser) -> None:
    """Add the options that name the model.

    Parameters
    ----------
    parser : Parser
        Of a command.
    """
    group = parser.add_argument_group("model")
    group.add_argument(
        "--alpha",
        type=number,
        default=1.5,
        metavar="A",
        help="stability index of the noise, at most 2, where it is Gaussian (%(default)s)",
    )
    group.add_argument(
        "--basin", default="sharp", metavar="NAME", help=f"{', '.join(BASIN_NAMES)} (%(default)s)"
    )
    group.add_argument(
        "--dim", type=whole_number, default=1, metavar="D", help="dimension (%(default)s)"
    )
    group.add_argument(
        "--epsilon", type=number, default=0.1, metavar="E", help="noise amplitude (%(default)s)"
    )
    group.add_argument(
        "--dynamics",
        default="sgd",
        metavar="NAME",
        help=f"{', '.join(DYNAMICS_NAMES)} (%(default)s)",
    )
    group.add_argument(
        "--noise",
        default="independent",
        metavar="NAME",
        help=f"{', '.join(NOISE_NAMES)}: law of the coordinates (%(default)s)",
    )
    group.add_argument(
        "--scale", type=number, default=1.0, metavar="S", help="scale of the noise (%(default)s)"
    )
    group.add_argument(
        "--start",
        type=numbers,
        metavar="X[,Y...]",
        help="where paths begin, one number per dimension (the minimum of the basin)",
    )


def build(options: argparse.Namespace) -> Model:
    """Make the parts that the options name.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If a name is unknown or a number is out of range.
    """
    from levysde import parts
    from levysde.basins import BASINS
    from levysde.dynamics import DYNAMICS
    from levysde.noise import NOISES

    make_basin = choose("--basin", options.basin, BASINS)
    make_dynamics = choose("--dynamics", options.dynamics, DYNAMICS)
    make_noise = choose("--noise", options.noise, NOISES)
    amplitudes = {"epsilon": options.epsilon, "scale": options.scale}
    for name, value in amplitudes.items():
        parts.finite_number(name, value)
        if not 1.0 / LARGEST_AMPLITUDE <= value <= LARGEST_AMPLITUDE:
            raise UsageError(
                f"{name} is {value:g}; give a number from {1.0 / LARGEST_AMPLITUDE:g} to "
                f"{LARGEST_AMPLITUDE:g}"
            )
    noise = make_noise(options.alpha, scale=options.scale)
    dim = parts.whole_number("dim", options.dim, 1, LARGEST_DIM)
    if options.start is not None and len(options.start) != dim:
        given = ",".join(f"{x:g}" for x in options.start)
        raise UsageError(
            f"--start {given} has {len(options.start)} coordinates and the dimension is {dim}; "
            "give one number per dimension, separated by commas"
        )
    basin = make_basin(dim)
    if options.start is not None:
        basin = replace(basin, start=options.start)
    return Model(basin, make_dynamics(), noise, options.epsilon)


def predict(model: Model) -> tuple[Prediction | None, str]:
    """The prediction for a model, or None and the reason why there is none.

    Parameters
    ----------
    model : Model
        Checked before, so that what fails is the theory.

    Returns
    -------
    prediction : Prediction or None
        What the theory says.
    reason : str
        Empty if there is a prediction.
    """
    from levysde import theory

    try:
        prediction = theory.predict(model.basin, model.dynamics, model.noise, model.epsilon)
    except ValueError as error:
        return None, str(error)
    return prediction, ""


def noise_lines(model: Model) -> list[tuple[str, str]]:
    """The noise in words, and the convention that fixes its constants.

    Parameters
    ----------
    model : Model
        Whose noise is meant.

    Returns
    -------
    list of (str, str)
        Labels and values.
    """
    noise = model.noise
    law = "E exp(iuL_1) = exp(-|u|^alpha)"
    if noise.alpha == 2.0:
        law += ", Gaussian with variance 2"
    text = f"{noise.name}, alpha = {noise.alpha:.12g}, scale = {noise.scale:.12g}"
    return [("noise", text), ("scale 1 is", law)]
