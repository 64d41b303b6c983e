"""Model servers on loopback that implement the providers' protocols; start at `ModelServer`."""

from tests.models.replies import (
    Cut,
    Endless,
    EndlessWire,
    ErrorEvent,
    HangAfterHeaders,
    HangBeforeHeaders,
    Raw,
    Redirect,
    Reply,
    Request,
    Stall,
    Status,
)
from tests.models.server import ModelServer

__all__ = [
    "Cut",
    "Endless",
    "EndlessWire",
    "ErrorEvent",
    "HangAfterHeaders",
    "HangBeforeHeaders",
    "ModelServer",
    "Raw",
    "Redirect",
    "Reply",
    "Request",
    "Stall",
    "Status",
]
