"""Model output is text, and never a command to a terminal."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.terminal.safe_text import TerminalFilter, escaped_json, one_line, safe

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PARTS = st.sampled_from(
    [
        "\x1b",
        "[",
        "]",
        "0;",
        "m",
        "\x07",
        "\\",
        "\x9b",
        "\x9d",
        "\x9c",
        "a",
        " ",
        "\n",
        "\u202e",
        "P",
    ]
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x9dtitle\x9cafter", "after"),
        ("\x1b(Bset", "set"),
        ("\x1bcreset", "reset"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("\x1b\nline", "\nline"),
        ("\x1b[31\nline", "\nline"),
        ("one\r\ntwo\rthree", "one\ntwothree"),
        ("back\x08\x08\x08\x08space", "backspace"),
        ("a\u202eb\u2066c", "abc"),
        ("a\u2028b", "a\nb"),
        ("\ud800", "\ufffd"),
        ("שלום 你好 👩\u200d💻", "שלום 你好 👩\u200d💻"),
    ],
)
def test_only_text_remains(text: str, shown: str) -> None:
    """Escape sequences are removed with all their parts; words of any script stay."""
    assert safe(text) == shown


@given(st.lists(PARTS).map("".join), st.lists(st.integers(0, 40)))
def test_the_split_of_a_stream_does_not_matter(text: str, cuts: list[int]) -> None:
    """A sequence split over several pieces is removed like a whole one."""
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    cleaner = TerminalFilter()
    pieces = [cleaner.feed(text[a:b]) for a, b in pairwise(places)]
    assert "".join(pieces) == safe(text)


@given(st.text())
def test_no_control_code_remains(text: str) -> None:
    """This holds for any text."""
    assert not OBEYED.search(safe(text))


def test_a_name_stays_within_its_line_and_direction() -> None:
    """A right-to-left name does not reverse the words around it."""
    assert one_line("a\nb\t c") == "a b c"
    assert one_line("דגם") == "\u2068דגם\u2069"


def test_json_escapes_are_kept() -> None:
    """Characters beyond the basic plane are escaped as surrogate pairs."""
    assert escaped_json('"\x9b\U000e0041"') == '"\\u009b\\udb40\\udc41"'
