"""The Web API over HTTP: parses calls, runs the method and records call and response."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.api import all_methods
from bot.playground.api.api_call import ApiCall, require_scope
from bot.playground.checks.payload_errors import is_object
from bot.playground.errors import SlackError
from bot.playground.state.models import CallRecord

if TYPE_CHECKING:
    from bot.playground.api.api_call import ApiMethod
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Json

_JSON = "application/json"
_APP_TOKEN_ONLY = "not_allowed_token_type"  # noqa: S105 - an error code


class WebApi:
    """Serves `/api/<method>` for POST and GET, with JSON or form bodies."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._methods = all_methods()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Handle one call."""
        name = request.match_info["method"]
        try:
            args = await _read_args(request)
        except SlackError as error:
            return self._respond(name, {}, error.to_json(), error)
        token = _token(request, args)
        fault = self._emulator.faults.next_fault(name, args)
        error: SlackError | None = None
        body: Json = {}
        if not fault or fault.after_effect:
            try:
                body = self._run(name, args, token)
            except SlackError as raised:
                body, error = raised.to_json(), raised
        if delay := self._emulator.faults.delays.get(name):
            await self._emulator.clock.sleep(delay)
        if fault:
            error = SlackError(fault.error, status=fault.status, retry_after=fault.retry_after)
            body = error.to_json()
        response = self._respond(name, args, body, error)
        if fault and fault.drop_response and request.transport:
            request.transport.abort()
        if fault and fault.plain:
            return web.Response(text=fault.error, status=fault.status)
        if fault and fault.body is not None:
            return web.Response(body=fault.body, status=fault.status, content_type=_JSON)
        return response

    def _run(self, name: str, args: Json, token: str) -> Json:
        method = self._methods.get(name)
        if not method or (method.feature and method.feature not in self._emulator.app.features):
            raise SlackError(method.feature_error if method else "unknown_method")
        self._authenticate(method, token)
        self._emulator.rate_limits.consume(name, str(args.get("channel", "")))
        require_scope(self._emulator.app, method.scopes)
        return {"ok": True, **method.handle(ApiCall(self._emulator, args))}

    def _authenticate(self, method: ApiMethod, token: str) -> None:
        app = self._emulator.app
        if method.token == "none":  # noqa: S105 - the kind of a token
            return
        if not token:
            raise SlackError("not_authed")
        is_bot = hmac.compare_digest(token.encode(), app.bot_token.encode())
        is_app = hmac.compare_digest(token.encode(), app.app_token.encode())
        if app.revoked and (is_bot or is_app):
            raise SlackError("token_revoked")
        if not (is_bot or is_app):
            raise SlackError("invalid_auth")
        if is_app != (method.token == "app"):  # noqa: S105 - the kind of a token
            raise SlackError(_APP_TOKEN_ONLY)

    def _respond(self, name: str, args: Json, body: Json, error: SlackError | None) -> web.Response:
        status = error.status if error else 200
        workspace = self._emulator.workspace
        workspace.calls.append(CallRecord(name, args, self._emulator.clock.now(), status, body))
        workspace.notify_changed()
        headers = {"x-oauth-scopes": ",".join(sorted(self._emulator.app.scopes))}
        if method := self._methods.get(name):
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        if error and error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        return web.json_response(body, status=status, headers=headers)


async def _read_args(request: web.Request) -> Json:
    """Return the arguments in query and body; raise `invalid_json` or `json_not_object`."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not is_object(body):
            raise SlackError("json_not_object")
        return args | body
    if request.can_read_body:
        args |= {key: value for key, value in (await request.post()).items() if value != ""}
    return args


def _token(request: web.Request, args: Json) -> str:
    """Return the token and remove it from the arguments, so that no call record contains it."""
    in_args = str(args.pop("token", "") or "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else in_args
