"""Which names the modal shows, and when it hides them."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.checks.payloads import parse_view
from bot.slack.answers_modal.model import OVERVIEW, ModalLocation, RunForViewer
from bot.slack.answers_modal.views import answers_view
from bot.slack.ui.model_names import visible_notes
from moa import Difference, Disagreement, Outcome, View
from moa.types import Status
from tests.slack.modal_samples import ANONYMOUS, answer, call, page, run


def test_a_letter_is_the_label_in_the_prompt() -> None:
    """In anonymous channels "Model B" wrote the answer labelled B."""
    read = [answer(1, 1, label="B"), answer(1, 2, label="A"), answer(1, 3, "late")]
    shown = page(run(read), "1-B", ANONYMOUS)
    assert "# Model B" in shown
    assert "Words of 1 and 1." in shown
    assert "as answer B" in shown
    assert "Words of 1 and 3." in page(run(read), "1-C", ANONYMOUS)


def test_positions_reveal_no_names() -> None:
    """In anonymous channels neither order nor letters follow the order in moa.toml."""
    orders: set[str] = set()
    for seed in range(40):
        late = run([answer(1, position, "late") for position in range(1, 5)], seed=seed)
        entries = RunForViewer.from_run(late, ANONYMOUS, ()).entries
        assert [entry.name for entry in entries] == [f"Model {letter}" for letter in "ABCD"]
        orders.add("".join(str(entry.answer.position) for entry in entries))
    assert len(orders) > 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(("used", "truncated", "late", "failed", "cut")),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(("complete", "partial", "unsynthesised", None)),
    st.booleans(),
)
def test_an_anonymous_modal_contains_no_names(
    states: list[Status], status: str | None, writes: object
) -> None:
    """Titles, options, errors, notes, opinions, aggregators, hidden fields: none reveals a name."""
    answers = [
        answer(1, position, state, "ABCDEF"[position - 1] if state in {"used", "truncated"} else "")
        for position, state in enumerate(states, 1)
    ]
    ranking = replace(answer(2, 1), text="RANKING: A")
    views = (View("One.", ("A",), ("zzmodel1x1",)), View("Two.", ("B",), ("zzmodel1x2",)))
    whole = run(
        answers,
        status=status,
        reply="The reply." if status else "",
        rankings=(ranking, answer(2, 2, "failed")),
        aggregators=(
            answer(3, 1, "failed"),
            replace(answer(3, 2, "cut" if status == "partial" else "used"), text="Part"),
        )
        if writes
        else (),
        notes=(
            "zzmodel1x1: The oldest turn was left out.",
            "zzmodel1x2's answer in layer 1 was far.",
        ),
        disagreement=Disagreement(("Both.",), (Difference("What", views),)),
    )
    calls = [call(answers[0], "zzslow", 1, "hedged"), call(answers[0], answers[0].model, 2)]
    shown = RunForViewer.from_run(whole, ANONYMOUS, calls, best="1-1")
    for key in (OVERVIEW, *(entry.key for entry in shown.entries)):
        view = parse_view(answers_view(shown, ModalLocation("RUN", key)))
        assert "zz" not in json.dumps(view)
        assert "$" not in json.dumps(view)


def test_notes_under_a_reply_reveal_no_names() -> None:
    """Notes in an anonymous channel reveal models neither by name nor by order."""
    notes = (
        "zz.one: The oldest turn was left out.",
        "zz.two: The oldest turn was left out.",
        "zz.one's answer was far from zz.two's.",
        "Images were not shown to zz.one, zz.two and zz.one.",
        "Layer 2 brought no answer.",
    )
    calls = [call(answer(1, 1), name, 1) for name in ("zz.one", "zz.two")]
    outcome = Outcome("Hi.", "complete", "p", (), None, tuple(calls), 1.0, notes=notes)
    assert visible_notes(outcome, "shown") == list(notes)
    assert visible_notes(outcome, "anonymous") == [
        "Layer 2 brought no answer.",
        "Images were not shown to 3 models.",
        "One model's answer was far from one model's.",
        "One model: The oldest turn was left out.",
    ]
    assert visible_notes(replace(outcome, notes=notes[::-1]), "anonymous") == (
        visible_notes(outcome, "anonymous")
    )
