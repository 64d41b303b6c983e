"""Draws the picture in the README: `python -m docs.pictures`.

A real bot with scripted models answers a question in the local Slack. What a person would then see
is drawn as SVG, with no fonts or files from elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from bot.app import open_bot
from bot.playground.server import LocalSlack
from bot.server import serve_socket
from bot.settings import load

PICTURE = Path(__file__).parent / "images" / "reply.svg"

QUESTION = "Should we move the release from Thursday to Monday?"

CONFIG = """
default_pipeline = "balanced"

[models.fast]
provider = "scripted"
delay_s = 0.8
model = "example"
reply = "Monday. A Thursday release leaves one working day to fix what breaks."

[models.careful]
provider = "scripted"
delay_s = 2.6
model = "example"
reply = "Keep Thursday. Monday collides with the billing run."

[models.open]
provider = "scripted"
delay_s = 1.7
model = "example"
reply = "Monday, if support can staff the first two days."

[models.writer]
provider = "scripted"
delay_s = 1.0
model = "example"
reply = '''**Move it to Monday**, with one condition.

- A Thursday release leaves one working day to fix what breaks.
- Monday's billing run starts at noon: release before it, or wait a day.
- Ask support to staff the first two days.

The models disagree on the billing run. Check its start time first.'''

[pipelines.balanced]
aggregator = "writer"

[[pipelines.balanced.layers]]
proposers = ["fast", "careful", "open"]
"""

WIDTH = 860
LINE = 23
WRAP = 92
BUTTON = re.compile(r"\[([^\]]+)\]|<([^>]+)>")
STYLE = """
  .bg { fill: #ffffff; stroke: #d8dbe0 } .text { fill: #1d1c1d } .quiet { fill: #616061 }
  .ok { fill: #007a5a } .button { fill: #ffffff; stroke: #b9bcc2 } .you { fill: #36688d }
  .bot { fill: #5b3b8c } .initial { fill: #ffffff; font-weight: 700 }
  text { font: 15px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
  .small { font-size: 13px } .strong { font-weight: 700 }
  @media (prefers-color-scheme: dark) {
    .bg { fill: #1a1d21; stroke: #35373b } .text { fill: #d1d2d3 } .quiet { fill: #9a9b9e }
    .ok { fill: #2bac76 } .button { fill: #222529; stroke: #565856 }
  }
"""


async def render_reply(folder: Path) -> str:
    """Ask the question in the local Slack; return the bot's reply as a person reads it."""
    (folder / "moa.toml").write_text(CONFIG, encoding="utf-8")
    async with LocalSlack() as slack:
        variables = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        }
        settings = load(folder, variables)
        async with open_bot(settings, mode="socket") as bot, serve_socket(bot, settings):
            await slack.wait_for(lambda: slack.connections == 1)
            person = slack.add_user("Release lead")
            channel = slack.add_channel("releases", members=[person])
            mention = f"<@{slack.bot_user_id}> {QUESTION}"
            ts = await slack.post(person, channel, mention)

            def ended() -> bool:
                found = [m for m in slack.messages(channel, ts) if m.user == slack.bot_user_id]
                return bool(found) and not found[-1].streaming and bool(found[-1].metadata)

            await slack.wait_for(ended, timeout=20)
            await slack.wait_for_deliveries()
            return slack.render(slack.messages(channel, ts)[-1])


def draw(reply: str) -> str:
    """The question and the reply as an SVG picture."""
    parts: list[str] = []
    height = 34
    _person(parts, height, "you", "Release lead")
    height += LINE
    parts.append(_text(76, height, f"@MoA {QUESTION}", 'class="text"'))
    height += 48
    _person(parts, height, "bot", "MoA")
    was_card = False
    for line in reply.splitlines():
        is_card = line.startswith("  ")
        height = _line(parts, height + (8 if was_card and not is_card else 0), line)
        was_card = is_card
    box = f'<rect class="bg" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height + 15}" rx="10"/>'
    size = f'viewBox="0 0 {WIDTH} {height + 16}" width="{WIDTH}" height="{height + 16}"'
    label = escape(f"A question in Slack and the bot's reply: {QUESTION}", quote=True)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">'
    return "\n".join([head, f"<style>{STYLE}</style>", box, *parts, "</svg>"]) + "\n"


def _person(parts: list[str], y: int, look: str, name: str) -> None:
    parts.append(f'<rect class="{look}" x="24" y="{y - 18}" width="38" height="38" rx="8"/>')
    parts.append(_text(43, y + 6, name[0], 'class="initial" text-anchor="middle"'))
    parts.append(_text(76, y, name, 'class="text strong"'))


def _line(parts: list[str], y: int, line: str) -> int:
    """Draw a line of the reply; return how far down it reaches."""
    if line.startswith(("[", "<")):
        return _buttons(parts, y + 34, line)
    if line.startswith("  "):
        sign, _, rest = line.strip().partition(" ")
        parts.append(_text(88, y + LINE, sign, 'class="ok strong"'))
        parts.append(_text(108, y + LINE, rest, 'class="quiet small"'))
        return y + LINE
    look = 'class="quiet small"' if " · " in line else 'class="text"'
    for piece in textwrap.wrap(line, WRAP) or [""]:
        y += LINE if piece else 8
        parts.append(_text(76, y, _bullet(piece), look, bold=True))
    return y


def _buttons(parts: list[str], y: int, line: str) -> int:
    x = 76
    for label in _labels(line):
        width = 24 + 8 * len(label)
        rect = f'x="{x}" y="{y - 18}" width="{width}" height="28" rx="6"'
        parts.append(f'<rect class="button" {rect}/>')
        parts.append(_text(x + width // 2, y + 1, label, 'class="text small" text-anchor="middle"'))
        x += width + 10
    return y + 8


def _labels(line: str) -> Iterator[str]:
    for button, menu in BUTTON.findall(line):
        yield button or menu


def _bullet(text: str) -> str:
    return f"• {text[2:]}" if text.startswith("- ") else text


def _text(x: int, y: int, text: str, attributes: str, *, bold: bool = False) -> str:
    words = escape(text)
    if bold:
        words = re.sub(r"\*\*(.+?)\*\*", r'<tspan class="strong">\1</tspan>', words)
    return f'<text x="{x}" y="{y}" {attributes}>{words}</text>'


def main(arguments: Sequence[str] = ()) -> None:
    """Draw the picture into `docs/images`, or into the file that is named."""
    target = Path(arguments[0]) if arguments else PICTURE
    with tempfile.TemporaryDirectory() as folder:
        reply = asyncio.run(render_reply(Path(folder)))
    target.write_text(draw(reply), encoding="utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
