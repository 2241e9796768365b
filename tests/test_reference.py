"""The reference of the documentation has every public name, once."""

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import levysde as ls

pytestmark = pytest.mark.quick

PAGES = sorted((Path(__file__).parents[1] / "docs" / "api").glob("*.rst"))
MODULES = {"levysde": ls} | {
    f"levysde.{name}": getattr(ls, name)
    for name in ls.__all__
    if inspect.ismodule(getattr(ls, name))
}


def listed() -> Iterator[tuple[str, Any]]:
    """The full name and the object of every entry of the pages."""
    for page in PAGES:
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            elif (entry := re.fullmatch(r"   (\w+)", line)) and page.stem != "index":
                name = entry[1]
                yield f"{module}.{name}", getattr(importlib.import_module(module), name)


def test_every_entry_is_public() -> None:
    names = [name for name, _ in listed()]
    assert names
    public = {f"{module}.{name}" for module, found in MODULES.items() for name in found.__all__}
    assert set(names) - public == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_one_entry(module: str) -> None:
    counts = Counter(id(found) for _, found in listed())
    public = {name: getattr(MODULES[module], name) for name in MODULES[module].__all__}
    wrong = {
        name: counts[id(found)]
        for name, found in public.items()
        if not inspect.ismodule(found) and counts[id(found)] != 1
    }
    assert wrong == {}


def test_every_page_is_in_the_index() -> None:
    index = (PAGES[0].parent / "index.rst").read_text(encoding="utf-8").split()
    assert {page.stem for page in PAGES} - {"index"} <= set(index)
