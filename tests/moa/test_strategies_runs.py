"""Runs of whole plans with each strategy, built from pipelines as in `moa.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from moa import (
    Answered,
    LayerClosed,
    LayerStarted,
    Model,
    Pipeline,
    Plan,
    Prompt,
    Rejected,
    bind,
)
from moa.pipeline import prompts
from moa.providers.scripted import Fail, Hang, ScriptedModel
from tests.moa.blocks import Block, block_of
from tests.moa.runs import SEED, Played, play, says, slow
from tests.moa.virtual_time import virtual


def _plan(strategy: str, models: Mapping[str, Model], *layers: Sequence[str], **keys: Any) -> Plan:
    table = {
        "aggregator": "chief",
        "strategy": strategy,
        "layers": [{"proposers": list(layer)} for layer in layers],
        **keys,
    }
    return bind("p", Pipeline.model_validate(table), models)


def _models(*names: str) -> dict[str, ScriptedModel]:
    return {name: says(name) for name in (*names, "chief")}


def _block(model: ScriptedModel, layer: int, call: int = -1) -> Block:
    prompt, _ = model.prompts[call]
    return block_of(prompt, prompts.boundary_nonce(SEED, layer))


def _labels(played: Played, layer: int) -> dict[str, str]:
    """Return each model's label after a layer has closed."""
    closed = next(e for e in played.of(LayerClosed) if e.layer == layer)
    return {answer.model: answer.label for answer in closed.answers}


@virtual
async def test_a_council_ranks_and_a_chairman_writes() -> None:
    """Direct, rank, chairman: the proposers judge one another, and rankings are no answers."""
    models = _models("a", "b", "c")
    played = await play(_plan("rank_then_synthesise", models, "abc"))
    outcome = played.outcome
    assert outcome.status == "complete"
    assert [(a.model, a.layer) for a in outcome.answers] == [("a", 1), ("b", 1), ("c", 1)]
    assert [(r.model, r.layer, r.label) for r in outcome.rankings] == [
        (model, 2, label) for model, label in sorted((r.model, r.label) for r in outcome.rankings)
    ]
    assert {r.label for r in outcome.rankings} == {"R1", "R2", "R3"}
    assert [c.role for c in outcome.calls] == ["proposer"] * 3 + ["ranker"] * 3 + ["aggregator"]
    assert {e.call.role for e in played.of(Answered) if e.answer.layer == 2} == {"ranker"}
    assert _labels(played, 2) == _labels(played, 1)
    assert _block(models["a"], 2).labels == ["A", "B", "C"]
    assert _block(models["chief"], 3).labels == ["A", "B", "C", "R1", "R2", "R3"]


@virtual
async def test_the_best_ranked_draft_is_the_reply_without_a_chairman() -> None:
    """Without an aggregator the peers' ranking picks the draft, not its length."""
    texts = {"a": "Right.", "b": "Long and wrong.", "c": "Longest and quite wrong."}

    def script(name: str) -> Any:
        def steps(prompt: Prompt, _: Any) -> list[Any]:
            if prompts.RANKER not in prompt.system:
                return [texts[name]]
            sections = block_of(prompt, prompts.boundary_nonce(SEED, 2)).sections
            order = [s.label for s in sorted(sections, key=lambda s: len(s.text))]
            return [f"{'A long ranking. ' * 9}\nRANKING: {' > '.join(order)}"]

        return steps

    models = {n: ScriptedModel(says(n).profile, script(n)) for n in texts}
    models["chief"] = says("chief", Fail(Rejected()))
    played = await play(_plan("rank_then_synthesise", models, "abc"))
    assert played.text == f"{prompts.NOT_SYNTHESISED}\n\nRight."
    assert played.outcome.status == "unsynthesised"


@virtual
async def test_ranking_is_skipped_for_a_single_answer() -> None:
    """With one answer the chairman writes at once."""
    models = _models("a") | {"b": says("b", Fail(Rejected()))}
    played = await play(_plan("rank_then_synthesise", models, "ab"))
    assert [e.layer for e in played.of(LayerStarted)] == [1]
    assert played.outcome.rankings == ()
    assert played.outcome.status == "complete"


