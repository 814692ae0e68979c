"""The browser probe in a real call: both vantages and directions of every leg, on the call's clock."""

import json
import sqlite3
import urllib.request
from contextlib import closing
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Page

from bench.outages import RunningCall, join, new_call
from tests.e2e.conftest import ACTION_LIMIT_MS, OpenPage
from tests.support.browser import audio_stats, eventually, press_start
from tests.support.outage import outage
from tests.support.streamlit_server import Server

Rows = list[dict[str, Any]]

RATE_TOLERANCE = 2.0
"""Packets a second by which the two vantages may differ in the same stretch of time: its ends are as exact as the
call's clock is in the browser, and packets are on their way."""
SIZE_TOLERANCE = 0.1
"""The share by which the packets' mean size may differ, for the same reason."""
SHORTEST_STRETCH_S = 3.0
JITTER_TOLERANCE_MS = 30.0
"""By which the medians may differ: one end's is what the other reported last, seconds ago, and on a busy machine
packets arrive late now and then."""
RTT_LIMIT_MS = 100.0
"""There is no network between the two; a busy machine answers late."""
CLOCK_TOLERANCE_S = 0.8
"""Requests take their time on a busy machine, and half of the shortest one's is the error; less than a lost second."""


def exported(server: Server, call: RunningCall) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/api/calls/{call.id}/export?format=json", timeout=30) as answer:
        return dict(json.load(answer))


def known_legs(server: Server, call: RunningCall) -> dict[str, Any]:
    """What is kept of the legs by now; unlike an export, that may be asked again and again."""
    with closing(sqlite3.connect(server.data_dir / "earshot.db")) as database:
        rows = database.execute("SELECT id, facts FROM legs WHERE call_id = ? AND facts IS NOT NULL", (call.id,))
        return {leg_id: json.loads(facts) for leg_id, facts in rows}


def end(server: Server, call: RunningCall, page: Page) -> dict[str, Any]:
    """End the call; everything that is kept of it."""
    with urllib.request.urlopen(f"{server.url}/api/session", timeout=10) as answer:
        token = json.load(answer)["xsrf_token"]
    headers = {"Content-Type": "application/json", "X-Earshot-Xsrf": token}
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/api/calls/{call.id}/end", b"{}", headers), timeout=10
    ).close()
    eventually(page, lambda: not there(server, call), "the end is kept", 30)
    page.wait_for_timeout(4_000)
    return exported(server, call)


def of(rows: Rows, leg_id: str, direction: str, vantage: str) -> Rows:
    wanted = (leg_id, direction, vantage)
    return [row for row in rows if (row["leg_id"], row["direction"], row["vantage"]) == wanted]


def figures(rows: Rows, name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]


def common_stretch(ends: list[Rows]) -> tuple[float, float]:
    """From when to when packets passed both vantages.

    Outside of it one counts what the other cannot: the server sends silence into an outage, and while a leg is being
    connected or given up.
    """
    passed = [[row for row in rows if row["packets"]] for rows in ends]
    since_s = max(rows[0]["at_s"] - rows[0]["period_s"] for rows in passed) + CLOCK_TOLERANCE_S
    until_s = min(rows[-1]["at_s"] for rows in passed) - CLOCK_TOLERANCE_S
    assert until_s - since_s >= SHORTEST_STRETCH_S, (since_s, until_s)
    return since_s, until_s


def within(rows: Rows, since_s: float, until_s: float) -> Rows:
    """The seconds that lie in a stretch of time altogether."""
    return [row for row in rows if since_s <= row["at_s"] - row["period_s"] and row["at_s"] <= until_s]


def passed_in(rows: Rows, name: str, since_s: float, until_s: float) -> float:
    """How much of a count falls into a stretch of time; a second that lies in it in part counts in part."""
    shares = [
        max(0.0, min(until_s, row["at_s"]) - max(since_s, row["at_s"] - row["period_s"])) / row["period_s"]
        for row in rows
    ]
    return sum(share * row[name] for share, row in zip(shares, rows, strict=True))


def is_connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def press_start_until_connected(page: Page) -> None:
    press_start(page)
    eventually(page, lambda: is_connected(page), "the leg is connected", 40)


def there(server: Server, call: RunningCall) -> set[str]:
    """The legs that are connected."""
    facts = known_legs(server, call)
    return {leg for leg, each in facts.items() if each["connected_at_s"] is not None and each["ended_at_s"] is None}


