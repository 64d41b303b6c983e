"""`moa-bot manifest`: the app's manifest for Slack, and the link that creates the app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bot.manifest import create_app_url, render_manifest, scope_purposes
from bot.playground.api import all_methods
from bot.playground.app_manifest import manifest_errors
from bot.playground.delivery.events import EVENT_SCOPES
from bot.playground.state.installation import BOT_EVENTS, BOT_SCOPES
from bot.slack.routes import ASK_ABOUT, EVENTS
from bot.slack.ui.strings.home import HOME_ASK_SHORTCUT
from tests.cli.command import ROOT, moa_bot, moa_bot_process

MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))

FORMS = [[], ["--http", "https://b.example"], ["--http", "https://b.example:8443/a/slack/events"]]
"""The options of `moa-bot manifest` that change what it prints."""


def filled_in(address: str) -> Any:
    """Return the manifest in a link."""
    return yaml.safe_load(parse_qs(urlsplit(address).query)["manifest_yaml"][0])


def test_the_local_slack_grants_no_more_than_the_manifest() -> None:
    """All features tested there work with the manifest's scopes and events alone."""
    assert sorted(BOT_SCOPES) == MANIFEST["oauth_config"]["scopes"]["bot"]
    assert sorted(BOT_EVENTS) == MANIFEST["settings"]["event_subscriptions"]["bot_events"]


async def test_it_prints_the_manifest_and_the_link(tmp_path: Path) -> None:
    """A pipe gets valid YAML, and the person sees the link that creates the app."""
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
async def test_in_http_mode_slack_gets_the_bots_address(tmp_path: Path, given: str) -> None:
    """Events, buttons and the command use one address, and Socket Mode is off."""
    result = await moa_bot(tmp_path, "manifest", "--http", given)
    manifest = yaml.safe_load(result.out)
    url = "https://b.example/slack/events"
    assert manifest["settings"]["event_subscriptions"]["request_url"] == url
    assert manifest["settings"]["interactivity"]["request_url"] == url
    assert [command["url"] for command in manifest["features"]["slash_commands"]] == [url]
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["oauth_config"] == MANIFEST["oauth_config"]
    assert filled_in(result.err.split()[-1]) == manifest


@pytest.mark.parametrize("options", FORMS, ids=" ".join)
async def test_slack_accepts_every_form(tmp_path: Path, options: list[str]) -> None:
    """The output and the link's manifest respect every limit of Slack's schema."""
    result = await moa_bot(tmp_path, "manifest", *options)
    assert manifest_errors(yaml.safe_load(result.out)) == []
    opened = await moa_bot(tmp_path, "manifest", *options, "--open")
    assert filled_in(opened.out.split()[-1]) == yaml.safe_load(result.out)


async def test_an_address_too_long_for_slack_is_reported(tmp_path: Path) -> None:
    """A command's address may have 3,000 characters: the error names the field."""
    result = await moa_bot(tmp_path, "manifest", "--http", "https://b.example/" + "a" * 3_000)
    assert (result.code, result.out) == (2, "")
    assert "/features/slash_commands/0/url" in result.err


@pytest.mark.parametrize("given", ["https://[::1", "https://b.example/a b", "https://b.example\n"])
async def test_an_invalid_address_is_reported(tmp_path: Path, given: str) -> None:
    """It causes one sentence, not a traceback."""
    result = await moa_bot(tmp_path, "manifest", "--http", given)
    assert (result.code, result.out) == (2, "")
    assert "is not an address that Slack can call" in result.err


async def test_open_shows_slacks_page(tmp_path: Path) -> None:
    """The browser opens the link, which is also printed in case nothing appears."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n', encoding="utf-8")
    browser.chmod(0o755)
    result = await moa_bot_process(
        tmp_path, "manifest", "--open", variables={"BROWSER": str(browser)}
    )
    address = (tmp_path / "opened").read_text(encoding="utf-8")
    assert filled_in(address) == MANIFEST
    assert result.out.split()[-1] == address
    assert result.out.startswith("Opened Slack's create-app page in your browser.")


@pytest.mark.parametrize("broken", [{}, {"BROWSER": "/nowhere/browser"}])
async def test_open_prints_the_link_without_a_browser(
    tmp_path: Path, broken: dict[str, str]
) -> None:
    """On a server the output says what to do with the link."""
    result = await moa_bot_process(tmp_path, "manifest", "--open", variables={"PATH": "", **broken})
    assert result.code == 0
    assert result.out.startswith("No browser found. Open this address")
    assert filled_in(result.out.split()[-1]) == MANIFEST


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_the_documents_link_to_the_prefilled_page(page: str) -> None:
    """The "Create the Slack app" links lead to the page that `moa-bot manifest --open` opens."""
    words = (ROOT / page).read_text(encoding="utf-8")
    assert "[Create the Slack app][create-app]" in words
    [link] = re.findall(r"^\[create-app\]: (\S+)$", words, re.MULTILINE)
    assert link == create_app_url(render_manifest())


def test_the_documents_name_the_shortcuts_as_slack_shows_them() -> None:
    """Readers find each menu entry under the documented name."""
    for shortcut in MANIFEST["features"]["shortcuts"]:
        assert shortcut["name"] in (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
        if shortcut["type"] == "message":
            assert shortcut["name"] in (ROOT / "README.md").read_text(encoding="utf-8")
    [about] = [
        s["name"] for s in MANIFEST["features"]["shortcuts"] if s["callback_id"] == ASK_ABOUT
    ]
    assert about in HOME_ASK_SHORTCUT


def test_it_subscribes_to_the_events_that_have_listeners() -> None:
    """It subscribes to no others; of messages, only to kinds that may be questions."""
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


def test_every_scope_says_its_purpose() -> None:
    """Anybody who installs the app can see it; and each scope exists in Slack."""
    scopes = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert list(scope_purposes()) == scopes
    assert len(set(scopes)) == len(scopes)
    assert all(len(purpose) > 10 for purpose in scope_purposes().values())
    assert set(scopes) <= BOT_SCOPES


def test_people_can_write_to_the_app() -> None:
    """Its messages tab allows writing, and buttons reach it."""
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]


def test_every_scope_is_needed() -> None:
    """Each is required by a subscribed event, a called method, or a feature."""
    source = "\n".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "bot" / "slack").rglob("*.py")
    )
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    called = [m for name, m in all_methods().items() if name.replace(".", "_") in source]
    needed = {EVENT_SCOPES[event] for event in events if event in EVENT_SCOPES}
    needed |= {scope for method in called for scope in method.scopes}
    needed |= {"commands"} if MANIFEST["features"]["slash_commands"] else set()
    needed |= {"files:read"} if "url_private" in source else set()
    needed |= {"files:write"} if "files_upload_v2" in source else set()
    needed |= {"metadata.message:read"} if "include_all_metadata" in source else set()
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) <= needed


def test_it_says_that_replies_are_ai_generated() -> None:
    """People can read it in the app's profile before they rely on a reply."""
    about = MANIFEST["display_information"]["long_description"]
    assert "AI-generated and may be wrong" in about
