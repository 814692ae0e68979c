"""A real TURN server, coturn's `turnserver`, unprivileged, in the network namespace of the thread that starts it."""

import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.processes import stop

USERNAME, PASSWORD = "kim", "correct-horse-battery"
SECRET = "zebra-umbrella-saxophone"
PORT, TLS_PORT = 3478, 5349
RELAY_PORTS = (49160, 49259)
START_LIMIT_S = 10.0
STOP_LIMIT_S = 10.0
FIXED = (f"user={USERNAME}:{PASSWORD}",)
EPHEMERAL = ("use-auth-secret", f"static-auth-secret={SECRET}")

CONFIG = """
listening-ip={address}
relay-ip={address}
listening-port={port}
tls-listening-port={tls_port}
min-port={low}
max-port={high}
realm=earshot.example
cert={folder}/chain.pem
pkey={folder}/key.pem
fingerprint
lt-cred-mech
verbose
no-multicast-peers
no-cli
no-dtls
userdb={folder}/turndb
pidfile={folder}/turnserver.pid
log-file={folder}/turnserver.log
simple-log
"""


@functools.cache
def coturn_problem() -> str:
    """Why no TURN server can be run here; empty when one can."""
    return "" if shutil.which("turnserver") else "turnserver is missing; install the package coturn"


def coturn_marks() -> list[pytest.MarkDecorator]:
    """`pytestmark` of a module that needs coturn: skipped loudly where there is none, unless `CI=true`."""
    problem = coturn_problem()
    return [pytest.mark.skip(reason=f"NOT TESTED: {problem}")] if problem and os.environ.get("CI") != "true" else []


@dataclass(frozen=True, slots=True)
class Coturn:
    """A running TURN server."""

    address: str
    folder: Path

    @property
    def urls(self) -> dict[str, str]:
        """Its address by the way it is reached: `udp`, `tcp`, `tls`."""
        return {
            "udp": f"turn:{self.address}:{PORT}?transport=udp",
            "tcp": f"turn:{self.address}:{PORT}?transport=tcp",
            "tls": f"turns:{self.address}:{TLS_PORT}?transport=tcp",
        }

    @property
    def stun_url(self) -> str:
        """Its address as a STUN server."""
        return f"stun:{self.address}:{PORT}"

    @property
    def authority(self) -> Path:
        """What signed its certificate; for the variable SSL_CERT_FILE."""
        return self.folder / "authority.pem"

    @property
    def log(self) -> str:
        """Everything that it has written so far."""
        return (self.folder / "turnserver.log").read_text(errors="replace")


@contextmanager
def running_coturn(address: str, credentials: Sequence[str] = FIXED) -> Iterator[Coturn]:
    """A TURN server at `address` until the block ends, with `FIXED` or `EPHEMERAL` credentials."""
    with tempfile.TemporaryDirectory(prefix="coturn-") as name:
        folder = Path(name)
        authority = trustme.CA()
        certificate = authority.issue_cert(address)
        authority.cert_pem.write_to_path(folder / "authority.pem")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "chain.pem", append=True)
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        low, high = RELAY_PORTS
        config = CONFIG.format(address=address, port=PORT, tls_port=TLS_PORT, low=low, high=high, folder=folder)
        (folder / "turnserver.conf").write_text("\n".join((config, *credentials, "")))
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody", "nogroup")
        process = subprocess.Popen(
            ["turnserver", "-c", str(folder / "turnserver.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user="nobody",
            group="nogroup",
            extra_groups=[],
        )
        server = Coturn(address, folder)
        try:
            _wait_until_up(server, process)
            yield server
        finally:
            stop(process, STOP_LIMIT_S)


def _wait_until_up(server: Coturn, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_S
    for port in (PORT, TLS_PORT):
        while True:
            assert process.poll() is None, f"turnserver ended with {process.returncode}:\n{server.log}"
            assert time.monotonic() < deadline, f"turnserver was not up after {START_LIMIT_S:.0f} s:\n{server.log}"
            try:
                socket.create_connection((server.address, port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