@virtual
async def test_missing_rankings_are_not_waited_for() -> None:
    """The reply uses the answers alone, and a note says so."""
    names = "abc"
    asked: dict[str, int] = dict.fromkeys(names, 0)

    def script(name: str) -> Any:
        def steps(*_: Any) -> list[Any]:
            asked[name] += 1
            return [f"Answer of {name}."] if asked[name] == 1 else [Fail(Rejected())]

        return steps

    models = _models() | {n: ScriptedModel(says(n).profile, script(n)) for n in names}
    played = await play(_plan("rank_then_synthesise", models, names))
    assert played.outcome.status == "complete"
    assert [r.status for r in played.outcome.rankings] == ["failed"] * 3
    assert any("without rankings" in note for note in played.outcome.notes)
    assert _block(models["chief"], 3).labels == ["A", "B", "C"]


@virtual
async def test_a_late_ranking_is_stopped_and_costs_no_more() -> None:
    """Once the chairman writes, a ranking is useless."""
    asked = 0

    def script(*_: Any) -> list[Any]:
        nonlocal asked
        asked += 1
        return ["My answer."] if asked == 1 else ["A is", Hang()]

    models = _models("a", "b") | {"c": ScriptedModel(says("c").profile, script)}
    models["chief"] = slow("chief", 30)
    played = await play(_plan("rank_then_synthesise", models, "abc", grace_s=1.0))
    late = next(c for c in played.outcome.calls if c.model == "c" and c.role == "ranker")
    assert (late.state, late.ended) == ("cut", 1.0)
    assert played.outcome.seconds == 31.0


@virtual
async def test_in_a_debate_each_model_knows_its_own_answer() -> None:
    """The same models are called again, and each prompt marks that model's own answer."""
    models = _models("a", "b", "c")
    played = await play(_plan("debate", models, "abc"))
    labels = _labels(played, 1)
    for name in "abc":
        assert _block(models[name], 2).remarks == {labels[name]: prompts.OWN_REMARK}
    assert [(a.model, a.layer) for a in played.outcome.answers] == [
        (name, layer) for layer in (1, 2) for name in "abc"
    ]
    chief, _ = models["chief"].prompts[-1]
    assert prompts.MODERATOR in chief.system


@virtual
async def test_each_sample_of_one_model_knows_its_own_answer() -> None:
    """Seats tell apart several samples of one model."""
    models = _models("a")
    await play(_plan("debate", models, "aaa"))
    own_remarks = [set(_block(models["a"], 2, call).remarks) for call in (3, 4, 5)]
    assert set.union(*own_remarks) == {"A", "B", "C"}


@virtual
async def test_select_repairs_one_answer() -> None:
    """The aggregator is asked to pick one answer and fix it."""
    models = _models("a", "b")
    played = await play(_plan("select", models, "ab"))
    prompt, _ = models["chief"].prompts[-1]
    assert prompt.system == prompts.SELECTOR
    assert played.outcome.reply == "The answer of chief."


@virtual
async def test_many_samples_pass_through_a_small_window() -> None:
    """Ten answers are folded three at a time; each is read once, and no prompt contains five."""
    models = _models("a")
    played = await play(_plan("sequential", models, "a" * 10))
    read = [_block(models["chief"], layer, layer - 2).labels for layer in (2, 3, 4)]
    assert read == [list("ABCD"), ["S1", *"EFG"], ["S1", *"HIJ"]]
    assert _block(models["chief"], 4).remarks == {"S1": prompts.COMBINED_REMARK}
    assert [a.layer for a in played.outcome.answers] == [1] * 10 + [2, 3]
    assert played.outcome.status == "complete"


def test_an_added_layer_closes_like_the_last_listed_one() -> None:
    """Its quorum fits its seats, and no answer is required in it."""
    table = {
        "aggregator": "chief",
        "strategy": "sequential",
        "layers": [{"proposers": ["a"] * 6, "quorum": 5, "deadline_s": 9.0, "required": ["a"]}],
    }
    *_, added = bind("p", Pipeline.model_validate(table), _models("a")).layers
    assert (added.quorum, added.deadline_s) == (1, 9.0)
    assert [(s.model.profile.name, s.required) for s in added.seats] == [("chief", False)]


