"""Markdown in a modal: rich_text blocks that Slack accepts and that show every word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block, RichTextBlock

from bot.slack.markdown.rich_text import rich_text
from bot.slack.markdown.rich_text_inline import text_of

EVIL = "https://evil.example/?d=secret"
GOOD = "https://www.good.example/x"
ALLOWED = frozenset({"good.example"})
Json = dict[str, Any]


def elements(markdown: str) -> list[Json]:
    """Return the elements of all blocks, after slack_sdk's model accepted them."""
    blocks = rich_text(markdown, ALLOWED)
    for block in blocks:
        parsed = Block.parse(block)
        assert isinstance(parsed, RichTextBlock)
        parsed.validate_json()
    return [element for block in blocks for element in block["elements"]]


def leaves(parts: list[Json]) -> Iterator[Json]:
    """Yield every text and link element."""
    for part in parts:
        if "elements" in part:
            yield from leaves(part["elements"])
        else:
            yield part


def text(value: str, **style: bool) -> Json:
    """Return the expected text element."""
    return {"type": "text", "text": value} | ({"style": style} if style else {})


def section(*parts: Json) -> Json:
    """Return the expected section."""
    return {"type": "rich_text_section", "elements": list(parts)}


def code(value: str) -> Json:
    """Return the expected code block."""
    return {"type": "rich_text_preformatted", "elements": [text(value)]}


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# Head", [section(text("Head", bold=True))]),
        ("a **b** *c* ~~d~~ `e`", [
            section(
                text("a "), text("b", bold=True), text(" "), text("c", italic=True), text(" "),
                text("d", strike=True), text(" "), text("e", code=True),
            )
        ]),
        ("**a *b***", [section(text("a ", bold=True), text("b", bold=True, italic=True))]),
        ("a\nb", [section(text("a\nb"))]),
        ("> q", [{"type": "rich_text_quote", "elements": [text("q")]}]),
        ("```py\nx < 1\n```", [code("py\nx < 1")]),
        ("---", [section(text("\u2500" * 24))]),
        ("<b>x</b>", [section(text("<b>x</b>"))]),
        ("<!channel> <@U1> :smile:", [section(text("<!channel> <@U1> :smile:"))]),
        ("a\u202eb\x07", [section(text("ab"))]),
        (f"![alt]({EVIL})", [section(text("alt"))]),
        (EVIL, [section(text(EVIL, code=True))]),
        (f"<{EVIL}>", [section(text(EVIL, code=True))]),
        (f"[l]({EVIL})", [section(text("l ("), text(EVIL, code=True), text(")"))]),
        (f"[**l**]({EVIL})", [
            section(text("l", bold=True), text(" ("), text(EVIL, code=True), text(")"))
        ]),
        (f"[l]({GOOD})", [
            section(text("l ("), {"type": "link", "url": GOOD, "text": GOOD}, text(")"))
        ]),
        (GOOD, [section({"type": "link", "url": GOOD, "text": GOOD})]),
        (f"[r]: {EVIL}", [section(text("[r]: "), text(EVIL, code=True))]),
        ("[l](javascript:alert(1))", [
            section(text("[l]("), text("javascript:alert(1)", code=True), text(")"))
        ]),
        ("| a | \u6f22\u5b57 |\n|---|---|\n| long | x |", [
            code("a    | \u6f22\u5b57\n-----+-----\nlong | x")
        ]),
    ],
)  # fmt: skip
def test_markdown_is_shown(markdown: str, shown: list[Json]) -> None:
    """Each Markdown construct becomes its element, and addresses are shown as code."""
    assert elements(markdown) == shown


def test_lists_keep_their_depth_and_numbers() -> None:
    """A nested list is indented, and an interrupted list continues its numbers."""
    lists = elements("3. one\n   - sub\n4. two\n\n   more\n")
    assert [(e["style"], e["indent"], e.get("offset", 0)) for e in lists] == [
        ("ordered", 0, 2),
        ("bullet", 1, 0),
        ("ordered", 0, 3),
    ]
    assert [text_of([e]) for e in lists] == ["one", "sub", "two\nmore"]


