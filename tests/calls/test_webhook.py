"""Alerts reach a webhook: signed, tried again, and never sent to an address of a private network by mistake."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.webhook import ATTEMPTS, LONGEST_PAUSE_S, QUEUE_LIMIT, Delivery, Webhook, delivery
from core.calls.webhook_client import TOTAL_S, WebhookClient, is_public
from core.model.call import CallId
from core.model.clock import SystemClock
from core.model.errors import WebhookAddressRefused, WebhookFailed, WebhookRefused
from tests.fakes.clock import ManualClock
from tests.fakes.dripping_server import dripping_server
from tests.fakes.webhook_receiver import Receiver, webhook_receiver

SECRET = b"a secret of the receiver's"
ALERT = delivery("c1-cancel-1", CallId("c1"), "alert.raised", {"alert": {"name": {"ko": "해지 요구"}}})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as receiver:
        yield receiver


class Pauses:
    """Time that passes at once, and is written down."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return False


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def opened(receiver: Receiver, pauses: Pauses) -> Iterator[Callable[..., Webhook]]:
    webhooks: list[Webhook] = []

    def open_webhook(url: str = "", allow_private: bool = True, **more: object) -> Webhook:
        client = WebhookClient(url or receiver.url, allow_private, ManualClock(), **more)
        webhooks.append(Webhook(client, SECRET, ManualClock(), Random(1), pauses))
        return webhooks[-1]

    yield open_webhook
    closed = [webhook.close() for webhook in webhooks]
    assert all(closed)


def settled(webhook: Webhook, given_up: int) -> None:
    """Wait until that many deliveries were given up."""
    for _ in range(2_000):
        if webhook.given_up >= given_up and webhook.is_failing:
            return
        threading.Event().wait(0.005)
    raise AssertionError(webhook.troubles)


def test_an_alert_comes_with_a_signature_that_the_receiver_can_compute(
    opened: Callable[..., Webhook], receiver: Receiver
) -> None:
    opened().send(ALERT)
    (got,) = receiver.wait_for(1)
    assert got.path == "/alerts?from=earshot"
    assert json.loads(got.body) == {
        "id": "c1-cancel-1",
        "event": "alert.raised",
        "call": "c1",
        "alert": {"name": {"ko": "해지 요구"}},
    }
    assert (got.headers["X-Earshot-Event"], got.headers["X-Earshot-Delivery"]) == ("alert.raised", "c1-cancel-1")
    timestamp = got.headers["X-Earshot-Timestamp"]
    assert timestamp == "1700000000"
    # Computed here from RFC 2104 itself, not by the code that is tested.
    key = SECRET.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + timestamp.encode() + b"." + got.body).digest()
    wanted = hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()
    assert got.headers["X-Earshot-Signature"] == f"v1={wanted}"
    assert wanted != hmac.new(b"another secret", got.body, hashlib.sha256).hexdigest()


def test_what_may_succeed_later_is_tried_again_with_growing_pauses(
    opened: Callable[..., Webhook], receiver: Receiver, pauses: Pauses
) -> None:
    receiver.answers = [503, 429, 500, 200]
    webhook = opened()
    webhook.send(ALERT)
    tries = receiver.wait_for(4)
    assert len({each.headers["X-Earshot-Delivery"] for each in tries}) == 1
    assert len(pauses.seconds) == 3
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses.seconds))
    webhook.send(ALERT)
    receiver.wait_for(5)
    assert webhook.close()
    assert (webhook.troubles, webhook.given_up) == ((), 0)


