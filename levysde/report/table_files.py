"""Tables as text: comma-separated values, and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def as_csv(lines: Sequence[Mapping[str, Any]]) -> str:
    r"""A table as comma-separated values.

    Parameters
    ----------
    lines : sequence of mapping
        With the same keys.

    Returns
    -------
    str

    Examples
    --------
    >>> as_csv([{"alpha": 1.5, "ratio": 0.98}])
    'alpha,ratio\n1.5,0.98\n'
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def as_latex(lines: Sequence[Mapping[str, Any]]) -> str:
    r"""A table for LaTeX with the package booktabs.

    Parameters
    ----------
    lines : sequence of mapping
        With the same keys.

    Returns
    -------
    str

    Examples
    --------
    >>> print(as_latex([{"alpha": 1.5, "ratio": 0.98}]))
    \begin{tabular}{rr}
    \toprule
    alpha & ratio \\
    \midrule
    1.5 & 0.98 \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    names = list(lines[0]) if lines else []
    numeric = [all(isinstance(line[name], int | float) for line in lines) for name in names]
    head = " & ".join(_latex(name) for name in names)
    body = [" & ".join(_latex(line[name]) for name in names) + r" \\" for line in lines]
    columns = "".join("r" if each else "l" for each in numeric)
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head + r" \\", r"\midrule",
            *body, r"\bottomrule", r"\end{tabular}", "",
        ]
    )  # fmt: skip


def _latex(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    return "".join(_SPECIAL.get(c, c) for c in text)
