"""Takes a model's thoughts, and its template's end tokens, out of the text of an answer.

Servers without a reasoning parser leave both in the text. Tags that an answer mentions in mid-text
or shows in code stay; `moa.thoughts.tags` has the tags.
"""

from __future__ import annotations

import re
from typing import Final

from moa.thoughts import tags

_BLANK: Final = " \t\r\n\v\f\ufeff\u200b"

_MANY_END_TOKENS: Final = 1_000
"""Characters of end tokens after which a model that repeats them is taken to have ended."""

_MENTIONS: Final = 8
"""After so many closing tags that close nothing, an answer is about such tags."""


class ThoughtFilter:
    """Takes an answer in pieces, cut anywhere, and gives it without thoughts and end tokens.

    Only what may be the beginning of a tag is held back. Where the prompt's template opens the
    thought, the text has its closing tag alone: then what was given before turns out to be a
    thought, and `began_anew` says so.

    Args:
        opened: whether the answer begins within a thought. If that never closes, it was an answer.
        lenient: whether text before a lone closing tag is given, and the tag, like any other.
    """

    def __init__(self, *, opened: bool = False, lenient: bool = False) -> None:
        self.began_anew = False
        """Whether the last call found that all text given before it was a thought."""
        self.thought = False
        """Whether there was a thought, or is."""
        self.closed_unopened = False
        """Whether a thought was closed that the text had not opened."""
        self._lenient = lenient
        self._opened: list[str] | None = [] if opened else None
        self._closer: re.Pattern[str] | None = tags.UNOPENED_CLOSER if opened else None
        self._at_head = True
        self._over = False
        self._removed = False
        self._blank: list[str] = []
        self._rest = ""
        self._given: list[str] = []
        self._mentions = 0
        self._struck = False

    def feed(self, text: str) -> str:
        """The next piece of the answer's own text; it may be empty."""
        self.began_anew = False
        if self._over:
            return ""
        if not (self._at_head or self._rest) and not tags.MARK.search(text):
            self._given.append(text)
            return text
        self._rest += text
        return self._read(final=False)

    def close(self, *, cut: bool = False) -> str:
        """What was held back to the end; `cut`: the answer stopped before its own end."""
        self.began_anew = False
        if self._opened is not None and not cut:
            self._rest = "".join(self._opened) + self._rest
            self._opened = self._closer = None
            self.thought = self._removed = False
        return self._read(final=True)

    def _read(self, *, final: bool) -> str:
        out: list[str] = []
        going = True
        while going and self._rest and not self._over:
            if self._closer:
                going = self._think(self._closer)
            elif self._at_head:
                going = self._begin(final=final)
            else:
                going = self._say(out, final=final)
        if final and self._at_head and not self._removed:
            out.extend(self._blank)
        return "".join(out)

    def _think(self, closer: re.Pattern[str]) -> bool:
        """Pass over a thought; False when it goes on."""
        self.thought = self._removed = True
        found = closer.search(self._rest)
        if found:
            self.closed_unopened = self.closed_unopened or self._opened is not None
            self._opened = self._closer = None
            self._rest = self._rest[found.end() :]
            return True
        mark = tags.MARK.search(self._rest, max(0, len(self._rest) - tags.LONGEST_TAG))
        end = mark.start() if mark else len(self._rest)
        if self._opened is not None:
            self._opened.append(self._rest[:end])
        self._rest = self._rest[end:]
        return False

    def _begin(self, *, final: bool) -> bool:
        """Look for a thought at the beginning; False while there may still be one."""
        start = self._rest.lstrip(_BLANK)
        self._blank.append(self._rest[: len(self._rest) - len(start)])
        self._rest = start
        if found := tags.opening(start):
            self.closed_unopened |= tags.CLOSER.match(start) is not None
            self._rest, self._closer = start[found.end :], found.closer
            self.thought = self.thought or found.closer is not None
            self._removed = True
            return True
        if not start or (not final and tags.may_open(start)):
            return False
        self._at_head = False
        if not self._removed:
            self._rest = "".join(self._blank) + start
        self._blank.clear()
        return True

    def _say(self, out: list[str], *, final: bool) -> bool:
        """Give text up to what may be a tag; False when that is all for now."""
        position = 0
        while mark := tags.MARK.search(self._rest, position):
            start = position = mark.start()
            if found := tags.END_TOKEN.match(self._rest, start):
                verdict = self._at_end_token(start, found, final=final)
            elif found := tags.UNOPENED_CLOSER.match(self._rest, start):
                verdict = self._at_closer(found, final=final)
            elif not final and tags.may_close(self._rest[start : start + tags.LONGEST_TAG + 1]):
                verdict = False
            else:
                self._struck |= self._rest[start : start + 3].lower() == tags.STRUCK
                position += 1
                continue
            if verdict is not None:
                if self._at_head:  # what was said was a thought
                    out.clear()
                else:
                    self._give(out, start)
                return verdict
            position = found.end() if found else start + 1
        self._give(out, len(self._rest))
        return False

    def _give(self, out: list[str], end: int) -> None:
        out.append(self._rest[:end])
        self._given.append(self._rest[:end])
        self._rest = self._rest[end:]

    def _at_end_token(self, start: int, found: re.Match[str], *, final: bool) -> bool | None:
        """None where the token is a part of the text, else whether there is more to read."""
        if found[0].lower() == "</s>" and self._struck:
            return None
        run = tags.END_TOKENS.match(self._rest, start)
        behind = run.end() if run else found.end()
        after = self._rest[behind:]
        if tags.UNOPENED_CLOSER.match(after):  # a channel that was not opened has closed
            return None
        if not final and behind - start < _MANY_END_TOKENS and (not after or tags.may_end(after)):
            return False
        self._over = not after or tags.NEXT_TURN.match(after) is not None
        return False if self._over else None

    def _at_closer(self, found: re.Match[str], *, final: bool) -> bool | None:
        """None where the tag is a part of the text, else whether there is more to read."""
        after = self._rest[found.end() :]
        if not final and not after.strip(" \t") and len(after) < tags.LONGEST_TAG:
            return False
        if self._mentions >= _MENTIONS:
            return None
        before = "".join((*self._given, self._rest[: found.start()]))
        if tags.is_mention(before, found[0], after):
            self._mentions += 1
            return None
        self.closed_unopened = True
        if self._lenient:
            return None
        self.began_anew = self.began_anew or any(piece.strip() for piece in self._given)
        self.thought = self._removed = self._at_head = True
        self._given.clear()
        self._rest = after
        return True


class OpenThoughtDetector:
    """Whether a model's answers begin within a thought that its server's template has opened.

    It is learnt from the first answer with a lone closing tag, which is shown until then; those
    that follow are held back until their thought has ended.
    """

    def __init__(self) -> None:
        self.opened = False

    def filter(self) -> ThoughtFilter:
        """A filter for one answer, to be handed to `learn` at its end."""
        return ThoughtFilter(opened=self.opened, lenient=True)

    def learn(self, seen: ThoughtFilter, *, cut: bool) -> None:
        """Take in how an answer went; one that was cut off says nothing."""
        if seen.closed_unopened:
            self.opened = True
        elif not cut:
            self.opened = False


def without_thoughts(text: str, *, cut: bool = False) -> str:
    """A whole answer without its thoughts and end tokens."""
    thoughts = ThoughtFilter()
    return thoughts.feed(text) + thoughts.close(cut=cut)
