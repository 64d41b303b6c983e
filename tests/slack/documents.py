"""Small documents of each format, made with libraries for these formats."""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import odfdo
from docx import Document
from openpyxl import Workbook
from pptx import Presentation


def docx() -> bytes:
    """Return a document with a heading, a paragraph and a table."""
    document = Document()
    document.add_heading("Plan", 1)
    document.add_paragraph("Buy the boat.")
    table = document.add_table(rows=2, cols=2)
    for row, cells in enumerate((("item", "price"), ("boat", "5"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    return _saved(document)


def xlsx(*, rows: int = 1) -> bytes:
    """Return a workbook with two sheets, one of them hidden."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Costs"
    sheet.append(["item", "price", None])
    for number in range(rows):
        sheet.append([f"boat {number}", 5.5])
    book.create_sheet("Secret").sheet_state = "hidden"
    return _saved(book)


def pptx() -> bytes:
    """Return a presentation with two slides, the second with notes."""
    presentation = Presentation()
    for title in ("Why a boat", "When"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        heading: Any = slide.shapes.title
        heading.text = title
    notes: Any = slide.notes_slide.notes_text_frame
    notes.text = "Say: in spring."
    return _saved(presentation)


def odt() -> bytes:
    """Return a document with a heading, a paragraph and a table."""
    document = odfdo.Document("text")
    document.body.clear()
    document.body.append(odfdo.Header(1, "Plan"))
    document.body.append(odfdo.Paragraph("Buy the boat."))
    table = odfdo.Table("T", width=2, height=1)
    table.set_value("A1", "boat")
    table.set_value("B1", 5)
    document.body.append(table)
    return _saved(document)


def ods() -> bytes:
    """Return a spreadsheet with one sheet."""
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    table = odfdo.Table("Costs", width=2, height=1)
    table.set_value("A1", "boat")
    table.set_value("B1", 5)
    document.body.append(table)
    return _saved(document)


def eml(*, html: bool = False) -> bytes:
    """Return a mail with an attachment, encoded as usual."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ana@x.example", "ben@x.example", "The bøat"
    text = "Shall we buy it? Ja, natürlich."
    mail.set_content(f"<p>{text}</p>", subtype="html") if html else mail.set_content(text)
    mail.add_attachment(b"...", maintype="image", subtype="png", filename="boat.png")
    return mail.as_bytes()


def archive() -> bytes:
    """Return an archive with two files, one of which is huge when unpacked."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        made.writestr("src/main.py", "print()")
        made.writestr("zeros.bin", b"\0" * 50_000_000)
    return out.getvalue()


def bomb() -> bytes:
    """Return a Word document of about a megabyte that unpacks to a gigabyte of spaces."""
    out = BytesIO()
    with ZipFile(BytesIO(docx())) as honest, ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name in honest.namelist():
            if name != "word/document.xml":
                made.writestr(name, honest.read(name))
        with made.open("word/document.xml", "w") as part:
            part.write(b"<w:document>")
            for _ in range(1_000):
                part.write(b" " * 1_000_000)
    return out.getvalue()


def _saved(document: Any) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()
