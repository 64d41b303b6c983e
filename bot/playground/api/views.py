"""views.*: modals and the Home tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod, missing
from bot.playground.checks.payloads import parse_view
from bot.playground.errors import SlackError
from bot.playground.state.serializers import view_json
from bot.playground.state.views import is_open, open_view, publish_view, push_view, update_view

if TYPE_CHECKING:
    from bot.playground.state.models import Json, SlackView


def open_modal(call: ApiCall) -> Json:
    """A modal for whoever did what the trigger stands for."""
    content = _read(call, "modal")
    trigger = call.emulator.use_trigger(call.required("trigger_id"))
    return _shown(call, open_view(call.workspace, trigger.user, content))


def push(call: ApiCall) -> Json:
    """A modal over the one in which the trigger was pressed."""
    content = _read(call, "modal")
    trigger = call.emulator.use_trigger(call.required("trigger_id"))
    if not trigger.view_id:
        raise SlackError("invalid_trigger_id")
    return _shown(call, push_view(call.workspace, trigger.user, content))


def update(call: ApiCall) -> Json:
    """New content for an open view."""
    view = _named(call)
    content = _read(call, view.kind)
    return _shown(call, update_view(call.workspace, view, content, call.text("hash")))


def publish(call: ApiCall) -> Json:
    """A person's Home tab."""
    user = call.user("user_id")
    content = _read(call, "home")
    return _shown(call, publish_view(call.workspace, user.id, content, call.text("hash")))


def _read(call: ApiCall, kind: str) -> Json:
    if call.args.get("view") is None:
        raise missing("view")
    content = parse_view(call.args["view"])
    if content["type"] != kind:
        raise SlackError("invalid_arguments", messages=[f"must be a {kind} [json-pointer:/view]"])
    return content


def _named(call: ApiCall) -> SlackView:
    view_id, external = call.text("view_id"), call.text("external_id")
    for view in reversed(call.workspace.views.values()):
        named = view.id == view_id or (external and view.content.get("external_id") == external)
        if named and is_open(call.workspace, view):
            return view
    raise SlackError("not_found")


def _shown(call: ApiCall, view: SlackView) -> Json:
    return {"view": view_json(view, call.app)}


METHODS: Final = (
    ApiMethod("views.open", open_modal),
    ApiMethod("views.push", push),
    ApiMethod("views.update", update),
    ApiMethod("views.publish", publish),
)
