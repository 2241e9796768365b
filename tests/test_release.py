"""What a release says about itself: one version, one date."""

import re
from pathlib import Path

import pytest

import levysde as ls

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parent.parent


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_citation_has_the_version() -> None:
    assert f"\nversion: {ls.__version__}\n" in text_of("CITATION.cff")


def test_the_changelog_has_the_version_and_its_date() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\](?: - (\S+))?$", text_of("CHANGELOG.md"), re.M)
    version, date = released[0]
    assert version == ls.__version__
    assert f"\ndate-released: {date}\n" in text_of("CITATION.cff")
    assert text_of("CHANGELOG.md").index("## [Unreleased]") < text_of("CHANGELOG.md").index(version)


def test_every_reference_has_authors_and_a_year() -> None:
    references = text_of("CITATION.cff").partition("\nreferences:\n")[2].split("\n  - type: ")
    for reference in references:
        assert re.search(r"^    title: \S", reference, re.M), reference
        assert re.search(r"^      - family-names: \S", reference, re.M), reference
        assert re.search(r"^    year: \d{4}$", reference, re.M), reference
