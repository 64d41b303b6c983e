"""Writes a brainstorm as Markdown, CSV or JSON, with every idea in its exact words."""

from __future__ import annotations

from collections.abc import Callable

from moa.brainstorm.values import Brainstorm, Idea

NameAuthor = Callable[[Idea], str]
"""Returns how to name an idea's author, or "" to leave the author out."""


def kind_of_author(idea: Idea) -> str:
    """Return "model" or "person", or "" if the author is unknown."""
    raise NotImplementedError


def to_markdown(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return the brainstorm as a Markdown document."""
    raise NotImplementedError


def to_csv(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return one row for each idea. A cell that a spreadsheet would run starts with "'"."""
    raise NotImplementedError


def to_json(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return the brainstorm as one JSON document."""
    raise NotImplementedError
