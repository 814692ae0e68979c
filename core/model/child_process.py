"""The end of a child process."""

import asyncio


async def end_process(process: asyncio.subprocess.Process, timeout_s: float) -> None:
    """Ask a process to end, then make it. Returns when it is gone."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError:
            process.kill()
    await process.wait()
