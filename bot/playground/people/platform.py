"""What Slack sends besides events, clicks and commands, and what it does to the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.delivery.outbox import Ack, Envelope
from bot.playground.people.actions import ActionResult

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import User


class PlatformActions:
    """The part of a local Slack that acts by itself."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def send_rate_limit_notice(self) -> Ack:
        """Tell the app that it gets no more events in this minute, since there were too many.

        Source: https://docs.slack.dev/reference/events/app_rate_limited. It has no `event` and no
        `event_id`.
        """
        app = self._emulator.app
        body = {
            "token": app.verification_token,
            "type": "app_rate_limited",
            "team_id": app.team_id,
            "minute_rate_limited": int(self._emulator.clock.now()) // 60 * 60,
            "api_app_id": app.app_id,
        }
        return await self._emulator.outbox.send(Envelope("events_api", body))

    async def send_interaction(self, user: User | str, kind: str, **fields: object) -> ActionResult:
        """Send an interaction of any type, such as one that Slack has added since."""
        person, emulator = self._emulator.workspace.user(user), self._emulator
        trigger = emulator.new_trigger(person.id)
        payload = {
            "type": kind,
            "team": {"id": emulator.app.team_id, "domain": "playground"},
            "user": {"id": person.id, "name": person.name, "team_id": person.team_id},
            "api_app_id": emulator.app.app_id,
            "token": emulator.app.verification_token,
            "trigger_id": trigger,
            **fields,
        }
        ack = await emulator.outbox.send(Envelope("interactive", payload))
        return ActionResult(ack, trigger, error=ack.reason)

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Tell the app to open new connections, or with `warning` only that it soon must.

        `link_disabled`: Socket Mode was switched off in the app's settings, so the connections are
        closed as well. Source: https://docs.slack.dev/apis/events-api/using-socket-mode,
        "Disconnecting".
        """
        await self._emulator.sockets.disconnect(reason)
        if reason == "link_disabled":
            await self._emulator.sockets.close()

    async def drop_sockets(self) -> None:
        """Break every Socket Mode connection without a word."""
        await self._emulator.sockets.drop()

    def refuse_sockets(self, times: int = 1) -> None:
        """Refuse the next websockets, although their addresses were given."""
        self._emulator.sockets.refusals_left += times

    def freeze_sockets(self) -> None:
        """Let every connection stay open and be dead: nothing is read, no ping is answered."""
        self._emulator.sockets.freeze()

    async def revoke_tokens(self) -> None:
        """Take the app's tokens away, as when it is removed from the workspace."""
        self._emulator.app.revoked = True
        await self._emulator.sockets.close()

    def restore_tokens(self) -> None:
        """Make the tokens valid again."""
        self._emulator.app.revoked = False
