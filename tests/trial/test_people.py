"""People act in the page; the real bot answers, and a reload shows the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse

from bot.playground.server import LocalSlack
from bot.trial.form_values import REQUIRED
from bot.trial.window import NOT_RESPONDING
from tests.trial.scene import on_trial, opened_modal

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'><svg/onload=alert(1)> {{7*7}}"


def _last(slack: LocalSlack) -> str:
    return slack.messages("team")[-1].ts


async def test_the_first_page_has_labelled_examples(tmp_path: Path) -> None:
    """The first page shows a finished thread, labelled as written by scripted models."""
    async with on_trial(tmp_path, ready=False) as visitor:
        _, _, headers = await visitor.get("/")
        status, text, _ = await visitor.get(headers["location"])
        assert status == 200
        assert "Move it to Monday, but before the billing run." in text
        assert "Example, written by scripted models" in text
        assert "Show answers" in text


async def test_a_finished_brainstorm_is_there_and_goes_on(tmp_path: Path) -> None:
    """#brainstorm shows a board with its result; an idea in it can be taken further."""
    async with on_trial(tmp_path) as visitor:
        slack, room = visitor.trial.slack, visitor.room("brainstorm")
        _, text, _ = await visitor.get(f"/as/ben/{room}")
        assert "4 of 4 · Result" in text
        assert "6 ideas from 3 people · 24 ideas from 3 models · 4 people voted" in text
        assert "1. Ask for the address after the first order (4 dots)" in text
        assert "=2. A passkey instead of a password (3 dots, tied)" in text
        board = slack.messages("brainstorm")[-1]
        _, text, _ = await visitor.get(f"/as/ben/{room}/thread/{board.ts}")
        for words in ("Fill it in for them (7)", "=2. A passkey instead of a password", "Dissent"):
            assert words in text
        assert text.count("Example, written by scripted models") == 5  # the board is on it twice
        result = next(m for m in slack.messages("brainstorm", board.ts) if "=2." in m.text)
        menu = next(b["accessory"] for b in result.blocks if "passkey" in str(b.get("text")))
        await visitor.act(
            "dan",
            "click",
            channel=room,
            ts=result.ts,
            block=next(b["block_id"] for b in result.blocks if b.get("accessory") == menu),
            action=menu["action_id"],
            value=menu["options"][0]["value"],
        )
        reply = await visitor.reply("brainstorm", count=2)
        assert "balanced · 2 of 2 models" in slack.render(reply)
        _, text, _ = await visitor.get(f"/as/dan/{room}/thread/{board.ts}")
        assert text.count("Example, written by scripted models") == 5


async def test_examples_are_complete_under_the_tightest_limits(tmp_path: Path) -> None:
    """The operator's limits apply to questions of visitors, not to the examples, which are free."""
    more = "[limits]\nquestions_per_person_hour = 1\nat_once_per_person = 1\n"
    async with on_trial(tmp_path, more=more, ready=False) as visitor:
        slack = visitor.trial.slack
        for room in ("team", "incidents", "brainstorm"):
            threads = [slack.messages(room, root.ts) for root in slack.messages(room)]
            assert any("[Show answers]" in slack.render(thread[-1]) for thread in threads), room


async def test_a_question_is_answered_and_its_answers_open(tmp_path: Path) -> None:
    """A mention gets a reply by the configured models, and examples keep their answers."""
    async with on_trial(tmp_path) as visitor:
        room = visitor.room("team")
        await visitor.act("ana", "post", channel=room, text="@MoA Which one, @Ben or #team?")
        reply = await visitor.reply()
        asked = visitor.trial.slack.message("team", str(reply.thread_ts))
        assert "<@" in asked.text
        assert f"<#{room}>" in asked.text
        _, text, _ = await visitor.get(f"/as/ben/{room}/thread/{reply.thread_ts}")
        assert "Both agree." in text
        assert "balanced · 2 of 2 models" in text
        example = visitor.trial.slack.messages("incidents")[0].ts
        answered = visitor.trial.slack.messages("incidents", example)[-1]
        button = next(b for b in answered.blocks if b["type"] == "actions")
        action = button["elements"][0]["action_id"]
        await visitor.act(
            "carla",
            "click",
            channel=visitor.room("incidents"),
            ts=answered.ts,
            block=button["block_id"],
            action=action,
            value=None,
        )
        view = await opened_modal(visitor, "Carla", "One reply from 3 answers")
        _, text, _ = await visitor.get(f"/as/carla/{visitor.room('incidents')}")
        assert f'data-view="{view}"' in text
        await visitor.act("carla", "close", view=view)
        assert visitor.trial.slack.current_modal("Carla") is None


