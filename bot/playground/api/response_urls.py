"""Answers to an interaction or a command: at its response_url, or with its acknowledgement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from bot import slack_limits
from bot.playground.checks.payload_errors import is_object
from bot.playground.checks.payloads import parse_content
from bot.playground.errors import SlackError
from bot.playground.posts import PostOptions, post, remove, revise

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator, ResponseUrl
    from bot.playground.state.models import Json, SlackMessage

SCRIPTED = "response_url"
"""The name under which a test scripts a refusal here; it counts as a use."""

_GONE = 404


class ResponseUrls:
    """The endpoint of the response URLs: five uses of each, in half an hour."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def serve(self, request: web.Request) -> web.Response:
        """One use; `ok` as plain text, or an error's JSON."""
        try:
            grant = self._take(request.match_info["key"])
            body = _read(await request.text())
            self._strike(body)
            answer(self._emulator, grant, body)
        except SlackError as refused:
            return web.json_response(refused.to_json(), status=refused.status)
        return web.Response(text="ok")

    def _strike(self, body: Json) -> None:
        fault = self._emulator.faults.next_fault(SCRIPTED, body)
        if fault:
            raise SlackError(fault.error, status=fault.status)

    def _take(self, key: str) -> ResponseUrl:
        grant = self._emulator.response_urls.get(key)
        if not grant:
            raise SlackError("invalid_url", status=_GONE)
        if self._emulator.clock.now() - grant.at > slack_limits.RESPONSE_URL_SECONDS:
            raise SlackError("expired_url", status=_GONE)
        if grant.uses >= slack_limits.RESPONSE_URL_USES:
            raise SlackError("used_url", status=_GONE)
        grant.uses += 1
        return grant


def answer(emulator: Emulator, grant: ResponseUrl, body: Json) -> SlackMessage | None:
    """Carry out one answer: delete or replace the original, or post beside it.

    Returns the message that is shown, None after a deletion. Raises what `read_content` raises, and
    SlackError `message_not_found` for an original that is there no more.
    """
    original = grant.message
    if body.get("delete_original"):
        if original:
            _require(emulator, original)
            remove(emulator, original)
        return None
    content = parse_content(body)
    if body.get("replace_original") and original:
        _require(emulator, original)
        revise(emulator, original, content)
        return original
    shown_to_all = body.get("response_type") == "in_channel"
    unfurls = body.get("unfurl_links") is not False or body.get("unfurl_media") is not False
    options = PostOptions(
        thread_ts=body.get("thread_ts"),
        unfurls=unfurls,
        ephemeral_for=None if shown_to_all else grant.user,
    )
    return post(emulator, emulator.workspace.channels[grant.channel], content, options)


def _require(emulator: Emulator, message: SlackMessage) -> None:
    """The original must stand: a second click may find it deleted by the first."""
    workspace = emulator.workspace
    if message.ephemeral_for:
        stands = message in workspace.ephemerals
    else:
        kept = workspace.channels[message.channel].messages.get(message.ts)
        stands = kept is message and message.subtype != "tombstone"
    if not stands:
        raise SlackError("message_not_found", status=_GONE)


def _read(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as unreadable:
        raise SlackError("invalid_payload", status=400) from unreadable
    if not is_object(body):
        raise SlackError("invalid_payload", status=400)
    return body
