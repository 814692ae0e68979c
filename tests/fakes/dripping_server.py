"""A server that begins its answer, and sends the rest of its headers a byte at a time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Padding: "
BETWEEN_S = 0.02


@contextmanager
def dripping_server(drops: int = 250) -> Iterator[str]:
    """Its address. After `drops` bytes, 20 ms apart, the answer is whole and good; it takes one connection."""
    over = threading.Event()

    def answer() -> None:
        try:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(ANSWER)
                for _ in range(drops):
                    if over.wait(BETWEEN_S):
                        return
                    connection.sendall(b"x")
                connection.sendall(b"\r\n\r\n")
        except OSError:
            # Whoever asked has had enough, or nobody asked.
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        thread = threading.Thread(target=answer, name="dripping-server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()
