"""A loopback server with the paths, queries and headers of hosted services, and equally strict."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.models import aws_stream
from tests.models.replies import Reply, Request, Tokens
from tests.models.response import ReplySender
from tests.models.wire_formats import ChatWire, MessagesWire

KEY = "the-key-0123456789"
AWS_SECRET = "aws-secret-0123456789"


@dataclass(frozen=True)
class SeenRequest:
    """A received request; header names are in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class VendorServer:
    """Answers like Azure OpenAI, Bedrock, Vertex, and compatible services with a prefix.

    Args:
        reply: the reply of every model.
        deployments: Azure's deployment names.
        aws_error: sent inside Bedrock's stream after the first event.
        tls: serve https with this certificate.
    """

    def __init__(
        self,
        reply: Reply | None = None,
        *,
        deployments: tuple[str, ...] = ("my-gpt",),
        aws_error: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seen: list[SeenRequest] = []
        self.url = ""
        self._reply = reply or Reply("Paris.")
        self._deployments = deployments
        self._aws_error = aws_error
        self._tls = tls
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/openai/deployments/{name}/chat/completions", self._azure_deployment)
        app.router.add_post("/azure/openai/v1/chat/completions", self._azure_v1)
        app.router.add_post("/model/{model}/invoke-with-response-stream", self._bedrock)
        vertex = "/v1/projects/{project}/locations/{region}/publishers/anthropic/models/{call}"
        app.router.add_post(vertex, self._vertex)
        app.router.add_post("/token", self._token)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/chat/completions", self._chat)
        app.router.add_post("/{prefix:.+}/chat/completions", self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @property
    def last(self) -> SeenRequest:
        """Return the latest request."""
        return self.seen[-1]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _azure_deployment(self, http: web.Request) -> web.StreamResponse:
        await self._record(http)
        if "api-version" not in http.query:
            return _azure_error(404, "404", "Resource not found")
        return await self._azure(http, http.match_info["name"])

    async def _azure_v1(self, http: web.Request) -> web.StreamResponse:
        await self._record(http)
        return await self._azure(http, self.last.body["model"])

    async def _azure(self, http: web.Request, deployment: str) -> web.StreamResponse:
        given = (http.headers.get("api-key"), http.headers.get("Authorization"))
        if given not in {(KEY, None), (None, f"Bearer {KEY}"), (None, f"Bearer {TOKEN}")}:
            return _azure_error(
                401,
                "401",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
                "provide a valid key for an active subscription and use a correct regional API "
                "endpoint for your resource.",
            )
        if deployment not in self._deployments:
            return _azure_error(
                404, "DeploymentNotFound", "The API deployment for this resource does not exist."
            )
        return await self._answer_chat(http)

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        await self._record(http)
        if http.host.endswith(".azure.com"):
            return await self._azure(http, self.last.body["model"])
        return await self._answer_chat(http)

    async def _messages(self, http: web.Request) -> web.StreamResponse:
        await self._record(http)
        request = Request("messages", self.last.body["model"], self.last.body, self.last.headers)
        return await ReplySender(http, request, self._reply, MessagesWire()).run()

    async def _answer_chat(self, http: web.Request) -> web.StreamResponse:
        request = Request("chat", self.last.body["model"], self.last.body, self.last.headers)
        return await ReplySender(http, request, self._reply, ChatWire()).run()

    async def _bedrock(self, http: web.Request) -> web.StreamResponse:
        raw = await self._record(http)
        bearer = http.headers.get("Authorization") == f"Bearer {KEY}"
        if not (bearer or aws_stream.is_signed(http, raw, AWS_SECRET)):
            words = "The security token included in the request is invalid."
            headers = {"x-amzn-ErrorType": "UnrecognizedClientException"}
            return web.json_response({"message": words}, status=403, headers=headers)
        if refused := _unlike_messages(self.last.body):
            return web.json_response({"message": refused}, status=400)
        response = web.StreamResponse(
            headers={"Content-Type": "application/vnd.amazon.eventstream"}
        )
        await response.prepare(http)
        for number, event in enumerate(self._message_events()):
            if number == 1 and self._aws_error:
                await response.write(aws_stream.exception(*self._aws_error))
                break
            await response.write(aws_stream.chunk(event))
        await response.write_eof()
        return response

    def _message_events(self) -> list[bytes]:
        request = Request("messages", "m", self.last.body, self.last.headers)
        wire, tokens = MessagesWire(), Tokens.of(self._reply, request)
        events = [
            *wire.opening("m", tokens),
            *(wire.piece("m", piece) for piece in self._reply.pieces(request)),
            *wire.closing("m", self._reply.stop, tokens),
        ]
        return [event.partition(b"data: ")[2].rstrip() for event in events]

    async def _vertex(self, http: web.Request) -> web.StreamResponse:
        await self._record(http)
        if http.headers.get("Authorization") != f"Bearer {KEY}":
            error = {
                "code": 401,
                "message": "Request had invalid authentication credentials.",
                "status": "UNAUTHENTICATED",
            }
            return web.json_response([{"error": error}], status=401)
        model, _, method = http.match_info["call"].rpartition(":")
        if method != "streamRawPredict" or not self.last.body.get("stream"):
            return web.json_response([{"error": {"code": 404}}], status=404)
        if refused := _unlike_messages({**self.last.body, "stream": None}):
            return web.json_response({"error": {"message": refused}}, status=400)
        request = Request("messages", model, self.last.body, self.last.headers)
        return await ReplySender(http, request, self._reply, MessagesWire()).run()

    async def _token(self, http: web.Request) -> web.StreamResponse:
        form = await http.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return web.json_response({"access_token": KEY, "expires_in": 3600, "token_type": "Bearer"})

    async def _record(self, http: web.Request) -> bytes:
        raw = await http.read()
        headers = {name.lower(): value for name, value in http.headers.items()}
        self.seen.append(
            SeenRequest(http.raw_path.partition("?")[0], http.query, headers, await http.json())
        )
        return raw


TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhenVyZSJ9.c2lnbmF0dXJl"
"""The form of an Entra token."""


def _unlike_messages(body: Mapping[str, Any]) -> str | None:
    if not body.get("anthropic_version"):
        return "anthropic_version: Field required"
    extra = next((name for name in ("model", "stream") if body.get(name) is not None), None)
    return f"{extra}: Extra inputs are not permitted" if extra else None


def _azure_error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
