"""Packs rich_text elements into blocks of a size that Slack accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.slack.markdown.rich_text_inline import Json

PARTS = 150
"""The approximate number of texts and list items in a block. Each takes about 100 bytes of JSON,
and a view may have 250,000 bytes."""


def pages(elements: Sequence[Json], limit: int) -> list[Json]:
    """Return the elements in rich_text blocks with at most `limit` characters each.

    Blocks end between elements. Only an element above the limit is split; a list is split between
    its items. Even a short text counts as 1/`PARTS` of the limit, to bound the texts per block.

    Raises:
        ValueError: `limit` is below 1.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    blocks: list[Json] = []
    room = 0
    for element in elements:
        for piece in _pieces(element, limit):
            size = _size([piece], limit)
            if size > room:
                blocks.append({"type": "rich_text", "elements": []})
                room = limit
            blocks[-1]["elements"].append(piece)
            room -= size
    return blocks


def _pieces(element: Json, limit: int) -> Iterator[Json]:
    if _size([element], limit) <= limit:
        yield element
    elif element["type"] == "rich_text_list":
        yield from _list_pieces(element, limit)
    else:
        for parts in _split(element["elements"], limit):
            yield element | {"elements": parts}


def _list_pieces(element: Json, limit: int) -> Iterator[Json]:
    """Split a list. The rest of an item above the limit follows it as a section."""
    items: list[Json] = []
    size = 0
    first = element.get("offset", 0)
    for number, item in enumerate(element["elements"], element.get("offset", 0)):
        chunks = list(_split(item["elements"], limit))
        length = _size(chunks[0], limit)
        if items and size + length > limit:
            yield _list_of(element, items, first)
            items, size = [], 0
        first = first if items else number
        items.append(item | {"elements": chunks[0]})
        size += length
        if len(chunks) > 1:
            yield _list_of(element, items, first)
            items, size = [], 0
            yield from (item | {"elements": chunk} for chunk in chunks[1:])
    if items:
        yield _list_of(element, items, first)


def _list_of(element: Json, items: list[Json], first: int) -> Json:
    numbered = {"offset": first} if element["style"] == "ordered" and first else {}
    kept = {key: value for key, value in element.items() if key != "offset"}
    return kept | numbered | {"elements": items}


def _split(parts: Sequence[Json], limit: int) -> Iterator[list[Json]]:
    """Yield text and link elements in groups of at most `limit` characters."""
    group: list[Json] = []
    room = limit
    for part in parts:
        rest: str = part["text"]
        while _cost(rest, limit) > room:
            end = _cut_at(rest, room, is_empty=not group) if len(rest) > room else 0
            if end:
                group.append(_with_text(part, rest[:end]))
            yield group
            group, room, rest = [], limit, rest[end:]
        if rest:
            group.append(_with_text(part, rest))
            room -= _cost(rest, limit)
    if group:
        yield group


def _size(parts: Iterable[Json], limit: int) -> int:
    """Return how much of a block the elements use, including nested ones."""
    return sum(
        _cost(part["text"], limit) if "text" in part else _size(part.get("elements", ()), limit)
        for part in parts
    )


def _cost(text: str, limit: int) -> int:
    return max(len(text), limit // PARTS)


def _cut_at(text: str, room: int, *, is_empty: bool) -> int:
    """Return where to cut: after a line, else after a word, else at the limit if `is_empty`."""
    end = text.rfind("\n", 0, room) + 1 or text.rfind(" ", 0, room) + 1
    return end or (room if is_empty else 0)


def _with_text(part: Json, text: str) -> Json:
    if text == part["text"]:
        return part
    # Part of an address would lead somewhere else, so it is shown as text.
    kept = {key: value for key, value in part.items() if key != "url"}
    return kept | {"type": "text", "text": text}
