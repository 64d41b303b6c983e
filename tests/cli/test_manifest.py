"""`moa-bot manifest`: what Slack is told about the app, and the address that creates it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bot.manifest import purposes
from bot.playground.state.installation import BOT_EVENTS, BOT_SCOPES
from bot.slack.routes import EVENTS
from tests.cli.command import ROOT, moa_bot

MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))


def filled_in(address: str) -> Any:
    """The manifest that an address carries to Slack."""
    return yaml.safe_load(parse_qs(urlsplit(address).query)["manifest_yaml"][0])


async def test_it_prints_the_manifest_and_the_address(tmp_path: Path) -> None:
    """A pipe gets valid YAML, and the person sees the address that is filled in with it."""
    result = await moa_bot(tmp_path, "manifest")
    assert result.code == 0
    assert yaml.safe_load(result.out) == MANIFEST
    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") in result.out
    address = result.err.split()[-1]
    assert address in result.out
    assert address.startswith("https://api.slack.com/apps?new_app=1&manifest_yaml=")
    assert filled_in(address) == MANIFEST
    assert len(address) < 4096


@pytest.mark.parametrize("given", ["https://b.example", "https://b.example/slack/events"])
async def test_for_http_slack_is_told_where_to_call(tmp_path: Path, given: str) -> None:
    """Events, buttons and the command all go to one address, and Socket Mode is off."""
    result = await moa_bot(tmp_path, "manifest", "--http", given)
    manifest = yaml.safe_load(result.out)
    url = "https://b.example/slack/events"
    assert manifest["settings"]["event_subscriptions"]["request_url"] == url
    assert manifest["settings"]["interactivity"]["request_url"] == url
    assert [command["url"] for command in manifest["features"]["slash_commands"]] == [url]
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["oauth_config"] == MANIFEST["oauth_config"]
    assert filled_in(result.err.split()[-1]) == manifest


def test_slacks_limits_are_kept() -> None:
    """Lengths by https://docs.slack.dev/reference/app-manifest."""
    shown = MANIFEST["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert len(MANIFEST["features"]["agent_view"]["agent_description"]) <= 300
    prompts = MANIFEST["features"]["agent_view"]["suggested_prompts"]
    assert 1 <= len(prompts) <= 4
    assert all(set(prompt) == {"title", "message"} for prompt in prompts)
    for command in MANIFEST["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_it_asks_for_the_events_that_are_listened_for() -> None:
    """No more, which nobody would answer, and no less; of messages, those that may be questions."""
    asked = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    assert {event.partition(".")[0] for event in asked} == set(EVENTS)
    assert asked == {
        "agent_session_stopped",
        "app_home_opened",
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
    }
    assert asked <= BOT_EVENTS


def test_every_scope_says_what_it_serves() -> None:
    """Whoever installs the app can see why; and each of them is one that Slack has."""
    scopes = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert list(purposes()) == scopes
    assert len(set(scopes)) == len(scopes)
    assert all(len(purpose) > 10 for purpose in purposes().values())
    assert set(scopes) <= BOT_SCOPES


def test_whoever_writes_to_the_app_is_heard() -> None:
    """Its messages tab is open for writing, and buttons reach it."""
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]
