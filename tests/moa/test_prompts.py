"""Answers in a prompt: labels, order, boundaries and remarks."""

from __future__ import annotations

import string

import pytest

from moa import Message, Prompt
from moa.pipeline import prompts
from moa.pipeline.prompts import templates
from moa.types import Answer
from tests.moa.blocks import answer, block_of

NONCE = prompts.boundary_nonce(7, 2)
THREAD = Prompt(
    (Message("user", "First."), Message("assistant", "Reply."), Message("user", "Second.")),
    system="House rules.",
)


def test_a_block_has_its_documented_form() -> None:
    """A boundary line, the text, an empty line, and so on to the end line."""
    read = [answer("A", "One.\n"), answer("B", "Two", status="truncated")]
    ranked = [answer("R1", "RANKING: A > B")]
    assert prompts.answers_block(read, "0f", rankings=ranked, remarks={"A": "your own answer"}) == (
        "=== ANSWER A 0f (your own answer) ===\nOne.\n\n"
        "=== ANSWER B 0f (cut off at a length limit) ===\nTwo\n\n"
        "=== RANKING R1 0f ===\nRANKING: A > B\n\n"
        "=== END OF ANSWERS 0f ==="
    )


def test_the_block_is_at_the_end_of_the_last_user_turn() -> None:
    """Earlier turns and the system text are the same for every model, so caches stay warm."""
    prompt = prompts.with_answers(THREAD, [answer("A", "One.")], NONCE)
    assert prompt.messages[:-1] == THREAD.messages[:-1]
    assert prompt.system == THREAD.system
    assert prompt.messages[-1].role == "user"
    assert block_of(prompt, NONCE).question == "Second."


def test_our_system_text_precedes_the_threads() -> None:
    """Empty instructions leave no gap."""
    assert prompts.with_system(THREAD, "A", "", "B").system == "A\n\nB\n\nHouse rules."


def test_labels_are_letters_in_a_seeded_order() -> None:
    """The same seed gives the same order; across seeds every answer takes every position."""
    answers = [Answer(f"m{i}", 1, i, "used") for i in range(4)]
    first = prompts.assign_labels(answers, seed=3, layer=1)
    assert first == prompts.assign_labels(answers, seed=3, layer=1)
    assert [a.label for a in first] == ["A", "B", "C", "D"]
    places = {
        (a.model, a.label)
        for seed in range(60)
        for a in prompts.assign_labels(answers, seed=seed, layer=1)
    }
    assert len(places) == 16


@pytest.mark.parametrize(("index", "label"), [(0, "A"), (25, "Z"), (26, "AA"), (31, "AF")])
def test_labels_continue_after_z(index: int, label: str) -> None:
    """A layer may have more than 26 proposers."""
    answers = [Answer("m", 1, i, "used") for i in range(32)]
    assert prompts.assign_labels(answers, seed=1, layer=1)[index].label == label


def test_labels_of_rankings_are_not_letters() -> None:
    """A ranking's label cannot be mistaken for an answer's."""
    ranked = prompts.assign_labels([answer("", "x"), answer("", "y")], seed=1, layer=2, prefix="R")
    assert [r.label for r in ranked] == ["R1", "R2"]


def test_every_wording_is_plain_text() -> None:
    """Instructions have no stray placeholder, double space or line break."""
    written = {k: v for k, v in vars(templates).items() if k.isupper() and isinstance(v, str)}
    assert len(written) > 15
    for name, text in written.items():
        fields = (
            {field for _, field, _, _ in string.Formatter().parse(text) if field}
            if (name in {"ANSWERS_FOLLOW", "DATAMARKED", "POOLED"})
            else set[str]()
        )
        assert fields <= {"nonce", "marker", "order"}, name
        assert "  " not in text, name
        assert "\n" not in text, name
