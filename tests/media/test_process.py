"""Which bridge the media process takes: the one that was asked for, or the next that the installed aiortc allows."""

import pytest

from core.media import compat
from core.media.compat import forward_problem
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.process import choose_bridge
from core.media.relay import RelayBridge
from core.media.tap import TapBridge
from core.settings import BridgeKind


def test_packets_can_be_forwarded() -> None:
    assert forward_problem() == "", "aiortc has changed: see core/media/compat.py"


def test_what_forwarding_lacks_is_told_and_packets_are_tapped_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_SENT", ("ntp_timestamp", "gone"))
    assert "__gone" in forward_problem()
    bridge, kind, problem = choose_bridge(BridgeKind.FORWARD, Tally())
    assert isinstance(bridge, TapBridge)
    assert kind is BridgeKind.TAP
    assert "__gone" in problem


def test_without_a_tap_voices_are_transcoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_HANDLER", "_gone")
    for wanted in (BridgeKind.FORWARD, BridgeKind.TAP):
        bridge, kind, problem = choose_bridge(wanted, Tally())
        assert isinstance(bridge, RelayBridge)
        assert kind is BridgeKind.RELAY
        assert "_gone" in problem


def test_each_bridge_is_given_as_asked() -> None:
    for kind, made in (
        (BridgeKind.FORWARD, ForwardBridge),
        (BridgeKind.TAP, TapBridge),
        (BridgeKind.RELAY, RelayBridge),
    ):
        bridge, chosen, problem = choose_bridge(kind, Tally())
        assert (type(bridge), chosen, problem) == (made, kind, "")
