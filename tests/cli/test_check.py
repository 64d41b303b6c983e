"""`moa-bot check`: reports the setup and how to fix problems."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from bot.playground.server import LocalSlack
from tests.cli.command import Result, configure, moa_bot, pipeline, scripted
from tests.models import ModelServer, Reply


def tokens(slack: LocalSlack) -> dict[str, str]:
    """Return the variables that point to a local Slack."""
    return {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
    }


def simple(folder: Path) -> None:
    """Configure the bot without external services."""
    configure(folder, {"one": scripted()}, pipeline("one", aggregator="one"))


def marks(result: Result) -> dict[str, str]:
    """Return each line's subject (up to the first comma or colon) with its status."""
    found: dict[str, str] = {}
    for line in result.out.splitlines():
        mark, about = line[2:10].strip(), line[11:]
        if line.startswith("  ") and mark:
            found[about.partition(":")[0].partition(",")[0]] = mark
    return found


async def test_a_working_setup_is_ok(tmp_path: Path) -> None:
    """Models, pipelines, database and Slack are really tested, and named."""
    simple(tmp_path)
    async with LocalSlack(team_name="Acme", bot_name="robin") as slack:
        result = await moa_bot(tmp_path, "check", variables=tokens(slack))
    assert result.code == 0
    found = marks(result)
    assert found["one"] == found["main (the default)"] == found["sqlite"] == "ok"
    assert found["SLACK_BOT_TOKEN"] == found["SLACK_APP_TOKEN"] == found["scopes"] == "ok"
    assert found["SLACK_SIGNING_SECRET"] == "not set"
    assert "robin in the workspace Acme" in result.out
    assert "Everything that is set works." in result.out
    assert len(result.out.splitlines()) < 24


async def test_slack_is_optional(tmp_path: Path) -> None:
    """Without Slack, nothing fails, and the output says how to set it up."""
    simple(tmp_path)
    result = await moa_bot(tmp_path, "check")
    assert result.code == 0
    assert "not set" in marks(result).values()
    assert "moa-bot manifest" in result.out


async def test_each_model_is_probed(tmp_path: Path) -> None:
    """A wrong key, name or address and a missing key each say what to fix."""
    async with ModelServer({"gpt": Reply()}, key="right-key") as server:
        known = f'provider = "openai"\nbase_url = "{server.openai_url}"\n'
        models = {
            "good": f'{known}model = "gpt"\napi_key_env = "RIGHT"',
            "wrong-key": f'{known}model = "gpt"\napi_key_env = "WRONG"',
            "wrong-name": f'{known}model = "gtp"\napi_key_env = "RIGHT"',
            "no-key": 'provider = "anthropic"\nmodel = "claude"',
            "nobody": 'provider = "openai"\nmodel = "gpt"\nbase_url = "http://127.0.0.1:9/v1"',
        }
        both = pipeline("good", aggregator="good") + pipeline(aggregator="no-key", name="other")
        configure(tmp_path, models, both)
        keys = {"RIGHT": "right-key", "WRONG": "wrong-key-value"}
        result = await moa_bot(tmp_path, "check", variables=keys)
        assert "gpt" in {request.model for request in server.questions}
    assert result.code == 1
    found = marks(result)
    assert found["good"] == "ok"
    assert found["wrong-key"] == found["wrong-name"] == found["nobody"] == "failed"
    assert found["no-key"] == "missing"
    assert found["main (the default)"] == "ok"
    assert found["other"] == "missing"
    assert "RIGHT is set" in result.out
    assert "ANTHROPIC_API_KEY is not set" in result.out
    assert "right-key" not in result.out
    assert "wrong-key-value" not in result.out


async def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    """The report says what needs it, and where to add it."""
    simple(tmp_path)
    async with LocalSlack() as slack:
        slack.app.scopes.discard("reactions:write")
        result = await moa_bot(tmp_path, "check", variables=tokens(slack))
    assert result.code == 1
    assert marks(result)["scopes"] == "missing"
    assert "reactions:write (needed for: the eyes reaction" in result.out
    assert "OAuth & Permissions" in result.out


