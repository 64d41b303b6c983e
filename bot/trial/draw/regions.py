"""Draws the parts of a page that change while it is open."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from bot.trial import cast
from bot.trial.draw.items import Item, MessageDrawer, item
from bot.trial.draw.suggestions import suggestions
from bot.trial.examples import is_example

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.playground.state.models import Channel, SlackMessage
    from bot.trial.bot_runner import BotRunner
    from bot.trial.window import Window

Tab = Literal["messages", "home"]
Regions = dict[str, list[Item]]

PAGE_SIZE: Final = 50
"""The number of newest messages to show at first."""
_CALLS: Final = 60
_SIGNS: Final = {"channel": "hash", "group": "lock", "im": "app", "mpim": "app"}


@dataclass(frozen=True, slots=True)
class Place:
    """The location of a page: the window's person, conversation, tab and thread.

    Attributes:
        slug: the person, as in the page's address.
        channel: the conversation.
        tab: the bot's Home tab or the conversation's messages.
        thread_ts: the open thread, if any.
        shown: the most messages to show.
    """

    slug: str
    channel: Channel
    tab: Tab = "messages"
    thread_ts: str | None = None
    shown: int = PAGE_SIZE

    @property
    def url(self) -> str:
        """The address without the thread."""
        query = f"?shown={self.shown}" if self.shown != PAGE_SIZE else ""
        path = f"/as/{self.slug}/{self.channel.id}"
        return f"{path}/home" if self.tab == "home" else path + query

    @property
    def here(self) -> str:
        """The address of exactly this place."""
        return self.with_thread(self.thread_ts) if self.thread_ts else self.url

    def with_thread(self, ts: str) -> str:
        """Return the address with a thread open."""
        path, _, query = self.url.partition("?")
        return f"{path}/thread/{ts}" + (f"?{query}" if query else "")


class RegionDrawer:
    """Draws the regions of every window, always from the current state of the local Slack."""

    def __init__(self, runner: BotRunner) -> None:
        self._runner = runner
        self._messages = MessageDrawer()

    def draw(self, window: Window, place: Place) -> Regions:
        """Draw all regions of a page."""
        bot = {"state": self._runner.state, "label": self._runner.label}
        regions: Regions = {
            "sidebar": [_sidebar(window, place, bot)],
            "notice": [item("notice", "notice.html", notice=self._notice())],
            "faults": [item("faults", "faults.html", faults=self._runner.faults, bot=bot)],
            "modal": _modal(window),
            "calls": _calls(window),
        }
        if place.tab == "home":
            regions["home"] = [_home(window)]
            return regions
        shown = window.messages(place.channel)[-place.shown :]
        regions["messages"] = [self._message(window, place, m) for m in shown]
        regions["status"] = [_status(window, place.channel, None)]
        if place.thread_ts:
            root, *replies = window.thread(place.channel, place.thread_ts)
            messages = [root, *replies[-place.shown :]]
            regions["thread"] = [self._message(window, place, m, root=root) for m in messages]
            regions["thread_status"] = [_status(window, place.channel, place.thread_ts)]
        return regions

    def _message(
        self,
        window: Window,
        place: Place,
        message: SlackMessage,
        *,
        root: SlackMessage | None = None,
    ) -> Item:
        """Draw a message of a channel, or of the thread below `root`."""
        linked = root is None and not message.ephemeral_for
        url = place.with_thread(message.thread_ts or message.ts) if linked else ""
        return self._messages.draw(
            window, place.channel, message, url=url, example=is_example(message, root)
        )

    def _notice(self) -> dict[str, Any] | None:
        runner = self._runner
        if runner.no_models:
            title = "No model is set up, so new questions get no answer. The examples still work."
            return {"kind": "warning", "title": title, "lines": runner.no_models.split("\n")}
        if runner.state == "failed":
            lines = runner.problem.split("\n")
            return {"kind": "warning", "title": "The bot can't start.", "lines": lines}
        if runner.state == "killed":
            title = "The bot is not running."
            lines = ["It gets the questions of the last few minutes when it is back."]
            return {"kind": "warning", "title": title, "lines": lines, "can_start": True}
        if runner.is_demonstration:
            title = "New questions go to a small demo model. Expect mistakes."
            lines = ["It shows how MoA works, not how good replies can be."]
            return {"kind": "quiet-notice", "title": title, "lines": lines}
        return None


def _sidebar(window: Window, place: Place, bot: dict[str, str]) -> Item:
    def entry(channel: Channel) -> dict[str, Any]:
        return {
            "url": f"/as/{place.slug}/{channel.id}",
            "name": channel_name(channel),
            "sign": _SIGNS[channel.kind],
            "current": channel.id == place.channel.id,
            "note": "shared" if channel.ext_shared else "",
        }

    rooms = window.conversations()
    return item(
        "sidebar",
        "sidebar.html",
        workspace=cast.WORKSPACE,
        bot=bot,
        channels=[entry(each) for each in rooms if each.kind != "im"],
        direct=[entry(each) for each in rooms if each.kind == "im"],
    )


def channel_name(channel: Channel) -> str:
    """Return the name of a conversation in the page."""
    return cast.BOT if channel.kind == "im" else channel.name


def _status(window: Window, channel: Channel, thread_ts: str | None) -> Item:
    own = channel.kind == "im"
    return item(
        "status",
        "status.html",
        status=window.status(channel, thread_ts) if thread_ts else "",
        can_stop=thread_ts if thread_ts and window.can_stop(channel, thread_ts) else "",
        label="" if own else "Try it:",
        prompts=_app_prompts(window, channel, thread_ts)
        if own
        else suggestions(window, channel, thread_ts),
    )


def _app_prompts(
    window: Window, channel: Channel, thread_ts: str | None
) -> Sequence[Mapping[str, str]]:
    """Return what the bot suggests in an empty direct message."""
    return window.prompts(channel) if thread_ts is None and not channel.messages else ()


def _modal(window: Window) -> list[Item]:
    stack = window.modals()
    if not stack:
        return []
    view, names = stack[-1], window.names
    drawn = item(view.id, "modal.html", view=view, names=names, depth=len(stack))
    # What is typed must not be lost, so the dialog is redrawn only if the app changed the view.
    return [replace(drawn, hash=view.hash)]


def _home(window: Window) -> Item:
    view = window.home()
    return item("home", "home.html", view=view, names=window.names)


def _calls(window: Window) -> list[Item]:
    return [
        item(
            str(number),
            "calls.html",
            call={
                "number": number,
                "ok": call.ok,
                "method": call.method,
                "error": call.error,
                "at": f"{window.clock.local(call.at):%H:%M:%S}",
            },
        )
        for number, call in window.calls(_CALLS)
    ]


_TOKENS: Final = re.compile(r"(xox[a-z]-|xapp-)[\w-]+")


def without_tokens(text: str) -> str:
    """Hide tokens and the keys of response URLs in a call's text."""
    return re.sub(r"/response/[\w-]+", "/response/[hidden]", _TOKENS.sub("[hidden]", text))
