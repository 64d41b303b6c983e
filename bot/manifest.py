"""The Slack app's manifest: as it lies in the repository, for HTTP, and as an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from bot.errors import ConfigurationError
from bot.playground.app_manifest import manifest_errors

NAME = "manifest.yml"
CREATE_APP = "https://api.slack.com/apps?new_app=1&manifest_yaml="
"""Slack's page for a new app. Source: https://docs.slack.dev/app-manifests, sharing manifests."""

EVENTS_PATH = "/slack/events"

_PURPOSE = re.compile(r"^ +- ([a-z_.]+(?::[a-z.]+)?) # (.+)$", re.MULTILINE)
_WIDTH = 10_000
"""Of a line in the address, where a line break is three characters long."""


def text(base_url: str | None = None) -> str:
    """The manifest as YAML.

    Args:
        base_url: where Slack reaches this bot, for HTTP; None for Socket Mode.

    Raises:
        ConfigurationError: when it is no https address, or one that Slack would refuse.
    """
    manifest = _path().read_text(encoding="utf-8")
    if base_url is None:
        return manifest
    served = _for_http(yaml.safe_load(manifest), _request_url(base_url))
    if errors := manifest_errors(served):
        raise ConfigurationError(
            "\n".join(["Slack would refuse the manifest for this address:", *errors])
        )
    return yaml.safe_dump(served, sort_keys=False, allow_unicode=True, width=100)


def address(manifest: str) -> str:
    """The address of Slack's page that creates an app, filled in with this manifest."""
    bare = yaml.safe_dump(
        yaml.safe_load(manifest), sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return f"{CREATE_APP}{quote(bare, safe='')}"


def purposes() -> Mapping[str, str]:
    """Each scope that the manifest asks for, with what it serves."""
    manifest = _path().read_text(encoding="utf-8")
    scopes = yaml.safe_load(manifest)["oauth_config"]["scopes"]["bot"]
    return {name: purpose for name, purpose in _PURPOSE.findall(manifest) if name in scopes}


def _path() -> Path:
    """Beside this file where it was installed, at the top of the repository otherwise."""
    here = Path(__file__).with_name(NAME)
    return here if here.exists() else here.parent.parent / NAME


def _request_url(base_url: str) -> str:
    try:
        url = urlsplit(base_url)
    except ValueError:
        url = urlsplit("")
    if url.scheme != "https" or not url.hostname or re.search(r"[\s?#]", base_url):
        raise ConfigurationError(
            f'--http "{base_url}" is not an address that Slack can call. '
            "Write it as https://your.host"
        )
    return base_url.rstrip("/").removesuffix(EVENTS_PATH) + EVENTS_PATH


def _for_http(manifest: dict[str, Any], request_url: str) -> dict[str, Any]:
    settings, features = manifest["settings"], manifest["features"]
    settings["socket_mode_enabled"] = False
    settings["event_subscriptions"] = {
        "request_url": request_url,
        **settings["event_subscriptions"],
    }
    settings["interactivity"]["request_url"] = request_url
    features["slash_commands"] = [
        {"command": command["command"], "url": request_url, **command}
        for command in features["slash_commands"]
    ]
    return manifest
