"""Causes that a leg's set-up shows: why it never got a path, what its browser does to the voice, what it costs."""

from collections.abc import Iterator

from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.leg_facts import IceFacts, LegFacts
from core.quality.case import Case

SET_UP_LIMIT_S = 10.0
"""Without a path after so long there will be none: browsers try each pair for some seconds."""
UNAUTHORIZED = frozenset({401, 441})
"""STUN's error codes for credentials that are missing or wrong (RFC 8489, section 14.8; RFC 8656, section 19)."""
NO_ANSWER = 701
"""What browsers call a STUN or TURN server that never answered (W3C webrtc, RTCPeerConnectionIceErrorEvent)."""


def set_up_causes(case: Case) -> Iterator[Diagnosis]:
    """What is wrong with how legs were set up; of a leg without a path only the likeliest cause."""
    for facts in case.facts.values():
        browser = facts.browser
        if browser is None:
            continue
        if not browser.is_secure and not facts.is_listener:
            yield _lasting(case, facts, Cause.INSECURE_PAGE, Evidence("is_secure", "no"))
            continue
        ice = browser.ice
        if ice.has_turn and not _kinds(ice.local, "relay") and (refused := UNAUTHORIZED & set(ice.errors)):
            yield _lasting(case, facts, Cause.TURN_CREDENTIALS, *_offers(ice), Evidence("ice_error", max(refused)))
        elif _has_no_path(case, facts):
            yield from _no_path(case, facts, ice)
        microphone = browser.microphone
        if microphone is not None and microphone.noise_suppression and not facts.is_listener:
            yield _lasting(case, facts, Cause.ROBOT_VOICE, Evidence("noise_suppression", "on"))


def _has_no_path(case: Case, facts: LegFacts) -> bool:
    if facts.connected_at_s is not None or facts.offered_at_s is None:
        return False
    until_s = case.now_s if facts.ended_at_s is None else facts.ended_at_s
    return until_s - facts.offered_at_s >= SET_UP_LIMIT_S


def _no_path(case: Case, facts: LegFacts, ice: IceFacts) -> Iterator[Diagnosis]:
    """UDP that leaves a network brings back an address (srflx) or a relay; that of the server alone may be hidden."""
    if _kinds(ice.local, "relay"):
        return
    has_udp = bool(_kinds(ice.local, "srflx", "prflx"))
    if not has_udp and NO_ANSWER in ice.errors:
        yield _lasting(case, facts, Cause.UDP_BLOCKED, *_offers(ice), Evidence("ice_error", NO_ANSWER))
    elif has_udp and ice.remote and not _kinds(ice.remote, "srflx", "prflx", "relay"):
        # The page came through, and the browser's UDP works: it is the server's addresses that lead nowhere.
        yield _lasting(case, facts, Cause.TCP_TUNNEL, *_offers(ice), is_certain=False)
    else:
        yield _lasting(case, facts, Cause.RELAY_NEEDED, *_offers(ice))


def _kinds(offers: tuple[str, ...], *kinds: str) -> tuple[str, ...]:
    return tuple(offer for offer in offers if offer.partition("/")[0] in kinds)


def _offers(ice: IceFacts) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(figure, ", ".join(offers) or "-")
        for figure, offers in (("local_candidates", ice.local), ("remote_candidates", ice.remote))
    )


def _lasting(case: Case, facts: LegFacts, cause: Cause, *evidence: Evidence, is_certain: bool = True) -> Diagnosis:
    return Diagnosis(cause, facts.leg_id, None, facts.opened_at_s, case.ended_at_s(facts.leg_id), evidence, is_certain)
