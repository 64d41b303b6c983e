"""The slash command: ask from the message box, share the reply, and use subcommands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.playground.clock import Clock
from bot.playground.state.models import Channel, SlackMessage
from bot.slack.commands import SUBCOMMANDS
from bot.slack.ui.strings import reply as strings
from bot.slack.ui.strings.answers_modal import ANSWERS_UNSEEN
from bot.slack.ui.strings.footer import SHARE, SHARE_FAILED, SHARED_BEFORE
from tests.models.replies import Cut, Reply, Status
from tests.stage import Stage, everywhere, on_stage

ROOT = Path(__file__).parents[2]


def private(stage: Stage, containing: str) -> list[SlackMessage]:
    """Return the messages that only Ana sees and that contain these texts."""
    found = stage.slack.ephemerals(stage.ana, stage.general)
    return [m for m in found if containing in stage.slack.render(m)]


async def test_a_command_is_answered_only_to_its_asker(tmp_path: Path) -> None:
    """Only the asker sees the question and the reply, and they can open the answers."""
    async with on_stage(tmp_path) as stage:
        asked = await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        assert asked.acknowledged
        await stage.slack.wait_for(lambda: private(stage, "The answer of writer-1."))
        assert stage.slack.messages(stage.general) == []
        assert stage.slack.ephemerals(stage.ben, stage.general) == []
        [reply] = private(stage, "The answer of writer-1.")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The reply was written by writer.")


async def test_the_asker_can_share_a_private_reply(tmp_path: Path) -> None:
    """One click posts it under the asker's name; others can then open the answers."""
    async with on_stage(tmp_path) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(lambda: private(stage, "[Share in channel]"))
        [reply] = private(stage, "[Share in channel]")
        await stage.slack.click(stage.ana, reply, "share_answer")
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        [shared] = stage.slack.messages(stage.general)
        shown = stage.slack.render(shared)
        assert "Ana* asked: What is the risk?" in shown
        assert "The answer of writer-1." in shown
        assert "The answer of writer-1." in shared.text  # for screen readers
        await stage.slack.click(stage.ben, shared, "show_answers")
        await stage.opened_view(stage.ben, "The reply was written by writer.")


async def test_the_command_works_without_membership(tmp_path: Path) -> None:
    """The asker gets the reply and its answers in a channel the bot was never invited to."""
    async with on_stage(tmp_path) as stage:
        secret = stage.slack.add_channel(
            "secret", members=[stage.ana], bot_member=False, private=True
        )
        await stage.slack.command(stage.ana, secret, "/moa", "What is the risk?")

        def replies() -> list[SlackMessage]:
            found = stage.slack.ephemerals(stage.ana, secret)
            return [m for m in found if "[Show answers]" in stage.slack.render(m)]

        await stage.slack.wait_for(lambda: len(replies()) == 1)
        await stage.slack.click(stage.ana, replies()[0], "show_answers")
        await stage.opened_view(stage.ana, "The reply was written by writer.")


async def test_help_and_pipelines_list_what_is_available(tmp_path: Path) -> None:
    """`help` and `pipelines` alone call no model; with more words, they are a question."""
    async with on_stage(tmp_path) as stage:
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "help")
        assert "`/moa pipelines`" in str(shown.payload)
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "pipelines")
        assert "*balanced* (default): Three models, one reply." in str(shown.payload)
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "")
        assert "`/moa QUESTION`" in str(shown.payload)
        assert stage.models.questions == []
        await stage.slack.command(stage.ana, stage.general, "/moa", "help me with the risk")
        await stage.slack.wait_for(lambda: private(stage, "The answer of writer-1."))


@pytest.mark.parametrize(
    ("typed", "meant"), [("hlep", "help"), ("Setings", "settings"), ("budgets", "budget")]
)
async def test_a_misspelled_subcommand_costs_nothing(
    tmp_path: Path, typed: str, meant: str
) -> None:
    """The response names the subcommand; no model is called."""
    async with on_stage(tmp_path) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", typed)
        [answer] = private(stage, f"/moa {meant}")
        assert "Did you mean" in stage.slack.render(answer)
        assert stage.models.questions == []


