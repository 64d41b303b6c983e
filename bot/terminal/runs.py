"""`moa-bot runs`: which questions there are, and what became of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.errors import ConfigurationError
from bot.ports import Run
from bot.settings import Settings
from bot.storage.run_listing import CallLine, RunListing, RunSummary
from bot.storage.runs import StoredRunStore
from bot.terminal.run_store import existing_run_store
from bot.terminal.safe_text import one_line, safe

Say = Callable[[str], None]

HEADER = "run                       asked                state     pipeline    seconds     cost"
CALLS = (
    "call         model                state        start   first     end        tokens      cost"
)
NOTHING = "There are no such runs."


async def list_runs(settings: Settings, say: Say, *, state: str | None, limit: int) -> None:
    """Print the latest runs, one a line, without anybody's words."""
    async with existing_run_store(settings) as database:
        found = await RunListing(database).runs(state=state, limit=limit)
    if not found:
        say(NOTHING)
        return
    say(HEADER)
    for run in found:
        say(_line(run))


async def show_run(settings: Settings, say: Say, run_id: str, *, texts: bool) -> None:
    """Print what became of a run, and its ledger.

    Args:
        settings: of the bot whose database is read.
        say: prints a line.
        run_id: its id.
        texts: whether the question and the reply are printed as well; they may be private.

    Raises:
        ConfigurationError: when there is no such run.
    """
    async with existing_run_store(settings) as database:
        run = await StoredRunStore(database).get(run_id)
        lines = await RunListing(database).ledger(run_id)
    if run is None:
        raise ConfigurationError(f"There is no run {run_id}. `moa-bot runs` lists them.")
    for line in (*_story(run), "", *_ledger(lines)):
        say(line)
    if texts:
        say(f"\nquestion\n{safe(run.question.text)}\n\nreply\n{safe(run.reply or '(none)')}")


def _line(run: RunSummary) -> str:
    asked = run.created_at.strftime("%Y-%m-%d %H:%M:%S")
    text = (
        f"{run.id:<25} {asked}  {run.state:<9} {one_line(run.pipeline):<11} "
        f"{_seconds(run.seconds):>7} {_cost(run.cost_usd):>8}"
    )
    return f"{text}  {run.trouble}" if run.trouble else text.rstrip()


def _story(run: Run) -> Sequence[str]:
    question = run.question
    ended = run.finished_at.isoformat(timespec="seconds") if run.finished_at else "not yet"
    told = [
        ("run", run.id),
        ("asked", run.created_at.isoformat(timespec="seconds")),
        ("by", f"{question.user} in {question.channel} of {question.team} ({question.surface})"),
        ("state", run.state if run.trouble is None else f"{run.state}: {run.trouble}"),
        ("attempts", str(run.attempt + 1)),
        ("ended", ended),
        ("pipeline", one_line(run.pipeline)),
        ("took", _seconds(run.seconds)),
        ("cost", _cost(run.cost_usd)),
        ("messages", ", ".join(run.posts) or "none"),
    ]
    return [f"{name:<9} {value}" for name, value in told if value]


def _ledger(lines: Sequence[CallLine]) -> Sequence[str]:
    if not lines:
        return ["No model was asked."]
    return [CALLS, *(_call(line) for line in lines)]


def _call(line: CallLine) -> str:
    role = f"{line.role} {line.layer}" if line.role == "proposer" else line.role
    about = "~" if line.estimated else ""
    tokens = "" if line.input_tokens is None else f"{about}{line.input_tokens}/{line.output_tokens}"
    cost = f"{about}{_cost(line.cost_usd)}" if line.cost_usd else _cost(line.cost_usd)
    text = (
        f"{role:<12} {one_line(line.model):<20} {line.state:<10} {line.started:>7.2f} "
        f"{'' if line.first_token is None else f'{line.first_token:.2f}':>7} {line.ended:>7.2f} "
        f"{tokens:>13} {cost:>9}"
    )
    why = [one_line(part) for part in (line.error_kind, line.reason) if part]
    return f"{text}  {': '.join(why)}" if why else text


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _cost(cost: float | None) -> str:
    return "" if cost is None else f"${cost:.4f}"
