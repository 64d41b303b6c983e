"""Every mistake gives one clear message, exit code 2 and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Result, configure, moa_bot, moa_bot_process, pipeline, scripted

GOOD_MODEL = '[models.gpt]\nprovider = "scripted"\nmodel = "echo"\n'
GOOD_PIPELINE = (
    '[pipelines.main]\naggregator = "gpt"\n[[pipelines.main.layers]]\nproposers = ["gpt"]\n'
)


async def refused(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    variables: dict[str, str] | None = None,
) -> str:
    """Return the error message, which must be on standard error only."""
    return message_of(await moa_bot(folder, *arguments, given=given, variables=variables))


def message_of(result: Result) -> str:
    """Return the error message of a command that must fail."""
    assert result.code == 2
    assert result.out == ""
    assert "Traceback" not in result.err
    return result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage: moa-bot"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["ask"], "QUESTION"),
        (["ask", "What", "is", "--short"], "unrecognized arguments: --short"),
        (["ask", "Why?", "--pipe", "x"], "unrecognized arguments: --pipe x"),
        (["ask", "Why?", "--pipline", "deep"], "[--pipeline NAME]"),
        (["run", "--port", "99999"], '"99999" is not a port'),
        (["run", "--drain", "-1"], '"-1" is not a number of seconds'),
        (["manifest", "--http", "bot.example.org"], "Use the form https://"),
        (["ask", "Why?", "--pipeline", ""], "argument --pipeline: must not be empty"),
        (["brainstorm", "Walkers", "--pipeline", " "], "argument --pipeline: must not be empty"),
        (["brainstorm", "Walkers", "--ideas", ""], "argument --ideas: must not be empty"),
        (["try", "--pipeline", ""], "argument --pipeline: must not be empty"),
        (["try", "--keep", ""], "argument --keep: must not be empty"),
        (["init", "--output", ""], "argument --output: must not be empty"),
        (["run", "--host", ""], "argument --host: must not be empty"),
        (["worker", "--host", ""], "argument --host: must not be empty"),
        (["runs", ""], "argument RUN: must not be empty"),
    ],
)
async def test_wrong_use_is_explained(tmp_path: Path, arguments: list[str], said: str) -> None:
    """A wrong command line has another exit code than a question without an answer."""
    assert said in await refused(tmp_path, *arguments)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "The question is empty."),
        (b" \n\t\n", "The question is empty."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "isn't text: byte 1 is not UTF-8"),
        ("Frage?".encode("utf-16-le"), "isn't text: it contains null bytes"),
        (b"a" * 1_000_001, "too long: more than 1,000,000 bytes"),
    ],
)
async def test_invalid_input_is_rejected(tmp_path: Path, given: bytes, said: str) -> None:
    """Empty, binary or endless input reaches no model."""
    configure(tmp_path, {"one": scripted(fail="hang")}, pipeline(aggregator="one"))
    assert said in await refused(tmp_path, "ask", "-", given=given)


async def test_a_non_text_argument_is_rejected(tmp_path: Path) -> None:
    """Bytes in another encoding on the command line are reported."""
    configure(tmp_path, {"one": scripted(fail="hang")}, pipeline(aggregator="one"))
    assert "isn't text: byte 4" in await refused(tmp_path, "ask", "caf\udce9?")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("default_pipeline = main\n", ["moa.toml", "invalid TOML", "line 1"]),
        (
            GOOD_MODEL + "temprature = 1.0\n" + GOOD_PIPELINE,
            ["moa.toml:", "models.gpt.temprature: unknown key", '"temperature"', "Allowed:"],
        ),
        (
            GOOD_MODEL.replace("scripted", "opnai") + GOOD_PIPELINE,
            ["models.gpt.provider", "Did you mean"],
        ),
        (
            GOOD_MODEL + GOOD_PIPELINE.replace('["gpt"]', '["gtp"]'),
            ["pipelines.main.layers[1].proposers", '"gtp"', 'Did you mean "gpt"?'],
        ),
        (
            GOOD_MODEL + GOOD_PIPELINE.replace('["gpt"]', "[]"),
            ["pipelines.main.layers[1].proposers", "at least 1"],
        ),
        (
            'default_pipeline = "mian"\n' + GOOD_MODEL + GOOD_PIPELINE,
            ["default_pipeline", '"mian"', 'Did you mean "main"?'],
        ),
        (
            GOOD_MODEL + GOOD_PIPELINE + '[slack]\nreveal = "all"\n',
            ["slack.reveal", "'members', 'requester' or 'nobody'"],
        ),
        (
            '[models.gpt]\nprovider = "openai"\nmodel = "gpt"\n' + GOOD_PIPELINE,
            ["models.gpt: its key is not set", "OPENAI_API_KEY"],
        ),
    ],
)
async def test_a_wrong_configuration_is_explained(
    tmp_path: Path, toml: str, said: list[str]
) -> None:
    """The message names the file, the key, the allowed values and the closest match."""
    (tmp_path / "moa.toml").write_text(toml)
    message = await refused(tmp_path, "ask", "Why?")
    assert [words for words in said if words not in message] == []


async def test_an_unknown_pipeline_is_explained(tmp_path: Path) -> None:
    """The message names the closest match and all pipelines."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    message = await refused(tmp_path, "ask", "Why?", "--pipeline", "mian")
    assert 'There is no pipeline "mian". Did you mean "main"? Allowed: main.' in message


