"""The modal for runs of every size and state, with names hidden where they must be."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.checks.payloads import parse_view
from bot.playground.render.blocks import render_blocks
from bot.ports import Run
from bot.slack.answers_modal.model import ModalLocation, RunForViewer
from bot.slack.answers_modal.views import answers_view
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui.strings.models import FAILURE_REASONS
from bot.storage.disagreements import disagreement_text, read_disagreement
from moa import Difference, Disagreement, View
from tests.slack.modal_samples import ANONYMOUS, NAMED, answer, call, page, run
from tests.slack.modal_walk import options

LABELS = "CABDEFGHIJKL"


def big(layers: int = 6, proposers: int = 12) -> Run:
    """Return a run with many layers and models, whose letters do not follow their positions."""
    return run(
        [
            answer(layer, position, "used", LABELS[position - 1])
            for layer in range(1, layers + 1)
            for position in range(1, proposers + 1)
        ]
    )


@pytest.mark.parametrize("policy", [NAMED, ANONYMOUS])
def test_six_layers_of_twelve_models_fit(policy: RevealPolicy) -> None:
    """Every answer of a big run can be chosen from the menu and reached with the buttons."""
    shown = RunForViewer.from_run(big(), policy, ())
    place, seen = ModalLocation("RUN"), list[str]()
    while True:
        view = parse_view(answers_view(shown, place))
        seen.append(render_blocks(view["blocks"]))
        onward = [e for e in view["blocks"][0]["elements"] if e["action_id"] == "reveal_go:next"]
        if not onward:
            break
        place = ModalLocation("RUN", onward[0]["value"])
    assert len(seen) == 1 + 72
    assert len(options(view["blocks"])) == 1 + 72
    for layer in range(1, 7):
        for position in range(1, 13):
            assert sum(f"Words of {layer} and {position}." in text for text in seen) == 1


def test_the_largest_possible_pipeline_fits() -> None:
    """With eleven layers of 32 models the overview has pages and the menu lists every answer."""
    answers = [answer(n, p, "failed") for n in range(1, 12) for p in range(1, 33)]
    shown = RunForViewer.from_run(run(answers), NAMED, ())
    view = parse_view(answers_view(shown, ModalLocation("RUN", page=99)))
    assert len(options(view["blocks"])) == 1 + 11 * 32
    assert "Page 2 of 2" in render_blocks(view["blocks"])


def test_retries_and_backups_are_shown() -> None:
    """The overview shows retries, and backups with and without an answer."""
    one, two, three = (answer(1, position, label=LABELS[position]) for position in (1, 2, 3))
    calls = [
        call(one, one.model, 1, "overloaded"),
        call(one, one.model, 2, "overloaded"),
        call(one, one.model, 3),
        call(two, "zzslow", 1, "hedged"),
        call(two, two.model, 2),
        call(three, "zzspare", 2, "hedged"),
        call(three, three.model, 1),
    ]
    shown = page(run([one, two, three]), calls=calls)
    assert "zzmodel1x1 (A): answered in 1.5 s · asked 3 times" in shown
    assert "zzmodel1x2 (B): answered in 1.5 s · stood in for zzslow" in shown
    assert "zzmodel1x3 (D): answered in 1.5 s · zzspare was also asked but not needed" in shown


def test_a_layers_closing_time_is_shown_if_known() -> None:
    """A layer closes when the next one starts; after an interruption the time is unknown."""
    first, late, second = answer(1, 1, label="A"), answer(1, 2, "late"), answer(2, 1, label="A")
    line = call(first, first.model, 1, ended=4.0)
    onward = call(second, second.model, 1, started=6.2, ended=9.0)
    told = page(run([first, late, second]), calls=[line, onward])
    assert "Closed after 6.2 s, without zzmodel1x2." in told
    many = [replace(late, position=position) for position in range(2, 7)]
    told = page(run([first, *many, second]), calls=[line, onward])
    assert "Closed after 6.2 s, without 5 models." in told
    taken_up = replace(onward, started=0.1)
    told = page(run([first, late, second]), calls=[line, taken_up])
    assert "Closed without zzmodel1x2." in told


@pytest.mark.parametrize("kind", [*FAILURE_REASONS, "cancelled", "internal", None])
def test_every_kind_of_failure_has_a_description(kind: str | None) -> None:
    """Every outcome of a call has a plain description, never its error kind."""
    for status in ("failed", "cut"):
        failed = replace(answer(1, 1, status), error_kind=kind, error=None)
        told = page(run([failed])) + page(run([failed]), "1-A")
        assert "_" not in told
        assert not re.search(r"\bNone\b", told)
        assert "{" not in told


def test_a_skipped_model_is_shown_as_not_asked() -> None:
    """A model skipped after failures is not shown as failed again."""
    resting = replace(answer(1, 1, "failed"), error_kind="breaker_open")
    assert "zzmodel1x1: not asked" in page(run([resting]))
    assert "Not asked." in page(run([resting]), "1-A")


def test_tied_rankings_are_shown_as_tied() -> None:
    """A combined ranking with a tie names no winner."""
    answers = [answer(1, 1, label="A"), answer(1, 2, label="B")]
    rankings = [
        replace(answer(2, position), model=f"zzmodel1x{position}", text="RANKING: B > A")
        for position in (1, 2)
    ]
    assert "All rankings combined: A = B." in page(run(answers, rankings=tuple(rankings)))


def test_combined_answers_are_named_as_such() -> None:
    """A combined answer is not shown as one model's own."""
    own = [answer(1, position, label=LABELS[position]) for position in range(1, 6)]
    combined = replace(answer(2, 1, label="S1"), model="zzwriter")
    shown = page(run([*own, combined]))
    assert "# One reply from 5 answers" in shown
    assert "Layer 2: combined the answers into one" in shown
    assert "zzwriter, combined: answered" in shown
    anonymous = page(run([*own, combined]), "2-S1", ANONYMOUS)
    assert "# The combined answer" in anonymous


@pytest.mark.parametrize(
    "text",
    ["- **a**\n" * 6_000, "**a** b `c` " * 8_000, "\U0001f600" * 60_000, "1. x\n\n   y\n" * 3_000],
)
def test_no_text_is_too_heavy_for_a_view(text: str) -> None:
    """Texts with very many small parts get more pages, because Slack also limits bytes."""
    shown = RunForViewer.from_run(run([replace(answer(1, 1, label="A"), text=text)]), NAMED, ())
    for number in (0, 1, 10**6):
        parse_view(answers_view(shown, ModalLocation("RUN", "1-A", number)))


words_of_a_model = st.text(max_size=20)


@given(words_of_a_model, words_of_a_model, words_of_a_model)
def test_a_disagreement_survives_the_run_store(topic: str, view: str, agreed: str) -> None:
    """Text from models survives the run store, which holds it as plain ASCII."""
    views = (View(view, ("A",), ("red",)), View(view, ("B", "C"), ("green", "blue")))
    told = Disagreement((agreed,), (Difference(topic, views),))
    text = disagreement_text(told)
    assert text is not None
    assert text.isascii()
    assert read_disagreement(text) == told
    assert read_disagreement(disagreement_text(None)) is None


@pytest.mark.parametrize("packed", ["", "null", "[]", '["a"]', '"abc"', "[1,2,Infinity]", None])
def test_foreign_metadata_is_ignored(packed: object) -> None:
    """Foreign text in the modal's hidden field is ignored."""
    assert ModalLocation.unpack(packed) is None
