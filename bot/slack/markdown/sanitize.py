"""Makes text from models and people safe for Slack, whole or as a stream.

Slack interprets `<!channel>`, `<@U…>` and `<https://…|label>` in messages from bots, and shows
`&lt;` and `&gt;` as the characters themselves (https://docs.slack.dev/messaging/formatting-message-text).
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
    """Return the text for a markdown field, with its Markdown and addresses unchanged.

    `&` is kept: Slack doesn't decode entities twice, and query strings need it.
    """
    return escape(clean(text))


def escape_mrkdwn(text: str) -> str:
    """Return the text for a mrkdwn field, with `&`, `<` and `>` escaped."""
    return escape(clean(text).replace("&", "&amp;"))


def inert_mrkdwn(text: str) -> str:
    """Return a person's text or name for a mrkdwn field: escaped, with addresses as code.

    Slack turns addresses in mrkdwn into links, and the bot's messages should contain only links
    that it intends.
    """
    parts: list[str] = []
    for word in _SPACED.split(clean(text).replace("`", GRAVE)):
        for part in split_word(word, frozenset()):
            escaped = escape_mrkdwn(part.text)
            parts.append(escaped if part.kind == "text" else f"`{escaped}`")
    return "".join(parts)


def plain(text: str) -> str:
    """Return the text for a plain_text object, on one line. Slack shows it literally."""
    return " ".join(clean(text).split())


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text, with an ellipsis if it was cut."""
    if limit < 1:
        raise ValueError("limit must be at least 1")
    if len(text) <= limit:
        return text
    # A joiner or variation selector at the cut would change the ellipsis.
    return text[: limit - 1].rstrip(" \n\t\u200c\u200d\ufe0e\ufe0f") + "\u2026"


def safe_markdown(text: str, allowed: frozenset[str] = frozenset()) -> str:
    """Return Markdown that pings no one, loads nothing and links only to `allowed` hosts.

    See `SafeStream` for the rules.
    """
    stream = SafeStream(allowed)
    return stream.feed(text) + stream.close()


