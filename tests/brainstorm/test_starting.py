"""The ways to start a brainstorm, and offers in channels that turned them on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.playground.state.models import SlackMessage
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.start_view import StartPlace, cost_text, parse_start
from bot.slack.brainstorm.topics import reads_like_topic, requested_topic
from bot.slack.routes import START_BRAINSTORM
from bot.slack.settings.views import VALUE_PREFIX
from tests.brainstorm.sessions import BrainstormScene, brainstorm_scene, is_accepted
from tests.slack.home_actions import choose, stranger
from tests.slack.user_actions import count_runs

OFFERS = ["offer_brainstorms"]


async def wait_for_offer(scene: BrainstormScene, words: str = "") -> SlackMessage:
    """Wait for an offer that only Ana sees."""
    slack, stage = scene.stage.slack, scene.stage

    def found() -> list[SlackMessage]:
        shown = slack.ephemerals(stage.ana, stage.general)
        return [message for message in shown if ids.START in str(message.blocks)]

    message = (await slack.wait_for(found))[-1]
    assert words in slack.render(message)
    return message


async def accept_offer(scene: BrainstormScene, offer: SlackMessage) -> SlackMessage:
    """Accept an offer, and return the board."""
    slack, ana = scene.stage.slack, scene.stage.ana
    await slack.click(ana, offer, ids.START)
    view = await scene.stage.opened_view(ana, "[Start]")
    assert re.search(r"It costs at most \$[\d.]+\. Usually it's about \$", slack.render(view))
    assert is_accepted(await slack.submit(ana, view))
    await slack.wait_for(scene.boards)
    return scene.boards()[-1]


@pytest.mark.parametrize(
    ("most", "says"),
    [(0.0, "It costs nothing."), (0.5, "It costs at most $0.50."), (None, "unknown")],
)
def test_the_form_shows_the_maximum_cost(most: float | None, says: str) -> None:
    """Free models cost nothing, and an unknown cost is never $0."""
    assert says in cost_text(most)


@pytest.mark.parametrize("call", ["brainstorm: {}", "  Brainstorm :  {}", "BRAINSTORM:\n{}"])
async def test_a_mention_offers_a_brainstorm(tmp_path: Path, call: str) -> None:
    """Only its author sees the offer and the maximum cost; no model is called before."""
    async with brainstorm_scene(tmp_path) as scene:
        await scene.stage.ask(call.format("Cheaper &lt;b&gt;&amp;&lt;/b&gt; faster shipping?"))
        offer = await wait_for_offer(scene, "[Start a brainstorm]")
        assert await count_runs(scene.stage) == 0
        assert not scene.stage.models.questions
        board = await accept_offer(scene, offer)
        assert (await scene.session(board)).topic == "Cheaper <b>&</b> faster shipping?"


async def test_in_a_thread_its_messages_are_the_material(tmp_path: Path) -> None:
    """The models get them with the topic; the board is posted in the channel."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, stage = scene.stage.slack, scene.stage
        ts = await slack.post(stage.ben, stage.general, "The bus takes an hour.")
        await stage.ask("brainstorm: How to get to work?", ts)
        offer = await wait_for_offer(scene)
        assert offer.thread_ts == ts
        await slack.click(stage.ana, offer, ids.START)
        view = await stage.opened_view(stage.ana, "also read the messages in this thread")
        assert is_accepted(await slack.submit(stage.ana, view))
        await slack.wait_for(scene.boards)
        session = await scene.session(scene.boards()[-1])
        assert "The bus takes an hour." in session.material
        await scene.wait_for_text(scene.boards()[-1], "24 ideas from 4 models")
        assert any("The bus takes an hour." in str(q.turns) for q in stage.models.questions)


async def test_the_shortcut_opens_a_form_with_everything(tmp_path: Path) -> None:
    """Topic, minutes, dots, models and channel are chosen in one form."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, ana = scene.stage.slack, scene.stage.ana
        await slack.shortcut(ana, START_BRAINSTORM)
        view = await scene.stage.opened_view(ana, "Where")
        empty = await slack.submit(ana, view, {ids.TOPIC: " \n "})
        assert {ids.TOPIC, ids.PLACE} <= set(empty.errors or {})
        chosen = {
            ids.TOPIC: "How?",
            ids.MINUTES: "45",
            ids.DOTS: "5",
            ids.PIPELINE: "balanced",
            ids.PLACE: scene.stage.general.id,
        }
        assert is_accepted(await slack.submit(ana, view, chosen))
        await slack.wait_for(scene.boards)
        session = await scene.session(scene.boards()[-1])
        assert (session.minutes, session.dots, session.pipeline) == (45, 5, "balanced")


async def test_a_channel_that_the_person_is_not_in_is_refused(tmp_path: Path) -> None:
    """The form says so, and nothing starts."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, stage = scene.stage.slack, scene.stage
        other = slack.add_channel("other", members=[stage.ben])
        await slack.shortcut(stage.ana, START_BRAINSTORM)
        view = await stage.opened_view(stage.ana, "Where")
        done = await slack.submit(stage.ana, view, {ids.TOPIC: "How?", ids.PLACE: other.id})
        assert "channel you're in" in str(done.errors)
        assert not scene.boards(other)


