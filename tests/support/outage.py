"""Outages and losses of the network, made with iptables in the namespace that the calling thread is in."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def outage(*, media: bool = True, page_port: int | None = None) -> Iterator[None]:
    """Drop packets while it lasts.

    Args:
        media: everything that UDP carries, in both directions.
        page_port: what goes to or comes from the server at this TCP port, so that pages and events get no further.
    """
    rules = ["-p udp -j DROP"] if media else []
    if page_port is not None:
        rules += [f"-p tcp --{end} {page_port} -j DROP" for end in ("dport", "sport")]
    with _dropping(rules):
        yield


@contextmanager
def loss(probability: float) -> Iterator[None]:
    """Lose each UDP packet with this probability, while it lasts."""
    with _dropping([f"-p udp -m statistic --mode random --probability {probability} -j DROP"]):
        yield


@contextmanager
def _dropping(rules: Sequence[str]) -> Iterator[None]:
    for rule in rules:
        _iptables(f"-I INPUT {rule}")
    try:
        yield
    finally:
        for rule in rules:
            _iptables(f"-D INPUT {rule}")


def _iptables(rule: str) -> None:
    subprocess.run(["iptables", *rule.split()], check=True, capture_output=True, timeout=20)
