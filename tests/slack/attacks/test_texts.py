"""The whole corpus through what makes text safe: streamed in pieces, cut into messages, paged."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from slack_sdk.models.blocks import Block, RichTextBlock

from bot.slack.markdown.rich_text import BLOCK_LIMIT, rich_text
from bot.slack.markdown.rich_text_inline import text_of
from bot.slack.markdown.sanitize import (
    SafeStream,
    escape_markdown,
    escape_mrkdwn,
    plain,
    safe_markdown,
    shorten,
)
from bot.slack.markdown.split import MESSAGE_TARGET, SMALLEST_LIMIT, split_markdown
from bot.slack.markdown.unicode_filter import clean
from tests.slack.attacks.attack import Attack
from tests.slack.attacks.corpus import CORPUS
from tests.slack.attacks.properties import (
    ALLOWED,
    assert_inert,
    assert_kept,
    is_within,
    leaves,
    words,
)

SHORT = 200
"""Characters up to which a text is split at every position."""

STATES, LOOKED_AT = 8, 5_000
"""Moments of a long stream that are looked at, and up to which length."""

HELD = 2_100
"""Characters that a stream may hold back at most."""

everything = pytest.mark.parametrize("attack", CORPUS, ids=str)


def test_the_corpus_is_a_corpus() -> None:
    """There are more than two hundred attacks, each of them once and each with its aim."""
    assert len(CORPUS) >= 250
    assert len({str(attack) for attack in CORPUS}) == len(CORPUS)
    assert len({attack.text for attack in CORPUS}) == len(CORPUS)
    assert all(attack.tries.endswith(".") for attack in CORPUS)


@everything
def test_it_is_inert_and_its_words_are_kept(attack: Attack) -> None:
    """Nothing in it is live, and a reader reads what was written, no less and no more."""
    shown = safe_markdown(attack.text, ALLOWED)
    assert_inert(shown)
    assert_kept(attack, shown)
    assert_short_fields_are_inert(attack)


def assert_short_fields_are_inert(attack: Attack) -> None:
    """As a name, a title or a quoted question it is one harmless line within its limit."""
    for text in (escape_mrkdwn(attack.text), escape_markdown(attack.text)):
        assert "<" not in text
        assert ">" not in text
    line = shorten(plain(attack.text), 75)
    assert len(line) <= 75
    assert "\n" not in line


@everything
def test_it_reads_the_same_however_it_was_split(attack: Attack) -> None:
    """Split at every position, or at many random ones, the stream shows the same text."""
    whole = safe_markdown(attack.text, ALLOWED)
    for pieces in _splits(attack.text):
        stream = SafeStream(ALLOWED)
        shown, came = "", 0
        for piece in pieces:
            shown += stream.feed(piece)
            came += len(clean(piece))
            assert attack.lost or came - len(shown) <= HELD, "a reader waits for too much"
        assert shown + stream.close() == whole


@everything
def test_every_state_of_the_stream_is_inert(attack: Attack) -> None:
    """Slack may look at a reply at any moment: what has been shown by then is safe as it stands."""
    stream, shown = SafeStream(ALLOWED), ""
    states: list[str] = []
    for piece in next(_splits(attack.text)):
        ready = stream.feed(piece)
        shown += ready
        if ready and len(shown) <= LOOKED_AT:
            states.append(shown)
    for state in states[:: max(1, len(states) // STATES)]:
        assert_inert(state)


@everything
def test_each_message_of_it_is_inert(attack: Attack) -> None:
    """However long it is, each message fits, is safe by itself, and no word is lost between two."""
    shown = safe_markdown(attack.text, ALLOWED)
    for limit in (SMALLEST_LIMIT, MESSAGE_TARGET):
        pieces = split_markdown(shown, limit)
        assert all(len(piece) <= limit for piece in pieces)
        for piece in pieces[:12]:
            assert_inert(piece)
        assert is_within(words(shown), words("".join(pieces)))


@everything
def test_the_modal_shows_it(attack: Attack) -> None:
    """In a modal it is plain rich text that Slack accepts: words, and links only where allowed."""
    blocks = rich_text(attack.text, ALLOWED)
    for block in blocks:
        parsed = Block.parse(block)
        assert isinstance(parsed, RichTextBlock)
        parsed.validate_json()
        assert 0 < len(text_of([block])) <= BLOCK_LIMIT
        for leaf in leaves(block):
            assert leaf["type"] in {"text", "link"}
            assert leaf["type"] == "text" or leaf["url"].startswith("https://good.example")
    assert_kept(attack, text_of(blocks), letters_only=True)


def _splits(text: str) -> Iterator[Sequence[str]]:
    """The text in pieces: two at every position and each by itself, or at random positions."""
    if len(text) <= SHORT:
        yield list(text)
        for position in range(len(text) + 1):
            yield text[:position], text[position:]
        return
    chance = random.Random(f"split:{len(text)}:{text[:50]}")  # noqa: S311 - the same splits in each run
    for size in (3, 40, 700):
        yield list(_random_pieces(text, size, chance))


def _random_pieces(text: str, size: int, chance: random.Random) -> Iterator[str]:
    position = 0
    while position < len(text):
        end = position + chance.randint(1, size)
        yield text[position:end]
        position = end
