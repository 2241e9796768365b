"""Numbers and tables as text, and values as JSON can hold them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import Field

Row = dict[str, Any]
"""A line of a table, by the names of its columns."""

WIDTH = 80

_MOST_ROWS = 50


def number(value: float | None, digits: int = 5) -> str:
    """A number with so many significant digits, or `none`.

    Parameters
    ----------
    value : float or None
        The number; NaN is one that does not exist, as None is.
    digits : int
        Significant digits.

    Returns
    -------
    str

    Examples
    --------
    >>> number(9.9083182), number(1.0 / 3e7), number(float("inf"))
    ('9.9083', '3.3333e-08', 'inf')
    """
    if value is None or math.isnan(value):
        return "none"
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    power = _power(value)
    if -4 <= power < 7:
        return f"{value:.{max(0, digits - 1 - power)}f}"
    return f"{value:.{digits - 1}e}"


def counted(count: int, one: str, several: str) -> str:
    """A number of things in words.

    Parameters
    ----------
    count : int
        How many.
    one, several : str
        What they are, singular and plural.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "path", "paths"), counted(0, "path", "paths")
    ('1 path', '0 paths')
    """
    return f"{count} {one if count == 1 else several}"


def estimate(value: float, low: float, high: float) -> tuple[str, str]:
    """An estimate and its interval, with two digits of the interval's half width.

    Parameters
    ----------
    value, low, high : float
        The estimate and the bounds; a bound may be infinite.

    Returns
    -------
    tuple of str
        Estimate and interval.

    Examples
    --------
    >>> estimate(9.7098, 9.5214, 9.8982)
    ('9.71', '[9.52, 9.90]')
    """
    digits = 4
    half = 0.5 * (high - low)
    if math.isfinite(half) and half > 0.0 and math.isfinite(value) and value != 0.0:
        digits = min(15, max(2, _power(value) - _power(half) + 2))
    power = _power(value) if math.isfinite(value) and value != 0.0 else 0

    def shown(x: float) -> str:
        # All three with the same number of decimals, and not of digits.
        if x == 0.0 or not math.isfinite(x):
            return number(x)
        return number(x, max(1, digits + _power(x) - power))

    return shown(value), f"[{shown(low)}, {shown(high)}]"


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def table(
    rows: list[tuple[str, ...]], right: tuple[int, ...] = (), close: tuple[int, ...] = ()
) -> str:
    """Align the columns of a table of text.

    Parameters
    ----------
    rows : list of tuple of str
        Cells; rows may be short.
    right : tuple of int
        Columns set flush right.
    close : tuple of int
        Columns followed by one blank instead of two.

    Returns
    -------
    str

    Examples
    --------
    >>> print(table([("a", "1"), ("bc", "20")], right=(1,)))
      a    1
      bc  20
    """
    columns = max(map(len, rows))
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = []
    for row in rows:
        line = "  "
        for i, cell in enumerate(row):
            line += cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            line += " " if i in close else "  "
        lines.append(line.rstrip())
    return "\n".join(lines)


def labeled(pairs: list[tuple[str, str]], label_width: int = 13, indent: int = 2) -> str:
    """Lines of a label and its value, wrapped to the width of a terminal.

    Parameters
    ----------
    pairs : list of (str, str)
        Labels and values.
    label_width : int
        Width of the column of labels.
    indent : int
        Blanks before the labels.

    Returns
    -------
    str

    Examples
    --------
    >>> print(labeled([("epsilon", "0.1")]))
      epsilon      0.1
    """
    margin = " " * indent
    return "\n".join(
        textwrap.fill(
            value,
            WIDTH,
            initial_indent=f"{margin}{label:<{label_width}}",
            subsequent_indent=margin + " " * label_width,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for label, value in pairs
    )


def plain(value: Any) -> Any:
    """A value as JSON can hold it; numbers that do not exist are None.

    Parameters
    ----------
    value : object
        Numbers, texts, arrays, and mappings, sequences and dataclasses of them.

    Returns
    -------
    object
        Anything else becomes its text.

    Examples
    --------
    >>> plain({"mean": float("inf"), "escaped": (1, 2)})
    {'mean': None, 'escaped': [1, 2]}
    """
    from dataclasses import is_dataclass

    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # arrays and their numbers
        return plain(value.tolist())
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in shown_fields(value)}
    return str(value)


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
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return "".join(_SPECIAL.get(c, c) for c in text)


def as_html(caption: str, lines: Sequence[Mapping[str, Any]]) -> str:
    """A table for a notebook.

    Parameters
    ----------
    caption : str
        What it is.
    lines : sequence of mapping
        With the same keys; of a long table the first ones.

    Returns
    -------
    str

    Examples
    --------
    >>> as_html("Means", [{"mean": 2.0}])
    '<table><caption>Means</caption><tr><th>mean</th></tr><tr><td>2.0000</td></tr></table>'
    """
    from html import escape

    names = list(lines[0]) if lines else []
    rows = [[_cell(line[name]) for name in names] for line in lines[:_MOST_ROWS]]
    text = f"<table><caption>{escape(one_line(caption))}</caption>"
    text += _html_row("th", names) if names else ""
    text += "".join(_html_row("td", row) for row in rows)
    if len(lines) > _MOST_ROWS:
        more = len(lines) - _MOST_ROWS
        text += f'<tr><td colspan="{len(names)}">... and {more} more</td></tr>'
    return text + "</table>"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    from html import escape

    inner = "".join(f"<{tag}>{escape(one_line(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inner}</tr>"


def _cell(value: Any) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    return str(value)


def one_line(text: str) -> str:
    """A text whose characters can all be shown, on one line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown_fields(value: Any) -> list[Field[Any]]:
    """The fields of a dataclass that are for people.

    Parameters
    ----------
    value : dataclass
        An instance.

    Returns
    -------
    list of dataclasses.Field
    """
    from dataclasses import fields

    return [field for field in fields(value) if field.repr]
