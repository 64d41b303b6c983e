"""Validates an app manifest by the rules that Slack applies when creating the app.

Fields, lengths and counts come from Slack's manifest schema, version 2.0.0
(https://github.com/slackapi/manifest-schema). Rules between fields come from
https://docs.slack.dev/reference/methods/apps.manifest.validate and its observed errors. Lengths are
in characters. Parts for Slack-hosted apps and Marketplace listings (functions, workflows, ...)
aren't checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.playground.delivery.events import EVENT_SCOPES


def _unique(items: list[str]) -> list[str]:
    if len(set(items)) < len(items):
        raise ValueError("items must be unique")
    return items


Name = Annotated[str, Field(max_length=50)]
"""The name of an event or scope."""
Url = Annotated[str, Field(max_length=3_500, pattern="^https?://")]
Scopes = Annotated[list[Name], Field(max_length=255)]
Events = Annotated[list[Name], Field(max_length=100), AfterValidator(_unique)]


class _Part(BaseModel):
    """A strict model: no coercion and, like Slack, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Metadata(_Part):
    schema_version: int | None = None
    min_version: int | None = None
    major_version: int | None = None
    minor_version: int | None = None


class _DisplayInformation(_Part):
    name: str = Field(min_length=1, max_length=35)
    description: str | None = Field(default=None, min_length=1, max_length=140)
    long_description: str | None = Field(default=None, min_length=175, max_length=4_000)
    background_color: str | None = Field(default=None, pattern="^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$")


class _AppHome(_Part):
    home_tab_enabled: bool = False
    messages_tab_enabled: bool = False
    messages_tab_read_only_enabled: bool = False


class _BotUser(_Part):
    display_name: str = Field(min_length=1, max_length=80)
    always_online: bool = False


class _Shortcut(_Part):
    name: str = Field(min_length=1, max_length=24)
    type: Literal["message", "global"]
    callback_id: str = Field(min_length=1, max_length=255)
    description: str = Field(min_length=1, max_length=150)


class _SlashCommand(_Part):
    command: str = Field(min_length=2, max_length=32, pattern="^/")
    url: str | None = Field(default=None, max_length=3_000, pattern="^https?://")
    description: str = Field(min_length=1, max_length=2_000)
    usage_hint: str | None = Field(default=None, min_length=1, max_length=1_000)
    should_escape: bool = False


class _SuggestedPrompt(_Part):
    title: str
    message: str


class _AgentAction(_Part):
    name: str
    description: str


class _AgentView(_Part):
    agent_description: str | None = Field(default=None, max_length=300)
    suggested_prompts: list[_SuggestedPrompt] = Field(default=[], max_length=4)
    actions: list[_AgentAction] = []


class _AssistantView(_Part):
    assistant_description: str
    suggested_prompts: list[_SuggestedPrompt] = []


class _Features(_Part):
    app_home: _AppHome | None = None
    bot_user: _BotUser | None = None
    shortcuts: list[_Shortcut] | None = Field(default=None, min_length=1, max_length=10)
    slash_commands: list[_SlashCommand] | None = Field(default=None, min_length=1, max_length=50)
    unfurl_domains: Annotated[
        list[Annotated[str, Field(max_length=255, pattern=r"^[a-z0-9][-a-z0-9.]*[a-z0-9]$")]],
        Field(min_length=1, max_length=5),
        AfterValidator(_unique),
    ] = []
    agent_view: _AgentView | None = None
    assistant_view: _AssistantView | None = None
    functions: Any = None
    workflow_steps: Any = None


class _ScopeLists(_Part):
    bot: Scopes = []
    user: Scopes = []
    bot_optional: Scopes = []
    user_optional: Scopes = []


class _OAuth(_Part):
    redirect_urls: Annotated[
        list[Annotated[str, Field(max_length=2_500)]],
        Field(max_length=1_000),
        AfterValidator(_unique),
    ] = []
    scopes: _ScopeLists = _ScopeLists()
    token_management_enabled: bool = False
    pkce_enabled: bool = False


class _MetadataSubscription(_Part):
    app_id: str
    event_type: Name


class _EventSubscriptions(_Part):
    request_url: Url | None = None
    bot_events: Events = []
    user_events: Events = []
    metadata_subscriptions: list[_MetadataSubscription] | None = Field(
        default=None, min_length=1, max_length=20
    )


