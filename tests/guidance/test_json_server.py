"""How long a server that is asked by JSON may take, and what becomes of questions when it is closed."""

import asyncio
import socket
import threading

import pytest

from core.guidance.json_server import CLOSED, JsonServer, ServerAddress
from core.model.errors import GuidanceServerSilent, GuidanceServerUnreachable
from tests.fakes.dripping_server import dripping_server


def test_headers_that_come_a_byte_at_a_time_are_left_at_the_end_of_the_time() -> None:
    with dripping_server() as url:
        server = JsonServer(ServerAddress(url))
        with pytest.raises(GuidanceServerSilent, match=r"within 0\.3 seconds"):
            server.ask({}, timeout_s=0.3)
        server.close()


def test_closing_ends_the_questions_that_are_under_way_and_its_thread() -> None:
    failures: list[GuidanceServerUnreachable] = []
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = JsonServer(ServerAddress(f"http://127.0.0.1:{silent.getsockname()[1]}/"))

        def ask() -> None:
            try:
                server.ask({}, timeout_s=60)
            except GuidanceServerUnreachable as error:
                failures.append(error)

        asking = threading.Thread(target=ask, name="asking")
        asking.start()
        # Its question is there, and nobody answers it.
        connection, _ = silent.accept()
        server.close()
        asking.join(10)
        connection.close()
    assert [failure.reason for failure in failures] == [CLOSED]
    assert set(threading.enumerate()) <= before


def test_nothing_is_asked_of_a_closed_server_and_it_closes_once() -> None:
    server = JsonServer(ServerAddress("http://127.0.0.1:9/"))
    server.close()
    server.close()
    with pytest.raises(GuidanceServerUnreachable, match=CLOSED):
        server.ask({}, timeout_s=1)


async def test_it_may_be_asked_from_a_thread_that_has_a_loop_of_its_own() -> None:
    server = JsonServer(ServerAddress("http://127.0.0.1:9/"))
    with pytest.raises(GuidanceServerUnreachable, match="ConnectError"):
        server.ask({}, timeout_s=5)
    await asyncio.to_thread(server.close)
