"""A thread and answers are fitted into a context window, and what is left out is said."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moa import Answer, Message, Profile, Prompt
from moa.engine import model_request
from moa.pipeline import token_budget
from moa.pipeline.strategies import PromptContext, direct, synthesise


def _repeated(word: str, times: int) -> str:
    return word * times


texts = st.one_of(
    st.text(max_size=300),
    st.builds(_repeated, st.text(min_size=1, max_size=5), st.integers(1, 900)),
)


def answer(text: str, label: str = "A") -> Answer:
    return Answer("m", 1, 1, "used", text, label)


def talk(*turns: str, system: str = "") -> Prompt:
    """Turns of user and assistant alternately, so that the last is the user's."""
    messages = [
        Message("assistant" if (len(turns) - i) % 2 == 0 else "user", turn)
        for i, turn in enumerate(turns)
    ]
    return Prompt(tuple(messages), system)


@given(texts, st.integers(0, 1000))
def test_a_shortened_text_fits_into_its_room(text: str, room: int) -> None:
    """Whatever its script; its head and its tail stand, and the gap says how much is missing."""
    short = token_budget.shorten(text, room)
    assert token_budget.count_tokens(short) <= max(room, token_budget.GAP_TOKENS)
    if token_budget.count_tokens(text) <= room:
        assert short == text
    else:
        head, _, rest = short.partition("\n\n[… ")
        count, _, tail = rest.partition(" characters left out …]\n\n")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert int(count) == len(text) - len(head) - len(tail)


def test_a_lone_surrogate_does_no_harm() -> None:
    """Text that no encoding can hold is counted and shortened like any other."""
    assert "left out" in token_budget.shorten("\ud800" * 500, 50)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 3000))
def test_shares_are_fair(sizes: list[int], room: int) -> None:
    """Nobody gets more than wanted, small texts stay whole, and the larger ones share evenly."""
    granted = token_budget.allocate(sizes, room)
    assert sum(granted) <= room
    assert all(0 <= share <= size for share, size in zip(granted, sizes, strict=True))
    cut = [share for share, size in zip(granted, sizes, strict=True) if share < size]
    if cut:
        assert sum(granted) >= room - len(sizes)
        assert max(cut) - min(cut) <= 1
        assert max(granted) <= max(cut) + 1


def test_what_fits_is_left_as_it_is() -> None:
    """Nothing is said where nothing is left out."""
    thread, answers = talk("Hi", "Hello", "Why?", system="Be kind."), (answer("Because."),)
    assert token_budget.fit(thread, answers, 100) == (thread, answers, ())


def test_the_oldest_turns_go_first() -> None:
    """As few as need be, and the first that stays is a user's."""
    thread = talk("one " * 90, "two " * 90, "three " * 90, "four " * 90, "five")
    fitted, _, notes = token_budget.fit(thread, (), 320)
    assert fitted.messages == thread.messages[2:]
    assert notes == (
        "The oldest 2 messages were left out: the thread is longer than the model can read.",
    )
    one = token_budget.fit(talk("x" * 900, "short", "y"), (), 40)
    assert [m.content for m in one[0].messages] == ["y"]


@given(st.lists(st.text("x", max_size=40), min_size=2, max_size=40), st.integers(30, 400))
def test_no_turn_is_dropped_without_need(turns: list[str], room: int) -> None:
    """With one more of the dropped turns the thread would not have fitted."""
    thread = Prompt(tuple(Message("user", turn) for turn in turns))
    fitted, _, _ = token_budget.fit(thread, (), room)
    dropped = len(turns) - len(fitted.messages)
    if dropped:
        assert token_budget.prompt_tokens(Prompt(thread.messages[dropped - 1 :])) > room


def test_one_message_is_one_message() -> None:
    """The note speaks English in the singular too."""
    thread = Prompt((Message("user", "x" * 900), Message("user", "why?")))
    _, _, notes = token_budget.fit(thread, (), 40)
    assert notes[0].startswith("The oldest message was left out")


def test_the_last_turn_is_always_kept_and_shortened_last() -> None:
    """A question that is too long itself keeps its head and its tail."""
    thread = talk("first", "second", "begin " + "x" * 9000 + " end?")
    fitted, answers, notes = token_budget.fit(thread, (answer("y" * 9000),), 1000)
    (last,) = fitted.messages
    assert last.content.startswith("begin")
    assert last.content.endswith("end?")
    assert answers[0].text.startswith("yyy")
    assert [note.split()[1] for note in notes] == ["oldest", "models'", "last"]


