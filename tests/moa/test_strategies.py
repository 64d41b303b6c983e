"""Each strategy is a pure function from a context to a prompt."""

from __future__ import annotations

import pytest

from moa import STRATEGIES, Plan, Prompt, PromptContext
from moa.pipeline import prompts
from moa.pipeline.strategies import Strategy, StrategySpec, direct, synthesise
from moa.pipeline.strategies.ballots import borda_scores, parse_ballot, pooled_order
from moa.pipeline.strategies.debate import moderate, revise
from moa.pipeline.strategies.rank_then_synthesise import chairman, rank
from moa.pipeline.strategies.select import select
from moa.pipeline.strategies.sequential import WINDOW, conclude, fold, folds
from moa.types import Answer
from tests.moa.blocks import answer, block_of
from tests.moa.runs import says

NONCE = prompts.boundary_nonce(7, 2)
THREAD = Prompt.of("Why is the sky blue?", system="House rules.")
ANSWERS = (answer("A", "Scattering."), answer("B", "Reflection.", position=2))
RANKINGS = (
    answer("R1", "A is right.\nRANKING: A > B", model="model A"),
    answer("R2", "Both.\nRANKING: B > A", model="model B", position=2),
)
BRIEF = PromptContext(THREAD, ANSWERS, NONCE)
FINAL = PromptContext(THREAD, ANSWERS, NONCE, final=True)
RANKED = PromptContext(THREAD, ANSWERS, NONCE, final=True, rankings=RANKINGS)


@pytest.mark.parametrize(
    ("strategy", "context", "instructions", "labels", "remarks"),
    [
        (direct, PromptContext(THREAD), prompts.PROPOSER, None, {}),
        (direct, PromptContext(THREAD, final=True), prompts.ALONE, None, {}),
        (synthesise, BRIEF, prompts.REFINER, "AB", {}),
        (synthesise, FINAL, prompts.AGGREGATOR, "AB", {}),
        (select, FINAL, prompts.SELECTOR, "AB", {}),
        (rank, BRIEF, prompts.RANKER, "AB", {}),
        (chairman, FINAL, prompts.AGGREGATOR, "AB", {}),
        (
            revise,
            PromptContext(THREAD, ANSWERS, NONCE, own_label="B"),
            prompts.DEBATER,
            "AB",
            {"B": prompts.OWN_REMARK},
        ),
        (revise, BRIEF, prompts.DEBATER, "AB", {}),
        (moderate, FINAL, f"{prompts.AGGREGATOR}\n\n{prompts.MODERATOR}", "AB", {}),
        (fold, BRIEF, prompts.FOLDER, "AB", {}),
        (conclude, FINAL, prompts.AGGREGATOR, "AB", {}),
        (
            fold,
            PromptContext(THREAD, (answer("S1", "Both."), *ANSWERS), NONCE),
            prompts.FOLDER,
            ["S1", "A", "B"],
            {"S1": prompts.COMBINED_REMARK},
        ),
    ],
)
def test_each_strategys_prompt(
    strategy: Strategy,
    context: PromptContext,
    instructions: str,
    labels: str | list[str] | None,
    remarks: dict[str, str],
) -> None:
    """Its instructions precede the thread's, and the texts it shows have their remarks."""
    prompt = strategy(context)
    assert prompt.system == f"{instructions}\n\nHouse rules."
    if labels is None:
        assert prompt.messages == THREAD.messages
    else:
        block = block_of(prompt, NONCE)
        assert block.labels == list(labels)
        assert block.remarks == remarks


