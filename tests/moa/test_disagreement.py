"""How an analyst's comparison is parsed, and that it delays no reply."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa import Finished, Pipeline, PipelineError, Plan, Rejected, bind
from moa.engine.disagreement import GRACE_S, compare, parse_disagreement
from moa.events import Compared
from moa.pipeline import prompts
from moa.pipeline.strategies import PromptContext
from moa.pipeline.strict_model import parse_table
from moa.providers.scripted import Fail, Finish, Hang, ScriptedModel, Wait
from moa.types import Difference, Disagreement, Usage, View
from tests.moa.blocks import answer, block_of
from tests.moa.runs import QUESTION, SEED, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual

ANSWERS = (
    answer("A", "Yes.", model="gpt"),
    answer("B", "No.", model="claude"),
    answer("C", "Yes.", model="gpt"),
)
REPLY: dict[str, Any] = {
    "agreements": ["The sky  is blue."],
    "differences": [
        {
            "topic": "Cause\nof it",
            "views": [
                {"view": "Scattering", "answers": ["A", "C"]},
                {"view": "Reflection", "answers": ["B"]},
            ],
        }
    ],
}
READ = Disagreement(
    ("The sky is blue.",),
    (
        Difference(
            "Cause of it",
            (
                View("Scattering", ("A", "C"), ("gpt", "gpt")),
                View("Reflection", ("B",), ("claude",)),
            ),
        ),
    ),
)
GOOD = json.dumps(REPLY)


def _with(**changed: Any) -> str:
    return json.dumps({**REPLY, **changed})


def _views(*views: Any) -> str:
    return _with(differences=[{"topic": "t", "views": list(views)}])


@pytest.mark.parametrize("around", ["{}", "\n{}\n", "```json\n{}\n```", "```\n{}\n```"])
def test_a_comparison_names_the_models_that_hold_a_view(around: str) -> None:
    """Letters become model names, one for each answer, so several samples of a model count."""
    assert parse_disagreement(around.replace("{}", GOOD), ANSWERS) == READ


def test_a_comparison_may_be_empty() -> None:
    """A comparison without differences is valid."""
    assert parse_disagreement('{"agreements": [], "differences": []}', ANSWERS) == Disagreement()


ONE, OTHER = {"view": "x", "answers": ["A"]}, {"view": "y", "answers": ["B"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "They agree.",
        f"Here it is: {GOOD}",
        f"{GOOD} {GOOD}",
        GOOD[:-1],
        "[" * 100_000,
        '{"agreements": ["\\ud800"], "differences": []}',
        "\ud800",
        json.dumps({"agreements": []}),
        _with(verdict="A is right"),
        _with(agreements="none"),
        _with(agreements=[1]),
        _with(agreements=[" "]),
        _with(agreements=["x" * 1_001]),
        _with(agreements=["x"] * 11),
        _views(ONE),
        _views(ONE, {"view": "y", "answers": []}),
        _views(ONE, {"view": "y", "answers": ["D"]}),
        _views(ONE, {"view": "y", "answers": ["b"]}),
        _views(ONE, {"view": "y"}),
        _views(ONE, {**OTHER, "sure": True}),
    ],
)
def test_a_comparison_in_the_wrong_form_is_rejected(text: str) -> None:
    """It is rejected as a whole."""
    assert parse_disagreement(text, ANSWERS) is None


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_no_text_of_an_analyst_breaks_a_run(text: str) -> None:
    """Any text parses to a comparison or to None."""
    assert parse_disagreement(text, ANSWERS) is None


def test_an_analyst_is_shown_the_answers_and_asked_for_json() -> None:
    """The analyst reads the same anonymous block as the aggregator."""
    nonce = prompts.boundary_nonce(1, 1)
    prompt = compare(PromptContext(QUESTION, ANSWERS, nonce))
    assert prompt.system == prompts.ANALYST
    assert block_of(prompt, nonce).labels == ["A", "B", "C"]
    assert "gpt" not in str(prompt.messages)


def _plan(analyst: Any, *, writer: Any = None, proposers: int = 2) -> Plan:
    models = [says(f"m{i}") for i in range(proposers)]
    return replace(plan(layer(*models), by=writer or slow("chief", 5)), analyst=analyst)


def _half_a_dollar(_usage: Usage) -> float:
    return 0.5


def _reply(*letters: str) -> str:
    views = [{"view": letter, "answers": [letter]} for letter in letters]
    return json.dumps({"agreements": ["Blue."], "differences": [{"topic": "t", "views": views}]})


@virtual
async def test_the_comparison_is_made_while_the_reply_is_written() -> None:
    """The analyst starts when the last layer closes and adds no time to the run."""
    usage = Usage(10, 5)
    analyst = says("analyst", Wait(3), _reply("A", "B"), Finish(usage=usage), cost=_half_a_dollar)
    played = await play(_plan(analyst))
    found = played.outcome.disagreement
    assert found is not None
    (difference,) = found.differences
    label_of = {a.label: a.model for a in played.outcome.answers}
    assert [(v.labels, v.models) for v in difference.views] == [
        ((label,), (label_of[label],)) for label in "AB"
    ]
    (line,) = played.calls("analyst")
    assert (line.role, line.state, line.started, line.ended) == ("analyst", "used", 0.0, 3.0)
    assert (line.usage, line.cost_usd) == (usage, 0.5)
    assert played.of(Compared) == [Compared(found, line)]
    assert played.outcome.seconds == 5.0
    assert "analyst" not in {a.model for a in played.outcome.answers}


@virtual
async def test_a_slow_analyst_is_cut_after_a_short_grace() -> None:
    """The reply is already complete; only the end of the run waits, and only briefly."""
    analyst = says("analyst", "{", Hang())
    played = await play(_plan(analyst))
    assert played.outcome.disagreement is None
    assert (played.outcome.status, played.text) == ("complete", "The answer of chief.")
    assert played.outcome.seconds == 5.0 + GRACE_S
    assert [(c.state, c.error_kind) for c in played.calls("analyst")] == [("cut", "cancelled")]
    assert analyst.running == 0


@virtual
async def test_a_comparison_in_the_grace_period_still_counts() -> None:
    """The run waits for an analyst that is nearly done."""
    played = await play(_plan(says("analyst", Wait(5 + GRACE_S / 2), _reply("A", "B"))))
    assert played.outcome.disagreement is not None
    assert played.outcome.seconds == 5 + GRACE_S / 2


@pytest.mark.parametrize(
    ("steps", "state", "kind"),
    [
        (["They agree."], "failed", "garbled"),
        ([_reply("A", "Z")], "failed", "garbled"),
        ([_reply("A", "B")[:-9], Finish(stop="length")], "failed", "garbled"),
        ([Fail(Rejected())], "failed", "rejected"),
    ],
)
def test_an_analysts_failure_costs_only_the_comparison(
    steps: list[Any], state: str, kind: str
) -> None:
    """The reply is complete, and the call log shows the analyst's failure."""

    @virtual
    async def main() -> None:
        played = await play(_plan(says("analyst", *steps)))
        assert played.outcome.disagreement is None
        assert played.outcome.status == "complete"
        assert [(c.state, c.error_kind) for c in played.calls("analyst")] == [(state, kind)]
        assert played.of(Compared)[0].disagreement is None

    main()