async def test_a_form_submitted_twice_starts_one_brainstorm(tmp_path: Path) -> None:
    """Slack may deliver a submission again."""
    async with brainstorm_scene(tmp_path) as scene:
        view = await scene.form()
        for _ in range(2):
            await scene.stage.slack.submit(scene.stage.ana, view)
        await scene.stage.slack.wait_for(scene.boards)
        await scene.wait_for_text(scene.boards()[0], "24 ideas from 4 models")
        assert len(scene.boards()) == 1


async def test_a_brainstorm_that_would_exceed_a_budget_is_refused(tmp_path: Path) -> None:
    """The remaining usual cost of running brainstorms counts as spent."""
    limits = "\n[limits]\nper_person_day_usd = {}\n"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    async with brainstorm_scene(tmp_path / "a") as scene:
        board = await scene.start()
        usual = (await scene.session(board)).reserved_usd
        assert usual > 0
    async with brainstorm_scene(tmp_path / "b", extra=limits.format(usual * 1.5)) as scene:
        first, second = await scene.form(), await scene.form(scene.stage.ben)
        assert is_accepted(await scene.stage.slack.submit(scene.stage.ana, first))
        assert is_accepted(await scene.stage.slack.submit(scene.stage.ben, second))
        third = await scene.form()
        refused = await scene.stage.slack.submit(scene.stage.ana, third)
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
def test_questions_and_sentences_read_like_a_topic(text: str) -> None:
    """This works in any language."""
    assert reads_like_topic(text)


@pytest.mark.parametrize("text", NO_TOPICS)
def test_other_texts_do_not_read_like_a_topic(text: str) -> None:
    """This covers small talk, emoji, links, code and long texts."""
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
def test_a_mention_with_the_word_and_a_colon_names_a_topic(text: str, topic: str | None) -> None:
    """Other mentions are questions."""
    assert requested_topic(text) == topic


async def test_only_the_author_of_a_topic_gets_an_offer(tmp_path: Path) -> None:
    """This needs a channel that turned offers on. The bot doesn't answer the messages."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, stage = scene.stage.slack, scene.stage
        await slack.post(stage.ana, stage.general, TOPICS[0])
        await choose(stage, stage.ana, listening=OFFERS)
        for text in ("lol", "+1", ":coffee:", "thanks"):
            await slack.post(stage.ana, stage.general, text)
        await slack.wait_for_deliveries()
        ts = await slack.post(stage.ana, stage.general, TOPICS[1])
        offer = await wait_for_offer(scene, "[Start a brainstorm on this]")
        await slack.post(stage.ben, stage.general, TOPICS[0], thread_ts=ts)
        board = await accept_offer(scene, offer)
        assert (await scene.session(board)).topic == TOPICS[1]
        offers = [
            m for m in slack.ephemerals(stage.ana, stage.general) if ids.START in str(m.blocks)
        ]
        assert len(offers) == 1
        assert not slack.ephemerals(stage.ben, stage.general)
        assert await count_runs(stage) == 0


@pytest.mark.parametrize(
    ("who", "chosen", "offered"),
    [
        ("guest", "workspace", True),
        ("guest", "full_members", False),
        ("another workspace", "workspace", False),
        ("another workspace", "everyone", True),
    ],
)
async def test_only_people_who_may_take_part_get_offers(
    tmp_path: Path, who: str, chosen: str, *, offered: bool
) -> None:
    """Others would only be refused when they click."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, stage = scene.stage.slack, scene.stage
        await choose(stage, stage.ana, listening=OFFERS, brainstorm_with=f"{VALUE_PREFIX}{chosen}")
        zoe = await stranger(stage, who)
        await slack.post(zoe, stage.general, TOPICS[0])
        if offered:
            await slack.wait_for(lambda: slack.ephemerals(zoe, stage.general))
            return
        await slack.wait_for_deliveries()
        await slack.post(stage.ana, stage.general, TOPICS[1])
        await wait_for_offer(scene)
        assert not slack.ephemerals(zoe, stage.general)


BAD_FORMS: tuple[Any, ...] = (
    None,
    {},
    {"values": None},
    {"values": {"topic": {"topic": {"value": None}}}},
    {"values": {"topic": {"topic": {"value": "x"}}, "minutes": {"minutes": {"value": "0"}}}},
)


@pytest.mark.parametrize("state", BAD_FORMS)
def test_an_invalid_form_is_refused_with_messages(state: Any) -> None:
    """The errors name what is missing or wrong."""
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
