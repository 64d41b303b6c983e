"""Thoughts, end tokens and boundary lines in a model's text, in every way that it may be cut."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa.thoughts.answer_text import AnswerText
from moa.thoughts.stream_filter import OpenThoughtDetector, ThoughtFilter, without_thoughts

ANALYSIS = "<|channel|>analysis<|message|>They ask for <b>.<|end|>"
FINAL = "<|start|>assistant<|channel|>final<|message|>"
CALLED = (
    "<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>"
)

THOUGHTS = {
    "<think>a</think>b": "b",
    "\n <think>a</think>\n\nb": "b",
    "<think></think>\n\nb": "b",
    "<think/>b": "b",
    "<THINK>a</THINK>b": "b",
    '<thinking budget="3">a</thinking>b': "b",
    "<thought>a</thought>b": "b",
    "<reasoning>\na\n</reasoning>\nb": "b",
    "<seed:think>a</seed:think>b": "b",
    "<think>a</think><think>b</think>c": "c",
    "<think>a</think>\n<thinking>b</thinking>\nc": "c",
    "<think>a</think>b</think>c": "c",
    "[THINK]a[/THINK]b": "b",
    "\u25c1think\u25b7a\u25c1/think\u25b7b": "b",
    "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>": "b",
    f"{ANALYSIS}{FINAL}b<|return|>": "b",
    f"{ANALYSIS}\n{CALLED}{FINAL}b": "b",
    f"{FINAL}b": "b",
    "<|im_start|>assistant\nb": "b",
}
NEVER_CLOSED = [
    "<think>a",
    "\n<thought>a b",
    "[THINK]a",
    "<|channel|>analysis<|message|>a",
    "<think>",
]
ONLY = ["<think>a</think>", "<think>a</think>\n\n", f"{ANALYSIS}", "<think>a</think><think>b"]
LONE = {
    "a</think>b": "b",
    "First, 2+2.\nSo 4.\n</think>\n\nIt is 4.": "It is 4.",
    "</think>\n\nb": "b",
    "a[/THINK]b": "b",
    f"a<|end|>{FINAL}b": "b",
    "a </think>\nb": "b",
}
ENDS = {
    f"b{token}{after}": "b"
    for token in ("<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>")
    for after in ("", "\n", token)
} | {"b<|im_end|>\n<|im_start|>user\nAnd you?": "b", "<think>a</think>b<|im_end|>": "b"}
STAYS = [
    "Use `<think>` and `</think>`.",
    "Use <think> and </think> around it.",
    "The </think> tag closes a thought.",
    'The end is "</think>", in quotes.',
    "It looks like this:\n```\n<think>a</think>\nb\n```\nand so on",
    "```xml\na</think>\n```\nb",
    "Qwen writes <think>a</think> before b.",
    "The token is `<|im_end|>`",
    "It ends with <|im_end|> and goes on.",
    "Was <s>3</s>",
    "a < b, [x](y) and <b>bold</b>",
    "<thinkers are few",
    "<thin",
    "x<",
    "  two spaces first",
    "\n",
    "",
]
EVERY = {
    **THOUGHTS,
    **LONE,
    **ENDS,
    **dict.fromkeys([*NEVER_CLOSED, *ONLY], ""),
    **{text: text for text in STAYS},
}


def heard(pieces: Sequence[str]) -> str:
    """The answer in these pieces, as a reader has it in the end."""
    text, answer = AnswerText(), ""
    for piece in pieces:
        given_now = text.feed(piece)
        answer = given_now if text.began_anew else answer + given_now
    last = text.close()
    return last if text.began_anew else answer + last


def splits(text: str) -> Iterator[list[str]]:
    """Whole, by characters, at each place, and at many places drawn by lot."""
    yield [text]
    yield list(text)
    for at in range(len(text)):
        yield [text[:at], text[at:]]
    lot = random.Random(text)  # noqa: S311 - the same at each run
    for _ in range(40):
        cuts = sorted(lot.choices(range(len(text) + 1), k=4))
        yield [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("text", EVERY)
def test_an_answer_is_the_same_however_its_stream_is_split(text: str) -> None:
    """Thoughts and end tokens are no part of it; tags that it mentions or shows in code are."""
    assert {heard(pieces) for pieces in splits(text)} == {EVERY[text]}


@given(st.lists(st.sampled_from(["<think>", "</think>", "a ", "B", "\n", "<|im_end|>", "`", "<"])))
def test_any_mixture_of_tags_is_read_alike_in_one_piece_and_by_characters(parts: list[str]) -> None:
    """What is held back to be decided is decided as if it had come at once."""
    text = "".join(parts)
    assert heard(list(text)) == heard([text])


@given(st.text(alphabet="ab \n*_#.-", min_size=1))
def test_ordinary_text_is_given_as_it_comes(text: str) -> None:
    """Nothing of it is held back or changed once it has begun."""
    thoughts = ThoughtFilter()
    assert thoughts.feed("x") == "x"
    assert [thoughts.feed(char) for char in text] == list(text)


@pytest.mark.parametrize(
    ("text", "at_once"), [("Is a < b", "Is a < b"), ("a </th", "a "), ("a<p", "a<p")]
)
def test_only_a_possible_tag_is_held_back(text: str, at_once: str) -> None:
    """A sign that can begin a tag waits for the next one, and no longer."""
    assert ThoughtFilter().feed(text) == at_once


@pytest.mark.parametrize("text", [*NEVER_CLOSED, *ONLY])
def test_an_answer_of_only_thoughts_is_known_as_one(text: str) -> None:
    """Its reason is another one than that of an empty answer."""
    answer = AnswerText()
    assert (answer.feed(text) + answer.close(), answer.thought) == ("", True)


@pytest.mark.parametrize("flood", ["<", " ", "</think> x ", "<|im_end|>", "<think>", "</s>", "=="])
def test_a_flood_of_tags_keeps_little(flood: str) -> None:
    """However much comes, what is held back stays small: each piece is read in constant time."""
    thoughts = ThoughtFilter()
    kept = [len(thoughts._rest) for _ in range(20_000) if thoughts.feed(flood) or True]  # pyright: ignore[reportPrivateUsage]
    assert max(kept) < 2_000


def test_a_model_that_closes_what_it_did_not_open_is_held_back_from_then_on() -> None:
    """The template opens its thoughts: the next answer shows none, and may have none."""
    habit = OpenThoughtDetector()
    first = habit.filter()
    assert first.feed("a</think>b") + first.close() == "a</think>b"
    habit.learn(first, cut=False)
    second = habit.filter()
    assert [second.feed(piece) for piece in ("a", " b", "</thi", "nk>\n\nc")] == ["", "", "", "c"]
    third = habit.filter()
    assert third.feed("No thought at all.") == ""
    assert third.close() == "No thought at all."
    habit.learn(third, cut=False)
    assert not habit.opened


def test_a_thought_that_met_the_limit_is_no_answer() -> None:
    """Where it was taken to be open, what was cut off is dropped."""
    thoughts = ThoughtFilter(opened=True)
    assert thoughts.feed("Well, let me") + thoughts.close(cut=True) == ""
    assert without_thoughts("<think>a", cut=True) == ""


NONCE = "5f1c0123456789ab"
BOUNDARIES = [
    f"=== ANSWER A {NONCE} ===",
    f"=== ANSWER B {NONCE} (cut off at a length limit) ===",
    f"=== END OF ANSWERS {NONCE} ===",
    f"=== RANKING R1 {NONCE} ===",
    "=== ANSWER S1 ===",
    f"**=== ANSWER AB {NONCE} ===**",
    f"> === END OF ANSWERS {NONCE} ===",
]


@pytest.mark.parametrize("line", BOUNDARIES)
def test_a_copied_boundary_line_is_left_out(line: str) -> None:
    """First, last or between: none of our lines is a part of an answer."""
    text = f"{line}\nOne.\n{line}\nTwo.\n{line}"
    assert {heard(pieces) for pieces in splits(text)} == {"One.\nTwo.\n"}


@pytest.mark.parametrize(
    "text",
    [
        "Title\n=====\nText",
        "a === b",
        "== ANSWER ==",
        "The line === ANSWER A === is ours.",
        "=== ANSWERS ===\nx",
        "=== Answer A ===\nx",
    ],
)
def test_other_lines_of_signs_stay(text: str) -> None:
    """Headings, code and prose that look a little like a boundary are the model's own."""
    assert {heard(pieces) for pieces in splits(text)} == {text}
