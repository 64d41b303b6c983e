"""Draws Slack's mrkdwn: bold, italic, struck and quoted text, code, and tokens.

Source of the format: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

from bot.playground.render.text import Names, unescape_text
from bot.trial.draw.mentions import token, with_emoji

_ATOM: Final = re.compile(
    r"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|<(?P<token>[^<>\n]+)>", re.DOTALL
)
_OPEN, _SHUT = "\ue000", "\ue001"
"""Placed around an atom's number while the text is formatted. They don't occur in texts."""
_HELD: Final = re.compile(f"{_OPEN}(\\d+){_SHUT}")
_STYLES: Final = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)
_QUOTE: Final = "&gt;"


def draw_mrkdwn(text: str, names: Names) -> Markup:
    """Draw a text in mrkdwn."""
    atoms: list[Markup] = []

    def hold(match: re.Match[str]) -> str:
        atoms.append(_atom(match, names))
        return f"{_OPEN}{len(atoms) - 1}{_SHUT}"

    plain = text.replace(_OPEN, "").replace(_SHUT, "")
    held = str(escape(with_emoji(unescape_text(_ATOM.sub(hold, plain)))))
    for pattern, tag in _STYLES:
        held = pattern.sub(rf"<{tag}>\1</{tag}>", held)
    drawn = "".join(_lines(held))
    return Markup(_HELD.sub(lambda match: str(atoms[int(match[1])]), drawn))  # noqa: S704 - escaped


def _atom(match: re.Match[str], names: Names) -> Markup:
    if block := match["block"]:
        return Markup("<pre><code>{}</code></pre>").format(unescape_text(block.strip("\n")))
    if code := match["code"]:
        return Markup("<code>{}</code>").format(unescape_text(code))
    return token(unescape_text(match["token"]), names)


def _lines(text: str) -> list[str]:
    """Join lines with breaks, and put quoted lines into one quotation."""
    parts: list[str] = []
    quoted: list[str] = []
    for line in [*text.split("\n"), None]:
        if line is not None and line.startswith(_QUOTE):
            quoted.append(line.removeprefix(_QUOTE).strip())
            continue
        if quoted:
            parts.append(f"<blockquote>{'<br>'.join(quoted)}</blockquote>")
            quoted = []
        elif parts and line is not None:
            parts.append("<br>")
        parts.append(line or "")
    return parts
