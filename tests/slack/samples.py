"""Small files of each kind, generated here so that the tests show their contents."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from pypdf import PdfReader, PdfWriter


def png(width: int = 8, height: int = 6) -> bytes:
    """Return a black image."""
    rows = b"".join(b"\0" + b"\0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def gif(width: int, height: int) -> bytes:
    """Return the header of a GIF."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def jpeg(width: int, height: int) -> bytes:
    """Return the header of a JPEG, with a comment and a fill byte before its size."""
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xc0\0\0"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1)
    return b"\xff\xd8" + b"\xff\xe0" + struct.pack(">H", 4) + b"JF" + comment + frame + b"\0" * 9


def webp(width: int, height: int, kind: str) -> bytes:
    """Return the header of a WebP: lossy (`VP8 `), lossless (`VP8L`) or extended (`VP8X`)."""
    if kind == "VP8X":
        body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "VP8L":
        body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    chunk = kind.encode() + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def pdf(*pages: str) -> bytes:
    """Return a PDF with a page per text; an empty text gives a page like a scan's."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * i} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    return _numbered(objects)


def _numbered(objects: list[str]) -> bytes:
    data = b"%PDF-1.4\n"
    starts: list[int] = []
    for number, held in enumerate(objects, 1):
        starts.append(len(data))
        data += f"{number} 0 obj\n{held}\nendobj\n".encode()
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    count = len(objects) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>"
    return data + f"{end}\nstartxref\n{len(data)}\n%%EOF\n".encode()


def locked_pdf(password: str, *pages: str) -> bytes:
    """Return it with a password; an empty one only restricts what readers may do."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(*pages))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    held = BytesIO()
    writer.write(held)
    return held.getvalue()


def torn_pdf(*pages: str) -> bytes:
    """Return it with an unreadable last page: its filter does not exist."""
    whole = pdf(*pages)
    last = whole.rfind(b"<< /Length")
    return whole[:last] + whole[last:].replace(b" >>", b" /Filter /None >>", 1)
