"""Replies of the embedded model: no loops, no prompt, and only English."""

from __future__ import annotations

import pytest

from benchmarks.embedded import faults, reply_to
from benchmarks.embedded_questions import QUESTIONS
from bot.defaults import demo_config
from moa import Profile, Prompt
from moa.catalogue import ModelCatalogue
from moa.engine.in_flight_call import CallSlot
from moa.engine.layer_result import Carryover
from moa.engine.request_builder import RequestBuilder
from moa.pipeline.plan import Plan
from moa.pipeline.prompts import AGGREGATOR, BRIEF, PROPOSER
from moa.providers import Endpoints, ModelSpec, build
from moa.providers.answer_guard import AnswerGuard
from moa.providers.english import ONLY_ENGLISH, only_english_reply
from moa.types import Answer, Message
from tests.moa.provider_calls import collect

OTHER_LANGUAGES = [
    q for language, listed in QUESTIONS.items() if language != "English" for q in listed
]
ENGLISH = [
    *QUESTIONS["English"],
    'What does "Wie geht es dir?" mean?',
    "Best café nearby?",
    "2 + 2",
    "ok",
    "Pizza or pasta?",
    "def f(x): return x",
    "Why did Müller resign?",
    "The Café François in São Paulo: what is it known for?",
    "Is `de la` a French word?",
    "Summarise this.\n> Das ist ein deutscher Satz, und er ist nicht von mir.",
]
MORE_LANGUAGES = [
    "Perché il cielo è blu?",
    "Qual é a capital da França?",
    "Waarom is de lucht blauw?",
    "Dlaczego niebo jest niebieskie?",
    "Почему небо голубое?",
    "空はなぜ青いのですか",
    "하늘은 왜 파란가요?",
    "لماذا السماء زرقاء؟",
    "आसमान नीला क्यों है?",
    "Hur kokar jag ett ägg?",
    "Γιατί είναι μπλε;",
    "WARUM IST DER HIMMEL BLAU",
    "Apa ibu kota Prancis dan mengapa?",
]


@pytest.mark.parametrize("question", ENGLISH)
def test_an_english_question_is_answered(question: str) -> None:
    """English with foreign names, quotations or code is English."""
    assert only_english_reply(question) is None


@pytest.mark.parametrize("question", [*OTHER_LANGUAGES, *MORE_LANGUAGES])
def test_another_language_is_recognised(question: str) -> None:
    """The reply says in English that only English is understood."""
    assert (only_english_reply(question) or "").endswith(ONLY_ENGLISH)


async def test_a_question_in_another_language_needs_no_generation(endpoints: Endpoints) -> None:
    """The sentence comes at once, in the question's language as well."""
    model = build(ModelSpec(provider="local"), Profile("l"), endpoints)
    collected = await collect(model, Prompt.of("Warum ist der Himmel blau?"))
    assert collected.text.startswith("Dieses kleine Demonstrationsmodell versteht nur Englisch.")
    assert (collected.stop, collected.error) == ("end", None)
    assert endpoints.local.active == 0


@pytest.mark.parametrize("role", ["proposer", "aggregator"])
async def test_the_embedded_model_gets_short_prompts(endpoints: Endpoints, role: str) -> None:
    """They have one sentence of instructions and no boundary lines: it would copy them."""
    model = build(ModelSpec(provider="local"), Profile("l", persona="A sceptic."), endpoints)
    final = role == "aggregator"
    thread = Prompt((Message("user", "Why?"),), "You are in Slack.")
    answers = (Answer("l", 1, 1, "used", "Because.", "A"), Answer("l", 1, 2, "used", "So.", "B"))
    builder = RequestBuilder(Plan.of([model, model], aggregator=model), thread, seed=1)
    carryover = Carryover(answers) if final else Carryover()
    slot = CallSlot("aggregator" if final else "proposer", 2 if final else 1, 1)
    prompt = builder.build(carryover, slot, model, 1.0).prompt
    sent = f"{prompt.system}\n{prompt.messages}"
    assert prompt.system == BRIEF
    assert not any(piece in sent for piece in (AGGREGATOR, PROPOSER, "===", "sceptic", "Slack"))
    assert [m.content for m in prompt.messages] == (
        ["Why?", "Because.", "Why?", "So.", "Why?"] if final else ["Why?"]
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It rains hard. It pours. It rains hard. It never ends.", "It rains hard. It pours."),
        ("A light,\nA light,\nA light,\n", "A light,\n"),
        ("You're welcome! You're welcome! Bye.", "You're welcome!"),
        (f"One good idea. {BRIEF} Another good idea.", "One good idea. Another good idea."),
        ("Paris is the capital. La capitale est Paris dans la France. Yes.", None),
        (" ".join(["again"] * 200), ""),
        ("1. Eat a lot of rice.\n2. Sleep well.\n", "1. Eat a lot of rice.\n2. Sleep well.\n"),
        ("We paid 3.5 million. Then v1.2 came. Fine", "We paid 3.5 million. Then v1.2 came. Fine"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_an_answer_ends_where_it_repeats_itself(said: str, shown: str | None, size: int) -> None:
    """However the stream is split, no sentence is shown twice, and no foreign one at all."""
    guard = AnswerGuard([BRIEF])
    pieces = [said[i : i + size] for i in range(0, len(said), size)]
    text = "".join([guard.filter(piece) for piece in pieces]) + guard.flush()
    assert text == ("Paris is the capital. Yes." if shown is None else shown)


def test_an_answer_in_another_language_is_replaced() -> None:
    """If asked for a translation, the model says that it only knows English."""
    guard = AnswerGuard()
    assert guard.filter("El gato es muy grande y no está en la casa.\n") == ""
    assert guard.flush() == ONLY_ENGLISH


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("Paris.", []),
        ("", ["empty"]),
        ("a b c\na b c\na b c", ["loop"]),
        ("no no no no no no no no", ["loop"]),
        ("one two three four five six seven eight " * 3, ["loop"]),
        (PROPOSER, ["prompt"]),
        ("=== ANSWER A 0123456789abcdef ===\nParis", ["boundary"]),
        ("Ref 0123456789abcdef", ["boundary"]),
    ],
)
def test_the_benchmarks_judge_finds_each_fault(reply: str, found: list[str]) -> None:
    """A score of zero faults is meaningful."""
    assert faults("What is the capital of France?", reply, english=True) == found


@pytest.mark.slow
@pytest.mark.parametrize("index", [1, 3, 10, 13])
async def test_everyday_replies_have_no_loop_and_no_prompt(
    endpoints: Endpoints, index: int
) -> None:
    """This asks some of `benchmarks.embedded`'s questions, through the pipeline without a key."""
    catalogue = ModelCatalogue(demo_config(), endpoints, lambda _name: None)
    for language, listed in QUESTIONS.items():
        question = listed[index % len(listed)]
        reply, _ = await reply_to(catalogue, question)
        assert faults(question, reply, english=language == "English") == []
