"""The rules for blocks: which may stand on which surface, and what each may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from bot.playground import limits
from bot.playground.checks import elements as element_rules
from bot.playground.checks.report import is_list, is_object, kind_of
from bot.playground.checks.rich_text import check_rich_text
from bot.playground.checks.sdk import check_with_sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.playground.checks.report import PayloadErrors
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


def check_blocks(blocks: list[Any], at: str, faults: PayloadErrors, surface: Surface) -> None:
    """All blocks of one message or view; their number included."""
    most = limits.MESSAGE_BLOCKS if surface == "message" else limits.VIEW_BLOCKS
    faults.listed(blocks, at, most, least=0)
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        here = f"{at}/{index}"
        check_block(block, here, faults, surface)
        block_id = block.get("block_id") if is_object(block) else None
        if isinstance(block_id, str) and block_id in seen:
            faults.add(f"{here}/block_id", f'`block_id` "{block_id}" already exists')
        elif isinstance(block_id, str):
            seen.add(block_id)
    _check_totals(blocks, at, faults)


def check_block(block: object, at: str, faults: PayloadErrors, surface: Surface) -> None:
    """One block on one surface."""
    kind = kind_of(block)
    allowed = EVERYWHERE | MESSAGE_ONLY if surface == "message" else EVERYWHERE
    if not is_object(block) or kind not in allowed:
        faults.add(f"{at}/type", f"unsupported type: {kind}")
        return
    before = len(faults.found)
    faults.optional_string(block, "block_id", at, limits.BLOCK_ID)
    if rule := _RULES.get(kind):
        rule(block, at, faults)
    if kind == "container":
        inside = f"{at}/child_blocks"
        children = faults.listed(block.get("child_blocks"), inside, limits.CONTAINER_BLOCKS)
        check_blocks(children, inside, faults, surface)
        if block.get("title") is not None:
            faults.text_object(block["title"], f"{at}/title", limits.CARD_TITLE)
    if len(faults.found) == before:
        check_with_sdk(block, at, faults)


def walk(blocks: list[Any]) -> Iterator[Json]:
    """Every object inside these blocks, the blocks themselves first."""
    waiting: list[Any] = list(reversed(blocks))
    while waiting:
        value = waiting.pop()
        if is_object(value):
            yield value
            waiting.extend(reversed(list(value.values())))
        elif is_list(value):
            waiting.extend(reversed(value))


def _check_totals(blocks: list[Any], at: str, faults: PayloadErrors) -> None:
    known = [block for block in blocks if is_object(block)]
    written = [block.get("text") for block in known if block.get("type") == "markdown"]
    if sum(len(text) for text in written if isinstance(text, str)) > limits.MARKDOWN_TOTAL:
        faults.add(at, f"markdown must be less than {limits.MARKDOWN_TOTAL + 1} characters in all")
    if sum(block.get("type") == "table" for block in known) > 1:
        faults.add(at, "only one table allowed")


def _check_section(block: Json, at: str, faults: PayloadErrors) -> None:
    if block.get("text") is None and block.get("fields") is None:
        faults.add(at, "missing required field: text")
    if block.get("text") is not None:
        faults.text_object(block["text"], f"{at}/text", limits.SECTION_TEXT)
    if block.get("fields") is not None:
        fields = faults.listed(block["fields"], f"{at}/fields", limits.SECTION_FIELDS)
        for index, field in enumerate(fields):
            faults.text_object(field, f"{at}/fields/{index}", limits.FIELD_TEXT)
    if block.get("accessory") is not None:
        there = f"{at}/accessory"
        element_rules.check_element(block["accessory"], there, faults, element_rules.IN_SECTION)


def _check_header(block: Json, at: str, faults: PayloadErrors) -> None:
    there = f"{at}/text"
    faults.text_object(block.get("text"), there, limits.HEADER_TEXT, types=element_rules.PLAIN)


def _check_markdown(block: Json, at: str, faults: PayloadErrors) -> None:
    faults.string(block.get("text"), f"{at}/text", limits.MARKDOWN_TOTAL)


def _check_actions(block: Json, at: str, faults: PayloadErrors) -> None:
    _check_row(block, at, faults, limits.ACTIONS_ELEMENTS, element_rules.IN_ACTIONS)


def _check_context_actions(block: Json, at: str, faults: PayloadErrors) -> None:
    most, allowed = limits.CONTEXT_ACTIONS_ELEMENTS, element_rules.IN_CONTEXT_ACTIONS
    _check_row(block, at, faults, most, allowed)


def _check_row(
    block: Json, at: str, faults: PayloadErrors, most: int, allowed: frozenset[str]
) -> None:
    listed = faults.listed(block.get("elements"), f"{at}/elements", most)
    for index, element in enumerate(listed):
        element_rules.check_element(element, f"{at}/elements/{index}", faults, allowed)
    element_rules.check_action_ids(listed, f"{at}/elements", faults)


def _check_context(block: Json, at: str, faults: PayloadErrors) -> None:
    listed = faults.listed(block.get("elements"), f"{at}/elements", limits.CONTEXT_ELEMENTS)
    for index, element in enumerate(listed):
        there = f"{at}/elements/{index}"
        if is_object(element) and element.get("type") == "image":
            element_rules.check_element(element, there, faults, frozenset({"image"}))
        else:
            faults.text_object(element, there, limits.SECTION_TEXT)


def _check_image(block: Json, at: str, faults: PayloadErrors) -> None:
    element_rules.check_element(block, at, faults, frozenset({"image"}))


def _check_input(block: Json, at: str, faults: PayloadErrors) -> None:
    plain, label = element_rules.PLAIN, block.get("label")
    faults.text_object(label, f"{at}/label", limits.INPUT_LABEL, types=plain)
    if block.get("hint") is not None:
        faults.text_object(block["hint"], f"{at}/hint", limits.INPUT_LABEL, types=plain)
    there, allowed = f"{at}/element", element_rules.IN_INPUT
    element_rules.check_element(block.get("element"), there, faults, allowed)


def _check_table(block: Json, at: str, faults: PayloadErrors) -> None:
    for index, row in enumerate(faults.listed(block.get("rows"), f"{at}/rows", limits.TABLE_ROWS)):
        here = f"{at}/rows/{index}"
        for number, cell in enumerate(faults.listed(row, here, limits.TABLE_CELLS)):
            kind = kind_of(cell)
            if kind == "rich_text":
                check_rich_text(cell, f"{here}/{number}", faults)
            elif kind not in {"raw_text", "raw_number"}:
                faults.add(f"{here}/{number}/type", f"unsupported type: {kind}")


def _check_task_card(block: Json, at: str, faults: PayloadErrors) -> None:
    faults.required(block, ("status",), at)
    for part in ("task_id", "title"):
        faults.string(block.get(part), f"{at}/{part}", limits.MESSAGE_TEXT)
    faults.one_of(block, "status", at, TASK_STATES)
    for part in ("details", "output"):
        if is_object(block.get(part)):
            check_rich_text(block[part], f"{at}/{part}", faults)
        elif block.get(part) is not None:
            faults.add(f"{at}/{part}", "must be a rich_text object")


def _check_plan(block: Json, at: str, faults: PayloadErrors) -> None:
    faults.string(block.get("title"), f"{at}/title", limits.MESSAGE_TEXT)
    tasks = block.get("tasks")
    listed = [] if tasks is None else faults.listed(tasks, f"{at}/tasks", limits.MESSAGE_BLOCKS)
    for index, task in enumerate(listed):
        here = f"{at}/tasks/{index}"
        if is_object(task) and kind_of(task) == "task_card":
            _check_task_card(task, here, faults)
        else:
            faults.add(here, "must be a task_card")


def _check_card(block: Json, at: str, faults: PayloadErrors) -> None:
    for part, longest in _CARD_TEXTS.items():
        if block.get(part) is not None:
            faults.text_object(block[part], f"{at}/{part}", longest)
    if block.get("actions") is not None:
        there = f"{at}/actions"
        listed = faults.listed(block["actions"], there, limits.CARD_ACTIONS)
        for index, element in enumerate(listed):
            element_rules.check_element(element, f"{there}/{index}", faults, frozenset({"button"}))
        element_rules.check_action_ids(listed, there, faults)


def _check_carousel(block: Json, at: str, faults: PayloadErrors) -> None:
    listed = faults.listed(block.get("elements"), f"{at}/elements", limits.CAROUSEL_CARDS)
    for index, card in enumerate(listed):
        here = f"{at}/elements/{index}"
        if is_object(card) and kind_of(card) == "card":
            _check_card(card, here, faults)
        else:
            faults.add(here, "must be a card")


def _check_alert(block: Json, at: str, faults: PayloadErrors) -> None:
    faults.text_object(block.get("text"), f"{at}/text", limits.SECTION_TEXT)


_CARD_TEXTS: Final = {
    "title": limits.CARD_TITLE,
    "subtitle": limits.CARD_TITLE,
    "body": limits.CARD_BODY,
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
