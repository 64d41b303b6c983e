"""The slash command: asking from the message box, sharing, and what there is."""

from __future__ import annotations

from pathlib import Path

from bot.playground.records import Message
from tests.models.replies import Reply, Status
from tests.stage import Stage, everywhere, on_stage


def private(stage: Stage, containing: str) -> list[Message]:
    """The messages that only Ana sees and that hold certain words."""
    found = stage.slack.ephemerals(stage.ana, stage.general)
    return [m for m in found if containing in stage.slack.render(m)]


async def test_a_question_by_command_is_answered_to_the_asker_alone(tmp_path: Path) -> None:
    """Nobody else sees the question or the reply, and the asker may open the answers."""
    async with on_stage(tmp_path) as stage:
        asked = await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        assert asked.acknowledged
        await stage.slack.wait_for(lambda: private(stage, "The answer of writer-1."))
        assert stage.slack.messages(stage.general) == []
        assert stage.slack.ephemerals(stage.ben, stage.general) == []
        [reply] = private(stage, "The answer of writer-1.")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The answer of red-1.")


async def test_the_asker_can_share_a_private_reply(tmp_path: Path) -> None:
    """One click posts it in the channel under the asker's name; others can open the answers."""
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
        await stage.slack.click(stage.ben, shared, "show_answers")
        await stage.opened_view(stage.ben, "The answer of red-1.")


async def test_it_works_where_the_bot_is_no_member(tmp_path: Path) -> None:
    """In a channel that the bot was never invited to, the asker still gets and opens the reply."""
    async with on_stage(tmp_path) as stage:
        secret = stage.slack.add_channel(
            "secret", members=[stage.ana], bot_member=False, private=True
        )
        await stage.slack.command(stage.ana, secret, "/moa", "What is the risk?")

        def replies() -> list[Message]:
            found = stage.slack.ephemerals(stage.ana, secret)
            return [m for m in found if "[Show answers]" in stage.slack.render(m)]

        await stage.slack.wait_for(lambda: len(replies()) == 1)
        await stage.slack.click(stage.ana, replies()[0], "show_answers")
        await stage.opened_view(stage.ana, "The answer of red-1.")


async def test_help_and_pipelines_say_what_there_is(tmp_path: Path) -> None:
    """The words `help` and `pipelines` alone ask no model; with more words they are a question."""
    async with on_stage(tmp_path) as stage:
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "help")
        assert "`/moa pipelines`" in str(shown.payload)
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "pipelines")
        assert "*balanced* (the default): Three models, one reply." in str(shown.payload)
        shown = await stage.slack.command(stage.ana, stage.general, "/moa", "")
        assert "`/moa QUESTION`" in str(shown.payload)
        assert stage.models.questions == []
        await stage.slack.command(stage.ana, stage.general, "/moa", "help me with the risk")
        await stage.slack.wait_for(lambda: private(stage, "The answer of writer-1."))


async def test_a_command_that_cannot_be_answered_says_so_to_its_asker(tmp_path: Path) -> None:
    """With every model down the asker alone is told, in plain words."""
    down = everywhere(Reply(fault=Status(503)))
    async with on_stage(tmp_path, models=down) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(lambda: private(stage, "None of the models answered"))
        assert stage.slack.messages(stage.general) == []


async def test_a_very_long_private_reply_is_complete(tmp_path: Path) -> None:
    """A reply longer than one message comes in several, with the buttons under the last."""
    text = "\n\n".join(f"Paragraph {i}. " + "word " * 60 for i in range(100))
    async with on_stage(tmp_path, models={"writer-1": Reply(text)}) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "Tell me everything.")
        await stage.slack.wait_for(lambda: private(stage, "[Show answers]"))
        together = "\n".join(stage.slack.render(m) for m in private(stage, ""))
        assert all(f"Paragraph {i}." in together for i in range(100))
