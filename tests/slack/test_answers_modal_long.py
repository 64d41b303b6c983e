"""A very long answer opens page by page, and only the shown page is laid out."""

from __future__ import annotations

import json

import pytest

from bot.slack.answers_modal.answer_pages import LAYOUT_LIMIT, LONG_PAGE_TEXT, text_page
from bot.slack.markdown.rich_text_inline import text_of

KINDS = {
    "prose": "Some words and more of them. ",
    "paragraphs": "A **bold** paragraph with `code`.\n\n",
    "list": "- item\n",
    "one line": "x",
    "nothing but breaks": "\n a",
    "addresses": "https://example.com/a?b=c ",
    "table": "| a | b |\n|---|---|\n",
    "emoji": "😀",
    "brackets": "[a](b) ",
    "stars": "*a **b _c ",
}


def long(kind: str, length: int) -> str:
    return KINDS[kind] * (length // len(KINDS[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_does_not_depend_on_later_text(kind: str) -> None:
    """The first pages of 200,000 characters equal those of a shorter answer with the same start."""
    short, whole = long(kind, LAYOUT_LIMIT + 2 * LONG_PAGE_TEXT), long(kind, 200_000)
    assert text_page(whole, 0)[0] == text_page(short, 0)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_fits_a_view(kind: str) -> None:
    """Each page has at most 100 blocks and 250,000 bytes, and the last one is marked as last."""
    text = long(kind, 70_000)
    number = pages = 0
    while number <= pages:
        blocks, at, pages = text_page(text, number)
        assert len(blocks) <= 80
        assert len(json.dumps(blocks)) < 220_000
        assert at == min(number, pages - 1)
        number += 1


def test_no_word_is_lost_between_pages() -> None:
    """All pages together contain the whole answer."""
    text = "\n\n".join(f"Paragraph {number} of many." for number in range(5_000))
    read, number, pages = "", 0, 1
    while number < pages:
        blocks, _, pages = text_page(text, number)
        read += text_of(blocks)
        number += 1
    assert all(f"Paragraph {each} of many." in read for each in range(5_000))
