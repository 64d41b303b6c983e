"""Office documents, mails, archives, source files, canvases, clips and old encodings are read."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.playground.file_server import RedirectFault
from bot.slack.files.documents import extract_text, identify_document
from bot.slack.files.slack_file import NotRead
from tests.slack import documents
from tests.slack.file_questions import SEEING, ask, asked, text
from tests.slack.samples import png
from tests.stage import on_stage

RTF = rb"{\rtf1\ansi\ansicpg1252 Buy the \b boat\b0 . Caf\'e9\par}"
ICS = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Launch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
VTT = (
    b"WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.000\nLet us buy\n\n"
    b"2\n00:02.000 --> 00:03.000\nthe boat.\n"
)

LOCKED = bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le")


def office() -> dict[str, tuple[bytes, str]]:
    """Return the files that people share at work, and what the models read of each."""
    return {
        "plan.docx": (documents.docx(), "# Plan\n> Buy the boat.\n> item,price\n> boat,5\n"),
        "costs.xlsx": (documents.xlsx(), "Sheet Costs:\n> item,price\n> boat 0,5.5\n"),
        "talk.pptx": (
            documents.pptx(),
            "Slide 1:\n> Why a boat\n> \n> Slide 2:\n> When\n> Notes: Say: in spring.\n",
        ),
        "plan.odt": (documents.odt(), "# Plan\n> Buy the boat.\n> boat,5\n"),
        "costs.ods": (documents.ods(), "Sheet Costs:\n> boat,5\n"),
        "plan.rtf": (RTF, "Buy the boat. Café\n"),
        "mail.eml": (
            documents.eml(),
            (
                "From: ana@x.example\n> To: ben@x.example\n> Subject: The bøat\n"
                "> Attachments, not read: boat.png\n> \n> Shall we buy it? Ja, natürlich.\n"
            ),
        ),
        "launch.ics": (ICS, "BEGIN:VCALENDAR\n> BEGIN:VEVENT\n> SUMMARY:Launch\n"),
        "all.zip": (
            documents.archive(),
            (
                "An archive of 2 files, not unpacked:\n> src/main.py (7 bytes)\n"
                "> zeros.bin (50,000,000 bytes)\n"
            ),
        ),
        "main.ts": (b"export const boats: number = 5;\n", "export const boats: number = 5;\n"),
    }


async def test_common_office_files_are_read(tmp_path: Path) -> None:
    """Word, Excel, PowerPoint, OpenDocument, RTF, mail, calendar, archive and source code work."""
    shared = office()
    async with on_stage(tmp_path) as stage:
        files = [stage.slack.upload(name, data) for name, (data, _) in shared.items()]
        shown = await ask(stage, "What is the plan?", *files)
        given = text(stage)
        assert "Not read" not in shown
    for name, (_, expected) in shared.items():
        assert f'the file "{name}":\n> {expected}' in given


async def test_a_canvas_is_read_as_text(tmp_path: Path) -> None:
    """Slack serves it as a web page. A page reached by a redirect is Slack's sign-in page."""
    async with on_stage(tmp_path) as stage:
        page = b"<html><body><h1>Decision</h1><p>We buy &amp; sail.</p></body></html>"
        canvas = stage.slack.upload(
            "Decision", page, mimetype="application/vnd.slack-docs", mode="quip", filetype="quip"
        )
        canvas.content_type = "text/html"
        await ask(stage, "What did we decide?", canvas)
        assert "> Decision\n> \n> We buy & sail.\n" in text(stage)
        canvas.fault = RedirectFault("/signin")
        assert "Slack sent a web page instead" in await ask(stage, "And now?", canvas)


@pytest.mark.parametrize("name", ["photo.heic", "scan.tiff", "draw.bmp"])
async def test_other_image_formats_are_read_as_slacks_preview(tmp_path: Path, name: str) -> None:
    """Models take four formats; Slack makes a PNG of most others."""
    async with on_stage(tmp_path, config=SEEING) as stage:
        small = png(4, 3)
        photo = stage.slack.upload(name, b"\0\0\0\x18ftypheic", preview=small)
        shown = await ask(stage, "Who is it?", photo)
        assert asked(stage).images == [("image/png", base64.b64encode(small).decode())]
        assert "Not read" not in shown


