"""Simulates how people use the app: commands, buttons, menus, modals, shortcuts and Stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.playground.api.response_urls import apply_response
from bot.playground.checks.payloads import parse_view
from bot.playground.delivery.outbox import Ack, Envelope
from bot.playground.errors import SlackError
from bot.playground.people.inputs import (
    STATELESS,
    element_value,
    find_element,
    initial_value,
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
    """How the app responded to a person's action.

    Attributes:
        ack: the app's acknowledgement.
        trigger_id: the trigger that the app received.
        response_url: the response URL that the app received, if any.
        message: the message that the acknowledgement itself posted, if any.
        errors: validation errors of a submitted modal, by block id.
        error: why Slack would show the person a warning: the code of a failed delivery or of an
            invalid response. Empty if all went well.
    """

    ack: Ack
    trigger_id: str
    response_url: str = ""
    message: SlackMessage | None = None
    errors: Mapping[str, str] | None = None
    error: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether the app acknowledged within three seconds."""
        return self.ack.ok

    @property
    def payload(self) -> Json | None:
        """The payload of the acknowledgement."""
        return self.ack.payload


class PeopleActions:
    """The part of `LocalSlack` that lets people use the app."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def command(
        self, user: User | str, channel: Channel | str, command: str, text: str = ""
    ) -> ActionResult:
        """Send a slash command from a channel and show the app's response."""
        emulator = self._emulator
        person, conversation = emulator.workspace.user(user), emulator.workspace.channel(channel)
        url, trigger = (
            emulator.new_response_url(person.id, conversation.id),
            emulator.new_trigger(person.id),
        )
        payload = {
            "token": emulator.app.verification_token,
            "team_id": person.team_id,
            "team_domain": "playground",
            "channel_id": conversation.id,
            "channel_name": "directmessage" if conversation.kind == "im" else conversation.name,
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
        try:
            message = apply_response(
                emulator, emulator.response_urls[url.rpartition("/")[2]], ack.payload
            )
        except SlackError as error:
            return ActionResult(ack, trigger, url, error=error.code)
        return ActionResult(ack, trigger, url, message=message)

    async def click(
        self,
        user: User | str,
        target: SlackMessage | SlackView,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
    ) -> ActionResult:
        """Click a button or choose from a menu, in a message or a view.

        `value` names the choice (see `inputs.element_value`); None sends a button's own value.
        `block_id` names the block if several hold this `action_id`. Like a stale or hostile client,
        this does not check whether the click makes sense.
        """
        person = self._emulator.workspace.user(user)
        block_id, element = find_element(target.blocks, action_id, block_id)
        fields = element_value(element, value)
        if element["type"] not in STATELESS:
            target.state.setdefault(block_id, {})[action_id] = {"type": element["type"], **fields}
        action = {
            "type": element["type"],
            "action_id": action_id,
            "block_id": block_id,
            "action_ts": self._emulator.workspace.next_ts(),
            **fields,
        }
        view_id = target.id if isinstance(target, SlackView) else None
        trigger = self._emulator.new_trigger(person.id, view_id)
        payload = self._payload("block_actions", person, trigger) | {"actions": [action]}
        payload |= self._context(target, person)
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        url = str(payload.get("response_url", ""))
        return ActionResult(ack, trigger, url, error=ack.reason)

    async def submit(
        self, user: User | str, view: SlackView, values: Mapping[str, Any] | None = None
    ) -> ActionResult:
        """Fill in a modal by `action_id`, submit it and apply the app's response."""
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
        return self._apply_submission_response(person, view, ack, trigger)

    async def close(
        self, user: User | str, view: SlackView, *, clear: bool = False
    ) -> ActionResult | None:
        """Close the topmost modal, or all of them with `clear`.

        Returns the app's response, or None if the view did not set `notify_on_close`.
        """
        person = self._emulator.workspace.user(user)
        close_views(self._emulator.workspace, person.id, close_all=clear)
        if not view.content.get("notify_on_close"):
            return None
        payload = self._payload("view_closed", person, "")
        payload |= {"view": view_json(view, self._emulator.app), "is_cleared": clear}
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        return ActionResult(ack, "", error=ack.reason)

    async def shortcut(
        self, user: User | str, callback_id: str, message: SlackMessage | None = None
    ) -> ActionResult:
        """Use a message shortcut, or a global shortcut if `message` is None."""
        person = self._emulator.workspace.user(user)
        trigger = self._emulator.new_trigger(person.id)
        payload = self._payload("message_action" if message else "shortcut", person, trigger)
        payload |= {"callback_id": callback_id, "action_ts": self._emulator.workspace.next_ts()}
        if message:
            payload |= self._context(message, person) | {"message_ts": message.ts}
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        url = str(payload.get("response_url", ""))
        return ActionResult(ack, trigger, url, error=ack.reason)

    async def send_interaction(self, user: User | str, kind: str, **fields: object) -> ActionResult:
        """Send an interaction of any type, such as one that the app does not know."""
        person = self._emulator.workspace.user(user)
        trigger = self._emulator.new_trigger(person.id)
        payload = self._payload(kind, person, trigger) | fields
        ack = await self._emulator.outbox.send(Envelope("interactive", payload))
        return ActionResult(ack, trigger, error=ack.reason)

    async def open_home(self, user: User | str, tab: str = "home") -> None:
        """Open the app's Home tab, or its Messages tab if `tab` is `messages`."""
        person = self._emulator.workspace.user(user)
        im = self._emulator.workspace.im_between(person.id, self._emulator.app.bot_user_id)
        self._emulator.events.home_opened(person, im, tab)

    async def press_stop(
        self, user: User | str, channel: Channel | str, thread_ts: str
    ) -> list[str]:
        """Press Stop in a thread and return the ts of the stopped messages."""
        workspace = self._emulator.workspace
        person, conversation = workspace.user(user), workspace.channel(channel)
        stopped: list[str] = []
        for message in conversation.thread(thread_ts):
            if message.stream and message.streaming:
                message.stream.end("stopped")
                stopped.append(message.ts)
        self._emulator.events.session_stopped(conversation, person, thread_ts, stopped)
        workspace.notify_changed()
        return stopped

    def _payload(self, kind: str, person: User, trigger: str) -> Json:
        """Return the fields that every interaction has.

        `team` is the person's own workspace, even if another organisation hosts the channel. In an
        Enterprise organisation `user.team_id` is the organisation's id
        (https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload).
        """
        app = self._emulator.app
        enterprise = self._emulator.workspace.enterprises.get(person.team_id)
        grid = {"enterprise_id": enterprise} if enterprise else {}
        return {
            "type": kind,
            "team": {"id": person.team_id, "domain": "playground", **grid},
            "user": {
                "id": person.id,
                "username": person.name,
                "name": person.name,
                "team_id": enterprise or person.team_id,
            },
            "api_app_id": app.app_id,
            "token": app.verification_token,
            "trigger_id": trigger,
            "enterprise": {"id": enterprise, "name": "Organisation"} if enterprise else None,
            "is_enterprise_install": False,
        }

    def _context(self, target: SlackMessage | SlackView, person: User) -> Json:
        """Return the payload fields that locate a click: `container` and the message or view."""
        if isinstance(target, SlackView):
            container = {"type": "view", "view_id": target.id}
            return {"container": container, "view": view_json(target, self._emulator.app)}
        channel = self._emulator.workspace.channels[target.channel]
        ephemeral = target.ephemeral_for is not None
        container: Json = {
            "type": "message",
            "message_ts": target.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if target.is_reply:
            container["thread_ts"] = target.thread_ts
        name = "directmessage" if channel.kind == "im" else channel.name
        context: Json = {
            "container": container,
            "channel": {"id": channel.id, "name": name},
            "state": {"values": target.state},
            "response_url": self._emulator.new_response_url(person.id, channel.id, target),
        }
        if not ephemeral:
            context["message"] = message_json(target, channel, with_metadata=True)
        return context

    def _fill_in(self, view: SlackView, values: Mapping[str, Any]) -> None:
        known = {element["action_id"] for _, element, _ in input_elements(view.blocks)}
        for name in values.keys() - known:
            find_element(view.blocks, name)
        for block_id, element, _ in input_elements(view.blocks):
            name = element["action_id"]
            block_state = view.state.setdefault(block_id, {})
            if name in values:
                block_state[name] = {
                    "type": element["type"],
                    **element_value(element, values[name]),
                }
            else:
                block_state.setdefault(name, {"type": element["type"], **initial_value(element)})

    def _apply_submission_response(
        self, person: User, view: SlackView, ack: Ack, trigger: str
    ) -> ActionResult:
        response = ack.payload or {}
        action = response.get("response_action")
        workspace = self._emulator.workspace
        try:
            if action == "errors":
                return ActionResult(ack, trigger, errors=response["errors"])
            if action == "update":
                update_view(workspace, view, parse_view(response["view"]), None)
            elif action == "push":
                push_view(workspace, person.id, parse_view(response["view"]))
            elif view in workspace.modal_stacks.get(person.id, ()):
                close_views(workspace, person.id, close_all=action == "clear")
        except SlackError as error:
            return ActionResult(ack, trigger, error=error.code)
        return ActionResult(ack, trigger)