def test_the_chairman_reads_answers_rankings_and_their_order() -> None:
    """Rankings follow the answers and name no model."""
    prompt = chairman(RANKED)
    block = block_of(prompt, NONCE)
    assert [(s.kind, s.label) for s in block.sections] == [
        ("ANSWER", "A"),
        ("ANSWER", "B"),
        ("RANKING", "R1"),
        ("RANKING", "R2"),
    ]
    assert prompts.CHAIRMAN in prompt.system
    assert prompts.POOLED.format(order="A, B") in prompt.system
    assert "model A" not in f"{prompt.system}{prompt.messages}"


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_reveals_the_authors(name: str) -> None:
    """Answers stay anonymous in every prompt, so no reader can favour a name."""
    spec = STRATEGIES[name]
    for strategy in filter(None, (spec.refine, spec.final, spec.extra.strategy)):
        prompt = strategy(RANKED)
        assert "model A" not in f"{prompt.system}{prompt.messages}"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_supports_datamarking(name: str) -> None:
    """`datamark = true` works with every strategy."""
    spec = STRATEGIES[name]
    marker = prompts.marker_for(NONCE)
    for strategy in filter(None, (spec.refine, spec.final, spec.extra.strategy)):
        block = block_of(strategy(PromptContext(THREAD, ANSWERS, NONCE, datamark=True)), NONCE)
        assert all(section.text.startswith(marker) for section in block.sections)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Good.\nRANKING: B > A > C", "BAC"),
        ("**RANKING:** A > B > C", "ABC"),
        ("RANKING: `C>B>A`.", "CBA"),
        ("RANKING: A > B > C\n\n", "ABC"),
        ("RANKING: A > B > C\nThat is all.", ""),
        ("RANKING: A > B", ""),
        ("RANKING: A > B > C > A", ""),
        ("RANKING: A > B > D", ""),
        ("RANKING: A = B > C", ""),
        ("A > B > C", ""),
        ("", ""),
    ],
)
def test_a_ballot_is_parsed_strictly(text: str, order: str) -> None:
    """Only a last line with every letter once is a vote."""
    assert parse_ballot(text, "ABC") == tuple(order)


def test_nobody_votes_for_their_own_answer() -> None:
    """Each model ranks its own answer first; without those votes the third model decides."""
    answers = [answer(label, "x", model=f"m{label}", position=i) for i, label in enumerate("ABC")]
    votes = {"A": "A > B > C", "B": "B > A > C", "C": "C > A > B"}
    rankings = [
        answer("R", f"RANKING: {votes[label]}", model=f"m{label}", position=i)
        for i, label in enumerate("ABC")
    ]
    assert borda_scores(rankings, answers) == {"A": 1.0, "B": 0.5, "C": 0.0}
    assert pooled_order(rankings, answers) == ("A", "B", "C")


def test_incomplete_rankings_give_no_order() -> None:
    """With one voter, its own answer has no score, so there is no order."""
    assert pooled_order(RANKINGS[:1], ANSWERS) == ()
    assert pooled_order([answer("R1", "no vote")], ANSWERS) == ()


@pytest.mark.parametrize(
    ("samples", "added"), [(1, 0), (4, 0), (5, 1), (7, 1), (8, 2), (10, 2), (11, 3), (32, 10)]
)
def test_the_number_of_folds(samples: int, added: int) -> None:
    """Each fold turns a window into one answer; the aggregator reads the last window."""
    assert folds(1, samples) == added
    assert samples - added * (WINDOW - 1) <= WINDOW


@pytest.mark.parametrize(
    ("name", "layers", "output"),
    [
        ("synthesise", 1, ["answers"]),
        ("synthesise", 2, ["answers", "answers"]),
        ("select", 1, ["answers"]),
        ("rank_then_synthesise", 1, ["answers", "rankings"]),
        ("rank_then_synthesise", 2, ["answers", "answers", "rankings"]),
        ("debate", 1, ["answers", "answers"]),
        ("debate", 2, ["answers", "answers"]),
        ("sequential", 1, ["answers", "combination"]),
    ],
)
def test_the_layers_added_by_a_strategy(name: str, layers: int, output: list[str]) -> None:
    """They follow the listed layers; without listed layers none are added."""
    models = [says(f"m{i}") for i in range(5)]
    chief = says("chief")
    plan = Plan.of(*[models] * layers, aggregator=chief, strategy=STRATEGIES[name])
    assert [layer.task.output for layer in plan.layers] == output
    asked = [[seat.model for seat in layer.seats] for layer in plan.layers]
    assert asked == [[chief] if b == "combination" else models for b in output]
    assert Plan.of(aggregator=chief, strategy=STRATEGIES[name]).layers == ()


def test_a_plain_function_is_a_strategy() -> None:
    """In Python a single function can build all prompts after the first layer's."""
    assert StrategySpec.of(select) == StrategySpec(select, select)
    models = [says("a")]
    plan = Plan.of(models, models, aggregator=models, strategy=select)
    assert [plan.strategy_for(n) for n in (1, 2, 3)] == [direct, select, select]


def test_a_shortened_context_keeps_answers_and_rankings_apart() -> None:
    """Shortened texts return to where they came from."""
    short = tuple(Answer(t.model, 1, t.position, "used", "…", t.label) for t in RANKED.texts)
    held = RANKED.with_texts(THREAD, short)
    assert (held.answers, held.rankings) == (short[:2], short[2:])
