"""Opens a page in the person's browser, where there is one."""

from __future__ import annotations

import os
import sys
import webbrowser

OPENED = "Slack's create-app page is open in your browser. If you don't see it, open this address:"
NOT_OPENED = "There is no browser here. Open this address where you are signed in to Slack:"


def open_page(address: str) -> str:
    """Try to open an address; what to print, with the address for where that did not work."""
    opened = _has_graphical_browser() and webbrowser.open(address)
    return f"{OPENED if opened else NOT_OPENED}\n{address}\n"


def _has_graphical_browser() -> bool:
    """Python would otherwise take a text browser such as lynx, which Slack's page does not support.

    A browser named in BROWSER is the person's own choice.
    """
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
