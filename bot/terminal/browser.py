"""Opens a page in the browser, if there is one."""

from __future__ import annotations

import os
import sys
import webbrowser

OPENED = "Opened Slack's create-app page in your browser. If you don't see it, open this address:"
NOT_OPENED = "No browser found. Open this address where you are signed in to Slack:"


def open_page(address: str, opened: str = OPENED, not_opened: str = NOT_OPENED) -> str:
    """Try to open an address; return the text to print, which includes the address."""
    is_open = _has_graphical_browser() and webbrowser.open(address)
    return f"{opened if is_open else not_opened}\n{address}\n"


def _has_graphical_browser() -> bool:
    """Return whether a graphical browser exists.

    Python would also use a text browser such as lynx, which Slack's page doesn't support. BROWSER
    overrides this.
    """
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
