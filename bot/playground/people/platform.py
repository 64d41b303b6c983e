"""What Slack sends besides events, clicks and commands, and what it does to the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.delivery.outbox import Ack, Envelope
from bot.playground.people.actions import ActionResult

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import User


class Control:
    """The part of a local Slack that acts by itself."""

    def __init__(self, site: Emulator) -> None:
        self._site = site

    async def hold_events_back(self) -> Ack:
        """Tell the app that it gets no more events in this minute, since there were too many.

        Source: https://docs.slack.dev/reference/events/app_rate_limited. It has no `event` and no
        `event_id`.
        """
        app = self._site.app
        body = {
            "token": app.verification_token,
            "type": "app_rate_limited",
            "team_id": app.team_id,
            "minute_rate_limited": int(self._site.clock.now()) // 60 * 60,
            "api_app_id": app.app_id,
        }
        return await self._site.outbox.ask(Envelope("events_api", body))

    async def interact(self, user: User | str, kind: str, **fields: object) -> ActionResult:
        """Send an interaction of any type, such as one that Slack has added since."""
        person, site = self._site.workspace.user(user), self._site
        trigger = site.new_trigger(person.id)
        payload = {
            "type": kind,
            "team": {"id": site.app.team_id, "domain": "playground"},
            "user": {"id": person.id, "name": person.name, "team_id": person.team_id},
            "api_app_id": site.app.app_id,
            "token": site.app.verification_token,
            "trigger_id": trigger,
            **fields,
        }
        ack = await site.outbox.ask(Envelope("interactive", payload))
        return ActionResult(ack, trigger, error=ack.reason)

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Tell the app to open new connections, or with `warning` only that it soon must.

        `link_disabled`: Socket Mode was switched off in the app's settings, so the connections are
        closed as well. Source: https://docs.slack.dev/apis/events-api/using-socket-mode,
        "Disconnecting".
        """
        await self._site.sockets.ask_to_leave(reason)
        if reason == "link_disabled":
            await self._site.sockets.close()

    async def cut_sockets(self) -> None:
        """Break every Socket Mode connection without a word."""
        await self._site.sockets.cut()

    def refuse_sockets(self, times: int = 1) -> None:
        """Refuse the next websockets, although their addresses were given."""
        self._site.sockets.to_refuse += times

    def freeze_sockets(self) -> None:
        """Let every connection stay open and be dead: nothing is read, no ping is answered."""
        self._site.sockets.freeze()

    async def revoke_tokens(self) -> None:
        """Take the app's tokens away, as when it is removed from the workspace."""
        self._site.app.revoked = True
        await self._site.sockets.close()

    def restore_tokens(self) -> None:
        """Make the tokens valid again."""
        self._site.app.revoked = False
