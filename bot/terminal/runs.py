"""`moa-bot runs`: lists questions, or shows one of them with its model calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.errors import ConfigurationError
from bot.ports import Run
from bot.storage.call_log import StoredCallLog
from bot.storage.run_listing import RunSummary, latest_runs
from bot.storage.runs import StoredRunStore
from bot.terminal.run_store import existing_run_store
from bot.terminal.safe_text import one_line, safe
from moa import Call

Print = Callable[[str], None]

RUNS_HEADER = (
    "run                       asked                state     pipeline    seconds     cost"
)
CALLS_HEADER = (
    "call         model                state        start   first     end        tokens      cost"
)
NO_RUNS = "No runs found."


async def list_runs(database_url: str, print_line: Print, *, state: str | None, limit: int) -> None:
    """Print the latest runs, one per line, without their texts."""
    async with existing_run_store(database_url) as database:
        runs = await latest_runs(database, state=state, limit=limit)
    if not runs:
        print_line(NO_RUNS)
        return
    print_line(RUNS_HEADER)
    for run in runs:
        print_line(_run_row(run))


async def show_run(database_url: str, print_line: Print, run_id: str, *, texts: bool) -> None:
    """Print a run and its model calls.

    Args:
        database_url: the bot's database.
        print_line: prints one line.
        run_id: the run's id.
        texts: also print the question and the reply, which may be private.

    Raises:
        ConfigurationError: there is no such run.
    """
    async with existing_run_store(database_url) as database:
        run = await StoredRunStore(database).get(run_id)
        calls = await StoredCallLog(database).of(run_id)
    if run is None:
        raise ConfigurationError(f"Run not found: {run_id}. List runs with `moa-bot runs`.")
    for row in (*_run_summary(run), "", *_call_table(calls)):
        print_line(row)
    if texts:
        print_line(f"\nquestion\n{safe(run.question.text)}\n\nreply\n{safe(run.reply or '(none)')}")


def _run_row(run: RunSummary) -> str:
    asked = run.created_at.strftime("%Y-%m-%d %H:%M:%S")
    text = (
        f"{run.id:<25} {asked}  {run.state:<9} {one_line(run.pipeline):<11} "
        f"{_seconds(run.seconds):>7} {_cost(run.cost_usd):>8}"
    )
    return f"{text}  {run.trouble}" if run.trouble else text.rstrip()


def _run_summary(run: Run) -> Sequence[str]:
    question = run.question
    ended = run.finished_at.isoformat(timespec="seconds") if run.finished_at else "not yet"
    fields = [
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
    return [f"{name:<9} {value}" for name, value in fields if value]


def _call_table(calls: Sequence[Call]) -> Sequence[str]:
    if not calls:
        return ["No model was called."]
    return [CALLS_HEADER, *map(_call_row, calls)]


def _call_row(call: Call) -> str:
    role = f"{call.role} {call.layer}" if call.role == "proposer" else call.role
    usage = call.usage
    about = "~" if usage and usage.estimated else ""
    tokens = f"{about}{usage.input_tokens}/{usage.output_tokens}" if usage else ""
    cost = f"{about}{_cost(call.cost_usd)}" if call.cost_usd else _cost(call.cost_usd)
    text = (
        f"{role:<12} {one_line(call.model):<20} {call.state:<10} {call.started:>7.2f} "
        f"{'' if call.first_token is None else f'{call.first_token:.2f}':>7} {call.ended:>7.2f} "
        f"{tokens:>13} {cost:>9}"
    )
    error = [one_line(part) for part in (call.error_kind, call.reason) if part]
    return f"{text}  {': '.join(error)}" if error else text


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _cost(cost: float | None) -> str:
    return "" if cost is None else f"${cost:.4f}"
