"""Files that are not read: the models and the asker learn the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.playground.file_server import (
    EndlessFault,
    FileFault,
    RedirectFault,
    RefuseFault,
    WebPageFault,
)
from tests.slack.file_questions import answered, ask, text
from tests.slack.modal_walk import reveal
from tests.slack.samples import locked_pdf, pdf, png
from tests.stage import on_stage


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("locked.pdf", locked_pdf("secret", "Hi"), "password protected"),
        ("scan.pdf", pdf("", ""), "contains no text, perhaps a scan"),
        ("torn.pdf", pdf("Hi")[:250], "damaged, or not the type its name says"),
        ("torn.png", png()[:17], "damaged, or not the type its name says"),
        ("huge.png", png(8_001, 1), "over 3.75 MB or 8,000 pixels a side"),
        ("data.txt", bytes(range(256)), "file type not supported"),
        ("program.txt", b"\x01\x02\x03\x04run", "file type not supported"),
        ("nothing.txt", b"", "empty"),
        ("blank.txt", b" \n\n", "empty"),
        ("big.log", b"x" * 5_000_001, "over 5 MB"),
    ],
)
async def test_an_unreadable_file_is_named_with_its_reason(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    """The reply is posted anyway, and names each unread file and the reason."""
    async with on_stage(tmp_path) as stage:
        shown = await ask(stage, "What is it?", stage.slack.upload(name, data))
        assert f"Not read: {name} ({why})." in shown
        assert text(stage) == (f"[attached and not read: {name} ({why})]\n\nAna asks:\nWhat is it?")


async def test_a_file_name_that_is_an_address_is_shown_as_code(tmp_path: Path) -> None:
    """It becomes no link under the reply or in the overview."""
    async with on_stage(tmp_path) as stage:
        files = [stage.slack.upload("www.host.example", b"MZ\0")]
        question = f"{stage.mention} What is it?"
        ts = await stage.slack.post(stage.ana, stage.general, question, files=files)
        reply = await answered(stage, ts)
        assert "Not read: `www.host.example` (file type" in stage.slack.render(reply)
        view = await reveal(stage, stage.ana, reply, "Notes")
        assert "Not read: `www.host.example` (file type" in stage.slack.render(view)


@pytest.mark.parametrize(
    ("name", "told", "why"),
    [
        ("program.exe", {"mimetype": "application/x-dosexec"}, "file type not supported"),
        ("talk.mp4", {}, "a recording without a transcript"),
        (
            "tasks",
            {"mimetype": "application/vnd.slack-list"},
            "a Slack list, which apps can't read here",
        ),
        ("notes", {"mode": "external", "is_external": True}, "stored outside Slack"),
        ("old.txt", {"mode": "hidden_by_limit"}, "hidden by this workspace's plan"),
        ("gone.txt", {"file_access": "file_not_found"}, "deleted"),
        ("theirs.txt", {"file_access": "access_denied"}, "no access"),
        ("odd.txt", {"url_private": "", "url_private_download": ""}, "Slack didn't send it"),
        ("large.txt", {"size": 5_000_001}, "over 5 MB"),
    ],
)
async def test_files_known_to_be_unreadable_are_not_downloaded(
    tmp_path: Path, name: str, told: dict[str, Any], why: str
) -> None:
    """Files that can't be used are not downloaded."""
    async with on_stage(tmp_path) as stage:
        shown = await ask(stage, "What is it?", stage.slack.upload(name, b"Hello", **told))
        assert f"Not read: {name} ({why})." in shown
        assert stage.slack.file_requests == []


async def test_the_latest_of_many_files_are_read(tmp_path: Path) -> None:
    """Ten are read per question, starting with the question's own; the note names the others."""
    async with on_stage(tmp_path) as stage:
        files = [stage.slack.upload(f"n{n}.txt", f"text {n}".encode()) for n in range(12)]
        ts = await stage.slack.post(stage.ben, stage.general, "First", files=files[:1])
        for each in files[1:8]:
            await stage.slack.post(stage.ben, stage.general, "More", ts, files=[each])
        shown = await ask(stage, "Which?", *files[8:], thread_ts=ts)
        read = [n for n in range(12) if f"> text {n}\n" in text(stage)]
        assert read == list(range(2, 12))
        assert (
            "Not read: n0.txt (over the limit of 10 files), n1.txt (over the limit of 10 files)."
            in shown
        )


