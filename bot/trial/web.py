"""The page's routes: pages, live updates, and people's actions."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.playground.errors import UnknownInWorkspaceError
from bot.trial import cast
from bot.trial.actions import ACTIONS, ActionContext, Refused
from bot.trial.draw.page import draw
from bot.trial.draw.regions import PAGE_SIZE, Place, RegionDrawer, channel_name, without_tokens
from bot.trial.window import NotVisibleError, Window

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.playground.server import LocalSlack
    from bot.playground.state.models import Channel
    from bot.trial.bot_runner import BotRunner
    from bot.trial.live import LiveUpdates
    from bot.trial.stage_set import AppFeatures

THEMES: Final = frozenset({"light", "dark"})
THEME_COOKIE: Final = "moa_try_theme"
_MAX_SHOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class TrialPage:
    """The services that the routes use."""

    slack: LocalSlack
    app: AppFeatures
    runner: BotRunner
    regions: RegionDrawer
    live: LiveUpdates

    def window(self, slug: str) -> Window:
        """Return a person's window. Raise NotVisibleError if there is no such person."""
        person = next((each for each in cast.PEOPLE if each.slug == slug), None)
        users = [each for each in self.slack.everybody if person and each.name == person.name]
        if not users:
            raise NotVisibleError(slug)
        return Window(self.slack, users[0], self.app)

    def place(self, request: Request, window: Window) -> Place:
        """Return the location of a request's page."""
        path = request.path_params
        channel = window.conversation(str(path["channel"]))
        shown = request.query_params.get("shown", "")
        count = int(shown) if shown.isascii() and shown.isdigit() else PAGE_SIZE
        is_home = request.url.path.endswith("/home") or request.query_params.get("tab") == "home"
        return Place(
            slug=str(path["person"]),
            channel=channel,
            tab="home" if is_home and channel.kind == "im" else "messages",
            thread_ts=path.get("thread") or request.query_params.get("thread") or None,
            shown=max(1, min(count, _MAX_SHOWN)),
        )


class TrialRoutes:
    """Answers the page's requests."""

    def __init__(self, page: TrialPage) -> None:
        self._page = page

    async def index(self, _request: Request) -> Response:
        """Redirect to the first example."""
        slug = cast.PEOPLE[0].slug
        return RedirectResponse(_first_thread(self._page.window(slug), slug), status_code=303)

    async def person(self, request: Request) -> Response:
        """Redirect to a person's most used conversation."""
        slug = str(request.path_params["person"])
        return RedirectResponse(_first_room(self._page.window(slug), slug), status_code=303)

    async def show(self, request: Request) -> Response:
        """Show a page."""
        window = self._page.window(str(request.path_params["person"]))
        place = self._page.place(request, window)
        if place.channel.kind == "im":
            await window.open_app(place.tab)
        return HTMLResponse(_draw_page(self._page, window, place, request))

    async def events(self, request: Request) -> Response:
        """Stream the live updates of a page."""
        window = self._page.window(str(request.path_params["person"]))
        place = self._page.place(request, window)
        stream = self._page.live.follow(lambda: self._page.regions.draw(window, place))
        return StreamingResponse(stream, media_type="text/event-stream")

    async def act(self, request: Request) -> Response:
        """Do what a person's click or form asks for."""
        window = self._page.window(str(request.path_params["person"]))
        action = ACTIONS.get(str(request.path_params["action"]))
        if not action:
            raise NotVisibleError(request.url.path)
        values, files = await _body(request)
        answer = await action(ActionContext(window, self._page.runner, values, files))
        return JSONResponse(answer)

    async def call(self, request: Request) -> Response:
        """Show one of the bot's calls to Slack."""
        record = self._page.window(cast.PEOPLE[0].slug).call(int(request.path_params["number"]))
        shown = [without_tokens(_pretty(part)) for part in (record.args, record.response)]
        html = draw("call.html", arguments=shown[0], answer=shown[1], status=record.status)
        return HTMLResponse(html)

    async def file(self, request: Request) -> Response:
        """Download a file."""
        return _download(self._page, str(request.path_params["file"]))


def trial_app(page: TrialPage) -> Starlette:
    """Build the app. `bot.trial.security.Gate` must guard it."""
    routes = TrialRoutes(page)
    return Starlette(
        routes=[
            Route("/", routes.index),
            Route("/as/{person}", routes.person),
            Route("/as/{person}/", routes.person),
            Route("/as/{person}/act/{action}", routes.act, methods=["POST"]),
            Route("/as/{person}/{channel}", routes.show),
            Route("/as/{person}/{channel}/home", routes.show),
            Route("/as/{person}/{channel}/events", routes.events),
            Route("/as/{person}/{channel}/thread/{thread}", routes.show),
            Route("/call/{number:int}", routes.call),
            Route("/file/{file}", routes.file),
            Mount("/static", StaticFiles(packages=[("bot.trial", "static")])),
        ],
        exception_handlers={
            NotVisibleError: _not_found,
            UnknownInWorkspaceError: _not_found,
            Refused: _refuse,
        },
    )


