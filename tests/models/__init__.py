"""Model servers on loopback that speak the providers' own protocols; start at `ModelServer`."""

from tests.models.replies import (
    Cut,
    ErrorEvent,
    HangAfterHeaders,
    HangBeforeHeaders,
    Raw,
    Reply,
    Request,
    Stall,
    Status,
)
from tests.models.server import ModelServer

__all__ = [
    "Cut",
    "ErrorEvent",
    "HangAfterHeaders",
    "HangBeforeHeaders",
    "ModelServer",
    "Raw",
    "Reply",
    "Request",
    "Stall",
    "Status",
]