async def test_an_unknown_word_is_a_question(tmp_path: Path) -> None:
    """One word is enough to ask."""
    async with on_stage(tmp_path) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "Kubernetes?")
        await stage.slack.wait_for(lambda: private(stage, "The answer of writer-1."))


def test_the_documents_name_every_subcommand() -> None:
    """Readers of docs/slack.md find each subcommand as it is typed."""
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    assert [s.name for s in SUBCOMMANDS if f"`/moa {s.name}" not in page] == []


async def test_a_long_list_of_pipelines_is_complete(tmp_path: Path) -> None:
    """No pipeline is missing or split, however many there are."""
    about = "Asks one model & nobody else. " * 5
    more = "".join(
        f'\n[pipelines.more-{number}]\ndescription = "{about}"\naggregator = "writer"\n'
        for number in range(40)
    )
    async with on_stage(tmp_path, extra=more) as stage:
        listed = await stage.slack.command(stage.ana, stage.general, "/moa", "pipelines")
        assert listed.message is not None
        shown = stage.slack.render(listed.message)
        assert all(f"*more-{number}*: {about.strip()}" in shown for number in range(40))


async def test_a_failed_command_is_explained_only_to_its_asker(tmp_path: Path) -> None:
    """If every model is down, only the asker is notified."""
    down = everywhere(Reply(fault=Status(503)))
    async with on_stage(tmp_path, models=down) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(lambda: private(stage, "None of the models answered"))
        assert stage.slack.messages(stage.general) == []


async def test_a_very_long_private_reply_is_complete(tmp_path: Path) -> None:
    """A long reply takes several messages, with the buttons under the last."""
    text = "\n\n".join(f"Paragraph {i}. " + "word " * 60 for i in range(100))
    async with on_stage(tmp_path, models={"writer-1": Reply(text)}) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "Tell me everything.")
        await stage.slack.wait_for(lambda: private(stage, "[Show answers]"))
        together = "\n".join(stage.slack.render(m) for m in private(stage, ""))
        assert all(f"Paragraph {i}." in together for i in range(100))


def direct(stage: Stage) -> list[SlackMessage]:
    """Return the bot's direct messages to Ana."""
    return stage.slack.messages(stage.slack.dm(stage.ana))


async def _expired(stage: Stage, clock: Clock, gate: asyncio.Event) -> SlackMessage:
    """Return the reply to a command whose response_url expired before the models answered."""
    await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
    clock.advance(1_801)
    gate.set()
    await stage.slack.wait_for(lambda: direct(stage))
    return direct(stage)[-1]


async def test_a_late_private_reply_arrives_as_a_direct_message(tmp_path: Path) -> None:
    """It arrives as a direct message, with its answers but without a Share button."""
    clock, gate = Clock(), asyncio.Event()
    slow = {"writer-1": Reply("At last.", gate=gate)}
    async with on_stage(tmp_path, models=slow, clock=clock) as stage:
        reply = await _expired(stage, clock, gate)
        shown = stage.slack.render(reply)
        assert "At last." in shown
        assert f"[{SHARE}]" not in shown
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The reply was written by writer.")


async def test_answers_in_a_direct_message_are_private(tmp_path: Path) -> None:
    """A copied button of another person's direct message is refused."""
    clock, gate = Clock(), asyncio.Event()
    slow = {"writer-1": Reply("At last.", gate=gate)}
    async with on_stage(tmp_path, models=slow, clock=clock) as stage:
        reply = await _expired(stage, clock, gate)
        await stage.slack.click(stage.ben, reply, "show_answers")
        view = await stage.opened_view(stage.ben, "Only people in this channel")
        assert "The answer of" not in stage.slack.render(view)


async def _shareable(stage: Stage, channel: Channel | None = None) -> SlackMessage:
    """Return a private reply that Ana may share."""
    place = channel or stage.general
    await stage.slack.command(stage.ana, place, "/moa", "What is the risk?")

    def found() -> list[SlackMessage]:
        shown = stage.slack.ephemerals(stage.ana, place)
        return [m for m in shown if f"[{SHARE}]" in stage.slack.render(m)]

    await stage.slack.wait_for(found)
    return found()[0]


