"""One response of the loopback model server, including its faults."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from tests.models.replies import (
    Cut,
    Endless,
    EndlessWire,
    ErrorEvent,
    HangAfterHeaders,
    HangBeforeHeaders,
    Raw,
    Redirect,
    Reply,
    Request,
    Stall,
    Status,
    Tokens,
)
from tests.models.wire_formats import Wire


class ReplySender:
    """Sends one `Reply`."""

    def __init__(self, http: web.Request, request: Request, reply: Reply, wire: Wire) -> None:
        self._http = http
        self._request = request
        self._reply = reply
        self._wire = wire
        self._tokens = Tokens.of(reply, request)

    async def run(self) -> web.StreamResponse:
        """Send it until its end or its fault."""
        match self._reply.fault:
            case Status(status, body, headers):
                error = self._wire.error(status) if body is None else body
                return web.json_response(error, status=status, headers=headers)
            case Raw():
                return await self._raw(self._reply.fault)
            case Endless():
                return await self._flood(self._reply.fault)
            case EndlessWire():
                await self._flood_wire(self._reply.fault)
            case Redirect(location, status):
                return web.Response(status=status, headers={"Location": location})
            case HangBeforeHeaders():
                await _repeat_forever()
            case _:
                pass
        if self._reply.streams and self._request.body.get("stream"):
            return await self._stream()
        await self._first()
        return web.json_response(self._whole())

    async def _raw(self, raw: Raw) -> web.StreamResponse:
        headers = {"Content-Type": raw.content_type, **raw.headers}
        if not raw.stays_open:
            return web.Response(body=raw.body, headers=headers, status=raw.status)
        response = web.StreamResponse(headers=headers, status=raw.status)
        await response.prepare(self._http)
        await response.write(raw.body)
        await _repeat_forever()
        return response

    async def _flood(self, flood: Endless) -> web.StreamResponse:
        headers = {"Content-Type": flood.content_type}
        if flood.packed:
            headers["Content-Encoding"] = "gzip"
        response = web.StreamResponse(headers=headers, status=flood.status)
        await response.prepare(self._http)
        packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
        block = flood.piece * max(1, _BLOCK * (10 if flood.packed else 1) // len(flood.piece))
        data = flood.opening
        while True:
            data = packer.compress(data) if flood.packed else data
            if data:
                await response.write(data)
                self._request.sent += len(data)
            await asyncio.sleep(0)  # writing does not yield while the client keeps up
            data = block

    async def _flood_wire(self, flood: EndlessWire) -> None:
        transport = self._http.transport
        assert transport is not None
        transport.write(flood.opening)
        block = flood.piece * max(1, _BLOCK // len(flood.piece))
        while not transport.is_closing():
            if transport.get_write_buffer_size() < _BLOCK:  # the client keeps up
                transport.write(block)
                self._request.sent += len(block)
            await asyncio.sleep(0.001)
        raise ConnectionResetError

    def _whole(self) -> Mapping[str, object]:
        text = "".join(self._reply.pieces(self._request))
        return self._wire.whole(self._request.model, text, self._reply.stop, self._tokens)

    async def _first(self) -> None:
        if self._reply.gate is not None:
            await self._reply.gate.wait()
        await asyncio.sleep(self._reply.first_token_s)

    async def _stream(self) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(self._http)
        if isinstance(self._reply.fault, HangAfterHeaders):
            await _repeat_forever()
        await self._first()
        model = self._request.model
        await _write(response, self._wire.opening(model, self._tokens))
        for said, piece in enumerate(self._reply.pieces(self._request)):
            if await self._broken(response, said):
                return response
            await asyncio.sleep(self._reply.pace_s)
            await response.write(self._wire.piece(model, piece))
        await _write(response, self._wire.closing(model, self._reply.stop, self._tokens))
        await response.write_eof()
        return response

    async def _broken(self, response: web.StreamResponse, said: int) -> bool:
        fault = self._reply.fault
        match fault:
            case Stall(after) if said == after:
                await _repeat_forever()
            case ErrorEvent(error, after) if said == after:
                await response.write(self._wire.error_event(error))
                await response.write_eof()
            case Cut(after, reset) if said == after:
                self._break(reset=reset)
            case _:
                return False
        return True

    def _break(self, *, reset: bool) -> None:
        transport = self._http.transport
        assert transport is not None
        if reset:
            sock: socket.socket = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.close()


_BLOCK: Final = 64 * 1024
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


async def _write(response: web.StreamResponse, events: Sequence[bytes]) -> None:
    await response.write(b"".join(events))


async def _repeat_forever() -> None:
    await asyncio.get_running_loop().create_future()
