"""Fits a thread and its answers into a model's context window.

First the oldest turns are dropped, then the earliest images of the last turn. Then the answers are
shortened evenly, and finally the middle of the last turn is cut. Notes say what was left out.

A thread of several people keeps its first message, which says what it is about. A line in the gap
says how many messages are missing, and who wrote them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from moa.pipeline.text_tokens import count_tokens
from moa.types import Answer, Image, Message, Prompt

MESSAGE_TOKENS = 6
"""Tokens for a turn's role and separators."""

PIXELS_PER_TOKEN = 600
IMAGE_BASE_TOKENS = 100
MAX_IMAGE_TOKENS = 4_800
"""An image counts as 100 tokens plus one per 600 pixels, at most 4,800. Anthropic counts one per
750 pixels, at most 1,600 or, with its newest models, 4,784 (https://platform.claude.com/docs/en/
build-with-claude/vision). OpenAI counts 85 plus 170 per tile of 512 x 512 pixels, or up to 1,536
patches of 32 x 32 pixels at 1 to 2.5 tokens each (https://platform.openai.com/docs/guides/
images-vision)."""

IMAGES_SHARE = 0.5
"""Share of the budget for the last turn's images when not everything fits."""

DROPPED_IMAGES = "[{count} of this message's images are not shown, for lack of room: {names}]\n\n"

SHRINK = 0.9
"""How much of a part to keep when it is still too long."""

GAP = "\n\n[… {count} characters left out …]\n\n"

_QUOTE_MARKS = re.compile(r"(?:> ?)+|\| ")
"""Of Slack's quotes, and of lines that look like a boundary (`moa.pipeline.prompts.untrusted`)."""

FIRST_SHARE = 0.25
"""Share of the budget for a thread's first message if that has to be shortened."""

SMALLEST_FIRST = 60
"""Tokens below which a shortened first message is dropped instead."""

NAMED_AUTHORS = 3
"""Authors that the line about missing messages names; it sums up the others."""


GAP_TOKENS = count_tokens(GAP.format(count=10**9))


