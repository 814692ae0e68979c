"""libopus itself, for what PyAV cannot ask of it: sound at 16 kHz, the error correction inside of packets, concealment.

PyAV brings the library along in its wheel; where it does not, the system's is taken. Functions as in opus.h, which
documents them; decoding a voice to 16 kHz costs a third of decoding it to 48 kHz by way of PyAV and resampling it.
"""

import ctypes
import ctypes.util
from pathlib import Path

import av

from core.media.packet import CLOCK_RATE

LONGEST_MS = 120
"""Of a packet's sound (RFC 6716, section 3.2)."""

_OK = 0


def find_library() -> str:
    """Where libopus is.

    Raises:
        OSError: it is nowhere.
    """
    beside = Path(av.__file__).parent
    bundled = (*beside.parent.glob("av.libs/*opus-*"), *beside.glob(".dylibs/libopus*"))
    found = str(bundled[0]) if bundled else ctypes.util.find_library("opus")
    if not found:
        raise OSError(
            "libopus was found neither beside PyAV nor on the system; on Debian and Ubuntu: apt install libopus0"
        )
    return found


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    packet = (ctypes.c_char_p, ctypes.c_int32)
    library.opus_packet_get_nb_samples.argtypes = (*packet, ctypes.c_int32)
    library.opus_packet_has_lbrr.argtypes = packet
    library.opus_decoder_create.argtypes = (ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int))
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_destroy.argtypes = (ctypes.c_void_p,)
    library.opus_decoder_destroy.restype = None
    library.opus_decode.argtypes = (ctypes.c_void_p, *packet, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
    return library


_library = _load(find_library())


def duration(payload: bytes) -> int:
    """How long a packet's sound is, in samples of the RTP clock (1/48000 s); 0 for one that is empty or damaged."""
    samples: int = _library.opus_packet_get_nb_samples(payload, len(payload), CLOCK_RATE)
    return max(0, samples)


def holds_former_frame(payload: bytes) -> bool:
    """Whether a packet also holds the frame before its own, coarsely (in-band error correction, RFC 6716, 2.1.7)."""
    return bool(_library.opus_packet_has_lbrr(payload, len(payload)) > 0)


def restorable(payload: bytes, missing: int) -> int:
    """How much of what is lost before a packet it still holds: the last frame of it, as long as its own, or nothing.

    Both in samples of the RTP clock.
    """
    frame = duration(payload)
    return frame if missing >= frame and holds_former_frame(payload) else 0


class Decoder:
    """Decodes the packets of one stream, in order, to mono 16-bit PCM. One thread. Lengths are `duration`'s.

    Args:
        sample_rate: Of the PCM: 8, 12, 16, 24 or 48 kHz.
    """

    def __init__(self, sample_rate: int) -> None:
        error = ctypes.c_int()
        self._sample_rate = sample_rate
        self._decoder = _library.opus_decoder_create(sample_rate, 1, ctypes.byref(error))
        if error.value != _OK:
            raise OSError(f"libopus cannot make a decoder (error {error.value})")
        self._samples = ctypes.create_string_buffer(2 * sample_rate * LONGEST_MS // 1000)

    def decode(self, payload: bytes, length: int) -> bytes:
        """One packet's sound; silence when the packet is damaged."""
        return self._decode(payload, length, former=0)

    def decode_former(self, payload: bytes, length: int) -> bytes:
        """The sound of the packet before this one, which was lost and as long, from what this one holds of it."""
        return self._decode(payload, length, former=1)

    def conceal(self, length: int) -> bytes:
        """Sound in place of a lost packet's, made up from what came before it; it fades with every further one."""
        return self._decode(None, length, former=0)

    def _decode(self, payload: bytes | None, length: int, former: int) -> bytes:
        samples = length * self._sample_rate // CLOCK_RATE
        size = len(payload) if payload else 0
        count = _library.opus_decode(self._decoder, payload, size, self._samples, samples, former)
        return ctypes.string_at(self._samples, 2 * count) if count == samples else bytes(2 * samples)

    def __del__(self) -> None:
        if decoder := getattr(self, "_decoder", None):
            _library.opus_decoder_destroy(decoder)
