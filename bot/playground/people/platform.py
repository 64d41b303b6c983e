"""Simulates Slack itself: rate limit notices, connections and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.delivery.outbox import Ack, Envelope

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator


class PlatformActions:
    """The part of `LocalSlack` that acts as Slack itself."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def announce_change(self) -> None:
        """Wake everything that waits for a change."""
        self._emulator.workspace.notify_changed()

    async def send_rate_limit_notice(self) -> Ack:
        """Send `app_rate_limited`: the app gets no more events in this minute.

        It has no `event` and no `event_id`. Source:
        https://docs.slack.dev/reference/events/app_rate_limited
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

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to open new connections; `warning` only announces it.

        `link_disabled` means that Socket Mode was turned off, so it also closes the connections.
        Source: https://docs.slack.dev/apis/events-api/using-socket-mode, "Disconnecting".
        """
        await self._emulator.sockets.disconnect(reason)
        if reason == "link_disabled":
            await self._emulator.sockets.close()

    async def drop_sockets(self) -> None:
        """Drop every Socket Mode connection without a close frame."""
        await self._emulator.sockets.drop()

    def refuse_sockets(self, times: int = 1) -> None:
        """Refuse the next websockets, even with a valid URL."""
        self._emulator.sockets.refusals_left += times

    def freeze_sockets(self) -> None:
        """Keep every connection open but dead: read nothing, answer no ping."""
        self._emulator.sockets.freeze()

    async def revoke_tokens(self) -> None:
        """Revoke the app's tokens, as when it is uninstalled."""
        self._emulator.app.revoked = True
        await self._emulator.sockets.close()

    def restore_tokens(self) -> None:
        """Make the tokens valid again."""
        self._emulator.app.revoked = False
