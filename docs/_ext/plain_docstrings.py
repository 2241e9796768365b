"""Docstrings of formulas: |x| and a * b are meant as they stand, not as markup."""

import re
from typing import Any

from sphinx.application import Sphinx

_KEPT = re.compile(r"(^ *\* |``.+?``|`[^`]+`)")
_PRIVATE = re.compile(r", _\w+=<.*?>+(?=[,)])")


def setup(app: Sphinx) -> dict[str, Any]:
    """Have docstrings escaped before numpydoc reads them, and signatures made readable."""
    app.connect("autodoc-process-docstring", _escape, priority=400)
    app.connect("autodoc-process-signature", _readable, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _readable(*event: Any) -> tuple[str, str | None] | None:
    """Leave out private parameters, and write a default made at each call as an ellipsis."""
    signature, returns = event[-2:]
    if signature is None:
        return None
    return _PRIVATE.sub("", signature).replace("<factory>", "..."), returns


def _escape(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape bars and stars of prose; code, bullets, literal blocks and doctests stay."""
    literal_from: int | None = None
    in_doctest = awaits_block = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            in_doctest = False
            continue
        if awaits_block:
            literal_from, awaits_block = indent, False
        elif literal_from is not None and indent < literal_from:
            literal_from = None
        in_doctest = in_doctest or line.lstrip().startswith(">>>")
        if literal_from is None and not in_doctest:
            pieces = _KEPT.split(line)
            lines[number] = "".join(
                piece if place % 2 else re.sub(r"(?<!\\)([|*])", r"\\\1", piece)
                for place, piece in enumerate(pieces)
            )
            awaits_block = line.rstrip().endswith("::")
