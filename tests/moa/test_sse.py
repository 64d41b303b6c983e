"""Server-sent events are parsed correctly, however the network splits them."""

from __future__ import annotations

import json
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa.providers.sse import MAX_EVENT_BYTES, EventReader, EventTooLongError

EVENTS = [{"n": 1, "text": "Grüße 👋"}, {"n": 2, "text": "line\nbreak"}, {"n": 3, "text": ""}]


def test_events_are_complete_and_in_order() -> None:
    """Each event's data is returned once complete, in order."""
    reader = EventReader()
    assert reader.feed(b"data: one\n\ndata: two\n") == [b"one"]
    assert reader.feed(b"\ndata: [DONE]\n\n") == [b"two", b"[DONE]"]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data:no space\n\n", [b"no space"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b": a comment\n\ndata: x\n\n", [b"x"]),
        (b": keep-alive\ndata: x\n: more\n\n", [b"x"]),
        (b"event: ping\nid: 7\nretry: 10\ndata: x\n\n", [b"x"]),
        (b"event: ping\n\n", []),
        (b"data\n\n", []),
        (b"data:\n\ndata: x\n\n", [b"x"]),
        (b"\n\n\n\ndata: x\n\n\n\n\ndata: y\n\n", [b"x", b"y"]),
        (b"\n\n\ndata: x\n\n\ndata: y\n\n", [b"x", b"y"]),
        (b"database: x\n\n", []),
        (b"\xef\xbb\xbfdata: x\n\n", [b"x"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n", []),
        (b"data: a: b\n\n", [b"a: b"]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b'data: {"a": 1}\ndata: {"b": 2}\n', [b'{"a": 1}', b'{"b": 2}']),
        (b'data: null\ndata: {"b": 2}\n', [b"null", b'{"b": 2}']),
        (b'data: {"a":\ndata: {"b": 2}\ndata: }\n\n', [b'{"a":\n{"b": 2}\n}']),
        (b"data: {}\ndata: [DONE]\n", [b"{}", b"[DONE]"]),
        (b"", []),
    ],
)
def test_the_standard_is_followed(stream: bytes, expected: list[bytes]) -> None:
    """Comments, other fields, several data lines and blank lines are parsed as in the standard.

    So is a byte order mark, with each kind of line end, in slices of any size.
    """
    for line_end, size in product((b"\n", b"\r\n", b"\r"), (1, 2, 3, 1000)):
        sent = stream.replace(b"\n", line_end)
        wanted = [data.replace(line_end, b"\n") for data in expected]
        reader = EventReader()
        slices = (sent[at : at + size] for at in range(0, len(sent), size))
        found = [data for part in slices for data in reader.feed(part)]
        assert found == wanted, f"line end {line_end!r}, slices of {size}"


@given(
    st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=3, max_size=3),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_no_split_changes_the_events(line_ends: list[str], cuts: list[int]) -> None:
    """The events are the same wherever the stream is split, even within a character."""
    written = zip(EVENTS, line_ends, strict=True)
    stream = "".join(f"data: {json.dumps(e, ensure_ascii=False)}{2 * end}" for e, end in written)
    data = stream.encode()
    reader = EventReader()
    points = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found: list[bytes] = []
    for start, end in pairwise(points):
        found += reader.feed(data[start:end])
    assert [json.loads(event) for event in found] == EVENTS


def test_a_last_line_without_its_end_is_read() -> None:
    """Some servers close the connection after the last brace; an incomplete line is dropped."""
    for last, expected in ((b'data: {"a": 1}', [b'{"a": 1}']), (b'data: {"a": ', [])):
        reader = EventReader()
        assert reader.feed(last) == []
        assert reader.close() == expected


@pytest.mark.parametrize("line", [b"x", b"data: x\n", b"data:\n"])
def test_no_form_of_an_endless_event_is_kept(line: bytes) -> None:
    """Neither one long line nor countless short ones fill the memory, in slices of any size."""
    reader = EventReader()

    def feed_for_long() -> None:
        for _ in range(MAX_EVENT_BYTES + 1):
            reader.feed(line)

    with pytest.raises(EventTooLongError):
        feed_for_long()


def test_an_endless_event_is_cut_off() -> None:
    """A server that never ends its event cannot fill the memory."""
    reader = EventReader()
    piece = b"x" * (MAX_EVENT_BYTES // 2 + 1)
    assert reader.feed(piece) == []
    with pytest.raises(EventTooLongError):
        reader.feed(piece)
