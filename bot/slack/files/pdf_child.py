"""A process of its own that reads one PDF: whatever the file does to it, it does to nobody else.

It is started by `pdf.py` with the PDF on its standard input, imports nothing of ours, and writes
one JSON object a line: first `{"pages": N}` or `{"fault": "encrypted"}`, then `{"text": "…"}` for
each page as it is read. What stands there when it is ended, or breaks, still counts.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader

MEMORY_BYTES = 768 * 1024 * 1024
"""Of addresses. Python and pypdf alone take 60 MB."""


def limit(cpu_s: int) -> None:
    """Hold this process to its share, as far as the system lets itself be told."""
    wanted = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # a system without this limit: the parent's clock is left
            continue


def read(data: bytes, most_pages: int, most_characters: int) -> Iterator[dict[str, Any]]:
    """The lines to be written about a PDF."""
    reader = PdfReader(io.BytesIO(data))
    # Many files have a password for printing only, and open with none.
    if reader.is_encrypted and not reader.decrypt(""):
        yield {"fault": "encrypted"}
        return
    yield {"pages": len(reader.pages)}
    left = most_characters
    for page in reader.pages[:most_pages]:
        if left <= 0:
            return
        text = page.extract_text()[:left]
        left -= len(text)
        yield {"text": text}


def main(arguments: list[str]) -> None:
    """Read standard input, write standard output."""
    cpu_s, most_pages, most_characters = map(int, arguments)
    data = sys.stdin.buffer.read()
    limit(cpu_s)
    for line in read(data, most_pages, most_characters):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
