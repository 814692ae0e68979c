"""Which STUN and TURN servers each side is given, and with which credentials."""

import base64
import hashlib
import hmac

from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.rtcicetransport import connection_kwargs

from core.media.ice import BROWSER, OWN_ADDRESSES, SERVER, IceConfiguration, ephemeral_credentials
from core.media.messages import Answer, decode_from_controller, encode_frame
from core.media.peer_configuration import peer_configuration
from core.model.call import LegId
from core.settings import IcePolicy, Settings

NOW_S = 1_800_000_000.5
STUN = ("stun:a.example:3478", "stun:b.example:3478")
TURN = ("turns:c.example:443?transport=tcp", "turn:d.example:3478?transport=udp")


def configuration(who: str = SERVER, **values: object) -> IceConfiguration:
    return IceConfiguration.from_settings(Settings(_env_file=None, **values), NOW_S, who)


def test_without_settings_nothing_leaves_the_network() -> None:
    assert configuration() == OWN_ADDRESSES
    assert configuration().as_browser_configuration() == {"iceServers": []}
    assert peer_configuration(OWN_ADDRESSES).iceServers == []


def test_a_fixed_password_goes_to_the_turn_servers_alone() -> None:
    ice = configuration(stun_servers=STUN[:1], turn_servers=TURN, turn_username="kim", turn_password="hush-hush")
    assert ice.as_browser_configuration()["iceServers"] == [
        {"urls": STUN[0]},
        {"urls": TURN[0], "username": "kim", "credential": "hush-hush"},
        {"urls": TURN[1], "username": "kim", "credential": "hush-hush"},
    ]
    assert "hush" not in repr(ice)


def test_credentials_are_made_from_the_secret_and_expire() -> None:
    username, credential = ephemeral_credentials("zebra", NOW_S + 60, BROWSER)
    assert username == "1800000060:browser"
    assert base64.b64decode(credential) == hmac.digest(b"zebra", username.encode(), hashlib.sha1)
    ice = configuration(BROWSER, turn_servers=TURN[:1], turn_secret="zebra", turn_lifetime_s=60)
    assert ice.relay is not None
    assert (ice.relay.username, ice.relay.credential) == (username, credential)
    assert "zebra" not in str(ice.as_browser_configuration())


def test_the_policy_holds_on_both_sides() -> None:
    ice = configuration(turn_servers=TURN, turn_secret="zebra", ice_policy=IcePolicy.RELAY)
    assert ice.as_browser_configuration()["iceTransportPolicy"] == "relay"
    assert peer_configuration(ice).iceTransportPolicy is RTCIceTransportPolicy.RELAY


def test_the_server_uses_the_first_server_of_each_kind() -> None:
    ice = configuration(stun_servers=STUN, turn_servers=TURN, turn_username="kim", turn_password="hush-hush")
    servers = peer_configuration(ice).iceServers
    assert servers is not None
    assert [server.urls for server in servers] == [STUN[0], TURN[0]]
    assert connection_kwargs(servers) == {
        "stun_server": ("a.example", 3478),
        "turn_server": ("c.example", 443),
        "turn_ssl": True,
        "turn_transport": "tcp",
        "turn_username": "kim",
        "turn_password": "hush-hush",
    }


def test_credentials_reach_the_media_process_with_the_offer() -> None:
    ice = configuration(turn_servers=TURN, turn_secret="zebra", ice_policy=IcePolicy.RELAY)
    sent = Answer(leg_id=LegId("a"), offer_sdp="v=0", ice=ice)
    assert decode_from_controller(encode_frame(sent)[4:]) == sent