@virtual
async def test_a_draft_is_not_held_back_by_the_analyst() -> None:
    """If no aggregator answers, the draft is sent at once."""
    writer = says("chief", Wait(1), Fail(Rejected()))
    played = await play(_plan(says("analyst", Hang()), writer=writer))
    assert played.outcome.status == "unsynthesised"
    assert played.outcome.seconds == 1.0


@virtual
async def test_one_answer_is_not_compared() -> None:
    """With one answer, no analyst is called."""
    analyst = says("analyst")
    played = await play(_plan(analyst, proposers=1))
    assert analyst.calls == 0
    assert played.outcome.disagreement is None


@virtual
async def test_a_recorded_reply_is_not_compared_again() -> None:
    """A resumed run that already has its reply calls no analyst."""
    analyst = says("analyst", _reply("A", "B"))
    made = _plan(analyst)
    first = (await play(made)).outcome
    assert first.aggregator is not None
    again = await play(made, recorded=(*first.answers, first.aggregator))
    assert analyst.calls == 1
    assert isinstance(again.events[-1], Finished)
    assert again.outcome.seconds == 0.0


def _bound(**keys: Any) -> Plan:
    models: dict[str, ScriptedModel] = {name: says(name) for name in ("a", "b", "c")}
    table = {"aggregator": ["a", "b"], "layers": [{"proposers": ["b"]}], **keys}
    return bind("p", parse_table(Pipeline, table, "pipelines.p"), models)


@pytest.mark.parametrize(
    ("keys", "analyst", "asked"),
    [
        ({}, None, ("b", "a")),
        ({"disagreements": True}, "a", ("b", "a")),
        ({"disagreements": True, "disagreements_by": "c"}, "c", ("b", "a", "c")),
    ],
)
def test_the_first_aggregator_is_the_default_analyst(
    keys: dict[str, Any], analyst: str | None, asked: tuple[str]
) -> None:
    """Another model can be configured."""
    made = _bound(**keys)
    assert (made.analyst and made.analyst.profile.name) == analyst
    table = {"aggregator": ["a", "b"], "layers": [{"proposers": ["b"]}], **keys}
    assert Pipeline.model_validate(table).models == asked


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"disagreements": True, "disagreements_by": "d"},
            'pipelines.p.disagreements_by: there is no model "d". Allowed: a, b, c.',
        ),
        (
            {"disagreements_by": "c"},
            "pipelines.p.disagreements_by: has no effect unless disagreements = true is set.",
        ),
        ({"datamark": "yes"}, "pipelines.p.datamark: must be true or false."),
        (
            {"strategy": "rank"},
            (
                'pipelines.p.strategy: there is no strategy "rank". Allowed: debate, '
                "rank_then_synthesise, select, sequential, synthesise."
            ),
        ),
    ],
)
def test_wrong_settings_are_named(keys: dict[str, Any], message: str) -> None:
    """Each wrong key has one clear message, before any call."""
    with pytest.raises(PipelineError) as caught:
        _bound(**keys)
    assert str(caught.value) == message


def test_the_analysts_nonce_is_its_own() -> None:
    """It differs from the nonces in all other prompts."""
    assert len({prompts.boundary_nonce(SEED, number) for number in range(1, 6)}) == 5
