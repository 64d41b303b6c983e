"""Thoughts, end tokens and boundary lines in a model's text, however the stream is split."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa.thoughts.answer_filter import AnswerFilter
from moa.thoughts.thought_filter import OpenThoughtDetector, ThoughtFilter

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


def filtered(pieces: Sequence[str]) -> str:
    """Return the answer that a reader ends up with after these pieces."""
    text, answer = AnswerFilter(), ""
    for piece in pieces:
        piece_out = text.filter(piece)
        answer = piece_out if text.retracted else answer + piece_out
    last = text.flush()
    return last if text.retracted else answer + last


def splits(text: str) -> Iterator[list[str]]:
    """Yield splits of a text: whole, into characters, in two at each index, and at random."""
    yield [text]
    yield list(text)
    for at in range(len(text)):
        yield [text[:at], text[at:]]
    rng = random.Random(text)  # noqa: S311 - seeded, so runs are repeatable
    for _ in range(40):
        cuts = sorted(rng.choices(range(len(text) + 1), k=4))
        yield [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("text", EVERY)
def test_an_answer_is_the_same_however_its_stream_is_split(text: str) -> None:
    """Thoughts and end tokens are removed; tags mentioned in a sentence or in code are kept."""
    assert {filtered(pieces) for pieces in splits(text)} == {EVERY[text]}


@given(st.lists(st.sampled_from(["<think>", "</think>", "a ", "B", "\n", "<|im_end|>", "`", "<"])))
def test_any_mix_of_tags_gives_the_same_answer_whole_and_by_characters(parts: list[str]) -> None:
    """Holding text back never changes the result."""
    text = "".join(parts)
    assert filtered(list(text)) == filtered([text])


@given(st.text(alphabet="ab \n*_#.-", min_size=1))
def test_ordinary_text_is_passed_on_at_once(text: str) -> None:
    """Once the answer has started, text without tags is neither held back nor changed."""
    thoughts = ThoughtFilter()
    assert thoughts.filter("x") == "x"
    assert [thoughts.filter(char) for char in text] == list(text)


@pytest.mark.parametrize(
    ("text", "at_once"), [("Is a < b", "Is a < b"), ("a </th", "a "), ("a<p", "a<p")]
)
def test_only_a_possible_tag_is_held_back(text: str, at_once: str) -> None:
    """A character that may start a tag waits only until that is decided."""
    assert ThoughtFilter().filter(text) == at_once


@pytest.mark.parametrize("text", [*NEVER_CLOSED, *ONLY])
def test_an_answer_of_only_thoughts_has_its_own_status(text: str) -> None:
    """Its error can then differ from that of an empty answer."""
    answer = AnswerFilter()
    assert (answer.filter(text) + answer.flush(), answer.has_thoughts) == ("", True)


@pytest.mark.parametrize("flood", ["<", " ", "</think> x ", "<|im_end|>", "<think>", "</s>", "=="])
def test_a_flood_of_tags_uses_little_memory(flood: str) -> None:
    """The text held back stays small, however much arrives."""
    thoughts = ThoughtFilter()
    kept = [len(thoughts._buffer) for _ in range(20_000) if thoughts.filter(flood) or True]  # pyright: ignore[reportPrivateUsage]
    assert max(kept) < 2_000


def test_after_an_unopened_closing_tag_later_thoughts_are_held_back() -> None:
    """The template opens the thoughts, so the next answer is filtered; it may have no thought."""
    habit = OpenThoughtDetector()
    first = habit.new_filter()
    assert first.filter("a</think>b") + first.flush() == "a</think>b"
    habit.learn(first, cut=False)
    second = habit.new_filter()
    assert [second.filter(piece) for piece in ("a", " b", "</thi", "nk>\n\nc")] == ["", "", "", "c"]
    third = habit.new_filter()
    assert third.filter("No thought at all.") == ""
    assert third.flush() == "No thought at all."
    habit.learn(third, cut=False)
    assert not habit.starts_in_thought


def test_a_thought_cut_at_the_length_limit_is_no_answer() -> None:
    """If the answer started in a thought and was cut, its text is dropped."""
    thoughts = ThoughtFilter(starts_in_thought=True)
    assert thoughts.filter("Well, let me") + thoughts.flush(cut=True) == ""
    thoughts = ThoughtFilter()
    assert thoughts.filter("<think>a") + thoughts.flush(cut=True) == ""


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
    """Boundary lines are removed at the start, in the middle and at the end."""
    text = f"{line}\nOne.\n{line}\nTwo.\n{line}"
    assert {filtered(pieces) for pieces in splits(text)} == {"One.\nTwo.\n"}


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
def test_similar_lines_are_kept(text: str) -> None:
    """Headings, code and prose that resemble a boundary line belong to the answer."""
    assert {filtered(pieces) for pieces in splits(text)} == {text}
