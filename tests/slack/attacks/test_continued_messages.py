"""A reply that continues in another message, at a suitable place, and safely at any place."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from bot.slack.markdown.sanitize import SafeStream, safe_markdown
from bot.slack.markdown.split import MESSAGE_TARGET
from bot.slack.markdown.split_stream import Age, break_after, fill_message
from tests.slack.attacks.attack import Attack, check_each
from tests.slack.attacks.corpus import CORPUS
from tests.slack.attacks.properties import ALLOWED, assert_inert, is_within, words

SLACKS_LIMIT = 12_000
SHORT = 200
HEAD = "| a | b |\n|---|---|\n"


class Thread:
    """The messages of a reply, filled as `MessageChain` fills them."""

    def __init__(self) -> None:
        self.messages = [""]
        self.waiting = ""

    def flush(self, text: str, *, age: Age = "young", final: bool = False) -> None:
        """Flush the pending text."""
        self.waiting += text
        full = True
        while full:
            now, self.waiting, full = fill_message(
                self.messages[-1], self.waiting, final=final, age=age
            )
            self.messages[-1] += now
            if full:
                self.messages.append("")
                age = "young"


def grown(pieces: Iterable[str], ages: Iterable[Age]) -> list[str]:
    """Return the messages of a text that is flushed after each piece."""
    stream, thread = SafeStream(ALLOWED), Thread()
    for piece, age in zip(pieces, ages, strict=True):
        thread.flush(stream.feed(piece), age=age)
    thread.flush(stream.close(), final=True)
    return thread.messages


def assert_good(attack: Attack, messages: list[str]) -> None:
    """Assert that each message is safe and fits, and that no word is lost."""
    for message in messages:
        assert len(message) <= SLACKS_LIMIT
        assert_inert(message)
    whole = safe_markdown(attack.text, ALLOWED)
    assert is_within(words(whole), words("".join(messages)))


@pytest.mark.slow
def test_an_old_message_can_be_split_safely_anywhere() -> None:
    """An old message ends at once, and both parts are as safe as the whole.

    Short texts are split at up to fifteen positions, long ones several times at random ones.
    """
    check_each(CORPUS, _assert_breaks_safely)


def _assert_breaks_safely(attack: Attack) -> None:
    if len(attack.text) <= SHORT:
        for at in range(1, len(attack.text), 1 + len(attack.text) // 15):
            ages: list[Age] = ["young", "old"]
            assert_good(attack, grown([attack.text[:at], attack.text[at:]], ages))
        return
    chance = random.Random(f"roll:{attack}")  # noqa: S311 - the same splits in each run
    pieces = ["".join(attack.text[i : i + 997]) for i in range(0, len(attack.text), 997)]
    kinds: list[Age] = [chance.choice(["young", "young", "ripe", "old"]) for _ in pieces]
    assert_good(attack, grown(pieces, kinds))


def test_a_ripe_message_ends_with_its_paragraph() -> None:
    """Text continues to the end of the paragraph; later text starts a new message."""
    thread = Thread()
    thread.flush("One **two")
    thread.flush(" three", age="ripe")
    assert thread.messages == ["One **two three"]
    thread.flush(" four** five.\n\nSix", age="ripe")
    assert thread.messages == ["One **two three four** five.\n\n", "Six"]


@pytest.mark.parametrize(
    "block",
    [
        "```py\nx = 1\n\ny = 2\n```\n\n",
        f"{HEAD}| 1 | 2 |\n| 3 | 4 |\n\n",
        "> ```\n> code\n>\n> code\n> ```\n\n",
        f"- {HEAD.replace(chr(10), chr(10) + '  ')}| 1 | 2 |\n\n",
        "A sentence with `code` and _words_ in it.\n\n",
    ],
)
def test_a_ripe_message_never_ends_inside_code_or_a_table(block: str) -> None:
    """With any flushes, a block ends in the message where it started."""
    for at in range(1, len(block)):
        thread = Thread()
        thread.flush(f"Text.\n\n{block[:at]}")
        thread.flush(f"{block[at:]}The end.", age="ripe")
        thread.flush("", final=True)
        assert thread.messages in ([f"Text.\n\n{block}", "The end."], ["Text.\n\n", block, "End"])


def test_the_end_of_a_reply_starts_no_new_message() -> None:
    """The last words of a reply do not start a new message just because the current one is ripe."""
    thread = Thread()
    thread.flush("One.\n\n")
    thread.flush("Two.", age="ripe", final=True)
    assert thread.messages == ["One.\n\nTwo."]


@pytest.mark.parametrize(
    ("shown", "text", "messages"),
    [
        ("a\n\nb c", " d.\n\ne", ["a\n\nb c d.\n\n", "e"]),
        ("a\nb", " c\nd", ["a\nb c\n", "d"]),
        ("a **b", " c** d", ["a **b**", "**c** d"]),
        ("a **b _c", " d_ e** f", ["a **b _c_**", "**_d_ e** f"]),
        ("a ~~b", "~~ c", ["a ~~b~~", " c"]),
        ("2 * 3 snake_case", " and more", ["2 * 3 snake_case", " and more"]),
        ("- a *b", " c* d", ["- a *b*", "*c* d"]),
        ("**a\n\nb", " c", ["**a\n\nb", " c"]),
        ("`xx", "yy` z", ["`xx`", "`yy` z"]),
        ("`xx", "` z", ["`xx`", " z"]),
        ("```py\nx", " = 1\ny = 2\n", ["```py\nx = 1\n```", "```py\ny = 2\n"]),
        ("```py\nx", " = 1", ["```py\nx\n```", "```py\n = 1"]),
        (f"{HEAD}| 1 | 2 |\n", "| 3 | 4 |\n| 5", [f"{HEAD}| 1 | 2 |\n", f"{HEAD}| 3 | 4 |\n| 5"]),
        (f"{HEAD}| 1", " | 2 |\n| 3", [f"{HEAD}| 1 | 2 |\n", f"{HEAD}| 3"]),
        (f"{HEAD}| 1", " | 2 |", [f"{HEAD}| 1", f"{HEAD}| | 2 |"]),
        (f"{HEAD}| 1 | 2", " 3 |", [f"{HEAD}| 1 | 2", f"{HEAD}| | 3 |"]),
        (f"{HEAD}| 1 | 2 |\n", "\nEnd", [f"{HEAD}| 1 | 2 |\n\n", "End"]),
        ("- | a | b |\n  |---|---|\n  | 1 | 2 |\n", "  | 3 | 4 |\n  | 5",
         ["- | a | b |\n  |---|---|\n  | 1 | 2 |\n",
          "  | a | b |\n  |---|---|\n  | 3 | 4 |\n  | 5"]),
    ],
)  # fmt: skip
def test_open_markup_is_closed_and_reopened(shown: str, text: str, messages: list[str]) -> None:
    """Open markup is closed in an old message and reopened in the next one."""
    now, rest, full = fill_message(shown, text, final=False, age="old")
    assert full
    assert [shown + now, rest] == messages


def test_a_message_ended_by_slack_continues_completely() -> None:
    """If Slack ended a message, the next one gets all pending text."""
    assert break_after("a **b", " c** d\n\ne")[1] == "**c** d\n\ne"
    assert break_after(f"{HEAD}| 1 | 2 |\n", "| 3 | 4 |")[1] == f"{HEAD}| 3 | 4 |"
    assert break_after("a.\n\n", "b\n\nc")[1] == "b\n\nc"


def test_a_table_moves_as_a_whole() -> None:
    """A table that does not fit below the text starts the next message."""
    table = HEAD + "| cell | cell |\n" * 300
    thread = Thread()
    thread.flush("word " * 1_700 + "\n\n" + table[:600])
    thread.flush(table[600:] + "\nThe end.")
    thread.flush("", final=True)
    assert [message[:9] for message in thread.messages] == ["word word", "| a | b |"]
    assert thread.messages[1] == table + "\nThe end."


def test_a_long_table_repeats_its_header() -> None:
    """Each message of a long table repeats its header, and every row appears once."""
    rows = [f"| {number} | x |\n" for number in range(2_000)]
    thread = Thread()
    thread.flush(HEAD)
    for start in range(0, len(rows), 20):
        thread.flush("".join(rows[start : start + 20]))
    thread.flush("", final=True)
    assert len(thread.messages) == 3
    assert all(message.startswith(HEAD) for message in thread.messages)
    assert all(len(message) <= MESSAGE_TARGET for message in thread.messages)
    assert "".join(m.removeprefix(HEAD) for m in thread.messages) == "".join(rows)
