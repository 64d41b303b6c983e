"""Opens the reply to a question: in its thread, or private to the asker of a slash command."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Interrupt, Reply, Run
from bot.slack.markdown.hosts import allowed_hosts
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.ephemeral_reply import EphemeralReply
from bot.slack.reply.thread_reply import ThreadReply


class SlackReplyFactory:
    """`bot.ports.ReplyFactory` in Slack."""

    def __init__(self, reply_context: ReplyContext, link_hosts: Sequence[str]) -> None:
        self._context = reply_context
        self._link_hosts = link_hosts

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """Return the reply to a run's question.

        It may link only to hosts in the asker's own words and in `link_hosts`. A question about a
        brainstorm quotes ideas of models and other people: its reader says which words the asker
        wrote.
        """
        question = run.question
        typed = [] if question.surface == "brainstorm" else [question.text]
        hosts = allowed_hosts(typed, self._link_hosts)
        if question.surface == "command":
            return EphemeralReply(self._context, run, hosts)
        return ThreadReply(self._context, run, hosts, interrupt)
