"""The log scrubber finds secrets, in time proportional to a line's length."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from bot.logs import hide_secrets, scrub
from moa.redaction import HIDDEN, redacted

TAIL = "Zq9xW7vK3mB5nT1r"
KEYS = [
    f"sk-{TAIL}",
    f"sk-proj-{TAIL}_{TAIL}-{TAIL}",
    f"sk-svcacct-{TAIL}",
    f"sk-ant-api03-{TAIL}",
    f"sk-or-v1-{TAIL}",
    f"sk_live_{TAIL}",
    f"gsk_{TAIL}",
    f"xai-{TAIL}",
    f"hf_{TAIL}",
    f"pplx-{TAIL}",
    f"nvapi-{TAIL}",
    f"AIza{TAIL}",
    f"ya29.{TAIL}",
    f"AKIA{TAIL.upper()}",
    f"ASIA{TAIL.upper()}",
    *(f"gh{kind}_{TAIL}" for kind in "oprsu"),
    f"github_pat_{TAIL}",
    f"glpat-{TAIL}",
    *(f"xox{kind}-1234-{TAIL}" for kind in "abeoprs"),
    f"xoxe.xoxp-1-{TAIL}",
    f"xapp-1-A1-{TAIL}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.{TAIL}",
    f"Bearer {TAIL}",
    f"bearer {TAIL}",
    f"Authorization: Basic {TAIL}==",
    f"aws_secret_access_key = {TAIL}/{TAIL}",
    f"api-key: {TAIL}",
    f"Ocp-Apim-Subscription-Key: {TAIL}",
    f"OPENAI_API_KEY={TAIL}",
    f'{{"client_secret": "{TAIL}"}}',
    f"password={TAIL}",
    f"https://ana:{TAIL}@host.example/v1",
    f"https://{TAIL}@host.example/v1",
    f"postgresql://ana:{TAIL}@host/db",
    f"redis://:{TAIL}@host",
    f"https://host.example/v1?key={TAIL}&x=1",
    f"https://host.example/v1?x=1&api_key={TAIL}",
    f"https://host.example/v1?subscription-key={TAIL}",
    f"https://host.example/v1?X-Amz-Signature={TAIL}",
    f"https://host.example/v1?sig={TAIL}",
    f"https://hooks.slack.com/services/T1/B1/{TAIL}",
    f"wss://wss-primary.slack.com/link/?ticket={TAIL}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{TAIL}\n{TAIL}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{TAIL}",
]
"""Each contains `TAIL`, which must be removed."""

AZURE = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("around", ["{}", "before {} after", '"{}"', "'{}',", "({})", "x\n{}\ny"])
def test_known_keys_are_hidden_everywhere(around: str) -> None:
    """The common keys are hidden in logs and in errors, in any surroundings."""
    lines = [around.format(key) for key in KEYS]
    scrubbed = [(line, hidden) for line in lines for hidden in (scrub(line), redacted(line))]
    shown = [line for line, text in scrubbed if TAIL.lower() in text.lower() or HIDDEN not in text]
    assert shown == []


def test_hexadecimal_digits_are_hidden_only_as_a_key() -> None:
    """Azure keys look like other ids, so the word before them decides."""
    assert AZURE not in scrub(f"api-key: {AZURE}")
    assert AZURE not in scrub(f"AZURE_OPENAI_API_KEY={AZURE}")
    assert scrub(f"trace {AZURE}") == f"trace {AZURE}"


@pytest.mark.parametrize(
    "line",
    [
        "question_stored",
        "run_id IoJf1IcxOvfKEJ9jYghslysj",
        "The token limit was reached after 400 tokens.",
        "SLACK_BOT_TOKEN is set",
        "http://127.0.0.1:8080/slack/events",
        "https://api.example.com/v1/chat?api-version=2024-02-01",
        "basic authentication is off",
        "ask-me-anything",
        "2026-11-27T17:00:00Z",
    ],
)
def test_ordinary_lines_stay_readable(line: str) -> None:
    """Ids, addresses and words about tokens are what operators search for."""
    assert scrub(line) == line


def test_secrets_in_the_values_of_a_line_are_hidden() -> None:
    """Lists, dicts, errors and fields named like a secret are searched; numbers are kept."""
    line = hide_secrets(
        None,
        "info",
        {
            "event": "x",
            "found": [f"sk-{TAIL}", {"deep": (f"xai-{TAIL}",)}],
            "error": ValueError(f"gsk_{TAIL}"),
            "bot_token": "plain",
            "headers": {"Authorization": "plain"},
            "input_tokens": 7,
            "ok": True,
        },
    )
    assert TAIL not in str(line)
    assert "plain" not in str(line)
    assert (line["input_tokens"], line["ok"], line["event"]) == (7, True, "x")


PIECES = [
    *("a-", "a,", "a.", "=a", "a=", "a/", "+", "*", "**-", "_", "1", "aA", "a1,", "\u00e9"),
    *("sk-", "sk-.", "sk-....", "xoxb-", "eyJ", "eyJ.", "AIza", "AKIA.", "gh", "a*a"),
    *(
        "://",
        "://a",
        "://a:b",
        "http://",
        "https://a",
        "wss:/",
        "?key",
        "?key=",
        "?keykey",
        "&a.key",
    ),
    *("token", "token ", "token:", "token=", "token provided ", "token provided:", 'token"'),
    *("bearer ", "Bearer", "basic ", "authorization: bearer ", "api key ", "password:\t"),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN A", "-----END", "-----", " ", "\t", "\n"),
    *("12345678-1234-1234-1234-", "/actions/", "http://a/actions", "[hidden]"),
]


LENGTH, LIMIT_S = 100_000, 5
"""Linear work on so many characters takes a tenth of a second, and quadratic work a minute."""


@contextmanager
def no_hang(text: str) -> Generator[None, None, None]:
    """Fail if the work within takes too long. Only this process's own seconds count."""

    def hung(_number: int, _frame: object) -> None:
        raise AssertionError(f"the time grows with the square of the length: {text!r}")

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("start", ["", "token "])
@pytest.mark.parametrize("hide", [scrub, redacted])
def test_no_text_takes_long_to_scrub(start: str, hide: Callable[[str], str]) -> None:
    """Text designed to be slow takes no longer than other text."""
    for piece in PIECES:
        line = start + piece * (LENGTH // len(piece))
        with no_hang(f"{start}{piece}"):
            assert len(hide(line)) <= 2 * len(line), piece