@virtual
async def test_a_fold_that_fails_loses_no_answer() -> None:
    """The aggregator still reads the answers that were not combined, and a note says so."""
    calls = 0

    def script(*_: Any) -> list[Any]:
        nonlocal calls
        calls += 1
        return [Fail(Rejected())] if calls == 1 else ["The reply."]

    models = _models("a") | {"chief": ScriptedModel(says("chief").profile, script)}
    played = await play(_plan("sequential", models, "a" * 6))
    assert played.text == "The reply."
    assert _block(models["chief"], 3).labels == list("ABCDEF")
    assert any("returned no answer" in note for note in played.outcome.notes)


@virtual
async def test_needless_folds_are_skipped() -> None:
    """If only four of seven models answered, the aggregator reads their answers at once."""
    models = _models("a") | {"x": says("x", Fail(Rejected()))}
    played = await play(_plan("sequential", models, "aaaaxxx"))
    assert [e.layer for e in played.of(LayerStarted)] == [1]
    assert _block(models["chief"], 3).labels == list("ABCD")


@pytest.mark.parametrize("strategy", ["rank_then_synthesise", "debate", "sequential", "select"])
def test_any_strategy_answers_alone_after_failures(strategy: str) -> None:
    """If every proposer failed, the aggregator answers alone, and the reply says so."""

    @virtual
    async def main() -> None:
        models = {"x": says("x", Fail(Rejected())), "chief": says("chief")}
        played = await play(_plan(strategy, models, "xxxxxx"))
        prompt, _ = models["chief"].prompts[-1]
        assert prompt.system == prompts.ALONE
        assert played.text.startswith(prompts.ALONE_AFTER_FAILURES)

    main()


@virtual
async def test_a_layer_after_failures_is_called_directly() -> None:
    """If the first layer has no answers, the second gets only the question."""
    models = _models("b") | {"x": says("x", Fail(Rejected()))}
    played = await play(_plan("synthesise", models, "x", "b"))
    prompt, _ = models["b"].prompts[-1]
    assert prompt.system == prompts.PROPOSER
    assert played.outcome.status == "complete"


@virtual
async def test_a_resumed_run_has_the_same_prompts() -> None:
    """With recorded answers and rankings, the chairman's prompt is identical."""
    models = _models("a", "b", "c")
    plan = _plan("rank_then_synthesise", models, "abc")
    first = (await play(plan)).outcome
    again = (await play(plan, recorded=(*first.answers, *first.rankings))).outcome
    assert [models[name].calls for name in ("a", "b", "c", "chief")] == [2, 2, 2, 2]
    assert models["chief"].prompts[0] == models["chief"].prompts[1]
    assert [c.role for c in again.calls if not c.attempt] == ["proposer"] * 3 + ["ranker"] * 3


@virtual
async def test_datamarking_reaches_the_models() -> None:
    """`datamark = true` marks every answer that another model reads."""
    models = _models("a", "b")
    await play(_plan("synthesise", models, "ab", datamark=True))
    marker = prompts.marker_for(prompts.boundary_nonce(SEED, 2))
    texts = {section.text for section in _block(models["chief"], 2).sections}
    assert texts == {marker.join(["", "The", "answer", "of", f"{name}."]) for name in "ab"}


@virtual
async def test_rankings_share_the_budget_of_a_small_window() -> None:
    """Long answers and rankings are shortened together, and the chairman's prompt fits."""
    words = "word " * 6_000
    models: dict[str, ScriptedModel] = {n: says(n, words) for n in "abc"}
    models["chief"] = says("chief", context_window=8_000)
    await play(_plan("rank_then_synthesise", models, "abc"))
    prompt, _ = models["chief"].prompts[-1]
    assert sum(len(m.content) for m in prompt.messages) + len(prompt.system) < 8_000 * 3.5
    assert _block(models["chief"], 3).labels == ["A", "B", "C", "R1", "R2", "R3"]