def test_what_fails_at_every_attempt_is_given_up_and_said(opened: Callable[..., Webhook], receiver: Receiver) -> None:
    receiver.answers = [500]
    webhook = opened()
    webhook.send(ALERT)
    settled(webhook, 1)
    assert len(receiver.received) == ATTEMPTS
    failure, lost = webhook.troubles
    assert isinstance(failure, WebhookFailed)
    assert "status 500" in str(failure)
    assert str(lost) == "1 alerts did not reach the webhook."


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410])
def test_a_refusal_is_not_repeated_and_a_redirect_not_followed(
    opened: Callable[..., Webhook], receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    webhook = opened()
    webhook.send(ALERT)
    settled(webhook, 1)
    assert len(receiver.received) == 1
    assert isinstance(webhook.troubles[0], WebhookRefused)


def test_a_receiver_that_is_not_there_is_named(opened: Callable[..., Webhook]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        webhook = opened(f"http://127.0.0.1:{unused.getsockname()[1]}/")
        webhook.send(ALERT)
        settled(webhook, 1)
    assert "ConnectError" in str(webhook.troubles[0])


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"http://{'a' * 64}.example/", "UnicodeError"),
        ("http://a..b/", "UnicodeError"),
        ("http://알림.한국/", "TypeError"),
        ("http://127.0.0.1:99999/", ""),
        ("http://127.0.0.1:port/", "ValueError"),
        ("gopher://127.0.0.1/", "UnsupportedProtocol"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_failure_like_others(url: str, kind: str) -> None:
    client = WebhookClient(url, True, ManualClock())
    with pytest.raises(WebhookFailed) as failed:
        client.post({}, b"{}")
    assert kind in failed.value.reason
    client.close()


class Astonishing:
    """Implements `core.calls.webhook.Post`: fails once as nobody foresaw, and then no more."""

    host = "astonishing.example"

    def __init__(self) -> None:
        self.failures: list[Exception] = [RuntimeError("아무도 모르는 말")]
        self.closed = threading.Event()

    def post(self, headers: object, body: bytes) -> int:
        if self.failures:
            raise self.failures.pop()
        return 200

    def close(self) -> None:
        self.closed.set()


def test_a_failure_that_nobody_foresaw_is_said_and_does_not_end_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Astonishing()
    webhook = Webhook(client, SECRET, ManualClock(), Random(1))
    webhook.send(ALERT)
    settled(webhook, 1)
    failure, lost = webhook.troubles
    assert "astonishing.example cannot be reached (RuntimeError)" in str(failure)
    assert str(lost) == "1 alerts did not reach the webhook."
    assert not client.closed.is_set()
    webhook.send(ALERT)
    for _ in range(2_000):
        if not webhook.is_failing:
            break
        threading.Event().wait(0.005)
    assert not webhook.is_failing
    assert webhook.close()
    assert "RuntimeError" in caplog.text
    assert "아무도" not in caplog.text


def test_a_receiver_that_never_answers_is_left_after_a_while(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = WebhookClient(f"http://127.0.0.1:{silent.getsockname()[1]}/", True, ManualClock(), timeout_s=0.05)
        with pytest.raises(WebhookFailed, match="ReadTimeout"):
            client.post({}, b"{}")
        client.close()


def test_a_receiver_that_answers_a_byte_at_a_time_is_left_at_the_end_of_the_whole_time() -> None:
    with dripping_server() as url:
        client = WebhookClient(url, True, SystemClock(), total_s=0.3)
        with pytest.raises(WebhookFailed, match="ReadTimeout"):
            client.post({}, b"{}")
        client.close()


def test_no_step_begins_after_the_whole_time(receiver: Receiver) -> None:
    clock = ManualClock()

    def slow(host: str, port: int) -> tuple[str, ...]:
        clock.advance(TOTAL_S)
        return ("127.0.0.1",)

    client = WebhookClient(f"http://slow.example:{receiver.port}/", True, clock, resolve=slow)
    with pytest.raises(WebhookFailed, match="ConnectTimeout"):
        client.post({}, b"{}")
    client.close()
    assert receiver.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "192.168.0.9"])
def test_a_private_address_is_refused_and_nothing_is_sent(receiver: Receiver, host: str) -> None:
    client = WebhookClient(f"http://{host}:{receiver.port}/", False, ManualClock())
    with pytest.raises(WebhookAddressRefused):
        client.post({}, b"{}")
    assert receiver.received == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(receiver: Receiver) -> None:
    client = WebhookClient(
        f"http://mixed.example:{receiver.port}/",
        False,
        ManualClock(),
        resolve=lambda host, port: ("93.184.216.34", "127.0.0.1"),
    )
    with pytest.raises(WebhookAddressRefused, match=r"mixed\.example"):
        client.post({}, b"{}")
    assert receiver.received == []


def test_a_name_that_changes_its_address_after_it_was_judged_gains_nothing(receiver: Receiver) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        # Public when it is judged; this machine whenever somebody asks again.
        return ("198.18.0.1",) if len(asked) == 1 else ("127.0.0.1",)

    class Public(WebhookClient):
        pass

    client = Public(
        f"http://rebinding.example:{receiver.port}/", True, ManualClock(), resolve=rebinding, timeout_s=0.05
    )
    with pytest.raises(WebhookFailed):
        client.post({}, b"{}")
    assert asked == ["rebinding.example"], "it was resolved once, and the connection went to what was judged"
    assert receiver.received == []
    strict = WebhookClient(f"http://rebinding.example:{receiver.port}/", False, ManualClock(), resolve=rebinding)
    with pytest.raises(WebhookAddressRefused):
        strict.post({}, b"{}")
    assert receiver.received == []


def test_a_host_without_an_address_is_a_failure_that_may_pass(receiver: Receiver) -> None:
    def unknown(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(WebhookFailed):
        WebhookClient("https://nowhere.example/", False, ManualClock(), resolve=unknown).post({}, b"{}")


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.9.9.9", "169.254.1.1", "172.16.0.1", "192.168.1.1", "224.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "240.0.0.1"),
    ],
)
def test_what_is_not_everybodys_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@given(
    st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fd00::/8") | st.ip_addresses(network="127.0.0.0/8")
)
def test_no_private_address_is_public(address: object) -> None:
    assert not is_public(str(address))


