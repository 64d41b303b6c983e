"""Sharing a private reply in the channel it was asked in, by the person who asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Run, Runs
from bot.slack import words
from bot.slack.blocks import SHOW_ANSWERS, Block, button, context, markdown
from bot.slack.inbound import readable
from bot.slack.links import allowed_hosts
from bot.slack.people import People
from bot.slack.pieces import cut
from bot.slack.reveal import visitor_of
from bot.slack.text import escape_mrkdwn, safe_markdown, shorten

log = structlog.get_logger(__name__)

QUESTION_LIMIT = 300


class Sharing:
    """Posts a private reply where its question was asked, once its asker says so."""

    def __init__(self, runs: Runs, people: People, link_hosts: list[str]) -> None:
        self._runs = runs
        self._people = people
        self._link_hosts = link_hosts

    async def share(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """The button under a private reply was clicked."""
        await ack()
        visitor = visitor_of(body)
        run = await self._runs.get(str(body["actions"][0].get("value")))
        asked = run and (run.question.team, run.question.user, run.question.channel)
        if run is None or not run.reply or asked != (visitor.team, visitor.user, visitor.channel):
            await respond(words.NOT_SHARED, replace_original=False)
            return
        blocks, text = await self._message(run)
        # By the response_url it can be posted in channels that we are no member of.
        answer = await respond(
            text=text,
            blocks=blocks,
            response_type="in_channel",
            replace_original=False,
            delete_original=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        if answer.status_code == 200:  # noqa: PLR2004 - HTTP's OK
            await respond(delete_original=True)
        else:
            log.info("not_shared", status=answer.status_code)

    async def _message(self, run: Run) -> tuple[list[Block], str]:
        allowed = allowed_hosts([run.question.text], self._link_hosts)
        asked = await readable(run.question.text, self._people.name)
        name = await self._people.name(run.question.user)
        title = words.SHARED_BY.format(
            user=escape_mrkdwn(name), question=escape_mrkdwn(shorten(asked, QUESTION_LIMIT))
        )
        head, rest = cut(safe_markdown(run.reply, allowed))
        more = [context(words.SHARED_SHORTENED)] if rest else []
        actions: Block = {
            "type": "actions",
            "elements": [button(words.SHOW_ANSWERS, SHOW_ANSWERS, run.id)],
        }
        return [context(title), markdown(head), *more, actions], title
