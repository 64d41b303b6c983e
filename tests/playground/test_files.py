"""The host of files: who may read, what Slack Connect withholds, and what a test lets go wrong."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.playground.file_server import (
    EndlessFault,
    FileRequest,
    HangFault,
    RedirectFault,
    RefuseFault,
    WebPageFault,
)
from tests.playground.conftest import Scene, code


async def fetched(scene: Scene, url: str, *, token: str | None = None) -> tuple[int, str, bytes]:
    """Status, content type and body of an address, as a client gets it that follows redirects."""
    headers = {"Authorization": f"Bearer {token or scene.slack.bot_token}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_a_file_hangs_on_its_message_and_opens_with_the_token(scene: Scene) -> None:
    """Both of its addresses give its bytes and its type, in threads, events and files.info."""
    file = scene.slack.upload("Q3 plan.csv", b"a;b", preview=b"small")
    ts = await scene.slack.post(scene.ana, scene.general, "Look", files=[file])
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    [listed] = answer["messages"][0]["files"]
    assert (listed["name"], listed["mimetype"], listed["size"]) == ("Q3 plan.csv", "text/csv", 3)
    assert (await scene.web.files_info(file=file.id))["file"] == listed
    for key in ("url_private", "url_private_download"):
        assert await fetched(scene, listed[key]) == (200, "text/csv", b"a;b")
    assert (await fetched(scene, listed["thumb_1024"]))[2] == b"small"
    path = listed["url_private"].removeprefix(scene.slack.api_url.removesuffix("/api/"))
    assert scene.slack.file_requests[0] == FileRequest(file.id, path, admitted=True)


async def test_who_may_not_read_gets_a_page_for_signing_in(scene: Scene) -> None:
    """With status 200, as from Slack: without the scope, or with another token."""
    url = scene.slack.upload("a.txt", b"Hello").file_json["url_private"]
    assert (await fetched(scene, url, token="xoxb-other"))[:2] == (200, "text/html")
    scene.slack.app.scopes.discard("files:read")
    status, kind, body = await fetched(scene, url)
    assert (status, kind) == (200, "text/html")
    assert b"Sign in" in body
    assert await code(scene.web.files_info(file="F1")) == "missing_scope"
    assert not any(request.admitted for request in scene.slack.file_requests)


async def test_slack_connect_withholds_all_but_the_id(scene: Scene) -> None:
    """The rest is to be asked for."""
    file = scene.slack.upload("a.txt", b"Hello", id_only=True)
    assert file.file_json["file_access"] == "check_file_info"
    assert "url_private" not in file.file_json
    whole = (await scene.web.files_info(file=file.id))["file"]
    assert await fetched(scene, whole["url_private"]) == (200, "text/plain", b"Hello")


async def test_a_deleted_file_leaves_a_tombstone(scene: Scene) -> None:
    """On its message, in files.info and at its address."""
    file = scene.slack.upload("a.txt", b"Hello")
    url = file.file_json["url_private"]
    ts = await scene.slack.post(scene.ana, scene.general, "Look", files=[file])
    file.delete()
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    assert answer["messages"][0]["files"] == [{"id": file.id, "mode": "tombstone"}]
    assert await code(scene.web.files_info(file=file.id)) == "file_deleted"
    assert await code(scene.web.files_info(file="F404")) == "file_not_found"
    assert (await fetched(scene, url))[0] == 404


async def test_a_test_says_what_goes_wrong(scene: Scene) -> None:
    """Pages, refusals and redirects, at any time."""
    file = scene.slack.upload("a.bin", b"Hello", mimetype="application/pdf")
    url = file.file_json["url_private"]
    assert file.file_json["mimetype"] == "application/pdf"
    file.fault = WebPageFault("<p>No</p>", "text/plain")
    assert await fetched(scene, url) == (200, "text/plain", b"<p>No</p>")
    file.fault = RefuseFault(503)
    assert (await fetched(scene, url))[0] == 503
    file.fault = RedirectFault(scene.slack.upload("b.txt", b"Other").file_json["url_private"])
    assert (await fetched(scene, url))[2] == b"Other"


@pytest.mark.parametrize(
    ("fault", "first"),
    [(EndlessFault(), b"xxxxx"), (HangFault(after=5), b"Hello"), (HangFault(), b"")],
)
async def test_a_file_may_never_end(
    scene: Scene, fault: EndlessFault | HangFault, first: bytes
) -> None:
    """It comes for ever, stops in the middle or never begins; closing Slack ends the wait."""
    file = scene.slack.upload("a.txt", b"Hello there")
    file.fault = fault
    headers = {"Authorization": f"Bearer {scene.slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        if first:
            async with session.get(file.file_json["url_private"], headers=headers) as answer:
                assert await answer.content.readexactly(5) == first
                assert answer.content_length is None
        else:
            asking = asyncio.create_task(
                session.get(file.file_json["url_private"], headers=headers).__aenter__()
            )
            await scene.slack.wait_for(lambda: scene.slack.file_requests)
            assert not asking.done()
            asking.cancel()
