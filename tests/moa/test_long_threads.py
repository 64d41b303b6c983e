"""A thread of several people is cut between its first message and its newest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa import Answer, Message, Profile, Prompt
from moa.engine import model_request
from moa.pipeline import token_budget
from moa.pipeline.strategies import PromptContext, direct, synthesise

AUTHORS = ("Ana", "Ben", "Cleo", "Dan", "Eve")
texts = st.integers(0, 400).map(lambda words: "so it goes " * words)


def thread(*contents: str) -> Prompt:
    """Return a thread by several people, in which every third message is the bot's."""
    messages = [
        Message(
            "assistant" if n % 3 == 2 and n < len(contents) - 1 else "user",
            f"{n}: {content}",
            author=AUTHORS[n % 5],
        )
        for n, content in enumerate(contents)
    ]
    return Prompt(tuple(messages), "Be kind.")


def test_the_first_message_and_the_newest_stay() -> None:
    """The gap between them names who wrote what is missing."""
    whole = thread("plan", *["so it goes " * 9] * 20, "why?")
    fitted, _, notes = token_budget.fit(whole, (), 320)
    first, gap, *newest = fitted.messages
    assert first == whole.messages[0]
    assert [m.content for m in newest] == [m.content for m in whole.messages[-len(newest) :]]
    missing = len(whole.messages) - 1 - len(newest)
    assert gap.content.startswith(f"[{missing} messages left out here: ")
    assert sum(map(int, re.findall(r"(\d+) by", gap.content))) == missing
    assert token_budget.count_messages(fitted) == (1 + len(newest), len(whole.messages))
    assert notes == ()


@given(
    st.lists(texts, min_size=1, max_size=12), st.lists(texts, max_size=3), st.integers(300, 4000)
)
def test_a_fitted_thread_fits(contents: list[str], said: list[str], room: int) -> None:
    """Any thread fits, with every message counted once as read or as missing."""
    whole = thread(*contents)
    answers = [Answer("m", 1, 1, "used", text, "A") for text in said]
    fitted, kept, _ = token_budget.fit(whole, answers, room)
    used = sum(token_budget.count_tokens(a.text) for a in kept)
    assert token_budget.prompt_tokens(fitted) + used <= room
    assert fitted.messages[0].role == fitted.messages[-1].role == "user"
    read, all_messages = token_budget.count_messages(fitted)
    assert all_messages == len(contents)
    assert read >= 1


@given(st.lists(texts, min_size=2, max_size=9), st.integers(400, 2000), st.integers(100, 390))
def test_a_thread_that_was_cut_can_be_cut_again(contents: list[str], room: int, less: int) -> None:
    """Two gaps become one, and nothing is counted twice."""
    once, _, _ = token_budget.fit(thread(*contents), (), room)
    twice, _, _ = token_budget.fit(once, (), less)
    assert token_budget.count_messages(twice)[1] == len(contents)
    assert sum(bool(message.left_out) for message in twice.messages) <= 1


def test_an_enormous_first_message_is_shortened() -> None:
    """It keeps its start, its end and a quarter of the room."""
    whole = thread("begin " + "x" * 9_000 + " end", *["so it goes " * 50] * 9, "why?")
    fitted, _, notes = token_budget.fit(whole, (), 900)
    first = fitted.messages[0].content
    assert first.startswith("0: begin")
    assert first.endswith(" end")
    assert token_budget.count_tokens(first) <= 225
    assert notes == (
        "The first message of the thread was too long and was shortened in its middle.",
    )


@pytest.mark.parametrize(
    "line", ["> " + "word " * 900, "> " + "word\n> " * 900, "> > " + "w " * 900]
)
def test_a_shortened_quote_is_still_a_quote(line: str) -> None:
    """Each line after the gap is quoted, except the gap's own line."""
    short = token_budget.shorten(f"Ben wrote:\n{line}", 150)
    head, _, tail = short.partition("left out …]\n\n")
    assert head.startswith("Ben wrote:\n> ")
    assert tail
    assert all(part.startswith(">") for part in tail.splitlines())
    assert token_budget.count_tokens(short) <= 150


def test_models_get_alternating_turns() -> None:
    """Neighbouring messages of one role are one turn, with all their texts."""
    context = PromptContext(thread("a", "b", "c", "d", "e"), (), "0" * 16)
    request = model_request.build_request(direct, context, Profile("m"), "proposer")
    assert [m.role for m in request.prompt.messages] == ["user", "assistant", "user"]
    assert request.prompt.messages[0].content == "0: a\n\n1: b"
    assert (request.messages_read, request.messages) == (5, 5)


def test_only_the_question_is_repeated_after_the_answers() -> None:
    """Earlier messages in the same turn are not repeated."""
    answer = Answer("m", 1, 1, "used", "Because.", "A")
    context = PromptContext(thread("a", "b", "why?"), (answer,), "0" * 16, final=True)
    request = model_request.build_request(synthesise, context, Profile("m"), "aggregator")
    assert request.prompt.messages[-1].content.rpartition("=== END")[2].endswith("===\n\n2: why?")
