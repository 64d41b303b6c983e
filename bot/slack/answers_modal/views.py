"""The modal as Slack's JSON: its frame, what is chosen in it, and one answer at a time.

A modal takes no markdown block, so answers are shown as rich text, which is literal: nothing in it
can notify or link. Limits (https://docs.slack.dev/reference/views): 100 blocks a view, titles 24
characters; an option's text 75, 100 options in a group, 100 groups in a menu.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
from bot.slack.answers_modal.overview import head, overview
from bot.slack.markdown.sanitize import escape_mrkdwn, plain, shorten
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, button, context, cost, seconds, section

CALLBACK = "reveal"
CHOOSE = "reveal_choose"
GO = "reveal_go"
PAGE = "reveal_page"
REFRESH = "reveal_refresh"
BEST = "reveal_best"

CLICKS = re.compile(rf"^({CHOOSE}|{REFRESH}|{BEST}|{GO}:\w+|{PAGE}:\d+)$")
"""The action ids of all that can be clicked in the modal."""

CHOSEN, TAKEN_BACK = "yes", "no"
"""Values of the button: what a click on it says. So a click that comes twice says the same."""

OPTION_LIMIT = 75
HEADER_LIMIT = 150
GROUPS = 100
OPTIONS = 100


def message_view(text: str) -> Block:
    """A modal that only says something."""
    return _view([section(escape_mrkdwn(text))], "")


def under_way_view(run: Run) -> Block:
    """A modal for a run that has not ended, which can be looked at again."""
    count = sum(answer.readable for answer in run.answers)
    so_far = {0: strings.ANSWERS_SO_FAR_NONE, 1: strings.ANSWERS_SO_FAR_ONE}.get(
        count, strings.ANSWERS_SO_FAR.format(count=count)
    )
    refresh = button(strings.ANSWERS_REFRESH, REFRESH, REFRESH)
    said = section(strings.ANSWERS_IN_PROGRESS.format(so_far=so_far))
    return _view([said, _actions("refresh", [refresh])], ModalLocation(run.id).packed())


def reveal_view(shown: RunForViewer, place: ModalLocation) -> Block:
    """What a person looks at: the overview, or one answer. Places that are not there lead to it."""
    entries = shown.entries
    keys = [OVERVIEW, *(entry.key for entry in entries)]
    at = keys.index(place.key) if place.key in keys else 0
    entry = entries[at - 1] if at else None
    if entry:
        top, (body, page, pages) = (
            _answer_head(shown, entry),
            text_page(entry.answer.text, place.page),
        )
    else:
        top = []
        body, page, pages = _page_of(overview(shown), place.page)
    here = ModalLocation(shown.run.id, keys[at], page)
    heading = entry.name if entry else head(shown)
    blocks = [
        *_navigation(entries, keys, at),
        {"type": "header", "text": _plain_text(shorten(plain(heading), HEADER_LIMIT))},
        *top,
        *body,
        *_below(shown, entry, here, pages),
    ]
    return _view(blocks, here.packed())


def _view(blocks: list[Block], private_metadata: str) -> Block:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain_text(strings.ANSWERS_TITLE),
        "close": _plain_text(strings.ANSWERS_CLOSE),
        "private_metadata": private_metadata,
        "blocks": blocks,
    }


def _navigation(entries: Sequence[Entry], keys: Sequence[str], at: int) -> list[Block]:
    """The chooser and the buttons beside it; nothing where there is nothing to choose."""
    if not entries:
        return []
    buttons = [
        button(label, f"{GO}:{side}", keys[there])
        for label, side, there in (
            (strings.ANSWERS_PREVIOUS, "previous", at - 1),
            (strings.ANSWERS_NEXT, "next", at + 1),
        )
        if 0 <= there < len(keys)
    ]
    return [_actions("choose", [_chooser(entries, keys[at]), *buttons])]


def _chooser(entries: Sequence[Entry], key: str) -> Block:
    groups: dict[str, list[Block]] = {
        strings.ANSWERS_GROUP_RUN: [_option(strings.ANSWERS_OVERVIEW, OVERVIEW)]
    }
    for entry in entries:
        text = strings.ANSWERS_OPTION.format(name=entry.name, state=short_state(entry))
        groups.setdefault(_group(entry), []).append(_option(text, entry.key))
    listed: list[Block] = [
        {"label": _plain_text(label), "options": options[:OPTIONS]}
        for label, options in list(groups.items())[:GROUPS]
    ]
    chosen = [o for group in listed for o in group["options"] if o["value"] == key]
    menu: Block = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": _plain_text(strings.ANSWERS_CHOOSE),
        "option_groups": listed,
    }
    return menu | ({"initial_option": chosen[0]} if chosen else {})


def _group(entry: Entry) -> str:
    named = {
        "answer": strings.ANSWERS_GROUP_LAYER,
        "ranking": strings.ANSWERS_GROUP_RANKINGS,
        "draft": strings.ANSWERS_GROUP_DRAFTS,
    }[entry.kind]
    return named.format(layer=entry.answer.layer)


def _option(text: str, key: str) -> Block:
    return {"text": _plain_text(shorten(plain(text), OPTION_LIMIT)), "value": key}


def _answer_head(shown: RunForViewer, entry: Entry) -> list[Block]:
    """Where an answer stands, what it took, and what became of it."""
    answer = entry.answer
    parts = [_group(entry)] if entry.kind != "draft" else []
    parts.append(seconds(answer.seconds))
    if answer.usage:
        parts.append(strings.ANSWERS_TOKENS.format(count=answer.usage.output_tokens))
    if shown.policy.cost and answer.cost_usd is not None:
        parts.append(cost(answer.cost_usd))
    state = answer_note(shown, entry)
    if _is_best(shown, entry):
        state += f" {strings.ANSWERS_BEST_LINE}"
    return [context(escape_mrkdwn(" · ".join(parts))), section(state), {"type": "divider"}]


def _page_of(blocks: list[Block], number: int) -> tuple[list[Block], int, int]:
    pages = paged(blocks)
    at = max(0, min(number, len(pages) - 1))
    return pages[at], at, len(pages)


def _below(
    shown: RunForViewer, entry: Entry | None, here: ModalLocation, pages: int
) -> list[Block]:
    """Which page this is, and the buttons for the others and for a person's verdict."""
    buttons = [
        button(label, f"{PAGE}:{page}", str(page))
        for label, page in (
            (strings.ANSWERS_PREVIOUS_PAGE, here.page - 1),
            (strings.ANSWERS_NEXT_PAGE, here.page + 1),
        )
        if 0 <= page < pages
    ]
    if entry and may_be_best(entry):
        buttons.append(_best_button(chosen=_is_best(shown, entry)))
    where = strings.ANSWERS_PAGE.format(page=here.page + 1, pages=pages)
    return [
        *([context(where)] if pages > 1 else []),
        *([_actions("below", buttons)] if buttons else []),
    ]


def may_be_best(entry: Entry) -> bool:
    """Whether somebody can find it the best: an answer with words in it."""
    return entry.kind == "answer" and bool(entry.answer.text.strip())


def _is_best(shown: RunForViewer, entry: Entry) -> bool:
    return may_be_best(entry) and entry.target == shown.best


def _best_button(*, chosen: bool) -> Block:
    if chosen:
        label, says = strings.ANSWERS_BEST_CHOSEN, strings.ANSWERS_BEST_CHOSEN_LABEL
        return button(label, BEST, TAKEN_BACK, says=says) | {"style": "primary"}
    return button(strings.ANSWERS_BEST, BEST, CHOSEN, says=strings.ANSWERS_BEST_LABEL)


def _actions(block_id: str, elements: list[Block]) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": elements}


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text}
