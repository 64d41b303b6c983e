"""Only HTTP needs Slack's signing secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import open_bot
from bot.errors import ConfigurationError
from bot.playground.server import LocalSlack
from bot.server import serve_socket
from bot.settings import load
from tests.stage import served, variables

CONFIG = """
default_pipeline = "one"
[models.one]
provider = "scripted"
model = "echo"
[pipelines.one]
aggregator = "one"
"""


async def test_socket_mode_starts_without_a_signing_secret(tmp_path: Path) -> None:
    """The two tokens are enough for Socket Mode; HTTP mode names the missing secret."""
    (tmp_path / "moa.toml").write_text(CONFIG, encoding="utf-8")
    async with LocalSlack() as slack:
        known = variables(slack, tmp_path)
        del known["SLACK_SIGNING_SECRET"]
        settings = load(tmp_path, known)
        async with open_bot(settings, mode="socket") as bot:
            async with serve_socket(bot, settings):
                assert await slack.wait_for(lambda: slack.connections) == 1
            async with served(bot) as port:
                slack.request_url = f"http://127.0.0.1:{port}/slack/events"
                slack.app.signing_secret = ""
                ack = await slack.send_interaction(slack.add_user("Ana"), "shortcut")
                assert not ack.acknowledged
        with pytest.raises(ConfigurationError, match="SLACK_SIGNING_SECRET"):
            async with open_bot(settings, mode="http"):
                pass
