"""The room where text of models and users is made safe for Slack, whole or as it streams.

Slack reads `<!channel>`, `<@U…>` and `<https://…|label>` in what a bot posts, and shows `&lt;` and
`&gt;` as the characters themselves (https://docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

import re

from bot.slack.markdown.fences import Fence, LinePrefix, LineTracker
from bot.slack.markdown.hosts import allowed_hosts
from bot.slack.markdown.inline import HOLD, IncompleteError, InlineReader
from bot.slack.markdown.links import holds_address, split_word
from bot.slack.markdown.unicode_filter import CharacterFilter, clean, escape
from bot.slack.markdown.writer import GRAVE, SafeWriter

__all__ = [
    "SafeStream",
    "allowed_hosts",
    "escape_markdown",
    "escape_mrkdwn",
    "inert_mrkdwn",
    "plain",
    "safe_markdown",
    "shorten",
]

_SPACED = re.compile(r"(\s+)")
_FENCE_RUN = re.compile(r"`{3,}|~{3,}")
_PARTIAL_MARKER = re.compile(r"[-*+]|\d{1,9}[.)]?|[`~]{1,2}")
_MARGIN = re.compile(r"[ \t>]*")
_LONGEST_INFO = 60
_FENCED_TICKS = re.compile(r"`{3,}")


def escape_markdown(text: str) -> str:
    """The text for a markdown field, its markdown and its addresses left as they are.

    `&` stays: Slack does not read an entity a second time, and a query string needs it.
    """
    return escape(clean(text))


def escape_mrkdwn(text: str) -> str:
    """The text for a mrkdwn field: `&`, `<` and `>` escaped."""
    return escape(clean(text).replace("&", "&amp;"))


def inert_mrkdwn(text: str) -> str:
    """A person's words or name for a mrkdwn field: escaped, each address as code.

    Slack links addresses in mrkdwn by itself, and a message of ours should link to nothing but
    what we mean to.
    """
    shown: list[str] = []
    for word in _SPACED.split(clean(text).replace("`", GRAVE)):
        for part in split_word(word, frozenset()):
            escaped = escape_mrkdwn(part.text)
            shown.append(escaped if part.kind == "text" else f"`{escaped}`")
    return "".join(shown)


def plain(text: str) -> str:
    """The text for a plain_text object: one line, nothing hidden. Slack takes it literally."""
    return " ".join(clean(text).split())


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` characters, with an ellipsis where something was cut off."""
    if limit < 1:
        raise ValueError("limit must be at least 1")
    if len(text) <= limit:
        return text
    # A joiner or selector at the cut would act on the ellipsis.
    return text[: limit - 1].rstrip(" \n\t\u200c\u200d\ufe0e\ufe0f") + "\u2026"


def safe_markdown(text: str, allowed: frozenset[str] = frozenset()) -> str:
    """Markdown that notifies nobody, loads nothing and links only to `allowed` hosts.

    See `SafeStream`, of which this is the one-piece case.
    """
    stream = SafeStream(allowed)
    return stream.feed(text) + stream.close()


