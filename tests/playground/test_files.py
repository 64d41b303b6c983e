"""File downloads: access, Slack Connect files and scripted faults."""

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
from tests.playground.conftest import Scene, error_code


async def download(scene: Scene, url: str, *, token: str | None = None) -> tuple[int, str, bytes]:
    """Return status, content type and body of a URL after redirects."""
    headers = {"Authorization": f"Bearer {token or scene.slack.bot_token}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_file_is_on_its_message_and_opens_with_the_token(scene: Scene) -> None:
    """Both URLs serve its bytes and type; threads and files.info show the same object."""
    file = scene.slack.upload("Q3 plan.csv", b"a;b", preview=b"small")
    ts = await scene.slack.post(scene.ana, scene.general, "Look", files=[file])
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    [listed] = answer["messages"][0]["files"]
    assert (listed["name"], listed["mimetype"], listed["size"]) == ("Q3 plan.csv", "text/csv", 3)
    assert (await scene.web.files_info(file=file.id))["file"] == listed
    for key in ("url_private", "url_private_download"):
        assert await download(scene, listed[key]) == (200, "text/csv", b"a;b")
    assert (await download(scene, listed["thumb_1024"]))[2] == b"small"
    path = listed["url_private"].removeprefix(scene.slack.api_url.removesuffix("/api/"))
    assert scene.slack.file_requests[0] == FileRequest(file.id, path, admitted=True)


async def test_request_without_access_gets_the_sign_in_page(scene: Scene) -> None:
    """Like Slack, status 200 without the scope or with another token."""
    url = scene.slack.upload("a.txt", b"Hello").file_json["url_private"]
    assert (await download(scene, url, token="xoxb-other"))[:2] == (200, "text/html")
    scene.slack.app.scopes.discard("files:read")
    status, kind, body = await download(scene, url)
    assert (status, kind) == (200, "text/html")
    assert b"Sign in" in body
    assert await error_code(scene.web.files_info(file="F1")) == "missing_scope"
    assert not any(request.admitted for request in scene.slack.file_requests)


async def test_slack_connect_file_has_only_its_id(scene: Scene) -> None:
    """`files.info` returns the rest."""
    file = scene.slack.upload("a.txt", b"Hello", id_only=True)
    assert file.file_json["file_access"] == "check_file_info"
    assert "url_private" not in file.file_json
    full = (await scene.web.files_info(file=file.id))["file"]
    assert await download(scene, full["url_private"]) == (200, "text/plain", b"Hello")


async def test_deleted_file_leaves_a_tombstone(scene: Scene) -> None:
    """Its message, files.info and URL show that it is deleted."""
    file = scene.slack.upload("a.txt", b"Hello")
    url = file.file_json["url_private"]
    ts = await scene.slack.post(scene.ana, scene.general, "Look", files=[file])
    file.delete()
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    assert answer["messages"][0]["files"] == [{"id": file.id, "mode": "tombstone"}]
    assert await error_code(scene.web.files_info(file=file.id)) == "file_deleted"
    assert await error_code(scene.web.files_info(file="F404")) == "file_not_found"
    assert (await download(scene, url))[0] == 404


async def test_file_faults_can_be_scripted(scene: Scene) -> None:
    """Web pages, error statuses and redirects can be set at any time."""
    file = scene.slack.upload("a.bin", b"Hello", mimetype="application/pdf")
    url = file.file_json["url_private"]
    assert file.file_json["mimetype"] == "application/pdf"
    file.fault = WebPageFault("<p>No</p>", "text/plain")
    assert await download(scene, url) == (200, "text/plain", b"<p>No</p>")
    file.fault = RefuseFault(503)
    assert (await download(scene, url))[0] == 503
    file.fault = RedirectFault(scene.slack.upload("b.txt", b"Other").file_json["url_private"])
    assert (await download(scene, url))[2] == b"Other"


@pytest.mark.parametrize(
    ("fault", "first"),
    [(EndlessFault(), b"xxxxx"), (HangFault(after=5), b"Hello"), (HangFault(), b"")],
)
async def test_download_may_never_end(
    scene: Scene, fault: EndlessFault | HangFault, first: bytes
) -> None:
    """A download can be endless, stop midway or never start; closing Slack ends it."""
    file = scene.slack.upload("a.txt", b"Hello there")
    file.fault = fault
    headers = {"Authorization": f"Bearer {scene.slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        if first:
            async with session.get(file.file_json["url_private"], headers=headers) as answer:
                assert await answer.content.readexactly(5) == first
                assert answer.content_length is None
        else:
            pending_call = asyncio.create_task(
                session.get(file.file_json["url_private"], headers=headers).__aenter__()
            )
            await scene.slack.wait_for(lambda: scene.slack.file_requests)
            assert not pending_call.done()
            pending_call.cancel()
