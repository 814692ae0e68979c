"""The server as a child process, for tests with a real browser or a real HTTP client."""

import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.data_folder import make_data_folder
from tests.support.processes import stop

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 240.0
STOP_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. Pages are opened on 127.0.0.1, which browsers take for secure."""

    url: str
    port: int
    data_dir: Path
    log_file: Path
    process: "subprocess.Popen[bytes]"

    @property
    def log(self) -> str:
        """Everything that the server has printed so far."""
        return self.log_file.read_text(errors="replace")


class ServerFailed(AssertionError):
    """The server did not come up; the message holds its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    script: Path,
    data_dir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    health: str = "/_stcore/health",
    port: int | None = None,
) -> Iterator[Server]:
    """Run `script` on a port of all addresses, a free one unless it is given, until the block ends.

    Children of the server end with it.
    """
    make_data_folder(data_dir)
    port = port or free_port()
    options = {
        "server.port": port,
        "server.address": "0.0.0.0",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "logger.level": "info",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--{name}={value}" for name, value in options.items()]
    with _started(command, data_dir, f"http://127.0.0.1:{port}", environment or {}, health) as server:
        yield server


@contextmanager
def launched_server(
    data_dir: Path, *, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The whole server as `make run` starts it, on a free port; with HTTPS where the environment has a certificate."""
    make_data_folder(data_dir)
    port = port or free_port()
    given = {"STREAMLIT_SERVER_HEADLESS": "true", "EARSHOT_PORT": str(port), **(environment or {})}
    scheme = "https" if "EARSHOT_TLS_CERTIFICATE" in given else "http"
    command = [sys.executable, "-m", "core.api"]
    with _started(command, data_dir, f"{scheme}://127.0.0.1:{port}", given, "/api/health") as server:
        yield server


@contextmanager
def _started(
    command: list[str], data_dir: Path, url: str, environment: Mapping[str, str], health: str
) -> Iterator[Server]:
    # Tests end the server with calls that nobody will finish.
    own = {
        "EARSHOT_DATA_DIR": str(data_dir),
        "EARSHOT_DRAIN_S": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    log_file = data_dir / "server.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **own, **environment}, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(url, int(url.rpartition(":")[2]), data_dir, log_file, process)
    try:
        _wait_until_healthy(server, health)
        yield server
    finally:
        stop(process, STOP_LIMIT_S)


def _wait_until_healthy(server: Server, health: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    # The certificates of tests are signed by authorities that nobody trusts.
    trusting = ssl._create_unverified_context()
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerFailed(f"the server ended with {server.process.returncode}:\n{server.log}")
        try:
            with urllib.request.urlopen(server.url + health, timeout=2, context=trusting):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerFailed(f"the server was not up after {START_LIMIT_S:.0f} s:\n{server.log}")
