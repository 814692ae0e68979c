"""A network namespace of one's own, for tests with real packets.

aioice leaves out loopback addresses, so a test of real WebRTC needs another address. A namespace gives two
(10.99.0.1 and 10.99.0.2, the ends of a veth pair) without touching the machine's network, and no packet can leave it.

Three ways to use it, all of which need root on Linux:

* `with own_namespace():` moves the calling thread; sockets it opens and children and threads it starts then are inside.
* `subprocess.Popen(namespace_command(["python", "-m", ...]))` starts one command inside a namespace of its own.
* `@requires_namespace` on a test, or `pytestmark = namespace_marks()` in a module, marks and, where there is no way to
  make one, skips loudly; with `CI=true` nothing is skipped and the test fails instead.
"""

import ctypes
import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

ADDRESSES = ("10.99.0.1", "10.99.0.2")

SETUP = """set -e
ip link set lo up
ip link add va type veth peer name vb
ip addr add 10.99.0.1/24 dev va
ip addr add 10.99.0.2/24 dev vb
ip link set va up
ip link set vb up
"""

_CLONE_NEWNET = 0x40000000
_Test = TypeVar("_Test", bound=Callable[..., object])


class NamespaceUnavailable(RuntimeError):
    """This machine or user cannot make a network namespace."""


@functools.cache
def namespace_problem() -> str:
    """Why no namespace can be made here; empty when one can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces exist on Linux only"
    if os.geteuid() != 0:
        return "making a network namespace needs root; run the tests as root"
    try:
        trial = subprocess.run(["unshare", "-n", "bash", "-c", SETUP], capture_output=True, text=True, timeout=20)
    except FileNotFoundError as error:
        return f"{error.filename} is missing; install the packages util-linux, iproute2 and bash"
    if trial.returncode:
        return f"unshare -n failed: {trial.stderr.strip() or trial.returncode}"
    return ""


def _require() -> None:
    if problem := namespace_problem():
        raise NamespaceUnavailable(problem)


def namespace_command(command: Sequence[str]) -> list[str]:
    """`command`, to be run in a fresh namespace with the two addresses up. The process id is that of `command` itself.

    Raises:
        NamespaceUnavailable: saying what is missing.
    """
    _require()
    return ["unshare", "-n", "bash", "-c", SETUP + 'exec "$@"', "namespace", *command]


@contextmanager
def own_namespace() -> Iterator[tuple[str, str]]:
    """Move the calling thread to a fresh namespace, and back at the end. Yields the two addresses.

    Sockets stay in the namespace in which they were opened. Threads and children belong where their starter is.

    Raises:
        NamespaceUnavailable: saying what is missing.
    """
    _require()
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open(Path("/proc/thread-self/ns/net"), os.O_RDONLY)
    try:
        if libc.unshare(_CLONE_NEWNET):
            raise NamespaceUnavailable(os.strerror(ctypes.get_errno()))
        try:
            subprocess.run(["bash", "-c", SETUP], check=True, capture_output=True, timeout=20)
            yield ADDRESSES
        finally:
            if libc.setns(home, _CLONE_NEWNET):
                raise NamespaceUnavailable(f"cannot go back: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(home)


def requires_namespace(test: _Test) -> _Test:
    """Mark a test (or class) that needs a namespace; skip it loudly where there is none, unless `CI=true`."""
    marked = pytest.mark.namespace(test)
    if os.environ.get("CI") != "true" and (problem := namespace_problem()):
        return pytest.mark.skip(reason=f"NOT TESTED: {problem}")(marked)
    return marked


def namespace_marks() -> list[pytest.MarkDecorator]:
    """The same for a whole module: `pytestmark = namespace_marks()`."""
    marks = [pytest.mark.namespace]
    if os.environ.get("CI") != "true" and (problem := namespace_problem()):
        marks.append(pytest.mark.skip(reason=f"NOT TESTED: {problem}"))
    return marks
