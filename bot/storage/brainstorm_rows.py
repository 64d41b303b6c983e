"""Converts brainstorms to rows and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.brainstorm.session import BrainstormSession, StoredIdea, StoredTheme, StoredThemes, ThemeItem
from bot.storage.rows import aware

MOMENTS = ("created_at", "phase_ends_at", "refresh_at")


def read_brainstorm(row: Row[Any]) -> BrainstormSession:
    """Build a brainstorm from its row."""
    values = row._asdict()
    own = {field.name: values.get(field.name) for field in fields(BrainstormSession)}
    moments = {name: own[name] and aware(own[name]) for name in MOMENTS}
    others = {"closing": values["trouble"], "themes": read_themes(values["themes"])}
    return BrainstormSession(**(own | moments | others))


def changed_columns(changes: Mapping[str, object]) -> Mapping[str, object]:
    """Return the columns for changed fields of a brainstorm."""
    renamed = {"closing": "trouble"}
    columns = {renamed.get(name, name): value for name, value in changes.items()}
    if isinstance(themes := columns.get("themes"), StoredThemes):
        columns["themes"] = themes_text(themes)
    return columns


def themes_text(themes: StoredThemes) -> str:
    """Return themes as JSON."""
    groups = [[theme.title, [item.wordings for item in theme.items]] for theme in themes.themes]
    return json.dumps({"plain": themes.plain, "themes": groups})


def read_themes(text: str | None) -> StoredThemes | None:
    """Parse themes; None if there are none."""
    if text is None:
        return None
    stored = json.loads(text)
    themes = tuple(
        StoredTheme(title, tuple(ThemeItem(tuple(wordings)) for wordings in items))
        for title, items in stored["themes"]
    )
    return StoredThemes(themes, stored["plain"])


def read_idea(row: Row[Any]) -> StoredIdea:
    """Build an idea from its row."""
    return StoredIdea(row.id, row.author, row.text, row.is_model, row.named, row.late)


def read_dots(text: str | None) -> dict[int, int]:
    """Parse a ballot."""
    return {int(idea): count for idea, count in json.loads(text or "{}").items()}


def dots_text(dots: Mapping[int, int]) -> str:
    """Return a ballot as JSON, without ideas that got no dot."""
    return json.dumps({str(idea): count for idea, count in sorted(dots.items()) if count})


def day_of(moment: datetime) -> str:
    """Return the UTC day under which spending is counted."""
    return moment.strftime("%Y-%m-%d")
