"""auth.*, api.test, apps.connections.open and team.info: the app's identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.playground.api.api_call import ApiCall, ApiMethod
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from bot.playground.state.models import Json


def api_test(call: ApiCall) -> Json:
    """Return the call's arguments, or raise the requested `error`."""
    if error := call.text("error"):
        raise SlackError(error)
    return {"args": dict(call.args)}


def auth_test(call: ApiCall) -> Json:
    """Return the identity that the token belongs to."""
    app, workspace = call.app, call.workspace
    enterprise = workspace.enterprises.get(app.team_id)
    return {
        "url": call.emulator.base_url,
        "team": workspace.teams[app.team_id],
        "user": app.name,
        "team_id": app.team_id,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
        **({"enterprise_id": enterprise} if enterprise else {}),
    }


def connections_open(call: ApiCall) -> Json:
    """Return a websocket URL that is valid for one connection."""
    host = call.emulator.base_url.removeprefix("http://")
    return {
        "url": f"ws://{host}link/?ticket={call.emulator.sockets.new_ticket()}&app_id={call.app.app_id}"
    }


def team_info(call: ApiCall) -> Json:
    """Return a workspace's id, name and domain."""
    team_id = call.text("team") or call.app.team_id
    if team_id not in call.workspace.teams:
        raise SlackError("team_not_found")
    name = call.workspace.teams[team_id]
    return {"team": {"id": team_id, "name": name, "domain": name.lower().replace(" ", "-")}}


METHODS: Final = (
    ApiMethod("api.test", api_test, token="none"),  # noqa: S106 - the kind of a token
    ApiMethod("auth.test", auth_test),
    ApiMethod("apps.connections.open", connections_open, token="app"),  # noqa: S106 - the kind of a token
    ApiMethod("team.info", team_info, ("team:read",)),
)
