"""Several optimizers on the same random numbers, and the ratios of their escape times."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Literal

from levysde import checks
from levysde._printed import Printed, short_repr
from levysde._text import Row, plain
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.methods.learning_rate import amplitude_and_step
from levysde.methods.scheme import chosen_scheme
from levysde.methods.timestep import AutomaticStep, automatic_step, largest_curvature
from levysde.model import Model
from levysde.noise import Noise
from levysde.runs.comparison_text import (
    comparison_rows,
    comparison_text,
    ratios_in_short,
    setting_lines,
)
from levysde.runs.progress import Progress
from levysde.runs.ratios import Ratio, ratio_of
from levysde.runs.results import EscapeTimes
from levysde.runs.run import one_after_the_other
from levysde.runs.setting_text import amplitude_text
from levysde.runs.simulate import escape_times
from levysde.spellings import with_hints
from levysde.trial import try_functions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from levysde.theory import Prediction

_LARGEST_PRODUCT = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Printed):
    """Escape times of several optimizers, made by `compare`.

    Attributes
    ----------
    results : tuple of EscapeTimes
        One an optimizer, in the order given, with the same noise.
    predictions : tuple of Prediction or None
        What the theory says of each; None where it says nothing of this basin or noise.
    ratios : tuple of Ratio
        Mean escape time over that of the first optimizer, with paired 95 % intervals.
    predicted_ratios : tuple of float or None
        The same of the predicted means.
    dt_reason : str
        Where the step of all of them comes from.
    stepwise : tuple of str
        Names of the optimizers whose averages last a number of steps: their escape times, and so
        the ratios, depend on the step.
    setting : tuple of (str, str)
        What was compared, in words: labels and values.

    Examples
    --------
    >>> import levysde as ls
    >>> optimizers = [ls.dynamics.sgd(), ls.dynamics.momentum(0.5)]
    >>> noise = ls.noise.independent(1.5)
    >>> compared = ls.compare(ls.basins.flat(), optimizers, noise, epsilon=0.5, paths=100, dt=0.1)
    >>> [line["dynamics"] for line in compared.to_dict()["optimizers"]]
    ['sgd', 'momentum']
    >>> print(compared.summary().splitlines()[0])
    Escape from the flat basin in one dimension
    """

    results: tuple[EscapeTimes, ...]
    predictions: tuple["Prediction | None", ...]
    ratios: tuple[Ratio, ...]
    predicted_ratios: tuple[float | None, ...]
    dt_reason: str
    stepwise: tuple[str, ...]
    setting: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the optimizers."""
        return tuple(result.parameters["dynamics"] for result in self.results)

    def __repr__(self) -> str:
        """Return the ratios, and not the paths."""
        return short_repr(self, ratios_in_short(self))

    def summary(self) -> str:
        """The setting, and a row for every optimizer, as `levysde compare` prints them.

        Returns
        -------
        str
        """
        return comparison_text(self)

    def to_dict(self) -> dict[str, Any]:
        """The estimates and predictions as values that JSON can hold.

        Returns
        -------
        dict
            With the keys dt, dt_reason, depend_on_dt, paths, seed, optimizers (a list of dict),
            convention and versions, as `levysde compare --json` prints them.
        """
        first = self.results[0]
        made = first.parameters
        facts: dict[str, Any] = plain(
            {
                "dt": first.dt,
                "dt_reason": self.dt_reason,
                "depend_on_dt": self.stepwise,
                "paths": first.paths,
                "seed": made["seed"],
                "optimizers": comparison_rows(self),
                "convention": made["convention"],
                "versions": made["versions"],
            }
        )
        return facts

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ratios of the means, by `levysde.plots.comparison`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a figure of its own.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from levysde import plots

        return plots.comparison(self, ax)

    def _rows(self) -> list[Row]:
        return [
            {
                "dynamics": line["dynamics"],
                "escaped": line["escaped"],
                "mean": line["mean_exit_time"],
                "mean_lower": line["mean_ci95"][0],
                "mean_upper": line["mean_ci95"][1],
                "predicted_mean": line["theory"]["mean_exit_time"],
                "ratio": line["ratio"],
                "ratio_lower": line["ratio_ci95"][0],
                "ratio_upper": line["ratio_ci95"][1],
                "predicted_ratio": line["predicted_ratio"],
            }
            for line in self.to_dict()["optimizers"]
        ]


def common_step(basin: Basin, dynamics: Sequence[Dynamics]) -> AutomaticStep:
    """The time step for several optimizers: the shortest of their automatic ones.

    An algorithm that divides the gradient by its own size counts time in steps, and its step is a
    length. Where there is one, all take its step, as long as it is stable for the others: k dt is
    at most 1/2, k the curvature that they feel.

    Parameters
    ----------
    basin : Basin
        Where they are compared.
    dynamics : sequence of Dynamics
        The optimizers.

    Returns
    -------
    AutomaticStep
        Step, time, and the rule that gave it.

    Raises
    ------
    ValueError
        If there is no automatic step.

    Examples
    --------
    >>> from levysde import basins, dynamics
    >>> step = common_step(basins.flat(), [dynamics.sgd(), dynamics.adam()])
    >>> round(step.dt, 4), step.reason
    (0.0504, 'the exit distance is 5/8 of what one jump can move, in adam')
    """
    normalized = [each for each in dynamics if each.effective_rule.normalized]
    others = [each for each in dynamics if not each.effective_rule.normalized]
    found = [(automatic_step(basin, each), each.name) for each in normalized or others]
    shortest, name = min(found, key=lambda pair: pair[0].dt)
    step = AutomaticStep(shortest.dt, f"{shortest.reason}, in {name}")
    for each in others if normalized else []:
        moves = each.effective_rule
        fastest = max((largest_curvature(basin) + moves.l2) * moves.speed, moves.largest_rate)
        if 0.0 < fastest < math.inf and _LARGEST_PRODUCT / fastest < step.dt:
            rule = f"1/2 over the largest curvature, for {each.name} to be stable"
            step = AutomaticStep(_LARGEST_PRODUCT / fastest, rule)
    return step


