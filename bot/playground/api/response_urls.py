"""Responses to an interaction or command, by its response_url or its acknowledgement."""

from __future__ import annotations

import json
from http import HTTPStatus
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

FAULT_METHOD = "response_url"
"""The method name for faults of this endpoint. A failed request still counts as a use."""


class ResponseUrls:
    """Serves the response URLs: five uses each within half an hour."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def serve(self, request: web.Request) -> web.Response:
        """Handle one request. Respond with `ok` as plain text, or the error as JSON.

        Content that Slack refuses gets the HTTP status 400 here, not 200 as in the Web API
        (slackapi/java-slack-sdk 1017, louislam/uptime-kuma 941).
        """
        try:
            response_url = self._use(request.match_info["key"])
            body = _parse_body(await request.text())
            self._raise_fault(body)
            apply_response(self._emulator, response_url, body)
        except SlackError as error:
            status = HTTPStatus.BAD_REQUEST if error.status == HTTPStatus.OK else error.status
            return web.json_response(error.to_json(), status=status)
        return web.Response(text="ok")

    def _raise_fault(self, body: Json) -> None:
        fault = self._emulator.faults.next_fault(FAULT_METHOD, body)
        if fault:
            raise SlackError(fault.error, status=fault.status)

    def _use(self, key: str) -> ResponseUrl:
        response_url = self._emulator.response_urls.get(key)
        if not response_url:
            raise SlackError("invalid_url", status=HTTPStatus.NOT_FOUND)
        if self._emulator.clock.now() - response_url.created_at > slack_limits.RESPONSE_URL_SECONDS:
            raise SlackError("expired_url", status=HTTPStatus.NOT_FOUND)
        if response_url.uses >= slack_limits.RESPONSE_URL_USES:
            raise SlackError("used_url", status=HTTPStatus.NOT_FOUND)
        response_url.uses += 1
        return response_url


def apply_response(
    emulator: Emulator, response_url: ResponseUrl, body: Json
) -> SlackMessage | None:
    """Apply one response: delete or replace the original message, or post a new one.

    Returns the visible message, or None after a deletion. Raises what `parse_content` raises, and
    SlackError `message_not_found` if the original no longer exists.
    """
    original = response_url.message
    if body.get("delete_original"):
        if original:
            _require_exists(emulator, original)
            remove(emulator, original)
        return None
    content = parse_content(body)
    if body.get("replace_original") and original:
        _require_exists(emulator, original)
        revise(emulator, original, content)
        return original
    in_channel = body.get("response_type") == "in_channel"
    unfurls = body.get("unfurl_links") is not False or body.get("unfurl_media") is not False
    channel = emulator.workspace.channels[response_url.channel]
    thread_ts = body.get("thread_ts")
    options = PostOptions(
        thread_ts=thread_ts if thread_ts and channel.has_root(thread_ts) else None,
        unfurls=unfurls,
        ephemeral_for=None if in_channel else response_url.user,
    )
    return post(emulator, channel, content, options)


def _require_exists(emulator: Emulator, message: SlackMessage) -> None:
    """Raise `message_not_found` if a first click has already deleted the original."""
    workspace = emulator.workspace
    if message.ephemeral_for:
        exists = message in workspace.ephemerals
    else:
        stored = workspace.channels[message.channel].messages.get(message.ts)
        exists = stored is message and message.subtype != "tombstone"
    if not exists:
        raise SlackError("message_not_found", status=HTTPStatus.NOT_FOUND)


def _parse_body(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise SlackError("invalid_payload", status=HTTPStatus.BAD_REQUEST) from error
    if not is_object(body):
        raise SlackError("invalid_payload", status=HTTPStatus.BAD_REQUEST)
    return body
