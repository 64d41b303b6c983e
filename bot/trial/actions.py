"""The actions that a person can take in the page. Each one responds with JSON.

`warning` is shown briefly, `error` below the message box, and `errors` below a form's fields.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from bot.trial.faults import MODEL_FAULTS, ModelFault

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, SlackMessage, SlackView
    from bot.trial.bot_runner import BotRunner
    from bot.trial.window import FieldValues, Window

Answer = dict[str, Any]


class Refused(Exception):
    """The page would never send this request."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One action: the person's window, the submitted values, and files by field."""

    window: Window
    runner: BotRunner
    values: dict[str, Any]
    files: dict[str, list[tuple[str, bytes]]]

    def text(self, name: str) -> str:
        """Return a value as text. Raise Refused if it isn't text."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise Refused(f"{name} must be text")
        return value

    @property
    def channel(self) -> Channel:
        """The conversation named in the values."""
        return self.window.conversation(self.text("channel"))

    @property
    def message(self) -> SlackMessage:
        """The message named in the values."""
        return self.window.message(self.channel, self.text("ts"))

    @property
    def target(self) -> SlackMessage | SlackView:
        """The view or message in which the person acts."""
        view = self.text("view")
        return self.window.view(view) if view else self.message


async def _post(context: ActionContext) -> Answer:
    thread = context.text("thread") or None
    files = context.files.get("files", [])
    error, ts = await context.window.post(context.channel, context.text("text"), thread, files)
    return {"error": error, "ts": ts}


async def _click(context: ActionContext) -> Answer:
    _require_choice(context.values.get("value"))
    return {"warning": await context.window.click(context.target, context.values)}


def _require_choice(value: object) -> None:
    """Raise Refused unless a value is one that a field of the page can have."""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(item is None or isinstance(item, str) for item in items):
        raise Refused("a value must be text or a list of texts")


async def _submit(context: ActionContext) -> Answer:
    view = context.window.view(context.text("view"))
    warning, errors = await context.window.submit(view, _fields(context))
    return {"warning": warning, "errors": errors}


def _fields(context: ActionContext) -> FieldValues:
    fields = context.values.get("fields", [])
    if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
        raise Refused("fields must be objects")
    values: FieldValues = {}
    for each in cast("list[dict[str, Any]]", fields):
        _require_choice(each.get("value"))
        block, action = str(each.get("block")), str(each.get("action"))
        values[block, action] = context.files.get(f"{block}--{action}", each.get("value"))
    return values


async def _close(context: ActionContext) -> Answer:
    view = context.window.view(context.text("view"))
    await context.window.close(view, every=bool(context.values.get("all")))
    return {}


async def _shortcut(context: ActionContext) -> Answer:
    message = context.message if context.text("ts") else None
    return {"warning": await context.window.shortcut(context.text("callback_id"), message)}


async def _stop(context: ActionContext) -> Answer:
    await context.window.stop(context.channel, context.text("thread"))
    return {}


async def _edit(context: ActionContext) -> Answer:
    await context.window.edit(context.channel, context.message, context.text("text"))
    return {}


async def _delete(context: ActionContext) -> Answer:
    await context.window.delete(context.channel, context.message)
    return {}


async def _zone(context: ActionContext) -> Answer:
    context.window.set_zone(context.text("name"))
    return {}


async def _fault(context: ActionContext) -> Answer:
    name, value = context.text("name"), context.values.get("value")
    if name == "models" and value in MODEL_FAULTS:
        await context.runner.set_model_fault(cast("ModelFault", value))
    elif name in {"rate_limits", "no_streaming"} and isinstance(value, bool):
        context.runner.set_slack_fault(name, on=value)
    else:
        raise Refused("no such fault")
    return {}


async def _bot(context: ActionContext) -> Answer:
    if context.text("order") == "kill":
        await context.runner.kill()
    else:
        await context.runner.start()
    return {}


ACTIONS: Final[dict[str, Callable[[ActionContext], Awaitable[Answer]]]] = {
    "bot": _bot,
    "click": _click,
    "close": _close,
    "delete": _delete,
    "edit": _edit,
    "fault": _fault,
    "post": _post,
    "shortcut": _shortcut,
    "stop": _stop,
    "submit": _submit,
    "zone": _zone,
}
