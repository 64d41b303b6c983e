"""Model servers on loopback that speak the providers' own protocols; start at `ModelServer`."""

from tests.models.replies import (
    Cut,
    Endless,
    EndlessHeaders,
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
    "EndlessHeaders",
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
