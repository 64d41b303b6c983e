"""A thread and its answers fit into a context window, and notes say what was left out."""

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
    st.text("0A:|> \n", max_size=300),
    st.builds(_repeated, st.text(min_size=1, max_size=5), st.integers(1, 900)),
)


def answer(text: str, label: str = "A") -> Answer:
    return Answer("m", 1, 1, "used", text, label)


def talk(*turns: str, system: str = "") -> Prompt:
    """Return alternating turns that end with the user's."""
    messages = [
        Message("assistant" if (len(turns) - i) % 2 == 0 else "user", turn)
        for i, turn in enumerate(turns)
    ]
    return Prompt(tuple(messages), system)


@given(texts, st.integers(0, 1000))
@example("| 00A 0:A0A0000000:0A0A0A| 0", 30)
def test_a_shortened_text_fits_into_its_room(text: str, room: int) -> None:
    """In any script, the start and end are kept, and the gap says how much is missing."""
    short = token_budget.shorten(text, room)
    assert token_budget.count_tokens(short) <= max(room, token_budget.GAP_TOKENS)
    if token_budget.count_tokens(text) <= room:
        assert short == text
    else:
        head, _, rest = short.partition("\n\n[… ")
        count, _, tail = rest.partition(" characters left out …]\n\n")
        marks = tail[: int(count) - len(text) + len(head) + len(tail)]
        assert text.startswith(head)
        assert text.endswith(tail.removeprefix(marks))
        assert set(marks) <= set("> |")  # of a quoted line that is cut


def test_a_lone_surrogate_does_no_harm() -> None:
    """Text that cannot be encoded is counted and shortened like any other."""
    assert "left out" in token_budget.shorten("\ud800" * 500, 50)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 3000))
def test_shares_are_fair(sizes: list[int], room: int) -> None:
    """No text gets more than its size, small texts stay whole, and large ones share evenly."""
    granted = token_budget.allocate(sizes, room)
    assert sum(granted) <= room
    assert all(0 <= share <= size for share, size in zip(granted, sizes, strict=True))
    cut = [share for share, size in zip(granted, sizes, strict=True) if share < size]
    if cut:
        assert sum(granted) >= room - len(sizes)
        assert max(cut) - min(cut) <= 1
        assert max(granted) <= max(cut) + 1


def test_a_prompt_that_fits_is_unchanged() -> None:
    """If everything fits, nothing is cut and there are no notes."""
    thread, answers = talk("Hi", "Hello", "Why?", system="Be kind."), (answer("Because."),)
    assert token_budget.fit(thread, answers, 100) == (thread, answers, ())


def test_the_oldest_turns_are_dropped_first() -> None:
    """As few turns as possible are dropped, and the first one left is a user's."""
    thread = talk("one " * 90, "two " * 90, "three " * 90, "four " * 90, "five")
    fitted, _, notes = token_budget.fit(thread, (), 320)
    assert fitted.messages == thread.messages[2:]
    assert notes == (
        "The oldest 2 messages were left out: the thread is longer than the model can read.",
    )
    one = token_budget.fit(talk("x" * 900, "short", "y"), (), 40)
    assert [m.content for m in one[0].messages] == ["y"]


@given(st.lists(st.text("x", max_size=40), min_size=2, max_size=40), st.integers(30, 400))
def test_no_turn_is_dropped_needlessly(turns: list[str], room: int) -> None:
    """With one more of the dropped turns, the thread would be too long."""
    thread = Prompt(tuple(Message("user", turn) for turn in turns))
    fitted, _, _ = token_budget.fit(thread, (), room)
    dropped = len(turns) - len(fitted.messages)
    if dropped:
        assert token_budget.prompt_tokens(Prompt(thread.messages[dropped - 1 :])) > room


def test_one_message_is_one_message() -> None:
    """The note uses the singular for one message."""
    thread = Prompt((Message("user", "x" * 900), Message("user", "why?")))
    _, _, notes = token_budget.fit(thread, (), 40)
    assert notes[0].startswith("The oldest message was left out")


def test_the_last_turn_is_always_kept_and_shortened_last() -> None:
    """A question that is itself too long keeps its start and end."""
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
def test_a_fitted_prompt_fits(turns: list[str], said: list[str], room: int) -> None:
    """Any thread and answers fit the budget; the last turn and every answer are kept."""
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
@example(  # without its oldest turn the thread is far below the target, and still too long
    turns=["0\x80\x80\x80𐀀" * 155, "0\x80" * 266],
    said=[""],
    window=2048,
    share=0.5,
    datamark=False,
)
def test_a_request_fits_into_the_models_window_with_room_for_the_answer(
    turns: list[str], said: list[str], window: int, share: float, *, datamark: bool
) -> None:
    """Instructions, labels, boundaries and markers count too."""
    answers = tuple(answer(text, "ABCDE"[i]) for i, text in enumerate(said))
    context = PromptContext(
        talk(*turns), answers, "0123456789abcdef", final=True, datamark=datamark
    )
    profile = Profile("m", context_window=window)
    request = model_request.build_request(
        synthesise if answers else direct, context, profile, "aggregator", window_share=share
    )
    assert token_budget.prompt_tokens(request.prompt) <= window * share * 0.75 * 0.95 + 1
    assert all(f"ANSWER {a.label} " in request.prompt.messages[-1].content for a in answers)


def test_a_thread_is_shortened_for_the_strategys_instructions() -> None:
    """A thread that just fits by itself is shortened to make room for the instructions."""
    for length in range(3400, 4200, 20):
        context = PromptContext(talk("x" * length), (answer(""),), "0" * 16, final=True)
        request = model_request.build_request(
            synthesise, context, Profile("m", context_window=2048), "aggregator"
        )
        assert token_budget.prompt_tokens(request.prompt) <= 2048 * 0.75 * 0.95 + 1


@pytest.mark.parametrize("datamark", [False, True])
def test_the_budget_is_used_up(*, datamark: bool) -> None:
    """Texts that are far too long are cut no more than needed."""
    answers = tuple(answer(f"{label} word " * 5000, label) for label in "ABCDE")
    context = PromptContext(talk("why " * 50_000), answers, "0" * 16, final=True, datamark=datamark)
    request = model_request.build_request(
        synthesise, context, Profile("m", context_window=8000), "aggregator"
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
def test_a_model_gets_the_sampling_of_its_role(
    role: model_request.Role, profile: Profile, temperature: float | None, cap: int | None
) -> None:
    """Proposers vary and are brief, the aggregator is steady; a profile overrides both."""
    sampling = model_request.build_request(
        direct, PromptContext(Prompt.of("Hi")), profile, role
    ).sampling
    assert (sampling.temperature, sampling.max_output_tokens) == (temperature, cap)


def test_a_persona_is_for_proposing_only() -> None:
    """The persona precedes a proposer's system text; the aggregator has none."""
    profile = Profile("m", persona="You are a poet.")
    context = PromptContext(Prompt.of("Hi", system="Be kind."))
    proposes = model_request.build_request(direct, context, profile, "proposer").prompt.system
    assert "You are a poet.\n\nBe kind." in proposes
    assert (
        "poet"
        not in model_request.build_request(direct, context, profile, "aggregator").prompt.system
    )
