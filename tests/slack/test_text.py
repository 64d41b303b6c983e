"""Characters, hosts and short texts sent to Slack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.markdown.sanitize import (
    allowed_hosts,
    escape_markdown,
    escape_mrkdwn,
    inert_mrkdwn,
    plain,
    shorten,
)


def test_markdown_and_mrkdwn_escape_differently() -> None:
    """An ampersand survives in markdown; mrkdwn needs all three characters escaped."""
    assert escape_markdown("a & <b> &lt;") == "a & &lt;b&gt; &lt;"
    assert escape_mrkdwn("a & <b> &lt;") == "a &amp; &lt;b&gt; &amp;lt;"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\x00\x07\x1b\x7f\x85b", "ab"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("a\u200b\u2060\ufeff\u00adb", "ab"),
        ("a\ud800b", "a\ufffdb"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("a\u200d\u200c\u200eb", "ab"),
        ("\u06cc\u200c\u200c\u200c\u062e", "\u06cc\u200c\u062e"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("a\ufe0f\ufe0fb", "ab"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
    ],
)
def test_hidden_characters_are_removed(written: str, shown: str) -> None:
    """Invisible characters are removed, except those that scripts and emoji need."""
    assert escape_markdown(written) == shown


def test_plain_text_is_one_line() -> None:
    """A label is one line of visible text; Slack shows angle brackets there literally."""
    assert plain(" a\n\tb\u202e  <c> ") == "a b <c>"


@given(st.text(max_size=60), st.integers(1, 50))
def test_a_short_text_fits(text: str, limit: int) -> None:
    """A shortened text never exceeds the limit, and a text that fits is unchanged."""
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else short.endswith("\u2026")


def test_a_limit_of_zero_is_rejected() -> None:
    """A limit of zero raises an error."""
    with pytest.raises(ValueError, match="at least 1"):
        shorten("a", 0)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see <https://docs.good.example/x|here>", {"docs.good.example"}),
        ("<http://Good.example|Good.example>", {"good.example"}),
        ("is good.example down?", {"good.example"}),
        ("http://user:pw@good.example:8080/", {"good.example"}),
        ("https://b\u00fccher.example", {"xn--bcher-kva.example"}),
        ("https://good.example/?u=evil.example", {"good.example"}),
        ("read <http://README.md|README.md> and main.py", set[str]()),
        ("mail bob@good.example", set[str]()),
        ("<mailto:bob@good.example|bob@good.example>", set[str]()),
        ("<@U1|evil.example> <#C1|evil.example> <!subteam^S1|evil.example>", set[str]()),
        ("<https://good.example/|evil.example>", {"good.example"}),
        ("<https://fu\u00dfball.example>", {"xn--fuball-cta.example"}),
        ("version 1.2.3, e.g. this", set[str]()),
        ("", set[str]()),
    ],
)
def test_hosts_in_a_persons_text(text: str, hosts: set[str]) -> None:
    """Hosts that a person wrote may be linked; file names and mail addresses do not count."""
    assert allowed_hosts([text]) == hosts


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana & <Bo>", "Ana &amp; &lt;Bo&gt;"),
        ("Is evil.com\nup?", "Is `evil.com`\nup?"),
        ("(https://evil.com/?a&b)", "(`https://evil.com/?a&amp;b`)"),
        ("`evil.com`", "\u02cb`evil.com`\u02cb"),
        ("<https://evil.com|x>", "&lt;`https://evil.com`|x&gt;"),
        ("ana@evil.com", "`ana@evil.com`"),
    ],
)
def test_quoted_names_and_questions_are_never_links(name: str, shown: str) -> None:
    """Names and questions quoted in the bot's messages never become links."""
    assert inert_mrkdwn(name) == shown


def test_hosts_of_the_allow_list() -> None:
    """An entry may be a host, a wildcard or an address."""
    entries = ["*.Good.example", "https://other.example/path", " ", "localhost:8080"]
    assert allowed_hosts([], entries) == {"good.example", "other.example", "localhost"}
