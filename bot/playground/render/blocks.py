"""Renders messages, modals and Home tabs as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.playground.checks.payload_errors import is_object
from bot.playground.render.text import (
    Names,
    plain,
    render_markdown,
    render_mrkdwn,
    render_rich_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.playground.state.models import Json, SlackMessage, SlackView

_DIVIDER_LINE: Final = "─" * 20
_STATUS_ICONS: Final = {"pending": "○", "in_progress": "…", "complete": "✓", "error": "✗"}


def render_message(message: SlackMessage, names: Mapping[str, str] | None = None) -> str:
    """Render a message; like Slack, show its text only if it has no blocks."""
    lookup = Names(names or {})
    parts = [_block(block, lookup) for block in message.blocks]
    if not message.blocks and message.text:
        parts.append(render_mrkdwn(message.text, lookup))
    parts += [_attachment(attachment, lookup) for attachment in message.attachments]
    if message.reactions:
        reactions = message.reactions.items()
        parts.append(" ".join(f":{name}: {len(users)}" for name, users in reactions if users))
    return "\n".join(part for part in parts if part)


def render_view(view: SlackView, names: Mapping[str, str] | None = None) -> str:
    """Render a modal with its title and buttons, or a Home tab."""
    body = render_blocks(view.blocks, names)
    if view.kind == "home":
        return body
    buttons = [
        f"[{plain(view.content[key])}]" for key in ("close", "submit") if view.content.get(key)
    ]
    return "\n".join(part for part in (f"== {view.title} ==", body, " ".join(buttons)) if part)


def render_blocks(blocks: list[Json], names: Mapping[str, str] | None = None) -> str:
    """Render blocks, one per line."""
    lookup = Names(names or {})
    shown = [_block(block, lookup) for block in blocks]
    return "\n".join(part for part in shown if part)


def _block(block: Json, names: Names) -> str:
    render = _BLOCKS.get(block["type"])
    return render(block, names) if render else f"({block['type']})"


def _text_object(value: Any, names: Names) -> str:
    if not is_object(value):
        return ""
    if value.get("type") == "mrkdwn":
        return render_mrkdwn(str(value.get("text", "")), names)
    return plain(value)


def _section(block: Json, names: Names) -> str:
    lines = [_text_object(block.get("text"), names)]
    lines += [_text_object(field, names) for field in block.get("fields") or ()]
    if block.get("accessory"):
        lines.append(_element(block["accessory"], names))
    return "\n".join(line for line in lines if line)


def _header(block: Json, _names: Names) -> str:
    return f"# {plain(block['text'])}"


def _divider(_block: Json, _names: Names) -> str:
    return _DIVIDER_LINE


def _context(block: Json, names: Names) -> str:
    return "  ".join(_element(element, names) for element in block["elements"])


def _actions(block: Json, names: Names) -> str:
    return " ".join(_element(element, names) for element in block["elements"])


def _input(block: Json, names: Names) -> str:
    optional = " (optional)" if block.get("optional") else ""
    lines = [f"{plain(block['label'])}{optional}:", _element(block["element"], names)]
    if block.get("hint"):
        lines.append(plain(block["hint"]))
    return "\n".join(lines)


def _image(block: Json, _names: Names) -> str:
    return f"(image: {block['alt_text']})"


def _markdown(block: Json, names: Names) -> str:
    return render_markdown(block["text"], names)


def _table(block: Json, names: Names) -> str:
    rows = [" | ".join(_cell(cell, names) for cell in row) for row in block["rows"]]
    return "\n".join(rows)


def _cell(cell: Json, names: Names) -> str:
    if cell["type"] == "rich_text":
        return render_rich_text(cell, names)
    return str(cell.get("text", cell.get("value", "")))


def _task_card(block: Json, names: Names) -> str:
    line = f"{_STATUS_ICONS[block['status']]} {block['title']}"
    for part in ("details", "output"):
        if block.get(part):
            line += f" — {render_rich_text(block[part], names)}"
    return line


def _plan(block: Json, names: Names) -> str:
    tasks = [f"  {_task_card(task, names)}" for task in block.get("tasks") or ()]
    return "\n".join([block["title"], *tasks])


def _container(block: Json, names: Names) -> str:
    title = plain(block["title"]) if block.get("title") else ""
    children = [_block(child, names) for child in block["child_blocks"]]
    return "\n".join(part for part in (title, *children) if part)


def _carousel(block: Json, names: Names) -> str:
    return "\n".join(_card(card, names) for card in block["elements"])


def _card(block: Json, names: Names) -> str:
    lines = [_text_object(block.get(part), names) for part in ("title", "subtitle", "body")]
    lines += [_element(element, names) for element in block.get("actions") or ()]
    return "\n".join(line for line in lines if line)


def _alert(block: Json, names: Names) -> str:
    return f"! {_text_object(block['text'], names)}"


def _attachment(attachment: Json, names: Names) -> str:
    text = attachment.get("text") or attachment.get("fallback") or ""
    blocks = [_block(block, names) for block in attachment.get("blocks") or ()]
    return "\n".join(part for part in (render_mrkdwn(str(text), names), *blocks) if part)


def _element(element: Json, names: Names) -> str:
    render = _ELEMENTS.get(element["type"])
    return render(element, names) if render else _field(element)


def _button(element: Json, _names: Names) -> str:
    return f"[{plain(element['text'])}]"


def _feedback(element: Json, names: Names) -> str:
    sides = (element["positive_button"], element["negative_button"])
    return " ".join(_button(side, names) for side in sides)


def _choices(element: Json, _names: Names) -> str:
    chosen = [element.get("initial_option"), *(element.get("initial_options") or ())]
    boxes = ("(x)" if option in chosen else "( )" for option in element["options"])
    labels = (plain(option["text"]) for option in element["options"])
    return "\n".join(f"{box} {label}" for box, label in zip(boxes, labels, strict=True))


def _overflow(_element: Json, _names: Names) -> str:
    return "<⋯>"


def _field(element: Json) -> str:
    """Render a menu or input: its initial value, or else its placeholder."""
    chosen = element.get("initial_option") or {}
    shown = plain(chosen.get("text")) or element.get("initial_value") or ""
    shown = shown or plain(element.get("placeholder"))
    return f"<{shown} ▾>" if "select" in element["type"] else f"<{shown}>"


_BLOCKS: Final[dict[str, Callable[[Json, Names], str]]] = {
    "actions": _actions,
    "alert": _alert,
    "card": _card,
    "carousel": _carousel,
    "container": _container,
    "context": _context,
    "context_actions": _actions,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "plan": _plan,
    "rich_text": render_rich_text,
    "section": _section,
    "table": _table,
    "task_card": _task_card,
}

_ELEMENTS: Final[dict[str, Callable[[Json, Names], str]]] = {
    "button": _button,
    "checkboxes": _choices,
    "feedback_buttons": _feedback,
    "icon_button": _button,
    "image": _image,
    "mrkdwn": _text_object,
    "overflow": _overflow,
    "plain_text": _text_object,
    "radio_buttons": _choices,
    "workflow_button": _button,
}
