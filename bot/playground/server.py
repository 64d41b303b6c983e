"""The local Slack: serves the Web API on loopback and simulates the people in a workspace."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from aiohttp import web

from bot.playground import snapshot
from bot.playground.api.response_urls import FAULT_METHOD, ResponseUrls
from bot.playground.clock import Clock
from bot.playground.delivery.http_events import HttpEvents
from bot.playground.delivery.outbox import Ack
from bot.playground.emulator import Emulator
from bot.playground.faults import POSTING, STREAMING, Fault
from bot.playground.people.actions import PeopleActions
from bot.playground.people.messages import PeopleMessages
from bot.playground.people.platform import PlatformActions
from bot.playground.people.queries import PeopleQueries
from bot.playground.state.installation import Installation
from bot.playground.state.models import User
from bot.playground.state.workspace import Workspace
from bot.playground.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from bot.playground.faults import Part
    from bot.playground.rate_limits import RateLimits
    from bot.playground.state.models import Json

_TEAM = "T00000001"
_APP = "A00000001"
_MAX_BODY_BYTES = 4 * 1024 * 1024


class LocalSlack(PeopleMessages, PeopleActions, PeopleQueries, PlatformActions):
    """A workspace with one installed app, served while the context is open.

    ```python
    async with LocalSlack() as slack:
        ana = slack.add_user("Ana")
        general = slack.add_channel("general", members=[ana])
        # start the app with slack.api_url, slack.bot_token, slack.app_token
        ts = await slack.post(ana, general, f"<@{slack.bot_user_id}> hello")
        await slack.wait_for(lambda: len(slack.messages(general, ts)) > 1)
    ```

    Events go over Socket Mode until `request_url` is set. `port` 0 picks a free port.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        team_name: str = "Playground",
        bot_name: str = "moa",
    ) -> None:
        clock = clock or Clock()
        workspace = Workspace(clock, team_id=_TEAM, team_name=team_name)
        bot = User(
            workspace.new_id("U"), bot_name, _TEAM, is_bot=True, bot_id=workspace.new_id("B")
        )
        workspace.add_user(bot)
        app = Installation(_APP, bot_name, _TEAM, bot.id, str(bot.bot_id))
        self._emulator = Emulator(clock, workspace, app)
        self._host = host
        self._port = port
        self._http: HttpEvents | None = None
        self._retired: list[HttpEvents] = []
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        port = self._runner.addresses[0][1]
        self._emulator.base_url = f"http://{self._host}:{port}/"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._emulator.outbox.close()
        for http in (*self._retired, *([self._http] if self._http else [])):
            await http.close()
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_BODY_BYTES)
        application.router.add_route("*", "/api/{method}", WebApi(self._emulator).serve)
        application.router.add_post("/response/{key}", ResponseUrls(self._emulator).serve)
        application.router.add_get("/link/", self._emulator.sockets.serve)
        application.router.add_get("/files-pri/{key}/{name:.+}", self._emulator.files.serve)
        application.router.add_post("/upload/v1/{file_id}", self._emulator.files.receive_upload)
        application.router.add_get("/signin", self._emulator.files.sign_in)
        application.on_shutdown.append(self._close_connections)
        return application

    async def _close_connections(self, _application: web.Application) -> None:
        """Close connections after the server has stopped accepting new ones.

        Otherwise the app would reconnect at once.
        """
        self._emulator.files.close()
        await self._emulator.sockets.close()

    # Settings for the app

    @property
    def api_url(self) -> str:
        """The base URL for a Web API client, with a trailing slash."""
        return f"{self._emulator.base_url}api/"

    @property
    def socket_url(self) -> str:
        """The Socket Mode URL; `apps.connections.open` adds a ticket to it."""
        return f"ws://{self._emulator.base_url.removeprefix('http://')}link/"

    @property
    def bot_token(self) -> str:
        """The app's `xoxb-` token."""
        return self._emulator.app.bot_token

    @property
    def app_token(self) -> str:
        """The app's `xapp-` token."""
        return self._emulator.app.app_token

    @property
    def signing_secret(self) -> str:
        """The secret that signs HTTP requests to the app."""
        return self._emulator.app.signing_secret

    @property
    def bot_user_id(self) -> str:
        """The bot's user id, as used in a mention."""
        return self._emulator.app.bot_user_id

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self._emulator.app.team_id

    @property
    def app(self) -> Installation:
        """The app's scopes, event subscriptions and features; all may change at any time."""
        return self._emulator.app

    @property
    def clock(self) -> Clock:
        """The clock that measures every timeout."""
        return self._emulator.clock

    @property
    def rate_limits(self) -> RateLimits:
        """The rate limits, to turn off or to change."""
        return self._emulator.rate_limits

    @property
    def request_url(self) -> str | None:
        """The app's URL for HTTP requests; None while events go over Socket Mode."""
        return self._http.request_url if self._http else None

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        if self._http:
            self._retired.append(self._http)
        self._http = HttpEvents(self._emulator.clock, self._emulator.app, url) if url else None
        self._emulator.outbox.transport = self._http or self._emulator.sockets

    @property
    def http(self) -> HttpEvents:
        """Faults and checks of HTTP mode; RuntimeError until `request_url` is set."""
        if not self._http:
            raise RuntimeError("set request_url first")
        return self._http

    @property
    def connections(self) -> int:
        """The number of open Socket Mode connections."""
        return len(self._emulator.sockets.connections)

    # Faults

    def fail_next(
        self,
        method: str,
        *,
        error: str = "internal_error",
        status: int = 200,
        retry_after: int | str | None = None,
        after_effect: bool = False,
        drop_response: bool = False,
        times: int = 1,
        when: Callable[[Json], bool] | None = None,
        plain: bool = False,
        body: bytes | None = None,
    ) -> None:
        """Fail the next calls of a method; `Fault` explains the arguments."""
        fault = Fault(
            method,
            error,
            status,
            retry_after,
            after_effect,
            drop_response,
            times,
            when,
            plain,
            body,
        )
        self._emulator.faults.add(fault)

    def refuse(
        self, part: Part, *, error: str = "invalid_blocks", methods: Iterable[str] = ()
    ) -> None:
        """Refuse every payload with this part from now on, by any method that posts.

        Responses to an interaction then get the HTTP status 400, as recorded for webhooks
        (slackapi/java-slack-sdk 1017, louislam/uptime-kuma 941).
        """
        faults, before = self._emulator.faults, self._streamed_text
        chosen = {*(methods or (*STREAMING, *POSTING))}
        faults.refuse(part, chosen - {FAULT_METHOD}, error, before)
        faults.refuse(part, chosen & {FAULT_METHOD}, error, before, status=HTTPStatus.BAD_REQUEST)

    def accept(self) -> None:
        """Remove all faults."""
        self._emulator.faults.clear()

    def _streamed_text(self, args: Json) -> str:
        channel = self._emulator.workspace.channels.get(str(args.get("channel")))
        message = channel.messages.get(str(args.get("ts"))) if channel else None
        return message.text if message and message.streaming else ""

    def restrict_history(self) -> None:
        """Apply the thread-reading limits of commercial apps outside the Marketplace."""
        self._emulator.app.restricted_history = True
        self._emulator.rate_limits.set_rate("conversations.replies", per_minute=1, burst=1)

    def delay(self, method: str, seconds: float) -> None:
        """Delay the responses of a method by clock seconds; 0 ends the delay."""
        self._emulator.faults.delays[method] = seconds

    def drop_acks(self, times: int = 1) -> None:
        """Lose the next acknowledgements, so that those events are redelivered at once."""
        self._emulator.outbox.acks_to_drop += times

    async def redeliver(self, event_id: str) -> Ack:
        """Send an event again, as Slack does if it saw no acknowledgement."""
        return await self._emulator.outbox.redeliver(event_id)

    def name_team(self, team_id: str, name: str) -> None:
        """Name an outside organisation."""
        self._emulator.workspace.teams[team_id] = name

    def dump(self) -> str:
        """Return the state as JSON, for `restore`."""
        return snapshot.dump(self._emulator)

    def restore(self, text: str) -> None:
        """Replace the state with one that `dump` returned. Raise ValueError if it isn't one."""
        snapshot.restore(self._emulator, text)

    def emit(self, kind: str, **fields: object) -> None:
        """Send any other event if the app subscribes to it, such as `app_uninstalled`."""
        self._emulator.events.emit(kind, **fields)