class _Interactivity(_Part):
    is_enabled: bool
    request_url: Url | None = None
    message_menu_options_url: Url | None = None


class _IncomingWebhooks(_Part):
    incoming_webhooks_enabled: bool = False


_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"


class _Settings(_Part):
    allowed_ip_address_ranges: Annotated[
        list[
            Annotated[
                str, Field(pattern=rf"^({_OCTET}\.){{3}}{_OCTET}(/(3[0-2]|[12][0-9]|[0-9]))?$")
            ]
        ],
        Field(min_length=1, max_length=50),
        AfterValidator(_unique),
    ] = []
    event_subscriptions: _EventSubscriptions | None = None
    incoming_webhooks: _IncomingWebhooks | None = None
    interactivity: _Interactivity | None = None
    org_deploy_enabled: bool = False
    socket_mode_enabled: bool = False
    token_rotation_enabled: bool = False
    is_hosted: bool = False
    is_mcp_enabled: bool = False
    hermes_app_type: str | None = None
    function_runtime: str | None = None
    siws_links: Any = None


class AppManifest(_Part):
    """A manifest in which each field is valid by itself."""

    metadata: _Metadata | None = Field(default=None, alias="_metadata")
    schema_address: str | None = Field(default=None, alias="$schema")
    display_information: _DisplayInformation
    features: _Features = _Features()
    oauth_config: _OAuth = _OAuth()
    settings: _Settings = _Settings()
    app_directory: Any = None
    functions: Any = None
    workflows: Any = None
    datastores: Any = None
    outgoing_domains: Any = None
    types: Any = None
    external_auth_providers: Any = None
    mcp_servers: Any = None


def manifest_errors(manifest: object) -> Sequence[str]:
    """Return Slack's errors for a manifest as "/pointer: message", or nothing if it is valid.

    Args:
        manifest: the parsed YAML or JSON.
    """
    try:
        parsed = AppManifest.model_validate(manifest)
    except ValidationError as error:
        return [
            "".join(f"/{part}" for part in detail["loc"]) + f": {detail['msg']}"
            for detail in error.errors(include_url=False)
        ]
    return [*_missing_urls(parsed), *_missing_scopes(parsed), *_conflicts(parsed)]


def _missing_urls(manifest: AppManifest) -> Iterator[str]:
    """Yield errors for missing URLs: without Socket Mode, every kind of request needs one."""
    settings = manifest.settings
    if settings.socket_mode_enabled:
        return
    events, interactivity = settings.event_subscriptions, settings.interactivity
    if events and not events.request_url:
        yield (
            "/settings/event_subscriptions: Event Subscription requires either Request URL or "
            "Socket Mode Enabled"
        )
    if interactivity and interactivity.is_enabled and not interactivity.request_url:
        yield "/settings/interactivity: Interactivity requires a Request URL"
    for index, command in enumerate(manifest.features.slash_commands or ()):
        if not command.url:
            yield f"/features/slash_commands/{index}: requires a URL or Socket Mode Enabled"


def _missing_scopes(manifest: AppManifest) -> Iterator[str]:
    """Yield errors for features and events whose scope is missing."""
    features, settings = manifest.features, manifest.settings
    scopes = {*manifest.oauth_config.scopes.bot, *manifest.oauth_config.scopes.bot_optional}
    for part in ("slash_commands", "shortcuts"):
        if getattr(features, part) and "commands" not in scopes:
            yield f"/features/{part}: requires the bot scope commands"
    if features.agent_view and "assistant:write" not in scopes:
        yield "/features/agent_view: requires the bot scope assistant:write"
    events = settings.event_subscriptions.bot_events if settings.event_subscriptions else []
    for index, event in enumerate(events):
        scope = EVENT_SCOPES.get(event)
        if scope and scope not in scopes:
            yield f"/settings/event_subscriptions/bot_events/{index}: {event} requires {scope}"


def _conflicts(manifest: AppManifest) -> Iterator[str]:
    """Yield errors for fields that exclude or require each other."""
    features, settings = manifest.features, manifest.settings
    if features.agent_view and features.assistant_view:
        yield "/features: agent_view and assistant_view exclude each other"
    if manifest.oauth_config.scopes.bot and not features.bot_user:
        yield "/features/bot_user: required for bot scopes"
    if features.shortcuts and not (settings.interactivity and settings.interactivity.is_enabled):
        yield "/settings/interactivity: must be enabled for shortcuts"
