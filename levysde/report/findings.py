"""What an experiment found: claims with their sources, what came out, whether the two agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from levysde.runs.sweep.table import Sweep

KOLMOGOROV = (math.sqrt(math.pi / 2.0) * math.log(2.0), 0.2603)
"""Mean and standard deviation of sqrt(n) times the distance of n numbers from their own law.

Source: A. Kolmogorov, Giorn. Ist. Ital. Attuari 4 (1933) 83, for the limit law.
"""

SIGMAS = 4.0
"""Standard errors within which a number agrees with another: one in 16 000 is off by chance."""


@dataclass(frozen=True)
class Finding:
    """A claim, and what came out.

    Attributes
    ----------
    claim : str
        One sentence.
    source : str
        Who says so, with the equation.
    expected : float
        What the claim says.
    found : float
        What was measured or computed.
    error : float
        Standard error of `found`; 0 if it has none.
    allowance : float
        Further difference that the claim allows, because it is a limit; `remark` says why.
    should_agree : bool
        False where this package says openly that the claim is wrong.
    remark : str
        What a reader must know.
    """

    claim: str
    source: str
    expected: float
    found: float
    error: float = 0.0
    allowance: float = 0.0
    should_agree: bool = True
    remark: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the numbers agree within four standard errors and the allowance."""
        difference = abs(self.found - self.expected)
        # Numbers without an error are computed: the last digits may differ.
        rounding = 1e-9 * abs(self.expected)
        return bool(difference <= SIGMAS * self.error + self.allowance + rounding)

    @property
    def as_documented(self) -> bool:
        """Whether it came out as this package says; what was not found did not."""
        return math.isfinite(self.found) and self.agrees == self.should_agree

    def record(self) -> dict[str, Any]:
        """All of it as JSON values.

        Returns
        -------
        dict
        """
        values = {**vars(self), "agrees": self.agrees, "as_documented": self.as_documented}
        return {name: _finite(value) for name, value in values.items()}


@dataclass(frozen=True)
class Outcome:
    """What the script of an experiment makes of the results.

    Attributes
    ----------
    title : str
        A few words.
    text : str
        What is shown and what came out: paragraphs separated by empty lines.
    figures : mapping of str to Figure
        By name of the file, without its ending.
    findings : sequence of Finding
        The claims.
    tables : mapping of str to (sequence of dict)
        By name of the file, lines with the same keys.
    """

    title: str
    text: str
    figures: Mapping[str, Figure]
    findings: Sequence[Finding] = ()
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """What the script of an experiment reads.

    Attributes
    ----------
    sweeps : mapping of str to Sweep
        By name of the spec, without its ending.
    quick : bool
        Whether fewer settings and paths were run, to see that everything works.
    """

    sweeps: Mapping[str, Sweep]
    quick: bool

    def __getitem__(self, name: str) -> Sweep:
        """Return the sweep of a spec."""
        return self.sweeps[name]


def standard_error(lower: float, upper: float) -> float:
    """The standard error that belongs to a 95 % interval.

    Parameters
    ----------
    lower, upper : float
        Its ends.

    Returns
    -------
    float

    Examples
    --------
    >>> round(standard_error(1.0 - 1.96, 1.0 + 1.96), 4)
    1.0
    """
    return (upper - lower) / (2.0 * 1.959963984540054)


def share_error(share: float, count: int) -> float:
    """The standard error sqrt(p (1 - p)/n) of a share.

    Parameters
    ----------
    share : float
        p, from 0 to 1, dimensionless.
    count : int
        n.

    Returns
    -------
    float
        Dimensionless.

    Examples
    --------
    >>> share_error(0.5, 100)
    0.05
    """
    return math.sqrt(share * (1.0 - share) / count)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
