"""The mark that our messages carry: which run they belong to, and whether they are a reply.

Reading a thread with it tells a reply, which is a turn of the conversation, from a notice, which
is not. It needs the scope `metadata.message:read`; without it every message of ours is a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REPLY = "moa_reply"
NOTICE = "moa_notice"


def mark(kind: str, run_id: str) -> dict[str, Any]:
    """Metadata for a message that belongs to a run."""
    return {"event_type": kind, "event_payload": {"run_id": run_id}}


def is_notice(message: Mapping[str, Any]) -> bool:
    """Whether a message is a notice of ours rather than a reply."""
    return (message.get("metadata") or {}).get("event_type") == NOTICE
