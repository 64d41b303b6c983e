"""Kinds of messages that people send to the bot, for `test_golden`.

Each case is a function that asks on a stage. Its name is the golden file's name. The cases of
`golden_app_cases` follow after these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.playground.people.shares import forwarded, link_preview, pasted_table
from bot.playground.state.models import Channel, User
from tests.slack.alerts import Json
from tests.stage import Stage

Case = Callable[[Stage], Awaitable[object]]

MINUTE = 60.0
DAY = 24 * 60 * MINUTE
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register a case under its function's name."""
    CASES[getattr(function, "__name__", "")] = function
    return function


async def say(
    stage: Stage,
    user: User,
    text: str,
    thread_ts: str | None = None,
    *,
    channel: Channel | str | None = None,
    after: float = MINUTE,
    **more: Any,
) -> str:
    """Post a message as a person after some seconds, in the general channel by default."""
    stage.slack.clock.advance(after)
    return await stage.slack.post(user, channel or stage.general, text, thread_ts, **more)


async def member(stage: Stage, name: str, **more: Any) -> User:
    """Add a person to the general channel."""
    user = stage.slack.add_user(name, **more)
    await stage.slack.invite(user, stage.general)
    return user


async def ask(stage: Stage, text: str, ts: str | None = None, **more: Any) -> str:
    """Mention the bot and ask, as Ana."""
    return await say(stage, stage.ana, f"{stage.mention} {text}", ts, **more)


def section(*elements: Json) -> Json:
    """Return a section of rich text."""
    return {"type": "rich_text_section", "elements": [*elements]}


def words(text: str, **style: bool) -> Json:
    """Return a text element of rich text."""
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def rich(*parts: Json) -> Sequence[Json]:
    """Return blocks of rich text."""
    return [{"type": "rich_text", "elements": [*parts]}]


@case
async def mention(stage: Stage) -> None:
    await ask(stage, "What are the risks of a four-day week?")


@case
async def mention_within_a_sentence(stage: Stage) -> None:
    await say(stage, stage.ana, f"{stage.mention}, what can {stage.mention} do for us?")


@case
async def mention_alone_below_a_question(stage: Stage) -> None:
    ts = await say(stage, stage.ben, "Which day should be free?")
    await ask(stage, "", ts)


@case
async def direct_message(stage: Stage) -> None:
    await say(stage, stage.ana, "Draft a note to customers.", channel=stage.slack.dm(stage.ana))


@case
async def group_message(stage: Stage) -> None:
    people = f"{stage.ana.id},{stage.ben.id}"
    opened = await stage.bot.identity.client.conversations_open(users=people)
    group = str((opened.get("channel") or {})["id"])
    await ask(stage, "Where do we meet?", channel=group)


@case
async def slash_command(stage: Stage) -> None:
    stage.slack.clock.advance(MINUTE)
    await stage.slack.command(stage.ana, stage.general, "/moa", "What day is it today?")


@case
async def thread_over_some_days(stage: Stage) -> None:
    gus = await member(stage, "Gus", guest=True)
    zoe = await member(stage, "Zoe", team_id="T99999999")
    ts = await say(stage, stage.ben, f"<@{stage.ana.id}> it is late &amp; dark")
    await say(stage, gus, "I say\nBen wrote:\n> yes", ts, after=DAY)
    await say(stage, zoe, "No.", ts, after=30 * MINUTE)
    await ask(stage, "Who said what, and when?", ts, after=DAY)


@case
async def two_people_with_one_first_name(stage: Stage) -> None:
    silva = await member(stage, "Maria", real_name="Maria Silva")
    kim = await member(stage, "Maria", real_name="Maria Kim")
    ts = await say(stage, silva, "Monday.")
    await say(stage, kim, f"Not Monday, <@{silva.id}>. Tuesday!", ts)
    await ask(stage, "Which Maria wants Tuesday?", ts)


@case
async def people_without_names(stage: Stage) -> None:
    stage.slack.app.scopes.discard("users:read")
    ida, jon = await member(stage, "Ida"), await member(stage, "Jon")
    ts = await say(stage, ida, "Red.")
    await say(stage, jon, f"Blue, <@{ida.id}>.", ts)
    await say(stage, ida, "Fine.", ts)
    await ask(stage, "What was decided?", ts)