def lose_every_leg(server: Server, call: RunningCall, page: Page) -> None:
    """Every path is silent for longer than pages wait for it, so every leg comes back as a new one."""
    before = there(server, call)
    with outage():
        page.wait_for_timeout(18_000)
    eventually(page, lambda: len(there(server, call) - before) == len(before), "the legs are connected anew", 90)


@pytest.fixture(scope="module")
def kept(server: Server, browser: Any) -> dict[str, Any]:
    """A call of an agent and a customer, with a reconnection of both and a reload of the customer's page."""
    call = new_call(server)
    context = browser.new_context(permissions=["microphone"])
    context.set_default_timeout(ACTION_LIMIT_MS)
    agent, customer = context.new_page(), context.new_page()
    agent.goto(f"{server.url}/live?call={call.id}")
    press_start_until_connected(agent)
    join(customer, call.link, "Chris")
    customer.wait_for_timeout(8_000)
    lose_every_leg(server, call, customer)
    customer.wait_for_timeout(6_000)
    with outage(media=False, page_port=server.port):
        customer.wait_for_timeout(8_000)
    customer.wait_for_timeout(12_000)
    customer.reload()
    press_start_until_connected(customer)
    customer.wait_for_timeout(8_000)
    found = end(server, call, agent)
    context.close()
    return found


def stood(kept: dict[str, Any]) -> dict[str, Any]:
    """The facts of the legs that were connected; on a busy machine a try may come to nothing."""
    return {leg: facts for leg, facts in kept["leg_facts"].items() if facts["connected_at_s"] is not None}


def test_every_leg_is_measured_from_both_ends_in_both_directions(kept: dict[str, Any]) -> None:
    connected = stood(kept)
    assert len(connected) >= 5, "two of the agent's, three of the customer's"
    for leg_id in connected:
        for direction in ("inbound", "outbound"):
            for vantage in ("server", "browser"):
                seconds = of(kept["samples"], leg_id, direction, vantage)
                assert len(seconds) >= 4, (leg_id, direction, vantage, len(seconds))


def test_a_browser_s_seconds_are_one_after_another_on_the_call_s_clock(kept: dict[str, Any]) -> None:
    for leg_id, facts in stood(kept).items():
        assert facts["opened_at_s"] <= facts["offered_at_s"] <= facts["connected_at_s"] <= facts["ended_at_s"]
        rows = of(kept["samples"], leg_id, "outbound", "browser")
        for before, after in pairwise(rows):
            # Nothing between them is left out, not even of the time in which the server could not be reached.
            assert after["at_s"] - after["period_s"] == pytest.approx(before["at_s"], abs=CLOCK_TOLERANCE_S)
        assert rows[0]["at_s"] - rows[0]["period_s"] >= facts["opened_at_s"] - CLOCK_TOLERANCE_S
        assert rows[-1]["at_s"] <= facts["ended_at_s"] + CLOCK_TOLERANCE_S
        # A voice that reaches the server leaves the browser in the same second.
        first = [
            next(row["at_s"] for row in of(kept["samples"], leg_id, "inbound", each) if row["packets"])
            for each in ("server", "browser")
        ]
        assert first[0] == pytest.approx(first[1], abs=1.5 + CLOCK_TOLERANCE_S)


def test_what_both_ends_measure_agrees(kept: dict[str, Any]) -> None:
    for leg_id in stood(kept):
        for direction in ("inbound", "outbound"):
            whole = [of(kept["samples"], leg_id, direction, vantage) for vantage in ("server", "browser")]
            since_s, until_s = common_stretch(whole)
            packets, octets = (
                [passed_in(rows, name, since_s, until_s) for rows in whole] for name in ("packets", "octets")
            )
            rates = [count / (until_s - since_s) for count in packets]
            sizes = [octets[end] / packets[end] for end in range(len(whole))]
            print(leg_id, direction, "packets/s", rates, "octets a packet", sizes)
            assert rates[1] == pytest.approx(rates[0], abs=RATE_TOLERANCE)
            assert sizes[1] == pytest.approx(sizes[0], rel=SIZE_TOLERANCE)
            for rows in whole:
                assert sum(figures(within(rows, since_s, until_s), "lost")) == 0
            # One end's is what the other reports every few seconds, so a short stretch may have none.
            jitters = [median(figures(rows, "jitter_ms")) for rows in whole]
            assert jitters[1] == pytest.approx(jitters[0], abs=JITTER_TOLERANCE_MS)
        rtts = [figures(of(kept["samples"], leg_id, "outbound", each), "rtt_ms") for each in ("server", "browser")]
        # An end without the other's report has none: the server's first takes seconds.
        assert rtts[1]
        assert all(median(each) < RTT_LIMIT_MS for each in rtts if each)