async def test_wrong_variables_are_explained(tmp_path: Path) -> None:
    """An invalid variable is reported with the allowed values; so is a missing file."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    message = await refused(tmp_path, "ask", "Why?", variables={"LOG_FORMAT": "xml"})
    assert "LOG_FORMAT" in message
    assert "'console' or 'json'" in message
    message = await refused(tmp_path, "ask", "Why?", variables={"MOA_CONFIG": "mao.toml"})
    assert 'File not found: mao.toml (MOA_CONFIG). Did you mean "moa.toml"?' in message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mao.toml", 'Did you mean "moa.toml"? TOML files in its folder: moa.toml.'),
        ("empty/moa.toml", "There is no other TOML file in its folder."),
        ("missing/moa.toml", "There is no folder missing."),
    ],
)
async def test_a_missing_file_says_what_is_there(tmp_path: Path, name: str, said: str) -> None:
    """`MOA_CONFIG` names a file that doesn't exist: the message says which do."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    (tmp_path / "empty").mkdir()
    message = await refused(tmp_path, "ask", "Why?", variables={"MOA_CONFIG": name})
    assert f"File not found: {Path(name).name} (MOA_CONFIG). " in message
    assert said in message
    assert "Allowed" not in message


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "Why?", "--pipeline", "a\nb\x1b[31m"],
        ["run", "--port", "\x1b[31m\nx"],
        ["runs", "--limit", "\x1b]0;x\x07"],
        ["ask", "Why?", "--\x1b[31m"],
        ["\x1b[31m"],
        ["manifest", "--http", "\x1b[31m"],
        ["brainstorm", "Walkers", "--ideas", "\x1b[31m"],
        ["init", "--output", "\x1b[31m/x"],
    ],
)
async def test_control_characters_never_reach_the_terminal(
    tmp_path: Path, arguments: list[str]
) -> None:
    """An error quotes what was typed without them."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    message = await refused(tmp_path, *arguments)
    assert not {"\x1b", "\x07"}.intersection(message)


async def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    """The message has the system's reason once."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x"}
    done = await moa_bot_process(
        tmp_path, "run", "--http", "--host", "nowhere.invalid", variables=tokens
    )
    message = message_of(done)
    assert "Can't listen on port 3000 on nowhere.invalid (" in message
    assert "while attempting" not in message


async def test_a_file_is_no_folder_to_keep_a_trial_in(tmp_path: Path) -> None:
    """`try --keep` needs a folder."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    done = await moa_bot_process(tmp_path, "try", "--keep", "moa.toml")
    assert done.code == 2
    assert "--keep moa.toml: this is a file. Name a folder." in done.err


async def test_missing_tokens_are_named(tmp_path: Path) -> None:
    """`run` says which tokens are missing and where to find them."""
    configure(tmp_path, {"one": scripted()}, pipeline(aggregator="one"))
    # in a separate process: `run` handles signals, which only a main thread can
    message = message_of(await moa_bot_process(tmp_path, "run"))
    assert "SLACK_BOT_TOKEN, SLACK_APP_TOKEN" in message
    assert "moa-bot manifest" in message
