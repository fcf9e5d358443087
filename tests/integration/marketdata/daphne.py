"""The `web` role as a process of its own: a real Daphne on a free port."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, NamedTuple

PROJECT = Path(__file__).parents[3]


class Server(NamedTuple):
    address: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def running_daphne(
    port: int, log: IO[bytes] | None = None, more_ports: Iterable[int] = (), /, **settings: str
) -> AsyncIterator[Server]:
    """Serve until the block ends, with settings added to the environment; what it says goes to `log`, if given."""
    more = [argument for each in more_ports for argument in ("-e", f"tcp:port={each}:interface=127.0.0.1")]
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), *more, "config.asgi:application"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, env={**os.environ, **settings}, stdout=log, stderr=log
    )
    try:
        await _wait_for(port)
        yield Server(f"127.0.0.1:{port}", process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
