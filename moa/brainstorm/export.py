"""Writes a brainstorm as Markdown, CSV or JSON, with every idea in its exact words."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from moa.arguments import require
from moa.brainstorm.values import Brainstorm, Idea, IdeaGroup, Theme

NameAuthor = Callable[[Idea], str]
"""Returns how to name an idea's author, or "" to leave the author out."""

COLUMNS: Final = ("theme", "idea", "dots", "author", "late", "joined_with", "id")

_ACTIVE = re.compile(r"[\\`*_\[\]<>&|~]|^\s*(?:[-+#=]|\d+[.)]\s)|^\s|\s$|^$")
"""What Markdown could read as markup. Such a text is written as code: exact, and inert."""

_FORMULA_STARTS: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
"""A spreadsheet runs a cell that starts like this (OWASP, CSV injection), full-width forms too."""


def kind_of_author(idea: Idea) -> str:
    """Return "model" or "person", or "" if the author is unknown."""
    if idea.from_model:
        return "model"
    return "person" if idea.author else ""


def to_markdown(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return the brainstorm as a Markdown document."""
    require("brainstorm", brainstorm, Brainstorm, "a Brainstorm")
    known = {idea.id: idea for idea in brainstorm.ideas}
    lines = [f"# {_exact(' '.join(brainstorm.topic.split()))}", ""]
    if brainstorm.voters is not None:
        people = "1 person" if brainstorm.voters == 1 else f"{brainstorm.voters} people"
        lines += [f"{people} gave dots.", ""]
    for theme in brainstorm.grouping.themes:
        lines += [f"## {_exact(theme.title)}", ""]
        for group in _by_dots(theme, brainstorm.dots):
            lines += _markdown_group(group, known, brainstorm, author)
        lines.append("")
    if brainstorm.result:
        lines += ["## Result", "", brainstorm.result.text.strip(), ""]
    return "\n".join(lines)


def to_csv(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return one row for each idea. A cell that a spreadsheet would run starts with "'"."""
    require("brainstorm", brainstorm, Brainstorm, "a Brainstorm")
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for theme, group, idea in _rows(brainstorm):
        is_first = idea.id == group.representative
        row = (
            theme.title,
            idea.text,
            brainstorm.dots.get(idea.id, 0) if is_first else "",
            author(idea),
            "yes" if idea.late else "",
            "" if is_first else group.representative,
            idea.id,
        )
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def to_json(brainstorm: Brainstorm, author: NameAuthor = kind_of_author) -> str:
    """Return the brainstorm as one JSON document."""
    require("brainstorm", brainstorm, Brainstorm, "a Brainstorm")
    known = {idea.id: idea for idea in brainstorm.ideas}

    def idea_fields(idea_id: str) -> dict[str, Any]:
        idea = known[idea_id]
        return {"id": idea.id, "text": idea.text, "author": author(idea), "late": idea.late}

    document = {
        "topic": brainstorm.topic,
        "voters": brainstorm.voters,
        "grouped_by": brainstorm.grouping.by,
        "repairs": list(brainstorm.grouping.repairs),
        "themes": [
            {
                "title": theme.title,
                "ideas": [
                    {
                        **idea_fields(group.representative),
                        "dots": brainstorm.dots.get(group.representative, 0),
                        "same": [idea_fields(other) for other in group.idea_ids[1:]],
                    }
                    for group in theme.groups
                ],
            }
            for theme in brainstorm.grouping.themes
        ],
        "result": brainstorm.result.text if brainstorm.result else None,
        "cost_usd": brainstorm.cost_usd,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _rows(brainstorm: Brainstorm) -> Iterator[tuple[Theme, IdeaGroup, Idea]]:
    known = {idea.id: idea for idea in brainstorm.ideas}
    for theme in brainstorm.grouping.themes:
        for group in _by_dots(theme, brainstorm.dots):
            for idea_id in group.idea_ids:
                yield theme, group, known[idea_id]


def _by_dots(theme: Theme, dots: Mapping[str, int]) -> list[IdeaGroup]:
    return sorted(theme.groups, key=lambda group: -dots.get(group.representative, 0))


def _markdown_group(
    group: IdeaGroup, known: Mapping[str, Idea], brainstorm: Brainstorm, author: NameAuthor
) -> list[str]:
    first, *others = (known[idea_id] for idea_id in group.idea_ids)
    count = brainstorm.dots.get(first.id, 0)
    dots = "" if brainstorm.voters is None else "1 dot" if count == 1 else f"{count} dots"
    lines = _item("- ", first, [dots, author(first), "late" if first.late else ""])
    for other in others:
        lines += _item("  - ", other, [author(other), "late" if other.late else ""])
    return lines


def _item(marker: str, idea: Idea, facts: list[str]) -> list[str]:
    """Return a list item: the exact words, then the facts in brackets."""
    remark = ", ".join(_exact(fact) for fact in facts if fact)
    after = f" ({remark})" if remark else ""
    if len(idea.text.splitlines()) <= 1:
        return [f"{marker}{_exact(idea.text)}{after}"]
    fence = _ticks(idea.text, at_least=3)
    return [f"{marker}Idea{after}:", "", f"{fence}text", idea.text, fence, ""]


def _exact(text: str) -> str:
    """Return a line of text as Markdown that shows exactly these characters."""
    if not _ACTIVE.search(text):
        return text
    ticks = _ticks(text, at_least=1)
    padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) or not text else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def _ticks(text: str, *, at_least: int) -> str:
    """Return a row of backticks that is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(at_least, longest + 1)


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