async def test_two_clicks_share_a_reply_once(tmp_path: Path) -> None:
    """The reply is posted once, no matter how often Ana clicks."""
    async with on_stage(tmp_path) as stage:
        reply = await _shareable(stage)
        clicks = [stage.slack.click(stage.ana, reply, "share_answer") for _ in range(3)]
        await asyncio.gather(*clicks)
        await stage.slack.wait_for(lambda: len(private(stage, SHARED_BEFORE)) == 2)
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        await stage.slack.wait_for_deliveries()
        assert len(stage.slack.messages(stage.general)) == 1


async def test_a_failed_share_can_be_retried(tmp_path: Path) -> None:
    """If Slack rejects it, the asker gets a notice, and the next click shares it."""
    async with on_stage(tmp_path) as stage:
        reply = await _shareable(stage)
        stage.slack.fail_next("response_url", status=500)
        await stage.slack.click(stage.ana, reply, "share_answer")
        await stage.slack.wait_for(lambda: private(stage, SHARE_FAILED))
        assert stage.slack.messages(stage.general) == []
        await stage.slack.click(stage.ana, reply, "share_answer")
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))


async def test_an_unfinished_reply_is_marked_when_shared(tmp_path: Path) -> None:
    """The channel sees that the aggregator stopped in the middle of the reply."""
    broken = {"writer-1": Reply("One two three four.", fault=Cut(after=3))}
    async with on_stage(tmp_path, models=broken) as stage:
        reply = await _shareable(stage)
        assert strings.PARTIAL in str(reply.blocks)
        await stage.slack.click(stage.ana, reply, "share_answer")
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        [shared] = stage.slack.messages(stage.general)
        assert strings.PARTIAL in str(shared.blocks)


async def test_without_membership_others_read_why_answers_stay_closed(tmp_path: Path) -> None:
    """Only the asker can open a shared reply's answers there; others read the reason."""
    async with on_stage(tmp_path) as stage:
        secret = stage.slack.add_channel(
            "secret", members=[stage.ana, stage.ben], bot_member=False, private=True
        )
        await stage.slack.click(stage.ana, await _shareable(stage, secret), "share_answer")
        await stage.slack.wait_for(lambda: stage.slack.messages(secret))
        [shared] = stage.slack.messages(secret)
        await stage.slack.click(stage.ben, shared, "show_answers")
        view = await stage.opened_view(stage.ben, ANSWERS_UNSEEN)
        assert "The answer of" not in stage.slack.render(view)
        await stage.slack.click(stage.ana, shared, "show_answers")
        await stage.opened_view(stage.ana, "The reply was written by writer.")


async def test_an_invisible_reply_is_reported_as_empty(tmp_path: Path) -> None:
    """A reply of hidden characters becomes a sentence, not an error."""
    async with on_stage(tmp_path, models={"writer-1": Reply("\u200b\u2060\u200b")}) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(lambda: private(stage, f"[{SHARE}]"))
        [reply] = private(stage, f"[{SHARE}]")
        assert strings.EMPTY_REPLY in str(reply.blocks)


@pytest.mark.parametrize("reachable", [True, False])
async def test_a_very_long_private_reply_continues_elsewhere(
    tmp_path: Path, *, reachable: bool
) -> None:
    """The rest arrives as a direct message; if that fails, the reply says so."""
    long = "\n\n".join(f"Paragraph {i}. " + "word " * 100 for i in range(120))
    async with on_stage(tmp_path, models={"writer-1": Reply(long)}) as stage:
        if not reachable:
            stage.slack.fail_next("conversations.open", error="user_disabled")
        await stage.slack.command(stage.ana, stage.general, "/moa", "Tell me everything.")
        notice = strings.REST_DIRECTLY if reachable else strings.REST_LOST
        await stage.slack.wait_for(lambda: private(stage, notice))
        here = "\n".join(stage.slack.render(m) for m in private(stage, ""))
        assert f"[{SHARE}]" in here
        if reachable:
            both = here + "\n".join(stage.slack.render(m) for m in direct(stage))
            assert all(f"Paragraph {i}." in both for i in range(120))
