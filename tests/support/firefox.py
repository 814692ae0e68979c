"""A real Firefox with a fake microphone, driven by WebDriver BiDi (W3C, https://www.w3.org/TR/webdriver-bidi).

Playwright brings its own Firefox; the one that people use it can drive only where that is as new as itself.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import stop

FIREFOX = "/usr/bin/firefox-esr"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
COMMAND_LIMIT_S = 30.0
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class BidiError(AssertionError):
    """Firefox refused a command; the message says which and why."""


class Firefox:
    """One tab of a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._send("session.new", capabilities={})
        self._tab = self._send("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression or its promise comes to, as JSON can say it."""
        answer = self._send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise BidiError(f"{expression}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    def until(self, expression: str, limit_s: float) -> Any:
        """What an expression comes to, once that is true in JavaScript's sense."""
        deadline = time.monotonic() + limit_s
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"after {limit_s:.0f} s still not so: {expression}"
            time.sleep(0.1)
        return value

    def click(self, point: str) -> None:
        """Press where an expression says, in `{x, y}` of the window's pixels, as a person does."""
        at = self.evaluate(point)
        move = {"type": "pointerMove", "x": round(at["x"]), "y": round(at["y"]), "origin": "viewport"}
        press = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._send(
            "input.performActions",
            context=self._tab,
            actions=[{"type": "pointer", "id": "mouse", "actions": press}],
        )

    def _send(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(COMMAND_LIMIT_S))
            if answer.get("id") != self._number:
                continue
            if answer["type"] == "error":
                raise BidiError(f"{method}: {answer['message']}")
            return answer["result"]


def firefox_problem() -> str:
    """Why no test can run Firefox here; empty when they can."""
    return "" if shutil.which(FIREFOX) else f"{FIREFOX} is missing; install the package firefox-esr"


@contextmanager
def running_firefox() -> Iterator[Firefox]:
    """A Firefox of its own profile in the network namespace of the calling thread, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as name:
        profile = Path(name)
        lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines))
        log = profile / "log.txt"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [FIREFOX, "--headless", "--no-remote", "--remote-debugging-port=0", f"--profile={profile}"],
                stdout=sink,
                stderr=sink,
                env={"HOME": name, "PATH": "/usr/bin:/bin"},
            )
        try:
            with connect(f"{_address(process, log)}/session", max_size=None) as socket:
                yield Firefox(socket)
        finally:
            stop(process, STOP_LIMIT_S)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_LIMIT_S
    while not (found := _LISTENING.search(log.read_text(errors="replace"))):
        assert process.poll() is None, f"Firefox ended with {process.returncode}:\n{log.read_text(errors='replace')}"
        assert time.monotonic() < deadline, f"Firefox was not up after {START_LIMIT_S:.0f} s"
        time.sleep(0.05)
    return found.group(1)
