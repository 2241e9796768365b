"""Several laws of noise at one learning rate: models of noise judged against data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from levysde import checks
from levysde._printed import Printed, short_repr
from levysde._text import Row, number, plain
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.noise import Noise
from levysde.runs.comparison_text import ratios_in_short
from levysde.runs.noise_comparison_text import noise_comparison_text
from levysde.runs.progress import Progress
from levysde.runs.ratios import Ratio, ratio_path_by_path
from levysde.runs.results import EscapeTimes
from levysde.runs.run import one_after_the_other
from levysde.runs.simulate import escape_times
from levysde.spellings import with_hints
from levysde.trial import try_functions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from levysde.theory import Prediction

__all__ = ["NoiseComparison", "compare_noises"]

_STEPS = 100_000
"""Steps after which paths are censored unless a horizon is given."""


@dataclass(frozen=True, eq=False, repr=False)
class NoiseComparison(Printed):
    """Escape times under several laws of noise, made by `compare_noises`.

    Attributes
    ----------
    names : tuple of str
        Of the laws, in the order given.
    reference : str
        Name of the law that the others are compared with.
    results : tuple of EscapeTimes
        One a law, of one seed, learning rate and horizon.
    ratios : tuple of Ratio
        Mean escape time over that of the reference, with 95 % intervals.
    predictions : tuple of Prediction or None
        What the theory says of each; None where it says nothing of this basin or law.
    """

    names: tuple[str, ...]
    reference: str
    results: tuple[EscapeTimes, ...]
    ratios: tuple[Ratio, ...]
    predictions: tuple["Prediction | None", ...]

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

    def __repr__(self) -> str:
        """Return the ratios, and not the paths."""
        return short_repr(self, ratios_in_short(self))

    def summary(self) -> str:
        """The setting, and a row for every law with the ratio of its mean to that of the reference.

        Returns
        -------
        str
        """
        theory = {
            name: ("" if each is None else number(each.mean), "")
            for name, each in zip(self.names, self.predictions, strict=True)
        }
        return noise_comparison_text(self, [], theory)

    def to_dict(self) -> dict[str, Any]:
        """The estimates and predictions as values that JSON can hold.

        Returns
        -------
        dict
            With the keys reference, paths, seed and noises, a list with a dict for every law.
        """
        first = self.results[0]
        facts: dict[str, Any] = {"reference": self.reference, "paths": first.paths}
        facts |= {"seed": first.parameters["seed"], "noises": self._rows()}
        return {name: plain(value) for name, value in facts.items()}

    def _rows(self) -> list[Row]:
        return [
            {
                "noise": name,
                "escaped": result.escaped,
                "mean": result.mean if result.escaped else None,
                "mean_lower": result.mean_interval()[0],
                "mean_upper": result.mean_interval()[1],
                "predicted_mean": None if prediction is None else prediction.mean,
                "ratio": ratio.value,
                "ratio_lower": ratio.lower,
                "ratio_upper": ratio.upper,
            }
            for name, result, ratio, prediction in zip(
                self.names, self.results, self.ratios, self.predictions, strict=True
            )
        ]


@with_hints
def compare_noises(
    basin: Basin,
    dynamics: Dynamics,
    noises: Mapping[str, Noise],
    lr: float,
    reference: str | None = None,
    paths: int = 2000,
    horizon: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = None,
) -> NoiseComparison:
    """Escape times of one optimizer under several laws of the noise of its gradient.

    Every law is taken as it is at one learning rate: the step dt is lr, and epsilon
    lr^((alpha - 1)/alpha) with the alpha of each. With rows of data as the reference
    (`noise.empirical`) a ratio says what a model of the noise (`noise.fit`) does to the mean escape
    time, and that of the Gaussian law of the same covariance (`noise.gaussian_of`) what its tails
    do.

    Intervals are those of the simulation, with the data as they are. Data have no longer step than
    the longest that was seen: where k of the rows are long enough to leave in one step, the rate
    that they make is itself known to about k^(-1/2) of it, and where none is, the data say nothing
    for or against a model that leaves by longer ones.

    Parameters
    ----------
    basin : Basin
        Potential, domain and start.
    dynamics : Dynamics
        The optimizer, a recurrence.
    noises : mapping of str to Noise
        At least two laws under names of your own.
    lr : float
        Learning rate, the time of one iteration.
    reference : str, optional
        Name of the law that the others are compared with; the first unless given.
    paths : int
        Number of paths of each law.
    horizon : float, optional
        Where observation ends, time; 100 000 iterations unless given.
    seed, threads, progress
        As for `escape_times`.

    Returns
    -------
    NoiseComparison

    Raises
    ------
    ValueError
        If a value is out of range or parts do not fit together.
    Interrupted
        A KeyboardInterrupt that carries the finished paths of the law that was running.

    References
    ----------
    Zhou et al., NeurIPS 2020 (arXiv 2010.05627), eq. 4.

    Examples
    --------
    >>> import levysde as ls
    >>> coin = {n: ls.noise.empirical([[-n], [n]]) for n in (1.0, 2.0)}
    >>> noises = {"one": coin[1.0], "two": coin[2.0]}
    >>> basin = ls.basins.driftless(lower=-0.95, upper=0.95)
    >>> found = ls.compare_noises(basin, ls.dynamics.sgd(), noises, lr=0.125, paths=500)
    >>> found.ratios[1].lower < 0.25 < found.ratios[1].upper  # 16 steps of a walk, and 64
    True
    """
    checks.instance("basin", basin, Basin)
    try_functions(basin)
    checks.instance("dynamics", dynamics, Dynamics)
    several = isinstance(noises, Mapping) and len(noises) > 1
    if not several or not all(isinstance(each, Noise) for each in noises.values()):
        raise ValueError(
            f"noises is {checks.told(noises)}; give a dictionary of at least two names and Noise"
        )
    for name in noises:
        checks.text("the name of a noise", name)
    names = tuple(noises)
    reference = names[0] if reference is None else checks.choice("reference", reference, names)
    lr = checks.finite_number("lr", lr)
    horizon = _STEPS * lr if horizon is None else horizon
    given: dict[str, Any] = {"paths": paths, "horizon": horizon, "seed": seed, "threads": threads}
    results = one_after_the_other(
        escape_times(basin, dynamics, noise, lr=lr, progress=progress, **given)
        for noise in noises.values()
    )
    against = results[names.index(reference)]
    return NoiseComparison(
        names,
        reference,
        results,
        tuple(ratio_path_by_path(each, against) for each in results),
        tuple(_prediction(basin, dynamics, noise, lr) for noise in noises.values()),
    )


def _prediction(basin: Basin, dynamics: Dynamics, noise: Noise, lr: float) -> "Prediction | None":
    from levysde import theory

    try:
        return theory.predict(basin, dynamics, noise, lr=lr)
    except ValueError:  # a basin or a law without a prediction
        return None
