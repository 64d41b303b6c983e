"""Parsing ideas from model output, including that of small models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa.brainstorm import prompt_texts
from moa.brainstorm.idea_parser import MAX_IDEA_CHARS, parse_ideas
from moa.brainstorm.probabilities import split_probability

BENCH, BUS = "Put a bench at every stop.", "Let children ride free"
WANTED = [(BENCH, 0.1), (BUS, 0.05)]


def _read(text: str, **options: object) -> list[tuple[str, float | None]]:
    return [(idea.text, idea.probability) for idea in parse_ideas(text, **options)]  # pyright: ignore[reportArgumentType]


SPELLINGS = {
    "as asked": f"I wait every day.\nIDEA: {BENCH} (p=0.1)\nIDEA: {BUS} (p=0.05)",
    "json": f'[{{"idea": "{BENCH}", "probability": 0.1}}, {{"idea": "{BUS}", "p": "5%"}}]',
    "json in a fence": f'```json\n{{"ideas": [{{"text": "{BENCH}", "probability": 0.1}}, '
    f'{{"text": "{BUS}", "probability": 0.05}}]}}\n```',
    "json with trailing commas": f'[{{"idea": "{BENCH}", "probability": 0.1,}}, '
    f'{{"idea": "{BUS}", "probability": 0.05}},]',
    "json with single quotes": f"[{{'idea': '{BENCH}', 'probability': 0.1}}, "
    f"{{'idea': '{BUS}', 'probability': 0.05}}]",
    "json that was cut": f'{{"ideas": [{{"idea": "{BENCH}", "probability": 0.1}}, '
    f'{{"idea": "{BUS}", "probability": 0.05}}, {{"idea": "Paint the sto',
    "json lines": f'{{"idea": "{BENCH}", "probability": 0.1}}\n'
    f'{{"idea": "{BUS}", "probability": 0.05}}',
    "json of texts": f'["{BENCH} (p=0.1)", "{BUS} (p=0.05)"]',
    "json with prose around": f'Here you go [as asked]:\n[["{BENCH} (p=0.1)"], '
    f'["{BUS} (p=0.05)"]]\nGood luck!',
    "json by number": f'{{"1": "{BENCH} (p=0.1)", "2": "{BUS} (5%)"}}',
    "thoughts first": f"<think>\n1. Maybe a tram?\n</think>\n1. {BENCH} (0.1)\n2. {BUS} (0.05)",
    "numbers": f"1. {BENCH} (10%)\n2) {BUS} [p: .05]",
    "bold numbers": f"**1.** {BENCH} **(p = 0,1)**\n**2.** {BUS} **(p = 0,05)**",
    "bullets": f"Ideas:\n- {BENCH} - probability: 0.1\n- {BUS} \u2014 probability 5 %",
    "bullets in the reasoning": f"- I wait.\n- It rains.\n\n1. {BENCH} (p=0.1)\n2. {BUS} (p=0.05)",
    "labels with numbers": f"**Idea 1:** {BENCH} (p=0.1)\n**Idea 2:** {BUS} (p=0.05)",
    "probability on its own line": f"Idea: {BENCH}\nProbability: 0.1\n\n"
    f"Idea: {BUS}\n  Probability: 0.05",
    "a table": f"| # | Idea | Probability |\n|---|:--|---|\n| 1 | {BENCH} | 0.1 |\n"
    f"| 2 | {BUS} | 0.05 |",
    "titles": "1. **Put a bench**\n   at every stop. (p=0.1)\n2. **Let children** ride free 0.05 "
    "probability",
    "a label in a pipe": f"IDEA: {BENCH} | p=0.1\nIDEA: {BUS} | p=0.05",
    "in front": f"1. (0.1) {BENCH}\n2. (p=0.05) {BUS}",
    "windows line ends": f"IDEA: {BENCH} (p=0.1)\r\nIDEA: {BUS} (p=0.05)\r\n",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_ideas_are_found_in_every_common_format(text: str) -> None:
    """Ideas and probabilities, and nothing else, are read from any format."""
    assert _read(text) == WANTED


@pytest.mark.parametrize(
    ("text", "ideas"),
    [
        ("", []),
        ("   \n\n ", []),
        ("[]", []),
        ("{}", []),
        ("I'm sorry, I can't help with that.", []),
        ("I wait at the stop every morning. It rains a lot and there is no roof.", []),
        ("Open a shop at 5 (late)", []),
        ("- Sell 24/7 (open all 7 days)", [("Sell 24/7 (open all 7 days)", None)]),
        ("- Cut the fare by 50%", [("Cut the fare by 50%", None)]),
        ("- Put 3 benches at 2.50 each", [("Put 3 benches at 2.50 each", None)]),
        ("1. Ride\n1. ride!\n2. Walk", [("Ride", None), ("Walk", None)]),
        ("1. B\u00e4nke aufstellen (Wahrscheinlichkeit: 0,2)", [("B\u00e4nke aufstellen", 0.2)]),
        ("1\u3001\u8bbe\u7f6e\u957f\u6905\uff08p=0.1\uff09", [("\u8bbe\u7f6e\u957f\u6905", 0.1)]),
        ("- A bench (probability: low)\n- A roof (p=?)", [("A bench", None), ("A roof", None)]),
        ("- A bench (p=700)\n- A roof (p=40)", [("A bench", None), ("A roof", 0.4)]),
        (
            "A bench at the stop\nA roof at the stop",
            [("A bench at the stop", None), ("A roof at the stop", None)],
        ),
        ('{"idea": null, "probability": 1}', []),
        ('{"idea": {"idea": {"idea": "A bench"}}}', [("A bench", None)]),
    ],
)
def test_other_text_is_not_an_idea(text: str, ideas: list[tuple[str, float | None]]) -> None:
    """Prose, apologies, repetitions and empty items are left out; figures stay in the idea."""
    assert _read(text) == ideas


def test_our_own_prompt_is_never_an_idea() -> None:
    """A small model may repeat the format, the instructions or the topic."""
    request = prompt_texts.DRAWER_REQUEST.format(count=5)
    topic = "How can more people ride the bus?"
    echo = f"Topic: {topic}\n{request}\nIDEA: {topic} (p=0.1)\nIDEA: your idea (p=0.2)\n"
    assert _read(echo + "IDEA: A bench (p=0.1)", topic=topic) == [("A bench", 0.1)]
    assert _read(request, topic=topic) == []
    sentences = "\n".join(f"{n}. {line}" for n, line in enumerate(request.split(". "), 1))
    assert _read(f"{sentences}\n9. A bench") == [("A bench", None)]
    assert _read(f"1. {topic}\n2. Topic: {topic}\n3. A bench", topic=topic) == [("A bench", None)]


def test_an_incomplete_idea_is_dropped() -> None:
    """Text cut at the limit keeps only its complete ideas."""
    text = "1. Put a bench at every stop.\n2. Let children ri"
    assert _read(text, complete=False) == [("Put a bench at every stop.", None)]
    assert _read(f"{text}de free (p=0.1)", complete=False)[-1] == (BUS, 0.1)


def test_number_and_length_of_ideas_are_bounded() -> None:
    """An endless answer yields as many ideas as allowed, each of limited length."""
    text = "\n".join(f"{n}. Idea number {n} {'very ' * 400}long" for n in range(500))
    ideas = parse_ideas(text, most=10)
    assert len(ideas) == 10
    assert all(len(idea.text) <= MAX_IDEA_CHARS for idea in ideas)


FLOODS = [
    "[",
    "{",
    '{"a":',
    "- ",
    "(",
    "**",
    "IDEA ",
    "p=(",
    "# ",
    "_ ",
    " ",
    "\n",
    " \n",
    "1.",
    '"idea": "',
]


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_of_symbols_is_parsed_and_has_no_idea(piece: str) -> None:
    """30,000 repeated characters neither crash nor delay the parser."""
    flood = piece * (30_000 // len(piece))
    assert _read(flood) == []
    assert len(_read(f"1. A bench {flood} (p=0.1)\n2. A roof")) == 2


@given(st.text() | st.text("[]{}\"':,.-*|#()%p= \n0123idea", max_size=400))
def test_any_text_can_be_parsed(text: str) -> None:
    """No text raises, and every idea has letters and a valid probability."""
    for idea in parse_ideas(text, topic=text[:20]):
        assert any(map(str.isalpha, idea.text))
        assert idea.probability is None or 0 <= idea.probability <= 1


@given(st.text(st.characters(categories=["L", "Nd"]), min_size=4))
def test_a_text_without_a_probability_is_unchanged(text: str) -> None:
    """Only probabilities are removed."""
    assert split_probability(text) == (text, None)
