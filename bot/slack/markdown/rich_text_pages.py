"""The room where rich_text elements are packed into blocks of a size that Slack accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.slack.markdown.rich_text_inline import Json

PARTS = 150
"""Texts and list items of one block, about: each is some 100 bytes of JSON, however short it is,
and a view takes 250,000 bytes."""


def pages(elements: Sequence[Json], limit: int) -> list[Json]:
    """The elements in rich_text blocks of at most `limit` characters of text each.

    A block ends between elements; only an element that is longer by itself is split, a list
    between its items. The shortest text counts as a share of the limit, so that no block holds
    more than about `PARTS` of them. ValueError: `limit` is below 1.
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
    """The list in shorter ones; what is left of an overlong item follows it as a section."""
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
    """Text and link elements in groups of at most `limit` characters."""
    group: list[Json] = []
    room = limit
    for part in parts:
        rest: str = part["text"]
        while _cost(rest, limit) > room:
            end = _cut_at(rest, room, fresh=not group) if len(rest) > room else 0
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
    """What the elements take of a block, nested ones included."""
    return sum(
        _cost(part["text"], limit) if "text" in part else _size(part.get("elements", ()), limit)
        for part in parts
    )


def _cost(text: str, limit: int) -> int:
    return max(len(text), limit // PARTS)


def _cut_at(text: str, room: int, *, fresh: bool) -> int:
    """Where to cut: behind a line, else behind a word, else at the limit of an empty group."""
    end = text.rfind("\n", 0, room) + 1 or text.rfind(" ", 0, room) + 1
    return end or (room if fresh else 0)


def _with_text(part: Json, text: str) -> Json:
    if text == part["text"]:
        return part
    # Half an address leads elsewhere: it is shown, and no link.
    kept = {key: value for key, value in part.items() if key != "url"}
    return kept | {"type": "text", "text": text}
