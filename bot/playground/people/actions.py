"""What people do with the app: commands, buttons, menus, modals, shortcuts and Stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.playground.api.response_urls import answer
from bot.playground.checks.payloads import parse_view
from bot.playground.delivery.outbox import Ack, Envelope
from bot.playground.errors import SlackError
from bot.playground.people.inputs import (
    STATELESS,
    chosen,
    find_element,
    initial,
    input_elements,
)
from bot.playground.state.models import SlackMessage, SlackView
from bot.playground.state.serializers import message_json, view_json
from bot.playground.state.views import close_views, push_view, update_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Channel, Json, User


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How the app took an action of a person's.

    `error` is why the person saw a warning: Slack's word for a failed delivery, or the code of
    what was wrong with the answer. `message` is what the acknowledgement itself showed.
    """

    ack: Ack
    trigger_id: str
    response_url: str = ""
    message: SlackMessage | None = None
    errors: Mapping[str, str] | None = None
    """Of a submitted modal: what the app found wrong, by block."""
    error: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether the app answered within three seconds."""
        return self.ack.ok

    @property
    def payload(self) -> Json | None:
        """What the acknowledgement carried."""
        return self.ack.payload


class PeopleActions:
    """The acting part of a person's interface."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def command(
        self, user: User | str, channel: Channel | str, command: str, text: str = ""
    ) -> ActionResult:
        """Send a slash command from a channel's message box; what the app answers is shown."""
        emulator = self._emulator
        person, place = emulator.workspace.user(user), emulator.workspace.channel(channel)
        url, trigger = (
            emulator.new_response_url(person.id, place.id),
            emulator.new_trigger(person.id),
        )
        payload = {
            "token": emulator.app.verification_token,
            "team_id": person.team_id,
            "team_domain": "playground",
            "channel_id": place.id,
            "channel_name": "directmessage" if place.kind == "im" else place.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": emulator.app.app_id,
            "is_enterprise_install": "false",
            "response_url": url,
            "trigger_id": trigger,
        }
        ack = await emulator.outbox.send(Envelope("slash_commands", payload, accepts_response=True))
        if not ack.ok or not ack.payload:
            return ActionResult(ack, trigger, url, error=ack.reason)
        grant = emulator.response_urls[url.rpartition("/")[2]]
        try:
            shown = answer(emulator, grant, ack.payload)
        except SlackError as refused:
            return ActionResult(ack, trigger, url, error=refused.code)
        return ActionResult(ack, trigger, url, message=shown)

    async def click(
        self, user: User | str, where: SlackMessage | SlackView, action_id: str, value: Any = None
    ) -> ActionResult:
        """Press a button or choose from a menu, in a message or in a view.

        `value` names what is chosen (see `inputs.chosen`); a button's own value is sent where it
        is None. Nothing is checked that a stale or hostile client would not check.
        """
        person = self._emulator.workspace.user(user)
        block_id, element = find_element(where.blocks, action_id)
        fields = chosen(element, value)
        if element["type"] not in STATELESS:
            where.state.setdefault(block_id, {})[action_id] = {"type": element["type"], **fields}
        action = {
            "type": element["type"],
            "action_id": action_id,
            "block_id": block_id,
            "action_ts": self._emulator.workspace.next_ts(),
            **fields,
        }
        view_id = where.id if isinstance(where, SlackView) else None
        trigger = self._emulator.new_trigger(person.id, view_id)
        payload = self._payload("block_actions", person, trigger) | {"actions": [action]}
        payload |= self._about(where, person)
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        url = str(payload.get("response_url", ""))
        return ActionResult(ack, trigger, url, error=ack.reason)

    async def submit(
        self, user: User | str, view: SlackView, values: Mapping[str, Any] | None = None
    ) -> ActionResult:
        """Fill in a modal by `action_id` and submit it; what the app answers is carried out."""
        person = self._emulator.workspace.user(user)
        self._fill_in(view, values or {})
        trigger = self._emulator.new_trigger(person.id, view.id)
        payload = self._payload("view_submission", person, trigger)
        payload |= {"view": view_json(view, self._emulator.app), "response_urls": []}
        ack = await self._emulator.outbox.send(
            Envelope("interactive", payload, accepts_response=True)
        )
        if not ack.ok:
            return ActionResult(ack, trigger, error=ack.reason)
        return self._carry_out(person, view, ack, trigger)

    async def close(
        self, user: User | str, view: SlackView, *, clear: bool = False
    ) -> ActionResult | None:
        """Close the topmost modal, or with `clear` all; the app is told where it asked to be.

        Gives how the app took that; None where it was not told.
        """
        person = self._emulator.workspace.user(user)
        close_views(self._emulator.workspace, person.id, all_of_them=clear)
        if not view.content.get("notify_on_close"):
            return None
        payload = self._payload("view_closed", person, "")
        payload |= {"view": view_json(view, self._emulator.app), "is_cleared": clear}
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        return ActionResult(ack, "", error=ack.reason)

    async def shortcut(
        self, user: User | str, callback_id: str, message: SlackMessage | None = None
    ) -> ActionResult:
        """Use a shortcut: on a message, or without one a global shortcut."""
        person = self._emulator.workspace.user(user)
        trigger = self._emulator.new_trigger(person.id)
        payload = self._payload("message_action" if message else "shortcut", person, trigger)
        payload |= {"callback_id": callback_id, "action_ts": self._emulator.workspace.next_ts()}
        if message:
            payload |= self._about(message, person) | {"message_ts": message.ts}
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        url = str(payload.get("response_url", ""))
        return ActionResult(ack, trigger, url, error=ack.reason)

    async def open_home(self, user: User | str, tab: str = "home") -> None:
        """Look at the app's Home tab, or with `messages` at its Messages tab."""
        person = self._emulator.workspace.user(user)
        im = self._emulator.workspace.im_between(person.id, self._emulator.app.bot_user_id)
        self._emulator.events.home_opened(person, im, tab)

    async def press_stop(
        self, user: User | str, channel: Channel | str, thread_ts: str
    ) -> list[str]:
        """Press Stop in a thread; gives the ts of the messages whose streams that ended."""
        workspace = self._emulator.workspace
        person, place = workspace.user(user), workspace.channel(channel)
        stopped: list[str] = []
        for message in place.thread(thread_ts):
            if message.stream and message.streaming:
                message.stream.end("stopped")
                stopped.append(message.ts)
        self._emulator.events.session_stopped(place, person, thread_ts, stopped)
        workspace.notify_changed()
        return stopped

    def _payload(self, kind: str, person: User, trigger: str) -> Json:
        app = self._emulator.app
        return {
            "type": kind,
            "team": {"id": app.team_id, "domain": "playground"},
            "user": {
                "id": person.id,
                "username": person.name,
                "name": person.name,
                "team_id": person.team_id,
            },
            "api_app_id": app.app_id,
            "token": app.verification_token,
            "trigger_id": trigger,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _about(self, where: SlackMessage | SlackView, person: User) -> Json:
        """Where something was pressed: `container`, and the message or view itself."""
        if isinstance(where, SlackView):
            container = {"type": "view", "view_id": where.id}
            return {"container": container, "view": view_json(where, self._emulator.app)}
        channel = self._emulator.workspace.channels[where.channel]
        ephemeral = where.ephemeral_for is not None
        container: Json = {
            "type": "message",
            "message_ts": where.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if where.is_reply:
            container["thread_ts"] = where.thread_ts
        named = "directmessage" if channel.kind == "im" else channel.name
        about: Json = {
            "container": container,
            "channel": {"id": channel.id, "name": named},
            "state": {"values": where.state},
            "response_url": self._emulator.new_response_url(person.id, channel.id, where),
        }
        if not ephemeral:
            about["message"] = message_json(where, channel, with_metadata=True)
        return about

    def _fill_in(self, view: SlackView, values: Mapping[str, Any]) -> None:
        known = {element["action_id"] for _, element, _ in input_elements(view.blocks)}
        for name in values.keys() - known:
            find_element(view.blocks, name)
        for block_id, element, _ in input_elements(view.blocks):
            name = element["action_id"]
            held = view.state.setdefault(block_id, {})
            if name in values:
                held[name] = {"type": element["type"], **chosen(element, values[name])}
            else:
                held.setdefault(name, {"type": element["type"], **initial(element)})

    def _carry_out(self, person: User, view: SlackView, ack: Ack, trigger: str) -> ActionResult:
        told = ack.payload or {}
        action = told.get("response_action")
        workspace = self._emulator.workspace
        try:
            if action == "errors":
                return ActionResult(ack, trigger, errors=told["errors"])
            if action == "update":
                update_view(workspace, view, parse_view(told["view"]), None)
            elif action == "push":
                push_view(workspace, person.id, parse_view(told["view"]))
            elif view in workspace.modal_stacks.get(person.id, ()):
                close_views(workspace, person.id, all_of_them=action == "clear")
        except SlackError as refused:
            return ActionResult(ack, trigger, error=refused.code)
        return ActionResult(ack, trigger)
