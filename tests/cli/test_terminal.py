"""`moa-bot ask` in a terminal: a live table, then streamed text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.command import configure, pipeline, scripted
from tests.cli.terminal import Terminal

CURSOR_GONE, CURSOR_BACK = "\x1b[?25l", "\x1b[?25h"
COLOURS = re.compile(r"\x1b\[[\d;]*(?<![\d])(?:3\d|9\d|38|4\d)[\d;]*m")
CODES = re.compile(r"\x1b\[[0-?]*[@-~]")


def settled(shown: str) -> list[str]:
    """Return the final lines as a terminal without colours shows them."""
    lines = [""]
    for part in re.split(r"(\r\n|\r|\x1b\[1A|\x1b\[2K)", shown):
        match part:
            case "\r\n":
                lines.append("")
            case "\x1b[1A":
                lines.pop()
            case "\x1b[2K":
                lines[-1] = ""
            case "\r":
                pass
            case _:
                lines[-1] += CODES.sub("", part)
    return [line.rstrip() for line in lines]


def demonstration(folder: Path) -> None:
    """Configure one proposer that answers, one that fails, and a hostile aggregator."""
    models = {
        "quick": scripted("Yes.", delay_s=0.3),
        "dead": scripted(fail="unavailable"),
        "end": scripted("One \x1b]0;title\x07 \x1b[5mtwo\u202e [red]three[/red] \x9b2J"),
    }
    configure(folder, models, pipeline("quick dead", aggregator="end"))


@pytest.mark.parametrize("columns", [80, 40])
def test_a_layers_progress_is_a_table_that_stays(tmp_path: Path, columns: int) -> None:
    """Each proposer's row is updated while it runs, and finally says how it ended."""
    demonstration(tmp_path)
    terminal = Terminal(tmp_path, "ask", "Why?", columns=columns)
    shown = terminal.until("waiting, 0 s")
    assert CURSOR_GONE in shown
    assert terminal.end() == 0
    assert terminal.shown.rindex(CURSOR_BACK) > terminal.shown.rindex(CURSOR_GONE)
    text = "\n".join(settled(terminal.shown))
    unwrapped = " ".join(text.split())
    assert re.search(r"^Layer 1\n ✓ quick answered in 0\.\d s", text, re.MULTILINE)
    assert re.search(r"^ ✗ dead  failed after 0\.0 s:", text, re.MULTILINE)
    assert "Layer 1: 1 of 2 answered\n" in text
    assert "waiting, " not in text
    assert "1 of 2 answers used" in unwrapped


def test_a_model_cannot_command_the_terminal(tmp_path: Path) -> None:
    """It sets no title, style or direction, and its square brackets are plain text."""
    demonstration(tmp_path)
    terminal = Terminal(tmp_path, "ask", "Why?", "--answers")
    assert terminal.end() == 0
    assert "One  two [red]three[/red]" in terminal.shown
    assert not {"\x07", "\u202e", "\x9b"} & set(terminal.shown)
    assert "title" not in terminal.shown
    assert "\x1b]" not in terminal.shown
    assert "\x1b[5m" not in terminal.shown


def test_colours_can_be_disabled(tmp_path: Path) -> None:
    """NO_COLOR is respected (https://no-color.org)."""
    demonstration(tmp_path)
    coloured, plain = (
        Terminal(tmp_path, "ask", "Why?"),
        Terminal(tmp_path, "ask", "Why?", NO_COLOR="1"),
    )
    assert (coloured.end(), plain.end()) == (0, 0)
    assert COLOURS.search(coloured.shown)
    assert not COLOURS.search(plain.shown)


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    """With TERM=dumb, as in an editor's shell, the output has no control codes."""
    demonstration(tmp_path)
    terminal = Terminal(tmp_path, "ask", "Why?", TERM="dumb")
    assert terminal.end() == 0
    assert "  quick: asked\r\n" in terminal.shown
    assert "\x1b" not in terminal.shown


def test_names_in_any_script_do_not_break_the_table(tmp_path: Path) -> None:
    """Wide names are cut to their column, and control characters in a name are removed."""
    names = ['"模型的名字非常非常长一二三四五六七八九十"', '"דגם"', '"a\\u001b[5m[b]"']
    models = {name: scripted("Yes.") for name in names} | {"end": scripted("Reply.")}
    configure(tmp_path, models, pipeline("first", aggregator="end"))
    text = (tmp_path / "moa.toml").read_text(encoding="utf-8")
    text = text.replace("['first']", f"[{', '.join(names)}]")
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    terminal = Terminal(tmp_path, "ask", "Why?", columns=60)
    assert terminal.end() == 0
    rows = [line for line in settled(terminal.shown) if line.startswith(" ✓")]
    assert len(rows) == 3
    assert all("answered in 0." in row for row in rows)
    assert "…" in rows[0]
    assert " a[b] " in rows[2]
    assert "\x1b[5m" not in terminal.shown


def test_an_interrupt_restores_the_cursor(tmp_path: Path) -> None:
    """Ctrl-C during a live table leaves a usable terminal."""
    configure(tmp_path, {"one": scripted(fail="hang")}, pipeline("one", aggregator="one"))
    terminal = Terminal(tmp_path, "ask", "Why?")
    terminal.until("waiting, 0 s")
    terminal.interrupt()
    assert terminal.end() == 130
    assert terminal.shown.rindex(CURSOR_BACK) > terminal.shown.rindex(CURSOR_GONE)
    assert "Traceback" not in terminal.shown


def test_a_reply_is_rendered_as_markdown(tmp_path: Path) -> None:
    """Lists, tables and code look right, lines break between words, and addresses stay visible."""
    reply = (
        "## Plan\n\nSome **bold** words that are long enough to need a second line.\n\n"
        "- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\n"
        "See [the page](https://example.com/x) and <b>tags</b>.\n"
    )
    configure(tmp_path, {"one": scripted(reply)}, pipeline(aggregator="one"))
    terminal = Terminal(tmp_path, "ask", "Why?", columns=50)
    assert terminal.end() == 0
    lines = settled(terminal.shown)
    text = "\n".join(lines)
    assert "**" not in text
    assert "##" not in text
    assert "```" not in text
    assert " • one\n • two\n" in text
    assert "|---|" not in text
    assert "(https://example.com/x)" in text
    assert "<b>tags</b>" in text
    assert "Some bold words that are long enough to need a" in lines
    assert "second line." in lines
    assert "\x1b]8" not in terminal.shown
    assert text.count("bold words") == 1
