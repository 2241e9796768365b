"""The figures that a script of the gallery saves are the ones that its page shows."""

import shutil
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst


def saved_figures(block: Any, variables: dict[str, Any], settings: dict[str, Any]) -> str:
    """Move the PNG files that a block names beside its script; return the lines that show them."""
    shown = []
    for file in sorted(Path(variables["src_file"]).parent.glob("*.png")):
        if f'"{file.name}"' not in block[1]:
            continue
        place = next(variables["image_path_iterator"])
        shutil.move(file, place)
        shown.append(place)
    return figure_rst(shown, settings["src_dir"])
