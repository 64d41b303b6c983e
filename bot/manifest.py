"""Renders the Slack app's manifest for Socket Mode or HTTP, and as a link that creates the app."""

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
_SAFE = ":,/"
"""Characters that a query may contain unescaped (RFC 3986, section 3.4). URLs of over 4,095
characters do not work everywhere."""

_WIDTH = 10_000
"""Line width in the link, where each line break would cost three characters."""


def render_manifest(base_url: str | None = None) -> str:
    """Return the manifest as YAML.

    Args:
        base_url: where Slack reaches this bot over HTTP; None for Socket Mode.

    Raises:
        ConfigurationError: the address isn't https, or Slack would reject the manifest.
    """
    manifest = _manifest_path().read_text(encoding="utf-8")
    if base_url is None:
        return manifest
    http_manifest = _for_http(yaml.safe_load(manifest), _request_url(base_url))
    if errors := manifest_errors(http_manifest):
        raise ConfigurationError(
            "\n".join(["Slack would reject the manifest for this address:", *errors])
        )
    return yaml.safe_dump(http_manifest, sort_keys=False, allow_unicode=True, width=100)


def create_app_url(manifest: str) -> str:
    """Return the link to Slack's create-app page with this manifest filled in."""
    compact = yaml.safe_dump(
        yaml.safe_load(manifest), sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return f"{CREATE_APP}{quote(compact, safe=_SAFE)}"


def scope_purposes() -> Mapping[str, str]:
    """Return the manifest's scopes and the purpose of each."""
    manifest = _manifest_path().read_text(encoding="utf-8")
    scopes = yaml.safe_load(manifest)["oauth_config"]["scopes"]["bot"]
    return {name: purpose for name, purpose in _PURPOSE.findall(manifest) if name in scopes}


def _manifest_path() -> Path:
    """Find the manifest: next to this file if installed, otherwise at the top of the repository."""
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
            "Use the form https://your.host"
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
