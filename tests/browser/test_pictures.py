"""The command that makes the pictures for the documents."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError

from docs.pictures import IMAGES, make_all

ROOT = Path(__file__).parents[2]
MAX_BYTES = 2_000_000


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def test_every_picture_is_used_and_small() -> None:
    """Each picture is used in a document and has a text alternative."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    shown = re.findall(r"!\[[^\]]{10,}\]\((?:docs/)?images/([\w.-]+)\)", text)
    assert sorted(shown) == sorted(path.name for path in IMAGES.iterdir())
    assert all(path.stat().st_size < MAX_BYTES for path in IMAGES.iterdir())


@pytest.mark.slow
async def test_every_picture_can_be_made_again(tmp_path: Path) -> None:
    """One command makes exactly the pictures that the documents show.

    The second attempt counts too: on a busy machine, opening a form may take over three seconds.
    """
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        with suppress(TimeoutError, AssertionError, PlaywrightError):
            await make_all(folder)
            break
    made, shown = sizes(folder), sizes(IMAGES)
    assert made.keys() == shown.keys()
    assert made["question.webp"] < MAX_BYTES
