"""What a click on a message says, and telling the person who clicked something in return."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS
from bot.slack.ui.blocks import Block, section

SEPARATOR = "|"

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RefusedError(Exception):
    """What somebody wants is not done. The words tell them why, as mrkdwn."""


def value_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """The value of what was clicked or chosen: a run's id, and what stands behind it or nothing."""
    action = body["actions"][0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    run_id, _, rest = str(value).partition(SEPARATOR)
    return run_id_in(run_id), rest


def run_id_in(text: object) -> str:
    """What a client has sent for a run's id; empty where it cannot be one."""
    return str(text) if _RUN_ID.fullmatch(str(text)) else ""


def joined(run_id: str, rest: str) -> str:
    """Such a value."""
    return f"{run_id}{SEPARATOR}{rest}"


async def tell(respond: AsyncRespond, notice: str, more: Sequence[Block] = ()) -> None:
    """Say it to the clicker alone, if Slack takes that. `notice` is mrkdwn; `more` stands below."""
    blocks = [section(notice), *more] if more else None
    with suppress(*SLACK_ERRORS):
        await respond(notice, blocks=blocks, response_type="ephemeral", replace_original=False)


async def take_away(respond: AsyncRespond) -> None:
    """Remove the ephemeral message that was clicked in; where that fails it merely stays."""
    with suppress(*SLACK_ERRORS):
        await respond(delete_original=True)


def is_complete(run: Run) -> bool:
    """Whether a run has its reply, or will never have one."""
    return bool(run.reply) or run.state in {"answered", "failed"}
