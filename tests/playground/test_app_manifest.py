"""The manifest check applies each of Slack's limits and requirements."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.playground.app_manifest import manifest_errors

LONG = "A" * 175

MANIFEST: dict[str, Any] = {
    "_metadata": {"major_version": 2, "minor_version": 1},
    "display_information": {
        "name": "App",
        "description": "Does things.",
        "long_description": LONG,
        "background_color": "#abc",
    },
    "features": {
        "agent_view": {
            "agent_description": "Does things.",
            "suggested_prompts": [{"title": "Try", "message": "Try it."}],
        },
        "app_home": {"home_tab_enabled": True},
        "bot_user": {"display_name": "app"},
        "shortcuts": [
            {"name": "Do it", "type": "global", "callback_id": "do", "description": "Does it."}
        ],
        "slash_commands": [{"command": "/do", "description": "Does it.", "usage_hint": "WHAT"}],
        "unfurl_domains": ["example.com"],
    },
    "oauth_config": {
        "redirect_urls": ["https://example.com/back"],
        "scopes": {
            "bot": ["app_mentions:read", "assistant:write", "commands"],
            "user": ["search:read"],
        },
    },
    "settings": {
        "allowed_ip_address_ranges": ["10.1.2.3", "10.0.0.0/8"],
        "event_subscriptions": {"bot_events": ["app_mention"], "user_events": ["star_added"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
        "token_rotation_enabled": False,
    },
}
"""A valid manifest with a value for every limited field."""


def changed(pointer: str, value: object) -> dict[str, Any]:
    """Return the manifest with one value replaced."""
    manifest = copy.deepcopy(MANIFEST)
    *parents, last = [int(part) if part.isdigit() else part for part in pointer.split("/")]
    parent: Any = manifest
    for part in parents:
        parent = parent[part]
    parent[last] = value
    return manifest


def names(count: int, kind: str = "scope{}:read") -> list[str]:
    """Return this many different names."""
    return [kind.format(number) for number in range(count)]


def shortcuts(count: int) -> list[Any]:
    """Return this many shortcuts."""
    return MANIFEST["features"]["shortcuts"] * count


def commands(count: int) -> list[Any]:
    """Return this many slash commands."""
    return MANIFEST["features"]["slash_commands"] * count


PROMPT, SHORTCUT = "features/agent_view/suggested_prompts", "features/shortcuts/0/"
COMMAND, EVENTS = "features/slash_commands/0/", "settings/event_subscriptions/"
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
URL = "https://example.com/"

AT_AND_OVER = [
    ("display_information/name", "a" * 35, "a" * 36),
    ("display_information/name", "a", ""),
    ("display_information/description", "a" * 140, "a" * 141),
    ("display_information/description", "a", ""),
    ("display_information/long_description", "a" * 175, "a" * 174),
    ("display_information/long_description", "a" * 4_000, "a" * 4_001),
    ("display_information/background_color", "#A0b1C2", "#a0b1c22"),
    ("display_information/background_color", "#000", "000000"),
    ("display_information/background_color", "#fff", "#xyz"),
    ("features/agent_view/agent_description", "a" * 300, "a" * 301),
    (PROMPT, [{"title": "a", "message": "b"}] * 4, [{"title": "a", "message": "b"}] * 5),
    (PROMPT, [{"title": "a", "message": "b"}], [{"title": "a"}]),
    ("features/bot_user/display_name", "a" * 80, "a" * 81),
    ("features/bot_user/display_name", "a", ""),
    ("features/shortcuts", shortcuts(10), shortcuts(11)),
    ("features/shortcuts", shortcuts(1), []),
    (SHORTCUT + "name", "a" * 24, "a" * 25),
    (SHORTCUT + "name", "a", ""),
    (SHORTCUT + "type", "message", "channel"),
    (SHORTCUT + "callback_id", "a" * 255, "a" * 256),
    (SHORTCUT + "description", "a" * 150, "a" * 151),
    ("features/slash_commands", commands(50), commands(51)),
    ("features/slash_commands", commands(1), []),
    (COMMAND + "command", "/" + "a" * 31, "/" + "a" * 32),
    (COMMAND + "command", "/a", "a"),
    (COMMAND + "command", "/a", "/"),
    (COMMAND + "description", "a" * 2_000, "a" * 2_001),
    (COMMAND + "usage_hint", "a" * 1_000, "a" * 1_001),
    (COMMAND + "usage_hint", "a", ""),
    (COMMAND + "url", URL + "a" * 2_980, URL + "a" * 2_981),
    (COMMAND + "url", URL, "example.com"),
    ("features/unfurl_domains", names(5, "d{}.com"), names(6, "d{}.com")),
    ("features/unfurl_domains", ["a.com"], ["-a.com"]),
    ("oauth_config/redirect_urls", names(1_000), names(1_001)),
    ("oauth_config/redirect_urls", ["a" * 2_500], ["a" * 2_501]),
    ("oauth_config/redirect_urls", ["a", "b"], ["a", "a"]),
    ("oauth_config/scopes/bot", SCOPES + names(252), SCOPES + names(253)),
    ("oauth_config/scopes/bot", [*SCOPES, "a" * 50], [*SCOPES, "a" * 51]),
    ("oauth_config/scopes/user", names(255), names(256)),
    ("oauth_config/scopes/user", ["a" * 50], ["a" * 51]),
    (EVENTS + "bot_events", names(100, "event{}"), names(101, "event{}")),
    (EVENTS + "bot_events", ["a", "b"], ["a", "a"]),
    (EVENTS + "bot_events", ["a" * 50], ["a" * 51]),
    (EVENTS + "user_events", names(100, "event{}"), names(101, "event{}")),
    (EVENTS + "request_url", URL + "a" * 3_480, URL + "a" * 3_481),
    (EVENTS + "request_url", URL, "ftp://example.com"),
    ("settings/interactivity/request_url", URL + "a" * 3_480, URL + "a" * 3_481),
    ("settings/interactivity/message_menu_options_url", URL, "example.com"),
    ("settings/allowed_ip_address_ranges", ["1.2.3.4"], ["1.2.3.256"]),
    ("settings/socket_mode_enabled", True, "yes"),
    ("settings/token_rotation_enabled", True, "no"),
    ("settings/org_deploy_enabled", False, 0),
]


def test_valid_manifest_has_no_errors() -> None:
    """A manifest that Slack accepts has no errors."""
    assert manifest_errors(MANIFEST) == []
    assert manifest_errors({"display_information": {"name": "App"}}) == []


@pytest.mark.parametrize(("pointer", "last", "first"), AT_AND_OVER)
def test_each_limit_is_exact(pointer: str, last: object, first: object) -> None:
    """The last allowed value passes; the first forbidden one is reported."""
    assert manifest_errors(changed(pointer, last)) == []
    errors = manifest_errors(changed(pointer, first))
    assert errors
    assert all(error.startswith(f"/{pointer}") for error in errors)


@pytest.mark.parametrize(
    "pointer",
    [
        "extra",
        "display_information/extra",
        "features/extra",
        "features/agent_view/extra",
        SHORTCUT + "extra",
        COMMAND + "extra",
        "oauth_config/extra",
        "oauth_config/scopes/extra",
        "settings/extra",
        EVENTS + "extra",
        "settings/interactivity/extra",
    ],
)
def test_unknown_field_is_rejected(pointer: str) -> None:
    """A misspelt field is an error at every level."""
    [error] = manifest_errors(changed(pointer, "x"))
    assert error.startswith(f"/{pointer}: ")


@pytest.mark.parametrize(
    ("pointer", "value", "named"),
    [
        ("settings/socket_mode_enabled", False, "/settings/event_subscriptions: "),
        ("settings/socket_mode_enabled", False, "/settings/interactivity: "),
        ("settings/socket_mode_enabled", False, "/features/slash_commands/0: "),
        ("oauth_config/scopes/bot", ["app_mentions:read", "commands"], "/features/agent_view: "),
        ("oauth_config/scopes/bot", ["app_mentions:read"], "/features/slash_commands: "),
        ("oauth_config/scopes/bot", ["app_mentions:read"], "/features/shortcuts: "),
        ("oauth_config/scopes/bot", ["commands", "assistant:write"], "app_mentions:read"),
        (EVENTS + "bot_events", ["message.im"], "im:history"),
        (EVENTS + "bot_events", ["message.channels"], "channels:history"),
        ("features/bot_user", None, "/features/bot_user: "),
        ("features/assistant_view", {"assistant_description": "a"}, "/features: "),
        ("settings/interactivity/is_enabled", False, "/settings/interactivity: "),
    ],
)
def test_dependent_parts_are_required(pointer: str, value: object, named: str) -> None:
    """Missing dependencies are reported, such as a request URL or the scope for an event."""
    assert any(named in error for error in manifest_errors(changed(pointer, value)))


@pytest.mark.parametrize("manifest", [None, [], "text", {}, {"display_information": {}}])
def test_arbitrary_data_is_rejected(manifest: object) -> None:
    """Any parsed file is rejected without a crash if it is no manifest."""
    assert manifest_errors(manifest)
