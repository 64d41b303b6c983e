"""`moa-bot try`: runs a trial until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bot import logs
from bot.errors import ConfigurationError, NoModelsError
from bot.loop import run as run_loop
from bot.settings import Settings, load
from bot.terminal.browser import open_page
from bot.terminal.safe_text import safe
from bot.trial.session import nothing_configured, open_trial

OPENED = "Opened the page in your browser. If you don't see it, open this address:"
NOT_OPENED = "No browser found. Open this address:"
STARTING = "Starting a local Slack and the bot. This takes a few seconds."
READY = "Try MoA at this address:"
WHERE = (
    "Everything runs on this computer; only your models' providers see what you ask.\n"
    "Press Ctrl-C to stop."
)
NO_MODELS = "New questions get no answer, because no model is set up. The examples still work.\n"


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """The options of `moa-bot try`.

    Attributes:
        open: open the page in a browser.
        port: the page's port; 0 for a free one.
        pipeline: the default pipeline; None for the configured one.
        keep: the folder in which to keep the trial; None for a temporary one.
    """

    open: bool = False
    port: int = 0
    pipeline: str | None = None
    keep: Path | None = None


def try_page(options: TrialOptions) -> None:
    """Run a trial until a signal arrives.

    Raises:
        ConfigurationError: the settings, the pipeline, the port or the folder is invalid.
    """
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="moa-try-"))
        settings, no_models = trial_settings(Path(temporary), options.pipeline)
        level = settings.environment.log_level if "LOG_LEVEL" in settings.variables else "WARNING"
        logs.configure(level, settings.environment.log_format)
        _say(STARTING)
        folder = options.keep or Path(temporary)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise ConfigurationError(f"--keep {folder}: this is a file. Name a folder.") from None
        except OSError as error:
            raise ConfigurationError(f"{folder}: can't be used ({error.strerror}).") from None
        run_loop(_run(options, settings, folder.resolve(), no_models))


def trial_settings(temporary: Path, pipeline: str | None) -> tuple[Settings, str]:
    """Read the settings. If there is no model, also return why."""
    try:
        settings, no_models = load(), ""
    except NoModelsError as error:
        # A file without a usable model, so that everything else is read as usual.
        (temporary / "moa.toml").write_text(
            'default_pipeline = "x"\n[models.x]\nprovider = "scripted"\nmodel = "echo"\n'
            '[pipelines.x]\naggregator = "x"\n',
            encoding="utf-8",
        )
        settings = replace(load(temporary), config=nothing_configured())
        no_models = str(error)
    if pipeline is None or no_models:
        return settings, no_models
    if pipeline not in settings.config.pipelines:
        known = ", ".join(settings.config.pipelines)
        raise ConfigurationError(f'--pipeline "{pipeline}" is unknown. Choose one of: {known}.')
    config = settings.config.model_copy(update={"default_pipeline": pipeline})
    return replace(settings, config=config), ""


async def _run(options: TrialOptions, settings: Settings, folder: Path, no_models: str) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    keep = options.keep is not None
    async with open_trial(
        settings, folder, port=options.port, keep=keep, no_models=no_models
    ) as trial:
        if options.open:
            _say(open_page(trial.address, OPENED, NOT_OPENED))
        else:
            _say(f"{READY}\n{trial.address}\n")
        _say(f"{NO_MODELS}{safe(no_models)}" if no_models else _models(settings))
        _say(WHERE)
        await stopped.wait()


def _models(settings: Settings) -> str:
    pipeline = settings.config.default_pipeline
    return f"Pipeline {safe(pipeline)}, models from {safe(settings.config_source)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
