"""How much of a growing text the current message takes, and where the next message begins.

What was shown cannot be taken back, so a message that grows long is only given whole paragraphs:
then it always ends at a good place.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.slack.fences import Tracker
from bot.slack.pieces import MARKDOWN_LIMIT, cut

SOFT_LIMIT = MARKDOWN_LIMIT * 3 // 4


class Share(NamedTuple):
    """`now` goes to the current message. `rest` waits, or begins a new message when `full`."""

    now: str
    rest: str
    full: bool


def share(shown: str, text: str, *, final: bool) -> Share:
    """Divide text between the message that already shows `shown` and what comes after it.

    Args:
        shown: the markdown that the current message holds.
        text: what is to follow it.
        final: whether no more text will come, so that nothing need be held back.
    """
    whole = shown + text
    if len(whole) > MARKDOWN_LIMIT:
        head, rest = cut(whole, MARKDOWN_LIMIT)
        if head.startswith(shown):
            return Share(head[len(shown) :], rest, full=True)
        return Share(*break_after(shown, text), full=True)
    if final or len(whole) <= SOFT_LIMIT:
        return Share(text, "", full=False)
    head, _ = cut(whole, len(whole) - 1)
    if len(head) > len(shown) and whole.startswith(head):
        return Share(head[len(shown) :], whole[len(head) :], full=False)
    return Share("", text, full=False)


def unfenced(text: str, notice: str) -> str:
    """The text with a notice below it, outside any code fence that the text left open."""
    closing, _ = break_after(text, "")
    return f"{text}{closing}\n\n{notice}"


def break_after(shown: str, text: str) -> tuple[str, str]:
    """What closes a message where it stands, and the text that begins the next one.

    An open code fence is closed, and opened again in the next message.
    """
    tracker, opener = Tracker(), ""
    for line in shown.splitlines():
        before = tracker.fence
        tracker.feed(line)
        if tracker.fence is not before:
            opener = line
    fence = tracker.fence
    if fence is None:
        return "", text.lstrip("\n")
    gap = "" if shown.endswith("\n") else "\n"
    return f"{gap}{fence.prefix}{fence.mark}", f"{fence.prefix}{opener.lstrip(' >')}\n{text}"
