"""Shared content arrives as Slack sends it, and posted Markdown comes back as rich text."""

from __future__ import annotations

import pytest

from bot.playground.people.shares import (
    forwarded,
    link_preview,
    pasted_table,
    typed_blocks,
)
from bot.playground.render.read_back import INTERACTIVE, read_back
from tests.playground.apps import SocketApp
from tests.playground.conftest import Scene

MARKDOWN = """# Title

A **bold** [link](https://a.example) and `code`.
Next line.

3. three
   - inner
4. four

> quoted

| A | B |
| --- | --- |
| 1 | _2_ |

```python
x = 1
```"""


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("a &amp; &lt;b&gt;", {"type": "text", "text": "a & <b>"}),
        ("<@U1>", {"type": "user", "user_id": "U1"}),
        ("<#C1|>", {"type": "channel", "channel_id": "C1"}),
        ("<!subteam^S1>", {"type": "usergroup", "usergroup_id": "S1"}),
        (
            "<https://a.example|a &lt; b>",
            {"type": "link", "url": "https://a.example", "text": "a < b"},
        ),
        ("https://a.example", {"type": "link", "url": "https://a.example"}),
        ("<mailto:a@b.example>", {"type": "link", "url": "mailto:a@b.example"}),
    ],
)
def test_typed_text_becomes_rich_text(text: str, element: dict[str, str]) -> None:
    """`text` is escaped, rich text is not."""
    [block] = typed_blocks(text)
    assert block["elements"][0]["elements"] == [element]


async def test_shared_content_is_in_the_event(scene: Scene) -> None:
    """A pasted table and a forwarded message are attachments, and the text has only the words."""
    async with SocketApp(scene.slack) as app:
        original = await scene.slack.post(scene.ana, scene.general, "See this")
        message = scene.slack.message(scene.general, original)
        shared = forwarded(message, scene.general, scene.ana, url="https://playground.slack.com/x")
        ts = await scene.slack.post(
            scene.ana, scene.general, "", attachments=[pasted_table("ab"), shared]
        )
        await scene.slack.unfurl(
            scene.general, ts, link_preview("https://a.example", service="A", title="T", text="x")
        )
        await scene.slack.wait_for_deliveries()
    _, sent, changed = app.events("message")
    table, forward = sent["attachments"]
    assert (sent["text"], table["blocks"][0]["type"]) == ("", "table")
    assert table["fallback"] == "[no preview available]"
    assert forward["is_share"]
    assert forward["message_blocks"][0]["message"]["blocks"] == message.blocks
    assert changed["subtype"] == "message_changed"
    assert [each.get("service_name") for each in changed["message"]["attachments"]] == [
        None, None, "A",
    ]  # fmt: skip


async def test_markdown_comes_back_as_rich_text(scene: Scene) -> None:
    """A reader gets no Markdown and, if there are buttons, no text."""
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}}
    sent = await scene.web.chat_postMessage(
        channel=scene.general.id,
        text="Title",
        blocks=[
            {"type": "markdown", "text": MARKDOWN},
            {"type": "actions", "elements": [button]},
        ],
    )
    got = await scene.web.conversations_replies(channel=scene.general.id, ts=sent["ts"])
    [message] = got["messages"]
    assert message["text"] == INTERACTIVE
    first, table, second, actions = message["blocks"]
    assert [part["type"].removeprefix("rich_text_") for part in first["elements"]] == [
        "section", "section", "list", "list", "list", "quote",
    ]  # fmt: skip
    lists = first["elements"][2:5]
    assert [(each["style"], each["indent"], each.get("offset", 0)) for each in lists] == [
        ("ordered", 0, 2), ("bullet", 1, 0), ("ordered", 0, 3),
    ]  # fmt: skip
    assert first["elements"][1]["elements"][1] == {
        "type": "text",
        "text": "bold",
        "style": {"bold": True},
    }
    assert [len(row) for row in table["rows"]] == [2, 2]
    assert second["elements"][0]["type"] == "rich_text_preformatted"
    assert actions["type"] == "actions"


def test_other_messages_are_read_back_unchanged() -> None:
    """Without Markdown nothing changes."""
    message = {"text": "Hi", "blocks": [{"type": "divider"}]}
    assert read_back(message) is message
