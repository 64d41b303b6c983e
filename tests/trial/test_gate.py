"""Only the person who started the trial gets in, and no page can run anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.state.models import SlackView
from bot.trial.draw.page import draw
from bot.trial.stage_set import AppFeatures
from bot.trial.window import Window
from tests.trial.scene import Visitor, on_trial

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


async def test_the_page_needs_the_token_the_host_and_the_origin(tmp_path: Path) -> None:
    """Without the token's cookie, with another host or from another origin, nothing opens."""
    async with on_trial(tmp_path, ready=False) as visitor:
        page = f"/as/ana/{visitor.room('team')}"
        assert (await visitor.get(page))[0] == 200
        stranger = Visitor(visitor.trial, visitor.session, "")
        for path in ("/", page, "/?token=wrong", "/call/0", f"{page}/events"):
            assert (await stranger.get(path))[0] == 403, path
        for host in ("example.org", "127.0.0.1", "127.0.0.1.example.org", "localhost:1"):
            assert (await visitor.get(page, Host=host))[0] == 403, host
        values = {"channel": visitor.room("team"), "text": "hello"}
        for origin in ("http://example.org", "null", "", "http://127.0.0.1", "http://localhost"):
            sent = await visitor.send("/as/ana/act/post", values, Origin=origin)
            assert sent[0] == 403, origin
        assert (await stranger.send("/as/ana/act/post", values))[0] == 403
        texts = [m.text for m in visitor.trial.slack.messages("team")]
        assert "hello" not in texts


async def test_the_cookie_is_for_this_page_only(tmp_path: Path) -> None:
    """The cookie is hidden from scripts, strict, named by the port, and not the address's token."""
    async with on_trial(tmp_path, ready=False) as visitor:
        token = visitor.trial.address.partition("token=")[2]
        status, _, headers = await Visitor(visitor.trial, visitor.session, "").get(
            f"/?token={token}"
        )
        assert status == 303
        assert headers["location"] == "/"
        assert {"HttpOnly", "SameSite=strict"} <= set(headers["set-cookie"].split("; "))
        assert str(visitor.trial.address.split(":")[2].split("/")[0]) in headers["set-cookie"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/static/page.css",
        "/static/page.js",
        "/static/nothing",
        "/as/ana",
        "/call/0",
    ],
)
async def test_every_response_has_the_strict_policy(tmp_path: Path, path: str) -> None:
    """Pages, assets, redirects and errors all forbid other hosts, frames and inline scripts."""
    async with on_trial(tmp_path, ready=False) as visitor:
        for cookie in (visitor.cookie, ""):
            _, _, headers = await Visitor(visitor.trial, visitor.session, cookie).get(path)
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


async def test_a_person_sees_only_their_own_channels(tmp_path: Path) -> None:
    """A guest can neither open, read nor act in a private channel, nor press its buttons."""
    async with on_trial(tmp_path, ready=False) as visitor:
        private, slack = visitor.room("leads"), visitor.trial.slack
        message = slack.messages("leads")[0]
        assert (await visitor.get(f"/as/ana/{private}"))[0] == 200
        for path in (
            f"/as/dan/{private}",
            f"/as/dan/{private}/events",
            "/as/nobody",
            "/call/99999",
        ):
            assert (await visitor.get(path))[0] == 404, path
        values = {"channel": private, "text": "hello", "ts": message.ts, "callback_id": "ask_about"}
        for action in ("post", "click", "shortcut", "delete", "stop", "unknown"):
            assert (await visitor.send(f"/as/dan/act/{action}", values))[0] == 404, action
        assert len(slack.messages("leads")) == 1
        own = {"channel": visitor.room("team"), "ts": slack.messages("team")[0].ts}
        assert (await visitor.send("/as/dan/act/delete", own))[0] == 404


async def test_the_names_of_private_channels_stay_hidden(tmp_path: Path) -> None:
    """Neither mentions nor menus reveal a private channel's name to people outside it."""
    async with on_trial(tmp_path, ready=False) as visitor:
        team, private, slack = visitor.room("team"), visitor.room("leads"), visitor.trial.slack
        await visitor.act("ana", "post", channel=team, text="See #leads")
        assert "#leads" in (await visitor.get(f"/as/ben/{team}"))[1]
        _, text, _ = await visitor.get(f"/as/dan/{team}")
        assert "leads" not in text
        assert "#private-channel" in text
        menu = {"type": "conversations_select", "action_id": "room"}
        row = {"type": "actions", "block_id": "b", "elements": [menu]}
        view = SlackView("V1", "home", "U1", "T1", {"blocks": [row]}, "h", "V1")
        users = {user.name: user for user in slack.everybody}
        for name, is_offered in (("Ana", True), ("Dan", False)):
            window = Window(slack, users[name], AppFeatures((), (), ()))
            html = draw("home.html", view=view, names=window.names)
            assert (f'value="{private}"' in html) == is_offered
            assert f'value="{team}"' in html


@pytest.mark.parametrize(
    "values",
    [
        [],
        "x",
        {"view": "V1", "fields": [{"value": {}}]},
        {"text": 1},
        {"channel": {}},
        {"name": "models"},
    ],
)
async def test_invalid_forms_are_refused(tmp_path: Path, values: object) -> None:
    """A form that the page would never send changes nothing and is no server error."""
    async with on_trial(tmp_path, ready=False) as visitor:
        for action in ("post", "click", "submit", "fault", "shortcut"):
            status, _ = await visitor.send(f"/as/ana/act/{action}", values)  # type: ignore[arg-type]
            assert status in {400, 404}, action