def test_code_in_a_list_keeps_its_numbering() -> None:
    """Numbers continue after a code block."""
    shown = elements("1. a\n   ```\n   x\n   ```\n   b\n2. c")
    assert [e["type"].removeprefix("rich_text_") for e in shown] == [
        "list",
        "preformatted",
        "section",
        "list",
    ]
    assert shown[-1]["offset"] == 1


def test_the_deepest_indent_is_slacks() -> None:
    """Slack allows an indent of at most 8."""
    deep = "".join("  " * level + f"- {level}\n" for level in range(12))
    assert max(e["indent"] for e in elements(deep)) == 8


@pytest.mark.parametrize("markdown", ["", "\n\n", "![](x)", "[]()", "-", "```\n```"])
def test_an_empty_text_gives_no_blocks(markdown: str) -> None:
    """An empty text makes no block; Slack would refuse an empty one."""
    assert elements(markdown) == []


@pytest.mark.parametrize(
    "markdown",
    ["word " * 2_000, "x" * 9_000, "```\n" + "line\n" * 2_000 + "```", "1. item\n" * 900,
     "- " + "word " * 2_000, "> " + "word " * 2_000],
)  # fmt: skip
def test_long_texts_are_paged(markdown: str) -> None:
    """No block is longer than Slack allows, and no word is lost between two."""
    blocks = rich_text(markdown, ALLOWED)
    assert all(0 < len(text_of([block])) <= 2_900 for block in blocks)
    letters = "".join(c for c in markdown if c.isalpha())
    assert "".join(c for c in text_of(blocks) if c.isalpha()) == letters
    assert elements(markdown)


def test_a_paged_list_continues_its_numbers() -> None:
    """The second page of a numbered list starts with the next number."""
    first, second = rich_text("1. item\n" * 20, limit=50)[:2]
    assert len(first["elements"][0]["elements"]) == 12
    assert second["elements"][0]["offset"] == 12


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_text_beyond_all_depth_is_shown(mark: str) -> None:
    """Markdown nested too deeply for the parser is shown as written."""
    markdown = mark * 500 + "a"
    assert text_of(rich_text(markdown)).replace(" ", "") == markdown.replace(" ", "")


def test_half_an_address_is_not_a_link() -> None:
    """An address that is split between blocks is text, not a link to somewhere else."""
    blocks = rich_text(GOOD, ALLOWED, limit=20)
    assert text_of(blocks) == GOOD
    assert {leaf["type"] for leaf in leaves(blocks)} == {"text"}


def test_a_limit_of_zero_is_rejected() -> None:
    """A limit of zero raises an error."""
    with pytest.raises(ValueError, match="at least 1"):
        rich_text("a", limit=0)


@given(st.text(alphabet="abc XY\u6f22\u0628", max_size=400), st.integers(5, 60))
def test_plain_text_is_kept(words: str, limit: int) -> None:
    """The blocks contain exactly the text of the Markdown."""
    shown = text_of(rich_text("a" + words + "a", limit=limit))
    assert shown == "a" + words + "a"


MARKS = [
    *(
        "a",
        " ",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "`",
        "```\n",
        "*",
        "**",
        "[",
        "](",
        ")",
        "![",
        "<",
    ),
    *(">", "|", "|-|\n", EVIL, GOOD, "<!channel>", "<@U1>", ":tada:", "www.evil.example", "\u202e"),
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=40).map("".join))
def test_only_safe_elements_are_created(markdown: str) -> None:
    """Any input gives only text, links to allowed hosts, and addresses as code."""
    for leaf in leaves(elements(markdown)):
        assert leaf["type"] in {"text", "link"}
        assert leaf["text"]
        if leaf["type"] == "link":
            assert leaf["url"] == leaf["text"]
            assert leaf["url"].startswith("https://www.good.example/")
