"""The app's installation in the workspace: identity, tokens, scopes and events."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

BOT_SCOPES = frozenset({
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "metadata.message:read",
    "mpim:history",
    "mpim:read",
    "reactions:write",
    "users:read",
})  # fmt: skip
"""The default scopes of the app: those of manifest.yml."""

BOT_EVENTS = frozenset({
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
})  # fmt: skip
"""The default event subscriptions of the app: those of manifest.yml."""

FEATURES = frozenset({"agent_sessions", "streaming", "assistant_status"})
"""Features that an older workspace may lack."""


@dataclass(slots=True, eq=False)
class Installation:
    """One app in one workspace.

    `scopes`, `events` and `features` may change at runtime. Tokens are random, so that none looks
    like a real token left in a file.
    """

    app_id: str
    name: str
    team_id: str
    bot_user_id: str
    bot_id: str
    scopes: set[str] = field(default_factory=lambda: set(BOT_SCOPES))
    events: set[str] = field(default_factory=lambda: set(BOT_EVENTS))
    features: set[str] = field(default_factory=lambda: set(FEATURES))
    bot_token: str = field(default_factory=lambda: f"xoxb-local-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-local-{secrets.token_hex(16)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    revoked: bool = False
    """Whether the tokens were revoked."""
    restricted_history: bool = False
    """Whether threads are limited to 15 replies per page and one page per minute, as for commercial
    apps outside the Marketplace."""