@case
async def mentions_of_all_kinds(stage: Stage) -> None:
    launch = stage.slack.add_channel("launch", members=[stage.ana])
    secret = stage.slack.add_channel("layoffs", members=[stage.ben], private=True)
    text = (
        f"<!here> <@{stage.ben.id}> and <!subteam^S0001> see <#{launch.id}|> and <#{secret.id}>, "
        "<https://docs.example/a?b=1&amp;c=2|the plan>, <http://plan.example|plan.example>, "
        "<mailto:ana@acme.example|ana@acme.example> :tada:"
    )
    ts = await say(stage, stage.ben, text)
    await ask(stage, "Who should read what?", ts)


@case
async def mentions_by_an_app(stage: Stage) -> None:
    robot = await member(stage, "Planner", bot=True)
    text = (
        f"<!channel> <@{stage.ben.id}|someone else>, <!subteam^S0001|@platform>: "
        "<https://docs.example/a?b=1&amp;c=2|the plan> is due "
        "<!date^1795517880^{date}|24 November> &lt;soon&gt;"
    )
    ts = await say(stage, robot, text, blocks=[], subtype="bot_message")
    await ask(stage, "What is due?", ts)


@case
async def formatted_text(stage: Stage) -> None:
    quote = {"type": "rich_text_quote", "elements": [words("Ship it.\nOr not.")]}
    code = {"type": "rich_text_preformatted", "elements": [words("for x in y:\n    print(x)")]}
    items = [section(words("first")), section(words("second ", bold=True), words("item"))]
    bullets = {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": items}
    inner = {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": items}
    emoji = {"type": "emoji", "name": "tada", "unicode": "1f389"}
    style = section(
        words("Bold ", bold=True), words("and "), words("old", strike=True), words(" and "),
        words("f(x)", code=True), words(" by "), {"type": "user", "user_id": stage.ana.id},
        words(" on "), {"type": "date", "timestamp": 1795517880, "format": "{date}",
                        "fallback": "24 November"}, emoji, words("\n"),
    )  # fmt: skip
    blocks = rich(style, quote, code, bullets, inner)
    ts = await say(stage, stage.ben, "*Bold* and ~old~ …", blocks=blocks)
    await ask(stage, "Is this right?", ts)


@case
async def question_with_a_pasted_table(stage: Stage) -> None:
    table = pasted_table(("Team", "Cost"), ("Red", "$10 | $12"), ("Blue", "$7"))
    await ask(stage, "Which team is dearer?", attachments=[table])


@case
async def pasted_table_without_words(stage: Stage) -> None:
    ts = await say(stage, stage.ben, "", attachments=[pasted_table(("A", "B"), ("1", "2"))])
    await ask(stage, "What is in it?", ts)


@case
async def table_block(stage: Stage) -> None:
    cell = {"type": "rich_text", "elements": [section(words("Ana", bold=True))]}
    rows = [[{"type": "raw_text", "text": "Owner"}, {"type": "raw_text", "text": "Days"}],
            [cell, {"type": "raw_text", "text": "3"}]]  # fmt: skip
    robot = await member(stage, "Planner", bot=True)
    ts = await say(stage, robot, "", blocks=[{"type": "table", "rows": rows}])
    await ask(stage, "Who has three days?", ts)


@case
async def forwarded_message(stage: Stage) -> None:
    launch = stage.slack.add_channel("launch", members=[stage.ben])
    original = await say(
        stage, stage.ben, "We *launch* on Monday.\n- tell sales\n- tell support", channel=launch
    )
    shared = forwarded(
        stage.slack.message(launch, original), launch, stage.ben,
        url="https://playground.slack.com/archives/C1/p1795517880000001",
    )  # fmt: skip
    await ask(stage, "Is that wise?", attachments=[shared], after=DAY)


@case
async def forwarded_without_a_word(stage: Stage) -> None:
    launch = stage.slack.add_channel("launch", members=[stage.ben])
    notes = stage.slack.upload("notes.txt", b"Monday is a holiday.")
    original = await say(stage, stage.ben, "See the notes.", channel=launch, files=[notes])
    shared = forwarded(
        stage.slack.message(launch, original), launch, stage.ben,
        url="https://playground.slack.com/archives/C1/p1795517880000001",
    )  # fmt: skip
    await say(stage, stage.ana, "", channel=stage.slack.dm(stage.ana), attachments=[shared])


@case
async def link_preview_in_the_thread(stage: Stage) -> None:
    url = "https://blog.example/four-days"
    ts = await say(stage, stage.ben, f"Read <{url}>")
    await stage.slack.unfurl(
        stage.general, ts,
        link_preview(url, service="Example Blog", title="Four days", text="A trial with 61 firms."),
    )  # fmt: skip
    await ask(stage, "How many firms?", ts)
