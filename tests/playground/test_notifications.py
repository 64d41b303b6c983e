"""Notifications and link previews that the app's messages cause."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.apps import section
from tests.playground.conftest import Scene

QUIET = {"unfurl_links": False, "unfurl_media": False}


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("<!channel> hi", ["channel"]),
        ("<!here|here> <!everyone>", ["here", "everyone"]),
        ("<!subteam^S123|@team>", ["S123"]),
        ("<@U00000042> and <@U00000042>", ["U00000042"]),
        ("`<!channel>`", ["channel"]),
        ("&lt;!channel&gt; &lt;@U00000042&gt;", []),
        ("@channel <channel> <!date^1^{date}|x>", []),
    ],
)
async def test_unescaped_tokens_notify(scene: Scene, text: str, targets: list[str]) -> None:
    """A token notifies in text, in blocks and in markdown; an escaped one never does."""
    post = scene.web.chat_postMessage
    for fields in (
        {"text": text},
        {"text": "x", "blocks": [section(text)]},
        {"text": "x", "blocks": [{"type": "markdown", "text": text}]},
        {"markdown_text": text},
    ):
        before = len(scene.slack.notifications)
        await post(channel=scene.general.id, **QUIET, **fields)
        assert [n.target for n in scene.slack.notifications[before:]] == targets


async def test_rich_text_elements_notify(scene: Scene) -> None:
    """Users, groups and broadcasts notify as elements; plain text does not as a token."""
    elements: list[dict[str, Any]] = [
        {"type": "user", "user_id": scene.ana.id},
        {"type": "usergroup", "usergroup_id": "S1"},
        {"type": "broadcast", "range": "here"},
        {"type": "text", "text": "<!channel>"},
    ]
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    header = {"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}
    await scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=[rich, header])
    assert [n.kind for n in scene.slack.notifications] == ["user", "subteam", "here"]


async def test_plain_names_notify_with_link_names(scene: Scene) -> None:
    """`link_names` turns `@channel` into a notification."""
    await scene.web.chat_postMessage(channel=scene.general.id, text="@channel", link_names=True)
    assert [n.kind for n in scene.slack.notifications] == ["channel"]


async def test_attachments_notify_and_unfurl(scene: Scene) -> None:
    """Legacy attachments are scanned like blocks."""
    attachment = {"text": "<!here>", "blocks": [section("https://e.org/x")]}
    await scene.web.chat_postMessage(
        channel=scene.general.id, text="x", attachments=[attachment], unfurl_links=True
    )
    assert [n.kind for n in scene.slack.notifications] == ["here"]
    assert [u.url for u in scene.slack.unfurls] == ["https://e.org/x"]


async def test_token_split_across_chunks_notifies(scene: Scene) -> None:
    """Two harmless chunks can form a token together; it notifies once."""
    where = await _stream(scene)
    append = scene.web.chat_appendStream
    await append(**where, markdown_text="<!chan")
    assert scene.slack.notifications == []
    await append(**where, markdown_text="nel>")
    await append(**where, markdown_text=" more")
    assert [n.kind for n in scene.slack.notifications] == ["channel"]


async def test_tasks_of_a_stream_notify(scene: Scene) -> None:
    """Task titles and details are scanned too."""
    where = await _stream(scene)
    task = {"type": "task_update", "id": "1", "status": "error", "title": "t", "details": "<!here>"}
    await scene.web.chat_appendStream(**where, chunks=[task])
    assert [n.kind for n in scene.slack.notifications] == ["here"]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://e.org/a.", ["https://e.org/a"]),
        (
            "see [this](https://e.org/b) and ![that](http://e.org/c)",
            ["https://e.org/b", "http://e.org/c"],
        ),
        ("www.e.org", ["www.e.org"]),
        ("https://e.org/https://f.org/x", ["https://e.org/https://f.org/x", "https://f.org/x"]),
        ("e.org?x=http://f.org", ["http://f.org"]),
        ("e.org/(www.f.org/x)", ["www.f.org/x"]),
        ("https://www.e.org", ["https://www.e.org"]),
        ("`https://e.org`", []),
        ("``a ` https://e.org``", []),
        ("```\nhttps://e.org\n``` https://e.org/out", ["https://e.org/out"]),
        ("```\nhttps://e.org and no end", []),
        ("https\\://e.org and e.org and hxxps://e.org", []),
    ],
)
async def test_addresses_in_a_stream_unfurl(scene: Scene, text: str, urls: list[str]) -> None:
    """A stream cannot turn off previews: a URL counts unless it is in code."""
    where = await _stream(scene)
    await scene.web.chat_stopStream(**where, markdown_text=text)
    assert [u.url for u in scene.slack.unfurls] == urls


async def test_unfurling_is_off_only_when_both_kinds_are(scene: Scene) -> None:
    """A posted message needs both arguments; an update keeps that setting."""
    post, link = scene.web.chat_postMessage, "<https://e.org|x>"
    where = {"channel": scene.general.id}
    quiet = await post(**where, **QUIET, text=link)
    await scene.web.chat_update(**where, ts=quiet["ts"], text="https://e.org/new")
    assert scene.slack.unfurls == []
    await post(**where, text=link, unfurl_links=False)
    await post(**where, text=link, unfurl_media=False)
    assert [u.url for u in scene.slack.unfurls] == ["https://e.org"] * 2


async def test_messages_of_people_are_not_recorded(scene: Scene) -> None:
    """Only the app's visible messages are recorded: not people's, not ephemeral ones."""
    await scene.slack.post(scene.ana, scene.general, "<!channel> https://e.org")
    tell = scene.web.chat_postEphemeral
    await tell(channel=scene.general.id, user=scene.ana.id, text="<!channel> https://e.org")
    assert (scene.slack.notifications, scene.slack.unfurls) == ([], [])


async def _stream(scene: Scene) -> dict[str, str]:
    started = await scene.web.chat_startStream(
        channel=scene.general.id,
        thread_ts=await scene.ask(),
        recipient_user_id=scene.ana.id,
        recipient_team_id=scene.slack.team_id,
    )
    return {"channel": scene.general.id, "ts": started["ts"]}
