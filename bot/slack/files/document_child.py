"""Reads one document in a separate process, so that a malicious file can't harm anything else.

`documents.py` starts it with the file on standard input. It imports nothing else from this package
and writes one JSON object per line: first `{"parts": N}` (pages, slides or sheets; 0 if the format
has none) or `{"fault": "encrypted"}`, then `{"text": "…"}` for each part. If it crashes or is
killed, the parent uses the lines written so far.
"""

from __future__ import annotations

import csv
import email.policy
import io
import json
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any
from zipfile import ZipFile

MEMORY_BYTES = 768 * 1024 * 1024
"""Address space. Python and a reader take 60 to 100 MB on their own."""

MAX_LISTED = 500
"""Files of an archive to list. The rest are counted."""

MAIL_HEADERS = ("From", "To", "Cc", "Date", "Subject")

Part = dict[str, Any]


class Encrypted(Exception):
    """The file needs a password."""


def limit(cpu_s: int) -> None:
    """Limit this process's memory, CPU time and file writes, if the system supports it."""
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, maximum in limits.items():
        try:
            resource.setrlimit(kind, (maximum, maximum))
        except (ValueError, OSError):  # not supported here; the parent's timeout still applies
            continue


def read(kind: str, data: bytes, max_parts: int, max_characters: int) -> Iterator[Part]:
    """Yield the output lines for a document."""
    try:
        count, texts = READERS[kind](data)
    except Encrypted:
        yield {"fault": "encrypted"}
        return
    yield {"parts": count}
    left = max_characters
    for number, text in enumerate(texts, 1):
        if left <= 0 or (count and number > max_parts):
            return
        yield {"text": text[:left]}
        left -= len(text)


def _pdf(data: bytes) -> tuple[int, Iterable[str]]:
    from pypdf import PdfReader  # noqa: PLC0415 - only this format needs it

    reader = PdfReader(io.BytesIO(data))
    # Many files need a password only for printing and open with an empty one.
    if reader.is_encrypted and not reader.decrypt(""):
        raise Encrypted
    return len(reader.pages), (page.extract_text() for page in reader.pages)


def _docx(data: bytes) -> tuple[int, Iterable[str]]:
    from docx import Document  # noqa: PLC0415 - only this format needs it
    from docx.table import Table  # noqa: PLC0415

    def block(item: Any) -> str:
        if isinstance(item, Table):
            return _table([cell.text for cell in row.cells] for row in item.rows)
        style = item.style.name if item.style is not None else ""
        heading = style.startswith("Heading") or style == "Title"
        return f"# {item.text}" if heading and item.text else item.text

    return 0, ["\n".join(map(block, Document(io.BytesIO(data)).iter_inner_content()))]


def _xlsx(data: bytes) -> tuple[int, Iterable[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - only this format needs it

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return len(sheets), (
        f"Sheet {sheet.title}:\n{_table(sheet.iter_rows(values_only=True))}" for sheet in sheets
    )


def _pptx(data: bytes) -> tuple[int, Iterable[str]]:
    from pptx import Presentation  # noqa: PLC0415 - only this format needs it

    def shape_text(shape: Any) -> str:
        if getattr(shape, "has_table", False):
            return _table([cell.text for cell in row.cells] for row in shape.table.rows)
        if hasattr(shape, "shapes"):  # a group
            return "\n".join(filter(None, map(shape_text, shape.shapes)))
        return str(shape.text_frame.text) if shape.has_text_frame else ""

    def slide_text(slide: Any) -> str:
        texts = [*map(shape_text, slide.shapes)]
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame.text):
            texts.append(f"Notes: {notes}")
        return "\n".join(filter(None, texts))

    slides = Presentation(io.BytesIO(data)).slides
    return len(slides), (f"Slide {n}:\n{slide_text(s)}" for n, s in enumerate(slides, 1))


def _odf(data: bytes) -> tuple[int, Iterable[str]]:
    from odfdo import Document, Table  # noqa: PLC0415 - only this format needs it

    body = Document(io.BytesIO(data)).body

    def lines(element: Any) -> str:
        if isinstance(element, Table):
            return _table(element.iter_values())
        if element.tag in {"text:h", "text:p"}:
            found = [element]
        else:
            found = element.get_elements("descendant::text:h | descendant::text:p")
        return "\n".join(f"{'# ' * (e.tag == 'text:h')}{e.inner_text}" for e in found)

    if body.tag == "office:spreadsheet":
        tables = body.tables
        return len(tables), (f"Sheet {t.name}:\n{_table(t.iter_values())}" for t in tables)
    if body.tag == "office:presentation":
        pages = body.get_elements("draw:page")
        return len(pages), (f"Slide {n}:\n{lines(p)}" for n, p in enumerate(pages, 1))
    return 0, ["\n".join(filter(None, map(lines, body.children)))]


def _rtf(data: bytes) -> tuple[int, Iterable[str]]:
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415 - only this format needs it

    return 0, [rtf_to_text(data.decode("latin-1"), errors="replace")]


def _html(data: bytes) -> tuple[int, Iterable[str]]:
    return 0, [_html_text(data.decode("utf-8", "replace"))]


def _html_text(html: str) -> str:
    from inscriptis import get_text  # noqa: PLC0415 - only these formats need it

    return str(get_text(html))


def _eml(data: bytes) -> tuple[int, Iterable[str]]:
    mail = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(data)
    head = [f"{name}: {mail[name]}" for name in MAIL_HEADERS if mail[name]]
    body = mail.get_body(preferencelist=("plain", "html"))
    text = str(body.get_content()) if body else ""
    if body and body.get_content_subtype() == "html":
        text = _html_text(text)
    names = [part.get_filename() or "unnamed" for part in mail.iter_attachments()]
    attached = [f"Attachments, not read: {', '.join(names)}"] if names else []
    return 0, ["\n".join([*head, *attached, "", text])]


def _zip(data: bytes) -> tuple[int, Iterable[str]]:
    with ZipFile(io.BytesIO(data)) as archive:
        files = [each for each in archive.infolist() if not each.is_dir()]
    listed = [f"{each.filename} ({each.file_size:,} bytes)" for each in files[:MAX_LISTED]]
    more = [f"and {len(files) - MAX_LISTED} more"] if len(files) > MAX_LISTED else []
    return 0, ["\n".join([f"An archive of {len(files)} files, not unpacked:", *listed, *more])]


def _table(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV, without empty rows or trailing empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            writer.writerow(cells)
    return out.getvalue().rstrip("\n")


READERS: dict[str, Callable[[bytes], tuple[int, Iterable[str]]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "xlsx": _xlsx,
    "pptx": _pptx,
    "odf": _odf,
    "rtf": _rtf,
    "html": _html,
    "eml": _eml,
    "zip": _zip,
}


def main(arguments: list[str]) -> None:
    """Read a document from standard input and write its text to standard output."""
    kind = arguments[0]
    cpu_s, max_parts, max_characters = map(int, arguments[1:])
    data = sys.stdin.buffer.read()
    limit(cpu_s)
    for line in read(kind, data, max_parts, max_characters):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
