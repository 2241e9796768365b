"""The options that `escape` and `theory` share: which basin, dynamics and noise."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from levysde import spec
from levysde.cli import dynamics_options, noise_options, part_options
from levysde.cli.parser import Parser, UsageError, number, numbers, whole_number

if TYPE_CHECKING:
    from levysde.basins import Basin
    from levysde.dynamics import Dynamics
    from levysde.model import Model
    from levysde.noise import Noise
    from levysde.theory import Prediction

DEFAULT_EPSILON = 0.1

LARGEST_DIM = 10_000
"""The theory looks at a square matrix of this size, 800 MB."""


def add_options(parser: Parser, dynamics: str = "sgd", basin: str = "sharp") -> None:
    """Add the options that name the model.

    Parameters
    ----------
    parser : Parser
        Of a command.
    dynamics : str
        Name of the optimizer unless given, or several names separated by commas.
    basin : str
        Name of the basin unless given.
    """
    group = parser.add_argument_group("model")
    group.add_argument(
        "--alpha",
        type=number,
        metavar="A",
        help="stability index of the noise, at most 2, where it is Gaussian "
        f"({noise_options.DEFAULT_ALPHA})",
    )
    group.add_argument(
        "--basin",
        default=basin,
        metavar="NAME",
        help=f"{', '.join(spec.BASINS)}, or your own: file.py:name or module:name, of a Basin or "
        "a function that returns one (%(default)s)",
    )
    group.add_argument(
        "--basin-parameter",
        action="append",
        metavar="NAME=V",
        help="a parameter of the basin by its name: a number, numbers or a word",
    )
    group.add_argument(
        "--dim",
        type=whole_number,
        metavar="D",
        help="dimension (that of the noise, or of the basin)",
    )
    group.add_argument("--epsilon", type=number, metavar="E", help="noise amplitude (0.1)")
    group.add_argument(
        "--lr",
        type=number,
        metavar="ETA",
        help="learning rate of an optimizer as used in practice, in place of --epsilon and --dt: "
        "--scale is then that of the gradient noise",
    )
    group.add_argument(
        "--dynamics",
        default=dynamics,
        metavar="NAME" if "," not in dynamics else "NAMES",
        help=f"{', '.join(spec.DYNAMICS)}, or your own as of --basin (%(default)s)",
    )
    noise_options.add_options(group)
    group.add_argument(
        "--start",
        type=numbers,
        metavar="X[,Y...]",
        help="where paths begin, one number per dimension (the minimum of the basin)",
    )
    dynamics_options.add_options(parser)


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
    basin, noise = build_setting(options)
    (dynamics,) = dynamics_options.build(options, [options.dynamics])
    from levysde.model import Model

    return Model(basin, dynamics, noise, amplitude(options, dynamics, noise), options.lr)


def amplitude(options: argparse.Namespace, dynamics: Dynamics, noise: Noise) -> float:
    """Epsilon as it was given or by default, or that of a learning rate.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`, and `dt`.
    dynamics : Dynamics
        The optimizer.
    noise : Noise
        The law of the driver.

    Returns
    -------
    float
        Dimensionless.

    Raises
    ------
    ValueError
        If the learning rate does not go with the other options.
    """
    if options.lr is None:
        return DEFAULT_EPSILON if options.epsilon is None else float(options.epsilon)
    from levysde.methods.learning_rate import amplitude_and_step

    dt: Any = "auto" if options.dt is None else options.dt
    epsilon, _ = amplitude_and_step(dynamics, noise, options.epsilon, dt, options.lr)
    noise_options.check_amplitude("epsilon = lr^((alpha - 1)/alpha)", epsilon)
    return epsilon


def build_setting(options: argparse.Namespace) -> tuple[Basin, Noise]:
    """Make the basin and the noise that the options name.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`.

    Returns
    -------
    Basin, Noise

    Raises
    ------
    ValueError
        If a name is unknown, a number is out of range, or options do not fit together.
    OSError
        If a file with a matrix cannot be read.
    """
    part_options.find("--basin", "basin", options.basin)
    for name in options.dynamics.split(","):
        part_options.find("--dynamics", "dynamics", name)
    if options.epsilon is not None:
        noise_options.check_amplitude("epsilon", options.epsilon)
    noise = noise_options.build(options)
    return build_basin(options, noise), noise


def build_basin(options: argparse.Namespace, noise: Noise) -> Basin:
    """Make the basin that the options name, in the dimension of a noise law.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`.
    noise : Noise
        The law of the driver.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        If the name is unknown, a number is out of range, or the dimensions differ.
    """
    from levysde import checks

    found = part_options.find("--basin", "basin", options.basin)
    dim = noise.dim if options.dim is None else options.dim
    if dim is not None:
        noise.check_dim(checks.whole_number("dim", dim, 1, LARGEST_DIM))
    basin = _build_basin(options, found, dim)
    noise.check_dim(basin.dim)
    if options.start is not None and len(options.start) != basin.dim:
        given = ",".join(f"{x:g}" for x in options.start)
        raise UsageError(
            f"--start {given} has {len(options.start)} coordinates and the dimension is "
            f"{basin.dim}; give one number per dimension, separated by commas"
        )
    return basin if options.start is None else replace(basin, start=options.start)


def _build_basin(options: argparse.Namespace, found: Any, dim: int | None) -> Basin:
    """The basin with its parameters, in the dimension that is wanted."""
    texts = options.basin_parameter or ()
    given = part_options.parameters("--basin-parameter", texts, {"dim": "--dim"})
    argument = part_options.arguments(found).get("dim")
    if argument is not None and (dim is not None or argument.default is argument.empty):
        given["dim"] = 1 if dim is None else dim
    basin: Basin = spec.part("basin", options.basin, **given)
    if options.dim not in (None, basin.dim):
        raise UsageError(
            f"--dim is {options.dim}, and the basin {options.basin} has dimension {basin.dim}; "
            "leave out --dim"
        )
    return basin


def predict(model: Model, dt: float | None = None) -> tuple[Prediction | None, str]:
    """The prediction for a model, or None and the reason why there is none.

    Parameters
    ----------
    model : Model
        Checked before, so that what fails is the theory.
    dt : float, optional
        Time step, which the theory of most optimizers needs.

    Returns
    -------
    prediction : Prediction or None
        What the theory says.
    reason : str
        Why there is no prediction, or none of the rate; empty if there is one.
    """
    from levysde import theory

    try:
        prediction = theory.predict(*model.parts, dt=dt)
    except ValueError as error:
        return None, str(error)
    return prediction, prediction.reason or ""
