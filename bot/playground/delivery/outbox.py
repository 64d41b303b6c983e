"""Delivers events and interactions to the app, and redelivers unacknowledged events.

Slack waits three seconds for an acknowledgement. It redelivers an unacknowledged event at once,
after one minute and after five minutes. Interactions and commands are sent only once.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from bot import slack_limits
from bot.playground.errors import UnknownInWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.playground.clock import Clock
    from bot.playground.state.models import Json

EnvelopeKind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One request to the app. `attempt` is 0 for the first delivery."""

    kind: EnvelopeKind
    payload: Json
    attempt: int = 0
    reason: str = ""
    accepts_response: bool = False


@dataclass(frozen=True, slots=True)
class Ack:
    """The outcome of one delivery attempt.

    Attributes:
        ok: whether the app acknowledged it.
        payload: the app's response.
        reason: Slack's code for a failure: `timeout`, `http_timeout`, `http_error`,
            `connection_failed` or `no_connection`.
        retriable: False if the app asked for no redelivery.
    """

    ok: bool
    payload: Json | None = None
    reason: str = ""
    retriable: bool = True


class Transport(Protocol):
    """A connection to the app: Socket Mode or HTTP."""

    async def send(self, envelope: Envelope) -> Ack:
        """Send once and wait for the acknowledgement as long as Slack does."""
        ...


@dataclass(slots=True, eq=False)
class Delivery:
    """One event and its delivery attempts."""

    event_id: str
    kind: str
    body: Json
    acks: list[Ack] = field(default_factory=list[Ack])
    seconds: list[float] = field(default_factory=list[float])
    """Wall-clock seconds of each attempt."""
    state: Literal["pending", "acknowledged", "given up"] = "pending"


class Outbox:
    """Sends everything that goes to the app. `deliveries` logs all events, oldest first."""

    def __init__(self, clock: Clock, notify_changed: Callable[[], None]) -> None:
        self.transport: Transport | None = None
        self.deliveries: dict[str, Delivery] = {}
        self.acks_to_drop = 0
        """How many of the next event acknowledgements to lose."""
        self._clock = clock
        self._notify_changed = notify_changed
        self._pending: dict[str, Delivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def enqueue_event(self, body: Json) -> Delivery:
        """Start delivering an event; `body` contains `event_id` and `event`."""
        delivery = Delivery(body["event_id"], body["event"]["type"], body)
        self.deliveries[delivery.event_id] = self._pending[delivery.event_id] = delivery
        self._start(self._deliver(delivery))
        return delivery

    async def redeliver(self, event_id: str) -> Ack:
        """Send an event again and return the acknowledgement."""
        delivery = self.deliveries.get(event_id)
        if not delivery:
            raise UnknownInWorkspaceError(f"no event {event_id!r} was sent")
        return await self._attempt(delivery, max(1, len(delivery.acks)), "timeout")

    async def send(self, envelope: Envelope) -> Ack:
        """Send one envelope, without retries."""
        transport = self.transport
        return (
            await transport.send(envelope) if transport else Ack(ok=False, reason="no_connection")
        )

    def pending(self) -> list[Delivery]:
        """Return the events whose delivery has not ended."""
        return list(self._pending.values())

    async def close(self) -> None:
        """Cancel all pending deliveries."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, delivery: Delivery) -> None:
        ack = await self._attempt(delivery, 0, "")
        for attempt, pause in enumerate(slack_limits.RETRY_PAUSES, start=1):
            if ack.ok or not ack.retriable:
                break
            await self._clock.sleep(pause)
            ack = await self._attempt(delivery, attempt, ack.reason)
        delivery.state = "acknowledged" if ack.ok else "given up"
        del self._pending[delivery.event_id]
        self._notify_changed()

    async def _attempt(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        envelope = Envelope("events_api", delivery.body, attempt, reason)
        started = time.perf_counter()
        ack = await self.send(envelope)
        delivery.seconds.append(time.perf_counter() - started)
        if ack.ok and self.acks_to_drop:
            self.acks_to_drop -= 1
            ack = Ack(ok=False, reason="timeout")
        delivery.acks.append(ack)
        self._notify_changed()
        return ack

    def _start(self, delivery: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
