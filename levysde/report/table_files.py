"""Tables as comma-separated values."""

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
