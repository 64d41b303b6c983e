"""Checks a small model's answer sentence by sentence: it must be English and not repeat itself.

Sampling against repetition makes loops rare; this ends an answer where one begins.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Collection, Iterator
from typing import Final

from moa.providers.english import ONLY_ENGLISH, only_english_reply

_SEGMENT: Final = re.compile(r"[^\n]*?(?:(?<![\d\s])[.!?…][\"'”\u2019)\]*_]*(?=\s)|\n)")
_WORD: Final = re.compile(r"\w+(?:['\u2019]\w+)*")
_SHORT_WORDS: Final = 3
"""A sentence of fewer words, such as a signature, may occur twice, if not in a row."""

_MOST: Final = {3: 5, 4: 3, 6: 2, 8: 1}
"""How often a phrase of that many words may occur."""

_WINDOW_WORDS: Final = 40
_LEAST_DISTINCT: Final = 0.4
"""The share of different words that this many words in a row must have."""

MAX_SEGMENT_CHARS: Final = 600
"""A longer sentence is checked and passed on in parts."""


class AnswerGuard:
    """Checks one answer.

    Args:
        instructions: sentences of the prompt, which are removed from the answer.

    Attributes:
        is_looping: whether the answer has ended, because the rest repeats what was said.
    """

    def __init__(self, instructions: Collection[str] = ()) -> None:
        self.is_looping = False
        self._instructions = {tuple(_words(text)) for text in instructions}
        self._buffer = ""
        self._last: tuple[str, ...] = ()
        self._segments = Counter[tuple[str, ...]]()
        self._phrases = Counter[tuple[str, ...]]()
        self._recent = deque[str](maxlen=_WINDOW_WORDS)
        self._has_words = False
        self._left_out = False

    def filter(self, text: str) -> str:
        """Return the next sentences, which may be none."""
        self._buffer += text
        return "".join(self._checked(self._complete_segments()))

    def flush(self) -> str:
        """Return what is held back at the answer's end, or why there is no answer."""
        last, self._buffer = self._buffer, ""
        text = "".join(self._checked(iter([last])))
        return ONLY_ENGLISH if self._left_out and not self._has_words else text

    def _complete_segments(self) -> Iterator[str]:
        while found := _SEGMENT.match(self._buffer):
            self._buffer = self._buffer[found.end() :]
            yield found[0]
        if len(self._buffer) > MAX_SEGMENT_CHARS:
            part, self._buffer = self._buffer, ""
            yield part

    def _checked(self, segments: Iterator[str]) -> Iterator[str]:
        for segment in segments:
            words = _words(segment)
            if self.is_looping or self._repeats(words):
                self.is_looping = True
                return
            if tuple(words) in self._instructions:
                continue
            if only_english_reply(segment):
                self._left_out = True
                continue
            self._has_words = self._has_words or bool(segment.strip())
            if self._has_words:
                yield segment

    def _repeats(self, words: list[str]) -> bool:
        if not words:
            return False
        segment, last = tuple(words), self._last
        self._segments[segment] += 1
        self._last = segment
        if segment == last or self._segments[segment] > (2 if len(words) < _SHORT_WORDS else 1):
            return True
        found = [self._repeats_phrases(words, size) for size in _MOST]  # counts every size
        return any(found) or self._is_poor(words)

    def _repeats_phrases(self, words: list[str], size: int) -> bool:
        phrases = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
        self._phrases.update(phrases)
        return any(self._phrases[phrase] > _MOST[size] for phrase in phrases)

    def _is_poor(self, words: list[str]) -> bool:
        """Return whether too few of the latest words are different."""
        for word in words:
            self._recent.append(word)
            is_full = len(self._recent) == _WINDOW_WORDS
            if is_full and len(set(self._recent)) < _LEAST_DISTINCT * _WINDOW_WORDS:
                return True
        return False


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if not word.isdigit()]