def image_tokens(image: Image) -> int:
    """Estimate the tokens of an image; the maximum if its size is unknown."""
    pixels = image.width * image.height
    if not pixels:
        return MAX_IMAGE_TOKENS
    return min(pixels // PIXELS_PER_TOKEN + IMAGE_BASE_TOKENS, MAX_IMAGE_TOKENS)


def prompt_tokens(prompt: Prompt) -> int:
    """Estimate the tokens of a whole prompt."""
    return count_tokens(prompt.system) + sum(map(_message_tokens, prompt.messages))


def _message_tokens(message: Message) -> int:
    return count_tokens(message.content) + MESSAGE_TOKENS + sum(map(image_tokens, message.images))


def _answers_tokens(answers: Sequence[Answer]) -> int:
    return sum(count_tokens(answer.text) for answer in answers)


def shorten(text: str, budget: int) -> str:
    """Return the start and end of a text within `budget` tokens, with a note for the gap between.

    The gap itself takes `GAP_TOKENS`, even if the budget is smaller.
    """
    size = count_tokens(text)
    if size <= budget:
        return text
    keep = max(int(len(text) * (budget - GAP_TOKENS) / size), 0)
    # The parts kept may be denser than the rest.
    while count_tokens(short := _cut(text, keep)) > budget and keep:
        keep = int(keep * SHRINK)
    return short


def _cut(text: str, keep: int) -> str:
    """Return two thirds of `keep` characters from the start of a text and a third from its end."""
    tail = keep // 3
    start, end = text[: keep - tail], text[len(text) - tail :]
    marks, end = _line_start(text, end)
    return start + GAP.format(count=len(text) - len(start) - len(end)) + marks + end


def _line_start(text: str, end: str) -> tuple[str, str]:
    """Return what to put before the end of a text that was cut, and that end.

    The rest of a line must not look like a line of its own: it would lack the marks of a quote, or
    could pose as a boundary. A quoted line gets its marks again, unless the following lines are
    longer than its rest, which is then left out. Another line loses the equals signs in front.
    """
    cut = len(text) - len(end)
    line_start = text.rfind("\n", 0, cut) + 1
    if not end or cut == line_start:
        return "", end
    marks = _QUOTE_MARKS.match(text, line_start)
    if marks is None:
        return "", end.lstrip("= ")
    rest, line_end, following = end.partition("\n")
    if line_end and len(rest) <= len(following):
        return "", following
    end = end[max(marks.end() - cut, 0) :]
    return marks[0], end[min(len(marks[0]), len(end)) :]


def allocate(sizes: Sequence[int], budget: int) -> list[int]:
    """Split `budget` among texts of these sizes: small ones get all they need, the rest share."""
    granted = [0] * len(sizes)
    left = budget
    for rank, index in enumerate(sorted(range(len(sizes)), key=lambda i: sizes[i])):
        granted[index] = max(min(sizes[index], left // (len(sizes) - rank)), 0)
        left -= granted[index]
    return granted


def fit(
    thread: Prompt, answers: Sequence[Answer], budget: int
) -> tuple[Prompt, tuple[Answer, ...], tuple[str, ...]]:
    """Shorten a thread and answers to about `budget` tokens together.

    Returns:
        The thread, the answers, and notes for the reader that say what was left out.
    """
    needed = prompt_tokens(thread) + _answers_tokens(answers)
    if needed <= budget:
        return thread, tuple(answers), ()
    notes: list[str] = []
    if any(message.author for message in thread.messages):
        thread = _drop_middle(thread, needed - budget, int(budget * FIRST_SHARE), notes)
    else:
        thread = _drop_oldest(thread, needed - budget, notes)
    over = prompt_tokens(thread) + _answers_tokens(answers) > budget
    if over:
        thread = _drop_images(thread, budget, notes)
    *_, last = thread.messages
    fixed = prompt_tokens(thread) - count_tokens(last.content)
    if over and answers:
        question = min(count_tokens(last.content), max(budget - fixed, 0) // 2)
        answers = _shorten_answers(answers, budget - fixed - question, notes)
    left = budget - fixed - _answers_tokens(answers)
    if over and count_tokens(last.content) > left:
        notes.append("The last message was too long and was shortened in its middle.")
        message = replace(last, content=shorten(last.content, max(left, 0)))
        thread = replace(thread, messages=(*thread.messages[:-1], message))
    return thread, tuple(answers), tuple(notes)


def _drop_oldest(thread: Prompt, excess: int, notes: list[str]) -> Prompt:
    messages = list[Message](thread.messages)
    dropped = 0
    while excess > 0 and len(messages) > 1:
        excess -= _message_tokens(messages.pop(0))
        dropped += 1
    while len(messages) > 1 and messages[0].role == "assistant":  # APIs require a user turn first
        messages.pop(0)
        dropped += 1
    if dropped:
        turns = "message was" if dropped == 1 else f"{dropped} messages were"
        notes.append(f"The oldest {turns} left out: the thread is longer than the model can read.")
    return replace(thread, messages=tuple(messages))


def _drop_middle(thread: Prompt, excess: int, first_room: int, notes: list[str]) -> Prompt:
    """Drop the oldest messages after the first, and shorten the first if that is not enough."""
    first, *others = thread.messages
    if not others:
        return thread
    *middle, last = others
    authors: list[str] = []
    excess += _gap_tokens(middle)
    while middle and excess > 0:
        message = middle.pop(0)
        excess -= _message_tokens(message)
        authors += message.left_out or (message.author,)
    kept = (first,)
    if excess > 0 and _message_tokens(first) > first_room:
        kept = _shorten_first(first, first_room, notes)
        authors = authors if kept else [*(first.left_out or (first.author,)), *authors]
    gap = (gap_message(authors),) if authors else ()
    return replace(thread, messages=(*kept, *gap, *middle, last))


def _shorten_first(message: Message, room: int, notes: list[str]) -> tuple[Message, ...]:
    """Return the message within `room` tokens, without its images; nothing if that is too little.

    Its text needs the room for the gap twice to say anything.
    """
    if room < max(SMALLEST_FIRST, 2 * GAP_TOKENS):
        return ()
    notes.append("The first message of the thread was too long and was shortened in its middle.")
    content = shorten(message.content, room - MESSAGE_TOKENS)
    return (replace(message, content=content, images=()),)


def gap_message(authors: Sequence[str]) -> Message:
    """Return a turn that says how many messages are missing, and who wrote them.

    Args:
        authors: the author of each missing message; "" if unknown.
    """
    named = Counter(author for author in authors if author).most_common(NAMED_AUTHORS)
    return Message("user", _gap_line(named, len(authors)), left_out=tuple(authors))


def _gap_line(named: Sequence[tuple[str, int]], count: int) -> str:
    others = count - sum(by_author for _, by_author in named)
    by = [f"{by_author} by {author}" for author, by_author in named]
    by += [f"{others} by others"] if others and named else []
    messages = "1 message" if count == 1 else f"{count} messages"
    return f"[{messages} left out here{': ' if by else ''}{', '.join(by)}]"


def _gap_tokens(messages: Sequence[Message]) -> int:
    """Return the largest size that the gap's turn can have if some of these messages go."""
    names = {name for message in messages for name in message.left_out or (message.author,)}
    longest = sorted(names, key=count_tokens)[-NAMED_AUTHORS:]
    count = sum(len(message.left_out) or 1 for message in messages) + 1  # and the first message
    line = _gap_line([(name, count) for name in longest], 10 * count)
    return count_tokens(line) + MESSAGE_TOKENS


def count_messages(thread: Prompt) -> tuple[int, int]:
    """Return how many of a thread's messages are there, and how many it has in all."""
    missing = sum(len(message.left_out) for message in thread.messages)
    here = sum(not message.left_out for message in thread.messages)
    return here, here + missing


def _drop_images(thread: Prompt, budget: int, notes: list[str]) -> Prompt:
    """Keep the latest images of the last turn that fit, and name the others in its text."""
    *earlier, last = thread.messages
    max_tokens = int(max(budget - count_tokens(thread.system), 0) * IMAGES_SHARE)
    kept = last.images
    while sum(map(image_tokens, kept)) > max_tokens:
        kept = kept[1:]
    left_out = last.images[: len(last.images) - len(kept)]
    if not left_out:
        return thread
    images = "image was" if len(left_out) == 1 else f"{len(left_out)} images were"
    notes.append(f"The first {images} left out: the model has no room for more.")
    names = ", ".join(" ".join(image.name.split()) for image in left_out)
    note = DROPPED_IMAGES.format(count=len(left_out), names=names)
    message = replace(last, content=note + last.content, images=kept)
    return replace(thread, messages=(*earlier, message))


def _shorten_answers(
    answers: Sequence[Answer], budget: int, notes: list[str]
) -> tuple[Answer, ...]:
    sizes = [count_tokens(a.text) for a in answers]
    if sum(sizes) <= budget:
        return tuple(answers)
    notes.append("The models' answers were shortened so that the next model could read them all.")
    granted = allocate(sizes, budget)
    return tuple(
        replace(answer, text=shorten(answer.text, share))
        for answer, share in zip(answers, granted, strict=True)
    )