async def test_a_rejected_token_is_named(tmp_path: Path) -> None:
    """The report has Slack's reason and where to find the right token, never the token."""
    simple(tmp_path)
    async with LocalSlack() as slack:
        wrong = tokens(slack) | {
            "SLACK_BOT_TOKEN": "xoxb-wrong-bot",
            "SLACK_APP_TOKEN": "xapp-wrong-app",
        }
        result = await moa_bot(tmp_path, "check", variables=wrong)
    assert result.code == 1
    assert marks(result)["SLACK_BOT_TOKEN"] == marks(result)["SLACK_APP_TOKEN"] == "failed"
    assert "invalid_auth" in result.out
    assert "xoxb-wrong-bot" not in result.out + result.err
    assert "xapp-wrong-app" not in result.out + result.err


async def test_half_of_the_slack_settings_is_not_enough(tmp_path: Path) -> None:
    """A signing secret alone isn't enough; with it, the app token is optional."""
    simple(tmp_path)
    result = await moa_bot(tmp_path, "check", variables={"SLACK_SIGNING_SECRET": "0" * 32})
    assert result.code == 1
    found = marks(result)
    assert found["SLACK_BOT_TOKEN"] == "missing"
    assert found["SLACK_APP_TOKEN"] == "not set"
    assert found["SLACK_SIGNING_SECRET is set"] == "ok"


async def test_an_unreachable_slack_is_reported(tmp_path: Path) -> None:
    """The report blames the address or the network, not the token."""
    simple(tmp_path)
    variables = {
        "SLACK_BOT_TOKEN": "xoxb-some",
        "SLACK_SIGNING_SECRET": "0" * 32,
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
    }
    result = await moa_bot(tmp_path, "check", variables=variables)
    assert result.code == 1
    assert "http://127.0.0.1:9/api/ did not respond" in result.out


async def test_an_unusable_database_is_reported(tmp_path: Path) -> None:
    """The reason is shown, without the password."""
    simple(tmp_path)
    lost = await moa_bot(
        tmp_path, "check", variables={"DATABASE_URL": "sqlite:///no/such/folder/x.db"}
    )
    assert lost.code == 1
    assert "no/such/folder/x.db can't be used" in lost.out
    url = "postgresql://ann:hunter2@127.0.0.1:9/moa"
    closed = await moa_bot(tmp_path, "check", variables={"DATABASE_URL": url})
    assert closed.code == 1
    assert "hunter2" not in closed.out + closed.err


async def test_the_database_is_named(tmp_path: Path, database: str) -> None:
    """By its file, or by its server and name; a server on a socket has a folder for a name."""
    simple(tmp_path)
    result = await moa_bot(tmp_path, "check", variables={"DATABASE_URL": database})
    name = f"{make_url(database).database}"
    [line] = [line for line in result.out.splitlines() if line.endswith(name)]
    assert line.startswith(("  ok       sqlite, /", "  ok       postgresql, /"))
    assert "@" not in line


async def test_unreadable_settings_are_reported(tmp_path: Path) -> None:
    """No model or a mistake in the file is a failure with advice."""
    (tmp_path / "moa.toml").write_text('default_pipeline = "x"\n')
    result = await moa_bot(tmp_path, "check")
    assert result.code == 1
    assert "failed   moa.toml:" in result.out
    assert "define at least one [models.NAME] table" in result.out


async def test_models_without_a_price_are_listed(tmp_path: Path) -> None:
    """The report warns that their calls count as $0."""
    async with ModelServer({"own-1": Reply("Yes.")}) as server:
        own = f'provider = "openai"\nmodel = "own-1"\nbase_url = "{server.openai_url}"\n'
        models = {"own": own, "priced": f"{own}price = {{ input = 1.0, output = 2.0 }}\n"}
        configure(tmp_path, models, pipeline("own", aggregator="priced"))
        result = await moa_bot(tmp_path, "check")
    assert "price: unknown for own\n" in result.out
    assert "price = { input = …, output = … }" in result.out
    assert result.code == 0
