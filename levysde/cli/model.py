"""The options that `escape` and `theory` share: which basin, dynamics and noise."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from levysde.cli import noises
from levysde.cli.arguments import Parser, UsageError, choose, number, numbers, whole_number

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.theory import Prediction

BASIN_NAMES = ("sharp", "flat", "asymmetric")
DYNAMICS_NAMES = ("sgd",)

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
        metavar="A",
        help="stability index of the noise, at most 2, where it is Gaussian "
        f"({noises.DEFAULT_ALPHA})",
    )
    group.add_argument(
        "--basin", default="sharp", metavar="NAME", help=f"{', '.join(BASIN_NAMES)} (%(default)s)"
    )
    group.add_argument(
        "--dim", type=whole_number, metavar="D", help="dimension (that of the noise, or 1)"
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
    noises.add_options(group)
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
        If a name is unknown, a number is out of range, or options do not fit together.
    OSError
        If a file with a matrix cannot be read.
    """
    from levysde import parts
    from levysde.basins import BASINS
    from levysde.dynamics import DYNAMICS

    make_basin = choose("--basin", options.basin, BASINS)
    make_dynamics = choose("--dynamics", options.dynamics, DYNAMICS)
    noises.check_amplitude("epsilon", options.epsilon)
    noise = noises.build(options)
    default = 1 if noise.dim is None else noise.dim
    dim = parts.whole_number("dim", default if options.dim is None else options.dim, 1, LARGEST_DIM)
    noise.check_dim(dim)
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
