"""The chunks of one answer without the thoughts that its server left in the text."""

from __future__ import annotations

from dataclasses import replace

from moa.thoughts.thought_filter import ThoughtHabit
from moa.types import Chunk


class SpokenChunks:
    """Takes the chunks of one answer and gives them with the answer's own text."""

    def __init__(self, habit: ThoughtHabit) -> None:
        self._habit = habit
        self._filter = habit.new_filter()

    def take(self, chunk: Chunk) -> Chunk:
        """A chunk that is not the last. Its text may be empty: then the model thinks."""
        if not chunk.text:
            return chunk
        text = self._filter.filter(chunk.text)
        if text is chunk.text:
            return chunk
        return replace(chunk, text=text, thought=chunk.thought or self._filter.has_thoughts)

    def last(self, chunk: Chunk) -> Chunk:
        """The last chunk, with the text that was held back."""
        cut = chunk.stop == "length"
        text = chunk.text + self._filter.flush(cut=cut)
        self._habit.learn(self._filter, cut=cut)
        return replace(chunk, text=text, thought=chunk.thought or self._filter.has_thoughts)
