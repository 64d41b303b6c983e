"""The ways to start a brainstorm, and the offers in channels that turned them on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.playground.state.models import SlackMessage
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.start_view import StartPlace, cost_text, parse_start
from bot.slack.brainstorm.topics import reads_like_topic, topic_of_call
from bot.slack.routes import START_BRAINSTORM
from tests.brainstorm.sessions import Room, accepted, room
from tests.slack.home_actions import choose
from tests.slack.user_actions import count_runs

OFFERS = ["offer_brainstorms"]


async def offered(here: Room, words: str = "") -> SlackMessage:
    """Wait for an offer that only Ana sees."""
    slack, stage = here.stage.slack, here.stage

    def found() -> list[SlackMessage]:
        shown = slack.ephemerals(stage.ana, stage.general)
        return [message for message in shown if ids.START in str(message.blocks)]

    message = (await slack.wait_for(found))[-1]
    assert words in slack.render(message)
    return message


async def started_from(here: Room, offer: SlackMessage) -> SlackMessage:
    """Accept an offer, and return the board."""
    slack, ana = here.stage.slack, here.stage.ana
    await slack.click(ana, offer, ids.START)
    view = await here.stage.opened_view(ana, "[Start]")
    assert re.search(r"It costs at most \$[\d.]+\. Usually it's about \$", slack.render(view))
    assert accepted(await slack.submit(ana, view))
    await slack.wait_for(here.boards)
    return here.boards()[-1]


@pytest.mark.parametrize(
    ("most", "says"),
    [(0.0, "It costs nothing."), (0.5, "It costs at most $0.50."), (None, "unknown")],
)
def test_the_form_says_what_it_costs(most: float | None, says: str) -> None:
    """Free models cost nothing, and a cost that nobody knows is never $0."""
    assert says in cost_text(most)


@pytest.mark.parametrize("call", ["brainstorm: {}", "  Brainstorm :  {}", "BRAINSTORM:\n{}"])
async def test_a_mention_starts_one(tmp_path: Path, call: str) -> None:
    """Its author alone is asked, sees the maximum cost, and no model is asked before."""
    async with room(tmp_path) as here:
        await here.stage.ask(call.format("Cheaper &lt;b&gt;&amp;&lt;/b&gt; faster shipping?"))
        offer = await offered(here, "[Start a brainstorm]")
        assert await count_runs(here.stage) == 0
        assert not here.stage.models.questions
        board = await started_from(here, offer)
        assert (await here.session(board)).topic == "Cheaper <b>&</b> faster shipping?"


async def test_in_a_thread_its_messages_are_the_material(tmp_path: Path) -> None:
    """The models get them with the topic; the board is a message of the channel."""
    async with room(tmp_path) as here:
        slack, stage = here.stage.slack, here.stage
        ts = await slack.post(stage.ben, stage.general, "The bus takes an hour.")
        await stage.ask("brainstorm: How to get to work?", ts)
        offer = await offered(here)
        assert offer.thread_ts == ts
        await slack.click(stage.ana, offer, ids.START)
        view = await stage.opened_view(stage.ana, "messages of this thread are the material")
        assert accepted(await slack.submit(stage.ana, view))
        await slack.wait_for(here.boards)
        session = await here.session(here.boards()[-1])
        assert "The bus takes an hour." in session.material
        await here.shows(here.boards()[-1], "24 ideas from 4 models")
        assert any("The bus takes an hour." in str(q.turns) for q in stage.models.questions)


async def test_the_shortcut_asks_for_everything(tmp_path: Path) -> None:
    """Topic, minutes, dots, models and channel are chosen in one form."""
    async with room(tmp_path) as here:
        slack, ana = here.stage.slack, here.stage.ana
        await slack.shortcut(ana, START_BRAINSTORM)
        view = await here.stage.opened_view(ana, "Where")
        empty = await slack.submit(ana, view, {ids.TOPIC: " \n "})
        assert {ids.TOPIC, ids.PLACE} <= set(empty.errors or {})
        chosen = {
            ids.TOPIC: "How?",
            ids.MINUTES: "45",
            ids.DOTS: "5",
            ids.PIPELINE: "balanced",
            ids.PLACE: here.stage.general.id,
        }
        assert accepted(await slack.submit(ana, view, chosen))
        await slack.wait_for(here.boards)
        session = await here.session(here.boards()[-1])
        assert (session.minutes, session.dots, session.pipeline) == (45, 5, "balanced")


async def test_a_channel_that_one_of_us_is_not_in_is_refused(tmp_path: Path) -> None:
    """The form says so, and nothing starts."""
    async with room(tmp_path) as here:
        slack, stage = here.stage.slack, here.stage
        other = slack.add_channel("other", members=[stage.ben])
        await slack.shortcut(stage.ana, START_BRAINSTORM)
        view = await stage.opened_view(stage.ana, "Where")
        done = await slack.submit(stage.ana, view, {ids.TOPIC: "How?", ids.PLACE: other.id})
        assert "channel that you're in" in str(done.errors)
        assert not here.boards(other)


async def test_the_same_form_submitted_twice_starts_one(tmp_path: Path) -> None:
    """Slack may deliver it again."""
    async with room(tmp_path) as here:
        view = await here.form()
        for _ in range(2):
            await here.stage.slack.submit(here.stage.ana, view)
        await here.stage.slack.wait_for(here.boards)
        await here.shows(here.boards()[0], "24 ideas from 4 models")
        assert len(here.boards()) == 1


async def test_a_budget_that_it_would_exceed_refuses_it(tmp_path: Path) -> None:
    """What running brainstorms usually still cost counts as spent."""
    limits = "\n[limits]\nper_person_day_usd = {}\n"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    async with room(tmp_path / "a") as here:
        board = await here.start()
        usual = (await here.session(board)).reserved_usd
        assert usual > 0
    async with room(tmp_path / "b", extra=limits.format(usual * 1.5)) as here:
        first, second = await here.form(), await here.form(here.stage.ben)
        assert accepted(await here.stage.slack.submit(here.stage.ana, first))
        assert accepted(await here.stage.slack.submit(here.stage.ben, second))
        third = await here.form()
        refused = await here.stage.slack.submit(here.stage.ana, third)
        assert "budget" in str(refused.errors)


TOPICS = (
    "How can we get more people to walk to work?",
    "Ideas for the summer party",
    "what should we call the new office",
    "We need a better way to onboard people in other time zones",
    "Was kostet uns am meisten Zeit?",
    "\u3069\u3046\u3059\u308c\u3070\u3082\u3063\u3068\u6b69\u304f\u3088\u3046\u306b\u306a\u308b\u304b",
    "<@U123ABC> how might we ship faster?",
)
NO_TOPICS = (
    "lol",
    "+1",
    ":coffee:",
    "thanks",
    "Thanks a lot for all your help with this!",
    "Good morning everyone, have a great day",
    "ok",
    "",
    "   ",
    "\U0001f44d\U0001f44d\U0001f44d",
    ":tada: :tada: :tada:",
    "https://example.com/a/b",
    "<https://example.com|a long label with many words in it>",
    "really?",
    "x" * 500,
    "one two three four five six\n" * 5,
    "```print('how do we do this in code?')```",
    "<@U123ABC> <@U456DEF>",
    "brb, need a coffee before the meeting",
)


@pytest.mark.parametrize("text", TOPICS)
def test_what_reads_like_a_topic(text: str) -> None:
    """Questions and sentences do, in any language."""
    assert reads_like_topic(text)


@pytest.mark.parametrize("text", NO_TOPICS)
def test_what_reads_like_none(text: str) -> None:
    """Small talk, emoji, links, code and long texts do not."""
    assert not reads_like_topic(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("brainstorm: a", "a"),
        ("Brainstorm :a\nb", "a\nb"),
        ("brainstorm:", ""),
        ("brainstorm a", None),
        ("please brainstorm: a", None),
        ("", None),
    ],
)
def test_which_mentions_ask_for_one(text: str, topic: str | None) -> None:
    """Those that begin with the word and a colon."""
    assert topic_of_call(text) == topic


async def test_the_author_of_a_topic_alone_is_offered_one(tmp_path: Path) -> None:
    """In a channel that turned it on. The bot answers no message there."""
    async with room(tmp_path) as here:
        slack, stage = here.stage.slack, here.stage
        await slack.post(stage.ana, stage.general, TOPICS[0])
        await choose(stage, stage.ana, listening=OFFERS)
        for text in ("lol", "+1", ":coffee:", "thanks"):
            await slack.post(stage.ana, stage.general, text)
        await slack.wait_for_deliveries()
        ts = await slack.post(stage.ana, stage.general, TOPICS[1])
        offer = await offered(here, "[Start a brainstorm on this]")
        await slack.post(stage.ben, stage.general, TOPICS[0], thread_ts=ts)
        board = await started_from(here, offer)
        assert (await here.session(board)).topic == TOPICS[1]
        offers = [
            m for m in slack.ephemerals(stage.ana, stage.general) if ids.START in str(m.blocks)
        ]
        assert len(offers) == 1
        assert not slack.ephemerals(stage.ben, stage.general)
        assert await count_runs(stage) == 0


BAD_FORMS: tuple[Any, ...] = (
    None,
    {},
    {"values": None},
    {"values": {"topic": {"topic": {"value": None}}}},
    {"values": {"topic": {"topic": {"value": "x"}}, "minutes": {"minutes": {"value": "0"}}}},
)


@pytest.mark.parametrize("state", BAD_FORMS)
def test_a_form_of_any_shape_is_refused_in_words(state: Any) -> None:
    """What is missing or wrong is named."""
    form = parse_start({"state": state}, StartPlace("C1"))
    assert form.errors


@pytest.mark.parametrize("minutes", ["0", "-1", "1.5", "x", "", "99999", "10081", "\u0664"])
def test_minutes_are_a_whole_number_in_range(minutes: str) -> None:
    """Everything else is refused."""
    values = {
        ids.TOPIC: {ids.TOPIC: {"value": "x"}},
        ids.MINUTES: {ids.MINUTES: {"value": minutes}},
        ids.DOTS: {ids.DOTS: {"value": "3"}},
    }
    form = parse_start({"state": {"values": values}}, StartPlace("C1"))
    assert set(form.errors) == {ids.MINUTES}
