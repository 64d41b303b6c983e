"""Rules for files: where the token may go, which files are images, and limits for PDFs."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.file_server import HangFault
from bot.playground.server import LocalSlack
from bot.slack.api.client import web_client
from bot.slack.api.identity import IdentityLookup
from bot.slack.files import FileText, SlackFiles, Unread
from bot.slack.files.decode import identify_image
from bot.slack.files.document_child import read
from bot.slack.files.documents import extract_text
from bot.slack.files.host import SlackFileHost
from bot.slack.files.reader import FileLimits
from bot.slack.files.slack_file import NotRead
from tests.slack.samples import gif, jpeg, locked_pdf, pdf, png, torn_pdf, webp


@pytest.mark.parametrize(
    "address",
    [
        "https://files.slack.com/files-pri/T1-F1/download/a.txt",
        "https://files.slack.com:443/a",
        "https://FILES.SLACK.COM/a",
        "https://team.enterprise.slack.com/a",
        "https://slack.com/a",
        "http://127.0.0.1:4000/files-pri/T1-F1/a.txt",
    ],
)
def test_the_token_is_sent_to_slack(address: str) -> None:
    """Slack's own hosts by https, and the configured local Slack, get the token."""
    host = SlackFileHost(AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:4000/api/"))
    assert host.trusted(address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com.evil.example/a",
        "https://evilslack.com/a",
        "https://slack.com@evil.example/a",
        "https://user@files.slack.com/a",
        "https://user:word@files.slack.com/a",
        "https://evil.example/files.slack.com",
        "https://evil.example#files.slack.com",
        "https://evil.example\\@files.slack.com/a",
        "ftp://files.slack.com/a",
        "file:///etc/passwd",
        "//files.slack.com/a",
        "http://127.0.0.1:4001/a",
        "https://127.0.0.1:4000/a",
        "http://localhost:4000/a",
        "",
        "a.txt",
    ],
)
def test_the_token_is_sent_nowhere_else(address: str) -> None:
    """No other address gets it, whatever it looks like."""
    host = SlackFileHost(AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:4000/api/"))
    assert host.trusted(address) is None


@pytest.mark.parametrize(
    ("data", "kind", "sides"),
    [
        (png(8, 6), "image/png", (8, 6)),
        (gif(70, 300), "image/gif", (70, 300)),
        (jpeg(640, 480), "image/jpeg", (640, 480)),
        (webp(11, 22, "VP8 "), "image/webp", (11, 22)),
        (webp(11, 22, "VP8L"), "image/webp", (11, 22)),
        (webp(11, 22, "VP8X"), "image/webp", (11, 22)),
        (png()[:17], "image/png", (0, 0)),
        (gif(1, 1)[:7], "image/gif", (0, 0)),
        (jpeg(1, 1)[:9], "image/jpeg", (0, 0)),
        (b"\xff\xd8\xff" + b"\xff" * 5_000, "image/jpeg", (0, 0)),
        (b"\xff\xd8\xff\xd0\x00", "image/jpeg", (0, 0)),
        (webp(1, 1, "VP8X")[:20], "image/webp", (0, 0)),
        (webp(1, 1, "ICCP"), "image/webp", (0, 0)),
    ],
)
def test_an_image_is_identified_by_its_bytes(
    data: bytes, kind: str, sides: tuple[int, int]
) -> None:
    """The bytes give the type and the size, or no size if it is missing."""
    found = identify_image(data)
    assert found is not None
    assert (found.media_type, (found.width, found.height)) == (kind, sides)


@pytest.mark.parametrize("data", [b"", b"Hello", b"BM" + b"\0" * 60, b"RIFF\0\0\0\0WAVEfmt "])
def test_other_files_are_not_images(data: bytes) -> None:
    """Other image types and other files are not images."""
    assert identify_image(data) is None


@pytest.mark.parametrize("after", [0, 3])
async def test_a_stalled_download_is_abandoned(after: int) -> None:
    """A stall before or after the first byte costs only that file; the others are read."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url)
        files = SlackFiles(client, IdentityLookup(client), FileLimits(seconds=0.5))
        slow, quick = slack.upload("slow.txt", b"Hello"), slack.upload("quick.txt", b"Hello")
        slow.fault = HangFault(after)
        found = await files.read([slow.file_json, quick.file_json])
        assert found[slow.id].read == Unread("slow")
        assert found[quick.id].read == FileText("Hello", 5)


async def test_a_missing_file_scope_is_named() -> None:
    """Slack sends a sign-in page; the asker learns that the scope is missing."""
    async with LocalSlack() as slack:
        slack.app.scopes.discard("files:read")
        client = web_client(slack.bot_token, slack.api_url)
        notes = slack.upload("notes.txt", b"Hello")
        found = await SlackFiles(client, IdentityLookup(client)).read([notes.file_json])
        assert found[notes.id].read == Unread("scope")


async def test_withheld_files_cost_a_limited_number_of_calls() -> None:
    """Hundreds of files in Slack Connect don't cost hundreds of calls."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url)
        shared = [slack.upload(f"n{n}.txt", b"Hello", id_only=True) for n in range(14)]
        found = await SlackFiles(client, IdentityLookup(client)).read(
            [file.file_json for file in shared]
        )
        assert len(slack.calls("files.info")) == 10
        assert [found[file.id].read for file in shared[10:]] == [Unread("many")] * 4


async def test_without_files_there_are_no_requests() -> None:
    """Without files there are no requests."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url)
        assert await SlackFiles(client, IdentityLookup(client)).read([]) == {}
        assert slack.calls() == []


async def test_reading_a_slow_pdf_is_stopped() -> None:
    """Its process has ended when reading ends."""
    with pytest.raises(NotRead, match="slow"):
        await extract_text("pdf", pdf("Hello"), 1_000, seconds=0.01)


async def test_pages_before_a_broken_one_are_read() -> None:
    """A broken page loses itself and the rest, and the note says so."""
    text = await extract_text("pdf", torn_pdf("One", "Two"), 1_000)
    assert (text.text, text.pages, text.pages_read) == ("One", 2, 1)


async def test_a_pdfs_text_is_cut_at_the_limit() -> None:
    """A page of a million characters is cut."""
    text = await extract_text("pdf", pdf("x" * 5_000, "Two"), 1_000)
    assert (len(text.text), text.pages, text.pages_read) == (1_000, 2, 1)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (pdf("One", "Two"), [{"parts": 2}, {"text": "One"}, {"text": "Two"}]),
        (pdf("One", "Two", "Six"), [{"parts": 3}, {"text": "One"}, {"text": "Two"}]),
        (pdf("OneTwo", "Six"), [{"parts": 2}, {"text": "OneTw"}]),
        (locked_pdf("secret", "One"), [{"fault": "encrypted"}]),
        (locked_pdf("", "One"), [{"parts": 1}, {"text": "One"}]),
    ],
)
def test_the_process_writes_one_line_per_page(data: bytes, lines: list[dict[str, object]]) -> None:
    """In this test, it stops after two pages or five characters."""
    most = 6 if b"Two" in data and b"OneTwo" not in data else 5
    assert list(read("pdf", data, 2, most)) == lines
