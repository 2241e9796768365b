"""A comparison of laws of noise as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levysde._text import labeled, table
from levysde.runs.comparison_text import mean_cells, ratio_cells
from levysde.runs.setting_text import dimension_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from levysde.runs.noise_comparison import NoiseComparison


def noise_comparison_text(
    compared: NoiseComparison,
    facts: Sequence[tuple[str, str]],
    theory: Mapping[str, tuple[str, str]],
) -> str:
    """What a person reads: the setting, and a row for every law.

    Parameters
    ----------
    compared : NoiseComparison
        The laws.
    facts : sequence of (str, str)
        What else belongs to the setting, labels and values.
    theory : mapping
        Of the names of laws: the predicted mean, and its range over the interval of alpha.

    Returns
    -------
    str
    """
    first = compared.results[0]
    made = first.parameters
    setting = [
        ("dynamics", f"{made['dynamics']}, learning rate {first.dt:.12g}"),
        *facts,
        ("horizon", f"{made['horizon']:.6g}"),
        ("paths", f"{first.paths} of each, seed {made['seed']}"),
    ]
    head = ("", "escaped", "mean time", "95 % interval", "ratio", "95 % interval", "theory")
    rows: list[tuple[str, ...]] = [(*head, "by alpha's interval")]
    for name, result, ratio in zip(compared.names, compared.results, compared.ratios, strict=True):
        ratios = ratio_cells(ratio, is_reference=name == compared.reference)
        cells = theory.get(name, ("", ""))
        rows.append((name, str(result.escaped), *mean_cells(result), *ratios, *cells))
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    return "\n\n".join(
        [
            f"Escape from the {made['basin']} basin in {dimension_text(first.dim)}",
            labeled(setting),
            table(rows, right=(1, 2, 4, 6), close=(2, 4, 6)),
            f"  (ratio = mean time over that of {compared.reference})",
        ]
    )
