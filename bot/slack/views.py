"""The modal with every model's own answer, as Slack's JSON.

A modal takes no markdown block, so answers are shown as rich text, which is literal: nothing in it
can notify or link. Limits (https://docs.slack.dev/reference/views): 100 blocks a view, titles 24
characters, private_metadata 3,000; an option's text 75, its value 150, 100 options a menu.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Run
from bot.slack import words
from bot.slack.blocks import Block, button, context, cost, seconds, section
from bot.slack.richtext import rich_text
from bot.slack.text import escape_mrkdwn, plain, shorten
from moa import Answer

CALLBACK = "reveal"
CHOOSE = "reveal_choose"
PAGE = "reveal_page"

BLOCKS_A_PAGE = 8
"""Rich text blocks of one page, each of at most 3,000 characters."""

OPTION_LIMIT = 75
GROUPS = 100
OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the modal a person is: which answer (`layer-position`), and which page of it."""

    run_id: str
    key: str = ""
    page: int = 0

    def packed(self) -> str:
        """As private_metadata."""
        return json.dumps([self.run_id, self.key, self.page])

    @classmethod
    def unpacked(cls, packed: object) -> Place | None:
        """From private_metadata; None when it is not ours."""
        try:
            run_id, key, page = json.loads(str(packed))
            return cls(str(run_id), str(key), int(page))
        except (ValueError, TypeError):
            return None


def message_view(text: str) -> Block:
    """A modal that only says something."""
    return _view([section(escape_mrkdwn(text))], "")


def answers_view(run: Run, place: Place) -> Block:
    """The answers of a finished run, one at a time."""
    if not run.answers:
        return message_view(words.REVEAL_ALONE)
    by_key = {_key(answer): answer for answer in run.answers}
    key = place.key if place.key in by_key else _first(run.answers)
    answer = by_key[key]
    pages = _pages(answer)
    page = max(0, min(place.page, len(pages) - 1))
    here = Place(run.id, key, page)
    blocks: list[Block] = [
        section(escape_mrkdwn(_overview(run))),
        {"type": "actions", "block_id": "choose", "elements": [_chooser(run, key)]},
        {"type": "divider"},
        {"type": "header", "text": _plain_text(shorten(plain(answer.model), 150))},
        context(escape_mrkdwn(_facts(answer))),
        *pages[page],
        *_pager(here, len(pages)),
    ]
    return _view(blocks, here.packed())


def _view(blocks: list[Block], private_metadata: str) -> Block:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain_text(words.REVEAL_TITLE),
        "close": _plain_text(words.REVEAL_CLOSE),
        "private_metadata": private_metadata,
        "blocks": blocks,
    }


def _key(answer: Answer) -> str:
    return f"{answer.layer}-{answer.position}"


def _first(answers: Sequence[Answer]) -> str:
    """The first answer that was read; else the first that has words; else the first."""
    ranked = sorted(answers, key=lambda a: (not a.readable, not a.text))
    return _key(ranked[0])


def _overview(run: Run) -> str:
    read = sum(answer.readable for answer in run.answers)
    parts = [run.pipeline, f"{read} of {len(run.answers)} answers were read for the reply"]
    if run.seconds is not None:
        parts.append(seconds(run.seconds))
    parts.append(cost(run.cost_usd))
    lines = [" · ".join(parts), *run.notes]
    if run.writer:
        lines.append(words.REVEAL_WRITTEN_BY.format(model=run.writer.model))
    elif run.aggregators:
        lines.append(words.REVEAL_NOT_SYNTHESISED)
    return "\n".join(lines)


def _facts(answer: Answer) -> str:
    """State, time, size and cost of one answer, as one line."""
    parts = [words.TASK_TITLE.format(layer=answer.layer, model=answer.model)]
    parts.append(words.STATES[answer.status])
    if answer.label:
        parts.append(words.REVEAL_LABEL.format(label=answer.label))
    parts.append(seconds(answer.seconds))
    if answer.usage:
        parts.append(words.REVEAL_TOKENS.format(count=answer.usage.output_tokens))
    if answer.cost_usd is not None:
        parts.append(cost(answer.cost_usd))
    return " · ".join(parts)


def _pages(answer: Answer) -> list[list[Block]]:
    """The answer's text in pages of blocks; never empty."""
    blocks = rich_text(answer.text)
    if answer.error:
        blocks.insert(0, section(escape_mrkdwn(answer.error)))
    if not answer.text.strip():
        blocks.append(section(escape_mrkdwn(words.REVEAL_EMPTY)))
    return [blocks[i : i + BLOCKS_A_PAGE] for i in range(0, len(blocks), BLOCKS_A_PAGE)]


def _chooser(run: Run, key: str) -> Block:
    groups: list[Block] = []
    initial: Block | None = None
    for layer in sorted({answer.layer for answer in run.answers})[:GROUPS]:
        options = [_option(a) for a in run.answers if a.layer == layer][:OPTIONS]
        initial = next((o for o in options if o["value"] == key), initial)
        label = _plain_text(words.REVEAL_LAYER.format(layer=layer))
        groups.append({"label": label, "options": options})
    menu: Block = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": _plain_text(words.REVEAL_CHOOSE),
        "option_groups": groups,
    }
    return menu | ({"initial_option": initial} if initial else {})


def _option(answer: Answer) -> Block:
    text = f"{answer.position}. {plain(answer.model)} · {words.SHORT_STATES[answer.status]}"
    return {"text": _plain_text(shorten(text, OPTION_LIMIT)), "value": _key(answer)}


def _pager(here: Place, pages: int) -> list[Block]:
    if pages == 1:
        return []
    buttons = [
        button(label, f"{PAGE}:{page}", str(page))
        for label, page in (
            (words.REVEAL_PREVIOUS, here.page - 1),
            (words.REVEAL_NEXT, here.page + 1),
        )
        if 0 <= page < pages
    ]
    where = words.REVEAL_PAGE.format(page=here.page + 1, pages=pages)
    return [context(where), {"type": "actions", "block_id": "pager", "elements": buttons}]


def _plain_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