@with_hints
def compare(
    basin: Basin,
    dynamics: Sequence[Dynamics],
    noise: Noise,
    epsilon: float | None = None,
    paths: int | None = None,
    dt: float | Literal["auto"] = "auto",
    horizon: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = None,
    lr: float | None = None,
) -> Comparison:
    """Escape times of several optimizers with the same noise, path by path.

    The ratio of two means is then known much better than either of them, where the optimizers
    leave by the same jumps.

    Parameters
    ----------
    basin : Basin
        Potential, domain and start.
    dynamics : sequence of Dynamics
        The optimizers; the first is what the others are compared with.
    noise : Noise
        The law of the driver.
    epsilon : float, optional
        Noise amplitude, dimensionless; it or `lr` is needed.
    paths, horizon, seed, threads, progress
        As for `escape_times`.
    dt : float or "auto"
        Step of all of them, time; "auto" is `common_step`. The ratios depend on it where averages
        last a number of steps, and where steps have a length: see `Comparison.stepwise`.
    lr : float, optional
        Learning rate of all of them in place of `epsilon` and `dt`, as for `escape_times`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If a value is out of range or parts do not fit together.
    Interrupted
        A KeyboardInterrupt that carries the finished paths of the optimizer that was running.

    Examples
    --------
    >>> import levysde as ls
    >>> noise = ls.noise.independent(1.5, scale=2.0)
    >>> optimizers = [ls.dynamics.sgd(), ls.dynamics.rmsprop(form="sde", frozen=2.0)]
    >>> comparison = compare(ls.basins.flat(), optimizers, noise, epsilon=0.1, paths=500, dt=0.05)
    >>> round(comparison.predicted_ratios[1], 6)  # 2^alpha
    2.828427
    """
    checks.instance("basin", basin, Basin)
    try_functions(basin)
    several = isinstance(dynamics, list | tuple) and len(dynamics) > 1
    if not several or not all(isinstance(each, Dynamics) for each in dynamics):
        raise ValueError(
            f"dynamics is {checks.told(dynamics)}; give a list of at least two Dynamics"
        )
    checks.instance("noise", noise, Noise)
    for each in dynamics:
        epsilon_of_all, step = amplitude_and_step(each, noise, epsilon, dt, lr)
    reason = "given" if lr is None else "the learning rate"
    if isinstance(step, str):
        checks.choice("dt", step, ("auto",))
        step, rule = astuple(common_step(basin, dynamics))
        reason = f"auto: {rule}"
    setting = {"epsilon": epsilon, "dt": step} if lr is None else {"lr": lr}
    # The step of all is nobody's own: an SDE may divide it as it would its own automatic one.
    schemes = ["auto"] * len(dynamics)
    if lr is None and isinstance(dt, str):
        schemes = [chosen_scheme(basin, each, step, noise.alpha) for each in dynamics]
    given: dict[str, Any] = {"paths": paths, "horizon": horizon, "seed": seed, "threads": threads}
    with _each_once():
        results = one_after_the_other(
            escape_times(basin, each, noise, **setting, progress=progress, scheme=scheme, **given)
            for each, scheme in zip(dynamics, schemes, strict=True)
        )
    models = (Model(basin, each, noise, epsilon_of_all) for each in dynamics)
    predictions = tuple(_prediction(model, step) for model in models)
    return Comparison(
        results,
        predictions,
        tuple(ratio_of(result, results[0]) for result in results),
        tuple(_predicted_ratio(each, predictions[0]) for each in predictions),
        reason,
        tuple(each.name for each in dynamics if each.effective_rule.stepwise),
        setting_lines(dynamics, noise, amplitude_text(epsilon_of_all, lr)),
    )


@contextmanager
def _each_once() -> Iterator[None]:
    """Warnings that are the same for several optimizers are given once, to who compares them."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for message in dict.fromkeys(str(entry.message) for entry in caught):
        checks.warn(message)


def _prediction(model: Model, dt: float) -> "Prediction | None":
    from levysde import theory

    try:
        return theory.predict(*model.parts, dt=dt)
    except ValueError:  # a basin or a noise without a prediction
        return None


def _predicted_ratio(prediction: "Prediction | None", first: "Prediction | None") -> float | None:
    """The ratio of two predicted means, if both are positive numbers."""
    if prediction is None or first is None or not prediction.rate or not first.rate:
        return None
    return first.rate / prediction.rate
