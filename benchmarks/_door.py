"""A way to a service over loopback that can be cut off, and be away for a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType

CHUNK = 1 << 16


class Door:
    """Listens on a port of its own and passes every connection on to `host`:`port`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open: set[asyncio.StreamWriter] = set()
        self._away = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Door:
        self._thread.start()
        listening = asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._do(self._shut).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        """End every connection there is; new ones are let through."""
        self._do(self._cut).result(10)

    def leave(self) -> None:
        """Cut, and refuse new connections until `come_back`."""
        self._away = True
        self.cut()

    def come_back(self) -> None:
        self._away = False

    def _do(self, act: Callable[[], None]) -> Future[None]:
        async def acted() -> None:
            act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop)

    def _cut(self) -> None:
        for each in list(self._open):
            each.transport.abort()

    def _shut(self) -> None:
        self._server.close()
        self._cut()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._away:
            writer.transport.abort()
            return
        try:
            from_there, to_there = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, to_there}
        self._open |= ends
        try:
            await asyncio.gather(_pipe(reader, to_there), _pipe(from_there, writer))
        finally:
            self._open -= ends
            for each in ends:
                each.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while octets := await reader.read(CHUNK):
            writer.write(octets)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.close()
