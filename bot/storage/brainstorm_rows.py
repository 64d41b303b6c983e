"""Converts brainstorms to rows and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from bot.brainstorm.session import BrainstormSession, StoredIdea
from bot.storage.rows import aware
from moa.brainstorm import Grouping, IdeaGroup, Theme

MOMENTS = ("created_at", "phase_ends_at", "refresh_at")


def read_brainstorm(row: Row[Any]) -> BrainstormSession:
    """Build a brainstorm from its row."""
    values: dict[str, Any] = row._asdict()
    own: dict[str, Any] = {f.name: values.get(f.name) for f in fields(BrainstormSession)}
    own |= {name: own[name] and aware(own[name]) for name in MOMENTS}
    own |= {"closing": values["trouble"], "themes": read_themes(values["themes"])}
    return BrainstormSession(**own)


def changed_columns(changes: Mapping[str, object]) -> Mapping[str, object]:
    """Return the columns for a brainstorm's changed fields."""
    renamed = {"closing": "trouble"}
    columns = {renamed.get(name, name): value for name, value in changes.items()}
    if isinstance(themes := columns.get("themes"), Grouping):
        columns["themes"] = themes_text(themes)
    return columns


def themes_text(themes: Grouping) -> str:
    """Return a grouping as JSON, without the repairs."""
    groups = [[theme.title, [group.idea_ids for group in theme.groups]] for theme in themes.themes]
    return json.dumps({"by": themes.by, "themes": groups})


def read_themes(text: str | None) -> Grouping | None:
    """Parse a grouping, or return None if there is none."""
    if text is None:
        return None
    stored = json.loads(text)
    themes = (
        Theme(title, tuple(IdeaGroup(tuple(idea_ids)) for idea_ids in groups))
        for title, groups in stored["themes"]
    )
    return Grouping(tuple(themes), stored["by"])


def read_idea(row: Row[Any]) -> StoredIdea:
    """Build an idea from its row."""
    return StoredIdea(str(row.id), row.author, row.text, row.is_model, row.named, row.late)


def read_dots(text: str | None) -> dict[str, int]:
    """Parse a ballot."""
    return dict(json.loads(text or "{}"))


def dots_text(dots: Mapping[str, int]) -> str:
    """Return a ballot as JSON, without ideas that have no dots."""
    return json.dumps({idea: count for idea, count in sorted(dots.items()) if count})