async def test_an_oversized_image_is_read_as_slacks_preview(tmp_path: Path) -> None:
    """Its size in bytes doesn't reveal that, so the original is fetched first."""
    async with on_stage(tmp_path, config=SEEING) as stage:
        small = png(4, 3)
        await ask(
            stage, "What is it?", stage.slack.upload("wide.png", png(9_000, 1), preview=small)
        )
        assert asked(stage).images == [("image/png", base64.b64encode(small).decode())]


async def test_a_clip_is_read_as_slacks_transcript(tmp_path: Path) -> None:
    """Only its text is used; a clip without a transcript is named as not read."""
    async with on_stage(tmp_path) as stage:
        clip = stage.slack.upload("note.m4a", b"\0\0", transcript=VTT)
        silent = stage.slack.upload("other.m4a", b"\0\0")
        shown = await ask(stage, "What shall we do?", clip, silent)
        assert 'the file "note.m4a":\n> Let us buy\n> the boat.\n' in text(stage)
        assert "Not read: other.m4a (a recording without a transcript)." in shown


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("顧客への連絡は明日の朝までに送ります。資料を確認してください。", "shift_jis"),
        ("Café à Zürich: naïve Straße, 5 € für den Überblick, s'il vous plaît.", "cp1252"),
        ("Привет, это отчёт о продажах за прошлый месяц.", "cp1251"),  # noqa: RUF001 - Russian
        ("Plain words in wide characters, über all", "utf-16-le"),
        ("Plain words in wide characters, über all", "utf-16-be"),
        ("Byte order marks help", "utf-16"),
        ("Even in four bytes", "utf-32"),
        ("季度报告已经完成，请在周五之前检查所有的数字和图表。", "gb18030"),  # noqa: RUF001 - Chinese
        ("고객에게 내일 아침까지 연락드리겠습니다. 자료를 확인해 주세요.", "cp949"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy a zítra pošleme zprávu.", "cp1250"),
    ],
)
async def test_older_encodings_are_detected(tmp_path: Path, words: str, encoding: str) -> None:
    """An old file, or one from elsewhere, reads as its author wrote it."""
    async with on_stage(tmp_path) as stage:
        file = stage.slack.upload("notes.txt", words.encode(encoding))
        await ask(stage, "What is it?", file)
        assert f"> {words}\n" in text(stage)


@pytest.mark.parametrize(
    ("name", "made", "reason"),
    [
        ("plan.docx", lambda: documents.docx()[:-40], "broken"),
        ("plan.docx", lambda: LOCKED, "encrypted"),
        ("big.docx", documents.bomb, "broken|slow"),
    ],
    ids=["broken", "locked", "bomb"],
)
async def test_a_bad_document_affects_nothing_else(
    name: str, made: Callable[[], bytes], reason: str
) -> None:
    """A broken, locked or malicious file is named with a reason; its process has ended."""
    data = made()  # only here, because the bomb takes seconds

    async def read() -> None:
        kind = identify_document(data, name)
        assert kind
        await extract_text(kind, data, 100_000)

    with pytest.raises(NotRead, match=reason):
        await read()


async def test_a_long_sheet_is_cut_at_the_limit() -> None:
    """No more text is returned than was requested."""
    read = await extract_text("xlsx", documents.xlsx(rows=5_000), 1_000)
    assert (len(read.text), read.pages, read.pages_read, read.unit) == (1_000, 1, 1, "sheets")


async def test_an_html_mail_is_read_as_text() -> None:
    """HTML tags are removed."""
    read = await extract_text("eml", documents.eml(html=True), 1_000)
    assert "\n\nShall we buy it? Ja, natürlich." in read.text
    assert "<p>" not in read.text
