"""Text from models reaches Slack without pings, loaded content or links."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.markdown.sanitize import SafeStream, safe_markdown

ALLOWED = frozenset({"good.example"})
EVIL = "https://evil.example/?d=secret"
CODE = f"`{EVIL}`"

HOSTILE = [
    # notifications
    ("<!channel>", "&lt;!channel&gt;"),
    ("<!here|here>", "&lt;!here|here&gt;"),
    ("<!everyone>", "&lt;!everyone&gt;"),
    ("<!subteam^S123|team>", "&lt;!subteam^S123|team&gt;"),
    ("hi <@U123>.", "hi &lt;@U123&gt;."),
    ("<#C123>", "&lt;#C123&gt;"),
    ("<!date^1^{date}^x|y>", "&lt;!date^1^{date}^x|y&gt;"),
    ("<\u200b!chan\u202enel>", "&lt;!channel&gt;"),
    ("> <!channel>", "> &lt;!channel&gt;"),
    ("`<!channel>`", "`&lt;!channel&gt;`"),
    ("```\n<@U1>\n```", "```\n&lt;@U1&gt;\n```"),
    # quote markers: only at the start of a line
    ("> a > b", "> a &gt; b"),
    ("> > nested", "> > nested"),
    ("a\n> b", "a\n> b"),
    ("- > b", "- &gt; b"),
    ("    > b", "    &gt; b"),
    # links
    (f"[google.com]({EVIL})", f"`google.com` ({CODE})"),
    (f"[a]({EVIL} 'title')", f"a ({CODE})"),
    (f"[a](<{EVIL}>)", f"a ({CODE})"),
    (f"[a\nb](\n{EVIL}\n)", f"a b ({CODE})"),
    (f"[[a]]({EVIL})", f"[a] ({CODE})"),
    (f"[{EVIL}]({EVIL})", CODE),
    (f"[]({EVIL})", CODE),
    (f"[a]({EVIL})b", f"a ({CODE}) b"),
    ("[a](/relative)", "a (`/relative`)"),
    ("[a]()", "a"),
    ("[a](javascript:alert(1))", "a (`javascript:alert(1)`)"),
    ("[a](data:text/html,x)", "a (`data:text/html,x`)"),
    ("[a](slack://channel?id=C1)", "a (`slack://channel?id=C1`)"),
    (f"\\[a]({EVIL})", f"\\[a] ({CODE})"),
    (f"[a\\]({EVIL})", f"[a\\] ({CODE})"),
    (f"[a][r]\n\n[r]: {EVIL}", f"[a][r]\n\n[r] : {CODE}"),
    (f"> [r]: {EVIL}", f"> [r] : {CODE}"),
    (f"[a] ({EVIL})", f"[a] ({CODE})"),
    # images
    (f"![alt]({EVIL})", "alt"),
    (f"![]({EVIL})", ""),
    (f"[![alt]({EVIL})]({EVIL})", f"alt ({CODE})"),
    ("https:/![](x)/evil.example/x", "`https:/` /`evil.example/x`"),
    # bare addresses
    (EVIL, CODE),
    (f"<{EVIL}>", CODE),
    (f"See {EVIL}.", f"See {CODE}."),
    (f"({EVIL}),", f"({CODE}),"),
    (f"**{EVIL}**", f"**{CODE}**"),
    (f'"{EVIL}"', f'"{CODE}"'),
    (f"<{EVIL}|label>", f"&lt;{CODE}|label&gt;"),
    ("HTTPS://EVIL.example", "`HTTPS://EVIL.example`"),
    ("www.evil.example", "`www.evil.example`"),
    ("mailto:a@evil.example", "`mailto:a@evil.example`"),
    ("a@evil.example", "`a@evil.example`"),
    ("tel:+123", "`tel:+123`"),
    ("javascript:alert(1)", "`javascript:alert(1)`"),
    ("data:text/html,x", "`data:text/html,x`"),
    ("slack://open?team=T", "`slack://open?team=T`"),
    ("evil.example/secret", "`evil.example/secret`"),
    ("secret.evil.example", "`secret.evil.example`"),
    ("evil.example:8080", "`evil.example:8080`"),
    ("slack-login.com", "`slack-login.com`"),
    ("see README.md.", "see `README.md`."),
    ("src/main.py", "`src/main.py`"),
    ("https://xn--e1awd7f.example", "`https://xn--e1awd7f.example`"),
    ("https://\u0435vil.example", "`https://\u0435vil.example`"),
    ("\u8bf7\u770bhttps://evil.example\u3002", "\u8bf7\u770b`https://evil.example`\u3002"),
    # hidden addresses
    ("https&colon;//evil.example", "`https&colon;//evil.example`"),
    ("https:\\/\\/evil.example", "`https:\\/\\/evil.example`"),
    ("ht\u200btps://evil.example", "`https://evil.example`"),
    ("\\https://evil.example", "\\ `https://evil.example`"),
    (f"`x {EVIL}\ny`", f"\u02cbx {CODE}\ny\u02cb"),
    (f"\\`{EVIL}\\`", f"\u02cb{CODE}\u02cb"),
    (f"|`a|{EVIL}`|", f"|`a`|{CODE}|"),
    # HTML
    (f'<a href="{EVIL}">x</a>', f'&lt;a href="{CODE}"&gt;x&lt;/a&gt;'),
    (f"<img src={EVIL}>", f"&lt;img src={EVIL}&gt;".replace(EVIL, CODE)),
    # allowed hosts, and hosts that only resemble them
    ("[a](https://good.example/x)", "a (https://good.example/x)"),
    ("<https://good.example/x>", "https://good.example/x"),
    ("https://GOOD.example.", "https://GOOD.example."),
    ("https://www.good.example", "https://www.good.example"),
    ("https://docs.good.example", "`https://docs.good.example`"),
    ("https://notgood.example", "`https://notgood.example`"),
    ("https://good.example.evil.example", "`https://good.example.evil.example`"),
    ("https://good.example@evil.example", "`https://good.example@evil.example`"),
    ("https://good.example\\@evil.example", "`https://good.example\\@evil.example`"),
    ("https://good.example|@evil.example", "`https://good.example`|@`evil.example`"),
    ("https://good.example[@evil.example]", "`https://good.example`[@`evil.example`]"),
    ("https://good.example&period;evil.example", "`https://good.example&period;evil.example`"),
    ("https://good.example/https://evil.example", "`https://good.example/https://evil.example`"),
    ("javascript://good.example", "`javascript://good.example`"),
    # code that ends earlier than its marks suggest
    (f"> ```\n{EVIL}", f"> ```\n> ```\n{CODE}"),
    (f"- ```\n{EVIL}", f"- ```\n  ```\n{CODE}"),
    (f"    ```\n{EVIL}", f"    \u02cb\u02cb\u02cb\n{CODE}"),
    (f"~~~\n{EVIL}\n~~~", f"```\n{EVIL}\n```"),
    (f"````\n```\n{EVIL}\n````", f"```\n\u02cb\u02cb\u02cb\n{EVIL}\n```"),
    (f"```{EVIL}\nx\n```", f"```\n{EVIL}\nx\n```"),
]


@pytest.mark.parametrize(("written", "shown"), HOSTILE)
def test_hostile_text_is_inert(written: str, shown: str) -> None:
    """Every known trick becomes text or code that pings no one and loads nothing."""
    assert safe_markdown(written, ALLOWED) == shown


@pytest.mark.parametrize(
    "text",
    [
        "A plain sentence, with `code`, **bold** and e.g. a list:\n\n- one\n- two (2.5 & more)\n",
        "```python\nprint('https://evil.example')\n```\n\n| a | b |\n|---|---|\n| 1 | [2] |\n",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469 1\ufe0f\u20e3",
        "See node.js, os.path, std::vector, 10:30, a/b and 192.168.0.0/16.",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    """Harmless text is unchanged, including all scripts and emoji."""
    assert safe_markdown(text) == text


ATOMS = st.sampled_from(
    [
        *("https:", "//", "evil.example", "/x", "www.", ".", "[", "]", "(", ")", "](", "![", "!"),
        *("`", "``", "```", "~~~", "\n", "\n\n", " ", "    ", "\t", "- ", "14. ", "> ", "<", ">"),
        *("a", "\\", "|", "*", "_", "\u200b", "\u6f22", "&#58;", "<!here>", "<@U1>", "[x]: ", ":"),
        *("data:", "\r", "\r\n", "#", "py", "@", EVIL, "https://good.example/p", "\ud800"),
    ]
)
TEXTS = st.lists(ATOMS, max_size=40).map("".join)
FENCE = re.compile(
    r"^[> ]*(?:(?:[-*+]|\d+[.)]) +)*```.*?(?:^[> ]*```$|\Z)", re.MULTILINE | re.DOTALL
)


def outside_code(shown: str) -> str:
    """Return the text without its fences and code spans."""
    return re.sub(r"(`+)[^\n]*?(?<!`)\1(?!`)", " ", FENCE.sub("", shown))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_nothing_live_remains(text: str) -> None:
    """No angle bracket, no link construct and no disallowed address survives outside code."""
    shown = safe_markdown(text)
    assert "<" not in shown
    assert ">" not in re.sub(r"^(?: {0,3}> ?)+", "", shown, flags=re.MULTILINE)
    bare = outside_code(shown)
    assert "](" not in bare
    assert not re.search(r"\w://", bare)
    assert "www.e" not in bare


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.integers(1, 7), min_size=1))
def test_the_result_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    """The result does not depend on how the stream is split."""
    stream = SafeStream(ALLOWED)
    shown, position, turn = "", 0, 0
    while position < len(text):
        size = sizes[turn % len(sizes)]
        shown += stream.feed(text[position : position + size])
        position, turn = position + size, turn + 1
    assert shown + stream.close() == safe_markdown(text, ALLOWED)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", " ", "\n", "<", ">", EVIL, "> ", "- ", "(", ".", ","])))
def test_safe_text_is_safe_already(atoms: list[str]) -> None:
    """Making a text safe twice equals doing it once."""
    once = safe_markdown("".join(atoms))
    assert safe_markdown(once) == once


@given(st.text(alphabet="abc XYZ.,;\n\u00e9\u6f22\u0628", max_size=300))
def test_plain_text_is_kept(text: str) -> None:
    """Text without markup loses nothing."""
    assert safe_markdown(text).replace("`", "") == text


@pytest.mark.parametrize("atom", ["a", "[", "[a](", "![", "`a ", "\\", "|", "> ", "(", "[\n", "a."])
def test_held_back_text_is_limited(atom: str) -> None:
    """A stream never holds back more than about 2,000 characters."""
    stream = SafeStream()
    shown = 0
    for count in range(1, 6_001):
        shown += len(stream.feed(atom))
        assert count * len(atom) - shown <= 2_100 + len(atom)


def test_a_long_word_is_shown_as_code() -> None:
    """A word that is too long to hold back becomes complete code spans from start to end."""
    word = "x" * 3_000 + EVIL
    assert safe_markdown(f"{word} end") == f"`{word[:2_000]}` `{word[2_000:]}` end"


def test_a_finished_word_is_shown_at_once() -> None:
    """A stream shows each word as soon as it ends, not each line."""
    stream = SafeStream()
    assert stream.feed("Hello wor") == "Hello "
    assert stream.feed("ld, see htt") == "world, see "
    assert stream.feed("ps://evil.example now") == "`https://evil.example` "
    assert stream.close() == "now"
