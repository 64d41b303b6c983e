"""views.*: modals and the Home tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod, missing_argument
from bot.playground.checks.payloads import parse_view
from bot.playground.errors import SlackError
from bot.playground.state.serializers import view_json
from bot.playground.state.views import is_open, open_view, publish_view, push_view, update_view

if TYPE_CHECKING:
    from bot.playground.state.models import Json, SlackView


def open_modal(call: ApiCall) -> Json:
    """Open a modal for the person who caused the trigger."""
    content = _parse(call, "modal")
    trigger = call.emulator.use_trigger(call.required("trigger_id"))
    return _response(call, open_view(call.workspace, trigger.user, content))


def push(call: ApiCall) -> Json:
    """Push a modal on top of the one that caused the trigger."""
    content = _parse(call, "modal")
    trigger = call.emulator.use_trigger(call.required("trigger_id"))
    if not trigger.view_id:
        raise SlackError("invalid_trigger_id")
    return _response(call, push_view(call.workspace, trigger.user, content))


def update(call: ApiCall) -> Json:
    """Update an open view."""
    view = _find_view(call)
    content = _parse(call, view.kind)
    return _response(call, update_view(call.workspace, view, content, call.text("hash")))


def publish(call: ApiCall) -> Json:
    """Publish a person's Home tab."""
    user = call.user("user_id")
    content = _parse(call, "home")
    return _response(call, publish_view(call.workspace, user.id, content, call.text("hash")))


def _parse(call: ApiCall, kind: str) -> Json:
    if call.args.get("view") is None:
        raise missing_argument("view")
    content = parse_view(call.args["view"])
    if content["type"] != kind:
        raise SlackError("invalid_arguments", messages=[f"must be a {kind} [json-pointer:/view]"])
    return content


def _find_view(call: ApiCall) -> SlackView:
    view_id, external = call.text("view_id"), call.text("external_id")
    for view in reversed(call.workspace.views.values()):
        named = view.id == view_id or (external and view.content.get("external_id") == external)
        if named and is_open(call.workspace, view):
            return view
    raise SlackError("not_found")


def _response(call: ApiCall, view: SlackView) -> Json:
    return {"view": view_json(view, call.app)}


METHODS: Final = (
    ApiMethod("views.open", open_modal),
    ApiMethod("views.push", push),
    ApiMethod("views.update", update),
    ApiMethod("views.publish", publish),
)
