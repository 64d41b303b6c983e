"""The ids of buttons, menus and modals, and the values that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.ui.clicks import SEPARATOR, parse_run_id

ADD, MINE, SEE, VOTE = "brainstorm_add", "brainstorm_mine", "brainstorm_see", "brainstorm_vote"
EXTEND, END = "brainstorm_extend", "brainstorm_end"
CLOSE, REOPEN = "brainstorm_close", "brainstorm_reopen"
EXPORT_MD, EXPORT_CSV = "brainstorm_export_md", "brainstorm_export_csv"
START = "brainstorm_start"
IDEA_MENU, MY_IDEA_MENU = "brainstorm_idea", "brainstorm_my_idea"
THEME, TURN_SEEN, TURN_MINE, TURN_VOTE = (
    "brainstorm_theme",
    "brainstorm_turn_seen",
    "brainstorm_turn_mine",
    "brainstorm_turn_vote",
)
PREVIOUS, NEXT = "_back", "_on"
"""Suffixes of the ids of the two paging buttons."""

START_VIEW, ADD_VIEW, CHANGE_VIEW, VOTE_VIEW, COMBINE_VIEW = (
    "brainstorm_start_view",
    "brainstorm_add_view",
    "brainstorm_change_view",
    "brainstorm_vote_view",
    "brainstorm_combine_view",
)

TOPIC, MINUTES, DOTS, PLACE, PIPELINE = "topic", "minutes", "dots", "place", "pipeline"
IDEAS, NAME, IDEA, OTHER = "ideas", "name", "idea", "other"

BOARD_ACTIONS = "brainstorm_board"
"""The start of the block id of a brainstorm's buttons. Recovery looks for it."""


def join_parts(*parts: object) -> str:
    """Return a value that `split_parts` can split. The parts contain no separator."""
    return SEPARATOR.join(map(str, parts))


def split_parts(value: object) -> tuple[str, ...]:
    """Return the parts of a value. The first is a brainstorm's id, or "" if it can't be one."""
    session_id, *rest = str(value or "").split(SEPARATOR)
    return parse_run_id(session_id), *rest


def clicked_parts(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of the clicked button's or chosen option's value."""
    action = body["actions"][0]
    return split_parts(action.get("value") or (action.get("selected_option") or {}).get("value"))


def number_in(parts: tuple[str, ...], index: int) -> int:
    """Return a part as a number, or 0 if it isn't one."""
    text = parts[index] if len(parts) > index else ""
    return int(text) if text.isascii() and text.isdigit() else 0
