"""A sweep as text: a line for each cell."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from levysde._text import WIDTH, number, table

if TYPE_CHECKING:
    from levysde.runs.sweep.table import Sweep

_LONGEST_LABEL = 36
_MOST_TOLD = 2
_LINES_TOLD = 2


def cells_text(count: int) -> str:
    """A number of cells in words.

    Parameters
    ----------
    count : int
        The number.

    Returns
    -------
    str

    Examples
    --------
    >>> cells_text(1), cells_text(2)
    ('1 cell', '2 cells')
    """
    return f"{count} cell" if count == 1 else f"{count} cells"


def sweep_table(found: Sweep, most: int, longest_label: int | None = None) -> str:
    """The cells, one a line.

    Parameters
    ----------
    found : Sweep
        With at least one complete cell.
    most : int
        Lines; the other cells are counted.
    longest_label : int, optional
        Characters of a label, of which the last are kept.

    Returns
    -------
    str
    """
    head = ("cell", "mean time", "95 % interval", "predicted", "ratio", "method", "seconds")
    rows: list[tuple[str, ...]] = [head]
    for label, row in list(zip(found.labels, found.rows, strict=True))[:most]:
        interval = f"[{number(row['mean_lower'], 4)}, {number(row['mean_upper'], 4)}]"
        rows.append(
            (
                _end(label, longest_label),
                number(row["mean"], 4),
                interval,
                number(row["predicted_mean"], 4),
                number(row["ratio"], 4),
                row["method"],
                f"{row['seconds']:.2g}",
            )
        )
    more = len(found) - most
    return table(rows, right=(1, 3, 4, 6)) + (f"\n  ... and {more} more" if more > 0 else "")


def sweep_text(found: Sweep, most: int) -> str:
    """The table of a sweep, and how many cells are complete, missing and failed.

    Parameters
    ----------
    found : Sweep
        What was computed.
    most : int
        Lines of the table.

    Returns
    -------
    str
    """
    lines = [f"  {cells_text(len(found))} complete, {len(found.missing)} missing"]
    told = list(found.failed.items())[:_MOST_TOLD]
    lines += [_failed(_end(label, _LONGEST_LABEL), reason) for label, reason in told]
    if len(found.failed) > _MOST_TOLD:
        lines.append(f"  ... and {len(found.failed) - _MOST_TOLD} more failed")
    text = "\n".join(lines)
    return f"{sweep_table(found, most, _LONGEST_LABEL)}\n\n{text}" if found.rows else text


def _failed(label: str, reason: str) -> str:
    """Why a cell failed, on at most two lines."""
    return textwrap.fill(
        f"failed: {label}: {reason}", WIDTH, initial_indent="  ", subsequent_indent="    ",
        break_on_hyphens=False, max_lines=_LINES_TOLD, placeholder=" ...",
    )  # fmt: skip


def _end(label: str, longest: int | None) -> str:
    """A label, without its beginning where it is long: labels differ at the end."""
    if longest is None or len(label) <= longest:
        return label
    return f"...{label[3 - longest :]}"
