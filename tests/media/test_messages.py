"""Every message survives the wire; anything else is refused."""

from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media import messages
from core.media.events import MediaLoad
from core.media.messages import (
    FRAME_LIMIT,
    LENGTH_BYTES,
    FromController,
    FromProcess,
    Message,
    ProtocolError,
    body_length,
    decode_from_controller,
    decode_from_process,
    encode_frame,
    error_of,
    failure_of,
)
from core.model.errors import MediaError, MediaTimeout

# What MessagePack can carry, and what equals itself.
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(
    MediaLoad, st.builds(MediaLoad, dropped=st.dictionaries(st.text(max_size=20), st.integers(0, 2**40)))
)


def bodies(frame: bytes) -> bytes:
    assert body_length(frame[:LENGTH_BYTES]) == len(frame) - LENGTH_BYTES
    return frame[LENGTH_BYTES:]


@settings(max_examples=60, deadline=None)
@given(st.one_of(*(st.from_type(kind) for kind in get_args(FromController))))
def test_what_a_controller_sends_arrives(message: FromController) -> None:
    assert decode_from_controller(bodies(encode_frame(message))) == message


@settings(max_examples=60, deadline=None)
@given(st.one_of(*(st.from_type(kind) for kind in get_args(FromProcess))))
def test_what_the_process_sends_arrives(message: FromProcess) -> None:
    assert decode_from_process(bodies(encode_frame(message))) == message


def test_every_message_can_be_sent_by_one_side() -> None:
    leaves = {
        kind
        for kind in vars(messages).values()
        if isinstance(kind, type) and issubclass(kind, Message) and not kind.__subclasses__()
    }
    assert leaves == {*get_args(FromController), *get_args(FromProcess)}


@given(st.binary(max_size=200))
def test_anything_else_is_refused_in_one_way(body: bytes) -> None:
    for decode in (decode_from_controller, decode_from_process):
        with pytest.raises(ProtocolError):
            decode(body)


def test_a_frame_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError, match=str(FRAME_LIMIT + 1)):
        body_length((FRAME_LIMIT + 1).to_bytes(LENGTH_BYTES, "big"))


@pytest.mark.parametrize("kind", MediaError.__subclasses__())
def test_every_media_error_arrives_as_itself(kind: type[MediaError]) -> None:
    error = kind(**{field.name: "값" for field in fields(kind)})
    received = error_of(failure_of(1, error))
    assert type(received) is kind
    assert str(received) == str(error)


def test_an_unknown_error_is_refused() -> None:
    failed = failure_of(1, MediaTimeout(request="x"))
    with pytest.raises(ProtocolError, match="Nonsense"):
        error_of(messages.Failed(number=1, error="Nonsense", parameters=failed.parameters))
