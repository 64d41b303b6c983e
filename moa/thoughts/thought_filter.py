"""Removes a model's thoughts and its chat template's end tokens from a streamed answer.

Servers without a reasoning parser leave both in the text; `moa.thoughts.tags` lists the tags. Tags
that an answer mentions in a sentence or shows in code are kept.
"""

from __future__ import annotations

import re
from typing import Final

from moa.thoughts import tags

_BLANK_CHARS: Final = " \t\r\n\v\f\ufeff\u200b"

_MAX_END_TOKEN_CHARS: Final = 1_000
"""After this many characters of repeated end tokens, the answer counts as ended."""

_MAX_MENTIONS: Final = 8
"""After this many mentions of closing tags, the answer is about such tags: keep them all."""


class ThoughtFilter:
    """Removes thoughts and end tokens from one answer, in pieces of any length.

    It holds back only text that may be the start of a tag. If the prompt's template opens the
    thought, the answer contains only the closing tag. Then the text returned so far was a thought,
    and `retracted` is True.

    Args:
        starts_in_thought: whether the answer starts inside a thought. If the thought never closes,
            the text was an answer after all.
        keep_unopened: whether to keep a closing tag without an opening one, and the text before it.
    """

    def __init__(self, *, starts_in_thought: bool = False, keep_unopened: bool = False) -> None:
        self.retracted = False
        """Whether the last call found that all text returned before it was a thought."""
        self.has_thoughts = False
        """Whether the text has contained a thought."""
        self.has_unopened_closer = False
        """Whether the text has closed a thought that it didn't open."""
        self._keep_unopened = keep_unopened
        self._unconfirmed: list[str] | None = [] if starts_in_thought else None
        """The text of a thought that the template may have opened; None if there is none."""
        self._closer: re.Pattern[str] | None = tags.UNOPENED_CLOSER if starts_in_thought else None
        """Closes the current thought; None outside thoughts."""
        self._at_start = True
        self._ended = False
        self._has_removed = False
        self._leading_blank: list[str] = []
        self._buffer = ""
        self._emitted: list[str] = []
        self._mention_count = 0
        self._saw_strikethrough = False

    def filter(self, text: str) -> str:
        """Return the next piece of the answer, which may be empty."""
        self.retracted = False
        if self._ended:
            return ""
        if not (self._at_start or self._buffer) and not tags.TAG_START.search(text):
            self._emitted.append(text)
            return text
        self._buffer += text
        return self._process(final=False)

    def flush(self, *, cut: bool = False) -> str:
        """Return the text still held back. `cut`: the answer stopped before its own end."""
        self.retracted = False
        if self._unconfirmed is not None and not cut:
            self._buffer = "".join(self._unconfirmed) + self._buffer
            self._unconfirmed = self._closer = None
            self.has_thoughts = self._has_removed = False
        return self._process(final=True)

    def _process(self, *, final: bool) -> str:
        out: list[str] = []
        can_continue = True
        while can_continue and self._buffer and not self._ended:
            if self._closer:
                can_continue = self._skip_thought(self._closer)
            elif self._at_start:
                can_continue = self._skip_preamble(final=final)
            else:
                can_continue = self._emit_text(out, final=final)
        if final and self._at_start and not self._has_removed:
            out.extend(self._leading_blank)
        return "".join(out)

    def _skip_thought(self, closer: re.Pattern[str]) -> bool:
        """Drop a thought's text. Return False if the thought continues after the buffer."""
        self.has_thoughts = self._has_removed = True
        found = closer.search(self._buffer)
        if found:
            self.has_unopened_closer = self.has_unopened_closer or self._unconfirmed is not None
            self._unconfirmed = self._closer = None
            self._buffer = self._buffer[found.end() :]
            return True
        tag_start = tags.TAG_START.search(
            self._buffer, max(0, len(self._buffer) - tags.MAX_TAG_CHARS)
        )
        end = tag_start.start() if tag_start else len(self._buffer)
        if self._unconfirmed is not None:
            self._unconfirmed.append(self._buffer[:end])
        self._buffer = self._buffer[end:]
        return False

    def _skip_preamble(self, *, final: bool) -> bool:
        """Drop what comes before the answer. Return False if more text is needed to decide."""
        start = self._buffer.lstrip(_BLANK_CHARS)
        self._leading_blank.append(self._buffer[: len(self._buffer) - len(start)])
        self._buffer = start
        if found := tags.match_opening(start):
            self.has_unopened_closer |= tags.CLOSER.match(start) is not None
            self._buffer, self._closer = start[found.end :], found.closer
            self.has_thoughts = self.has_thoughts or found.closer is not None
            self._has_removed = True
            return True
        if not start or (not final and tags.may_open(start)):
            return False
        self._at_start = False
        if not self._has_removed:
            self._buffer = "".join(self._leading_blank) + start
        self._leading_blank.clear()
        return True

    def _emit_text(self, out: list[str], *, final: bool) -> bool:
        """Emit text up to a possible tag. Return False if more text is needed to go on."""
        position = 0
        while tag_start := tags.TAG_START.search(self._buffer, position):
            start = position = tag_start.start()
            if found := tags.END_TOKEN.match(self._buffer, start):
                can_continue = self._handle_end_token(start, found, final=final)
            elif found := tags.UNOPENED_CLOSER.match(self._buffer, start):
                can_continue = self._handle_closer(found, final=final)
            elif not final and tags.may_close(self._buffer[start : start + tags.MAX_TAG_CHARS + 1]):
                can_continue = False
            else:
                self._saw_strikethrough |= (
                    self._buffer[start : start + 3].lower() == tags.STRIKETHROUGH_TAG
                )
                position += 1
                continue
            if can_continue is not None:
                if self._at_start:  # the text before the closing tag was a thought
                    out.clear()
                else:
                    self._emit(out, start)
                return can_continue
            position = found.end() if found else start + 1
        self._emit(out, len(self._buffer))
        return False

    def _emit(self, out: list[str], end: int) -> None:
        out.append(self._buffer[:end])
        self._emitted.append(self._buffer[:end])
        self._buffer = self._buffer[end:]

    def _handle_end_token(self, start: int, found: re.Match[str], *, final: bool) -> bool | None:
        """Return None if the token is part of the text, else whether to go on reading."""
        if found[0].lower() == "</s>" and self._saw_strikethrough:
            return None
        run = tags.END_TOKENS.match(self._buffer, start)
        end = run.end() if run else found.end()
        after = self._buffer[end:]
        if tags.UNOPENED_CLOSER.match(after):  # it closes a channel that the text didn't open
            return None
        if not final and end - start < _MAX_END_TOKEN_CHARS and (not after or tags.may_end(after)):
            return False
        self._ended = not after or tags.NEXT_TURN.match(after) is not None
        return False if self._ended else None

    def _handle_closer(self, found: re.Match[str], *, final: bool) -> bool | None:
        """Return None if the tag is part of the text, else whether to go on reading."""
        after = self._buffer[found.end() :]
        if not final and not after.strip(" \t") and len(after) < tags.MAX_TAG_CHARS:
            return False
        if self._mention_count >= _MAX_MENTIONS:
            return None
        before = "".join((*self._emitted, self._buffer[: found.start()]))
        if tags.is_mention(before, found[0], after):
            self._mention_count += 1
            return None
        self.has_unopened_closer = True
        if self._keep_unopened:
            return None
        self.retracted = self.retracted or any(piece.strip() for piece in self._emitted)
        self.has_thoughts = self._has_removed = self._at_start = True
        self._emitted.clear()
        self._buffer = after
        return True


class OpenThoughtDetector:
    """Learns whether a model's answers start inside a thought that its server's template opens.

    The first answer with an unopened closing tag passes through unchanged, and the engine retracts
    its thought. Later answers are held back until their thought has closed.
    """

    def __init__(self) -> None:
        self.starts_in_thought = False

    def new_filter(self) -> ThoughtFilter:
        """Return a filter for one answer. Pass it to `learn` when the answer has ended."""
        return ThoughtFilter(starts_in_thought=self.starts_in_thought, keep_unopened=True)

    def learn(self, used_filter: ThoughtFilter, *, cut: bool) -> None:
        """Learn from an ended answer. A cut answer without a closing tag proves nothing."""
        if used_filter.has_unopened_closer:
            self.starts_in_thought = True
        elif not cut:
            self.starts_in_thought = False