async def test_all_files_share_a_size_limit(tmp_path: Path) -> None:
    """Files beyond the limit are left out and named."""
    async with on_stage(tmp_path) as stage:
        files = [stage.slack.upload(f"n{n}.log", b"words\n" * 800_000) for n in range(4)]
        shown = await ask(stage, "Which?", *files)
        assert "Not read: n3.log (over 15 MB together with the other files)." in shown
        assert len(stage.slack.file_requests) == 3


async def test_many_unreadable_files_share_one_note(tmp_path: Path) -> None:
    """The note names ten files and counts the rest."""
    async with on_stage(tmp_path) as stage:
        files = [stage.slack.upload(f"n{n}.xlsx", b"MZ\0") for n in range(14)]
        shown = await ask(stage, "Which?", *files)
        assert "n9.xlsx (file type not supported), and 4 more." in shown
        assert "n10.xlsx" not in shown


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (WebPageFault(), "Slack sent a web page instead"),
        (WebPageFault(content_type="text/plain"), "Slack sent a web page instead"),
        (EndlessFault(), "over 5 MB"),
        (RefuseFault(404), "deleted"),
        (RefuseFault(403), "no access"),
        (RefuseFault(500), "Slack didn't send it"),
        (RedirectFault("http://127.0.0.1:9/elsewhere"), "not hosted by Slack"),
        (RedirectFault("//elsewhere.example/notes.txt"), "not hosted by Slack"),
        (RedirectFault("https://files.slack.com:8443/notes.txt"), "not hosted by Slack"),
        (RedirectFault("http://["), "not hosted by Slack"),
    ],
)
async def test_a_misbehaving_host_costs_only_the_file(
    tmp_path: Path, fault: FileFault, why: str
) -> None:
    """Sign-in pages, wrong sizes and foreign redirects only cost the file."""
    async with on_stage(tmp_path) as stage:
        notes = stage.slack.upload("notes.txt", b"Hello")
        notes.fault = fault
        shown = await ask(stage, "What is it?", notes)
        assert f"Not read: notes.txt ({why})." in shown
        assert "Sign in" not in text(stage)


async def test_without_the_file_scope_everything_else_works(tmp_path: Path) -> None:
    """The reply is posted and names the missing permission."""
    async with on_stage(tmp_path) as stage:
        stage.slack.app.scopes.discard("files:read")
        withheld = stage.slack.upload("theirs.txt", b"Hello", id_only=True)
        shown = await ask(stage, "What?", stage.slack.upload("notes.txt", b"Hello"), withheld)
        assert "a file (missing permission files:read)" in shown
        # The bot looked up its scopes before this one was removed.
        assert "notes.txt (Slack sent a web page instead)" in shown
        assert "[attached and not read: notes.txt (" in text(stage)


async def test_a_deleted_file_is_named_as_deleted(tmp_path: Path) -> None:
    """It doesn't matter whether the message already says so."""
    async with on_stage(tmp_path) as stage:
        gone = stage.slack.upload("gone.txt", b"Hello")
        ts = await stage.slack.post(stage.ben, stage.general, "Look", files=[gone])
        gone.delete()
        late = stage.slack.upload("late.txt", b"Hello")
        late.deleted = True
        shown = await ask(stage, "What was it?", late, thread_ts=ts)
        assert "a file (deleted)" in shown
        assert "late.txt (deleted)" in shown


async def test_a_question_with_only_an_unreadable_file_gets_advice(tmp_path: Path) -> None:
    """It costs no model call, and the asker learns which files can be read."""
    async with on_stage(tmp_path) as stage:
        channel = stage.slack.dm(stage.ana)
        plan = stage.slack.upload("plan.xlsx", b"MZ\0")
        ts = await stage.slack.post(stage.ana, channel, "", files=[plan])
        shown = stage.slack.render(await stage.replied(ts, channel=channel))
        assert "I couldn't read your attachment" in shown
        assert stage.models.questions == []


async def test_no_other_host_gets_a_request(tmp_path: Path) -> None:
    """A redirect to another host sends it neither the token nor a request."""
    arrived: list[web.Request] = []

    async def take(request: web.Request) -> web.Response:
        arrived.append(request)
        return web.Response(text="Rent is due.")

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(elsewhere, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/notes.txt"
        async with on_stage(tmp_path) as stage:
            sent_on = stage.slack.upload("sent_on.txt", b"Hello")
            sent_on.fault = RedirectFault(address)
            there = stage.slack.upload("there.txt", b"Hello", url_private_download=address)
            shown = await ask(stage, "When?", sent_on, there)
            assert "sent_on.txt (not hosted by Slack)" in shown
            assert "there.txt (not hosted by Slack)" in shown
            assert "Rent is due" not in text(stage)
            assert arrived == []
    finally:
        await runner.cleanup()