def test_what_only_a_browser_knows_is_there(kept: dict[str, Any]) -> None:
    leg_id = next(iter(kept["legs"]))
    heard = of(kept["samples"], leg_id, "outbound", "browser")
    said = of(kept["samples"], leg_id, "inbound", "browser")
    for name in (
        "jitter_buffer_ms",
        "jitter_buffer_target_ms",
        "jitter_buffer_total_s",
        "concealed_pct",
        "stretched_pct",
    ):
        assert figures(heard, name), name
    assert 0 < median(figures(heard, "jitter_buffer_ms")) < 500
    assert max(figures(heard, "level_dbfs")) > -40
    assert max(figures(said, "level_dbfs")) > -40
    assert {row["is_muted"] for row in said} == {False}
    assert heard[-1]["path_state"] in ("disconnected", "failed"), "the silence of the path was told"
    stood_path = next(row for row in heard if row["path_state"] == "connected")
    assert (stood_path["local_candidate"], stood_path["path_transport"]) == ("host", "udp")
    assert stood_path["remote_candidate"] in ("host", "prflx")
    assert stood_path["path_id"]
    for leg in stood(kept).values():
        browser = leg["browser"]
        assert "Chrom" in browser["name"]
        assert browser["platform"] == "Linux"
        assert browser["is_secure"]
        assert browser["microphone"]["noise_suppression"] is False
        assert browser["microphone"]["sample_rate"] == 48_000
        assert (browser["ice"]["local"], browser["ice"]["remote"]) == (
            # The second kind is Chromium's own address for connections over TCP, which the server does not answer.
            ["host/tcp", "host/udp"],
            ["host/udp"],
        )
        assert 0 <= browser["clock_error_ms"] < 1_000 * CLOCK_TOLERANCE_S


def test_a_connection_that_never_stands_is_told_of_while_it_is_tried(server: Server, open_page: OpenPage) -> None:
    call = new_call(server)
    agent = open_page(f"{server.url}/live?call={call.id}")
    with outage():
        press_start(agent)
        eventually(agent, lambda: bool(known_legs(server, call)), "there is a leg", 30)
        agent.wait_for_timeout(10_000)
        kept = end(server, call, agent)
    facts = next(iter(kept["leg_facts"].values()))
    assert (facts["offered_at_s"] is None, facts["connected_at_s"]) == (False, None)
    assert facts["browser"]["ice"]["remote"] == ["host/udp"]
    tried = of(kept["samples"], facts["leg_id"], "outbound", "browser")
    assert tried
    assert {(row["path_state"], row["packets"]) for row in tried} == {("connecting", 0)}
    assert of(kept["samples"], facts["leg_id"], "outbound", "server") == []


def test_a_mute_is_told(server: Server, open_page: OpenPage) -> None:
    call = new_call(server)
    agent = open_page(f"{server.url}/live?call={call.id}")
    press_start_until_connected(agent)
    agent.get_by_role("button", name="Mute", exact=True).click()
    agent.wait_for_timeout(8_000)
    kept = end(server, call, agent)
    (leg_id,) = kept["legs"]
    last = of(kept["samples"], leg_id, "inbound", "browser")[-1]
    assert (last["is_muted"], last["level_dbfs"]) == (True, -127)


def test_a_supervisor_who_listens_to_a_demo_is_measured_too(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name="Start demo call").click()
    page.wait_for_url("**/live?call=*")
    page.get_by_role("button", name="Listen").click()
    eventually(page, lambda: is_connected(page), "the listener hears", 40)
    page.wait_for_timeout(10_000)
    call = RunningCall(page.url.rpartition("=")[2], "")
    kept = end(server, call, page)
    listeners = [leg for leg, facts in kept["leg_facts"].items() if facts["is_listener"]]
    heard = of(kept["samples"], listeners[-1], "outbound", "browser")
    assert median(row["packets"] / row["period_s"] for row in heard[1:-1]) == pytest.approx(50, abs=5)
    voices = [facts for leg, facts in kept["leg_facts"].items() if leg not in listeners]
    assert [(facts["browser"], facts["connected_at_s"] is None) for facts in voices] == [(None, False)] * 2
