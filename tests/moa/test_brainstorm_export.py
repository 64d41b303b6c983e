"""Exports of a brainstorm have every idea in its exact words, and nothing executable."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from moa.brainstorm import (
    Brainstorm,
    BrainstormResult,
    Grouping,
    Idea,
    IdeaGroup,
    Theme,
    to_csv,
    to_json,
    to_markdown,
)

BENCH = Idea("p1", "A bench at every stop", "person:U1")
SEATS = Idea("m1", "Seats at the stops", "model:gpt")
LATE = Idea("p2", "Umbrellas", "person:U2", late=True)
WHOLE = Brainstorm(
    "Waiting for the bus",
    (BENCH, SEATS, LATE),
    Grouping(
        (Theme("Stops", (IdeaGroup(("p2",)), IdeaGroup(("p1", "m1")))),),
        "model",
    ),
    {"p1": 3},
    voters=2,
    result=BrainstormResult("## Short list\n- Benches"),
)


def _of(text: str) -> Brainstorm:
    idea = Idea("i", text, "person:U1")
    return Brainstorm("T", (idea,), Grouping((Theme("Theme", (IdeaGroup(("i",)),)),)))


def _rows(document: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(document, newline="")))


def test_markdown_shows_themes_dots_sources_and_all_wordings() -> None:
    """Themes with the most dots come first; joined ideas are below their representative."""
    assert to_markdown(WHOLE) == (
        "# Waiting for the bus\n\n2 people gave dots.\n\n## Stops\n\n"
        "- A bench at every stop (3 dots, person)\n"
        "  - Seats at the stops (model)\n"
        "- Umbrellas (0 dots, person, late)\n\n"
        "## Result\n\n## Short list\n- Benches\n"
    )
    assert "person" not in to_markdown(WHOLE, lambda _idea: "")


def test_csv_has_a_row_for_each_idea() -> None:
    """Each wording has a row, and joined ones have the id of their representative."""
    rows = _rows(to_csv(WHOLE))
    assert [(r["id"], r["idea"], r["dots"], r["joined_with"], r["late"]) for r in rows] == [
        ("p1", "A bench at every stop", "3", "", ""),
        ("m1", "Seats at the stops", "", "p1", ""),
        ("p2", "Umbrellas", "0", "", "yes"),
    ]
    assert {row["theme"] for row in rows} == {"Stops"}


def test_json_holds_everything() -> None:
    """Scripts get topic, themes, wordings, dots and the result."""
    document = json.loads(to_json(WHOLE))
    (theme,) = document["themes"]
    assert [idea["text"] for idea in theme["ideas"]] == [LATE.text, BENCH.text]
    assert theme["ideas"][1]["same"][0]["text"] == SEATS.text
    assert (theme["ideas"][1]["dots"], document["voters"]) == (3, 2)
    assert document["result"] == "## Short list\n- Benches"


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_spreadsheet_executes_no_idea(text: str) -> None:
    """A cell that could be a formula starts with an apostrophe, followed by the exact words."""
    (row,) = _rows(to_csv(_of(text)))
    assert row["idea"] == f"'{text}"
    whole = Brainstorm(text, (), Grouping((Theme(text, ()),)))
    assert text in json.loads(to_json(whole))["topic"]


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, nothing else.",
        "A *bold* _idea_ with `code`",
        "![pixel](https://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "<script>alert(1)</script>",
        "# A heading",
        "- a list",
        "1. a number",
        "``two`` and ``` three",
        " spaces around ",
        "back\\slash & ampersand | pipe",
        "First line\n\n# Second line\n```\ncode",
    ],
)
def test_markdown_keeps_the_exact_words_and_renders_no_markup_in_them(text: str) -> None:
    """All characters are there; none becomes a link, image, tag or heading."""
    document = to_markdown(_of(text))
    assert text in document
    html = MarkdownIt().render(document)
    assert html.count("<h1>") == html.count("<h2>") == 1
    assert not any(tag in html for tag in ("<img", "<a ", "<script", "<em>", "<strong>"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_idea_survives_every_format(text: str) -> None:
    """Any text can be read back from CSV and JSON, and found in Markdown."""
    (row,) = _rows(to_csv(_of(text)))
    assert row["idea"] in {text, f"'{text}"}
    assert json.loads(to_json(_of(text)))["themes"][0]["ideas"][0]["text"] == text
    assert text in to_markdown(_of(text))