async def test_commands_work_as_in_slack(tmp_path: Path) -> None:
    """/moa works; an unknown command and one in a thread are refused below the message box."""
    async with on_trial(tmp_path) as visitor:
        room = visitor.room("team")
        assert (await visitor.act("ana", "post", channel=room, text="/moa help"))["error"] == ""
        _, text, _ = await visitor.get(f"/as/ana/{room}")
        assert "Only visible to you" in text
        assert "Only visible to you" not in (await visitor.get(f"/as/ben/{room}"))[1]
        answer = await visitor.act("ana", "post", channel=room, text="/giphy cat")
        assert answer["error"].startswith("/giphy is not a valid command")
        root = visitor.trial.slack.messages("team")[0].ts
        answer = await visitor.act("ana", "post", channel=room, text="/moa help", thread=root)
        assert answer["error"] == "/moa is not supported in threads. Sorry!"


async def test_a_form_is_checked_and_sent(tmp_path: Path) -> None:
    """A required field must be filled in. Then the question is posted where the form says."""
    async with on_trial(tmp_path) as visitor:
        await visitor.act("ana", "shortcut", callback_id="ask_anywhere")
        view = await opened_modal(visitor, "Ana", "What would you like to know?")
        blocks = visitor.trial.slack.modals("Ana")[-1].blocks
        block = next(each for each in blocks if each["type"] == "input")
        field = {"block": block["block_id"], "action": block["element"]["action_id"]}
        for bad in ({}, 3, [{}], [[]]):
            sent = {"view": view, "fields": [{**field, "value": bad}]}
            assert (await visitor.send("/as/ana/act/submit", sent))[0] == 400
        for value, error in (
            ([], REQUIRED),
            (["x"], REQUIRED),
            (None, REQUIRED),
            ("", REQUIRED),
            ("  ", "Write a question first."),
        ):
            fields = [{**field, "value": value}]
            answer = await visitor.act("ana", "submit", view=view, fields=fields)
            assert answer["errors"] == {block["block_id"]: error}
        answer = await visitor.act("ana", "submit", view=view, fields=[])
        assert answer["errors"] == {block["block_id"]: REQUIRED}
        fields = [{**field, "value": "Which one?"}]
        answer = await visitor.act("ana", "submit", view=view, fields=fields)
        assert answer == {"warning": "", "errors": {}}
        assert visitor.trial.slack.current_modal("Ana") is None


async def test_a_file_can_be_shared_and_downloaded(tmp_path: Path) -> None:
    """A file is sent with the question, and offered as a download that can't run."""
    async with on_trial(tmp_path) as visitor:
        room, page = visitor.room("team"), b"<script>alert(1)</script>"
        await visitor.act(
            "ana", "post", {"page.html": page}, channel=room, text="@MoA What is this?"
        )
        reply = await visitor.reply()
        asked = visitor.trial.slack.message("team", str(reply.thread_ts))
        status, text, headers = await visitor.get(f"/file/{asked.files[0]['id']}")
        assert (status, text) == (200, page.decode())
        assert headers["content-disposition"].startswith("attachment")
        assert headers["content-type"] == "application/octet-stream"


