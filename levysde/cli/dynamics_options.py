"""The options that describe the dynamics, and the optimizers that they make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from levysde import spec
from levysde.cli import part_options
from levysde.cli.parser import UsageError, number, numbers, quoted

if TYPE_CHECKING:
    from levysde.dynamics import Dynamics

_OPTIONS = (
    "clip", "decay", "dampening", "bias_correction", "b1", "b2", "eps", "weight_decay", "form",
    "rates", "frozen", "gradient_noise",
)  # fmt: skip
"""Arguments of the optimizers that are options."""

_FLAGS = {"eps": "--eps-adam"}


def add_options(parser: Any) -> None:
    """Add the options of the dynamics.

    Parameters
    ----------
    parser : argparse parser
        Of a command.
    """
    group = parser.add_argument_group("dynamics other than plain sgd")
    group.add_argument(
        "--form",
        metavar="NAME",
        help="algorithm: the noise enters the gradient; sde: it enters x beside it (algorithm)",
    )
    group.add_argument(
        "--b1", type=number, metavar="B", help="factor of Adam's first average (0.9)"
    )
    group.add_argument(
        "--b2", type=number, metavar="B", help="factor of Adam's second average (0.999)"
    )
    group.add_argument(
        "--eps-adam", dest="eps", type=number, metavar="E", help="added to sqrt(v) (1e-8)"
    )
    group.add_argument(
        "--weight-decay",
        type=number,
        metavar="W",
        help="of sgd, momentum, nesterov, lion (0), adam_l2, adamw, adamprox (0.01)",
    )
    group.add_argument(
        "--decay", type=number, metavar="B", help="factor of momentum (0.9) or rmsprop (0.99)"
    )
    group.add_argument("--dampening", type=number, metavar="D", help="of momentum (0)")
    group.add_argument(
        "--bias-correction",
        action="store_true",
        default=None,
        help="divide the average of rmsprop by 1 - decay^n",
    )
    group.add_argument(
        "--rates",
        metavar="NAME",
        help="per_step: factors are what one step keeps; per_time: they are rates of the SDE "
        "(per_step)",
    )
    group.add_argument(
        "--frozen",
        type=numbers,
        metavar="Q[,Q...]",
        help="hold sqrt(v) at these numbers, one per dimension or one for all",
    )
    group.add_argument(
        "--gradient-noise",
        type=numbers,
        metavar="S[,S...]",
        help="standard deviation of a gradient noise that v alone sees, in the SDE",
    )
    group.add_argument(
        "--dynamics-parameter",
        action="append",
        metavar="NAME=V",
        help="another parameter of the optimizer by its name: a number, or numbers",
    )
    group.add_argument(
        "--clip", type=number, metavar="L", help="longest displacement of one step of sgd"
    )


def build(options: argparse.Namespace, names: Sequence[str]) -> list[Dynamics]:
    """Make the optimizers of these names; each takes the options that it has.

    Parameters
    ----------
    options : argparse.Namespace
        With the options of `add_options`.
    names : sequence of str
        Of the optimizers.

    Returns
    -------
    list of Dynamics

    Raises
    ------
    ValueError
        If a name is unknown, an option is for none of them, or a value is bad.

    Examples
    --------
    >>> options = argparse.Namespace(**dict.fromkeys((*_OPTIONS, "dynamics_parameter")))
    >>> options.decay = 0.5
    >>> [float(d.params.get("decay", 0.0)) for d in build(options, ["sgd", "momentum"])]
    [0.0, 0.5]
    """
    known = {name: spec.constructor("dynamics", name) for name in spec.DYNAMICS}
    known |= {name: part_options.find("--dynamics", "dynamics", name) for name in names}
    given = {name: getattr(options, name) for name in _OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    given |= _others(options)
    for name in given:
        owners = [each for each, make in known.items() if _takes(make, name)]
        if not set(names) & set(owners):
            flag = _flag(name)
            if not owners:
                raise UsageError(f"{flag} is no parameter of an optimizer; leave it out")
            raise UsageError(
                f"{flag} is for {', '.join(owners)}, and --dynamics is {','.join(names)}; leave "
                "out one"
            )
    made = []
    for name in names:
        taken = {key: _single(value) for key, value in given.items() if _takes(known[name], key)}
        own = part_options.is_own(name)
        made.append(spec.part("dynamics", name, **taken) if own else known[name](**taken))
    return made


def _flag(name: str) -> str:
    """The option that gives an argument."""
    if name not in _OPTIONS:
        return f"--dynamics-parameter {name}"
    return _FLAGS.get(name, "--" + name.replace("_", "-"))


def _others(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments that have no option of their own."""
    found = {}
    for text in options.dynamics_parameter or ():
        name, _, value = text.partition("=")
        if name in _OPTIONS:
            raise UsageError(
                f"--dynamics-parameter {quoted(name)} has an option; give {_flag(name)}"
            )
        try:
            found[name] = numbers(value)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"--dynamics-parameter {quoted(name)} is {error}") from error
    return found


def _takes(found: Any, argument: str) -> bool:
    return argument in part_options.arguments(found)


def _single(value: Any) -> Any:
    """One number for a list of one, which serves every dimension."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
