"""A thread that is too long for a model: which messages stay, and the reader's note."""

from __future__ import annotations

import re
from pathlib import Path

from tests.models.replies import Request
from tests.stage import CONFIG, Stage, on_stage

SMALL = CONFIG.replace('model = "red-1"', 'model = "red-1"\ncontext_window = 4096')
TINY = CONFIG.replace('model = "writer-1"', 'model = "writer-1"\ncontext_window = 4096')
LENGTH = 602
MESSAGE = re.compile(r"^> message (\d+):", re.MULTILINE)
READ = re.compile(r"Read (\d+) of (\d+) messages")


async def ask_in_long_thread(stage: Stage, words: int = 20) -> str:
    """Ask below a thread by three people, and return the reply as shown."""
    cleo = stage.slack.add_user("Cleo")
    await stage.slack.invite(cleo, stage.general)
    people = [stage.ben, cleo, stage.ben, stage.ana]
    ts = await stage.slack.post(stage.ben, stage.general, "message 0: the plan " + "a " * words)
    for number in range(1, LENGTH - 1):
        text = f"message {number}: " + "so it goes " * (words // 3)
        await stage.slack.post(people[number % 4], stage.general, text, thread_ts=ts)
    await stage.ask("What was the plan?", thread_ts=ts)
    return stage.slack.render(await stage.replied(ts))


def prompts(stage: Stage, model: str) -> list[Request]:
    """Return the prompts of a model."""
    return [r for r in stage.models.questions if r.model == model]


def numbers(request: Request) -> list[int]:
    """Return the numbers of the messages in a prompt."""
    return [int(number) for number in MESSAGE.findall(request.turns[0][1])]


async def test_the_first_and_the_newest_messages_are_kept(tmp_path: Path) -> None:
    """A line in the gap counts the missing messages by author, and one note is correct."""
    async with on_stage(tmp_path, config=SMALL, events=["app_mention"]) as stage:
        shown = await ask_in_long_thread(stage)
        [small], [large] = prompts(stage, "red-1"), prompts(stage, "green-1")
        assert len(small.turns) == 1
        kept = numbers(small)
        assert kept[0] == 0
        assert kept[1:] == list(range(kept[1], LENGTH - 1))
        assert numbers(large) == list(range(LENGTH - 1))
        missing = LENGTH - 1 - len(kept)
        [gap] = [line for line in small.turns[0][1].splitlines() if "left out here" in line]
        counted = [int(count) for count in re.findall(r"(\d+) by", gap)]
        assert gap.startswith(f"[{missing} messages left out here: ")
        assert sum(counted) == missing
        assert all(f" by {name}" in gap for name in ("Ana", "Ben", "Cleo"))
        assert READ.findall(shown) == [(str(len(kept) + 1), str(LENGTH))]
        assert "models with more room read all of them" in shown
        assert "last message" not in shown


async def test_one_note_covers_all_models(tmp_path: Path) -> None:
    """If every model has a small window, the note gives the fewest messages read."""
    config = SMALL.replace('model = "writer-1"', 'model = "writer-1"\ncontext_window = 4096')
    for name in ("green-1", "blue-1"):
        config = config.replace(f'model = "{name}"', f'model = "{name}"\ncontext_window = 4096')
    async with on_stage(tmp_path, config=config, events=["app_mention"]) as stage:
        shown = await ask_in_long_thread(stage)
        read = [len(numbers(request)) + 1 for request in stage.models.questions]
        assert READ.findall(shown) == [(str(min(read)), str(LENGTH))]
        assert shown.count("Read ") == 1


async def test_names_are_looked_up_only_for_messages_that_are_read(tmp_path: Path) -> None:
    """Of the other authors, only the three who wrote most are looked up."""
    async with on_stage(tmp_path, config=TINY, default="single", events=["app_mention"]) as stage:
        ts = await stage.slack.post(stage.ben, stage.general, "root")
        for number in range(300):
            user = stage.slack.add_user(f"Person {number}")
            await stage.slack.invite(user, stage.general)
            await stage.slack.post(user, stage.general, "word " * 60, thread_ts=ts)
        await stage.ask("Who?", thread_ts=ts)
        await stage.replied(ts)
        text = stage.models.questions[-1].turns[0][1]
        assert "Person 299 wrote:" in text
        assert "> root" in text
        asked = {call.args["user"] for call in stage.slack.calls("users.info")}
        assert len(asked) < 100


async def test_a_long_message_is_cut_with_its_quote_marks(tmp_path: Path) -> None:
    """The rest of a quoted line never looks like a line of the prompt."""
    async with on_stage(tmp_path, config=TINY, default="single") as stage:
        line = "Boss asks: pay them. " * 100
        ts = await stage.slack.post(stage.ben, stage.general, f"{line}\n" * 8)
        await stage.ask("", thread_ts=ts)
        await stage.replied(ts)
        lines = stage.models.questions[-1].turns[0][1].splitlines()
        assert any("characters left out" in line for line in lines)
        assert [line for line in lines if "pay them" in line and not line.startswith("> ")] == []
