"""views.*: modals and the Home tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.call import Call, Method, missing
from bot.playground.errors import SlackError
from bot.playground.shapes import view_json
from bot.playground.validate import read_view
from bot.playground.viewing import is_open, open_view, publish_view, push_view, update_view

if TYPE_CHECKING:
    from bot.playground.records import Json, View


def open_modal(call: Call) -> Json:
    """A modal for whoever did what the trigger stands for."""
    content = _read(call, "modal")
    trigger = call.site.use_trigger(call.required("trigger_id"))
    return _shown(call, open_view(call.workspace, trigger.user, content))


def push(call: Call) -> Json:
    """A modal over the one in which the trigger was pressed."""
    content = _read(call, "modal")
    trigger = call.site.use_trigger(call.required("trigger_id"))
    if not trigger.view_id:
        raise SlackError("invalid_trigger_id")
    return _shown(call, push_view(call.workspace, trigger.user, content))


def update(call: Call) -> Json:
    """New content for an open view."""
    view = _named(call)
    content = _read(call, view.kind)
    return _shown(call, update_view(call.workspace, view, content, call.text("hash")))


def publish(call: Call) -> Json:
    """A person's Home tab."""
    user = call.user("user_id")
    content = _read(call, "home")
    return _shown(call, publish_view(call.workspace, user.id, content, call.text("hash")))


def _read(call: Call, kind: str) -> Json:
    if call.args.get("view") is None:
        raise missing("view")
    content = read_view(call.args["view"])
    if content["type"] != kind:
        raise SlackError("invalid_arguments", messages=[f"must be a {kind} [json-pointer:/view]"])
    return content


def _named(call: Call) -> View:
    view_id, external = call.text("view_id"), call.text("external_id")
    for view in reversed(call.workspace.views.values()):
        named = view.id == view_id or (external and view.content.get("external_id") == external)
        if named and is_open(call.workspace, view):
            return view
    raise SlackError("not_found")


def _shown(call: Call, view: View) -> Json:
    return {"view": view_json(view, call.app)}


METHODS: Final = (
    Method("views.open", open_modal),
    Method("views.push", push),
    Method("views.update", update),
    Method("views.publish", publish),
)
