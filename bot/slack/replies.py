"""Which kind of reply a question gets, by where it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Interrupt, Reply, Run, Runs
from bot.slack.links import allowed_hosts
from bot.slack.private_reply import PrivateReply
from bot.slack.reply import SlackReply


class SlackReplies:
    """`bot.ports.Replies` on Slack."""

    def __init__(
        self,
        client: AsyncWebClient,
        runs: Runs,
        link_hosts: Sequence[str],
        *,
        reveals: bool = True,
    ) -> None:
        self._reveals = reveals
        self._client = client
        self._runs = runs
        self._link_hosts = link_hosts

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """The reply to a run's question. Only hosts in the asker's own words may be linked."""
        allowed = allowed_hosts([run.question.text], self._link_hosts)
        if run.question.surface == "command":
            return PrivateReply(self._client, run, allowed, reveals=self._reveals)
        return SlackReply(self._client, run, self._runs, allowed, interrupt, reveals=self._reveals)
