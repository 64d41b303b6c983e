"""Reads the value of a click and responds to the person who clicked."""

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
    """A refused request. The message is mrkdwn that tells the person why."""


def parse_value(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the run id in a clicked or chosen value, and the text after it, which may be empty."""
    action = body["actions"][0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    run_id, _, rest = str(value).partition(SEPARATOR)
    return parse_run_id(run_id), rest


def parse_run_id(text: object) -> str:
    """Return a run id that a client sent, or "" if it can't be one."""
    return str(text) if _RUN_ID.fullmatch(str(text)) else ""


def join_value(run_id: str, rest: str) -> str:
    """Return a value that `parse_value` can parse."""
    return f"{run_id}{SEPARATOR}{rest}"


async def respond_privately(respond: AsyncRespond, notice: str, more: Sequence[Block] = ()) -> None:
    """Show `notice` (mrkdwn) to the person who clicked, with the blocks `more` below it.

    Errors from Slack are ignored: there is nobody else to act on them.
    """
    blocks = [section(notice), *more] if more else None
    with suppress(*SLACK_ERRORS):
        await respond(notice, blocks=blocks, response_type="ephemeral", replace_original=False)


async def delete_clicked_message(respond: AsyncRespond) -> None:
    """Delete the ephemeral message with the button. If Slack refuses, it stays."""
    with suppress(*SLACK_ERRORS):
        await respond(delete_original=True)


def is_complete(run: Run) -> bool:
    """Return whether a run has its reply or has failed."""
    return bool(run.reply) or run.state in {"answered", "failed"}
