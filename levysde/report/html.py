"""One page about all experiments that opens without a network, in light and dark."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from levysde.runs.files import write_text

TEMPLATE = "page.html.jinja"
PAGE = "report.html"


def write_report(record: Mapping[str, Any], directory: Path) -> Path:
    """Write the page about some experiments.

    Parameters
    ----------
    record : mapping
        What `report.json` has.
    directory : Path
        Where the folders of the experiments are, and where the page goes.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["paragraphs"] = lambda text: [each for each in text.split("\n\n") if each]

    def drawing(name: str, figure: str) -> str:
        return inline_svg(
            (directory / name / f"{figure}.svg").read_text("utf-8"), f"{name}-{figure}"
        )

    text = environment.get_template(TEMPLATE).render(**record, drawing=drawing)
    page = directory / PAGE
    write_text(page, text)
    return page


def number(value: Any) -> str:
    """A value with four digits, or as it is.

    Parameters
    ----------
    value : object
        A number, text or None.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.98765), number(None), number(12)
    ('0.9877', '', '12')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else ""
    return str(value)


def inline_svg(text: str, prefix: str) -> str:
    """A drawing as part of a page, with identifiers of its own.

    Parameters
    ----------
    text : str
        An SVG file.
    prefix : str
        What its identifiers begin with.

    Returns
    -------
    str

    Examples
    --------
    >>> inline_svg('<?xml version="1.0"?><svg><path id="a"/><use xlink:href="#a"/></svg>', "f")
    '<svg><path id="f-a"/><use xlink:href="#f-a"/></svg>'
    """
    drawing = text[text.index("<svg") :]
    for pattern in (r'(\bid=")', r'(href="#)', r"(url\(#)"):
        drawing = re.sub(pattern, rf"\g<1>{prefix}-", drawing)
    # What only tells where the file comes from is on the page once.
    return re.sub(r"<metadata>.*?</metadata>\s*", "", drawing, flags=re.DOTALL)
