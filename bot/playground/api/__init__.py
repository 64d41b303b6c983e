"""The local Slack's Web API methods, one module per method family."""

from __future__ import annotations

from bot.playground.api import (
    auth,
    blocks,
    chat,
    conversations,
    files,
    reactions,
    sessions,
    streams,
    users,
    views,
)
from bot.playground.api.api_call import ApiMethod


def all_methods() -> dict[str, ApiMethod]:
    """Return all methods by name."""
    groups = (auth, blocks, chat, conversations, files, reactions, sessions, streams, users, views)
    return {method.name: method for group in groups for method in group.METHODS}