@given(
    st.lists(texts, min_size=1, max_size=6),
    st.lists(texts, max_size=5),
    st.integers(300, 4000),
)
def test_what_is_fitted_fits(turns: list[str], said: list[str], room: int) -> None:
    """Any thread and any answers are within the room; the last turn and every answer are there."""
    thread = talk(*turns, system="Be kind.")
    answers = [answer(text) for text in said]
    fitted, kept, notes = token_budget.fit(thread, answers, room)
    assert (
        token_budget.prompt_tokens(fitted) + sum(token_budget.count_tokens(a.text) for a in kept)
        <= room
    )
    assert fitted.messages[-1].role == "user"
    assert len(fitted.messages) == len(turns) or fitted.messages[0].role == "user"
    assert len(kept) == len(answers)
    assert fitted.system == thread.system
    whole = (fitted, kept) == (thread, tuple(answers))
    assert whole == (not notes)


@given(
    turns=st.lists(texts, min_size=1, max_size=5),
    said=st.lists(texts, max_size=5),
    window=st.integers(2048, 9000),
    share=st.sampled_from([1.0, 0.5]),
    datamark=st.booleans(),
)
@example(  # once its oldest turn is left out, it is far below what it may take, and still too long
    turns=["0\x80\x80\x80𐀀" * 155, "0\x80" * 266],
    said=[""],
    window=2048,
    share=0.5,
    datamark=False,
)
def test_a_request_fits_into_the_models_window_with_room_to_answer(
    turns: list[str], said: list[str], window: int, share: float, *, datamark: bool
) -> None:
    """The strategy's own words, labels, boundaries and marks are counted too."""
    answers = tuple(answer(text, "ABCDE"[i]) for i, text in enumerate(said))
    brief = PromptContext(talk(*turns), answers, "0123456789abcdef", final=True, datamark=datamark)
    profile = Profile("m", context_window=window)
    request = model_request.build_request(
        synthesise if answers else direct, brief, profile, "aggregator", window_share=share
    )
    assert token_budget.prompt_tokens(request.prompt) <= window * share * 0.75 * 0.95 + 1
    assert all(f"ANSWER {a.label} " in request.prompt.messages[-1].content for a in answers)


def test_what_fits_but_for_the_strategys_words_is_shortened_too() -> None:
    """A thread that just fits by itself makes room for the words around it."""
    for length in range(3400, 4200, 20):
        brief = PromptContext(talk("x" * length), (answer(""),), "0" * 16, final=True)
        request = model_request.build_request(
            synthesise, brief, Profile("m", context_window=2048), "aggregator"
        )
        assert token_budget.prompt_tokens(request.prompt) <= 2048 * 0.75 * 0.95 + 1


@pytest.mark.parametrize("datamark", [False, True])
def test_the_room_is_used(*, datamark: bool) -> None:
    """Of texts that are far too long, as much is kept as there is room for."""
    answers = tuple(answer(f"{label} word " * 5000, label) for label in "ABCDE")
    brief = PromptContext(talk("why " * 50_000), answers, "0" * 16, final=True, datamark=datamark)
    request = model_request.build_request(
        synthesise, brief, Profile("m", context_window=8000), "aggregator"
    )
    room = 8000 * 0.75 * 0.95
    assert room * 0.85 <= token_budget.prompt_tokens(request.prompt) <= room


@pytest.mark.parametrize(
    ("role", "profile", "temperature", "cap"),
    [
        ("proposer", Profile("m"), 0.7, 800),
        ("aggregator", Profile("m"), 0.3, None),
        ("proposer", Profile("m", temperature=1.0, max_output_tokens=50), 1.0, 50),
        ("aggregator", Profile("m", takes_temperature=False), None, None),
    ],
)
def test_a_model_is_asked_with_its_roles_sampling(
    role: model_request.Role, profile: Profile, temperature: float | None, cap: int | None
) -> None:
    """Proposers differ and are brief, the aggregator is steady; a profile overrides both."""
    sampling = model_request.build_request(
        direct, PromptContext(Prompt.of("Hi")), profile, role
    ).sampling
    assert (sampling.temperature, sampling.max_output_tokens) == (temperature, cap)


def test_a_persona_is_for_proposing_only() -> None:
    """It stands at the head of the system text; the aggregator writes as itself."""
    profile = Profile("m", persona="You are a poet.")
    brief = PromptContext(Prompt.of("Hi", system="Be kind."))
    proposes = model_request.build_request(direct, brief, profile, "proposer").prompt.system
    assert "You are a poet.\n\nBe kind." in proposes
    assert (
        "poet"
        not in model_request.build_request(direct, brief, profile, "aggregator").prompt.system
    )
