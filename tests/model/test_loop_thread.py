import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from core.model.loop_thread import LoopThread, cancel_others


async def _thread_name() -> str:
    return threading.current_thread().name


def test_work_runs_on_the_named_thread() -> None:
    thread = LoopThread("named")
    try:
        assert thread.submit(_thread_name).result(5.0) == "named"
    finally:
        thread.close(cancel_others, 5.0)


def test_what_still_runs_is_ended_when_the_loop_is_closed_and_the_thread_is_gone() -> None:
    thread = LoopThread("named-closing")
    begun = threading.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    running = thread.submit(endless)
    assert begun.wait(5.0)
    thread.close(cancel_others, 5.0)
    thread.close(cancel_others, 5.0)
    with pytest.raises(CancelledError):
        running.result(5.0)
    assert "named-closing" not in {each.name for each in threading.enumerate()}


def test_work_for_a_closed_loop_is_cancelled_at_once_and_never_begins() -> None:
    thread = LoopThread("named-closed")
    thread.close(cancel_others, 5.0)
    begun: list[bool] = []

    async def work() -> None:
        begun.append(True)

    assert thread.submit(work).cancelled()
    assert not begun