async def test_hostile_text_is_escaped_everywhere(tmp_path: Path) -> None:
    """Markup in messages, names, files, modals, Home and the list of calls stays text."""
    async with on_trial(tmp_path) as visitor:
        slack, room = visitor.trial.slack, visitor.room("team")
        for user in slack.everybody:
            if user.name == "Ben":
                user.name = f"Ben {HOSTILE}"
        await visitor.act("ana", "post", {HOSTILE: b"x"}, channel=room, text=HOSTILE)
        await visitor.act("ana", "post", channel=room, text=f"/moa {HOSTILE}")
        await slack.wait_for(lambda: len(slack.ephemerals("Ana", room)) > 0)
        await visitor.act("ana", "shortcut", callback_id="ask_anywhere")
        await opened_modal(visitor, "Ana", "What would you like to know?")
        numbers = range(len(slack.calls()))
        home = next(c.id for c in slack.conversations if c.kind == "im")
        paths = [f"/as/ana/{room}", f"/as/ana/{home}/home", *(f"/call/{n}" for n in numbers)]
        for path in paths:
            _, text, _ = await visitor.get(path)
            for bad in ("<script>alert", "<img", "<svg/", "onerror=alert(1)>", ">49<"):
                assert bad not in text, (path, bad)


async def test_a_killed_bot_answers_after_its_restart(tmp_path: Path) -> None:
    """The page says that the bot is down. Once it is back, the question gets its reply."""
    async with on_trial(tmp_path, delay=1.0) as visitor:
        room, slack = visitor.room("team"), visitor.trial.slack
        await visitor.act("ana", "post", channel=room, text="@MoA Which one?")
        await slack.wait_for(lambda: any(m.streaming for m in slack.messages(room, _last(slack))))
        await visitor.act("ana", "bot", order="kill")
        assert slack.connections == 0
        _, text, _ = await visitor.get(f"/as/ana/{room}")
        assert "The bot is not running." in text
        warning = await visitor.act("ana", "shortcut", callback_id="ask_anywhere")
        assert warning["warning"] == NOT_RESPONDING
        await visitor.act("ana", "bot", order="start")
        assert (await visitor.reply()).thread_ts


async def test_a_question_without_a_bot_reaches_the_next_one(tmp_path: Path) -> None:
    """A question asked while no bot runs is answered once a bot is back."""
    async with on_trial(tmp_path) as visitor:
        room = visitor.room("team")
        await visitor.act("ana", "bot", order="kill")
        await visitor.act("ana", "post", channel=room, text="@MoA Which one?")
        await visitor.act("ana", "bot", order="start")
        reply = await visitor.reply()
        await visitor.act("ana", "post", channel=room, text="@MoA And now?")
        second = await visitor.reply(count=2)
        assert reply.thread_ts != second.thread_ts


async def test_faults_can_be_turned_on_and_off(tmp_path: Path) -> None:
    """Without streaming and with every model down the reply says so; then all works again."""
    async with on_trial(tmp_path) as visitor:
        room, slack = visitor.room("team"), visitor.trial.slack
        await visitor.act("ana", "fault", name="no_streaming", value=True)
        await visitor.act("ana", "fault", name="rate_limits", value=True)
        await visitor.act("ana", "fault", name="models", value="all_dead")
        await slack.wait_for(lambda: visitor.trial.runner.state == "ready")
        await visitor.act("ana", "post", channel=room, text="@MoA Which one?")
        failed = await visitor.reply()
        assert "None of the models answered" in slack.render(failed)
        assert failed.stream is None
        await visitor.act("ana", "fault", name="no_streaming", value=False)
        await visitor.act("ana", "fault", name="rate_limits", value=False)
        await visitor.act("ana", "fault", name="models", value="none")
        await slack.wait_for(lambda: visitor.trial.runner.state == "ready")
        await visitor.act("ana", "post", channel=room, text="@MoA And now?")
        reply = await visitor.reply(count=2)
        assert reply.stream is not None


async def test_without_models_questions_fail_with_a_notice(tmp_path: Path) -> None:
    """The examples and their answers open. A new question fails as it would in Slack."""
    async with on_trial(tmp_path, no_models="Set OPENAI_API_KEY.") as visitor:
        room = visitor.room("team")
        _, text, _ = await visitor.get(f"/as/ana/{room}")
        assert "No model is set up" in text
        assert "Set OPENAI_API_KEY." in text
        await visitor.act("ana", "post", channel=room, text="@MoA Which one?")
        shown = visitor.trial.slack.render(await visitor.reply())
        assert "no reply" in shown
        assert "Both agree" not in shown


