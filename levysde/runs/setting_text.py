"""What was simulated, in words: optimizer, noise, amplitude, horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from levysde._text import number

if TYPE_CHECKING:
    from levysde.dynamics import Dynamics
    from levysde.noise import Noise
    from levysde.theory import Prediction

_MOST_NUMBERS = 6
_LONGEST_WORD = 60


def dynamics_text(dynamics: Dynamics) -> str:
    """The optimizer in words.

    Parameters
    ----------
    dynamics : Dynamics
        The optimizer.

    Returns
    -------
    str

    Examples
    --------
    >>> from levysde import dynamics
    >>> dynamics_text(dynamics.momentum(0.5))
    'momentum, algorithm, decay = 0.5, dampening = 0'
    """
    return _optimizer(dynamics.name, dynamics.options, dynamics.params)


def _optimizer(name: str, options: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    import numpy as np

    facts = [name]
    for key, value in options.items():
        if key == "form":
            facts.append(value)
        elif value not in ("per_step", False):
            facts.append(f"{key} = {value}")
    for key, value in params.items():
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":  # of a long one only a digest is recorded
            facts.append(f"{key} = {value!s:.{_LONGEST_WORD}}")
            continue
        shown = [f"{float(x):.12g}" for x in np.atleast_1d(array)[:_MOST_NUMBERS]]
        more = ", ..." if np.size(value) > _MOST_NUMBERS else ""
        text = ",".join(shown) + more
        facts.append(f"{key} = {f'({text})' if np.ndim(value) else text}")
    return ", ".join(facts)


def noise_lines(noise: Noise) -> list[tuple[str, str]]:
    """The noise in words, and the convention that fixes its constants.

    Parameters
    ----------
    noise : Noise
        The law.

    Returns
    -------
    list of (str, str)
        Labels and values.

    Examples
    --------
    >>> from levysde import noise
    >>> noise_lines(noise.independent(1.5))[0]
    ('noise', 'independent, alpha = 1.5, scale = 1')
    """
    label, convention = noise.convention
    if noise.alpha == 2.0 and noise.form is not None:
        convention += ", Gaussian" + (" with variance 2" if label == "scale 1 is" else "")
    return [("noise", _law(noise.name, noise.params)), (label, convention)]


def _law(name: str, params: Mapping[str, Any]) -> str:
    return ", ".join([name, *(f"{key} = {_shown(value)}" for key, value in params.items())])


def _shown(value: Any) -> str:
    """A parameter as text, shortened when it is long."""
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return f"{value!s:.{_LONGEST_WORD}}"
    if array.ndim == 0:
        return f"{float(array):.12g}"
    if array.ndim == 2 and array.size > _MOST_NUMBERS:
        return f"{array.shape[0]} x {array.shape[1]} matrix"
    rows = [",".join(f"{x:.6g}" for x in row[:_MOST_NUMBERS]) for row in np.atleast_2d(array)]
    return "(" + "; ".join(rows) + (", ..." if array.size > _MOST_NUMBERS else "") + ")"


def amplitude_text(epsilon: float, lr: float | None = None) -> str:
    """Epsilon, and the learning rate that it comes from.

    Parameters
    ----------
    epsilon : float
        Noise amplitude, dimensionless.
    lr : float, optional
        Learning rate, where one was given in its place.

    Returns
    -------
    str

    Examples
    --------
    >>> amplitude_text(0.1, 0.001)
    '0.1 = lr^((alpha - 1)/alpha), lr = 0.001'
    """
    if lr is None:
        return f"{epsilon:.12g}"
    return f"{epsilon:.6g} = lr^((alpha - 1)/alpha), lr = {lr:.12g}"


def horizon_text(made: Mapping[str, Any]) -> str:
    """The horizon and where it comes from.

    Parameters
    ----------
    made : mapping
        Parameters of a result.

    Returns
    -------
    str

    Examples
    --------
    >>> horizon_text({"horizon": 30.0, "horizon_reason": "30 predicted means"})
    '30.000 (30 predicted means)'
    """
    reason = made.get("horizon_reason", "given")
    if reason == "given":
        return f"{made['horizon']:.12g}"
    return f"{number(made['horizon'])} ({reason})"


def dimension_text(dim: int) -> str:
    """A number of dimensions in words.

    Parameters
    ----------
    dim : int
        The number.

    Returns
    -------
    str

    Examples
    --------
    >>> dimension_text(1), dimension_text(2)
    ('one dimension', '2 dimensions')
    """
    return "one dimension" if dim == 1 else f"{dim} dimensions"


def recorded_lines(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Optimizer, amplitude and noise of a result, as its parameters have them.

    Parameters
    ----------
    made : mapping
        Parameters of a result; what they lack is left out.

    Returns
    -------
    list of (str, str)
        Labels and values.

    Examples
    --------
    >>> recorded_lines({"noise": "independent", "noise_params": {"alpha": 1.5}, "epsilon": 0.1})
    [('epsilon', '0.1'), ('noise', 'independent, alpha = 1.5')]
    """
    lines = []
    if "dynamics" in made:
        options, params = made.get("dynamics_options", {}), made.get("dynamics_params", {})
        lines.append(("dynamics", _optimizer(made["dynamics"], options, params)))
    if "epsilon" in made:
        lines.append(("epsilon", amplitude_text(made["epsilon"], made.get("lr"))))
    if "noise" in made:
        lines.append(("noise", _law(made["noise"], made.get("noise_params", {}))))
    return lines


_THEORY = (
    "escape_measure", "escape_measure_error", "escape_measure_method", "rate", "mean_exit_time",
    "corrected_mean_exit_time", "reason",
)  # fmt: skip


def theory_record(prediction: Prediction | None) -> dict[str, Any]:
    """What the theory says beside a simulation, as JSON values.

    Parameters
    ----------
    prediction : Prediction or None
        None where there is no theory.

    Returns
    -------
    dict
        The same keys in both cases.

    Examples
    --------
    >>> theory_record(None)["mean_exit_time"] is None
    True
    """
    if prediction is None:
        return {**dict.fromkeys(_THEORY), "assumptions": []}
    facts = prediction.to_dict()
    return {name: facts[name] for name in (*_THEORY, "assumptions")}