class SafeStream:
    """Makes Markdown safe as it streams, no matter where it is split.

    - `<` and `>` are escaped. Quote markers at the start of a line stay: they can't close anything,
      because every `<` is escaped, and escaped quote markers would show as text.
    - An address becomes inline code unless its host is in `allowed` (see `hosts.allowed_hosts`).
      A link becomes its label and its address in parentheses, an image its alternative text.
    - Fences use three backticks, and there are never three backticks inside one.
    - A backtick without a partner becomes U+02CB.

    At most about 2,000 characters are held back: a word, an open bracket or a code span.
    """

    def __init__(self, allowed: frozenset[str] = frozenset()) -> None:
        self._cleaner = CharacterFilter()
        self._writer = SafeWriter()
        self._inline = InlineReader(self._writer, allowed)
        self._lines = LineTracker()
        self._held = ""
        self._fence: Fence | None = None
        self._at_line_start = True
        self._at_text_start = False
        self._after_ticks = False

    def feed(self, piece: str) -> str:
        """Add the next piece and return the text that is ready."""
        return self._drain(self._held + self._cleaner.feed(piece), final=False)

    def close(self) -> str:
        """End the text and return what was held back."""
        rest = self._drain(self._held, final=True)
        self._inline.end_of_text()
        return rest + self._writer.drain()

    def _drain(self, text: str, *, final: bool) -> str:
        position = 0
        try:
            while position < len(text):
                position = self._step(text, position, final=final)
        except IncompleteError:
            pass
        self._held = text[position:]
        return self._writer.drain()

    def _step(self, text: str, start: int, *, final: bool) -> int:
        if self._at_line_start and self._fence is not None:
            return self._fence_line_start(self._fence, text, start, final=final)
        if self._at_line_start:
            return self._text_line_start(text, start, final=final)
        if text[start] == "\n":
            self._inline.end_of_text()
            self._writer.write_raw("\n")
            self._at_line_start = True
            self._after_ticks = False
            return start + 1
        if self._fence is not None:
            return self._code_line(text, start, final=final)
        end = self._inline.step(text, start, final=final, at_text_start=self._at_text_start)
        self._at_text_start = False
        return end

    def _text_line_start(self, text: str, start: int, *, final: bool) -> int:
        line, is_complete = _window(text, start, final=final)
        prefix = LinePrefix.of(line)
        if not is_complete:
            _require_line_start(line, prefix.end, full=len(line) == HOLD)
        run = _FENCE_RUN.match(line, prefix.end)
        # Don't treat a partial line as a fence opener, now or later.
        fence = self._lines.feed(line if is_complete or not run else line[: prefix.end] + "`")
        self._at_line_start = False
        if fence is None:
            self._writer.write_raw(line[: prefix.end])
            self._at_text_start = line[prefix.end : prefix.end + 1] == "["
            return start + prefix.end
        # After a lazy continuation line, parsers disagree on whether the list item is still open.
        # At exactly the container's column, the fence is inside it either way.
        self._writer.write_raw(
            "> " * fence.depth + prefix.margin if prefix.markers else fence.prefix
        )
        self._open(fence)
        return start + len(line)

    def _open(self, fence: Fence) -> None:
        self._fence = fence
        info = escape(fence.info.replace("`", GRAVE))
        # An address or a sentence isn't a language name: show it as the first line of code.
        is_language = len(info) <= _LONGEST_INFO and not holds_address(info, files=False)
        self._writer.write_raw(f"```{info}" if is_language else f"```\n{fence.prefix}{info}")

    def _fence_line_start(self, fence: Fence, text: str, start: int, *, final: bool) -> int:
        line, is_complete = _window(text, start, final=final)
        if not is_complete:
            _require_closing(fence, line, full=len(line) == HOLD)
        relation = fence.relation_of(line)
        if relation == "left":
            # The container has ended, and the fence with it. Close it explicitly for every parser.
            self._writer.write_raw(f"{fence.prefix}```\n")
            self._fence = None
            return start
        self._at_line_start = False
        body = fence.body_of(line) or 0
        self._writer.write_raw(line[:body])
        if relation == "content":
            return start + body
        self._fence = None
        code = line[body:]
        self._writer.write_raw(code[: len(code) - len(code.lstrip(" \t"))] + "```")
        return start + len(line)

    def _code_line(self, text: str, start: int, *, final: bool) -> int:
        end = text.find("\n", start)
        ended = final or end >= 0
        code = text[start : end if end >= 0 else len(text)]
        held = 0
        all_ticks = self._after_ticks and not code.strip("`")
        if self._after_ticks:
            rest = code.lstrip("`")
            code = GRAVE * (len(code) - len(rest)) + rest
        tail = len(code) - len(code.rstrip("`"))
        if not ended and tail and tail < len("```"):
            held = tail
        ready = code[: len(code) - held]
        if not ready:
            raise IncompleteError
        self._after_ticks = not held and (tail >= len("```") or all_ticks)
        self._writer.write_raw(escape(_FENCED_TICKS.sub(lambda run: GRAVE * len(run[0]), ready)))
        return start + len(ready)


def _window(text: str, start: int, *, final: bool) -> tuple[str, bool]:
    """Return at most `HOLD` characters of the line at `start`, and whether that is all of it."""
    end = text.find("\n", start, start + HOLD)
    if end >= 0:
        return text[start:end], True
    line = text[start : start + HOLD]
    return line, final and start + len(line) == len(text)


def _require_line_start(line: str, end: int, *, full: bool) -> None:
    """Raise IncompleteError while it is undecided what the line starts with."""
    run = _FENCE_RUN.match(line, end)
    undecided = end == len(line) or _PARTIAL_MARKER.fullmatch(line, end) is not None
    opening = run is not None and (run[0][0] == "~" or "`" not in line[run.end() :])
    if (undecided or opening) and not full:
        raise IncompleteError


def _require_closing(fence: Fence, line: str, *, full: bool) -> None:
    """Raise IncompleteError while it is undecided whether the line closes the fence."""
    margin = _MARGIN.match(line)
    start = margin.end() if margin else 0
    body = line[start:].lstrip(fence.mark[0]).strip(" \t")
    if not body and not full:
        raise IncompleteError
