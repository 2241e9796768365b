"""What the theory says of an escape, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from levysde._printed import Printed, short_repr
from levysde._text import Row, labeled, number, plain
from levysde.theory.assumptions import Assumption
from levysde.theory.measure.escape_measure import EscapeMeasure

_LONGEST_DETAIL = 160


@dataclass(frozen=True, repr=False)
class Prediction(Printed):
    """Leading-order escape rate in the limit of small noise, and what it rests on.

    Parameters
    ----------
    escape_measure : EscapeMeasure or None
        nu(W), per unit time at noise amplitude 1; None where no law is known.
    rate : float or None
        eps^alpha nu(W), per unit time; for a multifractal law the sum over its indices.
    mean : float or None
        Mean escape time 1/rate, ``inf`` where the rate is 0.
    relaxation_rate : (float, float)
        Smallest and largest curvature at the equilibrium, per unit time.
    corrected_rate : float or None
        1/corrected_mean, per unit time.
    corrected_mean : float or None
        (1 - C eps^alpha)/rate; None where C does not exist or is not known, or where
        |C eps^alpha| is not below 0.25.
    assumptions : tuple of Assumption
        The conditions of the theory and whether they hold.
    reason : str or None
        Why no law is known; None where there is one.

    Examples
    --------
    >>> measure = EscapeMeasure(0.5, 0.0, "closed form: interval")
    >>> Prediction(measure, 0.25, 4.0, (1.0, 1.0), None, None, ()).mean
    4.0
    """

    escape_measure: EscapeMeasure | None
    rate: float | None
    mean: float | None
    relaxation_rate: tuple[float, float]
    corrected_rate: float | None
    corrected_mean: float | None
    assumptions: tuple[Assumption, ...]
    reason: str | None = None

    def __repr__(self) -> str:
        """Return the mean and the conditions that do not hold."""
        broken = [a.name for a in self.assumptions if not a.holds]
        doubts = f", unmet: {', '.join(broken)}" if broken else ""
        return short_repr(self, f"rate={number(self.rate)}, mean={number(self.mean)}{doubts}")

    def summary(self) -> str:
        """The law with its conditions as text.

        Returns
        -------
        str
        """
        curvature = [("curvature", f"{self.curvature_text()} at the minimum")]
        return "\n\n".join(
            ["Theory of small noise", labeled(curvature + self.law_lines()), self.conditions()]
        )

    def curvature_text(self) -> str:
        """The curvature at the equilibrium, or its range.

        Returns
        -------
        str
        """
        slow, fast = (f"{rate:.6g}" for rate in self.relaxation_rate)
        return slow if slow == fast else f"{slow} to {fast}"

    def law_lines(self, formula: str = "") -> list[tuple[str, str]]:
        """Measure, rate and means, as labels and values.

        Parameters
        ----------
        formula : str
            Of the rate, where it is to be shown.

        Returns
        -------
        list of (str, str)
        """
        lines = [("measure", self.measure_text())]
        if self.rate is not None and self.mean is not None:
            law = f"  = {formula}" if formula else ""
            mean = f"{number(self.mean, 6)}  = 1 / rate"
            lines.append(("rate", f"{number(self.rate, 6)}{law}"))
            lines.append(("mean time", mean if self.rate else "none: jumps do not lead out"))
        corrected = "none: the first correction is not known here"
        if self.corrected_mean is not None:
            value = number(self.corrected_mean, 6)
            corrected = f"{value}  with the first correction in epsilon^alpha"
        return [*lines, ("corrected", corrected)]

    def measure_text(self) -> str:
        """The escape measure with its error and where it comes from.

        Returns
        -------
        str
        """
        measure = self.escape_measure
        if measure is None:
            return f"no law known here: {self.reason}"
        error = f" +- {measure.error:.0e}" if measure.error > 0.0 else ""
        return f"nu(W) = {number(measure.value, 7)}{error}  ({measure.method})"

    def conditions(self) -> str:
        """The assumptions and whether they hold, as text.

        Returns
        -------
        str
        """
        mark = {True: "yes", False: "NO", None: "unknown"}
        lines = []
        for a in self.assumptions:
            cut = f"{a.detail[:_LONGEST_DETAIL]} ..."
            detail = a.detail if len(a.detail) <= _LONGEST_DETAIL else cut
            lines.append((mark[a.holds], f"{a.name}: {detail}"))
        return "  assumptions\n" + labeled(lines, 9, indent=4)

    def to_dict(self) -> dict[str, Any]:
        """The law and its conditions as values that JSON can hold.

        Returns
        -------
        dict
            With the keys escape_measure, escape_measure_error, escape_measure_method, rate,
            mean_exit_time, corrected_mean_exit_time, reason, relaxation_rate and assumptions.
        """
        measure = self.escape_measure
        facts: dict[str, Any] = plain(
            {
                "escape_measure": None if measure is None else measure.value,
                "escape_measure_error": None if measure is None else measure.error,
                "escape_measure_method": None if measure is None else measure.method,
                "rate": self.rate,
                "mean_exit_time": self.mean,
                "corrected_mean_exit_time": self.corrected_mean,
                "reason": self.reason,
                "relaxation_rate": self.relaxation_rate,
                "assumptions": [
                    {"name": a.name, "holds": plain(a.holds), "detail": a.detail}
                    for a in self.assumptions
                ],
            }
        )
        return facts

    def _rows(self) -> list[Row]:
        facts = self.to_dict()
        del facts["assumptions"], facts["relaxation_rate"]
        broken = "; ".join(a.name for a in self.assumptions if not a.holds)
        return [{**facts, "unmet_assumptions": broken}]
