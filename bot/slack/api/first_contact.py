"""The first call to Slack with each token: a refusal ends the start, an outage only delays it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.errors import ConfigurationError
from bot.slack.api.client import (
    APP_HINT,
    BOT_HINT,
    SLACK_ERRORS,
    TRANSIENT,
    code_of,
    token_error_text,
)
from bot.slack.api.network import connection_trouble, needs_a_setting

log = structlog.get_logger(__name__)

FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0
"""Seconds between two attempts: they double from the first to the longest."""

MIGRATING = frozenset({"org_login_required", "team_added_to_org"})
"""Codes while a workspace moves to an Enterprise organisation, which passes.
Source: https://docs.slack.dev/reference/methods/auth.test, "Errors"."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that Slack has to accept: its variable, and where to find the right one."""

    variable: str
    hint: str


BOT_TOKEN = Token("SLACK_BOT_TOKEN", BOT_HINT)
APP_TOKEN = Token("SLACK_APP_TOKEN", APP_HINT)

Call = Callable[[], Awaitable[object]]
"""Calls a Web API method with a token."""


async def require_slack(call: Call, url: str, token: Token) -> None:
    """Make the call once.

    Raises:
        ConfigurationError: Slack refused the token or did not respond.
    """
    try:
        await call()
    except SLACK_ERRORS as error:
        raise _refusal(error, url, token) from None


async def wait_for_slack(call: Call, url: str, token: Token) -> None:
    """Repeat the call until Slack responds, however long that takes. Each cause is logged once.

    Raises:
        ConfigurationError: Slack refused the token, or only another setting can help.
    """
    delay_s, logged = FIRST_DELAY_S, set[str]()
    while True:
        try:
            await call()
        except SLACK_ERRORS as error:
            if not _passes(error):
                raise _refusal(error, url, token) from None
            problem = _problem(error, url)
            if problem not in logged:
                log.warning("slack_unreachable", problem=problem)
                logged.add(problem)
        else:
            return
        await asyncio.sleep(delay_s)
        delay_s = min(LONGEST_DELAY_S, 2 * delay_s)


def _passes(error: BaseException) -> bool:
    """Return whether a later attempt with the same settings may succeed."""
    return not needs_a_setting(error) and code_of(error) in TRANSIENT | MIGRATING


def _problem(error: BaseException, url: str) -> str:
    code = code_of(error)
    if trouble := connection_trouble(error):
        what = f"could not be reached: {trouble}"
    elif code == "no_answer":
        what = "did not respond. Check SLACK_API_URL and the network"
    elif code == "not_slack":
        what = "sent a response that is not Slack's. Check SLACK_API_URL and the proxy"
    else:
        what = f"is not available now ({code})"
    return f"Slack at {url} {what}. Trying again until it answers."


def _refusal(error: BaseException, url: str, token: Token) -> ConfigurationError:
    return ConfigurationError(token_error_text(error, url, token.variable, token.hint))