async def _not_found(_request: Request, _error: Exception) -> Response:
    html = draw("refused.html", title="Nothing here", text="This person can't see that.")
    return HTMLResponse(html, status_code=404)


async def _refuse(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), status_code=400)


def _first_room(window: Window, slug: str) -> str:
    return f"/as/{slug}/{window.conversations_by_use()[0].id}"


def _first_thread(window: Window, slug: str) -> str:
    """Return the address of the first example, or of the first channel if the example is gone."""
    room = window.conversations_by_use()[0]
    under = cast.EXAMPLES[0].under
    found = [m.ts for m in window.messages(room) if m.text.startswith(under)]
    return Place(slug, room).with_thread(found[0]) if found else _first_room(window, slug)


async def _body(request: Request) -> tuple[dict[str, Any], dict[str, list[tuple[str, bytes]]]]:
    """Parse a form: its JSON in "values", and its files by field."""
    files: dict[str, list[tuple[str, bytes]]] = {}
    async with request.form(max_files=10, max_part_size=1_000_000) as form:
        for name, value in form.multi_items():
            if not isinstance(value, str):
                files.setdefault(name, []).append((value.filename or "file", await value.read()))
        text = form.get("values", "{}")
        try:
            values = json.loads(text if isinstance(text, str) else "")
        except ValueError:
            raise Refused("not JSON") from None
    if not isinstance(values, dict):
        raise Refused("not a JSON object")
    return values, files


def _draw_page(page: TrialPage, window: Window, place: Place, request: Request) -> str:
    regions = page.regions.draw(window, place)
    channel, total = place.channel, len(window.messages(place.channel))
    wider = replace(place, shown=place.shown + 2 * PAGE_SIZE)
    replies = window.replies(channel, place.thread_ts) if place.thread_ts else 0
    theme = request.cookies.get(THEME_COOKIE, "")
    person = next(each for each in cast.PEOPLE if each.slug == place.slug)
    single = {name: items[0] for name, items in regions.items() if name in _SINGLE and items}
    return draw(
        "page.html",
        base=f"/as/{place.slug}",
        channel_id=channel.id,
        thread_ts=place.thread_ts,
        tab=place.tab,
        shown=place.shown,
        zone=window.user.tz,
        theme=theme if theme in THEMES else "auto",
        title=channel_name(channel),
        topic=_topic(channel),
        tabs=_tabs(place),
        person=person,
        people=_people(place.slug),
        words=_words(page, window),
        earlier=wider.here if total > place.shown else "",
        earlier_replies=wider.here if replies > place.shown else "",
        close_thread=place.url,
        composer=_composer(page, place, None),
        thread_composer=_composer(page, place, place.thread_ts),
        messages=regions.get("messages", []),
        thread=regions.get("thread", []),
        calls=regions["calls"],
        modal=regions["modal"],
        **single,
    )


_SINGLE: Final = frozenset({"sidebar", "notice", "faults", "home", "status", "thread_status"})


def _composer(page: TrialPage, place: Place, thread: str | None) -> Markup:
    name = channel_name(place.channel)
    sign = "" if place.channel.kind == "im" else "#"
    label = "Reply in the thread" if thread else f"Message {sign}{name}"
    shortcuts = [each for each in page.app.shortcuts if each.kind == "global"]
    return Markup(draw("composer.html", thread=thread, label=label, shortcuts=shortcuts))  # noqa: S704 - drawn


def _people(current: str) -> list[dict[str, Any]]:
    return [
        {"name": p.name, "role": p.role, "url": f"/as/{p.slug}", "current": p.slug == current}
        for p in cast.PEOPLE
    ]


def _topic(channel: Channel) -> str:
    return next((room.topic for room in cast.ROOMS if room.name == channel.name), "")


def _tabs(place: Place) -> list[dict[str, Any]]:
    if place.channel.kind != "im":
        return []
    base = f"/as/{place.slug}/{place.channel.id}"
    return [
        {"name": "Home", "url": f"{base}/home", "current": place.tab == "home"},
        {"name": "Messages", "url": base, "current": place.tab != "home"},
    ]


def _words(page: TrialPage, window: Window) -> dict[str, list[str]]:
    """Return the words that the composer completes: people, channels and commands."""
    people = [each.name for each in page.slack.everybody]
    people.sort(key=lambda name: name != cast.BOT)
    return {
        "@": [f"@{name}" for name in people],
        "#": [f"#{each.name}" for each in window.conversations() if each.name],
        "/": [f"{c} {s}".strip() for c in page.app.commands for s in ("", *page.app.subcommands)],
    }


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _download(page: TrialPage, file_id: str) -> Response:
    for person in cast.PEOPLE:
        try:
            file = page.window(person.slug).file(file_id)
        except NotVisibleError:
            continue
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
        return Response(file.data, media_type="application/octet-stream", headers=headers)
    raise NotVisibleError(file_id)
