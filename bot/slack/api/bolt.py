"""Builds Bolt's app, and keeps its log useful."""

from __future__ import annotations

import logging

from slack_bolt.async_app import AsyncApp
from slack_bolt.logger.messages import (
    warning_client_prioritized_and_token_skipped,
    warning_token_skipped,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.identity import IdentityLookup, authorizer

_NOT_NEWS = frozenset({warning_client_prioritized_and_token_skipped(), warning_token_skipped()})


def bolt_app(client: AsyncWebClient, identity: IdentityLookup, signing_secret: str) -> AsyncApp:
    """Return an app that handles requests with our client, and knows the bot by `identity`."""
    # Bolt logs the whole body of a request with a bad signature at INFO.
    logger = logging.getLogger("bot.bolt")
    logger.setLevel(logging.WARNING)
    logger.addFilter(_is_relevant)
    return AsyncApp(
        name="moa-bot",  # without a name, Bolt reads the source files of the whole call stack
        client=client,
        authorize=authorizer(identity),
        signing_secret=signing_secret,
        logger=logger,
        raise_error_for_unhandled_request=True,
    )


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return whether a log record is worth keeping.

    Bolt reads SLACK_BOT_TOKEN itself and warns at every start that our client and our `authorize`,
    which have the same token, take precedence. It also logs a refused token on every request;
    `TokenWatch` logs it once.
    """
    message = record.getMessage()
    return message not in _NOT_NEWS and not message.startswith(
        "Failed to authorize with the given token"
    )
