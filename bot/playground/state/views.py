"""Opens, stacks and updates modals and Home tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import slack_limits
from bot.playground.errors import SlackError
from bot.playground.state.models import SlackView

if TYPE_CHECKING:
    from bot.playground.state.models import Json
    from bot.playground.state.workspace import Workspace


def open_view(workspace: Workspace, user: str, content: Json) -> SlackView:
    """Open a modal, replacing any open modals of this person."""
    view = _new(workspace, user, content)
    workspace.modal_stacks[user] = [view]
    workspace.notify_changed()
    return view


def push_view(workspace: Workspace, user: str, content: Json) -> SlackView:
    """Push a modal onto the stack.

    Raises:
        SlackError: `push_limit_reached`, if three modals are open.
    """
    stack = workspace.modal_stacks.setdefault(user, [])
    if len(stack) >= slack_limits.VIEW_STACK:
        raise SlackError("push_limit_reached")
    view = _new(workspace, user, content)
    if stack:
        view.root_id, view.previous_id = stack[0].id, stack[-1].id
    stack.append(view)
    workspace.notify_changed()
    return view


def update_view(
    workspace: Workspace, view: SlackView, content: Json, hash_: str | None
) -> SlackView:
    """Update an open view; input values are kept for blocks that remain.

    Raises:
        SlackError: `hash_conflict`, if the view has changed since `hash_`.
    """
    if hash_ and hash_ != view.hash:
        raise SlackError("hash_conflict")
    if content["type"] != view.kind:
        raise SlackError("invalid_arguments", messages=["a view cannot change its type"])
    kept = {block["block_id"] for block in content["blocks"]}
    view.state = {block: values for block, values in view.state.items() if block in kept}
    view.content, view.hash = content, workspace.new_hash()
    workspace.notify_changed()
    return view


def publish_view(workspace: Workspace, user: str, content: Json, hash_: str | None) -> SlackView:
    """Publish a person's Home tab."""
    home = workspace.home_views.get(user)
    if home:
        return update_view(workspace, home, content, hash_)
    view = workspace.home_views[user] = _new(workspace, user, content)
    workspace.notify_changed()
    return view


def close_views(workspace: Workspace, user: str, *, close_all: bool) -> None:
    """Close the topmost modal, or all of them."""
    stack = workspace.modal_stacks.get(user, [])
    del stack[0 if close_all else -1 :]
    workspace.notify_changed()


def is_open(workspace: Workspace, view: SlackView) -> bool:
    """Return whether the person can still see the view."""
    return view.kind == "home" or view in workspace.modal_stacks.get(view.user, ())


def _new(workspace: Workspace, user: str, content: Json) -> SlackView:
    external = content.get("external_id")
    if external and any(
        each.content.get("external_id") == external and is_open(workspace, each)
        for each in workspace.views.values()
    ):
        raise SlackError("duplicate_external_id")
    view_id = workspace.new_id("V")
    kind = content["type"]
    view = SlackView(view_id, kind, user, workspace.team_id, content, workspace.new_hash(), view_id)
    workspace.views[view_id] = view
    return view
