"""AWS's signatures and event streams on the server's side, written from their specifications."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping

from aiohttp import web

ALGORITHM = "AWS4-HMAC-SHA256"


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one message of `application/vnd.amazon.eventstream`, with its checksums."""
    packed = b"".join(
        bytes([len(name)])
        + name.encode()
        + b"\x07"
        + struct.pack(">H", len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return message + struct.pack(">I", zlib.crc32(message))


def chunk(event: bytes) -> bytes:
    """Return a Messages API event as Bedrock sends it; `p` is padding against eavesdroppers."""
    payload = {"bytes": b64encode(event).decode(), "p": "abcdefghij"}
    headers = {
        ":event-type": "chunk",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, json.dumps(payload).encode())


def exception(kind: str, message: str) -> bytes:
    """Return an error inside a stream."""
    headers = {
        ":exception-type": kind,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(headers, json.dumps({"message": message}).encode())


def is_signed(request: web.Request, body: bytes, secret: str) -> bool:
    """Check the signature: the canonical request, signed with the secret key.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    found = re.fullmatch(
        rf"{ALGORITHM} Credential=([^/]+)/(\d{{8}})/([^/]+)/bedrock/aws4_request, "
        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
        request.headers.get("Authorization", ""),
    )
    if found is None:
        return False
    _, day, region, names, signature = found.groups()
    headers = "".join(f"{n}:{' '.join(request.headers[n].split())}\n" for n in names.split(";"))
    # Each segment is encoded once more than on the wire.
    path = request.raw_path.partition("?")[0].replace("%", "%25").replace(":", "%3A")
    hashed = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n{path}\n\n{headers}\n{names}\n{hashed}"
    scope = f"{day}/{region}/bedrock/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{request.headers['X-Amz-Date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, "bedrock", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature
