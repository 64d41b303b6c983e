"""The rules for blocks: where each type is allowed and what it may contain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from bot import slack_limits
from bot.playground.checks import elements as element_rules
from bot.playground.checks.payload_errors import is_list, is_object, type_of
from bot.playground.checks.rich_text import check_rich_text
from bot.playground.checks.sdk import check_with_sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.playground.checks.payload_errors import PayloadErrors
    from bot.playground.state.models import Json

Surface = Literal["message", "modal", "home"]

EVERYWHERE: Final = frozenset({
    "actions", "alert", "call", "card", "context", "divider", "file", "header",
    "image", "input", "rich_text", "section", "video",
})  # fmt: skip
MESSAGE_ONLY: Final = frozenset({
    "auth_provider", "carousel", "container", "context_actions", "markdown", "plan",
    "table", "task_card",
})  # fmt: skip
TASK_STATES: Final = frozenset({"pending", "in_progress", "complete", "error"})


def check_blocks(blocks: list[Any], path: str, errors: PayloadErrors, surface: Surface) -> None:
    """Check all blocks of one message or view, including their number."""
    max_items = slack_limits.MESSAGE_BLOCKS if surface == "message" else slack_limits.VIEW_BLOCKS
    errors.check_array(blocks, path, max_items, min_items=0)
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        item_path = f"{path}/{index}"
        check_block(block, item_path, errors, surface)
        block_id = block.get("block_id") if is_object(block) else None
        if isinstance(block_id, str) and block_id in seen:
            errors.add(f"{item_path}/block_id", f'`block_id` "{block_id}" already exists')
        elif isinstance(block_id, str):
            seen.add(block_id)
    _check_totals(blocks, path, errors)


def check_block(block: object, path: str, errors: PayloadErrors, surface: Surface) -> None:
    """Check one block on one surface."""
    kind = type_of(block)
    allowed = EVERYWHERE | MESSAGE_ONLY if surface == "message" else EVERYWHERE
    if not is_object(block) or kind not in allowed:
        errors.add(f"{path}/type", f"unsupported type: {kind}")
        return
    before = len(errors.messages)
    errors.check_optional_string(block, "block_id", path, slack_limits.BLOCK_ID)
    if rule := _RULES.get(kind):
        rule(block, path, errors)
    if kind == "container":
        children_path = f"{path}/child_blocks"
        children = errors.check_array(
            block.get("child_blocks"), children_path, slack_limits.CONTAINER_BLOCKS
        )
        check_blocks(children, children_path, errors, surface)
        if block.get("title") is not None:
            errors.check_text_object(block["title"], f"{path}/title", slack_limits.CARD_TITLE)
    if len(errors.messages) == before:
        check_with_sdk(block, path, errors)


def walk(blocks: list[Any]) -> Iterator[Json]:
    """Yield every object in the blocks, outermost first."""
    pending: list[Any] = list(reversed(blocks))
    while pending:
        value = pending.pop()
        if is_object(value):
            yield value
            pending.extend(reversed(list(value.values())))
        elif is_list(value):
            pending.extend(reversed(value))


def _check_totals(blocks: list[Any], path: str, errors: PayloadErrors) -> None:
    objects = [block for block in blocks if is_object(block)]
    texts = [block.get("text") for block in objects if block.get("type") == "markdown"]
    if sum(len(text) for text in texts if isinstance(text, str)) > slack_limits.MARKDOWN_TOTAL:
        errors.add(
            path, f"markdown must be less than {slack_limits.MARKDOWN_TOTAL + 1} characters in all"
        )
    if sum(block.get("type") == "table" for block in objects) > 1:
        errors.add(path, "only one table allowed")


def _check_section(block: Json, path: str, errors: PayloadErrors) -> None:
    if block.get("text") is None and block.get("fields") is None:
        errors.add(path, "missing required field: text")
    if block.get("text") is not None:
        errors.check_text_object(block["text"], f"{path}/text", slack_limits.SECTION_TEXT)
    if block.get("fields") is not None:
        fields = errors.check_array(block["fields"], f"{path}/fields", slack_limits.SECTION_FIELDS)
        for index, field in enumerate(fields):
            errors.check_text_object(field, f"{path}/fields/{index}", slack_limits.FIELD_TEXT)
    if block.get("accessory") is not None:
        field_path = f"{path}/accessory"
        element_rules.check_element(
            block["accessory"], field_path, errors, element_rules.IN_SECTION
        )


def _check_header(block: Json, path: str, errors: PayloadErrors) -> None:
    field_path = f"{path}/text"
    errors.check_text_object(
        block.get("text"), field_path, slack_limits.HEADER_TEXT, types=element_rules.PLAIN
    )


def _check_markdown(block: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_string(block.get("text"), f"{path}/text", slack_limits.MARKDOWN_TOTAL)


def _check_actions(block: Json, path: str, errors: PayloadErrors) -> None:
    _check_row(block, path, errors, slack_limits.ACTIONS_ELEMENTS, element_rules.IN_ACTIONS)


def _check_context_actions(block: Json, path: str, errors: PayloadErrors) -> None:
    max_items, allowed = slack_limits.CONTEXT_ACTIONS_ELEMENTS, element_rules.IN_CONTEXT_ACTIONS
    _check_row(block, path, errors, max_items, allowed)


def _check_row(
    block: Json, path: str, errors: PayloadErrors, max_items: int, allowed: frozenset[str]
) -> None:
    items = errors.check_array(block.get("elements"), f"{path}/elements", max_items)
    for index, element in enumerate(items):
        element_rules.check_element(element, f"{path}/elements/{index}", errors, allowed)
    element_rules.check_action_ids(items, f"{path}/elements", errors)


def _check_context(block: Json, path: str, errors: PayloadErrors) -> None:
    items = errors.check_array(
        block.get("elements"), f"{path}/elements", slack_limits.CONTEXT_ELEMENTS
    )
    for index, element in enumerate(items):
        field_path = f"{path}/elements/{index}"
        if is_object(element) and element.get("type") == "image":
            element_rules.check_element(element, field_path, errors, frozenset({"image"}))
        else:
            errors.check_text_object(element, field_path, slack_limits.SECTION_TEXT)


def _check_image(block: Json, path: str, errors: PayloadErrors) -> None:
    element_rules.check_element(block, path, errors, frozenset({"image"}))


def _check_input(block: Json, path: str, errors: PayloadErrors) -> None:
    plain, label = element_rules.PLAIN, block.get("label")
    errors.check_text_object(label, f"{path}/label", slack_limits.INPUT_LABEL, types=plain)
    if block.get("hint") is not None:
        errors.check_text_object(
            block["hint"], f"{path}/hint", slack_limits.INPUT_LABEL, types=plain
        )
    field_path, allowed = f"{path}/element", element_rules.IN_INPUT
    element_rules.check_element(block.get("element"), field_path, errors, allowed)


def _check_table(block: Json, path: str, errors: PayloadErrors) -> None:
    for index, row in enumerate(
        errors.check_array(block.get("rows"), f"{path}/rows", slack_limits.TABLE_ROWS)
    ):
        item_path = f"{path}/rows/{index}"
        for number, cell in enumerate(errors.check_array(row, item_path, slack_limits.TABLE_CELLS)):
            kind = type_of(cell)
            if kind == "rich_text":
                check_rich_text(cell, f"{item_path}/{number}", errors)
            elif kind not in {"raw_text", "raw_number"}:
                errors.add(f"{item_path}/{number}/type", f"unsupported type: {kind}")


def _check_task_card(block: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_required(block, ("status",), path)
    for part in ("task_id", "title"):
        errors.check_string(block.get(part), f"{path}/{part}", slack_limits.MESSAGE_TEXT)
    errors.check_one_of(block, "status", path, TASK_STATES)
    for part in ("details", "output"):
        if is_object(block.get(part)):
            check_rich_text(block[part], f"{path}/{part}", errors)
        elif block.get(part) is not None:
            errors.add(f"{path}/{part}", "must be a rich_text object")


def _check_plan(block: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_string(block.get("title"), f"{path}/title", slack_limits.MESSAGE_TEXT)
    tasks = block.get("tasks")
    items = (
        []
        if tasks is None
        else errors.check_array(tasks, f"{path}/tasks", slack_limits.MESSAGE_BLOCKS)
    )
    for index, task in enumerate(items):
        item_path = f"{path}/tasks/{index}"
        if is_object(task) and type_of(task) == "task_card":
            _check_task_card(task, item_path, errors)
        else:
            errors.add(item_path, "must be a task_card")


def _check_card(block: Json, path: str, errors: PayloadErrors) -> None:
    for key, max_length in _CARD_TEXTS.items():
        if block.get(key) is not None:
            errors.check_text_object(block[key], f"{path}/{key}", max_length)
    if block.get("actions") is not None:
        field_path = f"{path}/actions"
        items = errors.check_array(block["actions"], field_path, slack_limits.CARD_ACTIONS)
        for index, element in enumerate(items):
            element_rules.check_element(
                element, f"{field_path}/{index}", errors, frozenset({"button"})
            )
        element_rules.check_action_ids(items, field_path, errors)


def _check_carousel(block: Json, path: str, errors: PayloadErrors) -> None:
    items = errors.check_array(
        block.get("elements"), f"{path}/elements", slack_limits.CAROUSEL_CARDS
    )
    for index, card in enumerate(items):
        item_path = f"{path}/elements/{index}"
        if is_object(card) and type_of(card) == "card":
            _check_card(card, item_path, errors)
        else:
            errors.add(item_path, "must be a card")


def _check_alert(block: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_text_object(block.get("text"), f"{path}/text", slack_limits.SECTION_TEXT)


_CARD_TEXTS: Final = {
    "title": slack_limits.CARD_TITLE,
    "subtitle": slack_limits.CARD_TITLE,
    "body": slack_limits.CARD_BODY,
}
_RULES: Final[dict[str, Callable[[Json, str, PayloadErrors], None]]] = {
    "actions": _check_actions,
    "alert": _check_alert,
    "card": _check_card,
    "carousel": _check_carousel,
    "context": _check_context,
    "context_actions": _check_context_actions,
    "header": _check_header,
    "image": _check_image,
    "input": _check_input,
    "markdown": _check_markdown,
    "plan": _check_plan,
    "rich_text": check_rich_text,
    "section": _check_section,
    "table": _check_table,
    "task_card": _check_task_card,
}
