"""The words for imported files. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.call import LegId
from core.model.imported import ImportKind, LeftOut

KINDS: Mapping[ImportKind, str] = {
    ImportKind.WEBRTC_INTERNALS: message("dump of chrome://webrtc-internals"),
    ImportKind.RTCSTATS: message("RTCStats dump"),
    ImportKind.SAMPLES: message("samples of Earshot"),
}
LEFT_OUT: Mapping[LeftOut, str] = {
    LeftOut.VIDEO: message("Video streams that were passed over: {count}"),
    LeftOut.SILENT_CONNECTIONS: message("Connections without sound: {count}"),
    LeftOut.SAMPLES: message("Figures beyond what is read of one file: {count}"),
    LeftOut.UNTIMED_EVENTS: message("Events whose time cannot be read: {count}"),
}
"""What of a file nobody looks at."""


def leg_name(leg_id: LegId, translate: Translate) -> str:
    """What a leg of a file is called."""
    return translate(message("Connection {id}")).format(id=leg_id)
