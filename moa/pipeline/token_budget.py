"""Fitting a thread and the answers to it into a model's context window.

The oldest turns go first, then the earliest images of the last turn, then the answers are shortened
evenly, and last the final user turn is shortened in its middle. Whatever is left out is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moa.types import Answer, Image, Message, Prompt

BYTES_PER_TOKEN = 3.5
"""A careful reading of the usual 4: code and names take more tokens than prose. Bytes and not
characters, since scripts outside Latin take about a token for three bytes."""

PER_MESSAGE = 6
"""Tokens that a turn's role and separators take."""

PIXELS_PER_TOKEN = 600
IMAGE_BASE = 100
IMAGE_TOKENS = 4_800
"""An image is read as a token for 600 pixels and 100 more, at most 4,800. Anthropic counts one for
750 pixels, at most 1,600 or, with its newest models, 4,784 (https://platform.claude.com/docs/en/
build-with-claude/vision); OpenAI 85 and 170 a tile of 512 x 512 pixels, or up to 1,536 patches of
32 x 32 pixels at 1 to 2.5 tokens each (https://platform.openai.com/docs/guides/images-vision)."""

IMAGES_SHARE = 0.5
"""Of the room, what the last turn's images may take when it does not suffice for everything."""

NO_ROOM = "[{count} of this message's images are not shown, for want of room: {names}]\n\n"

GAP = "\n\n[… {count} characters left out …]\n\n"


def tokens(text: str) -> int:
    """About how many tokens a text takes. An estimate, on the safe side for most texts."""
    return int(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN) + 1


GAP_TOKENS = tokens(GAP.format(count=10**9))


def image_tokens(image: Image) -> int:
    """About how many tokens an image takes: the most where its size is not known."""
    pixels = image.width * image.height
    return min(pixels // PIXELS_PER_TOKEN + IMAGE_BASE, IMAGE_TOKENS) if pixels else IMAGE_TOKENS


def size(prompt: Prompt) -> int:
    """About how many tokens a whole prompt takes."""
    return tokens(prompt.system) + sum(map(_size, prompt.messages))


def _size(message: Message) -> int:
    return tokens(message.content) + PER_MESSAGE + sum(map(image_tokens, message.images))


def shorten(text: str, room: int) -> str:
    """The head and the tail of a text, within `room` tokens, with the gap between them said.

    Where there is no room for anything, only the gap is left, which takes `GAP_TOKENS`.
    """
    if tokens(text) <= room:
        return text
    data = text.encode("utf-8", "surrogatepass")
    keep = max(int((room - GAP_TOKENS) * BYTES_PER_TOKEN), 0)
    tail = keep // 3
    # Cut by bytes, as they are counted; a character that a cut goes through is left out.
    start = data[: keep - tail].decode("utf-8", "ignore")
    end = data[len(data) - tail :].decode("utf-8", "ignore")
    return start + GAP.format(count=len(text) - len(start) - len(end)) + end


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """What each text may take when all together have `room`: small ones whole, the rest evenly."""
    granted = [0] * len(sizes)
    left = room
    for rank, index in enumerate(sorted(range(len(sizes)), key=lambda i: sizes[i])):
        granted[index] = max(min(sizes[index], left // (len(sizes) - rank)), 0)
        left -= granted[index]
    return granted


def fit(
    thread: Prompt, answers: Sequence[Answer], room: int
) -> tuple[Prompt, tuple[Answer, ...], tuple[str, ...]]:
    """A thread and answers that together take about `room` tokens.

    Returns them with notes that say, in plain sentences, what was left out.
    """
    needed = size(thread) + sum(tokens(a.text) for a in answers)
    if needed <= room:
        return thread, tuple(answers), ()
    notes: list[str] = []
    thread = _drop_oldest(thread, needed - room, notes)
    over = size(thread) + sum(tokens(a.text) for a in answers) > room
    if over:
        thread = _drop_images(thread, room, notes)
    *_, last = thread.messages
    fixed = size(thread) - sum(tokens(message.content) for message in thread.messages)
    if over and answers:
        question = min(tokens(last.content), max(room - fixed, 0) // 2)
        answers = _shorten_answers(answers, room - fixed - question, notes)
    left = room - fixed - sum(tokens(a.text) for a in answers)
    if over and tokens(last.content) > left:
        notes.append("The last message was too long and was shortened in its middle.")
        message = replace(last, content=shorten(last.content, max(left, 0)))
        thread = replace(thread, messages=(*thread.messages[:-1], message))
    return thread, tuple(answers), tuple(notes)


def _drop_oldest(thread: Prompt, excess: int, notes: list[str]) -> Prompt:
    messages = list[Message](thread.messages)
    dropped = 0
    while excess > 0 and len(messages) > 1:
        excess -= _size(messages.pop(0))
        dropped += 1
    while len(messages) > 1 and messages[0].role == "assistant":  # APIs want a user turn first
        messages.pop(0)
        dropped += 1
    if dropped:
        turns = "message was" if dropped == 1 else f"{dropped} messages were"
        notes.append(f"The oldest {turns} left out: the thread is longer than the model can read.")
    return replace(thread, messages=tuple(messages))


def _drop_images(thread: Prompt, room: int, notes: list[str]) -> Prompt:
    """The last turn with as many of its latest images as may be shown, and the others named."""
    *earlier, last = thread.messages
    most = int(max(room - tokens(thread.system), 0) * IMAGES_SHARE)
    kept = last.images
    while sum(map(image_tokens, kept)) > most:
        kept = kept[1:]
    left_out = last.images[: len(last.images) - len(kept)]
    if not left_out:
        return thread
    images = "image was" if len(left_out) == 1 else f"{len(left_out)} images were"
    notes.append(f"The first {images} left out: the model has no room for more.")
    names = ", ".join(" ".join(image.name.split()) for image in left_out)
    said = NO_ROOM.format(count=len(left_out), names=names)
    message = replace(last, content=said + last.content, images=kept)
    return replace(thread, messages=(*earlier, message))


def _shorten_answers(answers: Sequence[Answer], room: int, notes: list[str]) -> tuple[Answer, ...]:
    sizes = [tokens(a.text) for a in answers]
    if sum(sizes) <= room:
        return tuple(answers)
    notes.append("The models' answers were shortened so that the next model could read them all.")
    granted = shares(sizes, room)
    return tuple(
        replace(answer, text=shorten(answer.text, share))
        for answer, share in zip(answers, granted, strict=True)
    )
