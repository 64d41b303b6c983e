"""Long texts are split at suitable places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.markdown.sanitize import safe_markdown
from bot.slack.markdown.split import SMALLEST_LIMIT, cut, split_markdown

LIMIT = SMALLEST_LIMIT
EVIL = "https://evil.example/x"


def test_a_text_that_fits_is_one_piece() -> None:
    """A text that fits is not split."""
    assert split_markdown("a\n\nb") == ["a\n\nb"]
    assert split_markdown("") == []
    assert cut("abc", LIMIT) == ("abc", "")


@pytest.mark.parametrize("between", ["\n\n", "\n", " "])
def test_a_cut_keeps_what_belongs_together(between: str) -> None:
    """A piece ends after a paragraph, else after a line, else after a word."""
    text = "a" * 300 + between + "b" * 300
    assert split_markdown(text, LIMIT) == ["a" * 300 + between, "b" * 300]


def test_a_paragraph_is_better_than_a_line() -> None:
    """A paragraph end is preferred to a line end."""
    text = "a" * 200 + "\n\n" + "b" * 100 + "\n" + "c" * 300
    assert cut(text, LIMIT)[0] == "a" * 200 + "\n\n"


def test_a_fence_that_fits_is_not_split() -> None:
    """Code moves to the next message as a whole, even if that leaves a short message."""
    code = "```py\n" + "x = 1\n" * 64 + "```\n"
    assert split_markdown("Intro:\n" + code, LIMIT) == ["Intro:\n", code]


@pytest.mark.parametrize("prefix", ["", "> ", "  "])
def test_a_long_fence_is_closed_and_opened_again(prefix: str) -> None:
    """Each piece of a long code block is a code block, in its container and language."""
    lines = [f"{prefix}line {number}\n" for number in range(120)]
    text = f"{prefix}```py\n" + "".join(lines) + f"{prefix}```\n"
    pieces = split_markdown(text, LIMIT)
    assert len(pieces) > 2
    assert all(len(piece) <= LIMIT for piece in pieces)
    assert all(re.match(r"[> ]*```py\n", piece) for piece in pieces)
    assert all(piece.rstrip().endswith("```") for piece in pieces)
    code = [line + "\n" for piece in pieces for line in piece.split("\n") if "line" in line]
    assert [line.strip("> ") for line in code] == [line.strip("> ") for line in lines]


def test_a_long_line_of_code_is_split_inside_its_fence() -> None:
    """One endless line is code in every piece."""
    pieces = split_markdown("```\n" + "x" * 1_000 + "\n```", LIMIT)
    assert all(piece.startswith("```\n") and piece.endswith("```") for piece in pieces)
    assert "".join(re.sub(r"`|\n", "", piece) for piece in pieces) == "x" * 1_000


def test_split_inline_code_is_closed_and_reopened() -> None:
    """An address in a long code span is code in every piece."""
    pieces = split_markdown("`" + f"{EVIL} " * 60 + "`", LIMIT)
    assert all(piece.startswith("`") and piece.count("`") == 2 for piece in pieces)


def test_inline_code_moves_as_a_whole() -> None:
    """A code span at the end of a piece moves to the next one."""
    head, rest = cut("a" * 380 + " `b c d e f g h` " + "z" * 300, LIMIT)
    assert head == "a" * 380 + " "
    assert rest.startswith("`b c d")


def test_a_word_does_not_become_a_fence() -> None:
    """A mark inside a line never moves to where it would open a code block."""
    head, rest = cut("a " * 190 + "b" * 8 + " ~~~ " + "c" * 200, LIMIT)
    assert not rest.startswith("~~~")
    assert head + rest == "a " * 190 + "b" * 8 + " ~~~ " + "c" * 200


def test_a_limit_that_is_too_small_is_rejected() -> None:
    """There must be room for the added marks."""
    with pytest.raises(ValueError, match="at least"):
        cut("a", SMALLEST_LIMIT - 1)


@given(st.text(alphabet="ab \n.", max_size=3_000))
def test_joined_pieces_equal_the_text(text: str) -> None:
    """Without code, the joined pieces equal the text."""
    pieces = split_markdown(text, LIMIT)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= LIMIT for piece in pieces)


WORDS = [
    "word ",
    "x" * 60,
    "\n",
    "\n\n",
    "```py\n",
    "\n```\n",
    "> ",
    "- ",
    "`a b` ",
    f"{EVIL} ",
    "`",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=150).map("".join))
def test_pieces_of_safe_text_are_safe(text: str) -> None:
    """Splitting creates no link and keeps every word."""
    shown = safe_markdown(text)
    pieces = split_markdown(shown, LIMIT)
    assert all(len(piece) <= LIMIT for piece in pieces)
    assert "".join(safe_markdown(piece).count(EVIL) * "." for piece in pieces) == "." * (
        shown.count(EVIL)
    )
    for piece in pieces:
        assert safe_markdown(piece).replace("```\n", "```") == piece.replace("```\n", "```")
