"""Which kind of reply a question gets, by where it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Interrupt, Reply, Run
from bot.slack.frame import Frame
from bot.slack.hosts import allowed_hosts
from bot.slack.private_reply import PrivateReply
from bot.slack.reply import SlackReply


class SlackReplies:
    """`bot.ports.Replies` on Slack."""

    def __init__(self, frame: Frame, link_hosts: Sequence[str]) -> None:
        self._frame = frame
        self._link_hosts = link_hosts

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """The reply to a run's question. Only hosts in the asker's own words may be linked."""
        allowed = allowed_hosts([run.question.text], self._link_hosts)
        if run.question.surface == "command":
            return PrivateReply(self._frame, run, allowed)
        return SlackReply(self._frame, run, allowed, interrupt)