class SafeStream:
    """Makes a markdown text safe while it comes, whatever the positions at which it is split.

    - `<` and `>` are escaped. Quote markers at the head of a line stay: before them stands
      nothing on the line, every `<` is escaped, so they close nothing; escaped, Slack's markdown
      would show them as text.
    - An address becomes inline code unless its host is in `allowed` (see `links.allowed_hosts`);
      a link becomes its label and its address in parentheses; an image its alternative text.
    - Fences are written with three backticks, and no three backticks stand inside one.
    - A backtick without its other half becomes U+02CB.

    At most about 2,000 characters are held back (a word, an open bracket, a code span).
    """

    def __init__(self, allowed: frozenset[str] = frozenset()) -> None:
        self._cleaner = CharacterFilter()
        self._writer = SafeWriter()
        self._inline = InlineReader(self._writer, allowed)
        self._lines = LineTracker()
        self._held = ""
        self._fence: Fence | None = None
        self._line_start = True
        self._lead = False
        self._ticks = False

    def feed(self, piece: str) -> str:
        """Take the next piece and return what is ready to be shown."""
        return self._drain(self._held + self._cleaner.feed(piece), final=False)

    def close(self) -> str:
        """The text is at its end: return what was held back."""
        rest = self._drain(self._held, final=True)
        self._inline.end_of_text()
        return rest + self._writer.take()

    def _drain(self, text: str, *, final: bool) -> str:
        position = 0
        try:
            while position < len(text):
                position = self._step(text, position, final=final)
        except IncompleteError:
            pass
        self._held = text[position:]
        return self._writer.take()

    def _step(self, text: str, start: int, *, final: bool) -> int:
        if self._line_start and self._fence is not None:
            return self._fence_line(self._fence, text, start, final=final)
        if self._line_start:
            return self._text_line(text, start, final=final)
        if text[start] == "\n":
            self._inline.end_of_text()
            self._writer.raw("\n")
            self._line_start = True
            self._ticks = False
            return start + 1
        if self._fence is not None:
            return self._fenced(text, start, final=final)
        end = self._inline.step(text, start, final=final, lead=self._lead)
        self._lead = False
        return end

    def _text_line(self, text: str, start: int, *, final: bool) -> int:
        line, whole = _window(text, start, final=final)
        head = LinePrefix.of(line)
        if not whole:
            _await_opening(line, head.end, full=len(line) == HOLD)
        run = _FENCE_RUN.match(line, head.end)
        # What is not known to its end is no opener: neither then nor when more has come.
        fence = self._lines.enter(line if whole or not run else line[: head.end] + "`")
        self._line_start = False
        if fence is None:
            self._writer.raw(line[: head.end])
            self._lead = line[head.end : head.end + 1] == "["
            return start + head.end
        # A line that lazily goes on with an item's paragraph may have left that item open or not;
        # at exactly its container's column the fence stands there in either reading.
        self._writer.raw("> " * fence.depth + head.margin if head.markers else fence.prefix)
        self._open(fence)
        return start + len(line)

    def _open(self, fence: Fence) -> None:
        self._fence = fence
        info = escape(fence.info.replace("`", GRAVE))
        # An address or a sentence names no language: it goes where code is shown.
        moved = len(info) > _LONGEST_INFO or holds_address(info, files=False)
        self._writer.raw(f"```\n{fence.prefix}{info}" if moved else f"```{info}")

    def _fence_line(self, fence: Fence, text: str, start: int, *, final: bool) -> int:
        line, whole = _window(text, start, final=final)
        if not whole:
            _await_closing(fence, line, full=len(line) == HOLD)
        meeting = fence.meets(line)
        if meeting == "left":
            # Its container has ended and with it the fence; said aloud, no reader can miss it.
            self._writer.raw(f"{fence.prefix}```\n")
            self._fence = None
            return start
        self._line_start = False
        body = fence.body_of(line) or 0
        self._writer.raw(line[:body])
        if meeting == "content":
            return start + body
        self._fence = None
        code = line[body:]
        self._writer.raw(code[: len(code) - len(code.lstrip(" \t"))] + "```")
        return start + len(line)

    def _fenced(self, text: str, start: int, *, final: bool) -> int:
        end = text.find("\n", start)
        ended = final or end >= 0
        code = text[start : end if end >= 0 else len(text)]
        held = 0
        going_on = self._ticks and not code.strip("`")
        if self._ticks:
            rest = code.lstrip("`")
            code = GRAVE * (len(code) - len(rest)) + rest
        tail = len(code) - len(code.rstrip("`"))
        if not ended and tail and tail < len("```"):
            held = tail
        shown = code[: len(code) - held]
        if not shown:
            raise IncompleteError
        self._ticks = not held and (tail >= len("```") or going_on)
        self._writer.raw(escape(_FENCED_TICKS.sub(lambda run: GRAVE * len(run[0]), shown)))
        return start + len(shown)


def _window(text: str, start: int, *, final: bool) -> tuple[str, bool]:
    """The line at `start`, at most `HOLD` characters of it, and whether that is all of it."""
    end = text.find("\n", start, start + HOLD)
    if end >= 0:
        return text[start:end], True
    line = text[start : start + HOLD]
    return line, final and start + len(line) == len(text)


def _await_opening(line: str, end: int, *, full: bool) -> None:
    """Raise IncompleteError while it is open what the line begins with."""
    run = _FENCE_RUN.match(line, end)
    undecided = end == len(line) or _PARTIAL_MARKER.fullmatch(line, end) is not None
    opening = run is not None and (run[0][0] == "~" or "`" not in line[run.end() :])
    if (undecided or opening) and not full:
        raise IncompleteError


def _await_closing(fence: Fence, line: str, *, full: bool) -> None:
    """Raise IncompleteError while it is open whether the line closes the fence."""
    margin = _MARGIN.match(line)
    start = margin.end() if margin else 0
    body = line[start:].lstrip(fence.mark[0]).strip(" \t")
    if not body and not full:
        raise IncompleteError
