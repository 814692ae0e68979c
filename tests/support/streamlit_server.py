"""`streamlit run` as a child process, for tests with a real browser or a real HTTP client."""

import os
import socket
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

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60.0
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
    script: Path, data_dir: Path, *, environment: Mapping[str, str] | None = None, health: str = "/_stcore/health"
) -> Iterator[Server]:
    """Run `script` on a free port of all addresses until the block ends; children of the server end with it."""
    make_data_folder(data_dir)
    port = free_port()
    log_file = data_dir / "server.log"
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
    own = {"EARSHOT_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **own, **(environment or {})}, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}", port, data_dir, log_file, process)
    try:
        _wait_until_healthy(server, health)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT_S)


def _wait_until_healthy(server: Server, health: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerFailed(f"the server ended with {server.process.returncode}:\n{server.log}")
        try:
            with urllib.request.urlopen(server.url + health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerFailed(f"the server was not up after {START_LIMIT_S:.0f} s:\n{server.log}")
