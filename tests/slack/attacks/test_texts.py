"""The whole corpus through the text filters: streamed in pieces, split into messages, paged."""

from __future__ import annotations

import random
from collections import Counter
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
from tests.slack.attacks.attack import Attack, check_each
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
"""How many states of a long stream are checked, and up to which length."""

HELD = 2_100
"""The most characters that a stream may hold back."""

SIZES = {
    "mentions": 67,
    "hidden": 47,
    "links": 88,
    "markup": 51,
    "interface": 33,
    "prompts": 33,
    "fences": 52,
    "sizes": 65,
    "scripts": 26,
}
"""The minimum number of attacks of each kind; raise it when you add one."""


def test_the_corpus_is_complete() -> None:
    """No attack is missing: each kind has at least as many as before, unique and with an aim."""
    found = Counter(attack.kind for attack in CORPUS)
    assert found >= Counter(SIZES)
    assert len({str(attack) for attack in CORPUS}) == len(CORPUS)
    assert len({attack.text for attack in CORPUS}) == len(CORPUS)
    assert all(attack.tries.endswith(".") for attack in CORPUS)


def test_attacks_are_inert_and_keep_their_text() -> None:
    """Nothing in an attack is live, and readers see exactly the original text."""
    check_each(CORPUS, _assert_inert_and_kept)


def test_every_failing_attack_is_named() -> None:
    """The loop doesn't stop at a failure: it checks every attack and names each that fails."""
    failing = {str(attack) for attack in CORPUS[::50]}

    def check(attack: Attack) -> None:
        checked.append(attack)
        assert str(attack) not in failing

    checked: list[Attack] = []
    with pytest.raises(ExceptionGroup) as caught:
        check_each(CORPUS, check)
    assert checked == [*CORPUS]
    assert len(caught.value.exceptions) == len(failing)
    assert all(name in caught.value.message for name in failing)


def _assert_inert_and_kept(attack: Attack) -> None:
    shown = safe_markdown(attack.text, ALLOWED)
    assert_inert(shown)
    assert_kept(attack, shown)
    assert_short_fields_are_inert(attack)


def assert_short_fields_are_inert(attack: Attack) -> None:
    """Check that a name, title or quoted question of it is one harmless line within the limit."""
    for text in (escape_mrkdwn(attack.text), escape_markdown(attack.text)):
        assert "<" not in text
        assert ">" not in text
    line = shorten(plain(attack.text), 75)
    assert len(line) <= 75
    assert "\n" not in line


@pytest.mark.slow
def test_attacks_do_not_depend_on_how_they_are_split() -> None:
    """Split at every position, or at many random ones, a stream shows the same text."""
    check_each(CORPUS, _assert_same_when_split)


def _assert_same_when_split(attack: Attack) -> None:
    whole = safe_markdown(attack.text, ALLOWED)
    for pieces in _splits(attack.text):
        stream = SafeStream(ALLOWED)
        shown, came = "", 0
        for piece in pieces:
            shown += stream.feed(piece)
            came += len(clean(piece))
            assert attack.lost or came - len(shown) <= HELD, "too much text is held back"
        assert shown + stream.close() == whole


@pytest.mark.slow
def test_every_state_of_the_stream_is_inert() -> None:
    """Slack may show a reply at any moment: every state of it is safe."""
    check_each(CORPUS, _assert_states_inert)


def _assert_states_inert(attack: Attack) -> None:
    stream, shown = SafeStream(ALLOWED), ""
    states: list[str] = []
    for piece in next(_splits(attack.text)):
        ready = stream.feed(piece)
        shown += ready
        if ready and len(shown) <= LOOKED_AT:
            states.append(shown)
    for state in states[:: max(1, len(states) // STATES)]:
        assert_inert(state)


@pytest.mark.slow
def test_every_message_of_an_attack_is_inert() -> None:
    """Each message fits and is safe, and no word is lost, however long an attack is."""
    check_each(CORPUS, _assert_messages_inert)


def _assert_messages_inert(attack: Attack) -> None:
    shown = safe_markdown(attack.text, ALLOWED)
    for limit in (SMALLEST_LIMIT, MESSAGE_TARGET):
        pieces = split_markdown(shown, limit)
        assert all(len(piece) <= limit for piece in pieces)
        for piece in pieces[:12]:
            assert_inert(piece)
        assert is_within(words(shown), words("".join(pieces)))


@pytest.mark.slow
def test_the_modal_shows_every_attack() -> None:
    """The modal shows an attack as rich text that Slack accepts, with links only where allowed."""
    check_each(CORPUS, _assert_shown_in_modal)


def _assert_shown_in_modal(attack: Attack) -> None:
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
    """Yield splits of the text: in two at every position and into characters, or at random."""
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
