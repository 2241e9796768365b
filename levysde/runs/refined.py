"""What a refinement of a run has found: means on finer and finer grids, and their limit."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from levysde._printed import Printed, short_repr
from levysde._text import Row, estimate, labeled, number, plain, table
from levysde._typing import FloatArray
from levysde.statistics.exit_times import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Refinement(Printed):
    """Mean exit times on finer and finer grids, and their limit in continuous time.

    Attributes
    ----------
    run_mean : float
        Mean exit time of the run that was refined, time.
    dt : ndarray, shape (grids,)
        Steps, coarsest first, time.
    mean : ndarray, shape (grids,)
        Mean exit times on these grids, time.
    standard_error : ndarray, shape (grids,)
        Of the means, time.
    correction : str or None
        Of the bias of the grid, in the runs that are extrapolated.
    exponent, second_exponent : float
        Powers of dt, or of the threshold, in the error model, dimensionless.
    extrapolated : float
        The mean at dt -> 0, or at a threshold of 0, time.
    extrapolated_error : float
        Its standard error, of the means and of what the extrapolation leaves, time.
    interval : Interval
        Its 95 % interval from that standard error, time.
    p_value : float
        Of the chi-square test that the means follow the model; a small one asks for a smaller dt.
    model : str
        The error model in one sentence.
    threshold : ndarray, shape (grids,), optional
        Thresholds of the jump method, largest first, length; dt is the same in all runs then.
    coefficients : tuple of float
        Both terms of the error model at the coarsest dt or threshold, time; empty if not known.

    Examples
    --------
    >>> import numpy as np
    >>> grids = np.array([0.1, 0.05]), np.array([2.2, 2.1]), np.array([0.01, 0.01])
    >>> model = "mean(dt) = mean + c dt^1"
    >>> found = Refinement(
    ...     2.2, *grids, None, 1.0, 1.25, 2.0, 0.05, Interval(1.9, 2.1), 0.5, model
    ... )
    >>> found
    Refinement(extrapolated=2.0000, error=0.050000, bias=0.1, runs=2)
    """

    run_mean: float
    dt: FloatArray
    mean: FloatArray
    standard_error: FloatArray
    correction: str | None
    exponent: float
    second_exponent: float
    extrapolated: float
    extrapolated_error: float
    interval: Interval
    p_value: float
    model: str
    threshold: FloatArray | None = None
    coefficients: tuple[float, ...] = field(default=(), repr=False)

    @property
    def bias(self) -> float:
        """Of the mean of the run relative to the limit, dimensionless."""
        return self.run_mean / self.extrapolated - 1.0

    def __repr__(self) -> str:
        """Return the limit and the bias of the run."""
        limit = f"extrapolated={number(self.extrapolated)}, error={number(self.extrapolated_error)}"
        return short_repr(self, f"{limit}, bias={self.bias:.3g}, runs={len(self.mean)}")

    def summary(self) -> str:
        """The means of all runs and their limit as text.

        Returns
        -------
        str
        """
        size = "dt" if self.threshold is None else "threshold"
        rows: list[tuple[str, ...]] = [(size, "mean time", "+-")]
        for line in self._rows():
            value, error = line["mean"], line["standard_error"]
            shown, _ = estimate(value, value - 1.96 * error, value + 1.96 * error)
            rows.append((f"{line[size]:.6g}", shown, number(1.96 * error, 2)))
        mean, interval = estimate(self.extrapolated, *self.interval)
        facts = [
            ("limit", f"mean time {mean}, 95 % interval {interval}"),
            ("run", f"mean time {number(self.run_mean)}, {100.0 * self.bias:+.2g} % off the limit"),
            ("model", self.model),
            ("fit", f"p = {number(self.p_value, 2)} that the means follow it"),
            ("correction", self.correction or "none"),
        ]
        return "\n\n".join(
            [
                f"Mean escape time for {size} -> 0",
                labeled(facts),
                table(rows, right=(0, 1, 2)),
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, with the bias, as values that JSON can hold.

        Returns
        -------
        dict
            By attribute.
        """
        return {**super().to_dict(), "bias": plain(self.bias)}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the means and their limit, by `levysde.plots.refinement`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a figure of its own.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from levysde import plots

        return plots.refinement(self, ax)

    def _rows(self) -> list[Row]:
        columns = {"dt": self.dt, "mean": self.mean, "standard_error": self.standard_error}
        if self.threshold is not None:
            columns = {"threshold": self.threshold, **columns}
        lists = {n: np.broadcast_to(c, self.mean.shape).tolist() for n, c in columns.items()}
        return [{name: values[i] for name, values in lists.items()} for i in range(len(self.mean))]