class Stuck:
    """Implements `core.calls.webhook.Post`: waits until it is let go."""

    host = "stuck.example"

    def __init__(self) -> None:
        self.began, self.let_go = threading.Event(), threading.Event()

    def post(self, headers: object, body: bytes) -> int:
        self.began.set()
        self.let_go.wait(30)
        return 200

    def close(self) -> None:
        pass


def test_a_full_queue_drops_the_newest_and_counts_it_and_sending_never_waits() -> None:
    stuck = Stuck()
    webhook = Webhook(stuck, SECRET, ManualClock(), Random(1))
    webhook.send(ALERT)
    assert stuck.began.wait(10)
    for n in range(QUEUE_LIMIT + 3):
        webhook.send(Delivery(str(n), CallId("c1"), "alert.raised", b"{}"))
    assert webhook.dropped == 3
    assert str(webhook.troubles[-1]) == "3 alerts did not reach the webhook."
    closing = threading.Thread(target=webhook.close, name="closing")
    closing.start()
    stuck.let_go.set()
    closing.join(10)
    assert webhook.close()


def test_closing_breaks_off_a_pause(receiver: Receiver) -> None:
    receiver.answers = [503]
    webhook = Webhook(WebhookClient(receiver.url, True, ManualClock()), SECRET, ManualClock(), Random(1))
    webhook.send(ALERT)
    receiver.wait_for(1)
    assert webhook.close(timeout_s=LONGEST_PAUSE_S)
    assert len(receiver.received) < ATTEMPTS


def test_nothing_that_was_said_is_logged(
    opened: Callable[..., Webhook], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [400]
    webhook = opened()
    webhook.send(delivery("c1-x-1", CallId("c1"), "alert.raised", {"alert": {"words": ["아무도 모르는 말"]}}))
    settled(webhook, 1)
    assert "c1-x-1" in caplog.text
    assert "아무도" not in caplog.text
