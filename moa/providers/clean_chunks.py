"""Removes reasoning that a server left in the text of an answer's chunks."""

from __future__ import annotations

from dataclasses import replace

from moa.thoughts.thought_filter import OpenThoughtDetector
from moa.types import Chunk


class ChunkCleaner:
    """Removes reasoning from the chunks of one answer."""

    def __init__(self, open_thoughts: OpenThoughtDetector) -> None:
        self._open_thoughts = open_thoughts
        self._filter = open_thoughts.new_filter()

    def clean(self, chunk: Chunk) -> Chunk:
        """Clean a chunk other than the last. Empty text means the model is still reasoning."""
        if not chunk.text:
            return chunk
        text = self._filter.filter(chunk.text)
        if text is chunk.text:
            return chunk
        return replace(chunk, text=text, thought=chunk.thought or self._filter.has_thoughts)

    def finish(self, chunk: Chunk) -> Chunk:
        """Clean the last chunk and append any text held back."""
        cut = chunk.stop == "length"
        text = chunk.text + self._filter.flush(cut=cut)
        self._open_thoughts.learn(self._filter, cut=cut)
        return replace(chunk, text=text, thought=chunk.thought or self._filter.has_thoughts)
