"""Builds the answers modal: its frame, the menu of answers, and one answer at a time.

Modals allow no markdown blocks, so answers are shown as rich text. Rich text is literal: nothing in
it can notify anyone or become a link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot import slack_limits
from bot.figures import cost, seconds
from bot.ports import Run
from bot.slack.answers_modal.answer_pages import paged, text_page
from bot.slack.answers_modal.model import (
    OVERVIEW,
    Entry,
    ModalLocation,
    RunForViewer,
    answer_note,
    short_state,
)
from bot.slack.answers_modal.overview import overview, overview_heading
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.blocks import Block, actions, button, context, header, plain_text, section
from bot.slack.ui.forms import option
from bot.slack.ui.strings import answers_modal as strings

CALLBACK = "reveal"
CHOOSE = "reveal_choose"
GO = "reveal_go"
PAGE = "reveal_page"
REFRESH = "reveal_refresh"
BEST = "reveal_best"

CLICKS = re.compile(rf"^({CHOOSE}|{REFRESH}|{BEST}|{GO}:\w+|{PAGE}:\d+)$")
"""The action ids of everything that can be clicked in the modal."""

CHOSEN, NOT_CHOSEN = "yes", "no"
"""Values of the "best" button. They name the new state, so a repeated click changes nothing."""


def message_view(text: str) -> Block:
    """Return a modal with only a message."""
    return _view([section(escape_mrkdwn(text))], "")


def in_progress_view(run: Run) -> Block:
    """Return a modal with a refresh button, for an unfinished run."""
    count = sum(answer.readable for answer in run.answers)
    so_far = {0: strings.ANSWERS_SO_FAR_NONE, 1: strings.ANSWERS_SO_FAR_ONE}.get(
        count, strings.ANSWERS_SO_FAR.format(count=count)
    )
    refresh = button(strings.ANSWERS_REFRESH, REFRESH, REFRESH)
    message = section(strings.ANSWERS_IN_PROGRESS.format(so_far=so_far))
    return _view([message, actions("refresh", [refresh])], ModalLocation(run.id).pack())


def answers_view(viewed: RunForViewer, location: ModalLocation) -> Block:
    """Return the overview or one answer. An unknown key shows the overview."""
    entries = viewed.entries
    keys = [OVERVIEW, *(entry.key for entry in entries)]
    index = keys.index(location.key) if location.key in keys else 0
    entry = entries[index - 1] if index else None
    if entry:
        top = _answer_top(viewed, entry)
        body, page, pages = text_page(entry.answer.text, location.page)
    else:
        top = []
        body, page, pages = _page_of(overview(viewed), location.page)
    current = ModalLocation(viewed.run.id, keys[index], page)
    blocks = [
        *_navigation(entries, keys, index),
        header(entry.name if entry else overview_heading(viewed)),
        *top,
        *body,
        *_bottom(viewed, entry, current, pages),
    ]
    return _view(blocks, current.pack())


def _view(blocks: list[Block], private_metadata: str) -> Block:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(strings.ANSWERS_TITLE),
        "close": plain_text(strings.ANSWERS_CLOSE),
        "private_metadata": private_metadata,
        "blocks": blocks,
    }


def _navigation(entries: Sequence[Entry], keys: Sequence[str], index: int) -> list[Block]:
    """Return the menu of answers and the buttons next to it, or nothing if there are no answers."""
    if not entries:
        return []
    buttons = [
        button(label, f"{GO}:{side}", keys[target])
        for label, side, target in (
            (strings.ANSWERS_PREVIOUS, "previous", index - 1),
            (strings.ANSWERS_NEXT, "next", index + 1),
        )
        if 0 <= target < len(keys)
    ]
    return [actions("choose", [_menu(entries, keys[index]), *buttons])]


def _menu(entries: Sequence[Entry], key: str) -> Block:
    groups: dict[str, list[Block]] = {
        strings.ANSWERS_GROUP_RUN: [option(strings.ANSWERS_OVERVIEW, OVERVIEW)]
    }
    for entry in entries:
        text = strings.ANSWERS_OPTION.format(name=entry.name, state=short_state(entry))
        groups.setdefault(_group(entry), []).append(option(text, entry.key))
    option_groups: list[Block] = [
        {"label": plain_text(label), "options": options[: slack_limits.SELECT_OPTIONS]}
        for label, options in list(groups.items())[: slack_limits.OPTION_GROUPS]
    ]
    chosen = [o for group in option_groups for o in group["options"] if o["value"] == key]
    menu: Block = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": plain_text(strings.ANSWERS_CHOOSE),
        "option_groups": option_groups,
    }
    return menu | ({"initial_option": chosen[0]} if chosen else {})


def _group(entry: Entry) -> str:
    label = {
        "answer": strings.ANSWERS_GROUP_LAYER,
        "ranking": strings.ANSWERS_GROUP_RANKINGS,
        "draft": strings.ANSWERS_GROUP_DRAFTS,
    }[entry.kind]
    return label.format(layer=entry.answer.layer)


def _answer_top(viewed: RunForViewer, entry: Entry) -> list[Block]:
    """Return the lines above an answer: layer, time, tokens, cost and status."""
    answer = entry.answer
    parts = [_group(entry)] if entry.kind != "draft" else []
    parts.append(seconds(answer.seconds))
    if answer.usage:
        parts.append(strings.ANSWERS_TOKENS.format(count=answer.usage.output_tokens))
    if viewed.policy.cost and answer.cost_usd is not None:
        parts.append(cost(answer.cost_usd))
    note = answer_note(viewed, entry)
    if _is_best(viewed, entry):
        note += f" {strings.ANSWERS_BEST_LINE}"
    return [context(escape_mrkdwn(" · ".join(parts))), section(note), {"type": "divider"}]


def _page_of(blocks: list[Block], number: int) -> tuple[list[Block], int, int]:
    pages = paged(blocks)
    index = max(0, min(number, len(pages) - 1))
    return pages[index], index, len(pages)


def _bottom(
    viewed: RunForViewer, entry: Entry | None, current: ModalLocation, pages: int
) -> list[Block]:
    """Return the page number, the buttons for other pages and the "best" button."""
    buttons = [
        button(label, f"{PAGE}:{page}", str(page))
        for label, page in (
            (strings.ANSWERS_PREVIOUS_PAGE, current.page - 1),
            (strings.ANSWERS_NEXT_PAGE, current.page + 1),
        )
        if 0 <= page < pages
    ]
    if entry and can_be_best(entry):
        buttons.append(_best_button(chosen=_is_best(viewed, entry)))
    page_line = strings.ANSWERS_PAGE.format(page=current.page + 1, pages=pages)
    return [
        *([context(page_line)] if pages > 1 else []),
        *([actions("below", buttons)] if buttons else []),
    ]


def can_be_best(entry: Entry) -> bool:
    """Return whether an entry can be marked as best: an answer with text in it."""
    return entry.kind == "answer" and bool(entry.answer.text.strip())


def _is_best(viewed: RunForViewer, entry: Entry) -> bool:
    return can_be_best(entry) and entry.target == viewed.best


def _best_button(*, chosen: bool) -> Block:
    if chosen:
        label = strings.ANSWERS_BEST_CHOSEN_LABEL
        undo = button(strings.ANSWERS_BEST_CHOSEN, BEST, NOT_CHOSEN, accessibility_label=label)
        return undo | {"style": "primary"}
    label = strings.ANSWERS_BEST_LABEL
    return button(strings.ANSWERS_BEST, BEST, CHOSEN, accessibility_label=label)
