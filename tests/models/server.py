"""A scriptable model server on loopback, for every test that needs real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from aiohttp import web

from tests.models.replies import Api, Reply, Request
from tests.models.response import ReplySender
from tests.models.wire_formats import ChatWire, MessagesWire, Wire

if TYPE_CHECKING:
    from types import TracebackType

Answers = Reply | Sequence[Reply]


class ModelServer:
    """Speaks OpenAI's Chat Completions and Anthropic's Messages on a free port of 127.0.0.1.

        async with ModelServer({"gpt": Reply("Hello."), "bad": Reply(fault=Status(500))}) as server:
            ...  # OPENAI_BASE_URL=server.openai_url, ANTHROPIC_BASE_URL=server.anthropic_url
            await server.asked(1)
            assert server.requests[0].turns == [("user", "Hi")]

    Pages: `/v1/chat/completions`, `/v1/messages`, `/v1/models`, `/v1/models/{name}` (in Anthropic's
    form if the request has an `anthropic-version`). Each model answers as configured; from a list
    of replies each call uses the next, and the last one is repeated. A model not in the table gets
    the API's own 404, unless there is a `default`.

    Args:
        models: each model's reply.
        default: the reply of all other models.
        key: if given, any other key gets the API's own 401.
        has_model_pages: False for a compatible server without `/v1/models/{name}`.
        pages: further pages by path, as JSON, such as Ollama's `/api/tags`.
        owner: the owner of the models in the list, such as "vllm".

    Attributes:
        models: the table; a test may change it at any time.
        requests: all requests in the order of arrival.
    """

    def __init__(
        self,
        models: Mapping[str, Answers] | None = None,
        *,
        default: Reply | None = None,
        key: str | None = None,
        has_model_pages: bool = True,
        pages: Mapping[str, object] | None = None,
        owner: str = "loopback",
    ) -> None:
        self.models: dict[str, Answers] = dict(models or {})
        self.requests: list[Request] = []
        self._default = default
        self._key = key
        self._has_model_pages = has_model_pages
        self._pages = dict(pages or {})
        self._owner = owner
        self._served: dict[str, int] = {}
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._address = ""

    @property
    def url(self) -> str:
        """Return the server's root."""
        return self._address

    @property
    def openai_url(self) -> str:
        """Return the value for `OPENAI_BASE_URL`."""
        return f"{self._address}/v1"

    @property
    def anthropic_url(self) -> str:
        """Return the value for `ANTHROPIC_BASE_URL`."""
        return self._address

    @property
    def connections(self) -> int:
        """Return the number of open connections, including idle ones."""
        assert self._runner is not None
        assert self._runner.server is not None
        return len(self._runner.server.connections)

    @property
    def questions(self) -> list[Request]:
        """Return the requests for an answer, without those for lists of models."""
        return [request for request in self.requests if request.api != "models"]

    async def asked(self, count: int) -> Request:
        """Wait until this many requests have arrived, and return the last of them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    async def questions_ended(self, count: int) -> None:
        """Wait until this many answers are sent or broken off."""
        await self.asked(count)
        for request in self.questions[:count]:
            await request.ended.wait()

    async def all_closed(self) -> None:
        """Wait until the clients have closed every connection."""
        while self.connections:  # noqa: ASYNC110 - aiohttp has no event for the end of a connection
            await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/messages", self._messages),
                web.get("/v1/models", self._list),
                web.get("/v1/models/{name:.+}", self._model),
                *(web.get(path, self._page) for path in self._pages),
            ]
        )
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, "chat", ChatWire())

    async def _messages(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, "messages", MessagesWire())

    async def _list(self, http: web.Request) -> web.StreamResponse:
        wire = _wire_of(http)
        await self._record(http, "models", "")
        listed = [{**wire.described(name), "owned_by": self._owner} for name in self.models]
        return self._refused(http, wire) or web.json_response({"object": "list", "data": listed})

    async def _page(self, http: web.Request) -> web.StreamResponse:
        return web.json_response(self._pages[http.path])

    async def _model(self, http: web.Request) -> web.StreamResponse:
        wire = _wire_of(http)
        name = http.match_info["name"]
        await self._record(http, "models", name)
        if refused := self._refused(http, wire):
            return refused
        if not self._has_model_pages:
            return web.Response(status=404, text="404 page not found")
        if name not in self.models and self._default is None:
            return web.json_response(wire.error(404), status=404)
        return web.json_response(wire.described(name))

    async def _answer(self, http: web.Request, api: Api, wire: Wire) -> web.StreamResponse:
        body = await http.json()
        request = await self._record(http, api, body["model"], body)
        try:
            if refused := self._refused(http, wire):
                return refused
            reply = self._next(request.model)
            if reply is None:
                return web.json_response(wire.error(404), status=404)
            return await ReplySender(http, request, reply.limited(request), wire).run()
        except (asyncio.CancelledError, ConnectionError):
            request.closed_early = True
            raise
        finally:
            request.ended.set()

    async def _record(
        self, http: web.Request, api: Api, model: str, body: Mapping[str, object] | None = None
    ) -> Request:
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = Request(api, model, body or {}, headers)
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        return request

    def _refused(self, http: web.Request, wire: Wire) -> web.Response | None:
        given = {http.headers.get("Authorization"), f"Bearer {http.headers.get('x-api-key')}"}
        if self._key is None or f"Bearer {self._key}" in given:
            return None
        return web.json_response(wire.error(401), status=401)

    def _next(self, model: str) -> Reply | None:
        replies = self.models.get(model, self._default)
        if replies is None or isinstance(replies, Reply):
            return replies
        turn = self._served.get(model, 0)
        self._served[model] = turn + 1
        return replies[min(turn, len(replies) - 1)]


def _wire_of(http: web.Request) -> Wire:
    return MessagesWire() if "anthropic-version" in http.headers else ChatWire()
