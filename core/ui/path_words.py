"""The words for the way that a leg's packets take. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.media_path import CandidateType, PathTransport

ENDS: Mapping[CandidateType, str] = {
    CandidateType.HOST: message("its own address"),
    CandidateType.SERVER_REFLEXIVE: message("the address that a STUN server sees"),
    CandidateType.PEER_REFLEXIVE: message("the address that arrives here, behind a router or a relay"),
    CandidateType.RELAY: message("a relay (TURN)"),
}
"""How each end is reached."""


def path_words(translate: Translate) -> dict[str, object]:
    """Every word about paths that the live view's script shows, in the reader's language."""
    _ = translate
    return {
        "told": _("Path: {transport}. The server's end: {local}. The participant's end: {remote}."),
        "none": _("No path over the network at the moment."),
        "ends": {kind.value: _(text) for kind, text in ENDS.items()},
        "transports": {transport.value: transport.value.upper() for transport in PathTransport},
    }