async def test_people_edit_and_delete_what_they_wrote(tmp_path: Path) -> None:
    """Only the author can; an edit keeps mentions, and the next edit starts with the typed text."""
    async with on_trial(tmp_path) as visitor:
        room, slack = visitor.room("team"), visitor.trial.slack
        await visitor.act("ana", "post", channel=room, text="Hi @Ben & #team @here <b>")
        ts = slack.messages("team")[-1].ts
        _, text, _ = await visitor.get(f"/as/ana/{room}")
        assert 'data-edit="Hi @Ben &amp; #team @here &lt;b&gt;"' in text
        await visitor.act("ana", "edit", channel=room, ts=ts, text="Hello @Ben")
        assert slack.message("team", ts).text.startswith("Hello <@U")
        assert "(edited)" in (await visitor.get(f"/as/ben/{room}"))[1]
        for action in ("edit", "delete"):
            values = {"channel": room, "ts": ts, "text": "mine"}
            assert (await visitor.send(f"/as/ben/act/{action}", values))[0] == 404
        await visitor.act("ana", "delete", channel=room, ts=ts)
        assert slack.messages("team")[-1].ts != ts


async def test_long_threads_show_their_newest_replies(tmp_path: Path) -> None:
    """A thread shows its first message and the newest replies, and earlier ones on request."""
    async with on_trial(tmp_path, ready=False) as visitor:
        room, slack = visitor.room("team"), visitor.trial.slack
        root = await slack.post("Ben", "team", "the root")
        for number in range(120):
            await slack.post("Ben", "team", f"reply {number}.", thread_ts=root)
        _, text, _ = await visitor.get(f"/as/ana/{room}/thread/{root}")
        assert "the root" in text.split('data-region="thread"')[1]
        assert "reply 119." in text
        assert "reply 69." not in text
        link = re.search(r'href="([^"]+)">Show earlier replies', text)
        assert link
        _, text, _ = await visitor.get(link[1])
        assert "reply 0." in text
        assert "Show earlier replies" not in text


async def test_an_open_page_shows_what_others_write(tmp_path: Path) -> None:
    """The first update has everything, later ones only what is new; a deleted thread ends them."""
    async with on_trial(tmp_path, ready=False) as visitor:
        room, slack = visitor.room("team"), visitor.trial.slack
        ts = await slack.post("Ana", "team", "Just a thought.")
        path = f"{visitor.base}/as/ben/{room}/events?thread={ts}"
        headers = {"Cookie": visitor.cookie}
        async with visitor.session.get(path, headers=headers) as stream:
            assert stream.content_type == "text/event-stream"
            first = await next_event(stream)
            assert "Just a thought." in first["messages"]["items"][ts]["html"]
            assert first["messages"]["order"][-1] == ts
            reply = await slack.post("Ana", "team", "And <another>.", thread_ts=ts)
            update = await next_event(stream)
            assert "And &lt;another&gt;." in update["thread"]["items"][reply]["html"]
            assert list(update["messages"]["items"]) == [ts]
            await slack.delete_thread("team", ts)
            while (line := (await stream.content.readline()).decode()) != "event: gone\n":
                assert line


async def test_suggestions_go_once_the_bot_has_answered(tmp_path: Path) -> None:
    """Channels and example threads offer something to send; a visitor who has done so knows how."""
    async with on_trial(tmp_path) as visitor:
        room, slack = visitor.room("incidents"), visitor.trial.slack
        thread = slack.messages("incidents")[0].ts
        path = f"/as/ben/{room}/thread/{thread}"
        _, text, _ = await visitor.get(path)
        offered = re.search(r'data-prompt="([^"]+)">Ask a follow-up<', text)
        assert offered
        sent = await visitor.act("ben", "post", channel=room, thread=thread, text=offered[1])
        assert slack.message("incidents", sent["ts"]).thread_ts == thread
        await visitor.reply("incidents")
        _, text, _ = await visitor.get(path)
        assert "data-prompt" not in text
        _, text, _ = await visitor.get(f"/as/ana/{visitor.room('brainstorm')}")
        assert "/moa brainstorm How can we get more people to walk to work?" in text


async def next_event(stream: ClientResponse) -> dict[str, Any]:
    """Return the next live update that changes something."""
    while True:
        line = (await stream.content.readline()).decode()
        assert line
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
