"""The modals for a person's own ideas: hand in, read, change and withdraw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot import slack_limits
from bot.brainstorm.session import BrainstormSession, StoredIdea
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.pages import page_blocks, page_of
from bot.slack.brainstorm.text import shorten_literal
from bot.slack.ui.blocks import Block, context, plain_text, section
from bot.slack.ui.forms import input_block, option
from bot.slack.ui.strings import brainstorm as strings

PAGE_SIZE = 20
IDEA_CHARS = 2_900


def add_view(session: BrainstormSession) -> Block:
    """Return the form for new ideas."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": ids.IDEAS,
        "multiline": True,
        "max_length": slack_limits.PLAIN_TEXT_INPUT,
        "focus_on_load": True,
        "placeholder": plain_text(strings.ADD_PLACEHOLDER),
    }
    boxes: Block = {
        "type": "checkboxes",
        "action_id": ids.NAME,
        "options": [option(strings.ADD_NAME, ids.NAME)],
    }
    note = strings.ADD_SILENT if session.phase == "silence" else strings.ADD_LATE
    return {
        "type": "modal",
        "callback_id": ids.ADD_VIEW,
        "private_metadata": session.id,
        "title": plain_text(strings.ADD_TITLE),
        "submit": plain_text(strings.ADD_SUBMIT),
        "close": plain_text(strings.ADD_CANCEL),
        "blocks": [
            topic_block(session),
            input_block(ids.IDEAS, strings.ADD_LABEL, element),
            input_block(ids.NAME, strings.ADD_NAME_LABEL, boxes, optional=True),
            context(note),
        ],
    }


def parse_added(view: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the submitted text, as typed, and whether the person's name may be shown."""
    values = (view.get("state") or {}).get("values") or {}
    text = ((values.get(ids.IDEAS) or {}).get(ids.IDEAS) or {}).get("value")
    boxes = ((values.get(ids.NAME) or {}).get(ids.NAME) or {}).get("selected_options") or ()
    return str(text or ""), any(box.get("value") == ids.NAME for box in boxes)


def mine_view(session: BrainstormSession, ideas: Sequence[StoredIdea], page: int) -> Block:
    """Return a person's own ideas, each with its menu while it can be changed."""
    can_change = session.phase == "silence"
    shown = page_of(ideas, page, PAGE_SIZE)
    blocks = [_own_idea(session, idea, can_change=can_change) for idea in shown.items]
    notes = [] if can_change or not ideas else [context(strings.MINE_FIXED)]
    paging = page_blocks(ids.TURN_MINE, [session.id], shown)
    return {
        "type": "modal",
        "private_metadata": ids.join_parts(session.id, shown.number),
        "title": plain_text(strings.MINE_TITLE),
        "close": plain_text(strings.CLOSE_MODAL),
        "blocks": [*notes, *(blocks or [section(strings.MINE_NONE)]), *paging],
    }


def change_view(session: BrainstormSession, idea: StoredIdea) -> Block:
    """Return the form that changes an idea."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": ids.IDEA,
        "multiline": True,
        "max_length": slack_limits.PLAIN_TEXT_INPUT,
        "initial_value": idea.text,
    }
    return {
        "type": "modal",
        "callback_id": ids.CHANGE_VIEW,
        "private_metadata": ids.join_parts(session.id, idea.id),
        "title": plain_text(strings.CHANGE_TITLE),
        "submit": plain_text(strings.CHANGE_SUBMIT),
        "close": plain_text(strings.ADD_CANCEL),
        "blocks": [input_block(ids.IDEA, strings.CHANGE_LABEL, element)],
    }


def parse_changed(view: Mapping[str, Any]) -> str:
    """Return the changed idea, as typed."""
    values = (view.get("state") or {}).get("values") or {}
    return str(((values.get(ids.IDEA) or {}).get(ids.IDEA) or {}).get("value") or "")


def notice_view(text: str, title: str = strings.TITLE) -> Block:
    """Return a modal that contains only a text (mrkdwn)."""
    return {
        "type": "modal",
        "title": plain_text(title),
        "close": plain_text(strings.CLOSE_MODAL),
        "blocks": [section(text)],
    }


def topic_block(session: BrainstormSession) -> Block:
    """Return the topic, shown literally."""
    return {"type": "section", "text": plain_text(shorten_literal(session.topic, IDEA_CHARS))}


def _own_idea(session: BrainstormSession, idea: StoredIdea, *, can_change: bool) -> Block:
    block: Block = {
        "type": "section",
        "text": plain_text(shorten_literal(idea.text, IDEA_CHARS) or "…"),
    }
    if not can_change:
        return block
    options = [
        option(strings.CHANGE, ids.join_parts(session.id, idea.id, "change")),
        option(strings.WITHDRAW, ids.join_parts(session.id, idea.id, "withdraw")),
    ]
    action_id = f"{ids.MY_IDEA_MENU}:{idea.id}"
    menu: Block = {"type": "overflow", "action_id": action_id, "options": options}
    return block | {"accessory": menu}
