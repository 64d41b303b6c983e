"""Who may open the individual answers, and how they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.records import User
from tests.models.replies import Reply
from tests.stage import Stage, on_stage

ONLY_MEMBERS = "Only people in this channel"


async def test_a_long_answer_is_readable_to_its_end(tmp_path: Path) -> None:
    """An answer longer than a modal holds is turned page by page, with nothing lost."""
    text = "\n\n".join(f"Paragraph {i}. " + "word " * 100 for i in range(80))
    async with on_stage(tmp_path, models={"red-1": Reply(text)}) as stage:
        ts = await stage.ask("Tell me everything.")
        await stage.slack.click(stage.ana, await stage.replied(ts), "show_answers")
        view = await stage.opened_view(stage.ana, "Page 1 of 2")
        first = stage.slack.render(view)
        await stage.slack.click(stage.ana, view, "reveal_page:1")
        view = await stage.opened_view(stage.ana, "Page 2 of 2")
        both = first + stage.slack.render(view)
        assert all(f"Paragraph {i}." in both for i in range(80))
        await stage.slack.click(stage.ana, view, "reveal_page:0")
        await stage.opened_view(stage.ana, "Page 1 of 2")


async def test_a_truncated_answer_is_marked(tmp_path: Path) -> None:
    """An answer that met its token limit says so in the modal and on its card."""
    async with on_stage(tmp_path, models={"red-1": Reply("Half an", stop="length")}) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        assert "cut off at its length limit" in stage.slack.render(reply)
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "cut off at its length limit, read for the reply")


@pytest.mark.parametrize("stranger", ["another channel", "removed", "another workspace"])
async def test_strangers_see_nothing(tmp_path: Path, stranger: str) -> None:
    """Whoever is not in the channel now, or is of another workspace, is refused."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        person = await _stranger(stage, stranger)
        await stage.slack.click(person, reply, "show_answers")
        view = await stage.opened_view(person, ONLY_MEMBERS)
        assert "The answer of" not in stage.slack.render(view)


async def _stranger(stage: Stage, kind: str) -> User:
    if kind == "removed":
        await stage.slack.leave(stage.ben, stage.general)
        return stage.ben
    team_id = "T99999999" if kind == "another workspace" else None
    return stage.slack.add_user("Zoe", team_id=team_id)


async def test_a_forged_value_shows_nothing(tmp_path: Path) -> None:
    """A made-up run id opens a modal that holds no answer."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        for block in reply.blocks:
            for element in block.get("elements", ()):
                if element.get("action_id") == "show_answers":
                    element["value"] = "forged"
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "no longer stored")


async def test_the_requester_policy_lets_only_the_asker_in(tmp_path: Path) -> None:
    """With `reveal = "requester"` other members are refused."""
    extra = '\n[slack]\nreveal = "requester"\n'
    async with on_stage(tmp_path, extra=extra) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, "Only the person who asked")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The answer of red-1.")


async def test_nobody_means_nobody(tmp_path: Path) -> None:
    """With `reveal = "nobody"` the asker is refused as well."""
    async with on_stage(tmp_path, extra='\n[slack]\nreveal = "nobody"\n') as stage:
        ts = await stage.ask("What is the risk?")
        await stage.slack.click(stage.ana, await stage.replied(ts), "show_answers")
        await stage.opened_view(stage.ana, "not shown in this workspace")


async def test_in_a_channel_shared_with_outsiders_only_the_asker_is_let_in(tmp_path: Path) -> None:
    """In Slack Connect channels the answers are for the person who asked."""
    async with on_stage(tmp_path) as stage:
        shared = stage.slack.add_channel(
            "shared", members=[stage.ana, stage.ben], connected=["T99999999"]
        )
        ts = await stage.slack.post(stage.ana, shared, f"{stage.mention} What is the risk?")
        reply = await stage.replied(ts, channel=shared)
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, ONLY_MEMBERS)
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The answer of red-1.")


async def test_an_expired_trigger_harms_nothing(tmp_path: Path) -> None:
    """When Slack no longer opens the modal, the next click works as ever."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        stage.slack.fail_next("views.open", error="expired_trigger_id")
        await stage.slack.click(stage.ana, reply, "show_answers")
        assert stage.slack.view_of(stage.ana) is None
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "The answer of red-1.")


async def test_a_single_model_has_no_other_answers(tmp_path: Path) -> None:
    """Where the pipeline asks one model alone, the modal says so."""
    async with on_stage(tmp_path, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        await stage.slack.click(stage.ana, await stage.replied(ts), "show_answers")
        await stage.opened_view(stage.ana, "asks one model alone")
