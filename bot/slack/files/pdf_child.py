"""Reads one PDF in a separate process, so that a malicious file can harm nothing else.

`pdf.py` starts it with the PDF on standard input. It imports nothing else of this package and
writes one JSON object per line: first `{"pages": N}` or `{"fault": "encrypted"}`, then
`{"text": "…"}` for each page. The parent uses the lines written so far if it crashes or is killed.
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
"""Address space. Python and pypdf alone take 60 MB."""


def limit(cpu_s: int) -> None:
    """Limit this process's memory, CPU time and file writes, if the system supports it."""
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # not supported here; the parent's timeout still applies
            continue


def read(data: bytes, most_pages: int, most_characters: int) -> Iterator[dict[str, Any]]:
    """Yield the output lines for a PDF."""
    reader = PdfReader(io.BytesIO(data))
    # Many files need a password only for printing and open with an empty one.
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
    """Read a PDF from standard input and write its text to standard output."""
    cpu_s, most_pages, most_characters = map(int, arguments)
    data = sys.stdin.buffer.read()
    limit(cpu_s)
    for line in read(data, most_pages, most_characters):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
