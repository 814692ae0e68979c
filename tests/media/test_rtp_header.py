"""RTP packets as bytes, against aiortc's own classes."""

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from core.media.packet import MediaPacket
from core.media.rtp_header import is_rtp, read_packet, ssrc_of, write_packet

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
TYPE = st.integers(96, 127)


@given(TYPE, U16, U32, U32, st.binary(max_size=400), st.booleans())
def test_what_is_written_aiortc_reads(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> None:
    data = write_packet(payload_type, sequence, timestamp, ssrc, payload, marker)
    packet = RtpPacket.parse(data)
    assert (packet.payload_type, packet.sequence_number, packet.timestamp) == (payload_type, sequence, timestamp)
    assert (packet.ssrc, packet.payload, packet.marker) == (ssrc, payload, int(marker))


@given(
    TYPE,
    U16,
    U32,
    U32,
    st.binary(max_size=400),
    st.booleans(),
    st.lists(U32, max_size=3),
    st.integers(0, 40),
    st.booleans(),
)
def test_what_aiortc_writes_is_read(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool, csrc: list[int],
    padding: int, extended: bool,
) -> None:  # fmt: skip
    extensions = HeaderExtensionsMap()
    uri = "urn:ietf:params:rtp-hdrext:sdes:mid"
    extensions.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(id=1, uri=uri)]))
    packet = RtpPacket(payload_type, int(marker), sequence, timestamp, ssrc, payload)
    packet.csrc, packet.padding_size = csrc, padding
    if extended:
        packet.extensions.mid = "0"
    data = packet.serialize(extensions)
    assert is_rtp(data)
    assert ssrc_of(data) == ssrc
    assert read_packet(data, 1.5) == MediaPacket(ssrc, sequence, timestamp, payload, 1.5, marker)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_raise_anything_but_a_value_error(data: bytes) -> None:
    try:
        packet = read_packet(data, 0.0)
    except ValueError:
        return
    assert len(packet.payload) <= len(data)


@pytest.mark.parametrize(
    ("first", "second", "rtp"),
    [
        (0x80, 111, True),
        (0xB0, 0x80 | 111, True),
        (0x80, 200, False),
        (0x81, 201, False),
        (0x00, 1, False),
        (22, 254, False),
    ],
    ids=["RTP", "RTP with marker", "sender report", "receiver report", "STUN", "DTLS"],
)
def test_rtp_is_told_from_what_shares_its_port(first: int, second: int, rtp: bool) -> None:
    assert is_rtp(bytes([first, second]) + bytes(20)) is rtp
    assert not is_rtp(bytes([first, second]) + bytes(5))
